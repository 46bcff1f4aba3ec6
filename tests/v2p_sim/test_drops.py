"""Damage does not depend on solver settings: the same dishes break in the same falls."""

# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import pytest

from v2p_sim.breakage import draw_strengths_j
from v2p_sim.contacts import ContactTracker
from v2p_sim.dishes import CATALOGUE
from v2p_sim.scene import Scene, build_scene
from v2p_sim.workcell import Workcell

TILT_RAD = 0.06
HEIGHTS_M = (0.02, 0.10, 0.30, 0.75)
TIMESTEPS_S = (0.004, 0.002, 0.001)  # the first is that of the model
SOLREFS_S = (0.010, 0.005, 0.020)  # likewise
SOFT_TIMESTEP_S = 0.002  # at the model's own, MuJoCo makes every time constant at least 8 ms
STEP_S = 0.1


@dataclass(frozen=True)
class Drops:
    """What came of a drop test.

    Attributes:
        energy_j: energy of the strongest event of every dish, (N,) [J].
        total_j: energy of all its events, (N,) [J].
        broken: whether it broke, (N,).
    """

    energy_j: np.ndarray
    total_j: np.ndarray
    broken: np.ndarray


def drop(
    kind: str, height_m: float, dishes: int = 200, timestep_s: float = 0.004, solref_s: float | None = None
) -> Drops:
    """Drop dishes, each with its own tilt and strength, the same at every call.

    Args:
        kind: name of the kind.
        height_m: height of the dish's lowest point above the counter [m].
        dishes: number of dishes N.
        timestep_s: physics step [s].
        solref_s: time constant of the dish's and the counter's contacts; None = the model's [s].
    """
    workcell = Workcell(_scene(kind, timestep_s, solref_s), dishes, threads=2)
    rng = np.random.default_rng(7)
    strengths_j = np.array([draw_strengths_j([CATALOGUE[kind]], rng)[0] for _ in range(dishes)])
    workcell.reset(np.arange(dishes), np.tile((0.15, -0.30), (dishes, 1, 1)))
    place = workcell.scene.dish_qpos[0]
    axis, tilt_rad = rng.uniform(0.0, 2.0 * np.pi, dishes), TILT_RAD * np.sqrt(rng.random(dishes))
    workcell.qpos[:, place + 2] = height_m + CATALOGUE[kind].radius_m * np.sin(tilt_rad)
    turn = np.stack([np.cos(axis), np.sin(axis), np.zeros(dishes)], axis=1)
    workcell.qpos[:, place + 3] = np.cos(tilt_rad / 2)
    workcell.qpos[:, place + 4 : place + 7] = np.sin(tilt_rad / 2)[:, None] * turn
    return _fall(workcell, strengths_j, seconds=np.sqrt(2.0 * height_m / 9.81) + 1.0)


def _scene(kind: str, timestep_s: float, solref_s: float | None) -> Scene:
    scene = build_scene((kind,))
    model = copy.copy(scene.physics)
    model.opt.timestep = timestep_s
    if solref_s is not None:
        for geom in (model.geom("dish0/body").id, model.geom("counter").id):
            model.geom_solref[geom, 0] = solref_s
    return replace(scene, physics=model)


def _fall(workcell: Workcell, strengths_j: np.ndarray, seconds: float) -> Drops:
    count = workcell.num_cells
    weight_n = 9.81 * workcell.scene.kinds[0].mass_kg
    tracker = ContactTracker(count, 1, workcell.timestep_s, np.array([weight_n]))
    control = np.zeros((count, round(STEP_S / workcell.timestep_s), 4))
    energy_j, total_j = np.zeros(count), np.zeros(count)
    for _ in range(int(np.ceil(seconds / STEP_S))):
        for event in tracker.update(workcell.step(control).record):
            energy_j[event.cell] = max(energy_j[event.cell], event.energy_j)
            total_j[event.cell] += event.energy_j
    return Drops(energy_j, total_j, energy_j > strengths_j)


def check_timesteps(kind: str, height_m: float, dishes: int) -> None:
    """At 1 and 2 ms mean energy stays within 5 % of that at the model's 4 ms; break rates lie within 5 points."""
    falls = [drop(kind, height_m, dishes, timestep_s) for timestep_s in TIMESTEPS_S]
    energy_j, broken = (np.array([getattr(fall, name).mean() for fall in falls]) for name in ("energy_j", "broken"))
    assert np.abs(energy_j / energy_j[0] - 1.0).max() < 0.05
    assert np.ptp(broken) <= 0.05
    np.testing.assert_allclose(energy_j, 9.81 * CATALOGUE[kind].mass_kg * height_m, rtol=0.10)


def check_solrefs(kind: str, height_m: float, dishes: int) -> None:
    """At 5 and 20 ms of contact mean energy stays within 10 % of the model's 10 ms; break rates within 12 points."""
    falls = [drop(kind, height_m, dishes, SOFT_TIMESTEP_S, solref_s) for solref_s in SOLREFS_S]
    energy_j, broken = (np.array([getattr(fall, name).mean() for fall in falls]) for name in ("energy_j", "broken"))
    assert np.abs(energy_j / energy_j[0] - 1.0).max() < 0.10
    assert np.ptp(broken) <= 0.12


def test_distances_are_measured_from_the_model_as_it_is():
    model = build_scene().physics
    assert model.opt.timestep == TIMESTEPS_S[0]
    for kind in CATALOGUE:
        shipped, named = _scene(kind, TIMESTEPS_S[0], None).physics, _scene(kind, TIMESTEPS_S[0], SOLREFS_S[0]).physics
        np.testing.assert_array_equal(shipped.geom_solref, named.geom_solref)


def test_a_fall_is_the_same_at_every_timestep():
    check_timesteps("glass", 0.10, 100)


def test_a_fall_is_nearly_the_same_at_every_stiffness():
    check_solrefs("plate", 0.10, 100)


def test_higher_falls_break_more():
    rates = [drop("glass", height_m, 40).broken.mean() for height_m in HEIGHTS_M]
    assert (np.diff(rates) >= 0.0).all()
    assert rates[0] <= 0.05
    assert rates[-1] >= 0.95


@pytest.mark.soak
@pytest.mark.parametrize("height_m", HEIGHTS_M)
@pytest.mark.parametrize("kind", CATALOGUE)
def test_200_falls_are_the_same_at_every_timestep_and_nearly_at_every_stiffness(kind, height_m):
    check_timesteps(kind, height_m, 200)
    check_solrefs(kind, height_m, 200)


@pytest.mark.soak
@pytest.mark.parametrize("kind", CATALOGUE)
def test_the_break_curve_rises_with_height(kind):
    rates = [drop(kind, height_m).broken.mean() for height_m in HEIGHTS_M]
    assert (np.diff(rates) >= 0.0).all()
    assert rates[0] <= 0.05
    assert rates[-1] >= 0.95 or kind == "steel_cup"
