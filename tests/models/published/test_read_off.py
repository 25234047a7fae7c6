"""Architectures are read off their parameters, and what is exported is what plain torch layers paint."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from stylex.models.cyclegan.resnet_generator import ResnetGenerator
from stylex.models.fast.transformer_net import TransformerNet
from stylex.models.published.checkpoints import load_checkpoint
from stylex.models.shared.channels import Normalization

NORMALIZATIONS = st.builds(Normalization, affine=st.booleans(), statistics=st.booleans())
WRAPPINGS = st.sampled_from(["{}", "module.{}", "_orig_mod.module.{}", "model.net.{}", "netG.{}"])
GREY = (0.299, 0.587, 0.114)


def filled(network: nn.Module, seed: int) -> dict[str, Tensor]:
    """Seeded parameters and statistics, with the counters that torch keeps beside these."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {n: 0.2 * torch.randn(t.shape, generator=generator) for n, t in network.state_dict().items()}
    for name in list(tensors):
        if name.endswith("running_var"):
            tensors[name] = tensors[name].abs() + 0.5
            tensors[name.replace("running_var", "num_batches_tracked")] = torch.tensor(7)
    return tensors


def loaded(tensors: dict[str, Tensor], wrapping: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.pth"
        torch.save({"state_dict": {wrapping.format(n): t for n, t in tensors.items()}, "epoch": 3}, path)
        return load_checkpoint([path])


def seen(picture: Tensor, channels: int) -> Tensor:
    """RGB as grey, grey and alpha, RGB or RGBA."""
    colours = picture if channels > 2 else sum(w * picture[:, i : i + 1] for i, w in enumerate(GREY))
    return torch.cat([colours, torch.ones_like(picture[:, :1])], 1) if channels in (2, 4) else colours


def shown(painted: Tensor) -> Tensor:
    return painted[:, :3] if painted.shape[1] > 2 else painted[:, :1].expand(-1, 3, -1, -1)


def normalized(tensors: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """As torch's functions do in evaluation."""
    weight, bias = tensors.get(f"{name}.weight"), tensors.get(f"{name}.bias")
    if f"{name}.running_mean" in tensors:
        return F.batch_norm(x, tensors[f"{name}.running_mean"], tensors[f"{name}.running_var"], weight, bias)
    return F.instance_norm(x, weight=weight, bias=bias)


def transformer_net(t: dict[str, Tensor], x: Tensor, blocks: int) -> Tensor:
    def conv(name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = t[f"{name}.conv2d.weight"]
        return F.conv2d(F.pad(x, [weight.shape[2] // 2] * 4, mode="reflect"), weight, t[f"{name}.conv2d.bias"], stride)

    for i, stride in ((1, 1), (2, 2), (3, 2)):
        x = F.relu(normalized(t, f"in{i}", conv(f"conv{i}", x, stride)))
    for i in range(1, blocks + 1):
        y = F.relu(normalized(t, f"res{i}.in1", conv(f"res{i}.conv1", x)))
        x = x + normalized(t, f"res{i}.in2", conv(f"res{i}.conv2", y))
    for i in (1, 2):
        x = F.relu(normalized(t, f"in{i + 3}", conv(f"deconv{i}", F.interpolate(x, scale_factor=2.0))))
    return conv("deconv3", x)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 9), st.integers(0, 6), st.integers(1, 4), st.integers(1, 4), NORMALIZATIONS, WRAPPINGS)
@torch.no_grad()
def test_any_transformer_net(width, blocks, inputs, outputs, kind, wrapping):
    arguments = ((width, 2 * width, 4 * width), blocks, inputs, outputs, kind)
    tensors = filled(TransformerNet(False, *arguments), width)
    tensors["deconv3.conv2d.bias"] += 120
    tensors["deconv3.conv2d.weight"] *= 30
    picture = torch.rand(1, 3, 24, 20, generator=torch.Generator().manual_seed(blocks))
    found = loaded(tensors, wrapping)
    wanted = shown(transformer_net(tensors, 255 * seen(picture, inputs), blocks)).clamp(0, 255) / 255
    assert found.notes == () and found.technique.name == "fast"
    torch.testing.assert_close(found.network(picture), wanted, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.network.folded().eval()(picture), wanted, atol=1e-3, rtol=0)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(1, 6), st.integers(2, 9), st.integers(1, 4), st.integers(1, 4), NORMALIZATIONS, st.booleans(),
    st.booleans(), WRAPPINGS,
)  # fmt: skip
@torch.no_grad()
def test_any_resnet_generator(blocks, width, inputs, outputs, kind, bias, dropout, wrapping):
    network = ResnetGenerator(blocks, width, inputs, outputs, 2, kind, bias, dropout).eval()
    tensors = filled(network, width)
    picture = torch.rand(1, 3, 24, 20, generator=torch.Generator().manual_seed(blocks))
    found = loaded(tensors, wrapping)
    plain = generator(tensors, blocks, dropout)(2 * seen(picture, inputs) - 1)
    wanted = (shown(plain) + 1) / 2
    assert found.notes == () and found.published.name == "CycleGAN"
    torch.testing.assert_close(found.network(picture), wanted, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.network.folded().eval()(picture), wanted, atol=2e-3, rtol=0)


def generator(t: dict[str, Tensor], blocks: int, dropout: bool):
    def paint(x: Tensor) -> Tensor:
        def conv(name: str, x: Tensor, pad: int = 0, stride: int = 1, zeros: int = 0) -> Tensor:
            x = F.pad(x, [pad] * 4, mode="reflect") if pad else x
            return F.conv2d(x, t[f"{name}.weight"], t.get(f"{name}.bias"), stride, zeros)

        x = F.relu(normalized(t, "model.2", conv("model.1", x, 3)))
        for i in (4, 7):
            x = F.relu(normalized(t, f"model.{i + 1}", conv(f"model.{i}", x, 0, 2, 1)))
        for i in range(10, 10 + blocks):
            block, second = f"model.{i}.conv_block", 6 if dropout else 5
            y = F.relu(normalized(t, f"{block}.2", conv(f"{block}.1", x, 1)))
            x = x + normalized(t, f"{block}.{second + 1}", conv(f"{block}.{second}", y, 1))
        for i in (10 + blocks, 13 + blocks):
            up = F.conv_transpose2d(x, t[f"model.{i}.weight"], t.get(f"model.{i}.bias"), 2, 1, 1)
            x = F.relu(normalized(t, f"model.{i + 1}", up))
        return torch.tanh(conv(f"model.{17 + blocks}", x, 3))

    return paint
