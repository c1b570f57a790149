"""What the scripts that run under torchrun and the frameworks share."""

import os
import sys
import warnings

import climd
import numpy as np
import torch
import torch.distributed as dist

warnings.filterwarnings("ignore", category=DeprecationWarning)
SAMPLES, EPOCHS = 93, 4
LABELS = np.repeat([0, 1, 2], [60, 25, 8])
SCORES = [np.random.default_rng(epoch).random(SAMPLES, dtype=np.float32) for epoch in range(EPOCHS + 2)]
SCHEDULE = climd.PowerLaw(epochs=EPOCHS)


def wanted():
    """The lists of one process."""
    engine = climd.Sampler(LABELS, SCHEDULE, seed=7)
    lists = []
    for epoch in range(EPOCHS + 1):
        if engine.wants_scores(epoch):
            engine.update(epoch, SCORES[epoch])
        lists.append(engine.indices(epoch).tolist())
    return lists


def outputs(epoch, indices):
    """Outputs of a step in float64, whose scores are the same in any batch."""
    angles = torch.as_tensor(indices).double()[:, None] * torch.arange(1, 4) + epoch
    return [angles.sin(), angles.cos()], [(2 * angles).sin(), (3 * angles).cos()]


def wanted_if_observed():
    """The lists of one process that observes these outputs, and is measured in epoch 1 alone."""
    engine, lists = climd.Sampler(LABELS, SCHEDULE, seed=7, measure_every=0, running_mean=0.5), []
    for epoch in range(EPOCHS + 1):
        engine.renew(epoch)
        if engine.wants_scores(epoch):
            engine.update(epoch, SCORES[epoch])
        whole = engine.indices(epoch)
        engine.observe(epoch, whole, climd.measure(LABELS[whole], *outputs(epoch, whole.astype(int))).score)
        lists.append(whole.tolist())
    assert lists[2] != wanted()[2]
    return lists


def interleaved(parts):
    """One list of the lists of all ranks, as they were dealt."""
    return [x for step in zip(*parts) for x in step]


def finish(text):
    """Says that all went well and ends the process, without taking the interpreter down.

    While a model under DistributedDataParallel is alive, so are gloo's threads, also after `destroy_process_group`. If one of
    them wants the interpreter's lock when that is being taken down, PyTorch aborts ("terminate called without an active
    exception"), now and then, more often on a busy machine.
    """
    print(text, flush=True)
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    sys.stderr.flush()
    os._exit(0)
