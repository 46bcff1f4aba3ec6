"""Train a robot policy: `python scripts/train.py task=dishwashing_mujoco seed=1`.

Overrides are Hydra's; `--help` lists the groups, `--cfg job` prints the configuration, `-m seed=1,2,3` runs several.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from scripts._cli import run_with_hydra
from scripts._runs import RunPlan
from scripts._settings import Settings, load_settings


def run(settings: Settings) -> int:
    """Train, evaluate and write the run folder.

    Args:
        settings: the run

    Returns:
        Exit status: 0, or 130 or 143 after an interrupt.

    Raises:
        UsageError: something that the user can cure.
        DivergenceError: a loss became NaN or infinite; what was good is saved.
        NonFiniteError: the task showed NaN or infinity.
    """
    import torch

    from scripts._build import without_pretrained
    from scripts._interrupts import Interrupts
    from scripts._machine import keep_freed_memory
    from scripts._media import require_ffmpeg
    from scripts._placement import choose_device, learner_threads
    from scripts._progress import make_display
    from scripts._runs import check_same_run, make_folder, plan_run
    from scripts._session import Session, make_parts

    started = time.monotonic()
    keep_freed_memory()
    with Interrupts() as stop:
        plan = plan_run(settings)
        settings = settle_overlap(settings, plan)
        check_same_run(settings, plan)
        choose_device(settings.device)
        if settings.video:
            require_ffmpeg()
        torch.set_num_threads(learner_threads(settings))
        parts = make_parts(settings if plan.checkpoint is None else without_pretrained(settings))
        make_folder(plan, settings)
        session = Session(settings, plan, parts, make_display(int(settings.episodes or 0)), stop)
        try:
            work(session, started)
        finally:
            session.close()
        return stop.status


def settle_overlap(settings: Settings, plan: RunPlan) -> Settings:
    """Say whether collection and learning overlap; auto continues a run as it was begun, on whatever machine.

    Args:
        settings: what is wanted now
        plan: what is continued

    Returns:
        Settings whose `overlap` is true or false.

    Raises:
        UsageError: the agent cannot overlap.
    """
    from scripts._placement import uses_overlap
    from scripts._runs import read_config

    if settings.overlap == "auto" and plan.checkpoint is not None:
        begun = load_settings(read_config(plan.checkpoint.parent.parent))
        settings = settings.model_copy(update={"overlap": begun.overlap})
    return settings.model_copy(update={"overlap": uses_overlap(settings)})


def work(session: Any, started: float) -> None:
    """Train to the end or to an interrupt; save; then evaluate for good."""
    from agents import DivergenceError, LoopConfig, LoopState, NonFiniteError, load_checkpoint, train, unpack_run
    from scripts._interrupts import Interrupted
    from scripts._rescue import rescue
    from scripts._summary import write_summary

    settings, plan, parts = session.settings, session.plan, session.parts
    state = LoopState()
    if plan.checkpoint is None:
        session.open()
    else:
        saved = load_checkpoint(plan.checkpoint)
        state = unpack_run(saved, parts.env, parts.learner, parts.constraint)
        session.open(state.episode, saved["session"])
        session.say(f"resuming {plan.checkpoint} after episode {state.episode}")
        del saved
    session.say(f"run folder {plan.root}")
    session.catch_up(state)
    frozen = settings.encoder.freeze_episodes
    config = LoopConfig(episodes=settings.episodes, seed=settings.seed, freeze_episodes=frozen)
    try:
        state = train(parts.env, parts.learner, parts.constraint, [session], config, state)
    except (DivergenceError, NonFiniteError) as error:
        rescue(session, state, error)
        raise
    session.save(state)
    where = f"after episode {state.episode}"
    if not session.interrupted:
        try:
            write_summary(session, state, started)
            return
        except Interrupted:
            where = "during the final evaluation"
    session.plot()
    session.say(f"interrupted {where}; go on with resume={plan.root}")


def main() -> None:
    """Run the command line."""
    sys.exit(run_with_hydra(run))


if __name__ == "__main__":
    main()
