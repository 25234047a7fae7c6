"""One call for every technique: `stylex.stylize`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import numpy.typing as npt
import PIL.Image

from stylex.api.job import StageProgress, no_stage_progress
from stylex.api.loading import Precision, Provider
from stylex.api.prepared import prepare
from stylex.api.result import Result
from stylex.errors import Interrupted
from stylex.imaging.arrays import Image
from stylex.imaging.content import Content
from stylex.runtime.style_painter import StylePainter
from stylex.runtime.tiles import Tile
from stylex.techniques import DEFAULT, Technique, options

if TYPE_CHECKING:
    from stylex.runtime.semantic.painter import GivenMask, Regions
    from stylex.runtime.semantic.segmenters import SegmenterProtocol


@overload
def stylize(
    content: Content,
    technique: str | Path | Technique | StylePainter = ...,
    style: Any = ...,
    *,
    report: Literal[True],
    **own: Any,
) -> Result: ...


@overload
def stylize(
    content: npt.NDArray[np.uint8], technique: str | Path | Technique | StylePainter = ..., style: Any = ..., **own: Any
) -> Image: ...


@overload
def stylize(
    content: PIL.Image.Image | str | Path | bytes,
    technique: str | Path | Technique | StylePainter = ...,
    style: Any = ...,
    **own: Any,
) -> PIL.Image.Image: ...


def stylize(
    content: Content,
    technique: str | Path | Technique | StylePainter = DEFAULT,
    style: Any = None,
    *,
    strength: float = 1.0,
    keep_colors: bool = False,
    regions: Regions | None = None,
    masks: Mapping[str, GivenMask] | None = None,
    segmenter: str | Path | SegmenterProtocol = "person",
    classes: Sequence[str] = (),
    feather: float = options.FEATHER.default,
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
    """Paints a photo with any technique.

    A film isn't a photo: `stylex.stylize_film` paints it, and `stylex.load("video")` paints frames one after the other.

    Args:
        content: the photo: RGB uint8 (H, W, 3), a picture of Pillow's, the path of a file, or its bytes.
        technique: a name, a row of one's own, the path of an exported ONNX file, or a painter that `stylex.load`
            returned, which saves loading it again.
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
        protect_faces: keep less of the style on faces: this share of the strength; True for 0.2.
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
    prepared = prepare(
        technique,
        style,
        strength=strength,
        keep_colors=keep_colors,
        regions=regions,
        masks=masks,
        segmenter=segmenter,
        classes=classes,
        feather=feather,
        protect_faces=protect_faces,
        face_model=face_model,
        upscale=upscale,
        size=size,
        tile=tile,
        precision=precision,
        provider=provider,
        graphs=graphs,
        threads=threads,
        **own,
    )
    result = prepared.painted(prepared.read(content), progress or no_stage_progress)
    if result.ran.stopped and not report:
        raise Interrupted(result.notes[0])
    return result if report else result.picture
