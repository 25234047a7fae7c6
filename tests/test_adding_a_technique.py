"""docs/adding-a-technique.md is true: its two techniques are built from its text and taken all the way."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import stylex
from stylex.artifacts.graph_file import read_metadata
from stylex.cli.options.training import training_command
from stylex.export import samples
from stylex.export.samples import Samples
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.techniques import BY_NAME, Technique

DOCS = (Path(__file__).parents[1] / "docs" / "adding-a-technique.md").read_text(encoding="utf-8")
FILES = re.findall(r"^`(\S+\.py)`:\n\n```python\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
CALLS = re.findall(r"^```python run\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.usefixtures("one_thread", "seeded")


@pytest.fixture
def package(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    photo: np.ndarray,
    painting: np.ndarray,
    teacher: Path,
    crops: Callable[[str, int], Path],
) -> Iterator[Path]:
    """The folders of the text, beside what its calls read."""
    for name, text in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "models").mkdir()
    for name, folder in {"photos": crops("photo", 8), "paintings": crops("painting", 8), "teacher": teacher}.items():
        shutil.copytree(folder, tmp_path / name)
    write_picture(tmp_path / "photo.png", photo)
    write_picture(tmp_path / "painting.png", painting)
    left = np.zeros_like(photo)
    left[:, : left.shape[1] // 2] = 255
    write_picture(tmp_path / "left.png", left)
    monkeypatch.setattr(samples, "SAMPLES", Samples(calibrating=8, checking=8, side=128, rounds=1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in ("mosaic", "wash")]:
        del sys.modules[name]


def test_both_techniques_train_export_quantize_and_paint(package: Path, photo: np.ndarray) -> None:
    assert len(FILES) == 7 and len(CALLS) == 2
    names: dict[str, Any] = {}
    exec(compile(CALLS[0], "docs/adding-a-technique.md", "exec"), names)
    mosaic = np.asarray(names["painted"])
    cells = mosaic.reshape(12, 8, 16, 8, 3)
    assert (cells == cells[:, :1, :, :1]).all(), "every tile of 8 pixels has one colour"
    means = photo.reshape(12, 8, 16, 8, 3).mean((1, 3))
    assert np.abs(means - cells[:, 0, :, 0]).mean() < 25, "that of the photo"

    exec(compile(CALLS[1], "docs/adding-a-technique.md", "exec"), names)
    painted = np.asarray(names["painted"])
    whole = np.asarray(names["whole"]).astype(int)
    gap = np.abs(painted - whole).mean((0, 2))
    assert gap[:48].mean() < 0.7 * gap[80:].mean(), "the left is in the style, the right is not"

    files = {file.name for file in (package / "models").iterdir()}
    graphs = {f"{name}-{p}.onnx" for name in ("mosaic-tiles", "wash") for p in ("fp16", "int8")}
    assert files == {*graphs, "wash-style.onnx"}
    for name, row in (("mosaic-tiles", names["mosaic"].ROW), ("wash", names["wash"].ROW)):
        assert row.name not in BY_NAME, "nothing was registered"
        file = package / "models" / f"{name}-int8.onnx"
        assert 0.2 * row.largest < file.stat().st_size <= row.largest
        assert read_metadata(file).technique == row.name
        with pytest.raises(stylex.UsageError, match=f"there is no technique '{row.name}'"):
            stylex.load(row.name, graphs="models")

    rows_serve_every_call(names["mosaic"].ROW, names["wash"].ROW, package)


def rows_serve_every_call(single: Technique, arbitrary: Technique, folder: Path) -> None:
    """Sheets, folders, archives and measurements take a row where they take a name."""
    asked: dict[str, Any] = {"graphs": "models", "precision": "int8", "threads": 1}
    sheet = stylex.contact_sheet("photo.png", arbitrary, ["painting.png"], side=64, **asked)
    assert sheet.shape[1] > 128
    assert stylex.stylize_folder("photos", "one", single, **asked).painted == 8
    assert stylex.stylize_batch("photos", "many", arbitrary, "painting.png", **asked).painted == 8
    (row,) = stylex.bench(arbitrary, sizes=(64,), precisions=("fp16",), threads=1, graphs="models")
    assert (row.name, row.precision, row.size) == ("stylex wash", "fp16", 64)


def test_a_row_of_ones_own_has_a_training_command(package: Path) -> None:
    import mosaic

    command = training_command("stylex train mosaic", mosaic.ROW, mosaic.ROW.training)
    call = ["--content", "photos", "--out", "run", "--steps", "1", "--size", "96", "--hold-out", "0"]
    done = CliRunner().invoke(command, call)
    assert done.exit_code == 0, done.output
    assert "photos: 8 pictures, 0 skipped" in done.stderr
    assert done.stdout.endswith("export with `stylex export mosaic --weights run/weights.safetensors`\n")
    assert read_picture("run/samples.jpg").rgb.shape == (192, 288, 3)


def test_a_row_without_graphs_says_how_they_are_made(package: Path) -> None:
    import wash

    with pytest.raises(stylex.InputError, match=r"no wash-int8\.onnx: make it with `stylex export wash --int8"):
        stylex.load(wash.ROW, "int8", graphs="models")
