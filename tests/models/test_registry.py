from __future__ import annotations

import pytest

from stylex.errors import UsageError
from stylex.methods import TECHNIQUES, technique_named
from stylex.models.registry import ENTRIES, Entry, embedded_models, entry, unique
from stylex.runtime.facts import STYLE_ENCODER, TRANSFER


@pytest.mark.parametrize("known", ENTRIES, ids=lambda e: e.technique)
def test_every_entry_is_complete(known: Entry):
    assert known.technique in {m.name for m in TECHNIQUES}
    assert known.licence and known.provenance
    assert bool(known.styles) == technique_named(known.technique).one_style
    for model in embedded_models(known.technique):
        roles = [g.role for g in model.graphs(None)]
        assert TRANSFER in roles and set(roles) <= {TRANSFER, STYLE_ENCODER}


def test_entries_are_found_by_name():
    assert entry("adain") is ENTRIES[0]
    with pytest.raises(UsageError, match="choose adain"):
        entry("adaim")


def test_a_duplicate_raises():
    with pytest.raises(ValueError, match="adain"):
        unique((*ENTRIES, ENTRIES[0]))
