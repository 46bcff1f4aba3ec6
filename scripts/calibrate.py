"""Fit the abstract task to the physical one: `python scripts/calibrate.py task=dishwashing_mujoco [dishes=1000]`.

Reads a frontier, frontier=FILE.csv, or works one to `dishes` a point in frontier=FOLDER (begun or new); fits p_min, k,
q_s, q_c, the base rate and the cost of care; writes output=FILE.yaml, by default the config group's
dishwashing_calibrated.yaml, usable as task=dishwashing_calibrated; prints how good the fit is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scripts._arguments import settings_for, split_arguments
from scripts._cli import Arguments, configs_dir, entry_point
from scripts._explain import UsageError
from scripts._settings import PathText, Settings
from scripts.sweep_frontier import SWEEP_DEFAULTS, SweepArguments, sweep

NAME = "dishwashing_calibrated"


class CalibrateArguments(Arguments):
    """What the command line can say beside the overrides of a run."""

    frontier: PathText | None = None
    grid: Annotated[int, Field(ge=2, le=50)] = 7
    dishes: Annotated[int, Field(ge=1)] = 1000
    output: PathText | None = None


def run(argv: Sequence[str]) -> int:
    """Measure if need be, fit, write, print.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status: 0, 1 where the fit is worse than asked, or 130 or 143 after an interrupt.

    Raises:
        UsageError: an argument is wrong, or a file cannot be read or written.
    """
    arguments, overrides = split_arguments(argv, CalibrateArguments, str(__doc__))
    settings = settings_for(overrides, SWEEP_DEFAULTS)

    from scripts._calibration import fit_constants, judge_fit, rounded, task_yaml
    from scripts._frontier_table import read_frontier

    output = configs_dir() / "task" / f"{NAME}.yaml" if arguments.output is None else Path(arguments.output)
    output = output.expanduser()
    if output.suffix != ".yaml":
        nearest = f"output={output.with_suffix('.yaml')}"
        raise UsageError(f"output: must end in .yaml, got {output.name!r}; nearest valid: {nearest}")
    table, status = _table(arguments, settings)
    if status != 0:
        return status
    rows = read_frontier(table)
    config = rounded(fit_constants(rows))
    quality = judge_fit(rows, config)
    _write(output, task_yaml(output.stem, settings.task.name, config, quality))
    fewest = min(row.attempts for row in rows)
    print(f"{settings.task.name}: fitted to {len(rows)} points of at least {fewest:.0f} dishes, {table}")
    for name in ("p_min", "k", "q_s", "q_c", "attempts_per_minute", "care_cost"):
        print(f"{name:<22}{getattr(config, name):>10.4f}")
    for name, text in _report(asdict(quality)).items():
        print(f"{name:<52}{text}")
    print(f"asked: both at 90 % of the points: {'holds' if quality.holds else 'FAILS'}; written to {output}")
    return 0 if quality.holds else 1


def _table(arguments: CalibrateArguments, settings: Settings) -> tuple[Path, int]:
    """Find or measure the frontier."""
    path = None if arguments.frontier is None else Path(arguments.frontier).expanduser()
    if path is not None and path.suffix == ".csv":
        return path, 0
    sweep_arguments = SweepArguments(grid=arguments.grid, dishes=arguments.dishes, output=arguments.frontier)
    root, status = sweep(settings, sweep_arguments, "frontier")
    return root / "frontier.csv", status


def _write(output: Path, text: str) -> None:
    from scripts._runs import write_atomically

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(output, text)
    except OSError as error:
        raise UsageError(f"output: cannot write {output} ({error.strerror}); choose another output") from error


def _report(quality: dict[str, float]) -> dict[str, str]:
    return {
        "attempts/h within 5 %, share of the points": f"{quality['attempts_share']:.1%}",
        "errors within 1.5 points or their interval, share": f"{quality['err_share']:.1%}",
        "both, share of the points": f"{quality['joint_share']:.1%}",
        "largest distance of attempts/h": f"{quality['attempts_worst']:.1%}",
        "largest distance of the error rate": f"{100 * quality['err_worst']:.2f} points",
    }


main = entry_point(run)


if __name__ == "__main__":
    main()
