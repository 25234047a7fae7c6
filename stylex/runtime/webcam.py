"""Cameras, where programs import them from; they are in `stylex.runtime.video.camera`."""

from stylex.runtime.video.camera import Camera as Camera
