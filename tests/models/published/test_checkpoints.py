from __future__ import annotations

import hashlib
import shutil

import pytest
import torch

from stylex.errors import InputError, ModelError, UsageError
from stylex.files import sha256_of
from stylex.models.published.checkpoints import _style_of_file, load_checkpoint
from stylex.models.published.recognition import Architectures, published_shapes
from stylex.techniques import TECHNIQUES

KNOWN = Architectures.of()
PARAMETERS = {
    "TransformerNet": 1_679_235,
    "early TransformerNet": 1_679_235,
    "ResnetGenerator": 11_378_179,
    "vgg_normalised": 20_024_396,
    "decoder": 3_505_219,
    "transformer": 4_461_056,
    "content_encoder": 157_792,
    "style_encoder": 157_792,
    "modulator": 2_560,
    "MicroAST's decoder": 153_843,
}
"""As the published files have them."""
SHAPES = {
    "TransformerNet": {"conv1.conv2d.weight": (32, 3, 9, 9), "in1.bias": (32,), "res5.in2.weight": (128,)},
    "early TransformerNet": {"in3.scale": (128,), "res1.in2.shift": (128,), "deconv3.conv2d.bias": (3,)},
    "ResnetGenerator": {
        "model.1.weight": (64, 3, 7, 7),
        "model.18.conv_block.5.bias": (256,),
        "model.19.weight": (256, 128, 3, 3),
        "model.26.weight": (3, 64, 7, 7),
    },
    "vgg_normalised": {"0.weight": (3, 3, 1, 1), "28.weight": None, "29.weight": (512, 256, 3, 3), "51.bias": (512,)},
    "decoder": {"1.weight": (256, 512, 3, 3), "14.weight": (128, 256, 3, 3), "28.bias": (3,)},
    "transformer": {"sanet4_1.f.weight": (512, 512, 1, 1), "sanet5_1.out_conv.bias": (512,), "merge_conv.bias": (512,)},
    "content_encoder": {
        "enc1.0.conv_layer.weight": (16, 3, 9, 9),
        "enc1.2.conv_layer.weight": (32, 1, 3, 3),
        "enc1.10.conv2.conv_layer.bias": (64,),
        "enc2.0.conv1.conv_layer.weight": (64, 64, 3, 3),
    },
    "modulator": {"weight1.0.conv_layer.weight": (64, 1, 3, 3), "bias2.0.conv_layer.bias": (64,)},
    "MicroAST's decoder": {
        "dec1.conv1.conv_layer.weight": (64, 64, 3, 3),
        "dec3.1.conv_layer.weight": (32, 2, 3, 3),
        "dec3.10.conv_layer.weight": (3, 16, 9, 9),
    },
}


@pytest.mark.parametrize("part", KNOWN.parts, ids=lambda p: p.name)
def test_names_and_shapes_are_the_published_ones(part):
    shapes = published_shapes(part)
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == PARAMETERS[part.name]
    for name, shape in SHAPES.get(part.name, {}).items():
        assert shapes.get(name) == shape, name


def test_architectures_and_parts_are_told_apart_by_name():
    names = [part.name for part in KNOWN.parts]
    assert len(set(names)) == len(names) == len(PARAMETERS)
    assert len({p.parts for p in KNOWN.techniques}) == len({p.name for p in KNOWN.techniques}) == len(KNOWN.techniques)
    assert set(KNOWN.techniques.values()) <= set(TECHNIQUES)


@pytest.mark.parametrize("known", KNOWN.techniques, ids=lambda p: p.name)
def test_files_in_any_order_become_a_network(published_files, known):
    paths = published_files(known.name)
    found = load_checkpoint(paths[::-1])
    assert found.published is known and found.notes == ()
    assert not found.network.training and not any(p.requires_grad for p in found.network.parameters())
    assert not any(t.is_meta for t in found.network.state_dict().values())
    assert found.sha256 == load_checkpoint(paths).sha256
    sums = " ".join(sha256_of(p) for p in paths)
    assert found.sha256 == (sums if len(paths) == 1 else hashlib.sha256(sums.encode()).hexdigest())


@pytest.mark.parametrize("name", ["TransformerNet", "ResnetGenerator"])
def test_old_running_statistics_are_passed_over_and_told(tmp_path, seeded_parts, name):
    old, changed = tmp_path / "old.pth", 0
    tensors = seeded_parts(name)
    norms = ("in1", "res2.in1") if name == "TransformerNet" else ("model.2", "model.10.conv_block.2")
    for norm in norms:
        for key, value in (("running_mean", torch.zeros(4)), ("running_var", torch.ones(4))):
            tensors[f"{norm}.{key}"], changed = value, changed + 1
    torch.save(tensors, old)
    found = load_checkpoint([old])
    assert found.notes == (f"old.pth: passed over {changed} unused running statistics of an old torch",)
    assert not any("running" in n for n in found.network.state_dict())


@pytest.fixture
def fast(tmp_path, seeded_parts):
    def write(change):
        tensors = seeded_parts("TransformerNet")
        change(tensors)
        torch.save(tensors, tmp_path / "net.pth")
        return [tmp_path / "net.pth"]

    return write


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.pop("res1.in1.weight"), "looks like TransformerNet, but lacks res1.in1.weight"),
        (lambda t: [t.pop(n) for n in ("in4.bias", "in4.weight")], "but lacks in4.weight and 1 more"),
        (lambda t: t.update({"res6.in1.bias": torch.ones(3)}), "but has an extra res6.in1.bias"),
        (
            lambda t: t.update({"conv1.conv2d.weight": torch.ones(16, 3, 9, 9)}),
            "but conv1.conv2d.bias is 32 where 16 is needed",
        ),
        (
            lambda t: (
                t.update({"in1.num_batches_tracked": torch.tensor(3)}) or t.update({"in1.running_mean": torch.ones(32)})
            ),
            "but lacks in1.running_var",
        ),
    ],
)
def test_what_nearly_fits_says_what_is_wrong(fast, change, expected):
    with pytest.raises(ModelError, match="looks like") as caught:
        load_checkpoint(fast(change))
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_unknown_names_what_is_supported(tmp_path):
    torch.save({f"features.{i}.weight": torch.ones(2, 3) for i in range(9)}, tmp_path / "net.pth")
    with pytest.raises(ModelError, match="no checkpoint that stylex knows") as caught:
        load_checkpoint([tmp_path / "net.pth"])
    assert "begins with features.0.weight 2x3, features.1.weight 2x3, features.2.weight 2x3)" in str(caught.value)
    assert all(p.name in str(caught.value) for p in KNOWN.techniques) and "\n" not in str(caught.value)


def test_discriminators_are_named(tmp_path):
    torch.save({"model.0.weight": torch.rand(64, 3, 4, 4), "model.0.bias": torch.zeros(64)}, tmp_path / "net_D.pth")
    with pytest.raises(ModelError, match=r"is a discriminator \(D\), which can't paint: give the generator"):
        load_checkpoint([tmp_path / "net_D.pth"])


def test_an_average_is_preferred_and_several_networks_are_refused(tmp_path, seeded_parts):
    tensors, other = seeded_parts("TransformerNet"), seeded_parts("TransformerNet", 1)
    torch.save({"net": other, "ema": tensors, "optimizer": {"state": {0: torch.ones(3)}}}, tmp_path / "a.pth")
    found = load_checkpoint([tmp_path / "a.pth"])
    assert torch.equal(found.network.conv1.conv2d.weight, tensors["conv1.conv2d.weight"])
    assert found.notes == ("a.pth: took the moving average ema",)
    torch.save({"netG_A": other, "netG_B": tensors}, tmp_path / "b.pth")
    with pytest.raises(ModelError, match=r"several networks \(netG_A, netG_B\)"):
        load_checkpoint([tmp_path / "b.pth"])


def test_parts_that_are_missing_or_too_many(published_files):
    vgg, transformer, decoder = published_files("SANet")
    with pytest.raises(UsageError, match="decoder alone can't paint: give also vgg_normalised for AdaIN"):
        load_checkpoint([decoder])
    with pytest.raises(UsageError, match="give also decoder for SANet"):
        load_checkpoint([vgg, transformer])
    with pytest.raises(UsageError, match="don't belong together"):
        load_checkpoint([decoder, *published_files("fast-neural-style")])
    with pytest.raises(UsageError, match="are both decoder: give it once"):
        load_checkpoint([decoder, decoder])
    assert load_checkpoint([decoder, vgg]).published.name == "AdaIN"
    with pytest.raises(InputError, match="not a file"):
        load_checkpoint([decoder.with_name("nowhere.pth")])


def test_microast_encoders_are_told_apart_by_their_names(tmp_path, published_files):
    paths = published_files("MicroAST")
    unnamed = tmp_path / "encoder.pth"
    shutil.copy(paths[0], unnamed)
    with pytest.raises(ModelError, match="its file name must contain 'content' or 'style'"):
        load_checkpoint([unnamed, *paths[1:]])
    published = [tmp_path / f"{p.stem}_iter_160000.pth.tar" for p in paths]
    for source, target in zip(paths, published, strict=True):
        shutil.copy(source, target)
    assert load_checkpoint(published).published.name == "MicroAST"


@pytest.mark.parametrize(
    ("file", "style"),
    [("candy.pth", "candy"), ("candy.v2.pth", "candy.v2"), ("my net.pth.tar", "my net"), ("mosaic.model", "mosaic")],
)
def test_a_style_is_called_like_its_file(file, style):
    assert _style_of_file(file) == style


@pytest.mark.parametrize("file", ["latest_net_G.pth", "latest_net_G_A.pth", ".pth"])
def test_files_whose_names_say_nothing(file):
    with pytest.raises(UsageError, match="give the style's name"):
        _style_of_file(file)
