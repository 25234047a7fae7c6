"""One call for every technique: `stylex.stylize`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
import PIL.Image

from stylex.api.job import Job, StageProgress, enlarged, untold
from stylex.api.loading import Precision, Provider, load, network_of
from stylex.api.result import Result
from stylex.errors import Interrupted, UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.content import Content, picture_of
from stylex.imaging.images import limited
from stylex.runtime.painter import Painter
from stylex.runtime.semantic.painter import GivenMask, Regions, SemanticPainter, regions_of
from stylex.runtime.semantic.regions import FEATHER
from stylex.runtime.semantic.segmenters import Segments
from stylex.runtime.style_painter import StylePainter
from stylex.runtime.tiles import Tile
from stylex.runtime.upscale import load_upscaler, require_room
from stylex.techniques import ARBITRARY, BY_NAME, DEFAULT, SINGLE, listed


@overload
def stylize(
    content: Content, technique: str | Path | StylePainter = ..., style: Any = ..., *, report: Literal[True], **own: Any
) -> Result: ...


@overload
def stylize(
    content: npt.NDArray[np.uint8], technique: str | Path | StylePainter = ..., style: Any = ..., **own: Any
) -> Image: ...


@overload
def stylize(
    content: PIL.Image.Image | str | Path | bytes,
    technique: str | Path | StylePainter = ...,
    style: Any = ...,
    **own: Any,
) -> PIL.Image.Image: ...


def stylize(
    content: Content,
    technique: str | Path | StylePainter = DEFAULT,
    style: Any = None,
    *,
    strength: float = 1.0,
    keep_colors: bool = False,
    regions: Regions | None = None,
    masks: Mapping[str, GivenMask] | None = None,
    segmenter: str | Path | Segments = "person",
    classes: Sequence[str] = (),
    feather: float = FEATHER,
    protect_faces: bool | float | None = None,
    face_model: Path | str | None = None,
    upscale: int = 1,
    size: int | None = None,
    tile: Tile = "auto",
    progress: StageProgress | None = None,
    precision: Precision = "auto",
    provider: Provider = "auto",
    graphs: Path | str | None = None,
    threads: int = 0,
    report: bool = False,
    **own: Any,
) -> Image | PIL.Image.Image | Result:
    """Paint a photo with any technique.

    A film isn't a photo: `stylex.stylize_film` paints it, and `stylex.load("video")` paints frames one after the other.

    Args:
        content: the photo: RGB uint8 (H, W, 3), a picture of Pillow's, the path of a file, or its bytes.
        technique: a name, the path of an exported ONNX file, or a painter that `stylex.load` returned, which saves
            loading it again.
        style: a built-in name, a picture as for `content`, a `StyleCode` or its file, or a list of (style, weight); for
            fast and cyclegan the name of a network; for histogram and gatys pictures only; none for semantic.
        strength: 0 keeps the photo, 1 is the style as it is, up to 1.5 (1 for fast and cyclegan).
        keep_colors: take only the strokes, keep the photo's colours.
        regions: styles by the names of the regions, each perhaps as a (style, strength); None keeps a region as it is.
            "background" is what is in no other region. For semantic, and techniques that take masks.
        masks: of regions, by their names: (H, W) from 0 to 1, pictures or their paths, of the photo's size before it is
            reduced.
        segmenter: finds the regions without a mask: "person", people; "grabcut", what stands out; or an ONNX file.
        classes: of the segmenter's file, in its order, where it doesn't tell them.
        feather: width of the regions' soft edges, as a share of the photo's longer side.
        protect_faces: keep less of the style on faces: this share of the strength; True for 0.4.
        face_model: OpenCV's YuNet, an ONNX file, to find faces with; scikit-image's cascade by default.
        upscale: 2 for twice the size, by a small network behind the technique.
        size: reduce the photo's longer side to so many pixels first; for gatys 512 by default.
        tile: "auto", "off", or the pixels of a tile: paint a large photo in tiles, with statistics of the whole.
        progress: is called with ("painting tiles", "iterations" or "enlarging", done, of).
        precision, provider, graphs, threads: as for `stylex.load`; without meaning where a painter is given.
        report: return a `Result`, which says what ran.
        own: what only this technique has, see `stylex.load`, such as `iterations` of gatys or `space` of histogram.

    Returns:
        A picture of the content's size, or twice that: RGB uint8 (H, W, 3) for an array; for everything else a picture
        of Pillow's, with the content's alpha channel. With `report` a `Result`.

    Raises:
        UsageError: an unknown name, a value out of range, or an option that the technique doesn't have.
        InputError: a picture that can't be used.
        ModelError: a graph, a code or a segmenter that can't be used.
        ResourceError: memory, a package or the provider is missing.
        Interrupted: Ctrl-C ended an optimization; with `report` there is a `Result` instead, with what there was.
    """
    name = str(technique) if isinstance(technique, (str, Path)) else technique.technique
    known = BY_NAME.get(name)
    _require_photo(name, masks, regions, face_model, protect_faces)
    whole = picture_of(content, "the content")
    sides, picture = whole.rgb.shape[:2], limited(whole, size or (known and known.size) or None)
    del whole  # of a large photo that is a lot
    if upscale != 1:
        require_room(picture.rgb.shape[0], picture.rgb.shape[1], upscale)
    where = {"segmenter": segmenter, "classes": classes, "feather": feather, "masks": dict(masks or {})}
    backend = {"precision": precision, "provider": provider, "graphs": graphs, "threads": threads}
    painter, style = _opened(technique, style, own, where if regions else None, backend)
    start = time.perf_counter()
    job = Job(painter, picture, sides, style, strength, keep_colors, tile, progress or untold)
    result = job.protecting(protect_faces, face_model).painted(regions)
    if upscale != 1:
        result = enlarged(result, load_upscaler(provider, graphs, threads), progress or untold)
    ran = replace(result.ran, seconds=time.perf_counter() - start)
    result = replace(result, ran=ran, _given=content)
    if ran.stopped and not report:
        raise Interrupted(result.notes[0])
    return result if report else result.picture


def _require_photo(
    name: str, masks: object, regions: object, face_model: object, protect_faces: bool | float | None
) -> None:
    """Refuses what makes no sense before anything is read."""
    if name == "video":
        raise UsageError("video paints films, not a photo: call stylex.stylize_film(film, output, ...)")
    if name == "semantic" and not regions:
        regions_of(regions)
    if masks and not regions:
        raise UsageError("masks say where regions are: give regions too", regions=None)
    if face_model is not None and protect_faces in (None, False):
        raise UsageError("the face model only says how faces are found: protect them too", protect_faces=None)


def _opened(
    technique: str | Path | StylePainter,
    style: Any,
    own: dict[str, Any],
    where: dict[str, Any] | None,
    backend: dict[str, Any],
) -> tuple[StylePainter, Any]:
    """Returns the painter, and the style that is left to say to it.

    Args:
        where: fields of `SemanticPainter` where there are regions.
        backend: `precision`, `provider`, `graphs` and `threads`.
    """
    if not isinstance(technique, (str, Path)):
        if own:
            raise UsageError(f"a painter that is loaded takes no {', '.join(own)}: give that to stylex.load")
        painter: StylePainter = technique
    elif technique == "semantic":
        painter, where = load("semantic", **backend, **own, **(where or {})), None
    elif str(technique) in SINGLE:
        painter, style = load(str(technique), style=network_of(str(technique), style), **backend, **own), None
    else:
        files = {"provider": backend["provider"], "threads": backend["threads"]}
        painter = load(technique, **(files if str(technique).endswith(".onnx") else _told(backend)), **own)
    if where is not None:
        if not (isinstance(painter, Painter) and painter.takes_masks):
            raise UsageError(f"{painter.technique} paints no regions: take {listed(ARBITRARY, 'or')}", regions=None)
        painter = SemanticPainter(painter, **where)
    return painter, style


def _told(backend: dict[str, Any]) -> dict[str, Any]:
    """Returns the parts of a backend that aren't left to stylex, so that a technique without graphs takes them."""
    return {name: value for name, value in backend.items() if value not in ("auto", None, 0)}
