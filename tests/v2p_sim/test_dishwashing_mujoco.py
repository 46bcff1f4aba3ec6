"""The physical task through its faces: the books balance, frames are true, and every run can be repeated."""

import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from v2p_sim.breakage import Outcome
from v2p_sim.faces import CellEnv, CellsVectorEnv
from v2p_sim.scene import HOME_TIP_M
from v2p_sim.skills import PHASES, set_points
from v2p_sim.tasks.dishwashing_mujoco import (
    CONTROL_STEP_S,
    DishwashingMujoco,
    MujocoConfig,
    make_env,
    make_vector_env,
)
from v2p_sim.tasks.mujoco_config import FRAMES

from .conftest import CAUSES, HASTY, INFO_KEYS, QUIET, physical, shift_of

NAME = "v2p_sim:V2P/DishwashingMujoco-v0"


@pytest.mark.parametrize("observation", ["video", "state", "privileged"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_checkers_pass(observation):
    env = make_env("rgb_array", observation=observation, shift_minutes=0.1)
    check_env(env)
    sb3_check_env(env)
    env.close()


def test_make_gives_the_video_shift_of_ten_minutes():
    env = gym.make(NAME)
    assert isinstance(env.unwrapped, CellEnv)
    assert env.observation_space == gym.spaces.Box(0, 255, (FRAMES, 3, 64, 64), np.uint8)
    assert env.action_space == gym.spaces.Box(0.0, 1.0, (2,), np.float32)
    assert physical(env).steps_per_shift == 1200
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    env.close()


@pytest.mark.parametrize("num_cells", [1, 2])
def test_observations_hold_as_many_frames_as_asked_for(num_cells):
    envs = [make_vector_env(num_cells, frames=frames, shift_minutes=0.1) for frames in (1, 3, FRAMES)]
    seen = [[env.reset(seed=0)[0]] for env in envs]
    actions = np.tile(HASTY, (num_cells, 1))
    for _ in range(14):  # beyond the end of the shift
        for env, observed in zip(envs, seen, strict=True):
            observed.append(env.step(actions)[0])
    for one, three, all_frames in zip(*seen, strict=True):
        assert one.shape == (num_cells, 1, 3, 64, 64)
        np.testing.assert_array_equal(one, all_frames[:, -1:])
        np.testing.assert_array_equal(three, all_frames[:, -3:])
    assert envs[0].single_observation_space == gym.spaces.Box(0, 255, (1, 3, 64, 64), np.uint8)
    for env in envs:
        env.close()
    with pytest.raises(ValueError, match="frames must be at least 1, got 0"):
        make_vector_env(1, frames=0)


def test_infos_tell_the_privileged_numbers_where_asked_for():
    film, numbers = make_vector_env(2, privileged_info=True), make_vector_env(2, observation="privileged")
    single = make_env(privileged_info=True)
    (_, info), (told, _) = film.reset(seed=0), numbers.reset(seed=0)
    _, alone = single.reset(seed=0)
    for _ in range(5):
        np.testing.assert_array_equal(info["privileged"], told[:, 4:])
        np.testing.assert_array_equal(alone["privileged"], told[0, 4:])
        *_, info = film.step(np.stack([HASTY, HASTY]))
        told, *_ = numbers.step(np.stack([HASTY, HASTY]))
        *_, alone = single.step(HASTY)
    assert film.single_privileged_space == gym.spaces.Box(-np.inf, np.inf, told[0, 4:].shape, np.float32)
    assert numbers.single_privileged_space is None and "privileged" not in numbers.step(np.stack([HASTY, HASTY]))[-1]
    for env in (film, numbers, single):
        env.close()


def test_make_vec_gives_the_batched_face():
    env = gym.make_vec(NAME, num_envs=2, vectorization_mode="vector_entry_point", threads=2, shift_minutes=5)
    assert isinstance(env.unwrapped, CellsVectorEnv)
    assert physical(env).steps_per_shift == 600
    observations, _ = env.reset(seed=0)
    assert observations.shape == (2, FRAMES, 3, 64, 64)
    env.step(np.stack([HASTY, HASTY]))
    env.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"observation": "vidoe"}, "observation 'vidoe' is unknown: did you mean 'video'"),
        ({"shift_minutes": 0.0}, "shift_minutes must be in"),
        ({"shift_minutes": float("nan")}, "shift_minutes must be in"),
        ({"threads": 0}, "threads must be at least 1, got 0"),
        ({"substeps": 0}, "substeps must be at least 1 or None, got 0"),
        ({"tray_mix": ("mug", "plat")}, "tray_mix 'plat' is unknown: did you mean 'plate'"),
        ({"tray_mix": ()}, "tray_mix must name at least one dish, got none"),
    ],
)
def test_bad_settings_are_refused_in_one_line(settings, message):
    with pytest.raises(ValueError, match=message) as caught:
        MujocoConfig(**settings)
    assert "\n" not in str(caught.value)


def test_the_tray_holds_the_mix_that_was_asked_for_and_no_more_than_its_slots():
    task = DishwashingMujoco(2, MujocoConfig(tray_mix=("mug", "mug", "plate"), observation="privileged"))
    task.reset(np.arange(2), [np.random.default_rng(cell) for cell in range(2)])
    assert [kind.name for kind in task.scene.kinds] == ["mug", "mug", "plate"]
    assert task.workcell.dish_position_m().shape == (2, 3, 3)
    assert task.observation_layout["kind"]["values"] == ["mug", "plate"]
    with pytest.raises(ValueError, match="tray_mix names 7 dishes, the tray has 6 slots"):
        DishwashingMujoco(1, MujocoConfig(tray_mix=("mug",) * 7, observation="state"))


def test_the_books_balance_at_every_step_and_trays_are_replenished():
    env = make_env(shift_minutes=3.2, **QUIET)
    rows = shift_of(env, np.repeat(HASTY[None], 384, axis=0), seed=0)
    profit_usd = sums = 0.0
    for _, reward, terminated, _, info in rows:
        assert set(info) == INFO_KEYS | {"contacts"}
        assert all(isinstance(info[key], float) for key in INFO_KEYS)
        assert info["attempts"] == info["completed"] + info["errors"]
        assert info["errors"] == sum(info[cause] for cause in CAUSES)
        assert info["cost"] == info["errors_step"] <= info["attempts_step"]
        sums += info["attempts_step"]
        profit_usd += reward
        assert info["attempts"] == sums
        assert info["physics_error"] == float(terminated) == 0.0
    last = rows[-1][4]
    assert [row[3] for row in rows] == [False] * 384 + [True]
    assert last["attempts"] > len(physical(env).scene.kinds)
    assert last["hours"] == pytest.approx(3.2 / 60.0)
    assert profit_usd == pytest.approx(last["profit_usd"])
    env.close()


def test_contacts_are_reachable_and_explain_what_broke():
    env = make_vector_env(2, shift_minutes=4.0, **QUIET)
    env.reset(seed=3)
    assert env.contacts(0) == []
    broken, seen = np.zeros(2), []
    for _ in range(150):
        _, _, _, _, info = env.step(np.stack([HASTY, HASTY]))
        for cell in range(2):
            seen += env.contacts(cell)
            fatal = {e["dish"] for e in env.contacts(cell) if e["outcome"] == "broken_impact"}
            before, broken[cell] = broken[cell], info["broken_impact"][cell]
            assert len(fatal) >= broken[cell] - before
            lost = sum(info[cause][cell] for cause in ("broken_impact", "crushed", "dropped"))
            prices_usd = [kind.replacement_usd for kind in physical(env).scene.kinds]
            assert lost * min(prices_usd) <= info["replacement_usd"][cell] <= lost * max(prices_usd)
    assert seen
    assert all(event["energy_j"] > 0.0 and event["phase"] in PHASES for event in seen)
    hard = [event for event in seen if event["energy_j"] > 0.05]
    assert {event["phase"] for event in hard if event["partner"] != "cup"} <= {"place", "release"}
    assert {event["partner"] for event in hard} == {"cup", "rack"}
    assert {event["outcome"] for event in seen} <= {outcome.name.lower() for outcome in Outcome}
    env.close()


def test_gentle_work_breaks_nothing():
    """Scrubbing under full care, at half the speed, and setting down softly, is far below any strength."""
    env = make_env(**QUIET)
    rows = shift_of(env, np.repeat(np.array([[0.5, 1.0]], np.float32), 160, axis=0), seed=0)
    weakest_j = min(kind.strength_scale_j for kind in physical(env).scene.kinds)
    assert max([e["energy_j"] for row in rows for e in row[4]["contacts"]], default=0.0) < 0.05 * weakest_j
    assert rows[-1][4]["attempts"] == rows[-1][4]["completed"] > 0


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def test_thirty_environments_opened_and_closed_leave_no_memory_behind():
    def use(for_people: bool) -> None:
        env = make_env("rgb_array")
        env.reset(seed=0)
        env.step(HASTY)
        if for_people:
            env.render()
        env.close()

    for _ in range(3):
        use(True)
    before_mb = resident_mb()
    for index in range(30):
        use(index % 3 == 0)
    assert resident_mb() - before_mb < 100.0


def test_the_state_counts():
    env = make_env(observation="state", shift_minutes=2.0)
    rows = shift_of(env, np.repeat(HASTY[None], 240, axis=0), seed=0)
    observation, _, _, truncated, info = rows[-1]
    assert truncated
    scale = 144.0 * 2.0 / 60.0
    expected = [1.0, *(info[key] / scale for key in ("completed", "attempts", "errors"))]
    np.testing.assert_allclose(observation, expected, rtol=1e-6)
    assert env.observation_layout == {}


def test_the_clock():
    for substeps, step_s in ((None, CONTROL_STEP_S), (20, 0.08)):
        env = make_env(substeps=substeps, shift_minutes=1.0, **QUIET)
        assert physical(env).steps_per_shift == round(60.0 / step_s)
        _, _, _, _, info = shift_of(env, HASTY[None], seed=0)[-1]
        assert info["hours"] == pytest.approx(step_s / 3600.0)


def test_set_points_never_jump_from_dish_to_dish():
    task = DishwashingMujoco(1, MujocoConfig(**QUIET))
    task.reset(np.zeros(1, int), [np.random.default_rng(0)])

    def set_point_m() -> np.ndarray:
        here = set_points(task.cycle.progress[:, None], task.cycle.knots, np.ones((1, 2)), task.cycle.seal)
        return here[0, -1, :3]

    np.testing.assert_allclose(set_point_m(), task.workcell.tip_position_m()[0])
    last_m, dishes = (0.0, 0.0, HOME_TIP_M), set()
    for _ in range(240):
        np.testing.assert_allclose(set_point_m(), last_m, atol=1e-9)
        dishes.add((task.cycle.position[0], task.cycle.dish[0]))
        control: list[np.ndarray] = []
        step = task.workcell.step

        def spy(values: np.ndarray, step: Any = step, control: list[np.ndarray] = control) -> Any:
            control.append(values[0, :, :3].copy())
            return step(values)

        task.workcell.step = spy  # pyright: ignore[reportAttributeAccessIssue]
        task.step(np.ones((1, 2)), np.ones(1, bool))
        task.workcell.step = step  # pyright: ignore[reportAttributeAccessIssue]
        last_m = control[0][-1] + (0.0, 0.0, HOME_TIP_M)
    assert len(dishes) > 2


def test_close_twice_is_fine():
    for env in (make_env(), make_env("rgb_array"), make_env(observation="state"), make_vector_env(2)):
        env.reset(seed=0)
        camera = physical(env).camera
        env.close()
        env.close()
        assert camera is None or camera._camera._gl is None


@pytest.mark.parametrize("settings", [{}, QUIET])
@pytest.mark.parametrize("make", [make_env, lambda *mode, **settings: make_vector_env(2, *mode, **settings)])
def test_a_closed_environment_says_so_and_still_tells_where_everything_is(make, settings):
    env = make("rgb_array", **settings)
    env.reset(seed=0)
    action = np.ones(env.action_space.shape, np.float32)
    env.step(action)
    task, tips_m = physical(env), physical(env).workcell.tip_position_m()
    state = task.state_dict()
    env.close()
    for use in (
        lambda: env.step(action),
        lambda: env.reset(seed=0),
        env.render,
        task.observe,
        task.state_dict,
        lambda: task.load_state_dict(state),
    ):
        with pytest.raises(RuntimeError, match="environment is closed; make a new one to go on"):
            use()
    np.testing.assert_array_equal(task.workcell.tip_position_m(), tips_m)


def test_a_space_of_frames_stores_its_bounds_once_and_works_like_any():
    env, batch = make_env(), make_vector_env(2)
    for space, plain in (
        (env.observation_space, spaces.Box(0, 255, (8, 3, 64, 64), np.uint8)),
        (batch.observation_space, spaces.Box(0, 255, (2, 8, 3, 64, 64), np.uint8)),
    ):
        assert isinstance(space, spaces.Box) and space == plain
        assert space.low.base is not None and space.low.base.size == 1
        for each in (space, plain):
            each.seed(3)
        np.testing.assert_array_equal(space.sample(), plain.sample())
        assert plain.low in space and pickle.loads(pickle.dumps(space)) == plain
