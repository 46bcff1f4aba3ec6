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
        soil_nm: median rubbing work that its soil needs [N m].
        replacement_usd: what a new one costs [$].
    """

    name: str
    mass_kg: float
    height_m: float
    radius_m: float
    strength_scale_j: float
    strength_modulus: float
    crush_n: float
    soil_nm: float
    replacement_usd: float


# Beside every figure is its source or the word placeholder. Shapes and masses are meant as those of common household
# dishes, scaled to slots 0.18 m apart; no published table of strengths in joules was found. One sanity check holds: a
# 2 cm drop is nearly always survived by the ceramic, a 75 cm drop on a hard floor nearly never. The moduli are low,
# because fracture energy varies widely within one lot.
PLATE = DishKind(
    name="plate",  # dinner plate
    mass_kg=0.45,  # placeholder
    height_m=0.020,  # placeholder
    radius_m=0.085,  # placeholder
    strength_scale_j=1.60,  # placeholder
    strength_modulus=2.5,  # placeholder
    crush_n=300.0,  # placeholder
    soil_nm=10.7,  # placeholder
    replacement_usd=5.0,  # placeholder
)
BOWL = DishKind(
    name="bowl",
    mass_kg=0.38,  # placeholder
    height_m=0.055,  # placeholder
    radius_m=0.070,  # placeholder
    strength_scale_j=1.10,  # placeholder
    strength_modulus=2.5,  # placeholder
    crush_n=260.0,  # placeholder
    soil_nm=8.7,  # placeholder
    replacement_usd=4.0,  # placeholder
)
MUG = DishKind(
    name="mug",
    mass_kg=0.32,  # placeholder
    height_m=0.095,  # placeholder
    radius_m=0.041,  # placeholder
    strength_scale_j=0.80,  # placeholder
    strength_modulus=2.5,  # placeholder
    crush_n=220.0,  # placeholder
    soil_nm=2.0,  # placeholder
    replacement_usd=3.5,  # placeholder
)
GLASS = DishKind(
    name="glass",  # drinking glass
    mass_kg=0.22,  # placeholder
    height_m=0.110,  # placeholder
    radius_m=0.034,  # placeholder
    strength_scale_j=0.40,  # placeholder
    strength_modulus=2.5,  # placeholder
    crush_n=90.0,  # placeholder
    soil_nm=1.2,  # placeholder
    replacement_usd=2.5,  # placeholder
)
STEEL_CUP = DishKind(
    name="steel_cup",
    mass_kg=0.18,  # placeholder
    height_m=0.080,  # placeholder
    radius_m=0.040,  # placeholder
    strength_scale_j=60.0,  # placeholder
    strength_modulus=4.0,  # placeholder
    crush_n=900.0,  # placeholder
    soil_nm=1.2,  # placeholder
    replacement_usd=6.0,  # placeholder
)

CATALOGUE: dict[str, DishKind] = {kind.name: kind for kind in (PLATE, BOWL, MUG, GLASS, STEEL_CUP)}

# What one tray holds; placeholder. The order of the slots is drawn anew for every tray.
TRAY_MIX: tuple[str, ...] = ("plate", "bowl", "mug", "glass", "steel_cup", "steel_cup")
