from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation.grams import LAYERS, GramJudge
from skimage import data


@pytest.fixture
def judge(teacher: Path, one_thread: None) -> GramJudge:
    return GramJudge(teacher)


def test_pictures_are_compared_at_the_published_layers(judge: GramJudge) -> None:
    photo, painting = (np.ascontiguousarray(p[:96, :96]) for p in (data.astronaut(), data.coffee()))
    have, want = judge.grams(photo), judge.grams(painting)
    assert tuple(have) == LAYERS
    assert judge.distance(want, want) == 0 < judge.distance(have, want)
    upside_down = judge.grams(np.ascontiguousarray(painting[:, ::-1]))
    assert judge.distance(upside_down, want) < judge.distance(have, want)
