"""The main job in PyTorch, `scripts/brca_torch.py`, has the splits, columns, first weights and lists of the one in Rust, and runs."""

import json
import sys

import climd
import numpy as np
import pytest
from conftest import ROOT, fnv, word

sys.path.insert(0, str(ROOT / "scripts"))
import brca_torch as job

FOLDER = ROOT / "data" / "brca"  # `make data` fetches it
GOLDEN = json.loads(job.SPLITS.read_text())
EPOCHS = [0, 1, 50, 99, 100]


@pytest.fixture(scope="module")
def data():
    return job.load(FOLDER)


def scores(samples, epoch):
    """As of harness/tables/tests/torch_job.rs, in the place of a network's."""
    return (word(np.arange(samples) * 7 + epoch * 13) >> np.uint64(8)).astype(np.float32) / np.float32(16777216)


@pytest.mark.parametrize("seed", range(len(GOLDEN)))
def test_it_is_the_job_of_rust(data, seed):
    tables, labels = data
    golden = GOLDEN[seed]
    splits = job.splits_of(GOLDEN, seed, len(labels))
    train, test = splits["test"]
    inner, validation = splits["validation"]
    assert sorted([*train, *test]) == list(range(769)) and sorted([*inner, *validation]) == list(train)
    for kept, left_out in (splits["test"], splits["validation"]):  # both stratified
        shares = [np.bincount(labels[part], minlength=5) / len(part) for part in (kept, left_out)]
        assert np.abs(shares[0] - shares[1]).max() < 0.01, shares

    chosen, (x, y), _ = job.prepare(tables, labels, train, test)
    assert [fnv(columns) for columns in chosen] == golden["columns"]
    assert [part.double().sum().item() for part in x] == pytest.approx(golden["sums"], rel=1e-6)
    network = job.network(seed, x)
    for layer, expected in [(network.encoders[0][0], "encoder0"), (network.classifier, "classifier")]:
        assert layer.weight.flatten()[:3].tolist() == pytest.approx(golden["weights"][expected], rel=1e-5)

    for name in ("uniform", "power_law"):
        sampler = job.CurriculumSampler(y, job.schedule(name, 100), seed=seed)
        for epoch, expected in zip(EPOCHS, golden[name]):
            sampler.set_epoch(epoch)
            if sampler.wants_scores:
                sampler.update(scores(len(y), epoch))
            assert fnv(np.array(list(sampler))) == expected, (name, epoch)
    assert climd.Sampler(y, climd.Uniform()).steps(100, job.BATCH) == golden["steps"]


def test_it_runs(capsys, monkeypatch):
    threads = job.torch.get_num_threads(), climd.get_num_threads()
    monkeypatch.setattr(sys, "argv", ["brca_torch.py", "--data", str(FOLDER), "--seeds", "1", "--epochs", "2", "--repeats", "2"])
    job.main()
    job.torch.set_num_threads(threads[0])
    climd.set_num_threads(0)
    lines = capsys.readouterr().out.splitlines()
    accuracy = {line.split(" | ")[0]: float(line.split(" | ")[1]) for line in lines if line.startswith(("| baseline", "| CLIMD"))}
    assert set(accuracy) == {f"| {arm}" for arm in job.ARMS}
    assert all(50 < value <= 100 for value in accuracy.values()), accuracy  # two epochs are enough to learn something
    assert lines[0].startswith("split 0: after ")


def test_what_rust_measured_is_found():
    def means(kind):
        return {arm: round(float(job.f1(runs).mean()), 1) for arm, runs in job.rusts(range(5), kind).items()}

    assert means("one") == {"baseline": 81.0, "baseline + prior": 83.6, "CLIMD": 80.6, "CLIMD + prior": 82.4}  # docs/results/brca.md
    assert means("paper") == {"baseline": 78.7, "baseline + prior": 80.4, "CLIMD": 78.7, "CLIMD + prior": 80.7}
