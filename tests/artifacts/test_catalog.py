"""Which graph lies in which file, and which styles a folder has."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from stylex.artifacts.catalog import GRAPHS, encoder_file, require_name, styles_in, transfer_file
from stylex.artifacts.metadata import SEGMENTER
from stylex.errors import UsageError
from stylex.models.weights import embedded_styles
from stylex.techniques import SINGLE


def test_file_names() -> None:
    assert transfer_file("fast", "int8", Path("g"), "the-kiss") == Path("g/fast-the-kiss-int8.onnx")
    assert transfer_file("adain", "fp32", Path("g")) == Path("g/adain-fp32.onnx")
    assert encoder_file("adain", Path("g")) == Path("g/adain-style.onnx")


@pytest.mark.parametrize("technique", SINGLE)
def test_embedded_styles(technique: str) -> None:
    assert styles_in(GRAPHS, technique) == embedded_styles(technique)


def test_styles_of_a_folder(
    tiny_transfer: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny_transfer("fast-b-int8.onnx", technique="fast", style="b", precision="int8")
    tiny_transfer("fast-b-fp32.onnx", technique="fast", style="b")
    tiny_transfer("fast-a-b-fp16.onnx", technique="fast", style="a-b", precision="fp16")
    tiny_transfer("fast-fp32.onnx", technique="fast")
    tiny_transfer("fast-x-fp32.onnx", technique="fast", style="x", role=SEGMENTER)
    with caplog.at_level(logging.WARNING, "stylex"):
        assert styles_in(tmp_path, "fast") == ["a-b", "b"]
        assert styles_in(tmp_path / "nowhere", "fast") == []
    assert not caplog.records


def test_a_technique_whose_name_extends_another(tiny_transfer: Callable[..., Path], tmp_path: Path) -> None:
    tiny_transfer("fast-lite-kiss-fp32.onnx", technique="fast-lite", style="kiss")
    tiny_transfer("fast-kiss-fp32.onnx", technique="fast", style="kiss")
    tiny_transfer("faster-kiss-fp32.onnx", technique="faster", style="kiss")
    assert styles_in(tmp_path, "fast") == styles_in(tmp_path, "fast-lite") == ["kiss"]


def test_files_that_cannot_be_used_are_passed_over(
    tiny_transfer: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny_transfer("fast-b-fp32.onnx", technique="fast", style="b")
    shutil.copy(tmp_path / "fast-b-fp32.onnx", tmp_path / "fast-c-fp32.onnx")
    (tmp_path / "fast-d-fp32.onnx").touch()
    (tmp_path / "fast-e-fp32.onnx").mkdir()
    foreign = onnx.load(tmp_path / "fast-b-fp32.onnx")
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "fast-f-fp32.onnx")
    with caplog.at_level(logging.WARNING, "stylex"):
        assert styles_in(tmp_path, "fast") == ["b"]
    misnamed, damaged, folder = (record.getMessage() for record in caplog.records)
    assert "fast-c-fp32.onnx paints the style 'b' of fast: call it fast-b-fp32.onnx; it is passed over" in misnamed
    assert "fast-d-fp32.onnx is not a usable ONNX file (it is empty)" in damaged
    assert "fast-e-fp32.onnx is not a file" in folder


def test_a_name_becomes_part_of_a_file_name() -> None:
    assert require_name("great wave 2") == "great wave 2"
    with pytest.raises(UsageError, match="can't be part of a file's name"):
        require_name("a/b")
