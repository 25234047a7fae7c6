"""SIGTERM and SIGHUP on the command line: a supervisor's stop and a closed terminal end the work as Ctrl-C does."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

import click

from stylex.errors import Interrupted

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextlib.contextmanager
def ended_as_interrupted() -> Iterator[None]:
    """Raises KeyboardInterrupt inside where one of `ENDING` comes; the exit code is then 128 and the signal's number.

    Only the first one counts, so that what is cleaned up isn't interrupted again. A signal that is ignored, as under
    nohup, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def end(number: int, _frame: object) -> None:
        came.append(number)
        if len(came) == 1:
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler == signal.SIG_DFL:
            signal.signal(number, end)
    try:
        yield
    except click.exceptions.Exit as error:
        if came and error.exit_code == Interrupted.exit_code:
            raise click.exceptions.Exit(128 + came[0]) from error
        raise
    except click.ClickException as error:
        if came and error.exit_code == Interrupted.exit_code:
            error.__dict__["exit_code"] = 128 + came[0]  # click types it as the class's
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
