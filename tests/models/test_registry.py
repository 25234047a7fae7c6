from __future__ import annotations

import json
import shutil

import pytest

from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER
from stylex.errors import UsageError
from stylex.models.registry import ENTRIES, Entry, embedded_models, entry, own_model, unique
from stylex.models.weights import embedded
from stylex.techniques import TECHNIQUES, TOOLS, has_one_style


@pytest.mark.parametrize("known", ENTRIES, ids=lambda e: e.technique)
def test_every_entry_is_complete(known: Entry):
    assert known.technique in {m.name for m in TECHNIQUES} | set(TOOLS)
    assert known.licence and known.provenance
    assert bool(known.styles) == has_one_style(known.technique)
    for model in embedded_models(known.technique):
        roles = [g.spec.role for g in model.graphs(None)]
        if known.technique in TOOLS:
            assert roles == [known.technique]
        else:
            assert TRANSFER in roles and set(roles) <= {TRANSFER, STYLE_ENCODER}


def test_entries_are_found_by_name():
    assert entry("adain") is ENTRIES[0]
    with pytest.raises(UsageError, match="choose adain"):
        entry("adaim")


def test_a_duplicate_raises():
    with pytest.raises(ValueError, match="adain"):
        unique((*ENTRIES, ENTRIES[0]))


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
