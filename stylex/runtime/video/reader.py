"""A film, read by a process of its own, so that a decoder that crashes ends in an error and not in a crash."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from stylex.errors import InputError, ResourceError, StylexError
from stylex.runtime.video.decoder import serve
from stylex.runtime.video.facts import End, FilmFacts, Frame, Sound, Span

PATIENCE = 5.0
"""Seconds that a process is given to end."""


class Reader:
    """A film as an iterator of frames and packets of sound, in the order in which they are to be written.

    The next frame is decoded while the caller works on the last one; no more than one waits in memory. Programs that
    use it need the usual `if __name__ == "__main__":`, since the other process imports them.

    Args:
        path: of the film.
        span: the part that is wanted.
        longest: the longer side is reduced to so many pixels; None for as it is.

    Attributes:
        facts: known once the context is entered.
        count: frames so far.
        skipped: damaged frames; known at the end.

    Entering and iterating raise:
        InputError: as `stylex.runtime.video.decoder.Decoder`, and where the decoder crashes.
        ResourceError: its process was killed.
    """

    facts: FilmFacts

    def __init__(self, path: Path, span: Span | None = None, longest: int | None = None) -> None:
        self.path, self.count, self.skipped = path, 0, 0
        context = multiprocessing.get_context("spawn")
        self._pipe, self._theirs = context.Pipe(duplex=False)
        arguments = (path, span or Span(), longest, self._theirs)
        self.process = context.Process(target=serve, args=arguments, daemon=True)

    def __enter__(self) -> Reader:
        start_unheard(self.process)
        self._theirs.close()
        try:
            self.facts = self._received()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self.process.terminate()
        self.process.join(PATIENCE)

    def __iter__(self) -> Iterator[Frame | Sound]:
        shape = (self.facts.height, self.facts.width, 3)
        while not isinstance(message := self._received(), End):
            if isinstance(message, Sound):
                yield message
                continue
            picture = np.empty(shape, np.uint8)
            self._fill(picture)
            self.count += 1
            yield Frame(picture, *message)
        self.skipped = message.skipped

    def _received(self) -> Any:
        try:
            message = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if isinstance(message, StylexError):
            raise message
        return message

    def _fill(self, picture: Any) -> None:
        try:
            self._pipe.recv_bytes_into(memoryview(picture).cast("B"))
        except (EOFError, OSError) as error:
            raise self._died() from error

    def _died(self) -> StylexError:
        self.process.join(PATIENCE)
        code = self.process.exitcode
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


def start_unheard(process: Any) -> None:
    """Start a process that Ctrl-C doesn't reach; one pressed meanwhile is delivered here afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows; `serve` ignores it as soon as it runs
        process.start()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()  # inherits the mask
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
