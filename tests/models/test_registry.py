from __future__ import annotations

import json
import shutil

import pytest

from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER
from stylex.errors import UsageError
from stylex.models.registry import embedded_models, model_of, own_model
from stylex.models.weights import embedded, embedded_styles, read_card
from stylex.techniques import EXPORTED, ROWS, row_named


@pytest.mark.parametrize("row", [row for row in ROWS if row.model], ids=lambda row: row.name)
def test_every_row_finds_its_network_and_training(row):
    spec = model_of(row.name)
    assert sum(p.numel() for p in spec.network().parameters()) > 10_000
    assert bool(spec.traceables) == row.has_graphs
    assert callable(spec.recipe.resolve()) and row.train
    assert bool(embedded_styles(row.name)) == row.single_style


@pytest.mark.parametrize("name", EXPORTED)
def test_every_embedded_model_can_be_exported(name):
    for model in embedded_models(name):
        card = read_card(embedded(name, model.style).with_name("card.json"))
        assert (model.licence, model.provenance) == (card["licence"], card["provenance"])
        roles = [graph.spec.role for graph in model.traceables(None)]
        if row_named(name).kind == "tool":
            assert roles == [name]
        else:
            assert TRANSFER in roles and set(roles) <= {TRANSFER, STYLE_ENCODER}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("adaim", "no technique 'adaim'"), ("video", "choose fast"), ("encoder", "choose fast"), ("gatys", "choose fast")],
)
def test_what_cant_be_exported(name, expected):
    with pytest.raises(UsageError, match=expected):
        embedded_models(name)


def test_a_style_that_there_is_not():
    with pytest.raises(UsageError, match="no weights for the style 'x'; choose composition-vii"):
        embedded_models("fast", "x")
    with pytest.raises(UsageError, match="its weights take any style"):
        embedded_models("adain", "x")


@pytest.mark.parametrize("name", ["a/b", "../x", ".hidden", ""])
def test_names_that_cant_be_part_of_a_files_name(name, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(embedded("fast", "the-scream"), folder)
    weights = folder / "weights.safetensors"
    assert own_model("fast", weights).style == "run", "without a card it is called like its folder"
    (folder / "card.json").write_text(json.dumps({"style": {"name": name or "a:b"}}))
    with pytest.raises(UsageError, match="can't be part of a file's name"):
        own_model("fast", weights)
    assert own_model("fast", weights, "good-name").style == "good-name"
