"""The audit of a float graph before it is quantized."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from stylex.quant.audit import audit
from stylex.quant.int8 import INT8_TARGETS

FEED = {"x": np.ones((1, 3, 20, 24), np.float32)}


def reasons(model: onnx.ModelProto, target: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in audit(model, INT8_TARGETS[target], FEED).findings:
        found.setdefault(one.convolution, []).append(one.why)
    return found


@pytest.mark.parametrize("target", INT8_TARGETS)
def test_shallow_convolutions_gain_nothing(target: str, tiny: onnx.ModelProto) -> None:
    found = audit(tiny, INT8_TARGETS[target], FEED)
    assert (found.target, found.convolutions) == (target, 4)
    assert found.share == pytest.approx(1) and not found.pays
    assert found.lines()[0] == f"INT8 will not pay: 100 % of the multiplications gain no speed on {target}"
    fewest = INT8_TARGETS[target].fewest_channels
    stem = next(line for line in found.lines() if line.startswith("node_stem "))
    assert stem.endswith(f"has 3 input channels, fewer than the {fewest} from which INT8 pays")
    assert len(found.lines()) == 5


def test_shares_are_of_multiplications(tiny: onnx.ModelProto) -> None:
    shares = {one.convolution: one.share for one in audit(tiny, INT8_TARGETS["cpu-arm"], FEED).findings}
    work = {"node_stem": 18 * 22 * 8 * 3, "node_c2": 18 * 22 * 8 * 8, "node_c3": 18 * 22 * 8 * 8}
    work["node_head"] = 18 * 22 * 12 * 8
    assert shares == pytest.approx({name: count / sum(work.values()) for name, count in work.items()})
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def deep(net: Any, **stem: Any) -> Any:
    """A network whose body has channels enough, behind a strided stem that is a small part of it."""
    n = net()
    n.conv("x", 3, 64, "stem", 4)
    for name, values in stem.items():
        n.nodes[-1].attribute.append(onnx.helper.make_attribute(name, values))
    n.relu("stem", "r0")
    n.conv("r0", 64, 64, "body")
    return n


def test_a_network_that_pays(net: Any) -> None:
    n = deep(net, strides=[4, 4])
    n.constants["stem_w"] = np.random.default_rng(1).normal(size=(64, 3, 4, 4)).astype(np.float32)
    feed = {"x": np.ones((1, 3, 40, 40), np.float32)}
    model = n.model({"body": 4})
    arm = audit(model, INT8_TARGETS["cpu-arm"], feed)
    assert arm.pays and [one.convolution for one in arm.findings] == ["node_stem"]
    assert arm.lines()[0] == f"{100 * arm.share:.0f} % of the multiplications gain no speed on cpu-arm"
    x86 = audit(model, INT8_TARGETS["cpu-x86"], feed)  # four pixels of three channels are twelve there
    assert x86.pays and x86.findings == () and x86.lines() == []


def test_groups_computed_weights_and_odd_channels(net: Any) -> None:
    n = net()
    n.conv("x", 3, 30, "stem")
    n.conv("stem", 30, 32, "odd")
    n.conv("odd", 1, 32, "each")
    n.nodes[-1].attribute.append(onnx.helper.make_attribute("group", 32))
    n.node("Mul", ["odd_w", n.constant("two", np.float32(2))], "made")
    n.node("Conv", ["stem", "made"], "computed")
    found = reasons(n.model({"each": 4, "computed": 4}), "cpu-x86")
    assert found["node_odd"] == ["has 30 input channels, no multiple of 4"]
    assert found["node_each"] == ["has 1 input channel in each group, fewer than the 16 from which INT8 pays"]
    assert found["node_computed"] == ["has computed weights: it stays in float32"]


def test_weights_of_one_sign_need_a_zero_point(net: Any) -> None:
    n = deep(net)
    n.constants["body_w"][:5] = np.abs(n.constants["body_w"][:5]) + 0.01
    model = n.model({"body": 4})
    found = audit(model, INT8_TARGETS["cpu-arm"], FEED)
    assert [one.why for one in found.findings if one.convolution == "node_body"] == [
        "has weights of one sign in 5 of 64 output channels: they need a zero point, and kernels take none"
    ]
    assert found.share == pytest.approx(sum(one.share for one in found.findings if one.slow)) and found.pays
