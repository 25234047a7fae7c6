"""Contact sheets: pictures in rows, each with a line of text below it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from stylex.errors import InputError, UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.picture import MAX_PIXELS, Picture, limited

SIDE = 384
"""Pixels of a picture's longer side on the sheet."""
SMALLEST_SIDE = 32
MARGIN = 8
TEXT_SHARE, SMALLEST_TEXT = 1 / 20, 11
"""Height of the text as a share of the side; in pixels at the least."""


def contact_sheet(pictures: Sequence[tuple[Image, str]], columns: int = 0, side: int = SIDE) -> Image:
    """Arranges pictures on white.

    Args:
        pictures: RGB uint8 (H, W, 3) of any sizes, which are reduced, with their captions.
        columns: in a row; 0 for as many as there are rows.
        side: pixels of a picture's longer side, from 32 up.

    Returns:
        The sheet, RGB uint8 (H, W, 3).

    Raises:
        UsageError: no pictures, fewer columns than 0 or a side below 32.
        InputError: the sheet would have more than `MAX_PIXELS` pixels.
    """
    if not pictures or columns < 0 or side < SMALLEST_SIDE:
        message = f"a sheet needs pictures, 0 columns or more and a side of at least {SMALLEST_SIDE}"
        raise UsageError(f"{message}; it got {len(pictures)}, {columns} and {side}", size=SIDE)
    columns = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    shown = [limited(Picture(picture), side).rgb for picture, _ in pictures]
    text_size = max(SMALLEST_TEXT, round(side * TEXT_SHARE))
    font = ImageFont.load_default(text_size)
    width = max(SMALLEST_SIDE, *(picture.shape[1] for picture in shown)) + MARGIN
    height = max(picture.shape[0] for picture in shown)
    below = round(1.6 * text_size) + MARGIN
    rows = math.ceil(len(shown) / columns)
    sides = (columns * width + MARGIN, rows * (height + below) + MARGIN)
    if sides[0] * sides[1] > MAX_PIXELS:
        raise InputError(f"the sheet would be {sides[0]}x{sides[1]} pixels: give a smaller side", size=SIDE)
    sheet = PIL.Image.new("RGB", sides, "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, (_, caption)) in enumerate(zip(shown, pictures, strict=True)):
        left, top = MARGIN + i % columns * width, MARGIN + i // columns * (height + below)
        free = (width - MARGIN - picture.shape[1]) // 2, height - picture.shape[0]
        sheet.paste(PIL.Image.fromarray(picture), (left + free[0], top + free[1]))
        text = _fitting(caption, font, width - MARGIN - 2)  # centred between two pixels it bleeds into both
        draw.text((left + (width - MARGIN) // 2, top + height + 2), text, "black", font, anchor="ma")
    return np.array(sheet)


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Returns a text of one line, cut to so many pixels."""
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."
