"""Evaluate a trained run: `python scripts/evaluate.py run_dir=RUN [shifts=20] [output=FILE.json] [device=cpu]`.

Prints a table of means and 95 % intervals over greedy shifts on fixed seeds, and writes them as JSON to the run folder.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from scripts._cli import guarded, load_arguments
from scripts._settings import PathText, load_settings


class EvaluateArguments(BaseModel):
    """What the command line can say."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    run_dir: PathText
    shifts: Annotated[int, Field(ge=1)] = 20
    output: PathText | None = None
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "cpu"


def run(argv: Sequence[str]) -> int:
    """Evaluate, print, write.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, EvaluateArguments, str(__doc__))

    from agents import load_policy
    from scripts._build import EVALUATION_CELLS, choose_device, make_cells, make_prices
    from scripts._evaluate import FIRST_SEED, evaluate_shifts, intervals
    from scripts._runs import read_config, versions, write_json

    root = Path(arguments.run_dir).expanduser()
    settings = load_settings(read_config(root))
    policy = load_policy(root, choose_device(arguments.device))
    env = make_cells(settings, min(EVALUATION_CELLS, arguments.shifts))
    rows = evaluate_shifts(policy, env, arguments.shifts, make_prices(settings.economics))
    env.close()
    found = intervals(rows)
    output = root / "evaluation.json" if arguments.output is None else Path(arguments.output).expanduser()
    write_json(
        output,
        {
            "task": settings.task.name,
            "seed": settings.seed,
            "eval": {**found, "shifts": arguments.shifts, "first_seed": FIRST_SEED},
            "shifts": rows,
            "versions": versions(),
        },
    )
    title = f"{settings.task.name}, {settings.encoder.name}, seed {settings.seed}: {arguments.shifts} greedy shifts"
    show(found, title)
    print(f"written to {output}")
    return 0


def show(found: dict[str, Any], title: str) -> None:
    """Print the table.

    Args:
        found: value, low and high of each quantity
        title: heading
    """
    print(title)
    print(f"{'quantity':<26}{'mean':>10}{'95 % low':>12}{'95 % high':>12}")
    for name, interval in found.items():
        print(f"{name:<26}{interval['value']:>10.4g}{interval['low']:>12.4g}{interval['high']:>12.4g}")


def main() -> None:
    """Run the command line."""
    sys.exit(guarded(lambda: run(sys.argv[1:])))


if __name__ == "__main__":
    main()
