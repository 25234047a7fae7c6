"""What a graph says of itself."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylex.artifacts.metadata import SCHEMA, STYLE_ENCODER, TRANSFER, GraphMetadata, GraphSpec
from stylex.errors import ModelError

METADATA = GraphMetadata(
    technique="adain",
    tier="edge",
    precision="int8",
    target="cpu-arm",
    opset=18,
    weights_sha256="b" * 64,
    spec=GraphSpec("transfer", 768, fixed_size=512, sites=(2, 1), classes=("a", "b")),
    versions={"torch": "2.9"},
    calibration="c" * 64,
    float_nodes=("Conv_1", "Conv_2"),
    psnr=31.5,
    ssim=0.96,
    licence="MIT",
    provenance="photos and paintings",
)


def refusal(**changed: Any) -> str:
    """The message for metadata of which some fields are other JSON texts; None leaves one out."""
    metadata = METADATA.to_props()
    for name, text in changed.items():
        del metadata[f"stylex.{name}"]
        if text is not None:
            metadata[f"stylex.{name}"] = text
    with pytest.raises(ModelError) as caught:
        GraphMetadata.from_props(metadata, "some.onnx")
    assert "\n" not in str(caught.value)
    assert "some.onnx" in str(caught.value)
    return str(caught.value)


def test_round_trip() -> None:
    metadata = METADATA.to_props()
    assert all(isinstance(value, str) for value in metadata.values())
    assert all(key.startswith("stylex.") for key in metadata)
    assert GraphMetadata.from_props(metadata, "some.onnx") == METADATA


def test_round_trip_of_the_defaults() -> None:
    known = {"technique": "x", "tier": "edge", "precision": "fp32", "target": "cpu-x86"}
    metadata = GraphMetadata(**known, opset=18, weights_sha256="d", spec=GraphSpec("style-encoder", 1))
    assert GraphMetadata.from_props(metadata.to_props(), "") == metadata
    assert metadata.schema == SCHEMA


def test_every_field_of_the_specification_stands_among_the_others() -> None:
    props = METADATA.to_props()
    names = {f.name for f in (*dataclasses.fields(GraphMetadata), *dataclasses.fields(GraphSpec))} - {"spec"}
    assert props.keys() == {f"stylex.{name}" for name in names}
    assert props["stylex.sites"] == "[2, 1]" and props["stylex.role"] == '"transfer"'
    assert METADATA.to_dict()["fixed_size"] == 512


def test_files_of_the_first_version_lack_what_came_later() -> None:
    props = METADATA.to_props()
    for name in ("sites", "classes", "reach", "scale", "palette"):
        del props[f"stylex.{name}"]
    assert GraphMetadata.from_props(props, "").spec == GraphSpec("transfer", 768, fixed_size=512)


def test_painted_sides() -> None:
    spec = GraphSpec("transfer", 0, multiple=8, smallest=32)
    assert [spec.painted_side(side) for side in (1, 32, 33, 40, 41)] == [32, 32, 40, 40, 48]
    assert dataclasses.replace(spec, fixed_size=64).painted_side(3) == 64


@given(st.integers(1, 5000), st.integers(1, 512), st.sampled_from((1, 8, 16)), st.integers(1, 100))
def test_sides_in_steps(side: int, bucket: int, multiple: int, smallest: int) -> None:
    spec = GraphSpec(TRANSFER, 4, multiple, smallest)
    stepped = spec.in_steps_of(bucket)
    painted, step = stepped.painted_side(side), math.lcm(multiple, bucket)
    assert spec.painted_side(side) <= painted < max(side, smallest) + step
    assert bucket == 1 or painted % step == 0
    for same in (dataclasses.replace(spec, fixed_size=64), dataclasses.replace(spec, role=STYLE_ENCODER)):
        assert same.in_steps_of(bucket) is same


def test_metadata_of_others_beside_ours_does_no_harm() -> None:
    metadata = {**METADATA.to_props(), "author": "somebody", "stylex.unheard_of": "1"}
    assert GraphMetadata.from_props(metadata, "") == METADATA


def test_foreign_files() -> None:
    for metadata in ({}, {"author": "somebody"}):
        with pytest.raises(ModelError, match=r"stylex export didn't make: export from the weights"):
            GraphMetadata.from_props(metadata, "some.onnx")


def test_another_schema_is_told_before_anything_else() -> None:
    expected = f"has metadata stylex/9, this stylex reads {SCHEMA}: export it again"
    assert expected in refusal(schema=json.dumps("stylex/9"))
    assert expected in refusal(schema=json.dumps("stylex/9"), code_size=None, value_range="7")


@pytest.mark.parametrize(
    "changed",
    [
        {"code_size": None},
        {"code_size": "{"},
        {"code_size": '"many"'},
        {"code_size": "-1"},
        {"code_size": "true"},
        {"cell": "0"},
        {"scale": '"two"'},
        {"sites": "3"},
        {"sites": '["3"]'},
        {"classes": "[1]"},
        {"palette": "1"},
        {"technique": "3"},
        {"border": "-1"},
        {"border": "2.5"},
        {"multiple": "0"},
        {"smallest": "null"},
        {"fixed_size": "0"},
        {"fixed_size": '"512"'},
        {"role": '"painter"'},
        {"role": "[]"},
        {"precision": '"fp8"'},
        {"value_range": "7"},
        {"value_range": None},
        {"float_nodes": "null"},
        {"technique": "[" * 100_000},
        {"schema": "stylex/1"},
    ],
)
def test_damaged_metadata(changed: dict[str, str | None]) -> None:
    assert "is damaged" in refusal(**changed)


def test_metadata_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        METADATA.precision = "fp32"  # type: ignore[misc]
    assert math.isclose(dataclasses.replace(METADATA, psnr=40.0).psnr or 0, 40)


LEAST = {"code_size": 0, "multiple": 1, "smallest": 1, "fixed_size": 1, "border": 0, "cell": 1, "reach": 0, "scale": 1}


def test_least_values_and_defaults_of_a_specification() -> None:
    least = GraphSpec.parsed({"role": TRANSFER, **LEAST})
    assert {name: getattr(least, name) for name in LEAST} == LEAST
    for name, value in LEAST.items():
        with pytest.raises(ValueError):
            GraphSpec.parsed({"role": TRANSFER, **LEAST, name: value - 1})
    others = {"fixed_size": None, "cell": 8, "sites": (), "classes": (), "palette": False}
    assert dataclasses.asdict(GraphSpec(TRANSFER, 0)) == {"role": TRANSFER, **LEAST, **others}


@pytest.mark.parametrize(
    ("role", "palette", "more"), [(TRANSFER, True, 9), (TRANSFER, False, 0), (STYLE_ENCODER, True, 0)]
)
def test_a_style_code_has_the_palette_behind_it(role: str, palette: bool, more: int) -> None:
    assert GraphSpec(role, 5, palette=palette).style_code_size == 5 + more
