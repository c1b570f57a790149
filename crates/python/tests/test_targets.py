"""Several labels, sites and groups: the lists, counts, odds, reports and splits of Rust (`tests/lists.rs`)."""

import json
import pickle

import climd
import numpy as np
import pytest
from climd.torch import CurriculumSampler
from conftest import ROOT, fnv, word
from test_lists import LABELS, SAMPLES, schedule, scores

CASES = json.loads((ROOT / "tests" / "golden" / "target_lists.json").read_text())
COLUMNS = 6
SHARES = word(np.arange(SAMPLES)[:, None] * 31 + np.arange(COLUMNS) * 7919) % np.uint64(100)
TABLE = (SHARES < np.array([40 // (label + 1) for label in range(COLUMNS)])).astype(np.int8)
TABLE[(SHARES == 99) & (np.arange(COLUMNS) > 0)] = -1
SITES, PATIENTS = word(np.arange(SAMPLES) * 5) % np.uint64(3), word(np.arange(SAMPLES) * 3) % np.uint64(700)


def rows(value):
    return [np.flatnonzero(row == value).tolist() for row in TABLE]


def targets(spec):
    made = {
        "single": lambda: climd.Targets.single(LABELS),
        "multi_hot": lambda: climd.Targets.multi_hot(TABLE),
        "multi_label": lambda: climd.Targets.multi_label(rows(1), COLUMNS).unknown(rows(-1)),
    }[spec["labels"]]()
    if "within" in spec:
        made = made.sites(SITES, spec["within"])
    return made.groups(PATIENTS, spec["cap"]) if "cap" in spec else made


def as_rust(report):
    """The part of a report that the cases hold, as Rust writes it."""
    labels = [{"label": label, **line} for label, line in report["labels"].items()]
    return {"labels": labels, "largest_group": report["largest_group"]}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['targets']['labels']}-{i}" for i, case in enumerate(CASES)])
def test_all_of_it_is_as_in_rust(case):
    made = targets(case["targets"])
    assert fnv(made.own_labels().astype(np.uint32)) == case["own"]
    assert fnv(climd.split(made, [7, 1, 2], groups=PATIENTS, seed=7)) == case["split"]
    sampler = climd.Sampler(made, schedule(case["targets"]["schedule"]), seed=7)
    for epoch in range(len(case["whole"])):
        if sampler.wants_scores(epoch):
            sampler.update(epoch, scores(epoch))
        whole = sampler.epoch(epoch)
        assert fnv(whole.indices) == case["whole"][epoch], epoch
        assert fnv(whole.skip(5).shard(1, 3).indices) == case["dealt"][epoch], epoch
        if case["counts"]:
            assert sampler.label_counts(epoch).tolist() == case["counts"][epoch]
            assert fnv(sampler.log_odds(epoch).view(np.uint32)) == case["odds"][epoch]
        if epoch in (1, len(case["whole"]) - 1):
            assert as_rust(sampler.report(epoch)) == case["reports"][epoch > 1], epoch
    again = pickle.loads(pickle.dumps(sampler))
    assert fnv(again.indices(1)) == fnv(sampler.indices(1)) and again.state(3) == sampler.state(3)


def test_rows_are_lists_or_one_array():
    lists, flat = rows(1), np.concatenate([np.array(row, dtype=int) for row in rows(1)])
    starts = np.cumsum([0, *map(len, lists)])
    one, other = climd.Targets.multi_label(lists, COLUMNS), climd.Targets.multi_label(flat, COLUMNS, starts=starts)
    assert (one.own_labels() == other.own_labels()).all() and (one.num_samples, one.num_labels) == (SAMPLES, COLUMNS)
    assert (one.label_counts() == (TABLE == 1).sum(0)).all()


def test_log_odds_are_those_of_the_table():
    made = climd.Targets.multi_hot([[1, 0], [1, 0], [0, -1], [1, 0]])
    np.testing.assert_allclose(made.log_odds(), np.log([3 / 1, 0.5 / 3]), rtol=1e-6)


def test_a_cap_holds_and_samples_are_still_all_of_them():
    made = climd.Targets.single(LABELS).groups(PATIENTS, cap=1)
    sampler = climd.Sampler(made, climd.Uniform(), seed=3)
    indices = sampler.indices(0)
    taken = list(zip(LABELS[indices], PATIENTS[indices]))
    assert len(taken) == len(set(taken)) == sum(sampler.class_counts.values()) < sampler.num_samples == SAMPLES
    assert sampler.report(0)["largest_group"]["samples"] >= 2  # of two classes
    assert repr(made) == f"Targets(samples={SAMPLES}, groups)"


def test_a_torch_sampler_takes_them():
    made = climd.Targets.multi_hot(TABLE).groups(PATIENTS, cap=2)
    engine, sampler = (make(made, climd.PowerLaw(epochs=5), seed=7) for make in (climd.Sampler, CurriculumSampler))
    sampler.set_epoch(2)
    assert list(sampler) == engine.indices(2).tolist() and sampler.part == range(SAMPLES)
    assert (sampler.label_counts() == engine.label_counts(2)).all() and len(sampler) == engine.epoch_len(2)
    np.testing.assert_array_equal(sampler.log_odds().numpy(), engine.log_odds(2))
    assert set(sampler.report()["labels"]) == set(range(COLUMNS))
    sampler.load_state_dict(CurriculumSampler(made, climd.PowerLaw(epochs=5), seed=7).state_dict())
    with pytest.raises(climd.StateError, match="labels"):  # of the same classes, without the cap
        sampler.load_state_dict(CurriculumSampler(made.own_labels(), climd.PowerLaw(epochs=5), seed=7).state_dict())


def test_a_split_keeps_patients_together_and_labels_in_proportion():
    rng = np.random.default_rng(0)
    patients, table = rng.integers(0, 300, 1000), (rng.random((1000, 4)) < [0.5, 0.2, 0.1, 0.04]).astype(int)
    part = climd.split(table, [7, 1, 2], groups=patients, seed=3)
    assert all(len(set(part[patients == p])) == 1 for p in set(patients))
    shares = [table[part == k].sum(0) / table.sum(0) for k in range(3)]
    np.testing.assert_allclose(shares, np.repeat([[0.7], [0.1], [0.2]], 4, 1), atol=0.05)
    assert (part == climd.split(climd.Targets.multi_hot(table).groups(patients, 1), [7, 1, 2], seed=3)).all()  # its own groups
