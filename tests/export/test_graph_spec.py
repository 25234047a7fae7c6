"""The exporter's contract: what a network says of its graphs is what their files say."""

from __future__ import annotations

import pytest

from stylex.artifacts.catalog import encoder_file, transfer_file
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import STYLE_ENCODER
from stylex.models.registry import embedded_models

EMBEDDED = ["adain", "attention", "multiscale", "fast", "cyclegan", "segmenter", "upscaler"]


@pytest.mark.parametrize("technique", EMBEDDED)
def test_specifications_are_those_of_the_embedded_files(technique: str) -> None:
    for model in embedded_models(technique):
        for graph in model.traceables(None):
            encoder = graph.spec.role == STYLE_ENCODER
            path = encoder_file(technique) if encoder else transfer_file(technique, "int8", style=model.style)
            assert read_metadata(path).spec == graph.spec
