"""Faces: found by scikit-image's cascade or by YuNet, protected with a soft edge."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import skimage.data
from onnx import TensorProto, helper, numpy_helper

from stylex.errors import InputError, MissingPackage, ModelError, UsageError
from stylex.runtime.semantic.faces import STRENGTH, Face, find_faces, protection


def test_the_astronauts_face_and_no_other() -> None:
    (face,) = find_faces(skimage.data.astronaut())
    assert abs(face.left + face.width / 2 - 224) < 20 and abs(face.top + face.height / 2 - 113) < 20
    assert 60 < face.width < 140


def test_a_large_photo_is_measured_in_its_own_pixels() -> None:
    large = np.repeat(np.repeat(skimage.data.astronaut(), 3, 0), 3, 1)
    (face,) = find_faces(large)
    assert abs(face.left + face.width / 2 - 3 * 224) < 60


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket", "cat"])
def test_photos_without_faces(name: str) -> None:
    assert find_faces(getattr(skimage.data, name)()) == []


def test_a_face_in_black_and_white() -> None:
    grey = np.repeat(skimage.data.astronaut().mean(2, keepdims=True).astype(np.uint8), 3, 2)
    assert len(find_faces(grey)) >= 1


@pytest.mark.parametrize("sides", [(1, 1), (20, 300), (40, 40)])
def test_photos_too_small_for_a_face(sides: tuple[int, int]) -> None:
    assert find_faces(np.zeros((*sides, 3), np.uint8)) == []


def test_protection_is_smooth_and_full_in_the_middle() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    kept = protection(photo, [Face(150, 90, 100, 100)], 0.3)
    assert kept.shape == (300, 400)
    assert kept[140, 200] == pytest.approx(0.3) and kept[0, 0] == 1 and kept[140, 395] == 1
    outwards = kept[140, 200:]
    assert (np.diff(outwards) >= 0).all() and np.diff(outwards).max() < 0.03
    np.testing.assert_allclose(kept[:, 1:200], kept[:, 399:200:-1], atol=0.03)


def test_no_face_protects_nothing_and_two_are_both_protected() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    assert (protection(photo, []) == 1).all()
    kept = protection(photo, [Face(20, 100, 60, 60), Face(300, 100, 60, 60)])
    assert kept[130, 50] == kept[130, 330] == pytest.approx(STRENGTH)
    with pytest.raises(UsageError, match=r"the strength on faces is 1\.2"):
        protection(photo, [], 1.2)


def test_without_scikit_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.feature", None)
    with pytest.raises(MissingPackage, match=r"needs scikit-image.*pip install 'stylex\[export\]'"):
        find_faces(skimage.data.coffee())


def yunet(path: Path, box: tuple[float, float, float, float]) -> Path:
    """A file with YuNet's outputs that finds one face in the middle cell of every photo.

    Args:
        box: left, top, width and height in a photo of 96x64, whose cells of 32 pixels are 3x2.
    """
    left, top, width, height = box
    column, row = 1, 1
    nodes, outputs, constants = [], [], []
    for stride in (8, 16, 32):
        cells = (96 // stride) * (64 // stride)
        for kind, size in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            values = np.zeros((1, cells, size), np.float32)
            if stride == 32:
                at = row * 3 + column
                x, y = (left + width / 2) / 32 - column, (top + height / 2) / 32 - row
                values[0, at] = {"cls": 1, "obj": 1, "bbox": (x, y, np.log(width / 32), np.log(height / 32)), "kps": 0}[
                    kind
                ]
            name = f"{kind}_{stride}"
            constants.append(numpy_helper.from_array(values, f"{name}_c"))
            nodes.append(helper.make_node("Add", [f"{name}_c", "zero"], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, cells, size]))
    constants += [numpy_helper.from_array(np.array(0, np.float32), "nil")]
    first = [
        helper.make_node("ReduceMean", ["input"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "nil"], ["zero"]),
    ]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 64, 96])]
    graph = helper.make_graph([*first, *nodes], "yunet", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8), path)
    return path


def test_yunet_finds_what_its_file_says(tmp_path: Path) -> None:
    path = yunet(tmp_path / "yunet.onnx", (30.0, 25.0, 40.0, 30.0))
    (face,) = find_faces(np.zeros((64, 96, 3), np.uint8), path)
    np.testing.assert_allclose((face.left, face.top, face.width, face.height), (30, 25, 40, 30), atol=0.5)


def test_what_is_not_yunet(tmp_path: Path) -> None:
    photo = np.zeros((64, 96, 3), np.uint8)
    with pytest.raises(InputError, match=r"is not a file: give the face_detection_yunet"):
        find_faces(photo, tmp_path / "none.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no onnx")
    with pytest.raises(ModelError, match="doesn't run as YuNet") as caught:
        find_faces(photo, broken)
    assert "\n" not in str(caught.value)
