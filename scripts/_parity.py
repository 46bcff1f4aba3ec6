"""Ours and Stable-Baselines3 on the same Gymnasium tasks, with the same hyper-parameters, seeds and evaluations."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts._explain import UsageError
from scripts._interrupts import Interrupted, Interrupts

VENV = Path(__file__).resolve().parents[1] / ".venv-parity"
SERVER = Path(__file__).with_name("_parity_server.py")
OURS, THEIRS = "v2p", "stable_baselines3"
EVAL_SEEDS = tuple(range(1_000_000, 1_000_010))
EVALUATIONS = 20

EPISODE_STEPS = {"Pendulum-v1": 200, "Reacher-v5": 50}
STEPS = {"sac": {"Pendulum-v1": 20_000, "Reacher-v5": 50_000}, "ppo": {"Pendulum-v1": 100_000, "Reacher-v5": 100_000}}
POINT_STEPS = 200
"""Evaluations come after multiples of it: every episode ends there, whatever the task."""

_SAC: dict[str, Any] = {
    "learning_rate": 3e-4,
    "gamma": 0.99,
    "tau": 0.005,
    "batch_size": 256,
    "warmup_steps": 100,
    "replay_capacity": 1_000_000,
    "initial_temperature": 1.0,
}
_PPO: dict[str, Any] = {
    "learning_rate": 3e-4,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "rollout_steps": 2048,
    "batch_size": 64,
    "epochs": 10,
    "clip_range": 0.2,
    "entropy_coefficient": 0.0,
    "value_coefficient": 0.5,
    "max_grad_norm": 0.5,
}
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "sac": {"Pendulum-v1": _SAC, "Reacher-v5": _SAC},
    "ppo": {"Pendulum-v1": _PPO | {"learning_rate": 1e-3, "gamma": 0.9, "rollout_steps": 1024}, "Reacher-v5": _PPO},
}
"""Hyper-parameters of both sides: Stable-Baselines3's defaults, for PPO on Pendulum those of its RL Zoo for one cell.

Reference: A. Raffin, "RL Baselines3 Zoo", https://github.com/DLR-RM/rl-baselines3-zoo (hyperparams/ppo.yml)
"""

MATCHED: dict[str, dict[str, Any]] = {
    "sac": {"target_entropy": None, "target_encoder": True, "prioritized": False, "novelty_weights": False},
    "ppo": {"weigh_policy": False, "weigh_value": False, "hidden": 64},
}
"""What of ours is set so that the algorithms are the same: nothing weighs samples, SAC's targets come from slow copies
alone, and PPO's layers are as wide as theirs."""

Hear = Callable[[int], None]


@dataclass(frozen=True)
class Job:
    """One training run.

    Attributes:
        algorithm: sac or ppo.
        env: Gymnasium id.
        seed: of training.
        side: who trains.
        steps: env steps.
    """

    algorithm: str
    env: str
    seed: int
    side: str
    steps: int

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.algorithm}_{self.env}_seed{self.seed}_{self.side}"

    @property
    def points(self) -> tuple[int, ...]:
        """Env steps after which the greedy policy is evaluated; the last one ends the job."""
        every = max(POINT_STEPS, self.steps // EVALUATIONS // POINT_STEPS * POINT_STEPS)
        return tuple(sorted({*range(every, self.steps, every), self.steps}))


@dataclass(frozen=True)
class Point:
    """One evaluation.

    Attributes:
        steps: env steps trained.
        returns: of the greedy episodes.
        wall_s: seconds since the job began, evaluations included.
    """

    steps: int
    returns: Sequence[float]
    wall_s: float


def work(job: Job, stop: Interrupts, hear: Hear) -> list[Point]:
    """Do a job.

    Args:
        job: which
        stop: says whether somebody asked to stop
        hear: is told the env steps done

    Returns:
        Its evaluations.

    Raises:
        Interrupted: somebody asked to stop.
        UsageError: Stable-Baselines3 does not work.
    """
    points = _ours(job, stop, hear) if job.side == OURS else _theirs(job, stop, hear)
    if stop.requested:
        raise Interrupted
    return points


def their_python() -> Path:
    """Find the interpreter of Stable-Baselines3's environment.

    Raises:
        UsageError: it is not installed.
    """
    python = VENV / "bin" / "python"
    if not python.is_file():
        raise UsageError(f"Stable-Baselines3 is not installed ({VENV.name} is missing); run: make parity-setup")
    return python


def _ours(job: Job, stop: Interrupts, hear: Hear) -> list[Point]:
    import torch

    from agents import LoopConfig, NoConstraint, train

    torch.set_num_threads(1)
    episodes = job.steps // EPISODE_STEPS[job.env]
    with (
        closing(_cells(job.env, 1)) as env,
        closing(_cells(job.env, len(EVAL_SEEDS))) as evaluation_env,
    ):
        learner = make_learner(job, env)
        observer = _evaluations(job, learner.agent, evaluation_env, stop, hear)
        train(env, learner, NoConstraint(), [observer], LoopConfig(episodes=episodes, seed=job.seed))
    return observer.points


def make_learner(job: Job, env: Any) -> Any:
    """Make our learner for a job: mlp encoder, novelty off.

    Args:
        job: which
        env: its vector environment

    Returns:
        The learner.
    """
    from agents import (
        AGENTS,
        EnvSpec,
        OffPolicyLearner,
        OnPolicyLearner,
        PPOAgent,
        ReplayBuffer,
        build_encoder,
        build_novelty,
    )

    spec = EnvSpec.from_spaces(env.single_observation_space, env.single_action_space)
    agent_class, config_class = AGENTS[job.algorithm]
    config = config_class(**SETTINGS[job.algorithm][job.env], **MATCHED[job.algorithm])
    agent = agent_class(spec, build_encoder("mlp", spec.observation_shape, seed=job.seed), config, seed=job.seed)
    novelty = build_novelty("none")
    if isinstance(agent, PPOAgent):
        return OnPolicyLearner(agent, novelty, env.num_envs, job.seed)
    return OffPolicyLearner(agent, ReplayBuffer(spec, env.num_envs, config.replay_config()), novelty, 1, job.seed)


def _cells(env: str, count: int) -> Any:
    import gymnasium as gym

    mode = {"autoreset_mode": gym.vector.AutoresetMode.NEXT_STEP}
    return gym.make_vec(env, num_envs=count, vectorization_mode="sync", vector_kwargs=mode)


def _evaluations(job: Job, agent: Any, env: Any, stop: Interrupts, hear: Hear) -> Any:
    """Make the observer that evaluates; episodes end at every point."""
    from agents import GreedyPolicy, Observer, evaluate

    class Evaluations(Observer):
        """Keeps what the greedy policy gains at the job's points."""

        points: list[Point]

        def on_boundary(self, state: Any) -> None:
            """Evaluate where it is due."""
            hear(state.env_steps)
            if state.env_steps in job.points and not stop.requested:
                results = evaluate(GreedyPolicy(agent), env, EVAL_SEEDS)
                self.points.append(Point(state.env_steps, [one.reward_sum for one in results], state.wall_s))

    observer = Evaluations()
    observer.points = []
    return observer


def _theirs(job: Job, stop: Interrupts, hear: Hear) -> list[Point]:
    command = [str(their_python()), str(SERVER)]
    alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    order = {"algorithm": job.algorithm, "env": job.env, "seed": job.seed, "points": job.points}
    order |= {"settings": SETTINGS[job.algorithm][job.env], "eval_seeds": EVAL_SEEDS}
    # A session of its own: a Ctrl-C is for us, and ends theirs between two answers.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | alone,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            points = _listen(process, order, stop, hear)
            status = process.wait()
        except BaseException:
            process.kill()
            raise
    if status != 0 or len(points) < len(job.points):
        said = f"echo '{json.dumps(order)}' | {' '.join(command)}"
        raise UsageError(f"Stable-Baselines3 does not work; see what it says: {said}")
    return points


def _listen(process: Any, order: Mapping[str, Any], stop: Interrupts, hear: Hear) -> list[Point]:
    points = []
    with suppress(BrokenPipeError):
        print(json.dumps(order), file=process.stdin, flush=True)
    for answer in map(json.loads, process.stdout):
        if stop.requested:
            raise Interrupted
        hear(answer.get("at", answer.get("steps", 0)))
        if "returns" in answer:
            points.append(Point(answer["steps"], answer["returns"], answer["wall_s"]))
    return points
