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
from ._torch_sampler import CurriculumSampler, num_batches, sampler_of

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
        self._trainer: Optional[pl.Trainer] = None
        self._start = 0  # samples of the epoch that were done, over all ranks, when its first batch was asked for
        self._before = 0  # batches that the trainer had processed then, since it began

    def sampler(self, module: pl.LightningModule) -> CurriculumSampler:
        """The sampler."""
        sampler = getattr(module, "sampler", None) if self._sampler is None else self._sampler
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
        self._trainer, self._start = trainer, sampler._resume  # a loader may read ahead from here on

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prepares the first epoch, also after a checkpoint."""
        sampler = self.sampler(pl_module)
        found = sampler_of(trainer.train_dataloader)
        if found is not sampler:
            raise error("SamplerReplaced", "the training loader draws from another CurriculumSampler than the callback's")
        loop = trainer.fit_loop.epoch_loop
        self._before = self._batches(trainer).total.processed
        self._prepare(trainer, pl_module, trainer.current_epoch)
        if self._start == 0 and getattr(loop, "restarted_on_train_batch_end", False) and loop.batch_progress.is_last_batch:
            # The checkpoint is of the last batch of the epoch before. Lightning would take its number of batches off this epoch.
            loop.reset_restart_stage()
            loop.batch_progress.reset_on_run()
            loop.scheduler_progress.reset_on_run()
            loop.automatic_optimization.optim_progress.reset_on_run()
            loop.val_loop.batch_progress.total.reset()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Logs. Everything else is already done."""
        sampler = self.sampler(pl_module)
        if self.log:
            report = sampler.report()
            values = {f"climd/class_{label}": float(line["quota"]) for label, line in report["classes"].items()}
            pl_module.log_dict({"climd/samples": float(report["samples"]), **values})

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prepares the next epoch, before its loader is asked for its length or its first batch."""
        self._prepare(trainer, pl_module, trainer.current_epoch + 1)

    def _prepare(self, trainer: pl.Trainer, module: pl.LightningModule, epoch: int) -> None:
        sampler = self.sampler(module)
        if epoch != sampler.epoch:
            self._start, self._before = 0, self._batches(trainer).total.processed
        sampler.set_epoch(epoch)
        if self.measure is not None and sampler.wants_scores:
            sampler.update(self.measure(trainer, module))

    @staticmethod
    def _batches(trainer: pl.Trainer) -> Any:
        """Lightning's own count: all callbacks see the same, whichever comes first, and a resumed trainer goes on with it."""
        return trainer.fit_loop.epoch_loop.batch_progress

    def _done(self, sampler: CurriculumSampler) -> int:
        """Samples of the epoch that were trained on, over all ranks. A loader with workers has asked for more."""
        trained = 0 if self._trainer is None else self._batches(self._trainer).total.processed - self._before
        if self._trainer is None or trained == 0:
            return self._start
        loader = self._trainer.train_dataloader
        batches = getattr(loader, "batch_sampler", None)
        size = 1 if batches is None else getattr(batches, "batch_size", None)
        if size is None:
            return sampler.position  # batches of unknown sizes
        ranks, samples = sampler.num_replicas, sampler.engine.epoch_len(sampler.epoch)
        own = len(sampler) - self._start // ranks
        if trained >= num_batches(own, size, getattr(batches, "drop_last", False), getattr(batches, "merge_lone", False)):
            return samples
        return min(self._start + trained * size * ranks, samples)

    def state_dict(self) -> Dict[str, Any]:
        """The state of the sampler, after the batches that were trained on. One from the end of an epoch goes on with the next."""
        return {} if self._sampler is None else {"sampler": self._sampler.state_dict(done=self._done(self._sampler))}

    def load_state_dict(self, state_dict: Dict[str, Any]) -> None:
        """Keeps the state until the sampler is known."""
        self._loaded = state_dict.get("sampler")
