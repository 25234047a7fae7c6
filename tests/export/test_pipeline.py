from __future__ import annotations

import json

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import skimage.data
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from stylex.artifacts.metadata import BYTES, PLANES, STYLE_ENCODER, TARGETS, TRANSFER, GraphMetadata
from stylex.cli import main
from stylex.errors import CheckFailed, InputError, ModelError, UsageError
from stylex.export import check
from stylex.export.int8 import Calibrated
from stylex.export.pipeline import ExportSettings, export
from stylex.files import sha256_of
from stylex.imaging.arrays import to_bytes
from stylex.imaging.sizes import PALETTE_SIZE
from stylex.models.registry import embedded_models, own_model
from stylex.models.weights import CALIBRATION
from stylex.techniques.exporting import OPSET

pytestmark = pytest.mark.usefixtures("tiny_registry")


def opened(path):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session, GraphMetadata.from_props(session.get_modelmeta().custom_metadata_map, path.name)


def inputs(metadata, height=64, width=64):
    content = np.random.default_rng(0).random((1, 3, height + 4, width + 4), np.float32)
    return {
        "content": to_bytes(content)[None] if metadata.layout == BYTES else content,
        "codes": np.ones((1, metadata.spec.code_size), np.float32),
        "masks": np.ones((1, 1, height // 8, width // 8), np.float32),
        "frozen": np.zeros((1, metadata.spec.code_size), np.float32),
        "freeze": np.zeros(1, np.float32),
    }


def exported(settings, folder, *rest, weights=None):
    models = [own_model("adain", weights)] if weights else embedded_models("adain")
    return export(models, settings, folder, *rest)


def kinds(path):
    return {n.op_type for n in onnx.load(path).graph.node}


CONFIGURATIONS = [
    *(("fp32", "cpu-x86"), ("fp16", "cpu-x86"), ("fp16", "tensorrt")),
    *(("int8", target) for target in TARGETS),
]


@pytest.mark.parametrize(("precision", "target"), CONFIGURATIONS)
def test_every_precision_and_target(tmp_path, weights, network, precision, target):
    made = exported(ExportSettings(precision, target), tmp_path)
    assert [e.path.name for e in made] == [f"adain-{precision}.onnx", "adain-style.onnx"]
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted(e.path.name for e in made)
    for one in made:
        session, metadata = opened(one.path)
        assert metadata == one.metadata and one.size == one.path.stat().st_size
        assert metadata.target == target and metadata.weights_sha256 == sha256_of(weights)
        palette = PALETTE_SIZE * (metadata.spec.role == STYLE_ENCODER)
        assert metadata.spec.code_size == network.spec.code_size + palette and metadata.opset == OPSET
        assert metadata.licence == "MIT" and metadata.provenance == "made by the tests"
        assert metadata.versions.keys() == {"stylex", "torch", "onnx", "onnxruntime"}
        assert metadata.psnr is not None and metadata.spec.fixed_size is None
        assert len(one.reports) == len(session.get_outputs())
    transfer, style = made
    assert (transfer.metadata.spec.role, transfer.metadata.precision) == (TRANSFER, precision)
    assert (style.metadata.spec.role, style.metadata.precision) == (STYLE_ENCODER, "fp16")
    assert transfer.metadata.ssim is not None and style.metadata.ssim is None
    session, metadata = opened(transfer.path)
    painted, statistics = session.run(None, inputs(metadata, 96, 48))
    if (precision, target) == ("int8", "cpu-x86"):
        assert metadata.layout == BYTES
        assert painted.shape == (1, 96, 48, 3) and painted.dtype == np.uint8
    else:
        assert metadata.layout == PLANES
        assert painted.shape == (1, 3, 96, 48) and painted.dtype == np.float32
        assert 0 <= painted.min() <= painted.max() <= 1
    assert statistics.shape == (1, metadata.spec.code_size)


def test_fp16_says_what_computes_in_float32(tmp_path):
    cpu = exported(ExportSettings("fp16"), tmp_path)[0]
    gpu = exported(ExportSettings("fp16", "tensorrt"), tmp_path)[0]
    assert any("conv2d" in n for n in cpu.metadata.float_nodes)
    assert not any("conv2d" in n for n in gpu.metadata.float_nodes)
    names = {n.name for n in onnx.load(gpu.path).graph.node}
    assert gpu.metadata.float_nodes and set(gpu.metadata.float_nodes) <= names
    islands = {n.op_type for n in onnx.load(gpu.path).graph.node if n.name in gpu.metadata.float_nodes}
    assert {"ReduceMean", "ReduceL2", "Sqrt", "MatMul"} <= islands


def test_the_style_encoder_keeps_its_weights_in_half_precision(tmp_path):
    style = exported(ExportSettings(), tmp_path)[1]
    large = [t for t in onnx.load(style.path).graph.initializer if np.prod(t.dims) >= 64]
    assert large and {t.data_type for t in large} == {onnx.TensorProto.FLOAT16}
    assert style.reports[0].worst_psnr > 90, "the weights were half precision before"


def test_int8_runs_on_integers_and_says_how_it_was_calibrated(tmp_path):
    transfer, style = exported(ExportSettings("int8"), tmp_path)
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds(transfer.path)
    assert "QuantizeLinear" not in kinds(style.path)
    assert len(transfer.metadata.calibration) == 64 and style.metadata.calibration == ""


def test_exporting_twice_makes_the_same_file(tmp_path):
    for precision in ("fp32", "fp16", "int8"):
        once, again = (exported(ExportSettings(precision), tmp_path)[0].path.read_bytes() for _ in range(2))
        assert once == again, precision


def test_a_fixed_size(tmp_path):
    transfer, style = exported(ExportSettings(size=40), tmp_path)
    session, metadata = opened(transfer.path)
    assert metadata.spec.fixed_size == 40 and style.metadata.spec.fixed_size is None
    shapes = {i.name: i.shape for i in session.get_inputs()}
    assert shapes["content"] == [1, 3, 44, 44]
    assert session.run(None, inputs(metadata, 40, 40))[0].shape == (1, 3, 40, 40)


def test_photos_of_ones_own(tmp_path):
    photos, models = tmp_path / "photos", tmp_path / "models"
    photos.mkdir(), models.mkdir()
    cv2.imwrite(str(photos / "one.png"), skimage.data.coffee())
    other = exported(ExportSettings("int8", calibration=photos), models)[0]
    usual = exported(ExportSettings("int8"), models)[0]
    assert other.metadata.calibration != usual.metadata.calibration


def test_weights_of_ones_own_are_not_sold_as_the_embedded_ones(tmp_path, weights):
    own = tmp_path / "weights.safetensors"
    own.write_bytes(weights.read_bytes())
    metadata = exported(ExportSettings(), tmp_path, weights=own)[0].metadata
    assert (metadata.licence, metadata.provenance) == ("not stated", "not stated")
    card = {"data": {"content": {"folder": "cats", "pictures": 9}, "style": {"folder": "dogs", "pictures": 8}}}
    own.with_name("card.json").write_text('{"data": {"content": 5}}')
    assert exported(ExportSettings(), tmp_path, weights=own)[0].metadata.provenance == "not stated"
    own.with_name("card.json").write_text(json.dumps(card))
    metadata = exported(ExportSettings(), tmp_path, weights=own)[0].metadata
    assert metadata.provenance == "trained by stylex on content cats (9 pictures), style dogs (8 pictures)"


def test_a_failing_check_leaves_no_file(tmp_path, monkeypatch):
    impossible = check.Tolerance(200, 200, 2, 200, 0)
    monkeypatch.setitem(check.TOLERANCES, "fp32", impossible)
    with pytest.raises(CheckFailed, match="nothing was written"):
        exported(ExportSettings(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_int8_leaves_convolutions_in_float32_until_it_gives_up(tmp_path, monkeypatch):
    notices = []
    monkeypatch.setitem(check.TOLERANCES, "int8", check.Tolerance(200, 200, 2, 200, 0))
    with pytest.raises(CheckFailed):
        exported(ExportSettings("int8"), tmp_path, notices.append)
    assert "too far from torch: measuring every convolution" in notices
    assert [t for t in notices if t.startswith("leaving")][-1] == "leaving 6 convolutions in float32"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("report", [False, True])
def test_int8_widens_a_range_before_it_leaves_a_convolution_in_float32(tmp_path, monkeypatch, report):
    notices, tried, quantized = [], [], Calibrated.quantized

    def noted(self, keep, variant):
        tried.append((keep, dict(variant.balances)))
        return quantized(self, keep, variant)

    checked = iter([False, False, True])  # as it is, with the second balance, with the third
    monkeypatch.setattr(Calibrated, "quantized", noted)
    monkeypatch.setattr(check.Comparison, "passes", lambda *_: next(checked))
    assert exported(ExportSettings("int8", report=report), tmp_path, notices.append)[0].kept_in_float32 == ()
    assert not list(checked) and not [t for t in notices if t.startswith("leaving")]
    assert len([t for t in notices if t.endswith("is given a wider range")]) == 1
    (_, usual), (keep, widened) = tried[-2:]
    (changed,) = (name for name in usual if usual[name] != widened[name])
    assert keep == frozenset() and widened[changed] < usual[changed]


def test_int8_reports_what_it_left_in_float32(tmp_path, monkeypatch):
    whole = exported(ExportSettings("int8"), tmp_path)[0]
    assert whole.kept_in_float32 == ()
    limit = whole.reports[0].worst_psnr + 0.02
    monkeypatch.setitem(check.TOLERANCES, "int8", check.Tolerance(0, limit, 0, 0, 255))
    partly = exported(ExportSettings("int8"), tmp_path)[0]
    assert partly.kept_in_float32 and partly.reports[0].worst_psnr >= limit
    model = onnx.load(partly.path)
    constants = {t.name for t in model.graph.initializer}
    kept = [n for n in model.graph.node if n.name in partly.kept_in_float32]
    assert kept and all(n.op_type == "Conv" and n.input[1] in constants for n in kept)


@pytest.mark.parametrize("size", [20, 33, 24, 0, -8])
def test_a_size_that_doesnt_fit(tmp_path, size):
    with pytest.raises(UsageError, match="multiple of 8, at least 32" if size > 0 else "at least 1"):
        exported(ExportSettings(size=size), tmp_path)


def test_wrong_settings(tmp_path, weights):
    for settings in (ExportSettings("fp8"), ExportSettings(target="toaster")):
        with pytest.raises(UsageError, match="choose"):
            exported(settings, tmp_path)
    with pytest.raises(UsageError, match="choose fast, cyclegan, adain"):
        embedded_models("gatys")
    with pytest.raises(InputError, match="create it first"):
        exported(ExportSettings(), tmp_path / "nowhere")
    with pytest.raises(InputError, match="not a folder"):
        exported(ExportSettings(calibration=tmp_path / "nowhere"), tmp_path)


def test_weights_without_codes(tmp_path, weights):
    tensors = {k: v for k, v in load_file(weights).items() if not k.startswith("calibration.")}
    save_file(tensors, tmp_path / "bare.safetensors")
    with pytest.raises(ModelError, match="no usable"):
        exported(ExportSettings(), tmp_path, weights=tmp_path / "bare.safetensors")
    save_file({**tensors, CALIBRATION: load_file(weights)[CALIBRATION][:1]}, tmp_path / "one.safetensors")
    with pytest.raises(ModelError, match="no usable"):
        exported(ExportSettings(), tmp_path, weights=tmp_path / "one.safetensors")


def test_json_report(tmp_path):
    result = CliRunner().invoke(main, ["export", "adain", "--fp16", "-o", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert [r["metadata"]["role"] for r in rows] == [TRANSFER, STYLE_ENCODER]
    assert rows[0]["bytes"] == (tmp_path / "adain-fp16.onnx").stat().st_size


def test_a_report_of_what_each_convolution_costs_at_int8(tmp_path):
    result = CliRunner().invoke(
        main, ["export", "adain", "--int8", "--report", "--keep-float", "1", "-o", str(tmp_path), "--json"]
    )
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)[0]
    costs = [layer["psnr"] - layer["shift"] for layer in row["layers"]]
    assert len(costs) == 12 and costs == sorted(costs)
    assert row["left_in_float32"] == [row["layers"][0]["convolution"]]
    model = onnx.load(row["path"])
    (kept,) = (n for n in model.graph.node if n.name in row["left_in_float32"])
    assert kept.op_type == "Conv" and kept.input[1] in {t.name for t in model.graph.initializer}
    audit = row["audit"]
    assert audit["convolutions"] == 12 and 0 < audit["share"] <= 1 and audit["pays"] == (audit["share"] < 0.5)
    assert all(one["convolution"] in result.stderr and one["why"] in result.stderr for one in audit["findings"])
    assert "gain no speed on cpu-x86" in result.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--int8", "--keep-float", "7"], "0 to 6"),
        (["--int8", "--keep-float", "-1"], "whole number, or auto"),
        (["--int8", "--keep-float", "some"], "whole number, or auto"),
        (["--int8", "--keep-float", "9" * 5000], "whole number, or auto"),
        (["--keep-float", "1"], "add --int8"),
        (["--fp16", "--report"], "add --int8"),
        (["--target", "web", "--report"], "leave --report out"),
    ],
)
def test_a_report_or_a_count_that_cannot_be(tmp_path, options, message):
    result = CliRunner().invoke(main, ["export", "adain", *options, "-o", str(tmp_path)])
    assert result.exit_code != 0 and message in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


def test_two_precisions_at_once_are_refused(tmp_path):
    result = CliRunner().invoke(main, ["export", "adain", "--fp16", "--int8", "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert "exclude each other" in result.output
