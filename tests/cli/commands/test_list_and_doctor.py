"""`stylex list` and `stylex doctor`: what there is."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Callable

import onnxruntime as ort
import pytest
from click.testing import Result

from stylex import __version__, techniques
from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.runtime.engine import hardware
from stylex.runtime.engine.providers import NAMES
from stylex.techniques import TECHNIQUES

RunCli = Callable[..., Result]


@pytest.mark.parametrize("more", [[], ["--json"], ["--markdown"]])
def test_a_technique_that_nothing_is_embedded_of_is_listed(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    row = dataclasses.replace(techniques.row_named("adain"), name="wash", summary="any style, thinly")
    monkeypatch.setattr(techniques, "TECHNIQUES", (row,))
    listed = run_cli("list", *more)
    assert listed.exit_code == 0 and "wash" in listed.stdout and "any style, thinly" in listed.stdout


def test_list(run_cli: RunCli) -> None:
    lines = run_cli("list").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [t.name for t in TECHNIQUES]
    rows = {line.split()[0]: line for line in lines}
    assert "edge + reference" in rows["adain"] and "1 x 0.9" in rows["adain"] and " yes " in rows["adain"]
    assert "torch, safetensors" in rows["gatys"] and "reference" in rows["gatys"]
    for technique in ("attention", "multiscale"):
        assert "edge + reference" in rows[technique] and " yes " in rows[technique]
    assert " av " in rows["video"] and " yes " in rows["video"]


def test_list_as_json(run_cli: RunCli) -> None:
    rows = {row["name"]: row for row in json.loads(run_cli("list", "--json").stdout)}
    assert [t.name for t in TECHNIQUES] == list(rows)
    sizes = {f"adain-{p}.onnx": (GRAPHS / f"adain-{p}.onnx").stat().st_size for p in ("fp32", "fp16", "int8")}
    assert rows["adain"]["embedded_bytes"] == sizes
    assert rows["fast"]["styles"] == styles_in(GRAPHS, "fast")
    for technique in TECHNIQUES:
        assert rows[technique.name]["runs_here"]
        assert bool(rows[technique.name]["embedded_bytes"]) == technique.has_graphs


def test_list_says_what_is_missing(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    lines = {line.split()[0]: line for line in run_cli("list").stdout.splitlines()}
    assert "no: pip install 'stylex[export]'" in lines["gatys"]
    assert "no: pip install 'stylex[video]'" in lines["video"]
    row = next(r for r in json.loads(run_cli("list", "--json").stdout) if r["name"] == "gatys")
    assert row["missing"] == ["torch", "safetensors"] and not row["runs_here"]


@pytest.fixture
def only_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])


@pytest.mark.usefixtures("only_cpu")
def test_doctor(run_cli: RunCli) -> None:
    text = run_cli("doctor").stdout
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert {"processor", "cores", "instruction_sets", "onnxruntime", "numpy", *NAMES} <= set(lines)
    assert lines["cpu"].endswith(" runs")
    assert lines["cuda"].endswith("pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu")
    assert lines["openvino"].endswith("pip install onnxruntime-ep-openvino")
    assert lines["stylex"].split() == ["stylex", __version__]


@pytest.mark.usefixtures("only_cpu")
def test_doctor_says_what_it_does_not_know(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "instruction_sets", lambda: None)
    monkeypatch.setattr(hardware, "memory_gib", lambda: None)
    monkeypatch.setattr(hardware, "gpus", lambda: ("Some Card", "Other Card"))
    lines = {line.split()[0]: line for line in run_cli("doctor").stdout.splitlines()}
    assert lines["instruction_sets"].split()[1:] == ["unknown"]
    assert lines["memory_gib"].split()[1:] == ["unknown"]
    assert lines["gpus"].endswith(" Some Card, Other Card")
    monkeypatch.setattr(hardware, "instruction_sets", lambda: ())
    monkeypatch.setattr(hardware, "gpus", lambda: ())
    lines = {line.split()[0]: line for line in run_cli("doctor").stdout.splitlines()}
    assert lines["instruction_sets"].split()[1:] == ["none"]
    assert lines["gpus"].split()[1:] == ["none"]


@pytest.mark.usefixtures("only_cpu")
def test_doctor_as_json(run_cli: RunCli) -> None:
    report = json.loads(run_cli("doctor", "--json").stdout)
    assert set(report) == {"machine", "packages", "providers", "kept", "advice"}
    assert report["packages"]["onnxruntime"] == ort.__version__
    assert report["packages"]["stylex"] == __version__
    more = {"pillow", "safetensors", "scikit-image", "tensorrt", "onnxruntime-ep-openvino"}
    assert more <= set(report["packages"])
    providers = {row["name"]: row for row in report["providers"]}
    assert tuple(providers) == NAMES
    assert providers["cpu"]["runs"] and providers["cpu"]["verified"] and not providers["cpu"]["reason"]
    for name in NAMES[1:]:
        assert not providers[name]["runs"]
        assert providers[name]["install"] in providers[name]["reason"]


@pytest.mark.usefixtures("only_cpu")
def test_doctor_advises_on_processors_without_vnni(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "int8_is_exact", lambda: False)
    assert "advice: this processor has no VNNI" in run_cli("doctor").stdout
    monkeypatch.setattr(hardware, "int8_is_exact", lambda: True)
    assert "advice" not in run_cli("doctor").stdout
