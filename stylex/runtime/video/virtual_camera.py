"""A virtual camera: painted frames appear in other programs as those of a camera."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import numpy as np

from stylex.errors import MissingPackage, ResourceError, first_line
from stylex.imaging.arrays import Image

RATE = 30.0
"""Frames a second that the device is told; each frame is sent as soon as it is painted."""
SYSTEMS = {"linux": "sudo modprobe v4l2loopback exclusive_caps=1"}
"""Commands that add a virtual camera to a system; elsewhere OBS Studio brings one."""


class VirtualCamera:
    """Sends frames to a virtual camera, opened with the first one, since its size is fixed.

    Args:
        device: its name, such as /dev/video2; None for the first one.

    Raises:
        MissingPackage: pyvirtualcam isn't installed.
    """

    def __init__(self, device: str | None = None) -> None:
        try:
            import pyvirtualcam
        except ModuleNotFoundError:
            raise MissingPackage("pyvirtualcam", "webcam") from None
        self._library, self._asked = pyvirtualcam, device
        self._camera: Any = None

    @property
    def device(self) -> str:
        """Returns the name of the opened device; empty before the first frame."""
        return str(self._camera.device) if self._camera is not None else ""

    def __enter__(self) -> VirtualCamera:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._camera is not None:
            self._camera.close()

    def send(self, picture: Image) -> None:
        """Sends RGB uint8 (H, W, 3); an odd row or column at the end is left out, since such devices have none.

        Raises:
            ResourceError: there is no virtual camera, or it takes no such frames.
        """
        height, width = (max(2, side // 2 * 2) for side in picture.shape[:2])
        try:
            if self._camera is None:
                self._camera = self._library.Camera(width, height, RATE, device=self._asked)
            self._camera.send(np.ascontiguousarray(picture[:height, :width]))
        except (RuntimeError, ValueError) as error:
            raise ResourceError(f"no virtual camera takes the frames ({first_line(error)}): {_advice()}") from error


def _advice() -> str:
    return SYSTEMS.get(sys.platform, "install OBS Studio and start its virtual camera once")
