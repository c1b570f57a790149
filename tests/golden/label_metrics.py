"""Writes label_metrics.json beside this file: scikit-learn's metrics of seeded scores of several labels.

In a virtual environment with scikit-learn (1.9.1 when the committed file was made): python3 label_metrics.py
"""
import json
import pathlib
import warnings

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(2025)
warnings.simplefilter("ignore")  # of labels that no sample has


def case(name, targets, scores):
    targets = np.asarray(targets, dtype=int)
    scores = np.asarray(scores, dtype=np.float32)
    n, labels = targets.shape
    thresholds = np.full(labels, 0.5, dtype=np.float32)
    precision, auc, tuned = [], [], []
    for c in range(labels):
        known = targets[:, c] >= 0
        y, s = targets[known, c], scores[known, c]
        precision.append(float(metrics.average_precision_score(y, s)))
        auc.append(float(metrics.roc_auc_score(y, s)) if 0 < y.sum() < len(y) else None)
        tuned.append(max(float(metrics.f1_score(y, s >= t, zero_division=0)) for t in np.unique(s)))
    known = targets >= 0
    pred = scores >= thresholds
    f1 = [float(metrics.f1_score(targets[known[:, c], c], pred[known[:, c], c], zero_division=0)) for c in range(labels)]
    out = dict(name=name, num_labels=labels, targets=targets.ravel().tolist(), scores=[float(x) for x in scores.ravel()],
               average_precision=precision, mean_average_precision=float(np.mean(precision)), auc=auc, f1=f1,
               macro_f1=float(np.mean(f1)), micro_f1=float(metrics.f1_score(targets[known], pred[known], zero_division=0)),
               tuned_f1=tuned)
    if known.all() and labels > 1:  # the numbers of the whole table, as scikit-learn gives them in one call
        assert np.isclose(out["mean_average_precision"], metrics.average_precision_score(targets, scores, average="macro"))
        assert np.isclose(out["macro_f1"], metrics.f1_score(targets, pred, average="macro", zero_division=0))
        assert np.isclose(out["micro_f1"], metrics.f1_score(targets, pred, average="micro", zero_division=0))
    return out


def tail(n, labels, decimals):
    targets = (rng.random((n, labels)) < 0.6 / np.arange(1, labels + 1)).astype(int)
    noise = rng.normal(size=(n, labels))
    return targets, np.round(1 / (1 + np.exp(1 - 2 * targets - noise)), decimals)


targets, scores = tail(120, 9, 2)
unknown = np.where(rng.random(targets.shape) < 0.2, -1, targets)
cases = [
    case("long tail", *tail(80, 6, 6)),
    case("many ties", *tail(90, 5, 1)),
    case("unknown entries", unknown, scores),
    case("chance", rng.integers(0, 2, (40, 3)), np.round(rng.random((40, 3)), 3)),
    case("a label that no sample has, and one that all have", [[0, 1], [0, 1], [0, 1]], [[.9, .1], [.6, .5], [.2, .8]]),
    case("all scores equal", [[0, 1], [1, 1], [0, 0]], [[.5, .5], [.5, .5], [.5, .5]]),
    case("perfect", [[0, 1], [1, 0], [1, 1]], [[.1, .9], [.8, .2], [.7, .6]]),
    case("negative scores", [[0], [1], [1], [0]], [[-3], [-1], [-2], [-2.5]]),
]
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")
