"""Tests for _pipes.py: a reader that leaves ends a script quietly; any other broken pipe is a fault."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts._cli import configs_dir, guarded
from scripts._pipes import PIPE_STATUS

ROOT = configs_dir().parent
LOUD = """
import sys
from scripts._cli import guarded
def work():
    for _ in range(100_000):
        print("line")
    return 0
sys.exit(guarded(work))
"""
LATE = "import sys; from scripts._cli import guarded; sys.exit(guarded(lambda: print('line') or 0))"
WRONG = """
import sys
from scripts._cli import guarded
from scripts._explain import UsageError
def work():
    raise UsageError("seed: wrong")
sys.exit(guarded(work))
"""


def piped(command, tmp_path, read, both=False):
    """Run a command, read so many of its lines, close the pipe; return its status, standard error and the lines."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    error = subprocess.STDOUT if both else subprocess.PIPE
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=error, text=True, cwd=tmp_path, env=environment
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(read)]
        process.stdout.close()
        said = "" if process.stderr is None else process.stderr.read()
        return process.wait(timeout=120), said, lines


@pytest.mark.parametrize("flags", [[], ["-u"]], ids=["buffered", "unbuffered"])
def test_a_reader_that_leaves_in_the_middle_ends_it_quietly(flags, tmp_path):
    status, said, lines = piped([sys.executable, *flags, "-c", LOUD], tmp_path, read=1)
    assert (status, said, lines) == (PIPE_STATUS, "", ["line\n"])


def test_what_is_flushed_at_the_end_finds_no_reader_either(tmp_path):
    assert piped([sys.executable, "-c", LATE], tmp_path, read=0)[:2] == (PIPE_STATUS, "")


@pytest.mark.soak
def test_an_error_that_nobody_reads_is_quiet_too(tmp_path):
    assert piped([sys.executable, "-c", WRONG], tmp_path, read=0, both=True)[0] == PIPE_STATUS


@pytest.mark.parametrize("argv", [["elasticity.py", "points=3"], ["train.py", "--cfg", "job"]])
def test_a_real_script_under_head(argv, tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / argv[0]), *argv[1:]]
    assert piped(command, tmp_path, read=0)[:2] == (PIPE_STATUS, "")


def test_with_a_reader_the_status_is_that_of_the_work(tmp_path):
    assert piped([sys.executable, "-c", LATE], tmp_path, read=2) == (0, "", ["line\n", ""])


def test_a_pipe_that_breaks_elsewhere_is_a_fault():
    def fault() -> int:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        guarded(fault)
