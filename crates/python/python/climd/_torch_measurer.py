"""Scores from tensors of any device, batch by batch.

These are the scores of `climd.measure`, to 1e-5. The sum of the cosines of all pairs of unit vectors `u` is
`|sum u|^2 - sum |u|^2`. No batch waits for the device. Only `finish` moves data to the CPU: one number a sample.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ._labels import as_labels, error

Views = Callable[[torch.nn.Module, Any], Tuple[Sequence[torch.Tensor], Sequence[torch.Tensor]]]


class Measurer:
    """Scores every sample from the outputs of a network, in batches of any size and any order.

    labels: `[N]`, columns of the logits.
    terms: as in `climd.measure`.
    present: `[N, M]` of bool: whether a sample has a modality.
    samples: the samples that this process measures, `CurriculumSampler.part`. Default: all.
    """

    def __init__(
        self, labels: Any, *, terms: str = "both", present: Optional[Any] = None, samples: Optional[range] = None
    ) -> None:
        if terms not in ("both", "confidence", "complementarity", "log_likelihood"):
            raise error("Terms", f"`terms` is {terms!r}, but must be both, confidence, complementarity or log_likelihood")
        self._labels = torch.from_numpy(as_labels(labels).copy())
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
        self._score: Optional[torch.Tensor] = None
        self._seen: Optional[torch.Tensor] = None

    @torch.no_grad()
    def observe(
        self, indices: Any, logits: Sequence[torch.Tensor] = (), embeddings: Sequence[torch.Tensor] = ()
    ) -> None:
        """Takes the network's outputs for the samples `indices`, `[n]`.

        For each modality these are logits `[n, C]` and embeddings `[n, D]`.
        """
        outputs = [*logits, *embeddings]
        at = torch.as_tensor(np.asarray(indices) if not isinstance(indices, torch.Tensor) else indices).long()
        self._check(at, logits, embeddings)
        device = outputs[0].device
        if self._score is None or self._seen is None or self._score.device != device:
            self._labels = self._labels.to(device)
            self._present = None if self._present is None else self._present.to(device)
            self._score = torch.zeros(len(self._labels), dtype=torch.float32, device=device)
            self._seen = torch.zeros(len(self._labels), dtype=torch.bool, device=device)
        at = at.to(device, non_blocking=True)
        kind = torch.float64 if any(x.dtype == torch.float64 for x in outputs) else torch.float32
        labels = self._labels[at]
        mask = None if self._present is None else self._present[at].T
        score = torch.zeros(len(at), dtype=kind, device=device)
        if self.terms in ("both", "complementarity"):
            score = score + complementarity([x.to(kind) for x in embeddings], mask)
        if self.terms != "complementarity":
            rows = [F.log_softmax(x.to(kind), -1).gather(1, labels[:, None])[:, 0] for x in logits]
            log_p = torch.stack(rows)  # [M, n]
            term = log_p if self.terms == "log_likelihood" else torch.sigmoid(log_p / logits[0].shape[1])
            mean = term.mean(0) if mask is None else torch.where(mask, term, 0).sum(0) / mask.sum(0)
            score = score + mean
        self._score[at] = score.float()
        self._seen[at] = True

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
        if at.device.type == "cpu" and len(at) and not (0 <= int(at.min()) and int(at.max()) < len(self._labels)):
            index = int(at.max()) if int(at.max()) >= len(self._labels) else int(at.min())
            raise error("IndexOutOfRange", f"`indices` has {index}, but the data set has {len(self._labels)} samples")

    def finish(self) -> NDArray[np.float32]:
        """Returns the scores of `samples`, in their order, and forgets what was observed.

        Errors. `climd.Error` that names the first sample that was never observed, or whose score is NaN or infinite.
        """
        part = slice(self.samples.start, self.samples.stop)
        if self._score is None or self._seen is None:
            if len(self.samples) == 0:
                return np.zeros(0, dtype=np.float32)
            raise error("NotObserved", f"none of {len(self.samples)} samples was observed: observe them, then finish")
        scores, seen = self._score[part].cpu().numpy(), self._seen[part].cpu().numpy()
        if not seen.all():
            missing, first = int((~seen).sum()), self.samples[int(np.argmin(seen))]
            text = f"{missing} of {len(seen)} samples were never observed, sample {first} the first: observe them, then finish"
            raise error("NotObserved", text)
        finite = np.isfinite(scores)
        if not finite.all():
            first = self.samples[int(np.argmin(finite))]
            text = f"the outputs for sample {first} are NaN or infinite: look at the network's output for it"
            raise error("NotFinite", text)
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
