"""`stylex export --target ffmpeg` and `--target gstreamer`: networks of one style as filters of films, without Python.

Such a program gives a graph a whole frame of any size and takes a picture of that size back. So everything that stylex
does around a network of one style stands in the graph: reflecting the frame to the size that the network paints, and
cutting the picture out again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy.typing as npt

from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import PLANES
from stylex.errors import CheckFailed, InputError, UsageError
from stylex.export import drawn
from stylex.export.frames import FRAME, PICTURE, frames_graph
from stylex.export.metrics import psnr
from stylex.files import write_bytes
from stylex.imaging.arrays import Image, to_bytes, to_floats
from stylex.quant.calibration import cpu_session
from stylex.runtime.loading import load_file
from stylex.techniques import SINGLE, listed, technique_named
from stylex.techniques.exporting import GSTREAMER, VIDEO_FILTERS

if TYPE_CHECKING:
    import onnx

IMAGE_ID = "image-rgb-hwc-out"
"""GStreamer's name of a float32 tensor (H, W, 3) in the registry that its decoders know."""
FLOATS = ("fp32", "fp16")
"""Precisions whose graphs take planes of floats; the first that there is is taken."""
CHECKED = ((77, 101), (20, 35))
"""Heights and widths that a filter is checked with: no multiples of 8, and one smaller than networks paint."""
NEAREST = 45.0
"""Decibels, at the least, of a filter's picture against stylex's own."""

Numbers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class VideoFilter:
    """A filter that was written.

    Attributes:
        path: of the ONNX file; GStreamer's has a `.modelinfo` beside it.
        source: name of the graph that it was made of.
        psnr: decibels against stylex's own picture, the worst of the checked sizes.
        usage: the filter of FFmpeg's `-vf`, or the element of a pipeline.
    """

    path: Path
    source: str
    psnr: float
    usage: str


def export_video_filters(
    folder: Path | str,
    technique: str,
    program: str,
    *,
    style: str = "",
    graphs: Path | str | None = None,
    progress: Callable[[str], object] = lambda what: None,
) -> list[VideoFilter]:
    """Writes a technique's networks as filters for FFmpeg or GStreamer, each compared with stylex's own picture before.

    Args:
        folder: where they go.
        technique: one whose weights hold one style.
        program: "ffmpeg" or "gstreamer".
        style: only this network.
        graphs: folder of graphs that `stylex.export` wrote, at FP32 or FP16; the embedded ones by default.
        progress: is called with what is being done.

    Raises:
        UsageError: a technique that needs a style beside the frame, an unknown name, or a graph of one fixed size.
        InputError: no such folder, or no graph that can be used.
        ModelError: a graph is damaged.
        CheckFailed: a filter paints something else than stylex; nothing was written.
    """
    place, source, chosen = Path(folder), GRAPHS if graphs is None else Path(graphs), technique_named(technique).name
    if program not in VIDEO_FILTERS:
        raise UsageError(f"{program!r} has no filters of ours: choose {listed(VIDEO_FILTERS, 'or')}")
    if chosen not in SINGLE:
        raise UsageError(f"{chosen} needs more than a frame, and {program} gives no more: take {listed(SINGLE, 'or')}")
    if not place.is_dir():
        raise InputError(f"the folder {place} doesn't exist: create it first, or choose another", output=None)
    files = [_float_graph(chosen, one, source) for one in ([style] if style else styles_in(source, chosen))]
    if not files:
        raise InputError(f"{source} has no network of {chosen}: export one there first", graphs=None)
    made = []
    for file in files:
        progress(f"making {program}'s filter of {file.name}")
        made.append(_made(file, program, place))
    for one, data in made:
        write_bytes(one.path, data)
        if program == GSTREAMER:
            write_bytes(one.path.with_name(f"{one.path.name}.modelinfo"), model_info(one.path.stem).encode())
    return [one for one, _ in made]


def _float_graph(technique: str, style: str, folder: Path) -> Path:
    """Returns the most precise float graph of a network."""
    files = [transfer_file(technique, precision, folder, style) for precision in FLOATS]
    for file in files:
        if file.is_file():
            return file
    raise InputError(f"{folder} has no {listed([f.name for f in files], 'or')}: export one there first", graphs=None)


def _made(file: Path, program: str, folder: Path) -> tuple[VideoFilter, bytes]:
    """Returns a filter and the bytes of its file."""
    metadata = read_metadata(file)
    if metadata.spec.fixed_size is not None:
        size = metadata.spec.fixed_size
        raise UsageError(f"{file} paints {size}x{size} alone: export it for any size", graphs=None)
    assert metadata.layout == PLANES, "float graphs take planes"
    model = frames_graph(file, metadata, interleaved=program == GSTREAMER)
    decibels = _checked(model, file)
    path = folder / f"{metadata.technique}-{metadata.style}-{program}.onnx"
    usage = f"format=rgb24,dnn_processing=dnn_backend=onnx:model={path.name}"
    if program == GSTREAMER:
        usage = f"onnxinference model-file={path.name}"
    return VideoFilter(path, file.name, decibels, usage), model.SerializeToString()


def _checked(model: onnx.ModelProto, file: Path) -> float:
    """Returns decibels against stylex's own picture of the graph, the worst of some sizes."""
    session, painter = cpu_session(model), load_file(file, "cpu")
    drawing = drawn.flats(max(max(CHECKED)), 0)[-1]
    try:
        found = [_compared(session, painter.paint_rgb, drawing[:height, :width]) for height, width in CHECKED]
    finally:
        painter.close()
    if min(found) < NEAREST:
        raise CheckFailed(f"the filter of {file} paints something else: {min(found):.1f} dB; nothing was written")
    return min(found)


def _compared(session: Any, paint: Callable[[Image], Image], photo: Image) -> float:
    (picture,) = session.run([PICTURE], {FRAME: to_floats(photo)})
    planes: Numbers = picture if picture.ndim == 4 else picture.transpose(2, 0, 1)[None]
    return psnr(to_floats(to_bytes(planes)), to_floats(paint(photo)))


def model_info(name: str) -> str:
    """Returns GStreamer's description of a filter, which lies beside its file."""
    tensors = (
        (FRAME, {"id": FRAME, "type": "float32", "dims": "1,3,-1,-1", "dir": "input", "ranges": "0.0,1.0"}),
        (PICTURE, {"id": IMAGE_ID, "type": "float32", "dims": "-1,-1,3", "dir": "output"}),
    )
    sections = (("modelinfo", {"version": "1.0", "group-id": f"stylex-{name}"}), *tensors)
    lines = ([f"[{title}]", *(f"{key}={value}" for key, value in pairs.items())] for title, pairs in sections)
    return "\n\n".join("\n".join(section) for section in lines) + "\n"
