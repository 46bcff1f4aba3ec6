"""The simulated work: tasks, physics, breakage, cameras. Importing it registers the tasks with Gymnasium."""

from gymnasium.envs.registration import register

_TASKS: dict[str, tuple[str, dict[str, str]]] = {
    "V2P/Dishwashing-v0": ("v2p_sim.tasks.dishwashing", {"observation": "state"}),
    "V2P/DishwashingVideo-v0": ("v2p_sim.tasks.dishwashing", {"observation": "video"}),
    "V2P/DishwashingMujoco-v0": ("v2p_sim.tasks.dishwashing_mujoco", {}),
}

for _id, (_module, _settings) in _TASKS.items():
    register(
        id=_id,
        entry_point=f"{_module}:make_env",
        vector_entry_point=f"{_module}:make_vector_env",
        kwargs=_settings,
    )
