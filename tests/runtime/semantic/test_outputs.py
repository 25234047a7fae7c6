"""Every form in which segmenters answer, brought to one share a class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylex.errors import ModelError
from stylex.runtime.semantic.outputs import class_probabilities

TWO, THREE = ("background", "person"), ("background", "person", "dog")


def test_log_odds_become_shares() -> None:
    odds = np.random.default_rng(0).normal(0, 3, (1, 3, 4, 5)).astype(np.float32)
    found = class_probabilities(odds, THREE, "x")
    assert found.shape == (3, 4, 5)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)
    np.testing.assert_array_equal(found.argmax(0), odds[0].argmax(0))
    np.testing.assert_allclose(np.log(found[1] / found[2]), odds[0, 1] - odds[0, 2], atol=1e-3)


def test_probabilities_stay_as_they_are_wherever_the_channels_stand() -> None:
    given = np.random.default_rng(1).dirichlet((1, 1, 1), (1, 4, 5)).astype(np.float32)  # (1, 4, 5, 3)
    np.testing.assert_allclose(class_probabilities(given, THREE, "x"), given[0].transpose(2, 0, 1), atol=1e-6)
    first = np.ascontiguousarray(given.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(class_probabilities(first, THREE, "x"), first[0], atol=1e-6)


def test_classes_that_were_decided_one_by_one_never_add_up_to_more_than_one() -> None:
    alone = np.array([0.9, 0.8, 0.0], np.float32).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(class_probabilities(alone, THREE, "x")[:, 0, 0], [0.9 / 1.7, 0.8 / 1.7, 0], rtol=1e-5)
    faint = np.array([0.1, 0.2, 0.0], np.float32).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(class_probabilities(faint, THREE, "x")[:, 0, 0], [0.1, 0.2, 0])


@pytest.mark.parametrize("shape", [(1, 2, 3), (1, 1, 2, 3), (1, 2, 3, 1)])
@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.int32])
def test_class_numbers(shape: tuple[int, ...], kind: type) -> None:
    numbers = np.array([0, 1, 2, 2, 0, 1], kind).reshape(shape)
    found = class_probabilities(numbers, THREE, "x")
    np.testing.assert_array_equal(found[2], [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(found.sum(0), np.ones((2, 3)))


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 1, 3)])
def test_one_plane_is_the_share_of_the_second_class(shape: tuple[int, ...]) -> None:
    plane = np.array([0, 0.25, 1], np.float32).reshape(shape)
    np.testing.assert_allclose(class_probabilities(plane, TWO, "x")[:, 0], [[1, 0.75, 0], [0, 0.25, 1]])
    np.testing.assert_allclose(class_probabilities(plane, ("person",), "x")[:, 0], [[0, 0.25, 1]])
    odds = np.array([-4.0, 0, 4], np.float32).reshape(shape)
    np.testing.assert_allclose(class_probabilities(odds, TWO, "x")[1, 0], [0.018, 0.5, 0.982], atol=1e-3)


def test_one_class_in_whole_numbers() -> None:
    np.testing.assert_array_equal(class_probabilities(np.array([[[0, 1]]]), ("person",), "x"), [[[0, 1]]])


@pytest.mark.parametrize(
    ("output", "classes", "expected"),
    [
        (np.zeros((1, 4, 2, 2), np.float32), THREE, r"1x4x2x2, its classes are 3 \(background, person, dog\)"),
        (np.zeros((1, 2, 2), np.float32), THREE, "its classes are 3"),
        (np.zeros((2, 3, 2, 2), np.float32), THREE, "has shape 2x3x2x2"),
        (np.zeros((3, 2), np.float32), THREE, "has shape 3x2"),
        (np.zeros((1, 3, 0, 2), np.float32), THREE, "has shape 1x3x0x2"),
        (np.full((1, 2, 2), 7), THREE, "names class 7; its 3 classes are 0 to 2"),
        (np.full((1, 2, 2), -1), TWO, "names class -1"),
        (np.full((1, 3, 2, 2), np.nan, np.float32), THREE, "no numbers"),
        (np.full((1, 2, 2), "a"), TWO, "gives numbers"),
    ],
)
def test_what_is_not_what_it_says(output: np.ndarray, classes: tuple[str, ...], expected: str) -> None:
    with pytest.raises(ModelError, match=expected) as caught:
        class_probabilities(output, classes, "voc.onnx")
    assert "voc.onnx" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "largest"), [(np.float16, 6e4), (np.float32, 3e38), (np.float64, 1e300)])
def test_the_largest_log_odds_are_sure_and_not_nothing(kind: type, largest: float) -> None:
    odds = np.array([largest, -largest, -1.0], kind).reshape(1, 3, 1, 1)
    np.testing.assert_array_equal(class_probabilities(odds, THREE, "x")[:, 0, 0], [1, 0, 0])
    np.testing.assert_allclose(class_probabilities(odds[:, 1:2], TWO[:1], "x").ravel(), 0, atol=1e-20)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.integers(1, 5), min_size=3, max_size=4),
    st.sampled_from([np.float32, np.float64, np.int64]),
    st.sampled_from([0.1, 1.0, 1e4, 1e9, 1e37]),
    st.integers(0, 99),
)
def test_any_output_gives_shares_or_a_clear_error(
    count: int, shape: list[int], kind: type, size: float, seed: int
) -> None:
    output = (np.random.default_rng(seed).normal(0, min(size, 1e9) if kind is np.int64 else size, shape)).astype(kind)
    try:
        found = class_probabilities(output, tuple("abcd"[:count]), "x")
    except ModelError:
        return
    assert found.shape[0] == count and found.ndim == 3
    assert found.min() >= 0 and found.max() <= 1 and found.sum(0).max() <= 1 + 1e-4
