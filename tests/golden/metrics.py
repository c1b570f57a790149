"""Writes metrics.json beside this file: scikit-learn's metrics of seeded predictions, zero divisions included.

In a virtual environment with scikit-learn (1.9.1 when the committed file was made): python3 metrics.py
"""
import json
import pathlib
import warnings

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(2025)
warnings.simplefilter("ignore")  # of labels that have no sample


def case(name, y, p):
    y, p = [int(v) for v in y], [int(v) for v in p]
    labels = sorted(set(y) | set(p))

    def f1(average):
        return metrics.f1_score(y, p, labels=labels, average=average, zero_division=0)

    return dict(
        name=name, labels=y, predictions=p, classes=labels,
        confusion=metrics.confusion_matrix(y, p, labels=labels).tolist(),
        accuracy=metrics.accuracy_score(y, p), balanced_accuracy=metrics.balanced_accuracy_score(y, p),
        f1=list(map(float, f1(None))), macro_f1=f1("macro"), weighted_f1=f1("weighted"),
        recall=list(map(float, metrics.recall_score(y, p, labels=labels, average=None, zero_division=0))))


def noisy(n, shares, right):
    y = rng.choice(len(shares), size=n, p=shares)
    return y, np.where(rng.random(n) < right, y, rng.integers(0, len(shares), n))


brca = [0.5, 0.17, 0.15, 0.13, 0.05]
cases = [
    case("models-b.md, section 4.4", [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 0]),
    case("long tail", *noisy(200, brca, 0.8)),
    case("chance", *noisy(100, brca, 0.0)),
    case("perfect", *noisy(50, brca, 1.0)),
    case("majority only", noisy(60, brca, 1.0)[0], [0] * 60),
    case("labels that are never predicted, and one that is only predicted", [0, 0, 1, 1, 2, 3], [0, 0, 0, 5, 2, 5]),
    case("nothing right", [0, 0, 1], [1, 2, 2]),
    case("no label in common", [0, 0, 1], [2, 3, 3]),
    case("one class", [4, 4], [4, 4]),
    case("one sample, wrong", [0], [1]),
    case("gaps and negative labels", [-3, 7, 7, 100, -3, 7], [-3, 7, 100, 100, 7, -50]),
    case("many classes", rng.integers(0, 40, 300), rng.integers(0, 45, 300)),
]
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")
