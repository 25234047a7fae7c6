"""Faces: found, and protected from too much style."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from stylex.errors import InputError, ModelError, UsageError
from stylex.filetypes import explanation, head_of
from stylex.imaging.arrays import Image
from stylex.imaging.sizes import at_most
from stylex.installation import optional
from stylex.runtime.semantic.masks import Mask
from stylex.techniques import FACE_STRENGTH

STRENGTH = FACE_STRENGTH
"""Share of the strength that is left in the middle of a face."""
CASCADE_SIDE, YUNET_SIDE = 512, 640
"""Pixels of the longer side in which faces are looked for."""
SMALLEST, LARGEST = 0.08, 0.95
"""Side of the smallest face that the cascade looks for, as a share of the picture's shorter side; of the largest."""
ENLARGED, NEIGHBOURS = 1.15, 5
"""Steps between the sizes that the cascade looks for; overlapping finds that make a face, lone ones mostly don't."""
SKIN = np.array([[30, 133, 71], [255, 184, 131]])
"""Luma, red and blue difference of skin of any tone, least and most (after Chai and Ngan 1999, widened)."""
LEAST_SKIN, COLORLESS = 0.25, 4.0
"""Share of a face that has such a colour; mean colour difference below which a photo is black and white."""
SCORE = 0.7
"""Least score of a face of YuNet's."""
INNER, OUTER = 0.9, 1.65
"""Where the protection begins to fall off and where it ends, in half face boxes from the middle."""
HEAD = (1.0, 1.25)
"""Width and height of the protected ellipse in face boxes; boxes end above the chin and at the hairline."""
MAP_SIDE = 512


@dataclass(frozen=True)
class Face:
    """The box of a face in a photo, in pixels."""

    left: float
    top: float
    width: float
    height: float


def find_faces(photo: Image, model: Path | str | None = None) -> list[Face]:
    """Faces that look at the camera, the largest first.

    Args:
        photo: RGB uint8 (H, W, 3).
        model: an ONNX file of YuNet (Wu, Peng and Yu 2023), as OpenCV's zoo has it; None for the cascade of local
            binary patterns that ships inside scikit-image.

    Raises:
        MissingPackage: scikit-image is needed and isn't there.
        InputError: no such file.
        ModelError: the file isn't YuNet.
    """
    faces = _by_cascade(photo) if model is None else _by_yunet(photo, Path(model))
    return sorted(faces, key=lambda f: -f.width * f.height)


def _by_cascade(photo: Image) -> list[Face]:
    file = optional("skimage.data", "scikit-image").lbp_frontal_face_cascade_filename()
    cascade = optional("skimage.feature", "scikit-image").Cascade(file)
    height, width = at_most(photo.shape[:2], CASCADE_SIDE)
    small = np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    short, scale = min(height, width), photo.shape[0] / height
    least, most = max(24, round(SMALLEST * short)), round(LARGEST * short)
    if most <= least:
        return []
    found = cascade.detect_multi_scale(
        img=small,
        scale_factor=ENLARGED,
        step_ratio=1,
        min_size=(least, least),
        max_size=(most, most),
        min_neighbor_number=NEIGHBOURS,
    )
    boxes = [[int(f[k]) for k in ("c", "r", "width", "height")] for f in found]
    return [Face(*(value * scale for value in box)) for box in boxes if _has_skin(small, *box)]


def _has_skin(photo: Image, left: int, top: int, width: int, height: int) -> bool:
    """Returns whether the middle of a box has the colour of skin, or the photo has no colours."""
    rim = width // 6
    middle = photo[top + rim : top + height - rim, left + rim : left + width - rim]
    tones = cv2.cvtColor(np.ascontiguousarray(middle), cv2.COLOR_RGB2YCrCb).astype(np.int16)
    if np.abs(tones[..., 1:] - 128).mean() < COLORLESS:
        return True
    return bool(((tones >= SKIN[0]) & (tones <= SKIN[1])).all(2).mean() > LEAST_SKIN)


def _by_yunet(photo: Image, model: Path) -> list[Face]:
    if not os.path.isfile(model):
        raise InputError(f"{model} is not a file: give the face_detection_yunet .onnx of OpenCV's model zoo")
    height, width = at_most(photo.shape[:2], YUNET_SIDE)
    small = cv2.cvtColor(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    try:
        _, found = cv2.FaceDetectorYN.create(str(model), "", (width, height), SCORE).detect(small)
    except (cv2.error, SystemError) as error:
        needed, why = "give OpenCV's face_detection_yunet .onnx", " ".join(str(error).split())[:160]
        message = explanation(head_of(model), needed) or f"doesn't run as YuNet ({why}): {needed}"
        raise ModelError(f"{model} {message}") from error
    scale = photo.shape[0] / height
    return [Face(*(float(v) * scale for v in row[:4])) for row in (found if found is not None else [])]


def protection(photo: Image, faces: Sequence[Face], strength: float = STRENGTH) -> Mask:
    """Returns the share of the strength that each place keeps: `strength` on faces, rising smoothly to 1 around them.

    Args:
        photo: RGB uint8 (H, W, 3), for its proportions.
        strength: 0 keeps faces as they are, 1 protects nothing.

    Returns:
        with the photo's proportions, its longer side at most `MAP_SIDE` pixels.

    Raises:
        UsageError: the strength is out of range.
    """
    if not 0 <= strength <= 1:
        raise UsageError(f"the strength on faces is {strength}; it must lie between 0 and 1")
    height, width = at_most(photo.shape[:2], MAP_SIDE)
    scale = photo.shape[0] / height
    down, across = np.mgrid[:height, :width].astype(np.float32)
    hidden = np.zeros((height, width), np.float32)
    for face in faces:
        x = ((across + 0.5) * scale - face.left - face.width / 2) / (face.width * HEAD[0] / 2)
        y = ((down + 0.5) * scale - face.top - face.height / 2) / (face.height * HEAD[1] / 2)
        t = np.clip((OUTER - np.hypot(x, y)) / (OUTER - INNER), 0, 1)
        hidden = np.maximum(hidden, t * t * (3 - 2 * t))
    return np.asarray(1 - (1 - strength) * hidden, np.float32)
