"""An exported graph against torch, on real photos."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
import torch

from stylex.errors import CheckFailed, ModelError, first_line
from stylex.export.drawn import paper_of
from stylex.export.graph_spec import Traceable
from stylex.export.metrics import TINY, Difference, compare, psnr
from stylex.imaging.arrays import to_bytes, to_floats
from stylex.imaging.palette import MOST_AFTER, palette_of, transport
from stylex.quant.calibration import Feed, cpu_session
from stylex.techniques.exporting import FLAT_SHIFT

TREMOR = 1e-3
"""Levels of 255 that pixels are moved by to see whether a network holds still in a flat picture."""
STEADY = 1.0
"""Levels of 255 that a network then moves the flat area by, at most, where its graph is compared in it."""

Outputs: TypeAlias = "Sequence[npt.NDArray[Any]]"


@dataclass(frozen=True)
class Tolerance:
    """The limits that a precision must reach.

    Attributes:
        mean_psnr, worst_psnr: decibels of the pictures, on average and at the worst.
        mean_ssim: of the pictures, on average.
        numbers_psnr: decibels of the other outputs, at the worst.
        shift: levels of 255 that a channel's mean may move by in a flat area.
    """

    mean_psnr: float
    worst_psnr: float
    mean_ssim: float
    numbers_psnr: float
    shift: float


TOLERANCES = {
    "fp32": Tolerance(70, 60, 0.999, 70, 1),
    "fp16": Tolerance(45, 40, 0.99, 50, 1),
    "int8": Tolerance(30, 26, 0.95, 20, FLAT_SHIFT),
}


@dataclass(frozen=True)
class OutputReport:
    """One output over all feeds: largest absolute difference, PSNR and SSIM on average and at the worst.

    `shift` is the largest change of a channel's mean in a flat area, in levels of 255; None where it wasn't measured.
    """

    output: str
    picture: bool
    largest: float
    mean_psnr: float
    worst_psnr: float
    mean_ssim: float | None
    shift: float | None = None

    def meets(self, tolerance: Tolerance) -> bool:
        """Returns whether the output is close enough."""
        if not self.picture:
            return self.worst_psnr >= tolerance.numbers_psnr
        assert self.mean_ssim is not None
        near = self.mean_psnr >= tolerance.mean_psnr and self.worst_psnr >= tolerance.worst_psnr
        steady = self.shift is None or self.shift <= tolerance.shift
        return near and steady and self.mean_ssim >= tolerance.mean_ssim


def torch_outputs(traceable: Traceable, feeds: Sequence[Feed]) -> list[list[npt.NDArray[Any]]]:
    """Returns torch's outputs for every feed, float32: those of the published network where there is one."""
    results = []
    network = (traceable.published or traceable.module).eval()
    with torch.inference_mode():
        for feed in feeds:
            outputs = network(*(torch.from_numpy(feed[name]) for name in traceable.inputs))
            results.append([o.numpy() for o in (outputs if isinstance(outputs, tuple) else (outputs,))])
    return results


def measure(
    model: onnx.ModelProto, traceable: Traceable, feeds: Sequence[Feed], wanted: Sequence[Sequence[npt.NDArray[Any]]]
) -> list[OutputReport]:
    """Runs a model in ONNX Runtime on the CPU and compares every output with torch's.

    Raises:
        ModelError: ONNX Runtime can't load or run it.
    """
    names = list(traceable.outputs)
    have = onnx_outputs(model, traceable, feeds)
    reports = []
    for i, name in enumerate(names):
        picture = name in traceable.pictures
        pairs = zip(have, wanted, strict=True)
        reports.append(_report(name, picture, [compare(_floats(np.asarray(a[i])), b[i], picture) for a, b in pairs]))
    return reports


def flat_shift(
    model: onnx.ModelProto,
    traceable: Traceable,
    feeds: Sequence[Feed],
    wanted: Sequence[Sequence[npt.NDArray[Any]]],
) -> float:
    """Returns the largest change of a channel's mean in a flat area of the first output, in levels of 255.

    Where the painter maps palettes behind the graph, both pictures would get the same one, and so they do here.

    Args:
        feeds: of pictures that `stylex.export.drawn.flats` drew.
    """
    return max(_shifts(traceable, onnx_outputs(model, traceable, feeds), wanted))


def _shifts(traceable: Traceable, have: Sequence[Outputs], want: Sequence[Outputs]) -> list[float]:
    """Returns for every pair of outputs how far a channel's mean in the flat area is moved, in levels of 255."""
    shifts = []
    for one, other in zip(have, want, strict=True):
        painted, exact = _floats(np.asarray(one[0])), other[0]  # (1, 3, H, W)
        colours = [_paper(picture, exact if traceable.spec.palette else None) for picture in (painted, exact)]
        shifts.append(float(255 * np.abs(colours[0] - colours[1]).max()))
    return shifts


def steady(
    traceable: Traceable, feeds: Sequence[Feed], wanted: Sequence[Outputs], outputs: Callable[[Sequence[Feed]], Any]
) -> tuple[list[Feed], list[Outputs]]:
    """Returns the flat pictures that say something of a graph, and what the network makes of them.

    A network that divides by the deviation of a picture that has none turns a rounding into another colour. No two
    machines paint such a picture alike, so that nothing can be compared in it.

    Args:
        feeds: of pictures that `stylex.export.drawn.flats` drew.
        wanted: the network's outputs.
        outputs: runs the network; it is given the same pictures, each pixel moved by at most `TREMOR`.
    """
    rng, content = np.random.default_rng(0), traceable.inputs[0]
    moved = []
    for feed in feeds:
        tremor = rng.uniform(-TREMOR / 255, TREMOR / 255, feed[content].shape)
        moved.append({**feed, content: (feed[content] + tremor).astype(np.float32)})
    still = [shift <= STEADY for shift in _shifts(traceable, outputs(moved), wanted)]
    return list(itertools.compress(feeds, still)), list(itertools.compress(wanted, still))


def _paper(picture: npt.NDArray[Any], mapped: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    """Returns the mean colour (3,) of the flat area of RGB (1, 3, H, W), in another's palette where one is given."""
    rows, columns = paper_of(picture.shape[2])
    colour = picture[0, :, rows, columns].mean((1, 2))
    if mapped is None:
        return np.asarray(colour)
    after = transport(palette_of(to_bytes(picture)), palette_of(to_bytes(mapped)), MOST_AFTER)
    return np.asarray(np.clip(after[:, :3] @ colour + after[:, 3], 0, 1))


@dataclass(frozen=True)
class Comparison:
    """A graph's inputs with torch's outputs: photos, and pictures with flat areas.

    Attributes:
        feeds, wanted: inputs and outputs of photos.
        flats, flats_wanted: of drawn pictures, see `flat_shift`; empty for a graph that paints nothing.
    """

    traceable: Traceable
    feeds: Sequence[Feed]
    wanted: Sequence[Sequence[npt.NDArray[Any]]]
    flats: Sequence[Feed]
    flats_wanted: Sequence[Sequence[npt.NDArray[Any]]]

    def reports(self, model: onnx.ModelProto) -> list[OutputReport]:
        """Returns a report of every output; the picture's first."""
        first, *others = measure(model, self.traceable, self.feeds, self.wanted)
        return [replace(first, shift=self.shift(model)), *others]

    def passes(self, model: onnx.ModelProto, tolerance: Tolerance) -> bool:
        """Returns whether every output is close enough."""
        return all(report.meets(tolerance) for report in self.reports(model))

    def psnr(self, model: onnx.ModelProto, count: int = 8) -> float:
        """Returns decibels of the first output, by the squared error over the first photos, so that the worst count.

        Eight photos have all strengths that are checked.
        """
        outputs = onnx_outputs(model, self.traceable, self.feeds[:count])
        have = np.concatenate([_floats(np.asarray(one[0])).ravel() for one in outputs])
        want = np.concatenate([one[0].ravel() for one in self.wanted[:count]])
        picture = self.traceable.outputs[0] in self.traceable.pictures
        return psnr(have, want, 1.0 if picture else max(float(np.abs(want).max()), TINY))

    def with_fewer_flats(self, count: int) -> Comparison:
        """Returns the same with so many of the pictures with flat areas."""
        return replace(self, flats=self.flats[:count], flats_wanted=self.flats_wanted[:count])

    def shift(self, model: onnx.ModelProto) -> float | None:
        """Returns `flat_shift`; None where nothing flat is compared."""
        return flat_shift(model, self.traceable, self.flats, self.flats_wanted) if self.flats else None

    def cost(self, model: onnx.ModelProto) -> tuple[float, float | None]:
        """Returns `psnr` and `shift`."""
        return self.psnr(model), self.shift(model)


def onnx_outputs(model: onnx.ModelProto, traceable: Traceable, feeds: Sequence[Feed]) -> list[list[npt.NDArray[Any]]]:
    """Returns a model's outputs in ONNX Runtime on the CPU for every feed.

    Raises:
        ModelError: ONNX Runtime can't load or run it.
    """
    names = list(traceable.outputs)
    try:
        session = cpu_session(model)
        photos = {i.name for i in session.get_inputs() if i.type == "tensor(uint8)"}
        return [session.run(names, {n: _bytes(v) if n in photos else v for n, v in f.items()}) for f in feeds]
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ModelError(
            f"ONNX Runtime can't run the exported {traceable.spec.role} graph: {first_line(error)}"
        ) from error


def _bytes(planes: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Returns float32 (1, 3, H, W) in [0, 1] as uint8 (1, H, W, 3)."""
    return to_bytes(planes)[None]


def _floats(value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns an output as it is, or uint8 (1, H, W, 3) as float32 (1, 3, H, W) in [0, 1]."""
    return to_floats(value[0]) if value.dtype == np.uint8 else value


def _report(name: str, picture: bool, found: list[Difference]) -> OutputReport:
    psnrs = [d.psnr for d in found]
    ssims = [d.ssim for d in found if d.ssim is not None]
    mean_ssim = float(np.mean(ssims)) if ssims else None
    return OutputReport(name, picture, max(d.largest for d in found), float(np.mean(psnrs)), min(psnrs), mean_ssim)


def require(reports: Sequence[OutputReport], precision: str, role: str, tolerance: Tolerance | None = None) -> None:
    """Raises CheckFailed if any output is further from torch than is allowed, by default for its precision."""
    tolerance = tolerance or TOLERANCES[precision]
    for report in reports:
        if not report.meets(tolerance):
            raise CheckFailed(
                f"the {precision} {role} graph differs too much from torch: {report.output} has "
                f"PSNR {report.mean_psnr:.1f} dB on average and {report.worst_psnr:.1f} dB at the worst, "
                f"SSIM {report.mean_ssim or 0:.3f}, flat areas moved by "
                f"{report.shift or 0:.1f} levels; needed are {tolerance}; nothing was written"
            )
