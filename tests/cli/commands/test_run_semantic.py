"""`stylex run semantic`, and faces that are protected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import skimage.data
from click.testing import Result
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture

RunCli = Callable[..., Result]
Fails = Callable[..., str]
FAST = ("--provider", "cpu", "--threads", 1)


@pytest.fixture
def astronaut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo in the current folder, 256x256."""
    monkeypatch.chdir(tmp_path)
    small = np.asarray(Image.fromarray(skimage.data.astronaut()).resize((256, 256)))
    write_picture(tmp_path / "photo.png", small)
    return Path("photo.png")


@pytest.fixture
def left(shot: Path) -> Path:
    """A mask of the photo's left half, and one of another size."""
    mask = np.zeros((96, 128), np.uint8)
    mask[:, :64] = 255
    Image.fromarray(mask).save("left.png")
    Image.fromarray(mask[:50]).save("small.png")
    return Path("left.png")


def difference(one: str, other: str) -> np.ndarray:
    return np.abs(read_picture(one).rgb.astype(float) - read_picture(other).rgb).mean(2)


def test_person_and_background(astronaut: Path, run_cli: RunCli) -> None:
    given = ("--region", "person=the-scream:0.6", "--region", "background=great-wave")
    result = run_cli("run", "semantic", astronaut, *FAST, *given, "--show-masks", "where.png")
    assert result.exit_code == 0, result.output
    assert "semantic with adain" in result.stdout and "regions by segmenter-" in result.stdout
    assert "person " in result.stdout and "background " in result.stdout
    painted = result.stdout.partition(":")[0]
    assert painted == "photo-semantic-the-scream+great-wave.png"
    assert read_picture(painted).rgb.shape == read_picture("where.png").rgb.shape == (256, 256, 3)
    run_cli("run", "adain", astronaut, *FAST, "--style", "great-wave", "-o", "wave.png")
    change = difference(painted, "wave.png")
    face, wall = change[40:75, 95:130].mean(), change[20:60, 150:170].mean()
    assert face > 2 * wall


def test_masks_instead_of_a_segmenter(shot: Path, left: Path, run_cli: RunCli) -> None:
    given = ("--region", "sky=irises+deluge", "--mask", "sky=left.png")
    result = run_cli("run", "semantic", shot, *FAST, *given, "-o", "a.png")
    assert result.exit_code == 0, result.output
    assert "regions by masks: sky 50 %" in result.stdout
    run_cli("run", "adain", shot, *FAST, "--style", "irises", "--strength", 0, "-o", "plain.png")
    change = difference("a.png", "plain.png")
    assert change[:, :40].mean() > 4 * change[:, 96:].mean()


def test_a_mask_belongs_to_the_photo_before_it_was_reduced(
    shot: Path, left: Path, run_cli: RunCli, fails: Fails
) -> None:
    ask = ("run", "semantic", shot, *FAST, "--region", "sky=irises", "--mask", "sky=left.png", "--size", 64)
    assert run_cli(*ask).exit_code == 0
    Image.fromarray(np.zeros((48, 64), np.uint8)).save("reduced.png")
    message = fails(3, "run", "semantic", shot, "--region", "sky=irises", "--mask", "sky=reduced.png", "--size", 64)
    assert "reduced.png is 64x48, the photo is 128x96" in message


def test_grabcut(shot: Path, run_cli: RunCli, fails: Fails) -> None:
    ask = ("run", "semantic", shot, "--segmenter", "grabcut")
    result = run_cli(*ask, *FAST, "--region", "her", "--region", "background=irises")
    assert "regions by GrabCut: her " in result.stdout
    message = fails(2, *ask, "--region", "a=irises", "--region", "b=irises")
    assert "grabcut finds one region, not a, b" in message


@pytest.fixture
def foreign(shot: Path) -> Path:
    """Another one's segmenter with two classes that it doesn't name: dark and bright."""
    weights = np.array([-20, 20], np.float32).reshape(2, 1, 1, 1) * np.ones((1, 3, 1, 1), np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "w", "b"], ["logits"])],
        "foreign",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2, "y", "x"])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([30, -30], np.float32), "b")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), "foreign.onnx")
    return Path("foreign.onnx")


def test_another_ones_segmenter(shot: Path, foreign: Path, run_cli: RunCli, fails: Fails) -> None:
    ask = ("run", "semantic", shot, *FAST, "--segmenter", foreign)
    result = run_cli(*ask, "--classes", "dark, bright", "--region", "bright=irises", "--region", "background")
    assert "regions by foreign.onnx: bright " in result.stdout
    assert "name them in its order (--classes a,b,c)" in fails(2, *ask, "--region", "bright=irises")
    message = fails(4, *ask, "--classes", "a,b,c", "--region", "a=irises")
    assert "its classes are 3 (a, b, c)" in message
    message = fails(2, *ask, "--classes", "dark,bright", "--region", "cat=irises")
    assert "foreign.onnx doesn't know the region cat, only dark, bright" in message
    message = fails(2, "run", "semantic", shot, "--classes", "a", "--region", "a=irises")
    assert "classes are those of a file: name the file too (--segmenter FILE)" in message


@pytest.mark.parametrize(
    ("code", "options", "expected"),
    [
        (2, [], "give --region NAME=STYLE"),
        (2, ["--region", "person"], "no region has a style"),
        (2, ["--region", "background=irises"], "the background alone is the whole photo"),
        (2, ["--region", "=irises"], "is no region"),
        (2, ["--region", "person=irises:3"], "strength 3.0"),
        (2, ["--region", "person=nobody"], "neither a file nor a built-in style"),
        (3, ["--region", "person=nobody.jpg"], "nobody.jpg"),
        (2, ["--region", "cat=irises"], "doesn't know the region cat, only background, person"),
        (2, ["--region", "a=irises", "--mask", "b=left.png"], "a mask of b, but no such region; the regions are a"),
        (3, ["--region", "a=irises", "--mask", "a=small.png"], "small.png is 128x50, the photo is 128x96"),
        (3, ["--region", "a=irises", "--mask", "a=none.png"], "none.png"),
        (2, ["--region", "a=irises", "--mask", "left.png"], "names no region and file"),
        (2, ["--region", "a=irises", "--mask", "a=left.png", "--mask", "a=left.png"], "two masks of a"),
        (3, ["--region", "a=irises", "--segmenter", "none.onnx", "--classes", "a"], "none.onnx is not a file"),
        (
            4,
            ["--region", "a=irises", "--segmenter", "left.png", "--classes", "a"],
            "left.png is a PNG picture: give an ONNX file",
        ),
        (2, ["--region", "a=irises", "--style", "irises"], "leave --style and --weight out"),
        (2, ["--region", "a=irises", "--face-model", "x.onnx"], "protect them too (--protect-faces)"),
        (3, ["--region", "a=irises", "--mask", "a=left.png", "-o", "left.png"], "is also an input"),
        (3, ["--region", "a=left.png:0.5", "-o", "left.png"], "is also an input"),
        (3, ["--region", "person=irises", "--show-masks", "photo.png"], "is also an input"),
    ],
)
def test_what_cannot_be(shot: Path, left: Path, fails: Fails, code: int, options: list[str], expected: str) -> None:
    assert expected in fails(code, "run", "semantic", shot, *options)
    assert not list(Path().glob("photo-*"))


def test_more_styles_than_the_graph_takes(shot: Path, fails: Fails) -> None:
    crowd = "+".join(["irises"] * 65)
    message = fails(2, "run", "semantic", shot, "--region", f"person={crowd}")
    assert "65 styles; the graph takes at most 64 at once" in message


def test_protected_faces(astronaut: Path, run_cli: RunCli) -> None:
    ask = ("run", "adain", astronaut, *FAST, "--style", "the-scream")
    assert "1 face protected" in run_cli(*ask, "--protect-faces", "-o", "kept.png").stdout
    run_cli(*ask, "-o", "full.png")
    run_cli(*ask, "--strength", 0, "-o", "plain.png")
    kept, full = difference("kept.png", "plain.png"), difference("full.png", "plain.png")
    face, suit = np.s_[45:70, 98:126], np.s_[170:240, 40:120]
    assert kept[face].mean() < 0.75 * full[face].mean()
    assert kept[suit].mean() > 0.8 * full[suit].mean()
    run_cli(*ask, "--protect-faces", 0, "-o", "none.png")
    assert difference("none.png", "plain.png")[face].mean() < 0.5 * kept[face].mean()
    run_cli(*ask, "--protect-faces", 1, "-o", "all.png")
    assert difference("all.png", "full.png").max() == 0


def test_no_face_is_told_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: RunCli) -> None:
    monkeypatch.chdir(tmp_path)
    write_picture("cup.png", np.ascontiguousarray(skimage.data.coffee()[::2, ::2]))
    result = run_cli("run", "adain", "cup.png", *FAST, "--style", "irises", "--protect-faces")
    assert result.exit_code == 0 and "no face found" in result.stdout
    both = run_cli("run", "semantic", "cup.png", *FAST, "--region", "person=irises", "--protect-faces", 0.5)
    assert both.exit_code == 0 and "no face found" in both.stdout


def test_face_options_belong_to_techniques_with_masks(shot: Path, run_cli: RunCli, fails: Fails) -> None:
    assert "--protect-faces is for adain" in fails(2, "run", "fast", shot, "--style", "the-scream", "--protect-faces")
    message = fails(2, "run", "adain", shot, "--style", "irises", "--region", "a")
    assert "--region is for semantic, not for adain" in message
    message = fails(3, "run", "adain", shot, "--style", "irises", "--protect-faces", 0.5, "--face-model", "none.onnx")
    assert "none.onnx is not a file" in message
    result = run_cli("run", "adain", "--style", "irises", "--protect-faces", shot)
    assert result.exit_code == 2
    assert "give --protect-faces behind PHOTO" in result.stderr.replace("\n", " ")


def test_regions_and_faces_in_tiles(shot: Path, run_cli: RunCli) -> None:
    """A photo that is painted in tiles is painted as at once, also where strengths differ from place to place."""
    large = cv2.resize(read_picture(shot).rgb, (512, 384), interpolation=cv2.INTER_CUBIC)
    write_picture(Path("large.png"), large)
    half = np.zeros((384, 512), np.uint8)
    half[:, 256:] = 255
    write_picture(Path("half.png"), np.dstack([half] * 3))
    calls = {
        "regions": ("semantic", "--region", "right=irises", "--mask", "right=half.png", "--precision", "fp16"),
        "faces": ("adain", "--style", "irises", "--protect-faces", "--precision", "fp16"),
    }
    for technique, *options in calls.values():
        pictures = []
        for tile in ("off", "256"):
            result = run_cli("run", technique, "large.png", *options, "--tile", tile, "-o", "out.png")
            assert result.exit_code == 0, result.stderr
            pictures.append(read_picture(Path("out.png")).rgb.astype(int))
        assert "tiles of" in result.stdout
        assert np.abs(pictures[0] - pictures[1]).max() <= 2
