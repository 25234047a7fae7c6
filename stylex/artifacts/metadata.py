"""The metadata of a graph, which its ONNX file carries.

`export` writes it into every file, `runtime` reads it back: nothing about a graph is guessed from its name or its
shapes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from typing import Any

from stylex.errors import ModelError
from stylex.imaging.sizes import PALETTE_SIZE

SCHEMA = "stylex/1"
TRANSFER, STYLE_ENCODER, SEGMENTER, UPSCALER = "transfer", "style-encoder", "segmenter", "upscaler"
ROLES = (TRANSFER, STYLE_ENCODER, SEGMENTER, UPSCALER)
PRECISIONS = ("fp32", "fp16", "int8")
PLANES, BYTES = "planes", "bytes"
MOST_STYLES = 64
"""That a graph of dynamic sizes takes at once."""
TARGETS = ("cpu-x86", "cpu-arm", "tensorrt")


LEAST, ITEMS = "least", "items"
"""Keys under which a field of `GraphSpec` names the smallest number that it may be, or the type of its items."""


def _count(default: int | None, least: int) -> Any:
    """Returns a field for a whole number of at least `least`."""
    return field(default=default, metadata={LEAST: least})


def _many(kind: type[int] | type[str]) -> Any:
    """Returns a field for a tuple, empty by default, of items of that type."""
    return field(default=(), metadata={ITEMS: kind})


@dataclass(frozen=True)
class GraphSpec:
    """The specification of a graph: everything that follows from its network rather than from one export of it.

    This is the only place that declares these facts. The exporter's contract and the metadata each have one as a
    field, so that a new fact is a new field here.

    Attributes:
        role: "transfer" (content, codes, masks to picture), "style-encoder" (picture to code), "segmenter" (picture to
            probabilities of classes) or "upscaler" (picture to a larger one).
        code_size: D, floats that the graph takes of a style code, or that a style encoder gives; 0 where the style is
            in the weights.
        multiple: height and width of the painted picture are multiples of this.
        smallest: least height and width of the painted picture.
        fixed_size: height and width of the painted picture where they are not dynamic; of a style encoder's picture.
        border: pixels of picture needed around what is painted, on each side.
        cell: pixels that a mask has one value for, down and across.
        reach: pixels around a painted pixel that it depends on, where statistics are frozen; a tile needs so many more
            on each side. 0 where it is unknown.
        sites: channels of every modulation site; statistics list the mean and the standard deviation of each in turn.
            Numbers behind them are root mean squares. Empty where they are others.
        classes: of a segmenter, in the order of its output.
        scale: the factor by which an upscaler enlarges, down and across.
        palette: whether the photo is given the style's palette before the graph and the painted picture after it, see
            `stylex.imaging.palette`; a style code then has the nine numbers of the palette behind what the graph takes.
    """

    role: str
    code_size: int = field(metadata={LEAST: 0})
    multiple: int = _count(1, 1)
    smallest: int = _count(1, 1)
    fixed_size: int | None = _count(None, 1)
    border: int = _count(0, 0)
    cell: int = _count(8, 1)
    reach: int = _count(0, 0)
    sites: tuple[int, ...] = _many(int)
    classes: tuple[str, ...] = _many(str)
    scale: int = _count(1, 1)
    palette: bool = False

    @property
    def style_code_size(self) -> int:
        """Returns floats in a style code, of which a transfer graph takes the first `code_size`."""
        return self.code_size + (PALETTE_SIZE if self.palette and self.role == TRANSFER else 0)

    def painted_side(self, side: int) -> int:
        """Returns pixels that the graph paints for a side of so many; the picture is reflected to that.

        A graph of a fixed size paints that, whether the picture fits or not.
        """
        if self.fixed_size is not None:
            return self.fixed_size
        return max(self.smallest, -(-side // self.multiple) * self.multiple)

    def in_steps_of(self, bucket: int) -> GraphSpec:
        """Returns the specification of the same graph, where it is fed sides in multiples of so many pixels alone.

        That is for graphs that paint a picture of any size, around which more of it is then reflected.
        """
        if bucket == 1 or self.role not in (TRANSFER, UPSCALER) or self.fixed_size is not None:
            return self
        step = math.lcm(self.multiple, bucket)
        return replace(self, multiple=step, smallest=-(-self.smallest // step) * step)

    @classmethod
    def parsed(cls, values: Mapping[str, Any]) -> GraphSpec:
        """Returns the specification that some values, read from JSON, give; others among them are passed over.

        Raises:
            ValueError, TypeError: a value is of the wrong kind or out of range, or one is missing.
        """
        spec = cls(**{f.name: _as_given(values[f.name]) for f in fields(cls) if f.name in values})
        for one in fields(cls):
            _require(one, getattr(spec, one.name))
        return spec


def _as_given(value: Any) -> Any:
    """Returns a value out of JSON, a list of which is a tuple here."""
    return tuple(value) if isinstance(value, list) else value


def _require(one: Field[Any], value: Any) -> None:
    """Raises ValueError unless a field of `GraphSpec` can have the value."""
    if one.name == "role":
        usable = value in ROLES
    elif LEAST in one.metadata:
        usable = (value is None and one.default is None) or (type(value) is int and value >= one.metadata[LEAST])
    elif ITEMS in one.metadata:
        usable = isinstance(value, tuple) and all(type(item) is one.metadata[ITEMS] for item in value)
    else:
        usable = isinstance(value, type(one.default))
    if not usable:
        raise ValueError(f"{one.name} is {value!r}")


@dataclass(frozen=True)
class GraphMetadata:
    """The metadata of one graph.

    Attributes:
        technique: name in `stylex.techniques`, also of a tool.
        tier: "edge" or "reference".
        precision: "fp32", "fp16" or "int8".
        target: the kind of device that the precision was made for.
        opset: of the graph.
        weights_sha256: of the weights the graph was traced from; graphs and codes with the same one fit together.
        spec: everything that follows from the network.
        style: the one style in its weights; empty where any style can be painted.
        layout: of the photo and the painted picture: "planes" are float32 (1, 3, H, W), "bytes" are uint8 (1, H, W, 3).
        value_range: of the picture inputs and outputs, where they are planes.
        versions: of torch, onnx, onnxruntime and stylex when it was made.
        calibration: SHA-256 of what INT8 was calibrated with and of the ranges that were seen.
        float_nodes: nodes that stayed in float32, for FP16 and INT8.
        psnr: decibels, this graph against torch FP32, averaged over the check's pictures.
        ssim: likewise.
        licence: of the weights.
        provenance: what the weights were trained on.
        schema: of the metadata.
    """

    technique: str
    tier: str
    precision: str
    target: str
    opset: int
    weights_sha256: str
    spec: GraphSpec
    style: str = ""
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

    def to_dict(self) -> dict[str, Any]:
        """Returns every field by name, those of `spec` among the others."""
        values = asdict(self)
        return {**values.pop("spec"), **values}

    def to_props(self) -> dict[str, str]:
        """Returns every field as a JSON text under `stylex.<field>`, as an ONNX file keeps it."""
        return {f"stylex.{name}": json.dumps(value) for name, value in self.to_dict().items()}

    @classmethod
    def from_props(cls, props: Mapping[str, str], source: str) -> GraphMetadata:
        """Reads the metadata back from the properties of an ONNX file.

        Raises:
            ModelError: the file was not written by `stylex export`, or by an incompatible version.
        """
        if not is_ours(props):
            raise ModelError(
                f"{source} is an ONNX graph that stylex export didn't make: export from the weights that it was made "
                "of, `stylex export --checkpoint WEIGHTS.pth`"
            )
        try:
            schema = json.loads(props["stylex.schema"])
            if schema != SCHEMA:  # first: the fields of another schema may be others
                raise ModelError(f"{source} has metadata {schema}, this stylex reads {SCHEMA}: export it again")
            return cls._parsed(props)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ModelError(f"the stylex metadata of {source} is damaged ({error}): export it again") from error

    @classmethod
    def _parsed(cls, props: Mapping[str, str]) -> GraphMetadata:
        """Returns the metadata if the runtime can compute with its values; raises ValueError and the like."""
        names = {f.name for f in (*fields(cls), *fields(GraphSpec))} - {"spec"}
        values = {name: json.loads(props[f"stylex.{name}"]) for name in names if f"stylex.{name}" in props}
        found = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        for name in ("value_range", "float_nodes"):
            found[name] = tuple(found[name])
        metadata = cls(spec=GraphSpec.parsed(values), **found)
        for name, choices in (("precision", PRECISIONS), ("layout", (PLANES, BYTES))):
            if getattr(metadata, name) not in choices:
                raise ValueError(f"{name} is {getattr(metadata, name)!r}")
        for name in ("technique", "style", "weights_sha256"):
            if not isinstance(getattr(metadata, name), str):
                raise ValueError(f"{name} is {getattr(metadata, name)!r}")
        return metadata


def is_ours(props: Mapping[str, str]) -> bool:
    """Returns whether the properties of an ONNX file have metadata of stylex among them, of whatever schema."""
    return "stylex.schema" in props
