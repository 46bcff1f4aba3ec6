"""Measure speed: `python scripts/benchmark.py [only=env|learner|encoders|peers] [rounds=5]`; medians as JSON lines.

`bound` is the largest ("side": "upper") or smallest ("lower") value that is acceptable, or null. An overhead is the
time of env.step over the time of the bare native rollout of the same substeps and the bare render of the same frames,
at 20 substeps a step and (`_default`) at the task's own. Peers are other projects' environments: `make peers`.
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
from scripts._benchmark_learner import learner_measurements
from scripts._benchmark_peers import peer_measurements
from scripts._cli import Arguments, guarded, load_arguments

__all__ = ["GROUPS", "BenchmarkArguments", "Measurement", "interleaved_medians", "main", "run"]

GROUPS = {
    "env": env_measurements,
    "peers": peer_measurements,
    "learner": learner_measurements,
    "encoders": encoder_measurements,
}


class BenchmarkArguments(Arguments):
    """What the command line can say."""

    only: Literal["all", "env", "learner", "encoders", "peers"] = "all"
    rounds: Annotated[int, Field(ge=1)] = 5


def run(argv: Sequence[str]) -> int:
    """Measure and print.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument is wrong.
    """
    arguments = load_arguments(argv, BenchmarkArguments, str(__doc__))
    for name, make in GROUPS.items():
        if arguments.only in ("all", name):
            with ExitStack() as stack:
                for line in interleaved_medians(make(stack), arguments.rounds):
                    print(json.dumps(line), flush=True)
    return 0


def main() -> None:
    """Run the command line."""
    sys.exit(guarded(lambda: run(sys.argv[1:])))


if __name__ == "__main__":
    main()
