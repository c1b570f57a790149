"""Ranks that measure their parts: are the lists those of one process? usage: torchrun gloo_run.py EXCHANGE [die|labels|nan]"""

import os
import sys
import time

import climd
import numpy as np
import torch.distributed as dist
from climd.torch import CurriculumSampler
from common_run import EPOCHS, LABELS, SCHEDULE, SCORES, finish, interleaved, wanted

exchanges, what = sys.argv[1].split(","), sys.argv[2] if len(sys.argv) > 2 else ""
dist.init_process_group("gloo")
rank, world_size = dist.get_rank(), dist.get_world_size()


def train(exchange):
    """The lists of all ranks and the states, epoch by epoch."""
    labels = LABELS.copy()
    if what == "labels" and rank == 1:
        labels[0] = 1
    sampler = CurriculumSampler(labels, SCHEDULE, seed=7, exchange=exchange)
    lists, states, reports = [], [], []
    for epoch in range(EPOCHS + 1):
        sampler.set_epoch(epoch)
        if what == "die" and epoch == 2 and rank == 1:
            os._exit(7)
        if sampler.wants_scores:
            scores = SCORES[epoch][sampler.part.start : sampler.part.stop].copy()
            if what == "nan" and epoch == 2 and rank == 1:
                scores[0] = np.nan
            sampler.update(scores)
        states.append(sampler.state_dict()["engine"])
        reports.append(sampler.report())
        parts = [None] * world_size
        dist.all_gather_object(parts, list(sampler))
        lists.append(interleaved(parts))
    return lists, states, reports


for exchange in exchanges:
    started = time.time()
    try:
        lists, states, reports = train(exchange)
    except (climd.Error, climd.CommunicationError) as raised:
        print(f"rank {rank}: {type(raised).__name__} {raised.kind} after {time.time() - started:.0f} s: {raised}", flush=True)
        os._exit(3)
    engine = climd.Sampler(LABELS, SCHEDULE, seed=7)
    for epoch, (got, state, report, expected) in enumerate(zip(lists, states, reports, wanted())):
        padded = expected + expected[: -len(expected) % world_size]
        assert got == padded, (exchange, epoch, got, padded)
        if engine.wants_scores(epoch):
            engine.update(epoch, SCORES[epoch])
        assert engine.state(epoch) == state, (exchange, epoch)  # the bytes of one process
        assert engine.report(epoch) == report, (exchange, epoch, report)  # with the scores of all ranks
        assert epoch == 0 or report["measured_at"] and report["classes"][0]["scores"]["max"] > 0
finish("lists and states of one process")
