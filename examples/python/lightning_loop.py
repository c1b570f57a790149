"""Lightning: the callback sets epochs and measures; the trainer reloads its loaders, as epochs differ in length."""

import climd
import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from climd.lightning import CurriculumCallback
from climd.torch import CurriculumSampler, Measurer, prior_corrected_cross_entropy
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
y = torch.repeat_interleave(torch.arange(3), torch.tensor([200, 60, 20]))
data = TensorDataset(torch.randn(len(y), 8) + F.one_hot(y, 8), y)


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.lengths = torch.nn.Linear(8, 3), []

    def setup(self, stage):  # torch.distributed is there from here on
        self.sampler = CurriculumSampler(y, climd.PowerLaw(epochs=6), seed=7)

    def train_dataloader(self):
        return DataLoader(data, 16, sampler=self.sampler)

    def on_train_epoch_start(self):
        self.prior = self.sampler.log_prior(3, self.device)
        self.lengths.append(len(self.sampler))

    def training_step(self, batch, at):
        return prior_corrected_cross_entropy(self.layer(batch[0]), batch[1], self.prior)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def measure(trainer, module):
    part = module.sampler.part
    every_sample = DataLoader(torch.utils.data.Subset(data, part), 64)
    views = lambda module, batch: ([module.layer(batch[0].to(module.device))], [])
    return Measurer(y, terms="confidence", samples=part).run(module, every_sample, views)


module = Module()
trainer = pl.Trainer(
    max_epochs=9, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
    enable_model_summary=False, reload_dataloaders_every_n_epochs=1, callbacks=[CurriculumCallback(None, measure)],
)
trainer.fit(module)
print("samples of each epoch:", module.lengths)
