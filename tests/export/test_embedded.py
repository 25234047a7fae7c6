from __future__ import annotations

from click.testing import CliRunner

from stylex.cli import main
from stylex.export import pipeline
from stylex.models.weights import embedded
from stylex.runtime.session import open_graph


def test_the_embedded_weights_export_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "CHECKED_PHOTOS", 4)
    result = CliRunner().invoke(main, ["export", "adain", "-o", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "adain-fp32.onnx: transfer fp32" in result.output
    assert sorted(f.name for f in tmp_path.iterdir()) == ["adain-fp32.onnx", "adain-style.onnx"]
    graph = open_graph(tmp_path / "adain-fp32.onnx", "cpu")
    assert graph.facts.psnr > 70 and graph.facts.ssim > 0.999
    assert graph.facts.provenance.startswith("trained by stylex")
    assert embedded("adain").is_file()
