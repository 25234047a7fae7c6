"""Style codes: built-in, in files, damaged."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stylex
from stylex.artifacts import catalog
from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.style_code import (
    FORMAT,
    LONGEST_STYLE,
    SMALLEST_STYLE,
    StyleCode,
    built_in,
    built_in_code,
    load_code,
    save_built_in,
    save_code,
    style_sized,
)
from stylex.errors import InputError, ModelError, ResourceError, UsageError
from stylex.runtime.engine.session import open_graph


@pytest.fixture
def code() -> StyleCode:
    values = np.random.default_rng(5).normal(size=24).astype(np.float32)
    return StyleCode("moonrise", values, "adain", "a" * 64, "Somebody, Moonrise")


def test_built_in_styles_are_many_and_named() -> None:
    names = list(built_in("adain"))
    assert len(names) >= 12
    assert {"starry-night", "great-wave"} <= set(names)
    for name, style in built_in("adain").items():
        assert style.name == name == name.lower()
        assert " " not in name
        assert style.work
        assert np.isfinite(style.values).all()
        assert style.values.dtype == np.float32


def test_built_in_styles_differ() -> None:
    values = np.stack([style.values for style in built_in("adain").values()])
    assert len(np.unique(values.round(4), axis=0)) == len(values)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_built_in_styles_fit_the_embedded_graphs(precision: str) -> None:
    metadata = open_graph(GRAPHS / f"adain-{precision}.onnx", threads=1).metadata
    for style in built_in("adain").values():
        style.check_fits(metadata.technique, metadata.weights_sha256, metadata.spec.style_code_size)


def test_unknown_names_list_the_built_in_ones() -> None:
    with pytest.raises(UsageError, match=r"'mona-lisa' is neither a file nor a built-in style") as caught:
        built_in_code("mona-lisa")
    assert all(name in str(caught.value) for name in built_in("adain"))


def test_round_trip(code: StyleCode, tmp_path: Path) -> None:
    save_code(code, tmp_path / "a.style")
    again = load_code(str(tmp_path / "a.style"))
    np.testing.assert_allclose(again.values, code.values, rtol=1e-5)
    assert again.values.dtype == np.float32
    for name in ("name", "technique", "weights_sha256", "work"):
        assert getattr(again, name) == getattr(code, name)
    save_code(again, tmp_path / "b.style")
    assert (tmp_path / "a.style").read_bytes() == (tmp_path / "b.style").read_bytes()


def test_a_code_paints_the_same_from_its_file(painter: stylex.Painter, photo: np.ndarray, tmp_path: Path) -> None:
    code = painter.code("great-wave")
    save_code(code, tmp_path / "wave.style")
    one, other = (painter(photo, style) for style in (code, tmp_path / "wave.style"))
    assert np.abs(one.astype(int) - other).max() <= 1


def test_codes_can_be_compared_and_collected(code: StyleCode) -> None:
    same = code
    assert code == same  # the arrays inside must not make this fail
    assert len({code, dataclasses.replace(code)}) == 2


def damaged(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "bad.style"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        load_code(path)
    assert "bad.style" in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_picture_or_a_pointer_in_place_of_a_style_code(tmp_path: Path) -> None:
    assert "is a JPEG picture: make one with `stylex styles encode" in damaged(tmp_path, b"\xff\xd8\xff\xe0")
    assert "git lfs pull" in damaged(tmp_path, b"version https://git-lfs.github.com/spec/v1\n")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xd8", b"[" * 100_000, b"[]", b"7", b"{}", json.dumps({"format": "other/1"}).encode()],
)
def test_files_that_are_no_style_code(data: bytes, tmp_path: Path) -> None:
    assert "is not a style code" in damaged(tmp_path, data)
    assert "stylex styles encode" in damaged(tmp_path, data)


@pytest.mark.parametrize(
    "changed",
    [
        {"values": None},
        {"values": "many"},
        {"values": ["a"]},
        {"values": [[1, 2], [3]]},
        {"values": [[1, 2], [3, 4]]},
        {"values": 7},
        {"values": [1.0, None]},
        {"values": [1e39]},
        {"values": [10**400]},
        {"values": [float("nan")]},
        {"values": {}},
        {"drop": "name"},
        {"drop": "technique"},
        {"drop": "weights_sha256"},
        {"drop": "values"},
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_damaged_codes(changed: dict[str, Any], code: StyleCode, tmp_path: Path) -> None:
    data = {**code.to_json(), **changed}
    data.pop(data.pop("drop", ""), None)
    assert "is damaged" in damaged(tmp_path, json.dumps(data).encode())


def test_missing_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.style")
    for path in (tmp_path / "missing.style", tmp_path, tmp_path / "pipe.style", tmp_path / ("a" * 300 + ".style")):
        with pytest.raises(InputError, match="is not a file: check the name"):
            load_code(path)


def test_a_code_that_cannot_be_read(code: StyleCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    save_code(code, tmp_path / "a.style")
    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises(InputError, match=r"can't be read \(Permission denied\)"):
        load_code(tmp_path / "a.style")


def test_codes_of_other_weights_are_refused(code: StyleCode) -> None:
    code.check_fits("adain", "a" * 64, 24)
    for technique, sha in (("adain", "b" * 64), ("attention", "a" * 64)):
        with pytest.raises(ModelError, match=r"'moonrise' was made for other weights of adain .*encode it again"):
            code.check_fits(technique, sha, 24)
    with pytest.raises(ModelError, match=r"has values of shape \(24,\), this adain graph takes \(768,\)"):
        code.check_fits("adain", "a" * 64, 768)


def test_a_broken_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "GRAPHS", tmp_path)
    for content in (b"", b"no archive", (GRAPHS / "adain-styles.npz").read_bytes()[:99]):
        catalog.styles_file("adain").write_bytes(content)
        with pytest.raises(ResourceError, match=r"adain-styles\.npz is damaged: install stylex again"):
            built_in.__wrapped__("adain")


def test_a_technique_without_built_in_styles() -> None:
    assert built_in("wash") == {}
    with pytest.raises(UsageError, match="'irises' is no file, and wash comes without built-in styles: give a picture"):
        built_in_code("irises", "wash")


def test_what_the_package_is_given_comes_back(code: StyleCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "GRAPHS", tmp_path)
    save_built_in([code, dataclasses.replace(code, name="other", work="Nobody, Ünnamed")])
    found = built_in.__wrapped__("adain")
    assert list(found) == [code.name, "other"] and found["other"].work == "Nobody, Ünnamed"
    np.testing.assert_allclose(found[code.name].values, code.values, rtol=1e-3)
    assert found["other"].weights_sha256 == code.weights_sha256


def test_the_format_is_told(code: StyleCode) -> None:
    assert code.to_json()["format"] == FORMAT == "stylex-style/1"


def test_a_typing_error_is_met_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"did you mean starry-night\?"):
        built_in_code("starry-nite")


@pytest.mark.parametrize(
    ("given_size", "wanted"),
    [
        ((512, 512), (512, 512)),
        ((64, 100), (64, 100)),
        ((1024, 2048), (512, 1024)),
        ((32, 48), (64, 96)),
        ((1, 1), (SMALLEST_STYLE, SMALLEST_STYLE)),
        ((1, 900), (SMALLEST_STYLE, LONGEST_STYLE)),
        ((20_000, 100), (LONGEST_STYLE, 100)),
        ((600, 9000), (512, LONGEST_STYLE)),
    ],
)
def test_style_pictures_are_brought_to_size(given_size: tuple[int, int], wanted: tuple[int, int]) -> None:
    style = np.zeros((*given_size, 3), np.uint8)
    assert style_sized(style).shape == (*wanted, 3)
    assert (style_sized(style) is style) == (given_size == wanted)
