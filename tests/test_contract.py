"""The contract that every technique keeps, by its row: a new one is tested by being listed."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import skimage.data
from click.testing import CliRunner

import stylex
from stylex.api.prepared import prepare
from stylex.api.stylize import stylize
from stylex.artifacts.catalog import GRAPHS, encoder_file, styles_in, transfer_file
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import STYLE_ENCODER
from stylex.artifacts.style_code import built_in
from stylex.cli import main
from stylex.export.check import TOLERANCES, Comparison, torch_outputs
from stylex.export.graph_spec import Traceable
from stylex.models.registry import embedded_models
from stylex.techniques import ARBITRARY, EXPORTED, NETWORKS, TECHNIQUES, Technique, technique_named

KEPT_AT_STRENGTH_0 = 22.0
"""Decibels, at the least, of INT8 at strength 0 against the photo; networks of one style are mixed and give it back."""
MEASURED = [row for row in TECHNIQUES if row.peak_mib]
PEAK = """
import json, sys
from pathlib import Path
import numpy as np
import stylex
from stylex.runtime.engine.hardware import peak_memory_mib

photo = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
name, load, style = json.loads(sys.argv[1])
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
with stylex.load(name, **load) as painter:
    painter(photo, photo[:300, :300] if style == "picture" else style)
print(peak_memory_mib())
"""

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(cv2.resize(skimage.data.chelsea(), (120, 80), interpolation=cv2.INTER_AREA))


def only_style(row: Technique) -> str:
    """One of the names that its networks have; empty where one network takes any style."""
    return styles_in(GRAPHS, row.name)[0] if row.single_style else ""


@pytest.fixture(scope="module", params=NETWORKS)
def painter(request: pytest.FixtureRequest) -> Iterator[stylex.StylePainter]:
    row = technique_named(request.param)
    with stylex.load(row.name, "int8", "cpu", style=only_style(row), threads=1) as loaded:
        yield loaded


def style_of(painter: stylex.StylePainter) -> str | None:
    return "the-scream" if painter.technique in ARBITRARY else None


@pytest.mark.parametrize("row", TECHNIQUES, ids=lambda row: row.name)
def test_it_loads_by_its_name(row: Technique) -> None:
    named = {"style": only_style(row)} if row.single_style else {}
    with stylex.load(row.name, **named) as painter:
        assert painter.technique == row.name
        assert painter.takes_masks == row.takes_masks or row.kind == "guided"


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (33, 7), (80, 120)])
def test_any_size_comes_back_in_its_size(
    painter: stylex.StylePainter, photo: np.ndarray, size: tuple[int, int]
) -> None:
    height, width = size
    painted = painter(np.ascontiguousarray(photo[:height, :width]), style_of(painter))
    assert painted.shape == (height, width, 3) and painted.dtype == np.uint8
    if height * width > 1000:
        assert painted.std() > 10, "not of one colour"


def test_strength_0_is_the_photo(painter: stylex.StylePainter, photo: np.ndarray) -> None:
    assert cv2.PSNR(painter(photo, style_of(painter), 0.0), photo) > KEPT_AT_STRENGTH_0


def test_a_style_changes_the_photo(painter: stylex.StylePainter, photo: np.ndarray) -> None:
    assert cv2.PSNR(painter(photo, style_of(painter)), photo) < 30


@pytest.mark.parametrize("name", NETWORKS)
def test_tiles_are_the_whole(name: str) -> None:
    """But for single pixels to a level; INT8 rounds otherwise where statistics differ in their last digits."""
    photo = np.ascontiguousarray(cv2.resize(skimage.data.astronaut(), (300, 200), interpolation=cv2.INTER_AREA))
    with stylex.load(name, "fp16", "cpu", style=only_style(technique_named(name)), threads=1) as painter:
        plan = painter.tiles(photo, 224)
        assert plan is not None and plan.count == 2
        whole, tiled = (painter(photo, style_of(painter), tile=tile).astype(int) for tile in ("off", 224))
    apart = np.abs(whole - tiled)
    assert apart.max() <= 3 and (apart > 1).mean() < 1e-3


@pytest.mark.parametrize("technique", ARBITRARY)
def test_built_in_styles_have_the_same_names(technique: str) -> None:
    assert built_in(technique).keys() == built_in(ARBITRARY[0]).keys()


def graphs_of(name: str) -> list[tuple[Traceable, Path]]:
    """What is exported of the embedded weights, and the files that it was exported to."""
    model, pairs = embedded_models(name)[0], []
    for graph in model.traceables(None):
        if graph.spec.role == STYLE_ENCODER:
            pairs.append((graph, encoder_file(name)))
        else:
            pairs += [(graph, transfer_file(name, precision, style=model.style)) for precision in ("fp16", "int8")]
    return pairs


@pytest.mark.parametrize("name", EXPORTED)
def test_the_exported_graphs_are_the_network(name: str) -> None:
    """Each says what the network's package says, and computes what torch computes, as close as exports must be."""
    photo = np.ascontiguousarray(skimage.data.astronaut()[64:192, 128:256])
    for graph, file in graphs_of(name):
        metadata = read_metadata(file)
        assert metadata.spec == graph.spec, file.name
        border = graph.spec.border
        feed = graph.feed(cv2.copyMakeBorder(photo, *[border] * 4, cv2.BORDER_REFLECT_101), 0, True)
        comparison = Comparison(graph, [feed], torch_outputs(graph, [feed]), [], [])
        report, *_ = comparison.reports(onnx.load(file))
        tolerance = TOLERANCES[metadata.precision]
        assert report.meets(tolerance), f"{file.name}: {report}"


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux forgets a peak of memory")
@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.name)
def test_peak_memory_is_what_the_rows_say(row: Technique) -> None:
    """Each in a process of its own: what one technique leaves behind would count for the next."""
    load = {"precision": "int8", "provider": "cpu", "threads": 1} if row.has_graphs else {}
    style = "the-scream" if row.name in ARBITRARY else "picture" if row.needs_style else None
    call = json.dumps((row.name, load | ({"style": only_style(row)} if row.single_style else {}), style))
    done = subprocess.run([sys.executable, "-c", PEAK, call], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 0.75 * row.peak_mib < float(done.stdout) <= row.peak_mib


@pytest.mark.parametrize("row", TECHNIQUES, ids=lambda row: row.name)
def test_options_have_help_and_a_default_that_they_take(row: Technique) -> None:
    names = [*row.shared, *(option.name for option in row.options)]
    assert len(names) == len(set(names))
    for option in row.options:
        assert option.help or option.choices, option.name
        if option.default is not None and not option.multiple:
            assert option.parsed(option.default) == option.default
    flags = {word for example in row.examples for word in example.split() if word.startswith("--")}
    shown = CliRunner().invoke(main, [*row.call.split()[1:], "--help"])
    assert shown.exit_code == 0 and all(flag in shown.output for flag in flags)


def test_defaults_stand_once() -> None:
    """Calls that name an option have its row's default, and `stylize` and what it is made of have the same ones."""
    asked, taken = inspect.signature(stylize).parameters, inspect.signature(prepare).parameters
    assert {name: taken[name].default for name in taken if name in asked and name != "technique"} == {
        name: asked[name].default for name in taken if name in asked and name != "technique"
    }
    for row in TECHNIQUES:
        for option in row.options:
            default = asked[option.name].default if option.name in asked else None
            assert default in (None, ()) or default == option.default, option.name
