"""A page of bad inputs: each is refused, with a text that names the argument, the place, and what to do."""

import climd
import numpy as np
import pytest

GOOD = [0, 0, 0, 1, 1, 2]
F = np.zeros((6, 3), dtype=np.float32)
BAD = np.where(np.arange(18).reshape(6, 3) == 7, np.nan, 0).astype(np.float32)


class Says:
    """A schedule of one's own that always gives the same answer."""

    def __init__(self, answer):
        self.answer = answer

    def quota(self, epoch, counts):
        return self.answer


class Undecided:
    """Equal to nothing and different from nothing, as pandas' NA."""

    def __ne__(self, other):
        return self

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")

    def __str__(self):
        return "<NA>"


class Rank:
    """Another process, which nobody talks to."""

    world_size = 2
    all_reduce = all_gather = None

    def __init__(self, rank):
        self.rank = rank


CASES = [
    # labels
    (lambda: climd.Sampler([]), "Empty", "`labels` is empty"),
    (lambda: climd.Sampler([0.0, 1.0]), "Kind", "`labels` is of type float64.*climd.encode"),
    (lambda: climd.Sampler(["a", "b"]), "Kind", "climd.encode"),
    (lambda: climd.Sampler([None, 1]), "Kind", "`labels` is of type object"),
    (lambda: climd.Sampler([[0, 1]]), "Shape", r"`labels` has shape \[1, 2\], but must be \[N\]"),
    (lambda: climd.Sampler(3), "Shape", r"`labels` has shape \[\]"),
    (lambda: climd.Sampler(np.array([1, 2**63], dtype=np.uint64)), "LabelTooLarge", r"`labels\[1\]`.*64-bit"),
    (lambda: climd.Sampler([0, 1, -1]), "LooksUnlabelled", r"`labels\[2\]` is -1.*climd.encode"),
    (lambda: climd.encode([["a"]]), "Shape", "`names`"),
    (lambda: climd.encode(np.array([1, "a"], dtype=object)), "Kind", "cannot be sorted"),
    (lambda: climd.encode(np.array([F[0], F[1, :2]], dtype=object)), "Kind", "cannot be sorted"),
    (lambda: climd.encode([1, "a", None, None]), "LooksUnlabelled", r"`names\[2\]` is None; samples without a name: 2 of 4: leave"),
    (lambda: climd.encode([0.0, float("nan"), 1.0]), "LooksUnlabelled", r"`names\[1\]` is nan; samples without a name: 1 of 3"),
    (lambda: climd.encode(np.array(["a", Undecided()], dtype=object)), "LooksUnlabelled", r"`names\[1\]` is <NA>"),
    (lambda: climd.Targets.multi_hot([[1.0, 0.0], [float("nan"), 1.0]]), "Value", r"`table\[1, 0\]` is nan.*nan_to_num\(table"),
    # configuration
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(epochs=0)), "NoEpochs", "`epochs` is 0"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(gamma=float("nan"))), "OutOfRange", "`gamma` is nan"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(gamma=0.0)), "OutOfRange", "`gamma` is 0"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(epochs=-1)), "Schedule", "^`epochs` of PowerLaw is -1, but must be a whole number, 0 or more$"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(epochs=2.5)), "Schedule", "^`epochs` of PowerLaw is 2.5, but must be a whole number"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(epochs=30.0)), "Schedule", "^`epochs` of PowerLaw is 30.0, but must be a whole number"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(epochs=True)), "Schedule", "^`epochs` of PowerLaw is True, but must be a whole number"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(epochs=2**64)), "Schedule", "^`epochs` of PowerLaw is 18446744073709551616"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(epochs=np.array([3, 4]))), "Schedule", "^`epochs` of PowerLaw is array"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(gamma="0.3")), "Schedule", "^`gamma` of PowerLaw is '0.3', but must be a number$"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(gamma=10**400)), "Schedule", "^`gamma` of PowerLaw is 10+, but must be a number$"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(alpha=False)), "Schedule", "^`alpha` of PowerLaw is False, but must be a number$"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(pick=["highest"])), "Schedule", "^`pick` of PowerLaw is .*, but must be one of highest, lowest"),
    (lambda: climd.Sampler(GOOD, climd.UnderSampling(redraw=1)), "Schedule", "^`redraw` of UnderSampling is 1, but must be True or False$"),
    (lambda: climd.Sampler(GOOD, climd.Switch(1, climd.Uniform(), climd.Trim(ramp=0.5))), "Schedule", "^`ramp` of Trim is 0.5"),
    (lambda: climd.Sampler(GOOD, climd.Switch(1, "Uniform", climd.Uniform())), "Schedule", "^`before` of Switch is 'Uniform', but must be one of climd's own"),
    (lambda: climd.Sampler(GOOD, climd.Switch(1, climd.Uniform(), Says({}))), "Schedule", "^`after` is a Says, but must be one of climd's own"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(law="zipff")), "Schedule", "zipff.*zipf"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw(pick="with_replacement")), "Pick", "WithReplacement|with_replacement"),
    (lambda: climd.Sampler(GOOD, climd.Linear(start=0.0)), "OutOfRange", "`start`"),
    (lambda: climd.Sampler(GOOD, climd.Root(root=0.5)), "OutOfRange", "`root`"),
    (lambda: climd.Sampler(GOOD, climd.BabyStep(buckets=0)), "OutOfRange", "`buckets`"),
    (lambda: climd.Sampler(GOOD, climd.UnderSampling(strength=2.0)), "OutOfRange", "`strength`"),
    (lambda: climd.Sampler(GOOD, climd.HardMajority(keep=0.0)), "OutOfRange", "`keep`"),
    (lambda: climd.Sampler(GOOD, climd.Trim(drop=1.0)), "OutOfRange", "`drop`"),
    (lambda: climd.Sampler(GOOD, climd.Switch(1, climd.PowerLaw(epochs=0), climd.Uniform())), "NoEpochs", "`epochs`"),
    (lambda: climd.Sampler(GOOD, climd.PowerLaw), "Schedule", "an instance"),
    (lambda: climd.Sampler(GOOD, "PowerLaw"), "Schedule", r"`schedule` is 'PowerLaw'.*PowerLaw\(epochs=30\)"),
    (lambda: climd.Sampler(GOOD, seed=-1), "OutOfRange", "`seed` is -1"),
    (lambda: climd.Sampler(GOOD, seed=2**64), "OutOfRange", "`seed`"),
    (lambda: climd.Sampler(GOOD, seed=1.5), "Kind", "`seed` is 1.5, but must be a whole number"),
    (lambda: climd.Sampler(GOOD, measure_every=True), "Kind", "`measure_every` is True"),
    # epochs, parts, batches
    (lambda: climd.Sampler(GOOD).epoch(-1), "OutOfRange", "`epoch` is -1"),
    (lambda: climd.Sampler(GOOD).epoch("1"), "Kind", "`epoch` is '1'"),
    (lambda: climd.Sampler(GOOD).steps(3, 0), "BatchSize", "`batch_size` is 0"),
    (lambda: climd.Sampler(GOOD).steps(range(0, 9, 2), 1), "Epochs", "step 1"),
    (lambda: climd.Sampler(GOOD).epoch(0).shard(2, 2), "Rank", "`rank` is 2"),
    (lambda: climd.Sampler(GOOD).epoch(0).shard(0, 2, remainder="even"), "Remainder", "'even'|\"even\""),
    (lambda: climd.Sampler(GOOD).epoch(99).shard(0, 2).shard(0, 2), "ShardedTwice", "already one rank's part"),
    (lambda: climd.Sampler(GOOD).epoch(99).skip(7), "Skip", "`samples` is 7"),
    (lambda: climd.Sampler(GOOD).epoch(0).skip(-1), "OutOfRange", "^`samples` is -1, but must be from 0 to 2.63 - 1$"),
    (lambda: climd.Sampler(GOOD).epoch(0).skip(1.0), "Kind", "^`samples` is 1.0, but must be a whole number$"),
    (lambda: climd.Sampler(GOOD).epoch(0).skip(True), "Kind", "^`samples` is True, but must be a whole number$"),
    (lambda: climd.Sampler(GOOD).epoch(0).shard(-1, 2), "OutOfRange", "^`rank` is -1, but must be from 0"),
    (lambda: climd.Sampler(GOOD).epoch(0).shard(0, 2**63), "OutOfRange", "^`world_size` is 9223372036854775808, but must be from 0"),
    (lambda: climd.Sampler(GOOD).epoch(0).log_prior(-1), "OutOfRange", "^`num_classes` is -1, but must be from 0"),
    (lambda: climd.set_num_threads(-1), "OutOfRange", "^`threads` is -1, but must be from 0"),
    (lambda: climd.set_num_threads("2"), "Kind", "^`threads` is '2', but must be a whole number$"),
    (lambda: climd.Sampler(GOOD, communicator=Rank(-1)), "OutOfRange", "^`communicator.rank` is -1, but must be from 0"),
    # a schedule of one's own
    (lambda: climd.Sampler(GOOD, Says({0: 1.0})).epoch(2), "Quota", r"^`quota\(2, counts\)` has 1.0 for class 0, but must have a whole number"),
    (lambda: climd.Sampler(GOOD, Says({1: "2"})).epoch(2), "Quota", r"^`quota\(2, counts\)` has '2' for class 1, but must have"),
    (lambda: climd.Sampler(GOOD, Says({2: -1})).quotas(0), "Quota", r"^`quota\(0, counts\)` has -1 for class 2, but must have .*, 0 or more$"),
    (lambda: climd.Sampler(GOOD, Says({7: 1})).epoch(0), "Quota", r"^`quota\(0, counts\)` has a class 7, which no sample has$"),
    (lambda: climd.Sampler(GOOD, Says([1, 1.5, 1])).epoch(0), "Quota", r"^`quota\(0, counts\)` has 1.5 for class 1, but must have"),
    (lambda: climd.Sampler(GOOD, Says(np.array([1, 1, -3]))).epoch(0), "Quota", r"^`quota\(0, counts\)` has .*-3.* for class 2, but"),
    (lambda: climd.Sampler(GOOD, Says(None)).epoch(0), "Quota", r"^`quota\(0, counts\)` is None, but must be a dictionary by label, or a list"),
    (lambda: climd.Sampler(GOOD, Says("many")).epoch(0), "Quota", r"^`quota\(0, counts\)` is 'many', but must be a dictionary by label"),
    (lambda: climd.Sampler(GOOD, Says([1, 1])).epoch(0), "Quota", "plan of epoch 0 is impossible.*mend its `quota`"),
    (lambda: climd.Sampler(GOOD).log_prior(99, 2), "PriorWidth", "label 2 occurs"),
    # scores
    (lambda: climd.Sampler(GOOD).update(0, [0.5]), "Length", "`scores` has length 1, but must have length 6"),
    (lambda: climd.Sampler(GOOD).update(0, [0, 1, 2, np.inf, 0, 0]), "ScoreNotFinite", r"`scores\[3\]` is inf"),
    (lambda: climd.Sampler(GOOD).update(0, np.zeros((6, 1))), "Shape", "`scores` has shape"),
    (lambda: climd.Sampler(GOOD).update(0, ["a"] * 6), "Kind", "`scores` is of type"),
    # measuring
    (lambda: climd.measure(GOOD), "Empty", "`modalities` is empty"),
    (lambda: climd.measure(GOOD, [F], [F, F]), "Length", "1 modalities, but `embeddings` has 2"),
    (lambda: climd.measure(GOOD, [F[0]], [F]), "Shape", r"`logits\[0\]` has shape \[3\]"),
    (lambda: climd.measure(GOOD, [F, F[:, :2]], [F, F]), "Shape", r"`logits\[1\]` has 2 columns"),
    (lambda: climd.measure(GOOD, [F, F], [F, F[:, :2]]), "EmbeddingWidth", r"`embeddings\[1\]` has width 2"),
    (lambda: climd.measure(GOOD, [F, F[:5]], [F, F]), "Shape", r"^`logits\[1\]` has shape \[5, 3\], but must be \[6, width\], one row a sample$"),
    (lambda: climd.measure(GOOD, [F], [F.T]), "Shape", r"^`embeddings\[0\]` has shape \[3, 6\], but must be \[6, width\]"),
    (lambda: climd.measure(GOOD, [F, F], [F, F[:3]]), "Shape", r"^`embeddings\[1\]` has shape \[3, 3\], but must be \[6, width\]"),
    (lambda: climd.measure(GOOD, [F, F], [F, np.vstack([F, F])]), "Shape", r"^`embeddings\[1\]` has shape \[12, 3\], but must be"),
    (lambda: climd.measure(GOOD, embeddings=[F[:2]], terms="complementarity"), "Shape", r"^`embeddings\[0\]` has shape \[2, 3\]"),
    (lambda: climd.measure(GOOD, [F.astype("f2")], [F.T.astype("f2")]), "Shape", r"^`embeddings\[0\]` has shape \[3, 6\]"),
    (lambda: climd.measure(GOOD, [F.astype("f8")], [F.T.astype("f8")]), "Shape", r"^`embeddings\[0\]` has shape \[3, 6\]"),
    (lambda: climd.measure(np.eye(3)[GOOD], [F], [F.T]), "Shape", r"^`embeddings\[0\]` has shape \[3, 6\]"),
    (lambda: climd.measure(np.eye(3)[GOOD], [F[:3]], terms="confidence"), "Shape", r"^`logits\[0\]` has shape \[3, 3\], but must be \[6"),
    (lambda: climd.measure(GOOD, [F, BAD], [F, F]), "NotFinite", r"`logits\[1\]` is NaN or infinite at sample 2"),
    (lambda: climd.measure(GOOD, [F, F], [F, BAD]), "NotFinite", r"`embeddings\[1\]` is NaN or infinite at sample 2"),
    (lambda: climd.measure([0, 0, 0, 1, 1, 3], [F], [F]), "LabelOutsideLogits", r"`labels\[5\]` is 3, but .* columns 0 to 2"),
    (lambda: climd.measure([0, 0, 0, 1, 1, 2], [F[:, :0]], [F]), "LabelOutsideLogits", "the logits have no columns"),
    (lambda: climd.measure([0, -1, 0, 1, 1, 2], [F], [F]), "LabelOutsideLogits", r"`labels\[1\]` is -1"),
    (lambda: climd.measure(GOOD, [F], [F], terms="all"), "Terms", "log_likelihood"),
    (lambda: climd.measure(GOOD, [F.astype(complex)], [F]), "Kind", "complex"),
    (lambda: climd.measure(GOOD, [F], [F], present=np.ones((6, 2), bool)), "Shape", r"\[6, 1\]"),
    (lambda: climd.measure(GOOD, [F], [F], present=np.ones((6, 1))), "Kind", "must be bool"),
    (lambda: climd.measure(GOOD, [F], [F], present=np.arange(6).reshape(6, 1) > 0), "NoModality", "sample 0"),
    # targets
    (lambda: climd.Targets.multi_hot([0, 1]), "Shape", r"`table` has shape \[2\]"),
    (lambda: climd.Targets.multi_hot([[0, 2]]), "Value", r"`table\[0, 1\]` is 2"),
    (lambda: climd.Targets.multi_hot(np.zeros((0, 3))), "Empty", "`values` is empty"),
    (lambda: climd.Targets.multi_label([[0], [3]], 3), "LabelPastColumns", "3"),
    (lambda: climd.Targets.multi_label([[0], [-1]], 3), "OutOfRange", r"`labels\[1\]` is -1"),
    (lambda: climd.Targets.multi_label([[0], [0.5]], 3), "Kind", r"`labels\[1\]` is of type float64"),
    (lambda: climd.Targets.multi_label([0, 1], 3, starts=[0, 3]), "RowStarts", "starts"),
    (lambda: climd.Targets.multi_label([[0]], 3).unknown([[0]]), "PresentAndUnknown", "label 0"),
    (lambda: climd.Targets.single(GOOD).unknown([[]] * 6), "OneLabel", "`Targets.unknown` needs .* `Targets.multi_label`"),
    (lambda: climd.measure(climd.Targets.single(GOOD), [F], [F]), "Kind", "`labels` is a Targets, .* `targets.own_labels\\(\\)`"),
    (lambda: climd.Targets.single(GOOD).label_counts(), "OneLabel", "each sample has one"),
    (lambda: climd.Targets.single(GOOD).sites([1, 2]), "Length", "`sites` has length 2"),
    (lambda: climd.Targets.single(GOOD).sites(GOOD, "fair"), "Within", '"proportional" or "balanced"'),
    (lambda: climd.Targets.single(GOOD).groups([1.5] * 6, 1), "Kind", "`groups` is of type float64"),
    (lambda: climd.Targets.single(GOOD).groups(GOOD, 0), "OutOfRange", "`cap`"),
    (lambda: climd.Sampler(GOOD).log_odds(0), "OneLabel", "each sample has one"),
    (lambda: climd.Sampler(climd.Targets.multi_hot([[1, 0], [1, 1]])).log_prior(0, 2), "SeveralLabels", "log_odds"),
    (lambda: climd.Sampler(GOOD).steps(3, 2, drop_last=True, merge_lone=True), "LastBatch", "both True"),
    (lambda: climd.split(GOOD, [1, 0]), "PartWeight", "parts"),
    (lambda: climd.split(GOOD, []), "Empty", "`parts` is empty"),
    (lambda: climd.split(GOOD, [1, 1], groups=[1]), "Length", "`groups` has length 1"),
    # states
    (lambda: climd.Sampler(GOOD, communicator=object()), "Communicator", "object, which has no rank, world_size, all_reduce, all_gather"),
    (lambda: climd.Sampler(GOOD, exchange="gather"), "Exchange", "histograms"),
    (lambda: climd.Sampler(GOOD).restore(b"no state"), "StateBytes", "state"),
    (lambda: climd.Sampler(GOOD).restore("text"), "Kind", "`state` is a str"),
    (lambda: climd.Sampler(GOOD).restore(climd.Sampler(GOOD).state(3)[:-3]), "StateBytes", "whole"),
    (lambda: climd.Sampler(GOOD).restore(climd.Sampler(GOOD, seed=1).state(3)), "StateMismatch", "seed 1.*has 0"),
    (lambda: climd.Sampler(GOOD).restore(climd.Sampler([0, 1]).state(3)), "StateMismatch", "samples of 2"),
    (lambda: climd.Sampler(GOOD).restore(climd.Sampler(GOOD, climd.Uniform()).state(3)), "StateMismatch", "schedule"),
]


@pytest.mark.parametrize("call, kind, text", CASES, ids=[f"{i}-{kind}" for i, (_, kind, _) in enumerate(CASES)])
def test_is_refused(call, kind, text):
    with pytest.raises(climd.Error, match=text) as raised:
        call()
    assert raised.value.kind == kind
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, climd.StateError) == kind.startswith("State")


def test_an_answer_of_a_wrong_type_is_a_type_error_too():
    for answer in (None, {0: 1.0}, [1.5, 1, 1]):
        with pytest.raises(TypeError) as raised:
            climd.Sampler(GOOD, Says(answer)).epoch(0)
        assert isinstance(raised.value, climd.Error) and raised.value.kind == "Quota"


def test_numbers_of_numpy_are_numbers_of_a_schedule():
    sampler = climd.Sampler(GOOD, climd.PowerLaw(epochs=np.int32(3), gamma=np.float32(0.5), alpha=1))
    assert sampler.epoch_len(0) == 2
    assert climd.Sampler(GOOD, Says({0: np.int64(2), 2: np.uint8(1)})).quotas(0) == {0: 2, 1: 0, 2: 1}


def test_a_damaged_state_is_refused_anywhere():
    sampler = climd.Sampler(GOOD)
    sampler.update(1, np.arange(6))
    state = sampler.state(1)
    for at in range(len(state)):
        damaged = state[:at] + bytes([state[at] ^ 1]) + state[at + 1 :]
        with pytest.raises(climd.StateError):
            climd.Sampler(GOOD).restore(damaged)


def test_a_failed_call_changes_nothing():
    sampler = climd.Sampler(GOOD, climd.PowerLaw(epochs=3))
    sampler.update(1, np.arange(6))
    before = sampler.state(1)
    for bad in [lambda: sampler.update(2, [np.nan] * 6), lambda: sampler.restore(before[:-1])]:
        with pytest.raises(climd.Error):
            bad()
        assert sampler.state(1) == before


def test_configurations_are_frozen():
    with pytest.raises(AttributeError):
        climd.PowerLaw().epochs = 3
    with pytest.raises(TypeError):
        climd.PowerLaw(epoch=3)
