"""The engine through Python: golden vectors, lists of Rust, states, pickles, schedules of one's own."""

import copy
import json
import pickle
import re
import threading
import warnings

import climd
import numpy as np
import pytest
from climd import _labels
from conftest import ROOT, run_python, word

GOLDEN = ROOT / "tests" / "golden"


def load(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def test_measured_scores_are_the_golden_ones():
    for case in load("measure"):
        n, c, d = case["n"], case["classes"], case["dim"]
        for kind, tolerance in [(np.float64, 1e-12), (np.float32, 1e-5)]:
            logits = [np.array(x, dtype=kind).reshape(n, c) for x in case["logits"]]
            embeddings = [np.array(x, dtype=kind).reshape(n, d) for x in case["embeddings"]]
            present = np.array(case["present"], dtype=bool) if case.get("present") else None
            if present is not None and present.shape != (n, len(logits)):
                present = present.reshape(len(logits), n).T
            scores = climd.measure(case["labels"], logits, embeddings, present=present)
            key = next(name for name in ("r", "score", "scores") if name in case)
            np.testing.assert_allclose(scores.score, case[key], rtol=0, atol=tolerance * 10)
            assert scores.score.dtype == kind


def test_lists_are_the_golden_ones():
    for case in load("order")["lists"]:
        if case["pick"] == "with_replacement":
            continue  # no public schedule draws these quotas so; ClassBalanced is in lists.json
        sampler = climd.Sampler(
            case["labels"], climd.PowerLaw(epochs=case["epochs"], gamma=case["gamma"], pick=case["pick"]), seed=case["seed"]
        )
        if case["scores"] is not None:
            sampler.update(3, case["scores"])
        for epoch, expected in enumerate(case["indices"]):
            assert sampler.indices(epoch).tolist() == expected


def test_quotas_are_the_golden_ones():
    for case in load("schedule"):
        counts = case["counts_by_rank"]
        for overflow, key in [("redistribute", "quotas"), ("truncate", "truncate"), ("repeat", "repeat")]:
            schedule = climd.PowerLaw(epochs=case["epochs"], gamma=case["gamma"], law=case["law"], overflow=overflow)
            sampler = climd.Sampler(np.repeat(np.arange(len(counts)), counts), schedule)
            for row in case["rows"]:
                if sum(row[key]):
                    assert list(sampler.quotas(row["t"] - 1).values()) == row[key], (case["law"], row["t"])


def test_indices_are_a_view_that_cannot_be_written_to(labels):
    epoch = climd.Sampler(labels).epoch(3)
    first = epoch.indices
    assert first.dtype == np.uint32 and not first.flags.owndata and not first.flags.writeable
    assert first.ctypes.data == epoch.indices.ctypes.data  # no copy
    with pytest.raises(ValueError):
        first.setflags(write=True) or first.__setitem__(0, 1)
    kept = first.tolist()
    del epoch
    assert first.tolist() == kept  # the array keeps the memory


def test_any_kind_of_labels_gives_the_same_lists(labels, scores):
    expected = climd.Sampler(labels, seed=3).indices(4).tolist()
    for kind in [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.uint64, ">i4"]:
        assert climd.Sampler(labels.astype(kind), seed=3).indices(4).tolist() == expected
    assert climd.Sampler(labels.tolist(), seed=3).indices(4).tolist() == expected
    assert climd.Sampler(np.repeat(labels, 2)[::2], seed=3).indices(4).tolist() == expected  # with gaps in memory
    names = np.array(["a", "b", "c", "d"])[labels]
    encoded = climd.encode(names)
    assert encoded.names == ["a", "b", "c", "d"]
    assert climd.Sampler(encoded.labels, seed=3).indices(4).tolist() == expected


def test_names_that_look_missing_are_classes_with_a_warning():
    with pytest.warns(climd.CurriculumWarning, match="`names` has '', 'NaN', often written for a missing label"):
        assert climd.encode(["hcc", "NaN", "", "normal"]).names == ["", "NaN", "hcc", "normal"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert climd.encode(["hcc", "normal", "nano"]).labels.tolist() == [0, 2, 1]
    # the list is that of the command line
    cell = (ROOT / "crates/csv/src/cell.rs").read_text()
    listed = re.search(r"const MISSING: [^=]*=\s*(\[[^\]]*\])", cell)
    assert listed is not None and set(json.loads(listed[1])) == _labels._MISSING


def test_states_go_on_here_and_in_another_process(labels, scores, tmp_path):
    sampler = climd.Sampler(labels, climd.PowerLaw(epochs=6), seed=5)
    for epoch in range(1, 4):
        assert sampler.wants_scores(epoch)
        sampler.update(epoch, scores(epoch))
        assert not sampler.wants_scores(epoch)
    state = sampler.state(3, done=2)
    assert state[:6] == b"climd\0"
    other = climd.Sampler(labels, climd.PowerLaw(epochs=6), seed=5)
    assert other.restore(state) == (3, 2)
    assert not other.wants_scores(3)
    for epoch in range(8):
        assert other.indices(epoch).tolist() == sampler.indices(epoch).tolist()
    assert other.state(3, done=2) == state
    (tmp_path / "state").write_bytes(state)
    code = f"""
import climd, numpy as np
sampler = climd.Sampler(np.repeat([0, 1, 2, 3], [40, 17, 9, 3]), climd.PowerLaw(epochs=6), seed=5)
print(sampler.restore(open({str(tmp_path / 'state')!r}, 'rb').read()), sampler.indices(4).tolist())
"""
    assert run_python("-c", code).strip() == f"(3, 2) {sampler.indices(4).tolist()}"


def test_a_pickled_sampler_has_its_scores(labels, scores):
    sampler = climd.Sampler(labels, climd.Switch(2, climd.PowerLaw(epochs=2), climd.Trim()), seed=2**64 - 1, measure_every=2)
    sampler.update(1, scores(1))
    other = pickle.loads(pickle.dumps(sampler))
    assert repr(other) == repr(sampler)
    for epoch in range(6):
        assert other.indices(epoch).tolist() == sampler.indices(epoch).tolist()
        assert other.wants_scores(epoch) == sampler.wants_scores(epoch)


def test_a_sampler_of_a_late_state_can_be_pickled_and_copied(labels, scores):
    made = lambda: climd.Sampler(labels, climd.PowerLaw(epochs=3), seed=5)
    sampler = made()
    sampler.update(1, scores(1))
    late = made()
    assert late.restore(sampler.state(3, done=2)) == (3, 2)  # all samples from here on, so it has no scores
    copies = [pickle.loads(pickle.dumps(late)), copy.deepcopy(late), pickle.loads(pickle.dumps(copy.deepcopy(late)))]
    for again in copies:
        assert again.state(3) == late.state(3)
        assert all(again.indices(epoch).tolist() == late.indices(epoch).tolist() for epoch in (3, 4))
        assert again.wants_scores(2) == late.wants_scores(2)
    late.observe(4, [1], [0.5])  # which no later epoch needs
    late.renew(5)
    assert pickle.loads(pickle.dumps(late)).indices(5).tolist() == sampler.indices(5).tolist()
    late.update(5, scores(2))  # now it has all scores, and so has a copy, for any epoch
    assert pickle.loads(pickle.dumps(late)).indices(1).tolist() == late.indices(1).tolist() != sampler.indices(1).tolist()
    early = made()
    early.restore(sampler.state(2))
    assert pickle.loads(pickle.dumps(early)).indices(2).tolist() == sampler.indices(2).tolist()


def test_reprs_say_what_was_configured(labels):
    sampler = climd.Sampler(labels, climd.PowerLaw(epochs=6), seed=5)
    text = repr(sampler)
    assert text.startswith("Sampler(PowerLaw") and "epochs=6" in text and "seed=5" in text and "samples=69" in text
    assert repr(sampler.epoch(0)) == "Epoch(number=0, samples=12)"
    assert repr(climd.Linear()) == "Linear(epochs=100, start=0.1, pick='highest')"


def test_reports_and_quotas_are_by_label(scores):
    sampler = climd.Sampler(np.repeat([7, 1, 3], [6, 3, 1]), climd.PowerLaw(epochs=4))
    assert sampler.class_counts == {7: 6, 1: 3, 3: 1}
    assert sampler.quotas(3) == {7: 6, 1: 3, 3: 1}
    sampler.update(1, scores(1, 10))
    report = sampler.report(1)
    assert report["samples"] == report["distinct"] == 5 and report["measured_at"] == 1
    assert list(report["classes"]) == [7, 1, 3]
    line = report["classes"][7]
    assert line["count"] == 6 and set(line["scores"]) == {"min", "mean", "max"}
    assert line["scores"]["max"] == max(scores(1, 10)[:6])
    equal = climd.Sampler([0, 1], climd.PowerLaw(epochs=4)).report(2)
    assert equal["alpha"] == float("inf")
    np.testing.assert_allclose(np.exp(climd.Sampler([0, 0, 1, 2], climd.Uniform()).log_prior(0, 3)), [0.5, 0.25, 0.25])
    with pytest.raises(climd.Error, match="ignores classes") as raised:
        climd.Sampler([0, 1], climd.Linear()).quotas(3)
    assert raised.value.kind == "ClassBlind"


def test_steps_are_those_of_the_lists():
    sampler = climd.Sampler(np.repeat([0, 1, 2], [60, 25, 8]), climd.PowerLaw(epochs=4))
    lengths = [sampler.epoch_len(epoch) for epoch in range(5)]
    assert lengths == [24, 47, 70, 93, 93] == [len(sampler.epoch(epoch)) for epoch in range(5)]
    assert sampler.steps(5, 8) == sum(-(-n // 8) for n in lengths)
    assert sampler.steps(range(2, 5), 8, drop_last=True) == sum(n // 8 for n in lengths[2:])


def test_skip_and_shard_are_those_of_the_crate(labels):
    epoch = climd.Sampler(labels).epoch(99)
    whole = epoch.indices.tolist()
    assert epoch.skip(5).indices.tolist() == whole[5:]
    for remainder, length in [("pad", 35), ("drop", 34)]:
        parts = [epoch.shard(rank, 2, remainder=remainder) for rank in range(2)]
        assert [len(part) for part in parts] == [length, length]
        assert parts[1].indices.tolist()[:34] == whole[1::2]
    spread = [epoch.shard(rank, 3, stratified=True).indices for rank in range(3)]
    assert {tuple(np.bincount(labels[part])) for part in spread} == {(14, 6, 3, 1), (13, 6, 3, 1), (13, 5, 3, 1), (14, 5, 3, 1)} \
        or all(np.bincount(labels[part])[3] == 1 for part in spread)


class Half:
    pick = "redraw"

    def __init__(self, share=0.5):
        self.share = share

    def quota(self, epoch, counts):
        return {label: -(-count // 2) for label, count in counts.items()}


def test_a_schedule_of_ones_own_is_asked_for_quotas(labels):
    sampler = climd.Sampler(labels, Half())
    assert sampler.quotas(0) == {0: 20, 1: 9, 2: 5, 3: 2}
    counts = np.bincount(labels[sampler.indices(2)])
    assert counts.tolist() == [20, 9, 5, 2]
    assert repr(sampler).startswith("Sampler(Half(share=0.5)")
    other = climd.Sampler(labels, Half(0.25))
    with pytest.raises(climd.StateError, match="schedule"):
        other.restore(sampler.state(0))
    assert pickle.loads(pickle.dumps(sampler)).indices(2).tolist() == sampler.indices(2).tolist()


def test_a_quota_may_be_a_list_or_leave_classes_out(labels):
    class List:
        def quota(self, epoch, counts):
            assert list(counts) == [0, 1, 2, 3]
            return np.array([1, 2, 3, 0])

    class Partial:
        def quota(self, epoch, counts):
            return {3: 2}

    assert climd.Sampler(labels, List()).quotas(5) == {0: 1, 1: 2, 2: 3, 3: 0}
    assert climd.Sampler(labels, Partial()).quotas(5) == {0: 0, 1: 0, 2: 0, 3: 2}


def test_what_a_schedule_raises_is_what_the_user_sees(labels):
    class Broken:
        def quota(self, epoch, counts):
            if epoch == 3:
                raise KeyError("my own mistake")
            return counts

    sampler = climd.Sampler(labels, Broken())
    assert len(sampler.epoch(2)) == 69
    for call in [sampler.epoch, sampler.quotas, sampler.report, sampler.epoch_len, lambda e: sampler.steps(range(e, e + 1), 8)]:
        with pytest.raises(KeyError, match="my own mistake"):
            call(3)
        assert len(sampler.epoch(2)) == 69  # and it is forgotten after that

    class Strange:
        def quota(self, epoch, counts):
            return {99: 1}

    with pytest.raises(climd.Error, match="class 99"):
        climd.Sampler(labels, Strange()).epoch(0)

    class Words:
        def quota(self, epoch, counts):
            return "many"

    with pytest.raises(TypeError):
        climd.Sampler(labels, Words()).epoch(0)


def test_what_a_schedule_raises_when_a_sampler_is_built_is_what_the_user_sees(labels):
    class Broken:
        def quota(self, epoch, counts):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):  # with a cap the engine asks at once
        climd.Sampler(climd.Targets.single(labels).groups(np.arange(len(labels)) // 2, 1), Broken())


def test_schedules_and_defaults_are_those_of_the_crate():
    public = [s for s in vars(climd).values() if isinstance(s, type) and issubclass(s, climd.Schedule) and s is not climd.Schedule]
    assert {s.__name__ for s in public} == {s.__name__ for s in climd.Schedule.__subclasses__()} <= set(climd.__all__)
    ours = [(s(80, climd.Uniform(), climd.ClassBalanced()) if s is climd.Switch else s())._spec() for s in public]
    by_name = {spec["name"]: spec for spec in json.loads(climd._climd.schedules())}
    assert {spec["name"]: spec for spec in ours} == by_name


def test_many_threads_may_use_one_sampler(labels, scores):
    sampler = climd.Sampler(np.repeat(labels, 500), climd.PowerLaw(epochs=9), seed=1)
    expected = [sampler.indices(epoch).tolist() for epoch in range(9)]
    sampler.update(1, np.zeros(len(labels) * 500))
    scored = [sampler.indices(epoch).tolist() for epoch in range(9)]
    wrong = []

    def ask():
        for _ in range(5):
            for epoch in range(9):
                if sampler.indices(epoch).tolist() not in (expected[epoch], scored[epoch]):
                    wrong.append(epoch)
                sampler.update(1, np.zeros(len(labels) * 500))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not wrong


@pytest.mark.parametrize("call", ["label_counts", "log_odds", "skip"])
def test_the_interpreter_runs_on_while_targets_are_counted_and_lists_are_cut(call):
    n = 8_000_000
    targets = climd.Targets.multi_label(word(np.arange(n)).astype(np.int64) % 9, 9, starts=np.arange(n + 1))
    epoch = climd.Sampler(np.arange(n) % 3, climd.Uniform()).epoch(0)
    work = {"label_counts": targets.label_counts, "log_odds": targets.log_odds, "skip": lambda: epoch.skip(7)}[call]
    seen = []
    for _ in range(20):
        ticks, done = [], threading.Event()

        def run():
            ticks.clear()
            work()
            seen.append(len(ticks))
            done.set()

        thread = threading.Thread(target=run)
        thread.start()
        while not done.wait(0.0001):
            ticks.append(1)
        thread.join()
    # where the lock is held, hardly any call lets another thread in; a busy machine may not run that in each call
    assert sum(count > 3 for count in seen) >= 5, seen


def test_the_number_of_threads_is_also_that_of_counts():
    code = """
import climd, numpy as np
climd.set_num_threads(1)
targets = climd.Targets.multi_label(np.arange(400_000) % 9, 9, starts=np.arange(400_001))
targets.label_counts(), targets.log_odds()
print(len([t for t in __import__("os").listdir("/proc/self/task")]))
"""
    assert int(run_python("-c", code, OMP_NUM_THREADS="1", RAYON_NUM_THREADS="3", OPENBLAS_NUM_THREADS="1")) == 2


def test_the_interpreter_runs_on_while_the_engine_works():
    sampler = climd.Sampler(word(np.arange(3_000_000)).astype(np.int64) % 5, climd.Uniform())
    ticks, done = [], threading.Event()

    def work():
        for epoch in range(3):
            sampler.epoch(epoch)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.wait(0.001):
        ticks.append(1)
    thread.join()
    assert len(ticks) > 3  # a lock that is held gives one at most between two calls


def test_the_number_of_threads_changes_nothing(labels):
    sampler = climd.Sampler(np.repeat(labels, 3000), climd.PowerLaw(epochs=9), seed=1)
    lists = []
    for threads in [1, 2, 3, 8, 0]:
        climd.set_num_threads(threads)
        assert climd.get_num_threads() == threads or threads == 0
        lists.append(sampler.indices(5).tolist())
    assert all(found == lists[0] for found in lists)
    assert run_python("-c", "import climd; print(climd.get_num_threads())", OMP_NUM_THREADS="3", RAYON_NUM_THREADS="").strip() == "3"


class Threads:
    """Ranks that are threads of this process."""

    def __init__(self, rank, shared):
        self.rank, self.world_size, self.shared = rank, len(shared["values"]), shared

    def all_gather(self, values):
        self.shared["values"][self.rank] = values.copy()
        self.shared["barrier"].wait()
        all_of_them = np.concatenate(self.shared["values"])
        self.shared["barrier"].wait()
        return all_of_them

    def all_reduce(self, values):
        return self.all_gather(values).reshape(self.world_size, -1).sum(0, dtype=np.uint32)


@pytest.mark.parametrize("exchange", ["all_gather", "histograms"])
def test_processes_that_talk_through_an_object_make_the_lists_of_one(exchange, labels, scores):
    one = climd.Sampler(labels, climd.PowerLaw(epochs=4), seed=7)
    one.update(2, scores(2))
    expected = one.indices(3).tolist(), one.report(3), one.state(3, done=6)
    shared = {"values": [None] * 3, "barrier": threading.Barrier(3)}
    found = [None] * 3

    def run(rank):
        sampler = climd.Sampler(labels, climd.PowerLaw(epochs=4), seed=7, communicator=Threads(rank, shared), exchange=exchange)
        sampler.update(2, scores(2)[sampler.part.start : sampler.part.stop])
        found[rank] = sampler.indices(3).tolist(), sampler.report(3), sampler.state(3, done=6)
        with pytest.raises(climd.Error, match="cannot be pickled"):
            pickle.dumps(sampler)

    climd.set_num_threads(4)  # a rank that waits for the others holds one
    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    climd.set_num_threads(0)
    assert found == [expected] * 3 and expected[1]["classes"][0]["scores"]


def test_a_list_is_never_written_over_while_somebody_looks_at_it():
    labels = np.arange(2000) % 3
    sampler = climd.Sampler(labels, climd.Uniform(), seed=7)
    fresh = lambda epoch: climd.Sampler(labels, climd.Uniform(), seed=7).indices(epoch).tolist()
    view, kept = sampler.indices(0), sampler.epoch(1)  # the first is the array alone, without its epoch
    for epoch in range(2, 6):
        assert sampler.indices(epoch).tolist() == fresh(epoch)  # dropped at once: the next one has its memory
    assert view.tolist() == fresh(0) and kept.indices.tolist() == fresh(1)
    part = kept.skip(8).shard(1, 2)
    del kept
    assert sampler.indices(6).tolist() == fresh(6) and part.indices.tolist() == fresh(1)[9::2]
    broken = climd.Sampler(labels, Broken())
    whole = broken.indices(0)
    with pytest.raises(ZeroDivisionError):
        broken.epoch(1)
    assert whole.tolist() == broken.indices(0).tolist() and len(broken.indices(2)) == 30


class Broken:
    """A schedule with a mistake."""

    def quota(self, epoch, counts):
        return {label: 10 // abs(epoch - 1) for label in counts}


def test_climd_needs_numpy_alone():
    code = "import sys, climd; print([m for m in sys.modules if m.split('.')[0] in ('torch', 'lightning', 'accelerate', 'transformers')])"
    assert run_python("-c", code).strip() == "[]"


def test_help_says_shapes_errors_and_source():
    assert "Eq. 5-7" in climd.PowerLaw.__doc__ and "gamma" in climd.PowerLaw.__doc__
    for schedule in climd.Schedule.__subclasses__():
        for field in schedule.__dataclass_fields__:
            if schedule is not climd.Switch:
                assert f"{field}:" in schedule.__doc__, (schedule, field)
    for name in climd.__all__:
        assert getattr(climd, name).__doc__, name
    assert "[N, C]" in climd.measure.__doc__ and "climd.Error" in climd.measure.__doc__


def test_the_snippets_of_the_package_are_true():
    import doctest

    for module in [climd, climd._labels, climd._targets]:
        failed, tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
        assert not failed and tried
