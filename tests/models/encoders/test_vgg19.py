"""VGG-19 in torchvision's names."""

from __future__ import annotations

import pytest
import torch

from stylex.errors import ModelError, ResourceError
from stylex.files import sha256_of
from stylex.models.encoders import opening, vgg19
from stylex.models.encoders.vgg19 import Vgg19, load
from stylex.models.reference.style_losses import LAYER_WEIGHTS

INDICES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
"""Convolutions of torchvision's `features`."""
NAMES = "1_1 1_2 2_1 2_2 3_1 3_2 3_3 3_4 4_1 4_2 4_3 4_4 5_1"


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setattr(vgg19, "WIDTHS", (2, 3, 4, 5, 5))


def state(widths=(2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5)):
    generator, tensors, inputs = torch.Generator().manual_seed(2), {}, 3
    for index, width in zip(INDICES, widths, strict=True):
        tensors[f"features.{index}.weight"] = torch.randn(width, inputs, 3, 3, generator=generator) / 3
        tensors[f"features.{index}.bias"] = torch.randn(width, generator=generator) / 9
        inputs = width
    return {**tensors, "classifier.0.weight": torch.zeros(2, 2), "classifier.0.bias": torch.zeros(2)}


def test_the_published_layout(narrow, tmp_path):
    tensors = state()
    torch.save(tensors, tmp_path / "vgg19.pth")
    network = Vgg19()
    load(network, tmp_path / "vgg19.pth")
    assert tuple(network.convs) == tuple(NAMES.split())
    assert torch.equal(network.convs["4_2"].weight, tensors["features.21.weight"])
    assert torch.equal(network.convs["5_1"].bias, tensors["features.28.bias"])
    found = network(torch.rand(1, 3, 32, 40))
    assert {*LAYER_WEIGHTS, vgg19.CONTENT_LAYER} == set(found)
    assert found["5_1"].shape == (1, 5, 2, 2) and found["4_2"].shape == (1, 5, 4, 5)
    x = torch.rand(1, 3, 9, 9)
    inside = (x - torch.tensor(vgg19.MEAN).view(3, 1, 1)) / torch.tensor(vgg19.DEVIATION).view(3, 1, 1)
    plain = torch.relu(torch.conv2d(inside, tensors["features.0.weight"], tensors["features.0.bias"]))
    torch.testing.assert_close(network(torch.nn.functional.pad(x, [8] * 4))["1_1"][:, :, 9:-9, 9:-9], plain)


def test_files_that_are_no_vgg19(narrow, tmp_path):
    path = tmp_path / "vgg19.pth"

    too_few = {name: t for name, t in state().items() if not name.startswith("features.28")}
    for content in (
        too_few | dict.fromkeys(["features.30.weight"], torch.zeros(1)),
        {},
        [1],
        state((4,) * 16),
        path,
    ):
        torch.save(content, path)
        with pytest.raises(ModelError, match=r"is not torchvision's VGG-19 .*: remove it, and it is downloaded again"):
            load(Vgg19(), path)
    for data in (b"", b"cut short", path.read_bytes()[:100]):
        path.write_bytes(data)
        with pytest.raises(ModelError, match="is not torchvision's VGG-19") as caught:
            load(Vgg19(), path)
        assert "\n" not in str(caught.value)


def test_it_is_opened_out_of_the_cache(narrow, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLEX_CACHE", str(tmp_path))
    torch.save(state(), tmp_path / "vgg19-dcbb9e9d.pth")
    with pytest.raises(ModelError, match=r"its SHA-256 doesn't begin with dcbb9e9d.*remove it, and it is downloaded"):
        opening.opened("vgg19")
    monkeypatch.setattr(vgg19, "SHA256", sha256_of(tmp_path / "vgg19-dcbb9e9d.pth"))
    network, layer = opening.opened("vgg19")
    assert layer == "4_2" and not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLEX_CACHE", str(tmp_path))
    monkeypatch.setattr(vgg19, "URL", "http://127.0.0.1:1/vgg19-dcbb9e9d.pth")
    with pytest.raises(ResourceError, match=r"can't be reached .*or put the file at .*vgg19-dcbb9e9d.pth by hand"):
        opening.opened("vgg19")
    assert list(tmp_path.iterdir()) == []
