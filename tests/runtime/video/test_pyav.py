"""The version of PyAV, as pip knows it."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from stylex.errors import MissingPackage, ResourceError
from stylex.runtime.video.pyav import BELOW, LEAST, require_pyav


@pytest.mark.parametrize(
    ("version", "fits"),
    [("14.0.0", False), ("16.1.0", False), ("17.0.0", True), ("18.1.0", True), ("19.0.0", False), ("odd", False)],
)
def test_versions(version: str, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _name: version)
    if fits:
        require_pyav()
        return
    with pytest.raises(ResourceError, match=rf"PyAV is {version}; .*: pip install 'av>=17,<19'$") as caught:
        require_pyav()
    assert caught.value.exit_code == 5


def test_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(MissingPackage):
        require_pyav()


def test_the_extra_asks_for_the_same() -> None:
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    assert re.search(rf'video = \["av>={LEAST},<{BELOW}"\]', project)
