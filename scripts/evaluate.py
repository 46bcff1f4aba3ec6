"""Evaluate a trained run: `python scripts/evaluate.py run_dir=RUN [shifts=20] [output=FILE.json] [device=cpu]`.

Prints a table of means and 95 % intervals over greedy shifts on fixed seeds, and writes them as JSON to the run folder;
shifts whose physics diverged are counted apart and left out.
`randomization=off|mild|strong` draws the shifts differently from the run's task.eval_randomization;
`contacts=FILE.csv|FILE.parquet` writes their contact events, one row an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from scripts._cli import Arguments, entry_point, load_arguments
from scripts._explain import UsageError
from scripts._settings import PathText, Randomization, Settings, load_settings

# YAML reads a bare off as false.
Level = Annotated[Randomization | None, BeforeValidator(lambda value: "off" if value is False else value)]


class EvaluateArguments(Arguments):
    """What the command line can say."""

    run_dir: PathText
    shifts: Annotated[int, Field(ge=1)] = 20
    output: PathText | None = None
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "cpu"
    randomization: Level = None
    contacts: PathText | None = None


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
    from scripts._build import make_prices
    from scripts._evaluate import FIRST_SEED, evaluate_shifts, sum_up
    from scripts._placement import choose_device
    from scripts._runs import read_config, versions, write_json

    root = Path(arguments.run_dir).expanduser()
    settings = load_settings(read_config(root))
    level = _level(settings, arguments.randomization)
    policy = load_policy(root, choose_device(arguments.device))
    with closing(make_env(settings, arguments)) as env:
        rows = evaluate_shifts(policy, env, arguments.shifts, make_prices(settings.economics))
    found = sum_up(rows)
    output = root / "evaluation.json" if arguments.output is None else Path(arguments.output).expanduser()
    write_json(
        output,
        {
            "task": settings.task.name,
            "seed": settings.seed,
            "randomization": level,
            "eval": {**found, "first_seed": FIRST_SEED},
            "shifts": rows,
            "versions": versions(),
        },
    )
    title = f"{settings.task.name}, {settings.encoder.name}, seed {settings.seed}: {arguments.shifts} greedy shifts"
    show(found, title)
    print(f"written to {output}" + ("" if arguments.contacts is None else f" and {arguments.contacts}"))
    return 0


def make_env(settings: Settings, arguments: EvaluateArguments) -> Any:
    """Make the cells to evaluate in; they write their contact events if that is asked for.

    Args:
        settings: the run
        arguments: `shifts`, `randomization` and `contacts` count

    Returns:
        The vector environment; closing it finishes the file.

    Raises:
        UsageError: the task has no contacts, or the file cannot be written.
    """
    from scripts._build import EVALUATION_CELLS, for_evaluation, make_cells
    from scripts._contact_file import open_contacts
    from scripts._contacts import ShiftContacts, check_contacts

    env = make_cells(for_evaluation(settings, arguments.randomization), min(EVALUATION_CELLS, arguments.shifts))
    if arguments.contacts is None:
        return env
    path = Path(arguments.contacts).expanduser()
    check_contacts(env, "contacts", path.suffix)
    return ShiftContacts(env, open_contacts(path, "contacts"), arguments.shifts)


def _level(settings: Settings, asked: str | None) -> str | None:
    """Return how far the shifts differ from nominal; None where the task knows no such thing."""
    if "randomization" in settings.variant.kwargs:
        return settings.task.eval_randomization if asked is None else asked
    if asked is not None:
        raise UsageError(f"randomization: {settings.task.name} has no such setting; nearest valid: leave it out")
    return None


def show(found: dict[str, Any], title: str) -> None:
    """Print the table.

    Args:
        found: what `scripts._evaluate.sum_up` returned
        title: heading
    """
    from scripts._evaluate import divergence_note

    print(title)
    print(f"{'quantity':<26}{'mean':>10}{'95 % low':>12}{'95 % high':>12}")
    for name, interval in found.items():
        if isinstance(interval, dict):
            print(f"{name:<26}{interval['value']:>10.4g}{interval['low']:>12.4g}{interval['high']:>12.4g}")
    print(divergence_note(found["diverged"], found["shifts"]))


main = entry_point(run)


if __name__ == "__main__":
    main()
