"""Worst label of five folds by scikit-learn's StratifiedGroupKFold, on the tables of data/chest, by patient.

It gets own labels, as it takes one class a sample. Labels of which a fold expects fewer than 20 are not compared. In a
virtual environment with scikit-learn 1.9.1, after `make data-chest`: python3 scripts/split_peers.py
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
        print(f"{name}: {error:.1f} %")
        writer.writerow({"table": "chest (measured)", "data": name, "id": "sklearn-five",
                         "row": "StratifiedGroupKFold of scikit-learn 1.9.1 on own labels",
                         "metric": "largest relative error of a label, %", "mean": round(error, 6), "seeds": 1, "steps": 0})
