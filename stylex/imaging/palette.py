"""The palette of a picture, and the linear map that gives one picture the palette of another.

A palette is the mean and the covariance of RGB, nine numbers. The Monge-Kantorovich map (Pitie and Kokaram 2007,
equation 5) is the linear map between two palettes that moves the colours least. A network that paints in arbitrary
styles is put between two of them: the photo is given the style's palette before the network paints it, and the painted
picture is given the style's palette again, so that the network has strokes and texture to learn and no colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import ModelError

ROWS, COLUMNS = (0, 0, 0, 1, 1, 2), (0, 1, 2, 1, 2, 2)
"""Where the six covariances stand in the symmetric matrix."""
FLOOR = (4 / 255) ** 2
"""Variance that is added to the source's in every direction, so that compression noise is not taken for colour."""
FAINT = (0.5 / 255) ** 2
"""Variance that is added to the target's, for grey pictures, whose covariance is singular."""
MOST_BEFORE, MOST_AFTER = 3.0, 2.0
"""Largest factor by which any direction of colour is stretched before and after the network."""
COLORLESS, COLORED = (1.5 / 255) ** 2, (5 / 255) ** 2
"""Variance of colour beside what goes with lightness: a photo counts as grey up to one, as coloured from the other."""
LEAST_TONED = 0.15
"""Share of a style's other colours that a grey photo is given all the same."""
SAMPLED = 128
"""A picture is measured at every n-th pixel, so that at least so many are taken along its shorter side."""
MIDDLE = 127.5
"""Level that is subtracted while a palette is summed."""
STRIP = 2**20
"""Pixels that are mapped at a time where the map differs from place to place."""

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


def sampling_step(height: int, width: int) -> int:
    """Returns n: every n-th pixel of a picture of this size is measured."""
    return max(1, min(height, width) // SAMPLED)


def palette_of(picture: Bytes, weights: Floats | None = None) -> Floats:
    """Returns the palette (9,) of a picture.

    Args:
        picture: RGB uint8 (H, W, 3).
        weights: (h, w) of any size, 0 or more: how much each place counts. None where all count alike.
    """
    step = sampling_step(*picture.shape[:2])
    sampled = picture[::step, ::step]
    pixels = sampled.reshape(-1, 3).astype(np.float64)
    pixels -= MIDDLE  # the squares then lose no digits
    if weights is None:
        share = np.full(len(pixels), 1 / len(pixels))
        weighted = pixels / len(pixels)
    else:
        share = cv2.resize(weights, sampled.shape[1::-1], interpolation=cv2.INTER_LINEAR).reshape(-1).astype(np.float64)
        share /= max(float(share.sum()), 1e-12)
        weighted = pixels * share[:, None]
    mean = share @ pixels
    covariance = weighted.T @ pixels - np.outer(mean, mean)
    return np.concatenate(((mean + MIDDLE) / 255, covariance[ROWS, COLUMNS] / 255**2)).astype(np.float32)


def transport(source: Floats, target: Floats, most: float) -> Floats:
    """Returns the Monge-Kantorovich map from one palette to another.

    Args:
        source, target: palettes (9,).
        most: no direction of colour is stretched by more than this factor.

    Returns:
        matrix and offset (3, 4): a colour c in [0, 1] becomes `matrix[:, :3] @ c + matrix[:, 3]`.
    """
    (mean, covariance), (wanted, spread) = _parted(source), _parted(target)
    identity = np.eye(3)
    half, back = _powers(covariance + FLOOR * identity)
    inner, _ = _powers(half @ (spread + FAINT * identity) @ half)
    values, vectors = np.linalg.eigh(back @ inner @ back)
    matrix = (vectors * np.minimum(values, most)) @ vectors.T
    return np.concatenate((matrix, (wanted - matrix @ mean)[:, None]), 1).astype(np.float32)


def toned(style: Floats, photo: Floats) -> Floats:
    """Returns a style's palette as far as a photo can take it: a grey one is toned by its lightness.

    Out of one colour a network makes several by patches of red and green, say, in a grey wall. What goes with the
    style's lightness stays (the linear regression on it). Of the other colours there is a part for a grey photo, all
    for a coloured one, and never less than the photo has itself.

    Args:
        style, photo: palettes (9,).
    """
    (mean, covariance), (_, own) = _parted(style), _parted(photo)
    explained = _explained(covariance)
    others, have = np.trace(covariance - explained), np.trace(own - _explained(own))
    ramp = (have - COLORLESS) / (COLORED - COLORLESS)
    share = min(1.0, max(LEAST_TONED, float(ramp), float(have / max(others, 1e-12))))
    return np.concatenate((mean, (explained + share * (covariance - explained))[ROWS, COLUMNS])).astype(np.float32)


def _explained(covariance: Doubles) -> Doubles:
    """Returns the part of a covariance that goes with lightness, the mean of the channels."""
    with_lightness = covariance.mean(1)
    return np.outer(with_lightness, with_lightness) / max(float(with_lightness.mean()), 1e-12)


def between(photo: Floats, styles: Floats, amounts: Floats) -> Floats:
    """Returns the palette on the way from a photo's to the mixture of styles.

    Means are mixed, and so are the square roots of the covariances.

    Args:
        photo: palette (9,).
        styles: palettes (K, 9).
        amounts: (K,), 0 or more, in sum at most 1; what is missing to 1 is the photo's.
    """
    weights = np.concatenate((amounts, [max(0.0, 1 - float(amounts.sum()))]))
    parts = [_parted(palette) for palette in (*styles, photo)]
    mean = sum(share * mean for share, (mean, _) in zip(weights, parts, strict=True))
    root = sum(share * _powers(c + FAINT * np.eye(3))[0] for share, (_, c) in zip(weights, parts, strict=True))
    assert isinstance(root, np.ndarray)
    covariance = root @ root - FAINT * np.eye(3)
    return np.concatenate((np.asarray(mean), covariance[ROWS, COLUMNS])).astype(np.float32)


def _parted(palette: Floats) -> tuple[Doubles, Doubles]:
    """Returns the mean (3,) and the covariance (3, 3)."""
    values = palette.astype(np.float64)
    covariance = np.empty((3, 3))
    covariance[ROWS, COLUMNS] = covariance[COLUMNS, ROWS] = values[3:]
    return values[:3], covariance


def _powers(matrix: Doubles) -> tuple[Doubles, Doubles]:
    """Returns the square root of a symmetric positive matrix, and its inverse."""
    values, vectors = np.linalg.eigh(matrix)
    roots = np.sqrt(np.maximum(values, 1e-14))
    return (vectors * roots) @ vectors.T, (vectors / roots) @ vectors.T


@dataclass(frozen=True, eq=False)
class PaletteMaps:
    """The maps around one painting: one for each style, before and after the network.

    Attributes:
        before, after: (K, 3, 4), see `transport`.
    """

    before: Floats
    after: Floats

    def packed(self) -> Floats:
        """Returns both as one row of numbers (1, 24 K)."""
        return np.stack((self.before, self.after)).reshape(1, -1)

    @classmethod
    def unpacked(cls, values: Floats, styles: int) -> PaletteMaps:
        """Reads back what `packed` returned.

        Raises:
            ModelError: the numbers are those of another number of styles.
        """
        if values.size != 24 * styles:
            raise ModelError(
                f"frozen statistics hold {values.size} numbers of palettes, {24 * styles} are needed for {styles} "
                "styles: measure them anew with these styles"
            )
        before, after = values.reshape(2, styles, 3, 4)
        return cls(before, after)


def amounts_of(masks: Floats) -> Floats:
    """Returns how much of each style's palette every place takes: the masks (K, 1, h, w), in sum at most 1."""
    return np.asarray(masks / np.maximum(1, masks.sum(0, keepdims=True)), np.float32)


def shares_of(amounts: Floats) -> Floats:
    """Returns the share of each style's map behind the network, (K, 1, h, w): in sum 1 wherever a style is painted.

    The palette that those maps lead to lies on the way from the photo's to the style's already. Applied by amounts,
    they would leave some of the network's own colours at low strengths, and so of what quantization does to them.
    """
    total = amounts.sum(0, keepdims=True)
    return np.asarray(np.divide(amounts, total, out=np.zeros_like(amounts), where=total > 0), np.float32)


def palettes_under(picture: Bytes, amounts: Floats) -> Floats:
    """Returns the palette (K, 9) of the places where each style is painted.

    Args:
        picture: RGB uint8 (H, W, 3).
        amounts: (K, 1, h, w), see `amounts_of`.
    """
    if _uniform(amounts):
        return np.stack([palette_of(picture)] * len(amounts))
    return np.stack([palette_of(picture, amount[0]) for amount in amounts])


def maps_before(photo: Floats, styles: Floats) -> Floats:
    """Returns the maps (K, 3, 4) from palettes (K, 9) of the photo, see `palettes_under`, to the styles' toned ones."""
    return np.stack([transport(a, toned(b, a), MOST_BEFORE) for a, b in zip(photo, styles, strict=True)])


def maps_after(photo: Floats, painted: Floats, styles: Floats, amounts: Floats) -> Floats:
    """Returns the maps (K, 3, 4) from the painted picture's palettes to those that are wanted there.

    Args:
        photo: palettes (K, 9) before any map, see `palettes_under`.
        painted: those of what the network made of it.
        styles: palettes (K, 9).
        amounts: (K, 1, h, w), see `amounts_of`.
    """
    maps = []
    for original, have, amount in zip(photo, painted, amounts, strict=True):
        weight = float(amount.sum(dtype=np.float64))
        weights = (amounts * amount).sum((1, 2, 3), dtype=np.float64) / max(weight, 1e-12)
        within = np.stack([toned(style, original) for style in styles])
        maps.append(transport(have, between(original, within, weights.astype(np.float32)), MOST_AFTER))
    return np.stack(maps)


def _uniform(amounts: Floats) -> bool:
    return bool((amounts == amounts[:, :, :1, :1]).all())


def recolored(picture: Bytes, maps: Floats, amounts: Floats) -> Bytes:
    """Returns the picture with every place moved by the styles' maps as far as their amounts say.

    A colour c becomes `c + sum_k amount_k (map_k(c) - c)`.

    Args:
        picture: RGB uint8 (H, W, 3).
        maps: (K, 3, 4).
        amounts: (K, 1, h, w), stretched over the picture.

    Returns:
        RGB uint8 (H, W, 3); the same picture where all amounts are 0.
    """
    identity = np.eye(3, 4, dtype=np.float32)
    if _uniform(amounts):
        combined = identity + np.tensordot(amounts[:, 0, 0, 0], maps - identity, 1)
        if np.array_equal(combined, identity):
            return picture
        return np.asarray(cv2.transform(picture, _in_levels(combined)), np.uint8)
    moved = np.empty_like(picture)
    height, width = picture.shape[:2]
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = picture[top : top + rows].astype(np.float32)
        change = np.zeros_like(strip)
        for amount, matrix in zip(amounts, maps, strict=True):
            share = _stretched(amount[0], height, width, top, len(strip))
            change += share[:, :, None] * cv2.transform(strip, _in_levels(matrix - identity))
        moved[top : top + rows] = np.clip(np.rint(strip + change), 0, 255)
    return moved


def _in_levels(matrix: Floats) -> Floats:
    """Returns a map of colours in [0, 1] as one of colours in [0, 255]."""
    return np.asarray(matrix * np.array([1, 1, 1, 255], np.float32), np.float32)


def _stretched(amount: Floats, height: int, width: int, top: int, rows: int) -> Floats:
    """Returns some rows (rows, W) of an amount (h, w) that is stretched over (H, W), without making the others."""
    down, across = amount.shape[0] / height, amount.shape[1] / width
    matrix = np.array([[across, 0, 0.5 * across - 0.5], [0, down, (top + 0.5) * down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    stretched = cv2.warpAffine(amount, matrix, (width, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(stretched, np.float32)
