"""Filters for FFmpeg and GStreamer: what the programs ask of a file, and the picture, against stylex's own."""

from __future__ import annotations

import configparser
import dataclasses
from pathlib import Path

import click.testing
import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from stylex.api import video_filters
from stylex.api.video_filters import export_video_filters
from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.artifacts.graph_file import read_metadata
from stylex.cli import main
from stylex.errors import CheckFailed, InputError, UsageError
from stylex.imaging.arrays import to_bytes, to_floats
from stylex.runtime.loading import load
from stylex.runtime.painter import Painter
from stylex.techniques import SINGLE

NETWORKS = {"fast": "starry-night", "cyclegan": "cartoon"}
PROGRAMS = ("ffmpeg", "gstreamer")
Filters = dict[tuple[str, str], ort.InferenceSession]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("filters")
    for technique, style in NETWORKS.items():
        for program in PROGRAMS:
            (one,) = export_video_filters(made, technique, program, style=style)
            assert one.path.is_file() and one.path.name in one.usage and one.psnr >= video_filters.NEAREST
    return made


@pytest.fixture(scope="module")
def filters(folder: Path) -> Filters:
    return {
        (technique, program): ort.InferenceSession(
            folder / f"{technique}-{style}-{program}.onnx", providers=["CPUExecutionProvider"]
        )
        for technique, style in NETWORKS.items()
        for program in PROGRAMS
    }


@pytest.fixture(scope="module")
def painters() -> dict[str, Painter]:
    return {technique: load(technique, "fp16", "cpu", style=style) for technique, style in NETWORKS.items()}


def test_every_technique_of_one_style_is_tried() -> None:
    assert set(NETWORKS) == set(SINGLE)


@pytest.mark.parametrize("technique", NETWORKS)
def test_ffmpegs_contract(filters: Filters, technique: str) -> None:
    """As its backend checks: one input and one output, float32, four axes, a batch of 1, planes."""
    session = filters[technique, "ffmpeg"]
    for (one,) in (session.get_inputs(), session.get_outputs()):
        assert one.type == "tensor(float)" and one.shape == [1, 3, "height", "width"]


@pytest.mark.parametrize("technique", NETWORKS)
def test_gstreamers_contract(folder: Path, filters: Filters, technique: str) -> None:
    """Sections are matched with tensors by name, direction, type and sizes, of which -1 is any."""
    session = filters[technique, "gstreamer"]
    info = configparser.ConfigParser()
    info.read(folder / f"{technique}-{NETWORKS[technique]}-gstreamer.onnx.modelinfo")
    assert info["modelinfo"]["version"] == "1.0" and technique in info["modelinfo"]["group-id"]
    tensors = {"input": session.get_inputs(), "output": session.get_outputs()}
    assert info.sections() == ["modelinfo", *(one.name for found in tensors.values() for one in found)]
    for direction, (one,) in tensors.items():
        section = info[one.name]
        assert section["dir"] == direction and section["type"] == "float32" and one.type == "tensor(float)"
        assert section["dims"] == ",".join("-1" if isinstance(side, str) else str(side) for side in one.shape)
    assert info["frame"]["ranges"] == "0.0,1.0" and "ranges" not in info["picture"]
    assert info["picture"]["id"] == "image-rgb-hwc-out" and session.get_outputs()[0].shape == ["height", "width", 3]


@settings(deadline=None, max_examples=12)
@given(st.integers(1, 90), st.integers(1, 90))
def test_the_picture_is_stylexs_own(
    filters: Filters, painters: dict[str, Painter], one_thread: None, height: int, width: int
) -> None:
    photo = np.ascontiguousarray(skimage.data.astronaut()[60 : 60 + height, 180 : 180 + width])
    for (technique, program), session in filters.items():
        (picture,) = session.run(None, {"frame": to_floats(photo)})
        planes = picture if program == "ffmpeg" else picture.transpose(2, 0, 1)[None]
        assert planes.shape == (1, 3, height, width) and planes.min() >= 0 and planes.max() <= 1
        assert cv2.PSNR(to_bytes(planes), painters[technique].paint_rgb(photo)) >= 45


def test_the_file_says_what_it_is(folder: Path) -> None:
    model = onnx.load(folder / "fast-starry-night-ffmpeg.onnx")
    properties = {one.key: one.value for one in model.metadata_props}
    source = read_metadata(GRAPHS / "fast-starry-night-fp16.onnx")
    assert properties["style"] == "starry-night" and properties["provenance"] == source.provenance
    assert properties["licence"] == source.licence
    read = {name for node in model.graph.node for name in node.input} | {"picture"}
    assert all(read.intersection(node.output) for node in model.graph.node)
    assert not styles_in(folder, "fast")  # nobody takes it for a graph of ours


def test_what_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="adain needs more than a frame, and ffmpeg gives no more: take"):
        export_video_filters(tmp_path, "adain", "ffmpeg")
    with pytest.raises(UsageError, match="'vlc' has no filters of ours: choose ffmpeg or gstreamer"):
        export_video_filters(tmp_path, "fast", "vlc")
    with pytest.raises(InputError, match="doesn't exist: create it first"):
        export_video_filters(tmp_path / "none", "fast", "ffmpeg")
    with pytest.raises(InputError, match="has no network of fast"):
        export_video_filters(tmp_path, "fast", "ffmpeg", graphs=tmp_path)
    with pytest.raises(InputError, match=r"has no fast-nobody-fp32\.onnx or fast-nobody-fp16\.onnx"):
        export_video_filters(tmp_path, "fast", "ffmpeg", style="nobody")
    monkeypatch.setattr(video_filters, "NEAREST", 101.0)
    with pytest.raises(CheckFailed, match="paints something else"):
        export_video_filters(tmp_path, "fast", "ffmpeg", style="starry-night")
    assert not list(tmp_path.iterdir())


def test_a_graph_of_one_size_is_refused(tmp_path: Path) -> None:
    source = GRAPHS / "cyclegan-cartoon-fp16.onnx"
    metadata = read_metadata(source)
    model = onnx.load(source)
    fixed = dataclasses.replace(metadata, spec=dataclasses.replace(metadata.spec, fixed_size=64))
    onnx.helper.set_model_props(model, fixed.to_props())
    onnx.save(model, tmp_path / source.name)
    with pytest.raises(UsageError, match="paints 64x64 alone: export it for any size"):
        export_video_filters(tmp_path, "cyclegan", "ffmpeg", graphs=tmp_path)


def test_the_command(tmp_path: Path) -> None:
    call = ["export", "cyclegan", "--style", "cartoon", "--target", "gstreamer", "-o", str(tmp_path)]
    done = click.testing.CliRunner().invoke(main, call)
    assert done.exit_code == 0 and "onnxinference model-file=cyclegan-cartoon-gstreamer.onnx" in done.output
    files = sorted(one.name for one in tmp_path.iterdir())
    assert files == ["cyclegan-cartoon-gstreamer.onnx", "cyclegan-cartoon-gstreamer.onnx.modelinfo"]
    for more in (["--int8"], ["--size", "64"], ["--weights", "w.safetensors"]):
        refused = click.testing.CliRunner().invoke(main, [*call, *more])
        assert refused.exit_code == 2, refused.output
    assert click.testing.CliRunner().invoke(main, [call[0], *call[2:]]).exit_code == 2
