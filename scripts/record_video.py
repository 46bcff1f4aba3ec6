"""Film a trained run: `python scripts/record_video.py run_dir=RUN [episodes=1] [seconds=60] [output=FILE.mp4]`.

Shows the workcell beside what the policy sees, with speed, care, MP, error rate, parity and the last contact event.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scripts._cli import Arguments, entry_point, load_arguments
from scripts._explain import UsageError
from scripts._settings import MAX_SEED, PathText, load_settings


class RecordArguments(Arguments):
    """What the command line can say."""

    run_dir: PathText
    episodes: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(gt=0)] | None = None
    seed: Annotated[int, Field(ge=0)] = MAX_SEED + 1
    output: PathText | None = None


def run(argv: Sequence[str]) -> int:
    """Film and say where the video lies.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong, or there is no ffmpeg.
    """
    arguments = load_arguments(argv, RecordArguments, str(__doc__))

    from agents import load_policy
    from scripts._build import for_evaluation, make_cell, make_prices
    from scripts._media import Film, record, require_ffmpeg
    from scripts._runs import read_config

    root = Path(arguments.run_dir).expanduser()
    settings = load_settings(read_config(root))
    require_ffmpeg()
    path = root / "videos" / "policy.mp4" if arguments.output is None else Path(arguments.output).expanduser()
    if path.suffix != ".mp4":
        raise UsageError(
            f"output: must end in .mp4, got {path.name!r}; nearest valid: output={path.with_suffix('.mp4')}"
        )
    policy = load_policy(root)
    env = make_cell(for_evaluation(settings))
    film = Film(arguments.seed, arguments.episodes, arguments.seconds)
    record(env, policy, path, film, make_prices(settings.economics))
    env.close()
    print(f"written to {path}")
    return 0


main = entry_point(run)


if __name__ == "__main__":
    main()
