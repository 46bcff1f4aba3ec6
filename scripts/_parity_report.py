"""What the jobs of a parity measurement gave: table, verdict, picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scripts._iqm import draw_band, iqm_of
from scripts._parity import EVAL_SEEDS, OURS, STEPS, THEIRS, Job, Point
from scripts._runs import read_rows, write_atomically

COLUMNS = ("algorithm", "env", "side", "seed", "steps", "return_mean", "return_std", "episodes", "wall_s")
SIDES = {OURS: ("ours", "#e4572e"), THEIRS: ("Stable-Baselines3", "#4c78a8")}

Row = Mapping[str, Any]
Scores = dict[int, dict[int, float]]
"""Mean returns by env steps and seed."""


def job_file(root: Path, job: Job) -> Path:
    """Return where a finished job's rows lie."""
    return root / "jobs" / f"{job.name}.csv"


def write_job(root: Path, job: Job, points: Sequence[Point]) -> None:
    """Write a finished job's rows, all or none.

    Args:
        root: the measurement's folder
        job: which
        points: its evaluations
    """
    rows = [
        {
            "algorithm": job.algorithm,
            "env": job.env,
            "side": job.side,
            "seed": job.seed,
            "steps": point.steps,
            "return_mean": float(np.mean(point.returns)),
            "return_std": float(np.std(point.returns)),
            "episodes": len(point.returns),
            "wall_s": round(point.wall_s, 3),
        }
        for point in points
    ]
    path = job_file(root, job)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, _csv(rows))


def gather(root: Path) -> list[dict[str, str]]:
    """Collect the rows of all finished jobs into parity.csv.

    Args:
        root: the measurement's folder

    Returns:
        The rows.
    """
    rows = [row for path in sorted((root / "jobs").glob("*.csv")) for row in read_rows(path)]
    write_atomically(root / "parity.csv", _csv(rows))
    return rows


def verdicts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Compare both sides at their last common evaluation, on the seeds that both have.

    Ours holds if its interquartile mean is within or above the 95 % interval of Stable-Baselines3's.

    Args:
        rows: of parity.csv

    Returns:
        A verdict for each algorithm and task that both sides have.
    """
    found = []
    for algorithm, env in _pairs(rows):
        ours, theirs = (_scores(rows, algorithm, env, side) for side in (OURS, THEIRS))
        common = sorted(ours.keys() & theirs.keys())
        if not common:
            continue
        last = common[-1]
        seeds = sorted(ours[last].keys() & theirs[last].keys())
        intervals = {
            side: iqm_of([scores[last][seed] for seed in seeds]) for side, scores in ((OURS, ours), (THEIRS, theirs))
        }
        found.append(
            {
                "algorithm": algorithm,
                "env": env,
                "steps": last,
                "seeds": seeds,
                "episodes": len(EVAL_SEEDS),
                **intervals,
                "holds": bool(intervals[OURS]["iqm"] >= intervals[THEIRS]["low"]),
            }
        )
    return found


def verdict_text(verdict: Mapping[str, Any]) -> str:
    """Put a verdict into one line."""
    ours, theirs = verdict[OURS], verdict[THEIRS]
    return (
        f"{verdict['algorithm']} {verdict['env']} after {verdict['steps']} steps, {len(verdict['seeds'])} seeds |"
        f" ours {ours['iqm']:.1f} [{ours['low']:.1f}, {ours['high']:.1f}]"
        f" | Stable-Baselines3 {theirs['iqm']:.1f} [{theirs['low']:.1f}, {theirs['high']:.1f}]"
        f" | {'holds' if verdict['holds'] else 'FAILS'}"
    )


def draw_parity(path: Path, rows: Sequence[Row]) -> None:
    """Draw interquartile means and their 95 % intervals over env steps, a panel an algorithm and task.

    Args:
        path: the PNG
        rows: of parity.csv
    """
    from matplotlib.figure import Figure

    pairs = _pairs(rows)
    figure = Figure(figsize=(5.2 * len(pairs), 4.0), dpi=110, layout="constrained")
    for axis, (algorithm, env) in zip(figure.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True):
        for side, (label, colour) in SIDES.items():
            scores = _scores(rows, algorithm, env, side)
            draw_band(axis, {steps: list(found.values()) for steps, found in scores.items()}, label, colour)
        axis.set_title(f"{algorithm.upper()}, {env}", fontsize=11)
        axis.set_xlabel("env steps")
        axis.set_ylabel("greedy return, IQM over seeds")
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(path)


def _pairs(rows: Iterable[Row]) -> list[tuple[str, str]]:
    there = {(row["algorithm"], row["env"]) for row in rows}
    return [(algorithm, env) for algorithm, envs in STEPS.items() for env in envs if (algorithm, env) in there]


def _scores(rows: Iterable[Row], algorithm: str, env: str, side: str) -> Scores:
    scores: Scores = {}
    for row in rows:
        if (row["algorithm"], row["env"], row["side"]) == (algorithm, env, side):
            scores.setdefault(int(row["steps"]), {})[int(row["seed"])] = float(row["return_mean"])
    return scores


def _csv(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[name] for name in COLUMNS] for row in rows)
    return text.getvalue()
