"""Averages of the measures, and the tables that they are printed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from evaluation.layers import CHECKS, CONTENT, RATED, SLIM, in_words
from evaluation.painters import Contender
from stylex.cli.tables import heading
from stylex.errors import InputError

PHOTO, PAINTING = "untouched photo", "the painting itself"
"""The control rows."""
WIDTH = 160
LONGEST_NAME = 32

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: two lines.
        value: of a row; None where there is none.
        losses: the layers or measures whose use in training it would profit from.
        digits: behind the point.
    """

    heading: str
    value: Callable[[Row], float | None]
    losses: tuple[str, ...] = ()
    digits: int = 3


def _plain(heading: str, key: str, *losses: str, digits: int = 3) -> Column:
    return Column(heading, lambda row: row.get(key), (key, *losses), digits)


def _share(layer: str) -> Column:
    network, name = layer.split(":")
    short = {"vgg19": "VGG-19", "slim": "slim", "vgg16": "VGG-16"}[network]
    return Column(f"{short}\nrelu{name}", lambda row: row["shares"][layer], (layer,))


STYLE = (
    *(_share(layer) for layer in RATED),
    Column("mean\nof five", lambda row: row["mean_share"], RATED),
    *(_share(layer) for layer in CHECKS),
    _plain("palette\nLab", "palette"),
    _plain("palette\nshare", "palette_share", "palette"),
    _plain("slim\nsum", "style", *SLIM),
    _plain("slim\nshare", "style_ratio", *SLIM),
    _plain("quarter\nsum", "quarter"),
    _plain("both\nsum", "both", *SLIM, "quarter"),
    _plain("both\nshare", "both_ratio", *SLIM, "quarter"),
)
STRUCTURE = (
    _plain("\ncontent", "content", CONTENT),
    _plain("\nSSIM", "ssim"),
    _plain("\nMS-SSIM", "ms_ssim"),
    _plain("\nLPIPS", "lpips"),
    _plain("\ncheckerboard", "checkerboard"),
    _plain("strength 0\nPSNR dB", "strength_0_psnr", digits=1),
    _plain("to torch\nPSNR dB", "psnr", digits=1),
    _plain("to torch\nworst dB", "worst_psnr", digits=1),
    _plain("to torch\nSSIM", "ssim_to_torch"),
)


class Ratings:
    """The measures of every row, collected pair by pair."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def note(self, name: str, measured: dict[str, float]) -> None:
        """Adds the measures of one picture to a row's."""
        for key, value in measured.items():
            self.values[name][key].append(value)

    def summary(self, name: str) -> Row:
        """Returns a row's averages, and as shares of the untouched photo's those of the distances from a style.

        A share is a quotient of averages, so that a pair that is alike already doesn't dominate.
        """
        mean = {key: float(np.mean(values)) for key, values in self.values[name].items()}
        photo = {key: float(np.mean(values)) for key, values in self.values[PHOTO].items()}
        if not all(photo[key] for key in photo.keys() & {*RATED, "style", "both", "palette"}):
            raise InputError("the photos are the paintings: there is no distance to take shares of, give others")
        layers = {key for key in mean if ":" in key}
        ratios = {layer: mean[layer] / photo[layer] for layer in sorted(layers)}
        row: Row = {"name": name, **{key: value for key, value in mean.items() if key not in layers}}
        row |= {"shares": ratios, "distances": {layer: mean[layer] for layer in sorted(layers)}}
        row["mean_share"] = float(np.mean([ratios[layer] for layer in RATED]))
        row |= {"style_ratio": mean["style"] / photo["style"], "both_ratio": mean["both"] / photo["both"]}
        row["palette_share"] = mean["palette"] / photo["palette"]
        if "psnr" in mean:
            row["worst_psnr"] = min(self.values[name]["psnr"])
        return row


def print_report(title: str, rows: Sequence[Row], networks: Sequence[Contender]) -> None:
    """Prints the machine, both tables, and which columns training used, on standard output, 160 columns at most."""
    console = Console(width=WIDTH)
    for line in heading():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    trained: dict[str, frozenset[str] | None] = {PHOTO: frozenset(), PAINTING: frozenset()}
    trained |= {network.name: network.trained_on for network in networks}
    for name, columns in (("Style: shares of the untouched photo's distance", STYLE), ("Structure", STRUCTURE)):
        console.print(_table(f"{name}; {title}", columns, rows, trained))
    for line in footnotes(networks):
        console.print(line, markup=False, highlight=False)


def _table(
    title: str, columns: Sequence[Column], rows: Sequence[Row], trained: dict[str, frozenset[str] | None]
) -> Table:
    """Returns the columns that any row has a value for."""
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    table.add_column("", no_wrap=True, max_width=LONGEST_NAME)
    filled = [column for column in columns if any(column.value(row) is not None for row in rows)]
    for column in filled:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row["name"], *(_cell(column, row, trained[row["name"]]) for column in filled))
    return table


def _cell(column: Column, row: Row, trained: frozenset[str] | None) -> str:
    """Returns a number and the mark behind it: a star where the column was a loss, a question mark where unknown."""
    value = column.value(row)
    if value is None:
        return "- "
    mark = "?" if trained is None else "*" if trained & set(column.losses) else " "
    return f"{value:.{column.digits}f}{mark}"


def footnotes(networks: Sequence[Contender]) -> Iterator[str]:
    """Yields, in words, the layers that each network was trained on."""
    for network in {n.network: n for n in networks}.values():
        if network.trained_on is None:
            yield f"? {network.network}: nothing says what it was trained on"
        elif network.trained_on:
            yield f"* {network.network} was trained on {in_words(network.trained_on)}"
        else:
            yield f"  {network.network} was trained on none of these"
    yield from (f"  {network.note}" for network in networks if network.note)
