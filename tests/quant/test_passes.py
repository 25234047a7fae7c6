from __future__ import annotations

import numpy as np
import pytest

from stylex.errors import ModelError
from stylex.quant.passes import ClipBeforeShuffle, Tidy, run_passes


class Breaks:
    name = "break everything"

    def apply(self, model):
        model.graph.node[0].op_type = "NoSuchOp"
        return True


def ops(model):
    return [n.op_type for n in model.graph.node]


def test_tidy_strips_traces_and_says_so(tiny, feeds, run):
    before = run(tiny, feeds[0])
    tiny.graph.node[0].doc_string = "File '/home/somebody/model.py'"
    entry = tiny.graph.input[0].metadata_props.add()
    entry.key, entry.value = "pkg", "trace"
    assert run_passes(tiny, [Tidy()]) == {"tidy": True}
    assert b"somebody" not in tiny.SerializeToString() and not tiny.graph.input[0].metadata_props
    assert run_passes(tiny, [Tidy()]) == {"tidy": False}
    for a, b in zip(before, run(tiny, feeds[0]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_clip_before_shuffle_gives_the_same_numbers(tiny, feeds, run):
    before = [run(tiny, f) for f in feeds]
    assert run_passes(tiny, [ClipBeforeShuffle()]) == {"clip before shuffle": True}
    kinds = ops(tiny)
    assert kinds.index("Clip") < kinds.index("DepthToSpace")
    for feed, want in zip(feeds, before, strict=True):
        for a, b in zip(run(tiny, feed), want, strict=True):
            np.testing.assert_array_equal(a, b)
    assert run_passes(tiny, [ClipBeforeShuffle()]) == {"clip before shuffle": False}


def test_clip_stays_where_the_shuffled_values_are_an_output_too(net, feeds, run):
    n = net()
    n.clip(n.shuffle(n.conv("x", 3, 12, "c"), "shuffled"), "y", 0.4, 0.6)
    model = n.model({"y": 4, "shuffled": 4})
    before = run(model, feeds[0])
    assert run_passes(model, [ClipBeforeShuffle()]) == {"clip before shuffle": False}
    for a, b in zip(run(model, feeds[0]), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_invalid_model_names_the_pass(tiny):
    with pytest.raises(ModelError, match="after break everything"):
        run_passes(tiny, [Tidy(), Breaks()])
    with pytest.raises(ModelError, match="before quantization"):
        run_passes(tiny, [Tidy()])
