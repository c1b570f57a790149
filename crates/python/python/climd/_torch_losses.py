"""Losses that correct for the class mix of the epoch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F


def prior_corrected_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, log_prior: torch.Tensor, tau: float = 1.0, **keywords: Any
) -> torch.Tensor:
    """Cross-entropy of `logits + tau * log_prior`. To predict, use the plain logits.

    Shapes. `logits`: `[n, C]`; `labels`: `[n]`; `log_prior`: `[C]`, of `CurriculumSampler.log_prior`. `keywords` go to
    `torch.nn.functional.cross_entropy`.

    Source. Balanced softmax, Ren et al. 2020; logit adjustment, Menon et al. 2021.
    """
    return F.cross_entropy(logits + tau * log_prior.to(logits), labels, **keywords)


def prior_corrected_binary_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, log_odds: torch.Tensor, tau: float = 1.0, **keywords: Any
) -> torch.Tensor:
    """Binary cross-entropy of `logits + tau * log_odds`, for samples with several labels. To predict, use the plain logits.

    Shapes. `logits` and `targets`: `[n, C]`; `log_odds`: `[C]`, `ln(p / (1 - p))` of each label's share `p` of the epoch.
    `keywords` go to `torch.nn.functional.binary_cross_entropy_with_logits`.
    """
    return F.binary_cross_entropy_with_logits(logits + tau * log_odds.to(logits), targets.to(logits.dtype), **keywords)
