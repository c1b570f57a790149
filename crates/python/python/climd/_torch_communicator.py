"""Connects the engine's ranks by torch.distributed."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray


class TorchCommunicator:
    """The two collective operations that the engine needs, on 32-bit words, over a process group of any backend."""

    def __init__(self, group: Optional[Any] = None) -> None:
        self.group = group
        self.rank, self.world_size = dist.get_rank(group), dist.get_world_size(group)
        # Fixed here: the engine calls from a thread of its own, whose current device may be another.
        nccl = "nccl" in str(dist.get_backend(group))
        self.device = torch.device("cuda", torch.cuda.current_device()) if nccl else torch.device("cpu")

    def all_reduce(self, values: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The sum over all ranks. Sums of 32 bits are the same with and without a sign."""
        words = torch.from_numpy(values.view(np.int32)).to(self.device)
        dist.all_reduce(words, group=self.group)
        return words.cpu().numpy().view(np.uint32)

    def all_gather(self, values: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The values of all ranks, in the order of the ranks. Ranks may have different numbers of values."""
        length = torch.tensor([len(values)], device=self.device)
        gathered = [torch.zeros_like(length) for _ in range(self.world_size)]
        dist.all_gather(gathered, length, group=self.group)
        lengths = [int(n) for n in gathered]
        own = torch.zeros(max(lengths), dtype=torch.int32)
        own[: len(values)] = torch.from_numpy(values.view(np.int32))
        parts = [torch.empty(max(lengths), dtype=torch.int32, device=self.device) for _ in lengths]
        dist.all_gather(parts, own.to(self.device), group=self.group)
        return torch.cat([part[:n] for part, n in zip(parts, lengths)]).cpu().numpy().view(np.uint32)
