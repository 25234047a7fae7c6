"""VGG-19 (Simonyan and Zisserman 2015) with the weights that torchvision publishes, up to relu5_1."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from torch import Tensor, nn

from stylex.errors import ModelError
from stylex.files import cache_folder
from stylex.models.encoders.download import digest_of, fetched
from stylex.models.encoders.features import Features

URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
SHA256 = "dcbb9e9d"
"""The beginning of the file's SHA-256, which is all that its name publishes; torch.hub checks the same eight digits."""
WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = (2, 2, 4, 4, 1)
CONTENT_LAYER = "4_2"
"""Where Gatys et al. 2016 compare the content."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Vgg19(nn.Module):
    """RGB pictures (B, 3, H, W) in [0, 1] to the first activation of each stage, relu1_1 to relu5_1, and relu4_2."""

    def __init__(self) -> None:
        super().__init__()
        inputs, self.convs = 3, nn.ModuleDict()
        for stage, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True), 1):
            for index in range(1, depth + 1):
                self.convs[f"{stage}_{index}"] = nn.Conv2d(inputs, width, 3, padding=int(bool(self.convs)))
                inputs = width

    def forward(self, x: Tensor) -> Features:
        """Returns activations by layer; the picture is padded with its own edge, further in the padding is zero."""
        x = (x - x.new_tensor(MEAN).view(1, 3, 1, 1)) / x.new_tensor(DEVIATION).view(1, 3, 1, 1)
        x = F.pad(x, [1] * 4, mode="replicate")
        found: Features = {}
        for name, conv in self.convs.items():
            if name.endswith("_1") and found:
                x = F.max_pool2d(x, 2)
            x = F.relu(conv(x))
            if name.endswith("_1") or name == CONTENT_LAYER:
                found[name] = x
        return found


def published(console: Console | None = None) -> Vgg19:
    """Returns the network with its published weights, which are downloaded once (548 MB).

    Raises:
        ResourceError: they can't be downloaded.
        ModelError: the file is no VGG-19.
    """
    network = Vgg19()
    with torch.device("cpu"):
        load(network, fetched(URL, cache_folder() / Path(URL).name, SHA256, console), SHA256)
    return network


def load(network: Vgg19, path: Path, sha256: str = "") -> None:
    """Fills the network from a state dict in torchvision's names.

    Args:
        path: of the file, which is opened once.
        sha256: the beginning of the checksum in hexadecimal that it must have.

    Raises:
        ModelError: the file is damaged or of another network.
    """
    try:
        with path.open("rb") as file:
            if not digest_of(file).hexdigest().startswith(sha256):
                raise ValueError(f"its SHA-256 doesn't begin with {sha256}")
            file.seek(0)
            tensors = torch.load(file, map_location="cpu", weights_only=True)
        indices = [
            int(name.split(".")[1]) for name in tensors if name.startswith("features.") and name.endswith("weight")
        ]
        for index, conv in zip(sorted(indices), network.convs.values(), strict=False):
            conv.load_state_dict({part: tensors[f"features.{index}.{part}"] for part in ("weight", "bias")})
        if len(indices) < len(network.convs):
            raise KeyError(f"{len(indices)} convolutions")
    except Exception as error:  # what torch raises for damaged files shares no base class
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path} is not torchvision's VGG-19 ({reason}): remove it, and it is downloaded again"
        ) from error
