"""Worst label of splits of data/chest/chestxray14.csv: scikit-learn's StratifiedGroupKFold on own labels, and random patients.

In a virtual environment with scikit-learn (1.9.1 for docs/performance.md), after `make data-chest`: python3 scripts/split_peers.py
"""
import collections
import csv
import pathlib
import random

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

FILE = pathlib.Path(__file__).resolve().parent.parent / "data" / "chest" / "chestxray14.csv"
rows = list(csv.DictReader(open(FILE)))
labels = [set(row["findings"].split("|")) for row in rows]
patients = np.array([int(row["patient"]) for row in rows])
counts = collections.Counter(label for of in labels for label in of)
own = [max(of, key=lambda label: (-counts[label], label)) for of in labels]


def worst(part, weights):
    """The largest relative error of a label in a part."""
    share, found = np.array(weights) / sum(weights), [collections.Counter() for _ in weights]
    for of, p in zip(labels, part):
        found[p].update(of)
    return max(abs(found[p][c] - n * share[p]) / (n * share[p]) for c, n in counts.items() for p in range(len(weights)))


part = np.zeros(len(rows), int)
for fold, (_, test) in enumerate(StratifiedGroupKFold(5, shuffle=True, random_state=7).split(own, own, patients)):
    part[test] = fold
print(f"StratifiedGroupKFold, five folds: {100 * worst(part, [1] * 5):.1f} %")
for weights in ([7, 1, 2], [1] * 5):
    errors = []
    for seed in range(5):
        rng = random.Random(seed)
        of = {patient: rng.choices(range(len(weights)), weights)[0] for patient in sorted(set(patients))}
        errors.append(worst([of[patient] for patient in patients], weights))
    print(f"random patients, {weights}: {100 * np.median(errors):.1f} % (median of five)")
