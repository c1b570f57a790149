"""A callback for Lightning: sets epochs, measures, reports and saves.

Lightning by itself has two problems with epochs of different lengths. It takes the length of the first epoch for all, without
a warning. And it asks for the samples of an epoch before it says which epoch begins. So the callback sets the epoch, and gives
the scores, at the end of the epoch before. It needs `Trainer(reload_dataloaders_every_n_epochs=1)`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

try:
    import lightning.pytorch as pl
except ImportError:  # the same package under its older name
    import pytorch_lightning as pl  # type: ignore[no-redef]

from ._labels import error
from ._torch_sampler import CurriculumSampler, sampler_of

Measure = Callable[[pl.Trainer, pl.LightningModule], Any]


class CurriculumCallback(pl.Callback):
    """Keeps a CurriculumSampler in step with Lightning.

    sampler: the sampler of the training loader. With `None` it is the attribute `sampler` of the module, for a sampler that
        is built in `setup`. torch.distributed is initialised only then.
    measure: a function of the trainer and the module. It is called when scores are needed, and returns the scores of
        `sampler.part`, for example by `Measurer.run`. Give it on all ranks or on none.
    log: whether to log the samples and classes of each epoch, as `climd/samples` and `climd/class_LABEL`.

    Errors. `climd.Error` at the start of training, if the trainer does not reload its loaders, or if the loader uses
    another sampler.
    """

    def __init__(self, sampler: Optional[CurriculumSampler], measure: Optional[Measure] = None, *, log: bool = False) -> None:
        self._sampler, self.measure, self.log = sampler, measure, log
        self._loaded: Optional[Dict[str, Any]] = None
        self._batches = 0

    def sampler(self, module: pl.LightningModule) -> CurriculumSampler:
        """The sampler."""
        sampler = self._sampler or getattr(module, "sampler", None)
        if not isinstance(sampler, CurriculumSampler):
            raise error("SamplerReplaced", "the callback was given no CurriculumSampler, and the module has none as `sampler`")
        self._sampler = sampler
        return sampler

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Checks the trainer, and loads a state, before any loader is asked for its length."""
        every = getattr(trainer, "reload_dataloaders_every_n_epochs", 0)
        if every != 1:
            raise error(
                "NoReload",
                f"the trainer has reload_dataloaders_every_n_epochs={every}, so that every "
                "epoch would be as long as the first: give `Trainer(reload_dataloaders_every_n_epochs=1)`",
            )
        sampler = self.sampler(pl_module)
        if self._loaded is not None:
            sampler.load_state_dict(self._loaded)
            self._loaded = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prepares the first epoch, also after a checkpoint."""
        sampler = self.sampler(pl_module)
        found = sampler_of(trainer.train_dataloader)
        if found is not sampler:
            raise error("SamplerReplaced", "the training loader draws from another CurriculumSampler than the callback's")
        self._prepare(trainer, pl_module, trainer.current_epoch)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Logs. Everything else is already done."""
        sampler = self.sampler(pl_module)
        self._batches = 0
        if self.log:
            report = sampler.report()
            values = {f"climd/class_{label}": float(line["quota"]) for label, line in report["classes"].items()}
            pl_module.log_dict({"climd/samples": float(report["samples"]), **values})

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any, **keywords: Any) -> None:
        """Counts the batches that were trained on. A loader with workers has asked for more."""
        self._batches += 1

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prepares the next epoch, before its loader is asked for its length or its first batch."""
        self._prepare(trainer, pl_module, trainer.current_epoch + 1)

    def _prepare(self, trainer: pl.Trainer, module: pl.LightningModule, epoch: int) -> None:
        sampler = self.sampler(module)
        sampler.set_epoch(epoch)
        if self.measure is not None and sampler.wants_scores:
            sampler.update(self.measure(trainer, module))

    def state_dict(self) -> Dict[str, Any]:
        """The state of the sampler. A checkpoint from the end of an epoch goes on with the next one."""
        return {} if self._sampler is None else {"sampler": self._sampler.state_dict(done=0)}

    def load_state_dict(self, state_dict: Dict[str, Any]) -> None:
        """Keeps the state until the sampler is known."""
        self._loaded = state_dict.get("sampler")
