"""Compare our SAC and PPO with Stable-Baselines3: `python scripts/parity.py [algorithm=sac|ppo|both env=Pendulum-v1]`.

Both sides train with the same hyper-parameters on a Gymnasium task (ours: mlp encoder, novelty off), `seeds=5` times;
`env=both` takes Pendulum-v1 and Reacher-v5, `steps=` replaces the usual 20,000 to 100,000 env steps. Writes parity.csv,
parity.json and parity.png; the same output continues an interrupted comparison or adds algorithms, tasks and seeds.
Stable-Baselines3 runs in an environment of its own: `make parity-setup`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from scripts._cli import Arguments, entry_point, load_arguments
from scripts._settings import PathText


class ParityArguments(Arguments):
    """What the command line can say."""

    algorithm: Literal["sac", "ppo", "both"] = "both"
    env: Literal["Pendulum-v1", "Reacher-v5", "both"] = "both"
    seeds: Annotated[int, Field(ge=1)] = 5
    steps: Annotated[int, Field(ge=200, multiple_of=200)] | None = None
    output: PathText | None = None


def run(argv: Sequence[str]) -> int:
    """Train what is missing, compare, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status: 0, or 130 or 143 after an interrupt; a comparison that fails is no error.

    Raises:
        UsageError: an argument is wrong, output holds something else, or Stable-Baselines3 is not installed.
    """
    arguments = load_arguments(argv, ParityArguments, str(__doc__))

    from scripts._interrupts import Interrupts
    from scripts._measurement import open_measurement
    from scripts._meter import Meter
    from scripts._parity import EVAL_SEEDS, MATCHED, SETTINGS, THEIRS, their_python
    from scripts._parity_report import job_file

    jobs = plan(arguments)
    if any(job.side == THEIRS for job in jobs):
        their_python()
    identity = {"task": "parity", "steps": arguments.steps, "settings": SETTINGS, "matched": MATCHED}
    identity |= {"eval_seeds": EVAL_SEEDS}
    root, _ = open_measurement(arguments.output, "parity", identity, sources="learners")
    missing = [job for job in jobs if not job_file(root, job).exists()]
    with Interrupts() as stop, Meter(float(sum(job.steps for job in missing)), "parity") as meter:
        meter.say(f"parity in {root}: {len(missing)} of {len(jobs)} trainings are to be done")
        train(root, missing, stop, meter)
    if stop.status == 0:
        present(root)
    return stop.status


def plan(arguments: ParityArguments) -> list[Any]:
    """List the jobs, both sides of a seed after each other."""
    from scripts._parity import OURS, STEPS, THEIRS, Job

    return [
        Job(algorithm, env, seed, side, usual if arguments.steps is None else arguments.steps)
        for algorithm, envs in STEPS.items()
        if arguments.algorithm in (algorithm, "both")
        for env, usual in envs.items()
        if arguments.env in (env, "both")
        for seed in range(arguments.seeds)
        for side in (OURS, THEIRS)
    ]


def train(root: Path, jobs: Sequence[Any], stop: Any, meter: Any) -> None:
    """Do the jobs one after the other; each leaves its file when it is done."""
    from scripts._interrupts import Interrupted
    from scripts._parity import work
    from scripts._parity_report import write_job

    done = 0.0
    for job in jobs:
        meter.label(job.name)
        try:
            points = work(job, stop, lambda steps, before=done: meter.at(before + steps))
        except Interrupted:
            meter.say(f"interrupted; finished trainings are kept, go on with the same command and output={root}")
            return
        write_job(root, job, points)
        done += job.steps
        meter.at(done)
        last = points[-1]
        mean = sum(last.returns) / len(last.returns)
        meter.say(f"{job.name}: return {mean:.1f} after {last.steps} steps, {last.wall_s:.0f} s")


def present(root: Path) -> list[dict[str, Any]]:
    """Write the table, the verdicts and the picture; print the verdicts.

    Args:
        root: the measurement's folder

    Returns:
        The verdicts.
    """
    from scripts._parity_report import draw_parity, gather, verdict_text, verdicts
    from scripts._runs import versions, write_json

    rows = gather(root)
    found = verdicts(rows)
    write_json(root / "parity.json", {"verdicts": found, "versions": versions()})
    draw_parity(root / "parity.png", rows)
    for verdict in found:
        print(verdict_text(verdict))
    print(f"written to {root}: parity.csv, parity.json, parity.png")
    return found


main = entry_point(run)


if __name__ == "__main__":
    main()
