"""Labels and scores of any kind of array, as the engine takes them."""

from __future__ import annotations

from typing import Any, List, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _climd


class Encoded(NamedTuple):
    """What `encode` gives: `names[labels[i]]` is the name of sample `i`."""

    labels: NDArray[np.int64]
    names: List[Any]


def encode(names: Any) -> Encoded:
    """Numbers the classes of names, strings for instance, from 0 on in sorted order.

    `names`: `[N]`. Fit it on all parts of a data set at once, or a class may have two numbers.

        >>> encode(["b", "a", "b"])
        Encoded(labels=array([1, 0, 1]), names=['a', 'b'])
    """
    array = np.asarray(names)
    if array.ndim != 1:
        raise error("Shape", f"`names` has shape {list(array.shape)}, but must be [N], one name a sample")
    try:
        found, labels = np.unique(array, return_inverse=True)
    except TypeError:
        raise error("Kind", "`names` has values that cannot be sorted together: make them strings first") from None
    return Encoded(labels.astype(np.int64, copy=False), found.tolist())


def as_labels(labels: Any, name: str = "labels") -> NDArray[np.int64]:
    """One integer a sample, as int64; without a copy if it is that already."""
    array = host(labels)
    if array.ndim != 1:
        raise error("Shape", f"`{name}` has shape {list(array.shape)}, but must be [N], one integer a sample")
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)  # which the engine refuses; NumPy takes [] for floats
    if array.dtype.kind not in "iub":
        raise error(
            "Kind", f"`{name}` is of type {array.dtype}, but must be integers: `{name}, names = climd.encode({name})`"
        )
    if array.dtype == np.uint64:
        large = array > np.iinfo(np.int64).max
        if large.any():
            index = int(np.argmax(large))
            raise error(
                "LabelTooLarge",
                f"`{name}[{index}]` does not fit into a 64-bit signed integer: renumber the classes",
            )
    return np.ascontiguousarray(array, dtype=np.int64)


def as_scores(scores: Any) -> NDArray[np.float32]:
    """float32 on the host, without a copy if it is that already."""
    array = host(scores)
    if array.ndim != 1:
        raise error("Shape", f"`scores` has shape {list(array.shape)}, but must be [N], one score a sample")
    if array.size and array.dtype.kind not in "fiub":
        raise error("Kind", f"`scores` is of type {array.dtype}, but must be numbers")
    return np.ascontiguousarray(array, dtype=np.float32)


def host(x: Any) -> NDArray[Any]:
    """NumPy's view of anything that can show its memory: no copy for arrays and tensors on the CPU."""
    if isinstance(x, np.ndarray):
        return x
    if hasattr(x, "detach"):  # a tensor that may want a gradient, which neither protocol gives away
        x = x.detach()
    if hasattr(x, "__dlpack__"):
        try:
            return np.from_dlpack(x)
        except (AttributeError, BufferError, RuntimeError, TypeError):
            if hasattr(x, "cpu"):  # another device, or a type that NumPy lacks, such as bfloat16
                x = x.cpu()
                x = x.float() if "bfloat16" in str(x.dtype) else x
    return np.asarray(x)


def error(kind: str, text: str) -> _climd.Error:
    """The package's own errors look like the engine's."""
    raised = _climd.Error(text)
    raised.kind = kind
    return raised


def whole(name: str, value: Any, bits: int = 63) -> int:
    """An integer from 0 on; a bool or a float is a mistake."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = value.__index__()
    except (AttributeError, TypeError):
        raise error("Kind", f"`{name}` is {value!r}, but must be a whole number") from None
    if not 0 <= number < 1 << bits:
        raise error("OutOfRange", f"`{name}` is {number}, but must be from 0 to 2^{bits} - 1")
    return int(number)
