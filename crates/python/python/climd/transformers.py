"""For Hugging Face's Trainer: all epochs as one.

The Trainer takes the length of the first epoch for all, without a warning. A curriculum would end too early. `AllEpochs` is
a sampler whose one pass is the whole training:

    class CurriculumTrainer(transformers.Trainer):
        def _get_train_sampler(self, *arguments):
            return AllEpochs(sampler, 45, measure)

    TrainingArguments(num_train_epochs=1, ...)

It needs only torch. A batch may hold the end of one epoch and the start of the next. The loader reads ahead. So the scores of
an epoch are measured a few batches before the epoch before it ends: 1 without workers, and 2 more for each worker.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from torch.utils.data import Sampler

from ._labels import error, whole
from ._torch_sampler import CurriculumSampler, _state_error


class AllEpochs(Sampler):  # type: ignore[type-arg]
    """The epochs of a CurriculumSampler one after the other, as one epoch of a framework.

    sampler: a sampler with `num_replicas=1, rank=0`, as the framework deals the batches to the ranks.
    epochs: number of epochs.
    measure: a function without arguments. It is called when scores are needed, and returns the scores of all samples.
    """

    def __init__(self, sampler: CurriculumSampler, epochs: int, measure: Optional[Callable[[], Any]] = None) -> None:
        if not isinstance(sampler, CurriculumSampler):
            raise error("SamplerReplaced", f"`sampler` is a {type(sampler).__name__}, but must be a CurriculumSampler")
        if sampler.num_replicas > 1:
            text = "the framework deals batches to the ranks, and the sampler samples: give it `num_replicas=1, rank=0`"
            raise error("DealtTwice", text)
        self.sampler, self.epochs, self.measure = sampler, whole("epochs", epochs), measure
        self._states: List[Tuple[int, bytes]] = []  # of the two latest epochs: a loader that reads ahead may be in either

    def __len__(self) -> int:
        return sum(self.sampler.engine.epoch_len(epoch) for epoch in range(self.epochs))

    def __iter__(self) -> Iterator[int]:
        sampler, known = self.sampler, dict(self._states)
        sampler._reads_ahead = "AllEpochs"
        first = min(known, default=0)
        for epoch in range(self.epochs):
            sampler.set_epoch(epoch)
            if epoch in known:
                sampler.engine.restore(known[epoch])
                sampler._forget()
            elif epoch >= first and sampler.wants_scores and self.measure is not None:
                sampler.update(self.measure())
            if epoch >= first:
                self._states = [*(s for s in self._states if s[0] < epoch), (epoch, sampler.engine.state(epoch))][-2:]
            yield from sampler

    def state_dict(self) -> Dict[str, Any]:
        """For a resume: the scores of the current epoch. The Trainer itself skips the batches that are done."""
        return {"epochs": [list(state) for state in self._states]}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Loads a state before training. The epochs before the state's are then passed without a measurement."""
        try:
            self._states = [(int(epoch), bytes(engine)) for epoch, engine in state["epochs"]]
        except (KeyError, TypeError, ValueError):
            raise _state_error("`state` is no `state_dict` of AllEpochs") from None
