"""Archives of photos, by both engines."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stylex
from stylex.batch.records import Outcome
from stylex.imaging.writing import write_picture

CPU: dict[str, Any] = {"precision": "int8", "provider": "cpu"}
HAS_RAY = importlib.util.find_spec("ray") is not None
ENGINES = ["local", pytest.param("ray", marks=pytest.mark.skipif(not HAS_RAY, reason="needs pip install '.[ray]'"))]


@pytest.fixture
def photos(photo: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for i, name in enumerate(("1.jpg", "1.png", "a/1.jpg", "a/b/2.webp", "._1.jpg")):
        (Path("photos") / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(Path("photos") / name, np.ascontiguousarray(photo[i:]))
    Path("photos/bad.jpg").touch()
    return Path("photos")


def paintings(folder: str) -> dict[str, bytes]:
    files = (file for file in Path(folder).rglob("*") if file.is_file())
    made = {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
    return {name: data for name, data in made.items() if not name.startswith(".")}


def failures(folder: str) -> list[Outcome]:
    lines = (Path(folder) / ".stylex" / "failed.jsonl").read_text().splitlines()
    return [Outcome(**json.loads(line)) for line in lines]


@pytest.mark.filterwarnings("default")  # Ray leaves files and processes open
@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_call_goes_on(engine: Any, photos: Path) -> None:
    call: dict[str, Any] = {"style": "irises", "engine": engine, "workers": 1, **CPU}
    first = stylex.stylize_batch(photos, "out", "adain", report="report.jsonl", **call)
    assert (first.painted, first.skipped, len(first.failed)) == (4, 0, 1)
    made = paintings("out")
    assert sorted(made) == ["1.jpg", "1.png", "a/1.jpg", "a/b/2.webp"]
    stylex.stylize_folder(photos, "reference", "adain", "irises", **CPU)
    assert made == paintings("reference"), "both engines write the same bytes"
    (failed,) = failures("out")
    assert failed.photo.endswith("bad.jpg") and "is empty" in failed.message
    assert len(Path("report.jsonl").read_text().splitlines()) == 5
    write_picture(photos / "bad.jpg", np.zeros((20, 20, 3), np.uint8))
    again = stylex.stylize_batch(photos, "out", "adain", **call)
    assert (again.painted, again.skipped, again.failed) == (1, 4, ())
    assert failures("out") == []
    other = stylex.stylize_batch(photos, "out", "adain", strength=0.5, **call)
    assert (other.painted, other.skipped) == (5, 0)
    back = stylex.stylize_batch(photos, "out", "adain", **call)
    assert (back.painted, back.skipped) == (5, 0), "what another call painted over isn't done"
    assert paintings("out").items() >= made.items()


@pytest.mark.parametrize(
    ("call", "error", "expected"),
    [
        (("s3://bucket/photos", "out"), stylex.ResourceError, "s3://bucket/photos isn't on this machine"),
        (("photos", "gs://bucket/out"), stylex.ResourceError, "gs://bucket/out isn't on this machine"),
        (("none", "out"), stylex.InputError, "none doesn't exist"),
        (("photos", "photos"), stylex.InputError, "would lie among the photos"),
    ],
)
def test_places_that_cannot_be_used(call: tuple[str, str], error: type[Exception], expected: str, photos: Path) -> None:
    with pytest.raises(error, match=expected):
        stylex.stylize_batch(*call, "adain", "irises")


def test_an_unknown_engine_and_a_missing_one(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(stylex.UsageError, match="there is no engine 'spark': choose local or ray"):
        stylex.stylize_batch(photos, "out", "adain", "irises", engine="spark")  # type: ignore[arg-type]
    for package in ("pyarrow", "ray"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(stylex.MissingPackage, match=r"pip install 'stylex\[ray\]'"):
        stylex.stylize_batch(photos, "out", "adain", "irises", engine="ray")
    assert not Path("out").exists()
