"""Styles are encoded once, as long as they stay the same; painters go to other processes."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

import stylex
from stylex.artifacts.catalog import GRAPHS
from stylex.errors import ModelError
from stylex.runtime import known_styles
from stylex.runtime.painter import Painter

PHOTO = np.ascontiguousarray(data.chelsea()[:96, :128])
STYLE = np.ascontiguousarray(data.coffee()[:128, :160])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the styles that were really encoded."""
    encoded, encode = [], Painter.encode

    def counting(self: Painter, style: np.ndarray, name: str = "picture") -> object:
        encoded.append(name)
        return encode(self, style, name)

    monkeypatch.setattr(Painter, "encode", counting)
    return encoded


def test_every_kind_of_picture_is_encoded_once(counted: list[str], tmp_path: Path) -> None:
    painter = stylex.load("adain", threads=1)
    Image.fromarray(STYLE).save(tmp_path / "s.png")
    kinds = [
        str(tmp_path / "s.png"),
        tmp_path / "s.png",
        STYLE,
        Image.fromarray(STYLE),
        (tmp_path / "s.png").read_bytes(),
    ]
    for style in kinds:
        first, second = painter(PHOTO, style), painter(PHOTO, style)
        np.testing.assert_array_equal(first, second)
    assert len(counted) == 4  # text and path are one file
    assert [painter.code(style).name for style in kinds[:2]] == ["s", "s"]


def test_a_picture_that_has_changed_is_encoded_again(counted: list[str], tmp_path: Path) -> None:
    painter, style, path = stylex.load("adain", threads=1), STYLE.copy(), tmp_path / "s.png"
    Image.fromarray(STYLE).save(path)
    before = painter(PHOTO, style), painter(PHOTO, path)
    style[:64] = 255 - style[:64]
    Image.fromarray(style).save(path)
    after = painter(PHOTO, style), painter(PHOTO, path)
    assert len(counted) == 4
    for one, other in zip(before, after, strict=True):
        assert (one != other).any()


def test_few_are_remembered(counted: list[str]) -> None:
    painter = stylex.load("adain", threads=1)
    styles = [np.roll(STYLE, k, 1) for k in range(known_styles.MOST + 1)]
    for style in [*styles, styles[-1], styles[0]]:
        painter.code(style)
    assert len(counted) == len(styles) + 1


@pytest.mark.parametrize("copied", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy])
def test_copies_paint_the_same(copied: object) -> None:
    for painter, style in (
        (stylex.load("adain", threads=1), "irises"),
        (stylex.load("fast", style="the-scream"), None),
        (stylex.load("semantic", threads=1), {"person": "irises", "background": "great-wave"}),
        (stylex.load("video", threads=1), "irises"),
        (stylex.load("histogram"), STYLE),
    ):
        before = painter(PHOTO, style)
        again = copied(painter)  # type: ignore[operator]
        assert again.title == painter.title
        np.testing.assert_array_equal(again(PHOTO, style), before)


def test_a_copy_of_gatys_has_the_same_options() -> None:
    painter = stylex.load("gatys", iterations=7, style_loss="gram", threads=1)
    again = pickle.loads(pickle.dumps(painter))
    assert (again.settings, again.threads, again.encoder) == (painter.settings, 1, "slim")
    assert again.settings.iterations == 7


def test_another_process_paints_the_same() -> None:
    painter = stylex.load("fast", style="the-scream", threads=1)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        np.testing.assert_array_equal(pool.submit(painter, PHOTO).result(), painter(PHOTO))


def test_an_exchanged_file_is_noticed(tmp_path: Path) -> None:
    file = shutil.copy(GRAPHS / "fast-the-scream-int8.onnx", tmp_path)
    sent = pickle.dumps(stylex.load("fast", style="the-scream", graphs=tmp_path))
    shutil.copy(GRAPHS / "fast-great-wave-int8.onnx", file)
    with pytest.raises(ModelError, match="has become another file since it was loaded"):
        pickle.loads(sent)
