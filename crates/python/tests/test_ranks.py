"""Processes under torchrun with gloo: the lists of one process, and a failure where one is gone."""

import os
import subprocess
import sys

import pytest
from conftest import HANGS, TESTS


def torchrun(script, *arguments, ranks):
    """Exit status and output of all ranks."""
    # standalone: torchrun itself takes a free port, so no other process can come in between
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1", f"--nproc-per-node={ranks}"]
    command.append(str(TESTS / script))
    environment = dict(os.environ, OMP_NUM_THREADS="1", TORCH_CPP_LOG_LEVEL="ERROR")
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=HANGS, env=environment, cwd=TESTS)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_make_the_lists_of_one_process(ranks):
    status, output = torchrun("gloo_run.py", "all_gather,histograms", ranks=ranks)
    assert status == 0 and "lists and states of one process" in output, output[-3000:]


@pytest.mark.parametrize("ranks", [1, 3])
def test_ranks_make_their_parts_without_the_whole_list(ranks):
    status, output = torchrun("gloo_run.py", "all_gather,histograms", "parts", ranks=ranks)
    assert status == 0 and "lists and states of one process" in output, output[-3000:]


def test_a_dead_rank_is_a_failure_and_no_hang():
    status, output = torchrun("gloo_run.py", "histograms", "die", ranks=2)
    assert status != 0 and "lists and states" not in output, output[-2000:]
    assert "rank 0: " not in output or "rank 0: CommunicationError Communication after" in output  # or torchrun ended it before


def test_a_rank_with_other_labels_is_told_so():
    status, output = torchrun("gloo_run.py", "all_gather", "labels", ranks=2)
    assert status != 0 and "RanksDiffer" in output and "labels" in output, output[-2000:]


def test_a_score_that_is_no_number_is_named_by_its_index_in_the_data_set():
    status, output = torchrun("gloo_run.py", "all_gather", "nan", ranks=2)
    assert status != 0 and "ScoreNotFinite" in output and "`scores[46]`" in output, output[-2000:]
