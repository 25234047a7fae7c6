"""Published checkpoints all the way: file, recognition, graph, INT8, picture."""

from __future__ import annotations

import json

import numpy as np
import pytest
import skimage.data
import torch
from click.testing import CliRunner

import stylex
from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER
from stylex.cli import main
from stylex.errors import InputError, UsageError
from stylex.export import samples
from stylex.export.samples import Samples
from stylex.imaging.writing import write_picture
from stylex.models.attention import sanet
from stylex.models.published.recognition import Architectures, published_shapes
from stylex.models.shared import vgg

ARCHITECTURES = Architectures.of().techniques
SMALLER = {"ResnetGenerator": {"width": 24, "blocks": 6}}
"""Parts that a checkpoint may have of any size: the published one is 64 channels wide and has 9 blocks."""
NARROW = ((8, 8), (16, 16), (32,) * 4, (64,) * 4, (64,) * 4)


@pytest.fixture(scope="module")
def few() -> None:
    """Narrow VGGs, small and few pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "SAMPLES", Samples(calibrating=4, checking=3, side=64, rounds=1))
        for module in (vgg, sanet):
            patch.setattr(module, "STAGES", NARROW)
        patch.setattr(sanet.SANet, "style_side", 64)
        published_shapes.cache_clear()
        yield
    published_shapes.cache_clear()


@pytest.fixture(scope="module")
def export(few, seeded_parts, tmp_path_factory):
    """Writes the files of an architecture and exports them; once for every architecture and precision."""
    made = {}

    def run(name, *options):
        if (name, options) not in made:
            folder = tmp_path_factory.mktemp("checkpoint")
            known = next(p for p in ARCHITECTURES if p.name == name)
            arguments = []
            for at, part in enumerate(known.parts):
                name_of_file = part.name.split()[-1] if "MicroAST" in part.name else part.name.replace(" ", "_")
                path = folder / f"{name_of_file}.pth"
                tensors = seeded_parts(part.name, at, **SMALLER.get(part.name, {}))
                torch.save({f"module.{n}": t for n, t in tensors.items()}, path)
                arguments += ["--checkpoint", str(path)]
            result = CliRunner().invoke(main, ["export", *arguments, *options, "--json", "-o", str(folder)])
            assert result.exit_code == 0, result.output
            made[name, options] = (folder, json.loads(result.stdout))
        return made[name, options]

    return run


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return skimage.data.coffee()[:150, :130]


FIXED = ("--int8", "--size", "64")
"""Traced in a third of the time; one network of each kind is traced with dynamic sizes."""


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fast-neural-style", ("--int8",)),
        ("CycleGAN", FIXED),
        ("AdaIN", ("--int8",)),
        ("SANet", FIXED),
        ("MicroAST", FIXED),
    ],
)
def test_a_checkpoint_becomes_an_int8_graph_that_paints(export, photo, painting, name, options):
    folder, rows = export(name, *options)
    technique = next(row.name for p, row in ARCHITECTURES.items() if p.name == name)
    transfer = rows[0]
    metadata = transfer["metadata"]
    assert (metadata["technique"], metadata["tier"], metadata["role"]) == (technique, "reference", TRANSFER)
    assert (metadata["precision"], metadata["licence"], metadata["border"]) == ("int8", "not stated", 0)
    assert metadata["provenance"].startswith(f"a checkpoint of {name}: ")
    assert transfer["checks"][0]["mean_psnr"] >= 30 and transfer["checks"][0]["mean_ssim"] >= 0.95
    assert len(transfer["left_in_float32"]) <= 3
    takes_styles = name not in ("fast-neural-style", "CycleGAN")
    assert [r["metadata"]["role"] for r in rows[1:]] == [STYLE_ENCODER] * takes_styles
    painter = stylex.load(technique, provider="cpu", graphs=folder, threads=1)
    assert painter.precision == "int8" and painter.takes_styles == takes_styles
    odd = photo[:50, :61] if options == FIXED else photo[:70, :101]
    style = painting if takes_styles else None
    painted = painter(odd, style)
    assert painted.shape == odd.shape and painted.dtype == np.uint8 and painted.std() > 2
    assert np.abs(painted.astype(int) - painter(odd, style, 0.0)).max() > 3
    if takes_styles:
        assert painter.encode(painting).values.shape == (metadata["code_size"],)
        mixed = painter(odd, [(painting, 1), (255 - painting, 2)])
        assert mixed.shape == odd.shape


def test_a_published_architecture_runs_in_place_of_the_embedded_one(export, photo, painting, tmp_path):
    folder, _ = export("SANet", *FIXED)
    write_picture(tmp_path / "photo.png", photo[:64, :60])
    write_picture(tmp_path / "style.png", painting)
    paint = ["run", "attention", str(tmp_path / "photo.png"), "--style", str(tmp_path / "style.png")]
    paint += ["-o", str(tmp_path / "painted.png"), "--provider", "cpu"]
    result = CliRunner().invoke(main, [*paint, "--graphs", str(folder)])
    assert result.exit_code == 0, result.output
    assert "attention int8 on cpu" in result.stdout
    assert CliRunner().invoke(main, paint).exit_code == 0, "the embedded one"
    with pytest.raises(InputError, match=r"make it with `stylex export multiscale -o"):
        stylex.load("multiscale", "fp32", "cpu", graphs=folder)


def test_one_style_is_named_after_its_file_or_by_hand(few, seeded_parts, tmp_path):
    checkpoint = tmp_path / "candy.tar.pth"
    tensors = {**seeded_parts("TransformerNet"), "in1.running_mean": torch.zeros(32)}
    torch.save({"state_dict": tensors, "epoch": 2}, checkpoint)
    for arguments, expected in (
        (["--style", "a/b"], "can't be part of a file's name"),
        (["--size", "66"], "it must be a multiple of 4, at least 16"),
        (["--size", "12"], "it must be a multiple of 4, at least 16"),
        (["--size", "-4"], "must be at least 1"),
        (["--weights", "w.safetensors"], "--weights and --checkpoint exclude each other"),
    ):
        result = CliRunner().invoke(main, ["export", "--checkpoint", str(checkpoint), *arguments, "-o", str(tmp_path)])
        assert result.exit_code == 2 and expected in result.stderr, result.output
    result = CliRunner().invoke(main, ["export", "adain", "--checkpoint", str(checkpoint)])
    assert result.exit_code == 2 and "this is a checkpoint of fast, not of adain" in result.stderr
    result = CliRunner().invoke(main, ["export"])
    assert result.exit_code == 2 and "give a TECHNIQUE, or --checkpoint FILE" in result.stderr
    assert list(tmp_path.iterdir()) == [checkpoint]
    result = CliRunner().invoke(main, ["export", "--checkpoint", str(checkpoint), "--size", "68", "-o", str(tmp_path)])
    assert result.exit_code == 0 and (tmp_path / "fast-candy-fp32.onnx").is_file(), result.output
    assert "candy.tar.pth: passed over 1 unused running statistics of an old torch" in result.output
    painter = stylex.load("fast", provider="cpu", style="candy", graphs=tmp_path)
    assert painter.transfer.metadata.style == "candy" and painter.transfer.metadata.spec.fixed_size == 68
    with pytest.raises(UsageError, match="one style is 'candy'"):
        painter(np.zeros((20, 20, 3), np.uint8), "irises")


def test_a_technique_that_takes_styles_has_no_name_for_one(few, seeded_parts, tmp_path):
    arguments = []
    for part in ("decoder", "vgg_normalised"):
        torch.save(seeded_parts(part), tmp_path / f"{part}.pth")
        arguments += ["--checkpoint", str(tmp_path / f"{part}.pth")]
    result = CliRunner().invoke(main, ["export", *arguments, "--style", "candy", "-o", str(tmp_path)])
    assert result.exit_code == 2 and "AdaIN takes any style: leave the style out (--style)" in result.stderr
