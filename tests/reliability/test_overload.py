"""The short form of the campaigns on overload: own answers, whole ends, complete reports."""

from __future__ import annotations

import pytest
from reliability import overload, overload_folder


@pytest.mark.skipif(not overload.LIMITS, reason="the system has no limits of another process's memory")
def test_a_flooded_service_gives_everyone_the_own_answer() -> None:
    pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")
    figures, faults = overload.campaign(40, 10, measures=False)
    assert faults == []
    assert (figures["requests"], figures["painted"], figures["refused"]) == (40, 36, 4)


def test_a_folder_with_poisoned_photos_is_painted_whole() -> None:
    figures, faults = overload_folder.campaign(60, measures=False)
    assert faults == []
    assert figures["photos"] == 60
    assert figures["SIGTERMs"] in (1, 2, 3)


def test_answers_that_are_mixed_up_are_noticed() -> None:
    pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")
    assert overload.mixed_up() >= 6  # of 12; poisoned and painted ones don't show it
