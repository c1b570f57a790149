"""climd.torch: lists through loaders, positions, loud misuse, measurer, losses."""

import copy
import pickle
import random
import warnings

import climd
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from climd.torch import (
    CurriculumBatchSampler,
    CurriculumSampler,
    Measurer,
    load_state_dict,
    prior_corrected_binary_cross_entropy,
    prior_corrected_cross_entropy,
    sampler_of,
)
from climd._torch_observed import Observed
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset
from torch.utils.data.distributed import DistributedSampler
from torchdata.stateful_dataloader import StatefulDataLoader

SAMPLES, EPOCHS = 93, 4
LABELS = np.repeat([0, 1, 2], [60, 25, 8])
DATA = TensorDataset(torch.arange(SAMPLES))
SCORES = [np.random.default_rng(epoch).random(SAMPLES, dtype=np.float32) for epoch in range(EPOCHS + 2)]
LENGTHS = [24, 47, 70, 93, 93]


def sampler(**keywords):
    return CurriculumSampler(LABELS, climd.PowerLaw(epochs=EPOCHS), seed=7, **keywords)


def wanted():
    """The lists of one process, without a loader."""
    engine = climd.Sampler(LABELS, climd.PowerLaw(epochs=EPOCHS), seed=7)
    lists = []
    for epoch in range(EPOCHS + 1):
        if engine.wants_scores(epoch):
            engine.update(epoch, SCORES[epoch])
        lists.append(engine.indices(epoch).tolist())
    return lists


def loader(s, batches, workers=0, kind=DataLoader):
    how = {"batch_sampler": CurriculumBatchSampler(s, 8)} if batches else {"sampler": s, "batch_size": 8}
    return kind(DATA, num_workers=workers, persistent_workers=workers > 0, **how)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("batches", [False, True])
def test_a_loader_gives_the_lists_of_the_engine(workers, batches):
    s = sampler()
    source = loader(s, batches, workers)
    assert isinstance(s, DistributedSampler)
    for epoch, expected in enumerate(wanted()):
        s.set_epoch(epoch)
        assert len(s) == len(expected) == LENGTHS[epoch] and len(source) == -(-len(expected) // 8)
        if s.wants_scores:
            s.update(torch.from_numpy(SCORES[epoch]))
        got = [batch[0].tolist() for batch in source]
        assert [x for batch in got for x in batch] == expected
        assert s.position == len(expected)


@pytest.mark.parametrize("samples", [1, 2, 8, 9, 16, 17, 18])
@pytest.mark.parametrize("size", [1, 2, 8])
def test_the_last_batch_is_that_of_the_engine(samples, size):
    s = CurriculumSampler(np.zeros(samples, dtype=int), climd.Uniform())
    whole, rest = samples // size, samples % size
    kept = [size] * whole + [rest] * (rest > 0)
    merged = kept[:-2] + [size + 1] if rest == 1 and whole else kept  # LastBatch::MergeLone
    for drop_last, merge_lone, sizes in [(False, False, kept), (True, False, [size] * whole), (False, True, merged)]:
        batches = CurriculumBatchSampler(s, size, drop_last, merge_lone=merge_lone)
        s.set_epoch(s.epoch + 1)
        got = list(batches)
        assert [len(batch) for batch in got] == sizes and len(batches) == len(sizes)
        assert sum(got, []) == s.epoch_list().indices.tolist()[: sum(sizes)]
        steps = {"drop_last": drop_last, "merge_lone": merge_lone}
        assert s.total_steps(3, size, **steps) == s.engine.steps(3, size, **steps) == 3 * len(sizes)


def test_a_merged_batch_is_the_end_of_its_epoch_and_of_a_resumed_one():
    made = lambda: CurriculumSampler(LABELS, climd.Uniform(), seed=7)
    whole = made()
    lists = list(CurriculumBatchSampler(whole, 23, merge_lone=True))
    assert [len(batch) for batch in lists] == [23, 23, 23, 24] and whole.position == 93
    for done in range(1, 4):
        again = made()
        again.load_state_dict(whole.state_dict(done=23 * done))
        assert list(CurriculumBatchSampler(again, 23, merge_lone=True)) == lists[done:]


def test_batches_are_lists_or_arrays():
    s = CurriculumSampler(np.zeros(17, dtype=int), climd.Uniform())
    s.set_epoch(9)
    first = next(iter(CurriculumBatchSampler(s, 8, arrays=True)))
    assert isinstance(first, np.ndarray) and first.dtype == np.int64
    assert all(type(i) is int for i in next(iter(CurriculumBatchSampler(s, 8))))
    assert next(iter(CurriculumBatchSampler(s, 8))) == first.tolist()


def test_asking_for_an_iterator_has_no_effect():
    s = sampler()
    iter(s), iter(s)
    s.set_epoch(3)
    it = iter(s)  # as frameworks do: the iterator first, then the epoch
    s.set_epoch(4)
    assert list(it) == climd.Sampler(LABELS, climd.PowerLaw(epochs=EPOCHS), seed=7).indices(4).tolist()


@pytest.mark.parametrize("remainder", ["pad", "drop"])
@pytest.mark.parametrize("stratified", [False, True])
def test_ranks_share_an_epoch(remainder, stratified):
    whole = sampler().epoch_list()
    parts = [list(sampler(num_replicas=4, rank=rank, remainder=remainder, stratified=stratified)) for rank in range(4)]
    for rank, part in enumerate(parts):
        assert part == whole.shard(rank, 4, remainder=remainder, stratified=stratified).indices.tolist()
        assert len(part) == len(sampler(num_replicas=4, rank=rank, remainder=remainder))


def test_total_steps_are_those_that_are_taken():
    s = sampler(num_replicas=2, rank=0)
    taken = 0
    for epoch in range(5):
        s.set_epoch(epoch)
        taken += len(list(BatchSampler(s, 8, False)))
    assert s.total_steps(5, 8) == taken


def run_from(s, source, start, stop_after=None, save_at=None):
    """Trains on `source`; the batches, and the state after `save_at` of them."""
    seen = []
    for epoch in range(start, EPOCHS + 1):
        s.set_epoch(epoch)
        if s.wants_scores:
            s.update(SCORES[epoch])
        done = s.position
        for batch in source:
            done += len(batch[0])
            seen.append((epoch, batch[0].tolist()))
            if save_at is not None and len(seen) == save_at:
                state = source.state_dict() if isinstance(source, StatefulDataLoader) else s.state_dict(done=done)
                return seen, pickle.loads(pickle.dumps(state))
    return seen, None


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize("kind", [DataLoader, StatefulDataLoader])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_cut_at_any_batch_goes_on_as_if_it_was_not(kind, workers, batches):
    whole, _ = run_from(*(lambda s: (s, loader(s, batches)))(sampler()), 0)
    cuts = range(1, len(whole)) if workers == 0 else random.Random(1).sample(range(1, len(whole)), 4)
    for cut in cuts:
        s = sampler()
        before, state = run_from(s, loader(s, batches, workers, kind), 0, save_at=cut)
        s = sampler()
        source = loader(s, batches, workers, kind)
        if kind is StatefulDataLoader:
            load_state_dict(source, state)
        else:
            s.load_state_dict(state)
        after, _ = run_from(s, source, s.epoch)
        assert before + after == whole, cut


def test_a_state_of_two_ranks_goes_on_on_four():
    whole = sampler().epoch_list().indices.tolist()
    two = [sampler(num_replicas=2, rank=rank) for rank in range(2)]
    taken = [[next(it) for _ in range(6)] for it in map(iter, two)]
    state = two[0].state_dict()
    assert state["done"] == 12 and sorted(sum(taken, [])) == sorted(whole[:12])
    rest = []
    for rank in range(4):
        s = sampler(num_replicas=4, rank=rank)
        s.load_state_dict(state)
        assert (s.epoch, s.position) == (0, 12)
        rest.append(list(s))
    assert [x for step in zip(*rest) for x in step] == whole[12:]


def test_positions_count_from_the_start_of_the_epoch_also_after_two_resumes():
    s = sampler()
    whole = list(s)
    for _ in range(2):
        fresh = sampler()
        fresh.load_state_dict(s.state_dict(done=3))
        it = iter(fresh)
        assert [next(it) for _ in range(4)] == whole[3:7]
        second = sampler()
        second.load_state_dict(fresh.state_dict())
        assert second.position == 7 and list(second) == whole[7:]


@pytest.mark.parametrize("remainder", ["pad", "drop"])
@pytest.mark.parametrize("stratified", [False, True])
def test_a_state_of_a_finished_epoch_goes_on_with_the_next(remainder, stratified):
    def made(rank=0):
        how = {"num_replicas": 2, "rank": rank, "remainder": remainder, "stratified": stratified}
        return CurriculumSampler([0, 1] * 4 + [0], climd.Uniform(), seed=7, **how)

    s = made()
    trained = len(list(s))
    assert (s.position, trained) == {"pad": (9, 5), "drop": (8, 4)}[remainder]
    for state in (s.state_dict(), s.state_dict(done=2 * trained)):
        for rank in range(2):
            other, whole = made(rank), made(rank)
            other.load_state_dict(state)
            whole.set_epoch(1)
            assert (other.epoch, other.position) == (1, 0)
            assert list(other) == list(whole) and len(list(made(rank))) == trained
    other = made()
    other.load_state_dict(s.state_dict(done=6))  # one batch of 2 is left, or a sample that is padded
    assert other.epoch == 0 and list(other) == list(made())[3:]


def test_too_few_samples_for_more_ranks_that_drop_are_no_epoch():
    s = CurriculumSampler([0] * 9, climd.Uniform(), num_replicas=2, rank=0, remainder="drop")
    state = s.state_dict(done=6)
    for rank in range(4):
        other = CurriculumSampler([0] * 9, climd.Uniform(), num_replicas=4, rank=rank, remainder="drop")
        other.load_state_dict(state)
        assert other.epoch == 1 and len(list(other)) == 2


def copies_of(s):
    return [pickle.loads(pickle.dumps(s)), copy.deepcopy(s), pickle.loads(pickle.dumps(copy.deepcopy(s)))]


@pytest.mark.parametrize("how", [{}, {"num_replicas": 2, "rank": 1}, {"num_replicas": 2, "rank": 1, "stratified": True}])
def test_a_sampler_that_made_a_list_is_pickled_and_copied_and_goes_on(how):
    s = sampler(**how)
    s.set_epoch(1)
    s.update(SCORES[1])
    whole = list(s)
    for other in copies_of(s):  # at the end of an epoch
        assert other.state_dict() == s.state_dict() and other.position == s.position
        with pytest.warns(climd.CurriculumWarning, match="call `set_epoch`"):
            assert list(other) == whole
    s.set_epoch(2)
    s.update(SCORES[2])
    begun = iter(s)
    assert len([next(begun) for _ in range(6)]) == 6
    for other in copies_of(s):  # in its middle
        assert other.position == s.position == 6 * s.num_replicas and other.state_dict() == s.state_dict()
        for epoch in (2, 3):
            other.set_epoch(epoch)
            fresh = sampler(**how)
            fresh.engine.restore(s.engine.state(2))
            fresh.set_epoch(epoch)
            assert list(other) == list(fresh)
    batches = CurriculumBatchSampler(s, 8)
    s.set_epoch(3)
    expected = list(batches)
    again = copy.deepcopy(batches)
    again.set_epoch(4), again.set_epoch(3)
    assert list(again) == expected


def test_a_copy_has_its_own_scores():
    s = sampler()
    s.set_epoch(2)
    before = list(s)
    other = copy.deepcopy(s)
    state = other.state_dict()
    other.set_epoch(1)
    other.set_epoch(2)
    other.update(SCORES[2])
    assert other.state_dict() != state and list(other) != before  # no cached state or list of the other
    s.set_epoch(1), s.set_epoch(2)
    assert list(s) == before


def test_a_state_dict_goes_into_torch_save(tmp_path):
    s = sampler()
    s.set_epoch(1)
    s.update(SCORES[1])
    torch.save(s.state_dict(done=8), tmp_path / "state.pt")
    other = sampler()
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert not other.wants_scores and other.epoch == 1
    assert list(other) == wanted()[1][8:]
    with pytest.raises(climd.StateError, match="state_dict"):
        other.load_state_dict({"epoch": 3})


def test_loading_twice_restores_twice():
    s = sampler()
    s.set_epoch(1)
    s.update(SCORES[1])
    state, expected = s.state_dict(), list(s)
    s.update(SCORES[3])
    s.load_state_dict(state)
    assert list(s) == expected


# ---------------------------------------------------------------------- loud
def test_the_same_epoch_twice_is_loud():
    s = sampler()
    list(s)
    with pytest.warns(climd.CurriculumWarning, match="call `set_epoch`"):
        list(s)


def test_scores_after_samples_were_dealt_are_loud():
    s = sampler()
    s.set_epoch(1)
    it = iter(s)
    next(it)
    with pytest.warns(climd.CurriculumWarning, match="after 1 samples"):
        s.update(SCORES[1])


def test_a_late_load_of_a_stateful_loader_is_loud():
    s = sampler()
    source = loader(s, False, 0, StatefulDataLoader)
    s.set_epoch(1)
    s.update(SCORES[1])
    state = s.state_dict()
    other = sampler()
    other.set_epoch(2)
    other.update(SCORES[2])
    with pytest.warns(climd.CurriculumWarning, match="climd.torch.load_state_dict"):
        other.load_state_dict(state)
    assert sampler_of(source) is s


def test_a_foreign_sampler_is_refused():
    with pytest.raises(TypeError, match="RandomSampler.*use_distributed_sampler=False"):
        CurriculumBatchSampler(RandomSampler(DATA), 8)
    with pytest.raises(climd.Error, match="RandomSampler") as raised:
        sampler_of(DataLoader(DATA, 8, shuffle=True))
    assert raised.value.kind == "SamplerReplaced"
    with pytest.raises(climd.StateError, match="holds no"):
        load_state_dict(loader(sampler(), False, 0, StatefulDataLoader), {"a": 1})


@pytest.mark.parametrize("call, text", [
    (lambda: sampler(num_replicas=2, rank=2), "`rank` is 2"),
    (lambda: sampler(remainder="even"), "`remainder`"),
    (lambda: sampler(exchange="gather"), "`exchange`"),
    (lambda: sampler().set_epoch(-1), "`epoch` is -1"),
    (lambda: sampler().total_steps(3, 0), "`batch_size` is 0"),
    (lambda: sampler().total_steps(3, 2, True, merge_lone=True), "both True"),
    (lambda: CurriculumBatchSampler(sampler(), 2, True, merge_lone=True), "both True"),
    (lambda: CurriculumBatchSampler(sampler(), 0), "`batch_size` is 0"),
    (lambda: sampler().update([1.0]), "length 1"),
    (lambda: Measurer(LABELS, terms="all"), "`terms`"),
    (lambda: Measurer(LABELS).finish(), "none of 93"),
    (lambda: Measurer(LABELS).observe([0], [torch.zeros(1, 3)], []), "is empty"),
    (lambda: Measurer(LABELS).observe([0], [torch.zeros(2, 3)], [torch.zeros(1, 3)]), r"`logits\[0\]` has shape"),
    (lambda: Measurer(LABELS).observe([93], [torch.zeros(1, 3)], [torch.zeros(1, 3)]), "`indices` has 93"),
    (lambda: Measurer(LABELS).observe([0], [torch.zeros(1, 3)] * 2, [torch.zeros(1, 3), torch.zeros(1, 2)]), "width 2"),
    (lambda: Measurer(LABELS, present=np.ones((3, 1), bool)), "`present` has shape"),
    (lambda: Measurer(LABELS, present=np.zeros((93, 1), bool)), "sample 0"),
])
def test_is_refused(call, text):
    with pytest.raises(climd.Error, match=text):
        call()


# ---------------------------------------------------------------------- measuring
@pytest.mark.parametrize("terms", ["both", "confidence", "complementarity", "log_likelihood"])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("masked", [False, True])
def test_the_measurer_gives_the_scores_of_the_crate(terms, kind, masked):
    torch.manual_seed(1)
    logits = [torch.randn(SAMPLES, 3).to(kind) for _ in range(3)]
    embeddings = [F.relu(torch.randn(SAMPLES, 6)).to(kind) for _ in range(3)]
    embeddings[1][5] = 0
    present = torch.rand(SAMPLES, 3) < 0.7 if masked else None
    if present is not None:
        present[~present.any(1), 0] = True
        logits[0][~present[:, 0]] = float("nan")  # what is missing is never looked at
        embeddings[0][~present[:, 0]] = float("nan")
    expected = climd.measure(LABELS, logits, embeddings, present=present, terms=terms).score
    measurer = Measurer(LABELS, terms=terms, present=present)
    for at in torch.randperm(SAMPLES).split(20):
        measurer.observe(at, [x[at].requires_grad_() for x in logits], [x[at] for x in embeddings])
    np.testing.assert_allclose(measurer.finish(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_has_the_scores_of_a_copy_in_float32(kind):
    torch.manual_seed(2)
    logits, embeddings = [[torch.randn(SAMPLES, width).to(kind) for _ in range(5)] for width in (3, 20)]
    copies = [[x.float() for x in xs] for xs in (logits, embeddings)]
    expected = climd.measure(LABELS, *copies).score
    np.testing.assert_array_equal(climd.measure(LABELS, logits, embeddings).score, expected)
    for tensors in (logits, [logits[0].float(), *logits[1:]]):  # of one type, or of two
        measurer = Measurer(LABELS)
        measurer.observe(range(SAMPLES), tensors, [x.T.contiguous().T for x in embeddings])
        np.testing.assert_array_equal(measurer.finish(), expected)


def test_samples_that_were_not_observed_or_are_not_finite_are_named():
    measurer = Measurer(LABELS, terms="confidence")
    measurer.observe(range(90), [torch.zeros(90, 3)])
    with pytest.raises(climd.Error, match="3 of 93 samples were never observed, sample 90 the first"):
        measurer.finish()
    bad = torch.zeros(3, 3)
    bad[1, 1] = float("nan")
    measurer.observe(range(90, 93), [bad])
    with pytest.raises(climd.Error, match="sample 91 are NaN"):
        measurer.finish()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int32, np.int64])
def test_indices_are_integers_of_any_type(kind):
    torch.manual_seed(3)
    logits, embeddings = [torch.randn(SAMPLES, 3)], [torch.randn(SAMPLES, 4)]
    expected = climd.measure(LABELS, logits, embeddings).score
    order = np.random.default_rng(0).permutation(SAMPLES).astype(kind)
    for at in (order, torch.from_numpy(order), order.tolist(), tuple(order), order[::-1]):
        measurer, rows = Measurer(LABELS), torch.as_tensor(np.array(at).astype(int))
        measurer.observe(at, [x[rows] for x in logits], [x[rows] for x in embeddings])
        measurer.observe(at[:0], [x[:0] for x in logits], [x[:0] for x in embeddings])
        measurer.observe([], [x[:0] for x in logits], [x[:0] for x in embeddings])
        np.testing.assert_array_equal(measurer.finish(), expected)
    s = sampler()
    part = s.epoch_list().indices[:5]
    assert part.dtype == np.uint32
    s.observe(part, [x[part.astype(int)] for x in logits], [x[part.astype(int)] for x in embeddings])
    s.set_epoch(1)
    s.epoch_list()
    assert s.report()["ages"]["renewed"] == 5


def test_a_sample_twice_in_one_call_is_refused_and_nothing_is_taken():
    measurer, zeros = Measurer(LABELS, terms="confidence"), lambda n: [torch.zeros(n, 3)]
    measurer.observe([1, 2], zeros(2))
    for twice in ([3, 4, 3], np.array([3, 3, 5], np.uint32), torch.tensor([9, 3, 3])):
        with pytest.raises(climd.Error, match="`indices` has sample 3 twice in one call, so its score is not defined: give it") as raised:
            measurer.observe(twice, zeros(3))
        assert raised.value.kind == "IndexTwice"
    measurer.observe([2, 7], zeros(2))  # in another call the later counts
    assert measurer.finish_observed()[0].tolist() == [1, 2, 7]


@pytest.mark.parametrize("indices, kind, text", [
    ([5, -1], "IndexOutOfRange", "`indices` has -1, but the data set has 8 samples: call `reset`"),
    ([8, 5], "IndexOutOfRange", "`indices` has 8, but the data set has 8 samples: call `reset`"),
    ([2**40, -3], "IndexOutOfRange", "`indices` has 1099511627776"),
    ([-1, -1], "IndexOutOfRange", "`indices` has -1"),
    ([6, 2, 6], "IndexTwice", "`indices` has sample 6 twice in one call, so its score is not defined: call `reset`"),
])
def test_wrong_indices_on_a_device_go_to_no_sample_and_are_named_at_the_end(indices, kind, text):
    """What a step does on a device, where nobody looks at the indices, on the CPU."""
    observed = Observed(8, torch.device("cpu"))
    observed.write(torch.arange(8), torch.arange(8.0))
    scores, seen = observed.read()
    assert scores.tolist() == list(range(8)) and seen.all()
    observed.write(torch.tensor(indices), torch.full((len(indices),), 99.0))
    observed.write(torch.tensor([], dtype=torch.int64), torch.zeros(0))
    kept = [i for i in range(8) if i not in indices]
    assert observed._score[kept].tolist() == kept  # sample 7 is not that of index -1
    for _ in range(2):
        with pytest.raises(climd.Error, match=text) as raised:
            observed.read()
        assert raised.value.kind == kind


def test_a_measurer_reads_no_value_of_a_device():
    """On PyTorch's meta device there are none: whoever waits for one gets an error."""
    measurer = Measurer(LABELS)
    logits, embeddings = ([torch.zeros(8, 3, device="meta") for _ in range(2)] for _ in range(2))
    for indices in (torch.arange(8), torch.arange(8, device="meta"), torch.arange(8, dtype=torch.uint32, device="meta"), range(8)):
        measurer.observe(indices, logits, embeddings)
    for finish in (measurer.finish, measurer.finish_observed):
        with pytest.raises(NotImplementedError, match="meta"):
            finish()


def test_run_leaves_the_model_as_it_was():
    model = torch.nn.Sequential(torch.nn.Linear(1, 3), torch.nn.BatchNorm1d(3), torch.nn.Dropout())
    model.train()
    model[1].eval()  # frozen by the user
    views = lambda model, batch: ([model(batch[0].float()[:, None])], [])
    measurer = Measurer(LABELS, terms="confidence", samples=range(10, 30))
    part = torch.utils.data.Subset(DATA, range(10, 30))
    scores = measurer.run(model, DataLoader(part, 8), views)
    assert scores.shape == (20,) and scores.dtype == np.float32
    assert model.training and not model[1].training and model[2].training
    with pytest.raises(climd.Error, match="more than the 20 samples"):
        measurer.run(model, DataLoader(DATA, 8), views)


def test_tensors_on_the_cpu_are_not_copied():
    x = torch.zeros(4, 3)
    assert climd._labels.host(x).ctypes.data == x.data_ptr()
    assert climd._labels.host(x.requires_grad_()).ctypes.data == x.data_ptr()


def test_losses_are_their_definitions():
    torch.manual_seed(0)
    logits, labels = torch.randn(8, 3), torch.randint(3, (8,))
    s = sampler()
    prior = s.log_prior(3)
    np.testing.assert_allclose(prior.exp().sum().item(), 1, rtol=1e-6)
    loss = prior_corrected_cross_entropy(logits, labels, prior, tau=0.5, label_smoothing=0.1)
    torch.testing.assert_close(loss, F.cross_entropy(logits + 0.5 * prior, labels, label_smoothing=0.1))
    torch.testing.assert_close(prior_corrected_cross_entropy(logits, labels, torch.zeros(3)), F.cross_entropy(logits, labels))
    targets, odds = torch.randint(2, (8, 3)), torch.tensor([-1.0, 0.0, 2.0])
    expected = F.binary_cross_entropy_with_logits(logits + odds, targets.float())
    torch.testing.assert_close(prior_corrected_binary_cross_entropy(logits, targets, odds), expected)


def test_nothing_warns_in_a_right_loop():
    with warnings.catch_warnings():
        warnings.simplefilter("error", climd.CurriculumWarning)
        s = sampler()
        run_from(s, loader(s, True, 0, StatefulDataLoader), 0)
