"""Samplers for a DataLoader.

Three rules prevent bugs that other samplers had:

* `iter` has no effect. A DataLoader calls it twice, and frameworks call it before `set_epoch`.
* The list is made at the first `next`.
* A position counts samples over all ranks, from the start of the epoch.

What training steps observe stays on the device until the list of the next epoch is made, or a state is taken.
"""

from __future__ import annotations

import itertools
import operator
import warnings
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch.utils.data import BatchSampler, get_worker_info
from torch.utils.data.distributed import DistributedSampler

from . import CurriculumWarning, _climd
from ._labels import error, whole
from ._sampler import Sampler, last_batch_of
from ._torch_communicator import TorchCommunicator
from ._torch_measurer import Measurer, Steps
from .schedules import HasQuota, Schedule

_CHUNK = 1 << 16  # indices that are Python's integers at one time

State = Dict[str, Any]


class CurriculumSampler(DistributedSampler):  # type: ignore[type-arg]
    """A sampler for a DataLoader whose epochs follow a curriculum.

    It is a DistributedSampler. So frameworks know that it deals the samples to the ranks, and do not replace it. If a
    framework deals batches to the ranks itself (Accelerate, Hugging Face's Trainer), give `num_replicas=1, rank=0`.

    labels, schedule, seed, first_measure, measure_every, running_mean: as in `climd.Sampler`.
    measurer: scores what `observe` is given, by its terms and its mask. Default: `Measurer(labels)`.
    num_replicas, rank: default: those of torch.distributed, if it is initialised. Then every rank measures its `part` of
        the samples, and the ranks agree through `process_group`.
    exchange: "all_gather" gives all scores to every rank. With "histograms" a rank has its own scores alone.
    remainder: "pad" repeats samples so that all ranks have the same number; "drop" leaves out the last samples.
    stratified: whether each class is spread evenly over the ranks. A resume then needs the same number of ranks.
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
        measurer: Optional[Measurer] = None,
        num_replicas: Optional[int] = None,
        rank: Optional[int] = None,
        remainder: str = "pad",
        stratified: bool = False,
        process_group: Optional[Any] = None,
        exchange: str = "all_gather",
    ) -> None:
        talks = num_replicas is None and rank is None and dist.is_available() and dist.is_initialized()
        if talks:
            num_replicas, rank = dist.get_world_size(process_group), dist.get_rank(process_group)
        self.num_replicas = 1 if num_replicas is None else whole("num_replicas", num_replicas)
        self.rank = 0 if rank is None else whole("rank", rank)
        if not self.rank < self.num_replicas:
            raise error("Rank", f"`rank` is {self.rank}, but must be below `num_replicas`, which is {self.num_replicas}")
        if remainder not in ("pad", "drop"):
            raise error("Remainder", f'`remainder` is {remainder!r}, but must be "pad" or "drop"')
        self.remainder, self.stratified = remainder, stratified
        self.engine = Sampler(
            labels,
            schedule,
            seed=seed,
            first_measure=first_measure,
            measure_every=measure_every,
            running_mean=running_mean,
            communicator=TorchCommunicator(process_group) if talks and self.num_replicas > 1 else None,
            exchange=exchange,
        )
        self.seed, self.shuffle, self.drop_last = self.engine.seed, True, remainder == "drop"  # as of the base class
        self.dataset = range(self.engine.num_samples)  # type: ignore[assignment]
        self.epoch = 0
        self._resume = 0  # samples of the epoch that are done, over all ranks, when the next iteration begins
        self._list: Optional[Tuple[int, _climd.Epoch]] = None
        self._part: Optional[Tuple[Tuple[int, int], _climd.Epoch]] = None  # by epoch and the samples that were done
        self._walked: Optional[Tuple[int, Any]] = None  # end of the chunk in this rank's part, what is left of the chunk
        self._finished: Optional[int] = None
        self._state: Optional[Tuple[Tuple[int, int], bytes]] = None  # by epoch and number of changes
        self._expected: Optional[State] = None  # a state that a loader will hand over once more
        self._unused_scores = False  # scores that no list was made with yet
        if measurer is not None and measurer.num_samples != self.engine.num_samples:
            text = f"`measurer` is of {measurer.num_samples} samples, but `labels` has {self.engine.num_samples}"
            raise error("Length", f"{text}: give it the labels of the same data set")
        self._labels, self._measurer = labels, measurer
        self._steps: Optional[Steps] = None  # what was observed, and the engine does not have yet
        self._unobserved = 0  # samples of the epoch, over all ranks, that a state has as done and not as observed
        self._trained = 0  # samples of this rank that were observed, or were done when the iteration began
        self._observes = False
        self._reads_ahead: Optional[str] = None  # who makes lists before the epoch before is trained on

    def __getstate__(self) -> Dict[str, Any]:
        """A copy makes its own lists, and stands where this one does."""
        walked = None if self._walked is None else (self._asked(), ())
        return {**self.__dict__, "_list": None, "_part": None, "_walked": walked, "_state": None}

    # ------------------------------------------------------------------ epochs
    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next iteration. Call it before each.

        A position that was loaded is kept if it is in this epoch.
        """
        epoch = whole("epoch", epoch)
        if epoch != self.epoch:
            self.epoch, self._resume, self._walked, self._finished, self._unobserved = epoch, 0, None, None, 0

    def epoch_list(self) -> _climd.Epoch:
        """The whole epoch, over all ranks. With several ranks every rank must call it."""
        if self._list is None or self._list[0] != self.epoch:
            self._renew()
            self._forget()  # so that the new list takes the memory of the old one
            self._list = (self.epoch, self.engine.epoch(self.epoch))
        return self._list[1]

    def _from_whole(self) -> bool:
        """Whether a part is taken from the whole list: every rank has it, or ranks do not talk, or are to have equal classes."""
        listed = self._list is not None and self._list[0] == self.epoch
        return listed or self.stratified or self.engine._communicator is None

    def _forget(self) -> None:
        """Drops the lists that were made."""
        self._list = self._part = None

    def local_epoch(self) -> _climd.Epoch:
        """This rank's part of what is left of the epoch. Ranks that talk make it without the whole list. Together."""
        done, at = self._resume, (self.epoch, self._resume)
        if self._from_whole():
            whole_list = self.epoch_list()
            if self.num_replicas == 1:
                return whole_list.skip(done) if done else whole_list
            if self.stratified:  # dealt first, skipped then
                return whole_list.shard(self.rank, self.num_replicas, remainder=self.remainder, stratified=True).skip(done)
            return whole_list.skip(done).shard(self.rank, self.num_replicas, remainder=self.remainder)
        if self._part is None or self._part[0] != at:
            self._renew()
            self._forget()
            self._part = (at, self.engine.part_of_epoch(self.epoch, done=done, remainder=self.remainder))
        return self._part[1]

    def _any_list(self) -> _climd.Epoch:
        """The list of the epoch or this rank's part of it, for what is the same of both."""
        if self._from_whole():
            return self.epoch_list()
        if self._part is not None and self._part[0][0] == self.epoch:
            return self._part[1]
        return self.local_epoch()

    def __len__(self) -> int:
        """Number of samples of this rank in the whole epoch."""
        return self._len_of(self.epoch)

    def _len_of(self, epoch: int) -> int:
        samples = self.engine.epoch_len(epoch)
        return samples // self.num_replicas if self.remainder == "drop" else -(-samples // self.num_replicas)

    @property
    def num_samples(self) -> int:  # type: ignore[override]
        """The same as `len`, as in DistributedSampler."""
        return len(self)

    @property
    def total_size(self) -> int:  # type: ignore[override]
        """`len` times the number of ranks, as in DistributedSampler."""
        return len(self) * self.num_replicas

    def _begin(self) -> Tuple[NDArray[np.uint32], int]:
        """This rank's indices, and how many it had before them."""
        if self._finished == self.epoch and not self._resume:
            text = f"epoch {self.epoch} begins again with the same samples: call `set_epoch` before each epoch"
            warnings.warn(text, CurriculumWarning, stacklevel=4)
        part, before = self.local_epoch().indices, self._resume // self.num_replicas
        self._resume, self._unused_scores, self._trained = 0, False, before
        return part, before

    def __iter__(self) -> Iterator[int]:
        return itertools.chain.from_iterable(self._chunks())  # no Python code between two indices

    def _chunks(self) -> Iterator[Iterator[int]]:
        part, before = self._begin()  # not before the first `next`
        for start in range(0, len(part), _CHUNK):
            chunk = part[start : start + _CHUNK].tolist()
            left = iter(chunk)
            self._walked = (before + start + len(chunk), left)
            yield left
        self._finished = self.epoch

    @property
    def position(self) -> int:
        """Samples of the epoch that were asked for, over all ranks. A loader with workers asks ahead of the training."""
        if self._walked is None:
            return self._resume
        return min(self._asked() * self.num_replicas, self.engine.epoch_len(self.epoch))

    def _asked(self) -> int:
        """Samples of this rank that were asked for."""
        end, left = self._walked or (0, ())
        return end - operator.length_hint(left)

    # ------------------------------------------------------------------ scores
    @property
    def part(self) -> range:
        """The samples that this rank measures."""
        return self.engine.part

    @property
    def wants_scores(self) -> bool:
        """Whether the epoch should begin with a measurement."""
        return self.engine.wants_scores(self.epoch)

    def update(self, scores: Any) -> None:
        """Takes the scores of `part`, measured at the start of the epoch. Higher comes earlier. Every rank must call it."""
        if self.position > 0 and self._finished != self.epoch:
            text = (
                f"the scores come after {self.position} samples of epoch {self.epoch} were dealt, and count from the next "
                "epoch on: measure before the loader is iterated"
            )
            warnings.warn(text, CurriculumWarning, stacklevel=2)
        self._renew()
        self.engine.update(self.epoch, scores)
        self._forget()
        self._unused_scores = True

    def observe(
        self, indices: Any, logits: Sequence[torch.Tensor] = (), embeddings: Sequence[torch.Tensor] = ()
    ) -> None:
        """Scores the samples of a training batch from the outputs that its step has computed. They rank from the next epoch on.

        No forward pass is needed, no gradient is kept, and nothing waits for the device. Call it in the step, before or after
        `backward`, on every rank. The samples that no step observes keep their scores. If no later epoch needs scores, it does
        nothing. Outputs in training mode are noisier than in evaluation mode: see `running_mean`.

        indices: `[n]`, the positions of the batch's samples in the data set. `logits`, `embeddings`: one tensor for each modality,
            `[n, C]` and `[n, D]`, on any device.

        Errors. `climd.Error` for shapes, labels or indices that do not fit, in a worker of a DataLoader, on ranks that do not
        talk to each other, and under `AllEpochs`. A value that is NaN or infinite is an error of the next list, `update`,
        `report` or `state_dict`, which names the sample; what was observed since the last of these is then dropped.
        """
        steps = self._steps
        if steps is None or steps.epoch != self.epoch:
            steps = self._begin_steps()
        if steps.idle:
            return
        if self._measurer is None:
            self._measurer = Measurer(self._labels)
        at, scores = self._measurer._measure(indices, logits, embeddings)
        if self._unobserved >= len(scores) * self.num_replicas and self._unobserved:
            text = (
                f"the state that was loaded lacks what {self._unobserved} samples of epoch {self.epoch} were observed with, as a "
                "loader took it ahead of the training: save `climd.torch.state_dict(loader)`, or `sampler.state_dict(done=...)`"
            )
            warnings.warn(text, CurriculumWarning, stacklevel=2)
        self._unobserved = 0
        steps.add(at, scores)
        self._trained += len(scores)

    def _begin_steps(self) -> Steps:
        """Checks that steps of this epoch can be observed here."""
        if get_worker_info() is not None:
            text = "`observe` is called in a worker of a DataLoader, whose copy of the sampler nobody asks: call it in the training step"
            raise error("Worker", text)
        if self._reads_ahead is not None:
            text = f"`observe` under {self._reads_ahead}, which makes lists before the epoch before is trained on"
            raise error("ReadsAhead", f"{text}: measure less often (`measure_every`), or train in a loop that calls `set_epoch`")
        ranks = dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
        ranks = max(ranks, self.num_replicas)
        if ranks > 1 and self.engine._communicator is None:
            text = f"`observe` on one of {ranks} ranks that do not talk to each other, as `num_replicas` and `rank` were given"
            hint = "leave them out, or gather what all ranks observed (`Measurer.finish_observed`), and give all of it to"
            raise error("RanksApart", f"{text}: {hint} `sampler.engine.observe(sampler.epoch, indices, scores)` on every rank")
        if self._steps:
            text = f"`epoch` is {self.epoch}, but what was observed in epoch {self._steps.epoch} is not in use yet"
            raise error("NotRenewed", f"{text}: iterate the loader, or call `epoch_list`, after `set_epoch`")
        idle = not self.engine.may_need_scores(self.epoch + 1)
        if not idle:
            self.engine.observe(self.epoch, [], [])  # or it would be refused at the end of the epoch
            self._observes = True
        self._steps = Steps(self.epoch, idle)
        return self._steps

    def _hand_over(self) -> Optional[_climd.Error]:
        """Gives the engine what was observed. Returns the error, if there is one; it is dropped then."""
        try:
            if self._steps:
                self.engine.observe(self._steps.epoch, *self._steps.finish())
        except _climd.Error as raised:
            return raised
        return None

    def _renew(self) -> None:
        """Puts to use what was observed in epochs before this one. Together."""
        self.engine._together(self._hand_over())
        self._observes = self.engine.renew(self.epoch) > 0 or self._observes

    def quotas(self) -> Dict[int, int]:
        """Samples of each class in the epoch, by label."""
        return self.engine.quotas(self.epoch)

    def log_prior(self, num_classes: int, device: Any = None) -> torch.Tensor:
        """The logarithm of each class's share of the whole epoch, `[num_classes]`, for `prior_corrected_cross_entropy`."""
        return torch.from_numpy(self._any_list().log_prior(num_classes)).to(device)

    def label_counts(self) -> NDArray[np.int64]:
        """How often each label is in the whole epoch, `[L]`, for `Targets` with several labels a sample."""
        return self._any_list().label_counts()

    def log_odds(self, device: Any = None) -> torch.Tensor:
        """The log odds of each label in the whole epoch, `[L]`, for `prior_corrected_binary_cross_entropy`."""
        return torch.from_numpy(self._any_list().log_odds()).to(device)

    def report(self) -> Dict[str, Any]:
        """What the epoch holds over all ranks, and why, as in `climd.Sampler.report`. Together: every rank must call it."""
        self._renew()
        return self.engine.report(self.epoch)

    def total_steps(self, epochs: int, batch_size: int, drop_last: bool = False, *, merge_lone: bool = False) -> int:
        """Number of gradient steps of this rank in the epochs below `epochs`, for a learning-rate schedule.

        drop_last, merge_lone: those of the loader or of the `CurriculumBatchSampler`.
        """
        last_batch_of(drop_last, merge_lone)
        lengths = [self._len_of(epoch) for epoch in range(whole("epochs", epochs))]
        return sum(num_batches(n, check_batch_size(batch_size), drop_last, merge_lone) for n in lengths)

    # ------------------------------------------------------------------ state
    def state_dict(self, *, done: Optional[int] = None) -> State:
        """Everything that is needed to go on from here, on any number of ranks.

        You can call it at every step: the engine's state is made only once for each measurement, or, with `observe`, for each call,
        which then waits for the device. With `exchange="histograms"` or with `observe` every rank must call it.

        done: samples of the epoch that were trained on, over all ranks. Give it if a plain DataLoader has workers, as these
            ask for samples ahead of time. A StatefulDataLoader counts by itself; with `observe` take its state by
            `climd.torch.state_dict(loader)`.
        """
        # A loader with workers asks at every step, ahead of the training. What is observed is then not complete, and is left.
        largest = self._steps.largest if self._steps is not None else 1
        ahead = done is None and self._asked() - self._trained >= max(largest, 1)
        if self._observes and not ahead:
            self.engine._together(self._hand_over())
        key = (self.epoch, self.engine._changes)
        if self._state is None or self._state[0] != key:
            self._state = (key, self.engine.state(self.epoch, 0))
        position = self.position if done is None else whole("done", done)
        observed = self._trained * self.num_replicas if ahead else position
        return {"epoch": self.epoch, "done": position, "engine": self._state[1], "observed": observed}

    def load_state_dict(self, state: State) -> None:
        """Goes on from a `state_dict`. With a StatefulDataLoader use `climd.torch.load_state_dict`."""
        try:
            epoch, done, engine = int(state["epoch"]), int(state["done"]), state["engine"]
        except (KeyError, TypeError, ValueError):
            raise _state_error("`state` is no `state_dict` of a CurriculumSampler") from None
        if self._expected == state:
            self._expected = None  # the engine has it already, and maybe newer scores since
        else:
            if self._unused_scores:
                text = (
                    f"the scores of epoch {self.epoch} are dropped, as a loader hands over its state only now: load it with "
                    "`climd.torch.load_state_dict(loader, state)`"
                )
                warnings.warn(text, CurriculumWarning, stacklevel=2)
            self.engine.restore(engine)
            self._unused_scores = False
        self._forget()
        self._walked = self._finished = self._steps = None
        self.epoch, self._resume = epoch, done
        self._unobserved = done - int(state.get("observed", done))
        left = self.engine.epoch_len(self.epoch) - done
        dropped = self.remainder == "drop" and left < self.num_replicas  # too few for all ranks
        if left <= 0 or (dropped and done > 0):  # taken after the last sample: the next epoch
            self.epoch, self._resume = self.epoch + 1, 0

    def __repr__(self) -> str:
        ranks = f", rank={self.rank} of {self.num_replicas}" if self.num_replicas > 1 else ""
        return f"CurriculumSampler({self.engine!r}, epoch={self.epoch}{ranks})"


class CurriculumBatchSampler(BatchSampler):
    """Whole batches of a CurriculumSampler, for `DataLoader(data, batch_sampler=...)`.

    drop_last: whether to leave out the samples that do not fill the last batch.
    merge_lone: whether a single last sample joins the batch before it. Some layers, such as batch normalisation, cannot
        train on a batch of 1. An epoch of one sample is still a batch of 1. Default: False, as in a DataLoader. The Rust
        crate merges by default.
    arrays: whether batches are arrays of int64, for a data set with `__getitems__`. Default: lists.
    """

    sampler: CurriculumSampler

    def __init__(
        self,
        sampler: CurriculumSampler,
        batch_size: int,
        drop_last: bool = False,
        *,
        merge_lone: bool = False,
        arrays: bool = False,
    ) -> None:
        if not isinstance(sampler, CurriculumSampler):
            raise TypeError(
                f"`sampler` is a {type(sampler).__name__}, but must be a CurriculumSampler: something has put another in its "
                "place; under Lightning set `Trainer(use_distributed_sampler=False)`"
            )
        last_batch_of(drop_last, merge_lone)
        super().__init__(sampler, check_batch_size(batch_size), drop_last)
        self.merge_lone, self.arrays = merge_lone, arrays

    def set_epoch(self, epoch: int) -> None:
        """That of the sampler. Some frameworks look for it here."""
        self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        return num_batches(len(self.sampler), self.batch_size, self.drop_last, self.merge_lone)

    def __iter__(self) -> Iterator[Any]:
        sampler = self.sampler
        part, before = sampler._begin()
        size, count = self.batch_size, num_batches(len(part), self.batch_size, self.drop_last, self.merge_lone)
        some = max(1, _CHUNK // size)  # batches that are converted at one time, as long as they are in the processor's cache
        for first in range(0, count, some):
            start, last = first * size, first + some >= count and not self.drop_last
            chunk: NDArray[Any] = part[start : len(part) if last else start + some * size]
            chunk = chunk.astype(np.int64) if self.arrays else chunk
            for number in range(first, min(first + some, count)):
                end = len(part) if last and number + 1 == count else (number + 1) * size
                batch = chunk[number * size - start : end - start]
                sampler._walked = (before + end, ())
                yield batch if self.arrays else batch.tolist()
        sampler._walked = (before + len(part), ())
        sampler._finished = sampler.epoch

    def state_dict(self) -> State:
        """That of the sampler."""
        return self.sampler.state_dict()

    def load_state_dict(self, state: State) -> None:
        """That of the sampler."""
        self.sampler.load_state_dict(state)


def num_batches(samples: int, batch_size: int, drop_last: bool, merge_lone: bool) -> int:
    """The number of batches that the crate's `LastBatch` makes."""
    if drop_last:
        return samples // batch_size
    merged = merge_lone and samples > batch_size and samples % batch_size == 1
    return -(-samples // batch_size) - int(merged)


def check_batch_size(batch_size: int) -> int:
    if whole("batch_size", batch_size) == 0:
        raise error("BatchSize", "`batch_size` is 0, but a batch has at least 1 sample")
    return int(batch_size)


def sampler_of(loader: Any) -> CurriculumSampler:
    """The CurriculumSampler that a loader uses, also if a framework has wrapped the loader.

    Errors. `climd.Error` that says what is in its place, or that the samples would be dealt to the ranks twice.
    """
    seen, below, dealt = loader, [loader], False
    for _ in range(12):
        for name in ("batch_sampler", "sampler", "base_dataloader", "dataloader"):
            inner = getattr(seen, name, None)
            if inner is None or any(inner is other for other in below):
                continue
            dealt = dealt or type(inner).__name__ == "BatchSamplerShard"
            seen = inner
            below.append(inner)
            break
        if isinstance(seen, CurriculumSampler):
            if dealt and seen.num_replicas > 1:
                text = "the framework deals batches to the ranks, and the sampler samples: give it `num_replicas=1, rank=0`"
                raise error("DealtTwice", text)
            return seen
    names = " > ".join(type(part).__name__ for part in below)
    raise error(
        "SamplerReplaced",
        f"the loader has no CurriculumSampler ({names}): something has put another in its place; give it as `sampler=` or "
        "in a CurriculumBatchSampler, and under Lightning set `Trainer(use_distributed_sampler=False)` for the latter",
    )


def state_dict(loader: Any) -> State:
    """The state of a StatefulDataLoader, with what its CurriculumSampler has observed up to now.

    By itself a loader with workers asks for the sampler's state ahead of the training. Together with several ranks.
    """
    sampler = sampler_of(loader)
    state = loader.state_dict()
    if _find(state) is None:
        raise _state_error("the loader's `state_dict` holds none of its CurriculumSampler: save `sampler.state_dict(done=...)`")
    whole: State = _with_engine(state, sampler.state_dict(done=0)["engine"])
    return whole


def load_state_dict(loader: Any, state: State) -> None:
    """Loads a StatefulDataLoader's state into it and, at once, into its CurriculumSampler.

    By itself the loader hands the state on at its next iteration, which is too late to know for which epoch to measure.
    """
    sampler = sampler_of(loader)
    found = _find(state)
    if found is None:
        raise _state_error("`state` holds no `state_dict` of a CurriculumSampler: was it taken from this loader?")
    sampler.load_state_dict(found)
    sampler._expected = found
    loader.load_state_dict(state)


def _with_engine(state: Any, engine: bytes) -> Any:
    """The same state, in which the sampler's own has these bytes."""
    if not isinstance(state, dict):
        return state
    if {"epoch", "done", "engine"} <= set(state):
        return {**state, "engine": engine, "observed": state["done"]}
    return {name: _with_engine(value, engine) for name, value in state.items()}


def _find(state: Any) -> Optional[State]:
    if isinstance(state, dict):
        if {"epoch", "done", "engine"} <= set(state):
            return state
        return next((found for value in state.values() if (found := _find(value)) is not None), None)
    return None


def _state_error(text: str) -> _climd.StateError:
    raised = _climd.StateError(text)
    raised.kind = "StateFormat"
    return raised
