"""Confidence for a sigmoid head, by its definition: docs/algorithm.md, "More than one label".

Writes sigmoid.json beside it: python3 sigmoid.py
"""
import json
import math
import pathlib
import random

rng = random.Random(19)


def log_sigmoid(z):
    return -math.log1p(math.exp(-z)) if z >= 0 else z - math.log1p(math.exp(z))


def mean(labels, row):
    known = [log_sigmoid(z if label else -z) for label, z in zip(labels, row) if label >= 0]
    return sum(known) / max(len(known), 1)


cases = []
for modalities, n, columns, scale in [(1, 7, 1, 3.0), (2, 40, 5, 3.0), (3, 25, 14, 40.0)]:
    labels = [rng.choice([0, 0, 1, -1]) for _ in range(n * columns)]
    labels[:columns] = [-1] * columns  # nothing is known of the first sample
    # as an f32 has them
    logits = [[round(rng.gauss(0, scale) * 64) / 64 for _ in range(n * columns)] for _ in range(modalities)]
    rows = [range(i * columns, (i + 1) * columns) for i in range(n)]
    log_p = [[mean([labels[at] for at in row], [z[at] for at in row]) for row in rows] for z in logits]
    cases.append({"num_labels": columns, "labels": labels, "logits": logits, "log_likelihood": log_p,
                  "confidence": [[1 / (1 + math.exp(-p)) for p in of] for of in log_p]})
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")
