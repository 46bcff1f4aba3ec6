"""Output that nobody reads any more, as after `| head`: the script ends, and says nothing about it."""

from __future__ import annotations

import os
import select
import sys
from typing import Any

PIPE_STATUS = 1
"""Exit status after the reader left: the one that Python's documentation of SIGPIPE gives."""


def drop_unread() -> bool:
    """Point the standard streams whose reader left at nothing, so that Python's flush of them at exit is quiet.

    Returns:
        Whether there was one: a pipe that broke elsewhere is somebody's fault.

    Reference:
        Python documentation, module signal, "Note on SIGPIPE".
    """
    unread = [stream for stream in (sys.stdout, sys.stderr) if _reader_left(stream)]
    if unread:
        nothing = os.open(os.devnull, os.O_WRONLY)
        for stream in unread:
            os.dup2(nothing, stream.fileno())
        os.close(nothing)
    return bool(unread)


def _reader_left(stream: Any) -> bool:
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)  # what is reported unasked: errors
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no stream, a captured one, a closed one
        return False
