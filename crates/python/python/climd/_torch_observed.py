"""Scores of all batches so far, on the device: a row for each sample, and marks of wrong indices.

No write waits for the device, whatever the indices are. `finish` of the measurer looks at the marks.
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import torch
from numpy.typing import NDArray

from ._labels import error


class Observed:
    """Row `N` of each tensor takes samples whose index is out of range."""

    def __init__(self, num_samples: int, device: torch.device) -> None:
        self.num_samples, self.device = num_samples, device
        rows = num_samples + 1
        self._score = torch.zeros(rows, dtype=torch.float32, device=device)
        self._seen = torch.zeros(rows, dtype=torch.bool, device=device)
        self._position = torch.zeros(rows, dtype=torch.int32, device=device)  # of the sample in its latest batch
        self._lowest = torch.zeros((), dtype=torch.int64, device=device)  # index seen, at most 0
        self._highest = torch.zeros((), dtype=torch.int64, device=device)  # index seen, at least 0
        self._twice = torch.full((), num_samples, device=device)  # a sample named twice in one call; N if none

    def write(self, at: torch.Tensor, score: torch.Tensor) -> None:
        """Stores a batch. A sample that was stored before is replaced."""
        if len(at) == 0:
            return
        none = self.num_samples
        slots = at.masked_fill((at < 0) | (at >= none), none)
        here = torch.arange(len(at), dtype=torch.int32, device=self.device)
        self._score[slots] = score
        self._seen.index_fill_(0, slots, True)
        self._position[slots] = here
        # Of two equal indices one was overwritten, so the stored position is not its own. In row N that says nothing.
        twice = slots.masked_fill(self._position[slots] == here, none).amin()
        self._twice = torch.minimum(self._twice, twice)
        self._lowest = torch.minimum(self._lowest, at.amin())
        self._highest = torch.maximum(self._highest, at.amax())

    def read(self) -> Tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Scores of all samples, and which were seen. It waits for the device.

        Errors. `climd.Error` for an index that was out of range, or twice in one call.
        """
        lowest, highest, twice = torch.stack([self._lowest, self._highest, self._twice]).tolist()
        again = "call `reset` and observe again"
        check_range(lowest, highest, self.num_samples, f": {again}")
        if twice < self.num_samples:
            raise _twice(twice, again)
        return self._score[:-1].cpu().numpy(), self._seen[:-1].cpu().numpy()


def check_range(lowest: int, highest: int, num_samples: int, hint: str = "") -> None:
    if lowest < 0 or highest >= num_samples:
        index = highest if highest >= num_samples else lowest
        raise error("IndexOutOfRange", f"`indices` has {index}, but the data set has {num_samples} samples{hint}")


def check_twice(at: torch.Tensor) -> None:
    """For indices in the CPU's memory, before anything is taken."""
    ordered = at.sort().values
    same = ordered[1:] == ordered[:-1]
    if bool(same.any()):
        raise _twice(int(ordered[int(same.int().argmax())]), "give it once, with the outputs that count")


def _twice(index: int, hint: str) -> Any:
    return error("IndexTwice", f"`indices` has sample {index} twice in one call, so its score is not defined: {hint}")
