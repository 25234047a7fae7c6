from __future__ import annotations

import pytest
from evaluation.layers import CONTENT, NETWORKS, OWN, in_words, trained_on

from stylex.models.published.recognition import Architectures
from stylex.models.weights import embedded, read_weights
from stylex.techniques import ARBITRARY


def test_new_cards_list_their_layers() -> None:
    card = {"trained_on": ["vgg16:1_1", "slim:5_1", CONTENT], "settings": {"lattice": 4.0, "structure": 0.0}}
    assert trained_on(card) == {"vgg16:1_1", "slim:5_1", CONTENT, "checkerboard"}
    assert trained_on({"trained_on": []}) == frozenset()
    again = {"trained_on": ["slim:4_1"], "start": {"card": card}}
    assert trained_on(again) == {"slim:4_1", *trained_on(card)}, "also what it was begun with"


def test_old_cards_say_which_teachers_they_had() -> None:
    card = {
        "teachers": "VGG-19 and the slim VGG-19",
        "settings": {"structure": 0.0},
        "history": [{"from_step": 0, "settings": {"structure": 0.6}}],
    }
    assert trained_on(card) == {*OWN, "ms_ssim"}
    assert trained_on({"teachers": "the embedded encoder"}) == frozenset()
    assert trained_on({"settings": {"style": 2.5, "texture": 2.5}}) == frozenset(OWN)


@pytest.mark.parametrize("card", [{}, {"teachers": "somebody"}, {"settings": {"style": 1.0}}])
def test_a_card_that_says_nothing_is_not_taken_for_none(card: dict[str, object]) -> None:
    assert trained_on(card) is None


@pytest.mark.parametrize("technique", ARBITRARY)
def test_the_embedded_cards_are_understood(technique: str) -> None:
    assert trained_on(read_weights(embedded(technique)).card)


def test_published_architectures_name_layers_as_cards_do() -> None:
    named = {layer for published in Architectures.of().techniques for layer in published.trained_on}
    assert named and {layer.partition(":")[0] for layer in named} <= NETWORKS.keys()
    assert in_words(named).count(" of the real VGG-16") == in_words(named).count(" of the real VGG-19") == 2


def test_words() -> None:
    assert in_words(["slim:5_1", "vgg19:2_1", "vgg19:1_1", CONTENT, "checkerboard", "ms_ssim"]) == (
        "relu1_1, relu2_1 of the real VGG-19; relu5_1 of the slim VGG-19; content at relu4_1 of the slim VGG-19; "
        "checkerboard; MS-SSIM"
    )
