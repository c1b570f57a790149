"""Lightning, Accelerate and the Trainer, at the versions of scripts/pins/python.txt: every epoch trains on its samples."""

from conftest import TESTS, run_python
from test_ranks import torchrun


def test_lightning(tmp_path):
    cases = ["sampler", "batch", "workers", "observe", "resume", "no-reload", "foreign"]  # the last two are to be loud
    assert "every epoch trained" in run_python(TESTS / "lightning_run.py", 1, tmp_path, *cases)


def test_a_lightning_run_cut_at_any_batch_trains_the_rest_of_its_epoch(tmp_path):
    cases = ["mid", "mid-first", "mid-workers", "mid-batch", "mid-batch-23", "mid-accumulate", "mid-validate", "mid-observe"]
    assert "every epoch trained" in run_python(TESTS / "lightning_run.py", 1, tmp_path, *cases)


def test_a_lightning_run_of_two_processes_is_cut(tmp_path):
    status, output = torchrun("lightning_run.py", 2, tmp_path, "mid", "mid-batch", "mid-observe", ranks=2)
    assert status == 0 and "every epoch trained" in output, output[-3000:]


def test_lightning_on_two_processes(tmp_path):
    status, output = torchrun("lightning_run.py", 2, tmp_path, "sampler", "batch", "observe", ranks=2)
    assert status == 0 and "every epoch trained" in output, output[-3000:]


def test_accelerate():
    assert "every epoch trained" in run_python(TESTS / "accelerate_run.py", "plain", "batch")


def test_accelerate_on_two_processes():
    status, output = torchrun("accelerate_run.py", "plain", "batch", "dispatch", "split", ranks=2)
    assert status == 0 and "every epoch trained" in output, output[-3000:]


def test_trainer(tmp_path):
    assert "trained on the samples" in run_python(TESTS / "trainer_run.py", tmp_path, "plain", "workers", "resume")


def test_trainer_on_two_processes(tmp_path):
    status, output = torchrun("trainer_run.py", tmp_path, "plain", ranks=2)
    assert status == 0 and "trained on the samples" in output, output[-3000:]
