from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from stylex.errors import InputError, ModelError
from stylex.files import sha256_of
from stylex.imaging.sizes import PALETTE_SIZE
from stylex.models.adain.network import AdaIN
from stylex.models.packed import pack
from stylex.models.shared.backbone import BackboneSpec
from stylex.models.weights import CALIBRATION, embedded, read_weights


@pytest.fixture
def written(tmp_path, spec):
    path = tmp_path / "weights.safetensors"
    tensors = {k: v.half() for k, v in AdaIN(spec).state_dict().items()}
    save_file({**tensors, CALIBRATION: torch.ones(4, spec.code_size).half()}, path)
    return path


def test_reads_parameters_extras_and_card(written, spec):
    written.with_name("card.json").write_text(json.dumps({"steps": 5}))
    weights = read_weights(written)
    assert weights.sha256 == sha256_of(written)
    assert weights.extras.keys() == {CALIBRATION} and CALIBRATION not in weights.tensors
    assert {t.dtype for t in [*weights.tensors.values(), *weights.extras.values()]} == {torch.float32}
    assert weights.card == {"steps": 5}
    network = AdaIN(spec).train()
    weights.fill(network)
    assert not network.training
    assert torch.equal(network.backbone.stem.weight, weights.tensors["backbone.stem.weight"])


def test_a_card_is_not_needed(written):
    assert read_weights(written).card == {}


@pytest.mark.parametrize("text", ["{", "[1]", "\x00"])
def test_a_damaged_card(written, text):
    written.with_name("card.json").write_text(text)
    with pytest.raises(ModelError, match="restore or remove it"):
        read_weights(written)


def test_missing_weights(tmp_path):
    for path in (tmp_path / "nowhere.safetensors", tmp_path):
        with pytest.raises(InputError, match="not a file"):
            read_weights(path)


def test_a_pointer_in_place_of_weights(written):
    written.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(
        ModelError, match="is a Git LFS pointer, not the file itself: fetch the file with `git lfs pull`"
    ):
        read_weights(written)


def test_damaged_weights(written):
    for data in (b"", b"no tensors here", written.read_bytes()[:500]):
        written.write_bytes(data)
        with pytest.raises(ModelError, match="usable safetensors"):
            read_weights(written)


def test_weights_of_another_network(written):
    with pytest.raises(ModelError, match="doesn't fit this network") as caught:
        read_weights(written).fill(AdaIN(BackboneSpec(quarter=16, eighth=16, blocks=1, fine_blocks=1)))
    assert "\n" not in str(caught.value)


def test_the_embedded_weights_fit_their_network():
    weights = read_weights(embedded("adain"))
    network = AdaIN()
    weights.fill(network)
    assert weights.extras[CALIBRATION].shape[1] == network.code_size + PALETTE_SIZE
    assert weights.card["weights_sha256"] == weights.sha256


def test_packed_weights_are_read_as_the_file_they_came_from(written, monkeypatch, tmp_path):
    whole, packed = read_weights(written), written.with_suffix(".packed")
    (tmp_path / "adain-fp16.onnx").write_bytes(written.read_bytes()[400:])
    monkeypatch.setattr("stylex.models.weights.GRAPHS", tmp_path)
    packed.write_bytes(pack(written.read_bytes(), {"adain-fp16.onnx": (tmp_path / "adain-fp16.onnx").read_bytes()}))
    size = written.stat().st_size
    written.unlink()
    assert packed.stat().st_size < size
    again = read_weights(written)
    assert again.sha256 == whole.sha256
    assert again.tensors.keys() == whole.tensors.keys()
    assert all(torch.equal(again.tensors[n], t) for n, t in whole.tensors.items())
    (tmp_path / "adain-fp16.onnx").write_bytes(b"another export")
    with pytest.raises(ModelError, match=r"has changed.*: install stylex again"):
        read_weights(written)
    (tmp_path / "adain-fp16.onnx").unlink()
    with pytest.raises(InputError, match=r"adain-fp16\.onnx can't be read"):
        read_weights(written)
