"""The Python package beside PyTorch's samplers, in one run: a table of times and ratios.

usage: bench_python.py    (`make bench-python` calls it, with the packages of `make test-python`). SMALL=1: a tenth of the sizes, for a look.

All with one thread and in time of the processor, which a busy machine changes less than that of the clock; one row, as it says, with
all threads and by the clock. Each figure is the least of several runs, and the turns of ours and the peers' alternate.
"""

import collections
import os
import time
import warnings

import climd
import numpy as np
import torch
from climd.torch import CurriculumBatchSampler, CurriculumSampler, Measurer
from torch.utils.data import BatchSampler, RandomSampler, WeightedRandomSampler

SMALL = 10 if os.environ.get("SMALL") else 1
torch.set_num_threads(1)
climd.set_num_threads(1)
warnings.simplefilter("ignore")  # an epoch that begins again is meant here


def least(works, runs=7, clock=time.process_time):
    """Seconds of the fastest of some runs of each, in turns."""
    best = [float("inf")] * len(works)
    for _ in range(runs):
        for i, work in enumerate(works):
            start = clock()
            work()
            best[i] = min(best[i], clock() - start)
    return best


def drain(iterator):
    collections.deque(iterator, maxlen=0)


def row(what, ours, peer, unit, peer_name, scale):
    ratio = f"{ours / peer:.2f}" if peer else "-"
    print(f"| {what} | {ours * scale:.3g} {unit} | {f'{peer_name} {peer * scale:.3g} {unit}' if peer else '-'} | {ratio} |")


def main():
    n = 10_000_000 // SMALL
    whole = CurriculumSampler(np.random.default_rng(0).integers(0, 5, n), climd.Uniform(), seed=7)
    epoch = iter(range(1 << 30))
    print("| what | climd | peer | ratio |\n|---|---|---|---|")
    ours, randperm, permutation = least([
        lambda: whole.engine.indices(next(epoch)), lambda: torch.randperm(n).numpy(), lambda: np.random.permutation(n),
    ])
    row(f"list of {n:,} into NumPy", ours, randperm, "ms", "torch.randperm", 1e3)
    row("the same", ours, permutation, "ms", "numpy permutation", 1e3)
    one = climd.Sampler([0], climd.Uniform())
    calls = 2000
    layer, = least([lambda: [one.indices(0) for _ in range(calls)]])
    row("the Python layer: an epoch of one sample", layer / calls, 0, "ms", "", 1e3)
    print(f"| its share of that list | {100 * layer / calls / ours:.4f} % | - | - |")

    n = 2_000_000 // SMALL
    sampler = CurriculumSampler(np.random.default_rng(0).integers(0, 5, n), climd.Uniform(), seed=7)

    def fresh(make):
        sampler.set_epoch(sampler.epoch + 1)
        drain(iter(make(sampler)))

    weights, generator = torch.ones(n, dtype=torch.float64), torch.Generator().manual_seed(0)
    ours, random, weighted = least([
        lambda: fresh(lambda s: s), lambda: drain(iter(RandomSampler(range(n), generator=generator))),
        lambda: drain(iter(WeightedRandomSampler(weights, n, generator=generator))),
    ])
    row("one index through `iter`, engine included", ours / n, random / n, "ns", "RandomSampler", 1e9)
    row("the same", ours / n, weighted / n, "ns", "WeightedRandomSampler", 1e9)
    lists, arrays, batches = least([
        lambda: fresh(lambda s: CurriculumBatchSampler(s, 256)), lambda: fresh(lambda s: CurriculumBatchSampler(s, 256, arrays=True)),
        lambda: drain(iter(BatchSampler(RandomSampler(range(n), generator=generator), 256, False))),
    ])
    row("one index in batches of 256, as lists", lists / n, batches / n, "ns", "BatchSampler", 1e9)
    row("the same, as arrays", arrays / n, batches / n, "ns", "BatchSampler", 1e9)
    engine, lists, arrays = least([
        lambda: (sampler.set_epoch(sampler.epoch + 1), sampler.epoch_list()), lambda: drain(iter(CurriculumBatchSampler(sampler, 256))),
        lambda: drain(iter(CurriculumBatchSampler(sampler, 256, arrays=True))),
    ])
    for what, seconds in [("of which the engine", engine), ("without it, as lists", lists), ("without it, as arrays", arrays)]:
        print(f"| {what} | {seconds / n * 1e9:.2g} ns | - | - |")

    threads = os.cpu_count()
    climd.set_num_threads(threads)
    arrays, batches = least([
        lambda: fresh(lambda s: CurriculumBatchSampler(s, 256, arrays=True)),
        lambda: drain(iter(BatchSampler(RandomSampler(range(n), generator=generator), 256, False))),
    ], clock=time.perf_counter)
    row(f"as arrays, by the clock, {threads} threads", arrays / n, batches / n, "ns", "BatchSampler", 1e9)
    climd.set_num_threads(1)

    n = 1_000_000 // SMALL
    sampler = CurriculumSampler(np.random.default_rng(0).integers(0, 5, n), climd.PowerLaw(epochs=9), seed=7)
    sampler.set_epoch(1)
    sampler.update(np.random.default_rng(0).random(n, dtype=np.float32))
    first, = least([sampler.state_dict], runs=1)
    step, = least([lambda: [sampler.state_dict() for _ in range(calls)]])
    print(f"| `state_dict` at a step, {n:,} samples with scores | {step / calls * 1e6:.3g} us | - | - |")
    print(f"| the first one after a measurement | {first * 1e3:.3g} ms | - | - |")
    observing()


def observing():
    """What `observe` takes of a training step, and what the forward pass takes that a full measurement needs."""
    from torch.nn import Linear, ReLU, Sequential
    from torch.nn.functional import cross_entropy

    batch, steps, columns = 32, 300 // SMALL, (1000, 1000, 503)  # as in the main job
    n = batch * steps
    labels, x = torch.randint(5, (n,)), [torch.randn(batch, width) for width in columns]
    encoders = [Sequential(Linear(width, 400), ReLU(), Linear(400, 400), ReLU(), Linear(400, 200), ReLU()) for width in columns]
    heads = [Linear(200, 5) for _ in columns]
    optimizer = torch.optim.Adam([p for part in encoders + heads for p in part.parameters()], 1e-4)
    sampler = CurriculumSampler(labels, climd.PowerLaw(epochs=1 << 20), seed=7, measurer=Measurer(labels))

    def forward():
        embeddings = [encode(of) for encode, of in zip(encoders, x)]
        return [head(e) for head, e in zip(heads, embeddings)], embeddings

    spent = {"observe": float("inf")}

    def train(observe):
        took = 0.0
        for step in range(steps):
            indices = torch.arange(step * batch, (step + 1) * batch)
            logits, embeddings = forward()
            if observe:
                start = time.process_time()
                sampler.observe(indices, logits, embeddings)
                took += time.process_time() - start
            loss = sum(cross_entropy(of, labels[indices]) for of in logits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if observe:  # as at the beginning of the next epoch
            start = time.process_time()
            sampler.set_epoch(sampler.epoch + 1)
            sampler._renew()
            spent["observe"] = min(spent["observe"], took + time.process_time() - start)

    @torch.no_grad()
    def measure():
        for _ in range(steps):
            forward()

    plain, _, passes = least([lambda: train(False), lambda: train(True), measure], runs=5)
    for what, seconds in [("`observe` in a step", spent["observe"]), ("a forward pass without gradient, as measuring takes", passes)]:
        row(what, seconds / steps, plain / steps, "us", "the step", 1e6)


if __name__ == "__main__":
    main()
