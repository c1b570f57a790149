"""Ours and the peers on the same inputs, with the same number of threads, in one run: a table of ratios.

usage: bench.py TARGET    (`make bench-peers` calls it; TARGET: the folder that cargo builds in)

The peers are PyTorch's eager operations, argsort, multinomial, randperm and WeightedRandomSampler, and imbalanced-learn's
RandomUnderSampler, in a virtual environment of their own: TARGET/bench-venv, 6 GB, made once. Each figure is the least of several
runs; ours and the peers' turns alternate. SMALL=1: a tenth of the sizes, for a look.
"""

import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

PACKAGES = ["torch==2.13.0", "numpy==2.4.6", "imbalanced-learn==0.14.2"]


def enter_environment(target):
    """Starts this script again with the Python that has the peers."""
    python = target / "bench-venv" / "bin" / "python"
    done = target / "bench-venv" / "done"
    if Path(sys.prefix) == python.parent.parent:
        return
    if not done.exists() or done.read_text() != str(PACKAGES):
        print("bench: fetch the peers, once, 6 GB", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        done.write_text(str(PACKAGES))
    os.environ.pop("LD_LIBRARY_PATH", None)  # PyTorch finds its own libraries
    os.execv(python, [str(python), "-B", *sys.argv])


def build():
    """The path of benches/beside.rs, built."""
    command = [os.environ.get("CARGO", "cargo"), "bench", "-p", "climd", "--no-default-features", "--bench", "beside", "--no-run",
               "--message-format=json-render-diagnostics"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parent.parent).stdout
    built = [message for line in output.splitlines() if (message := json.loads(line)).get("executable")]
    return built[-1]["executable"]


def least(work, runs=3):
    """Seconds of the fastest of some runs, the first one left out."""
    work()
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def ours(binary, *arguments):
    output = subprocess.run([binary, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def fastest(rounds):
    """Of dictionaries of seconds, each one's least."""
    return {name: min(round[name] for round in rounds) for name in rounds[0]}


def eager(torch, logits, embeddings, labels):
    """The measurer as one writes it in PyTorch; Eq. 1 to 4."""
    modalities, classes = len(logits), logits[0].shape[1]
    confidence = sum(
        torch.sigmoid(torch.log_softmax(x, 1).gather(1, labels[:, None]).squeeze(1) / classes) for x in logits
    ) / modalities
    units = torch.stack([torch.nn.functional.normalize(x, dim=1, eps=0) for x in embeddings], 1)
    cosines = units @ units.transpose(1, 2)
    pairs = cosines.sum((1, 2)) - cosines.diagonal(dim1=1, dim2=2).sum(1)
    return (1 - pairs / (modalities * (modalities - 1))).clamp(min=0) + confidence


def bench_scores(torch, np, binary, folder, rows):
    """Scoring, at three sizes."""
    small = 10 if os.environ.get("SMALL") else 1
    for n, modalities, classes, width, goal in [(200_000, 3, 5, 64, 2), (100_000, 3, 5, 256, 1.5), (200_000, 3, 1000, 64, 4)]:
        n //= small
        random = np.random.default_rng(7)
        arrays = {}
        for what, columns in [("logits", classes), ("embeddings", width)]:
            for m in range(modalities):
                arrays[f"{what}{m}"] = random.random((n, columns), dtype=np.float32) * 4 - 2
        labels = random.integers(0, classes, n).astype(np.uint32)
        for name, array in [*arrays.items(), ("labels", labels)]:
            array.tofile(folder / name)
        logits, embeddings = ([torch.from_numpy(arrays[f"{what}{m}"]) for m in range(modalities)] for what in ["logits", "embeddings"])
        columns = torch.from_numpy(labels.astype(np.int64))
        rounds = []
        with torch.no_grad():
            for _ in range(3):
                times = ours(binary, "scores", folder, modalities, classes)
                times["eager"] = least(lambda: eager(torch, logits, embeddings, columns))
                rounds.append(times)
            expected = eager(torch, logits, embeddings, columns).numpy()
        found = np.fromfile(folder / "scores", np.float32)
        assert np.abs(found - expected).max() < 2e-5, np.abs(found - expected).max()
        times = fastest(rounds)
        read, climd = times["read"], times["climd"]
        what = f"scores of {n:,} samples, M={modalities}, C={classes}, D={width}"
        rows.append((what, climd, "one read of the input", read, f"at most {goal} x", f"{climd / read:.2f} x"))
        rows.append((what, climd, "PyTorch eager", times["eager"], "10 times faster" if classes == 5 and width == 64 else "-", f"{times['eager'] / climd:.1f} times faster"))


def bench_epochs(torch, np, binary, folder, rows):
    """Index lists."""
    n, classes = (1_000_000 if os.environ.get("SMALL") else 10_000_000), 1000
    random = np.random.default_rng(7)
    share = 1 / np.arange(1, classes + 1)
    labels = np.concatenate([np.arange(classes), random.choice(classes, n - classes, p=share / share.sum())]).astype(np.uint32)
    random.shuffle(labels)
    scores = random.random(n, dtype=np.float32)
    labels.tofile(folder / "labels")
    scores.tofile(folder / "scores")
    tensor = torch.from_numpy(scores)
    counts = np.bincount(labels)
    weights = torch.from_numpy((1 / counts)[labels])
    rounds = []
    for turn in range(3):
        times = ours(binary, "epoch", folder)
        half = times.pop("half")
        times["argsort"] = least(lambda: torch.argsort(tensor, descending=True), 2)
        times["randperm of half"] = least(lambda: torch.randperm(half), 2)
        times["randperm"] = least(lambda: torch.randperm(n), 2)
        rounds.append(times)
    times = fastest(rounds)
    single = {}  # once: they take many seconds
    start = time.perf_counter()
    torch.multinomial(weights, n, replacement=True)
    single["multinomial"] = time.perf_counter() - start
    start = time.perf_counter()
    for _ in torch.utils.data.WeightedRandomSampler(weights, n):
        pass
    single["WeightedRandomSampler"] = time.perf_counter() - start
    from imblearn.under_sampling import RandomUnderSampler

    rows_of = np.arange(n)[:, None]
    start = time.perf_counter()
    RandomUnderSampler(random_state=0).fit_resample(rows_of, labels)
    single["RandomUnderSampler"] = time.perf_counter() - start
    new, same, whole = times["new"], times["same"], times["whole"]
    made = f"new scores: update and epoch T/2, {n:,} samples, {classes} classes"
    rows.append((made, new, "torch.argsort of the scores", times["argsort"], "at most 0.1 x", f"{new / times['argsort']:.3f} x"))
    for name, label, goal in [
        ("multinomial", "torch.multinomial with replacement", "50 times faster"),
        ("WeightedRandomSampler", "WeightedRandomSampler, iterated", "-"),
        ("RandomUnderSampler", "RandomUnderSampler, fit_resample", "-"),
    ]:
        rows.append((made, new, label, single[name], goal, f"{single[name] / new:.0f} times faster"))
    kept = f"the same scores: epoch T/2, {half:,} indices"
    rows.append((kept, same, "torch.randperm of that length", times["randperm of half"], "at most 0.4 x", f"{same / times['randperm of half']:.3f} x"))
    kept = f"the same scores: the whole data, {n:,} indices"
    rows.append((kept, whole, "torch.randperm of that length", times["randperm"], "at most 0.25 x", f"{whole / times['randperm']:.3f} x"))


def main():
    target = Path(sys.argv[1]).resolve()
    enter_environment(target)
    binary = build()
    import numpy as np
    import torch

    threads = int(os.environ.get("RAYON_NUM_THREADS") or len(os.sched_getaffinity(0)))
    torch.set_num_threads(threads)
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    rows = []
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        bench_scores(torch, np, binary, Path(folder), rows)
        bench_epochs(torch, np, binary, Path(folder), rows)
    print(f"PyTorch {torch.__version__}, {threads} threads, least of several runs\n")
    print("| work | climd, ms | peer | peer, ms | goal | reached |\n|---|---|---|---|---|---|")
    for what, climd, peer, seconds, goal, reached in rows:
        print(f"| {what} | {1e3 * climd:.1f} | {peer} | {1e3 * seconds:.1f} | {goal} | {reached} |")


main()
