"""What is seen of a physical cell: pictures with the dishes' looks, and the privileged vector with its layout."""

from __future__ import annotations

import numpy as np

from v2p_sim.cameras import Camera, Quality
from v2p_sim.cycle import CycleState
from v2p_sim.looks import DishLooks, RandomLooks
from v2p_sim.randomization import DrawnCells
from v2p_sim.scene import Scene
from v2p_sim.skills import NUM_SEGMENTS, PHASE_OF_SEGMENT, PHASES
from v2p_sim.workcell import Workcell


class CellCamera:
    """A camera that shows a cell as it is: its dishes soiled, clean or broken, its looks nominal or drawn."""

    def __init__(self, scene: Scene, name: str, quality: Quality) -> None:
        self._camera = Camera(scene.model, name, quality)
        self._dishes = DishLooks(scene, self._camera.model)
        self._random = RandomLooks(scene, self._camera.model, name)

    def draw(self, workcell: Workcell, cycle: CycleState, cell: int, drawn: DrawnCells | None = None) -> np.ndarray:
        """Draw one cell.

        Args:
            workcell: where everything is.
            cycle: how the dishes are.
            cell: index of the cell.
            drawn: what domain randomisation drew; None = nominal looks.

        Returns:
            (H, W, 3) uint8, a view that the next call overwrites.
        """
        if drawn is not None:
            self._random.show(drawn, cell, self._dishes)
        self._dishes.paint(cycle, cell)
        return self._camera.draw(workcell.qpos[cell])

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


def hidden_numbers(workcell: Workcell, cycle: CycleState) -> np.ndarray:
    """Return what no camera is told, (N, P) float32: the privileged observation without the state."""
    return privileged_observation(np.empty((workcell.num_cells, 0)), workcell, cycle)


def privileged_observation(state: np.ndarray, workcell: Workcell, cycle: CycleState) -> np.ndarray:
    """Assemble the privileged observation: the state, and what no camera-only policy is told.

    Args:
        state: the state observation, (N, 4), or (N, 0) to leave it out.
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
