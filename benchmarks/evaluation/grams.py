"""Gram matrices of the real VGG-16, at the layers that fast style transfer was published with."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from stylex.imaging.arrays import Image, to_floats
from stylex.models.encoders.loss_networks import Vgg16
from stylex.models.training.losses import gram_matrices

LAYERS = ("1_2", "2_2", "3_3", "4_3")
"""Layers whose Gram matrices Johnson et al. (2016) compare."""


class GramJudge:
    """Compares pictures by Gram matrices.

    Args:
        teacher: folder of the real VGG-16.

    Raises:
        InputError, ModelError: as `stylex.models.encoders.loss_network_files.find_file` and the network do.
    """

    def __init__(self, teacher: Path) -> None:
        self.network = Vgg16(teacher, last=5).eval()

    @torch.inference_mode()
    def grams(self, picture: Image) -> dict[str, Tensor]:
        """Returns the Gram matrices of an RGB picture (H, W, 3), over its positions and channels."""
        features = self.network.activations_at(torch.from_numpy(to_floats(picture)), LAYERS)
        return {name: gram / gram.shape[1] for name, gram in gram_matrices(features).items()}

    def distance(self, have: dict[str, Tensor], want: dict[str, Tensor]) -> float:
        """Returns the squared distance, summed over the layers (Johnson et al. 2016, equation 4)."""
        return float(torch.stack([(have[name] - want[name]).square().sum() for name in have]).sum())
