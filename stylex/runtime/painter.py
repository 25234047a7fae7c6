"""From a photo to a painted photo: pad, run the graph, crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError, ModelError, UsageError
from stylex.methods import technique_named
from stylex.runtime import hardware
from stylex.runtime.color import keep_colors as with_own_colors
from stylex.runtime.facts import PRECISIONS, STYLE_ENCODER, TRANSFER
from stylex.runtime.images import as_rgb, read_picture
from stylex.runtime.providers import Provider, candidates
from stylex.runtime.session import Session, open_graph
from stylex.runtime.styles import SUFFIX, StyleCode, built_in, built_in_code, load_code

GRAPHS = Path(__file__).parent / "graphs"
STRONGEST = 1.5
STYLE_SIDE = 512
"""A style picture's shorter side is reduced to this many pixels before it is encoded."""
SMALLEST_STYLE = 64

Image: TypeAlias = npt.NDArray[np.uint8]
Style: TypeAlias = "str | Path | Image | StyleCode | Sequence[tuple[str | Path | Image | StyleCode, float]]"


def transfer_file(technique: str, precision: str, folder: Path = GRAPHS) -> Path:
    """Where the transfer graph of a technique lies."""
    return folder / f"{technique}-{precision}.onnx"


def encoder_file(technique: str, folder: Path = GRAPHS) -> Path:
    """Where the style encoder of a technique lies; it runs once a style and is kept in float32."""
    return folder / f"{technique}-style.onnx"


@dataclass
class Painter:
    """A technique, ready to paint.

    Attributes:
        transfer: the opened transfer graph.
        folder: where its style encoder is looked for, once a picture is given as a style.
        threads: for the CPU, 0 for all cores.
    """

    transfer: Session
    folder: Path
    threads: int = 0
    _encoder: Session | None = None

    @property
    def provider(self) -> str:
        """The execution provider that really runs."""
        return self.transfer.provider

    @property
    def precision(self) -> str:
        """The precision that really runs."""
        return self.transfer.facts.precision

    def __call__(self, photo: Image, style: Style, strength: float = 1.0, keep_colors: bool = False) -> Image:
        """Paint a photo.

        Args:
            photo: RGB uint8 (H, W, 3), from 1x1 up.
            style: a built-in name, a path, a picture like `photo`, a `StyleCode`, or a list of (style, weight).
            strength: 0 gives the photo back, 1 is the style as it is, up to 1.5.
            keep_colors: take only the strokes, not the colours.

        Returns:
            RGB uint8 of exactly the photo's size.

        Raises:
            UsageError: strength or a weight out of range, an unknown style name.
            InputError: photo or style can't be used.
        """
        photo = as_rgb(photo)
        if not 0 <= strength <= STRONGEST:
            raise UsageError(f"strength is {strength}; it must lie between 0 and {STRONGEST}")
        codes, weights = self._codes(style)
        painted = self.paint(photo, codes, strength * weights[:, None, None, None])
        return with_own_colors(painted, photo) if keep_colors else painted

    def paint(self, photo: Image, codes: npt.NDArray[np.float32], masks: npt.NDArray[np.float32]) -> Image:
        """Run the transfer graph.

        Args:
            photo: RGB uint8 (H, W, 3).
            codes: (K, D) float32.
            masks: (K, 1, h, w) float32 in units of strength; stretched to the graph's 1/8 resolution, so (K, 1, 1, 1) does.

        Returns:
            RGB uint8 (H, W, 3).
        """
        height, width = photo.shape[:2]
        content = self._padded(photo)
        cells = (content.shape[2] - 4) // 8, (content.shape[3] - 4) // 8
        maps = [cv2.resize(m[0], cells[::-1], interpolation=cv2.INTER_LINEAR) for m in masks]
        outputs = self.transfer.run(
            content=content,
            codes=np.ascontiguousarray(codes, np.float32),
            masks=np.stack(maps)[:, None].astype(np.float32),
            frozen=np.zeros((1, codes.shape[1]), np.float32),
            freeze=np.zeros(1, np.float32),
        )
        return to_bytes(outputs[0])[:height, :width].copy()

    def encode(self, style: Image, name: str = "picture") -> StyleCode:
        """The style code of a picture, RGB uint8 (H, W, 3) of any size."""
        if self._encoder is None:
            self._encoder = open_graph(
                encoder_file(self.transfer.facts.technique, self.folder), self.provider, self.threads
            )
            _check_role(self._encoder, STYLE_ENCODER)
            if self._encoder.facts.weights_sha256 != self.transfer.facts.weights_sha256:
                raise ModelError(
                    f"{self._encoder.path} and {self.transfer.path} have different weights: export both again"
                )
        facts = self._encoder.facts
        values = self._encoder.run(style=to_floats(_style_sized(as_rgb(style))))[0][0]
        return StyleCode(name, values.astype(np.float32), facts.technique, facts.weights_sha256)

    def code(self, style: str | Path | Image | StyleCode) -> StyleCode:
        """The style code of anything that names one style."""
        if isinstance(style, np.ndarray):
            found = self.encode(style)
        elif isinstance(style, StyleCode):
            found = style
        elif isinstance(style, str) and style in built_in():
            found = built_in_code(style)
        elif Path(style).suffix == SUFFIX:
            found = load_code(style)
        elif isinstance(style, Path) or Path(style).suffix or Path(style).exists():
            found = self.encode(read_picture(style).rgb, Path(style).stem)
        else:
            found = built_in_code(style)
        found.check_fits(self.transfer.facts.technique, self.transfer.facts.weights_sha256)
        return found

    def _codes(self, style: Style) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Codes (K, D) and weights (K,) that add up to 1."""
        if not isinstance(style, (list, tuple)):
            return self.code(style).values[None], np.ones(1, np.float32)  # type: ignore[arg-type]
        if not style:
            raise UsageError("the list of styles is empty: give at least one (style, weight)")
        weights = np.asarray([weight for _, weight in style], np.float32)
        if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
            raise UsageError(f"style weights are {weights.tolist()}; they must be 0 or more, and not all 0")
        return np.stack([self.code(one).values for one, _ in style]), weights / weights.sum()

    def _padded(self, photo: Image) -> npt.NDArray[np.float32]:
        """Reflect-pad to what the graph takes: (1, 3, H' + 2 border, W' + 2 border) in [0, 1]."""
        facts = self.transfer.facts
        height, width = (self._painted_side(side) for side in photo.shape[:2])
        border = facts.border
        bottom, right = height - photo.shape[0] + border, width - photo.shape[1] + border
        return to_floats(cv2.copyMakeBorder(photo, border, bottom, border, right, cv2.BORDER_REFLECT_101))

    def _painted_side(self, side: int) -> int:
        facts = self.transfer.facts
        if facts.fixed_size is None:
            return max(facts.smallest, -(-side // facts.multiple) * facts.multiple)
        if side > facts.fixed_size:
            raise InputError(
                f"a side of the photo has {side} pixels; {self.transfer.path.name} was exported for {facts.fixed_size}: "
                f"use --size {facts.fixed_size}, or export with --dynamic"
            )
        return facts.fixed_size


def to_floats(picture: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """RGB uint8 (H, W, 3) to float32 (1, 3, H, W) in [0, 1]."""
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
    return np.multiply(planes, np.float32(1 / 255), dtype=np.float32)


def to_bytes(planes: npt.NDArray[Any]) -> Image:
    """Float32 (1, 3, H, W) in [0, 1] to RGB uint8 (H, W, 3), rounded, not wrapped."""
    levels = cv2.convertScaleAbs(np.maximum(planes[0], 0).reshape(planes.shape[1], -1), alpha=255)
    return np.ascontiguousarray(np.asarray(levels, np.uint8).reshape(planes.shape[1:]).transpose(1, 2, 0))


def _style_sized(style: Image) -> Image:
    """Reduce a style picture to `STYLE_SIDE`, enlarge one below `SMALLEST_STYLE`."""
    short = min(style.shape[:2])
    scale = min(1.0, STYLE_SIDE / short) if short >= SMALLEST_STYLE else SMALLEST_STYLE / short
    if scale == 1:
        return style
    size = tuple(max(SMALLEST_STYLE, round(side * scale)) for side in (style.shape[1], style.shape[0]))
    size = tuple(min(side, 8 * STYLE_SIDE) for side in size)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(style, size, interpolation=method), np.uint8)


def _check_role(session: Session, role: str) -> None:
    if session.facts.role != role:
        raise ModelError(f"{session.path} is a {session.facts.role} graph, a {role} graph is needed here")


def best_precision(provider: Provider) -> str:
    """What `precision="auto"` takes on a provider."""
    if provider.name == "cpu" and not hardware.int8_is_exact():
        return "fp32"
    return provider.best


def load(
    technique: str = "adain",
    precision: str = "auto",
    provider: str = "auto",
    *,
    graphs: Path | str | None = None,
    threads: int = 0,
) -> Painter:
    """Load a technique.

    Args:
        technique: a name in `stylex.methods`.
        precision: "fp32", "fp16", "int8", or "auto" for the fastest on the provider.
        provider: "cpu", "cuda", "tensorrt", "openvino", or "auto" for the best that starts.
        graphs: folder of exported ONNX files; the embedded ones by default.
        threads: for the CPU, 0 for all cores.

    Raises:
        UsageError: an unknown technique, precision or provider.
        InputError: the folder has no such graph.
        ModelError: a graph is corrupt or foreign.
        ProviderUnavailable: the provider asked for doesn't run here.
    """
    technique_named(technique)
    if precision not in ("auto", *PRECISIONS):
        raise UsageError(f"precision is {precision!r}; choose auto, {', '.join(PRECISIONS)}")
    folder = Path(graphs) if graphs is not None else GRAPHS
    for candidate in candidates(provider):
        wanted = best_precision(candidate) if precision == "auto" else precision
        path = transfer_file(technique, wanted, folder)
        if not path.is_file():
            raise InputError(f"{folder} has no {path.name}: make it with `stylex export {technique} -o {folder}`")
        try:
            session = open_graph(path, candidate.name, threads)
        except ProviderUnavailable:
            if provider != "auto" or candidate.name == "cpu":
                raise
            continue
        _check_role(session, TRANSFER)
        return Painter(session, folder, threads)
    raise AssertionError("the CPU provider is always a candidate")
