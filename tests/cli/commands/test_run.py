"""`stylex run`: pictures in, pictures out, and clean failures."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest
from click.testing import Result
from PIL import Image

from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.runtime import loading
from stylex.runtime import painter as painter_module

RunCli = Callable[..., Result]
Fails = Callable[..., str]
STYLE = ("--style", "great-wave", "--threads", "1")
FORMATS = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff")


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(cv2.PSNR(one, other))


# What works


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_in(suffix: str, shot: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    write_picture(f"in.{suffix}", photo)
    result = run_cli("run", "adain", f"in.{suffix}", *STYLE)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.startswith(f"in-adain-great-wave.{suffix}: 128x96, adain ")
    assert read_picture(f"in-adain-great-wave.{suffix}").rgb.shape == photo.shape


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_out(suffix: str, shot: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "adain", shot, *STYLE, "-o", f"out.{suffix}").exit_code == 0
    assert run_cli("run", "adain", shot, *STYLE, "-o", "reference.png").exit_code == 0
    assert psnr(read_picture(f"out.{suffix}").rgb, read_picture("reference.png").rgb) > 28


def test_what_ran_is_told(shot: Path, run_cli: RunCli) -> None:
    for precision in ("fp32", "fp16", "int8"):
        result = run_cli("run", "adain", shot, *STYLE, "--precision", precision, "--provider", "cpu")
        assert f"adain {precision} on cpu, " in result.stdout
    assert result.stdout.count("\n") == 1


def test_the_library_and_the_command_paint_the_same(
    shot: Path, photo: np.ndarray, painting: np.ndarray, run_cli: RunCli
) -> None:
    write_picture("coffee.png", painting)
    options = ("--strength", 0.7, "--keep-colors", "--precision", "fp32", "--provider", "cpu", "--threads", 1)
    run_cli("run", "adain", shot, "--style", "coffee.png", *options, "-o", "out.png")
    painter = loading.load("adain", "fp32", "cpu", threads=1)
    np.testing.assert_array_equal(read_picture("out.png").rgb, painter(photo, painting, 0.7, keep_colors=True))


def test_alpha_is_kept(shot: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    alpha = np.tile(np.linspace(0, 255, 128).astype(np.uint8), (96, 1))
    write_picture("clear.png", photo, alpha)
    assert run_cli("run", "adain", "clear.png", *STYLE).exit_code == 0
    kept = read_picture("clear-adain-great-wave.png").alpha
    np.testing.assert_array_equal(kept, alpha)
    assert run_cli("run", "adain", "clear.png", *STYLE, "--size", 64, "-o", "small.webp").exit_code == 0
    small = read_picture("small.webp").alpha
    assert small is not None
    assert small.shape == (48, 64)
    assert run_cli("run", "adain", "clear.png", *STYLE, "-o", "flat.jpg").exit_code == 0
    assert read_picture("flat.jpg").rgb[:, :2].min() > 240  # laid on white


def test_exif_orientation_is_applied(shot: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo).save("turned.jpg", exif=exif)
    result = run_cli("run", "adain", "turned.jpg", *STYLE, "--strength", 0, "--precision", "fp32")
    assert result.stdout.startswith("turned-adain-great-wave.jpg: 96x128, ")
    painted = read_picture("turned-adain-great-wave.jpg").rgb
    assert psnr(painted, np.ascontiguousarray(np.rot90(photo, -1))) > psnr(painted, np.rot90(photo, 1).copy())
    with Image.open("turned-adain-great-wave.jpg") as image:
        assert image.getexif().get(0x0112, 1) == 1  # not turned twice


@pytest.mark.parametrize(("size", "expected"), [(64, "64x48"), (1, "1x1"), (128, "128x96"), (5000, "128x96")])
def test_size_only_reduces(size: int, expected: str, shot: Path, run_cli: RunCli) -> None:
    result = run_cli("run", "adain", shot, *STYLE, "--size", size)
    assert result.stdout.startswith(f"photo-adain-great-wave.png: {expected}, ")


def test_mixing(shot: Path, run_cli: RunCli) -> None:
    pair = ("--style", "great-wave", "--style", "the-scream")
    for name, options in {
        "even.png": pair,
        "twos.png": (*pair, "--weight", 2, "--weight", 2),
        "first.png": (*pair, "--weight", 1, "--weight", 0),
        "wave.png": pair[:2],
    }.items():
        assert run_cli("run", "adain", shot, *options, "--precision", "fp32", "-o", name).exit_code == 0
    even, twos, first, wave = (read_picture(f"{name}.png").rgb for name in ("even", "twos", "first", "wave"))
    np.testing.assert_array_equal(even, twos)
    assert np.abs(first.astype(int) - wave).max() <= 1
    assert psnr(even, wave) < 40


def test_strength_and_colours(shot: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    for name, options in {"none": ("--strength", 0), "full": (), "kept": ("--keep-colors",)}.items():
        assert (
            run_cli("run", "adain", shot, *STYLE, "--precision", "fp32", *options, "-o", f"{name}.png").exit_code == 0
        )
    none, full, kept = (read_picture(f"{name}.png").rgb for name in ("none", "full", "kept"))
    assert psnr(none, photo) >= 20
    assert psnr(none, photo) > psnr(full, photo)
    means = [picture.reshape(-1, 3).mean(0) for picture in (photo, full, kept)]
    assert np.abs(means[2] - means[0]).max() < np.abs(means[1] - means[0]).max()


def test_a_style_file(shot: Path, run_cli: RunCli) -> None:
    assert run_cli("styles", "encode", shot, "-o", "own.style").exit_code == 0
    assert run_cli("run", "adain", shot, "--style", "own.style", "-o", "a.png").exit_code == 0
    assert run_cli("run", "adain", shot, "--style", shot, "-o", "b.png").exit_code == 0
    assert np.abs(read_picture("a.png").rgb.astype(int) - read_picture("b.png").rgb).max() <= 2


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("photo.jfif", "photo-adain-great-wave.png"),
        ("12.05.2024", "12.05.2024-adain-great-wave.png"),
        ("a b.JPG", "a b-adain-great-wave.JPG"),
    ],
)
def test_default_output_names(given: str, made: str, shot: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    Image.fromarray(photo).save("made.jpg")
    Path("made.jpg").rename(given)
    assert run_cli("run", "adain", given, *STYLE).stdout.startswith(f"{made}: ")
    assert Path(made).is_file()


def test_a_default_output_is_written_again(shot: Path, run_cli: RunCli) -> None:
    Path("photo-adain-great-wave.png").write_bytes(b"of last time")
    lines = [run_cli("run", "adain", shot, *STYLE, *more).stdout for more in ((), ("-o", "new.png"), ("-o", "new.png"))]
    assert ["in place of an older one" in line for line in lines] == [True, False, False]
    assert read_picture("photo-adain-great-wave.png").rgb.shape == (96, 128, 3)


def test_styles_have_files_of_their_own(shot: Path, painting: np.ndarray, run_cli: RunCli) -> None:
    write_picture("coffee.cup.png", painting)
    wave = ("--region", "background=great-wave", "--region", "person")
    calls = [
        ("adain", "--style", "irises"),
        ("adain", "--style", "great-wave"),
        ("adain", "--style", "irises", "--style", "coffee.cup.png", "--weight", 2, "--weight", 1),
        ("histogram", "--style", "coffee.cup.png"),
        ("cyclegan", "--style", "cartoon"),
        ("semantic", *wave, "--mask", f"person={shot}"),
    ]
    names_printed = [run_cli("run", technique, shot, *rest).stdout.partition(":")[0] for technique, *rest in calls]
    names = ("irises", "great-wave", "irises+coffee.cup", "coffee.cup", "cartoon", "great-wave")
    assert names_printed == [f"photo-{call[0]}-{name}.png" for call, name in zip(calls, names, strict=True)]
    assert all(Path(name).is_file() for name in names_printed)


# The call is wrong: 2


def test_wrong_calls(shot: Path, fails: Fails) -> None:
    assert "no technique 'picasso'" in fails(2, "run", "picasso", shot, *STYLE)
    assert "no technique 'a/b'" in fails(2, "run", "a/b", shot, *STYLE)
    unknown = fails(2, "run", "adain", shot, "--style", "mona-lisa")
    assert "'mona-lisa' is neither a file nor a built-in style" in unknown
    assert "starry-night" in unknown
    assert "1 --style and 2 --weight" in fails(2, "run", "adain", shot, *STYLE, "--weight", 1, "--weight", 2)
    two = ("--style", "irises", "--style", "the-kiss")
    assert "2 --style and 1 --weight" in fails(2, "run", "adain", shot, *two, "--weight", 1)
    assert "not all 0" in fails(2, "run", "adain", shot, *two, "--weight", 0, "--weight", 0)
    assert "0 or more" in fails(2, "run", "adain", shot, *two, "--weight", -1, "--weight", 2)
    assert "style weights are [nan]" in fails(2, "run", "adain", shot, *STYLE, "--weight", "nan")
    assert "ends in .gif; the suffix chooses the format" in fails(2, "run", "adain", shot, *STYLE, "-o", "out.gif")
    assert "has no suffix" in fails(2, "run", "adain", shot, *STYLE, "-o", "out")
    assert sorted(entry.name for entry in Path().iterdir()) == ["photo.png"]


# A picture, a style or a folder can't be used: 3


def oversized(path: str) -> None:
    """A PNG whose header promises 80 megapixels."""
    header = struct.pack(">IIBBBBB", 10_000, 8_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def test_photos_that_cannot_be_used(shot: Path, fails: Fails) -> None:
    Path("folder").mkdir()
    Path("empty.png").write_bytes(b"")
    Path("text.png").write_bytes(b"hello")
    Path("cut.png").write_bytes(shot.read_bytes()[:2000])
    Path("anim.gif").write_bytes(b"GIF89a" + b"\0" * 20)
    oversized("huge.png")
    expected = {
        "missing.jpg": "missing.jpg doesn't exist",
        "missing": "missing doesn't exist",
        "folder": "folder is a folder",
        ".": ". is a folder",
        "/": "/ is a folder",
        "empty.png": "is empty (0 bytes)",
        "text.png": "isn't a picture",
        "cut.png": "can't be decoded",
        "anim.gif": "can't be decoded",
        "huge.png": "80.0 megapixels (10000x8000); the limit is 64",
    }
    before = {entry.name for entry in Path().iterdir()}
    for name, message in expected.items():
        assert message in fails(2 if "is a folder" in message else 3, "run", "adain", name, *STYLE)
        if "." in name[1:] or name == "folder":  # nothing else can only be a picture
            assert message in fails(3, "run", "adain", shot, "--style", name)
    assert {entry.name for entry in Path().iterdir()} == before


def test_styles_that_cannot_be_used(shot: Path, fails: Fails) -> None:
    Path("bad.style").write_text("{}")
    assert "bad.style is not a style code" in fails(3, "run", "adain", shot, "--style", "bad.style")
    assert "missing.style is not a file" in fails(3, "run", "adain", shot, "--style", "missing.style")
    assert "no.jpg doesn't exist" in fails(3, "run", "adain", shot, "--style", "irises", "--style", "no.jpg")


def test_outputs_that_cannot_be_used(shot: Path, fails: Fails) -> None:
    Path("link.png").symlink_to(shot)
    before = shot.read_bytes()
    assert "the folder no/where doesn't exist" in fails(3, "run", "adain", shot, *STYLE, "-o", "no/where/out.png")
    for output in (shot, f"./{shot}", "link.png", shot.absolute()):
        assert "is also an input and would be overwritten" in fails(3, "run", "adain", shot, *STYLE, "-o", output)
    Path("style.png").write_bytes(before)
    assert "is also an input" in fails(3, "run", "adain", shot, "--style", "style.png", "-o", "style.png")
    assert shot.read_bytes() == Path("style.png").read_bytes() == before


def test_graphs_that_are_not_there(shot: Path, fails: Fails, tmp_path: Path) -> None:
    message = fails(3, "run", "adain", shot, *STYLE, "--graphs", "nowhere", "--precision", "int8")
    assert "nowhere has no adain-int8.onnx: make it with `stylex export adain --int8 -o nowhere`" in message


# A graph is no good: 4


def test_graphs_that_are_no_good(shot: Path, fails: Fails, tiny_transfer: Callable[..., Path]) -> None:
    folder = tiny_transfer("adain-fp32.onnx").parent
    options = ("--graphs", folder, "--precision", "fp32")
    assert "'irises' was made for other weights" in fails(4, "run", "adain", shot, "--style", "irises", *options)
    (folder / "adain-style.onnx").write_bytes(b"hello")
    assert "is not a usable ONNX file" in fails(4, "run", "adain", shot, "--style", shot, *options)
    (folder / "adain-fp32.onnx").write_bytes(b"hello")
    assert "adain-fp32.onnx is not a usable ONNX file" in fails(4, "run", "adain", shot, *STYLE, *options)


# The machine lacks something: 5


def test_a_provider_that_is_not_there(shot: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    gpu = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu"
    lines = {"cuda": gpu, "tensorrt": f"{gpu} 'tensorrt<11'", "openvino": "pip install onnxruntime-ep-openvino"}
    for name, line in lines.items():
        message = fails(5, "run", "adain", shot, *STYLE, "--provider", name)
        assert message.endswith(f": {line} [docs/errors.md#providerunavailable]")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_failing_disk_leaves_the_old_output(
    code: int, shot: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    Path("out.png").write_bytes(b"of last time")
    monkeypatch.setattr(os, "fsync", failing)
    message = fails(5, "run", "adain", shot, *STYLE, "-o", "out.png")
    assert ("no space left" if code == errno.ENOSPC else "can't be written") in message
    assert Path("out.png").read_bytes() == b"of last time"
    assert sorted(entry.name for entry in Path().iterdir()) == ["out.png", "photo.png"]


def test_not_enough_memory(shot: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(painter_module.Painter, "paint", exhausted)
    assert "there isn't enough memory for this: use a smaller size (--size)" in fails(5, "run", "adain", shot, *STYLE)


# Ctrl-C: 130


@pytest.mark.parametrize(("module", "place"), [(loading, "load"), (painter_module.Painter, "paint")])
def test_ctrl_c(module: object, place: str, shot: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    Path("out.png").write_bytes(b"of last time")
    monkeypatch.setattr(module, place, stopped)
    assert "stopped" in fails(130, "run", "adain", shot, *STYLE, "-o", "out.png")
    assert Path("out.png").read_bytes() == b"of last time"
    assert sorted(entry.name for entry in Path().iterdir()) == ["out.png", "photo.png"]


# techniques whose weights hold one style


def test_one_styles_network_is_named_by_the_style(shot: Path, run_cli: RunCli, fails: Fails) -> None:
    result = run_cli("run", "fast", shot, "--style", "the-scream", "--precision", "int8", "-o", "out.png")
    assert result.exit_code == 0
    assert "out.png: 128x96, fast int8 on cpu" in result.stdout
    assert read_picture(Path("out.png")).rgb.shape == (96, 128, 3)
    assert "fast needs a style; choose " in fails(2, "run", "fast", shot, "-o", "other.png")
    assert "no fast network for 'picasso'" in fails(2, "run", "fast", shot, "--style", "picasso", "-o", "other.png")
    two = fails(2, "run", "fast", shot, "--style", "the-scream", "--style", "starry-night", "-o", "other.png")
    assert "has one style: give one (--style)" in two
    assert not Path("other.png").exists()


def test_a_photo_becomes_a_cartoon_and_half_of_one(shot: Path, run_cli: RunCli) -> None:
    for strength in ("1", "0.5", "0"):
        assert run_cli("run", "cyclegan", shot, "--style", "cartoon", "--strength", strength, "-o", f"{strength}.png")
    full, half, none = (read_picture(Path(f"{s}.png")).rgb.astype(int) for s in ("1", "0.5", "0"))
    np.testing.assert_array_equal(none, read_picture(shot).rgb)
    assert np.abs(half - (full + none) / 2).max() <= 0.5
