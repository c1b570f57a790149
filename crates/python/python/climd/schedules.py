"""How many samples of each class an epoch holds, and by what they are picked: plain, frozen configurations.

Values are checked when a sampler is built. A schedule of your own needs no base class: any object with
`quota(epoch, counts)`, which gives the samples of each class as a dictionary by label, or as a list in the order of
`counts` (a dictionary by label, largest class first). It may have an attribute `pick`, one of `Pick`, and should have a
`__repr__` with its parameters, as a state taken under another repr is refused. What it raises is what you see.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields
from typing import Any, Dict, Literal, Optional, Protocol, Sequence, Union

from ._labels import error

Pick = Literal["highest", "lowest", "fixed_random", "redraw", "with_replacement"]
"""By what samples are picked: the highest scores (easy first), the lowest (hard first), a random ranking that is the same
in all epochs, one drawn anew in each epoch, or independent draws, so that a sample may come several times."""


class Schedule:
    """Base of the schedules of the engine."""

    def _spec(self) -> Dict[str, Any]:
        values = {field.name: _plain(field.name, getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]
        return {"name": re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower(), **values}

    def _json(self) -> str:
        return json.dumps(self._spec())


class HasQuota(Protocol):
    """A schedule of your own."""

    def quota(self, epoch: int, counts: Dict[int, int], /) -> Union[Dict[int, int], Sequence[int]]: ...


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Schedule):
        return value._spec()
    if hasattr(value, "quota"):
        raise error("Schedule", f"`{name}` is a {type(value).__name__}, but must be one of climd's own schedules")
    if hasattr(value, "item"):
        value = value.item()  # a number of NumPy or of torch
    if isinstance(value, float) and not math.isfinite(value):
        raise error("OutOfRange", f"`{name}` is {value}, but must be finite")
    return value


@dataclass(frozen=True)
class PowerLaw(Schedule):
    """The paper's: `ceil(t N / epochs)` samples in epoch `t = 1..=epochs`, from balanced classes to the long tail.

    They are shared among the classes by `(1 - w_t) / C + w_t * law`, where `w_t` runs from 0 to 1. After the curriculum
    every epoch has every sample. Quotas of one class are not monotone over the epochs, and the majority's share can
    exceed that of the data: the report warns of it.

    epochs: length of the curriculum, at least 1.
    gamma: sharpness, from 1e-100 to 1e100. With the exponent of Eq. 6 it matters in the middle of the curriculum alone.
    alpha: the last exponent, in place of Eq. 6. None: Eq. 6.
    law: the class distribution to end in: "power_law" (Eq. 7), "zipf" (fitted to the data) or "empirical" (the data's).
    overflow: where a share asks for more than a class has: "redistribute" to the others, "truncate" or "repeat".
    pick: by what samples are picked; not "with_replacement".

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

    epochs: length of the curriculum, at least 1; later epochs have every sample.
    start: fraction before the first epoch, above 0 and at most 1.
    pick: by what samples are picked; not "with_replacement".

    Source. Platanios et al. 2019.
    """

    epochs: int = 100
    start: float = 0.1
    pick: Pick = "highest"


@dataclass(frozen=True)
class Root(Schedule):
    """The easiest `(start^p + (1 - start^p) t / epochs)^(1/p)` of all samples, `p` being `root`; classes ignored.

    epochs: length of the curriculum, at least 1; later epochs have every sample.
    start: fraction before the first epoch, above 0 and at most 1.
    root: `p`, finite and at least 1; 1 is Linear.
    pick: by what samples are picked; not "with_replacement".

    Source. Platanios et al. 2019.
    """

    epochs: int = 100
    start: float = 0.1
    root: float = 2.0
    pick: Pick = "highest"


@dataclass(frozen=True)
class Geometric(Schedule):
    """The easiest `start^(1 - t / epochs)` of all samples, classes ignored.

    epochs: length of the curriculum, at least 1; later epochs have every sample.
    start: fraction before the first epoch, above 0 and at most 1.
    pick: by what samples are picked; not "with_replacement".

    Source. Penha and Hauff 2020.
    """

    epochs: int = 100
    start: float = 0.1
    pick: Pick = "highest"


@dataclass(frozen=True)
class BabyStep(Schedule):
    """The easiest `ceil(t buckets / epochs)` of equal buckets of all samples, classes ignored.

    epochs: length of the curriculum, at least 1; later epochs have every sample.
    buckets: at least 1; no more of them than epochs or samples are used.
    pick: by what samples are ranked; not "with_replacement".

    Source. Bengio et al. 2009; Spitkovsky et al. 2010.
    """

    epochs: int = 100
    buckets: int = 10
    pick: Pick = "highest"


@dataclass(frozen=True)
class OnePass(Schedule):
    """One of equal buckets of all samples after the other, each alone, classes ignored: easy samples do not come back.

    epochs: length of the curriculum, at least 1; later epochs have every sample.
    buckets: at least 1; no more of them than epochs or samples are used.
    pick: by what samples are ranked; not "with_replacement".

    Source. Bengio et al. 2009; named so by Cirik et al. 2016.
    """

    epochs: int = 100
    buckets: int = 10
    pick: Pick = "highest"


@dataclass(frozen=True)
class UnderSampling(Schedule):
    """As many samples of every class as the smallest has, at random; or part of the way there.

    strength: `a` in `[0, 1]`: a class of `n` keeps `ceil(n^(1-a) * n_min^a)`. 1 is balance; 0 keeps everything.
    redraw: whether each epoch draws anew. False: one draw for all epochs, so the rest is never seen.
    """

    strength: float = 1.0
    redraw: bool = False


@dataclass(frozen=True)
class ClassBalanced(Schedule):
    """`N / C` draws from every class, with replacement: a weighted random sampler, but with exact counts."""


@dataclass(frozen=True)
class ProgressivelyBalanced(Schedule):
    """`N` samples in every epoch, from the data's own class mix to balance; rare samples are repeated.

    epochs: epochs until the end of the way, at least 1.
    reversed: whether the way goes from balance to the data instead.

    Source. Kang et al. 2020.
    """

    epochs: int = 100
    reversed: bool = False


@dataclass(frozen=True)
class HardMajority(Schedule):
    """Everything at first; then of each class above the median size only the hardest samples.

    warm_up: epochs of all samples at first.
    keep: share of a large class that stays, above 0 and at most 1, but no fewer than the median.
    """

    warm_up: int = 10
    keep: float = 0.7


@dataclass(frozen=True)
class Trim(Schedule):
    """Leaves out the lowest scores of every class, a growing share: for labels that may be wrong.

    drop: share of each class that is left out in the end, at least 0 and below 1.
    ramp: epochs until then; 0: at once.
    """

    drop: float = 0.1
    ramp: int = 10


@dataclass(frozen=True)
class Uniform(Schedule):
    """Every sample in every epoch: plain shuffling, with a seed."""


@dataclass(frozen=True)
class Switch(Schedule):
    """`before` in the epochs below `at`, then `after`, which counts its epochs from 0.

    Deferred re-balancing (Cao et al. 2019) is `Switch(160, Uniform(), ClassBalanced())` of 200 epochs.
    """

    at: int
    before: Schedule
    after: Schedule
