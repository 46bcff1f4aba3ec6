"""Measure constant actions: `python scripts/sweep_frontier.py task=dishwashing_mujoco [grid=7 dishes=200 output=DIR]`.

Works a grid of speeds in [0.4, 1] and cares in [0, 1], all points side by side in rounds of whole shifts, until each
has its dishes. Holds the physical task against its bars and the abstract one's feasible set against its formula. Writes
frontier.csv, heat_maps.png, frontier.png and summary.json; the same output continues an interrupted sweep, or adds
dishes to a finished one. The overrides of a run count as well: seed=, threads=, task.shift_minutes= (30 by default),
economics.price_usd=.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from scripts._arguments import settings_for, split_arguments
from scripts._cli import Arguments, entry_point
from scripts._settings import PathText, Settings

SWEEP_DEFAULTS = ("task.observation=state", "task.shift_minutes=30.0")
USUAL_PACE = 80.0  # dishes an hour, for the time left until some are counted


class SweepArguments(Arguments):
    """What the command line can say beside the overrides of a run."""

    grid: Annotated[int, Field(ge=2, le=50)] = 7
    dishes: Annotated[int, Field(ge=1)] = 200
    output: PathText | None = None


def run(argv: Sequence[str]) -> int:
    """Sweep, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status: 0, or 130 or 143 after an interrupt.

    Raises:
        UsageError: an argument is wrong, or output holds something else.
    """
    arguments, overrides = split_arguments(argv, SweepArguments, str(__doc__))
    settings = settings_for(overrides, SWEEP_DEFAULTS)
    root, status = sweep(settings, arguments)
    if status == 0:
        present(root, settings)
    return status


def sweep(settings: Settings, arguments: SweepArguments, key: str = "output") -> tuple[Path, int]:
    """Work the grid until every point has its dishes; frontier.csv grows with every round.

    Args:
        settings: task, seed, threads, prices
        arguments: grid, dishes, output
        key: what the command line calls the folder

    Returns:
        The folder, and the exit status: 0, or that of an interrupt.

    Raises:
        UsageError: output holds something else.
    """
    from scripts._build import make_cells
    from scripts._frontier import MAX_CELLS, Sweep
    from scripts._interrupts import Interrupted, Interrupts
    from scripts._measurement import open_measurement, task_identity
    from scripts._meter import Meter

    identity = task_identity(settings) | {"grid": arguments.grid}
    root, goes_on = open_measurement(arguments.output, "frontier", identity, key)
    work = Sweep(root, arguments.grid, arguments.dishes, settings.seed)
    with Interrupts() as stop, Meter(work.goal, f"{len(work.points)} points") as meter:
        begun = f"goes on after {len(work.shifts)} shifts" if goes_on else "begins"
        meter.say(f"{settings.task.name}: the sweep in {root} {begun}")
        env = make_cells(settings, min(MAX_CELLS, len(work.points))) if work.next_points(1) else None
        try:
            _rounds(work, env, settings, stop, meter)
        except Interrupted:
            meter.say(f"interrupted; finished rounds are kept, go on with the same command and {key}={root}")
        finally:
            if env is not None:
                env.close()
    return root, stop.status


def _rounds(work: Any, env: Any, settings: Settings, stop: Any, meter: Any) -> None:
    """Work rounds to the end, writing the table after each."""
    from scripts._build import make_prices
    from scripts._frontier_table import FrontierRow, write_table

    prices = make_prices(settings.economics)
    hours = (settings.task.shift_minutes or 60.0) / 60.0
    while env is not None and (chosen := work.next_points(env.num_envs)):
        before = work.done
        steps = env.unwrapped.task.steps_per_shift
        expected = (before / len(work.shifts) if work.shifts else USUAL_PACE * hours) * len(chosen)
        tick = _Tick(meter, before, min(expected, work.goal - before) / steps)
        work.work_round(env, chosen, lambda act, tick=tick: tick.around(stop.watched(act)))
        write_table(work.root / "frontier.csv", work.rows(prices), FrontierRow)
        meter.at(work.done)
        meter.say(f"round done: {work.done:.0f} of {work.goal:.0f} dishes, the fewest {work.attempts.min():.0f}")
    write_table(work.root / "frontier.csv", work.rows(prices), FrontierRow)


class _Tick:
    """Moves the meter along within a round."""

    def __init__(self, meter: Any, done: float, gain: float) -> None:
        self._meter, self._done, self._gain = meter, done, gain

    def around(self, act: Any) -> Any:
        """Wrap a policy."""

        def ticking(observations: Any) -> Any:
            self._done += self._gain
            self._meter.at(self._done)
            return act(observations)

        return ticking


def present(root: Path, settings: Settings) -> dict[str, Any]:
    """Draw and print what a finished sweep says; write summary.json.

    Args:
        root: its folder
        settings: task and prices

    Returns:
        The summary.
    """
    from scripts._build import make_cells, make_prices
    from scripts._evaluate import abstract_config
    from scripts._frontier_checks import formula_checks, formula_report, frontier_checks, frontier_report
    from scripts._frontier_plots import FRONTIER, HEAT_MAPS, draw_frontier, draw_heat_maps
    from scripts._frontier_table import read_frontier
    from scripts._runs import versions, write_json

    rows = read_frontier(root / "frontier.csv")
    prices, limit = make_prices(settings.economics), settings.economics.constraint.target_end
    env = make_cells(settings, 1)
    formula = abstract_config(env)
    env.close()
    summary: dict[str, Any] = {"task": settings.task.name, **frontier_report(rows, limit)}
    if formula is not None:
        summary["formula"] = formula_report(rows, formula, prices, limit)
    checks = frontier_checks(rows) if formula is None else formula_checks(rows, formula, prices, limit)
    summary["checks"] = [asdict(check) | {"holds": check.holds} for check in checks]
    title = f"{settings.task.name}: constant actions"
    draw_heat_maps(root / HEAT_MAPS, rows, title, limit, None if formula is None else (formula, prices))
    draw_frontier(root / FRONTIER, rows, title, limit, prices)
    write_json(root / "summary.json", summary | {"versions": versions()})
    show(summary)
    print(f"written to {root}: frontier.csv, {HEAT_MAPS}, {FRONTIER}, summary.json")
    return summary


def show(summary: dict[str, Any]) -> None:
    """Print a summary."""
    best = summary["best"]
    where = f"speed {best['speed']:.2f}, care {best['care']:.2f}"
    interval = f"{100 * best['err']:.1f} % [{100 * best['err_low']:.1f}, {100 * best['err_high']:.1f}]"
    print(f"best of {summary['points']} points: {best['profit']:.2f} $/h at {where}; {best['mp']:.1f}/h, {interval}")
    print(f"feasible (MP >= 80/h, errors within the SLA): {summary['feasible_points']} of {summary['points']} points")
    if "formula" in summary:
        found = summary["formula"]
        optimum = found["optimum"]
        print(
            f"closed-form optimum: {found['optimum_usd_per_hour']:.2f} $/h at speed {optimum['speed']:.2f},"
            f" care {optimum['care']:.2f}; feasible by the formula: {found['feasible_points_formula']} points,"
            f" both agree on {found['feasible_agreement_share']:.0%}"
        )
        print(
            f"against the formula: attempts/h within {found['attempts_relative_error_max']:.1%}, errors within"
            f" {100 * found['err_error_max']:.1f} points, inside the 95 % interval at"
            f" {found['err_inside_interval_share']:.0%} of the points"
        )
    for check in summary.get("checks", ()):
        verdict = "holds" if check["holds"] else "FAILS"
        print(f"{check['name']:<50}{check['value']:>9.3f}   asked {check['low']:g} to {check['high']:g}   {verdict}")


main = entry_point(run)


if __name__ == "__main__":
    main()
