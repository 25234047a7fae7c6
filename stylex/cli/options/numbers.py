"""Numbers on the command line: finite, and no larger than anything can be made of."""

from __future__ import annotations

import math
from typing import Any

import click

from stylex.techniques.options import LARGEST


class Number(click.FloatRange):
    """A number; not-a-number and infinity are refused by name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Returns the number. Fails as click's types do."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number) or abs(number) > LARGEST:
            self.fail(f"{value} isn't a number that can be used.", param, ctx)
        return number


class Count(click.IntRange):
    """A whole number up to `LARGEST`, unless less is said."""

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        super().__init__(-LARGEST if least is None else least, LARGEST if most is None else most)
