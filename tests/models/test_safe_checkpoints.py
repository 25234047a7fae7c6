from __future__ import annotations

import argparse
import os
import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file

from stylex.errors import InputError, ModelError
from stylex.models.safe_checkpoints import read_checkpoint

TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2)}


class Malicious:
    """Unpickled without care, this writes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def refused(path: Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize(
    "wrapped",
    [
        TENSORS,
        {"state_dict": TENSORS, "epoch": 4, "optimizer": {"lr": 1}},
        {"params_ema": TENSORS, "params": {n: -t for n, t in TENSORS.items()}},
        {f"module.{n}": t for n, t in TENSORS.items()},
        {f"_orig_mod.{n}": t for n, t in TENSORS.items()},
        {"net": TENSORS, "epoch": np.int64(3), "best": np.float64(0.5)},
        {**TENSORS, "step": torch.tensor(5)},
        {"state_dict": TENSORS, "args": argparse.Namespace(rate=1e-3), "place": Path("x")},
        {"model": {f"module.{n}": t.half() for n, t in TENSORS.items()}},
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_common_wrappers_and_both_formats_of_torch(tmp_path, wrapped, zipped):
    path = tmp_path / "net.pth"
    torch.save(wrapped, path, _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    assert read.keys() == TENSORS.keys()
    assert all(torch.equal(read[n], t) and read[n].dtype == torch.float32 for n, t in TENSORS.items())


def test_safetensors(tmp_path):
    save_file({n: t.half() for n, t in TENSORS.items()}, tmp_path / "net.safetensors")
    assert torch.equal(read_checkpoint(tmp_path / "net.safetensors")["a.weight"], TENSORS["a.weight"])
    (tmp_path / "net.safetensors").write_bytes(b"\x10" * 40)
    refused(tmp_path / "net.safetensors", "not a usable safetensors file")


@pytest.mark.parametrize("form", ["zip", "legacy", "bare", "beside tensors"])
def test_code_in_a_pickle_never_runs(tmp_path, form):
    path, marker = tmp_path / "net.pth", tmp_path / "marker"
    if form == "bare":
        path.write_bytes(pickle.dumps(Malicious(marker), 2))
    else:
        held = {"state_dict": TENSORS, "x": Malicious(marker)} if form == "beside tensors" else Malicious(marker)
        torch.save(held, path, _use_new_zipfile_serialization=form != "legacy")
    refused(path, r"was not read: it is a pickle that calls \w+\.system")
    assert not marker.exists()
    if form == "zip":  # and the file is as dangerous as it claims to be
        torch.load(path, weights_only=False)
        assert marker.exists()


def test_a_whole_module_is_refused(tmp_path):
    torch.save(torch.nn.Conv2d(3, 3, 1), tmp_path / "net.pth")
    refused(
        tmp_path / "net.pth",
        r"whole pickled module \(it calls torch.nn.modules.conv.Conv2d.*save the network's state_dict\(\)",
    )


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated_files(tmp_path, zipped):
    path = tmp_path / "net.pth"
    torch.save(TENSORS, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in (0, 1, 60, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:length])
        refused(path, "damaged or no checkpoint of torch")


@pytest.mark.parametrize("held", [[1, 2], {"a": 1}, {}, {"a": torch.eye(3).to_sparse()}, {3: torch.ones(1)}])
def test_no_dictionary_of_tensors(tmp_path, held):
    torch.save(held, tmp_path / "net.pth")
    refused(tmp_path / "net.pth", "holds no dictionary of named tensors")


def test_values_that_are_not_finite(tmp_path):
    torch.save({**TENSORS, "a.bias": torch.tensor([1.0, float("nan")])}, tmp_path / "net.pth")
    refused(tmp_path / "net.pth", "values in a.bias that are not finite")


def test_missing_files(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.pth"):
        with pytest.raises(InputError, match="not a file"):
            read_checkpoint(path)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_files_of_other_kinds_are_named(tmp_path):
    path = tmp_path / "net.pth"
    torch.jit.save(torch.jit.trace(torch.nn.Conv2d(3, 3, 1), torch.rand(1, 3, 4, 4)), path)
    refused(path, r"is a TorchScript program; .*torch\.jit\.load")
    for data, expected in (
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b'{"a": 1}', "is a JSON file: needed is a checkpoint of PyTorch"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5"),
        (onnx.ModelProto(ir_version=99, producer_name="somebody else").SerializeToString(), "is an ONNX graph"),
    ):
        path.write_bytes(data)
        refused(path, expected)


STATE = {"conv.weight": torch.ones(2, 3), "conv.bias": torch.zeros(2)}


@pytest.mark.parametrize(
    "wrapped",
    [
        [STATE, 3],
        (STATE, {"epoch": 3}),
        {"model": STATE, "numpy": np.random.RandomState(0).get_state(), "torch": torch.get_rng_state()},
        {"model": STATE, "scores": np.zeros(3), "best": np.float32(0.5)},
        STATE | {"state": torch.get_rng_state(), "steps": torch.arange(3)},
    ],
    ids=["list", "tuple", "generators", "arrays", "counts"],
)
def test_what_stands_beside_the_parameters_is_passed_over(wrapped, tmp_path):
    torch.save(wrapped, tmp_path / "w.pth")
    assert {"conv.weight", "conv.bias"} == set(read_checkpoint(tmp_path / "w.pth"))


@pytest.mark.parametrize("kept", [lambda t: t.to(torch.int8), lambda t: t.to("meta"), lambda t: t.numpy()])
def test_parameters_without_usable_values(kept, tmp_path):
    torch.save({name: kept(value) for name, value in STATE.items()}, tmp_path / "w.pth")
    refused(tmp_path / "w.pth", "holds no dictionary of named tensors")
