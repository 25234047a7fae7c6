from __future__ import annotations

import json
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from stylex.artifacts.catalog import GRAPHS
from stylex.models.packed import SHORTEST, pack, unpack
from stylex.models.weights import embedded


def weights_of(*sizes: int) -> bytes:
    torch.manual_seed(0)
    return save({f"layer.{i}": torch.randn(size).half() for i, size in enumerate(sizes)}, {"format": "pt"})


@given(st.lists(st.integers(0, 300), max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_what_is_unpacked_is_the_same_file(sizes: list[int], held: list[bool]) -> None:
    weights = weights_of(*sizes)
    tensors = [t.numpy().tobytes() for t in load(weights).values()]
    graph = b"graph" + b"between".join(t for t, yes in zip(tensors, held, strict=False) if yes)
    packed = pack(weights, {"a.onnx": b"another", "b.onnx": graph})
    assert unpack(packed, {"a.onnx": b"another", "b.onnx": graph}.__getitem__) == weights


def test_only_what_no_graph_holds_is_kept() -> None:
    weights = weights_of(5000, 4000, 8)
    first, second, third = (load(weights)[f"layer.{i}"].numpy().tobytes() for i in range(3))
    packed = pack(weights, {"g.onnx": b"x" + first + third})
    assert first not in packed and second in packed
    assert third in packed, f"shorter than {SHORTEST} bytes"
    assert len(packed) < len(second) + 800


@pytest.mark.parametrize("data", [b"", b"short", struct.pack("<Q", 4) + b"{}{}", struct.pack("<Q", 2) + b"[]"])
def test_neither_packs_nor_unpacks_what_is_damaged(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a safetensors file"):
        pack(data, {})
    with pytest.raises(ValueError, match="damaged"):
        unpack(data, lambda _: b"")


def test_a_changed_graph_is_noticed() -> None:
    weights = weights_of(5000)
    graph = load(weights)["layer.0"].numpy().tobytes()
    packed = pack(weights, {"g.onnx": graph})
    for other in (b"\0" + graph[1:], graph[:-1], b""):
        with pytest.raises(ValueError, match="has changed"):
            unpack(packed, {"g.onnx": other}.__getitem__)


def test_the_embedded_graphs_hold_nearly_all_of_adain() -> None:
    weights = embedded("adain").read_bytes()
    graphs = {file.name: file.read_bytes() for file in GRAPHS.glob("adain-*.onnx")}
    packed = pack(weights, graphs)
    assert len(packed) < len(weights) / 20
    (length,) = struct.unpack_from("<Q", packed)
    assert {name for name, _, _ in json.loads(packed[8 : 8 + length])["pieces"]} >= {"adain-style.onnx"}
    assert unpack(packed, graphs.__getitem__) == weights
