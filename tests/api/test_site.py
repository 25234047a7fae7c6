"""The site that needs no server: its files, and what is refused. tests/page opens it in a browser."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import stylex
from stylex.api import site
from stylex.artifacts.style_code import built_in
from stylex.errors import InputError, UsageError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of onnxruntime-web's names, which are known by their digests."""
    dist = tmp_path / "package" / "dist"
    dist.mkdir(parents=True)
    digests = {}
    for name in site.ORT_FILES:
        (dist / name).write_bytes(name.encode())
        digests[name] = hashlib.sha256(name.encode()).hexdigest()
    monkeypatch.setattr(site, "ORT_FILES", digests)
    return dist.parent


def test_a_site_is_complete(package: Path, tmp_path: Path) -> None:
    done = site.export_site(tmp_path / "site", package)
    folder = tmp_path / "site"
    described = json.loads((folder / "site.json").read_text(encoding="utf-8"))
    assert {"index.html", "app.js", "backend.js", "worker.js", "_headers"} <= {file.name for file in folder.iterdir()}
    assert described["spec"]["palette"] is True and set(described["graphs"]) == {"fp32", "fp16", "int8"}
    for name in (
        described["encoder"],
        described["codes"],
        described["check"]["file"],
        described["segmenter"]["file"],
        *(g["file"] for g in described["graphs"].values()),
    ):
        assert (folder / name).is_file()
    codes = np.fromfile(folder / "codes.bin", "<f4").reshape(len(described["styles"]), -1)
    assert np.array_equal(codes, [code.values for code in built_in("adain").values()])
    photo, expected = np.fromfile(folder / "check.bin", np.uint8).reshape(2, *site.CHECK_SIZE, 3)
    assert np.array_equal(photo, site.check_photo())
    painter = stylex.load("adain", "fp32", "cpu", threads=1)
    assert np.array_equal(expected, painter(photo, described["styles"][0]["name"]))
    assert done.files == sum(len(files) for _, _, files in os.walk(folder))


def test_the_service_worker_keeps_what_is_there(package: Path, tmp_path: Path) -> None:
    site.export_site(tmp_path / "site", package)
    text = (tmp_path / "site" / "offline.js").read_text(encoding="utf-8")
    kept = json.loads(text.split("const FILES = ")[1].split(";")[0])
    assert "@" not in text.split("const HEADERS")[0].replace("@VERSION@", "@") and kept[0] == "./"
    assert all((tmp_path / "site" / name).is_file() for name in kept[1:])
    assert not [name for name in kept if "webgpu" in name or "fp32" in name]


def test_an_archive_does_as_well_as_a_folder_and_a_site_is_renewed(package: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "ort.tgz", "w:gz") as archive:
        archive.add(package, "package")
    first = site.export_site(tmp_path / "site", tmp_path / "ort.tgz")
    assert site.export_site(tmp_path / "site", package) == first


def test_what_is_refused(package: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fast has no page: take adain"):
        site.export_site(tmp_path / "site", package, "fast")
    with pytest.raises(InputError, match=r"has no ort\.wasm\.min\.mjs: give the npm package"):
        site.export_site(tmp_path / "site", tmp_path / "nothing.tgz")
    (package / "dist" / "ort.wasm.min.mjs").write_bytes(b"another")
    with pytest.raises(InputError, match=r"ort\.wasm\.min\.mjs in .* is not that of onnxruntime-web"):
        site.export_site(tmp_path / "site", package)
    assert not (tmp_path / "site").exists()
    with pytest.raises(InputError, match="holds something that is no site"):
        site.export_site(package, package)


def test_on_the_command_line(package: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from stylex.cli import main

    run: Callable[..., object] = CliRunner().invoke
    call = ["export", "--target", "web", "--onnxruntime-web", str(package), "-o", str(tmp_path / "my site")]
    said = run(main, call).stdout.splitlines()  # type: ignore[attr-defined]
    assert said[0].startswith(f"{tmp_path / 'my site'}: adain in ") and said[0].endswith(" MB")
    advice = said[1].removeprefix("try it: ").partition(",")[0]
    assert shlex.split(advice)[:5] == ["python", "-m", "http.server", "--directory", str(tmp_path / "my site")]
    done = run(main, [*call, "--json"])
    assert json.loads(done.stdout)["technique"] == "adain"  # type: ignore[attr-defined]
    assert run(main, [*call, "--int8"]).exit_code == 2  # type: ignore[attr-defined]
    assert run(main, ["export", "adain", "--onnxruntime-web", "x"]).exit_code == 2  # type: ignore[attr-defined]
