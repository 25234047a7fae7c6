"""`stylex.stylize_film`: a film, painted into another file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylex.api.loading import Precision, Provider, network_of
from stylex.api.names import style_name
from stylex.errors import UsageError
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.loading import load
from stylex.runtime.video.painter import FilmPainter
from stylex.runtime.video.stylizer import EVERY, Temporal
from stylex.techniques import DEFAULT, NETWORKS, Technique, technique_named

if TYPE_CHECKING:
    from stylex.runtime.video.film import FilmReport
    from stylex.runtime.video.messages import StreamInfo


def stylize_film(
    film: Path | str,
    output: Path | str,
    technique: str | Technique = DEFAULT,
    style: Any = None,
    *,
    strength: float = 1.0,
    keep_colors: bool = False,
    temporal: Temporal = "statistics",
    keyframes: int = EVERY,
    size: int | None = None,
    crf: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    frames: int | None = None,
    progress: Callable[[int, StreamInfo], object] = lambda _count, _info: None,
    sound: bool = True,
    precision: Precision = "auto",
    provider: Provider = "auto",
    graphs: Path | str | None = None,
    threads: int = 0,
) -> FilmReport:
    """Paints a film. Frames keep their times; sound that the output's format can't hold is encoded anew as AAC.

    Args:
        film: any file that FFmpeg reads.
        output: ends in .mp4, .m4v, .mov or .mkv; it appears when all of it is written.
        technique: paints the frames: one that has graphs, see `stylex list`.
        style, strength, keep_colors: as for `stylex.stylize`.
        temporal: "off", each frame alone; "statistics", frozen inside a shot; "flow", along the optical flow as well.
        keyframes: measure the statistics again after so many frames; 0 for only where the picture has become another.
        size: reduce the longer side to so many pixels first.
        crf: quality, from 0, which loses nothing, to 51; 20 by default.
        start, end: the part that is wanted, in seconds.
        frames: at most so many.
        progress: is called after every frame with the number of frames so far and what is known of the film.
        sound: whether the painted film gets the film's sound.
        precision, provider, graphs, threads: as for `stylex.load`.

    Returns:
        A report of what was done.

    Raises:
        UsageError: a name or a value out of range.
        InputError: the film can't be read, or the output can't be written there.
        MissingPackage: PyAV isn't installed.
        ResourceError: the disk is full.
    """
    from stylex.runtime.video.messages import Excerpt
    from stylex.runtime.video.writer import check_film_output

    check_film_output(Path(output), Path(film))
    row = technique_named(technique)
    if not row.has_graphs:
        raise UsageError(f"{row.name} paints no films: choose {', '.join(NETWORKS)}", technique=None)
    if end is not None and end <= start:
        raise UsageError(f"the end {end:g} doesn't come after the start {start:g}", start=None, end=None)
    one = row.single_style
    network = network_of(row.name, style) if one else ""
    options = SessionOptions(threads, spinning=False)
    base = load(row, precision, provider, style=network, graphs=graphs, options=options)
    painter = FilmPainter(base, temporal, keyframes)
    return painter.film(
        film,
        output,
        None if one else style,
        strength,
        keep_colors,
        name=style_name(style),
        excerpt=Excerpt(start, end, frames),
        size=size,
        crf=crf,
        progress=progress,
        sound=sound,
    )
