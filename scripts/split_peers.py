"""Worst label of other splits of the tables of data/chest, by patient.

Five folds by scikit-learn's StratifiedGroupKFold. It gets own labels, as it takes one class a sample. And 7 : 1 : 2 by a
search, which says how good a split could be: patients are dealt at random, and then one patient at a time moves for the
sake of the worst label, while that makes all labels better in sum. Labels of which a part expects fewer than 20 are not
compared. In a virtual environment with scikit-learn 1.9.1, after `make data-chest`: python3 scripts/split_peers.py
"""
import collections
import csv
import pathlib
import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDS = 5
LEAST = 20


def read(file):
    """Labels and patient of each row."""
    header, *rows = csv.reader(open(file, newline=""))
    if header[2] == "findings":
        labels = [set(row[2].split("|")) - {"No Finding"} for row in rows]
    else:
        labels = [{name for name, cell in zip(header[2:], row[2:]) if cell == "1"} for row in rows]
    return labels, np.unique([row[0] for row in rows], return_inverse=True)[1]


def worst(labels, part):
    """The largest relative error of a label in a fold, percent."""
    counts, found = collections.Counter(), [collections.Counter() for _ in range(FOLDS)]
    for of, p in zip(labels, part):
        counts.update(of)
        found[p].update(of)
    common = [c for c, n in counts.items() if n / FOLDS >= LEAST]
    return 100 * max(abs(found[p][c] * FOLDS / counts[c] - 1) for c in common for p in range(FOLDS))


def search(labels, patients, weights, tried=60):
    """The largest relative error of a label that the search reaches, percent."""
    rng = np.random.default_rng(7)
    number = {label: at for at, label in enumerate(sorted(set().union(*labels)))}
    has = np.zeros((patients.max() + 1, len(number)))  # [patients, labels]
    for of, patient in zip(labels, patients):
        has[patient, [number[label] for label in of]] += 1
    shares = np.array(weights) / sum(weights)
    part = rng.choice(len(shares), len(has), p=shares)
    found = np.array([has[part == p].sum(0) for p in range(len(shares))])
    expected = np.maximum(shares[:, None] * has.sum(0), 1e-9)
    off = lambda found: np.where(expected >= LEAST, (found - expected) / expected, 0)
    while True:
        now = off(found)
        p, label = np.unravel_index(np.abs(now).argmax(), now.shape)
        over = now[p, label] > 0
        best = ((now**4).sum(), None, None, None)
        for patient in rng.permutation(np.flatnonzero((has[:, label] > 0) & ((part == p) == over)))[:tried]:
            for to in [q for q in range(len(shares)) if q != p] if over else [p]:
                moved = found.copy()
                moved[part[patient]] -= has[patient]
                moved[to] += has[patient]
                best = min(best, ((off(moved)**4).sum(), patient, to, moved), key=lambda choice: choice[0])
        _, patient, to, moved = best
        if patient is None:
            return 100 * np.abs(now).max()
        found, part[patient] = moved, to


warnings.simplefilter("ignore")  # of classes with fewer samples than folds
columns = next(csv.reader(open(ROOT / "docs" / "results" / "chest.csv")))
with open(ROOT / "docs" / "results" / "chest-peers.csv", "w", newline="") as out:
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for name in ["chestxray14", "chexpert", "padchest"]:
        labels, patients = read(ROOT / "data" / "chest" / f"{name}.csv")
        counts = collections.Counter(label for of in labels for label in of)
        own = [max(of, key=lambda label: (-counts[label], label), default="") for of in labels]
        part = np.zeros(len(labels), int)
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=7).split(own, own, patients)
        for fold, (_, test) in enumerate(folds):
            part[test] = fold
        error = worst(labels, part)
        searched = search(labels, patients, [7, 1, 2])
        print(f"{name}: {error:.1f} %, {searched:.1f} %")
        for id, row, mean in [("sklearn-five", "StratifiedGroupKFold of scikit-learn 1.9.1 on own labels", error),
                              ("search-712", "a search from random patients", searched)]:
            writer.writerow({"table": "chest (measured)", "data": name, "id": id, "row": row, "mean": round(mean, 6),
                             "metric": "largest relative error of a label, %", "seeds": 1, "steps": 0})
