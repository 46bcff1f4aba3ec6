"""The catalogue of dishes: mass, size, strength and price of each kind.

Shapes and looks are in `assets/dishes/<name>.xml`. A dish stands upside down, so that the vacuum cup grips a flat top.
Strength is an energy: `P(break | E) = 1 - exp(-(E / strength_scale_j)**strength_modulus)`, Weibull's law.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DishKind:
    """One kind of dish.

    Attributes:
        name: name of its MJCF file.
        mass_kg: mass [kg].
        height_m: height of the flat top above the rim that it stands on [m].
        radius_m: largest radius [m].
        strength_scale_j: Weibull scale of the impact energy that it survives [J].
        strength_modulus: Weibull modulus of that energy, dimensionless.
        crush_n: sustained squeeze that it survives [N].
        replacement_usd: what a new one costs [$].
    """

    name: str
    mass_kg: float
    height_m: float
    radius_m: float
    strength_scale_j: float
    strength_modulus: float
    crush_n: float
    replacement_usd: float


# Masses and sizes: weighed household dishes of these kinds. Strengths, moduli, crush loads and prices: placeholders
# (no published joule table was found), held to one sanity check: a 2 cm drop is nearly always survived by the ceramic,
# a 75 cm drop on a hard floor nearly never.
PLATE = DishKind("plate", 0.35, 0.020, 0.085, 1.20, 2.0, 300.0, 4.0)
GLASS = DishKind("glass", 0.22, 0.110, 0.034, 0.42, 2.0, 90.0, 2.5)
STEEL_CUP = DishKind("steel_cup", 0.18, 0.080, 0.040, 60.0, 4.0, 2000.0, 6.0)

CATALOGUE: dict[str, DishKind] = {kind.name: kind for kind in (PLATE, GLASS, STEEL_CUP)}

# What one tray holds. The order of the slots is drawn anew for every tray.
TRAY_MIX: tuple[str, ...] = ("plate", "plate", "glass", "glass", "steel_cup", "steel_cup")
