from __future__ import annotations

import warnings

import pytest
from PIL import Image

from stylex.imaging.quiet import without_warnings


def warn_as(module: str) -> None:
    warnings.warn_explicit("told", UserWarning, f"{module}.py", 1, module=module, registry={})


def test_only_pillow_is_quiet() -> None:
    with without_warnings():
        warn_as("PIL.TiffImagePlugin")
        with pytest.warns(UserWarning, match="told"):
            warn_as("numpy")
    with pytest.warns(UserWarning, match="told"):
        warn_as(Image.__name__)


def test_threads_that_come_and_go_leave_the_filters_as_they_were() -> None:
    """The order of two threads that read at once: the first one leaves first."""
    before = list(warnings.filters)
    first, second = without_warnings(), without_warnings()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    warn_as("PIL.Image")  # the second one still reads
    second.__exit__(None, None, None)
    assert list(warnings.filters) == before
    with without_warnings():
        warn_as("PIL.Image")
    assert list(warnings.filters) == before
