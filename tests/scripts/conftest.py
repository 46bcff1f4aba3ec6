"""A tiny run of the abstract task that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._cli import run_with_hydra
from scripts.train import run

TINY = [
    "task=dishwashing",
    "task.cells=1",
    "episodes=4",
    "agent.warmup_steps=60",
    "agent.batch_size=16",
    "agent.hidden=32",
    "agent.updates_per_step=0.1",
    "checkpoint_every=1",
    "eval_every=2",
    "eval_shifts=2",
    "final_shifts=3",
    "threads=1",
]


def train_tiny(root: Path, *overrides: str) -> int:
    """Run the command line in this process."""
    return run_with_hydra(run, [*TINY, f"run_dir={root}", *overrides])


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny") / "run"
    assert train_tiny(root) == 0
    return root
