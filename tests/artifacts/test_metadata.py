"""What a graph says of itself."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest

from stylex.artifacts.metadata import SCHEMA, GraphFacts
from stylex.errors import ModelError

FACTS = GraphFacts(
    technique="adain",
    role="transfer",
    tier="edge",
    precision="int8",
    target="cpu-arm",
    code_size=768,
    opset=18,
    weights_sha256="b" * 64,
    fixed_size=512,
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
    metadata = FACTS.to_metadata()
    for name, text in changed.items():
        del metadata[f"stylex.{name}"]
        if text is not None:
            metadata[f"stylex.{name}"] = text
    with pytest.raises(ModelError) as caught:
        GraphFacts.from_metadata(metadata, "some.onnx")
    assert "\n" not in str(caught.value)
    assert "some.onnx" in str(caught.value)
    return str(caught.value)


def test_round_trip() -> None:
    metadata = FACTS.to_metadata()
    assert all(isinstance(value, str) for value in metadata.values())
    assert all(key.startswith("stylex.") for key in metadata)
    assert GraphFacts.from_metadata(metadata, "some.onnx") == FACTS


def test_round_trip_of_the_defaults() -> None:
    known = {"technique": "x", "role": "style-encoder", "tier": "edge", "precision": "fp32", "target": "cpu-x86"}
    facts = GraphFacts(**known, code_size=1, opset=18, weights_sha256="d")
    assert GraphFacts.from_metadata(facts.to_metadata(), "") == facts
    assert facts.schema == SCHEMA


def test_metadata_of_others_beside_ours_does_no_harm() -> None:
    metadata = {**FACTS.to_metadata(), "author": "somebody", "stylex.unheard_of": "1"}
    assert GraphFacts.from_metadata(metadata, "") == FACTS


def test_foreign_files() -> None:
    for metadata in ({}, {"author": "somebody"}):
        with pytest.raises(ModelError, match=r"not made by stylex export .*`stylex export`"):
            GraphFacts.from_metadata(metadata, "some.onnx")


def test_another_schema_is_told_before_anything_else() -> None:
    told = f"has metadata stylex/9, this stylex reads {SCHEMA}: export it again"
    assert told in refusal(schema=json.dumps("stylex/9"))
    assert told in refusal(schema=json.dumps("stylex/9"), code_size=None, value_range="7")


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


def test_facts_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FACTS.precision = "fp32"  # type: ignore[misc]
    assert math.isclose(dataclasses.replace(FACTS, psnr=40.0).psnr or 0, 40)
