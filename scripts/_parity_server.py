"""Trains Stable-Baselines3; its own Python runs it: `python _parity_server.py`, with the job as JSON on standard input.

It writes JSON lines: first the versions; then, for every evaluation, the env steps so far and the returns of greedy
episodes on the job's seeds; between them, how far it is.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

PACKAGES = ("stable-baselines3", "torch", "gymnasium", "numpy", "mujoco")
TICK_STEPS = 200
Answer = Callable[[dict[str, Any]], None]


def make_sac(settings: dict[str, Any], env: Any, seed: int) -> Any:
    """Make SAC; Stable-Baselines3's own network of two layers of 256."""
    return _make(
        "SAC",
        settings,
        env,
        seed,
        buffer_size=settings["replay_capacity"],
        learning_starts=settings["warmup_steps"],
        tau=settings["tau"],
        train_freq=1,
        gradient_steps=1,
        ent_coef=f"auto_{settings['initial_temperature']}",
        target_entropy="auto",
    )


def make_ppo(settings: dict[str, Any], env: Any, seed: int) -> Any:
    """Make PPO; Stable-Baselines3's own networks of two layers of 64."""
    return _make(
        "PPO",
        settings,
        env,
        seed,
        n_steps=settings["rollout_steps"],
        n_epochs=settings["epochs"],
        gae_lambda=settings["gae_lambda"],
        clip_range=settings["clip_range"],
        ent_coef=settings["entropy_coefficient"],
        vf_coef=settings["value_coefficient"],
        max_grad_norm=settings["max_grad_norm"],
    )


def _make(algorithm: str, settings: dict[str, Any], env: Any, seed: int, **own: Any) -> Any:
    """Make an algorithm of Stable-Baselines3 of what both take and what is its own."""
    common = {name: settings[name] for name in ("learning_rate", "batch_size", "gamma")}
    make = getattr(import_module("stable_baselines3"), algorithm)
    return make("MlpPolicy", env, **common, **own, seed=seed, device="cpu")


MAKERS = {"sac": make_sac, "ppo": make_ppo}


def greedy_returns(model: Any, env: Any, seeds: list[int]) -> list[float]:
    """Play one greedy episode a seed."""
    found = []
    for seed in seeds:
        observation, _ = env.reset(seed=seed)
        total, ended = 0.0, False
        while not ended:
            action, _ = model.predict(observation, deterministic=True)
            observation, reward, terminated, truncated, _ = env.step(action)
            total, ended = total + float(reward), terminated or truncated
        found.append(total)
    return found


def make_callback(job: dict[str, Any], evaluation_env: Any, answer: Answer) -> Any:
    """Make what is called after every env step."""
    started = time.perf_counter()

    class Evaluations(import_module("stable_baselines3.common.callbacks").BaseCallback):
        """Answers at the job's evaluation points, and ends the training at the last one."""

        def _on_step(self) -> bool:
            steps = self.num_timesteps
            if steps in job["points"]:
                returns = greedy_returns(self.model, evaluation_env, job["eval_seeds"])
                answer({"steps": steps, "returns": returns, "wall_s": time.perf_counter() - started})
            elif steps % TICK_STEPS == 0:
                answer({"at": steps})
            return steps < job["points"][-1]

    return Evaluations()


def main() -> None:
    """Do one job."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the packages print is no answer

    def answer(values: dict[str, Any]) -> None:
        print(json.dumps(values), file=answers, flush=True)

    job = json.loads(sys.stdin.readline())
    import_module("torch").set_num_threads(1)
    make_env = import_module("gymnasium").make
    answer({"versions": {name: version(name) for name in PACKAGES}})
    model = MAKERS[job["algorithm"]](job["settings"], make_env(job["env"]), job["seed"])
    model.learn(job["points"][-1], callback=make_callback(job, make_env(job["env"]), answer))


if __name__ == "__main__":
    main()
