"""From weights to checked ONNX files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import torch

from stylex import __version__
from stylex.errors import InputError, ModelError, UsageError
from stylex.export.check import TOLERANCES, Feed, OutputReport, measure, reference, require
from stylex.export.photos import crops
from stylex.export.trace import OPSET, trace
from stylex.files import write_bytes
from stylex.models.registry import Entry, entry
from stylex.models.traceable import Traceable
from stylex.models.weights import CALIBRATION, Weights, embedded, read_weights
from stylex.quant.calibration import Observed, observe
from stylex.quant.fp16 import HalfCompute, HalfWeights
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import ClipBeforeShuffle, Tidy, run_passes
from stylex.quant.sensitivity import ranked
from stylex.runtime.facts import STYLE_ENCODER, TRANSFER, GraphFacts
from stylex.runtime.painter import encoder_file, to_floats, transfer_file

CALIBRATION_PAIRS = 32
CHECKED_PAIRS = 24
PICTURE = 256
"""Pixels of the pictures that a dynamic graph is calibrated and checked with."""
SEED = 0

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ExportSettings:
    """What to export; the defaults of `stylex export`.

    Attributes:
        precision: "fp32", "fp16" or "int8".
        target: "cpu-x86", "cpu-arm" or "tensorrt".
        size: fixed height and width, or None for dynamic sizes.
        opset: of the graphs.
        weights: a weights file, or None for the embedded one.
        calibration: folder of photos, or None for those inside scikit-image.
    """

    precision: str = "fp32"
    target: str = "cpu-x86"
    size: int | None = None
    opset: int = OPSET
    weights: Path | None = None
    calibration: Path | None = None


@dataclass(frozen=True)
class Exported:
    """One written file: where, its facts, its size in bytes, and how it compares with torch."""

    path: Path
    facts: GraphFacts
    size: int
    reports: tuple[OutputReport, ...]


def export(
    technique: str, settings: ExportSettings, folder: Path, progress: Progress = lambda _: None
) -> list[Exported]:
    """Export a technique's graphs into a folder.

    Every graph is checked against torch before it is written; the files appear under their final names or not at all.

    Raises:
        UsageError: an unknown technique or a size that is no multiple of 8.
        InputError: no such folder, or unusable photos.
        CheckFailed: a graph differs too much from torch.
    """
    if not folder.is_dir():
        raise InputError(f"the folder {folder} doesn't exist: create it first, or choose another with -o")
    if settings.size is not None and (settings.size % 8 or settings.size < 32):
        raise UsageError(f"--size is {settings.size}; it must be a multiple of 8, at least 32")
    known = entry(technique)
    weights = read_weights(settings.weights or embedded(technique))
    network = known.network()
    weights.fill(network)
    made = []
    for traceable in known.graphs(network, settings.size):
        made.append(_export_one(known, traceable, weights, settings, folder, progress))
    for path, data, *_ in made:
        write_bytes(path, data)
    return [Exported(path, facts, len(data), tuple(reports)) for path, data, facts, reports in made]


def _export_one(
    known: Entry, traceable: Traceable, weights: Weights, settings: ExportSettings, folder: Path, progress: Progress
) -> tuple[Path, bytes, GraphFacts, list[OutputReport]]:
    precision = settings.precision if traceable.role == TRANSFER else "fp32"
    progress(f"tracing the {traceable.role} graph")
    model = trace(traceable, settings.opset)
    run_passes(model, [Tidy(), ClipBeforeShuffle()])
    checked = _feeds(traceable, weights, settings, check=True)
    wanted = reference(traceable, checked)
    facts = _facts(known, traceable, weights, settings, precision)
    if precision == "int8":
        model, facts = _to_int8(model, traceable, weights, settings, facts, (checked, wanted), progress)
    elif precision == "fp16":
        run_passes(model, [HalfCompute() if settings.target == "tensorrt" else HalfWeights()])
        facts = replace(facts, float_nodes=_float_nodes(model, settings.target))
    progress(f"comparing the {precision} {traceable.role} graph with torch")
    reports = measure(model, traceable, checked, wanted)
    require(reports, precision, traceable.role)
    facts = replace(
        facts, psnr=round(reports[0].mean_psnr, 2), ssim=reports[0].mean_ssim and round(reports[0].mean_ssim, 4)
    )
    onnx.helper.set_model_props(model, facts.to_metadata())
    model.producer_name, model.producer_version = "stylex", __version__
    transfer = traceable.role == TRANSFER
    path = transfer_file(known.technique, precision, folder) if transfer else encoder_file(known.technique, folder)
    return path, model.SerializeToString(), facts, reports


def _to_int8(
    model: onnx.ModelProto,
    traceable: Traceable,
    weights: Weights,
    settings: ExportSettings,
    facts: GraphFacts,
    check: tuple[Sequence[Feed], Sequence[Sequence[npt.NDArray[Any]]]],
    progress: Progress,
) -> tuple[onnx.ModelProto, GraphFacts]:
    """Quantize; where the result falls short, leave the most harmful convolutions in float32, one after the other."""
    feeds = _feeds(traceable, weights, settings, check=False)
    progress(f"calibrating on {len(feeds)} pairs of photo and style")
    observed = observe(model, tensors_to_observe(model), feeds)
    target, fixed = INT8_TARGETS[settings.target], {"content": facts.value_range}

    def quantized(keep: frozenset[str]) -> onnx.ModelProto:
        trial = onnx.ModelProto()
        trial.CopyFrom(model)
        run_passes(trial, [QuantizeConvolutions(observed, fixed, target, keep)])
        return trial

    def score(trial: onnx.ModelProto) -> float:
        return measure(trial, traceable, check[0][:4], check[1][:4])[0].mean_psnr

    keep: frozenset[str] = frozenset()
    result = quantized(keep)
    worst: list[tuple[str, float]] = []
    while not all(r.meets(TOLERANCES["int8"]) for r in measure(result, traceable, *check)):
        if not worst:
            progress("too far from torch: measuring every convolution")
            worst = ranked(model, observed, fixed, target, score)
        if len(keep) >= len(worst) // 2:
            break  # half of the network in float32 is no INT8 file any more; the check that follows says so
        keep = frozenset(name for name, _ in worst[: len(keep) + 1])
        progress(f"leaving {len(keep)} convolutions in float32")
        result = quantized(keep)
    return result, replace(facts, calibration=_digest(feeds, observed), float_nodes=tuple(sorted(keep)))


def _feeds(traceable: Traceable, weights: Weights, settings: ExportSettings, *, check: bool) -> list[Feed]:
    """Real photos, with codes of real styles; checking sees other crops and other codes than calibration."""
    count, seed = (CHECKED_PAIRS, SEED + 1) if check else (CALIBRATION_PAIRS, SEED)
    size = settings.size or PICTURE
    pictures = crops(settings.calibration, count, size + 4, seed)
    if traceable.role == STYLE_ENCODER:
        return [{"style": to_floats(p)} for p in pictures]
    codes = _codes(weights)
    half = codes[1::2].numpy() if check else codes[::2].numpy()
    frozen, cells = np.zeros((1, half.shape[1]), np.float32), (1, 1, size // 8, size // 8)
    constant = {"frozen": frozen, "freeze": np.zeros(1, np.float32), "masks": np.ones(cells, np.float32)}
    return [
        {"content": to_floats(p), "codes": half[i % len(half)][None].astype(np.float32), **constant}
        for i, p in enumerate(pictures)
    ]


def _codes(weights: Weights) -> torch.Tensor:
    if CALIBRATION not in weights.extras:
        raise ModelError(f"{weights.path} has no {CALIBRATION}: finish its training with `stylex train`")
    return weights.extras[CALIBRATION]


def _facts(
    known: Entry, traceable: Traceable, weights: Weights, settings: ExportSettings, precision: str
) -> GraphFacts:
    versions = {
        "stylex": __version__,
        "torch": torch.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": ort.__version__,
    }
    return GraphFacts(
        technique=known.technique,
        role=traceable.role,
        tier="edge",
        precision=precision,
        target=settings.target,
        code_size=_codes(weights).shape[1],
        opset=settings.opset,
        weights_sha256=weights.sha256,
        fixed_size=settings.size if traceable.role == TRANSFER else None,
        versions=versions,
        licence=known.licence,
        provenance=known.provenance,
    )


def _float_nodes(model: onnx.ModelProto, target: str) -> tuple[str, ...]:
    """What computes in float32 in an FP16 file: everything on a CPU, the modulation and its statistics on a GPU."""
    islands = {"Conv", "Resize", "ReduceMean", "Sqrt", "Div", "Pow", "MatMul"} - (
        {"Conv"} if target == "tensorrt" else set()
    )
    return tuple(n.name for n in model.graph.node if n.op_type in islands)


def _digest(feeds: Sequence[Feed], observed: dict[str, Observed]) -> str:
    """SHA-256 of the calibration's inputs and of what was observed."""
    digest = hashlib.sha256()
    for feed in feeds:
        for name in sorted(feed):
            digest.update(feed[name].tobytes())
    for name in sorted(observed):
        digest.update(f"{name} {observed[name].low:.6g} {observed[name].high:.6g}".encode())
    return digest.hexdigest()
