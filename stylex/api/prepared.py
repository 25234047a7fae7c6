"""A technique with everything that a call says about the painting: loaded once, ready for any number of photos."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylex.api.job import Job, StageProgress, enlarged, no_stage_progress
from stylex.api.loading import Precision, Provider, load, network_of
from stylex.api.result import Result
from stylex.errors import UsageError
from stylex.imaging.content import Content, picture_of
from stylex.imaging.picture import Picture, limited
from stylex.imaging.sizes import longer_side
from stylex.runtime.guided_painter import GuidedPainter
from stylex.runtime.painter import Painter
from stylex.runtime.style_painter import StylePainter
from stylex.runtime.tiles import Tile
from stylex.runtime.upscale import Upscaler, load_upscaler, require_room
from stylex.techniques import ARBITRARY, BY_NAME, Technique, listed, options

if TYPE_CHECKING:
    from stylex.runtime.semantic.painter import GivenMask, Regions
    from stylex.runtime.semantic.regions import Region
    from stylex.runtime.semantic.segmenters import SegmenterProtocol


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo that was read.

    Attributes:
        given: as the caller gave it.
        picture: as it will be painted, reduced.
        sides: height and width before that, which masks have.
    """

    given: Content
    picture: Picture
    sides: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A technique that is loaded, its styles encoded; safe to call from several threads at once.

    Attributes:
        regions: None for the whole photo in one style.
        upscaler: doubles the size; None for the photo's own.
        size: pixels that the longer side of photos is reduced to; None for as they are.
        The others are those of `stylize`.
    """

    painter: StylePainter
    style: Any
    strength: float
    keep_colors: bool
    regions: list[Region] | None
    protect_faces: bool | float | None
    face_model: Path | str | None
    upscaler: Upscaler | None
    size: int | None
    tile: Tile

    def read(self, content: Content, name: str = "the content") -> Photo:
        """Returns a photo as it will be painted; `name` is for messages about one without a path.

        Raises:
            InputError: it can't be read, or would be too large when it is enlarged.
        """
        whole = picture_of(content, name, longer_side(self.size))
        picture = limited(whole, self.size)
        if self.upscaler is not None:
            require_room(*picture.rgb.shape[:2])
        return Photo(content, picture, whole.sides)

    def painted(self, photo: Photo, progress: StageProgress = no_stage_progress) -> Result:
        """Returns the painted photo. Raises as `stylize` does."""
        start = time.perf_counter()
        rest = (self.style, self.strength, self.keep_colors, self.tile, progress)
        job = Job(self.painter, photo.picture, photo.sides, *rest)
        result = job.protecting(self.protect_faces, self.face_model).painted(self.regions)
        if self.upscaler is not None:
            result = enlarged(result, self.upscaler, progress)
        ran, notes = replace(result.ran, seconds=time.perf_counter() - start), result.notes
        if photo.sides != photo.picture.rgb.shape[:2]:
            notes = (*notes, f"reduced from {photo.sides[1]}x{photo.sides[0]}")
        return replace(result, ran=ran, notes=notes, _given=photo.given)


def prepare(
    technique: str | Path | Technique | StylePainter,
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
    precision: Precision = "auto",
    provider: Provider = "auto",
    graphs: Path | str | None = None,
    threads: int = 0,
    **own: Any,
) -> Prepared:
    """Loads a technique and reads its styles. Arguments and errors are those of `stylize`."""
    known = _row_of(technique)
    _require_photo(known.name if known else "", masks, regions, face_model, protect_faces)
    if upscale != 1:
        require_room(1, 1, upscale)
    if size is not None and (not isinstance(size, Integral) or size < 0):
        raise UsageError(f"size is {size!r}; it must be a whole number of pixels, 1 or more", size=None)
    where = {"segmenter": segmenter, "classes": classes, "feather": feather, "masks": dict(masks or {})}
    backend = {"precision": precision, "provider": provider, "graphs": graphs, "threads": threads}
    given = known if isinstance(technique, str) and known else technique
    painter, style = _opened(given, style, own, where if regions else None, backend)
    return Prepared(
        painter,
        None if regions else painter.prepared(style),
        strength,
        keep_colors,
        painter.prepared(regions) if regions else None,
        protect_faces,
        face_model,
        _upscaler(technique, backend) if upscale != 1 else None,
        size or (known and known.size) or None,
        tile,
    )


def _upscaler(technique: str | Path | Technique | StylePainter, backend: dict[str, Any]) -> Upscaler:
    """Returns the upscaler: beside a painter that is loaded on its device, otherwise where the call says."""
    network = technique.base if isinstance(technique, GuidedPainter) else technique
    if isinstance(network, Painter):
        return load_upscaler(network.provider, network.folder, options=network.options)
    return load_upscaler(backend["provider"], backend["graphs"], backend["threads"])


def _row_of(technique: str | Path | Technique | StylePainter) -> Technique | None:
    """Returns the row of a technique; None for a file, for a name that there isn't, and for painters of such."""
    if isinstance(technique, Technique):
        return technique
    return BY_NAME.get(str(technique) if isinstance(technique, (str, Path)) else technique.technique)


def _require_photo(
    name: str, masks: object, regions: object, face_model: object, protect_faces: bool | float | None
) -> None:
    """Refuses what makes no sense before anything is read."""
    if name == "video":
        raise UsageError("video paints films, not a photo: call stylex.stylize_film(film, output, ...)")
    if name == "semantic" and not regions:
        from stylex.runtime.semantic.painter import regions_of

        regions_of(regions)
    if masks and not regions:
        raise UsageError("masks say where regions are: give regions too", regions=None)
    if face_model is not None and protect_faces in (None, False):
        raise UsageError("the face model only says how faces are found: protect them too", protect_faces=None)


def _opened(
    technique: str | Path | Technique | StylePainter,
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
    if isinstance(technique, StylePainter):
        if own:
            raise UsageError(f"a painter that is loaded takes no {', '.join(own)}: give that to stylex.load")
        painter: StylePainter = technique
    elif not isinstance(technique, Technique):
        files = {"provider": backend["provider"], "threads": backend["threads"]}
        painter = load(technique, **(files if str(technique).endswith(".onnx") else _chosen_backend(backend)), **own)
    elif technique.name == "semantic":
        painter, where = load("semantic", **backend, **own, **(where or {})), None
    elif technique.single_style:
        painter, style = load(technique, style=network_of(technique.name, style), **backend, **own), None
    else:
        painter = load(technique, **_chosen_backend(backend), **own)
    return (painter if where is None else _in_regions(painter, where)), style


def _in_regions(painter: StylePainter, where: dict[str, Any]) -> StylePainter:
    """Returns what paints regions by a painter; one that does already takes over what isn't the default.

    Args:
        where: fields of `SemanticPainter`.
    """
    from stylex.runtime.semantic.painter import EMBEDDED, SemanticPainter

    if isinstance(painter, SemanticPainter):
        usual = {"segmenter": EMBEDDED, "classes": (), "feather": options.FEATHER.default, "masks": {}}
        return replace(painter, **{name: value for name, value in where.items() if value != usual[name]})
    if not (isinstance(painter, Painter) and painter.takes_masks):
        raise UsageError(f"{painter.technique} paints no regions: take {listed(ARBITRARY, 'or')}", regions=None)
    return SemanticPainter(painter, **where)


def _chosen_backend(backend: dict[str, Any]) -> dict[str, Any]:
    """Returns the parts of a backend that aren't left to stylex, so that a technique without graphs takes them."""
    return {name: value for name, value in backend.items() if value not in ("auto", None, 0)}
