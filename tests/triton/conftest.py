"""A model repository with two models, and Triton's own server on it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stylex.triton.measurement import Measurement
from stylex.triton.repository import export_repository

Start = Callable[..., contextlib.AbstractContextManager[str]]
ROOT = Path(__file__).parents[2]
LIMIT = 90
"""Seconds that the server may take to load its models on a busy machine."""


def as_measured(_photos: object) -> Measurement:
    """Stands for a machine that gains from batches of four, so that a test sees them."""
    return Measurement({1: 0.3, 2: 0.4, 4: 0.5, 8: 1.0}, 512, "adain int8 on cpu", 2)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    export_repository(folder, "adain", precision="int8", measure=as_measured)
    export_repository(folder, "cyclegan", style="cartoon", precision="int8", measure=as_measured)
    return folder


@pytest.fixture(scope="session")
def triton() -> Path:
    """The folder of Triton's own server, which nvidia-pytriton brings with the Python backend."""
    given = os.environ.get("NVIDIA_PYTRITON")
    if given is None:
        pytest.skip(
            "needs Triton: pip install --no-deps --target FOLDER nvidia-pytriton numpy==1.26.4; NVIDIA_PYTRITON=FOLDER"
        )
    return Path(given)


@pytest.fixture(scope="session")
def start(triton: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Starts the server with the NumPy that lies beside it, or with ours; gives its address and ends it."""
    pytest.importorskip("httpx", reason="needs httpx: pip install 'stylex[test]'")

    @contextlib.contextmanager
    def started(own_numpy: bool) -> Iterator[str]:
        place = tmp_path_factory.mktemp("triton")
        # The backend is a program of its own, which finds packages where it runs, and by the Python of the PATH.
        links = ["numpy", "numpy.libs"] if own_numpy else []
        for target in (ROOT / "stylex", *(triton / name for name in links)):
            (place / target.name).symlink_to(target)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = _command(triton / "pytriton" / "tritonserver", place, repository, port)
        log = (place / "log").open("w", encoding="utf-8")
        environment = {**os.environ, "PATH": path}
        with log, subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log) as running:
            try:
                _wait(running, place / "log", port)
                yield f"http://127.0.0.1:{port}"
            finally:
                running.terminate()
                running.wait(40)

    return started


@pytest.fixture(scope="session")
def server(start: Start) -> Iterator[str]:
    """The address of a running server."""
    with start(own_numpy=True) as address:
        yield address


def _command(triton: Path, place: Path, repository: Path, port: int) -> list[str]:
    """Returns the command that starts the server, with the backend for this Python."""
    stub = triton / "python_backend_stubs" / f"3.{sys.version_info.minor}" / "triton_python_backend_stub"
    if not stub.is_file():
        pytest.skip(f"this Triton has no backend for Python 3.{sys.version_info.minor}")
    backend = place / "backends" / "python"
    backend.mkdir(parents=True)
    for file in (stub, *(triton / "backends" / "python").glob("*triton_python*")):
        (backend / file.name).symlink_to(file)
    options = ["--http-address=127.0.0.1", f"--http-port={port}", "--allow-grpc=false", "--allow-metrics=false"]
    places = [f"--model-repository={repository}", f"--backend-directory={backend.parent}"]
    return [str(triton / "bin" / "tritonserver"), *places, *options]


def _wait(running: subprocess.Popen[bytes], log: Path, port: int) -> None:
    """Waits until the server says that it has started, and then answers, which comes some moments later."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and running.poll() is None:
        if "Started HTTPService" in log.read_text(encoding="utf-8"):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
        time.sleep(0.1)
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if not line.startswith(("|", "+"))]
    raise AssertionError("\n".join(lines[-40:]))
