"""Ranks that measure their parts: are the lists those of one process? usage: torchrun gloo_run.py EXCHANGE [CASE]

CASE: die, labels, nan, observe, observe-nan, apart, parts.
"""

import itertools
import os
import sys
import time

import climd
import numpy as np
import torch.distributed as dist
from climd.torch import CurriculumSampler
from common_run import EPOCHS, LABELS, SCHEDULE, SCORES, finish, interleaved, outputs, wanted, wanted_if_observed

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


def observe(exchange):
    """A run whose steps are observed, cut in epoch 1; measured once, in epoch 1."""
    made = lambda: CurriculumSampler(LABELS, SCHEDULE, seed=7, measure_every=0, running_mean=0.5, exchange=exchange)
    sampler, lists = made(), []
    for epoch in range(EPOCHS + 1):
        sampler.set_epoch(epoch)
        if sampler.wants_scores:
            sampler.update(SCORES[epoch][sampler.part.start : sampler.part.stop])
        own = list(sampler)
        for at in range(0, len(own), 4):
            logits, embeddings = outputs(epoch, own[at : at + 4])
            if what == "observe-nan" and (epoch, rank) == (1, 1):
                logits[0][0] = float("nan")
            sampler.observe(own[at : at + 4], logits, embeddings)
            if (epoch, at) == (1, 4):
                state = sampler.state_dict(done=8 * world_size)
                sampler = made()
                sampler.load_state_dict(state)
                rest = len(own) - 9  # and one that may pad the list
                assert list(sampler)[:rest] == own[8 : 8 + rest]
        parts = [None] * world_size
        dist.all_gather_object(parts, own)
        lists.append(interleaved(parts))
    return lists


if what == "apart":
    try:
        CurriculumSampler(LABELS, SCHEDULE, num_replicas=1, rank=0).observe([1], *outputs(0, [1]))
        raise SystemExit("it was not noticed")
    except climd.Error as raised:
        assert raised.kind == "RanksApart" and "one of 2 ranks" in str(raised), raised
    sampler = CurriculumSampler(LABELS, SCHEDULE, seed=7)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        if sampler.wants_scores:
            sampler.update(SCORES[epoch][sampler.part.start : sampler.part.stop])
        list(sampler)
        if rank == 0:
            sampler.state_dict()  # as nothing is observed, nobody else is needed
    finish("lists and states of one process")

if what == "parts":
    # long enough that no rank makes the whole list
    labels = np.repeat([0, 1], [30001, 9002])
    scores = [np.random.default_rng(epoch).random(len(labels), dtype=np.float32) for epoch in range(EPOCHS + 1)]
    for exchange, remainder, exchanges_all in itertools.product(exchanges, ["pad", "drop"], [True, False]):
        engine = climd.Sampler(labels, SCHEDULE, seed=7)
        sampler = CurriculumSampler(labels, SCHEDULE, seed=7, exchange=exchange, remainder=remainder)
        communicator = sampler.engine._communicator
        if communicator is not None and not exchanges_all:
            communicator._exchanges = False  # as of a backend that cannot
        for epoch in range(EPOCHS + 1):
            sampler.set_epoch(epoch)
            if sampler.wants_scores:
                engine.update(epoch, scores[epoch])
                sampler.update(scores[epoch][sampler.part.start : sampler.part.stop])
            prior, expected = sampler.log_prior(2), engine.epoch(epoch)
            assert (prior.numpy() == expected.log_prior(2)).all()
            assert list(sampler) == expected.shard(rank, world_size, remainder=remainder).indices.tolist(), (exchange, epoch)
            if world_size > 1:
                assert sampler._list is None  # the whole list was not made
            done = 5001  # on any number of ranks
            state = {**sampler.state_dict(), "done": done}
            other = CurriculumSampler(labels, SCHEDULE, seed=7, exchange=exchange, remainder=remainder)
            other.load_state_dict(state)
            rest = expected.skip(done).shard(rank, world_size, remainder=remainder).indices.tolist()
            assert list(other) == rest, (exchange, epoch)
        if communicator is not None:
            assert communicator._exchanges == exchanges_all, "gloo can exchange all with all"
            values, counts = np.arange(world_size, dtype=np.uint32) + 10 * rank, [1] * world_size
            assert communicator.all_to_all(values, counts).tolist() == [10 * other + rank for other in range(world_size)]
    finish("lists and states of one process")

if what.startswith("observe"):
    for exchange in exchanges:
        try:
            for got, expected in zip(observe(exchange), wanted_if_observed()):
                assert got == expected + expected[: -len(expected) % world_size], (exchange, got, expected)
        except (climd.Error, climd.CommunicationError) as raised:
            print(f"rank {rank}: {type(raised).__name__} {raised.kind}: {raised}", flush=True)
            time.sleep(3)  # torchrun ends the others
            os._exit(3)
    finish("lists and states of one process")

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
