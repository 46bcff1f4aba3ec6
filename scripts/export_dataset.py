"""Export shifts: `python scripts/export_dataset.py run_dir=RUN format=minari|lerobot [episodes=4] [output=FOLDER]`.

Rolls shifts of a run's policy (`policy=checkpoint`, `random` or `'constant(1.0,0.86)'`), the first with `seed=0`, and
writes a Minari dataset or a LeRobotDataset v3.0, by default to RUN/datasets/FORMAT. `device=` says where a policy runs.
Each episode tells what it earned; of a checkpoint's, data_value and price_quoted are those of the run's last shift.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from scripts._cli import Arguments, entry_point, load_arguments
from scripts._explain import UsageError, nearest
from scripts._settings import MAX_SEED, PathText, Settings, load_settings

_CONSTANT = re.compile(r"constant\(([^,()]+),([^,()]+)\)")
_POLICIES = ("checkpoint", "random", "constant(1.0,0.86)")


class RollArguments(Arguments):
    """What the command line can say of rolling a run's shifts."""

    run_dir: PathText
    episodes: Annotated[int, Field(ge=1)] = 4
    output: PathText | None = None
    policy: str = "checkpoint"
    # Not those above MAX_SEED: what a learner is evaluated on shall not be in its data.
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "cpu"


class ExportArguments(RollArguments):
    """What the command line can say."""

    format: Literal["minari", "lerobot"]


def run(argv: Sequence[str]) -> int:
    """Roll, write, and say where the dataset lies.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status 0.

    Raises:
        UsageError: an argument or the run folder is wrong, or a library is missing.
    """
    arguments = load_arguments(argv, ExportArguments, str(__doc__))
    last = MAX_SEED - arguments.episodes + 1
    if arguments.seed > last:
        raise UsageError(f"seed: must be at most {last} for {arguments.episodes} episodes; nearest valid: {last}")

    from scripts._export import require
    from scripts._media import require_ffmpeg
    from scripts._runs import read_config

    require(*(("minari", "pyarrow") if arguments.format == "minari" else ("pyarrow",)))
    root = Path(arguments.run_dir).expanduser()
    settings = load_settings(read_config(root))
    if arguments.format == "lerobot" and settings.task.observation == "video":
        require_ffmpeg()
    default = root / "datasets" / arguments.format
    output = default if arguments.output is None else Path(arguments.output).expanduser()
    print(_roll_and_write(arguments, settings, root, output))
    return 0


def _roll_and_write(arguments: ExportArguments, settings: Settings, root: Path, output: Path) -> str:
    """Roll the shifts into the format; return the lines that say what is there."""
    from scripts._build import EVALUATION_CELLS, make_cells
    from scripts._episodes import roll_episodes
    from scripts._export_lerobot import write_lerobot
    from scripts._export_minari import minari_id, write_minari

    env = make_cells(settings, min(EVALUATION_CELLS, arguments.episodes))
    try:
        policy = make_policy(arguments, root, env)
        seeds = range(arguments.seed, arguments.seed + arguments.episodes)
        episodes = _at_least_one(roll_episodes(policy, env, seeds))
        write = write_minari if arguments.format == "minari" else write_lerobot
        written = write(output, _describe(arguments, settings, root, env), episodes)
    finally:
        env.close()
    lost = arguments.episodes - written
    text = f"{written} episodes written to {output}" + (f"; {lost} diverged and are left out" if lost else "")
    if arguments.format == "minari":
        name = minari_id(settings.task.name)
        text += f"\nread: MINARI_DATASETS_PATH={output.resolve()}, then minari.load_dataset({name!r})"
    return text


def make_policy(arguments: RollArguments, root: Path, env: Any) -> Any:
    """Make what the command line's `policy` names.

    Args:
        arguments: policy, seed and device count
        root: run folder of the checkpoint
        env: vector environment, for its spaces

    Returns:
        A policy: observations (N, ...) -> actions (N, 2).

    Raises:
        UsageError: there is no such policy, or the constant is no action.
    """
    from agents import ConstantPolicy, EnvSpec, RandomPolicy, load_policy
    from scripts._placement import choose_device

    name = arguments.policy
    if name == "checkpoint":
        return load_policy(root, choose_device(arguments.device))
    if name == "random":
        return RandomPolicy(EnvSpec.from_spaces(env.single_observation_space, env.single_action_space), arguments.seed)
    constant = _CONSTANT.fullmatch(name)
    if constant is None:
        raise UsageError(
            f"policy: {name!r} is not one of checkpoint, random, constant(SPEED,CARE);"
            f" nearest valid: policy={nearest(name, _POLICIES)}"
        )
    return ConstantPolicy(_action(name, constant.groups()))


def _action(name: str, words: tuple[str, ...]) -> np.ndarray:
    try:
        action = np.array([float(word) for word in words])
    except ValueError as error:
        raise UsageError(f"policy: {name} has no two numbers; nearest valid: policy={_POLICIES[-1]}") from error
    clipped = np.clip(np.nan_to_num(action), 0.0, 1.0)
    if not np.array_equal(clipped, action):
        speed, care = clipped.tolist()
        raise UsageError(f"policy: {name} leaves [0, 1]; nearest valid: policy=constant({speed:g},{care:g})")
    return action


def _describe(arguments: ExportArguments, settings: Settings, root: Path, env: Any) -> Any:
    from scripts._build import make_prices
    from scripts._export import Dataset, ledger_values

    return Dataset(
        task=settings.task.name,
        policy=arguments.policy,
        observation=settings.task.observation,
        observation_space=env.single_observation_space,
        layout=env.unwrapped.observation_layout,
        prices=make_prices(settings.economics),
        values=ledger_values(root) if arguments.policy == "checkpoint" else {},
        env_spec=_env_spec(settings),
    )


def _env_spec(settings: Settings) -> str | None:
    """Gymnasium's specification as JSON, where the prices are the default ones, which need no saying."""
    import copy

    import gymnasium as gym

    from economics import Prices
    from scripts._build import make_prices

    if make_prices(settings.economics) != Prices():
        return None
    spec = copy.deepcopy(gym.spec(settings.variant.id))
    given = {name: value for name, value in settings.variant.kwargs.items() if value is not None and name != "threads"}
    spec.kwargs = spec.kwargs | given
    return spec.to_json()


def _at_least_one(episodes: Iterable[Any]) -> Iterator[Any]:
    """Pass episodes on; no dataset is made of none."""
    empty = True
    for episode in episodes:
        empty = False
        yield episode
    if empty:
        raise UsageError("seed: the physics of every shift diverged, nothing is left to export; choose another seed")


main = entry_point(run)


if __name__ == "__main__":
    main()
