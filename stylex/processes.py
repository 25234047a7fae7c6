"""Processes of one's own: a function of stylex runs in a fresh Python, which imports none of the caller's modules.

`multiprocessing` would import the caller's main module, so that programs would need `if __name__ == "__main__":` and
couldn't come from standard input.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import pickle
import signal
import subprocess
import sys
from typing import Any, BinaryIO

PROGRAM = (
    "import marshal, sys; sys.path[:] = marshal.load(sys.stdin.buffer); from stylex.processes import serve; serve()"
)
"""`marshal` is built in, so that no file of the current folder is taken for it."""
HELD_BACK = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that a terminal or a supervisor sends to every process of a group; this process decides what follows."""


def started(function: Any, *arguments: object) -> subprocess.Popen[bytes]:
    """Starts a process that calls `function(pipe, *arguments)`; what it writes to the pipe comes on the `stdout` here.

    The process finds the same modules as this one. Whatever else is printed there goes to standard error.

    Args:
        function: of a module, so that it can be found by its name.
        arguments: are pickled.

    Raises:
        OSError: it can't be started.
    """
    process = start_masked([sys.executable, "-c", PROGRAM])
    assert process.stdin is not None
    with contextlib.suppress(OSError), process.stdin as theirs:  # it has ended; what it left says why
        marshal.dump([entry for entry in sys.path if isinstance(entry, str)], theirs)
        pickle.dump((function, arguments), theirs)
    return process


def serve() -> None:
    """Calls the function that comes on standard input; the entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the terminal; the parent decides
    function, arguments = pickle.load(sys.stdin.buffer)
    pipe: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError, ConnectionError), pipe:  # the parent is gone
        function(pipe, *arguments)


def start_masked(command: list[str]) -> subprocess.Popen[bytes]:
    """Starts a process with `HELD_BACK` blocked; one sent meanwhile is delivered here afterwards."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    if not hasattr(signal, "pthread_sigmask"):  # Windows; `serve` ignores Ctrl-C as soon as it runs
        return subprocess.Popen(command, **pipes)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
    try:
        return subprocess.Popen(command, **pipes)  # inherits the mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
