"""Small whole files of every kind that stylex reads, which the campaign damages."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.style_code import built_in_code
from stylex.runtime.benchmark.likeness import default_photo

Original = tuple[str, bytes]
"""Suffix and bytes of a file."""


def pictures() -> Iterator[Original]:
    """Yields pictures of every format, mode and kind of metadata."""
    photo = Image.fromarray(default_photo()[80:128, 200:264])
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = photo.copy()
    clear.putalpha(Image.fromarray(np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)))
    deep = Image.fromarray((np.arange(48 * 64).reshape(48, 64) * 21).astype(np.uint16))
    paletted = photo.quantize(16)
    kinds: list[tuple[str, Image.Image, dict[str, Any]]] = [
        (".jpg", photo, {"icc_profile": profile, "exif": exif}),
        (".jpg", photo, {"progressive": True}),
        (".jpg", photo.convert("CMYK"), {}),
        (".png", photo, {"icc_profile": profile, "exif": exif}),
        (".png", clear, {}),
        (".png", deep, {}),
        (".png", paletted, {"transparency": 3}),
        (".png", photo.convert("1"), {}),
        (".webp", clear, {"exif": exif}),
        (".webp", photo, {"lossless": True, "icc_profile": profile}),
        (".avif", photo, {"exif": exif}),
        (".tif", photo, {"compression": "tiff_lzw", "icc_profile": profile}),
        (".tif", photo.convert("CMYK"), {}),
        (".tif", deep, {"compression": "tiff_adobe_deflate"}),
        (".tif", photo, {"compression": "jpeg"}),
        (".bmp", photo, {}),
        (".bmp", paletted, {}),
        (".gif", paletted, {"save_all": True, "append_images": [paletted.rotate(90)], "transparency": 0}),
        (".webp", photo, {"save_all": True, "append_images": [photo.rotate(90)], "duration": 100}),
        (".png", photo, {"save_all": True, "append_images": [photo.rotate(90)], "duration": 100}),
    ]
    for suffix, image, options in kinds:
        buffer = io.BytesIO()
        image.save(buffer, Image.registered_extensions()[suffix], **options)
        yield suffix, buffer.getvalue()


def codes() -> Iterator[Original]:
    """Yields style codes."""
    for technique in ("adain", "attention", "multiscale"):
        yield ".style", json.dumps(built_in_code("irises", technique).to_json()).encode()


def graphs() -> Iterator[Original]:
    """Yields exported graphs."""
    for name in ("fast-the-scream-int8", "fast-the-scream-fp16", "upscaler-int8"):
        yield ".onnx", (GRAPHS / f"{name}.onnx").read_bytes()


def checkpoints() -> Iterator[Original]:
    """Yields checkpoints of torch, zipped and as before, bare and wrapped, and one of safetensors."""
    import safetensors.torch
    import torch

    from stylex.models.fast.transformer_net import TransformerNet

    torch.manual_seed(0)
    state = TransformerNet(widths=(4, 8, 16), blocks=1).state_dict()
    wrapped = {"state_dict": {f"module.{name}": value for name, value in state.items()}, "epoch": 3}
    for value, zipped in ((state, True), (wrapped, True), (state, False)):
        buffer = io.BytesIO()
        torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
        yield ".pth", buffer.getvalue()
    yield ".safetensors", safetensors.torch.save(dict(state))


def films(folder: Path) -> Iterator[Original]:
    """Yields films of several containers and codecs, with sound and without."""
    for suffix, codec, form, sound in (
        (".mp4", "libx264", "yuv420p", "aac"),
        (".mkv", "libx264", "yuv420p10le", "flac"),
        (".webm", "libvpx-vp9", "yuv420p", "libopus"),
        (".avi", "mpeg4", "yuv420p", "mp3"),
        (".mov", "mjpeg", "yuvj420p", ""),
        (".gif", "gif", "rgb8", ""),
    ):
        yield suffix, _film(folder / f"original{suffix}", codec, form, sound)
    yield from (one for one in pictures() if one[1][8:16] == b"WEBPVP8X" and b"ANMF" in one[1])


def _film(path: Path, codec: str, form: str, sound: str) -> bytes:
    import av

    photo = default_photo()
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, form
        stream.time_base = Fraction(1, 25)
        audio: Any = container.add_stream(sound, rate=48000, layout="mono") if sound else None
        for count in range(6):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(photo[80:128, 100 + count : 164 + count]), "rgb24")
            frame.pts, frame.time_base = count, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            beep = np.sin(np.arange(9600) / 9).astype(np.float32)[None]
            samples = av.AudioFrame.from_ndarray(beep, format="fltp", layout="mono")
            samples.rate, samples.pts, samples.time_base = 48000, 0, Fraction(1, 48000)
            fifo = av.AudioFifo()
            fifo.write(av.AudioResampler(audio.codec_context.format, "mono", 48000).resample(samples)[0])
            size = audio.codec_context.frame_size or 1024
            while part := fifo.read(size, partial=True):
                container.mux(audio.encode(part))
            container.mux(audio.encode(None))
    return path.read_bytes()
