"""Compare agents on a task: `python scripts/compare_agents.py task=dishwashing [agents=sac,ppo,heuristic,random]`.

Learners train as scripts/train.py trains them, `episodes=` shifts for each of `seeds=3` seeds; `heuristic` is the best
constant, or schedule where the work has phases, that a search of as many shifts finds. All are evaluated on the same
shifts. The overrides of a run count as well, but for agent=, seed=, run_dir= and resume=. Prints a table and writes
compare_agents.csv, seeds.csv and compare_agents.png to output=FOLDER; the same output goes on where it stopped and adds
agents and seeds. vary=KEY=VALUE,VALUE trains each learner with each value of a setting, as in
vary=agent.segment_length=1,8. run_dirs=RUN,RUN reads finished runs instead; those of one agent that differ in a
setting are told apart by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scripts._arguments import split_arguments
from scripts._cli import Arguments, entry_point
from scripts._explain import UsageError, nearest
from scripts._settings import PathText


class CompareArguments(Arguments):
    """What the command line can say beside the overrides of a run."""

    agents: str = "sac,ppo,heuristic,random"
    seeds: Annotated[int, Field(ge=1)] = 3
    vary: str | None = None
    output: PathText | None = None
    run_dirs: PathText | None = None


def run(argv: Sequence[str]) -> int:
    """Do what is missing, compare, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status: 0, or 130 or 143 after an interrupt.

    Raises:
        UsageError: an argument is wrong, or a folder holds something else.
    """
    arguments, overrides = split_arguments(argv, CompareArguments, str(__doc__))
    names = check_names(arguments.agents, overrides)

    if arguments.run_dirs is not None:
        if overrides or arguments.vary is not None:
            key = overrides[0].partition("=")[0] if overrides else "vary"
            raise UsageError(f"{key}: run_dirs= reads finished runs as they are; nearest valid: leave {key} out")
        roots = [Path(word.strip()).expanduser() for word in arguments.run_dirs.split(",")]
        return present(roots, arguments.output)
    return measure(names, arguments, overrides)


def check_names(agents: str, overrides: Sequence[str]) -> list[str]:
    """Read the names of the agents.

    Args:
        agents: names with commas between
        overrides: those of a run that decide what is compared are refused

    Returns:
        The names, each once.

    Raises:
        UsageError: a name is unknown, or an override has a key of this script's own.
    """
    from scripts._compare import LEARNERS, SCRIPTED

    valid = [*LEARNERS, *SCRIPTED]
    names = list(dict.fromkeys(word.strip() for word in agents.split(",")))
    for name in names:
        if name not in valid:
            raise UsageError(
                f"agents: {name!r} is not one of {', '.join(valid)}; nearest valid: {nearest(name, valid)}"
            )
    _check_keys(overrides)
    return names


def variations(vary: str | None) -> list[str]:
    """Read the values of a setting that learners are compared at.

    Args:
        vary: KEY=VALUE,VALUE or None

    Returns:
        An override a value; none where nothing varies.

    Raises:
        UsageError: it is no such thing, or a comparison sets the key itself.
    """
    if vary is None:
        return []
    key, _, values = vary.partition("=")
    found = [f"{key}={value.strip()}" for value in dict.fromkeys(values.split(",")) if value.strip()]
    if not key or not found:
        raise UsageError(f"vary: {vary!r} is no KEY=VALUE,VALUE; nearest valid: vary=agent.segment_length=1,8")
    _check_keys(found)
    return found


def _check_keys(overrides: Sequence[str]) -> None:
    from scripts._compare import OWN_KEYS

    for word in overrides:
        key = word.partition("=")[0].lstrip("+~")
        if key in OWN_KEYS:
            raise UsageError(f"{key}: a comparison sets it itself; nearest valid: {OWN_KEYS[key]}...")


def measure(names: Sequence[str], arguments: CompareArguments, overrides: Sequence[str]) -> int:
    """Train or search what the folder lacks, then compare.

    Args:
        names: of the agents
        arguments: seeds, what varies, and output
        overrides: of the runs

    Returns:
        Exit status.
    """
    from scripts._compare import LEARNERS, Job, scripted_settings, training, work
    from scripts._measurement import open_measurement

    cases: list[tuple[str, tuple[str, ...]]] = []
    for name in names:
        varied = [(word,) for word in variations(arguments.vary)] if name in LEARNERS else []
        cases += [(name, own) for own in varied or [()]]
    for name, own in cases:  # a mistake is met before anything is trained
        if name in LEARNERS:
            training(overrides, Job(name, 0, Path("runs"), own))
    settings = scripted_settings(overrides)
    decisive = sorted(word for word in overrides if word.partition("=")[0] not in ("threads", "device"))
    identity = {"task": settings.task.name, "overrides": decisive}
    root, _ = open_measurement(arguments.output, "compare_agents", identity, sources="learners")
    jobs = [
        Job(name, seed, root / "runs" / "_".join([name, *own, f"seed{seed}"]), own)
        for seed in range(arguments.seeds)
        for name, own in cases
    ]
    missing = [job for job in jobs if not (job.root / "summary.json").exists()]
    print(f"comparison in {root}: {len(missing)} of {len(jobs)} runs are to be done", flush=True)
    for number, job in enumerate(missing, start=1):
        print(f"{' '.join([job.agent, *job.own])}, seed {job.seed} ({number} of {len(missing)})", flush=True)
        status = work(job, overrides)
        if status != 0:
            print(f"interrupted; finished runs are kept, go on with the same command and output={root}")
            return status
    return present([job.root for job in jobs], str(root))


def present(roots: Sequence[Path], output: str | None) -> int:
    """Read finished runs; print and write table and picture.

    Args:
        roots: folders of the runs
        output: folder of table and picture; None makes a fresh one

    Returns:
        Exit status 0.

    Raises:
        UsageError: a run is not finished, or two cannot be compared.
    """
    from scripts._compare import check_alike, name_settings, read_outcome
    from scripts._compare_report import agents_table, draw_agents, seeds_table
    from scripts._report import Report

    outcomes = name_settings([read_outcome(root) for root in roots], roots)
    check_alike(outcomes, roots)
    report = Report(output, "compare_agents")
    report.table(agents_table(outcomes))
    report.table(seeds_table(outcomes), printed=False)
    report.figure("compare_agents", draw_agents(outcomes))
    report.close()
    return 0


main = entry_point(run)


if __name__ == "__main__":
    main()
