"""A tiny run of the abstract task that several tests look at, and one that was made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents import SACAgent
from economics import LEDGER_COLUMNS, Prices
from scripts import _latent_cells, _session
from scripts._cli import compose_settings, run_with_hydra
from scripts._example_ledger import example_rows
from scripts._latent_cells import on_latents
from scripts._runs import CsvLog
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


@pytest.fixture
def without_plots(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training runs of this test draw no plots, which take longer than they do; the shared tiny run has its own."""
    monkeypatch.setattr(_session, "draw_plots", lambda *_: None)


@pytest.fixture
def other_on_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy acts on latents by other weights than on pixels."""

    def other(policy: Any) -> Any:
        moved = on_latents(policy)
        assert isinstance(moved.agent, SACAgent)
        for weight in moved.agent.actor.parameters():
            weight.data.add_(0.1)
        return moved

    monkeypatch.setattr(_latent_cells, "on_latents", other)


MakeRun = Callable[..., Path]


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Write a run folder: config.yaml, and train.csv of rows that a function may change."""

    def make(change: Callable[[dict[str, Any]], dict[str, Any]] = dict, episodes: int = 60, *overrides: str) -> Path:
        root = tmp_path_factory.mktemp("made") / "run"
        root.mkdir()
        settings = compose_settings(["task=dishwashing", *overrides])
        (root / "config.yaml").write_text(yaml.safe_dump(settings.model_dump()))
        log = CsvLog(root / "train.csv", LEDGER_COLUMNS)
        for row in example_rows(Prices(), seed=0, episodes=episodes):
            log.write(change(row))
        log.close()
        return root

    return make


@pytest.fixture(scope="session")
def made_run(make_run: MakeRun) -> Path:
    return make_run()
