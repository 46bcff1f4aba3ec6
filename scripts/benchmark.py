"""Measure speed: `python scripts/benchmark.py [only=env|learners|encoders|peers] [rounds=5]`; medians as JSON lines.

`bound` is the largest ("side": "upper") or smallest ("lower") value that is acceptable, or null. An overhead is the
time of env.step over the time of the bare native rollout of the same substeps and the bare render of the same frames,
at 20 substeps a step and (`_default`) at the task's own. Peers are other projects' environments: `make peers`. Their
first figure, `frames_over_dm_control`, is mostly a quality setting, as its `note` says: dm_control draws as shipped;
`frames_over_dm_control_equal_quality` compares like with like. Learners are compared with others in processes of their
own, one thread on each side; if ours does not give the plain implementation's loss and gradient, the exit status is 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated, Literal

from pydantic import Field

from scripts._benchmark import Measurement, interleaved_medians
from scripts._benchmark_encoders import encoder_measurements
from scripts._benchmark_env import env_measurements
from scripts._benchmark_learners import learners_measurements
from scripts._benchmark_peers import peer_measurements
from scripts._cli import Arguments, entry_point, load_arguments
from scripts._machine import keep_freed_memory

__all__ = ["GROUPS", "BenchmarkArguments", "Measurement", "interleaved_medians", "main", "run"]

GROUPS = {
    "env": env_measurements,
    "peers": peer_measurements,
    "learners": learners_measurements,
    "encoders": encoder_measurements,
}


class BenchmarkArguments(Arguments):
    """What the command line can say."""

    only: Literal["all", "env", "learners", "encoders", "peers"] = "all"
    rounds: Annotated[int, Field(ge=1)] = 5


def run(argv: Sequence[str]) -> int:
    """Measure and print.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status: 0, or 1 where a guard is broken.

    Raises:
        UsageError: an argument is wrong.
    """
    arguments = load_arguments(argv, BenchmarkArguments, str(__doc__))
    keep_freed_memory()
    broken: list[str] = []
    for name, make in GROUPS.items():
        if arguments.only in ("all", name):
            with ExitStack() as stack:
                measurements = make(stack)
                lines = interleaved_medians(measurements, arguments.rounds)
            for measurement, line in zip(measurements, lines, strict=True):
                print(json.dumps(line), flush=True)
                broken += [line["name"]] if measurement.is_guard and not measurement.holds(line["value"]) else []
    if broken:
        print(f"benchmark.py: not the same maths, compare nothing: {', '.join(broken)}", file=sys.stderr, flush=True)
    return 1 if broken else 0


main = entry_point(run)


if __name__ == "__main__":
    main()
