"""What the tests share: the repository, long-tailed labels, scores that a network might give."""

import os
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
TESTS = Path(__file__).resolve().parent
HANGS = 1800  # seconds after which a process is taken to hang; no test is about time


def word(values):
    """A stream of 32-bit words that Rust makes too (tests/lists.rs)."""
    return ((values.astype(np.uint64) * np.uint64(2654435761)) >> np.uint64(3)) & np.uint64(0xFFFFFFFF)


def fnv(indices):
    """FNV-1a of indices as 32-bit words."""
    value = 0xCBF29CE484222325
    for byte in np.ascontiguousarray(indices, dtype="<u4").tobytes():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


@pytest.fixture
def labels():
    return np.repeat([0, 1, 2, 3], [40, 17, 9, 3])


@pytest.fixture
def scores():
    """Scores of an epoch, with ties."""
    return lambda epoch, samples=69: ((np.arange(samples) * 7 + epoch * 13) % 23).astype(np.float32) / 23


def run_python(*arguments, **environment):
    """A Python of its own; its output, once it ended well."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=HANGS,
                          env=dict(os.environ, **environment), cwd=TESTS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
