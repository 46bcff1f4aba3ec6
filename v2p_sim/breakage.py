"""Contact events x sampled strengths -> intact or broken, and why.

A dish breaks by impact when one event's energy exceeds its strength, drawn from Weibull's law

    P(strength <= E) = 1 - exp(-(E / scale)**modulus),

and is crushed when a squeeze sustained over 10 ms exceeds its kind's crush strength.

Reference: W. Weibull, "A Statistical Distribution Function of Wide Applicability", J. Appl. Mech. 18 (1951).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from v2p_sim.dishes import DishKind


class Outcome(IntEnum):
    """What became of a dish; everything after DONE is an error with its cause."""

    PENDING = 0
    DONE = 1
    BROKEN_IMPACT = 2
    CRUSHED = 3
    DROPPED = 4
    MISPLACED = 5
    UNCLEAN = 6


ERROR_CAUSES: tuple[Outcome, ...] = tuple(o for o in Outcome if o > Outcome.DONE)
# These dishes have to be bought anew; a misplaced or unclean one is washed again.
REPLACED: frozenset[Outcome] = frozenset({Outcome.BROKEN_IMPACT, Outcome.CRUSHED, Outcome.DROPPED})


def break_probability(energy_j: np.ndarray | float, kind: DishKind) -> np.ndarray:
    """Return P(break | E) = 1 - exp(-(E / scale)**modulus).

    Args:
        energy_j: energy of an event, any shape [J], at least 0.
        kind: the kind of dish.

    Returns:
        Probabilities, same shape.
    """
    return -np.expm1(-((np.asarray(energy_j, float) / kind.strength_scale_j) ** kind.strength_modulus))


def draw_strengths_j(kinds: Sequence[DishKind], rng: np.random.Generator) -> np.ndarray:
    """Draw one impact strength for every dish, by inversion: scale x (-ln(1 - U))**(1 / modulus).

    Args:
        kinds: the kind of each dish, length D.
        rng: source of randomness; D uniform numbers are consumed.

    Returns:
        Strengths, (D,) [J].
    """
    scale = np.array([kind.strength_scale_j for kind in kinds])
    modulus = np.array([kind.strength_modulus for kind in kinds])
    return scale * (-np.log1p(-rng.random(len(kinds)))) ** (1.0 / modulus)
