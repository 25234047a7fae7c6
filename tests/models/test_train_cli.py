from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from safetensors.torch import load_file

from stylex.cli import main
from stylex.cli.export import command as export_command
from stylex.cli.train import command
from stylex.export import pipeline
from stylex.export.pipeline import ExportSettings
from stylex.export.trace import OPSET
from stylex.models import registry
from stylex.models.adain import network, recipe
from stylex.models.adain.graphs import graphs
from stylex.models.adain.network import AdaIN
from stylex.models.adain.recipe import AdaINSettings
from stylex.models.recipe import Schedule


@pytest.fixture
def tiny_network(monkeypatch, spec):
    """Training and export use a tiny AdaIN, and export looks at few and small pictures."""

    class TinyAdaIN(AdaIN):
        def __init__(self, described: int = 0) -> None:
            super().__init__(spec, described)

    monkeypatch.setattr(network, "WIDTHS", (4, 8, 8, 8))
    monkeypatch.setattr(recipe, "AdaIN", TinyAdaIN)
    monkeypatch.setattr(registry, "ENTRIES", (registry.Entry("adain", TinyAdaIN, graphs, "MIT", "tests"),))
    for name, value in (("CALIBRATION_PHOTOS", 4), ("CHECKED_PHOTOS", 4), ("PICTURE", 64)):
        monkeypatch.setattr(pipeline, name, value)


def stylex(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def trained(crops, teacher, out, steps, *more):
    photos, paintings = crops("photo", 9), crops("painting", 9)
    options = ["--size", 96, "--batch", 3, "--teacher", teacher, "--hold-out", 0, "--device", "cpu"]
    call = ["train", "adain", "--content", photos, "--style", paintings, "--out", out, "--steps", steps]
    return stylex(*call, *options, *more)


def test_train_resume_and_export(tmp_path, crops, teacher, tiny_network):
    out, exported = tmp_path / "run", tmp_path / "models"
    exported.mkdir()
    first = trained(crops, teacher, out, 2)
    assert first.exit_code == 0, first.output
    assert "9 pictures, 0 skipped" in first.output and str(out / "weights.safetensors") in first.output
    weights = load_file(out / "weights.safetensors")
    assert not any(name.startswith("style.describe") for name in weights)

    second = trained(crops, teacher, out, 3)
    assert second.exit_code == 0, second.output
    assert "at step 2," in " ".join(second.output.split())
    card = json.loads((out / "card.json").read_text())
    assert card["steps"] == 3 and card["data"]["content"]["pictures"] == 9
    assert {"content", "style", "texture", "describe"} <= card["losses"].keys()
    assert (out / "samples.jpg").is_file()

    result = stylex("export", "adain", "--int8", "--weights", out / "weights.safetensors", "-o", exported, "--json")
    if result.exit_code:
        assert result.exit_code == 1 and "differs too much from torch" in result.output
        assert not list(exported.iterdir())
    else:
        reported = json.loads(result.stdout)
        assert {r["path"] for r in reported} == {str(f) for f in exported.iterdir()}
        assert "photo" in reported[0]["facts"]["provenance"], "the card tells what it was trained on"
        assert reported[0]["facts"]["licence"] == "not stated"


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--size", 100], 2, "multiple of 8"),
        (["--steps", 0], 2, "steps"),
        (["--style", "/nowhere"], 3, "not a folder"),
        (["--teacher", "/nowhere"], 3, "--teacher"),
    ],
)
def test_wrong_calls_end_with_one_line(tmp_path, crops, teacher, more, code, message):
    result = trained(crops, teacher, tmp_path / "run", 1, *more)
    assert result.exit_code == code
    assert message in result.output and "Traceback" not in result.output


def test_the_commands_defaults_are_the_librarys():
    options = {p.name: p.default for p in command.commands["adain"].params}
    schedule, settings = Schedule(), AdaINSettings()
    for name in ("steps", "minutes", "rate", "seed"):
        assert options[name] == getattr(schedule, name), name
    for name, field in (("batch", "batch"), ("size", "size"), ("hold_out", "hold_out"), ("content_weight", "content")):
        assert options[name] == getattr(settings, field), name
    assert options["style_weight"] == settings.style == settings.texture


def test_the_exporters_defaults_are_the_librarys():
    options = {p.name: p.default for p in export_command.params}
    assert options["target"] == ExportSettings().target and options["opset"] == OPSET == ExportSettings().opset
