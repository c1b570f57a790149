"""Lightning: which samples does each epoch train on? usage: lightning_run.py DEVICES FOLDER CASE..."""

import logging
import sys
import warnings

import climd
import torch
import torch.distributed as dist
from climd.lightning import CurriculumCallback
from climd.torch import CurriculumBatchSampler, CurriculumSampler
from common_run import (
    EPOCHS, LABELS, SAMPLES, SCHEDULE, SCORES, finish, interleaved, outputs, wanted, wanted_if_observed,
)

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
import lightning.pytorch as pl
from torch.utils.data import DataLoader, TensorDataset

devices, folder, cases = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
what = ""  # the case: sampler, batch, workers, observe, no-reload, foreign, resume, or one that begins with "mid"
# epoch, and batches of it that are done; the first and the last but one are whole epochs
CUTS = [(0, 3), (1, 1), (1, 2), (1, 5), (1, 6), (3, 4)] if devices == 1 else [(0, 2), (1, 1), (1, 2), (1, 3), (3, 4)]


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(1, 1), {}

    def setup(self, stage):
        observes = {"measure_every": 0, "running_mean": 0.5} if "observe" in what else {}
        self.sampler = CurriculumSampler(LABELS, SCHEDULE, seed=7, **observes)

    def train_dataloader(self):
        data = TensorDataset(torch.arange(SAMPLES))
        if what == "foreign":
            return DataLoader(data, 8, shuffle=True)
        if "batch" in what:
            size = 23 if what == "mid-batch-23" else 8  # 47 = 23 + 24, as a lone sample joins the batch before it
            return DataLoader(data, batch_sampler=CurriculumBatchSampler(self.sampler, size, merge_lone=size == 23))
        return DataLoader(data, 8, sampler=self.sampler, num_workers=2 * ("workers" in what))

    def training_step(self, batch, at):
        self.seen.setdefault(self.current_epoch, []).extend(batch[0].tolist())
        if "observe" in what:
            self.sampler.observe(batch[0], *outputs(self.current_epoch, batch[0]))
        return self.layer(batch[0].float()[:, None]).mean() * 0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-3)


def measure(trainer, module):
    part = module.sampler.part
    return SCORES[module.sampler.epoch][part.start : part.stop]


class Validated(Module):
    def val_dataloader(self):
        return DataLoader(TensorDataset(torch.arange(8)), 8)

    def validation_step(self, batch, at):
        self.log("loss", self.layer(batch[0].float()[:, None]).mean())


class Save(pl.Callback):
    """Saves at the cuts, and once more if a validation follows."""

    def __init__(self):
        self.at = {}  # of a file the samples that were trained on before it, by epoch

    def save(self, trainer, module, kind):
        if trainer.sanity_checking or (trainer.current_epoch, trainer.fit_loop.epoch_loop.batch_idx + 1) not in cuts():
            return
        file = f"{folder}/{what}-{kind}-{trainer.current_epoch}-{trainer.fit_loop.epoch_loop.batch_idx + 1}.ckpt"
        trainer.save_checkpoint(file)
        self.at[file] = {epoch: list(seen) for epoch, seen in module.seen.items()}

    def on_train_batch_end(self, trainer, module, *arguments):
        self.save(trainer, module, "step")

    def on_validation_end(self, trainer, module):
        self.save(trainer, module, "validation")


def cuts():
    return [(0, 1), (1, 1), (1, 2), (3, 2)] if what == "mid-batch-23" else CUTS


def fit(epochs, checkpoint=None, callbacks=()):
    module = Validated() if "validate" in what else Module()
    ours = CurriculumCallback(None, measure, log=True)
    how = {"accumulate_grad_batches": 2} if "accumulate" in what else {"val_check_interval": 2} if "validate" in what else {}
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", devices=devices, strategy="ddp" if devices > 1 else "auto", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        reload_dataloaders_every_n_epochs=0 if what == "no-reload" else 1, use_distributed_sampler="batch" not in what,
        callbacks=[*callbacks, ours] if what == "mid-first" else [ours, *callbacks], **how,
    )
    trainer.fit(module, ckpt_path=checkpoint, **({"weights_only": False} if checkpoint else {}))
    return trainer, module


def train_cut():
    """As `train`, for a run that is not stopped, and for each of its checkpoints the run that was stopped there and went on."""
    save = Save()
    whole = fit(EPOCHS + 1, callbacks=[save])[1].seen
    assert len(save.at) >= len(cuts()), sorted(save.at)
    runs = [whole]
    for file, before in save.at.items():
        after = fit(EPOCHS + 1, file)[1].seen
        runs.append({epoch: before.get(epoch, []) + after.get(epoch, []) for epoch in whole})
    return runs


def train():
    """The samples of each epoch on this process."""
    if what != "resume":
        return fit(EPOCHS + 1)[1].seen
    trainer, module = fit(3)
    trainer.save_checkpoint(f"{folder}/climd.ckpt")
    later = fit(EPOCHS + 1, f"{folder}/climd.ckpt")[1].seen
    assert sorted(later) == [3, 4], sorted(later)
    return {**module.seen, **later}


for what in cases:
    if what in ("no-reload", "foreign"):
        text = {"no-reload": "reload_dataloaders_every_n_epochs=1", "foreign": "RandomSampler"}[what]
        try:
            train()
        except climd.Error as raised:
            assert text in str(raised), raised
            continue
        raise SystemExit(f"{what} was not noticed")
    for run in train_cut() if what.startswith("mid") else [train()]:
        parts = [run]
        if devices > 1:
            parts = [None] * devices
            dist.all_gather_object(parts, run)
        for epoch, expected in enumerate(wanted_if_observed() if "observe" in what else wanted()):
            got = interleaved([part[epoch] for part in parts])
            assert got == expected + expected[: -len(expected) % devices], (what, epoch, len(got), len(expected))
finish("every epoch trained on its samples")
