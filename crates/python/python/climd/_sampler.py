"""The engine in Python's clothes."""

from __future__ import annotations

from typing import Any, Dict, Optional, Protocol, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from . import _climd
from ._labels import as_scores, error, whole
from ._targets import Targets, labels_for_engine
from .schedules import HasQuota, PowerLaw, Schedule


class Communicator(Protocol):
    """How processes talk: two collective operations on 32-bit words, which every process calls."""

    rank: int
    world_size: int

    def all_reduce(self, values: NDArray[np.uint32], /) -> NDArray[np.uint32]:
        """The sums over all processes, modulo 2^32."""

    def all_gather(self, values: NDArray[np.uint32], /) -> NDArray[np.uint32]:
        """The values of all processes, one after the other by rank; each may have another number of them."""


class Sampler:
    """What a training loop holds: index lists out, scores in.

    Epochs count from 0. What an epoch holds depends on the labels, the configuration, the latest scores and the number of
    the epoch alone: no call advances a counter, and calls may come in any order. May be used by many threads at once.

    labels: `[N]`, integers of any type, with gaps if need be. Names, and -1 as a class: `climd.encode`. Several labels a
        sample, sites or a cap for each patient: `climd.Targets`.
    schedule: one of climd's, or an object with `quota(epoch, counts)`. Default: the paper's.
    seed: of every random choice, from 0 to 2^64 - 1.
    first_measure: the first epoch that begins with a measurement; before it a random ranking stands in.
    measure_every: epochs from one measurement to the next; 0: only once.
    communicator: of one of many processes, which each measure their `part` and together make the lists of one: an object as
        of `climd.Communicator` (`climd.torch.TorchCommunicator` is one). Methods marked *together* then talk: every process
        calls them, in the same order.
    exchange: "all_gather" gives every process all scores, "histograms" none more than its own.

    Errors. `climd.Error` for labels or values that cannot be used; `climd.CommunicationError` for processes that differ or
    are gone.
    """

    def __init__(
        self,
        labels: Any,
        schedule: Optional[Union[Schedule, HasQuota]] = None,
        *,
        seed: int = 0,
        first_measure: int = 1,
        measure_every: int = 1,
        communicator: Optional[Communicator] = None,
        exchange: str = "all_gather",
    ) -> None:
        self.schedule: Union[Schedule, HasQuota] = PowerLaw() if schedule is None else schedule
        self.seed = whole("seed", seed, 64)
        self.first_measure = whole("first_measure", first_measure)
        self.measure_every = whole("measure_every", measure_every)
        self.targets: Optional[Targets] = labels if isinstance(labels, Targets) else None
        self._inner = _climd.Sampler(
            labels_for_engine(labels),
            for_engine(self.schedule),
            self.seed,
            self.first_measure,
            self.measure_every,
            as_communicator(communicator),
            exchange,
        )
        self._together = communicator is not None
        self._counts = dict(self._inner.classes())

    @property
    def class_counts(self) -> Dict[int, int]:
        """Samples of each class in the data set, by label, largest class first; under a cap, as many as an epoch can hold."""
        return dict(self._counts)

    @property
    def num_samples(self) -> int:
        """Samples of the data set."""
        return self._inner.num_samples()

    @property
    def part(self) -> range:
        """The samples that this process measures, whose scores `update` takes; all of them in one process."""
        return range(*self._inner.part())

    def epoch_len(self, epoch: int) -> int:
        """Number of samples of the epoch, known before training."""
        return self._inner.epoch_len(whole("epoch", epoch))

    def wants_scores(self, epoch: int) -> bool:
        """Whether the epoch should begin with a measurement: False once the scores of that epoch are in."""
        return self._inner.wants_scores(whole("epoch", epoch))

    def update(self, epoch: int, scores: Any) -> None:
        """Takes scores measured at the beginning of `epoch`, one for each sample of `part`, in the order of the labels, `[N]`
        in one process; higher comes earlier. Together.

        After an error the sampler is unchanged.
        """
        self._inner.update(whole("epoch", epoch), as_scores(scores))

    def epoch(self, epoch: int) -> _climd.Epoch:
        """The epoch's list, to skip, shard and look at: the whole list, in every process. O(N + C log C). Together."""
        return self._inner.epoch(whole("epoch", epoch))

    def indices(self, epoch: int) -> NDArray[np.uint32]:
        """The epoch's sample indices in training order, read-only, without a copy. Together."""
        return self.epoch(epoch).indices

    def quotas(self, epoch: int) -> Dict[int, int]:
        """Samples of each class in the epoch, by label. An error if the schedule ignores classes there: see `report`."""
        return dict(zip(self._counts, self._inner.quotas(whole("epoch", epoch))))

    def log_prior(self, epoch: int, num_classes: int) -> NDArray[np.float32]:
        """The logarithm of each class's share of the epoch, `[num_classes]`, for a loss that corrects for it."""
        return self.epoch(epoch).log_prior(whole("num_classes", num_classes))

    def label_counts(self, epoch: int) -> NDArray[np.int64]:
        """How often the epoch has each label, `[L]`. An error without `Targets` of several labels."""
        return self.epoch(epoch).label_counts()

    def log_odds(self, epoch: int) -> NDArray[np.float32]:
        """The log odds of each label in the epoch, `[L]`, for a sigmoid loss that corrects for them. An error as above."""
        return self.epoch(epoch).log_odds()

    def report(self, epoch: int) -> Dict[str, Any]:
        """What the epoch holds and why, to be logged. Together.

        "samples" and "distinct" samples of the list; "alpha" and "progress" of the schedule, None where it has none;
        "measured_at", the epoch of the scores in use; "classes", by label: "count" in the data, "quota" in the epoch,
        "target" share, "scores" (min, mean, max); "labels", by column, of targets with several: samples that have it in
        the data ("carried") and in the list ("realised"), "quota" of those whose own label it is, share of the list
        ("prevalence") and of the data ("natural"); "largest_group" of targets with groups; "warnings", as sentences.
        """
        return self._inner.report(whole("epoch", epoch))

    def steps(
        self, epochs: Union[int, range], batch_size: int, *, drop_last: bool = False, merge_lone: bool = False
    ) -> int:
        """Gradient steps that these epochs take in one process, for a learning-rate schedule.

        drop_last, merge_lone: as of `climd.torch.CurriculumBatchSampler`.
        """
        span = range(whole("epochs", epochs)) if not isinstance(epochs, range) else epochs
        if span.step != 1:
            raise error("Epochs", f"`epochs` is {span}, but must have step 1")
        last_batch = last_batch_of(drop_last, merge_lone)
        start, stop = whole("epochs", span.start), whole("epochs", max(span.start, span.stop))
        return self._inner.steps(start, stop, whole("batch_size", batch_size), last_batch)

    def state(self, epoch: int, done: int = 0) -> bytes:
        """All that is needed to go on from `done` samples of `epoch`, counted over all processes, on any number of them.
        Together.

        The bytes are those of the Rust crate: either goes on where the other stopped.
        """
        return self._inner.state(whole("epoch", epoch), whole("done", done))

    def restore(self, state: bytes) -> Tuple[int, int]:
        """Takes a state's scores and returns its `(epoch, done)`; what the sampler had is dropped. Together.

        Errors. `climd.StateError` for a state that is damaged, or of other labels or another configuration; the sampler
        is then unchanged.
        """
        if not isinstance(state, (bytes, bytearray, memoryview)):
            raise error("Kind", f"`state` is a {type(state).__name__}, but must be bytes")
        return self._inner.restore(bytes(state))

    def __reduce__(self) -> Tuple[Any, ...]:
        if self._together:
            raise error("Pickle", "a sampler of many processes cannot be pickled: its `state` can")
        keywords = dict(seed=self.seed, first_measure=self.first_measure, measure_every=self.measure_every)
        labels = self._inner.labels() if self.targets is None else self.targets
        return _rebuild, (type(self), labels, self.schedule, keywords, self._inner.state(0, 0))

    def __repr__(self) -> str:
        schedule = repr(self.schedule) if isinstance(self.schedule, Schedule) else self._inner.describe()
        return f"{type(self).__name__}({schedule}, seed={self.seed}, samples={self.num_samples}, classes={len(self._counts)})"


def _rebuild(cls: Any, labels: Any, schedule: Any, keywords: Dict[str, int], state: bytes) -> Any:
    sampler = cls(labels, schedule, **keywords)
    sampler.restore(state)
    return sampler


def as_communicator(communicator: Any) -> Any:
    lacks = [name for name in ("rank", "world_size", "all_reduce", "all_gather") if not hasattr(communicator, name)]
    if communicator is not None and lacks:
        raise error("Communicator", f"`communicator` is a {type(communicator).__name__}, which has no {', '.join(lacks)}")
    return communicator


def for_engine(schedule: Any) -> Any:
    """A schedule as the extension takes it."""
    if isinstance(schedule, Schedule):
        return schedule._json()
    if not callable(getattr(schedule, "quota", None)):
        hint = "an instance, such as `climd.PowerLaw(epochs=30)`, or an object with `quota(epoch, counts)`"
        raise error("Schedule", f"`schedule` is {schedule!r}, but must be {hint}")
    described = repr(schedule)
    if getattr(type(schedule), "__repr__") is object.__repr__:  # it has an address in it, which differs in the next process
        parts = ", ".join(f"{name}={value!r}" for name, value in sorted(vars(schedule).items()))
        described = f"{type(schedule).__qualname__}({parts})"
    return schedule, described, getattr(schedule, "pick", "highest")


def last_batch_of(drop_last: bool, merge_lone: bool) -> str:
    """The engine's name for what happens to the last samples of an epoch."""
    if drop_last and merge_lone:
        raise error("LastBatch", "`drop_last` and `merge_lone` are both True, but the last samples are left out or kept")
    return "drop" if drop_last else "merge_lone" if merge_lone else "keep"
