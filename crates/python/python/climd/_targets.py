"""Several labels a sample, and splits that keep groups together."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from . import _climd
from ._labels import as_labels, error, host
from ._sampler import whole


def own_labels(table: Any) -> NDArray[np.int64]:
    """One class a sample for a sampler, where samples have several labels: the rarest label that the sample has.

    table: `[N, L]` of 1 (has it), 0 (has not) and -1 (unknown). A sample without labels has own label -1, or -2 if some of
    its labels are unknown: `climd.encode(own_labels(table)).labels` numbers these classes too, from 0 on.

        >>> own_labels([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, -1, 0]])
        array([ 0,  1, -1, -2])
    """
    return _climd.own_labels(as_table(table))


def log_odds(table: Any) -> NDArray[np.float32]:
    """The log odds of each label, `[L]`, for `prior_corrected_binary_cross_entropy`.

    table: as of `own_labels`; of an epoch: `table[sampler.indices(epoch)]`. A label that no sample has counts as half of
    one.
    """
    return _climd.log_odds(as_table(table))


def split(
    labels: Any, parts: Sequence[int], *, groups: Optional[Any] = None, seed: int = 0
) -> NDArray[np.uint8]:
    """The part of each sample, `[N]`: positions in `parts`; no group in two parts, each label shared out as `parts` says.

    labels: `[N]` of integers, or a table `[N, L]` as of `own_labels`. parts: whole weights, `[7, 1, 2]` for training,
    validation and test. groups: `[N]` of integers, the patients for example; default: each sample by itself.

    Source. Iterative stratification, Sechidis et al. 2011, by groups.

        >>> part = split([0, 0, 0, 0, 1, 1, 1, 1], [1, 1], groups=[1, 1, 2, 2, 3, 3, 4, 4])
        >>> bool(part[0] == part[1] and part[2] == part[3]), int(part.sum())
        (True, 4)
    """
    array = host(labels)
    table = as_table(array) if array.ndim == 2 else None
    single = None if table is not None else as_labels(array)
    samples = len(array) if array.ndim else 0
    of = np.arange(samples, dtype=np.int64) if groups is None else as_labels(groups)
    weights = [whole("parts", part, 32) for part in parts]
    return _climd.split(single, table, of, weights, whole("seed", seed, 64))


def as_table(table: Any) -> NDArray[np.int8]:
    array = host(table)
    if array.ndim != 2:
        raise error("Shape", f"`table` has shape {list(array.shape)}, but must be [N, L], a row a sample and a column a label")
    if array.dtype.kind not in "iubf":
        raise error("Kind", f"`table` is of type {array.dtype}, but must be 1, 0 and -1")
    outside = ~np.isin(array, (-1, 0, 1))
    if outside.any():
        row, column = (int(i) for i in np.argwhere(outside)[0])
        raise error("Value", f"`table[{row}, {column}]` is {array[row, column]}, but must be 1, 0 or -1")
    return np.ascontiguousarray(array, dtype=np.int8)
