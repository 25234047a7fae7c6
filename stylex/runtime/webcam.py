"""Cameras, where programs import them from; they are in `stylex.runtime.video.live`."""

from stylex.runtime.video.live import Camera as Camera
