"""Which precision to take, in words."""

from __future__ import annotations

import numpy as np

from stylex.runtime.benchmark.row import Row, percentiles
from stylex.runtime.benchmark.verdict import verdict


def row(precision: str, median: float, psnr: float | None, peak: float | None = 120.0) -> Row:
    times = median * np.random.default_rng(len(precision)).lognormal(0, 0.02, 100)
    found = percentiles(times)
    return Row("stylex adain", precision, "cpu", 512, 0, psnr=psnr, file_bytes=10**6, peak_mib=peak, **found)


def test_the_fastest_that_is_faithful() -> None:
    found = verdict("adain", [row("fp32", 60, None), row("fp16", 70, 90.0), row("int8", 20, 38.0)])
    assert (found.technique, found.provider, found.precision) == ("adain", "cpu", "int8")
    assert found.why[0].startswith("take int8 for adain on cpu, ")
    assert "fp16 is slower than fp32" in found.why[1]
    assert "int8 is 3.0" in found.why[2] or "int8 is 2.9" in found.why[2]
    assert "38.0 dB" in found.why[2]


def test_a_poor_picture_is_not_taken() -> None:
    found = verdict("adain", [row("fp32", 60, None), row("int8", 20, 25.0)])
    assert found.precision == "fp32"
    assert "25.0 dB to its picture, fewer than the 30 that are needed" in found.why[1]


def test_what_does_not_pay_is_not_taken() -> None:
    found = verdict("adain", [row("fp32", 60, None), row("int8", 59.5, 38.0, peak=None)])
    assert found.precision == "fp32"
    assert "MiB" not in found.why[1]


def test_one_precision_alone() -> None:
    assert verdict("adain", [row("int8", 20, None)]).precision == "int8"
