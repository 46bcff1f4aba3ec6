"""Tests for looks.py: frames show what became of the dishes, and the looks that were drawn for their cell alone."""

from collections.abc import Callable

import numpy as np
import pytest

from v2p_sim.breakage import Outcome
from v2p_sim.cameras import POLICY
from v2p_sim.looks import BROKEN_RGBA, add_noise
from v2p_sim.randomization import LEVELS, DrawnCells
from v2p_sim.scene import build_scene
from v2p_sim.tasks.dishwashing_mujoco import HOME_M, DishwashingMujoco, MujocoConfig, make_vector_env
from v2p_sim.views import CellCamera

from .conftest import COUNT, HASTY, INDEX, SCENE, physical

CHANGED = 30  # sum of the differences of a pixel's colours


class Cells:
    """Two cells with a tray each, and a camera."""

    def __init__(self) -> None:
        self.task = DishwashingMujoco(2, MujocoConfig(observation="state"))
        self.task.reset(np.arange(2), [np.random.default_rng(0), np.random.default_rng(1)])
        self.camera = CellCamera(SCENE, "policy", POLICY)
        self.drawn = DrawnCells(SCENE, 2)

    def frame(self, cell: int = 0, drawn: bool = False) -> np.ndarray:
        looks = self.drawn if drawn else None
        return self.camera.draw(self.task.workcell, self.task.cycle, cell, looks).astype(int)

    def changed(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.abs(after - before).sum(axis=-1) > CHANGED

    def pixels_of(self, dish: int) -> np.ndarray:
        """Return the pixels that a dish of cell 0 covers, and their neighbours."""
        with_dish, pose = self.frame(), self.task.workcell.qpos[0].copy()
        self.task.workcell.discard(0, dish)
        without = self.frame()
        self.task.workcell.qpos[0] = pose
        mask = np.pad((np.abs(with_dish - without).sum(axis=-1) > 0), 1)
        rows, columns = mask.shape
        near = [mask[i : rows - 2 + i, j : columns - 2 + j] for i in range(3) for j in range(3)]
        return np.logical_or.reduce(near)


@pytest.fixture
def cells():
    made = Cells()
    yield made
    made.camera.close()


@pytest.mark.parametrize("outcome", [Outcome.BROKEN_IMPACT, Outcome.CRUSHED])
@pytest.mark.parametrize("dish", range(COUNT))
def test_a_broken_dish_is_dark_red_where_it_stands_and_nowhere_else(cells, dish, outcome):
    whole, own = cells.frame(), cells.pixels_of(dish)
    cells.task.cycle.outcome[0, dish] = outcome
    broken = cells.frame()
    changed = cells.changed(whole, broken)
    assert changed.sum() >= 4
    assert not (changed & ~own).any()
    red, green, blue = np.median(broken[changed], axis=0)
    assert red > 2.0 * max(green, blue)
    assert red / green == pytest.approx(BROKEN_RGBA[0] / BROKEN_RGBA[1], rel=0.5)
    np.testing.assert_array_equal(cells.frame(1), Cells().frame(1))


@pytest.mark.parametrize("outcome", [Outcome.DROPPED, Outcome.MISPLACED, Outcome.UNCLEAN, Outcome.DONE])
def test_a_dish_that_is_whole_looks_whole(cells, outcome):
    whole = cells.frame()
    cells.task.cycle.outcome[0, 0] = outcome
    np.testing.assert_array_equal(cells.frame(), whole)


def test_a_broken_dish_leaves_the_tray_when_the_robot_turns_to_the_next(cells):
    task, dish = cells.task, int(cells.task.cycle.dish[0])
    own = cells.pixels_of(dish)
    task.cycle.outcome[0, dish] = Outcome.BROKEN_IMPACT
    broken = cells.frame()
    task._turn_to_next(0, HOME_M)
    cleared = cells.frame()
    assert task.cycle.dish[0] != dish
    assert cells.changed(broken, cleared)[own].sum() >= 4
    assert (cleared[own][:, 0] <= 1.5 * cleared[own][:, 1:].max(axis=1)).all()
    cells.task.cycle.outcome[0, dish] = Outcome.PENDING
    np.testing.assert_array_equal(cells.frame(), cleared)


@pytest.mark.parametrize("kind", ["plate", "bowl", "mug"])
def test_soil_fades_as_it_is_scrubbed(cells, kind):
    dish, cycle = INDEX[kind], cells.task.cycle
    frames = []
    for share in (0.0, 0.3, 0.7, 1.0, 5.0):
        cycle.scrubbed_nm[0, dish] = share * cycle.soil_nm[0, dish]
        frames.append(cells.frame())
    away = [np.abs(frame - frames[-1]).sum() for frame in frames]
    assert away[0] > away[1] > away[2] > 0.0
    assert away[3] == 0.0
    assert cells.changed(frames[0], frames[-1]).any()


def test_nominal_draws_look_nominal(cells):
    plain = cells.frame()
    np.testing.assert_array_equal(cells.frame(drawn=True), plain)


def draw_light(drawn: DrawnCells) -> None:
    drawn.light[0] = 0.6


def draw_counter(drawn: DrawnCells) -> None:
    drawn.texture[0] = 1


def draw_wood(drawn: DrawnCells) -> None:
    drawn.texture[0] = 2


def draw_colour(drawn: DrawnCells) -> None:
    drawn.colour[0, SCENE.dish_geoms[0]] = -0.3


def draw_place(drawn: DrawnCells) -> None:
    drawn.camera_m[0] = (0.05, 0.0, 0.0)


def draw_turn(drawn: DrawnCells) -> None:
    drawn.camera_rad[0] = (0.0, 0.05, 0.0)


def test_each_kind_of_looks_changes_the_frame_in_its_way(cells):
    plain, dish = cells.frame(), cells.pixels_of(0)
    counter = np.zeros((64, 64), bool)
    counter[50:] = True
    seen = {}
    for number, draw in enumerate((draw_light, draw_counter, draw_wood, draw_colour, draw_place, draw_turn), start=1):
        cells.drawn = DrawnCells(SCENE, 2)
        cells.drawn.noise_seed[0] = number
        draw(cells.drawn)
        seen[draw] = cells.frame(drawn=True)
    assert seen[draw_light].mean() < 0.85 * plain.mean()
    for draw in (draw_counter, draw_wood):
        assert cells.changed(plain, seen[draw])[counter].mean() > 0.3
        np.testing.assert_array_equal(seen[draw][dish], plain[dish])
    assert cells.changed(seen[draw_counter], seen[draw_wood])[counter].mean() > 0.3
    changed = cells.changed(plain, seen[draw_colour])
    assert changed.sum() >= 4 and not (changed & ~dish).any()
    yellow = [column_of_sponge(frame) for frame in (plain, seen[draw_place], seen[draw_turn])]
    assert yellow[1] < yellow[0] - 1.0
    assert abs(yellow[2] - yellow[0]) > 1.0


def column_of_sponge(frame: np.ndarray) -> float:
    yellow = (frame[..., 0] > 180) & (frame[..., 1] > 150) & (frame[..., 2] < 90)
    return float(np.nonzero(yellow)[1].mean())


def test_a_change_of_colour_is_as_small_as_what_was_drawn(cells):
    """A geom with a material shows its own colour only once that differs from the default: no jump may come of it."""
    plain = cells.frame()
    cells.drawn.noise_seed[0] = 1
    cells.drawn.colour[0] = -0.01
    assert np.abs(cells.frame(drawn=True) - plain).max() <= 4


def test_cells_that_share_a_camera_keep_their_own_looks(cells):
    cells.drawn.draw(0, LEVELS["strong"], np.random.default_rng(0))
    first = [cells.frame(cell, drawn=True) for cell in (1, 0, 1, 0)]
    plain = cells.frame(1, drawn=True)
    np.testing.assert_array_equal(first[0], plain)
    np.testing.assert_array_equal(first[2], plain)
    np.testing.assert_array_equal(first[1], first[3])
    assert cells.changed(first[0], first[1]).mean() > 0.2
    fresh = Cells()
    np.testing.assert_array_equal(fresh.frame(1, drawn=True), plain)
    fresh.camera.close()


def test_the_next_shift_of_a_cell_looks_anew(cells):
    frames = []
    for seed in range(2):
        cells.drawn.draw(0, LEVELS["mild"], np.random.default_rng(seed))
        frames.append(cells.frame(drawn=True))
    assert cells.changed(*frames).mean() > 0.05


def test_looks_of_a_shift_stay_but_for_the_noise():
    env = make_vector_env(1, randomization="strong")
    env.reset(seed=0)
    task = physical(env)
    assert task.drawn is not None and task.camera is not None
    frames = []
    for _ in range(2):
        observations, *_ = env.step(np.zeros((1, 2), np.float32))
        clean = task.camera.draw(task.workcell, task.cycle, 0, task.drawn).copy()
        frames.append((observations[0, -1].transpose(1, 2, 0).astype(int), clean))
    noise = [noisy - clean for noisy, clean in frames]
    assert np.abs(frames[0][1].astype(int) - frames[1][1]).max() <= 3
    assert [part.std() for part in noise] == pytest.approx([LEVELS["strong"].noise] * 2, rel=0.1)
    assert (noise[0] != noise[1]).mean() > 0.5
    env.close()


def test_noise_is_a_function_of_seed_and_step_alone():
    grey = np.full((64, 64, 3), 128, np.uint8)
    first = add_noise(grey, 6.0, seed=2**61, step=3)
    np.random.default_rng(0).random(5)
    np.testing.assert_array_equal(add_noise(grey, 6.0, seed=2**61, step=3), first)
    assert first.dtype == np.uint8 and first.std() == pytest.approx(6.0, rel=0.05)
    assert (add_noise(grey, 0.0, seed=1, step=1) == grey).all()
    others: list[Callable[[], np.ndarray]] = [
        lambda: add_noise(grey, 6.0, seed=2**61, step=4),
        lambda: add_noise(grey, 6.0, seed=2**61 + 1, step=3),
    ]
    mine = first.ravel().astype(float)
    for other in others:
        theirs = other().ravel().astype(float)
        for shift in range(60):  # numbers that slide from frame to frame would be seen to move
            assert abs(np.corrcoef(mine[shift:], theirs[: len(theirs) - shift])[0, 1]) < 0.05


def test_black_and_white_stay_in_range():
    assert add_noise(np.zeros((8, 8, 3), np.uint8), 50.0, 0, 0).max() < 255
    assert add_noise(np.full((8, 8, 3), 255, np.uint8), 50.0, 0, 0).min() > 0


def test_the_textures_are_the_same_in_every_process():
    again = build_scene.__wrapped__()
    np.testing.assert_array_equal(again.model.tex_data, SCENE.model.tex_data)


def test_frames_of_a_randomised_shift_show_the_robot_at_work():
    env = make_vector_env(1, randomization="strong")
    observations, _ = env.reset(seed=3)
    for _ in range(8):
        observations, *_ = env.step(HASTY[None])
    first, last = observations[0, 0].astype(int), observations[0, -1].astype(int)
    assert (np.abs(first - last).sum(axis=0) > 150).sum() > 5
    env.close()
