"""Photos of a batch: each is painted as the command line does, and one that is wrong hinders no other."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import stylex
from stylex.errors import InputError, UsageError
from stylex.imaging.writing import encoded
from stylex.triton.photos import Answer, PhotoPainter, PhotoRequest


@pytest.fixture(scope="module")
def photos() -> Iterator[PhotoPainter]:
    made = PhotoPainter("adain", precision="int8", provider="cpu", workers=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shot(photo: np.ndarray) -> bytes:
    return encoded(photo, None, Path("photo.png"))


def pixels(answer: Answer) -> np.ndarray:
    assert isinstance(answer, bytes), answer
    return np.asarray(PIL.Image.open(io.BytesIO(answer)))


def test_each_in_its_own_way(photos: PhotoPainter, shot: bytes, photo: np.ndarray, painting: np.ndarray) -> None:
    picture = encoded(painting, None, Path("painting.png"))
    answers = photos.paint_all(
        [
            PhotoRequest(shot, "irises", encoding="png"),
            PhotoRequest(shot, style_picture=picture, strength=0.5, encoding="png"),
            PhotoRequest(shot, "irises", keep_colors=True, size=64, encoding="png"),
        ]
    )
    paint: Callable[..., np.ndarray] = stylex.stylize
    same = {"precision": "int8", "provider": "cpu", "threads": 1}
    wanted = [
        paint(photo, "adain", "irises", **same),
        paint(photo, "adain", painting, strength=0.5, **same),
        paint(photo, "adain", "irises", keep_colors=True, size=64, **same),
    ]
    for answer, picture_wanted in zip(answers, wanted, strict=True):
        np.testing.assert_array_equal(pixels(answer), picture_wanted)


def test_wrong_ones_hinder_no_other(photos: PhotoPainter, shot: bytes) -> None:
    refused = [
        (PhotoRequest(b"no picture", "irises"), InputError, "photo|content"),
        (PhotoRequest(shot, "/etc/passwd"), UsageError, "'/etc/passwd' is no built-in style: choose"),
        (PhotoRequest(shot), UsageError, "adain needs a style"),
        (PhotoRequest(shot, "irises", shot), UsageError, "not both"),
        (PhotoRequest(shot, "irises", strength=float("nan")), UsageError, "strength"),
        (PhotoRequest(shot, "irises", size=-3), UsageError, "size"),
        (PhotoRequest(shot, "irises", encoding="exe"), UsageError, "give one of jpeg, png, webp"),
    ]
    good = PhotoRequest(shot, "irises")
    answers = photos.paint_all([one for request, *_ in refused for one in (request, good)])
    assert all(pixels(answer).shape == (96, 128, 3) for answer in answers[1::2])
    for answer, (_, kind, expected) in zip(answers[::2], refused, strict=True):
        with pytest.raises(kind, match=expected):
            raise answer  # type: ignore[misc]


def test_a_network_of_one_style(shot: bytes) -> None:
    photos = PhotoPainter("cyclegan", "cartoon", precision="int8", provider="cpu")
    assert pixels(photos.paint(PhotoRequest(shot))).shape == (96, 128, 3)
    with pytest.raises(UsageError, match="has one style: leave it out"):
        photos.paint(PhotoRequest(shot, "irises"))
    photos.close()
