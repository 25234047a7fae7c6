"""One call for every technique: kinds in and out, regions, faces, sizes, and the truth about what ran."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import stylex
from stylex.api.prepared import prepare
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.models.reference.gatys import Step
from stylex.runtime.histogram import match
from stylex.runtime.semantic.painter import SemanticPainter
from stylex.runtime.upscale import load_upscaler
from stylex.techniques import NETWORKS

CPU: dict[str, Any] = {"precision": "int8", "provider": "cpu", "threads": 1}


def test_the_same_kind_comes_out(photo: np.ndarray, painter: stylex.Painter, tmp_path: Path) -> None:
    path, alpha = tmp_path / "photo.png", np.full(photo.shape[:2], 200, np.uint8)
    write_picture(path, photo, alpha)
    array = stylex.stylize(photo, painter, "irises")
    assert isinstance(array, np.ndarray)
    np.testing.assert_array_equal(array, painter(photo, "irises"))
    with PIL.Image.open(path) as opened:
        for content in (path, str(path), path.read_bytes(), opened):
            made = stylex.stylize(content, painter, "irises")
            assert isinstance(made, PIL.Image.Image) and made.mode == "RGBA"
            np.testing.assert_array_equal(np.asarray(made)[..., :3], array)
            np.testing.assert_array_equal(np.asarray(made)[..., 3], alpha)
            np.testing.assert_array_equal(np.asarray(painter(content, "irises")), np.asarray(made))
    plain = painter(PIL.Image.fromarray(photo), "irises")
    assert plain.mode == "RGB"


def test_pictures_that_are_turned_are_painted_upright(photo: np.ndarray, painter: stylex.Painter) -> None:
    exif, file = PIL.Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    PIL.Image.fromarray(photo).save(file, "PNG", exif=exif)
    upright = painter(np.ascontiguousarray(np.rot90(photo, -1)), "irises")
    for content in (file.getvalue(), PIL.Image.open(file)):
        np.testing.assert_array_equal(np.asarray(stylex.stylize(content, painter, "irises")), upright)


def test_styles_of_every_kind(photo: np.ndarray, painting: np.ndarray, painter: stylex.Painter) -> None:
    file = io.BytesIO()
    PIL.Image.fromarray(painting).save(file, "PNG")
    expected = painter(photo, painting)
    for style in (PIL.Image.fromarray(painting), file.getvalue(), [(file.getvalue(), 1)]):
        np.testing.assert_array_equal(painter(photo, style), expected)
        np.testing.assert_array_equal(stylex.stylize(photo, "histogram", style), match(photo, painting))


def test_every_technique(photo: np.ndarray, painting: np.ndarray, one_thread: None) -> None:
    styles: dict[str, Any] = {"fast": "the-scream", "cyclegan": "cartoon", "histogram": painting, "gatys": painting}
    for name in NETWORKS:
        result = stylex.stylize(photo, name, styles.get(name, "irises"), report=True, **CPU)
        assert str(result.ran) == f"{name} int8 on cpu" and result.ran.precision == "int8"
        assert result.rgb.shape == photo.shape and result.ran.seconds > 0 and result.ran.tiles == 0
    result = stylex.stylize(photo, "histogram", painting, space="lab", report=True)
    assert str(result.ran) == "histogram in L*a*b*" and result.ran.provider == ""
    result = stylex.stylize(photo, "gatys", painting, iterations=2, size=48, report=True)
    assert str(result.ran) == "gatys with slim, 2 iterations" and result.rgb.shape == (36, 48, 3)
    with pytest.raises(stylex.UsageError, match="a photo: call stylex"):
        stylex.stylize("film.mp4", "video", "irises")


def test_an_optimization_that_is_stopped(photo: np.ndarray, painting: np.ndarray, one_thread: None) -> None:
    def pressed(step: Step) -> None:
        raise KeyboardInterrupt

    options: dict[str, Any] = {"iterations": 3, "size": 48, "on_step": pressed}
    result = stylex.stylize(photo, "gatys", painting, report=True, **options)
    assert result.ran.stopped and "stopped after 1 of 3 iterations" in result.notes
    with pytest.raises(stylex.Interrupted, match="stopped after 1 of 3"):
        stylex.stylize(photo, "gatys", painting, **options)


def test_regions_with_any_painter(photo: np.ndarray, painter: stylex.Painter) -> None:
    left = np.zeros(photo.shape[:2], np.float32)
    left[:, :64] = 1
    regions: dict[str, Any] = {"left": ("irises", 0.5), "background": "great-wave"}
    one = stylex.stylize(photo, painter, regions=regions, masks={"left": left}, report=True)
    assert str(one.ran) == "semantic with adain fp32 on cpu, regions by masks: left 50 %, background 50 %"
    same = [stylex.Region("left", "irises", 0.5), "background=great-wave"]
    mask = PIL.Image.fromarray((left * 255).astype(np.uint8))
    other = stylex.stylize(photo, painter, regions=same, masks={"left": mask})
    np.testing.assert_array_equal(one.rgb, other)
    loaded = stylex.load("semantic", "fp32", "cpu", threads=1, masks={"left": left})
    assert repr(loaded) == "<SemanticPainter semantic with adain fp32 on cpu>"
    np.testing.assert_array_equal(loaded(photo, regions), other)
    np.testing.assert_array_equal(stylex.stylize(photo, loaded, regions=regions), other)
    empty = stylex.load("semantic", "fp32", "cpu", threads=1)
    np.testing.assert_array_equal(stylex.stylize(photo, empty, regions=regions, masks={"left": left}), other)
    assert set(one.masks) == {"left", "background"}


def test_size_tiles_faces_and_twice_the_size(photo: np.ndarray) -> None:
    stages: list[tuple[str, int, int]] = []
    large = np.asarray(PIL.Image.fromarray(photo).resize((512, 384)))
    options: dict[str, Any] = {"tile": 128, "upscale": 2, "protect_faces": 0.5, "size": 400, "report": True}
    result = stylex.stylize(large, "adain", "irises", progress=lambda *a: stages.append(a), **options, **CPU)
    assert result.rgb.shape == (600, 800, 3) and result.content.rgb.shape == (300, 400, 3)
    assert result.ran.tiles > 1 and f" in {result.ran.tiles} tiles of " in str(result.ran)
    assert result.ran.enlarged_by == "upscaler int8 on cpu"
    assert result.ran.faces is not None and result.notes == ("no face found", "reduced from 512x384")
    assert {stage for stage, *_ in stages} == {"painting tiles", "enlarging"}
    plain = stylex.stylize(large, "fast", "the-scream", **CPU)
    twice = stylex.stylize(large, "fast", "the-scream", upscale=2, **CPU)
    np.testing.assert_array_equal(twice, load_upscaler("cpu", threads=1)(plain))


def test_the_upscaler_of_a_loaded_painter_runs_where_the_painter_does(painter: stylex.Painter) -> None:
    for loaded in (painter, SemanticPainter(painter)):
        regions = {"background": "irises"} if isinstance(loaded, SemanticPainter) else None
        with pytest.raises(stylex.ProviderUnavailable):
            load_upscaler("directml")
        ready = prepare(loaded, None if regions else "irises", regions=regions, upscale=2, provider="directml")
        assert ready.upscaler is not None and ready.upscaler.session.provider == painter.provider == "cpu"


def test_closing_frees_what_finds_regions(photo: np.ndarray) -> None:
    regions = {"person": "irises", "background": None}
    with stylex.load("semantic", **CPU) as ready:
        assert isinstance(ready, SemanticPainter)
        ready(photo, regions)
        segmenter = ready._opened
    with pytest.raises(stylex.UsageError, match="was closed: load it again"):
        segmenter(photo)
    upscaler = load_upscaler("cpu", threads=1)
    upscaler.close()
    with pytest.raises(stylex.UsageError, match="was closed: load it again"):
        upscaler(photo)


@pytest.mark.parametrize(
    ("technique", "options", "expected", "parameters"),
    [
        ("picasso", {}, "no technique 'picasso'", {}),
        ("adain", {"space": "lab"}, "adain takes no space", {"space": None}),
        ("histogram", {"style": "a.jpg", "precision": "int8"}, "histogram takes no precision", {"precision": None}),
        ("gatys", {"style": "a.jpg", "space": "lab"}, "GatysPainter takes no space; it takes encoder", {"space": None}),
        ("semantic", {}, "semantic needs regions", {}),
        ("adain", {"masks": {"a": "a.png"}}, "give regions too", {"regions": None}),
        ("fast", {"style": "the-scream", "protect_faces": True}, "one strength for the whole", {"protect_faces": None}),
        ("fast", {"style": "the-scream", "regions": {"a": "irises"}}, "fast paints no regions", {"regions": None}),
        ("fast", {"style": [("a", 1), ("b", 1)]}, "a network of fast has one style", {"style": None}),
        ("adain", {"style": "irises", "face_model": "a.onnx"}, "protect them too", {"protect_faces": None}),
        ("adain", {"style": "irises", "upscale": 3}, "can't be enlarged 3 times", {"upscale": 2}),
        ("adain", {}, "adain needs a style", {}),
        ("adain", {"style": "irises", "threads": -1}, "threads is -1", {"threads": 0}),
        ("adain", {"style": "irises", "size": -3}, "size is -3", {"size": None}),
        ("adain", {"style": "irises", "size": 2.5}, "size is 2.5", {"size": None}),
    ],
)
def test_wrong_calls(
    photo: np.ndarray, technique: str, options: dict[str, Any], expected: str, parameters: dict[str, object]
) -> None:
    with pytest.raises(stylex.UsageError, match=expected) as caught:
        stylex.stylize(photo, technique, **options)
    assert caught.value.parameters == parameters
    assert "--" not in str(caught.value)


def test_contents_that_cannot_be_used(painter: stylex.Painter) -> None:
    with pytest.raises(stylex.InputError, match="the content isn't a picture that can be read"):
        stylex.stylize(b"hello", painter, "irises")
    with pytest.raises(stylex.InputError, match=r"no\.jpg doesn't exist"):
        stylex.stylize("no.jpg", painter, "irises")
    with pytest.raises(stylex.InputError, match="got a NoneType"):
        stylex.stylize(None, painter, "irises")  # type: ignore[call-overload]


def test_a_path_is_not_touched(photo: np.ndarray, painter: stylex.Painter, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    write_picture(path, photo)
    stylex.stylize(path, painter, "irises")
    np.testing.assert_array_equal(read_picture(path).rgb, photo)
