"""`stylex.train` checks what it is given; tests/test_adding_a_technique.py shows that it trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import stylex
from stylex.imaging.writing import write_picture
from stylex.models import threads


@pytest.mark.parametrize(
    ("technique", "given", "expected"),
    [
        ("gatys", {}, "gatys isn't trained"),
        ("monet", {}, "there is no technique 'monet'"),
        ("adain", {"speed": 2}, "training adain takes no speed; it takes content"),
        ("adain", {}, "content is missing"),
        ("upscaler", {"content": "x", "size": 100}, "the size is 100; it must be a multiple of 8"),
        ("upscaler", {"content": "x", "steps": 0}, "steps is 0; it must lie between 1 and inf"),
        ("upscaler", {"content": "x", "hold_out": 0.95}, "hold_out is 0.95; it must lie between 0 and 0.9"),
        ("upscaler", {"content": "x", "rate": float("nan")}, "rate is nan"),
        ("adain", {"content": "x", "style": "y", "bake": True}, "no baking a style into adain"),
    ],
)
def test_options_that_cant_be_used(technique: str, given: dict[str, object], expected: str, tmp_path: Path) -> None:
    with pytest.raises(stylex.UsageError, match=expected):
        stylex.train(technique, tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_progress_is_shown_unless_it_is_not_wanted(
    photo: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(9):
        write_picture(tmp_path / "photos" / f"{number}.png", photo)
    lines: list[str] = []
    size = {"steps": 1, "batch": 1, "size": 96, "hold_out": 0}
    for shown in (True, False):
        out = tmp_path / f"run-{shown}"
        stylex.train(
            "upscaler", out, content=tmp_path / "photos", progress=shown, notify=lines.append, threads=1, **size
        )
        assert (out / "weights.safetensors").exists()
        captured = capsys.readouterr()
        assert (captured.out, "upscaler" in captured.err) == ("", shown)
    assert any("9 pictures" in line for line in lines)


@pytest.mark.parametrize(("asked", "inside"), [(3, 3), (0, 2)])
@pytest.mark.parametrize("fails", [False, True])
def test_torch_has_its_threads_back(asked: int, inside: int, fails: bool) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    found = []
    try:
        with threads.torch_threads(asked):
            found.append(torch.get_num_threads())
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    finally:
        after = torch.get_num_threads()
        torch.set_num_threads(before)
    assert (found, after) == ([inside], 2)
