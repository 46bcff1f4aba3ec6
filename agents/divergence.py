"""Numbers that are not finite: in data they are refused, from a loss nothing is learned."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


class NonFiniteError(ValueError):
    """Data from outside holds NaN or infinity; nothing was taken in."""


class DivergenceError(ArithmeticError):
    """A loss or its gradient became NaN or infinite; no optimiser step was taken from it."""


def check_finite(where: str, arrays: Mapping[str, Any], rows: np.ndarray | None = None) -> None:
    """Raise unless all floating-point arrays are finite.

    Args:
        where: What holds them, for the message.
        arrays: Arrays by name, (B, ...) each; what is no array of floats is left aside.
        rows: Mask (B,) of the rows that count; None counts all.

    Raises:
        NonFiniteError: One is not; the message names it, the first such row and its value.
    """
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or np.isfinite(array).all():
            continue
        wrong = ~np.isfinite(array) if rows is None else (~np.isfinite(array).T & rows).T
        if wrong.any():
            at = np.argwhere(wrong)[0]
            raise NonFiniteError(
                f"{where}: {name} must be finite, got {array[tuple(at)]} in row {at[0]} "
                f"({len(np.unique(np.nonzero(wrong)[0]))} of {len(array)} rows are wrong)"
            )


def check_losses(metrics: Mapping[str, float], rewards: np.ndarray) -> None:
    """Raise unless all metrics of an update are finite.

    Args:
        metrics: Numbers by name, in the order in which they were computed: the first wrong one is named.
        rewards: Finite rewards of the update's batch (B,), for the message.

    Raises:
        DivergenceError: One is not finite.
    """
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise DivergenceError(
                f"{name} or its gradient is {value}; its batch is finite, rewards from {rewards.min():.4g} to "
                f"{rewards.max():.4g}"
            )


def all_finite(state: Any) -> bool:
    """Tell whether all floating-point numbers of a nested state are finite.

    Args:
        state: Dictionaries, lists and tuples of tensors, arrays and plain values.
    """
    if isinstance(state, Mapping):
        return all(map(all_finite, state.values()))
    if isinstance(state, (list, tuple)):
        return all(map(all_finite, state))
    if isinstance(state, torch.Tensor):
        return not state.is_floating_point() or bool(torch.isfinite(state).all())
    if isinstance(state, np.ndarray):
        return state.dtype.kind != "f" or bool(np.isfinite(state).all())
    return not isinstance(state, float) or math.isfinite(state)
