"""`stylex webcam` as users call it; a film stands for the camera, and Xvfb for the display."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from stylex.runtime.video import camera, live
from stylex.runtime.video.camera import CameraInfo

RunCli = Callable[..., Result]
Fails = Callable[..., str]
Make = Callable[..., Path]
ADAIN = ("--style", "irises", "--precision", "int8", "--provider", "cpu", "--threads", 1)
LIMIT = 60
"""Seconds that a window is waited for on a busy machine."""
FRAMES = 600
"""Frames of the film in the window: 60 were over before a busy machine looked at the display."""


def test_without_a_display(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":973")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "stylex video" in fails(5, "webcam", *ADAIN)


def test_calls_that_are_wrong(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "require_display", lambda: None)
    assert "camera 97 doesn't open: connect it" in fails(3, "webcam", "--camera", 97, *ADAIN)
    assert "doesn't exist" in fails(3, "webcam", "--save-to", "no/where", *ADAIN)
    assert "nobody sees the frames: give --virtual-camera too" in fails(2, "webcam", "--no-window", *ADAIN)


def test_the_list(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [CameraInfo(0, "Integrated Camera", 640, 480), CameraInfo(2, "", 1280, 720)]
    monkeypatch.setattr(camera, "cameras", lambda: found)
    assert run_cli("webcam", "--list").stdout == "0: Integrated Camera, 640x480\n2: a camera, 1280x720\n"
    assert json.loads(run_cli("webcam", "--list", "--json").stdout)[1]["width"] == 1280
    monkeypatch.setattr(camera, "cameras", list)
    assert run_cli("webcam", "--list").stdout.startswith("no camera is found: connect one")


@pytest.mark.skipif(sys.platform != "linux", reason="asks for Linux's own devices")
def test_without_a_virtual_camera(fails: Fails, make_film: Make) -> None:
    pytest.importorskip("pyvirtualcam", reason="needs pyvirtualcam: pip install 'stylex[webcam]'")
    call = ("webcam", "--camera", make_film(), *ADAIN, "--no-window")
    assert "no virtual camera takes the frames" in fails(5, *call, "--virtual-camera", "/dev/video97")


@pytest.fixture
def display(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A display in memory, and the file that holds what is on it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs a display in memory: apt install xvfb")
    read, write = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "320x240x24",
        "-fbdir",
        str(tmp_path),
        "-nolisten",
        "tcp",
    ]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as running:
        os.close(write)
        with os.fdopen(read, encoding="ascii") as number:
            yield f":{number.readline().strip()}", tmp_path / "Xvfb_screen0"
        running.terminate()


def shown(file: Path) -> np.ndarray:
    """The picture on the display, RGB uint8 (240, 320, 3), from the file, which is one of xwd's."""
    data = file.read_bytes()
    head = struct.unpack(">25I", data[:100])
    start, (width, height), stride = head[0] + 12 * head[19], head[4:6], head[12]
    rows = np.frombuffer(data, np.uint8, height * stride, start).reshape(height, stride)
    return rows[:, : 4 * width].reshape(height, width, 4)[:, :, 2::-1]


def test_a_window_opens_and_shows_the_painted_film(display: tuple[str, Path], make_film: Make, tmp_path: Path) -> None:
    where, screen = display
    film = make_film(pictures=[np.full((144, 192, 3), (220, 40, 40), np.uint8)] * FRAMES)
    call = ["webcam", "--camera", film, "--technique", "cyclegan", "--style", "cartoon", "--size", 160, "--json"]
    command = [sys.executable, "-m", "stylex", *map(str, call)]
    environment = {**os.environ, "DISPLAY": where, "QT_LOGGING_RULES": "*=false"}
    environment.pop("WAYLAND_DISPLAY", None)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        end, reddest = time.monotonic() + LIMIT, 0.0
        while running.poll() is None and time.monotonic() < end:
            red, _, blue = np.moveaxis(shown(screen).astype(int), 2, 0)
            reddest = max(reddest, float((red - blue > 60).mean()))
            time.sleep(0.005)
        report = json.loads(running.communicate(timeout=LIMIT)[0])
    assert running.returncode == 0
    assert (report["frames"], report["technique"]) == (FRAMES, "cyclegan")
    assert reddest * 320 * 240 > 160 * 60  # the painted frames were on the screen
