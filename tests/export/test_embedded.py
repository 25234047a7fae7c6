from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from skimage import data

from stylex.cli import main
from stylex.export import samples
from stylex.export.samples import Samples
from stylex.imaging.arrays import to_floats
from stylex.models.adain.embedded import embedded_adain
from stylex.models.shared.backbone import BORDER
from stylex.models.weights import embedded
from stylex.runtime.engine.session import open_graph
from stylex.runtime.loading import load


def test_the_embedded_weights_export_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "SAMPLES", Samples(checking=4, rounds=1))
    result = CliRunner().invoke(main, ["export", "adain", "-o", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "adain-fp32.onnx: transfer fp32" in result.output
    assert sorted(f.name for f in tmp_path.iterdir()) == ["adain-fp32.onnx", "adain-style.onnx"]
    graph = open_graph(tmp_path / "adain-fp32.onnx", "cpu")
    assert graph.metadata.psnr > 70 and graph.metadata.ssim > 0.999
    assert graph.metadata.provenance.startswith("trained by stylex")
    assert embedded("adain").is_file()


@pytest.mark.parametrize("strength", [0.2, 0.4, 1.0])
@torch.no_grad()
def test_the_painter_paints_as_torch_does(strength):
    """The maps of palettes, the graph between them, and the code: NumPy and ONNX against torch, from end to end."""
    painter, (network, _) = load("adain", "fp32", "cpu"), embedded_adain()
    photo = np.ascontiguousarray(data.chelsea()[:160, 100:340])
    style = np.ascontiguousarray(data.coffee()[::2, ::2])
    code = painter.encode(style)
    have = painter(photo, code, strength).astype(float)
    content = torch.from_numpy(to_floats(cv2.copyMakeBorder(photo, *[BORDER] * 4, cv2.BORDER_REFLECT_101)))
    codes = network.encode(torch.from_numpy(to_floats(style)))
    np.testing.assert_allclose(code.values, codes[0], atol=2e-3)
    wanted = network(content, codes, strength)[0][0].clamp(0, 1).permute(1, 2, 0).numpy() * 255
    assert np.abs(have - wanted).mean() < 0.6 and np.abs(have - wanted).max() < 6
