from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from stylex.artifacts.style_code import StyleCode, built_in_code, save_code
from stylex.cli import main
from stylex.export import samples
from stylex.export.samples import Samples
from stylex.files import sha256_of
from stylex.imaging.writing import write_picture
from stylex.models import registry
from stylex.models.adain import embedded as adain_embedded
from stylex.models.adain import recipe
from stylex.models.adain.network import AdaIN
from stylex.models.attention import recipe as attention_recipe
from stylex.models.attention.network import Attention
from stylex.models.cyclegan import recipe as cyclegan_recipe
from stylex.models.cyclegan.network import CycleGan, Generator
from stylex.models.fast import recipe as fast_recipe
from stylex.models.fast.bake import baked
from stylex.models.fast.network import Fast
from stylex.models.multiscale import recipe as multiscale_recipe
from stylex.models.multiscale.network import Multiscale
from stylex.models.shared.graphs import traceables
from stylex.models.weights import CALIBRATION, Weights

pytestmark = pytest.mark.usefixtures("one_thread", "seeded")


@pytest.fixture
def tiny_network(monkeypatch, spec):
    """Training and export use a tiny AdaIN, and export looks at few and small pictures."""

    class TinyAdaIN(AdaIN):
        def __init__(self, described: int = 0) -> None:
            super().__init__(spec, described, (4, 8, 8, 8))

    monkeypatch.setattr(recipe, "AdaIN", TinyAdaIN)
    known = dataclasses.replace(registry.model_of("adain"), network=TinyAdaIN, traceables=traceables)
    monkeypatch.setattr(registry, "model_of", lambda technique: known)
    monkeypatch.setattr(samples, "SAMPLES", Samples(calibrating=4, checking=4, side=64, rounds=1))


def invoked(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def trained(crops, teacher, out, steps, *more):
    photos, paintings = crops("photo", 9), crops("painting", 9)
    options = ["--size", 96, "--batch", 3, "--teacher", teacher, "--hold-out", 0, "--device", "cpu"]
    call = ["train", "adain", "--content", photos, "--style", paintings, "--out", out, "--steps", steps]
    return invoked(*call, *options, *more)


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
    assert {"content", "style", "palette", "fine", "drift", "describe"} <= card["losses"].keys()
    assert (out / "samples.jpg").is_file()

    result = invoked("export", "adain", "--weights", out / "weights.safetensors", "-o", exported, "--json")
    assert result.exit_code == 0, result.output
    reported = json.loads(result.stdout)
    assert {r["path"] for r in reported} == {str(f) for f in exported.iterdir()}
    assert "photo" in reported[0]["metadata"]["provenance"], "the card tells what it was trained on"
    assert reported[0]["metadata"]["licence"] == "not stated"


def test_training_begins_with_given_weights(tmp_path, crops, teacher, tiny_network):
    first, again = tmp_path / "first", tmp_path / "again"
    assert trained(crops, teacher, first, 1).exit_code == 0
    result = trained(crops, teacher, again, 1, "--start", first / "weights.safetensors", "--rate", 1e-12)
    assert result.exit_code == 0, result.output
    card = json.loads((again / "card.json").read_text())
    assert card["start"]["weights_sha256"] == sha256_of(first / "weights.safetensors")
    assert card["start"]["card"]["steps"] == 1 and "describe" not in card["losses"]
    before, after = (load_file(folder / "weights.safetensors") for folder in (first, again))
    for name in before.keys() - {CALIBRATION}:
        torch.testing.assert_close(after[name], before[name], atol=1e-3, rtol=0)
    missing = trained(crops, teacher, tmp_path / "none", 1, "--start", tmp_path / "none.safetensors")
    assert missing.exit_code == 3 and "none.safetensors is not a file" in missing.output


def run_options(teacher, out):
    return ["--teacher", teacher, "--out", out, "--steps", 1, "--size", 96, "--batch", 2, "--hold-out", 0]


@pytest.fixture
def tiny_spec(monkeypatch, spec):
    monkeypatch.setattr(fast_recipe, "Fast", lambda: Fast(spec))
    monkeypatch.setattr(fast_recipe, "baked", lambda *given: baked(*given, spec))
    adain = AdaIN(dataclasses.replace(spec, blocks=2)).eval()
    weights = Weights(Path("none"), {}, {}, built_in_code("irises").weights_sha256, {})
    monkeypatch.setattr(adain_embedded, "embedded_adain", lambda: (adain, weights))
    return adain


@pytest.fixture
def painting(crops):
    return sorted(crops("painting", 9).iterdir())[0]


def test_train_fast(tmp_path, crops, teacher, tiny_spec, painting):
    made = invoked(
        "train", "fast", "--content", crops("photo", 9), "--style", painting, *run_options(teacher, tmp_path)
    )
    assert made.exit_code == 0, made.output
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["style"]["name"] == painting.stem and card["start"] == "random"
    assert "stylex export fast --weights" in made.output


def test_bake_a_picture_and_a_code(tmp_path, crops, teacher, tiny_spec, painting):
    for style, name in ((painting, painting.stem), ("mine.style", "other")):
        out = tmp_path / name
        with torch.no_grad():
            code = tiny_spec.encode(torch.rand(1, 3, 64, 64))[0].numpy()
        save_code(StyleCode("x", code, "adain", built_in_code("irises").weights_sha256), tmp_path / "mine.style")
        given = tmp_path / style if name == "other" else style
        more = ["--name", "other"] if name == "other" else []
        made = invoked("bake", "--style", given, "--content", crops("photo", 9), *more, *run_options(teacher, out))
        assert made.exit_code == 0, made.output
        card = json.loads((out / "card.json").read_text())
        assert card["style"]["name"] == name and "folded in" in card["start"]


def test_without_loss_networks_the_embedded_encoder_judges(tmp_path, crops, teacher, tiny_spec, painting):
    photos = crops("alone", 9)  # no teacher/ folder above
    options = [o for o in run_options(teacher, tmp_path) if o not in ("--teacher", teacher)]
    made = invoked("train", "fast", "--content", photos, "--style", painting, *options)
    assert made.exit_code == 0, made.output
    assert "the embedded encoder judges" in made.output
    assert json.loads((tmp_path / "card.json").read_text())["teachers"] == "the embedded encoder"


@pytest.mark.parametrize("verb", [("train", "fast"), ("bake",)])
def test_torchvisions_vgg16_is_enough(tmp_path, crops, vgg16, tiny_spec, painting, verb):
    made = invoked(*verb, "--content", crops("photo", 9), "--style", painting, *run_options(vgg16, tmp_path))
    assert made.exit_code == 0, made.output
    assert json.loads((tmp_path / "card.json").read_text())["teachers"] == "VGG-16"


def test_a_teacher_folder_that_doesnt_suffice(tmp_path, crops, vgg16, tiny_spec, painting):
    photos = crops("photo", 9)
    inside = photos.rename(tmp_path / "photo")
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "other.pth").write_bytes(b"damaged")
    options = [o for o in run_options(vgg16, tmp_path / "run") if o not in ("--teacher", vgg16)]
    call = ["train", "fast", "--content", inside, "--style", painting, *options]
    refused = invoked(*call)
    assert refused.exit_code == 4 and "other.pth is damaged" in refused.output and "Traceback" not in refused.output
    (tmp_path / "teacher" / "other.pth").unlink()
    assert "until then the embedded encoder judges" in invoked(*call).output
    shutil.copy(vgg16, tmp_path / "teacher")
    made = invoked(*call, "--steps", 2)
    assert made.exit_code == 0, made.output


@pytest.mark.parametrize(
    ("call", "file"),
    [
        (("encoder", "--style", "paintings", "--content", "photos"), "vgg19_relu3_4.safetensors"),
        (("segmenter", "--photos", "photos"), "vgg19_slim_relu5_1.safetensors"),
    ],
)
def test_what_only_a_folder_has(tmp_path, vgg16, call, file):
    for given, expected in ((vgg16, f"is a single file, and {file} is needed"), (vgg16.parent, f"{file} is missing")):
        result = invoked("train", *call, "--out", tmp_path / "run", "--teacher", given, "--device", "cpu")
        assert result.exit_code == 3
        assert expected in result.output and "--teacher DIR" in result.output and "Traceback" not in result.output


def test_train_cyclegan(tmp_path, crops, teacher, monkeypatch, spec):
    class Tiny(CycleGan):
        def __init__(self) -> None:
            super().__init__(spec)

    monkeypatch.setattr(cyclegan_recipe, "CycleGan", Tiny)
    monkeypatch.setattr(cyclegan_recipe, "STATISTICS_BATCHES", 1)
    monkeypatch.setattr(adain_embedded, "embedded_adain", lambda: (AdaIN(spec), None))
    folders = ["--domain-a", crops("photo", 9), "--domain-b", crops("drawing", 9)]
    made = invoked("train", "cyclegan", *folders, "--name", "drawn", *run_options(teacher, tmp_path))
    assert made.exit_code == 0, made.output
    assert json.loads((tmp_path / "card.json").read_text())["style"] == {"name": "drawn"}
    assert set(load_file(tmp_path / "weights.safetensors")) == set(Generator(spec).state_dict())


def test_a_style_of_one_colour(tmp_path, crops, teacher):
    write_picture(tmp_path / "flat.png", np.full((80, 80, 3), 7, np.uint8))
    for verb in (("train", "fast"), ("bake",)):
        content = ["--content", crops("photo", 9), "--style", tmp_path / "flat.png"]
        result = invoked(*verb, *content, *run_options(teacher, tmp_path / "run"))
        assert result.exit_code == 3 and "all of one colour" in result.output


def test_corrupt_and_tiny_files_are_named_and_too_few_are_an_error(tmp_path, crops, teacher, tiny_spec, painting):
    folder = tmp_path / "photos"
    shutil.copytree(crops("photo", 9), folder)
    (folder / "broken.jpg").write_bytes(b"no picture")
    write_picture(folder / "tiny.png", np.zeros((20, 20, 3), np.uint8))
    call = ["train", "fast", "--content", folder, "--style", painting, *run_options(teacher, tmp_path / "run")]
    made = invoked(*call)
    assert made.exit_code == 0, made.output
    assert "9 pictures, 2 skipped" in made.output
    assert "skipped" in made.output and "broken.jpg" in made.output and "tiny.png" in made.output
    for file in sorted(folder.glob("photo-*"))[:2]:
        file.unlink()
    few = invoked(*call[:-8], "--out", tmp_path / "other", *call[-6:])
    assert few.exit_code == 3 and "7 usable pictures (2 skipped); training needs at least 8" in few.output
    assert not (tmp_path / "other").exists()


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


def test_train_attention_and_multiscale(tmp_path, crops, teacher, spec, monkeypatch):
    widths = (4, 8, 8, 8)
    adain = AdaIN(spec, widths=widths).eval()
    begin = (adain, Weights(Path("none"), adain.state_dict(), {}, "0" * 64, {}))
    deep = dataclasses.replace(spec, sixteenth=8, deep_blocks=1)
    monkeypatch.setattr(attention_recipe, "Attention", lambda: Attention(spec, widths))
    monkeypatch.setattr(multiscale_recipe, "Multiscale", lambda: Multiscale(deep, widths))
    for module in (attention_recipe, multiscale_recipe):
        monkeypatch.setattr(module, "embedded_adain", lambda: begin)
    folders = ("--content", crops("photo", 9), "--style", crops("painting", 9))
    for technique, own in (("attention", {"structure", "local"}), ("multiscale", {"quarter"})):
        out = tmp_path / technique
        result = invoked("train", technique, *folders, *run_options(teacher, out))
        assert result.exit_code == 0, result.output
        assert f"stylex export {technique} --weights" in " ".join(result.output.split())
        card = json.loads((out / "card.json").read_text())
        assert card["technique"] == technique and own <= card["losses"].keys() and "describe" not in card["losses"]
        codes = load_file(out / "weights.safetensors")[CALIBRATION]
        assert codes.shape[0] == 64 and torch.isfinite(codes.float()).all()


def test_a_size_that_the_coarsest_level_cant_halve(tmp_path, crops, teacher):
    folders = ("--content", crops("photo", 9), "--style", crops("painting", 9))
    options = [104 if o == 96 else o for o in run_options(teacher, tmp_path)]
    result = invoked("train", "multiscale", *folders, *options)
    assert result.exit_code == 2 and "the size is 104; it must be a multiple of 16 (--size)" in result.output
