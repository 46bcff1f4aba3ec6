"""What can be earned without learning: `python scripts/baselines.py task=dishwashing_mujoco [output=DIR budget=240]`.

`random`, `blind_constant`, `blind_schedule` (told the phase) and `oracle` (told phase and kind): each searched policy
has `budget` simulated shifts, then all work the same `shifts`, on seeds that no search uses. Writes baselines.json,
premium.json, baselines.png, policies.json, eval.csv and turns.csv; the same output skips searches that are done. With
frontier=FILE.csv every search starts at the best constant of that sweep, which joins the constant's candidates. The
overrides of a run count as well: seed=, threads=.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from scripts._arguments import settings_for, split_arguments
from scripts._cli import Arguments, entry_point
from scripts._settings import PathText, Settings

CELLS = 16
DEFAULTS = ("task.observation=privileged",)
STATE = ("task.observation=state",)


class BaselineArguments(Arguments):
    """What the command line can say beside the overrides of a run."""

    shifts: Annotated[int, Field(ge=1)] = 96
    budget: Annotated[int, Field(ge=1)] = 240
    frontier: PathText | None = None
    output: PathText | None = None


def run(argv: Sequence[str]) -> int:
    """Search, evaluate, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status: 0, or 130 or 143 after an interrupt.

    Raises:
        UsageError: an argument is wrong, or output holds something else.
    """
    arguments, overrides = split_arguments(argv, BaselineArguments, str(__doc__))
    settings = settings_for(overrides, DEFAULTS)
    if settings.task.observation == "video":
        settings = settings_for(overrides, STATE)

    from scripts._interrupts import Interrupted, Interrupts
    from scripts._measurement import open_measurement, task_identity
    from scripts._meter import Meter

    prices = settings.economics.model_dump(exclude={"constraint"})
    identity = task_identity(settings) | {"budget": arguments.budget, "economics": prices}
    root, _ = open_measurement(arguments.output, "baselines", identity)
    with Interrupts() as stop, Meter(1.0, "baselines") as meter:
        try:
            measure(root, settings, arguments, stop, meter)
        except Interrupted:
            meter.say(f"interrupted; finished searches are kept, go on with the same command and output={root}")
    return stop.status


def measure(root: Path, settings: Settings, arguments: BaselineArguments, stop: Any, meter: Any) -> None:
    """Search what the folder lacks, evaluate everything, write and print.

    Args:
        root: the folder
        settings: task, seed, threads, prices
        arguments: shifts, budget, frontier
        stop: says whether somebody asked to stop
        meter: shows where the work stands

    Raises:
        Interrupted: the user asked to stop.
        UsageError: the frontier cannot be read.
    """
    from scripts._baselines import Bench, read_policies, search_baselines
    from scripts._baselines_report import TurnLog
    from scripts._build import make_cells, make_prices
    from scripts._interrupts import Interrupted

    rivals = _rivals(arguments.frontier)
    env = make_cells(settings, max(1, min(CELLS, arguments.budget * 3 // 4, arguments.shifts)))

    def tick() -> None:
        meter.add(1.0)
        if stop.requested:
            raise Interrupted

    bench = Bench(env, make_prices(settings.economics), settings.seed, tick)
    found = read_policies(root)
    wanted = [name for name in bench.names[1:] if name not in found]
    searching, evaluating = (-(-shifts // env.num_envs) for shifts in (arguments.budget, arguments.shifts))
    rounds = len(wanted) * searching + len(bench.names) * evaluating
    meter.at(0.0, float(rounds * env.unwrapped.task.steps_per_shift))
    meter.say(f"{settings.task.name}: baselines in {root}; to search: {', '.join(wanted) if wanted else 'nothing'}")
    log = TurnLog(root / "turns.csv", bench.layout, bench.causes, set(found))
    try:
        hear = partial(_heard, log, meter)
        tables = search_baselines(bench, root, arguments.budget, rivals, hear)
        _evaluate(root, settings, bench, tables, arguments.shifts, meter)
    finally:
        log.close()
        env.close()


def _heard(log: Any, meter: Any, name: str, done: Any) -> None:
    log.write(name, done)
    promised = f"the fit promises {done.promised_usd_per_hour:.2f} $/h"
    meter.say(f"{name}: round {done.number} of {done.rounds}, {len(done.turns)} units tried, {promised}")


def _evaluate(root: Path, settings: Settings, bench: Any, tables: Any, shifts: int, meter: Any) -> None:
    """Work the common shifts; write eval.csv, baselines.json, premium.json and baselines.png."""
    from scripts._baselines import evaluate_baselines
    from scripts._baselines_report import draw_baselines, premium_text, premiums, summarise, table_text
    from scripts._evaluate import EVAL_COLUMNS
    from scripts._runs import CsvLog, versions, write_json

    meter.label("evaluation")
    rows = evaluate_baselines(bench, tables, shifts)
    (root / "eval.csv").unlink(missing_ok=True)
    log = CsvLog(root / "eval.csv", ["policy", *EVAL_COLUMNS])
    for name, own in rows.items():
        for row in own:
            log.write({"policy": name} | row)
    log.close()
    summary, found = summarise(rows), premiums(rows, settings.seed)
    write_json(root / "baselines.json", summary)
    write_json(root / "premium.json", {"vision_premium_available": found})
    write_json(root / "versions.json", versions())
    title = f"{settings.task.name}: baselines, {shifts} paired shifts\n{premium_text(found)}"
    draw_baselines(root / "baselines.png", summary, title)
    meter.say(table_text(summary, found))
    meter.say(f"written to {root}: baselines.json, premium.json, baselines.png, policies.json, eval.csv, turns.csv")


def _rivals(frontier: str | None) -> dict[str, Any]:
    """The best constant of a sweep, where there is one."""
    from scripts._frontier_checks import best_row
    from scripts._frontier_table import read_frontier

    if frontier is None:
        return {}
    best = best_row(read_frontier(Path(frontier).expanduser()))
    return {"sweep": np.array([best.speed, best.care])}


main = entry_point(run)


if __name__ == "__main__":
    main()
