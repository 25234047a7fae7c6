"""A film, read by a process of its own, so that a decoder that crashes ends in an error and not in a crash."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from stylex.errors import InputError, ResourceError, StylexError
from stylex.processes import started
from stylex.runtime.video.decoder import send
from stylex.runtime.video.messages import AudioPacket, End, Excerpt, Frame, MessageUnpickler, StreamInfo

PATIENCE = 5.0
"""Seconds that a process is given to end."""


class Reader:
    """A film as an iterator of frames and packets of sound, in the order in which they are to be written.

    The next frame is decoded while the caller works on the last one; no more than one waits in memory.

    Args:
        path: of the film.
        excerpt: the part that is wanted.
        longest: the longer side is reduced to so many pixels; None for as it is.
        form: FFmpeg's name of the format that will be written.
        sound: whether it is wanted.

    Attributes:
        info: known once the context is entered.
        count: frames so far.
        skipped, damaged_sound: damaged frames, and packets of sound; known at the end.

    Entering and iterating raise:
        InputError: as `stylex.runtime.video.decoder.Decoder`, and where the decoder crashes.
        ResourceError: its process was killed, or can't be started.
    """

    info: StreamInfo
    process: subprocess.Popen[bytes]

    def __init__(
        self,
        path: Path | str,
        excerpt: Excerpt | None = None,
        longest: int | None = None,
        form: str = "matroska",
        sound: bool = True,
    ) -> None:
        self.path, self.count, self.skipped, self.damaged_sound = Path(path), 0, 0, 0
        self._request = (self.path, excerpt or Excerpt(), longest, form, sound)

    def __enter__(self) -> Reader:
        try:
            self.process = started(send, *self._request)
        except OSError as error:
            raise ResourceError(f"the process that reads {self.path} can't be started ({error.strerror})") from error
        assert self.process.stdout is not None
        self._pipe: Any = self.process.stdout
        try:
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
        self.skipped, self.damaged_sound = message.skipped, message.damaged_sound

    def _received(self) -> Any:
        try:
            message = MessageUnpickler(self._pipe).load()
        except Exception as error:  # of a pickle that ends early, or that a damaged film has scribbled over
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
