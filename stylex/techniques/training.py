"""Training as facts: what each `stylex train` command takes, and its defaults, which are those of the recipes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stylex.techniques.options import Option


@dataclass(frozen=True)
class TrainDefaults:
    """Defaults of a network's training.

    Attributes:
        help: of the command, what it trains first.
        options: folders, names and weights that its recipe takes.
        examples: arguments behind the command.
        steps: optimizer steps, at most.
        minutes: wall-clock minutes over all resumed runs, at most; 0 for no limit.
        batch: pictures in a step.
        size: pixels of the crops.
        rate: peak learning rate.
        hold_out: share of the pictures that training never sees.
        grid: pixels that `size` must be a multiple of.
        momentum: Adam's first decay rate.
        warmup: steps in which the rate rises.
        ema: share of the newest weights in the moving average, at the least.
        teacher: help of --teacher.
    """

    help: str = ""
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    steps: int = 20_000
    minutes: float = 0.0
    batch: int = 4
    size: int = 192
    rate: float = 1e-3
    hold_out: float = 0.05
    grid: int = 8
    momentum: float = 0.9
    warmup: int = 200
    ema: float = 0.004
    teacher: str = (
        "Loss networks: torchvision's vgg16-397923af.pth or vgg19-dcbb9e9d.pth, or a folder of them  "
        "[teacher/ above photos]"
    )

    def default(self, name: str) -> Any:
        """Returns the default of an option of `options`."""
        return next(option.default for option in self.options if option.name == name)

    @property
    def every_option(self) -> tuple[Option, ...]:
        """Returns its own options and those of every training: loss networks, how long, on what and how fast."""
        minutes = "Wall-clock minutes, at most; resumed runs count together; 0 for no limit."
        return (
            *self.options,
            Option("teacher", None, self.teacher, file=True),
            Option("steps", self.steps, "Optimizer steps, at most.", 1),
            Option("minutes", self.minutes, minutes, 0),
            Option("batch", self.batch, "", 1),
            Option("size", self.size, f"Pixels of the crops, a multiple of {self.grid}.", 96),
            Option("hold_out", self.hold_out, "Share kept for evaluation.", 0, 0.9),
            Option("rate", self.rate, "Peak learning rate.", 0),
            Option("seed", 0),
        )

    @property
    def schedule(self) -> dict[str, Any]:
        """Fields of the schedule that no option changes."""
        return {"momentum": self.momentum, "warmup": self.warmup, "ema": self.ema}


def folder(name: str, help: str, required: bool = True) -> Option:
    """Returns the option of a folder."""
    return Option(name, None, help, file=True, required=required)


def weight(name: str, default: float, help: str) -> Option:
    """Returns the option of a loss's weight."""
    return Option(f"{name}_weight", default, help, 0)


CONTENT, PAINTINGS = folder("content", "Folder of photos."), folder("style", "Folder of paintings.")
STRUCTURE, TEXTURE = "Of the photo's structure.", "Of pictures and of their texture."

START = Option(
    "start",
    None,
    "weights.safetensors of the same technique to begin with; a checkpoint in --out goes first.",
    file=True,
)

FOLDERS = (CONTENT, PAINTINGS, START)
STYLE_OPTIONS = (*FOLDERS, weight("style", 8.0, TEXTURE), weight("content", 0.7, STRUCTURE))
SINGLE_STYLE_OPTIONS = (weight("style", 2.5, TEXTURE), weight("content", 0.7, STRUCTURE))

REFINING = (
    Option("steps", 60, "Each paints four photos.", 1),
    weight("style", 8.0, "Of the style against the photo's content."),
    Option("seed", 0, "", 0),
)
"""Options of refining a style code on its own painting."""

ADAIN = TrainDefaults(
    "Train AdaIN: any style from one network.",
    STYLE_OPTIONS,
    (
        "--content photos/ --style paintings/ --out runs/adain --minutes 90",
        "--content photos/ --style paintings/ --out runs/adain --steps 60000 --batch 16 --device cuda",
    ),
    rate=6e-4,
)
ATTENTION = replace(
    ADAIN,
    help="Train attention: every place of the photo takes its style from places of the style that are like it.\n\n"
    "Begins as the embedded AdaIN.",
    examples=("--content photos/ --style paintings/ --out runs/attention --minutes 90",),
)
MULTISCALE = replace(
    ATTENTION,
    help="Train multiscale: composition, strokes and grain from three sizes of the style picture.\n\n"
    "Begins as the embedded AdaIN.",
    examples=("--content photos/ --style paintings/ --out runs/multiscale --minutes 90",),
    size=256,
    grid=16,
)
FAST = TrainDefaults(
    "Train a network of one style, from scratch. `stylex bake` is much quicker.",
    (
        CONTENT,
        Option("style", None, "The picture whose style is wanted.", file=True, required=True),
        Option("name", "", "What to call the style  [the picture's name]"),
        START,
        *SINGLE_STYLE_OPTIONS,
    ),
    ("--content photos/ --style painting.jpg --out runs/painting --minutes 60",),
    steps=10_000,
    size=256,
)
BAKE = replace(
    FAST,
    help="Bake one style into a network of its own, which is smaller and faster than AdaIN.\n\n"
    "The style's code and the average photo are folded into AdaIN's content path; some minutes of training follow. "
    "With a picture it is trained on the picture, with a code on what AdaIN paints.",
    options=(
        Option("style", None, "A built-in style, a .style file or a picture.", required=True),
        CONTENT,
        Option("name", "", "What to call the style  [its own name]"),
        *SINGLE_STYLE_OPTIONS,
    ),
    examples=(
        "--style starry-night --content photos/ --out runs/starry",
        "--style painting.jpg --content photos/ --out runs/painting --minutes 20",
    ),
    steps=100_000,
    minutes=10.0,
    rate=7e-4,
    warmup=30,
    ema=0.01,
)
ADAIN_L = replace(
    ADAIN,
    help="Train the large AdaIN: better pictures at two to three times the time.\n\n"
    "Begins as the embedded AdaIN, with more channels and blocks.",
    options=(*FOLDERS, weight("style", 12.0, TEXTURE), weight("content", 0.4, STRUCTURE)),
    examples=("--content photos/ --style paintings/ --out runs/adain-l --minutes 120",),
)
ADAIN_S = TrainDefaults(
    "Distil AdaIN into a network of less than half its time.\n\n"
    "It is pruned from its teacher, and learns to paint the same pictures.",
    FOLDERS,
    ("--content photos/ --style paintings/ --out runs/adain-s --minutes 60",),
    teacher="weights.safetensors of adain to learn from  [the embedded ones]",
)
CYCLEGAN = TrainDefaults(
    "Train CycleGAN: both directions between two unpaired kinds of pictures; the first to the second is kept.",
    (
        folder("domain_a", "Folder of what is translated."),
        folder("domain_b", "Folder of what it is to look like."),
        Option("name", "", "What to call the result  [the name of --domain-b]"),
        weight("cycle", 5.0, "Of the way back."),
        weight("identity", 2.5, "Of what is as wanted already."),
        weight("content", 1.0, STRUCTURE),
        weight("style", 0.5, "Of the second kind's channel statistics."),
        Option("flatten", False, "Aim for areas of one colour, as in cartoons."),
    ),
    (
        "--domain-a photos/ --domain-b cartoons/ --out runs/cartoon --flatten --minutes 60",
        "--domain-a photos/ --domain-b monet/ --out runs/monet --style-weight 2",
    ),
    size=160,
    rate=6e-4,
    momentum=0.5,
    ema=0.008,
)
ENCODER = TrainDefaults(
    "Distil the slim encoder of gatys from VGG-19.",
    (CONTENT, PAINTINGS),
    ("--content photos/ --style paintings/ --out runs/encoder --minutes 30",),
    batch=8,
    size=128,
    rate=2e-3,
    teacher="Folder of vgg19_relu3_4.safetensors and vgg19_slim_relu5_1.safetensors  [teacher/ above photos]",
)
SEGMENTER = TrainDefaults(
    "Train the segmenter: people against background.\n\n"
    "It begins as the slim VGG-19 of the loss networks. With --backgrounds, half of the pictures show people in front "
    "of one of those photos.",
    (
        folder("photos", "Folder of photos, each with a mask beside it: a PNG of the same name, white on people."),
        folder("backgrounds", "Folder of photos without people.", required=False),
    ),
    ("--photos portraits/ --backgrounds places/ --out runs/segmenter --minutes 45",),
    steps=4_000,
    batch=8,
    rate=8e-4,
    hold_out=0.2,
    grid=32,
    ema=0.01,
    teacher="Folder of vgg19_slim_relu5_1.safetensors  [teacher/ above photos]",
)
UPSCALER = TrainDefaults(
    "Train the network of `stylex run --upscale 2`. It needs no loss networks.",
    (CONTENT, folder("style", "Folder of paintings, to learn brush strokes too.", required=False)),
    ("--content photos/ --style paintings/ --out runs/upscaler --minutes 30",),
    batch=12,
    size=144,
    rate=2e-3,
)
