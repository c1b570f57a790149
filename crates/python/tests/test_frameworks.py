"""Lightning, Accelerate and the Trainer, at the versions of scripts/pins/python.txt: every epoch trains on its samples."""

import pytest
from conftest import TESTS, run_python
from test_ranks import torchrun


@pytest.mark.parametrize("kind, workers", [("sampler", 0), ("batch", 0), ("sampler", 2)])
def test_lightning(kind, workers):
    assert "every epoch trained" in run_python(TESTS / "lightning_run.py", 1, kind, workers)


@pytest.mark.parametrize("kind", ["sampler", "batch"])
def test_lightning_on_two_processes(kind):
    status, output = torchrun("lightning_run.py", 2, kind, 0, ranks=2)
    assert status == 0 and "every epoch trained" in output, output[-3000:]


@pytest.mark.parametrize("what, text", [("no-reload", "reload_dataloaders_every_n_epochs=1"), ("foreign", "RandomSampler")])
def test_lightning_used_wrongly_is_loud(what, text):
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "lightning_run.py", "1", "sampler", "0", what], capture_output=True, text=True, cwd=TESTS)
    assert done.returncode == 3 and text in done.stdout, done.stdout + done.stderr


def test_lightning_goes_on_from_a_checkpoint(tmp_path):
    assert "every epoch trained" in run_python(TESTS / "lightning_run.py", 1, "sampler", 0, "resume", tmp_path / "a.ckpt")


@pytest.mark.parametrize("kind", ["plain", "batch", "dispatch", "split"])
def test_accelerate_on_two_processes(kind):
    status, output = torchrun("accelerate_run.py", kind, ranks=2)
    assert status == 0 and "every epoch trained" in output, output[-3000:]


def test_accelerate():
    assert "every epoch trained" in run_python(TESTS / "accelerate_run.py", "plain")


@pytest.mark.parametrize("workers", [0, 2])
def test_trainer(workers, tmp_path):
    assert "trained on the samples" in run_python(TESTS / "trainer_run.py", workers, tmp_path)


def test_trainer_on_two_processes(tmp_path):
    status, output = torchrun("trainer_run.py", 0, tmp_path, ranks=2)
    assert status == 0 and "trained on the samples" in output, output[-3000:]


def test_trainer_goes_on_from_a_checkpoint(tmp_path):
    assert "trained on the samples" in run_python(TESTS / "trainer_run.py", 0, tmp_path, "resume")
