"""Colour management: what a file says of its colours is converted to sRGB."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, features

from stylex.imaging.color_profile import srgb_profile, to_srgb
from stylex.imaging.reading import decoded, read_picture
from stylex.imaging.writing import write_picture

PHOTO = np.ascontiguousarray(skimage.data.coffee()[100:160, 200:290])
DISPLAY_P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
ADOBE_RGB = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)


def adapted(columns: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Columns of XYZ brought from a white to D50, which profiles are made for (Bradford)."""
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    to = np.array([0.9642, 1.0, 0.8249])
    return np.linalg.inv(bradford) @ np.diag((bradford @ to) / (bradford @ white)) @ bradford @ columns


def matrix_profile(primaries: tuple[float, ...], gamma: float) -> bytes:
    """An ICC profile, version 2, of a display with these primaries and one exponent."""
    (wx, wy), *corners = np.asarray(primaries).reshape(4, 2)
    columns = np.stack([[x / y, 1, (1 - x - y) / y] for x, y in corners], 1)
    white = np.array([wx / wy, 1, (1 - wx - wy) / wy])
    columns = adapted(columns * np.linalg.solve(columns, white), white)

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(fixed(v) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 79
    tags = {b"desc": text, b"wtpt": xyz(np.array([0.9642, 1.0, 0.8249]))}
    tags |= {name: xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns.T, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    header += fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def by_cms(rgb: np.ndarray, profile: bytes) -> np.ndarray:
    """The picture as Pillow's ImageCms converts it."""
    converted = ImageCms.profileToProfile(
        Image.fromarray(rgb), io.BytesIO(profile), ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    return np.asarray(converted)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def in_profile(rgb: np.ndarray, profile: bytes) -> np.ndarray:
    """The values that show an sRGB picture in the colours of a profile."""
    back = ImageCms.profileToProfile(Image.fromarray(rgb), ImageCms.createProfile("sRGB"), io.BytesIO(profile))
    return np.asarray(back)


@pytest.mark.parametrize(("suffix", "options"), [("png", {}), ("jpg", {"quality": 97, "subsampling": 0}), ("tif", {})])
@pytest.mark.parametrize("primaries", [DISPLAY_P3, ADOBE_RGB])
def test_profiles_are_converted(primaries: Any, suffix: str, options: dict[str, Any], tmp_path: Path) -> None:
    profile = matrix_profile(primaries, 2.2)
    stored = in_profile(PHOTO, profile)
    assert apart(stored, PHOTO) > 2
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(stored).save(path, icc_profile=profile, **options)
    found = read_picture(path).rgb
    assert apart(found, PHOTO) < 2
    with Image.open(path) as file:
        assert apart(found, by_cms(np.asarray(file.convert("RGB")), profile)) < 0.6


@given(
    st.sampled_from([DISPLAY_P3, ADOBE_RGB, (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046)]),
    st.floats(1.0, 2.8),
)
def test_any_display_s_profile_gives_what_littlecms_does(primaries: Any, gamma: float) -> None:
    profile = matrix_profile(primaries, gamma)
    found = to_srgb(Image.fromarray(PHOTO), {"icc_profile": profile})
    assert apart(np.asarray(found), by_cms(PHOTO, profile)) < 0.6


def test_a_profile_of_srgb_costs_nothing(tmp_path: Path) -> None:
    Image.fromarray(PHOTO).save(tmp_path / "photo.png", icc_profile=srgb_profile())
    np.testing.assert_array_equal(read_picture(tmp_path / "photo.png").rgb, PHOTO)


@pytest.mark.parametrize("damage", [b"", b"nonsense", "cut", "of another colour space"])
def test_profiles_that_cannot_be_used_are_ignored(damage: Any, tmp_path: Path) -> None:
    whole = matrix_profile(DISPLAY_P3, 2.2)
    profile = {"cut": whole[:200], "of another colour space": whole.replace(b"RGB ", b"CMYK")}.get(damage, damage)
    Image.fromarray(PHOTO).save(tmp_path / "photo.tif", icc_profile=profile)
    np.testing.assert_array_equal(read_picture(tmp_path / "photo.tif").rgb, PHOTO)


def test_alpha_is_no_colour(tmp_path: Path) -> None:
    profile = matrix_profile(DISPLAY_P3, 2.2)
    alpha = np.full(PHOTO.shape[:2], 200, np.uint8)
    Image.fromarray(np.dstack([in_profile(PHOTO, profile), alpha])).save(tmp_path / "p.png", icc_profile=profile)
    picture = read_picture(tmp_path / "p.png")
    assert apart(picture.rgb, PHOTO) < 2
    np.testing.assert_array_equal(picture.alpha, alpha)


def test_grey_with_a_grey_profile(tmp_path: Path) -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    profile = bytearray(matrix_profile(DISPLAY_P3, 1.0).replace(b"RGB ", b"GRAY").replace(b"rTRC", b"kTRC"))
    Image.fromarray(grey).save(tmp_path / "grey.tif", icc_profile=bytes(profile))
    found = read_picture(tmp_path / "grey.tif").rgb
    assert (found[..., 0] == found[..., 1]).all()
    assert 180 < int(found[0, 128, 0]) < 195  # half of the light is level 188


def with_chunks(rgb: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of a picture, with more chunks before its pixels."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return with_more(buffer.getvalue(), *chunks)


def with_more(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with more chunks before its pixels."""
    more = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return png[:33] + more + png[33:]


def chromaticities(primaries: tuple[float, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(v * 100_000) for v in primaries))


def gamma_chunk(gamma: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def test_png_states_exponent_and_primaries(tmp_path: Path) -> None:
    profile = matrix_profile(DISPLAY_P3, 1.8)
    stored = in_profile(PHOTO, profile)
    data = with_chunks(stored, gamma_chunk(1 / 1.8), chromaticities(DISPLAY_P3))
    (tmp_path / "p.png").write_bytes(data)
    assert apart(read_picture(tmp_path / "p.png").rgb, PHOTO) < 2
    (tmp_path / "linear.png").write_bytes(with_chunks(PHOTO, gamma_chunk(1.0)))
    assert read_picture(tmp_path / "linear.png").rgb.mean() > PHOTO.mean() + 40


@pytest.mark.parametrize(
    "chunks",
    [
        (gamma_chunk(0.45455), chromaticities((0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06))),
        (gamma_chunk(0.45455),),
        (chromaticities(DISPLAY_P3),),  # without an exponent it can't be used
        (gamma_chunk(1.0), (b"sRGB", b"\0")),  # which goes before
        (gamma_chunk(0.0),),
        (gamma_chunk(0.45455), chromaticities((0.3, 0.3, 0.5, 0.0, 0.5, 0.0, 0.5, 0.0))),
        ((b"cICP", b"\1\15\0\1"),),
        ((b"cICP", b"\xff\xff\0\1"),),
    ],
)
def test_what_says_srgb_or_nothing_changes_nothing(chunks: Any, tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(with_chunks(PHOTO, *chunks))
    np.testing.assert_array_equal(read_picture(tmp_path / "p.png").rgb, PHOTO)


def test_code_points_of_a_png(tmp_path: Path) -> None:
    """Display P3 with the curve of sRGB, as phones write it."""
    p3 = to_srgb(Image.fromarray(PHOTO), {}, bytes((12, 13, 0, 1)))
    (tmp_path / "p.png").write_bytes(with_chunks(PHOTO, (b"cICP", bytes((12, 13, 0, 1)))))
    found = read_picture(tmp_path / "p.png").rgb
    np.testing.assert_array_equal(found, np.asarray(p3))
    assert found[..., 0].mean() > PHOTO[..., 0].mean() + 2  # reds are stronger


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_what_is_written_says_that_it_is_srgb(suffix: str, tmp_path: Path) -> None:
    write_picture(tmp_path / f"o{suffix}", PHOTO)
    with Image.open(tmp_path / f"o{suffix}") as file:
        assert file.info["icc_profile"] == srgb_profile()
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))).startswith("sRGB")


def test_lab_and_cmyk_without_a_profile(tmp_path: Path) -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(PHOTO), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    lab.save(tmp_path / "lab.tif")
    assert apart(read_picture(tmp_path / "lab.tif").rgb, PHOTO) < 3
    Image.fromarray(PHOTO).convert("CMYK").save(tmp_path / "cmyk.tif")
    assert apart(read_picture(tmp_path / "cmyk.tif").rgb, PHOTO) < 2


def avif(rgb: np.ndarray, primaries: int, transfer: int) -> bytes:
    """An AVIF file that states the numbers of its colours, and has no profile."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "AVIF", quality=98, subsampling="4:4:4")
    usual = b"colrnclx" + struct.pack(">HH", 1, 13)
    assert buffer.getvalue().count(usual) == 1
    return buffer.getvalue().replace(usual, b"colrnclx" + struct.pack(">HH", primaries, transfer))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow can't write AVIF")
def test_avif_states_its_primaries(caplog: pytest.LogCaptureFixture) -> None:
    linear = np.asarray(PHOTO / 255.0)
    light = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    to_p3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])  # CSS Color 4
    light = (light @ to_p3.T).clip(0, 1)
    stored = np.rint(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))
    data = avif(stored.astype(np.uint8), 12, 13)
    with caplog.at_level(logging.WARNING, "stylex"):
        assert apart(decoded(data, "p3.avif").rgb, PHOTO) < 2.2
    assert apart(decoded(avif(stored.astype(np.uint8), 1, 13), "p.avif").rgb, PHOTO) > 4
    assert not caplog.records


@pytest.mark.parametrize(("transfer", "curve"), [(16, "PQ"), (18, "HLG")])
def test_a_high_dynamic_range_is_mapped_and_told(transfer: int, curve: str, caplog: pytest.LogCaptureFixture) -> None:
    """In every format and depth as in a film; reference white is 58 % of PQ's signal and 75 % of HLG's."""
    white = {16: 0.5807, 18: 0.75}[transfer]
    signal = np.repeat([[[white] * 3, [white / 2] * 3, [white, 0.0, 0.0]]], 20, 1).repeat(20, 0)  # (20, 60, 3)
    stated = (b"cICP", bytes((9, transfer, 0, 1)))
    deep = np.rint(signal * 65535).astype(np.uint16)
    clear = np.dstack([deep[..., ::-1], np.full((20, 60), 0x8080, np.uint16)])
    files = {
        "8.png": with_chunks(np.rint(signal * 255).astype(np.uint8), stated),
        "16.png": with_more(cv2.imencode(".png", deep[..., ::-1])[1].tobytes(), stated),
        "alpha.png": with_more(cv2.imencode(".png", clear)[1].tobytes(), stated),
        "grey.png": with_chunks(np.rint(signal[..., 0] * 255).astype(np.uint8), stated),
    }
    if features.check("avif"):
        files["8.avif"] = avif(np.rint(signal * 255).astype(np.uint8), 9, transfer)
    with caplog.at_level(logging.WARNING, "stylex"):
        pictures = {name: decoded(data, name) for name, data in files.items()}
    assert [record.getMessage() for record in caplog.records] == [
        f"{name} has a high dynamic range ({curve}), which is mapped to the standard one" for name in files
    ]
    for name, picture in pictures.items():
        bright, grey, red = picture.rgb[10, [10, 30, 50]].astype(int)
        assert np.ptp(bright) <= 2 and 222 <= bright.min() <= bright.max() <= 232, name
        assert np.ptp(grey) <= 2 and 20 < grey.mean() < 130, name
        assert name == "grey.png" or (red[0] > 200 and red[1:].max() < 40), name
    assert pictures["alpha.png"].alpha is not None and (pictures["alpha.png"].alpha == 0x80).all()


def test_a_profile_of_any_size_is_used() -> None:
    profile = matrix_profile(DISPLAY_P3, 2.2)
    short, long = (b"p\0\0" + zlib.compress(profile + bytes(more)) for more in (0, 3_000_000))
    expected = decoded(with_chunks(PHOTO, (b"iCCP", short)), "p.png").rgb
    assert apart(expected, PHOTO) > 2
    np.testing.assert_array_equal(decoded(with_chunks(PHOTO, (b"iCCP", long)), "p.png").rgb, expected)


def test_short_metadata_counts_beside_long_one() -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    profile = b"p\0\0" + zlib.compress(matrix_profile(DISPLAY_P3, 2.2))
    chunks = [(b"iCCP", profile), (b"eXIf", exif.tobytes()[6:])]
    expected = decoded(with_chunks(PHOTO, *chunks), "p.png").rgb
    assert expected.shape == (90, 60, 3)
    comment = (b"tEXt", b"Comment\0" + b"a" * 3_000_000)
    for among in ([comment, *chunks], [*chunks, comment]):
        np.testing.assert_array_equal(decoded(with_chunks(PHOTO, *among), "p.png").rgb, expected)
