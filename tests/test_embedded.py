"""What lies in the package fits together and is as good as it says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import onnx
import pytest

from stylex.artifacts.catalog import GRAPHS, encoder_file, transfer_file
from stylex.artifacts.metadata import BYTES, PRECISIONS, GraphMetadata
from stylex.artifacts.style_code import built_in
from stylex.files import sha256_of
from stylex.models.weights import embedded
from stylex.techniques import ARBITRARY, SINGLE, technique_named

ROOT = Path(__file__).parents[1]
TRANSFERS = [("adain", "", p) for p in PRECISIONS] + [
    (technique, style, precision)
    for technique, styles in {
        "adain-l": ("",),
        "adain-s": ("",),
        "attention": ("",),
        "multiscale": ("",),
        "fast": ("composition-vii", "grande-jatte", "great-wave", "starry-night", "the-scream", "wheat-field"),
        "cyclegan": ("cartoon", "painting"),
        "segmenter": ("",),
        "upscaler": ("",),
    }.items()
    for style in styles
    for precision in ("fp16", "int8")
]
"""Technique or tool, style and precision of every graph that must be there, beside the style encoders."""
FILES = [
    *(
        (technique, style, transfer_file(technique, precision, style=style))
        for technique, style, precision in TRANSFERS
    ),
    *((technique, "", encoder_file(technique)) for technique in ARBITRARY),
]


def metadata_of(path: Path) -> GraphMetadata:
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return GraphMetadata.from_props(metadata, path.name)


def test_these_graphs_and_no_others() -> None:
    assert {path.name for _, _, path in FILES} == {path.name for path in GRAPHS.glob("*.onnx")}


@pytest.mark.parametrize(("technique", "style", "path"), FILES, ids=[path.name for *_, path in FILES])
def test_graphs_come_from_the_embedded_weights(technique: str, style: str, path: Path) -> None:
    metadata = metadata_of(path)
    assert (metadata.technique, metadata.style) == (technique, style)
    assert metadata.weights_sha256 == sha256_of(embedded(technique, style))
    assert metadata.licence and metadata.provenance and {"torch", "onnx", "onnxruntime"} <= metadata.versions.keys()


@pytest.mark.parametrize(("technique", "style", "precision"), [t for t in TRANSFERS if t[0] in SINGLE])
def test_graphs_of_one_style_say_how_good_they_are(technique: str, style: str, precision: str) -> None:
    metadata = metadata_of(transfer_file(technique, precision, style=style))
    assert (metadata.precision, metadata.spec.code_size) == (precision, 0)
    assert metadata.psnr is not None and metadata.psnr >= 30
    assert precision != "int8" or metadata.layout == BYTES


@pytest.mark.parametrize("technique", ARBITRARY)
def test_styles_come_from_the_embedded_weights_and_the_tool(technique: str) -> None:
    spec = importlib.util.spec_from_file_location("embed", ROOT / "tools" / "embed.py")
    assert spec is not None and spec.loader is not None
    embed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(embed)
    styles = built_in(technique)
    assert styles.keys() == embed.WORKS.keys() >= {"starry-night", "great-wave"}
    assert len(styles) >= 12
    assert {s.weights_sha256 for s in styles.values()} == {sha256_of(embedded(technique))}


@pytest.mark.parametrize("technique", ARBITRARY)
def test_the_card_belongs_to_the_weights(technique: str) -> None:
    card = json.loads(embedded(technique).with_name("card.json").read_text(encoding="utf-8"))
    assert card["weights_sha256"] == sha256_of(embedded(technique))
    assert card["steps"] > 0 and card["data"]["content"]["pictures"] > 100


@pytest.mark.parametrize("technique", ARBITRARY)
def test_int8_is_small_and_close_to_float(technique: str) -> None:
    path = transfer_file(technique, "int8")
    metadata = metadata_of(path)
    assert path.stat().st_size <= technique_named(technique).largest
    assert metadata.layout == BYTES and sum(metadata.spec.sites) > 0
    assert not [name for name in metadata.float_nodes if "conv" in name], "every convolution is quantized"
    assert metadata.psnr is not None and metadata.psnr >= 30
    assert metadata.ssim is not None and metadata.ssim >= 0.95
    assert len(metadata.calibration) == 64 and metadata.float_nodes
