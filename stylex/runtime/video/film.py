"""A film, painted: decode, paint and encode at the same time, with a few frames in memory however long it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stylex.files import written_aside
from stylex.runtime.video import pyav  # noqa: F401 - one line for another PyAV, before it is imported
from stylex.runtime.video.messages import Excerpt, Frame, StreamInfo
from stylex.runtime.video.reader import Reader
from stylex.runtime.video.stylizer import Stylizer
from stylex.runtime.video.writer import CRF, FORMATS, Writer, check_film_output

Progress = Callable[[int, StreamInfo], object]
"""Called after every frame with the number of frames so far."""


@dataclass(frozen=True)
class FilmReport:
    """Facts of a painted film.

    Attributes:
        frames: painted ones.
        width, height: of the painted film.
        seconds: that it took, from the first frame decoded to the last one encoded.
        frames_per_second: of that.
        shots: how many were found.
        technique, style, precision, provider: what painted.
        temporal: the mode that really ran.
        notices: what the user should know, a sentence each.
    """

    frames: int
    width: int
    height: int
    seconds: float
    frames_per_second: float
    shots: int
    technique: str
    style: str
    precision: str
    provider: str
    temporal: str
    notices: tuple[str, ...]


def paint_film(
    film: Path | str,
    output: Path | str,
    stylizer: Stylizer,
    excerpt: Excerpt | None = None,
    longest: int | None = None,
    crf: int = CRF,
    progress: Progress = lambda _count, _info: None,
    sound: bool = True,
) -> FilmReport:
    """Paints a film.

    Frames keep their times, rotation is applied to the pixels, sound is copied where the output's format holds it and
    encoded anew where not. Nothing stands under the output's name before all of it is written; Ctrl-C and errors leave
    nothing behind.

    Args:
        film: any file that FFmpeg reads.
        output: ends in one of `writer.FORMATS`.
        stylizer: what paints the frames.
        excerpt: the part that is wanted.
        longest: the longer side is reduced to so many pixels; None for as it is.
        crf: quality of the encoded film.
        progress: called after every frame.
        sound: whether the painted film gets the film's sound.

    Raises:
        UsageError: the output's suffix.
        InputError: the film can't be read or is cut short, or the output can't be written there.
        ResourceError: the disk is full.
    """
    film, output = Path(film), Path(output)
    check_film_output(output, film)
    form = FORMATS[output.suffix.lower()]
    with Reader(film, excerpt, longest, form, sound) as reader, written_aside(output) as aside:
        start = time.perf_counter()
        with Writer(aside, reader.info, crf) as writer:
            for item in reader:
                if not isinstance(item, Frame):
                    writer.put(item)
                    continue
                writer.put(Frame(stylizer(item.picture), item.time, item.duration))
                progress(reader.count, reader.info)
            writer.finish()
        seconds = time.perf_counter() - start
    return _report(reader, writer, stylizer, seconds)


def _report(reader: Reader, writer: Writer, stylizer: Stylizer, seconds: float) -> FilmReport:
    painter = stylizer.style.painter
    return FilmReport(
        reader.count,
        writer.width,
        writer.height,
        round(seconds, 2),
        round(reader.count / seconds, 2),
        stylizer.shots,
        painter.technique,
        stylizer.style.name,
        painter.precision,
        painter.provider,
        stylizer.runs,
        tuple(_notices(reader, writer, stylizer)),
    )


def _notices(reader: Reader, writer: Writer, stylizer: Stylizer) -> list[str]:
    info = reader.info
    odd = (info.width, info.height) != (writer.width, writer.height)
    notices = {
        stylizer.notice: bool(stylizer.notice),
        f"{reader.skipped} damaged frames were left out, the ones before them are shown longer": reader.skipped > 0,
        f"{reader.damaged_sound} packets of sound were damaged, and are silent": reader.damaged_sound > 0,
        f"{writer.unusable} packets of sound with impossible times were left out": writer.unusable > 0,
        f"left out: {', '.join(info.left_out)}": bool(info.left_out),
        **dict.fromkeys(info.notices, True),
        f"{info.width}x{info.height} was made even by repeating the last row or column": odd,
    }
    return [text for text, applies in notices.items() if applies]
