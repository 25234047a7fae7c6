"""Pictures: colour, transparency, bit depth, formats, strengths and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cases.case import Case, Outcome, apart, peak, pixels, refused, stylex

Reader: TypeAlias = Callable[[Path, Path], npt.NDArray[np.float64]]
"""Reads a picture as a part of stylex does; takes an empty folder as well."""


def cases(folder: Path) -> Iterator[Case]:
    """Yields the cases of the folder `pictures`."""
    yield Case("pointer.jpg", "exit 3, git lfs pull", lambda out: _refused(folder, out, "pointer.jpg", "git lfs pull"))
    for name in ("webp-inside.jpg", "png-inside.jpg", "photo.jpg_large", "large-comment.png", "broken-profile.jpg"):
        yield Case(name, "read by its content", partial(_near, folder, name, 9.0))
    for name in ("preview-first.dng", "preview-first.nef"):
        yield Case(name, "exit 3, raw file of a camera: develop it", partial(_raw, folder, name))
    yield Case("display-p3.png", "photo.png within 1", partial(_near, folder, "display-p3.png", 1.0))
    yield Case("wide-gamut.jpg", "photo.png within 2.5", partial(_near, folder, "wide-gamut.jpg", 2.5))
    yield Case("cmyk-with-profile.tif", "mean 168.4, 113.4, 84.1", partial(_mean, folder, "cmyk-with-profile.tif"))
    for name in ("turned.avif", "turned.heic"):
        yield Case(name, "240x160, photo.png within 6", partial(_near, folder, name, 6.0))
    for name in ("animated.webp", "animated.png", "last-frame-one-second.gif"):
        yield Case(name, "painted, first of 5 frames told", partial(_animated, folder, name))
    for name in ("twelve-bits-in-sixteen.png", "twelve-bits-rgb.tif"):
        yield Case(name, "as bright as its 12 bits mean", partial(_bright, folder, name))
    yield Case("65-megapixels.jpg --size 640", "640x625", partial(_large, folder))
    for technique in ("adain", "attention", "multiscale"):
        yield Case(f"photo.png, {technique}, strength 0", "the photo, exactly", partial(_untouched, folder, technique))
    for technique, style in (("adain", "great-wave"), ("fast", "the-scream"), ("histogram", str(folder / "style.png"))):
        yield Case(f"cutouts, {technique}", "visible pixels equal", partial(_cutouts, folder, technique, style))
    yield Case("cutouts as styles", "equal paintings", partial(_cutout_styles, folder))
    yield Case("all-transparent.png as a style", "exit 3", partial(_invisible, folder))
    for technique in ("adain", "attention", "multiscale", "histogram"):
        yield Case(f"style-display-p3.png, {technique}", "within 1.5", partial(_styles, folder, technique))
    for technique in ("adain", "attention", "multiscale"):
        name = f"style-display-p3.png, {technique} without INT8's rounding"
        yield Case(name, "within 0.5", partial(_styles, folder, technique, more=("--precision", "fp16"), most=0.5))
    for name, read in READERS.items():
        yield Case(f"style-display-p3.png, {name}", "within 1.5", partial(_read, folder, read))
    for name, work in LARGE.items():
        yield Case(f"65-megapixels.jpg, {name}", "within 250 MiB", partial(_memory, folder, work))
    yield Case("photo.png in two styles", "a file for each", partial(_two_styles, folder))


def _run(folder: Path, out: Path, name: str, *more: str) -> tuple[int, str, Path]:
    place = out / "o.png"
    called = stylex("run", "fast", folder / name, "--style", "the-scream", "--strength", 0, "-o", place, *more)
    return called.code, called.printed, place


def _refused(folder: Path, out: Path, name: str, *words: str) -> Outcome:
    return refused(stylex("run", "fast", folder / name, "--style", "the-scream", "-o", out / "o.png"), 3, *words)


def _raw(folder: Path, name: str, out: Path) -> Outcome:
    renamed = out / "preview-first.tif"
    renamed.write_bytes((folder / name).read_bytes())
    both = [_refused(folder, out, name, "raw", "develop"), _refused(out, out, renamed.name, "raw", "develop")]
    return Outcome(both[0].got, all(outcome.ok for outcome in both))


def _near(folder: Path, name: str, most: float, out: Path) -> Outcome:
    code, printed, place = _run(folder, out, name)
    if code:
        return Outcome(f"exit {code}: {printed[-200:]}", False)
    distance = apart(pixels(place), pixels(folder / "photo.png"))
    return Outcome(f"{distance:.2f} from photo.png", distance <= most)


def _mean(folder: Path, name: str, out: Path) -> Outcome:
    code, printed, place = _run(folder, out, name)
    if code:
        return Outcome(f"exit {code}: {printed[-200:]}", False)
    mean = pixels(place).mean((0, 1))
    return Outcome(str(mean.round(1)), bool(np.abs(mean - (168.4, 113.4, 84.1)).max() <= 2))


def _animated(folder: Path, name: str, out: Path) -> Outcome:
    code, printed, _ = _run(folder, out, name)
    return Outcome(f"exit {code}: {printed[-200:]}", code == 0 and "first of 5 frames" in printed)


def _bright(folder: Path, name: str, out: Path) -> Outcome:
    code, printed, place = _run(folder, out, name)
    if code:
        return Outcome(f"exit {code}: {printed[-200:]}", False)
    mean, wanted = pixels(place).mean((0, 1)), (158, 86, 51) if "rgb" in name else (103.6,) * 3
    return Outcome(str(mean.round(1)), bool(np.abs(mean - wanted).max() <= 2))


def _large(folder: Path, out: Path) -> Outcome:
    code, printed, place = _run(folder, out, "65-megapixels.jpg", "--size", "640")
    if code:
        return Outcome(f"exit {code}: {printed[-200:]}", False)
    height, width = pixels(place).shape[:2]
    return Outcome(f"{width}x{height}", (width, height) == (640, 625))


def _painted(photo: Path, out: Path, technique: str, style: str, *more: object) -> Path:
    place = out / f"{len(list(out.iterdir()))}.png"
    called = stylex("run", technique, photo, "--style", style, "-o", place, *more)
    if called.code:
        raise RuntimeError(called.printed)
    return place


def _untouched(folder: Path, technique: str, out: Path) -> Outcome:
    photo = folder / "photo.png"
    most = np.abs(pixels(_painted(photo, out, technique, "great-wave", "--strength", 0)) - pixels(photo)).max()
    return Outcome(f"largest difference {most:g}", bool(most == 0))


def _cutouts(folder: Path, technique: str, style: str, out: Path) -> Outcome:
    from PIL import Image

    pair = [_painted(folder / f"cutout-{color}.png", out, technique, style) for color in ("black", "magenta")]
    with Image.open(folder / "cutout-black.png") as image:
        visible = np.asarray(image.convert("RGBA"))[..., 3] > 0
    most = np.abs(pixels(pair[0]) - pixels(pair[1]))[visible].max()
    return Outcome(f"largest difference {most:g}", bool(most == 0))


def _cutout_styles(folder: Path, out: Path) -> Outcome:
    styles = [str(folder / f"cutout-{color}.png") for color in ("black", "magenta")]
    one, other = (pixels(_painted(folder / "photo.png", out, "adain", style)) for style in styles)
    return Outcome(f"{apart(one, other):.2f} apart", apart(one, other) == 0)


def _invisible(folder: Path, out: Path) -> Outcome:
    style = folder / "all-transparent.png"
    return refused(stylex("run", "adain", folder / "photo.png", "--style", style, "-o", out / "o.png"), 3, "visible")


def _styles(
    folder: Path, technique: str, out: Path, more: tuple[str, ...] = ("--precision", "auto"), most: float = 1.5
) -> Outcome:
    styles = [str(folder / name) for name in ("style.png", "style-display-p3.png")]
    more = () if technique == "histogram" else more
    one, other = (pixels(_painted(folder / "photo.png", out, technique, style, *more)) for style in styles)
    return Outcome(f"{apart(one, other):.2f} apart", apart(one, other) <= most)


def _read(folder: Path, read: Reader, out: Path) -> Outcome:
    one, other = (read(folder / name, out) for name in ("style.png", "style-display-p3.png"))
    return Outcome(f"{apart(one, other):.2f} apart", apart(one, other) <= 1.5)


def _as_mask(picture: Path, _: Path) -> npt.NDArray[np.float64]:
    from stylex.runtime.semantic.masks import read_mask

    return 255 * read_mask(picture).astype(np.float64)


def _in_training(picture: Path, out: Path) -> npt.NDArray[np.float64]:
    from stylex.models.training.data import load_folder

    return np.asarray(load_folder(_copies(picture, out), 96).pictures[0], np.float64)


def _in_calibration(picture: Path, out: Path) -> npt.NDArray[np.float64]:
    from stylex.export.photos import photos

    return np.asarray(photos(_copies(picture, out), 0, check=False)[0], np.float64)


def _copies(picture: Path, out: Path) -> Path:
    """A folder in which the picture lies eight times, which training needs."""
    folder = out / picture.stem
    folder.mkdir()
    for count in range(8):
        (folder / f"{count}{picture.suffix}").symlink_to(picture)
    return folder


READERS = {"as a mask": _as_mask, "in training": _in_training, "in calibration": _in_calibration}
_PAINT = "from stylex.cli import main; main(['run', {}, '-o', {out!r} + '/o.png'], standalone_mode=False)"
_PHOTO_OF = "'{technique}', {folder!r} + '/photo.png', '--style', {folder!r} + '/65-megapixels.jpg'"
_LARGE = "'fast', {folder!r} + '/65-megapixels.jpg', '--style', 'the-scream', '--size', '640'"
_FOLDER = "import sys; sys.path.insert(0, {here!r}); from pathlib import Path; import cases.pictures as all; "
LARGE = {
    "photo": _PAINT.replace("{}", _LARGE),
    **{
        f"style of {technique}": _PAINT.replace("{}", _PHOTO_OF.replace("{technique}", technique))
        for technique in ("adain", "attention", "multiscale", "histogram")
    },
    "in training": _FOLDER + "all._in_training(Path({folder!r}) / '65-megapixels.jpg', Path({out!r}))",
    "in calibration": _FOLDER + "all._in_calibration(Path({folder!r}) / '65-megapixels.jpg', Path({out!r}))",
}
"""Programs that use a very large picture."""


def _memory(folder: Path, work: str, out: Path) -> Outcome:
    here = str(Path(__file__).resolve().parent.parent)
    mebibytes = peak(work.format(folder=str(folder), out=str(out), here=here))
    return Outcome(f"{mebibytes:.0f} MiB", mebibytes <= 250)


def _two_styles(folder: Path, out: Path) -> Outcome:
    photo = out / "photo.png"
    photo.write_bytes((folder / "photo.png").read_bytes())
    for style in ("great-wave", "irises"):
        stylex("run", "adain", photo, "--style", style)
    made = sorted(path.name for path in out.iterdir() if path != photo)
    return Outcome(", ".join(made), made == ["photo-adain-great-wave.png", "photo-adain-irises.png"])
