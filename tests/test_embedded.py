"""What lies in the package fits together and is as good as it says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import onnx
import pytest

from stylex.artifacts.catalog import encoder_file, transfer_file
from stylex.artifacts.metadata import BYTES, PRECISIONS, GraphFacts
from stylex.artifacts.style_code import built_in
from stylex.files import sha256_of
from stylex.models.weights import embedded
from stylex.techniques import ARBITRARY, technique_named

ROOT = Path(__file__).parents[1]
FILES = [
    (technique, path)
    for technique in ARBITRARY
    for path in (*(transfer_file(technique, p) for p in PRECISIONS), encoder_file(technique))
    if path.is_file()
]


def facts_of(path: Path) -> GraphFacts:
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return GraphFacts.from_metadata(metadata, path.name)


@pytest.mark.parametrize(("technique", "path"), FILES, ids=[path.name for _, path in FILES])
def test_graphs_come_from_the_embedded_weights(technique: str, path: Path) -> None:
    facts = facts_of(path)
    assert facts.technique == technique and facts.weights_sha256 == sha256_of(embedded(technique))
    assert facts.licence and facts.provenance and {"torch", "onnx", "onnxruntime"} <= facts.versions.keys()


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
    facts = facts_of(path)
    assert path.stat().st_size <= technique_named(technique).largest
    assert facts.layout == BYTES and sum(facts.sites) > 0
    assert not [name for name in facts.float_nodes if "conv" in name], "every convolution is quantized"
    assert facts.psnr is not None and facts.psnr >= 30
    assert facts.ssim is not None and facts.ssim >= 0.95
    assert len(facts.calibration) == 64 and facts.float_nodes
