"""Ctrl-C and SIGTERM: the step in progress is finished, the run is saved, and the exit status tells which it was."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.interrupt import DeferredInterrupt

Policy = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


class Interrupted(Exception):  # noqa: N818  a request, not an error
    """The user asked to stop while a policy was at work."""


class Interrupts:
    """Within a `with` block, notes SIGINT and SIGTERM whoever handles them; a second one interrupts at once."""

    def __init__(self) -> None:
        self._number = 0
        self._deferred = DeferredInterrupt()
        self._ends: tuple[socket.socket, socket.socket] | None = None

    def __enter__(self) -> Interrupts:
        """Take over the signals and listen to them."""
        self._deferred.__enter__()
        if threading.current_thread() is threading.main_thread():
            self._ends = socket.socketpair()
            for end in self._ends:
                end.setblocking(False)
            # Python writes every signal's number here, also while the training loop has handlers of its own.
            signal.set_wakeup_fd(self._ends[1].fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Give the signals back."""
        self._listen()
        if self._ends is not None:
            signal.set_wakeup_fd(-1)
            for end in self._ends:
                end.close()
            self._ends = None
        self._deferred.__exit__(*exc_info)

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        self._listen()
        return self._number != 0

    @property
    def status(self) -> int:
        """Exit status by convention: 128 + the signal's number, 0 without one."""
        self._listen()
        return 128 + self._number if self._number else 0

    def watched(self, policy: Policy) -> Policy:
        """Wrap a policy so that it raises `Interrupted` instead of acting on after a request.

        Args:
            policy: observations -> actions

        Returns:
            The same policy, interruptible.
        """

        def act(observations: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            if self.requested:
                raise Interrupted
            return policy(observations)

        return act

    def _listen(self) -> None:
        if self._ends is None:
            return
        with contextlib.suppress(BlockingIOError):
            for number in self._ends[0].recv(64):
                if number in (signal.SIGINT, signal.SIGTERM) and self._number == 0:
                    self._number = int(number)
