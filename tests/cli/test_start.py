"""What a process imports until its first picture is painted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

SLOW = (
    "rich",
    "importlib.metadata",
    "stylex.api.gatys",
    "stylex.runtime.engine.nvidia",
    "stylex.runtime.semantic",
    "stylex.runtime.video",
    "torch",
)
"""Take long to import, and most photos don't need them."""


def test_a_photo_is_painted_without_what_it_does_not_need(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8))
    run = ["run", "adain", str(tmp_path / "photo.png"), "--style", "irises", "-o", str(tmp_path / "painted.png")]
    script = f"import sys; from stylex.cli import main; main({run!r}, standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.splitlines()[-1].split()
    assert "onnxruntime" in imported and (tmp_path / "painted.png").is_file()
    assert not set(SLOW) & set(imported)
