"""Other projects' environments beside ours, at as many physics substeps per env step and frames of as many pixels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts._benchmark import Measurement
from scripts._benchmark_env import Case, make_physical, random_actions

VENVS = Path(__file__).resolve().parents[1] / ".venv-peers"
SERVER = Path(__file__).with_name("_peer_server.py")
SPAN_S = 0.5
TURNS = 3
STEPS = 400


@dataclass(frozen=True)
class PeerSpec:
    """A peer: the environment that it is installed in, how many times as fast ours must be, if that is said, a note."""

    venv: str
    bound: float | None = None
    note: str | None = None


PEERS = {
    "dm_control": PeerSpec(
        "dm_control",
        30.0,
        "mostly a quality setting: it draws as shipped; frames_over_dm_control_equal_quality has ours set for both",
    ),
    "dm_control_equal_quality": PeerSpec("dm_control", 5.0),
    "robosuite": PeerSpec("robotics"),
    "fetch": PeerSpec("robotics", 5.0),
}


def peer_measurements(stack: ExitStack) -> list[Measurement]:
    """Frames per second of the peers that are installed, and ours over theirs at equal substeps.

    Args:
        stack: closes what the measurements hold open
    """
    found: list[Measurement] = []
    for name, spec in PEERS.items():
        python = VENVS / spec.venv / "bin" / "python"
        if not python.is_file():
            _say(f"peer {name} is not installed ({VENVS.name}/{spec.venv} is missing): make peers")
            continue
        try:
            peer = Peer(name, python, stack)
        except PeerError as error:
            _say(str(error))
            continue
        found += Duel(peer, stack).measurements(name, spec)
    return found


class PeerError(RuntimeError):
    """A peer does not work; the message is one line."""


class Peer:
    """Another project's environment in a process of its own Python.

    Args:
        name: which one.
        python: its interpreter.
        stack: ends the process.

    Raises:
        PeerError: it does not start.
    """

    def __init__(self, name: str, python: Path, stack: ExitStack) -> None:
        from v2p_sim.gl import choose_backend

        self._command = [str(python), str(SERVER), name]
        drawn = {"MUJOCO_GL": choose_backend(), "LP_NUM_THREADS": os.environ.get("LP_NUM_THREADS", "0")}
        # One thread for them as for us; two that wait for each other also collapse when another process takes a core.
        alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = stack.enter_context(
            subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | drawn | alone,
                text=True,
            )
        )
        self.substeps = int(self._answer()["substeps"])

    def spend(self, span_s: float) -> tuple[int, float]:
        """Step it for a while.

        Args:
            span_s: how long [s]

        Returns:
            Env steps with a frame, and the time they took [s].
        """
        assert self._process.stdin is not None
        print(span_s, file=self._process.stdin, flush=True)
        answer = self._answer()
        return answer["steps"], answer["seconds"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"peer {self._command[-1]} does not work; see what it says: {' '.join(self._command)}")
        return json.loads(line)


class Duel:
    """A peer and our single cell at its number of substeps, taking turns in every round."""

    def __init__(self, peer: Peer, stack: ExitStack) -> None:
        self._peer = peer
        case = Case(1, peer.substeps, STEPS, 0)
        self._env, self._actions = make_physical(case, 1, stack), random_actions(case)
        self._theirs = self._ours = 0.0

    def ratio(self) -> float:
        """Measure both; return our frames per second over theirs."""
        self._env.reset(seed=0)
        turns = [(*self._peer.spend(SPAN_S), *self._spend(SPAN_S)) for _ in range(TURNS)]
        their_steps, theirs_s, our_steps, ours_s = (sum(column) for column in zip(*turns, strict=True))
        self._theirs, self._ours = their_steps / theirs_s, our_steps / ours_s
        return self._ours / self._theirs

    def _spend(self, span_s: float) -> tuple[int, float]:
        steps, started = 0, time.perf_counter()
        while time.perf_counter() - started < span_s:
            self._env.step(self._actions[steps % STEPS])
            steps += 1
        return steps, time.perf_counter() - started

    def measurements(self, name: str, spec: PeerSpec) -> list[Measurement]:
        """List the ratio, and what it was made of: these are read after it in every round."""
        return [
            Measurement(f"frames_over_{name}", "ratio", self.ratio, spec.bound, "lower", note=spec.note),
            Measurement(f"frames_per_s_{name}", "env steps/s", lambda: self._theirs),
            Measurement(f"frames_per_s_beside_{name}", "env steps/s", lambda: self._ours),
            Measurement(f"substeps_{name}", "substeps/env step", lambda: float(self._peer.substeps)),
        ]


def _say(line: str) -> None:
    print(f"benchmark.py: {line}", file=sys.stderr, flush=True)
