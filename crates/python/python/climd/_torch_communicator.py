"""Connects the engine's ranks by torch.distributed."""

from __future__ import annotations

from typing import Any, List, Optional

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray


class TorchCommunicator:
    """The collective operations that the engine needs, on 32-bit words, over a process group of any backend."""

    def __init__(self, group: Optional[Any] = None) -> None:
        self.group = group
        self.rank, self.world_size = dist.get_rank(group), dist.get_world_size(group)
        # Fixed here: the engine calls from a thread of its own, whose current device may be another.
        nccl = "nccl" in str(dist.get_backend(group))
        self.device = torch.device("cuda", torch.cuda.current_device()) if nccl else torch.device("cpu")
        self._exchanges = True  # until the backend says that it cannot

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

    def all_to_all(self, values: NDArray[np.uint32], counts: List[int]) -> NDArray[np.uint32]:
        """What all ranks have sent to this one, in the order of the ranks: `counts[r]` of the values go to rank `r`.

        A backend that cannot exchange them gathers them, so that every rank receives all.
        """
        lengths = torch.tensor(counts, device=self.device)
        if self._exchanges:
            try:
                theirs = torch.empty_like(lengths)
                dist.all_to_all_single(theirs, lengths, group=self.group)
            except (NotImplementedError, RuntimeError) as raised:
                if not _unsupported(raised):
                    raise
                self._exchanges = False  # on every rank: nothing was sent
        if self._exchanges:
            words = torch.from_numpy(values.view(np.int32)).to(self.device)
            received = torch.empty(int(theirs.sum()), dtype=torch.int32, device=self.device)
            dist.all_to_all_single(received, words, theirs.tolist(), counts, group=self.group)
            return received.cpu().numpy().view(np.uint32)
        gathered = [torch.empty_like(lengths) for _ in range(self.world_size)]
        dist.all_gather(gathered, lengths, group=self.group)
        sizes = torch.stack(gathered).flatten().tolist()  # sender after sender, to each rank
        pieces = np.split(self.all_gather(values), np.cumsum(sizes)[:-1])
        return np.concatenate(pieces[self.rank :: self.world_size])


def _unsupported(raised: Exception) -> bool:
    """Whether a backend lacks an operation, which it says before it sends anything."""
    text = str(raised).lower()
    return isinstance(raised, NotImplementedError) or "support" in text or "not implemented" in text
