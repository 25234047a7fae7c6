"""Painters of every technique and of exported files; what they share."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest

import stylex
from stylex.api.loading import Precision, Provider
from stylex.artifacts.catalog import encoder_file, transfer_file
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import PRECISIONS
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.pictures import painted_size
from stylex.runtime.engine.providers import PROVIDERS
from stylex.runtime.video.stylizer import MODES, Temporal
from stylex.techniques import ARBITRARY


def test_every_technique_is_loaded(photo: np.ndarray, painting: np.ndarray, one_thread: None) -> None:
    titles = {
        "adain": "<Painter adain int8 on cpu>",
        "adain-l": "<Painter adain-l int8 on cpu>",
        "adain-s": "<Painter adain-s int8 on cpu>",
        "attention": "<Painter attention int8 on cpu>",
        "multiscale": "<Painter multiscale int8 on cpu>",
        "fast": "<Painter fast the-scream int8 on cpu>",
        "cyclegan": "<Painter cyclegan cartoon int8 on cpu>",
        "semantic": "<SemanticPainter semantic with adain int8 on cpu>",
        "video": "<FilmPainter video with adain int8 on cpu>",
    }
    for name, title in titles.items():
        style = {"fast": "the-scream", "cyclegan": "cartoon"}.get(name, "")
        painter = stylex.load(name, "int8", "cpu", style=style, threads=1)
        assert repr(painter) == title and isinstance(painter, stylex.StylePainter)
        assert painter.takes_masks == (name in (*ARBITRARY, "semantic"))
    assert repr(stylex.load("histogram", space="lab")) == "<HistogramPainter histogram in L*a*b*>"
    assert repr(stylex.load("gatys", iterations=3)) == "<GatysPainter gatys with slim>"
    for name in ("histogram", "gatys"):
        many = list(stylex.load(name, **({"iterations": 1} if name == "gatys" else {})).stylize_many([photo], painting))
        assert many[0].shape == photo.shape


def test_frames_of_a_film_one_after_the_other(photo: np.ndarray) -> None:
    painter = stylex.load("video", "int8", "cpu", threads=1, temporal="off")
    plain = stylex.load("adain", "int8", "cpu", threads=1)
    np.testing.assert_array_equal(painter(photo, "irises"), plain(photo, "irises"))
    moved = np.roll(photo, 3, 1)
    np.testing.assert_array_equal(painter(moved, "great-wave", 0.5), plain(moved, "great-wave", 0.5))


def test_an_exported_file(tmp_path: Path, photo: np.ndarray, painting: np.ndarray) -> None:
    one = shutil.copy(transfer_file("fast", "int8", style="the-scream"), tmp_path / "mine.onnx")
    loaded = stylex.load(one, threads=1, provider="cpu")
    assert repr(loaded) == "<Painter fast the-scream int8 on cpu>"
    np.testing.assert_array_equal(loaded(photo), stylex.stylize(photo, str(one), threads=1, provider="cpu"))
    transfer = shutil.copy(transfer_file("adain", "int8"), tmp_path)
    with pytest.raises(stylex.InputError, match=r"adain-style\.onnx is not a file"):
        stylex.load(transfer, provider="cpu")(photo, painting)
    shutil.copy(encoder_file("adain"), tmp_path)
    plain = stylex.load("adain", "int8", "cpu", threads=1)(photo, painting)
    np.testing.assert_array_equal(stylex.load(transfer, provider="cpu", threads=1)(photo, painting), plain)
    with pytest.raises(stylex.ModelError, match="a transfer graph is needed here"):
        stylex.load(encoder_file("adain"), provider="cpu")
    with pytest.raises(stylex.UsageError, match="takes no precision"):
        stylex.load(one, "fp32")


def test_several_threads_at_once(photo: np.ndarray, painting: np.ndarray) -> None:
    painter = stylex.load("adain", "int8", "cpu", threads=1)
    photos = [np.roll(photo, i, 1) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:  # the encoder is opened by whoever comes first
        made = list(pool.map(lambda one: painter(one, painting), photos))
    for one, picture in zip(photos, made, strict=True):
        np.testing.assert_array_equal(picture, painter(one, painting))


def test_many_encode_the_style_once(
    photo: np.ndarray, painting: np.ndarray, painter: stylex.Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode, painting = stylex.Painter.encode, np.roll(painting, 7, 1)  # that no other test has shown the painter

    def counted(self: stylex.Painter, *arguments: object) -> object:
        encoded.append(1)
        return encode(self, *arguments)

    monkeypatch.setattr(stylex.Painter, "encode", counted)
    made = list(painter.stylize_many((photo for _ in range(3)), [(painting, 2), ("irises", 1)], 0.8))
    assert len(made) == 3 and len(encoded) == 1
    np.testing.assert_array_equal(made[2], painter(photo, [(painting, 2), ("irises", 1)], 0.8))


def test_a_painter_that_is_closed(photo: np.ndarray, painting: np.ndarray) -> None:
    with stylex.load("adain", "int8", "cpu", threads=1) as painter:
        painter.warm_up(40, 50)
        painter(photo, painting)
        assert {painter: 1}[painter] == 1 and painter != stylex.load("adain", "int8", "cpu", threads=1)
    for style in (painting, "irises"):
        with pytest.raises(stylex.UsageError, match=r"was closed: load it again"):
            painter(photo, style)
    painter.close()
    assert repr(painter) == "<Painter adain int8 on cpu>"


def test_sides_in_buckets(photo: np.ndarray) -> None:
    """A photo whose sides are no multiples is reflected further, and paints nearly the same at its own size."""
    usual, stepped = (
        stylex.load("cyclegan", "fp16", "cpu", style="painting", options=SessionOptions(1, bucket=bucket))
        for bucket in (1, 64)
    )
    content = photo[:70, :90]
    assert painted_size(stepped.transfer, 70, 90) == (128, 128) != painted_size(usual.transfer, 70, 90)
    one, other = usual(content), stepped(content)
    assert one.shape == other.shape == content.shape and cv2.PSNR(one, other) > 30


def test_options_of_a_session(tmp_path: Path) -> None:
    options = SessionOptions(device_id=1, provider_options={"a": "b"}, cache_dir=tmp_path)
    metadata = read_metadata(transfer_file("adain", "fp16"))

    def options_of(provider: str) -> dict[str, str]:
        return options.for_provider(provider, metadata, "0" * 64)

    assert options_of("cpu") == {"a": "b"}
    assert options_of("cuda").items() > {"device_id": "1", "a": "b"}.items()
    tensorrt = options_of("tensorrt")
    assert Path(tensorrt["trt_engine_cache_path"]).parents[2] == tmp_path and tensorrt["device_id"] == "1"
    assert options_of("openvino") == {"cache_dir": str(tmp_path), "a": "b"}
    assert SessionOptions().for_provider("openvino", metadata, "0" * 64) == {}
    key = "session.intra_op.allow_spinning"
    assert options.auxiliary().for_session().get_session_config_entry(key) == "0"
    assert SessionOptions(3).for_session().intra_op_num_threads == 3
    with pytest.raises(stylex.UsageError, match="device_id is -1"):
        SessionOptions(device_id=-1)
    with pytest.raises(stylex.UsageError, match="memory_limit_mib is -1"):
        SessionOptions(memory_limit_mib=-1)


def test_types_name_what_there_is() -> None:
    assert get_args(Provider) == ("auto", *(provider.name for provider in PROVIDERS))
    assert get_args(Precision) == ("auto", *PRECISIONS)
    assert get_args(Temporal) == MODES
