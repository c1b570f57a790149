"""Scores from training steps: the lists of Rust, through loaders, cut anywhere, and loud where they would be wrong."""

import json
import pickle
import warnings

import climd
import numpy as np
import pytest
import torch
from climd.torch import CurriculumBatchSampler, CurriculumSampler, Measurer, load_state_dict, state_dict
from climd.transformers import AllEpochs
from conftest import ROOT, fnv, word
from test_lists import LABELS, SAMPLES, schedule, scores
from test_ranks import torchrun
from test_targets import TABLE, targets
from torch.utils.data import DataLoader, TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader

CASES = json.loads((ROOT / "tests" / "golden" / "observed_lists.json").read_text())
EPOCHS = 7


def fnv_of_bytes(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def of_step(epoch, samples):
    words = word(samples.astype(np.int64) * 11 + epoch * 17) >> np.uint64(8)
    return words.astype(np.float32) / np.float32(16777216)


# ---------------------------------------------------------------------- the engine
def engine(run):
    labels = LABELS if run["labels"] == "single" else targets(run)
    settings = {name: run[name] for name in ("first_measure", "measure_every", "running_mean")}
    return climd.Sampler(labels, schedule(run["schedule"]), seed=7, **settings)


def train(sampler, epoch, done=0):
    """Trains from a position on. Of each epoch the list, the number of renewed samples; state and ages in its middle."""
    out = []
    for epoch in range(epoch, EPOCHS):
        renewed = sampler.renew(epoch)
        if sampler.wants_scores(epoch):
            sampler.update(epoch, scores(epoch))
        whole = sampler.indices(epoch)
        batches = np.split(whole, range(64, len(whole), 64))
        half, state, ages = len(batches) // 2, None, None
        for at, batch in enumerate(batches):
            if 64 * at < done:
                continue
            sampler.observe(epoch, batch, of_step(epoch, batch))
            if at == half:
                state, ages = sampler.state(epoch, 64 * half + len(batch)), sampler.report(epoch)["ages"]
        out.append((whole, renewed, state, ages))
        done = 0
    return out


@pytest.mark.parametrize("case", CASES, ids=[f"{case['run']['labels']}-{i}" for i, case in enumerate(CASES)])
def test_a_run_that_observes_is_that_of_rust(case):
    made = train(engine(case["run"]), 0)
    assert [fnv(whole) for whole, *_ in made] == case["whole"]
    assert [renewed for _, renewed, *_ in made] == case["renewed"]
    assert [fnv_of_bytes(state) for *_, state, _ in made] == case["states"]
    assert [ages for *_, ages in made] == case["ages"]
    for epoch, (*_, state, _) in enumerate(made):  # the bytes go on from there
        again = engine(case["run"])
        rest = train(again, *again.restore(state))
        assert [fnv(whole) for whole, *_ in rest] == case["whole"][epoch:]
    plain = dict(case["run"], running_mean=1.0)
    unseen = engine(plain)
    for epoch in range(EPOCHS):
        if unseen.wants_scores(epoch):
            unseen.update(epoch, scores(epoch))
    assert fnv(unseen.indices(3)) != case["whole"][3]  # it makes a difference


def test_a_sampler_that_observes_survives_pickle():
    sampler = engine(CASES[1]["run"])
    train(sampler, 5)
    again = pickle.loads(pickle.dumps(sampler))
    assert again.state(6, 3) == sampler.state(6, 3) and again.running_mean == 0.25


def test_several_findings_are_measured_as_by_hand():
    rng = np.random.default_rng(3)
    logits = [rng.normal(size=TABLE.shape) for _ in range(2)]
    embeddings = [rng.normal(size=(len(TABLE), 4)) for _ in range(2)]
    known, log_p = TABLE >= 0, [-np.log1p(np.exp(np.where(TABLE == 1, -z, z))) for z in logits]
    mean = [np.where(known, p, 0).sum(1) / np.maximum(known.sum(1), 1) for p in log_p]
    made = climd.Targets.multi_hot(TABLE)
    apart = climd.Targets.multi_label([np.flatnonzero(row == 1).tolist() for row in TABLE], TABLE.shape[1])
    apart = apart.unknown([np.flatnonzero(row == -1).tolist() for row in TABLE]).groups(np.arange(len(TABLE)), cap=1)
    for labels in (TABLE, made, apart):
        found = climd.measure(labels, logits, terms="log_likelihood").score
        np.testing.assert_allclose(found, np.mean(mean, axis=0), rtol=1e-12)
    for terms in ("both", "confidence", "log_likelihood"):
        expected = climd.measure(made, logits, embeddings, terms=terms).score
        measurer = Measurer(made, terms=terms)
        measurer.observe(np.arange(len(TABLE)), *([torch.tensor(x) for x in xs] for xs in (logits, embeddings)))
        np.testing.assert_allclose(measurer.finish(), expected, rtol=0, atol=1e-5)
    logits[0][4, int(np.argmin(known[4]))] = np.nan  # also where nobody knows the label
    measurer.observe(np.arange(len(TABLE)), [torch.tensor(x) for x in logits])
    with pytest.raises(climd.Error, match="sample 4 are NaN"):
        measurer.finish()


# ---------------------------------------------------------------------- the loop
N = 93
Y = np.repeat([0, 1, 2], [60, 25, 8])
DATA = TensorDataset(torch.arange(N))


def outputs(epoch, indices):
    """Outputs of a step in float64, whose scores are the same in any batch."""
    indices = torch.as_tensor(np.array(indices)).double()
    columns = torch.arange(1, 4).double()
    logits = [torch.sin(indices[:, None] * columns + epoch + m) for m in range(2)]
    embeddings = [torch.cos(indices[:, None] * columns * (m + 1) - epoch) for m in range(2)]
    return logits, embeddings


def made(**keywords):
    keywords = {"measure_every": 0, "running_mean": 0.5, **keywords}
    return CurriculumSampler(Y, climd.PowerLaw(epochs=6), seed=7, **keywords)


def loader(s, batches, workers=0, kind=DataLoader, drop_last=False):
    if batches:
        how = {"batch_sampler": CurriculumBatchSampler(s, 8, drop_last)}
    else:
        how = {"sampler": s, "batch_size": 8, "drop_last": drop_last}
    return kind(DATA, num_workers=workers, **how)


def run_from(s, source, cut=None, done=True):
    """Trains on `source` and observes; the samples of each epoch, and the state after `cut` steps."""
    seen, steps = {}, 0
    for epoch in range(s.epoch, EPOCHS):
        s.set_epoch(epoch)
        if s.wants_scores:
            s.update(climd.measure(Y, *outputs(100, np.arange(N))).score)
        trained = s.position
        for (indices,) in source:
            logits, embeddings = outputs(epoch, indices)
            s.observe(indices, [x.requires_grad_() for x in logits], embeddings)
            seen.setdefault(epoch, []).extend(indices.tolist())
            trained, steps = trained + len(indices), steps + 1
            if steps == cut:
                if isinstance(source, StatefulDataLoader):
                    state = state_dict(source) if done else source.state_dict()
                else:
                    state = s.state_dict(done=trained) if done else s.state_dict()
                return seen, pickle.loads(pickle.dumps(state))
    return seen, None


def expected():
    """The same by the engine, without tensors."""
    sampler, seen = climd.Sampler(Y, climd.PowerLaw(epochs=6), seed=7, measure_every=0, running_mean=0.5), {}
    for epoch in range(EPOCHS):
        sampler.renew(epoch)
        if sampler.wants_scores(epoch):
            sampler.update(epoch, climd.measure(Y, *outputs(100, np.arange(N))).score)
        whole = sampler.indices(epoch)
        seen[epoch] = whole.tolist()
        sampler.observe(epoch, whole, climd.measure(Y[whole], *outputs(epoch, whole)).score)
    return seen


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("batches", [False, True])
def test_a_loop_that_observes_makes_the_lists_of_the_engine(workers, batches):
    s = made()
    found, _ = run_from(s, loader(s, batches, workers))
    assert found == expected()
    s = made()
    blind = []
    for epoch in range(EPOCHS):
        s.set_epoch(epoch)
        if s.wants_scores:
            s.update(climd.measure(Y, *outputs(100, np.arange(N))).score)
        blind.append(list(s))
    assert blind[4] != found[4]  # it makes a difference


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize("kind, workers", [(DataLoader, 0), (DataLoader, 2), (StatefulDataLoader, 0), (StatefulDataLoader, 2)])
def test_a_run_that_observes_is_cut_at_any_batch_and_goes_on_as_if_it_was_not(kind, workers, batches):
    whole, steps = expected(), sum(-(-len(part) // 8) for part in expected().values())
    for cut in range(1, steps) if workers == 0 else (3, 17, 20, 34):
        s = made()
        before, state = run_from(s, loader(s, batches, workers, kind), cut)
        s = made()
        source = loader(s, batches, workers, kind)
        with warnings.catch_warnings():
            warnings.simplefilter("error", climd.CurriculumWarning)
            load_state_dict(source, state) if kind is StatefulDataLoader else s.load_state_dict(state)
            after, _ = run_from(s, source)
        found = {epoch: before.get(epoch, []) + after.get(epoch, []) for epoch in range(EPOCHS)}
        assert found == whole, cut


@pytest.mark.parametrize("drop_last", [False, True])
def test_without_workers_no_count_is_needed(drop_last):
    s = made()
    _, state = run_from(s, loader(s, True, drop_last=drop_last), 8, done=False)
    assert state["observed"] == state["done"] == s.position > 0
    s = made()
    for (indices,) in loader(s, False, drop_last=drop_last):  # to its end
        s.observe(indices, *outputs(0, indices))
    state = s.state_dict()
    assert not s._steps and state["observed"] == state["done"] == 16


def test_a_state_that_a_loader_took_ahead_is_loud():
    for cut in (1, 4, 9):
        s = made()
        _, state = run_from(s, loader(s, False, 2, StatefulDataLoader), cut, done=False)
        s = made()
        source = loader(s, False, 2, StatefulDataLoader)
        load_state_dict(source, state)
        with pytest.warns(climd.CurriculumWarning, match=r"lacks what \d+ samples of epoch \d.*climd.torch.state_dict\(loader\)"):
            run_from(s, source)
    with pytest.raises(climd.Error, match="has no CurriculumSampler"):
        state_dict(StatefulDataLoader(DATA, 8, shuffle=True))


def test_a_step_reads_no_value():
    """On PyTorch's meta device there are none: whoever waits for one gets an error."""
    for labels, mask in ((Y, False), (Y, True), (np.eye(3, dtype=int)[Y], True)):
        present = np.ones((N, 2), bool) if mask else None
        s = made(measurer=Measurer(labels, present=present))
        logits, embeddings = ([torch.zeros(8, 3, device="meta") for _ in range(2)] for _ in range(2))
        for indices in (torch.arange(8), torch.arange(8, device="meta"), list(range(8))):
            s.observe(indices, logits, embeddings)
        s._steps._join()  # as after many steps
        with pytest.raises(NotImplementedError, match="meta"):
            s.report()


def test_steps_are_joined_and_the_later_of_two_scores_counts():
    s = made()
    first, second = outputs(0, range(4)), outputs(1, range(4))
    for _ in range(600):
        s.observe(range(4), *first)
    assert len(s._steps) <= 260
    s.observe([3, 2, 1, 0, 3], *([x[[3, 2, 1, 0, 0]] for x in xs] for xs in second))  # 3 with the outputs of 0
    s.set_epoch(1)
    s.epoch_list()
    state = s.engine.state(1)
    other = climd.Sampler(Y, climd.PowerLaw(epochs=6), seed=7, measure_every=0, running_mean=0.5)
    scores = climd.measure(Y[:4], *second).score.astype(np.float32)
    other.observe(0, [0, 1, 2, 3], [*scores[:3], climd.measure(Y[3:4], *([x[:1] for x in xs] for xs in second)).score[0]])
    assert other.renew(1) == 4 and other.state(1) == state


def test_nothing_is_observed_that_no_epoch_needs():
    s = made()
    s.set_epoch(6)  # all samples from here on
    s.observe([1], *outputs(6, [1]))
    s.set_epoch(7)
    assert s.report()["ages"] is None and not s._steps


def test_a_loop_of_targets_observes_its_table():
    table = np.eye(4, dtype=int)[np.minimum(Y + np.arange(N) % 2, 3)]
    labels = climd.Targets.multi_hot(table)
    s = CurriculumSampler(labels, climd.PowerLaw(epochs=6), seed=7, first_measure=99)
    z = torch.linspace(-2, 3, N * 4, dtype=torch.float64).reshape(N, 4)
    for indices in DataLoader(torch.arange(N), 10):
        s.observe(indices, [z[indices]] * 2, [z[indices], z[indices] * 2 - 1])
    s.set_epoch(1)
    found, ages = s.epoch_list().indices.tolist(), s.report()["ages"]
    engine = climd.Sampler(labels, climd.PowerLaw(epochs=6), seed=7, first_measure=99)
    engine.update(1, climd.measure(table, [z] * 2, [z, z * 2 - 1]).score)
    assert found == engine.indices(1).tolist() and ages["renewed"] == N and ages["unseen"] == 0


# ---------------------------------------------------------------------- ranks
@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_that_observe_make_the_lists_of_one_process(ranks):
    status, output = torchrun("gloo_run.py", "all_gather,histograms", "observe", ranks=ranks)
    assert status == 0 and "lists and states of one process" in output, output[-3000:]


def test_a_bad_output_on_one_rank_is_an_error_of_all():
    status, output = torchrun("gloo_run.py", "all_gather", "observe-nan", ranks=2)
    assert status != 0 and "rank 0: CommunicationError OtherRank" in output, output[-3000:]
    assert "rank 1: Error ObservedNotFinite" in output, output[-3000:]


def test_ranks_that_do_not_talk_are_told_so_and_one_alone_may_save():
    status, output = torchrun("gloo_run.py", "all_gather", "apart", ranks=2)
    assert status == 0 and "lists and states of one process" in output, output[-3000:]


# ---------------------------------------------------------------------- loud
def in_a_worker(s):
    class Data(torch.utils.data.Dataset):
        def __len__(self):
            return N

        def __getitem__(self, i):
            s.observe([i], *outputs(0, [i]))
            return i

    list(DataLoader(Data(), 8, sampler=s, num_workers=1))


def not_renewed(s):
    s.observe([1], *outputs(0, [1]))
    s.set_epoch(1)
    s.observe([1], *outputs(0, [1]))


def epoch_over(s):
    s.set_epoch(3)
    s.update(np.zeros(N))
    s.set_epoch(2)
    s.observe([1], *outputs(0, [1]))


def all_epochs(s):
    next(iter(AllEpochs(s, 3)))
    s.observe([1], *outputs(0, [1]))


@pytest.mark.parametrize("call, kind, text", [
    (lambda s: in_a_worker(s), "Worker", "worker of a DataLoader.*training step"),
    (lambda s: made(num_replicas=2, rank=1).observe([1], *outputs(0, [1])), "RanksApart", "one of 2 ranks.*engine.observe"),
    (all_epochs, "ReadsAhead", "`observe` under AllEpochs.*measure_every"),
    (not_renewed, "NotRenewed", "observed in epoch 0 is not in use yet: iterate the loader"),
    (epoch_over, "EpochOver", "`epoch` is 2, which is over"),
    (lambda s: s.observe([93], *outputs(0, [1])), "IndexOutOfRange", "`indices` has 93, but the data set has 93"),
    (lambda s: s.observe([1.5], *outputs(0, [1])), "Kind", "`indices` has shape \\[1\\] and type float64"),
    (lambda s: s.observe([[1]], *outputs(0, [1])), "Kind", "`indices` has shape \\[1, 1\\]"),
    (lambda s: s.observe([1, 2], *outputs(0, [1])), "Shape", r"`logits\[0\]` has shape \[1, 3\], but must be \[2, width\]"),
    (lambda s: s.observe([1], outputs(0, [1])[0]), "Empty", "is empty, but terms='both'"),
    (lambda s: s.observe([1], *([x[:, :2] for x in xs] for xs in outputs(0, [1]))), "LabelOutsideLogits", "columns 0 to 1"),
    (lambda s: s.observe([1], *([x[:, :0] for x in xs] for xs in outputs(0, [1]))), "LabelOutsideLogits", "have no columns"),
    (lambda s: made(measurer=Measurer(Y[1:])), "Length", "`measurer` is of 92 samples, but `labels` has 93"),
    (lambda s: made(measurer=Measurer(np.eye(4)[Y])).observe([1], *outputs(0, [1])), "Shape", "3 columns, but `labels` has 4"),
    (lambda s: climd.measure(np.eye(4)[Y], outputs(0, range(N))[0], terms="confidence"), "Shape", "3 columns, but `labels` has 4"),
    (lambda s: climd.measure(Y[:, None] + 1, outputs(0, range(N))[0]), "Value", r"`labels\[60, 0\]` is 2, but must be 1, 0 or -1"),
    (lambda s: made(running_mean=0.0), "OutOfRange", "`running_mean` is 0, but must be above 0 and at most 1"),
    (lambda s: made(running_mean="half"), "Kind", "`running_mean` is 'half', but must be a number"),
    (lambda s: s.engine.observe(0, [1, 2], [0.1]), "Length", "`scores` has length 1, but must have length 2"),
    (lambda s: s.engine.observe(0, [1, 93], [0.1, 0.2]), "NoSuchSample", r"`indices\[1\]` is 93"),
    (lambda s: s.engine.observe(0, [1, -1], [0.1, 0.2]), "NoSuchSample", r"`indices\[1\]` is -1"),
    (lambda s: s.engine.observe(0, [True], [0.1]), "Kind", "`indices` is of type bool"),
    (lambda s: s.engine.observe(0, [[1]], [0.1]), "Shape", "`indices` has shape"),
    (lambda s: s.engine.observe(0, [7], [np.nan]), "ObservedNotFinite", "the score of sample 7 is NaN"),
    (lambda s: s.engine.observe(1, [7], [0.1]) or s.engine.observe(2, [7], [0.1]), "NotRenewed", "call `renew` at the beginning"),
])
def test_is_refused(call, kind, text):
    with pytest.raises((climd.Error, RuntimeError), match=text) as raised:
        call(made())
    # an exception of a worker is built anew by its text
    assert kind == "Worker" or raised.value.kind == kind


def test_an_output_that_is_no_number_is_named_at_the_next_list_and_what_was_observed_is_dropped():
    s = made()
    s.set_epoch(1)
    s.update(np.arange(N))
    list(s)
    logits, embeddings = outputs(1, [5, 6])
    logits[1][1, 0] = np.inf
    s.observe([5, 6], logits, embeddings)
    s.set_epoch(2)
    with pytest.raises(climd.Error, match="score of sample 6 is NaN") as raised:
        next(iter(s))
    assert raised.value.kind == "ObservedNotFinite"
    other = made()
    other.set_epoch(2)
    other.engine.update(1, np.arange(N))
    assert list(s) == list(other)  # with the scores of before
