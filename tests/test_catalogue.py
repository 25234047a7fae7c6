"""The catalogue of inputs that people have: a row for each kind, made here, with what must come of it."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from stylex.errors import InputError, ModelError
from stylex.imaging.reading import read_picture
from stylex.models.fast.transformer_net import TransformerNet
from stylex.models.published.checkpoints import load_checkpoint
from stylex.runtime.video.decoder import messages
from stylex.runtime.video.messages import Excerpt, Frame, StreamInfo

PHOTO = np.ascontiguousarray(skimage.data.coffee()[100:160, 200:290])
PHOTO[0, 0] = 255
GREY = PHOTO[..., 1]
OTHER = Image.fromarray(255 - PHOTO)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n"
PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"
NEAR = 4.0
"""Levels of 255, on average over a picture, that lossy formats and profiles may be off."""


def saved(format_name: str, pixels: np.ndarray = PHOTO, mode: str = "", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, format_name, **options)
    return buffer.getvalue()


def exchanged() -> tuple[np.ndarray, bytes]:
    """Returns the photo with red and green exchanged, and a profile by which red is green and green red."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return PHOTO[..., [1, 0, 2]], srgb.replace(b"rXYZ", b"tmp ").replace(b"gXYZ", b"rXYZ").replace(b"tmp ", b"gXYZ")


def with_chunk(name: bytes, data: bytes, png: bytes) -> bytes:
    return png[:33] + struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) + png[33:]


def tiff(values: np.ndarray, sample_format: int, photometric: int = 1) -> bytes:
    """A grey TIFF in one strip."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    tags = {256: 90, 257: 60, 258: (8 * values.itemsize,), 259: 1, 262: photometric, 277: 1, 278: 60, 273: 0}
    for tag, value in (tags | {279: values.nbytes, 339: sample_format}).items():
        directory[tag] = value
    return b"II*\0\x08\0\0\0" + directory.tobytes(8) + values.tobytes()


def pictures() -> Iterator[tuple[str, bytes, np.ndarray | str]]:
    """Yields name, content, and the picture or the words of the line that must come of it."""
    stored, profile = exchanged()
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 2_000_000, zip=True)
    exif, frames = Image.Exif(), {"save_all": True, "append_images": [OTHER]}
    exif[0x0112] = 6
    deep = cv2.imencode(".png", PHOTO[..., ::-1].astype(np.uint16) * 16 + 15)[1].tobytes()
    grey = np.repeat(GREY[..., None], 3, 2)
    yield "png-inside.jpg", saved("PNG"), PHOTO
    yield "webp-inside.jpg", saved("WEBP", lossless=True), PHOTO
    yield "photo.jpg_large", saved("JPEG", quality=97), PHOTO
    yield "profile.png", saved("PNG", stored, icc_profile=profile), PHOTO
    yield "profile.jpg", saved("JPEG", stored, icc_profile=profile, quality=97, subsampling=0), PHOTO
    yield "profile.tif", saved("TIFF", stored, icc_profile=profile), PHOTO
    yield "profile.webp", saved("WEBP", stored, icc_profile=profile, lossless=True), PHOTO
    yield "profile.avif", saved("AVIF", stored, icc_profile=profile, quality=97, subsampling="4:4:4"), PHOTO
    yield "broken-profile.jpg", saved("JPEG", icc_profile=profile[:200], quality=97), PHOTO
    yield "cmyk.tif", saved("TIFF", mode="CMYK"), PHOTO
    yield "cmyk.jpg", saved("JPEG", mode="CMYK", quality=97), PHOTO
    yield "twelve-bits-in-sixteen.png", deep, PHOTO
    yield "significant-bits.png", with_chunk(b"sBIT", bytes([12] * 3), deep), PHOTO
    yield "signed.tif", tiff(GREY.astype("<i2") * 128, 2), grey
    yield "white-is-zero.tif", tiff(65535 - GREY.astype("<u2") * 257, 1, 0), grey
    yield "floating-point.tif", tiff((GREY / 255).astype("<f8"), 3), "floating-point values"
    yield "one-bit.tif", saved("TIFF", ((GREY > 90) * 255).astype(np.uint8), "1"), (grey > 90) * np.uint8(255)
    yield "turned.jpg", saved("JPEG", exif=exif, quality=97), np.rot90(PHOTO, -1)
    yield "turned.webp", saved("WEBP", exif=exif, lossless=True), np.rot90(PHOTO, -1)
    yield "turned.avif", saved("AVIF", exif=exif, quality=97), np.rot90(PHOTO, -1)
    yield "large-comment.png", saved("PNG", pnginfo=text), PHOTO
    yield "animated.webp", saved("WEBP", lossless=True, **frames), PHOTO
    yield "animated.png", saved("PNG", **frames), PHOTO
    yield "animated.gif", saved("GIF", **frames), PHOTO
    yield "pages.tif", saved("TIFF", **frames), PHOTO
    yield "cut.jpg", saved("JPEG")[:900], "damaged, cut short"
    yield "preview.dng", saved("TIFF", tiffinfo={50706: b"\1\4\0\0"}), "a raw file of a camera: develop it"
    yield "pointer.jpg", POINTER, "a Git LFS pointer.*git lfs pull"
    yield "page.jpg", PAGE, "a web page"
    yield "film.jpg", b"\0\0\0\x20ftypisom" + bytes(60), "film: paint it with `stylex video`"
    yield "empty.png", b"", "is empty"


@pytest.mark.parametrize(("name", "content", "wanted"), [pytest.param(*row, id=row[0]) for row in pictures()])
def test_pictures(name: str, content: bytes, wanted: np.ndarray | str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    if isinstance(wanted, str):
        with pytest.raises(InputError, match=wanted) as refused:
            read_picture(tmp_path / name)
        assert "\n" not in str(refused.value)
        return
    found = read_picture(tmp_path / name).rgb
    assert found.shape == wanted.shape
    assert np.abs(found.astype(float) - wanted).mean() < NEAR


NETWORK = TransformerNet(widths=(4, 8, 16), blocks=1).state_dict()


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": value for name, value in NETWORK.items()}


WRAPPED: dict[str, object] = {
    "plain": NETWORK,
    "data-parallel": prefixed("module."),
    "compiled": prefixed("_orig_mod."),
    "lightning": {"state_dict": prefixed("model."), "epoch": 3, "global_step": 12, "hyper_parameters": {"lr": 0.1}},
    "half": {name: value.half() for name, value in NETWORK.items()},
    "with-optimizer": {"model": NETWORK, "optimizer": {"state": {}, "param_groups": []}, "loss": np.float64(0.5)},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_checkpoints(name: str, tmp_path: Path) -> None:
    torch.save(WRAPPED[name], tmp_path / "net.pth")
    assert "fast" in str(load_checkpoint([tmp_path / "net.pth"]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (POINTER, "git lfs pull"),
        (PAGE, "a web page"),
        (b'{"a": 1}', "JSON"),
        (b"", "download it again"),
        (b"\x1f\x8b\x08", "gzip"),
    ],
    ids=["pointer", "page", "json", "empty", "archive"],
)
def test_what_is_no_checkpoint(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(content)
    with pytest.raises(ModelError, match=words) as refused:
        load_checkpoint([tmp_path / "net.pth"])
    assert "\n" not in str(refused.value)


FILMS: dict[str, tuple[dict[str, Any], int, tuple[int, ...]]] = {
    "plain.mp4": ({}, 8, (48, 64)),
    "sound.mkv": ({"sound": True}, 8, (48, 64)),
    "one-frame.mp4": ({"pictures": 1}, 1, (48, 64)),
    "ten-bits.mp4": ({"pix_fmt": "yuv420p10le"}, 8, (48, 64)),
    "variable.mp4": ({"times": [0, 3, 40, 41, 97, 120, 121, 360]}, 8, (48, 64)),
    "b-frames.avi": ({"max_b_frames": 3}, 8, (48, 64)),
    "b-frames.mp4": ({"max_b_frames": 3}, 8, (48, 64)),
    "turned.mp4": ({"turn": 90}, 8, (64, 48)),
    "odd.mkv": ({"pix_fmt": "yuv444p", "pictures": [np.full((47, 63, 3), 90, np.uint8)] * 3}, 3, (47, 63)),
    "motion-jpeg.mov": ({"codec": "mjpeg", "pix_fmt": "yuvj420p"}, 8, (48, 64)),
    "rgb.avi": ({"codec": "rawvideo", "pix_fmt": "bgr24"}, 8, (48, 64)),
}
"""Name, what the film is made with, how many frames come of it, and their height and width."""


def read(path: Path) -> tuple[StreamInfo, list[Frame]]:
    info, *rest = messages(path, Excerpt(), None)
    assert isinstance(info, StreamInfo)
    return info, [one for one in rest if isinstance(one, Frame)]


@pytest.mark.parametrize("name", FILMS)
def test_films(name: str, make_film: Callable[..., Path]) -> None:
    options, count, size = FILMS[name]
    info, frames = read(make_film(name, **options))
    assert (len(frames), info.height, info.width, info.notices) == (count, *size, ())
    assert all(frame.picture.shape == (*size, 3) for frame in frames)
    assert all(one.time < other.time for one, other in itertools.pairwise(frames))


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "avif"])
def test_animations(suffix: str, tmp_path: Path) -> None:
    first = Image.fromarray(PHOTO)
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[OTHER, first], duration=[100, 500, 50])
    info, frames = read(tmp_path / f"a.{suffix}")
    assert [float((frame.time - frames[0].time) * info.time_base) for frame in frames] == pytest.approx([0, 0.1, 0.6])
    assert np.abs(frames[0].picture.astype(float) - PHOTO).mean() < 8
