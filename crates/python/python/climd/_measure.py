"""Scores of samples, from the outputs of a network."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from . import _climd
from ._labels import as_labels, columns_of, error, host
from ._targets import table_of


class Scores(NamedTuple):
    """Scores and their parts."""

    score: NDArray[Any]
    """`[N]`: higher is easier, and comes earlier."""
    confidence: List[NDArray[Any]]
    """`M` times `[N]`, in `[0, 0.5]`; NaN where the modality is missing. Empty for terms without it."""
    complementarity: NDArray[Any]
    """`[N]`, in `[0, M / (M - 1)]`. Empty for terms without it."""


def measure(
    labels: Any,
    logits: Sequence[Any] = (),
    embeddings: Sequence[Any] = (),
    *,
    present: Optional[Any] = None,
    terms: str = "both",
) -> Scores:
    """Scores every sample by confidence and complementarity: higher is easier, and comes earlier.

    Shapes. `labels`: `[N]`, columns of the logits. For several labels a sample and a sigmoid for each: a table `[N, C]` of 1, 0
    and -1 (unknown), or `climd.Targets`; the confidence is then that of the mean log probability of the known labels. `logits`: one `[N, C]` for each of `M` modalities. `embeddings`: one
    `[N, D]` for each modality, with the same `D`. `present`: `[N, M]` of bool: whether a sample has a modality. Rows of missing
    modalities are ignored. Every argument may be any array or tensor that NumPy can read (by DLPack or `__array__`).
    Arrays of float16, float32 or float64 on the CPU are not copied, if all have one type. If one array is float64, everything is
    computed in float64, and otherwise in float32. bfloat16 is copied here, but not by `climd.torch.Measurer`.

    `terms`: "both" (Eq. 4), "confidence" (Eq. 1, needs logits), "complementarity" (Eq. 2-3, needs embeddings) or
    "log_likelihood" (the mean log probability of the label).

    Errors. `climd.Error` that names the argument, the modality and the sample: shapes that disagree, labels that are not a
    column, values that are NaN or infinite, a sample without any modality.

    Source. Han et al., MICCAI 2025, Eq. 1-4. A zero embedding has cosine 0 to every other.
    """
    rows = [as_rows("logits", m, x) for m, x in enumerate(logits)]
    vectors = [as_rows("embeddings", m, x) for m, x in enumerate(embeddings)]
    if rows and vectors and len(rows) != len(vectors):
        raise error("Length", f"`logits` has {len(rows)} modalities, but `embeddings` has {len(vectors)}")
    modalities = max(len(rows), len(vectors))
    classes = rows[0].shape[1] if rows else np.iinfo(np.uint32).max
    for m, x in enumerate(rows):
        if x.shape[1] != classes:
            raise error("Shape", f"`logits[{m}]` has {x.shape[1]} columns, but `logits[0]` has {classes}")
    kinds = {x.dtype for x in [*rows, *vectors]}
    kind = kinds.pop() if len(kinds) == 1 else np.dtype(np.float64 if np.float64 in kinds else np.float32)
    rows, vectors = ([np.ascontiguousarray(x, dtype=kind) for x in xs] for xs in (rows, vectors))
    table = table_of(labels)
    if table is not None and rows and table.shape[1] != classes:
        raise error("Shape", f"`logits[0]` has {classes} columns, but `labels` has {table.shape[1]}: one for each label is needed")
    columns = as_columns(labels, classes) if table is None else table
    masks = as_masks(present, len(columns), modalities)
    call = {"float64": _climd.measure_f64, "float16": _climd.measure_f16}.get(kind.name, _climd.measure_f32)
    return Scores(*call(columns, classes, rows, vectors, masks, terms))


def as_rows(name: str, m: int, x: Any) -> NDArray[Any]:
    array = host(x)
    if array.ndim != 2:
        raise error("Shape", f"`{name}[{m}]` has shape {list(array.shape)}, but must be [N, width], one row a sample")
    if array.dtype.kind not in "fiub":
        raise error("Kind", f"`{name}[{m}]` is of type {array.dtype}, but must be real numbers")
    return array if array.dtype in (np.float16, np.float32, np.float64) else array.astype(np.float32)


def as_columns(labels: Any, classes: int) -> NDArray[np.uint32]:
    array = as_labels(labels)
    outside = (array < 0) | (array >= classes)
    if outside.any():
        index = int(np.argmax(outside))
        raise error(
            "LabelOutsideLogits",
            f"`labels[{index}]` is {array[index]}, but the logits have {columns_of(classes)}: "
            "number the classes from 0, or widen the last layer",
        )
    return array.astype(np.uint32)


def as_masks(present: Optional[Any], samples: int, modalities: int) -> List[NDArray[np.bool_]]:
    if present is None:
        return []
    array = host(present)
    if array.shape != (samples, modalities):
        wanted = f"[{samples}, {modalities}], a row a sample and a column a modality"
        raise error("Shape", f"`present` has shape {list(array.shape)}, but must be {wanted}")
    if array.dtype != np.bool_:
        raise error("Kind", f"`present` is of type {array.dtype}, but must be bool")
    return list(np.ascontiguousarray(array.T))
