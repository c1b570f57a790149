"""No call hangs in a child, whatever way it was started."""

import climd
import numpy as np
import torch
from conftest import TESTS, run_python
from torch.utils.data import DataLoader, Dataset


def test_every_start_method_works_after_the_parent_used_the_threads():
    assert run_python(TESTS / "fork_child.py", RAYON_NUM_THREADS="2").split() == ["fork", "ok", "spawn", "ok", "forkserver", "ok"]


class Measured(Dataset):
    """A data set that measures as it loads."""

    def __len__(self):
        return 16

    def __getitem__(self, i):
        x = [np.full((3000, 4), float(i), dtype=np.float32)] * 2
        return torch.tensor(float(climd.measure(np.zeros(3000, dtype=int), x, x).score[0]))


def test_a_worker_of_a_loader_may_measure():
    climd.Sampler(np.arange(100_000) % 5).epoch(3)  # the parent's threads are there
    found = torch.cat(list(DataLoader(Measured(), 4, num_workers=2, timeout=600)))
    assert len(found) == 16
