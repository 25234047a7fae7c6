"""Enlarging: exact sizes, exact at tile borders, better than bicubic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from stylex.artifacts.catalog import transfer_file
from stylex.artifacts.metadata import UPSCALER, GraphMetadata, GraphSpec
from stylex.errors import InputError, ModelError, UsageError
from stylex.runtime import upscale
from stylex.runtime.upscale import Upscaler, enlarged_alpha, load_upscaler, require_room

few = settings(max_examples=25, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    return load_upscaler("cpu", threads=1)


@pytest.fixture
def nearest(tmp_path: Path) -> Callable[..., Upscaler]:
    """A float graph that repeats every pixel and says that it needs a border of 3."""

    def make(name: str = "upscaler-fp32.onnx", role: str = UPSCALER, **changed: Any) -> Upscaler:
        scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, 2, 2])
        modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        ends = [
            helper.make_tensor_value_info(end, TensorProto.FLOAT, [1, 3, f"h{end}", f"w{end}"])
            for end in ("content", "painted")
        ]
        node = helper.make_node("Resize", ["content", "", "scales"], ["painted"], **modes)
        graph = helper.make_graph([node], "nearest", ends[:1], ends[1:], [scales])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        spec = GraphSpec(role, 0, border=3, scale=2, **changed)
        metadata = GraphMetadata("upscaler", "edge", "fp32", "cpu-x86", 18, "a" * 64, spec)
        helper.set_model_props(model, metadata.to_props())
        onnx.save(model, tmp_path / name)
        return load_upscaler("cpu", tmp_path, 1)

    return make


@few
@given(st.integers(1, 40), st.integers(1, 40))
def test_every_size_doubles(upscaler: Upscaler, height: int, width: int) -> None:
    picture = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    large = upscaler(picture)
    assert large.shape == (2 * height, 2 * width, 3)
    assert large.dtype == np.uint8


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_a_flat_picture_stays_flat(upscaler: Upscaler, level: int) -> None:
    large = upscaler(np.full((20, 31, 3), level, np.uint8)).astype(int)
    assert np.abs(large - level).max() <= 1


def test_tiles_do_not_show(upscaler: Upscaler, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = upscaler(photo)
    progress: list[tuple[int, int]] = []
    for side in (96, 50, 11):
        monkeypatch.setattr(upscale, "SIDE", side)
        np.testing.assert_array_equal(upscaler(photo, lambda done, of: progress.append((done, of))), whole)
    assert progress[-1] == (108, 108)


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_it_is_better_than_bicubic(upscaler: Upscaler, name: str) -> None:
    photo = np.ascontiguousarray(getattr(skimage.data, name)()[:300, :400])
    small = cv2.resize(photo, (200, 150), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(small, (400, 300), interpolation=cv2.INTER_CUBIC)
    assert cv2.PSNR(upscaler(small), photo) > cv2.PSNR(plain, photo) + 0.5


def test_precisions_agree(upscaler: Upscaler, photo: np.ndarray) -> None:
    from stylex.runtime.engine.session import open_graph

    exact = Upscaler(open_graph(transfer_file("upscaler", "fp16"), threads=1))
    assert cv2.PSNR(exact(photo), upscaler(photo)) > 45


@pytest.mark.parametrize("fixed", [{}, {"fixed_size": 7}, {"fixed_size": 64}])
@pytest.mark.parametrize("size", [(1, 1), (5, 30), (33, 16)])
def test_borders_are_cut_off_where_they_were(
    nearest: Callable[..., Upscaler], fixed: dict[str, int], size: tuple[int, int]
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    np.testing.assert_array_equal(nearest(**fixed)(picture), picture.repeat(2, 0).repeat(2, 1))


def test_which_graph_is_taken(nearest: Callable[..., Upscaler], tmp_path: Path) -> None:
    assert load_upscaler("cpu", tmp_path).session.path == transfer_file("upscaler", "int8")  # the folder has none
    assert nearest().name == "upscaler fp32 on cpu"
    with pytest.raises(ModelError, match="is a transfer graph, a upscaler graph is needed"):
        nearest(role="transfer")


def test_what_can_not_be_enlarged(upscaler: Upscaler) -> None:
    with pytest.raises(UsageError, match="can't be enlarged 3 times, only 2 times"):
        require_room(10, 10, 3)
    with pytest.raises(InputError, match=r"6000x4000 enlarged 2 times would have 96\.0 megapixels; the limit is 64"):
        upscaler(np.zeros((4000, 6000, 3), np.uint8))
    with pytest.raises(InputError, match="a picture is a numpy uint8 array"):
        upscaler(np.zeros((8, 8), np.uint8))


def test_alpha_is_enlarged_along() -> None:
    alpha = np.tile(np.linspace(0, 255, 20).astype(np.uint8), (9, 1))
    large = enlarged_alpha(alpha)
    assert large is not None
    assert (large.dtype, large.shape) == (np.uint8, (18, 40))
    assert cv2.absdiff(cv2.resize(large, (20, 9), interpolation=cv2.INTER_AREA), alpha).max() <= 2
    assert enlarged_alpha(None) is None
