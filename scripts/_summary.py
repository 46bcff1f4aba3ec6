"""The end of a run: the final evaluation, its baselines and summary.json."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from agents import ConstantPolicy, GreedyPolicy, LoopState, RandomPolicy
from scripts._build import make_agent
from scripts._evaluate import FIRST_SEED, Policy, divergence_note, evaluate_shifts, sum_up
from scripts._placement import learner_threads, usable_threads, uses_overlap
from scripts._runs import versions, write_json
from scripts._session import Session

CONSTANT = (0.5, 0.5)


def write_summary(session: Session, state: LoopState, started: float) -> None:
    """Evaluate the trained policy, the untrained one and the baselines on the same seeds; write what they earned.

    Args:
        session: the run
        state: where the loop ended
        started: `time.monotonic()` at the run's start

    Raises:
        Interrupted: the user asked to stop; no summary is written then.
    """
    settings, parts = session.settings, session.parts
    shifts = int(settings.final_shifts or 0)
    found = sum_up(session.evaluate(state, shifts))
    session.film(state)
    session.plot()
    summary: dict[str, Any] = {
        "task": settings.task.name,
        "observation": settings.task.observation,
        "agent": settings.agent.name,
        "encoder": settings.encoder.name,
        "seed": settings.seed,
        "episodes": state.episode,
        "env_steps": state.env_steps,
        "updates": state.updates,
        "eval": {**found, "first_seed": FIRST_SEED},
    }
    for name, policy in baselines(session).items():
        rows = evaluate_shifts(session.watched(policy), parts.evaluation_env, shifts, parts.prices)
        target = summary if name == "untrained" else summary.setdefault("baselines", {})
        target[name] = sum_up(rows)
    summary |= {
        "versions": versions(),
        "threads": {"cells": usable_threads(settings), "learner": learner_threads(settings)},
        "overlap": uses_overlap(settings),
        "device": str(parts.learner.agent.device),
        "wall_s": time.monotonic() - started,
    }
    write_json(session.plan.root / "summary.json", summary)
    session.say(report(summary))


def baselines(session: Session) -> dict[str, Policy]:
    """Make what a trained policy has to beat.

    Args:
        session: the run

    Returns:
        The untrained policy of the same seed, random actions and a constant action.
    """
    untrained = make_agent(session.settings, session.parts.env)
    spec = session.parts.learner.agent.spec
    name = "constant_" + "_".join(f"{value:g}" for value in CONSTANT)
    return {
        "untrained": GreedyPolicy(untrained),
        "random": RandomPolicy(spec, seed=FIRST_SEED),
        name: ConstantPolicy(np.array(CONSTANT, np.float32)),
    }


def report(summary: dict[str, Any]) -> str:
    """Put the result into one line."""
    profit, parity = summary["eval"]["profit_usd_per_hour"], summary["eval"]["wage_parity"]
    others = {"untrained": summary["untrained"]} | summary["baselines"]
    lost = [
        f" | {name} {divergence_note(found['diverged'], found['shifts'])}"
        for name, found in ({"trained": summary["eval"]} | others).items()
        if found["diverged"]
    ]
    against = ", ".join(f"{name} {values['profit_usd_per_hour']['value']:.2f}" for name, values in others.items())
    return (
        f"trained policy {profit['value']:.2f} $/h [{profit['low']:.2f}, {profit['high']:.2f}],"
        f" parity {parity['value']:.2f} | {against} | {summary['wall_s']:.0f} s" + "".join(lost)
    )
