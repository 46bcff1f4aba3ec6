"""Ctrl-C that waits for the step in progress."""

import signal
import threading
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class DeferredInterrupt:
    """Within a `with` block, notes the first interrupt in `requested`; the second interrupts at once.

    What a block around this one has noted already counts here too: nobody asks twice.

    Outside the main thread, where Python delivers no signals, it does nothing.
    """

    def __init__(self):
        self.requested = False
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> "DeferredInterrupt":
        """Take over SIGINT and SIGTERM."""
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._note) for number in SIGNALS}
            around = [getattr(handler, "__self__", None) for handler in self._previous.values()]
            self.requested = any(isinstance(each, DeferredInterrupt) and each.requested for each in around)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Give the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType]
        self._previous = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
