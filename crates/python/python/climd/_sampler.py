"""The sampler: labels and scores in, index lists out."""

from __future__ import annotations

from typing import Any, Dict, Optional, Protocol, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from . import _climd
from ._labels import as_indices, as_scores, error, factor, whole
from ._targets import Targets, labels_for_engine
from .schedules import HasQuota, PowerLaw, Schedule


class Communicator(Protocol):
    """How processes talk: two collective operations on 32-bit words, which every process calls.

    With a third, `all_to_all(values, counts)`, a process receives its own part of a list alone: it sends `counts[r]` of the
    values to process `r`, and returns what all have sent to it, in their order. Without it the values of all are gathered.
    """

    rank: int
    world_size: int

    def all_reduce(self, values: NDArray[np.uint32], /) -> NDArray[np.uint32]:
        """The sums over all processes, modulo 2^32."""

    def all_gather(self, values: NDArray[np.uint32], /) -> NDArray[np.uint32]:
        """The values of all processes, one after the other by rank; each may have another number of them."""


class Sampler:
    """Makes the list of samples of every epoch, and takes scores.

    Epochs count from 0. The list of an epoch depends on four things alone: the labels, the configuration, the latest scores
    and the number of the epoch. No call advances a counter, so calls may come in any order. Many threads may use one sampler
    at the same time.

    labels: `[N]`, integers of any type. Numbers may be left out. If classes have names, or if -1 is a class, use
        `climd.encode`. For several labels a sample, sites, or a cap for each patient, use `climd.Targets`.
    schedule: one of climd's, or an object with `quota(epoch, counts)`. Default: `climd.PowerLaw()`, the paper's.
    seed: the seed of every random choice, from 0 to 2^64 - 1.
    first_measure: the first epoch that begins with a measurement. Epochs before it use a random ranking.
    measure_every: number of epochs from one measurement to the next. 0: measure only once.
    running_mean: the weight `f` of an observed score, above 0 and at most 1: `(1 - f) * old + f * new`, once an epoch. By
        default the new score counts alone.
    communicator: for one of many processes. Each measures its `part`, and together they make the lists of one process. Any
        object as `climd.Communicator` says; `climd.torch.TorchCommunicator` is one. The methods marked *together* then
        communicate: every process calls them, in the same order.
    exchange: "all_gather" gives every process all scores. With "histograms" a process has only its own.

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
        running_mean: float = 1.0,
        communicator: Optional[Communicator] = None,
        exchange: str = "all_gather",
    ) -> None:
        self.schedule: Union[Schedule, HasQuota] = PowerLaw() if schedule is None else schedule
        self.seed = whole("seed", seed, 64)
        self.first_measure = whole("first_measure", first_measure)
        self.measure_every = whole("measure_every", measure_every)
        self.running_mean = factor("running_mean", running_mean)
        self.targets: Optional[Targets] = labels if isinstance(labels, Targets) else None
        self._inner = _climd.Sampler(
            labels_for_engine(labels),
            for_engine(self.schedule),
            self.seed,
            self.first_measure,
            self.measure_every,
            self.running_mean,
            as_communicator(communicator),
            exchange,
        )
        self._communicator = communicator
        self._changes = 0  # how often the scores may have changed, or what was observed
        self._restored = 0  # the epoch of the state that was restored, which may lack the scores of epochs before it
        self._counts = dict(self._inner.classes())

    @property
    def class_counts(self) -> Dict[int, int]:
        """Samples of each class in the data set, by label, largest class first. With a cap: as many as an epoch can hold."""
        return dict(self._counts)

    @property
    def num_samples(self) -> int:
        """Number of samples in the data set."""
        return self._inner.num_samples()

    @property
    def part(self) -> range:
        """The samples that this process measures, whose scores `update` takes; all of them in one process."""
        return range(*self._inner.part())

    def epoch_len(self, epoch: int) -> int:
        """Number of samples of the epoch, known before training."""
        return self._inner.epoch_len(whole("epoch", epoch))

    def wants_scores(self, epoch: int) -> bool:
        """Whether the epoch should begin with a measurement. False after `update` has taken the scores of that epoch."""
        return self._inner.wants_scores(whole("epoch", epoch))

    def update(self, epoch: int, scores: Any) -> None:
        """Takes scores that were measured at the start of `epoch`: one for each sample of `part`, in the order of the labels;
        in one process `[N]`. Higher comes earlier. Together.

        After an error the sampler is unchanged.
        """
        self._changes += 1
        self._inner.update(whole("epoch", epoch), as_scores(scores))
        self._restored = 0  # all scores are there

    def may_need_scores(self, start: int) -> bool:
        """Whether scores change an epoch from `start` on, or may. If not, nothing needs to be observed any more."""
        return self._inner.may_need_scores(whole("start", start))

    def observe(self, epoch: int, indices: Any, scores: Any) -> None:
        """Notes scores of some samples that this process has just trained on, in the running epoch. They rank from the next
        epoch on, after `renew`. So no forward pass is needed for them.

        indices, scores: `[n]`, any samples of the data set. A sample that comes again in the same epoch has the later score.

        Errors. `climd.Error` for lengths that differ, a sample that is not there, a score that is NaN or infinite, an epoch that
        is over, or one before which `renew` was not called. The sampler is then unchanged.
        """
        self._changes += 1
        self._inner.observe(whole("epoch", epoch), as_indices(indices, self.num_samples), as_scores(scores))

    def renew(self, epoch: int) -> int:
        """Puts to use what was observed in epochs before `epoch`. Call it at the beginning of each epoch, also after a restore.
        Returns the number of samples that have a new score. Together: of processes that saw the same sample the first counts.
        """
        renewed = self._inner.renew(whole("epoch", epoch))
        self._changes += renewed > 0
        return renewed

    def _together(self, raised: Optional[_climd.Error]) -> None:
        """Raises what this process has to raise, or that another has something. Together, as they would wait for each other."""
        failed = None
        if self._communicator is not None:
            failed = self._communicator.all_gather(np.array([raised is not None], dtype=np.uint32))
        if raised is not None:
            raise raised
        if failed is not None and failed.any():
            rank = int(np.argmax(failed))
            other = _climd.CommunicationError(f"the call failed on rank {rank}, so it failed on all: look at the error of that rank")
            other.kind = "OtherRank"
            raise other

    def epoch(self, epoch: int) -> _climd.Epoch:
        """The list of the epoch, the whole of it in every process. It can be skipped and sharded. Takes O(N + C log C) steps.
        Together.
        """
        return self._inner.epoch(whole("epoch", epoch))

    def part_of_epoch(self, epoch: int, *, done: int = 0, remainder: str = "pad") -> _climd.Epoch:
        """This process's part of what is left of the epoch after `done` samples, counted over all processes: `epoch`, `skip` and
        `shard`, while no process makes the whole list. In one process all that is left. Together.

        The whole list is made and dealt only for picks that are not by score, a cap of groups, several labels a sample, lists of
        up to 16,384 samples, and, with `exchange="all_gather"`, more than one class to 1,000 samples.
        """
        return self._inner.part_of_epoch(whole("epoch", epoch), whole("done", done), remainder)

    def indices(self, epoch: int) -> NDArray[np.uint32]:
        """The epoch's sample indices in training order, read-only, without a copy. Together."""
        return self.epoch(epoch).indices

    def quotas(self, epoch: int) -> Dict[int, int]:
        """Samples of each class in the epoch, by label.

        If the schedule ignores classes in this epoch, this is an error: `report` counts them.
        """
        return dict(zip(self._counts, self._inner.quotas(whole("epoch", epoch))))

    def log_prior(self, epoch: int, num_classes: int) -> NDArray[np.float32]:
        """The logarithm of each class's share of the epoch, `[num_classes]`, for a loss that corrects for it."""
        return self.epoch(epoch).log_prior(whole("num_classes", num_classes))

    def label_counts(self, epoch: int) -> NDArray[np.int64]:
        """How often each label is in the epoch, `[L]`. Without `Targets` of several labels this is an error."""
        return self.epoch(epoch).label_counts()

    def log_odds(self, epoch: int) -> NDArray[np.float32]:
        """The log odds of each label in the epoch, `[L]`, for a loss that corrects for them. Errors: as in `label_counts`."""
        return self.epoch(epoch).log_odds()

    def report(self, epoch: int) -> Dict[str, Any]:
        """What the epoch holds, and why, for a log. Together.

        "samples", "distinct": length of the list, and number of different samples in it.
        "alpha", "progress": of the schedule; None if it has none.
        "measured_at": the epoch in which the scores were measured.
        "ages": None, or, if scores were observed since: the epoch of the "newest" score, the number of samples "renewed" in it,
            the epoch of the "oldest" score, samples that are "unseen", and samples whose new score is "waiting" for the next epoch.
        "classes": for each label "count" in the data, "quota" in the epoch, "target" share, "scores" (min, mean, max).
        "labels", with several labels a sample: for each column the samples that have the label in the data ("carried") and
            in the list ("realised"), the "quota" of those whose own label it is, and its share of the list ("prevalence")
            and of the data ("natural").
        "largest_group": with groups.
        "warnings": a list of sentences.
        """
        return self._inner.report(whole("epoch", epoch))

    def steps(
        self, epochs: Union[int, range], batch_size: int, *, drop_last: bool = False, merge_lone: bool = False
    ) -> int:
        """Number of gradient steps in these epochs, for a learning-rate schedule. It counts for one process.

        drop_last, merge_lone: as in `climd.torch.CurriculumBatchSampler`.
        """
        span = range(whole("epochs", epochs)) if not isinstance(epochs, range) else epochs
        if span.step != 1:
            raise error("Epochs", f"`epochs` is {span}, but must have step 1")
        last_batch = last_batch_of(drop_last, merge_lone)
        start, stop = whole("epochs", span.start), whole("epochs", max(span.start, span.stop))
        return self._inner.steps(start, stop, whole("batch_size", batch_size), last_batch)

    def state(self, epoch: int, done: int = 0) -> bytes:
        """Everything that a sampler needs to go on after `done` samples of `epoch`, counted over all processes, on any number
        of them. Together, unless nothing was observed and the exchange is "all_gather".

        The bytes are those of the Rust crate. So a training can stop in Python and go on in Rust, and the other way round.
        """
        return self._inner.state(whole("epoch", epoch), whole("done", done))

    def restore(self, state: bytes) -> Tuple[int, int]:
        """Takes the scores of a state in place of the sampler's own. Returns the state's `(epoch, done)`. Together.

        Errors. `climd.StateError` for a state that is damaged, or of other labels or another configuration. The sampler
        is then unchanged.
        """
        if not isinstance(state, (bytes, bytearray, memoryview)):
            raise error("Kind", f"`state` is a {type(state).__name__}, but must be bytes")
        self._changes += 1
        at = self._inner.restore(bytes(state))
        self._restored = at[0]
        return at

    def __reduce__(self) -> Tuple[Any, ...]:
        if self._communicator is not None:
            raise error("Pickle", "a sampler of many processes cannot be pickled: its `state` can")
        keywords: Dict[str, Any] = dict(seed=self.seed, first_measure=self.first_measure, measure_every=self.measure_every)
        keywords["running_mean"] = self.running_mean
        labels = self._inner.labels() if self.targets is None else self.targets
        return _rebuild, (type(self), labels, self.schedule, keywords, self._inner.state(self._restored, 0))

    def __repr__(self) -> str:
        schedule = repr(self.schedule) if isinstance(self.schedule, Schedule) else self._inner.describe()
        return f"{type(self).__name__}({schedule}, seed={self.seed}, samples={self.num_samples}, classes={len(self._counts)})"


def _rebuild(cls: Any, labels: Any, schedule: Any, keywords: Dict[str, Any], state: bytes) -> Any:
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
    if getattr(type(schedule), "__repr__") is object.__repr__:  # it has an address, which differs in the next process
        parts = ", ".join(f"{name}={value!r}" for name, value in sorted(vars(schedule).items()))
        described = f"{type(schedule).__qualname__}({parts})"
    return schedule, described, getattr(schedule, "pick", "highest")


def last_batch_of(drop_last: bool, merge_lone: bool) -> str:
    """The engine's name for what happens to the last samples of an epoch."""
    if drop_last and merge_lone:
        raise error("LastBatch", "`drop_last` and `merge_lone` are both True, but the last samples are left out or kept")
    return "drop" if drop_last else "merge_lone" if merge_lone else "keep"
