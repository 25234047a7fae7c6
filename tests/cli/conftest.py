"""The command line in this process, and what every clean failure looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from stylex.cli import main
from stylex.imaging.writing import write_picture

RunCli = Callable[..., Result]


@pytest.fixture
def run_cli() -> RunCli:
    """Runs `stylex ...`; what is raised and isn't a clean end fails the test."""

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture
def fails(run_cli: RunCli) -> Callable[..., str]:
    """`fails(3, "run", ...)`: ends with that code, and one line on standard error, which is returned."""

    def call(code: int, *arguments: object) -> str:
        result = run_cli(*arguments)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("stylex: ")
        assert result.stderr.count("\n") == 1
        assert "Traceback" not in result.stderr
        return result.stderr.strip()

    return call


@pytest.fixture
def shot(photo: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo in the current folder, 128x96."""
    monkeypatch.chdir(tmp_path)
    write_picture(tmp_path / "photo.png", photo)
    return Path("photo.png")
