"""Photos with masks for training: read from a folder, and strongly varied, since a few hundred are all there are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError
from stylex.imaging.arrays import shrunk
from stylex.imaging.folders import FEWEST_PICTURES, picture_files
from stylex.imaging.reading import read_picture
from stylex.models.training.data import Picture, PictureFolder, is_held_out
from stylex.runtime.semantic.masks import read_mask

MASK_SUFFIX = ".png"
CLOSED = 5
"""Pixels of the widest speckles that are filled in masks to train with."""


@dataclass
class MaskedFolder(PictureFolder):
    """Photos of one folder, and where people are in them.

    Attributes:
        masks: (H, W) uint8, 255 on people, one for each picture.
        names: of the files.
    """

    masks: list[npt.NDArray[np.uint8]] | None = None
    names: tuple[str, ...] = ()


def load_masked(path: Path, short_side: int, hold_out: float, *, held_out: bool = False) -> MaskedFolder:
    """Reads every photo of a folder that has a mask: a PNG of the same stem and size beside it.

    Args:
        short_side: pixels that the shorter side is reduced to.
        hold_out: share of the photos that is left for evaluation, by a hash of their names.
        held_out: read those instead.

    Raises:
        InputError: no such folder, or fewer than 8 photos with masks in it.
    """
    pictures, masks, names, skipped, digest = [], [], [], [], hashlib.sha256()
    for file in picture_files(path):
        mask = file.with_suffix(MASK_SUFFIX)
        if file == mask or is_held_out(file.name, hold_out) != held_out:
            continue
        try:
            picture, marked = read_picture(file).rgb, _marked(mask)
        except InputError as error:
            skipped.append(str(error))
            continue
        if marked.shape != picture.shape[:2]:
            skipped.append(f"{file.name}: the mask {mask.name} has another size")
            continue
        pictures.append(shrunk(picture, short_side))
        masks.append(shrunk(marked if held_out else _closed(marked), short_side))
        names.append(file.name)
        digest.update(f"{file.relative_to(path).as_posix()} {file.stat().st_size}\n".encode())
    if len(pictures) < FEWEST_PICTURES:
        raise InputError(
            f"{path} has {len(pictures)} photos with masks ({len(skipped)} skipped); at least {FEWEST_PICTURES} are "
            "needed: put a PNG of the same name beside each photo, white on people"
        )
    share = np.full(len(pictures), 1 / len(pictures))
    return MaskedFolder(path, pictures, share, skipped, digest.hexdigest(), masks, tuple(names))


def _marked(path: Path) -> npt.NDArray[np.uint8]:
    return np.asarray(np.where(read_mask(path) > 0.5, 255, 0), np.uint8)


def _closed(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Returns a mask without speckles of some pixels, which masks cut out by their colour are full of."""
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((CLOSED, CLOSED), np.uint8)), np.uint8)


def augmented(
    folder: MaskedFolder,
    backgrounds: PictureFolder | None,
    size: int,
    chances: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[Picture, npt.NDArray[np.uint8]]:
    """Returns a training picture (size, size, 3) and its mask (size, size), turned, scaled, recoloured, set elsewhere.

    Args:
        backgrounds: photos without people; None for none.
        chances: that the picture has nobody in it, and that its people stand in front of another photo.
    """
    assert folder.masks is not None
    chance = rng.random()
    if backgrounds is not None and chance < chances[0]:
        behind = _moved(_drawn(backgrounds, rng), size, rng)
        return degraded(recolored(behind, rng), rng), np.zeros((size, size), np.uint8)
    index = int(rng.integers(len(folder.pictures)))
    pair = (folder.pictures[index], folder.masks[index])
    picture, mask = (_moved(one, size, turn) for one, turn in zip(pair, _twins(rng), strict=True))
    if backgrounds is not None and chance < sum(chances):
        behind = _moved(_drawn(backgrounds, rng), size, rng)
        picture = _pasted(recolored(picture, rng), recolored(behind, rng), mask, rng)
    return degraded(recolored(picture, rng), rng), mask


def _twins(rng: np.random.Generator) -> tuple[np.random.Generator, np.random.Generator]:
    """Returns two generators that draw the same, so that a picture and its mask move alike."""
    seed = int(rng.integers(2**31))
    return np.random.default_rng(seed), np.random.default_rng(seed)


def _drawn(folder: PictureFolder, rng: np.random.Generator) -> Picture:
    return folder.pictures[int(rng.integers(len(folder.pictures)))]


def _moved(picture: npt.NDArray[np.uint8], size: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Returns a square of the picture, flipped, turned, stretched: a third of the picture to more than all of it."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    scale = size / longest * np.exp(rng.uniform(np.log(0.8), np.log(2.2)))
    stretch, angle = np.exp(rng.uniform(-0.15, 0.15)), np.deg2rad(rng.normal(0, 7))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([flip * scale * stretch, scale / stretch])
    slack = np.maximum(np.array([width, height]) * scale - size, 0) / scale / 2
    center = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * (slack + 0.06 * longest)
    matrix = np.column_stack([linear, np.array([size, size]) / 2 - linear @ center])
    method = cv2.INTER_LINEAR if picture.ndim == 3 else cv2.INTER_NEAREST
    if scale < 0.7 and picture.ndim == 3:
        picture = np.asarray(cv2.blur(picture, (2, 2)), np.uint8)
    return np.asarray(
        cv2.warpAffine(picture, matrix, (size, size), flags=method, borderMode=cv2.BORDER_REFLECT_101), np.uint8
    )


def _pasted(picture: Picture, behind: Picture, mask: npt.NDArray[np.uint8], rng: np.random.Generator) -> Picture:
    """Returns the people of one picture in front of another, with a soft outline."""
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 1.6)).astype(np.float32)[..., None] / 255
    return np.asarray(np.rint(soft * picture + (1 - soft) * behind), np.uint8)


def recolored(picture: Picture, rng: np.random.Generator) -> Picture:
    """Returns another exposure, contrast, colour temperature, saturation; now and then grey."""
    share = 0.0 if rng.random() < 0.06 else float(np.exp(rng.normal(0, 0.3)))
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    picture = np.asarray(cv2.addWeighted(picture, share, grey, 1 - share, 0), np.uint8)
    levels = np.power(np.linspace(0, 1, 256), np.exp(rng.normal(0, 0.2)))[:, None] * rng.normal(1, 0.06, 3)
    levels = (levels - 0.5) * np.exp(rng.normal(0, 0.12)) + 0.5 + rng.normal(0, 0.06)
    table = np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8)  # (256, 3)
    return np.asarray(cv2.LUT(picture, table[None]), np.uint8)


def degraded(picture: Picture, rng: np.random.Generator) -> Picture:
    """Returns a picture that is now and then blurred, noisy, or saved at a low quality."""
    kind = rng.random(3)
    if kind[0] < 0.2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0)), np.uint8)
    if kind[1] < 0.25:
        noise = rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(2, 14))
        picture = np.asarray(np.clip(np.rint(picture + noise), 0, 255), np.uint8)
    if kind[2] < 0.2:
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        assert done
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return picture
