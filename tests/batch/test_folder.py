"""Many photos in one call."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import stylex
from stylex.api import prepared as prepared_module
from stylex.batch import folder
from stylex.batch.folder import shared_cores, stylize_folder
from stylex.batch.records import Outcome
from stylex.batch.run import FolderReport
from stylex.errors import InputError, UsageError
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.techniques import technique_named

CPU: dict[str, Any] = {"precision": "int8", "provider": "cpu"}


@pytest.fixture
def photos(photo: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four photos, one that is empty, and what isn't a photo."""
    monkeypatch.chdir(tmp_path)
    folder = Path("photos")
    for i, name in enumerate(("1.jpg", "1.png", "a/1.jpg", "b/c/1.webp")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(folder / name, np.ascontiguousarray(photo[i:, i:]))
    (folder / "bad.jpg").touch()
    (folder / "._1.jpg").write_bytes(b"attributes")
    (folder / "forest.png").mkdir()
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


def paint(photos: Any, output: str = "out", **options: Any) -> FolderReport:
    return stylize_folder(photos, output, **{"technique": "adain", "style": "irises", **CPU, **options})


def paintings(folder: str = "out") -> dict[str, bytes]:
    files = (file for file in Path(folder).rglob("*") if file.is_file() and not file.name.startswith("."))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_raw_files_beside_their_pictures_are_told(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    (photos / "bad.jpg").unlink()
    (photos / "1.NEF").write_bytes(b"MM\0*raw")
    with caplog.at_level("WARNING", "stylex"):
        report = paint(photos)
    assert (report.painted, report.failed) == (4, ())
    assert [record.getMessage() for record in caplog.records] == [
        "1 raw files of cameras are passed over, since pictures of the same names stand beside them"
    ]


def test_paintings_of_another_run_are_no_photos(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    (photos / "bad.jpg").unlink()
    assert paint(photos, "photos/one").painted == 4
    assert caplog.records == []
    with caplog.at_level("WARNING", "stylex"):
        assert paint(photos, "photos/two").painted == 4
    assert [record.getMessage() for record in caplog.records] == [
        f"folders with the paintings of other runs are passed over: {Path('photos/one')}"
    ]
    assert paint("photos/one", "three").painted == 4, "a folder that is named is meant"


@pytest.mark.parametrize("report", ["photos/1.jpg", "photos/new.JPG", "a.png"])
def test_a_report_takes_no_pictures_place(photos: Path, report: str) -> None:
    before = (photos / "1.jpg").read_bytes()
    with pytest.raises(UsageError, match="which is the name of a picture"):
        paint(photos, report=report)
    Path("photo").write_bytes(before)
    with pytest.raises(InputError, match="the report photo is also an input"):
        paint([Path("photo")], report="photo")
    assert (photos / "1.jpg").read_bytes() == Path("photo").read_bytes() == before


def test_all_good_photos_are_painted(photos: Path) -> None:
    calls: list[tuple[int, int, Outcome]] = []
    report = paint(photos, progress=lambda *step: calls.append(step), report="report.jsonl")
    assert (report.painted, report.skipped, report.replaced) == (4, 0, 0)
    assert report.title == "adain int8 on cpu" and report.photos_per_second > 0
    (failed,) = report.failed
    assert failed.photo == "photos/bad.jpg" and "is empty" in failed.message
    assert sorted(paintings()) == ["1.jpg", "1.png", "a/1.jpg", "b/c/1.webp"]
    assert [(done, of) for done, of, _ in calls] == [(n, 5) for n in range(1, 6)]
    lines = [Outcome(**json.loads(line)) for line in Path("report.jsonl").read_text().splitlines()]
    assert sorted(lines, key=str) == sorted((outcome for _, _, outcome in calls), key=str)
    assert {(o.width, o.height) for o in lines if o.status == "painted"} == {(128 - i, 96 - i) for i in range(4)}


def test_the_paintings_are_those_of_single_calls(photos: Path) -> None:
    paint(photos, strength=0.7)
    single = stylex.stylize(photos / "1.png", "adain", "irises", strength=0.7, threads=1, **CPU)
    np.testing.assert_array_equal(read_picture("out/1.png").rgb, np.asarray(single))


def test_one_load_for_all(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[object] = []
    load = prepared_module.load
    monkeypatch.setattr(prepared_module, "load", lambda *a, **k: loaded.append(a) or load(*a, **k))
    paint(photos, style=photos / "1.png", upscale=2)
    assert len(loaded) == 1
    assert read_picture("out/a/1.jpg").rgb.shape == (2 * 94, 2 * 126, 3)


def test_resume_skips_what_is_done(photos: Path) -> None:
    paint(photos)
    first = paintings()
    again = paint(photos, resume=True)
    assert (again.painted, again.skipped, len(again.failed)) == (0, 4, 1)
    (Path("out") / "a" / "1.jpg").unlink()
    write_picture(photos / "bad.jpg", read_picture(photos / "1.png").rgb)
    mended = paint(photos, resume=True)
    assert (mended.painted, mended.skipped, mended.failed) == (2, 3, ())
    assert paintings().items() >= first.items()


CHANGES: list[dict[str, Any]] = [{"style": "deluge"}, {"strength": 0.5}, {"size": 64}, {"precision": "fp32"}]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_resume_paints_again_with_other_options(change: dict[str, Any], photos: Path) -> None:
    paint(photos)
    first = paintings()
    report = paint(photos, resume=True, **change)
    assert (report.painted, report.skipped, report.replaced) == (4, 0, 4)
    assert all(data != first[name] for name, data in paintings().items())
    back = paint(photos, resume=True)
    assert (back.painted, back.skipped) == (4, 0)
    assert paintings() == first


def test_without_resume_all_is_painted(photos: Path) -> None:
    paint(photos)
    assert paint(photos).replaced == 4


def test_each_style(photos: Path) -> None:
    report = paint(photos, style=["irises", photos / "1.jpg"], each=True, resume=True)
    assert (report.painted, len(report.failed)) == (8, 2)
    made = paintings()
    assert sorted(made)[:4] == [f"1/{name}" for name in ("1.jpg", "1.png", "a/1.jpg", "b/c/1.webp")]
    assert {name.split("/")[0] for name in made} == {"1", "irises"}
    assert made["irises/1.jpg"] != made["1/1.jpg"]
    more = paint(photos, style=["irises", "deluge"], each=True, resume=True)
    assert (more.painted, more.skipped) == (4, 4)
    with pytest.raises(stylex.UsageError, match="each needs a list of styles"):
        paint(photos, each=True)
    with pytest.raises(stylex.UsageError, match="two of the styles are called the same"):
        paint(photos, style=[photos / "1.jpg", photos / "1.png"], each=True)


def test_networks_of_one_style_each(photos: Path) -> None:
    report = paint(photos, technique="fast", style=["the-scream", "great-wave"], each=True)
    assert report.painted == 8
    assert report.title == "fast int8 on cpu"


def test_the_folder_of_results_is_not_read_again(photos: Path) -> None:
    for _ in range(2):
        report = stylize_folder(photos, photos / "painted", "adain", "irises", **CPU)
        assert report.painted == 4
    assert not (photos / "painted" / "painted").exists()


def test_files_are_painted_beside_themselves(photos: Path) -> None:
    report = stylize_folder([photos / "1.jpg", photos / "1.jpg", photos / "1.png"], None, "adain", "irises", **CPU)
    assert report.painted == 2
    assert {p.name for p in photos.glob("1-*")} == {"1-adain-irises.jpg", "1-adain-irises.png"}
    assert not (photos / ".stylex.jsonl").exists()
    with pytest.raises(stylex.UsageError, match="give a folder for them"):
        stylize_folder([photos / "1.jpg"], None, "adain", "irises", resume=True)


def test_a_style_is_not_written_over(photos: Path) -> None:
    style = Path("out") / "1.png"
    style.parent.mkdir()
    style.write_bytes((photos / "1.png").read_bytes())
    report = paint(photos, style=style)
    assert report.painted == 3
    assert ["is a style and would be overwritten" in f.message for f in report.failed].count(True) == 1
    assert style.read_bytes() == (photos / "1.png").read_bytes()


def test_a_folder_in_the_place_of_a_painting_fails_only_that_one(photos: Path) -> None:
    (Path("out") / "1.png").mkdir(parents=True)
    report = paint(photos)
    assert report.painted == 3
    assert sorted(f.photo for f in report.failed) == ["photos/1.png", "photos/bad.jpg"]


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"strength": 9}, stylex.UsageError, "strength is 9"),
        ({"style": "mona-lisa"}, stylex.UsageError, "neither a file nor a built-in style"),
        ({"workers": -1}, stylex.UsageError, "workers is -1"),
        ({"technique": "video"}, stylex.UsageError, "video paints films"),
        ({"report": "none/r.jsonl"}, stylex.InputError, "the folder none doesn't exist"),
    ],
)
def test_calls_that_are_wrong(options: dict[str, Any], error: type[Exception], expected: str, photos: Path) -> None:
    with pytest.raises(error, match=expected):
        paint(photos, **options)
    assert not paintings() if os.path.isdir("out") else True


def test_folders_without_photos(tmp_path: Path) -> None:
    with pytest.raises(stylex.InputError, match="there are no pictures in"):
        paint(tmp_path)
    (tmp_path / "out").touch()
    with pytest.raises(stylex.InputError, match="doesn't exist"):
        stylize_folder(tmp_path / "none", tmp_path / "painted", "adain", "irises")


def test_an_error_nobody_expected_fails_one_photo(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = prepared_module.picture_of

    def odd(content: object, *rest: object) -> object:
        if str(content).endswith("a/1.jpg"):
            raise ZeroDivisionError("of a library")
        return read(content, *rest)

    monkeypatch.setattr(prepared_module, "picture_of", odd)
    report = paint(photos)
    assert report.painted == 3
    assert "an unexpected ZeroDivisionError: of a library" in [f.message for f in report.failed]


def test_too_little_memory_fails_one_photo(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object) -> None:
        raise stylex.ResourceError("not enough memory on cpu: use a smaller size", size=None)

    monkeypatch.setattr(stylex.Painter, "paint_rgb", lacking)
    report = paint(photos)
    assert (report.painted, len(report.failed)) == (0, 5)


def test_a_full_disk_ends_the_work(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise stylex.ResourceError(f"no space left to write {path}")

    monkeypatch.setattr("stylex.batch.run.write_bytes", full)
    with pytest.raises(stylex.ResourceError, match="no space left"):
        paint(photos)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_interruption_keeps_what_is_done(workers: int, photos: Path) -> None:
    def pressed(done: int, of: int, outcome: Outcome) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(stylex.Interrupted, match=r"stopped after \d of 5; what is done is kept") as stopped:
        paint(photos, progress=pressed, workers=workers)
    assert stopped.value.parameters == {"resume": None}
    before = paintings()
    report = paint(photos, resume=True)
    assert report.skipped == len(before) >= 1
    assert report.painted + report.skipped == 4
    assert paintings().items() >= before.items()
    assert not [file for file in Path("out").rglob(".*") if file.name != ".stylex.jsonl"]


def test_an_optimization_is_stopped_in_the_middle(photos: Path, one_thread: None) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    (photos / "bad.jpg").rename(photos / "0.jpg")  # settled at once, while the first good one is optimized
    with pytest.raises(stylex.Interrupted):
        paint(photos, technique="gatys", style=photos / "1.png", size=32, iterations=100_000, progress=pressed,
              precision="auto", provider="auto")  # fmt: skip


@pytest.mark.parametrize(
    ("technique", "workers", "threads", "cores", "expected"),
    [
        ("adain", 0, 0, 8, (8, 1)),
        ("adain", 2, 0, 8, (2, 4)),
        ("adain", 0, 4, 8, (2, 4)),
        ("adain", 0, 99, 8, (1, 99)),
        ("adain", 16, 0, 8, (16, 1)),
        ("gatys", 0, 0, 8, (1, 0)),
        ("gatys", 2, 3, 8, (2, 3)),
    ],
)
def test_cores_are_shared(
    technique: str,
    workers: int,
    threads: int,
    cores: int,
    expected: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folder, "cores", lambda: cores)
    assert shared_cores(technique_named(technique), workers, threads) == expected


def test_alpha_and_orientation(photos: Path, photo: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo).save(photos / "turned.jpg", exif=exif)
    write_picture(photos / "clear.png", photo, np.full(photo.shape[:2], 9, np.uint8))
    paint(photos)
    assert read_picture("out/turned.jpg").rgb.shape == (128, 96, 3)
    alpha = read_picture("out/clear.png").alpha
    assert alpha is not None and (alpha == 9).all()


def test_semantic_opens_its_segmenter_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stylex.runtime.semantic import painter

    opened: list[object] = []
    own: Callable[..., Any] = painter.embedded_segmenter
    monkeypatch.setattr(painter, "embedded_segmenter", lambda *a: opened.append(a) or own(*a))
    regions = {"person": "irises", "background": "deluge"}
    report = stylize_folder(photos, "out", "semantic", regions=regions, workers=1, **CPU)
    assert report.painted == 4
    assert len(opened) == 1


def test_an_earlier_report_stays_until_the_work_has_ended(photos: Path) -> None:
    Path("report.jsonl").write_text("of last time")
    seen: list[str] = []
    paint(photos, report="report.jsonl", progress=lambda *_: seen.append(Path("report.jsonl").read_text()))
    assert set(seen) == {"of last time"}
    assert len(Path("report.jsonl").read_text().splitlines()) == 5


def test_work_that_is_interrupted_has_its_report(photos: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(stylex.Interrupted):
        paint(photos, report="report.jsonl", progress=stop)
    assert len(Path("report.jsonl").read_text().splitlines()) >= 1
