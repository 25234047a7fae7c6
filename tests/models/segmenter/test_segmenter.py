"""The segmenter: its network, its data, its training, its graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from skimage import data as pictures

from stylex.cli import main
from stylex.errors import InputError, ModelError
from stylex.export import pipeline, samples
from stylex.export.samples import Samples
from stylex.models.encoders.loss_networks import SLIM_FILE
from stylex.models.registry import embedded_models, own_model
from stylex.models.segmenter import recipe as recipes
from stylex.models.segmenter.data import augmented, load_masked
from stylex.models.segmenter.network import CLASSES, Segmenter
from stylex.models.segmenter.recipe import INHERITED, RescaledSlimVgg, SegmenterRecipe, SegmenterSettings, iou_loss
from stylex.models.training import data as folders
from stylex.models.training.data import is_held_out
from stylex.models.weights import embedded, read_weights
from stylex.runtime.semantic.segmenters import embedded_segmenter, open_segmenter

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of a disc on crops of real photos, with masks of the disc."""
    folder = tmp_path_factory.mktemp("portraits")
    rng = np.random.default_rng(0)
    for i in range(14):
        behind = (pictures.coffee(), pictures.chelsea(), pictures.rocket())[i % 3]
        top, left = (int(rng.integers(0, side - 140)) for side in behind.shape[:2])
        picture, mask = behind[top : top + 140, left : left + 120, ::-1].copy(), np.zeros((140, 120), np.uint8)
        center = tuple(int(v) for v in rng.integers(45, 75, 2))
        cv2.circle(picture, center, 30, (200, 60, 230), -1)
        cv2.circle(mask, center, 30, 255, -1)
        cv2.imwrite(str(folder / f"{i:03d}.jpg"), picture)
        cv2.imwrite(str(folder / f"{i:03d}.png"), mask)
    return folder


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded slim VGG-19 of the published widths."""
    folder, generator = tmp_path_factory.mktemp("slim") / "teacher", torch.Generator().manual_seed(2)
    folder.mkdir()
    tensors, inputs = {"conv0.weight": torch.eye(3)[:, :, None, None].clone(), "conv0.bias": torch.zeros(3)}, 3
    for stage, (width, count) in enumerate(zip((16, 32, 64, 128, 128), (2, 2, 4, 4, 1), strict=True), 1):
        for index in range(1, count + 1):
            spread = (2 / (9 * inputs)) ** 0.5
            tensors[f"conv{stage}_{index}.weight"] = spread * torch.randn(width, inputs, 3, 3, generator=generator)
            tensors[f"conv{stage}_{index}.bias"] = 0.1 * torch.randn(width, generator=generator)
            inputs = width
    save_file(tensors, folder / SLIM_FILE)
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is measured before training, and little is exported."""
    for name, value in (("FIRST_STEPS", 12), ("FIRST_SIZE", 64), ("FIRST_BATCH", 2), ("MEASURED", 4)):
        monkeypatch.setattr(recipes, name, value)
    monkeypatch.setattr(samples, "SAMPLES", Samples(calibrating=4, checking=4, side=64, rounds=1))


def test_shares_add_up_to_one() -> None:
    network = Segmenter()
    found = network(torch.rand(2, 3, 64, 96))
    assert found.shape == (2, len(CLASSES), 16, 24)
    torch.testing.assert_close(found.sum(1), torch.ones(2, 16, 24))
    assert sum(p.numel() for p in network.parameters()) == 897169


def test_masks_are_found_by_name_and_split_by_name(portraits: Path) -> None:
    seen, unseen = (load_masked(portraits, 100, 0.3, held_out=held) for held in (False, True))
    assert seen.masks is not None
    assert sorted(seen.names + unseen.names) == [f"{i:03d}.jpg" for i in range(14)]
    assert all(is_held_out(name, 0.3) for name in unseen.names)
    assert not any(is_held_out(name, 0.3) for name in seen.names)
    for picture, mask in zip(seen.pictures, seen.masks, strict=True):
        assert picture.shape[:2] == mask.shape and min(mask.shape) == 100
        assert 0.1 < (mask > 127).mean() < 0.3


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylex.models.segmenter.data.FEWEST_PICTURES", 2)


def test_what_has_no_usable_mask_is_skipped(portraits: Path, tmp_path: Path) -> None:
    for name in ("000.jpg", "000.png", "001.jpg", "001.png", "002.jpg", "002.png", "003.jpg"):
        (tmp_path / name).write_bytes((portraits / name).read_bytes())
    cv2.imwrite(str(tmp_path / "002.png"), np.zeros((9, 9), np.uint8))
    folder = load_masked(tmp_path, 100, 0)
    assert folder.names == ("000.jpg", "001.jpg")
    assert len(folder.skipped) == 2
    assert "002.png has another size" in folder.skipped[0] and "003.png" in folder.skipped[1]
    for name in ("000.png", "001.png"):
        (tmp_path / name).unlink()
    with pytest.raises(InputError, match=r"has 0 photos with masks .*4 skipped.*put a PNG of the same name"):
        load_masked(tmp_path, 100, 0)


def test_a_picture_and_its_mask_vary_alike(portraits: Path) -> None:
    """The disc has a colour that nothing else has: the mask must lie on it, however it was moved."""
    folder = load_masked(portraits, 140, 0)
    rng, agreed = np.random.default_rng(5), []
    for _ in range(24):
        picture, mask = augmented(folder, None, 96, (0, 0), rng)
        assert picture.shape == (96, 96, 3) and mask.shape == (96, 96)
        purple = picture.astype(int)[..., 0] + picture[..., 2] - 2 * picture[..., 1].astype(int)
        inside, outside = purple[mask > 127], purple[mask <= 127]
        if min(len(inside), len(outside)) > 200 and picture.std(2).max() > 20:
            agreed.append(inside.mean() > outside.mean() + 40)
    assert len(agreed) > 8 and np.mean(agreed) > 0.9


def test_chances_of_nobody_and_of_elsewhere(portraits: Path) -> None:
    folder = load_masked(portraits, 100, 0)
    places = load_masked(portraits, 100, 0)
    rng = np.random.default_rng(1)
    assert not any(augmented(folder, places, 64, (1, 0), rng)[1].any() for _ in range(6))
    assert all(augmented(folder, places, 64, (0, 1), rng)[1].any() for _ in range(6))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_what_is_missed_lies_between_none_and_all(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    have, want = (torch.rand(2, 1, 8, 8, generator=generator) for _ in range(2))
    whole = (want > 0.5).float()
    assert 0 <= float(iou_loss(have, want)) <= 1
    assert float(iou_loss(whole, whole)) == pytest.approx(0, abs=1e-6)
    assert float(iou_loss(1 - whole, whole)) > 0.9


def test_it_begins_as_the_slim_vgg(portraits: Path, slim: Path) -> None:
    recipe = SegmenterRecipe(portraits, None, slim, SegmenterSettings(96, 2, hold_out=0), CPU)
    recipe.restart(0)
    assert isinstance(recipe.slim, RescaledSlimVgg)
    x = torch.rand(1, 3, 64, 64)
    wanted = recipe.slim.activations(x)
    network = recipe.network.eval()
    known = wanted["pooled"]
    for name in INHERITED:
        known = torch.relu(network.down[name](torch.nn.functional.max_pool2d(known, 2) if name == "4_1" else known))
        torch.testing.assert_close(known, wanted[name], atol=1e-3, rtol=1e-3)
    mean_square = recipe.slim.activations(torch.rand(4, 3, 64, 64), until="pooled")
    assert list(mean_square) == ["pooled"]
    again = SegmenterRecipe(portraits, None, slim, SegmenterSettings(96, 2, hold_out=0), CPU)
    again.restart(0)
    torch.testing.assert_close(again.network.state_dict(), recipe.network.state_dict())


def test_a_slim_vgg_of_other_widths(portraits: Path, teacher: Path) -> None:
    recipe = SegmenterRecipe(portraits, None, teacher, SegmenterSettings(96, 2, hold_out=0), CPU)
    with pytest.raises(ModelError, match="other widths than the segmenter"):
        recipe.restart(0)


def test_steps_learn(portraits: Path, slim: Path) -> None:
    recipe = SegmenterRecipe(portraits, None, slim, SegmenterSettings(96, 4, hold_out=0), CPU)
    recipe.restart(0)
    optimizer = torch.optim.Adam(recipe.network.parameters(), 1e-3)
    losses = []
    for _ in range(10):
        loss, parts = recipe.step(np.random.default_rng(3), CPU)
        assert set(parts) == {"entropy", "overlap", "distillation"}
        losses.append(parts["entropy"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.6 * losses[0]


def test_the_command_trains_and_its_weights_export(
    portraits: Path, slim: Path, crops: Callable[[str, int], Path], tmp_path: Path
) -> None:
    def stylex(*arguments: object):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    options = ("--size", 96, "--batch", 4, "--hold-out", 0.2, "--device", "cpu", "--threads", 1, "--rate", 2e-3)
    ask = ("train", "segmenter", "--photos", portraits, "--backgrounds", crops("place", 8), "--teacher", slim, *options)
    result = stylex(*ask, "--out", tmp_path, "--steps", 3)
    assert result.exit_code == 0, result.output
    assert "photos with" not in result.stderr and "pictures, 0 skipped" in result.stderr
    assert "stylex export segmenter --weights" in result.stdout
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["technique"] == "segmenter" and card["start"].startswith("the slim VGG-19")
    assert card["data"]["photos"]["pictures"] < 14 and card["data"]["backgrounds"]["pictures"] == 8
    assert set(load_file(tmp_path / "weights.safetensors")) == set(Segmenter().state_dict())
    made = pipeline.export(
        [own_model("segmenter", tmp_path / "weights.safetensors")], pipeline.ExportSettings("fp16"), tmp_path
    )
    assert [one.path.name for one in made] == ["segmenter-fp16.onnx"]
    segmenter = open_segmenter(made[0].path, threads=1)
    assert segmenter.classes == CLASSES
    photo = pictures.coffee()
    given_planes = torch.from_numpy(segmenter.input_spec.preprocess(photo))
    network = Segmenter()
    read_weights(tmp_path / "weights.safetensors").fill(network)
    with torch.no_grad():
        wanted = network(given_planes)[0, 1].numpy()
    np.testing.assert_allclose(segmenter(photo)["person"], wanted, atol=1e-3)


def test_usage_of_the_command(portraits: Path, tmp_path: Path) -> None:
    ask = ["train", "segmenter", "--photos", str(portraits), "--out", str(tmp_path), "--steps", "1"]
    result = CliRunner().invoke(main, [*ask, "--size", "104"])
    assert result.exit_code == 2 and "must be a multiple of 32" in result.stderr
    result = CliRunner().invoke(main, [*ask, "--size", "96", "--batch", "2", "--hold-out", "0", "--device", "cpu"])
    assert result.exit_code == 0 and "begins with random weights" in result.stderr


@pytest.mark.parametrize("sides", [(1, 1), (20, 300), (512, 30), (50, 50)])
@torch.no_grad()
def test_thin_photos_are_prepared_as_torch_takes_them(sides: tuple[int, int]) -> None:
    """Below the 64 pixels that an export is traced with; stretching them to 64 finds fewer people."""
    network = Segmenter().eval()
    read_weights(embedded("segmenter")).fill(network)
    segmenter = embedded_segmenter(threads=1)
    photo = np.ascontiguousarray(cv2.resize(pictures.astronaut(), sides[::-1], interpolation=cv2.INTER_AREA))
    planes = segmenter.input_spec.preprocess(photo)
    assert min(planes.shape[2:]) in (32, 64) and max(planes.shape[2:]) <= 256
    wanted = network(torch.from_numpy(planes))[0, 1].numpy()
    assert np.abs(segmenter(photo)["person"] - wanted).mean() < 0.03, "INT8 is as close as at other sizes"


def test_the_embedded_weights_are_those_of_the_card() -> None:
    weights = read_weights(embedded("segmenter"))
    assert weights.card["weights_sha256"] == weights.sha256
    (model,) = embedded_models("segmenter")
    (graph,) = model.traceables(None)
    assert (graph.inputs, graph.outputs, graph.spec.classes) == (("content",), ("shares",), CLASSES)
    assert folders.is_held_out("003.jpg", weights.card["settings"]["hold_out"])


def test_a_fixed_size() -> None:
    (graph,) = embedded_models("segmenter")[0].traceables(128)
    assert graph.spec.fixed_size == 128 and graph.example[0].shape == (1, 3, 128, 128)
