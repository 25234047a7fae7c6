"""Export as facts: the defaults of `stylex export` and of the exporter; nothing heavy is imported."""

from __future__ import annotations

from typing import Final

PRECISION: Final = "fp32"
TARGET: Final = "cpu-x86"
"""The device that FP16 or INT8 is for."""
OPSET = 18
"""The version of ONNX's operators in exported graphs by default, and the lowest that they can have."""
FLAT_SHIFT = 40.0
"""Levels of 255 that flat areas may move by at INT8."""
FFMPEG, GSTREAMER = VIDEO_FILTERS = ("ffmpeg", "gstreamer")
"""Programs that paint films with a graph of their own target, without Python."""
