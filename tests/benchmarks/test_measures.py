from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from evaluation.layers import CHECKS, RATED, SLIM
from evaluation.lpips import read_lpips
from evaluation.measures import Judge
from evaluation.report import PAINTING, PHOTO, Ratings
from skimage import data

from stylex.imaging.arrays import to_floats
from stylex.models.training import losses

SIZE = 192


@pytest.fixture
def judge(teacher: Path, lpips_files: tuple[Path, Path], one_thread: None) -> Judge:
    return Judge(teacher, read_lpips(lpips_files))


@pytest.fixture
def photo() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:SIZE, :SIZE])


@pytest.fixture
def painting() -> np.ndarray:
    return np.ascontiguousarray(data.coffee()[:SIZE, :SIZE])


@torch.no_grad()
def test_the_controls_are_one_and_zero(judge: Judge, photo: np.ndarray, painting: np.ndarray) -> None:
    seen, style, ratings = judge.features_of(photo), judge.features_of(painting), Ratings()
    ratings.note(PHOTO, judge.to_style(seen, style) | judge.to_photo(seen, seen))
    ratings.note(PAINTING, judge.to_style(style, style) | judge.to_photo(style, seen))
    untouched, itself = ratings.summary(PHOTO), ratings.summary(PAINTING)
    assert set(untouched["shares"]) == {*RATED, *CHECKS, *SLIM}
    for row, wanted in ((untouched, 1), (itself, 0)):
        assert all(share == pytest.approx(wanted) for share in row["shares"].values())
        assert [row[key] for key in ("mean_share", "style_ratio", "both_ratio", "palette_share")] == [wanted] * 4
    assert untouched["content"] == untouched["lpips"] == 0
    assert untouched["ssim"] == pytest.approx(1) and untouched["ms_ssim"] == pytest.approx(1)
    assert itself["content"] > 0.1 and itself["lpips"] > 0.1 and itself["ms_ssim"] < 0.5


@torch.no_grad()
def test_a_layer_counts_by_its_own_loss(judge: Judge, photo: np.ndarray, painting: np.ndarray) -> None:
    found = judge.to_style(judge.features_of(photo), judge.features_of(painting))
    have, want = (judge.networks["vgg16"](torch.from_numpy(to_floats(p))) for p in (photo, painting))
    wanted = losses.style_loss(losses.statistics(have), losses.statistics(want), ("4_1",))
    assert found["vgg16:4_1"] == pytest.approx(float(wanted))
    assert found["style"] == pytest.approx(sum(found[layer] for layer in SLIM))
    assert found["both"] == found["style"] + found["quarter"]


@torch.no_grad()
def test_what_lies_between_has_shares_between(judge: Judge, photo: np.ndarray, painting: np.ndarray) -> None:
    seen, style = judge.features_of(photo), judge.features_of(painting)
    half = judge.features_of(cv2.addWeighted(photo, 0.5, painting, 0.5, 0))
    ratings = Ratings()
    ratings.note(PHOTO, judge.to_style(seen, style))
    ratings.note("half", judge.to_style(half, style))
    row = ratings.summary("half")
    assert 0 < row["mean_share"] < 1 and 0 < row["palette_share"] < 1
    assert row["mean_share"] == pytest.approx(np.mean([row["shares"][layer] for layer in RATED]))


def test_a_share_is_of_averages() -> None:
    ratings, layers = Ratings(), {*RATED, *CHECKS, *SLIM}
    rest = dict.fromkeys((*layers, "style", "both", "palette"), 1.0)
    for untouched, painted in ((1.0, 0.1), (0.01, 0.01)):  # the second pair is alike from the beginning
        ratings.note(PHOTO, {**rest, "slim:5_1": untouched})
        ratings.note("adain torch", {**rest, "slim:5_1": painted})
    assert ratings.summary("adain torch")["shares"]["slim:5_1"] == pytest.approx(0.11 / 1.01)
