"""From weights to checked ONNX files."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import onnx
import torch

from stylex._version import __version__
from stylex.artifacts.catalog import encoder_file, transfer_file
from stylex.artifacts.metadata import BYTES, PLANES, PRECISIONS, STYLE_ENCODER, TARGETS, GraphMetadata
from stylex.errors import InputError, UsageError
from stylex.export import samples
from stylex.export.check import (
    TOLERANCES,
    Comparison,
    OutputReport,
    Tolerance,
    onnx_outputs,
    require,
    steady,
    torch_outputs,
)
from stylex.export.graph_spec import Feed, Model, Traceable
from stylex.export.int8 import Calibrated, Quantized, quantize
from stylex.export.samples import Samples
from stylex.export.trace import require_opset, trace
from stylex.files import write_bytes
from stylex.installation import onnxruntime
from stylex.quant.audit import Audit, audit
from stylex.quant.calibration import Observed, observe
from stylex.quant.equalization import EqualizeChannels
from stylex.quant.fp16 import HalfCompute, HalfWeights
from stylex.quant.graph import float_nodes
from stylex.quant.int8 import INT8_TARGETS, ranges_before_relu, tensors_to_observe
from stylex.quant.passes import ClipBeforeShuffle, Pass, Tidy, run_passes
from stylex.quant.sensitivity import LayerCost
from stylex.quant.uint8_io import Uint8Pictures
from stylex.quant.wide_stem import WideStem
from stylex.techniques.exporting import OPSET, PRECISION, TARGET

LARGEST = 4096
"""Pixels of a fixed side; the check runs torch at that size."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ExportSettings:
    """Settings of an export; the defaults of `stylex export`.

    Attributes:
        precision: "fp32", "fp16" or "int8".
        target: "cpu-x86", "cpu-arm" or "tensorrt".
        size: fixed height and width, or None for dynamic sizes.
        opset: of the graphs.
        calibration: folder of photos, or None for those inside scikit-image.
        flat_shift: levels that flat areas may move by at INT8; None for what `TOLERANCES` allows.
        keep_float: how many convolutions stay in float32 at INT8, the most harmful ones; None for as few as the check
            needs.
        report: whether each convolution's cost at INT8 is measured.
        samples: pictures to calibrate on and to check with.
    """

    precision: str = PRECISION
    target: str = TARGET
    size: int | None = None
    opset: int = OPSET
    calibration: Path | None = None
    flat_shift: float | None = None
    keep_float: int | None = None
    report: bool = False
    samples: Samples = field(default_factory=lambda: samples.SAMPLES)

    def tolerance(self, precision: str) -> Tolerance:
        """Returns how far a graph of a precision may be from torch."""
        usual = TOLERANCES[precision]
        return usual if self.flat_shift is None or precision != "int8" else replace(usual, shift=self.flat_shift)


@dataclass(frozen=True)
class Exported:
    """One written file.

    Attributes:
        path: where it lies.
        metadata: its metadata.
        data: its bytes.
        reports: how its outputs compare with torch's.
        kept_in_float32: convolutions that INT8 left in float32.
        layers: what each convolution costs at INT8, the most harmful first, where it was measured.
        audit: what was known of INT8 before it was tried; None for other precisions.
    """

    path: Path
    metadata: GraphMetadata
    data: bytes
    reports: tuple[OutputReport, ...]
    kept_in_float32: tuple[str, ...] = ()
    layers: tuple[LayerCost, ...] = ()
    audit: Audit | None = None

    @property
    def size(self) -> int:
        """Returns the length of the file in bytes."""
        return len(self.data)


def export(
    models: Sequence[Model],
    settings: ExportSettings,
    folder: Path,
    progress: Progress = lambda _: None,
    audited: Callable[[str, Audit], None] = lambda _name, _audit: None,
) -> list[Exported]:
    """Exports the graphs of models into a folder.

    Every graph is checked against torch before any is written; a file appears under its final name whole or not at all.

    Args:
        models: see `stylex.models.registry`.
        audited: is called with the name of an INT8 graph and what is known of it before it is calibrated.

    Raises:
        UsageError: an unknown precision or target, or a size that the graphs can't have.
        InputError: no such folder, or unusable photos.
        CheckFailed: a graph differs too much from torch.
    """
    _require_usable(settings, folder)
    planned = [(model, traceable) for model in models for traceable in model.traceables(settings.size)]
    for _, traceable in planned:
        _require_size(traceable)
    made = [_export_one(model, traceable, settings, folder, progress, audited) for model, traceable in planned]
    for one in made:
        write_bytes(one.path, one.data)
    return made


def _require_usable(settings: ExportSettings, folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"the folder {folder} doesn't exist: create it first, or choose another", output=None)
    for given, choices in ((settings.precision, PRECISIONS), (settings.target, TARGETS)):
        if given not in choices:
            raise UsageError(f"{given!r} can't be exported; choose {', '.join(choices)}")
    require_opset(settings.opset, settings.precision)
    if settings.size is not None and not 1 <= settings.size <= LARGEST:
        raise UsageError(f"the size is {settings.size}; it must be at least 1 and at most {LARGEST}", size=None)


def _require_size(traceable: Traceable) -> None:
    spec = traceable.spec
    size, multiple, smallest = spec.fixed_size, spec.multiple, spec.smallest
    if size is not None and (size % multiple or size < smallest):
        raise UsageError(f"the size is {size}; it must be a multiple of {multiple}, at least {smallest}", size=None)


def _export_one(
    known: Model,
    traceable: Traceable,
    settings: ExportSettings,
    folder: Path,
    progress: Progress,
    audited: Callable[[str, Audit], None],
) -> Exported:
    # A style encoder runs once a style: speed doesn't count, and its weights were saved in half precision.
    precision = "fp16" if traceable.spec.role == STYLE_ENCODER else settings.precision
    name = " ".join(filter(None, (known.technique, known.style, traceable.spec.role)))
    progress(f"tracing {name}")
    model = trace(traceable, settings.opset)
    run_passes(model, [Tidy(), ClipBeforeShuffle()])
    found_before = _audit(model, traceable, settings) if precision == "int8" else None
    if found_before is not None:
        audited(name, found_before)
    comparison = _comparison(traceable, settings)
    metadata = _metadata_of(known, traceable, settings, precision)
    kept: tuple[str, ...] = ()
    layers: tuple[LayerCost, ...] = ()
    if precision == "int8":
        found, metadata = _to_int8(model, traceable, settings, metadata, comparison, progress)
        model, kept, layers = found.model, found.kept, found.layers
    elif precision == "fp16":
        computes = traceable.spec.role != STYLE_ENCODER and settings.target == "tensorrt"
        run_passes(model, [HalfCompute() if computes else HalfWeights()])
        metadata = replace(metadata, float_nodes=float_nodes(model))
    progress(f"comparing {name} {precision} with torch")
    reports = comparison.reports(model)
    require(reports, precision, traceable.spec.role, settings.tolerance(precision))
    metadata = replace(
        metadata, psnr=round(reports[0].mean_psnr, 2), ssim=reports[0].mean_ssim and round(reports[0].mean_ssim, 4)
    )
    onnx.helper.set_model_props(model, metadata.to_props())
    model.producer_name, model.producer_version = "stylex", __version__
    path = (
        encoder_file(known.technique, folder)
        if traceable.spec.role == STYLE_ENCODER
        else transfer_file(known.technique, precision, folder, known.style)
    )
    return Exported(path, metadata, model.SerializeToString(), tuple(reports), kept, layers, found_before)


def _audit(model: onnx.ModelProto, traceable: Traceable, settings: ExportSettings) -> Audit:
    feed = {name: example.numpy() for name, example in zip(traceable.inputs, traceable.example, strict=True)}
    return audit(model, INT8_TARGETS[settings.target], feed)


def _to_int8(
    model: onnx.ModelProto,
    traceable: Traceable,
    settings: ExportSettings,
    metadata: GraphMetadata,
    comparison: Comparison,
    progress: Progress,
) -> tuple[Quantized, GraphMetadata]:
    """Calibrates, quantizes, and lets the picture's bytes in and out where the target takes them."""
    chosen = settings.samples
    photos = chosen.photos(traceable, settings.calibration, check=False)
    pictures = chosen.drawings(traceable)
    feeds = [*photos, *pictures]
    progress(f"calibrating on {len(photos)} photos and {len(pictures)} drawn pictures")
    run_passes(model, [EqualizeChannels(photos[:: chosen.equalizing])])
    observed = observe(model, tensors_to_observe(model), feeds, ranges_before_relu(model))
    target, fixed = INT8_TARGETS[settings.target], {"content": metadata.value_range}
    calibrated = Calibrated(model, observed, fixed, target, _trials(model, traceable, photos, chosen), comparison)
    found = quantize(calibrated, settings.tolerance("int8"), settings.keep_float, settings.report, progress)
    passes: list[Pass] = [Uint8Pictures(), WideStem()] if settings.target == "cpu-x86" else []
    direct = run_passes(found.model, passes).get(Uint8Pictures.name, False)
    metadata = replace(
        metadata,
        calibration=_digest(feeds, observed),
        float_nodes=float_nodes(found.model),
        layout=BYTES if direct else PLANES,
    )
    return found, metadata


def _trials(model: onnx.ModelProto, traceable: Traceable, photos: Sequence[Feed], chosen: Samples) -> Comparison:
    run = functools.partial(onnx_outputs, model, traceable)
    return _compared(traceable, photos, chosen.flats(traceable, check=False), run)


def _comparison(traceable: Traceable, settings: ExportSettings) -> Comparison:
    feeds = settings.samples.photos(traceable, settings.calibration, check=True)
    flats = settings.samples.flats(traceable, check=True)
    return _compared(traceable, feeds, flats, functools.partial(torch_outputs, traceable))


def _compared(
    traceable: Traceable, photos: Sequence[Feed], flats: Sequence[Feed], run: Callable[[Sequence[Feed]], Any]
) -> Comparison:
    """Returns what a network makes of photos and of those flat pictures in which it holds still."""
    return Comparison(traceable, photos, run(photos), *steady(traceable, flats, run(flats), run))


def _metadata_of(known: Model, traceable: Traceable, settings: ExportSettings, precision: str) -> GraphMetadata:
    versions = {
        "stylex": __version__,
        "torch": torch.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime().__version__,
    }
    return GraphMetadata(
        technique=known.technique,
        tier=known.tier,
        precision=precision,
        target=settings.target,
        opset=settings.opset,
        weights_sha256=known.weights_sha256,
        spec=traceable.spec,
        style=known.style,
        versions=versions,
        licence=known.licence,
        provenance=known.provenance,
    )


def _digest(feeds: Sequence[Feed], observed: dict[str, Observed]) -> str:
    """Returns the SHA-256 of the calibration's inputs and of what was observed."""
    digest = hashlib.sha256()
    for feed in feeds:
        for name in sorted(feed):
            digest.update(feed[name].tobytes())
    for name in sorted(observed):
        digest.update(f"{name} {observed[name].low:.6g} {observed[name].high:.6g}".encode())
    return digest.hexdigest()
