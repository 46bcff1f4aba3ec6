"""What the benchmark of novelty looks at: normal shifts, and shifts in which one thing is not as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts._build import make_cells, with_kwargs
from scripts._evaluate import FIRST_SEED
from scripts._explain import UsageError
from scripts._settings import Settings
from v2p_sim.breakage import Outcome
from v2p_sim.dishes import TRAY_MIX
from v2p_sim.randomization import LEVELS, Randomization
from v2p_sim.workcell import BIN_M

TRAIN, NORMAL = "train", "normal"
MAX_CELLS = 16
SLOWEST = np.array([0.6, 0.6])  # [speed, care] of the least hasty and least careful work that counts as normal
_SEEDS_PER_CASE = 100_000
_BROKEN = (int(Outcome.BROKEN_IMPACT), int(Outcome.CRUSHED))

Bools = npt.NDArray[np.bool_]
Policy = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Case:
    """Shifts of one kind.

    Attributes:
        name: what it is called in tables.
        kwargs: what the environment is told beside the settings.
        shows: "normal" (no frame of the stack shows a broken dish), "kind" or "broken" (the newest frame shows one).
        fragile: whether every dish breaks at its first impact.
    """

    name: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    shows: str = "normal"
    fragile: bool = False


def make_cases(settings: Settings, kind: str) -> list[Case]:
    """List the cases that a task can show, the normal ones first.

    Args:
        settings: the task; its own randomisation stays, under every case
        kind: kind of dish that normal shifts never show

    Returns:
        The cases; of a task without a workcell the normal ones alone.

    Raises:
        UsageError: there is no such kind.
    """
    if "randomization" not in settings.variant.kwargs:
        return [Case(TRAIN), Case(NORMAL)]
    if kind not in TRAY_MIX:
        raise UsageError(f"kind: {kind!r} is not on the tray; valid: {', '.join(dict.fromkeys(TRAY_MIX))}")
    level, strong = settings.variant.kwargs["randomization"], LEVELS["strong"]
    usual = Randomization() if level is None else LEVELS[level]
    without: dict[str, Any] = {"tray_mix": mix_without(kind)}
    moved = replace(usual, camera_m=strong.camera_m, camera_rad=strong.camera_rad)
    return [
        Case(TRAIN, without),
        Case(NORMAL, without),
        Case("kind", {"tray_mix": TRAY_MIX}, shows="kind"),
        Case("camera", without | {"randomization": moved}),
        Case("light", without | {"randomization": replace(usual, light=strong.light)}),
        Case("broken", without, shows="broken", fragile=True),
    ]


def mix_without(kind: str) -> tuple[str, ...]:
    """Return the tray's mix with other kinds, in turn, in the place of one."""
    others = [name for name in dict.fromkeys(TRAY_MIX) if name != kind]
    held = [place for place, name in enumerate(TRAY_MIX) if name == kind]
    mix = list(TRAY_MIX)
    for turn, place in enumerate(held):
        mix[place] = others[turn % len(others)]
    return tuple(mix)


def shift_seeds(seed: int, case: int, shifts: int) -> list[int]:
    """Return a seed for each shift of a case, below those of evaluation; no two cases share one."""
    first = (seed * 1_000_003 + case * _SEEDS_PER_CASE) % (FIRST_SEED - _SEEDS_PER_CASE)
    return list(range(first, first + shifts))


class SteadyWork:
    """Works each shift with an action of its own, between unhurried and quick, fairly and very careful."""

    def __init__(self, seeds: list[int]) -> None:
        draws = [np.random.default_rng(seed).random(2) for seed in seeds]
        self.actions = (SLOWEST + (1.0 - SLOWEST) * np.array(draws)).astype(np.float32)

    def __call__(self, _observations: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the actions, whatever is seen."""
        return self.actions


@dataclass(frozen=True)
class Observed:
    """Observations of one moment: `observations` (M, T, C, H, W) of the cells that count, and their `shifts` (M,)."""

    observations: npt.NDArray[np.uint8]
    shifts: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rounds:
    """How a case is worked: a seed a shift, one observation in `every` control steps, a policy (None: steady work)."""

    seeds: list[int]
    every: int
    policy: Policy | None
    watch: Callable[[Policy], Policy]


def watch_case(settings: Settings, case: Case, kind: str, rounds: Rounds) -> Iterator[Observed]:
    """Work a case's shifts and yield what counts.

    Args:
        settings: task, seed, threads
        case: what is shown
        kind: kind of dish that normal shifts never show
        rounds: seeds, stride and policy

    Yields:
        Observations of one control step; a shift whose physics diverges ends there.
    """
    cells = min(MAX_CELLS, len(rounds.seeds))
    env = make_cells(with_kwargs(settings, **case.kwargs), cells)
    try:
        for first in range(0, len(rounds.seeds), cells):
            for observations, who in _round(env, case, kind, rounds, rounds.seeds[first : first + cells]):
                yield Observed(observations[who], first + np.flatnonzero(who))
    finally:
        env.close()


def _round(env: Any, case: Case, kind: str, rounds: Rounds, seeds: list[int]) -> Iterator[tuple[Any, Bools]]:
    padded = seeds + [seeds[-1]] * (env.num_envs - len(seeds))
    act = rounds.watch(SteadyWork(padded) if rounds.policy is None else rounds.policy)
    observations, _ = env.reset(seed=padded)
    task = env.unwrapped.task
    alive, clear = np.arange(env.num_envs) < len(seeds), _Clear(task, observations.shape[1])
    for step in range(task.steps_per_shift):
        if case.fragile:
            task.cycle.strength_j[:] = 0.0
        observations, _, terminated, _, _ = env.step(act(observations))
        alive &= ~terminated
        counts = alive & clear.after_step() if case.shows == "normal" else alive & _shows(task, case.shows, kind)
        # A broken dish is cleared away within seconds: every frame that shows one counts.
        if (step % rounds.every == 0 or case.shows == "broken") and counts.any():
            yield observations, counts


class _Clear:
    """Tells whose stacked frames show no broken dish."""

    def __init__(self, task: Any, frames: int) -> None:
        self._task, self._frames = task, frames
        self._since = np.full(task.num_cells, frames)

    def after_step(self) -> Bools:
        if hasattr(self._task, "cycle"):
            self._since = np.where(_shows(self._task, "broken", ""), 0, self._since + 1)
        return self._since >= self._frames


def _shows(task: Any, what: str, kind: str) -> Bools:
    """Tell which cells show a broken dish, or one of a kind; what was discarded lies behind the camera."""
    there = task.workcell.dish_position_m()[..., 1] > 0.5 * BIN_M[1]
    if what == "kind":
        return (there & np.array([own.name == kind for own in task.scene.kinds])).any(axis=1)
    return (there & np.isin(task.cycle.outcome, _BROKEN)).any(axis=1)
