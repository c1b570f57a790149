"""The main job (`make brca`) with PyTorch in place of Rust: the same data, splits, columns, first weights, lists and steps.

usage: brca_torch.py [--seeds 5] [--epochs 100] [--lr one|paper] [--repeats 1] [--data data/brca]

`make brca-python` calls it. It prints the table of `make brca`, and beside it what the runs of
docs/results/runs say that Rust measured on the same splits. The network, its loss, the optimiser and the loop are plain PyTorch;
climd gives the lists, the scores and the prior. What differs from Rust: dropout's random numbers, and the order of sums.

The splits are those of harness/tables/tests/golden/brca_splits.json, which Rust's tests check; there are five.
"""

import argparse
import json
import math
from pathlib import Path
import statistics
import time

import climd
from climd.torch import CurriculumBatchSampler, CurriculumSampler, Measurer, prior_corrected_cross_entropy
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

ROOT = Path(__file__).resolve().parents[1]
SPLITS = ROOT / "harness/tables/tests/golden/brca_splits.json"
FILES, TOP = ("rna.csv", "meth.csv", "mirna.csv"), (1000, 1000, 503)
CLASSES, BATCH, HIDDEN, HEADS = 5, 32, 256, 0.3
# rate, whether it decays as a cosine, and the version of the runs in the cache of Rust's
RATES = {"one": (3e-3, True, 2), "paper": (5e-5, False, 1)}
ARMS = {"baseline": ("uniform", False), "baseline + prior": ("uniform", True), "CLIMD": ("power_law", False), "CLIMD + prior": ("power_law", True)}


# ---------------------------------------------------------------------- data
def load(folder):
    """Values `[N, columns]` of each modality, and labels `[N]`, in the order of target.csv."""
    def lines(name):
        return [line.split(",") for line in (Path(folder) / name).read_text().split("\n")[1:] if line]

    target = lines("target.csv")
    labels = np.array([int(label) for _, label in target])
    tables = []
    for name in FILES:
        rows = {patient: np.array(values, dtype=np.float32) for patient, *values in lines(name)}
        tables.append(np.stack([rows[patient] for patient, _ in target]))
    return tables, labels


def anova_f(x, y):
    """F of every column over the classes, in float64."""
    groups = [x[y == label].astype(np.float64) for label in np.unique(y)]
    mean = sum(group.sum(0) for group in groups) / len(y)
    between = sum(len(group) * (group.mean(0) - mean) ** 2 for group in groups)
    within = sum(((group - group.mean(0)) ** 2).sum(0) for group in groups)
    return (between / (len(groups) - 1)) / (within / (len(y) - len(groups)))


def prepare(tables, labels, train, *parts):
    """Chooses and scales columns with the rows of `train`; then the tensors of each part, and the columns chosen."""
    chosen, scaled = [], []
    for table, top in zip(tables, TOP):
        columns = np.sort(np.argsort(-anova_f(table[train], labels[train]), kind="stable")[:top])
        x = table[:, columns].astype(np.float64)
        low, high = x[train].min(0), x[train].max(0)
        x = np.where(low == high, 0.0, (x - low) / (high - low + 1e-10)).astype(np.float32)
        chosen.append(columns)
        scaled.append(torch.from_numpy(x))
    y = torch.from_numpy(labels)
    return chosen, *[([x[part] for x in scaled], y[part]) for part in (train, *parts)]


def splits_of(golden, seed, samples):
    """Rows by part to test on: (training, testing), each ascending."""
    test, validation = golden[seed]["test"], golden[seed]["validation"]
    rest = np.setdiff1d(np.arange(samples), test)
    return {"test": (rest, np.array(test)), "validation": (np.setdiff1d(rest, validation), np.array(validation))}


class Rows(Dataset):
    """Whole batches at once."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)

    def __getitems__(self, rows):
        return [x[rows] for x in self.x], self.y[rows]


# ---------------------------------------------------------------------- network
class EarlyFusion(nn.Module):
    """For each modality Linear, LayerNorm, ReLU, Dropout; a linear layer on their concatenation, and a head on each."""

    def __init__(self, widths):
        super().__init__()
        # the order of making is that of Rust, so that a seed gives the same first weights
        self.encoders = nn.ModuleList(
            nn.Sequential(linear(width, HIDDEN), nn.LayerNorm(HIDDEN), nn.ReLU(), nn.Dropout(0.5)) for width in widths
        )
        self.heads = nn.ModuleList(linear(HIDDEN, CLASSES) for _ in widths)
        self.classifier = linear(HIDDEN * len(widths), CLASSES)

    def forward(self, x):
        embeddings = [encode(part) for encode, part in zip(self.encoders, x)]
        return self.classifier(torch.cat(embeddings, 1)), [head(e) for head, e in zip(self.heads, embeddings)], embeddings


def linear(inputs, outputs):
    """Xavier-normal weights, bias 0."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(outputs, inputs) * math.sqrt(2 / (inputs + outputs)))
        layer.bias.zero_()
    return layer


def network(seed, x):
    torch.manual_seed(seed)
    return EarlyFusion([part.shape[1] for part in x])


# ---------------------------------------------------------------------- training
def schedule(name, epochs):
    return climd.PowerLaw(epochs=epochs) if name == "power_law" else climd.Uniform()


def train(parts, arm, seed, rate, cosine, epochs, repeat=0):
    """The confusion matrix `[label, prediction]` on the second part, after as many steps as plain training takes."""
    (x, y), (test_x, test_y) = parts
    kind, corrected = ARMS[arm]
    model = network(seed + 1000 * repeat, x)
    optimizer = torch.optim.Adam(model.parameters(), rate, weight_decay=1e-4)
    steps = climd.Sampler(y, climd.Uniform()).steps(epochs, BATCH)

    sampler = CurriculumSampler(y, schedule(kind, epochs), seed=seed)
    loader = DataLoader(Rows(x, y), batch_sampler=CurriculumBatchSampler(sampler, BATCH), collate_fn=lambda batch: batch)
    every_sample = DataLoader(Rows(x, y), 512, collate_fn=lambda batch: batch)
    measurer = Measurer(y)
    step = epoch = 0
    while step < steps:
        sampler.set_epoch(epoch)
        if sampler.wants_scores:
            sampler.update(measurer.run(model, every_sample, lambda model, batch: model(batch[0])[1:]))
        prior = sampler.log_prior(CLASSES) if corrected else torch.zeros(CLASSES)
        model.train()
        for inputs, labels in loader:
            fused, heads, _ = model(inputs)
            loss = prior_corrected_cross_entropy(fused, labels, prior)
            loss = loss + HEADS * sum(prior_corrected_cross_entropy(head, labels, prior) for head in heads)
            for group in optimizer.param_groups:
                group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps)) if cosine else rate
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step == steps:
                break
        epoch += 1
    model.eval()
    with torch.no_grad():
        predicted = model(test_x)[0].argmax(1)
    return torch.bincount(test_y * CLASSES + predicted, minlength=CLASSES**2).view(CLASSES, CLASSES).numpy()


def metrics(confusion):
    """In percent, in the order of the columns."""
    confusion = np.asarray(confusion, dtype=np.float64)
    right, labels, predicted = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    f1, recall = 2 * right / np.maximum(labels + predicted, 1), right / np.maximum(labels, 1)
    values = right.sum() / labels.sum(), (f1 * labels).sum() / labels.sum(), f1.mean(), recall.mean(), recall.min()
    return [100 * value for value in values]


COLUMNS = ["accuracy", "weighted F1", "macro F1", "balanced accuracy", "worst recall"]
F1 = COLUMNS.index("macro F1")


# ---------------------------------------------------------------------- report
def rusts(seeds, kind):
    """What Rust measured on these splits, from the committed runs: confusion matrices by arm and seed."""
    network = {"name": "baseline", "hidden": HIDDEN, "dropout": 0.5, "heads": {"aux": {"weight": HEADS}}}
    plain = {"epochs": 100, "gamma": 0.3, "alpha": None, "law": "power_law", "overflow": "redistribute", "pick": "highest"}
    schedules = {"uniform": {"name": "uniform"}, "power_law": {"name": "power_law", **plain}}
    losses = {False: "cross_entropy", True: {"prior": {"tau": 1.0}}}
    runs = {}
    for line in (ROOT / "docs/results/runs/brca.jsonl").read_text().splitlines():
        run = json.loads(line)
        config = run["config"]
        data = {"name": "brca", "fingerprint": config["data"]["fingerprint"], "noise": 0.0}
        rate, cosine, version = RATES[kind]
        wanted = {"version": version, "part": "test", "data": data, "steps": 1700, "points": 0,
                  "rate": {"start": rate, "cosine": cosine}}
        if all(config[key] == value for key, value in wanted.items()):
            runs[json.dumps([config["method"], config["seed"]])] = run["outcome"]["confusion"]["counts"]

    def confusion(arm, seed):
        scheduled, corrected = ARMS[arm]
        method = {"network": network, "schedule": schedules[scheduled], "terms": "both", "loss": losses[corrected]}
        return runs[json.dumps([method, seed])]

    return {arm: [confusion(arm, seed) for seed in seeds] for arm in ARMS}


def spread(values):
    deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{deviation}"


def table(what, by_arm):
    """A row for each arm; `by_arm`: its confusion matrices."""
    print(f"\n{what}\n\n| row | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for arm, confusions in by_arm.items():
        print(f"| {arm} | {' | '.join(spread(column) for column in zip(*map(metrics, confusions)))} |")


def f1(confusions):
    return np.array([metrics(confusion)[F1] for confusion in confusions])


def main():
    parser = argparse.ArgumentParser(description="The main job in PyTorch, beside what Rust measured on the same splits.")
    parser.add_argument("--data", default=ROOT / "data/brca", metavar="DIR", help="folder with rna.csv, meth.csv, mirna.csv and target.csv")
    parser.add_argument("--seeds", type=int, default=5, choices=range(1, 6), help="splits; each is also a seed of weights and sampler")
    parser.add_argument("--epochs", type=int, default=100, help="of plain training, and of the curriculum")
    parser.add_argument("--lr", choices=RATES, default="one", help="3e-3 with cosine decay; or the paper's constant 5e-5")
    parser.add_argument("--repeats", type=int, default=1, help="2: each run again with other weights, which shows what chance does")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch and of climd")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    climd.set_num_threads(arguments.threads)
    start, seeds, kind, epochs = time.monotonic(), range(arguments.seeds), arguments.lr, arguments.epochs
    whole = epochs == 100
    (rate, cosine, _), rust = RATES[kind], rusts(seeds, kind)
    tables, labels = load(arguments.data)
    golden = json.loads(SPLITS.read_text())

    found = [{arm: [] for arm in ARMS} for _ in range(arguments.repeats)]
    for seed in seeds:
        _, *parts = prepare(tables, labels, *splits_of(golden, seed, len(labels))["test"])
        for repeat, by_arm in enumerate(found):
            for arm in ARMS:
                by_arm[arm].append(train(parts, arm, seed, rate, cosine, epochs, repeat))
        print(f"split {seed}: after {time.monotonic() - start:.0f} s", flush=True)

    table(f"PyTorch, percent, {len(seeds)} splits", found[0])
    if whole:
        table("Rust, the same splits", rust)
        print("\n| macro F1, split by split | mean difference | its standard deviation |\n|---|---|---|")
        for arm in ARMS:
            compare(f"{arm}: PyTorch - Rust", f1(found[0][arm]) - f1(rust[arm]))
        compare("all rows: PyTorch - Rust", np.concatenate([f1(found[0][arm]) - f1(rust[arm]) for arm in ARMS]))
    for repeat in range(1, len(found)):
        apart = np.concatenate([f1(found[repeat][arm]) - f1(found[0][arm]) for arm in ARMS])
        compare("all rows: PyTorch with other weights - PyTorch", apart)


def compare(what, differences):
    deviation = f"{differences.std(ddof=1):.1f}" if len(differences) > 1 else "-"
    print(f"| {what} | {differences.mean():+.1f} | {deviation} |")


if __name__ == "__main__":
    main()
