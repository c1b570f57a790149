"""Converts labels and scores to the arrays that the engine takes."""

from __future__ import annotations

import warnings
from typing import Any, List, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _climd
from ._warning import CurriculumWarning

# what programs write for a missing value, in lower case; the same list as that of the command line
_MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "n.a.", "none", "null", "nil", "missing", "?", "--"}


class Encoded(NamedTuple):
    """What `encode` gives: `names[labels[i]]` is the name of sample `i`."""

    labels: NDArray[np.int64]
    names: List[Any]


def encode(names: Any) -> Encoded:
    """Gives each class a number, from 0 on in sorted order. `names` may be strings.

    `names`: `[N]`. Encode all parts of a data set in one call. Otherwise a class may get two numbers. None and NaN are an
    error. A text such as "nan" or "" counts as a class, with a `CurriculumWarning`.

        >>> encode(["b", "a", "b"])
        Encoded(labels=array([1, 0, 1]), names=['a', 'b'])
    """
    array = np.asarray(names)
    if array.ndim != 1:
        raise error("Shape", f"`names` has shape {list(array.shape)}, but must be [N], one name a sample")
    missing = [index for index, name in enumerate(array) if _is_nothing(name)] if array.dtype.kind in "fO" else []
    if missing:
        raise error(
            "LooksUnlabelled",
            f"`names[{missing[0]}]` is {array[missing[0]]}; samples without a name: {len(missing)} of {len(array)}: "
            "leave them out, or give each a name",
        )
    try:
        found, labels = np.unique(array, return_inverse=True)
    except (TypeError, ValueError):
        raise error("Kind", "`names` has values that cannot be sorted together: make them strings first") from None
    odd = [name for name in found.tolist() if isinstance(name, str) and name.strip().lower() in _MISSING]
    if odd:
        listed = ", ".join(repr(name) for name in odd)
        text = f"`names` has {listed}, often written for a missing label; it counts as a class: leave such samples out if it is none"
        warnings.warn(text, CurriculumWarning, stacklevel=2)
    return Encoded(labels.astype(np.int64, copy=False), found.tolist())


def _is_nothing(name: Any) -> bool:
    """None, NaN, and pandas' NA, which has no truth value."""
    try:
        return name is None or bool(name != name)
    except TypeError:
        return True
    except ValueError:  # an array
        return False


def as_labels(labels: Any, name: str = "labels") -> NDArray[np.int64]:
    """One integer a sample, as int64. int64 arrays are not copied."""
    if hasattr(labels, "own_labels"):
        raise error("Kind", f"`{name}` is a Targets, but must be one integer a sample: `targets.own_labels()` gives them")
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
    """Scores as float32 in the CPU's memory. float32 arrays on the CPU are not copied."""
    array = host(scores)
    if array.ndim != 1:
        raise error("Shape", f"`scores` has shape {list(array.shape)}, but must be [N], one score a sample")
    if array.size and array.dtype.kind not in "fiub":
        raise error("Kind", f"`scores` is of type {array.dtype}, but must be numbers")
    return np.ascontiguousarray(array, dtype=np.float32)


def as_indices(indices: Any, samples: int) -> NDArray[np.uint32]:
    """Indices of samples of the data set, as uint32."""
    array = host(indices)
    if array.ndim != 1:
        raise error("Shape", f"`indices` has shape {list(array.shape)}, but must be [n], one index a sample")
    if array.size == 0:
        return np.zeros(0, dtype=np.uint32)
    if array.dtype.kind not in "iu":
        raise error("Kind", f"`indices` is of type {array.dtype}, but must be integers, positions in the data set")
    outside = (array < 0) | (array >= samples)
    if outside.any():
        at = int(np.argmax(outside))
        text = f"`indices[{at}]` is {array[at]}, but the data set has {samples} samples: give indices of the sampler's epochs"
        raise error("NoSuchSample", text)
    return np.ascontiguousarray(array, dtype=np.uint32)


def host(x: Any) -> NDArray[Any]:
    """Any array or tensor as a NumPy array. Those in the CPU's memory are not copied."""
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


def columns_of(width: int) -> str:
    """The columns of logits of this width, in words."""
    return f"columns 0 to {width - 1}" if width else "no columns"


def factor(name: str, value: Any) -> float:
    """Checks that a value is a number; the engine knows its range."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__float__"):
        raise error("Kind", f"`{name}` is {value!r}, but must be a number")
    return float(value)


def whole(name: str, value: Any, bits: int = 63) -> int:
    """Checks that a value is an integer from 0 on. A bool or a float is refused."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = value.__index__()
    except (AttributeError, TypeError):
        raise error("Kind", f"`{name}` is {value!r}, but must be a whole number") from None
    if not 0 <= number < 1 << bits:
        raise error("OutOfRange", f"`{name}` is {number}, but must be from 0 to 2^{bits} - 1")
    return int(number)
