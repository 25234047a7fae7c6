"""Nothing changes silently: every fallback tells that it was taken, and says nothing where it wasn't.

`FALLBACKS` takes each of them in turn. `SILENT` lists what else swallows an error, with the reason why nobody needs to
know: a new handler that neither raises nor warns fails a test until it has one.
"""

from __future__ import annotations

import ast
import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import stylex
from stylex.artifacts.catalog import folder_of_tool, styles_in
from stylex.batch.folder import stylize_folder
from stylex.errors import InputError, ProviderUnavailable
from stylex.export.photos import photos
from stylex.files import config_folder
from stylex.imaging.color_profile import srgb_profile
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import encoded
from stylex.runtime import loading
from stylex.runtime.kept_precisions import FILE, keep_precision
from stylex.runtime.video.color import conversion_of

ROOT = Path(__file__).parents[1]
CAT = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
Provoke = Callable[[bool, Path], "list[str] | None"]
FALLBACKS: dict[str, tuple[str, Provoke]] = {}


def fallback(notice: str) -> Callable[[Provoke], Provoke]:
    """Adds what takes a fallback where its first argument is true, and returns what was told but for the log."""

    def added(provoke: Provoke) -> Provoke:
        FALLBACKS[provoke.__name__] = notice, provoke
        return provoke

    return added


def png(rgb: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with more chunks before its pixels."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    more = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return buffer.getvalue()[:33] + more + buffer.getvalue()[33:]


def read(folder: Path, data: bytes, name: str = "p.png") -> None:
    (folder / name).write_bytes(data)
    read_picture(folder / name)


@fallback("the colour profile of .*p.png can't be used: its colours may be wrong")
def a_profile(damaged: bool, folder: Path) -> None:
    profile = srgb_profile()[:200] if damaged else srgb_profile()
    read(folder, png(CAT, (b"iCCP", b"p\0\0" + zlib.compress(profile))))


@fallback("the colour profile of .*p.png can't be used")
def a_packed_profile(damaged: bool, folder: Path) -> None:
    packed = zlib.compress(srgb_profile())
    read(folder, png(CAT, (b"iCCP", b"p\0\0" + (packed[:90] if damaged else packed))))


@fallback("the colour profile of .*p.png can't be used")
def a_profile_that_cannot_be_unpacked(damaged: bool, folder: Path) -> None:
    packed = zlib.compress(srgb_profile())
    read(folder, png(CAT, (b"iCCP", b"p\0\0" + (packed[:40] + bytes(40) if damaged else packed))))


@fallback("the colour profile of .*p.jpg can't be used")
def a_profile_in_parts(missing: bool, folder: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(CAT).save(buffer, "JPEG", icc_profile=srgb_profile())
    data = buffer.getvalue()
    at = data.index(b"ICC_PROFILE\0") + 13  # how many parts there are
    read(folder, data[:at] + bytes([2 if missing else 1]) + data[at + 1 :], "p.jpg")


@fallback("the colour profile of .*grey.tif can't be used")
def a_profile_for_another_kind_of_picture(other: bool, folder: Path) -> None:
    profile = srgb_profile().replace(b"RGB ", b"CMYK", 1) if other else srgb_profile()
    Image.fromarray(CAT[..., 0]).save(folder / "grey.tif", icc_profile=profile)
    read_picture(folder / "grey.tif")


@fallback(
    r"p.png states colours by numbers without a meaning here \(\(200, 13\) of ITU-T H.273\), which are left aside"
)
def numbers_of_colours(unknown: bool, folder: Path) -> None:
    read(folder, png(CAT, (b"cICP", bytes((200 if unknown else 12, 13, 0, 1)))))


@fallback("the exponent or the primaries of .*p.png make no sense")
def an_exponent(absurd: bool, folder: Path) -> None:
    read(folder, png(CAT, (b"gAMA", struct.pack(">I", 0 if absurd else 45455))))


@fallback(r"p.png has a high dynamic range \(PQ\), which is mapped to the standard one")
def a_high_dynamic_range(wide: bool, folder: Path) -> None:
    read(folder, png(CAT, (b"cICP", bytes((9, 16 if wide else 1, 0, 1)))))


@fallback("the EXIF data of .*p.png are damaged: it is taken as upright")
def orientation(damaged: bool, folder: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    read(folder, png(CAT, (b"eXIf", b"XX\0\0nonsense" if damaged else exif.tobytes()[6:])))


@fallback("only the first of 2 frames of .*p.png is read; stylex video paints all of them")
def frames(several: bool, folder: Path) -> None:
    more = [Image.fromarray(CAT[::-1])] if several else []
    Image.fromarray(CAT).save(folder / "p.png", save_all=True, append_images=more)
    read_picture(folder / "p.png")


@fallback("p.png has 16 bits a channel, of which 12 are in use")
def bits(few: bool, folder: Path) -> None:
    values = CAT[..., 0].astype(np.uint16) * (16 if few else 257)
    Image.fromarray(values).save(folder / "p.png")
    read_picture(folder / "p.png")


@fallback("o.jpg can't be transparent: the picture is laid on white")
def transparency(there: bool, folder: Path) -> None:
    encoded(CAT, np.full(CAT.shape[:2], 128 if there else 255, np.uint8), folder / "o.jpg")


@fallback("reduced from 64x48")
def the_size(smaller: bool, folder: Path) -> list[str]:
    result = stylex.stylize(CAT, "histogram", CAT[::-1].copy(), size=32 if smaller else 64, report=True)
    return list(result.notes)


@fallback("no graph of the upscaler: the embedded one is used")
def a_tool_of_a_folder(missing: bool, folder: Path) -> None:
    folder_of_tool("upscaler", folder if missing else None)


@fallback("fast-x-int8.onnx .*; it is passed over")
def a_graph_in_a_folder(damaged: bool, folder: Path) -> None:
    if damaged:
        (folder / "fast-x-int8.onnx").write_bytes(b"nonsense")
    styles_in(folder, "fast")


@fallback("no driver here; trying the next provider")
def a_provider(fails: bool, _folder: Path) -> None:
    def opened(provider: Any) -> Any:
        if fails and provider is not last:
            raise ProviderUnavailable("no driver here")
        return provider

    last = loading.candidates("cpu")[0]
    others = (loading.candidates("cpu")[0].__class__(**{**vars(last), "name": "cuda"}),) if fails else ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "candidates", lambda _name: (*others, last))
        assert loading._first_started("auto", opened) is last


@fallback("what was kept for adain on cpu is of another processor or ONNX Runtime: measure again, `stylex bench adain")
def a_kept_precision(elsewhere: bool, _folder: Path) -> None:
    path = keep_precision("adain", "cpu", "fp32")
    if elsewhere:
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["adain on cpu"]["onnxruntime"] = "1.0"
        path.write_text(json.dumps(kept), encoding="utf-8")
    loading.best_precision(loading.candidates("cpu")[0], "adain")


@fallback("precisions.json, which keeps precisions, is damaged: remove it, and measure again")
def kept_precisions(damaged: bool, _folder: Path) -> None:
    config_folder().mkdir(parents=True, exist_ok=True)
    (config_folder() / FILE).write_text("{" if damaged else "{}", encoding="utf-8")
    loading.best_precision(loading.candidates("cpu")[0], "adain")


@fallback("1 pictures of .* can't be used to calibrate: .*broken.png")
def a_photo_for_calibration(unusable: bool, folder: Path) -> None:
    for i in range(16):
        pixels = np.random.default_rng(i).integers(0, 256, (2, 2, 3), np.uint8).repeat(80, 0).repeat(80, 1)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    if unusable:
        (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    for seed in range(2):  # one of the two halves has it
        photos(folder, seed, check=False)
        if not unusable:
            return


@fallback("broken.png .*can't be decoded")
def a_photo_of_a_folder(broken: bool, folder: Path) -> list[str]:
    (folder / "in").mkdir()
    Image.fromarray(CAT).save(folder / "in" / "fine.png")
    if broken:
        (folder / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    report = stylize_folder(folder / "in", folder / "out", "histogram", CAT[::-1].copy())
    assert report.painted == 1
    return [one.message for one in report.failed]


@fallback("matrix, primaries, transfer function")
def colours_of_a_film(unknown: bool, _folder: Path) -> list[str]:
    frame = av.VideoFrame.from_ndarray(CAT, format="rgb24").reformat(format="yuv420p")
    frame.color_primaries, frame.color_trc, frame.colorspace = (3, 9, 14) if unknown else (1, 1, 1)
    return [", ".join(conversion_of(frame).unknown)] if conversion_of(frame).unknown else []


@fallback("the embedded encoder judges in their place")
def loss_networks(missing: bool, folder: Path) -> list[str]:
    import torch

    from stylex.models.training.request import Request

    notices: list[str] = []

    def find() -> Path:
        if missing:
            raise InputError("no teacher/ folder")
        return folder

    Request({"teacher": None}, torch.device("cpu"), notices.append).optional(
        find, "the embedded encoder judges in their place"
    )
    return notices


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("name", FALLBACKS)
def test_a_fallback_is_told_where_it_is_taken_alone(
    name: str, taken: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected, provoke = FALLBACKS[name]
    with caplog.at_level("WARNING", "stylex"):
        notices = [*(provoke(taken, tmp_path) or ()), *(record.getMessage() for record in caplog.records)]
    found = [line for line in notices if re.search(expected, line)]
    assert bool(found) is taken, notices
    assert taken or not notices


def test_every_warning_and_every_notice_of_a_film_is_in_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    texts = [text for path in (ROOT / "stylex").rglob("*.py") for text in told_in(ast.parse(path.read_text("utf-8")))]
    assert len(texts) > 25
    assert [text for text in texts if not any(words in tests for words in windows(text))] == []


def told_in(tree: ast.AST) -> Iterator[str]:
    """Yields the longest part of each text, without what is put in, that goes to the log or is a notice of a film."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        nodes = list(ast.walk(function))
        calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "logger.warning"]
        named = {call.args[0].id for call in calls if isinstance(call.args[0], ast.Name)}
        texts: list[ast.AST] = [call.args[0] for call in calls]
        texts += [one.value for one in nodes if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) in named]
        yield from filter(None, map(longest_text, nodes if function.name == "_notices" else texts))


def longest_text(node: ast.AST) -> str:
    """Returns the longest part of three words or more; of other nodes nothing."""
    values = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    parts = [part for text in texts for part in re.split("%[sd]", text)]
    longest = max(parts, key=len, default="").strip(" ;:,()")
    return longest if longest.count(" ") > 1 else ""


def windows(text: str) -> Iterator[str]:
    """Yields each three words that follow each other."""
    words = text.split()
    yield from (" ".join(words[start : start + 3]).strip(":;,") for start in range(len(words) - 2))


NO_NEWS = "what is asked has this answer, and the caller goes on from it"
CLEANING = "what was raised before it is what counts"
SILENT = {
    "artifacts/graph_file.py versions_of": NO_NEWS,
    "artifacts/style_code.py normalized_weights": "raises below, with the weights that were given",
    "artifacts/versions.py _stated": NO_NEWS,
    "batch/folder.py _reported": "raised below, once the report is closed",
    "batch/ray_engine.py PaintingActor.settled": "becomes a failed row of the report",
    "batch/records.py Journal._line": "a photo or painting that is gone isn't done, and is painted again",
    "batch/records.py _parsed": "what is no line of a journal isn't done, and is painted again",
    "batch/records.py _read": "without a journal nothing is done, and all is painted again",
    "batch/store.py Store.write": "the folder is made, and the write tried again",
    "cli/__init__.py CleanExit.show": "nobody can be told where standard error is closed",
    "cli/__init__.py Verbs.main": "ends with the error's line and exit code",
    "cli/__init__.py abandon_output": "nobody reads standard output any more",
    "cli/commands/doctor.py _provider": "the reason is what doctor prints",
    "cli/options/common.py tile": NO_NEWS,
    "cores.py _lines": NO_NEWS,
    "cores.py _quota": NO_NEWS,
    "export/photos.py _read": "counted, and told by the caller",
    "export/trace.py _runs_int8": NO_NEWS,
    "files.py same_file": NO_NEWS,
    "files.py _claimed": CLEANING,
    "files.py _locked": "a file system without locks",
    "files.py _remove_litter": "litter that is in use stays for the next run",
    "files.py _sync_folder": "a folder that may be written and not read can't be synced",
    "imaging/color_profile.py primaries_matrix": "the caller tells",
    "imaging/folders.py _begins_as_picture": "of a file without a picture's suffix nothing says that it is one",
    "imaging/png.py _unpacked": "the caller tells of the profile that is lost",
    "imaging/quiet.py decoded_by_opencv": "the caller says that it can't be decoded",
    "imaging/quiet.py silence_libtiff": "libtiff prints its lines, and Pillow raises the error all the same",
    "imaging/tiff.py tags_of": NO_NEWS,
    "installation.py Package.problem": "the reason is what is returned",
    "installation.py version": NO_NEWS,
    "models/encoders/download.py fetched": CLEANING,
    "models/encoders/loss_network_files.py candidates": "the caller raises where nothing is found",
    "models/reference/gatys.py Gatys.__call__": "the result says that it was stopped",
    "models/safe_checkpoints.py _entries": NO_NEWS,
    "models/safe_checkpoints.py is_onnx": NO_NEWS,
    "models/segmenter/data.py load_masked": "counted, and told by the caller",
    "models/training/data.py _read": "counted, and told by the caller",
    "processes.py serve": "the parent is gone",
    "processes.py started": "the process has ended, and the caller sees how",
    "runtime/benchmark/conditions.py _reading": "the reading says that it can't be had",
    "runtime/benchmark/likeness.py similarity": "the column of the table is empty",
    "runtime/benchmark/timing.py _answer": "the exit code says what happened, and the caller raises",
    "runtime/benchmark/row.py _fitting_code": "a time doesn't depend on the style",
    "runtime/engine/hardware.py _board": NO_NEWS,
    "runtime/engine/hardware.py command_output": NO_NEWS,
    "runtime/engine/hardware.py memory_gib": "told as unknown",
    "runtime/engine/hardware.py peak_memory_mib": "the column of the table is empty",
    "runtime/engine/libraries.py _loads": "named as a library that is missing",
    "runtime/kept_precisions.py _kept": "a file that isn't there keeps nothing; a damaged one is told",
    "runtime/known_styles.py _identity": "isn't known again, and encoded anew",
    "runtime/semantic/segmenters.py _parsed": "raises below where no way of writing classes fits",
    "runtime/video/animation.py Animation._wanted": "the end of the file",
    "runtime/video/animation.py is_animation": NO_NEWS,
    "runtime/video/camera.py _devices": NO_NEWS,
    "runtime/video/decoder.py Decoder._frames_in": "counted in `skipped`",
    "runtime/video/decoder.py messages": "sent to the parent, which raises it",
    "runtime/video/live.py Window.__exit__": CLEANING,
    "runtime/video/reader.py Reader._died": "its end is told without the exit code",
    "runtime/video/sound.py first_packets": "a track without a packet is told as left out",
    "runtime/video/sound_tracks.py EncodedTrack.__init__": "`mixed` is told",
    "runtime/video/sound_tracks.py EncodedTrack._decoded": "counted in `damaged`",
    "runtime/video/sound_tracks.py copied_template": "then it is encoded, which is told",
    "runtime/video/sound_tracks.py track_of": "told as left out",
    "runtime/video/writer.py Writer._give_up": CLEANING,
    "runtime/video/writer.py Writer._work": "raised in the caller's thread",
    "serve/gate.py Gate.__call__": "answered",
    "serve/jobs.py Jobs._run": "raised for everyone who waits",
    "serve/orders.py require_pixels": "decoding it says what is wrong",
    "serve/server.py Protocol.send_400_response": "the connection is closed already",
}
"""Functions that swallow an error without a word: where, and why nothing is kept from the user."""


def test_nothing_else_is_swallowed() -> None:
    """A new handler has to raise, to warn, or to be listed with its reason; a reason without its handler has to go."""
    found = {
        f"{path.relative_to(ROOT / 'stylex').as_posix()} {where}"
        for path in (ROOT / "stylex").rglob("*.py")
        for where in swallowing(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found - SILENT.keys() == set()
    assert SILENT.keys() - found == set()


def swallowing(node: ast.AST, where: str = "") -> Iterator[str]:
    """Names of the functions that catch something, and neither raise nor warn."""
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        here = f"{where}.{child.name}".lstrip(".") if named else where
        caught = isinstance(child, ast.ExceptHandler) and not any(raises_or_warns(one) for one in ast.walk(child))
        if caught or (isinstance(child, ast.Call) and ast.unparse(child.func) == "contextlib.suppress"):
            yield here
        yield from swallowing(child, here)


def raises_or_warns(node: ast.AST) -> bool:
    warns = isinstance(node, ast.Attribute) and node.attr in ("warning", "exception")
    return isinstance(node, ast.Raise) or warns or (isinstance(node, ast.Name) and node.id.startswith("tell"))
