"""Domain randomisation: how a shift's cell differs from the nominal one, drawn once a shift from the cell's generator.

Factors are exp(U(-w, w)) of a width w, offsets U(-w, w). What touches physics goes into the batch's parameters of each
simulation, what touches looks into the camera's private model; nothing is recompiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from v2p_sim._checks import checked_choice
from v2p_sim.scene import Scene


@dataclass(frozen=True)
class Randomization:
    """Widths of what varies between shifts; 0 leaves it nominal. All widths are placeholders.

    Attributes:
        place_m: offset of each dish on the tray, beyond its usual jitter [m].
        yaw_rad: turn of each dish about the vertical [rad].
        friction: log factor of the friction of every geom.
        mass: log factor of each dish's mass and inertia.
        strength: log factor of each dish's impact and crush strength.
        gain: log factor of each servo's stiffness and damping.
        latency_s: largest delay of the set-points, drawn from [0, latency_s] [s].
        light: log factor of each light's and the headlight's brightness.
        colour: offset of the red, green and blue of every geom.
        textures: whether the counter's texture is drawn as well.
        camera_m: offset of the camera's place [m].
        camera_rad: turn of the camera about each of its axes [rad].
        noise: standard deviation of the noise on each pixel, in steps of 1/255.
    """

    place_m: float = 0.0
    yaw_rad: float = 0.0
    friction: float = 0.0
    mass: float = 0.0
    strength: float = 0.0
    gain: float = 0.0
    latency_s: float = 0.0
    light: float = 0.0
    colour: float = 0.0
    textures: bool = False
    camera_m: float = 0.0
    camera_rad: float = 0.0
    noise: float = 0.0


LEVELS: dict[str, Randomization] = {
    "off": Randomization(),
    "mild": Randomization(
        *(0.002, np.pi, 0.15, 0.08, 0.10, 0.10, 0.008),
        *(0.15, 0.04, False, 0.010, 0.015, 2.0),
    ),
    "strong": Randomization(
        *(0.005, np.pi, 0.40, 0.20, 0.25, 0.25, 0.024),
        *(0.40, 0.10, True, 0.030, 0.040, 6.0),
    ),
}


def randomization_level(name: str) -> Randomization:
    """Look a level up.

    Args:
        name: "off", "mild" or "strong".

    Raises:
        ValueError: any other name; the message names the nearest valid one.
    """
    return LEVELS[checked_choice("randomization", name, tuple(LEVELS))]


class DrawnCells:
    """What was drawn for N cells with D dishes, G geoms that are seen, C that touch, A actuators and L lights.

    Attributes:
        place_m: (N, D, 2) [m].
        yaw_rad: (N, D) [rad].
        friction: factors, (N, C).
        mass: factors, (N, D).
        strength: factors, (N, D).
        gain: factors, (N, A).
        latency_s: (N,) [s].
        light: factors of the headlight and the lights, (N, 1 + L).
        colour: offsets, (N, G, 3).
        texture: index of the counter's material, (N,).
        camera_m: (N, 3) [m].
        camera_rad: (N, 3) [rad].
        noise_seed: key of the pixels' noise, (N,).
    """

    def __init__(self, scene: Scene, num_cells: int) -> None:
        model, physics, dishes = scene.model, scene.physics, len(scene.kinds)
        self._textures = len(scene.counter_materials)
        self.place_m = np.zeros((num_cells, dishes, 2))
        self.yaw_rad = np.zeros((num_cells, dishes))
        self.friction = np.ones((num_cells, physics.ngeom))
        self.mass = np.ones((num_cells, dishes))
        self.strength = np.ones((num_cells, dishes))
        self.gain = np.ones((num_cells, model.nu))
        self.latency_s = np.zeros(num_cells)
        self.light = np.ones((num_cells, 1 + model.nlight))
        self.colour = np.zeros((num_cells, model.ngeom, 3))
        self.texture = np.zeros(num_cells, np.int64)
        self.camera_m = np.zeros((num_cells, 3))
        self.camera_rad = np.zeros((num_cells, 3))
        self.noise_seed = np.zeros(num_cells, np.int64)

    def draw(self, cell: int, widths: Randomization, rng: np.random.Generator) -> None:
        """Draw a cell anew.

        Args:
            cell: index of the cell.
            widths: how far it may be from nominal.
            rng: the cell's generator; how many numbers are consumed does not depend on the widths.
        """
        for array, width in (
            (self.place_m, widths.place_m),
            (self.yaw_rad, widths.yaw_rad),
            (self.colour, widths.colour),
            (self.camera_m, widths.camera_m),
            (self.camera_rad, widths.camera_rad),
        ):
            array[cell] = rng.uniform(-width, width, array.shape[1:])
        for array, width in (
            (self.friction, widths.friction),
            (self.mass, widths.mass),
            (self.strength, widths.strength),
            (self.gain, widths.gain),
            (self.light, widths.light),
        ):
            array[cell] = np.exp(rng.uniform(-width, width, array.shape[1:]))
        self.latency_s[cell] = rng.uniform(0.0, widths.latency_s)
        self.texture[cell] = rng.integers(self._textures) * widths.textures
        self.noise_seed[cell] = rng.integers(2**62)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        for name, array in self._arrays().items():
            array[...] = state[name]

    def _arrays(self) -> dict[str, np.ndarray]:
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}


class SetPointDelay:
    """Hands set-points on late: out(t) = in(t - latency), each cell with its own latency.

    Args:
        num_cells: number of cells N.
        home_m: set-point of the tip at rest, (3,) [m]; what arrives before anything was sent.
        dt_s: length of a substep [s].
    """

    def __init__(self, num_cells: int, home_m: np.ndarray, dt_s: float) -> None:
        self._dt_s = dt_s
        self._rest = np.zeros(4)
        self._rest[:2] = home_m[:2]
        self._kept = np.zeros((num_cells, 0, 4))

    def reset(self, cells: np.ndarray) -> None:
        """Forget what was sent in these cells."""
        self._kept[cells] = self._rest

    def apply(self, control: np.ndarray, latency_s: np.ndarray) -> np.ndarray:
        """Return what arrives in this control step.

        Args:
            control: what is sent, z from the tip's home, (N, S, 4).
            latency_s: (N,) [s].

        Returns:
            What arrives, (N, S, 4).
        """
        late = np.rint(latency_s / self._dt_s).astype(np.int64)
        self._keep(int(late.max()))
        sent = np.concatenate([self._kept, control], axis=1)
        first = self._kept.shape[1] - late
        self._kept = sent[:, sent.shape[1] - self._kept.shape[1] :].copy()
        return np.stack([row[start : start + control.shape[1]] for row, start in zip(sent, first, strict=True)])

    def _keep(self, substeps: int) -> None:
        missing = substeps - self._kept.shape[1]
        if missing > 0:
            older = np.broadcast_to(self._rest, (len(self._kept), missing, 4))
            self._kept = np.concatenate([older, self._kept], axis=1)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of what is on its way."""
        return {"kept": self._kept.copy()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what state_dict returned."""
        self._kept = state["kept"].copy()
