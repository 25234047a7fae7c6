"""From a photo to a painted photo: pad, run the graph, crop."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError, ModelError, ProviderUnavailable, UsageError
from stylex.methods import technique_named
from stylex.runtime import hardware
from stylex.runtime.color import keep_colors as with_own_colors
from stylex.runtime.facts import PRECISIONS, STYLE_ENCODER, TRANSFER
from stylex.runtime.images import as_rgb, read_picture
from stylex.runtime.providers import Provider, candidates
from stylex.runtime.session import Session, open_graph, read_facts
from stylex.runtime.styles import SUFFIX, StyleCode, built_in, built_in_code, load_code

logger = logging.getLogger("stylex")
GRAPHS = Path(__file__).parent / "graphs"
STRONGEST = 1.5
STYLE_SIDE = 512
"""A style picture's shorter side is reduced to this many pixels before it is encoded."""
SMALLEST_STYLE, LONGEST_STYLE = 64, 8 * STYLE_SIDE

Image: TypeAlias = npt.NDArray[np.uint8]
OneStyle: TypeAlias = "str | Path | Image | StyleCode"
Style: TypeAlias = "OneStyle | list[tuple[OneStyle, float]] | tuple[tuple[OneStyle, float], ...]"


def transfer_file(technique: str, precision: str, folder: Path = GRAPHS) -> Path:
    """Where the transfer graph of a technique lies."""
    return folder / f"{technique}-{precision}.onnx"


def encoder_file(technique: str, folder: Path = GRAPHS) -> Path:
    """Where the style encoder of a technique lies; its weights are stored in half precision, it computes in float32."""
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
            masks: (K, 1, h, w) float32 in units of strength; stretched to the graph's 1/8 resolution, so that
                (K, 1, 1, 1) does for the whole picture.

        Returns:
            RGB uint8 (H, W, 3).
        """
        height, width = photo.shape[:2]
        content = self._padded(photo)
        facts = self.transfer.facts
        cells = [(side - 2 * facts.border) // facts.multiple for side in content.shape[2:]]
        maps = [cv2.resize(m[0], cells[::-1], interpolation=cv2.INTER_LINEAR) for m in masks]
        outputs = self.transfer.run(
            content=content,
            codes=np.ascontiguousarray(codes, np.float32),
            masks=np.stack(maps)[:, None].astype(np.float32),
            frozen=np.zeros((1, codes.shape[1]), np.float32),
            freeze=np.zeros(1, np.float32),
        )
        return np.array(to_bytes(outputs[0])[:height, :width], np.uint8)

    def encode(self, style: Image, name: str = "picture") -> StyleCode:
        """The style code of a picture, RGB uint8 (H, W, 3) of any size."""
        if self._encoder is None:
            self._encoder = self._open_encoder()
        facts = self._encoder.facts
        values = self._encoder.run(style=to_floats(_style_sized(as_rgb(style))))[0][0]
        return StyleCode(name, values.astype(np.float32), facts.technique, facts.weights_sha256)

    def _open_encoder(self) -> Session:
        facts = self.transfer.facts
        encoder = open_graph(encoder_file(facts.technique, self.folder), self.provider, self.threads)
        _check_role(encoder, STYLE_ENCODER)
        if encoder.facts.weights_sha256 != facts.weights_sha256:
            raise ModelError(f"{encoder.path} and {self.transfer.path} have different weights: export both again")
        return encoder

    def code(self, style: OneStyle) -> StyleCode:
        """The style code of anything that names one style. Raises as a call of the painter does."""
        found, facts = self._found(style), self.transfer.facts
        found.check_fits(facts.technique, facts.weights_sha256, facts.code_size)
        return found

    def _found(self, style: OneStyle) -> StyleCode:
        if isinstance(style, StyleCode):
            return style
        if isinstance(style, np.ndarray):
            return self.encode(style)
        if not isinstance(style, (str, Path)):
            raise UsageError(
                f"a style can't be a {type(style).__name__}: give a built-in name, a path, a numpy picture, a "
                "StyleCode, or a list of (style, weight) pairs"
            )
        if isinstance(style, str) and style in built_in():
            return built_in_code(style)
        path = Path(style)
        if path.suffix == SUFFIX:
            return load_code(path)
        if isinstance(style, Path) or path.suffix or os.path.exists(path):  # noqa: PTH110 - Path.exists may raise
            return self.encode(read_picture(path).rgb, path.stem)
        return built_in_code(style)

    def _codes(self, style: Style) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Codes (K, D) and weights (K,) that add up to 1."""
        if not isinstance(style, (list, tuple)):
            return self.code(style).values[None], np.ones(1, np.float32)
        shares = _shares(style)
        return np.stack([self.code(one).values for one, _ in style]), shares

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
                f"a side of the photo has {side} pixels; {self.transfer.path.name} was exported for "
                f"{facts.fixed_size}: use --size {facts.fixed_size}, or export with --dynamic"
            )
        return facts.fixed_size


def to_floats(picture: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """RGB uint8 (H, W, 3) to float32 (1, 3, H, W) in [0, 1]."""
    planes = np.empty((1, 3, *picture.shape[:2]), np.float32)
    for plane, channel in zip(planes[0], cv2.split(picture), strict=True):
        np.multiply(channel, np.float32(1 / 255), out=plane)
    return planes


def to_bytes(planes: npt.NDArray[Any]) -> Image:
    """Float32 (1, 3, H, W) in [0, 1] to RGB uint8 (H, W, 3), rounded, not wrapped."""
    channels = [np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8) for plane in planes[0]]
    return np.asarray(cv2.merge(channels), np.uint8)


def _style_sized(style: Image) -> Image:
    """Reduce a style picture to `STYLE_SIDE`, enlarge one below `SMALLEST_STYLE`, squeeze one that is very long."""
    short = min(style.shape[:2])
    scale = min(1.0, STYLE_SIDE / short) if short >= SMALLEST_STYLE else SMALLEST_STYLE / short
    height, width = (min(max(SMALLEST_STYLE, round(side * scale)), LONGEST_STYLE) for side in style.shape[:2])
    if (height, width) == style.shape[:2]:
        return style
    method = cv2.INTER_AREA if scale <= 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(style, (width, height), interpolation=method), np.uint8)


def _shares(styles: Sequence[Any]) -> npt.NDArray[np.float32]:
    """The weights of (style, weight) pairs, (K,), scaled to add up to 1."""
    if not styles:
        raise UsageError("the list of styles is empty: give at least one (style, weight)")
    for pair in styles:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise UsageError(
                "a list of styles holds (style, weight) pairs, such as [('irises', 2), ('deluge', 1)]; "
                f"this one holds a {type(pair).__name__}"
            )
    given = [weight for _, weight in styles]
    try:
        weights = np.array([float(weight) for weight in given])
    except (TypeError, ValueError, OverflowError):
        weights = np.array([np.nan])
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.max() <= 0:
        raise UsageError(f"style weights are {given}; they must be numbers, 0 or more, and not all 0")
    weights /= weights.max()  # so that the sum can't overflow
    return np.asarray(weights / weights.sum(), np.float32)


def _check_role(session: Session, role: str) -> None:
    if session.facts.role != role:
        raise ModelError(f"{session.path} is a {session.facts.role} graph, a {role} graph is needed here")


def best_precision(provider: Provider) -> str:
    """What `precision="auto"` takes on a provider."""
    if provider.name == "cpu" and not hardware.int8_is_exact():
        return "fp32"
    return provider.best


def _graph_for(technique: str, precision: str, provider: Provider, folder: Path) -> Path:
    """The transfer graph to open; "auto" takes the best that was made for the provider, or else what there is."""
    wanted = [precision] if precision != "auto" else [best_precision(provider), *PRECISIONS]
    files = dict.fromkeys(transfer_file(technique, one, folder) for one in wanted)
    there = [file for file in files if os.path.isfile(file)]
    if there:
        return _first_fitting(there, provider)
    flag = "" if wanted[0] == "fp32" else f" --{wanted[0]}"
    missing = transfer_file(technique, wanted[0]).name
    raise InputError(f"{folder} has no {missing}: make it with `stylex export {technique}{flag} -o {folder}`")


def _first_fitting(graphs: Sequence[Path], provider: Provider) -> Path:
    """The first graph that was made for the provider, or else the first; nothing is opened where there is no choice."""
    if len(graphs) > 1:
        for path in graphs:
            facts = read_facts(path)
            if provider.fits(facts.precision, facts.target):
                return path
    return graphs[0]


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
        precision: "fp32", "fp16", "int8", or "auto" for the fastest on the provider that `graphs` has. One that was
            exported for another kind of device runs, with a warning of the logger "stylex".
        provider: "cpu", "cuda", "tensorrt", "openvino", or "auto" for the best that starts; one that is installed and
            doesn't start is told in a warning of the logger "stylex".
        graphs: folder of exported ONNX files; the embedded ones by default.
        threads: for the CPU, 0 for all cores.

    Raises:
        UsageError: an unknown technique, precision or provider, or a negative number of threads.
        InputError: the folder has no such graph.
        ModelError: a graph is corrupt or foreign.
        ProviderUnavailable: the provider asked for doesn't run here.
    """
    technique_named(technique)
    if precision not in ("auto", *PRECISIONS):
        raise UsageError(f"precision is {precision!r}; choose auto, {', '.join(PRECISIONS)}")
    if threads < 0:
        raise UsageError(f"threads is {threads}; it must be 0 (all cores) or more")
    folder = Path(graphs) if graphs is not None else GRAPHS
    *others, last = candidates(provider)
    for candidate in others:
        try:
            return _opened(_graph_for(technique, precision, candidate, folder), candidate, folder, threads)
        except ProviderUnavailable as error:
            logger.warning("%s; trying the next provider", error)
    return _opened(_graph_for(technique, precision, last, folder), last, folder, threads)


def _opened(path: Path, provider: Provider, folder: Path, threads: int) -> Painter:
    session = open_graph(path, provider.name, threads)
    _check_role(session, TRANSFER)
    facts = session.facts
    if not provider.fits(facts.precision, facts.target):
        made_for, name, wanted = facts.target, provider.name, " or ".join(provider.targets)
        logger.warning("%s was exported for %s; for %s export it with --target %s", path.name, made_for, name, wanted)
    return Painter(session, folder, threads)
