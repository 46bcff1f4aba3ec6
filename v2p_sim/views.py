"""What is seen of a physical cell: pictures with the dishes' looks, and the privileged vector with its layout."""

from __future__ import annotations

import numpy as np

from v2p_sim.breakage import Outcome
from v2p_sim.cameras import Camera, Quality
from v2p_sim.cycle import CycleState
from v2p_sim.scene import Scene
from v2p_sim.skills import NUM_SEGMENTS, PHASE_OF_SEGMENT, PHASES
from v2p_sim.workcell import Workcell

BROKEN_RGBA = (0.55, 0.10, 0.08, 1.0)
_IS_BROKEN = np.isin(np.arange(len(Outcome)), (Outcome.BROKEN_IMPACT, Outcome.CRUSHED))


class CellCamera:
    """A camera that shows a cell's dishes as they are: soiled, clean or broken."""

    def __init__(self, scene: Scene, name: str, quality: Quality) -> None:
        self._camera = Camera(scene.model, name, quality)
        self._rgba = self._camera.model.geom_rgba
        self._looks = self._rgba.copy()
        self._scene = scene
        self._painted: tuple[bytes, bytes] | None = None

    def draw(self, workcell: Workcell, cycle: CycleState, cell: int) -> np.ndarray:
        """Draw one cell.

        Args:
            workcell: where everything is.
            cycle: how the dishes are.
            cell: index of the cell.

        Returns:
            (H, W, 3) uint8, a view that the next call overwrites.
        """
        dishes = (cycle.scrubbed_nm[cell].tobytes() + cycle.soil_nm[cell].tobytes(), cycle.outcome[cell].tobytes())
        if dishes != self._painted:
            self._painted = dishes
            self._paint(cycle, cell)
        return self._camera.draw(workcell.qpos[cell])

    def _paint(self, cycle: CycleState, cell: int) -> None:
        self._rgba[:] = self._looks
        self._rgba[self._scene.soil_geoms, 3] = cycle.soil_left_of(cell)
        for dish in np.flatnonzero(_IS_BROKEN[cycle.outcome[cell]]):
            self._rgba[self._scene.dish_geoms[dish]] = BROKEN_RGBA

    def close(self) -> None:
        """Free the GL resources; a second call does nothing."""
        self._camera.close()


def privileged_layout(kind_names: list[str]) -> dict[str, dict[str, object]]:
    """Describe the privileged observation.

    Args:
        kind_names: the kinds of dish in the scene.

    Returns:
        name -> {"slice": [start, stop], "unit": str, "values": names of the entries or []}.
    """
    parts: list[tuple[str, int, str, list[str]]] = [
        ("shift", 4, "1", ["t/T", "completed/N", "attempts/N", "errors/N"]),
        ("phase", len(PHASES), "one-hot", list(PHASES)),
        ("progress", 1, "1", []),
        ("kind", len(kind_names), "one-hot", kind_names),
        ("soil_left", 1, "1", []),
        ("tip_position", 3, "m", ["x", "y", "z"]),
        ("dish_position", 3, "m", ["x", "y", "z"]),
        ("slot_position", 2, "m", ["x", "y"]),
    ]
    layout: dict[str, dict[str, object]] = {}
    start = 0
    for name, size, unit, values in parts:
        layout[name] = {"slice": [start, start + size], "unit": unit, "values": values}
        start += size
    return layout


def privileged_observation(state: np.ndarray, workcell: Workcell, cycle: CycleState) -> np.ndarray:
    """Assemble the privileged observation: the state, and what no camera-only policy is told.

    Args:
        state: the state observation, (N, 4).
        workcell: where everything is.
        cycle: how the dishes are.

    Returns:
        (N, P) float32, laid out as `privileged_layout` says.
    """
    scene = workcell.scene
    rows = np.arange(len(state))
    segment = np.minimum(cycle.progress.astype(int), NUM_SEGMENTS - 1)
    names = sorted({kind.name for kind in scene.kinds})
    kind_of_dish = np.array([names.index(kind.name) for kind in scene.kinds])
    dish = cycle.dish
    parts = (
        state,
        np.eye(len(PHASES))[PHASE_OF_SEGMENT[segment]],
        cycle.progress[:, None] / NUM_SEGMENTS,
        np.eye(len(names))[kind_of_dish[dish]],
        cycle.soil_left[rows, dish][:, None],
        workcell.tip_position_m(),
        workcell.dish_position_m()[rows, dish],
        scene.rack_slots_m[cycle.rack_slot[rows, dish]],
    )
    return np.concatenate(parts, axis=1).astype(np.float32)
