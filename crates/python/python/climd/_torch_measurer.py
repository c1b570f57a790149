"""Scores from tensors of any device, batch by batch.

These are the scores of `climd.measure`, to 1e-5. No batch waits for the device, and what a step computes stays there until
`finish`, or until the end of the epoch. The sum of the cosines of all pairs of unit vectors `u` is
`|sum u|^2 - sum |u|^2`.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from . import _climd
from ._labels import as_labels, columns_of, error, host
from ._targets import table_of
from ._torch_observed import Observed, check_range, check_twice

_READ_IN_PLACE = {
    torch.float16: _climd.measure_f16,
    torch.bfloat16: _climd.measure_bf16,
    torch.float32: _climd.measure_f32,
    torch.float64: _climd.measure_f64,
}
_ANY = np.iinfo(np.uint32).max  # columns where there are no logits
_RECENT = 256  # steps whose results are kept as they are; then they become one tensor, as small ones waste a device's memory

Views = Callable[[torch.nn.Module, Any], Tuple[Sequence[torch.Tensor], Sequence[torch.Tensor]]]


class Measurer:
    """Scores every sample from the outputs of a network, in batches of any size and any order.

    labels: `[N]`, columns of the logits. For several labels a sample and a sigmoid for each: a table `[N, L]` of 1, 0 and -1
        (unknown), or `climd.Targets`.
    terms: as in `climd.measure`.
    present: `[N, M]` of bool: whether a sample has a modality.
    samples: the samples that this process measures, `CurriculumSampler.part`. Default: all.
    """

    def __init__(
        self, labels: Any, *, terms: str = "both", present: Optional[Any] = None, samples: Optional[range] = None
    ) -> None:
        if terms not in ("both", "confidence", "complementarity", "log_likelihood"):
            raise error("Terms", f"`terms` is {terms!r}, but must be both, confidence, complementarity or log_likelihood")
        table = table_of(labels)
        of_samples: NDArray[Any] = as_labels(labels) if table is None else table
        self._labels = torch.from_numpy(of_samples.copy())
        self._span = (int(of_samples.min()), int(of_samples.max())) if of_samples.size else (0, 0)  # so that no step looks
        self._present = None if present is None else torch.as_tensor(np.array(present, dtype=bool))
        if self._present is not None and (self._present.ndim != 2 or len(self._present) != len(self._labels)):
            wanted = f"[{len(self._labels)}, M], a row a sample and a column a modality"
            raise error("Shape", f"`present` has shape {list(self._present.shape)}, but must be {wanted}")
        if self._present is not None and not bool(self._present.any(1).all()):
            missing = int((~self._present.any(1)).nonzero()[0])
            raise error("NoModality", f"`present` has no modality for sample {missing}: drop it, or give it at least one")
        self.samples = range(len(self._labels)) if samples is None else samples
        self.terms = terms
        self.reset()

    def reset(self) -> None:
        """Forgets what was observed."""
        self._observed: Optional[Observed] = None

    @property
    def num_samples(self) -> int:
        """Number of samples of the data set."""
        return len(self._labels)

    def observe(
        self, indices: Any, logits: Sequence[torch.Tensor] = (), embeddings: Sequence[torch.Tensor] = ()
    ) -> None:
        """Takes the network's outputs for the samples `indices`, `[n]`.

        indices: integers, on any device. If a sample comes again in a later call, the later outputs count.
        logits, embeddings: one tensor for each modality, `[n, C]` and `[n, D]`.

        In training steps `CurriculumSampler.observe` does the same, and gives the scores to the sampler.

        Errors. `climd.Error` for shapes, labels or indices that do not fit, or a sample that comes twice in `indices`; nothing is
        taken then. Wrong indices on another device are an error of `finish`, as a step does not wait for the device.
        """
        indices = as_indices(indices)
        if indices.device.type == "cpu":
            check_twice(indices)
        at, score = self._measure(indices, logits, embeddings)
        if self._observed is None or self._observed.device != score.device:
            self._observed = Observed(self.num_samples, score.device)
        self._observed.write(at, score)

    @torch.no_grad()
    def _measure(
        self, indices: Any, logits: Sequence[torch.Tensor], embeddings: Sequence[torch.Tensor]
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        """Indices and float32 scores of a batch, on the device of the outputs. Nothing waits for it."""
        outputs = [*logits, *embeddings]
        at = as_indices(indices)
        if outputs and outputs[0].device.type == "cpu":
            at = at.cpu()
        self._check(at, logits, embeddings)
        device = outputs[0].device
        if all(type(x) is torch.Tensor and x.device.type == "cpu" and x.dtype in _READ_IN_PLACE for x in outputs):
            try:
                return at, self._measure_in_place(at, logits, embeddings)
            except _climd.Error as raised:
                if raised.kind not in ("NotFinite", "Empty"):  # below that makes a score that is not finite: `finish` names the sample
                    raise
        if self._labels.device != device:
            self._labels = self._labels.to(device)
            self._present = None if self._present is None else self._present.to(device)
        if device.type == "cuda" and at.device.type == "cpu":
            at = at.pin_memory()  # or the copy would wait for the device
        at = at.to(device, non_blocking=True)
        row = at.clamp(0, self.num_samples - 1)  # on a device they were not looked at: the scores of wrong ones are not used
        kind = torch.float64 if any(x.dtype == torch.float64 for x in outputs) else torch.float32
        labels = self._labels[row]
        mask = None if self._present is None else self._present[row].T
        score = torch.zeros(len(at), dtype=kind, device=device)
        if self.terms in ("both", "complementarity"):
            score = score + complementarity([x.to(kind) for x in embeddings], mask)
        if self.terms != "complementarity":
            log_p = torch.stack([log_probability(x.to(kind), labels) for x in logits])  # [M, n]
            divisor = logits[0].shape[1] if labels.ndim == 1 else 1
            term = log_p if self.terms == "log_likelihood" else torch.sigmoid(log_p / divisor)
            mean = term.mean(0) if mask is None else torch.where(mask, term, 0).sum(0) / mask.sum(0)
            score = score + mean
        return at, score.float()

    def _measure_in_place(
        self, at: torch.Tensor, logits: Sequence[torch.Tensor], embeddings: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """The scores by the engine, which reads the CPU's memory: many times faster than operations of PyTorch."""
        kinds = {x.dtype for x in (*logits, *embeddings)}
        kind = kinds.pop() if len(kinds) == 1 else torch.float64 if torch.float64 in kinds else torch.float32
        rows, vectors = ([as_array(x, kind) for x in xs] for xs in (logits, embeddings))
        row = at.cpu().numpy()
        labels = self._labels.cpu().numpy()[row]
        masks = [] if self._present is None else list(np.ascontiguousarray(self._present.cpu().numpy()[row].T))
        several = labels.ndim == 2
        score, _, _ = _READ_IN_PLACE[kind](
            labels if several else labels.astype(np.uint32), rows[0].shape[1] if rows else _ANY, rows, vectors, masks, self.terms
        )
        return torch.from_numpy(score).float()

    def _check(self, at: torch.Tensor, logits: Sequence[torch.Tensor], embeddings: Sequence[torch.Tensor]) -> None:
        needed = {"both": (logits, embeddings), "complementarity": (embeddings,)}.get(self.terms, (logits,))
        if any(len(x) == 0 for x in needed):
            raise error("Empty", f"`logits` or `embeddings` is empty, but terms={self.terms!r} need them of each modality")
        if self.terms == "both" and len(logits) != len(embeddings):
            raise error("Length", f"`logits` has {len(logits)} modalities, but `embeddings` has {len(embeddings)}")
        if self._present is not None and self._present.shape[1] != len(needed[0]):
            raise error("Length", f"`present` has {self._present.shape[1]} modalities, but the outputs have {len(needed[0])}")
        for name, tensors in (("logits", logits), ("embeddings", embeddings)):
            for m, x in enumerate(tensors):
                if x.ndim != 2 or len(x) != len(at):
                    raise error("Shape", f"`{name}[{m}]` has shape {list(x.shape)}, but must be [{len(at)}, width]")
                if x.shape[1] != tensors[0].shape[1]:
                    text = f"`{name}[{m}]` has width {x.shape[1]}, but `{name}[0]` has width {tensors[0].shape[1]}"
                    raise error("EmbeddingWidth", text)
        if self.terms != "complementarity":
            self._check_labels(logits[0].shape[1])
        if at.device.type == "cpu" and len(at):
            lowest, highest = map(int, at.aminmax())
            check_range(lowest, highest, len(self._labels))

    def _check_labels(self, columns: int) -> None:
        if self._labels.ndim == 2 and self._labels.shape[1] != columns:
            text = f"`logits[0]` has {columns} columns, but `labels` has {self._labels.shape[1]}: one for each label is needed"
            raise error("Shape", text)
        lowest, highest = self._span
        if self._labels.ndim == 1 and not 0 <= lowest <= highest < columns:
            text = f"`labels` are {lowest} to {highest}, but the logits have {columns_of(columns)}"
            raise error("LabelOutsideLogits", f"{text}: number the classes from 0, or widen the last layer")

    def finish_observed(self) -> Tuple[NDArray[np.uint32], NDArray[np.float32]]:
        """Returns the samples that were observed, ascending, and their scores, and forgets them. For `climd.Sampler.observe`, if
        the processes exchange by themselves what they observed.

        Errors. `climd.Error` that names the first sample whose score is NaN or infinite, or an index on another device that was
        wrong.
        """
        if self._observed is None:
            return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32)
        scores, seen = self._observed.read()
        samples = np.flatnonzero(seen).astype(np.uint32)
        scores = scores[samples]
        check_finite(scores, samples)
        self.reset()
        return samples, scores

    def finish(self) -> NDArray[np.float32]:
        """Returns the scores of `samples`, in their order, and forgets what was observed.

        Errors. `climd.Error` that names the first sample that was never observed, or whose score is NaN or infinite, or an index
        on another device that was wrong.
        """
        part = slice(self.samples.start, self.samples.stop)
        if self._observed is None:
            if len(self.samples) == 0:
                return np.zeros(0, dtype=np.float32)
            raise error("NotObserved", f"none of {len(self.samples)} samples was observed: observe them, then finish")
        scores, seen = self._observed.read()
        scores, seen = scores[part], seen[part]
        if not seen.all():
            missing, first = int((~seen).sum()), self.samples[int(np.argmin(seen))]
            text = f"{missing} of {len(seen)} samples were never observed, sample {first} the first: observe them, then finish"
            raise error("NotObserved", text)
        check_finite(scores, self.samples)
        self.reset()
        return scores

    @torch.no_grad()
    def run(self, model: torch.nn.Module, loader: Any, views: Views) -> NDArray[np.float32]:
        """Returns the scores of `samples`. `loader` must give these samples in their order, not shuffled.

        The model is in evaluation mode while this runs, without gradients. Afterwards every module has its old mode.
        `views(model, batch)` returns two lists, the logits and the embeddings, with one tensor for each modality.
        """
        modes = [(module, module.training) for module in model.modules()]
        model.eval()
        at = self.samples.start
        try:
            self.reset()
            for batch in loader:
                logits, embeddings = views(model, batch)
                n = len((list(logits) or list(embeddings))[0])
                if at + n > self.samples.stop:
                    raise error("Length", f"`loader` has more than the {len(self.samples)} samples: give it those alone")
                self.observe(torch.arange(at, at + n), logits, embeddings)
                at += n
        finally:
            for module, training in modes:
                module.training = training
        return self.finish()


class Steps:
    """What the training steps of one epoch have observed so far, on the device."""

    def __init__(self, epoch: int, idle: bool) -> None:
        self.epoch = epoch
        self.idle = idle  # no later epoch needs scores
        self.largest = 0  # samples of the largest step
        self._recent: List[Tuple[torch.Tensor, torch.Tensor]] = []
        self._whole: List[Tuple[torch.Tensor, torch.Tensor]] = []

    def __len__(self) -> int:
        return len(self._recent) + len(self._whole)

    def add(self, indices: torch.Tensor, scores: torch.Tensor) -> None:
        """Keeps the results of a step."""
        self.largest = max(self.largest, len(scores))
        if self._recent and self._recent[0][1].device != scores.device:
            self._join()
        self._recent.append((indices, scores))
        if len(self._recent) == _RECENT:
            self._join()

    def finish(self) -> Tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Indices and scores in the order of the steps, and forgets them. It waits for the device."""
        self._join()
        whole, self._whole = self._whole, []
        samples, scores = zip(*[(indices.cpu().numpy(), scores.cpu().numpy()) for indices, scores in whole])
        return np.concatenate(samples), np.concatenate(scores)

    def _join(self) -> None:
        if self._recent:
            indices, scores = zip(*self._recent)
            self._whole.append((torch.cat(indices), torch.cat(scores)))
            self._recent = []


def as_indices(indices: Any) -> torch.Tensor:
    """Integers of any type, as int64: a tensor on its device, anything else in the CPU's memory."""
    if isinstance(indices, torch.Tensor):
        at, kind = indices.detach(), str(indices.dtype)[6:]
        whole = not (at.is_floating_point() or at.is_complex() or at.dtype == torch.bool)
    else:
        array = host(indices)
        array = array.astype(np.int64) if array.size == 0 else array  # NumPy takes [] for floats
        kind, whole = str(array.dtype), array.dtype.kind in "iu"
        at = torch.from_numpy(array.astype(np.int64)) if whole else torch.empty(array.shape)
    if at.ndim != 1 or not whole:
        found = f"shape {list(at.shape)} and type {kind}"
        raise error("Kind", f"`indices` has {found}, but must be [n] of integers, positions in the data set")
    return at.long()


def as_array(x: torch.Tensor, kind: torch.dtype) -> NDArray[Any]:
    """The tensor's memory, or a copy of this type without gaps. NumPy has no bfloat16, so that comes as its bits."""
    x = x.detach().to(kind).contiguous()
    return x.view(torch.int16).numpy().view(np.uint16) if kind == torch.bfloat16 else x.numpy()


def check_finite(scores: NDArray[np.float32], samples: Any) -> None:
    finite = np.isfinite(scores)
    if not finite.all():
        first = samples[int(np.argmin(finite))]
        raise error("NotFinite", f"the outputs for sample {first} are NaN or infinite: look at the network's output for it")


def log_probability(rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """`ln p` of the label, or, of several, the mean over those that are known: `[n]`."""
    if labels.ndim == 1:
        return F.log_softmax(rows, -1).gather(1, labels[:, None])[:, 0]
    known = labels >= 0
    each = torch.where(known, F.logsigmoid(torch.where(labels == 1, rows, -rows)), 0)
    mean = each.sum(1) / known.sum(1).clamp_min(1)
    return torch.where(rows.isfinite().all(1), mean, float("nan"))  # also if the label is unknown


def complementarity(embeddings: Sequence[torch.Tensor], mask: Optional[torch.Tensor] = None) -> torch.Tensor:
    """One minus the mean cosine of all pairs of modalities, at least 0. A zero embedding has cosine 0 to all others."""
    rows = torch.stack(list(embeddings))  # [M, n, D]
    if mask is not None:
        rows = torch.where(mask[..., None], rows, 0)
    largest = rows.abs().amax(-1, keepdim=True)  # so that no square is lost or infinite
    rows = rows / torch.where(largest == 0, 1, largest)
    norms = rows.square().sum(-1, keepdim=True).sqrt()
    units = rows / torch.where(norms == 0, 1, norms)
    cosines = units.sum(0).square().sum(-1) - units.square().sum((0, 2))
    count = torch.full_like(cosines, len(rows)) if mask is None else mask.sum(0).to(cosines)
    pairs = count * (count - 1)
    phi = (1 - cosines / torch.where(pairs == 0, 1, pairs)).clamp_min(0)
    return torch.where(pairs == 0, 0, phi)
