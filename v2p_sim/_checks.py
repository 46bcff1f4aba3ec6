"""Checks of what people pass in: one line that says what is wrong and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RENDER_MODES = ("rgb_array",)


def checked_action(action: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Clip one cell's action to [0, 1] and refuse what is no action.

    Args:
        action: [speed, care]

    Returns:
        The action in [0, 1] as a batch of one, shape (1, 2).

    Raises:
        ValueError: another shape, or a number that is not finite.
    """
    array = np.asarray(action, np.float64)
    if array.shape == (2,):
        speed, care = array.tolist()  # reductions of two numbers would take ten times as long
        if 0.0 <= speed <= 1.0 and 0.0 <= care <= 1.0:
            return array[None]
    return checked_actions(array, (2,))[None]


def checked_actions(actions: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Clip actions to [0, 1] and refuse what is no action.

    Args:
        actions: [speed, care], one or one a cell
        shape: shape that they must have

    Returns:
        Actions in [0, 1], of that shape.

    Raises:
        ValueError: another shape, or a number that is not finite.
    """
    given = np.asarray(actions)
    if given.shape != shape:
        raise ValueError(f"action has shape {given.shape}, expected {shape}: [speed, care] in [0, 1]")
    array = given.astype(np.float64, copy=False)
    if given.min() >= 0.0 and given.max() <= 1.0:  # of what was given: 32 bits take half the time of 64
        return array
    if not np.isfinite(array).all():
        raise ValueError(f"action {array.tolist()} is not finite: give [speed, care] in [0, 1]")
    return np.minimum(np.maximum(array, 0.0), 1.0)


def checked_choice(name: str, value: str, choices: Sequence[str]) -> str:
    """Refuse a name that is not among the choices.

    Args:
        name: what is chosen, for the message
        value: the choice
        choices: the valid ones

    Returns:
        The choice.

    Raises:
        ValueError: an unknown choice; the message names the nearest valid one.
    """
    if value in choices:
        return value
    near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.0)[0]
    raise ValueError(f"{name} {value!r} is unknown: did you mean {near!r}? Valid: {', '.join(map(repr, choices))}")


def checked_render_mode(render_mode: str | None) -> str | None:
    """Refuse a render mode that no face has.

    Args:
        render_mode: None or "rgb_array"

    Returns:
        The render mode.

    Raises:
        ValueError: any other mode.
    """
    return None if render_mode is None else checked_choice("render_mode", render_mode, RENDER_MODES)
