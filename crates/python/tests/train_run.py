"""Training that is killed at random moments. usage: train_run.py WORKERS KILLS FOLDER

The runs are forks of this process, which has imported PyTorch but not used it, so that a run costs what it trains.
"""

import hashlib
import os
import random
import signal
import sys
import time

import climd
import torch
import torch.nn.functional as F
from climd.torch import CurriculumSampler, Measurer, load_state_dict, prior_corrected_cross_entropy
from torch.utils.data import TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader



def train(workers, file):
    """One run, which saves at every step and begins with what is saved; leaves a hash of its weights."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    y = torch.repeat_interleave(torch.arange(4), torch.tensor([90, 40, 20, 10]))
    x = torch.randn(len(y), 12) + F.one_hot(y, 12)
    data = TensorDataset(x, y)
    model = torch.nn.Sequential(torch.nn.Linear(12, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    sampler, measurer = CurriculumSampler(y, climd.PowerLaw(epochs=6), seed=7), Measurer(y, terms="confidence")
    loader = StatefulDataLoader(data, 8, sampler=sampler, num_workers=workers)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=sampler.total_steps(9, 8))
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    if os.path.exists(file):
        saved = torch.load(file, weights_only=False)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        load_state_dict(loader, saved["loader"])
        print("resumed at epoch", sampler.epoch, "after", sampler.position, "samples", flush=True)
    views = lambda model, batch: ([model(batch[0])], [])
    for epoch in range(sampler.epoch, 9):
        sampler.set_epoch(epoch)
        if sampler.wants_scores:
            sampler.update(measurer.run(model, torch.utils.data.DataLoader(data, 64), views))
        prior = sampler.log_prior(4)
        for inputs, labels in loader:
            loss = prior_corrected_cross_entropy(model(inputs), labels, prior)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            state = {name: part.state_dict() for name, part in parts.items()}
            torch.save({**state, "loader": loader.state_dict()}, file + ".new")
            os.replace(file + ".new", file)
    weights = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
    with open(file + ".weights", "w") as out:
        out.write(hashlib.sha256(weights).hexdigest())


def start(workers, file):
    """The run in a process group of its own."""
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            train(workers, file)
            os._exit(0)
        except BaseException as raised:
            print(repr(raised), flush=True)
            os._exit(1)
    return child


def ended(child):
    found, status = os.waitpid(child, os.WNOHANG)
    assert found == 0 or status == 0, status
    return found != 0


def changed(file, before):
    return os.path.exists(file) and os.stat(file).st_mtime_ns != before


if __name__ == "__main__":
    workers, kills, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    draw, began = random.Random(workers), time.monotonic()
    child = start(workers, f"{folder}/undisturbed")
    assert os.waitpid(child, 0)[1] == 0
    took, file, killed = time.monotonic() - began, f"{folder}/killed", 0
    while killed < kills:
        before = os.stat(file).st_mtime_ns if os.path.exists(file) else 0
        child = start(workers, file)
        done = False
        while not done and not changed(file, before):
            time.sleep(0.001)
            done = ended(child)
        time.sleep(draw.uniform(0, took / (kills + 2)))
        if done or ended(child):
            os.remove(file)  # it came to its end: from the start again, for the kills that are left
            continue
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        killed += 1
    assert os.waitpid(start(workers, file), 0)[1] == 0
    first, second = (open(f"{folder}/{name}.weights").read() for name in ("undisturbed", "killed"))
    assert first == second, (first, second)
    print(f"killed {killed} times, the same weights")
