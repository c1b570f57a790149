"""Accelerate: which samples does each epoch train on, over all processes? usage: accelerate_run.py KIND..."""

import itertools
import sys

import torch
from accelerate import Accelerator
from accelerate.utils import DataLoaderConfiguration, gather_object
from climd.torch import CurriculumBatchSampler, CurriculumSampler, sampler_of
from common_run import EPOCHS, LABELS, SAMPLES, SCHEDULE, SCORES, finish, wanted
from torch.utils.data import DataLoader, TensorDataset

for kind in sys.argv[1:]:
    configuration = DataLoaderConfiguration(dispatch_batches=True if "dispatch" in kind else None, split_batches="split" in kind)
    accelerator = Accelerator(cpu=True, dataloader_config=configuration)
    sampler = CurriculumSampler(LABELS, SCHEDULE, seed=7, num_replicas=1, rank=0)  # Accelerate deals the batches
    data = TensorDataset(torch.arange(SAMPLES))
    how = {"batch_sampler": CurriculumBatchSampler(sampler, 8)} if "batch" in kind else {"sampler": sampler, "batch_size": 8}
    loader = accelerator.prepare(DataLoader(data, **how))
    assert sampler_of(loader) is sampler
    for epoch, expected in enumerate(wanted()):
        loader.set_epoch(epoch)  # of the loader, not of the sampler
        if sampler.wants_scores:
            sampler.update(SCORES[epoch])
        mine = [batch[0].tolist() for batch in loader]
        parts = gather_object([mine])
        got = [x for step in itertools.zip_longest(*parts, fillvalue=[]) for batch in step for x in batch]
        assert got[: len(expected)] == expected and set(got) == set(expected), (kind, epoch, got, expected)
        assert len(got) - len(expected) < 8 * accelerator.num_processes + 8
finish("every epoch trained on its samples")
