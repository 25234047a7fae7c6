"""The measures of one painted picture: its distance from a style, and what it keeps of a photo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from torch import Tensor, nn

from evaluation.layers import CHECKS, RATED, SLIM
from evaluation.lpips import Lpips
from evaluation.palette import Palette, palette, palette_distance
from stylex.export.metrics import ssim
from stylex.imaging.arrays import Image, to_floats
from stylex.models.encoders.loss_networks import SlimVgg, Vgg, Vgg16
from stylex.models.training import losses

QUARTER = 0.25
LAYERS = tuple(dict.fromkeys((*RATED, *CHECKS, *SLIM)))


@dataclass(frozen=True)
class PictureFeatures:
    """A picture as the measures see it; made once for every photo, painting and painted picture.

    Attributes:
        pixels: RGB (1, 3, H, W) in [0, 1].
        statistics: mean and standard deviation of the channels at `LAYERS`.
        quarter: those of the slim VGG-19 for the picture at a quarter of its resolution.
        content: relu4_1 of the slim VGG-19.
        palette: see `evaluation.palette`.
        lpips: features of LPIPS; empty without its weights.
    """

    pixels: Tensor
    statistics: losses.Statistics
    quarter: losses.Statistics
    content: Tensor
    palette: Palette
    lpips: list[Tensor]


class Judge:
    """The frozen networks that pictures are rated by.

    Args:
        teacher: folder of the three loss networks.
        lpips: the weights of LPIPS, or None to leave it out.

    Raises:
        InputError: a loss network is missing.
        ModelError: one is damaged.
    """

    def __init__(self, teacher: Path, lpips: Lpips | None = None, bfloat16: bool = False) -> None:
        networks = {"vgg19": Vgg(teacher), "slim": SlimVgg(teacher), "vgg16": Vgg16(teacher)}
        self.networks: dict[str, nn.Module] = {name: network.eval() for name, network in networks.items()}
        self.lpips, self.bfloat16 = lpips, bfloat16

    def features_of(self, picture: Image) -> PictureFeatures:
        """Returns what is compared of an RGB picture (H, W, 3)."""
        pixels = torch.from_numpy(to_floats(picture))
        found: losses.Statistics = {}
        for name, network in self.networks.items():
            with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
                features = {f"{name}:{layer}": x for layer, x in network(pixels).items()}
            found |= losses.statistics({layer: x for layer, x in features.items() if layer in LAYERS})
            if name == "slim":
                content = features["slim:4_1"]
        small = cv2.resize(picture, None, fx=QUARTER, fy=QUARTER, interpolation=cv2.INTER_AREA)
        quarter = losses.statistics(self.networks["slim"](torch.from_numpy(to_floats(small))))
        lpips = self.lpips.features(pixels) if self.lpips else []
        return PictureFeatures(pixels, found, quarter, content, palette(picture), lpips)

    def to_style(self, picture: PictureFeatures, style: PictureFeatures) -> dict[str, float]:
        """Returns the distances from a style, all of them 0 for the style's own picture.

        By layer ("vgg19:1_1") the squared distance of means and standard deviations relative to the style's own, see
        `losses.style_loss`; their sum over the slim VGG-19 at full ("style") and at a quarter of the resolution
        ("quarter"), and the sum of both; and the palette distance in units of L*a*b*.
        """
        found = {
            layer: float(losses.style_loss({layer: picture.statistics[layer]}, {layer: style.statistics[layer]}))
            for layer in LAYERS
        }
        whole = sum(found[layer] for layer in SLIM)
        quarter = float(losses.style_loss(picture.quarter, style.quarter))
        palettes = palette_distance(picture.palette, style.palette)
        return {**found, "style": whole, "quarter": quarter, "both": whole + quarter, "palette": palettes}

    def to_photo(self, picture: PictureFeatures, photo: PictureFeatures) -> dict[str, float]:
        """Returns what of a photo is kept or changed, and the picture's own checkerboard.

        The content loss of training (0 for the photo itself), SSIM (Wang et al. 2004) and MS-SSIM (Wang et al. 2003),
        both 1 for it, and LPIPS, 0 for it, where its weights are there.
        """
        from pytorch_msssim import ms_ssim

        found = {
            "content": float(losses.content_loss(picture.content, photo.content)),
            "ssim": ssim(picture.pixels[0].numpy(), photo.pixels[0].numpy()),
            "ms_ssim": float(ms_ssim(picture.pixels, photo.pixels, data_range=1.0)),
            "checkerboard": float(losses.checkerboard(picture.pixels)),
        }
        if self.lpips:
            found["lpips"] = float(self.lpips.distance(picture.lpips, photo.lpips))
        return found
