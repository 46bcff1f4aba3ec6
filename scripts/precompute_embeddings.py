"""Write latents of shifts: `python scripts/precompute_embeddings.py run_dir=RUN [episodes=8] [output=FILE.npz]`.

Rolls shifts of a run's policy (`policy=checkpoint`, `random` or `'constant(1.0,0.86)'`), the first with `seed=0`, or
reads those that `scripts/export_dataset.py format=minari` wrote to `recorded=FOLDER`. Writes what the run's frozen
encoder makes of each observation, with actions, dollars, errors, attempts and ends, by default to RUN/embeddings.npz.
Prints how far actions from pixels and from latents are apart; exit status 1 if that is too far.
`scripts/train_on_embeddings.py` learns from the file.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from scripts._cli import entry_point, load_arguments
from scripts._explain import UsageError
from scripts._settings import MAX_SEED, PathText, Settings, load_settings
from scripts.export_dataset import RollArguments, make_policy

NAME = "embeddings.npz"
ROLLING = ("episodes", "policy", "seed")
"""Arguments that say which shifts to roll."""


class PrecomputeArguments(RollArguments):
    """What the command line can say."""

    episodes: Annotated[int, Field(ge=1)] = 8
    recorded: PathText | None = None


def run(argv: Sequence[str]) -> int:
    """Roll or read, encode, compare, write.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0, or 1 where pixels and latents do not give the same actions.

    Raises:
        UsageError: an argument, the run folder or the recording is wrong, or a library is missing.
    """
    arguments = load_arguments(argv, PrecomputeArguments, str(__doc__))
    check_shifts(arguments)
    root = Path(arguments.run_dir).expanduser()
    output = root / NAME if arguments.output is None else Path(arguments.output).expanduser()
    started = time.monotonic()
    embeddings, comparison = encode_shifts(arguments, root)

    from scripts._embeddings import save_embeddings

    if comparison.holds:
        save_embeddings(output, embeddings)
        shifts, seconds = len(embeddings.seeds), time.monotonic() - started
        print(f"{len(embeddings)} steps of {shifts} shifts written to {output} in {seconds:.1f} s")
    print(comparison)
    return 0 if comparison.holds else 1


def check_shifts(arguments: PrecomputeArguments) -> None:
    """See that it is said in one way which shifts to encode.

    Raises:
        UsageError: seeds leave their range, shifts are to be both rolled and read, or nothing here can read them.
    """
    last = MAX_SEED - arguments.episodes + 1
    if arguments.seed > last:
        raise UsageError(f"seed: must be at most {last} for {arguments.episodes} episodes; nearest valid: {last}")
    if arguments.recorded is None:
        return
    for key in ROLLING:
        if key in arguments.model_fields_set:
            raise UsageError(f"{key}: recorded shifts are read as they are, all of them; nearest valid: leave it out")

    from scripts._export import require

    require("minari", "pyarrow", key="recorded")


def encode_shifts(arguments: PrecomputeArguments, root: Path) -> tuple[Any, Any]:
    """See shifts through the run's encoder.

    Args:
        arguments: which shifts, and the device
        root: the run folder

    Returns:
        The embeddings, and the comparison of actions.

    Raises:
        UsageError: the run folder or the recording is wrong.
    """
    from agents import load_policy
    from scripts._embeddings import gather
    from scripts._latent_cells import Comparison, on_latents
    from scripts._machine import convolve_in_float32
    from scripts._novelty_latents import encoder_digest
    from scripts._placement import choose_device
    from scripts._runs import read_config

    settings = load_settings(read_config(root))
    convolve_in_float32()
    policy = load_policy(root, choose_device(arguments.device))
    encoder = policy.encoder
    encoder.freeze()
    comparison = Comparison(policy, on_latents(policy))
    if arguments.recorded is None:
        shifts, worker = roll_shifts(arguments, settings, root, comparison), arguments.policy
    else:
        from scripts._recorded import encode_recording, open_recording

        recording = open_recording(Path(arguments.recorded).expanduser(), settings.task.name, policy.spec)
        shifts, worker = encode_recording(recording, comparison), recording.policy
    return gather(shifts, encoder.name, encoder_digest(encoder), worker), comparison


def roll_shifts(arguments: PrecomputeArguments, settings: Settings, root: Path, comparison: Any) -> Iterator[Any]:
    """Work shifts seen through the run's encoder.

    Args:
        arguments: policy, seeds and device
        settings: of the run
        root: the run folder
        comparison: of the actions of the run's policy

    Yields:
        The shifts, with latents for observations.

    Raises:
        UsageError: there is no such policy.
    """
    from scripts._build import EVALUATION_CELLS, make_cells
    from scripts._episodes import roll_episodes
    from scripts._latent_cells import LatentCells

    env = make_cells(settings, min(EVALUATION_CELLS, arguments.episodes))
    with closing(LatentCells(env, comparison.from_pixels.encoder)) as cells:
        worker = None if arguments.policy == "checkpoint" else make_policy(arguments, root, cells)

        def act(latents: Any) -> Any:
            own = comparison.act(cells.seen, latents)
            return own if worker is None else worker(latents)

        yield from roll_episodes(act, cells, range(arguments.seed, arguments.seed + arguments.episodes))


main = entry_point(run)


if __name__ == "__main__":
    main()
