"""Schedules: how many samples of each class an epoch holds, and how they are picked.

A schedule is a plain, frozen configuration. Its values are checked when a sampler is built.

A schedule of your own needs no base class. Any object with a method `quota(epoch, counts)` is one:

* `counts` is a dictionary of the samples of each class, by label, largest class first.
* The method returns the samples of each class in this epoch: a dictionary by label, or a list in the order of `counts`.
* The object may have an attribute `pick`, one of `Pick`.
* It should have a `__repr__` with its parameters. A sampler refuses a state that was saved under another repr.
* An exception of the method reaches you unchanged.
"""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass, fields
from typing import Any, Dict, Literal, Optional, Protocol, Sequence, Union, get_args, get_type_hints

from ._labels import error

Pick = Literal["highest", "lowest", "fixed_random", "redraw", "with_replacement"]
"""How samples are picked.

* "highest": the highest scores, so easy samples first
* "lowest": the lowest scores, so hard samples first
* "fixed_random": a random ranking, the same in all epochs
* "redraw": a new random ranking in each epoch
* "with_replacement": independent draws, so a sample may come several times
"""


class Schedule:
    """The base class of all schedules of the engine."""

    def _spec(self) -> Dict[str, Any]:
        kinds = get_type_hints(type(self))
        values = {field.name: self._plain(field.name, kinds[field.name]) for field in fields(self)}  # type: ignore[arg-type]
        return {"name": re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower(), **values}

    def _json(self) -> str:
        return json.dumps(self._spec())

    def _plain(self, name: str, kind: Any) -> Any:
        """The value of a field for JSON, if it is of this type. The engine knows its range."""
        value, choices = getattr(self, name), get_args(kind)
        if type(None) in choices:
            if value is None:
                return None
            kind, choices = choices[0], ()
        if kind is Schedule and isinstance(value, Schedule):
            return value._spec()
        if kind is Schedule and hasattr(value, "quota"):
            raise error("Schedule", f"`{name}` is a {type(value).__name__}, but must be one of climd's own schedules")
        if hasattr(value, "item"):
            try:
                value = value.item()  # a number of NumPy or of torch
            except (RuntimeError, ValueError):
                pass  # an array of several
        if isinstance(value, float) and not math.isfinite(value):
            raise error("OutOfRange", f"`{name}` is {value}, but must be finite")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if kind is int:
            fits, wanted = number and isinstance(value, int) and 0 <= value < 1 << 64, "a whole number, 0 or more"
        elif kind is float:
            fits, wanted = number and abs(value) <= sys.float_info.max, "a number"
        elif kind is bool:
            fits, wanted = isinstance(value, bool), "True or False"
        elif kind is Schedule:
            fits, wanted = False, "one of climd's own schedules"
        else:
            fits, wanted = isinstance(value, str) and value in choices, "one of " + ", ".join(choices)
        if not fits:
            raise error("Schedule", f"`{name}` of {type(self).__name__} is {value!r}, but must be {wanted}")
        return value


class HasQuota(Protocol):
    """A schedule of your own."""

    def quota(self, epoch: int, counts: Dict[int, int], /) -> Union[Dict[int, int], Sequence[int]]: ...


@dataclass(frozen=True)
class PowerLaw(Schedule):
    """The paper's curriculum: `ceil(t N / epochs)` samples in epoch `t = 1..=epochs`, from balanced classes to the long tail.

    The classes share them by `(1 - w_t) / C + w_t * law`, where `w_t` goes from 0 to 1. After the curriculum every epoch
    has all samples. The quota of a class may fall from one epoch to the next. The largest class can have a larger share
    of an epoch than of the data; the report then warns.

    epochs: length of the curriculum, at least 1.
    gamma: sharpness, from 1e-100 to 1e100. With the exponent of Eq. 6 it only matters in the middle of the curriculum.
    alpha: the exponent at the end. None: that of Eq. 6.
    law: the class shares at the end: "power_law" (Eq. 7), "zipf" (fitted to the data) or "empirical" (those of the data).
    overflow: what happens if a class should give more samples than it has: "redistribute" gives the rest to the other
        classes, "truncate" leaves it out, "repeat" repeats samples.
    pick: how samples are picked; not "with_replacement".

    Source. Han et al., MICCAI 2025, Eq. 5-7.
    """

    epochs: int = 100
    gamma: float = 0.3
    alpha: Optional[float] = None
    law: Literal["power_law", "zipf", "empirical"] = "power_law"
    overflow: Literal["redistribute", "truncate", "repeat"] = "redistribute"
    pick: Pick = "highest"


@dataclass(frozen=True)
class Linear(Schedule):
    """The easiest `start + (1 - start) t / epochs` of all samples, classes ignored.

    epochs: length of the curriculum, at least 1; later epochs have all samples.
    start: fraction before the first epoch, above 0 and at most 1.
    pick: how samples are picked; not "with_replacement".

    Source. Platanios et al. 2019.
    """

    epochs: int = 100
    start: float = 0.1
    pick: Pick = "highest"


@dataclass(frozen=True)
class Root(Schedule):
    """The easiest `(start^p + (1 - start^p) t / epochs)^(1/p)` of all samples, classes ignored. `p` is `root`.

    epochs: length of the curriculum, at least 1; later epochs have all samples.
    start: fraction before the first epoch, above 0 and at most 1.
    root: the root `p`, finite and at least 1. With 1 the schedule is `Linear`.
    pick: how samples are picked; not "with_replacement".

    Source. Platanios et al. 2019.
    """

    epochs: int = 100
    start: float = 0.1
    root: float = 2.0
    pick: Pick = "highest"


@dataclass(frozen=True)
class Geometric(Schedule):
    """The easiest `start^(1 - t / epochs)` of all samples, classes ignored.

    epochs: length of the curriculum, at least 1; later epochs have all samples.
    start: fraction before the first epoch, above 0 and at most 1.
    pick: how samples are picked; not "with_replacement".

    Source. Penha and Hauff 2020.
    """

    epochs: int = 100
    start: float = 0.1
    pick: Pick = "highest"


@dataclass(frozen=True)
class BabyStep(Schedule):
    """All samples in buckets of equal size, easiest first. Epoch `t` has the first `ceil(t buckets / epochs)` buckets.

    Classes are ignored.

    epochs: length of the curriculum, at least 1; later epochs have all samples.
    buckets: number of buckets, at least 1. At most as many as epochs or samples are used.
    pick: how samples are ranked; not "with_replacement".

    Source. Bengio et al. 2009; Spitkovsky et al. 2010.
    """

    epochs: int = 100
    buckets: int = 10
    pick: Pick = "highest"


@dataclass(frozen=True)
class OnePass(Schedule):
    """All samples in buckets of equal size, easiest first. Epoch `t` has bucket `ceil(t buckets / epochs)` alone.

    Classes are ignored. Easy samples do not come back before the curriculum ends.

    epochs: length of the curriculum, at least 1; later epochs have all samples.
    buckets: number of buckets, at least 1. At most as many as epochs or samples are used.
    pick: how samples are ranked; not "with_replacement".

    Source. Bengio et al. 2009; named so by Cirik et al. 2016.
    """

    epochs: int = 100
    buckets: int = 10
    pick: Pick = "highest"


@dataclass(frozen=True)
class UnderSampling(Schedule):
    """Random samples of every class, as many as the smallest class has. With a strength below 1, larger classes keep more.

    strength: `a` in `[0, 1]`: a class of `n` samples keeps `ceil(n^(1-a) * n_min^a)`. With 1 classes are equal; with 0
        they keep all samples.
    redraw: whether each epoch draws again. False: one draw for all epochs, so the other samples are never used.
    """

    strength: float = 1.0
    redraw: bool = False


@dataclass(frozen=True)
class ClassBalanced(Schedule):
    """`N / C` draws from every class, with replacement. This is a weighted random sampler, but with exact counts."""


@dataclass(frozen=True)
class ProgressivelyBalanced(Schedule):
    """`N` samples in every epoch, first in the class mix of the data, at the end with equal classes.

    Samples of small classes are repeated.

    epochs: number of epochs until classes are equal, at least 1.
    reversed: whether the schedule goes from equal classes to the data instead.

    Source. Kang et al. 2020.
    """

    epochs: int = 100
    reversed: bool = False


@dataclass(frozen=True)
class HardMajority(Schedule):
    """All samples at first. Then each class above the median size keeps only its hardest samples.

    warm_up: number of first epochs with all samples.
    keep: share of a large class that is kept, above 0 and at most 1. At least as many samples as the median are kept.
    """

    warm_up: int = 10
    keep: float = 0.7


@dataclass(frozen=True)
class Trim(Schedule):
    """Leaves out the samples with the lowest scores of every class, as their labels may be wrong. Their share grows.

    drop: share of each class that is left out at the end, at least 0 and below 1.
    ramp: number of epochs until then; 0: at once.
    """

    drop: float = 0.1
    ramp: int = 10


@dataclass(frozen=True)
class Uniform(Schedule):
    """All samples in every epoch, shuffled. This is plain training, with a seed."""


@dataclass(frozen=True)
class Switch(Schedule):
    """Uses `before` in the epochs below `at`, then `after`, which counts its epochs from 0.

    Deferred re-balancing (Cao et al. 2019) is `Switch(160, Uniform(), ClassBalanced())` in a training of 200 epochs.
    """

    at: int
    before: Schedule
    after: Schedule
