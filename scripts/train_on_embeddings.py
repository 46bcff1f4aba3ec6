"""Train SAC without pixels: `python scripts/train_on_embeddings.py run_dir=RUN [updates=2000] [output=FOLDER]`.

Learns a fresh actor and critic, with the run's own settings, from the latents that `scripts/precompute_embeddings.py`
wrote (`embeddings=RUN/embeddings.npz`), lets the actor work `shifts=8` greedy ones behind the run's frozen encoder
beside the run's own policy, and writes a policy of pixels that `scripts/evaluate.py run_dir=FOLDER` reads, by default
to RUN/on_embeddings. `lambda_usd=0` is the price of an error above the SLA; `batch_size=` and `lr=` replace the run's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from scripts._cli import Arguments, entry_point, load_arguments
from scripts._explain import UsageError
from scripts._settings import MAX_SEED, PathText, Settings, load_settings
from scripts.precompute_embeddings import NAME


class TrainOnEmbeddingsArguments(Arguments):
    """What the command line can say."""

    run_dir: PathText
    embeddings: PathText | None = None
    output: PathText | None = None
    updates: Annotated[int, Field(ge=1)] = 2000
    shifts: Annotated[int, Field(ge=1)] = 8
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    lambda_usd: Annotated[float, Field(ge=0)] = 0.0
    batch_size: Annotated[int, Field(ge=1)] | None = None
    lr: Annotated[float, Field(gt=0)] | None = None
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "cpu"


def run(argv: Sequence[str]) -> int:
    """Learn, work, write.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0, or 1 where pixels and latents do not give the same actions.

    Raises:
        UsageError: an argument, the run folder or the file is wrong.
    """
    arguments = load_arguments(argv, TrainOnEmbeddingsArguments, str(__doc__))

    from agents import load_policy
    from scripts._embeddings import load_embeddings
    from scripts._machine import convolve_in_float32
    from scripts._placement import choose_device
    from scripts._runs import read_config

    root = Path(arguments.run_dir).expanduser()
    settings = load_settings(read_config(root))
    path = root / NAME if arguments.embeddings is None else Path(arguments.embeddings).expanduser()
    output = root / "on_embeddings" if arguments.output is None else Path(arguments.output).expanduser()
    if output.exists():
        raise UsageError(f"output: {output} exists; remove it, or choose another output=FOLDER")
    convolve_in_float32()
    policy = load_policy(root, choose_device(arguments.device))
    embeddings = load_embeddings(path)
    check_encoder(embeddings, policy, root, path)
    actor = learn(arguments, settings, embeddings, policy)
    comparison = work(arguments, settings, policy, actor)
    write(output, root, comparison.from_pixels)
    print(f"written to {output}")
    print(comparison)
    return 0 if comparison.holds else 1


def check_encoder(embeddings: Any, policy: Any, root: Path, path: Path) -> None:
    """See that the run's encoder wrote the file.

    Raises:
        UsageError: another one did.
    """
    from scripts._novelty_latents import encoder_digest

    if str(embeddings.digest) != encoder_digest(policy.encoder):
        raise UsageError(
            f"embeddings: {path} was written by another encoder than that of {root}; write it again:"
            f" python scripts/precompute_embeddings.py run_dir={root}"
        )


def learn(arguments: TrainOnEmbeddingsArguments, settings: Settings, embeddings: Any, policy: Any) -> Any:
    """Train SAC on latents.

    Args:
        arguments: updates, seed, lambda and what replaces the run's settings
        settings: of the run
        embeddings: to learn from
        policy: of the run, for the bounds of its actions

    Returns:
        The agent; it reads latents.

    Raises:
        UsageError: the run's agent is not SAC, or refuses a setting.
        DivergenceError: a loss is not finite; the message names the update.
    """
    import torch

    from agents import DivergenceError
    from scripts._offline import Offline, make_offline_learner

    torch.set_num_threads(1)
    offline = Offline(arguments.seed, arguments.device, arguments.batch_size, arguments.lr)
    learner = make_offline_learner(settings, embeddings, policy.spec, offline)
    e_target = settings.economics.constraint.target_end
    started = time.monotonic()
    metrics: dict[str, float] = {}
    for number in range(1, arguments.updates + 1):
        try:
            metrics = learner.update(arguments.lambda_usd, e_target)
        except DivergenceError as error:
            raise DivergenceError(f"update {number}: {error}; nothing was written; cure: a smaller lr=") from error
    seconds = time.monotonic() - started
    size = learner.config.batch_size
    print(
        f"{arguments.updates} updates of {size} of {len(embeddings)} steps in {seconds:.1f} s"
        f" ({arguments.updates / seconds:.0f} /s)"
    )
    print("last update: " + ", ".join(f"{name} {metrics[name]:.4g}" for name in ("critic_loss", "actor_loss", "alpha")))
    return learner.agent


def work(arguments: TrainOnEmbeddingsArguments, settings: Settings, policy: Any, actor: Any) -> Any:
    """Work greedy shifts with the new actor and with the run's own policy, and print what they earn.

    Args:
        arguments: shifts
        settings: of the run
        policy: of the run
        actor: agent that reads latents

    Returns:
        The comparison of the new actor's actions; its `from_pixels` is the policy to keep.
    """
    from agents import TrainedPolicy, with_encoder
    from scripts._build import EVALUATION_CELLS, for_evaluation, make_cells, make_prices
    from scripts._evaluate import evaluate_shifts, sum_up
    from scripts._latent_cells import Comparison, LatentCells
    from scripts.evaluate import show

    prices, count = make_prices(settings.economics), arguments.shifts
    comparison = Comparison(with_encoder(actor, policy.spec, policy.encoder), TrainedPolicy(actor))
    with closing(make_cells(for_evaluation(settings), min(EVALUATION_CELLS, count))) as env:
        cells = LatentCells(env, policy.encoder)
        rows = evaluate_shifts(lambda latents: comparison.act(cells.seen, latents), cells, count, prices)
        show(sum_up(rows), f"learned from embeddings: {count} greedy shifts")
        show(sum_up(evaluate_shifts(policy, env, count, prices)), f"the run's own policy: {count} greedy shifts")
    return comparison


def write(output: Path, root: Path, policy: Any) -> None:
    """Write the policy and the run's configuration to a folder that appears whole."""
    import shutil

    from agents import save_policy
    from scripts._export import drafted

    with drafted(output) as draft:
        save_policy(draft, policy.agent)
        shutil.copy(root / "config.yaml", draft / "config.yaml")


main = entry_point(run)


if __name__ == "__main__":
    main()
