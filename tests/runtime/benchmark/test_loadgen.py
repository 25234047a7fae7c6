"""MLPerf's load generator, for real."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from stylex.errors import MissingPackage
from stylex.runtime.benchmark.loadgen import SCENARIOS, run_scenario
from stylex.runtime.benchmark.row import Configuration
from stylex.runtime.benchmark.timing import isolated


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenarios(scenario: str, photo: np.ndarray) -> None:
    pytest.importorskip("mlperf_loadgen", reason="the load generator comes with stylex[bench]")
    result = isolated(run_scenario, Configuration("fast", "int8", "cpu", 32, 1, "the-scream"), photo, scenario, 1.0)
    assert result.scenario == scenario
    figure = result.samples_per_second if scenario == "Offline" else 1e3 / result.p90_ms
    assert 5 < figure < 1e4
    assert "MLPerf Results Summary" in result.summary


def test_without_it(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    with pytest.raises(MissingPackage, match=r"mlcommons-loadgen, .*pip install 'stylex\[bench\]'"):
        run_scenario(Configuration("adain", "int8"), photo, "Offline", 1.0)
