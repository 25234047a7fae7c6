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
from stylex.export.check import TOLERANCES, OutputReport, measure, reference, require
from stylex.export.photos import crops
from stylex.export.trace import OPSET, trace
from stylex.files import write_bytes
from stylex.models.backbone import BORDER, MULTIPLE, SMALLEST
from stylex.models.registry import Entry, entry
from stylex.models.traceable import Traceable
from stylex.models.weights import CALIBRATION, Weights, embedded, read_weights
from stylex.quant.calibration import Feed, Observed, observe
from stylex.quant.fp16 import HalfCompute, HalfWeights
from stylex.quant.graph import float_nodes
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import ClipBeforeShuffle, Tidy, run_passes
from stylex.quant.sensitivity import ranked
from stylex.runtime.facts import PRECISIONS, STYLE_ENCODER, TARGETS, TRANSFER, GraphFacts
from stylex.runtime.painter import encoder_file, to_floats, transfer_file

CALIBRATION_PAIRS = 32
CHECKED_PAIRS = 24
PICTURE = 256
"""Pixels of the pictures that a dynamic graph is calibrated and checked with."""
MOST_PIXELS = CALIBRATION_PAIRS * 512**2
"""Of all pictures together; of large fixed sizes fewer pairs are taken, but never fewer than `FEWEST_PAIRS`."""
FEWEST_PAIRS = 4
STRENGTHS = (1.0, 1.0, 0.5, 1.0, 1.0, 0.0, 1.0, 1.5)
"""Of the pairs, in turn: features that pass a site unchanged have another range than restyled ones."""
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
    """One written file.

    Attributes:
        path: where it lies.
        facts: its metadata.
        data: its bytes.
        reports: how its outputs compare with torch's.
        spared: convolutions that INT8 left in float32 to come close enough to torch.
    """

    path: Path
    facts: GraphFacts
    data: bytes
    reports: tuple[OutputReport, ...]
    spared: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return len(self.data)


def export(
    technique: str, settings: ExportSettings, folder: Path, progress: Progress = lambda _: None
) -> list[Exported]:
    """Export a technique's graphs into a folder.

    Every graph is checked against torch before any is written; a file appears under its final name whole or not at all.

    Raises:
        UsageError: an unknown technique, precision or target, or a size that is no multiple of 8.
        InputError: no such folder, or unusable photos.
        CheckFailed: a graph differs too much from torch.
    """
    known = entry(technique)
    _require_usable(settings, folder)
    weights = read_weights(settings.weights or embedded(technique))
    network = known.network()
    weights.fill(network)
    graphs = known.graphs(network, settings.size)
    made = [_export_one(known, traceable, weights, settings, folder, progress) for traceable in graphs]
    for one in made:
        write_bytes(one.path, one.data)
    return made


def _require_usable(settings: ExportSettings, folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"the folder {folder} doesn't exist: create it first, or choose another with -o")
    for given, choices in ((settings.precision, PRECISIONS), (settings.target, TARGETS)):
        if given not in choices:
            raise UsageError(f"{given!r} can't be exported; choose {', '.join(choices)}")
    if settings.size is not None and (settings.size % MULTIPLE or settings.size < SMALLEST):
        raise UsageError(f"--size is {settings.size}; it must be a multiple of {MULTIPLE}, at least {SMALLEST}")


def _export_one(
    known: Entry, traceable: Traceable, weights: Weights, settings: ExportSettings, folder: Path, progress: Progress
) -> Exported:
    # A style encoder runs once a style: speed doesn't count, and its weights were saved in half precision.
    precision = settings.precision if traceable.role == TRANSFER else "fp16"
    progress(f"tracing the {traceable.role} graph")
    model = trace(traceable, settings.opset)
    run_passes(model, [Tidy(), ClipBeforeShuffle()])
    checked = _feeds(traceable, weights, settings, check=True)
    wanted = reference(traceable, checked)
    facts = _facts(known, traceable, weights, settings, precision)
    spared: tuple[str, ...] = ()
    if precision == "int8":
        model, facts, spared = _to_int8(model, traceable, weights, settings, facts, (checked, wanted), progress)
    elif precision == "fp16":
        computes = traceable.role == TRANSFER and settings.target == "tensorrt"
        run_passes(model, [HalfCompute() if computes else HalfWeights()])
        facts = replace(facts, float_nodes=float_nodes(model))
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
    return Exported(path, facts, model.SerializeToString(), tuple(reports), spared)


def _to_int8(
    model: onnx.ModelProto,
    traceable: Traceable,
    weights: Weights,
    settings: ExportSettings,
    facts: GraphFacts,
    check: tuple[Sequence[Feed], Sequence[Sequence[npt.NDArray[Any]]]],
    progress: Progress,
) -> tuple[onnx.ModelProto, GraphFacts, tuple[str, ...]]:
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
    facts = replace(facts, calibration=_digest(feeds, observed), float_nodes=float_nodes(result))
    return result, facts, tuple(sorted(keep))


def _feeds(traceable: Traceable, weights: Weights, settings: ExportSettings, *, check: bool) -> list[Feed]:
    """Real photos, with codes of real styles; checking sees other photos and other codes than calibration."""
    count = CHECKED_PAIRS if check else CALIBRATION_PAIRS
    size = (settings.size if traceable.role == TRANSFER else None) or PICTURE
    count = max(FEWEST_PAIRS, min(count, MOST_PIXELS // size**2))
    pictures = crops(settings.calibration, count, size + 2 * BORDER, SEED, check=check)
    if traceable.role == STYLE_ENCODER:
        return [{"style": to_floats(p)} for p in pictures]
    codes = _codes(weights)
    half = codes[1::2].numpy() if check else codes[::2].numpy()
    cells = (1, 1, size // MULTIPLE, size // MULTIPLE)
    constant = {"frozen": np.zeros((1, half.shape[1]), np.float32), "freeze": np.zeros(1, np.float32)}
    return [
        {
            "content": to_floats(p),
            "codes": half[i % len(half)][None].astype(np.float32),
            "masks": np.full(cells, STRENGTHS[i % len(STRENGTHS)], np.float32),
            **constant,
        }
        for i, p in enumerate(pictures)
    ]


def _codes(weights: Weights) -> torch.Tensor:
    if CALIBRATION not in weights.extras:
        raise ModelError(f"{weights.path} has no {CALIBRATION}: finish its training with `stylex train`")
    codes = weights.extras[CALIBRATION]
    if codes.ndim != 2 or len(codes) < 2:
        raise ModelError(f"{weights.path} has no usable {CALIBRATION}: finish its training with `stylex train`")
    return codes


def _facts(
    known: Entry, traceable: Traceable, weights: Weights, settings: ExportSettings, precision: str
) -> GraphFacts:
    versions = {
        "stylex": __version__,
        "torch": torch.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": ort.__version__,
    }
    licence, provenance = _origin(known, weights, settings)
    return GraphFacts(
        technique=known.technique,
        role=traceable.role,
        tier="edge",
        precision=precision,
        target=settings.target,
        code_size=_codes(weights).shape[1],
        multiple=MULTIPLE,
        smallest=SMALLEST,
        border=BORDER,
        opset=settings.opset,
        weights_sha256=weights.sha256,
        fixed_size=settings.size if traceable.role == TRANSFER else None,
        versions=versions,
        licence=licence,
        provenance=provenance,
    )


def _origin(known: Entry, weights: Weights, settings: ExportSettings) -> tuple[str, str]:
    """Licence and provenance: the registry's for the embedded weights, the card's for anybody else's."""
    if settings.weights is None:
        return known.licence, known.provenance
    data = weights.card.get("data")
    told = [(role, facts) for role, facts in data.items() if isinstance(facts, dict)] if isinstance(data, dict) else []
    folders = ", ".join(f"{role} {facts.get('folder')} ({facts.get('pictures')} pictures)" for role, facts in told)
    return "not stated", f"trained by stylex on {folders}" if folders else "not stated"


def _digest(feeds: Sequence[Feed], observed: dict[str, Observed]) -> str:
    """SHA-256 of the calibration's inputs and of what was observed."""
    digest = hashlib.sha256()
    for feed in feeds:
        for name in sorted(feed):
            digest.update(feed[name].tobytes())
    for name in sorted(observed):
        digest.update(f"{name} {observed[name].low:.6g} {observed[name].high:.6g}".encode())
    return digest.hexdigest()
