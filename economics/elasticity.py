"""How strongly one quantity answers another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from economics._checks import FloatOrArray, plain, require_positive


def arc_elasticity(x_from: FloatOrArray, x_to: FloatOrArray, y_from: FloatOrArray, y_to: FloatOrArray) -> FloatOrArray:
    """Return the elasticity of y to x between two points: e = ln(y_to / y_from) / ln(x_to / x_from).

    Args:
        x_from: cause at the first point, > 0, any shape
        x_to: cause at the second point, > 0 and different, broadcasts
        y_from: effect at the first point, > 0, broadcasts
        y_to: effect at the second point, > 0, broadcasts

    Returns:
        Per cent that y changes with 1 % of x; the same whichever point comes first.

    Raises:
        ValueError: a number is not above zero or not finite, or x does not change.

    Reference:
        R. G. D. Allen, "The Concept of Arc Elasticity of Demand", Review of Economic Studies 1 (1934), with
        logarithms for the midpoint.

    >>> round(arc_elasticity(1.0, 2.0, 3.0, 12.0), 9)
    2.0
    """
    require_positive(x_from=x_from, x_to=x_to, y_from=y_from, y_to=y_to)
    moved = np.log(np.divide(x_to, x_from))
    if np.equal(moved, 0.0).any():
        raise ValueError(f"x_to must differ from x_from, got {x_to} and {x_from}")
    return plain(np.log(np.divide(y_to, y_from)) / moved)


def elasticities_along(x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the elasticity between each point of a path and the next: see `arc_elasticity`.

    Args:
        x: cause, > 0 and never standing still, shape (T,)
        y: effect, > 0, shape (T,)

    Returns:
        Elasticities, shape (T - 1,).

    Raises:
        ValueError: the shapes differ, there are fewer than two points, a number is not above zero, or x stands still.

    Reference:
        R. G. D. Allen, "The Concept of Arc Elasticity of Demand", Review of Economic Studies 1 (1934).

    >>> elasticities_along([1.0, 2.0, 4.0], [1.0, 2.0, 2.0]).tolist()
    [1.0, 0.0]
    """
    cause, effect = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if cause.ndim != 1 or cause.shape != effect.shape or len(cause) < 2:
        raise ValueError(f"x and y must be two vectors of one length >= 2, got shapes {cause.shape} and {effect.shape}")
    return np.asarray(arc_elasticity(cause[:-1], cause[1:], effect[:-1], effect[1:]))
