"""`stylex serve` as a process: its address, its end, and what keeps it from starting."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylex.imaging.writing import encoded

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")
httpx = pytest.importorskip("httpx", reason="needs httpx: pip install 'stylex[test]'")

Fails = Callable[..., str]
CALL = [sys.executable, "-m", "stylex", "serve", "--port", "0", "--technique", "adain", "--json", "--threads", "1"]


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with subprocess.Popen(CALL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, json.loads(running.stdout.readline())
        finally:
            running.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_it_drains_on_sigterm(process: tuple[subprocess.Popen[str], dict[str, Any]], photo: np.ndarray) -> None:
    running, started = process
    assert started["techniques"] == ["adain"] and started["url"].startswith("http://127.0.0.1:")
    large = encoded(np.kron(photo, np.ones((12, 12, 1), np.uint8)), None, Path("p.jpg"))
    answers: list[Any] = []
    form: dict[str, Any] = {"data": {"style": "irises"}, "files": {"photo": large}, "timeout": 30}
    asking = threading.Thread(target=lambda: answers.append(httpx.post(f"{started['url']}v1/paint", **form)))
    with httpx.Client(base_url=started["url"]) as client:
        asking.start()
        while "stylex_painting 1.0" not in client.get("/metrics").text:
            time.sleep(0.005)
    running.send_signal(signal.SIGTERM)
    asking.join(30)
    assert answers[0].status_code == 200
    output, errors = running.communicate(timeout=10)
    assert (running.returncode, output, errors) == (0, "", "stylex: stopped, every request was answered\n")
    with pytest.raises(httpx.ConnectError):
        httpx.get(started["url"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_what_is_not_done_within_the_drain_is_told_to_both_sides(photo: np.ndarray) -> None:
    large = encoded(np.kron(photo, np.ones((20, 20, 1), np.uint8)), None, Path("p.jpg"))
    answers: list[Any] = []
    call = [*CALL, "--drain", "1", "--workers", "1"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = json.loads(running.stdout.readline())["url"]

            def ask(quality: int) -> None:
                form = {"style": "irises", "quality": quality}  # no two are equal
                answers.append(httpx.post(f"{url}v1/paint", data=form, files={"photo": large}, timeout=60))

            asking = [threading.Thread(target=ask, args=(90 + number,)) for number in range(6)]
            for thread in asking:
                thread.start()
            with httpx.Client(base_url=url) as client:
                while "stylex_painting 0.0" in client.get("/metrics").text:
                    time.sleep(0.005)
            running.send_signal(signal.SIGTERM)
            for thread in asking:
                thread.join(60)
            output, errors = running.communicate(timeout=60)
        finally:
            running.kill()
    given_up = [answer for answer in answers if answer.status_code == 503]
    assert len(answers) == 6 and given_up, [answer.status_code for answer in answers]
    assert all(answer.json()["type"] == "Unavailable" for answer in given_up)
    assert (running.returncode, output) == (0, "")
    assert f"stylex: stopped, {len(given_up)} requests were given up after 1 s" in errors
    assert "Traceback" not in errors


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_ends_it(process: tuple[subprocess.Popen[str], dict[str, Any]]) -> None:
    running, started = process
    httpx.get(f"{started['url']}health", timeout=10)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=10)
    assert (running.returncode, output) == (130, "") and errors.count("\n") == 1


def test_what_keeps_it_from_starting(fails: Fails, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port} can't be listened on" in fails(5, "serve", "--port", port)
    assert "is no address of this machine" in fails(2, "serve", "--host", "nowhere.invalid")
    assert "gatys can't be served; choose adain" in fails(2, "serve", "--technique", "gatys")


def test_nothing_is_announced_that_can_not_start(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    call = [*CALL, "--graphs", str(tmp_path / "empty")]
    ended = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (3, "") and ended.stderr.count("\n") == 1


def test_a_limit_out_of_range(run_cli: Callable[..., Any]) -> None:
    result = run_cli("serve", "--time-limit", "0")
    assert result.exit_code == 2
    assert "--time-limit" in result.stderr


def test_a_graph_that_is_missing_is_told_before_it_serves(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    result = run_cli("serve", "--port", "0", "--graphs", tmp_path)
    assert result.exit_code == 3 and f"{tmp_path} has no adain-" in result.stderr


def test_other_machines_are_warned_of(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    result = run_cli("serve", "--port", "0", "--host", "0.0.0.0", "--graphs", tmp_path)
    assert "other machines can reach this" in result.stderr
