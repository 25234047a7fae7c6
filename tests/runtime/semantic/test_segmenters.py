"""Our own segmenter, and other people's by file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import skimage.data
from onnx import TensorProto, helper

from stylex.artifacts.catalog import encoder_file, transfer_file
from stylex.errors import InputError, ModelError, UsageError
from stylex.runtime.semantic.segmenters import embedded_segmenter, open_segmenter

ForeignMaker = Callable[..., Path]

RED = np.zeros((2, 3, 1, 1), np.float32)
RED[1, 0], RED[0, 1] = 10, 10
"""Log-odds of green things and of red ones."""


def node(op: str, *inputs: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), ["found"], **attributes)


@pytest.fixture
def halves() -> np.ndarray:
    """Green on the left, red on the right."""
    picture = np.zeros((60, 100, 3), np.uint8)
    picture[:, :50, 1] = picture[:, 50:, 0] = 255
    return picture


def test_ours_finds_the_astronaut_and_nobody_beside_a_cat_or_a_rocket() -> None:
    segmenter = embedded_segmenter(threads=1)
    assert segmenter.classes == ("background", "person")
    found = segmenter(skimage.data.astronaut())
    np.testing.assert_allclose(found["person"] + found["background"], 1, atol=1e-5)
    person = found["person"]
    rows, columns = person.shape
    assert person[rows // 5, round(columns * 0.43)] > 0.8, "the face"
    assert person[rows // 8, round(columns * 0.65)] < 0.2, "the wall"
    for nobody in (skimage.data.chelsea(), skimage.data.rocket()):
        assert segmenter(nobody)["person"].mean() < 0.1


@pytest.mark.parametrize("sides", [(1, 1), (40, 33), (301, 200), (64, 900)])
def test_ours_takes_any_size(sides: tuple[int, int]) -> None:
    found = embedded_segmenter(threads=1)(np.full((*sides, 3), 90, np.uint8))
    np.testing.assert_allclose(found["person"] + found["background"], 1, atol=0.01)
    assert found["person"].max() < 0.6, "nobody is in a grey picture"


def test_ours_is_looked_for_in_the_given_folder_first(tmp_path: Path) -> None:
    assert embedded_segmenter(tmp_path, 1).session.path == embedded_segmenter(None, 1).session.path
    copy = tmp_path / "segmenter-fp16.onnx"
    copy.write_bytes(transfer_file("segmenter", "fp16").read_bytes())
    assert embedded_segmenter(tmp_path, 1).session.path == copy


@pytest.mark.parametrize(
    "names",
    [
        '["plant", "tomato"]',
        "{0: 'plant', 1: 'tomato'}",
        '{"1": "tomato", "0": "plant"}',
        "plant, tomato",
    ],
)
@pytest.mark.parametrize("key", ["classes", "names", "labels"])
def test_classes_out_of_the_metadata(foreign: ForeignMaker, halves: np.ndarray, names: str, key: str) -> None:
    path = foreign([node("Conv", "image", "w")], {"w": RED}, metadata={key: names})
    found = open_segmenter(path, threads=1)(halves)
    assert list(found) == ["plant", "tomato"]
    assert found["plant"].shape == (64, 96), "multiples of 32"
    assert found["plant"][:, :40].min() > 0.99 and found["tomato"][:, -40:].min() > 0.99


def test_classes_by_hand_go_before_the_metadata(foreign: ForeignMaker) -> None:
    path = foreign([node("Conv", "image", "w")], {"w": RED}, metadata={"classes": "a,b"})
    assert open_segmenter(path, ["c", "d"]).classes == ("c", "d")


def test_bytes_with_channels_last_and_a_fixed_size(foreign: ForeignMaker, halves: np.ndarray) -> None:
    path = foreign(
        [node("ArgMax", "image", axis=3, keepdims=0)],
        kind=TensorProto.UINT8,
        shape=(1, 32, 64, 3),
        gives=TensorProto.INT64,
        rank=3,
        metadata={"classes": "red,green,blue"},
    )
    found = open_segmenter(path)(halves)
    assert found["red"].shape == (32, 64)
    assert found["green"][:, :31].all() and found["red"][:, 33:].all() and not found["blue"].any()


@pytest.mark.parametrize(
    ("mean", "std"), [("[0.5, 0.5, 0.5]", "[0.25, 0.25, 0.25]"), ("127.5,127.5,127.5", "63.75,63.75,63.75")]
)
def test_mean_and_std_out_of_the_metadata(foreign: ForeignMaker, mean: str, std: str) -> None:
    path = foreign([node("ReduceMax", "image", "axes")], {"axes": np.array([1])}, metadata={"mean": mean, "std": std})
    found = open_segmenter(path, ["thing"])(np.full((32, 32, 3), 255, np.uint8))
    np.testing.assert_allclose(found["thing"], 1 / (1 + np.exp(-2.0)), rtol=1e-4)  # (1 - 0.5) / 0.25 is 2


def test_half_precision(foreign: ForeignMaker, halves: np.ndarray) -> None:
    path = foreign(
        [node("Conv", "image", "w")], {"w": RED.astype(np.float16)}, kind=TensorProto.FLOAT16, gives=TensorProto.FLOAT16
    )
    assert open_segmenter(path, ["a", "b"])(halves)["a"][:, :40].min() > 0.99


def test_what_is_no_segmenter(foreign: ForeignMaker, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file"):
        open_segmenter(tmp_path / "none.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no onnx")
    with pytest.raises(ModelError, match="not a usable ONNX file"):
        open_segmenter(broken)
    with pytest.raises(ModelError, match="is a style-encoder graph, a segmenter graph is needed"):
        open_segmenter(encoder_file("adain"))
    with pytest.raises(ModelError, match="takes 5 inputs; a segmenter takes one"):
        open_segmenter(nameless(tmp_path))
    flat = foreign([node("Identity", "image")], shape=(1, 784), rank=2)
    with pytest.raises(ModelError, match=r"takes tensor\(float\) of shape \[1, 784\]"):
        open_segmenter(flat, ["a"])


def nameless(folder: Path) -> Path:
    """A graph of ours that doesn't say so any more."""
    model = onnx.load(transfer_file("adain", "fp16"))
    del model.metadata_props[:]
    onnx.save(model, folder / "nameless.onnx")
    return folder / "nameless.onnx"


def test_classes_must_be_known_and_differ(foreign: ForeignMaker) -> None:
    path = foreign([node("Conv", "image", "w")], {"w": RED})
    with pytest.raises(UsageError, match="name them in its order"):
        open_segmenter(path)
    with pytest.raises(UsageError, match="each needs a name of its own"):
        open_segmenter(path, ["a", "a"])
    with pytest.raises(UsageError, match="each needs a name of its own"):
        open_segmenter(path, ["a", ""])


def test_another_number_of_classes_is_told_when_it_runs(foreign: ForeignMaker, halves: np.ndarray) -> None:
    path = foreign([node("Conv", "image", "w")], {"w": RED})
    with pytest.raises(ModelError, match=r"1x2x64x96, its classes are 3 \(a, b, c\)"):
        open_segmenter(path, ["a", "b", "c"])(halves)


@pytest.mark.parametrize(("key", "value"), [("mean", "1,2"), ("std", "a,b,c"), ("std", "[1, 0, 1]"), ("mean", "[]")])
def test_unusable_mean_and_std(foreign: ForeignMaker, key: str, value: str) -> None:
    path = foreign([node("Conv", "image", "w")], {"w": RED}, metadata={key: value})
    with pytest.raises(ModelError, match=f"gives {key} "):
        open_segmenter(path, ["a", "b"])


def test_a_graph_that_fails(foreign: ForeignMaker, halves: np.ndarray) -> None:
    path = foreign([node("Reshape", "image", "shape")], {"shape": np.array([1, 7, 7, 7])})
    with pytest.raises(ModelError, match="failed on cpu with an input of 1x3x64x96"):
        open_segmenter(path, ["a"], threads=1)(halves)
