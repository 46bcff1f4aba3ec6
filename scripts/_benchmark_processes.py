"""Rendering in spawned processes: frames per second of several at once over those of one alone."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from types import TracebackType

SPAN_S = 0.5
PAIRS = 3


class RenderProcesses:
    """Spawned processes, each with a camera of its own; a context manager that ends them.

    Args:
        count: number of processes.
    """

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_draw_on_request, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> RenderProcesses:
        """Hold the processes."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.close()
            process.join()

    def frames_per_s(self, count: int) -> float:
        """Draw for a while in some of the processes at once; return what they drew together [frames/s]."""
        for pipe in self._pipes[:count]:
            pipe.send(SPAN_S)
        return sum(pipe.recv() for pipe in self._pipes[:count])

    def speedup(self) -> float:
        """Return frames per second of all processes over those of one, in slices that take turns."""
        alone = together = 0.0
        for _ in range(PAIRS):
            alone += self.frames_per_s(1)
            together += self.frames_per_s(len(self._pipes))
        return together / alone


def _draw_on_request(pipe: Connection) -> None:
    from v2p_sim.cameras import POLICY, Camera
    from v2p_sim.scene import build_scene

    model = build_scene().model
    camera = Camera(model, "policy", POLICY)
    camera.draw(model.qpos0)
    while True:
        try:
            span_s = pipe.recv()
        except EOFError:
            break
        frames, started = 0, time.perf_counter()
        while time.perf_counter() - started < span_s:
            camera.draw(model.qpos0)
            frames += 1
        pipe.send(frames / (time.perf_counter() - started))
    camera.close()
