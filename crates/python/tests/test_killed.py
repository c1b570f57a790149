"""A training process that is killed at random moments ends with the weights of one that was left alone."""

import pytest
from conftest import TESTS, run_python


@pytest.mark.parametrize("workers, kills", [(0, 12), (2, 8)])
def test_a_run_that_is_killed_is_the_run_that_was_left_alone(workers, kills, tmp_path):
    assert f"killed {kills} times" in run_python(TESTS / "train_run.py", workers, kills, tmp_path)
