from __future__ import annotations

import cv2
import numpy as np
import skimage.data
import torch

from stylex.models.adain.embedded import embedded_adain
from stylex.models.adain_l.network import grown_adain


def planes(picture: np.ndarray, side: int) -> torch.Tensor:
    return torch.from_numpy(cv2.resize(picture, (side, side))).permute(2, 0, 1)[None].float() / 255


@torch.no_grad()
def test_it_begins_with_the_pictures_of_adain():
    """At full strength they are the same; in between, its new sites do what they do to photos on average."""
    adain = embedded_adain()[0]
    photo, style = planes(skimage.data.astronaut(), 100), planes(skimage.data.coffee(), 64)
    large = grown_adain(adain, photo).eval()
    for strength, most in ((1.0, 0.001), (0.5, 0.05), (0.0, 0.001)):
        pairs = [network(photo, network.encode(style), strength)[0] for network in (adain, large)]
        assert (pairs[0] - pairs[1]).abs().mean() < most, strength
