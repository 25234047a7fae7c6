"""The examples in docs/python.md run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from stylex.imaging.writing import write_picture

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_examples_run(
    photo: np.ndarray, painting: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    monkeypatch.chdir(tmp_path)
    write_picture("photo.jpg", photo)
    write_picture("painting.jpg", painting)
    blocks = BLOCK.findall((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    assert len(blocks) == 10
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert Path("painted.jpg").is_file()
