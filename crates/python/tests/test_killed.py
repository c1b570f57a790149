"""A training process that is killed at random moments ends with the weights of one that was left alone.

The gate kills it eight times; `CLIMD_KILLS=20 make test-python ARGS="-k killed"` as often as one likes, with and without workers.
"""

import os

import pytest
from conftest import TESTS, run_python


KILLS = os.environ.get("CLIMD_KILLS")


@pytest.mark.parametrize("workers, kills", [(0, int(KILLS or 5)), (2, int(KILLS or 3))])
def test_a_run_that_is_killed_is_the_run_that_was_left_alone(workers, kills, tmp_path):
    assert f"killed {kills} times" in run_python(TESTS / "train_run.py", workers, kills, tmp_path)
