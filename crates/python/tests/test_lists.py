"""Python makes the lists of Rust: hashes that tests/lists.rs of the crate makes and checks."""

import json

import climd
import numpy as np
import pytest
from conftest import ROOT, fnv, word

SAMPLES = 3000
CASES = json.loads((ROOT / "tests" / "golden" / "lists.json").read_text())
SHARES = word(np.arange(SAMPLES)) % np.uint64(100)
LABELS = sum((SHARES >= bound).astype(np.int64) for bound in (50, 75, 90, 98))


def scores(epoch):
    words = word(np.arange(SAMPLES) * 7 + epoch * 13) >> np.uint64(8)
    return words.astype(np.float32) / np.float32(16777216)


def schedule(spec):
    (name, fields), = spec.items()
    if name == "Switch":
        fields = {"at": fields["at"], "before": schedule(fields["before"]), "after": schedule(fields["after"])}
    return getattr(climd, name)(**fields)


def test_every_schedule_is_there():
    names = {name for case in CASES for name in case["schedule"]}
    assert names == {schedule.__name__ for schedule in climd.Schedule.__subclasses__()}
    picks = {fields.get("pick") for case in CASES for fields in case["schedule"].values()}
    assert picks >= {"highest", "lowest", "fixed_random", "redraw"}


@pytest.mark.parametrize("case", CASES, ids=[f"{next(iter(case['schedule']))}-{i}" for i, case in enumerate(CASES)])
def test_lists_are_those_of_rust(case):
    sampler = climd.Sampler(LABELS, schedule(case["schedule"]), seed=case["seed"])
    for epoch in range(len(case["whole"])):
        if sampler.wants_scores(epoch):
            sampler.update(epoch, scores(epoch))
        whole = sampler.epoch(epoch)
        assert fnv(whole.indices) == case["whole"][epoch], epoch
        assert fnv(whole.skip(5).shard(1, 3).indices) == case["dealt"][epoch], epoch
        assert fnv(whole.shard(2, 3, stratified=True).indices) == case["stratified"][epoch], epoch
