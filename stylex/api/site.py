"""`stylex export --target web`: the page as a folder of static files that paints in the browser and needs no server."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stylex._version import __version__
from stylex.artifacts.catalog import GRAPHS, encoder_file, transfer_file
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import PRECISIONS, SEGMENTER
from stylex.artifacts.style_code import built_in
from stylex.errors import InputError, UsageError
from stylex.files import LITTER, make_folder, write_bytes
from stylex.imaging.arrays import Image
from stylex.page import BROWSER, SHARED
from stylex.runtime.loading import load
from stylex.runtime.semantic.masks import FLATNESS, REFINED_SIDE, UNSURE
from stylex.runtime.semantic.regions import FEATHER
from stylex.runtime.semantic.segmenters import open_segmenter
from stylex.techniques import ARBITRARY, DEFAULT, listed

ORT_VERSION = "1.30.0"
ORT_URL = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{ORT_VERSION}.tgz"
ORT_SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
ORT_FILES = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}
"""Files of onnxruntime-web that a site needs, with their SHA-256: for WebAssembly, then for WebGPU."""
CHECK_SIZE = (96, 128)
FIRST, LAST = "LICENSE-onnxruntime-web.txt", "site.json"
"""Files that are written before and behind all others: what a site has from the beginning, and once it is whole."""
HEADERS = """/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
"""
"""For hosts that read a file `_headers`: with these a page may use threads from its first visit on."""


@dataclass(frozen=True)
class Site:
    """A written site.

    Attributes:
        folder: where it lies.
        technique: that paints.
        files: how many.
        bytes: of all of them.
    """

    folder: Path
    technique: str
    files: int
    bytes: int


def export_site(folder: Path | str, onnxruntime_web: Path | str, technique: str = DEFAULT) -> Site:
    """Writes a site.

    Args:
        folder: where it goes; empty, new, or an earlier site.
        onnxruntime_web: its npm package, as a .tgz or as a folder.
        technique: one for arbitrary styles.

    Raises:
        UsageError: another technique.
        InputError: the folder holds something else, or the package isn't that of `ORT_VERSION`.
        ResourceError: the disk is full or can't be written.
    """
    if technique not in ARBITRARY:
        raise UsageError(f"{technique} has no page: take {listed(ARBITRARY, 'or')}")
    folder = Path(folder)
    _require_own(folder)
    files = {f"ort/{name}": data for name, data in _runtime(Path(onnxruntime_web))}
    files |= _graph_files(technique) | _site_description(technique)
    files |= {file.name: file.read_bytes() for place in (SHARED, BROWSER) for file in sorted(place.iterdir())}
    files |= {"offline.js": _offline(files), "_headers": HEADERS.encode(), FIRST: MIT}
    _write(folder, files)
    return Site(folder, technique, len(files), sum(map(len, files.values())))


MIT = b"onnxruntime-web: Copyright (c) Microsoft Corporation, MIT License, https://github.com/microsoft/onnxruntime\n"


def _require_own(folder: Path) -> None:
    """Refuses a folder with files of others; a site whose writing was ended in the middle may be there."""
    entries = [entry.name for entry in folder.iterdir()] if os.path.isdir(folder) else []
    if FIRST not in entries and not all(map(LITTER.fullmatch, entries)):
        raise InputError(f"{folder} holds something that is no site: choose an empty or a new folder")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name in sorted(files, key=lambda name: (name != FIRST, name == LAST)):
        make_folder((folder / name).parent)
        write_bytes(folder / name, files[name])


def _runtime(package: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the files of onnxruntime-web, each checked by its digest."""
    for name, digest in ORT_FILES.items():
        data = _member(package, name)
        if hashlib.sha256(data).hexdigest() != digest:
            raise InputError(
                f"{name} in {package} is not that of onnxruntime-web {ORT_VERSION}: "
                f"get it with `npm pack onnxruntime-web@{ORT_VERSION}`",
                onnxruntime_web="FILE.tgz",
            )
        yield name, data


def _member(package: Path, name: str) -> bytes:
    try:
        if os.path.isdir(package):
            return next(p for p in (package / name, package / "dist" / name) if p.is_file()).read_bytes()
        with tarfile.open(package) as archive:
            file = archive.extractfile(f"package/dist/{name}")
            assert file is not None, "a file of the package"
            return file.read()
    except (OSError, tarfile.TarError, KeyError, StopIteration, EOFError) as error:
        raise InputError(
            f"{package} has no {name}: give the npm package, from `npm pack onnxruntime-web@{ORT_VERSION}`",
            onnxruntime_web="FILE.tgz",
        ) from error


def _files_of(technique: str) -> dict[str, Path]:
    """Returns the embedded transfer graphs by precision."""
    files = {precision: transfer_file(technique, precision) for precision in PRECISIONS}
    return {precision: file for precision, file in files.items() if file.is_file()}


def _graph_files(technique: str) -> dict[str, bytes]:
    files = (*_files_of(technique).values(), encoder_file(technique, GRAPHS), transfer_file(SEGMENTER, "int8"))
    return {file.name: file.read_bytes() for file in files}


def _site_description(technique: str) -> dict[str, bytes]:
    """Returns `site.json`, what the page knows of graphs and styles, and the numbers that it names."""
    styles = list(built_in(technique).values())
    codes = np.stack([style.values for style in styles]).astype("<f4")
    painter = load(technique, "fp32" if "fp32" in _files_of(technique) else "fp16", "cpu", threads=1)
    photo = check_photo()
    expected = painter.paint_rgb(photo, styles[0])
    frozen = int(painter.transfer.shapes["frozen"][1])
    metadata = {precision: read_metadata(file) for precision, file in _files_of(technique).items()}
    site: dict[str, Any] = {
        "version": __version__,
        "technique": technique,
        "spec": asdict(painter.metadata.spec),
        "graphs": {
            precision: {"file": _files_of(technique)[precision].name, "layout": one.layout, "frozen": frozen}
            for precision, one in metadata.items()
        },
        "encoder": encoder_file(technique, GRAPHS).name,
        "styles": [{"name": style.name, "work": style.work} for style in styles],
        "codes": "codes.bin",
        "segmenter": _segmenter_description(),
        "check": {"file": "check.bin", "width": CHECK_SIZE[1], "height": CHECK_SIZE[0]},
    }
    painter.close()
    return {
        LAST: json.dumps(site, indent=1).encode(),
        "codes.bin": codes.tobytes(),
        "check.bin": photo.tobytes() + expected.tobytes(),
    }


def _segmenter_description() -> dict[str, Any]:
    """Returns what the page knows of the segmenter and of the masks that are made of what it finds."""
    segmenter = open_segmenter(transfer_file(SEGMENTER, "int8"), threads=1)
    return {
        "file": segmenter.session.path.name,
        "classes": segmenter.classes,
        "longest": segmenter.input_spec.longest,
        "multiple": segmenter.input_spec.multiple,
        "refined_side": REFINED_SIDE,
        "unsure": UNSURE,
        "flatness": FLATNESS,
        "feather": FEATHER,
    }


def check_photo() -> Image:
    """Returns a picture with slopes, edges and grain, uint8 (96, 128, 3), that a backend must paint right."""
    height, width = CHECK_SIZE
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves: npt.NDArray[np.float64] = np.stack((x / width, y / height, 0.5 + 0.5 * np.sin(x * y / 300)), 2)
    waves[height // 3 : height // 2, width // 4 : width // 2] = (0.9, 0.2, 0.1)
    grain = np.random.default_rng(0).normal(0, 0.03, waves.shape)
    return np.asarray(np.clip(np.rint((waves + grain) * 255), 0, 255), np.uint8)


def _offline(files: dict[str, bytes]) -> bytes:
    """Returns the service worker, told which files it keeps; those of WebGPU and its graphs once they were used."""
    digest = hashlib.sha256(b"".join(files.values())).hexdigest()[:16]
    rare = [
        name for name in files if "webgpu" in name or "asyncify" in name or name.endswith(("fp16.onnx", "fp32.onnx"))
    ]
    kept = ["./", *(name for name in files if name not in (*rare, "offline.js"))]
    text = (BROWSER / "offline.js").read_text(encoding="utf-8")
    text = text.replace("@VERSION@", f"stylex-{digest}").replace('["@FILES@"]', json.dumps(kept))
    return text.encode()
