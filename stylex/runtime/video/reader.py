"""A film, read by a process of its own, so that a decoder that crashes ends in an error and not in a crash."""

from __future__ import annotations

import contextlib
import marshal
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from stylex.errors import InputError, ResourceError, StylexError
from stylex.runtime.video.messages import AudioPacket, End, Excerpt, Frame, StreamInfo

PATIENCE = 5.0
"""Seconds that a process is given to end."""
PROGRAM = (
    "import marshal, sys; sys.path[:] = marshal.load(sys.stdin.buffer); "
    "from stylex.runtime.video.decoder import serve; serve()"
)
"""The decoder's process. It finds the same modules as this one, and imports none of the caller's, as `multiprocessing`
would: programs need no `if __name__ == "__main__":`, and may come from standard input. `marshal` is built in, so that
no file of the current folder is taken for it."""
HELD_BACK = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that a terminal or a supervisor sends to every process of a group; this process decides what follows."""


class Reader:
    """A film as an iterator of frames and packets of sound, in the order in which they are to be written.

    The next frame is decoded while the caller works on the last one; no more than one waits in memory.

    Args:
        path: of the film.
        span: the part that is wanted.
        longest: the longer side is reduced to so many pixels; None for as it is.
        form: FFmpeg's name of the format that will be written.
        sound: whether it is wanted.

    Attributes:
        info: known once the context is entered.
        count: frames so far.
        skipped: damaged frames; known at the end.

    Entering and iterating raise:
        InputError: as `stylex.runtime.video.decoder.Decoder`, and where the decoder crashes.
        ResourceError: its process was killed, or can't be started.
    """

    info: StreamInfo
    process: subprocess.Popen[bytes]

    def __init__(
        self,
        path: Path | str,
        span: Excerpt | None = None,
        longest: int | None = None,
        form: str = "matroska",
        sound: bool = True,
    ) -> None:
        self.path, self.count, self.skipped = Path(path), 0, 0
        self._request = (self.path, span or Excerpt(), longest, form, sound)

    def __enter__(self) -> Reader:
        try:
            self.process = start_masked([sys.executable, "-c", PROGRAM])
        except OSError as error:
            raise ResourceError(f"the process that reads {self.path} can't be started ({error.strerror})") from error
        assert self.process.stdin is not None and self.process.stdout is not None
        self._pipe: Any = self.process.stdout
        try:
            with contextlib.suppress(OSError), self.process.stdin as theirs:  # it has ended; what it left says why
                marshal.dump([entry for entry in sys.path if isinstance(entry, str)], theirs)
                pickle.dump(self._request, theirs)
            self.info = self._received()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self._pipe.close()
        self.process.wait()

    def __iter__(self) -> Iterator[Frame | AudioPacket]:
        shape = (self.info.height, self.info.width, 3)
        while not isinstance(message := self._received(), End):
            if isinstance(message, AudioPacket):
                yield message
                continue
            picture = np.empty(shape, np.uint8)
            self._fill(picture)
            self.count += 1
            yield Frame(picture, *message)
        self.skipped = message.skipped

    def _received(self) -> Any:
        try:
            message = pickle.load(self._pipe)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise self._died() from error
        if isinstance(message, StylexError):
            raise message
        return message

    def _fill(self, picture: Any) -> None:
        view = memoryview(picture).cast("B")
        if self._pipe.readinto(view) < len(view):  # a buffered pipe gives less only where it has ended
            raise self._died()

    def _died(self) -> StylexError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        code = self.process.returncode
        if code == -signal.SIGTERM or (hasattr(signal, "SIGKILL") and code == -signal.SIGKILL):
            return ResourceError(
                f"the process that reads {self.path} was killed behind frame {self.count}, perhaps for want of memory: "
                "use a smaller size, or close other programs",
                size=None,
            )
        return InputError(
            f"the decoder of {self.path} crashed behind frame {self.count} (exit code {code}): the film is damaged, or "
            "of a kind that FFmpeg fails on; convert it first"
        )


def start_masked(command: list[str]) -> subprocess.Popen[bytes]:
    """Starts a process that `HELD_BACK` don't reach; one sent meanwhile is delivered here afterwards."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    if not hasattr(signal, "pthread_sigmask"):  # Windows; `serve` ignores Ctrl-C as soon as it runs
        return subprocess.Popen(command, **pipes)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
    try:
        return subprocess.Popen(command, **pipes)  # inherits the mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
