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
what = ""  # the case: sampler, batch, workers, observe, no-reload, foreign, resume


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(1, 1), {}

    def setup(self, stage):
        observes = {"measure_every": 0, "running_mean": 0.5} if what == "observe" else {}
        self.sampler = CurriculumSampler(LABELS, SCHEDULE, seed=7, **observes)

    def train_dataloader(self):
        data = TensorDataset(torch.arange(SAMPLES))
        if what == "foreign":
            return DataLoader(data, 8, shuffle=True)
        if what == "batch":
            return DataLoader(data, batch_sampler=CurriculumBatchSampler(self.sampler, 8))
        return DataLoader(data, 8, sampler=self.sampler, num_workers=2 * (what == "workers"))

    def training_step(self, batch, at):
        self.seen.setdefault(self.current_epoch, []).extend(batch[0].tolist())
        if what == "observe":
            self.sampler.observe(batch[0], *outputs(self.current_epoch, batch[0]))
        return self.layer(batch[0].float()[:, None]).mean() * 0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-3)


def measure(trainer, module):
    part = module.sampler.part
    return SCORES[module.sampler.epoch][part.start : part.stop]


def fit(epochs, checkpoint=None):
    module = Module()
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", devices=devices, strategy="ddp" if devices > 1 else "auto", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        reload_dataloaders_every_n_epochs=0 if what == "no-reload" else 1, use_distributed_sampler=what != "batch",
        callbacks=[CurriculumCallback(None, measure, log=True)],
    )
    trainer.fit(module, ckpt_path=checkpoint, **({"weights_only": False} if checkpoint else {}))
    return trainer, module


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
    parts = [train()]
    if devices > 1:
        gathered = [None] * devices
        dist.all_gather_object(gathered, parts[0])
        parts = gathered
    for epoch, expected in enumerate(wanted_if_observed() if what == "observe" else wanted()):
        got = interleaved([part[epoch] for part in parts])
        assert got == expected + expected[: -len(expected) % devices], (what, epoch, len(got), len(expected))
finish("every epoch trained on its samples")
