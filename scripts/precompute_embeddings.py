"""Write latents of shifts: `python scripts/precompute_embeddings.py run_dir=RUN [episodes=8] [output=FILE.npz]`.

Rolls shifts of a run's policy (`policy=checkpoint`, `random` or `'constant(1.0,0.86)'`), the first with `seed=0`, and
writes what its frozen encoder makes of each observation, with actions, dollars, errors, attempts and ends, by default
to RUN/embeddings.npz. Prints how far actions from pixels and from latents are apart; exit status 1 if that is too far.
`scripts/train_on_embeddings.py` learns from the file.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from scripts._cli import entry_point, load_arguments
from scripts._explain import UsageError
from scripts._settings import MAX_SEED, load_settings
from scripts.export_dataset import RollArguments, make_policy

NAME = "embeddings.npz"


class PrecomputeArguments(RollArguments):
    """What the command line can say."""

    episodes: Annotated[int, Field(ge=1)] = 8


def run(argv: Sequence[str]) -> int:
    """Roll, encode, compare, write.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0, or 1 where pixels and latents do not give the same actions.

    Raises:
        UsageError: an argument or the run folder is wrong.
    """
    arguments = load_arguments(argv, PrecomputeArguments, str(__doc__))
    last = MAX_SEED - arguments.episodes + 1
    if arguments.seed > last:
        raise UsageError(f"seed: must be at most {last} for {arguments.episodes} episodes; nearest valid: {last}")
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


def encode_shifts(arguments: PrecomputeArguments, root: Path) -> tuple[Any, Any]:
    """Work shifts seen through the run's encoder.

    Args:
        arguments: policy, seeds and device
        root: the run folder

    Returns:
        The embeddings, and the comparison of actions.

    Raises:
        UsageError: the run folder is wrong.
    """
    from agents import load_policy
    from scripts._build import EVALUATION_CELLS, choose_device, make_cells
    from scripts._embeddings import gather
    from scripts._episodes import roll_episodes
    from scripts._latent_cells import Comparison, LatentCells, on_latents
    from scripts._novelty_latents import encoder_digest
    from scripts._runs import read_config

    settings = load_settings(read_config(root))
    policy = load_policy(root, choose_device(arguments.device))
    encoder = policy.encoder
    encoder.freeze()
    comparison = Comparison(policy, on_latents(policy))
    with closing(LatentCells(make_cells(settings, min(EVALUATION_CELLS, arguments.episodes)), encoder)) as cells:
        worker = None if arguments.policy == "checkpoint" else make_policy(arguments, root, cells)

        def act(latents: Any) -> Any:
            own = comparison.act(cells, latents)
            return own if worker is None else worker(latents)

        seeds = range(arguments.seed, arguments.seed + arguments.episodes)
        episodes = roll_episodes(act, cells, seeds)
        return gather(episodes, encoder.name, encoder_digest(encoder), arguments.policy), comparison


main = entry_point(run)


if __name__ == "__main__":
    main()
