"""Processes of one's own: a function of stylex runs in a fresh Python, which imports none of the caller's modules.

`multiprocessing` would import the caller's main module, so that programs would need `if __name__ == "__main__":` and
couldn't come from standard input. Only where a function of the main script itself is sent, by `packed`, the other
process runs that script, as `multiprocessing` does under the name `__mp_main__`.
"""

from __future__ import annotations

import contextlib
import io
import marshal
import os
import pickle
import runpy
import signal
import subprocess
import sys
from types import FunctionType, ModuleType
from typing import Any, BinaryIO

from stylex.errors import UsageError

PROGRAM = (
    "import marshal, sys; sys.path[:] = marshal.load(sys.stdin.buffer); from stylex.processes import serve; serve()"
)
"""`marshal` is built in, so that no file of the current folder is taken for it."""
HELD_BACK = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that a terminal or a supervisor sends to every process of a group; this process decides what follows."""
MAIN, MAIN_ELSEWHERE = "__main__", "__mp_main__"
"""Names of the caller's main module: here, and in a process that runs its script again."""
GUARD = 'put what it does under `if __name__ == "__main__":`'


def started(function: Any, *arguments: object, given: bytes = b"") -> subprocess.Popen[bytes]:
    """Starts a process that calls `function(pipe, *arguments)`; what it writes to the pipe comes on the `stdout` here.

    The process finds the same modules as this one. Whatever else is printed there goes to standard error.

    Args:
        function: of a module, so that it can be found by its name.
        arguments: are pickled.
        given: what the function finds on its standard input.

    Raises:
        OSError: it can't be started.
    """
    process = start_masked([sys.executable, "-c", PROGRAM])
    assert process.stdin is not None
    with contextlib.suppress(OSError), process.stdin as theirs:  # it has ended; what it left says why
        marshal.dump([entry for entry in sys.path if isinstance(entry, str)], theirs)
        pickle.dump((function, arguments), theirs)
        theirs.write(given)
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


def packed(*things: object) -> bytes:
    """Returns pickles of things for `unpacked` in another process; they may live in the caller's main script.

    Raises:
        UsageError: one lives in a main module that isn't a file (a notebook, standard input), or the main script itself
            is being run by `unpacked`: the script calls this where it is merely imported.
    """
    pickler = _Pickler(pickled := io.BytesIO())
    pickler.dump(things)
    return pickle.dumps(_main_script(pickler.met) if pickler.met else None) + pickled.getvalue()


def unpacked(file: BinaryIO) -> Any:
    """Returns the tuple of things that another process packed, whose main script is run where one of them needs it.

    Raises:
        UsageError: the script ends when it is run, or calls `packed` then.
    """
    if (script := pickle.load(file)) is not None:
        _run_main(*script)
    return pickle.load(file)


class _Pickler(pickle.Pickler):
    """Notes under which of its names functions and classes of the main module are met."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.met: set[str] = set()

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, (type, FunctionType)):
            self.met |= {thing.__module__} & {MAIN, MAIN_ELSEWHERE}
        return NotImplemented


def _main_script(met: set[str]) -> tuple[str, str, list[str]]:
    """Returns the main module's name (empty unless it was started by `-m`), its file, and its arguments."""
    main = sys.modules[MAIN]
    path, name = getattr(main, "__file__", None), getattr(getattr(main, "__spec__", None), "name", MAIN)
    if MAIN_ELSEWHERE in met and sys.modules[MAIN_ELSEWHERE] is not main:
        raise UsageError(f"{sys.argv[0]} is imported by a process that it starts: {GUARD}")
    if path is None or not os.path.isfile(path):
        raise UsageError("a function typed into a notebook or a shell can't run in another process: write it to a file")
    sys.modules[MAIN_ELSEWHERE] = main  # where classes of what comes back are looked for
    return "" if name == MAIN else name, path, sys.argv


def _run_main(name: str, path: str, arguments: list[str]) -> None:
    """Runs the script as an import, and makes it the main module."""
    main = ModuleType(MAIN_ELSEWHERE)
    sys.argv[:] = arguments
    try:
        found = (
            runpy.run_module(name, None, MAIN_ELSEWHERE, True) if name else runpy.run_path(path, None, MAIN_ELSEWHERE)
        )
    except SystemExit as error:
        raise UsageError(f"{path} ends when it is imported by a process that it starts: {GUARD}") from error
    vars(main).update(found)
    sys.modules[MAIN] = sys.modules[MAIN_ELSEWHERE] = main
