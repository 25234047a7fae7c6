"""The decoder in a process of its own: what comes out, and what a crash of it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stylex.errors import InputError, ResourceError
from stylex.runtime.video.decoder import Decoder
from stylex.runtime.video.messages import Excerpt, Frame, StreamInfo
from stylex.runtime.video.reader import Reader

Make = Callable[..., Path]


def test_what_it_gives_is_the_decoders(make_film: Make) -> None:
    path = make_film(sound=True, turn=90)
    info, *messages, end = Decoder(path, Excerpt(), None)
    with Reader(path) as reader:
        assert isinstance(info, StreamInfo) and reader.info == info
        for mine, theirs in zip(reader, messages, strict=True):
            if isinstance(mine, Frame):
                assert isinstance(theirs, Frame) and (mine.time, mine.duration) == (theirs.time, theirs.duration)
                np.testing.assert_array_equal(mine.picture, theirs.picture)
                mine.picture[:] = 0  # the caller may write to it
            else:
                assert mine == theirs
        assert (reader.count, reader.skipped) == (8, 0)
    assert reader.process.poll() is not None
    assert end is not None


@pytest.mark.parametrize(
    ("how", "kind", "expected"),
    [
        ("SIGSEGV", InputError, r"the decoder of .*film.mp4 crashed behind frame 2 \(exit code -11\)"),
        ("SIGKILL", ResourceError, "was killed behind frame 2, perhaps for want of memory"),
    ],
)
def test_a_decoder_that_crashes(how: str, kind: type[Exception], expected: str, make_film: Make) -> None:
    big = [np.full((480, 640, 3), i, np.uint8) for i in range(6)]  # more than a pipe holds
    with Reader(make_film(pictures=big)) as reader:
        frames = iter(reader)
        next(frames), next(frames)
        os.kill(reader.process.pid, getattr(signal, how))
        with pytest.raises(kind, match=expected):
            next(frames)


def test_errors_come_out_of_the_process(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="doesn't exist"), Reader(tmp_path / "nowhere.mp4"):
        pass


def test_it_ends_when_nobody_reads_on(make_film: Make) -> None:
    with Reader(make_film(pictures=[np.zeros((480, 640, 3), np.uint8)] * 6)) as reader:
        next(iter(reader))
    assert reader.process.poll() is not None


SCRIPT = """
import sys
from stylex.runtime.video.reader import Reader
print("begins")
with Reader(sys.argv[1]) as reader:
    print(len(list(reader)))
"""


@pytest.mark.parametrize("how", ["file", "stdin", "-c"])
def test_scripts_need_no_main_guard(how: str, make_film: Make, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    script = {"file": ["../script.py"], "stdin": ["-"], "-c": ["-c", SCRIPT]}[how]
    (elsewhere := tmp_path / "elsewhere").mkdir()
    call = [sys.executable, *script, str(make_film())]
    done = subprocess.run(call, input=SCRIPT, capture_output=True, text=True, cwd=elsewhere, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "begins\n8\n", "")
