"""The metadata of ONNX files, read without ONNX Runtime: the same as it reads, and no bytes do harm."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from stylex.artifacts import graph_file
from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.graph_file import props_of, read_metadata, read_props
from stylex.artifacts.metadata import GraphMetadata
from stylex.errors import InputError, ModelError

many = settings(max_examples=300, deadline=None, derandomize=True, database=None)
SMALL = (GRAPHS / "segmenter-int8.onnx").read_bytes()
MODEL = helper.make_model(
    helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "add", [], []), producer_name="someone"
)
helper.set_model_props(MODEL, {"stylex.schema": '"stylex/1"', "author": "\u00e9", "empty": ""})
TINY = MODEL.SerializeToString()


@pytest.mark.parametrize("path", sorted(GRAPHS.glob("*.onnx")), ids=lambda path: path.name)
def test_it_reads_what_onnx_runtime_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    assert read_props(path) == session.get_modelmeta().custom_metadata_map
    monkeypatch.setattr(ort, "InferenceSession", lambda *_, **__: pytest.fail("nothing may be opened"))
    metadata = read_metadata(path)
    assert metadata == GraphMetadata.from_props(read_props(path), path.name)
    assert path.name.startswith(metadata.technique)


def test_every_embedded_file_is_written_again_as_it_is() -> None:
    for path in GRAPHS.glob("*.onnx"):
        written = read_metadata(path).to_props()
        assert {key: written[key] for key in read_props(path)} == read_props(path)


@many
@given(st.integers(0, len(TINY)), st.sampled_from([TINY, SMALL]))
def test_truncated(end: int, data: bytes) -> None:
    try:
        found = props_of(data[: len(data) - end], "cut.onnx")
    except ModelError as error:
        assert "cut.onnx is not a usable ONNX file" in str(error) and "\n" not in str(error)
    else:  # cut between two fields
        assert found.items() <= props_of(data, "whole.onnx").items()


@many
@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=9), st.booleans())
def test_changed_bytes(changes: list[tuple[int, int]], large: bool) -> None:
    data = bytearray(SMALL if large else TINY)
    for place, value in changes:  # from the end, where the properties are
        data[-1 - place % len(data)] = value
    try:
        GraphMetadata.from_props(props_of(bytes(data), "odd.onnx"), "odd.onnx")
    except ModelError as error:
        assert "odd.onnx" in str(error)


@many
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    try:
        props_of(data, "any.onnx")
    except ModelError:
        return
    assert data


@many
@given(st.dictionaries(st.text(max_size=30), st.text(max_size=300), max_size=9))
def test_any_properties(props: dict[str, str]) -> None:
    model = onnx.ModelProto()
    helper.set_model_props(model, props)
    assert props_of(b"\x08\x0a" + model.SerializeToString(), "x.onnx") == props


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"\x72", "it ends too early"),
        (b"\x72\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "it ends too early"),
        (b"\xff" * 20, "a number has too many bytes"),
        (b"\x00\x00", "a field has no number"),
        (b"\x0b\x0c", "a field has the unknown type 3"),
        (b"\x72\x04\x0a\x02\xff\xfe", "codec can't decode"),
    ],
)
def test_messages(data: bytes, why: str) -> None:
    with pytest.raises(ModelError, match=rf"x\.onnx is not a usable ONNX file \(.*{why}.*\): export it again"):
        props_of(data, "x.onnx")


def test_fields_of_other_kinds_are_passed_over() -> None:
    others = b"\x08\x0a" + b"\x71" + b"8" * 8 + b"\x75" + b"4" * 4 + b"\x12\x03abc"
    entry = b"\x72\x0a\x18\x07\x0a\x01k\x12\x03v\xc3\xa9"
    assert props_of(others + entry + others, "x.onnx") == {"k": "v\u00e9"}


def test_of_two_with_one_key_the_last_counts() -> None:
    assert props_of(b"\x72\x06\x0a\x01k\x12\x01a\x72\x06\x0a\x01k\x12\x01b", "x.onnx") == {"k": "b"}


def test_properties_without_end_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_file, "MOST_BYTES", 20)
    assert props_of(b"\x72\x06\x0a\x01k\x12\x01a" * 3, "x.onnx")
    with pytest.raises(ModelError, match="more than 20 bytes"):
        props_of(b"\x72\x06\x0a\x01k\x12\x01a" * 4, "x.onnx")


def test_a_file_that_changes_is_read_again(tiny_encoder: Callable[..., Path]) -> None:
    path = tiny_encoder(target="tensorrt")
    first = read_metadata(path)
    assert first.target == "tensorrt" and read_metadata(path) is first
    path.unlink()
    assert read_metadata(tiny_encoder(target="cpu-arm")).target == "cpu-arm"


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.onnx", tmp_path, tmp_path / ("a" * 300)):
        for read in (read_metadata, read_props):
            with pytest.raises(InputError, match="is not a file"):
                read(path)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # by a fake: nothing stops root
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "x.onnx"
    path.write_bytes(TINY)
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError, match=r"can't be read \(Permission denied\)"):
        read_props(path)


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    size = 2**35
    length = bytes((size >> 7 * place) & 0x7F | 0x80 for place in range(5)) + bytes([size >> 35])
    with path.open("wb") as file:
        file.write(b"\x3a" + length)
        file.seek(size, os.SEEK_CUR)
        file.write(b"\x72\x06\x0a\x01k\x12\x01v")
    assert read_props(path) == {"k": "v"}
