"""What an ONNX file says of itself.

`export` writes these facts into the metadata of every graph, `runtime` reads them back: nothing about a graph is
guessed from its name or its shapes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from stylex.errors import ModelError
from stylex.imaging.palette import PALETTE_SIZE

SCHEMA = "stylex/1"
TRANSFER, STYLE_ENCODER, SEGMENTER, UPSCALER = "transfer", "style-encoder", "segmenter", "upscaler"
PRECISIONS = ("fp32", "fp16", "int8")
PLANES, BYTES = "planes", "bytes"
MOST_STYLES = 64
"""That a graph of dynamic sizes takes at once."""
TARGETS = ("cpu-x86", "cpu-arm", "tensorrt")


@dataclass(frozen=True)
class GraphFacts:
    """Metadata of one graph.

    Attributes:
        technique: name in `stylex.techniques`, also of a tool.
        role: "transfer" (content, codes, masks to picture), "style-encoder" (picture to code), "segmenter" (picture to
            shares of classes) or "upscaler" (picture to a larger one).
        tier: "edge" or "reference".
        precision: "fp32", "fp16" or "int8".
        target: the kind of device that the precision was made for.
        layout: of the photo and the painted picture: "planes" are float32 (1, 3, H, W), "bytes" are uint8 (1, H, W, 3).
        value_range: of the picture inputs and outputs, where they are planes.
        multiple: height and width of the painted picture are multiples of this.
        smallest: least height and width of the painted picture.
        fixed_size: height and width of the painted picture where they are not dynamic; of a style encoder's picture.
        border: pixels of picture needed around what is painted, on each side.
        cell: pixels that a mask has one value for, down and across.
        reach: pixels around a painted pixel that it depends on, where statistics are frozen; a tile needs so many more
            on each side. 0 where nobody worked it out.
        sites: channels of every modulation site; statistics list the mean and the standard deviation of each in turn.
            Numbers behind them are root mean squares. Empty where they are others.
        classes: of a segmenter, in the order of its output.
        scale: how many times larger an upscaler's output is, down and across.
        code_size: D, floats that the graph takes of a style code, or that a style encoder gives; 0 where the style is
            in the weights.
        palette: whether the photo is given the style's palette before the graph and the painted picture after it, see
            `stylex.imaging.palette`; a style code then has the nine numbers of the palette behind what the graph takes.
        opset: of the graph.
        style: the one style in its weights; empty where any style can be painted.
        weights_sha256: of the weights the graph was traced from; graphs and codes with the same one fit together.
        versions: of torch, onnx, onnxruntime and stylex when it was made.
        calibration: SHA-256 of what INT8 was calibrated with and of the ranges that were seen.
        float_nodes: nodes that stayed in float32, for FP16 and INT8.
        psnr: decibels, this graph against torch FP32, averaged over the check's pictures.
        ssim: likewise.
        licence: of the weights.
        provenance: what the weights were trained on.
    """

    technique: str
    role: str
    tier: str
    precision: str
    target: str
    code_size: int
    opset: int
    weights_sha256: str
    style: str = ""
    multiple: int = 8
    smallest: int = 32
    fixed_size: int | None = None
    border: int = 2
    cell: int = 8
    reach: int = 0
    sites: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    scale: int = 1
    palette: bool = False
    layout: str = PLANES
    value_range: tuple[float, float] = (0.0, 1.0)
    versions: dict[str, str] = field(default_factory=dict)
    calibration: str = ""
    float_nodes: tuple[str, ...] = ()
    psnr: float | None = None
    ssim: float | None = None
    licence: str = ""
    provenance: str = ""
    schema: str = SCHEMA

    @property
    def style_code_size(self) -> int:
        """Floats in a style code, of which a transfer graph takes the first `code_size`."""
        return self.code_size + (PALETTE_SIZE if self.palette and self.role == TRANSFER else 0)

    def painted_side(self, side: int) -> int:
        """Pixels that the graph paints of a photo of so many, down or across; the photo is reflected to that."""
        return max(self.smallest, -(-side // self.multiple) * self.multiple)

    def to_metadata(self) -> dict[str, str]:
        """Every field as a JSON text under `stylex.<field>`."""
        return {f"stylex.{name}": json.dumps(value) for name, value in asdict(self).items()}

    @classmethod
    def from_metadata(cls, metadata: dict[str, str], source: str) -> GraphFacts:
        """Read the facts back.

        Raises:
            ModelError: the file was not written by `stylex export`, or by an incompatible version.
        """
        if "stylex.schema" not in metadata:
            raise ModelError(
                f"{source} was not made by stylex export (no stylex metadata): export it with `stylex export`"
            )
        try:
            schema = json.loads(metadata["stylex.schema"])
            if schema != SCHEMA:  # first: the fields of another schema may be others
                raise ModelError(f"{source} has metadata {schema}, this stylex reads {SCHEMA}: export it again")
            return cls._parsed(metadata)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ModelError(f"the stylex metadata of {source} is damaged ({error}): export it again") from error

    @classmethod
    def _parsed(cls, metadata: dict[str, str]) -> GraphFacts:
        """The facts, where what the runtime computes with is of the right kind; raises ValueError and the like."""
        found: dict[str, Any] = {
            f.name: json.loads(metadata[f"stylex.{f.name}"]) for f in fields(cls) if f"stylex.{f.name}" in metadata
        }
        for name in ("value_range", "float_nodes"):
            found[name] = tuple(found[name])
        for name in ("sites", "classes"):  # files of the first version have none
            found[name] = tuple(found.get(name, ()))
        facts = cls(**found)
        for name, kind in (("style", str), ("palette", bool)):
            if not isinstance(getattr(facts, name), kind):
                raise ValueError(f"{name} is {getattr(facts, name)!r}")
        known = {
            "role": (TRANSFER, STYLE_ENCODER, SEGMENTER, UPSCALER),
            "precision": PRECISIONS,
            "layout": (PLANES, BYTES),
        }
        for name, values in known.items():
            if getattr(facts, name) not in values:
                raise ValueError(f"{name} is {getattr(facts, name)!r}")
        least = {"code_size": 0, "multiple": 1, "smallest": 1, "border": 0, "cell": 1, "reach": 0, "scale": 1}
        if facts.fixed_size is not None:
            least["fixed_size"] = 1
        for name, smallest in least.items():
            if type(getattr(facts, name)) is not int or getattr(facts, name) < smallest:
                raise ValueError(f"{name} is {getattr(facts, name)!r}")
        return facts
