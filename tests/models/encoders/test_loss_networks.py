"""Loss networks from files as torchvision publishes them, narrow ones with the published places of their layers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from stylex.errors import InputError, ModelError
from stylex.models.encoders.loss_network_files import (
    RESCALED,
    SLIM,
    SLIM_FILE,
    VGG16_FILE,
    VGG19,
    VGG_FILE,
    find_file,
    find_teacher,
    read_loss_network,
)
from stylex.models.encoders.loss_networks import LossNetwork, LossNetworks, SlimVgg, Vgg, Vgg16, open_loss_networks
from stylex.models.encoders.opening import opened
from stylex.models.training import losses
from stylex.models.training.batches import texture_statistics

CPU = torch.device("cpu")
CONFIGURATIONS = {
    "VGG-11": (1, 1, 2, 2, 2),
    "VGG-13": (2, 2, 2, 2, 2),
    "VGG-16": (2, 2, 3, 3, 3),
    "VGG-19": (2, 2, 4, 4, 4),
}
PUBLISHED = {
    "VGG-16": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    "VGG-19": (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34),
}
"""Places of the convolutions in the files that torchvision publishes."""
WIDTHS = (4, 5, 6, 7, 8)
ALL = ("1_1", "2_1", "3_1", "4_1", "5_1")


class Malicious:
    """Unpickled without care, this writes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


class Vgg16Or19(nn.Module):
    """The network as torchvision builds it, narrow."""

    def __init__(self, name: str, normalized: bool = False) -> None:
        super().__init__()
        layers, inputs = [], 3
        for width, count in zip(WIDTHS, CONFIGURATIONS[name], strict=True):
            for _ in range(count):
                layers += [nn.Conv2d(inputs, width, 3, padding=1), *[nn.BatchNorm2d(width)][:normalized]]
                layers += [nn.ReLU(inplace=True)]
                inputs = width
            layers += [nn.MaxPool2d(2, 2)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(8, 4), nn.ReLU(True), nn.Dropout(), nn.Linear(4, 2))

    def activations(self, x: Tensor, name: str) -> dict[str, Tensor]:
        """Of the rectifiers behind the first convolution of each stage."""
        x = (x - x.new_tensor((0.485, 0.456, 0.406)).view(3, 1, 1)) / x.new_tensor((0.229, 0.224, 0.225)).view(3, 1, 1)
        firsts = np.cumsum((0, *CONFIGURATIONS[name][:4]))
        wanted = {PUBLISHED[name][first] + 1: f"{stage}_1" for stage, first in enumerate(firsts, 1)}
        found = {}
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in wanted:
                found[wanted[place]] = x.clone()
        return found


def state(name: str, normalized: bool = False) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return Vgg16Or19(name, normalized).state_dict()


def written(tensors: object, path: Path, zipped: bool = True) -> Path:
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=zipped)
    return path


def refused(path: Path, match: str, error: type[Exception] = ModelError) -> None:
    """One line says what is wrong and what is needed."""
    with pytest.raises(error, match=match) as caught:
        open_loss_networks(path)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    assert "needed is VGG-16 or VGG-19 as torchvision publishes it (https://" in message


@pytest.mark.parametrize("name", ["VGG-16", "VGG-19"])
@pytest.mark.parametrize("file", ["new.pth", "old.pth", "net.safetensors"])
def test_torchvisions_networks_see_what_torchvision_sees(tmp_path, name, file):
    torch.manual_seed(3)
    network = Vgg16Or19(name)
    path = written(network.state_dict(), tmp_path / file, zipped=file != "old.pth")
    vgg, deep = open_loss_networks(path)
    assert vgg is deep and vgg.name == name
    assert not list(vgg.parameters()) and not [b for b, _ in vgg.named_buffers() if "classifier" in b]
    x = torch.rand(2, 3, 70, 50)
    with torch.no_grad():
        want = network.activations(x, name)
    found = vgg(x)
    assert tuple(found) == ALL == tuple(want)
    for layer in ALL:
        torch.testing.assert_close(found[layer], want[layer])


@pytest.mark.parametrize("name", ["VGG-16", "VGG-19"])
def test_the_published_places_are_the_ones_that_are_known(name):
    assert (
        tuple(int(n.split(".")[1]) for n in state(name) if n.startswith("features") and "weight" in n)
        == (PUBLISHED[name])
    )


def test_half_precision_and_no_more_than_relu5_1(tmp_path):
    kept = {n: t.half() for n, t in state("VGG-16").items() if int(n.split(".")[1]) <= 24 and "features" in n}
    file = read_loss_network(written(kept, tmp_path / "net.safetensors"))
    assert file.last == 5 and file.tensors["conv5_1.weight"].dtype == torch.float32
    assert tuple(LossNetwork(file, 3)(torch.rand(1, 3, 32, 32))) == ALL[:3]


@pytest.mark.parametrize("name", ["VGG-11", "VGG-13", "VGG-16", "VGG-19"])
def test_batch_normalization_is_refused(tmp_path, name):
    refused(written(state(name, normalized=True), tmp_path / "vgg_bn.pth"), "is a VGG with batch normalization")


@pytest.mark.parametrize(
    ("tensors", "match"),
    [
        ({"fc.weight": torch.ones(2)}, r"is no loss network \(it begins with fc.weight\)"),
        ({"features.0.0.weight": torch.ones(2)}, "features.0.0.weight, which neither VGG-16 nor VGG-19 has"),
        ({"features.conv0.weight": torch.ones(2), "features.norm0.running_mean": torch.ones(2)}, "features.conv0"),
    ],
)
def test_other_networks_are_refused(tmp_path, tensors, match):
    refused(written(tensors, tmp_path / "net.pth"), match)


@pytest.mark.parametrize("name", ["VGG-11", "VGG-13"])
def test_other_vggs_are_refused(tmp_path, name):
    refused(written(state(name), tmp_path / "net.pth"), r"holds features\.\d+\.weight, which neither")


@pytest.mark.parametrize(
    ("name", "lost", "layer"),
    [("VGG-16", "features.21.weight", "conv4_3"), ("VGG-19", "features.16.bias", "conv3_4")],
)
def test_a_missing_layer_is_named(tmp_path, name, lost, layer):
    tensors = state(name)
    del tensors[lost]
    refused(written(tensors, tmp_path / "net.pth"), rf"taken for {name}, lacks {lost} \({layer}\)")


def test_layers_that_dont_follow_on_one_another(tmp_path):
    tensors = state("VGG-16")
    for broken in (torch.zeros(5, 4, 1, 1), torch.zeros(5, 3, 3, 3), torch.zeros(5)):
        path = written({**tensors, "features.5.weight": broken}, tmp_path / "net.pth")
        refused(path, r"has conv2_1.weight [0-9x]* where \dx4x3x3 is needed")
    path = written({**tensors, "features.5.bias": torch.zeros(4)}, tmp_path / "net.pth")
    refused(path, "has conv2_1.bias 4 where 5 is needed")


@pytest.mark.parametrize("file", ["new.pth", "old.pth", "net.safetensors"])
def test_truncated_files(tmp_path, file):
    path = written(state("VGG-16"), tmp_path / file, zipped=file != "old.pth")
    whole = path.read_bytes()
    for length in (0, 60, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:length])
        refused(path, "the loss network is damaged or foreign: .*download it again")


def test_code_in_a_pickle_never_runs(tmp_path):
    marker = tmp_path / "marker"
    for place in (tmp_path / "net.pth", tmp_path):
        written({"state_dict": state("VGG-16"), "x": Malicious(marker)}, tmp_path / "net.pth")
        refused(place, r"was not read: it is a pickle that calls \w+\.system")
    assert not marker.exists()


def test_no_such_path(tmp_path):
    refused(tmp_path / "nowhere", "is missing: name a file or a folder; ", InputError)
    refused(tmp_path / ("x" * 300), "is missing", InputError)


# Folders


def test_the_folder_of_stylexs_own_files(teacher):
    vgg, slim = open_loss_networks(teacher)
    x = torch.rand(1, 3, 48, 40)
    for found, want in ((vgg(x), Vgg(teacher)(x)), (slim(x), SlimVgg(teacher)(x))):
        assert tuple(found) == tuple(want)
        assert all(torch.equal(found[layer], want[layer]) for layer in want)
    assert tuple(vgg(x)) == ALL[:3] and tuple(slim(x)) == ALL
    names = (vgg.name, slim.name)
    assert names == ("VGG-19", "the slim VGG-19")


def own_vgg16(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Torchvision's VGG-16 in the names of stylex's file, half precision, up to relu5_1."""
    layers = [f"{s}_{i}" for s, n in enumerate((2, 2, 3, 3, 1), 1) for i in range(1, n + 1)]
    named = {
        f"conv{layer}.{part}": tensors[f"features.{place}.{part}"].half()
        for layer, place in zip(layers, PUBLISHED["VGG-16"], strict=False)
        for part in ("weight", "bias")
    }
    return {**named, "mean": torch.tensor([0.485, 0.456, 0.406]), "std": torch.tensor([0.229, 0.224, 0.225])}


def test_with_a_vgg16_the_folder_sees_up_to_relu4_1(teacher, tmp_path):
    folder = shutil.copytree(teacher, tmp_path / "teacher")
    written(own_vgg16(state("VGG-16")), folder / VGG16_FILE)
    (folder / "broken.pth").write_bytes(b"not read, as all of stylex's own files are there")
    vgg, slim = open_loss_networks(folder)
    x = torch.rand(1, 3, 48, 40)
    assert (vgg.name, tuple(vgg(x))) == ("VGG-16", ALL[:4])
    want = LossNetwork(read_loss_network(written({n: t.half() for n, t in state("VGG-16").items()}, tmp_path / "a.pt")))
    assert all(torch.equal(y, want(x)[layer]) for layer, y in vgg(x).items())
    assert torch.equal(slim(x)["5_1"], SlimVgg(teacher)(x)["5_1"])
    (folder / "broken.pth").unlink()
    (folder / VGG16_FILE).rename(folder / "anything.safetensors")
    assert open_loss_networks(folder)[0].name == "VGG-16"
    assert torch.equal(Vgg16(folder, 2)(x)["2_1"], vgg(x)["2_1"])
    both = LossNetworks(folder, CPU)
    assert both.name == "VGG-16, VGG-19 and the slim VGG-19"
    assert tuple(texture_statistics(both, x, 32, np.random.default_rng(5))) == ALL[:3], (
        "crops stay with the rescaled VGG-19"
    )
    torch.testing.assert_close(both.seen(x)[0], slim(x) | vgg(x))


def test_files_are_recognized_whatever_they_are_called(teacher, tmp_path):
    shutil.copy(teacher / VGG_FILE, tmp_path / "one.safetensors")
    shutil.copy(teacher / SLIM_FILE, tmp_path / "two.safetensors")
    written(state("VGG-16", normalized=True), tmp_path / "0.pth")  # passed over
    (tmp_path / "README.md").write_text("no network")
    vgg, slim = open_loss_networks(tmp_path)
    x = torch.rand(1, 3, 32, 32)
    assert torch.equal(vgg(x)["3_1"], Vgg(teacher)(x)["3_1"]) and torch.equal(
        slim(x)["5_1"], SlimVgg(teacher)(x)["5_1"]
    )
    assert torch.equal(Vgg(tmp_path)(x)["3_1"], vgg(x)["3_1"])
    assert find_file(tmp_path, SLIM).path.name == "two.safetensors"


@pytest.mark.parametrize(("files", "name"), [(("VGG-16", "VGG-19"), "VGG-16"), (("VGG-19",), "VGG-19")])
def test_a_folder_of_torchvisions_files(teacher, tmp_path, files, name):
    for file in files:
        written(state(file), tmp_path / f"{file}.pth")
    vgg, deep = open_loss_networks(tmp_path)
    assert vgg is deep and vgg.name == name and tuple(vgg(torch.rand(1, 3, 32, 32))) == ALL
    shutil.copy(teacher / SLIM_FILE, tmp_path)
    vgg, deep = open_loss_networks(tmp_path)
    assert (vgg.name, deep.name) == (name, "the slim VGG-19")
    assert tuple(vgg(torch.rand(1, 3, 32, 32))) == ALL[:4]


def test_stylexs_vgg19_stands_before_torchvisions_where_there_is_the_slim_one(teacher, tmp_path):
    folder = shutil.copytree(teacher, tmp_path / "teacher")
    written(state("VGG-19"), folder / "a.pth")
    x = torch.rand(1, 3, 32, 32)
    assert torch.equal(open_loss_networks(folder)[0](x)["3_1"], Vgg(teacher)(x)["3_1"])
    (folder / SLIM_FILE).unlink()
    assert tuple(open_loss_networks(folder)[1](x)) == ALL


def test_folders_and_files_that_dont_suffice(teacher, tmp_path):
    refused(tmp_path, "doesn't suffice, it holds no loss network", InputError)
    written(state("VGG-13"), tmp_path / "vgg13.pth")
    refused(tmp_path, r"it holds vgg13.pth \(another network\)", InputError)
    shutil.copy(teacher / VGG_FILE, tmp_path)
    for path in (tmp_path, tmp_path / VGG_FILE):
        refused(path, rf"it holds {VGG_FILE} \(VGG-19 up to relu3_1\)", InputError)
    refused(teacher / SLIM_FILE, r"\(the slim VGG-19 up to relu5_1\)", InputError)
    (tmp_path / "cut.pth").write_bytes(b"PK")
    refused(tmp_path, r"damaged or foreign: .*cut\.pth", ModelError)


def test_files_under_stylexs_own_names_must_be_what_they_are_called(teacher, tmp_path):
    written(state("VGG-16"), tmp_path / VGG_FILE)
    with pytest.raises(ModelError, match=f"{VGG_FILE} holds VGG-16, not the network of this name: restore it"):
        Vgg(tmp_path)
    written({"fc.weight": torch.ones(2)}, tmp_path / VGG_FILE)
    refused(tmp_path, "is no loss network")
    tensors = load_file(teacher / SLIM_FILE)
    for lost in ("conv0.bias", "conv5_1.weight", "conv3_2.weight"):
        shutil.copy(teacher / VGG_FILE, tmp_path)
        written({n: t for n, t in tensors.items() if n != lost}, tmp_path / SLIM_FILE)
        refused(tmp_path, f"lacks {lost} of the slim VGG-19")
    written({n: t for n, t in load_file(teacher / VGG_FILE).items() if n != "mean"}, tmp_path / VGG_FILE)
    refused(tmp_path, "lacks mean of VGG-19")


def test_a_single_file_where_a_folder_is_needed(teacher, tmp_path):
    path = written(state("VGG-19"), tmp_path / "vgg19-dcbb9e9d.pth")
    assert read_loss_network(path).kind == VGG19
    for kind in (RESCALED, SLIM):
        with pytest.raises(InputError, match=rf"single file, and {kind.file} is needed: name its folder"):
            find_teacher(path, tmp_path, kind)
        with pytest.raises(InputError, match=rf"{kind.file} is missing: name the folder"):
            find_teacher(tmp_path, tmp_path, kind)
    assert find_teacher(teacher, tmp_path, RESCALED, SLIM) == teacher
    assert find_teacher(path, tmp_path) == path


def test_a_teacher_folder_above_the_photos_may_hold_torchvisions_file(tmp_path):
    (tmp_path / "teacher").mkdir()
    photos = tmp_path / "data" / "photos"
    for kinds, expected in (((), "with loss networks above"), ((SLIM,), f"with {SLIM_FILE} above")):
        with pytest.raises(InputError, match=f"no teacher/ folder {expected} .*name one as the teacher"):
            find_teacher(None, photos, *kinds)
    written(state("VGG-16"), tmp_path / "teacher" / "vgg16-397923af.pth")
    assert find_teacher(None, photos) == tmp_path / "teacher"


# The pair that training uses


def test_the_embedded_encoder_is_both_where_nothing_is_given():
    vgg, deep = open_loss_networks(None)
    assert vgg is deep and vgg.name == "the embedded encoder"
    assert not any(p.requires_grad for p in vgg.parameters())
    x = torch.rand(1, 3, 32, 48)
    want = opened("slim")[0](x)
    assert all(torch.equal(y, want[layer]) for layer, y in vgg(x).items()) and tuple(want) == ALL


def test_the_pair_gives_what_the_two_networks_give(teacher, tmp_path):
    x = torch.rand(2, 3, 64, 64)
    new = LossNetworks(teacher, CPU)
    assert new.name == "VGG-19 and the slim VGG-19"
    texture = texture_statistics(new, x, 48, np.random.default_rng(5))
    crops = losses.random_crops(x, 48, torch.Generator().manual_seed(int(np.random.default_rng(5).integers(2**31))))
    for layer, (mean, std) in losses.statistics(Vgg(teacher)(crops)).items():
        torch.testing.assert_close(texture[layer], (mean, std))
    assert tuple(texture) == ALL[:3]
    real, slim = Vgg(teacher)(x), SlimVgg(teacher)(x)
    torch.testing.assert_close(new.features(x), slim)
    assert LossNetworks(None, CPU).name == "the embedded encoder"
    seen, content = new.seen(x)
    torch.testing.assert_close(seen, slim | real)
    torch.testing.assert_close(content, slim["4_1"])
    assert tuple(seen) == ALL and new.device == CPU
    assert new.layers == [
        "vgg19:1_1",
        "vgg19:2_1",
        "vgg19:3_1",
        "slim:4_1",
        "slim:5_1",
        "slim:4_1 content",
    ]


def test_a_single_network_is_the_whole_pair(tmp_path):
    x = torch.rand(2, 3, 64, 64)
    single = LossNetworks(written(state("VGG-16"), tmp_path / "net.pth"), CPU)
    assert single.name == "VGG-16" and tuple(texture_statistics(single, x, 48, np.random.default_rng(5))) == ALL
    seen, content = single.seen(x)
    assert tuple(seen) == ALL and content is seen["4_1"]
    assert single.layers == [*(f"vgg16:{layer}" for layer in ALL), "vgg16:4_1 content"]


def test_layers_of_any_scale_count_alike_in_the_style_loss(tmp_path):
    tensors = state("VGG-16")
    x, y = torch.rand(2, 1, 3, 32, 32)
    found = []
    for scale in (1_000, 100_000):  # activations far above the epsilon of the variance, as the published ones are
        loud = {n: scale * tensors[n] for n in ("features.5.weight", "features.5.bias")}
        vgg = open_loss_networks(written({**tensors, **loud}, tmp_path / "net.pth"))[0]
        found.append(losses.style_loss(losses.statistics(vgg(x)), losses.statistics(vgg(y)), ("2_1",)))
    torch.testing.assert_close(*found, rtol=0.01, atol=0)
