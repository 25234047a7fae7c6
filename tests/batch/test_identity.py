"""The digest of a painting's style and options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import stylex
from stylex.api.prepared import Prepared, prepare
from stylex.batch.identity import digest_of, identity
from stylex.imaging.writing import write_picture

CPU: dict[str, Any] = {"precision": "int8", "provider": "cpu"}


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare("adain", "irises", threads=1, **CPU)


def test_the_same_call_has_the_same_digest(prepared: Prepared) -> None:
    for same in ([("irises", 1.0)], [("irises", 3)], stylex.load("adain", **CPU).code("irises")):
        assert digest_of(prepare("adain", same, threads=2, **CPU)) == digest_of(prepared)
    assert len(digest_of(prepared)) == 16


CHANGES: list[dict[str, Any]] = [
    {"strength": 0.5},
    {"keep_colors": True},
    {"size": 100},
    {"tile": 512},
    {"tile": "off"},
    {"protect_faces": 0.2},
    {"upscaler": "any"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_any_option_changes_it(change: dict[str, Any], prepared: Prepared) -> None:
    assert digest_of(replace(prepared, **change)) != digest_of(prepared)


def test_other_graphs_and_styles_change_it(prepared: Prepared) -> None:
    mixture: Any = [("irises", 1), ("deluge", 1)]
    calls = [
        ("adain", "deluge", "int8"),
        ("adain", mixture, "int8"),
        ("adain", "irises", "fp32"),
    ]
    calls += [("attention", "irises", "int8"), ("fast", "the-scream", "int8"), ("fast", "great-wave", "int8")]
    digests = {digest_of(prepare(name, style, precision=p, provider="cpu", threads=1)) for name, style, p in calls}
    assert len({*digests, digest_of(prepared)}) == 7


def test_pictures_count_by_their_content(painting: np.ndarray, tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", painting)
    write_picture(tmp_path / "b.png", 255 - painting)
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes())
    one, other, copy = (digest_of(prepare("histogram", tmp_path / f"{name}.png")) for name in "abc")
    assert one == copy != other
    assert digest_of(prepare("histogram", tmp_path / "a.png", space="lab")) != one
    assert identity(tmp_path / "a.png") == identity(str(tmp_path / "c.png"))
    assert identity(PIL.Image.new("RGB", (1, 1))) == "Image"


def test_regions_change_it() -> None:
    pairs = [{"person": "irises", "background": "deluge"}, {"person": ("irises", 0.5), "background": "deluge"}]
    pairs.append({"background": "deluge", "person": None})
    digests = {digest_of(prepare("adain", regions=regions, threads=1, **CPU)) for regions in pairs}
    assert len(digests) == 3
