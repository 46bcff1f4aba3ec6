"""Agents on one task: learners trained as `train.py` trains them, policies without a network, and what each reached."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agents import EnvSpec, RandomPolicy, TablePolicy
from scripts._arguments import settings_for
from scripts._baselines import Bench, search_baselines
from scripts._build import EVALUATION_CELLS, for_evaluation, make_cells, make_prices
from scripts._cli import compose_settings
from scripts._evaluate import FIRST_SEED, evaluate_shifts, sum_up, whole
from scripts._explain import UsageError
from scripts._interrupts import Interrupted, Interrupts
from scripts._runs import decisive_settings, read_config, read_rows, write_json
from scripts._settings import Settings

LEARNERS = ("sac", "ppo")
SCRIPTED = ("heuristic", "random")
QUANTITIES = ("profit_usd_per_hour", "mp_per_hour", "err_rate", "wage_parity", "optimum_fraction")
OWN_KEYS = {"agent": "agents=", "seed": "seeds=", "run_dir": "output=", "resume": "output="}
CELLS = 16
POINTS = 10  # evaluations on the way, where eval_every= says nothing else
_LEARNING = ("agent", "encoder", "novelty", "task.observation")


@dataclass(frozen=True)
class Job:
    """One agent with one seed, the folder of what it reached, and overrides of its own."""

    agent: str
    seed: int
    root: Path
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What an agent reached with one seed.

    Attributes:
        agent: name; `name_settings` adds the settings in which an agent's runs differ.
        seed: of training or search.
        shifts: greedy shifts of the final evaluation.
        scores: their means by quantity; nan where the task has no such thing.
        wall_min: minutes of training or search.
        curve: mean profit of the greedy shifts by episodes trained [$/h].
        task: what they worked on, in words.
    """

    agent: str
    seed: int
    shifts: int
    scores: Mapping[str, float]
    wall_min: float
    curve: Mapping[int, float]
    task: str


def training(overrides: Sequence[str], job: Job) -> Settings:
    """Compose the training run of a job; it goes on where its folder has a checkpoint.

    Args:
        overrides: of the command line
        job: a learner's

    Raises:
        UsageError: an override is wrong.
    """
    own = [*overrides, *job.own, f"agent={job.agent}", f"seed={job.seed}"]
    every = max(1, int(compose_settings(own).episodes or 0) // POINTS)
    settings = settings_for(own, ["video=false", f"eval_every={every}"])
    return settings.model_copy(update={"run_dir": str(job.root), "resume": "auto"})


def scripted_settings(overrides: Sequence[str]) -> Settings:
    """Compose the task for policies that look at numbers.

    Args:
        overrides: of the command line; what only concerns learning is left out
    """
    kept = [word for word in overrides if not word.lstrip("+~").startswith(_LEARNING)]
    settings = settings_for(kept, ("task.observation=privileged",))
    return settings_for(kept, ("task.observation=state",)) if settings.task.observation == "video" else settings


def work(job: Job, overrides: Sequence[str]) -> int:
    """Do a job that is not done yet.

    Args:
        job: which
        overrides: of the command line

    Returns:
        Exit status: 0, or that of an interrupt.
    """
    if job.agent in LEARNERS:
        from scripts.train import run

        return run(training(overrides, job))
    with Interrupts() as stop:
        with suppress(Interrupted):
            _work_scripted(job, scripted_settings(overrides), stop)
        return stop.status


def read_outcome(root: Path) -> Outcome:
    """Read what a run folder reached.

    Args:
        root: folder of a training run, or of a scripted policy's job

    Raises:
        UsageError: it holds no finished run.
    """
    path = root / "summary.json"
    if not path.exists():
        cure = f"finish it: python scripts/train.py run_dir={root} resume=auto"
        if not (root / "config.yaml").exists():
            cure = "give folders of runs, run_dirs=RUN,RUN"
        raise UsageError(f"run_dirs: {root} has no summary.json, so no final evaluation; {cure}")
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        found, name = summary["eval"], str(summary["agent"])
        means = {key: found[key]["value"] for key in QUANTITIES if key in found}
        # null is what was not measured, as where every shift diverged.
        scores = {key: math.nan if means.get(key) is None else float(means[key]) for key in QUANTITIES}
        shifts, seed = int(found["shifts"]), int(summary["seed"])
        task = str(summary["task"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"run_dirs: {path} is damaged ({type(error).__name__}); choose another folder") from error
    trained, evaluated = read_rows(root / "train.csv"), read_rows(root / "eval.csv")
    wall_s = float(trained[-1]["wall_s"]) if trained else float(summary["wall_s"])
    profits: dict[int, list[float]] = {}
    for row in whole(evaluated):
        profits.setdefault(int(row["episode"]), []).append(float(row["profit"]))
    curve = {episode: float(np.mean(values)) for episode, values in profits.items()}
    return Outcome(name, seed, shifts, scores, wall_s / 60.0, curve, task)


def name_settings(outcomes: Sequence[Outcome], roots: Sequence[Path]) -> list[Outcome]:
    """Tell apart the runs of one agent that differ in a setting: it joins the agent's name.

    Args:
        outcomes: of runs and scripted policies
        roots: their folders

    Returns:
        The outcomes, named "sac segment_length=8" where the runs of sac differ in agent.segment_length.
    """
    settings = [_settings_of(root) for root in roots]
    differing: dict[str, set[str]] = {}
    for agent in {one.agent for one in outcomes}:
        own = [found for one, found in zip(outcomes, settings, strict=True) if one.agent == agent]
        keys = {key for found in own for key in found}
        differing[agent] = {key for key in keys if any(found.get(key) != own[0].get(key) for found in own)}
    named = []
    for one, found in zip(outcomes, settings, strict=True):
        words = [f"{key.removeprefix('agent.')}={found.get(key)}" for key in sorted(differing[one.agent])]
        named.append(replace(one, agent=" ".join([one.agent, *words])))
    return named


def _settings_of(root: Path) -> dict[str, Any]:
    """Return what decides a run's numbers but its seed; nothing for a scripted policy, which has no configuration."""
    if not (root / "config.yaml").exists():
        return {}
    found = decisive_settings(read_config(root))
    return {key: value for key, value in found.items() if key != "seed"}


def check_alike(outcomes: Sequence[Outcome], roots: Sequence[Path]) -> None:
    """See that outcomes can be compared: one task, one evaluation, no seed twice.

    Raises:
        UsageError: two of them differ; the line names both.
    """
    seen: dict[tuple[str, int], Path] = {}
    for outcome, root in zip(outcomes, roots, strict=True):
        for what, one, other in (
            ("task", outcome.task, outcomes[0].task),
            ("shifts of evaluation", outcome.shifts, outcomes[0].shifts),
        ):
            if one != other:
                raise UsageError(f"run_dirs: {root} has {what} {one}, {roots[0]} has {other}; compare like with like")
        key = (outcome.agent, outcome.seed)
        if key in seen:
            raise UsageError(f"run_dirs: {seen[key]} and {root} are both {key[0]} with seed {key[1]}; leave one out")
        seen[key] = root


def _work_scripted(job: Job, settings: Settings, stop: Interrupts) -> None:
    """Search where there is something to search, evaluate on everybody's seeds, and write it as a run's summary."""
    budget, shifts = int(settings.episodes or 0), int(settings.final_shifts or 0)
    started = time.monotonic()
    policy = _heuristic(job, settings, budget, stop) if job.agent == "heuristic" else None
    wall_s = round(time.monotonic() - started, 3)
    with closing(make_cells(for_evaluation(settings), min(EVALUATION_CELLS, shifts))) as env:
        if policy is None:
            spec = EnvSpec.from_spaces(env.single_observation_space, env.single_action_space)
            policy = RandomPolicy(spec, seed=FIRST_SEED + job.seed)
        rows = evaluate_shifts(stop.watched(policy), env, shifts, make_prices(settings.economics))
    found = {"task": settings.task.name, "agent": job.agent, "seed": job.seed, "wall_s": wall_s}
    found["eval"] = {**sum_up(rows), "first_seed": FIRST_SEED}
    job.root.mkdir(parents=True, exist_ok=True)
    write_json(job.root / "summary.json", found)


def _heuristic(job: Job, settings: Settings, budget: int, stop: Interrupts) -> Any:
    """Search the best policy that does not see: a constant, or a schedule where the work has phases.

    Each search may work as many shifts as the learners train; those of a schedule begin with the best constant.
    """

    def tick() -> None:
        if stop.requested:
            raise Interrupted

    settings = settings.model_copy(update={"seed": job.seed})
    with closing(make_cells(settings, max(1, min(CELLS, budget * 3 // 4)))) as env:
        bench = Bench(env, make_prices(settings.economics), job.seed, tick, told_kinds=False)
        job.root.mkdir(parents=True, exist_ok=True)
        tables = search_baselines(bench, job.root, budget, {}, lambda name, done: None)
        return TablePolicy(list(tables.values())[-1], bench.layout)
