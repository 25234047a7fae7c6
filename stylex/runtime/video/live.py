"""A camera, painted live: the keys and the frame rate, apart from the window that shows them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

import cv2
import numpy as np

from stylex.errors import ResourceError
from stylex.imaging.arrays import Image
from stylex.imaging.writing import write_picture
from stylex.runtime.video.camera import Camera
from stylex.runtime.video.stylizer import MODES, PreparedStyle, Stylizer

TITLE = "stylex"
FONT, LINE = cv2.FONT_HERSHEY_SIMPLEX, 20
"""Font of the caption, and the height of a line in pixels."""
STEP = 0.1
"""Step by which + and - change the strength."""
SMOOTH = 0.9
"""Share that the frames before keep in the frame rate."""
KEYS = "+ - strength   n p style   t temporal mode   s save   q quit"
QUIT = frozenset({ord("q"), 27})
PROBE = "import cv2; cv2.namedWindow('stylex'); cv2.destroyAllWindows()"
PATIENCE = 20.0
"""Seconds that a window is given to open."""


def require_display() -> None:
    """Opens and closes a window in a process of its own, since some window systems end the process where there is none.

    Raises:
        ResourceError: no window can be opened.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, timeout=PATIENCE, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        raise ResourceError("no window opens on this display: use `stylex video` for films in files") from None
    if done.returncode == 0:
        return
    if "not implemented" in done.stderr or "headless" in done.stderr:
        raise ResourceError(
            "this OpenCV has no windows: pip uninstall -y opencv-python-headless && pip install opencv-python"
        )
    where = "there is no display (DISPLAY and WAYLAND_DISPLAY are not set)" if _without_display() else "no window opens"
    raise ResourceError(f"{where}: run it in a desktop session, or use `stylex video` for films in files")


def _without_display() -> bool:
    return sys.platform == "linux" and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


class LivePreview:
    """Paints the frames of a camera, reacts to keys and counts frames, apart from the window.

    Args:
        styles: painters with their styles; n and p go through them.
        stylizer: paints; begins with the first of them.
        folder: where s saves pictures.
    """

    def __init__(self, styles: Sequence[PreparedStyle], stylizer: Stylizer, folder: Path) -> None:
        self.styles, self.stylizer, self.folder = styles, stylizer, folder
        self.rate = 0.0
        self.message = KEYS
        self.painted: Image | None = None
        self._chosen, self._last = 0, 0.0

    def paint(self, frame: Image) -> Image:
        """Paints a frame, RGB uint8 (H, W, 3), and counts it."""
        painted = self.painted = self.stylizer(frame)
        now = time.perf_counter()
        if self._last:
            rate = 1 / max(now - self._last, 1e-6)
            self.rate = SMOOTH * self.rate + (1 - SMOOTH) * rate if self.rate else rate
        self._last = now
        return painted

    def press(self, key: int) -> bool:
        """Reacts to a key as `cv2.waitKey` gives it, -1 for none; False to quit.

        Raises:
            ResourceError: a picture can't be saved.
        """
        if key < 0:
            return True
        if key & 0xFF in QUIT:
            return False
        act = {
            "+": lambda: self._strengthen(STEP),
            "=": lambda: self._strengthen(STEP),  # the same key without shift
            "-": lambda: self._strengthen(-STEP),
            "n": lambda: self._choose(1),
            "p": lambda: self._choose(-1),
            "t": self._next_mode,
            "s": self._save,
        }.get(chr(key & 0xFF))
        if act is not None:
            act()
        return True

    def captioned(self, picture: Image) -> Image:
        """Returns the picture with a caption: the frame rate, the style, and what the last key did."""
        shown, stylizer = picture.copy(), self.stylizer
        runs = "" if stylizer.runs == stylizer.temporal else f", which runs as {stylizer.runs}"
        what = (
            f"{self.rate:.1f} frames/s",
            stylizer.style.name,
            f"strength {stylizer.strength:.1f}",
            stylizer.temporal,
        )
        first = "   ".join(what) + runs
        for line, text in enumerate((first, self.message)):
            (width, _), _ = cv2.getTextSize(text, FONT, 0.45, 1)
            top = LINE * line
            cv2.rectangle(shown, (0, top), (width + 12, top + LINE), (0, 0, 0), cv2.FILLED)
            cv2.putText(shown, text, (6, top + 14), FONT, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
        return np.asarray(shown, np.uint8)

    def _strengthen(self, step: float) -> None:
        strength = min(max(self.stylizer.strength + step, 0.0), self.stylizer.style.strongest)
        self.stylizer.strength = round(strength, 2)
        self.message = f"strength {self.stylizer.strength:.1f}"

    def _choose(self, step: int) -> None:
        self._chosen = (self._chosen + step) % len(self.styles)
        style = self.styles[self._chosen]
        self.stylizer.style, self.stylizer.strength = style, min(self.stylizer.strength, style.strongest)
        self.message = style.name

    def _next_mode(self) -> None:
        self.stylizer.temporal = MODES[(MODES.index(self.stylizer.temporal) + 1) % len(MODES)]
        self.message = self.stylizer.notice or f"temporal {self.stylizer.temporal}"

    def _save(self) -> None:
        if self.painted is None:
            return
        number = 1
        while (path := self.folder / f"stylex-{number:03}.png").exists():
            number += 1
        write_picture(path, self.painted)
        self.message = f"saved {path.name}"


class Screen(Protocol):
    """Shows pictures and reads keys."""

    def show(self, picture: Image) -> int:
        """Shows RGB uint8 (H, W, 3); returns the key that was pressed, -1 for none."""


class NoScreen:
    """Shows nothing, for a virtual camera alone; Ctrl-C ends it."""

    def show(self, picture: Image) -> int:
        """Returns -1."""
        return -1


class Window:
    """An OpenCV window. Closing it counts as pressing q.

    Raises:
        ResourceError: it doesn't open, or fails later.
    """

    def __enter__(self) -> Window:
        with _explained():
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(cv2.error):
            cv2.destroyAllWindows()

    def show(self, picture: Image) -> int:
        """Shows RGB uint8 (H, W, 3); returns the key that was pressed, -1 for none."""
        with _explained():
            cv2.imshow(TITLE, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            key = cv2.waitKey(1)
            return key if cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1 else ord("q")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except cv2.error as error:
        text = " ".join(str(error).split())[:120]
        raise ResourceError(f"the window failed ({text}): run it in another desktop session") from error


def watch(
    camera: Camera, preview: LivePreview, screen: Screen, send: Callable[[Image], object] = lambda picture: None
) -> int:
    """Shows the painted camera until q is pressed, or the film ends; returns the number of frames.

    Args:
        send: is given each painted frame without the caption, RGB uint8 (H, W, 3).

    Raises:
        InputError: the camera has vanished.
        ResourceError: the window fails, or a picture can't be saved.
    """
    count = 0
    for frame in camera:
        count += 1
        painted = preview.paint(frame)
        send(painted)
        if not preview.press(screen.show(preview.captioned(painted))):
            break
    return count
