"""Options as facts: name, default, range and help of what the library and its commands take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylex.errors import UsageError


@dataclass(frozen=True)
class Option:
    """One option of a technique, on the command line and as an argument in Python.

    Attributes:
        name: of the parameter; the command line writes hyphens for its underscores.
        default: also tells the type; None where there is none.
        help: one line for the command line.
        least, most: range of a number; None for no limit.
        choices: the words that it can be, where it is one of a few.
        file: it is the path of a file or folder.
        required: it has to be given.
        multiple: it can be given several times.
        flag: of the command line, where it differs from the name.
        only_typed: there is no such argument in Python.
    """

    name: str
    default: Any = None
    help: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    file: bool = False
    required: bool = False
    multiple: bool = False
    flag: str = ""
    only_typed: bool = False

    @property
    def spelled(self) -> str:
        """Returns the option as the command line spells it."""
        return self.flag or "--" + self.name.replace("_", "-")

    def parsed(self, value: Any) -> Any:
        """Returns a value that was given for it; a file's name as a `Path`.

        Raises:
            UsageError: it is out of range, none of the choices, or missing where there must be one.
        """
        if value is None and self.required:
            raise UsageError(f"{self.name} is missing: give it", **{self.name: None})
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        if isinstance(value, (int, float)) and not (least <= value <= most and abs(value) <= LARGEST):
            raise UsageError(f"{self.name} is {value}; it must lie between {least} and {most}", **{self.name: None})
        if self.choices and value not in self.choices:
            raise UsageError(f"{self.name} is {value!r}; choose {', '.join(self.choices)}", **{self.name: None})
        return Path(value) if self.file and value is not None else value


def parsed_values(what: str, options: Iterable[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the value of every option by name: what was given, else its default.

    Args:
        what: takes the options, for messages.

    Raises:
        UsageError: an option is unknown, missing or out of range.
    """
    known = {option.name: option for option in options}
    for name in given.keys() - known.keys():
        raise UsageError(f"{what} takes no {name}; it takes {', '.join(known)}", **{name: None})
    return {name: option.parsed(given.get(name, option.default)) for name, option in known.items()}


LARGEST = 2**31 - 1
"""The largest number that anything takes."""
STRONGEST = 1.5
"""Largest strength: 1 is the style as it is, 0 keeps the photo."""
FACE_STRENGTH = 0.2
"""Share of the strength that --protect-faces leaves on faces where no other is given."""

SPACE = Option("space", "rgb", "Colour space.", choices=("rgb", "lab"))
HISTOGRAM = (SPACE,)

GATYS = (
    Option("iterations", 300, "Over all sizes.", 1),
    Option("encoder", "slim", "The embedded one, or VGG-19, downloaded once (548 MB).", choices=("slim", "vgg19")),
    Option("optimizer", "adam", choices=("adam", "lbfgs")),
    Option("style_loss", "wasserstein", choices=("wasserstein", "gram")),
    Option("style_weight", 1.0, "Of the style.", 0),
    Option("content_weight", 0.15, "Of the structure.", 0),
    Option("variation", 4.0, "Weight of smoothness.", 0),
    Option("preview", None, "Picture that shows the work so far.", file=True, only_typed=True),
    Option("preview_every", 25, "Iterations between two.", 1, only_typed=True),
)

FEATHER = Option("feather", 0.02, "Width of soft edges, as a share of the photo's longer side.", 0, 1)

TEMPORAL = Option(
    "temporal",
    "statistics",
    "Each frame alone; with statistics frozen inside a shot; along the optical flow as well.",
    choices=("off", "statistics", "flow"),
)
KEYFRAMES = Option(
    "keyframes",
    24,
    "Measure the statistics again after so many frames; 0 for only where the picture has become another.",
    0,
)
CRF = Option("crf", 20, "Quality: 0 loses nothing, 51 is the smallest; 18 to 23 look good.", 0, 51)
VIDEO = (TEMPORAL, KEYFRAMES, CRF)


def semantic(techniques: tuple[str, ...], base: str) -> tuple[Option, ...]:
    """Returns the options of regions, painted by one of these techniques, by default by `base`."""
    return (
        Option(
            "regions",
            (),
            "NAME=STYLE:STRENGTH; STYLE as for --style, or several with + between them; without one the region stays "
            "as it is. The background is what is in no other region. Repeat for more.",
            multiple=True,
            flag="--region",
        ),
        Option(
            "masks",
            (),
            "NAME=FILE, a picture of the photo's size, white or opaque on the region; repeat for more.",
            multiple=True,
            flag="--mask",
        ),
        Option(
            "segmenter",
            "person",
            "What finds regions without a mask: an ONNX file; person, people by the embedded one; or grabcut, what "
            "stands out.",
        ),
        Option("classes", "", "Names of the --segmenter's classes in its order, with commas."),
        Option("base", base, "What paints the regions.", choices=techniques, flag="--technique"),
        FEATHER,
        Option("show_masks", None, "Also write a picture of where the regions are.", file=True, only_typed=True),
    )
