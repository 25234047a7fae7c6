"""One list: every row is complete, and all who need a fact of a technique have it from its row."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from stylex.artifacts.catalog import GRAPHS, transfer_file
from stylex.cli import main
from stylex.cli.commands.run import command as run
from stylex.cli.commands.train import command as train
from stylex.cli.options.technique import TECHNIQUES_OF
from stylex.models.cyclegan.recipe import CycleGanSettings
from stylex.models.encoders import opening
from stylex.models.fast.recipe import FastSettings
from stylex.models.reference.gatys import GatysSettings
from stylex.models.reference.style_losses import DISTANCES
from stylex.models.registry import model_of
from stylex.models.segmenter.network import MULTIPLE
from stylex.models.segmenter.recipe import SegmenterSettings
from stylex.models.shared.arbitrary_style import ArbitraryStyleNetwork
from stylex.models.slim_encoder.recipe import EncoderSettings
from stylex.models.training.arbitrary_style import ArbitraryStyleSettings
from stylex.models.training.recipe import Recipe
from stylex.models.upscaler.recipe import UpscalerSettings
from stylex.runtime.histogram import SPACES
from stylex.runtime.semantic import faces, regions
from stylex.runtime.video.film import paint_film
from stylex.runtime.video.stylizer import MODES, Stylizer
from stylex.techniques import ARBITRARY, DEFAULT, EXPORTED, ROWS, SINGLE, TECHNIQUES, TOOLS, listed, row_named
from stylex.techniques.options import FACE_STRENGTH

README = Path(__file__).parents[2] / "README.md"
TRAINED = [row for row in ROWS if row.train]
SETTINGS = {
    "fast": FastSettings(),
    "cyclegan": CycleGanSettings(),
    "encoder": EncoderSettings(),
    "segmenter": SegmenterSettings(),
    "upscaler": UpscalerSettings(),
}


def test_names_are_unique() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names)) == len(TECHNIQUES) + len(TOOLS)
    assert DEFAULT in ARBITRARY
    assert (*ARBITRARY, *SINGLE) == tuple(n for n in (*ARBITRARY, *SINGLE) if n in EXPORTED)


@pytest.mark.parametrize("name", EXPORTED)
def test_int8_graphs_are_no_larger_than_the_row_says(name: str) -> None:
    files = sorted(GRAPHS.glob(f"{name}*-int8.onnx")) if name in SINGLE else [transfer_file(name, "int8")]
    assert files
    for file in files:
        assert 0.6 * row_named(name).largest < file.stat().st_size <= row_named(name).largest, file.name


@pytest.mark.parametrize("row", TRAINED, ids=lambda row: row.name)
def test_every_training_has_a_command_with_its_defaults(row) -> None:  # type: ignore[no-untyped-def]
    options = {p.name: p.default for p in train.commands[row.name].params}
    for option in row.training.options:
        assert option.name in options
        if option.default:
            assert options[option.name] == option.default
    for name in ("steps", "minutes", "batch", "size", "rate", "hold_out"):
        assert options[name] == getattr(row.training, name)
    assert row.training.size % row.training.grid == 0
    recipe = model_of(row.name).recipe.resolve().__self__  # type: ignore[attr-defined]
    assert issubclass(recipe, Recipe) and recipe.name == row.name


@pytest.mark.parametrize("row", TRAINED, ids=lambda row: row.name)
def test_the_recipes_settings_are_the_rows(row) -> None:  # type: ignore[no-untyped-def]
    recipe = model_of(row.name).recipe.resolve().__self__  # type: ignore[attr-defined]
    settings = SETTINGS.get(row.name) or recipe.defaults
    wanted = {name: getattr(row.training, name) for name in ("size", "batch", "hold_out")}
    for option in row.training.options:
        if option.name.endswith("_weight"):
            wanted[option.name.removesuffix("_weight")] = option.default
    if isinstance(settings, ArbitraryStyleSettings):
        wanted["grid"] = row.training.grid
    assert {name: dataclasses.asdict(settings)[name] for name in wanted} == wanted


def test_networks_need_the_grid_that_the_row_says() -> None:
    assert row_named("segmenter").training.grid == MULTIPLE
    for name in ARBITRARY:
        with torch.device("meta"):
            network = model_of(name).network()
        assert isinstance(network, ArbitraryStyleNetwork) and row_named(name).training.grid == network.spec.multiple


def test_choices_are_what_the_library_knows() -> None:
    gatys = row_named("gatys")
    assert gatys.option("style_loss").choices == tuple(DISTANCES)
    assert gatys.option("encoder").choices == opening.NAMES
    assert row_named("histogram").option("space").choices == SPACES
    assert row_named("video").option("temporal").choices == MODES


def test_the_librarys_defaults_are_the_rows() -> None:
    video, gatys = row_named("video"), row_named("gatys")
    parameters = inspect.signature(Stylizer).parameters
    assert parameters["temporal"].default == video.default("temporal")
    assert inspect.signature(paint_film).parameters["crf"].default == video.default("crf")
    assert row_named("semantic").default("feather") == regions.FEATHER
    assert faces.STRENGTH == FACE_STRENGTH
    assert GatysSettings().loss == gatys.default("style_loss")
    assert GatysSettings().variation == gatys.default("variation")


def test_run_has_the_options_of_every_technique() -> None:
    names = {p.name for p in run.params}
    for technique in TECHNIQUES:
        if technique.verb == "run":
            assert {*technique.shared, *(option.name for option in technique.options)} <= names
            assert all(technique.name in TECHNIQUES_OF[name] for name in technique.shared)
            assert technique.examples


def test_the_tables_in_the_readme() -> None:
    printed = CliRunner().invoke(main, ["list", "--markdown"])
    assert printed.exit_code == 0
    tables = printed.stdout.split("\n\n")
    assert len(tables) == 2 and all(f"`stylex train {row.name} " in tables[1] for row in TRAINED)
    for table in tables:
        assert table in README.read_text(encoding="utf-8"), "put in what `stylex list --markdown` prints"


def test_listed() -> None:
    assert listed(["a"]) == "a" and listed(["a", "b"]) == "a and b" and listed(("a", "b", "c"), "or") == "a, b or c"
