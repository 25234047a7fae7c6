"""docs/licences.md names what stylex depends on, and what its wheels carry that isn't permissive."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
ROWS = {row.split(" | ")[0][2:]: row for row in PAGE.splitlines() if row.startswith("| ")}
ELSEWHERE = {"onnxruntime-gpu", "tensorrt", "ray", "onnxruntime-ep-openvino"}
"""Named in the text, and not installed where the table was made."""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_every_dependency_is_there() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = (project["dependencies"], *project["optional-dependencies"].values())
    named = {re.split(r"[\[>=<]", one, maxsplit=1)[0].lower() for needed in lists for one in needed}
    assert named - ROWS.keys() - ELSEWHERE == set()


@pytest.mark.parametrize(("package", "carried"), [("av", ("x264", "x265")), ("pillow-heif", ("x265",))])
def test_what_is_under_the_gpl_is_said(package: str, carried: tuple[str, ...]) -> None:
    assert all(f"{name} (GPL-2.0+)" in ROWS[package] for name in carried)
    assert "| BSD-3-Clause |" in ROWS[package]


def test_the_tool_finds_what_wheels_carry() -> None:
    pytest.importorskip("packaging", reason="comes with the extra `test`")
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import licences
    finally:
        sys.path.pop(0)
    made = list(licences.rows())
    assert {row.split(" | ")[0] for row in made} >= {"| numpy", "| pillow", "| click"}
    (av,) = [row for row in made if row.startswith("| av |")] or [ROWS["av"]]
    assert "x264 (GPL-2.0+), x265 (GPL-2.0+)" in av
