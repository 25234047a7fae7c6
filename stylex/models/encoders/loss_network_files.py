"""The files that hold loss networks: which are known, how they are told apart, where they are found.

Files are recognized by the names and shapes of their tensors, whatever they are called:

- VGG-16 and VGG-19 (Simonyan and Zisserman 2015) as torchvision publishes them, `vgg16-397923af.pth` and
  `vgg19-dcbb9e9d.pth`: `features.N.weight` and `.bias`. The same names may stand in a safetensors file.
- `vgg16_relu5_1.safetensors`: torchvision's VGG-16 up to relu5_1 as `conv{stage}_{index}.weight` and `.bias`, with the
  `mean` and `std` (3,) of the colours.
- `vgg19_relu3_4.safetensors`: VGG-19 up to relu3_4 in those names, with `mean` alone. Every channel is rescaled to a
  mean activation of 1 over photos (the normalized VGG of Gatys et al. 2016).
- `vgg19_slim_relu5_1.safetensors`: the 16 times slimmer VGG-19 of Wang et al. 2020 (Collaborative Distillation) up to
  relu5_1 in those names, with the 1x1 convolution `conv0` for the colours and the maps `aux{stage}_1` to VGG-19's
  width. It is cheap enough for whole pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from stylex.errors import InputError, ModelError
from stylex.models.safe_checkpoints import Tensors, read_checkpoint

VGG_FILE = "vgg19_relu3_4.safetensors"
VGG16_FILE = "vgg16_relu5_1.safetensors"
SLIM_FILE = "vgg19_slim_relu5_1.safetensors"
ENDINGS = (".pth", ".pt", ".safetensors")
"""Suffixes of the files in a folder that may hold a loss network."""
NEEDED = (
    "needed is VGG-16 or VGG-19 as torchvision publishes it (https://download.pytorch.org/models/vgg16-397923af.pth or "
    f"vgg19-dcbb9e9d.pth), or {VGG_FILE} and {SLIM_FILE} in one folder"
)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Colours of ImageNet's photos, which torchvision's networks were trained with."""
FEATURE = re.compile(r"features\.(\d+)\.(weight|bias|running_mean|running_var|num_batches_tracked)")


@dataclass(frozen=True)
class Kind:
    """A network that is known.

    Attributes:
        name: as messages and training cards call it.
        stages: convolutions in each stage; pools stand between the stages.
        file: stylex's own name for the file, "" where there is none.
    """

    name: str
    stages: tuple[int, ...]
    file: str = ""

    def layers(self, last: int = 5) -> list[str]:
        """Returns the names of the convolutions up to the first one of stage `last`, such as "4_1"."""
        stages = (*self.stages[: last - 1], 1)
        return [f"{stage}_{index}" for stage, count in enumerate(stages, 1) for index in range(1, count + 1)]

    def indices(self) -> dict[str, int]:
        """Returns the places of all convolutions in torchvision's `features`, where ReLUs and pools count too."""
        found, place = {}, 0
        for stage, count in enumerate(self.stages, 1):
            for index in range(1, count + 1):
                found[f"{stage}_{index}"] = place
                place += 2
            place += 1
        return found


VGG16 = Kind("VGG-16", (2, 2, 3, 3, 3), VGG16_FILE)
RESCALED = Kind("VGG-19", (2, 2, 4, 4, 4), VGG_FILE)
VGG19 = Kind("VGG-19", (2, 2, 4, 4, 4))
SLIM = Kind("the slim VGG-19", (2, 2, 4, 4, 1), SLIM_FILE)
REAL = (VGG16, RESCALED, VGG19)
"""Those that see the highest frequencies, the preferred first."""


@dataclass(frozen=True)
class LossNetworkFile:
    """A file of a known network.

    Attributes:
        path: of the file.
        kind: of the network.
        tensors: float32; `conv{stage}_{index}.weight` and `.bias`, and `mean` and `std` or `conv0`.
    """

    path: Path
    kind: Kind
    tensors: Tensors

    @property
    def last(self) -> int:
        """Returns the last stage whose first convolution is in the file, 1 to 5."""
        return max(stage for stage in range(1, 6) if f"conv{stage}_1.weight" in self.tensors)


class _OtherNetworkError(ModelError):
    """The file is whole, but of a network that can't serve; in a folder it is passed over."""


def read_loss_network(path: Path) -> LossNetworkFile:
    """Reads a file of a known network, by the names and shapes of its tensors; code in pickles is never run.

    Raises:
        InputError: not a file.
        ModelError: it is damaged, refused, lacks a layer, or is of another network.
    """
    try:
        tensors = read_checkpoint(path)
    except ModelError as error:
        raise ModelError(f"the loss network is damaged or foreign: {error}; {NEEDED}") from error
    if any(name.startswith("features.") for name in tensors):
        return _of_torchvision(path, tensors)
    if "conv1_1.weight" in tensors:
        return _of_stylex(path, tensors)
    raise _OtherNetworkError(f"{path} is no loss network (it begins with {next(iter(tensors))}): {NEEDED}")


def _of_torchvision(path: Path, tensors: Tensors) -> LossNetworkFile:
    """Recognizes VGG-16 and VGG-19 by the places of their convolutions and gives these stylex's names."""
    features = {name: FEATURE.fullmatch(name) for name in tensors if name.startswith("features.")}
    places = {int(match[1]) for match in features.values() if match}
    kind = max((VGG16, VGG19), key=lambda k: len(places & set(k.indices().values())))
    if all(features.values()) and any(match and "running" in match[2] for match in features.values()):
        raise _OtherNetworkError(f"{path} is a VGG with batch normalization, and one without is needed: {NEEDED}")
    indices = kind.indices()
    foreign = [n for n, match in features.items() if not match or int(match[1]) not in indices.values()]
    if foreign:
        raise _OtherNetworkError(f"{path} holds {foreign[0]}, which neither VGG-16 nor VGG-19 has: {NEEDED}")
    found = {"mean": torch.tensor(MEAN), "std": torch.tensor(DEVIATION)}
    for layer in kind.layers():
        for part in ("weight", "bias"):
            name = f"features.{indices[layer]}.{part}"
            if name not in tensors:
                raise ModelError(
                    f"{path}, taken for {kind.name}, lacks {name} (conv{layer}): download it again; {NEEDED}"
                )
            found[f"conv{layer}.{part}"] = tensors[name]
    return LossNetworkFile(path, kind, found)


def _of_stylex(path: Path, tensors: Tensors) -> LossNetworkFile:
    """Tells files in stylex's own names apart: by `conv0`, by the depth of the third stage, and by `std`."""
    if "conv0.weight" in tensors:
        return LossNetworkFile(path, SLIM, tensors)
    if "conv3_3.weight" in tensors and "conv3_4.weight" not in tensors:
        kind = VGG16
    else:
        kind = VGG19 if "std" in tensors else RESCALED
    return LossNetworkFile(path, kind, {"std": torch.ones(3), **tensors})


def known_files(folder: Path) -> tuple[list[LossNetworkFile], list[str]]:
    """Returns the loss networks in a folder, and the names of its files that hold other networks.

    Files under stylex's own names come first, and where all of these are there no others are read.

    Raises:
        ModelError: a file is damaged, refused, or lacks a layer, or one under stylex's own name is of another network.
    """
    own = [folder / kind.file for kind in (*REAL, SLIM) if kind.file]
    paths = [path for path in own if path.is_file()]
    if len(paths) < len(own):
        paths += [path for path in candidates(folder) if path not in own]
    files, others = [], []
    for path in paths:
        try:
            files.append(read_loss_network(path))
        except _OtherNetworkError:
            if path in own:
                raise
            others.append(path.name)
    return files, others


def candidates(folder: Path) -> list[Path]:
    """Returns the files of a folder whose endings a loss network may have, sorted; none if it can't be listed."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file())
    except OSError:
        return []


def find_file(folder: Path, kind: Kind) -> LossNetworkFile:
    """Returns a folder's file of a kind: the one under stylex's own name, or else the first that is of this kind.

    Raises:
        InputError: there is none.
        ModelError: a file is damaged, or the one under stylex's own name is of another kind.
    """
    if folder.is_file():
        raise InputError(f"{folder} is a single file, and {kind.file} is needed: name its folder", teacher="DIR")
    if not (folder / kind.file).is_file():
        for file in known_files(folder)[0]:
            if file.kind == kind:
                return file
        raise InputError(
            f"the loss network {folder / kind.file} is missing: name the folder that holds it", teacher="DIR"
        )
    file = read_loss_network(folder / kind.file)
    if file.kind != kind:
        raise ModelError(f"{file.path} holds {file.kind.name}, not the network of this name: restore it")
    return file


def find_teacher(given: Path | None, content: Path, *kinds: Kind) -> Path:
    """Returns where the loss networks are: the path given, or `teacher/` beside or above the content folder.

    Args:
        given: a folder or a file.
        content: the folder to look above if none is given.
        kinds: that must be there, which only a folder can fulfil.

    Raises:
        InputError: there is none, or a kind is missing.
        ModelError: a file of these kinds is damaged.
    """
    above = (folder / "teacher" for folder in content.resolve().parents)
    found = given or next((folder for folder in above if candidates(folder)), None)
    if found is None:
        what = " and ".join(kind.file for kind in kinds)
        raise InputError(
            f"no teacher/ folder with {what or 'loss networks'} above {content}: name one as the teacher"
            + ("" if kinds else f"; {NEEDED}"),
            teacher="DIR" if kinds else "PATH",
        )
    for kind in kinds:
        find_file(found, kind)
    return found
