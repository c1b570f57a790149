"""Climd calls in a child of every start method, after the parent used climd's threads. Prints a line each."""

import multiprocessing

import climd
import numpy as np

labels = np.random.default_rng(0).integers(0, 5, 200_000)
sampler = climd.Sampler(labels, climd.PowerLaw(epochs=10), seed=7)


def work(sampler, queue):
    inherited = int(sampler.epoch(3).indices[:1000].sum())
    fresh = climd.Sampler(labels, climd.PowerLaw(epochs=10), seed=7)
    views = [np.ones((5000, 5), "f4")] * 2
    measured = float(climd.measure(labels[:5000], views, views).score[0])
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
