"""Hugging Face's Trainer with AllEpochs: which samples does it train on? usage: trainer_run.py FOLDER CASE..."""

import sys
import warnings

import torch
import transformers
from climd.torch import CurriculumSampler
from climd.transformers import AllEpochs
from common_run import EPOCHS, LABELS, SAMPLES, SCHEDULE, SCORES, finish, wanted
from torch.utils.data import Dataset

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
folder, cases = sys.argv[1], sys.argv[2:]
what = ""  # the case: plain, workers, resume


class Data(Dataset):
    def __len__(self):
        return SAMPLES

    def __getitem__(self, i):
        return {"x": torch.tensor([float(i)])}


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(1, 1), []

    def forward(self, x=None):
        self.seen += x[:, 0].int().tolist()
        return {"loss": self.layer(x).mean() * 0}


class Trainer(transformers.Trainer):
    def _get_train_sampler(self, *arguments):
        return self.all_epochs


class Save(transformers.TrainerCallback):
    def __init__(self, all_epochs):
        self.all_epochs = all_epochs

    def on_save(self, arguments, state, control, **keywords):
        torch.save(self.all_epochs.state_dict(), f"{folder}/climd.pt")


class Stop(transformers.TrainerCallback):
    def on_step_end(self, arguments, state, control, **keywords):
        control.should_training_stop = state.global_step == 20


def train(resume=False, stop=False):
    sampler = CurriculumSampler(LABELS, SCHEDULE, seed=7, num_replicas=1, rank=0)
    measured = []

    def measure():
        measured.append(sampler.epoch)
        return SCORES[sampler.epoch]

    all_epochs = AllEpochs(sampler, EPOCHS + 1, measure)
    if resume:
        all_epochs.load_state_dict(torch.load(f"{folder}/climd.pt"))
    saving = {"save_strategy": "steps", "save_steps": 20} if what == "resume" else {"save_strategy": "no"}
    arguments = transformers.TrainingArguments(
        output_dir=folder, per_device_train_batch_size=8, num_train_epochs=1, report_to=[], disable_tqdm=True, use_cpu=True,
        logging_strategy="no", remove_unused_columns=False, dataloader_num_workers=2 * (what == "workers"), **saving,
    )
    model = Model()
    callbacks = [Save(all_epochs), Stop()] if stop else [Save(all_epochs)]
    trainer = Trainer(model=model, args=arguments, train_dataset=Data(), callbacks=callbacks)
    trainer.all_epochs = all_epochs
    trainer.train(resume_from_checkpoint=f"{folder}/checkpoint-20" if resume else None)
    return trainer, model.seen, measured


expected = [x for part in wanted() for x in part]
for what in cases:
    if what == "resume":
        _, before, _ = train(stop=True)
        assert before == expected[:160]
        trainer, seen, measured = train(resume=True)
        assert seen == expected[160:], (len(seen), len(expected) - 160)
        assert 1 not in measured and 2 not in measured, measured  # not measured again
    else:
        trainer, seen, measured = train()
        if trainer.accelerator.num_processes == 1:
            assert seen == expected and measured == [1, 2], (len(seen), len(expected), measured)
        else:
            parts = [None] * trainer.accelerator.num_processes
            torch.distributed.all_gather_object(parts, seen)
            batches = [[part[i : i + 8] for i in range(0, len(part), 8)] for part in parts]
            got = [x for step in zip(*batches) for batch in step for x in batch]
            assert got[: len(expected)] == expected, (len(got), len(expected))
        assert trainer.state.global_step == -(-len(expected) // (8 * trainer.accelerator.num_processes))
finish("trained on the samples of every epoch")
