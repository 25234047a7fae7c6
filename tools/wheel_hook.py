"""The hook of the wheel's build: weights files go into it packed, without what its ONNX graphs hold already.

`pyproject.toml` leaves every `weights.safetensors` out of the wheel; this puts a `weights.packed` in its place. See
`stylex/models/packed.py` for the format. An editable install keeps the files as they are.
"""

from __future__ import annotations

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackWeights(BuildHookInterface[Any]):
    """Packs the weights while a wheel is built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Packs every weights file into a folder of its own, and has hatchling take it from there."""
        self.folder = Path(tempfile.mkdtemp())
        if version == "editable":
            return
        models = Path(self.root, "stylex", "models")
        pack = runpy.run_path(str(models / "packed.py"))["pack"]
        for weights in sorted(models.rglob("weights.safetensors")):
            place = weights.relative_to(self.root).with_suffix(".packed")
            name = "-".join(weights.parent.relative_to(models).parts)
            technique = name.replace("_", "-")  # as a package it has another name
            graphs = sorted(Path(self.root, "stylex", "artifacts", "graphs").glob(f"{technique}-*.onnx"))
            packed = self.folder / name
            packed.write_bytes(pack(weights.read_bytes(), {g.name: g.read_bytes() for g in graphs}))
            build_data["force_include"][str(packed)] = place.as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder)
