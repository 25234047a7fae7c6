"""An exported graph against torch, on real photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch

from stylex.errors import CheckFailed, ModelError, first_line
from stylex.export.graph_spec import Traceable
from stylex.export.metrics import Difference, compare
from stylex.imaging.arrays import to_bytes, to_floats
from stylex.quant.calibration import Feed, cpu_session


@dataclass(frozen=True)
class Tolerance:
    """The limits that a precision must reach.

    Attributes:
        mean_psnr, worst_psnr: decibels of the pictures, on average and at the worst.
        mean_ssim: of the pictures, on average.
        numbers_psnr: decibels of the other outputs, at the worst.
    """

    mean_psnr: float
    worst_psnr: float
    mean_ssim: float
    numbers_psnr: float


TOLERANCES = {
    "fp32": Tolerance(70, 60, 0.999, 70),
    "fp16": Tolerance(45, 40, 0.99, 50),
    "int8": Tolerance(30, 26, 0.95, 20),
}


@dataclass(frozen=True)
class OutputReport:
    """One output over all feeds: largest absolute difference, PSNR and SSIM on average and at the worst."""

    output: str
    picture: bool
    largest: float
    mean_psnr: float
    worst_psnr: float
    mean_ssim: float | None

    def meets(self, tolerance: Tolerance) -> bool:
        """Whether the output is close enough."""
        if not self.picture:
            return self.worst_psnr >= tolerance.numbers_psnr
        assert self.mean_ssim is not None
        near = self.mean_psnr >= tolerance.mean_psnr and self.worst_psnr >= tolerance.worst_psnr
        return near and self.mean_ssim >= tolerance.mean_ssim


def reference(traceable: Traceable, feeds: Sequence[Feed]) -> list[list[npt.NDArray[Any]]]:
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
    """Run a model in ONNX Runtime on the CPU and compare every output with torch's.

    Raises:
        ModelError: ONNX Runtime can't load or run it.
    """
    names = list(traceable.outputs)
    try:
        session = cpu_session(model)
        photos = {i.name for i in session.get_inputs() if i.type == "tensor(uint8)"}
        have = [session.run(names, {n: _bytes(v) if n in photos else v for n, v in f.items()}) for f in feeds]
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ModelError(
            f"ONNX Runtime can't run the exported {traceable.spec.role} graph: {first_line(error)}"
        ) from error
    reports = []
    for i, name in enumerate(names):
        picture = name in traceable.pictures
        pairs = zip(have, wanted, strict=True)
        reports.append(_report(name, picture, [compare(_floats(np.asarray(a[i])), b[i], picture) for a, b in pairs]))
    return reports


def _bytes(planes: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Float32 (1, 3, H, W) in [0, 1] as uint8 (1, H, W, 3)."""
    return to_bytes(planes)[None]


def _floats(value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An output as it is, or uint8 (1, H, W, 3) as float32 (1, 3, H, W) in [0, 1]."""
    return to_floats(value[0]) if value.dtype == np.uint8 else value


def _report(name: str, picture: bool, found: list[Difference]) -> OutputReport:
    psnrs = [d.psnr for d in found]
    ssims = [d.ssim for d in found if d.ssim is not None]
    mean_ssim = float(np.mean(ssims)) if ssims else None
    return OutputReport(name, picture, max(d.largest for d in found), float(np.mean(psnrs)), min(psnrs), mean_ssim)


def require(reports: Sequence[OutputReport], precision: str, role: str) -> None:
    """Raise CheckFailed if any output is further from torch than its precision allows."""
    tolerance = TOLERANCES[precision]
    for report in reports:
        if not report.meets(tolerance):
            raise CheckFailed(
                f"the {precision} {role} graph differs too much from torch: {report.output} has "
                f"PSNR {report.mean_psnr:.1f} dB on average and {report.worst_psnr:.1f} dB at the worst, "
                f"SSIM {report.mean_ssim or 0:.3f}; needed are {tolerance}; nothing was written"
            )
