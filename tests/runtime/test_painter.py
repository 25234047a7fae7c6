"""Painting: exact sizes, strength, mixing, everything that can name a style, and telling the truth about what ran."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylex.artifacts.style_code import StyleCode, built_in, save_code
from stylex.errors import InputError, ModelError, UsageError
from stylex.imaging.writing import write_picture
from stylex.runtime.engine import hardware
from stylex.runtime.loading import load
from stylex.runtime.painter import Painter

GraphMaker = Callable[..., Path]
side = st.integers(1, 70)
few = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def zero_code(**changed: Any) -> StyleCode:
    """A code that the tiny graph paints the photo unchanged with."""
    return dataclasses.replace(StyleCode("zero", np.zeros(3, np.float32), "adain", "a" * 64), **changed)


@pytest.fixture
def tiny(tiny_transfer: GraphMaker, tiny_encoder: GraphMaker) -> Painter:
    """A painter that paints the photo as it is, plus its style's mean colour."""
    folder = tiny_transfer().parent
    tiny_encoder()
    return load("adain", "fp32", "cpu", graphs=folder, threads=1)


# Sizes


@few
@given(height=side, width=side)
def test_every_small_size_comes_out_exactly(painter: Painter, height: int, width: int) -> None:
    painted = painter(noise(height, width), "starry-night")
    assert painted.shape == (height, width, 3)
    assert painted.dtype == np.uint8


@pytest.mark.parametrize("size", [(1, 2), (1, 300), (300, 1), (513, 511), (31, 32), (33, 8), (64, 64)])
def test_odd_sizes_come_out_exactly(painter: Painter, size: tuple[int, int]) -> None:
    painted = painter(noise(*size), "great-wave")
    assert painted.shape == (*size, 3)
    assert painted.flags.c_contiguous
    assert painted.flags.owndata


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (32, 32), (33, 40), (70, 41)])
def test_padding_and_cropping_are_aligned(tiny: Painter, size: tuple[int, int]) -> None:
    picture = noise(*size)
    np.testing.assert_array_equal(tiny(picture, zero_code()), picture)


def test_a_fixed_size_graph(tiny_transfer: GraphMaker) -> None:
    painter = load(precision="fp32", graphs=tiny_transfer(fixed_size=64).parent, provider="cpu")
    for size in ((64, 64), (10, 64), (1, 1)):
        np.testing.assert_array_equal(painter(noise(*size), zero_code()), noise(*size))
    with pytest.raises(InputError, match=r"has 65 pixels; adain-fp32\.onnx was exported for 64: reduce"):
        painter(noise(20, 65), zero_code())


def test_flat_photos(painter: Painter) -> None:
    """A flat photo is painted in colours of the style; NaN, which ends as black or wraps, would be of one value."""
    style = painter(noise(64, 64), "the-scream").reshape(-1, 3).mean(0)
    for level in (0, 128, 255):
        painted = painter(np.full((64, 64, 3), level, np.uint8), "the-scream")
        assert painted.shape == (64, 64, 3)
        assert 20 < painted.mean() < 235 and painted.std() > 2, level
        assert np.abs(painted.reshape(-1, 3).mean(0) - style).max() < 90, level


# The uint8 contract


@pytest.mark.parametrize("bad", [np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.uint8), [[0]], None])
def test_what_is_no_photo(painter: Painter, bad: Any) -> None:
    with pytest.raises(InputError, match="a picture is a numpy uint8 array"):
        painter(bad, "starry-night")


def test_the_photo_is_not_touched(painter: Painter, photo: np.ndarray) -> None:
    before = photo.copy()
    painter(photo, "starry-night", keep_colors=True)
    np.testing.assert_array_equal(photo, before)


def test_strided_and_read_only_photos(painter: Painter, photo: np.ndarray) -> None:
    mirrored = photo[:, ::-1]
    np.testing.assert_array_equal(painter(mirrored, "irises"), painter(np.ascontiguousarray(mirrored), "irises"))


def test_painting_is_deterministic(painter: Painter, photo: np.ndarray) -> None:
    one = painter(photo, "starry-night")
    np.testing.assert_array_equal(one, painter(photo, "starry-night"))
    again = load("adain", "fp32", "cpu", threads=1)
    np.testing.assert_array_equal(one, again(photo, "starry-night"))


# Strength


def test_strength_goes_from_the_photo_to_the_style(painter: Painter, photo: np.ndarray) -> None:
    distances = [
        float(np.abs(painter(photo, "the-scream", strength).astype(int) - photo).mean()) for strength in (0, 0.5, 1)
    ]
    assert distances == sorted(distances)
    assert distances[2] > 2 * distances[0]
    assert cv2.PSNR(painter(photo, "the-scream", 0.0), photo) >= 20
    assert painter(photo, "the-scream", 1.5).shape == photo.shape


def test_at_strength_0_no_style_is_left(painter: Painter, photo: np.ndarray) -> None:
    np.testing.assert_array_equal(painter(photo, "the-scream", 0), painter(photo, "great-wave", 0))


@pytest.mark.parametrize("strength", [-0.01, 1.51, float("nan"), float("inf"), np.float32(2)])
def test_strength_out_of_range(painter: Painter, photo: np.ndarray, strength: float) -> None:
    with pytest.raises(UsageError, match=r"it must lie between 0 and 1\.5"):
        painter(photo, "starry-night", strength)


# Mixing


def test_weights_are_normalized(painter: Painter, photo: np.ndarray) -> None:
    names = ("starry-night", "great-wave")
    even = painter(photo, [(name, 1) for name in names])
    for weight in (2, 0.25, 1e300):
        np.testing.assert_array_equal(even, painter(photo, [(name, weight) for name in names]))
    for alone in names:
        assert cv2.PSNR(even, painter(photo, alone)) < 40


def test_one_style_with_any_weight_is_that_style(painter: Painter, photo: np.ndarray) -> None:
    alone = painter(photo, "starry-night")
    np.testing.assert_array_equal(alone, painter(photo, [("starry-night", 5)]))
    np.testing.assert_array_equal(alone, painter(photo, (("starry-night", 0.1),)))


def test_weight_0_leaves_a_style_out(painter: Painter, photo: np.ndarray) -> None:
    alone, mixed = painter(photo, "irises"), painter(photo, [("irises", 3), ("great-wave", 0)])
    assert np.abs(alone.astype(int) - mixed).max() <= 1


def test_a_mix_of_a_style_with_itself_is_that_style(painter: Painter, photo: np.ndarray) -> None:
    alone, mixed = painter(photo, "irises"), painter(photo, [("irises", 1), ("irises", 3)])
    assert np.abs(alone.astype(int) - mixed).max() <= 1


@pytest.mark.parametrize("many", range(1, 9))
def test_up_to_eight_styles(painter: Painter, photo: np.ndarray, many: int) -> None:
    styles = [(name, i + 1) for i, name in enumerate(list(built_in("adain"))[:many])]
    mixed = painter(photo, styles)
    nearest = max(cv2.PSNR(mixed, painter(photo, style)) for style, _ in styles)
    assert nearest > 14, "the mix looks like one of its styles"
    assert mixed.std() > 20


def test_the_order_of_styles_does_not_matter(painter: Painter, photo: np.ndarray) -> None:
    styles = [("irises", 1), ("great-wave", 2), ("the-kiss", 3)]
    assert np.abs(painter(photo, styles).astype(int) - painter(photo, styles[::-1])).max() <= 1


@pytest.mark.parametrize(
    ("styles", "expected"),
    [
        ([], "the list of styles is empty"),
        ((), "the list of styles is empty"),
        (["irises", "the-kiss"], r"holds \(style, weight\) pairs.* holds a str"),
        (("irises", 0.5), r"holds \(style, weight\) pairs"),
        ([("irises", 1, 2)], r"holds \(style, weight\) pairs"),
        ([("irises", 0), ("the-kiss", 0)], "not all 0"),
        ([("irises", -1), ("the-kiss", 2)], r"style weights are \[-1, 2\]; they must be numbers, 0 or more"),
        ([("irises", float("nan"))], "style weights are"),
        ([("irises", float("inf"))], "style weights are"),
        ([("irises", "much")], "style weights are"),
        ([("irises", None)], "style weights are"),
        ([(1, 1)], "a style can't be a int: give a built-in name"),
        (None, "adain needs a style"),
        ({"irises": 1}, "a style can't be a dict"),
    ],
)
def test_what_is_no_style(painter: Painter, photo: np.ndarray, styles: Any, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        painter(photo, styles)


# What names a style


def test_a_style_by_any_name(painter: Painter, photo: np.ndarray, painting: np.ndarray, tmp_path: Path) -> None:
    write_picture(tmp_path / "coffee.png", painting)
    code = painter.encode(painting, "coffee")
    save_code(code, tmp_path / "coffee.style")
    expected = painter(photo, painting)
    for style in (tmp_path / "coffee.png", str(tmp_path / "coffee.png"), code, [(painting, 1)], [(code, 7)]):
        np.testing.assert_array_equal(painter(photo, style), expected)
    for style in (tmp_path / "coffee.style", str(tmp_path / "coffee.style")):
        assert np.abs(painter(photo, style).astype(int) - expected).max() <= 1
    assert cv2.PSNR(painter(photo, "starry-night"), expected) < 30


def test_codes_are_named_after_what_they_were_made_of(painter: Painter, painting: np.ndarray, tmp_path: Path) -> None:
    write_picture(tmp_path / "coffee.png", painting)
    assert painter.code(tmp_path / "coffee.png").name == "coffee"
    assert painter.code(painting).name == "picture"
    assert painter.code("irises") is built_in("adain")["irises"]
    assert painter.encode(painting).values.shape == (painter.transfer.metadata.spec.style_code_size,)


def test_a_picture_without_suffix(painter: Painter, painting: np.ndarray, tmp_path: Path) -> None:
    write_picture(tmp_path / "coffee.png", painting)
    path = (tmp_path / "coffee.png").rename(tmp_path / "coffee")
    np.testing.assert_array_equal(painter.code(str(path)).values, painter.code(painting).values)


def test_unknown_names_list_the_built_in_ones(painter: Painter, photo: np.ndarray) -> None:
    for name in ("mona-lisa", "Starry-Night", "x" * 300, "null\0"):
        with pytest.raises(UsageError, match=r"built-in are .*great-wave.*starry-night"):
            painter(photo, name)


def test_style_files_that_cannot_be_used(painter: Painter, photo: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"hello")
    (tmp_path / "bad.style").write_bytes(b"hello")
    messages = {"missing.jpg": "doesn't exist", "bad.jpg": "isn't a picture", "bad.style": "is not a style code"}
    messages |= {"missing.style": "is not a file", ".": "is a folder", "missing": "doesn't exist"}
    for name, message in messages.items():
        with pytest.raises(InputError, match=message):
            painter(photo, tmp_path / name)
    with pytest.raises(InputError, match="is a folder"):
        painter(photo, str(tmp_path))


def test_a_code_of_other_weights(painter: Painter, photo: np.ndarray) -> None:
    with pytest.raises(ModelError, match="made for other weights"):
        painter(photo, dataclasses.replace(painter.code("irises"), weights_sha256="0" * 64))
    with pytest.raises(ModelError, match=r"has values of shape \(5,\)"):
        painter(photo, dataclasses.replace(painter.code("irises"), values=np.zeros(5, np.float32)))


@pytest.mark.parametrize("size", [(1, 2), (1, 300), (300, 1), (3, 5), (64, 64), (700, 40), (30, 700)])
def test_style_pictures_of_any_size(painter: Painter, size: tuple[int, int]) -> None:
    values = painter.encode(noise(*size)).values
    assert np.isfinite(values).all() and np.ptp(values) > 0.1
    assert not np.array_equal(values, painter.encode(noise(*size) // 4).values)


def test_a_grey_constant_style(painter: Painter, photo: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"all of one colour \(#808080\)"):
        painter(photo, np.full((80, 80, 3), 128, np.uint8))


# Colours


def test_keep_colors_keeps_the_mean_colour(painter: Painter, photo: np.ndarray) -> None:
    def chroma(picture: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 1:].astype(float).mean((0, 1))

    kept = np.abs(chroma(painter(photo, "starry-night", keep_colors=True)) - chroma(photo)).max()
    lost = np.abs(chroma(painter(photo, "starry-night")) - chroma(photo)).max()
    assert kept < 3 < lost


# Precision and provider


def test_precisions_agree(painter: Painter) -> None:
    import skimage.data

    picture = np.ascontiguousarray(skimage.data.chelsea()[:256, 60:316])
    for precision, least in (("fp16", 40), ("int8", 22)):
        if precision == "int8" and not hardware.int8_is_exact():
            continue
        other = load("adain", precision, "cpu", threads=1)
        assert (other.precision, other.provider) == (precision, "cpu")
        for style in ("starry-night", "great-wave"):
            assert cv2.PSNR(other(picture, style), painter(picture, style)) > least
    assert (painter.precision, painter.provider) == ("fp32", "cpu")


@pytest.mark.skipif(not hardware.int8_is_exact(), reason="this processor's INT8 sums saturate")
@pytest.mark.parametrize("strength", [0.0, 0.3, 0.6, 1.5])
def test_int8_follows_the_strength(strength: float, painter: Painter, photo: np.ndarray) -> None:
    int8 = load("adain", "int8", "cpu", threads=1)
    assert cv2.PSNR(int8(photo, "starry-night", strength), painter(photo, "starry-night", strength)) > 20


# Graphs that don't belong together


def test_a_transfer_graph_where_a_style_encoder_is_needed(tiny_transfer: GraphMaker, photo: np.ndarray) -> None:
    folder = tiny_transfer().parent
    tiny_transfer("adain-style.onnx")
    painter = load(precision="fp32", graphs=folder, provider="cpu")
    for _ in range(2):  # the second time too
        with pytest.raises(ModelError, match="is a transfer graph, a style-encoder graph is needed here"):
            painter(photo, photo)
    assert painter(photo, zero_code()).shape == photo.shape


def test_an_encoder_of_other_weights(tiny_transfer: GraphMaker, tiny_encoder: GraphMaker, photo: np.ndarray) -> None:
    folder = tiny_transfer().parent
    tiny_encoder(weights_sha256="b" * 64)
    painter = load(precision="fp32", graphs=folder, provider="cpu")
    for _ in range(2):
        with pytest.raises(ModelError, match="have different weights: export both again"):
            painter(photo, photo)


def test_no_encoder(tiny_transfer: GraphMaker, photo: np.ndarray) -> None:
    painter = load(precision="fp32", graphs=tiny_transfer().parent, provider="cpu")
    with pytest.raises(InputError, match=r"adain-style\.onnx is not a file"):
        painter(photo, photo)


def test_built_in_styles_on_other_weights(tiny: Painter, photo: np.ndarray) -> None:
    with pytest.raises(ModelError, match=r"'irises' was made for other weights .*give its picture instead"):
        tiny(photo, "irises")


def test_codes_and_masks_reach_the_graph(tiny: Painter) -> None:
    grey, style = np.full((40, 40, 3), 50, np.uint8), np.full((70, 70, 3), (100, 0, 40), np.uint8)
    style[::2, :, 0], style[1::2, :, 0] = 99, 101  # not all of one colour
    assert tiny(grey, style)[20, 20].tolist() == [150, 50, 90]
    assert tiny(grey, style, 0.5)[20, 20].tolist() == [100, 50, 70]
    assert tiny(grey, [(style, 1), (zero_code(), 3)])[20, 20].tolist() == [75, 50, 60]
