"""Climd calls in a child of every start method, after the parent used climd's threads. Prints a line each."""

import multiprocessing

import climd
import numpy as np

labels = np.random.default_rng(0).integers(0, 5, 200_000)
sampler = climd.Sampler(labels, climd.PowerLaw(epochs=10), seed=7)
targets = climd.Targets.multi_label(labels, 5, starts=np.arange(200_001))
counts, odds = targets.label_counts(), targets.log_odds()  # the parent uses the threads for these, too


def work(sampler, queue):
    inherited = int(sampler.epoch(3).indices[:1000].sum())
    fresh = climd.Sampler(labels, climd.PowerLaw(epochs=10), seed=7)
    views = [np.ones((5000, 5), "f4")] * 2
    measured = float(climd.measure(labels[:5000], views, views).score[0])
    assert (targets.label_counts() == counts).all() and (targets.log_odds() == odds).all()
    dealt = sampler.epoch(3).skip(5)
    assert (dealt.shard(1, 2, remainder="drop").indices == dealt.indices[1::2]).all() and len(dealt.log_prior(5)) == 5
    assert len(sampler.epoch(3).shard(0, 2, stratified=True)) and len(climd.split(targets, [1, 1])) == 200_000
    sampler.observe(3, [1], [0.5])
    assert sampler.renew(4) == 1
    queue.put((inherited, int(fresh.epoch(3).indices[:1000].sum()), round(measured, 4)))


if __name__ == "__main__":
    expected = int(sampler.epoch(3).indices[:1000].sum())
    for method in ["fork", "spawn", "forkserver"]:
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        child = context.Process(target=work, args=(sampler, queue))
        child.start()
        found = queue.get(timeout=600)  # a hang
        child.join(600)
        assert child.exitcode == 0 and found[:2] == (expected, expected), (method, found, expected)
        print(method, "ok")
