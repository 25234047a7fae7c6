"""The techniques and the tools: one row each, of facts only; nothing heavy is imported."""

from __future__ import annotations

import importlib
import operator
from typing import Any

from stylex.errors import UsageError
from stylex.techniques import options, training
from stylex.techniques.options import FACE_STRENGTH, STRONGEST, Option
from stylex.techniques.technique import Style, Technique
from stylex.techniques.training import BAKE, TrainDefaults

__all__ = [
    "ARBITRARY",
    "BAKE",
    "BY_NAME",
    "DEFAULT",
    "EXPORTED",
    "FACE_STRENGTH",
    "NETWORKS",
    "ROWS",
    "SINGLE",
    "STRONGEST",
    "TECHNIQUES",
    "TOOLS",
    "Option",
    "Style",
    "Technique",
    "TrainDefaults",
    "listed",
    "resolved",
    "row_named",
    "technique_named",
]

DEFAULT = "adain"
"""The technique where none is named."""


def listed(names: tuple[str, ...] | list[str], word: str = "and") -> str:
    """Names as a text lists them: "a", "a and b", "a, b and c"."""
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def resolved(path: str) -> Any:
    """Returns what a dotted path such as "package.module:Class.method" names, and imports its module."""
    module, _, names = path.partition(":")
    return operator.attrgetter(names)(importlib.import_module(module))


BACKEND = ("precision", "provider", "graphs", "threads")
GRAPH_OPTIONS = (*BACKEND, "tile")
FACES = ("protect_faces", "face_model")

_PAINTERS = (
    Technique(
        "histogram",
        "statistics",
        "matches the colour distribution of each channel",
        "Gonzalez and Woods, chapter 3",
        Style.PICTURE,
        options=options.HISTOGRAM,
        painter="stylex.runtime.histogram:HistogramPainter",
        examples=("photo.jpg --style painting.jpg", "photo.jpg --style painting.jpg --space lab --strength 0.6"),
        peak_mib=90,
    ),
    Technique(
        "gatys",
        "optimization",
        "optimizes the pixels against VGG features",
        "Gatys et al. 2016",
        Style.PICTURE,
        tiers=("reference",),
        packages=("torch", "safetensors"),
        shared=("threads",),
        options=options.GATYS,
        examples=(
            "photo.jpg --style painting.jpg --size 768 --iterations 500",
            "photo.jpg --style one.jpg --weight 2 --style other.jpg --weight 1 --preview so-far.jpg",
            "photo.jpg --style painting.jpg --encoder vgg19 --optimizer lbfgs",
        ),
        size=512,  # optimizing the pixels of a whole camera picture would take hours
        embedded="a slim encoder of 2.6 MB; `--encoder vgg19` downloads the published one",
        painter="stylex.api.gatys:GatysPainter",
    ),
    Technique(
        "fast",
        "feed-forward",
        "one small network a style",
        "Johnson et al. 2016; Ulyanov et al. 2016",
        Style.SINGLE,
        shared=GRAPH_OPTIONS,
        examples=("photo.jpg --style the-scream", "photo.jpg --style the-scream --upscale 2"),
        largest=700_000,
        peak_mib=175,
        train=training.FAST,
        model="stylex.models.fast:MODEL",
    ),
    Technique(
        "cyclegan",
        "feed-forward",
        "translates between two unpaired kinds of pictures",
        "Zhu et al. 2017",
        Style.SINGLE,
        shared=GRAPH_OPTIONS,
        examples=("photo.jpg --style cartoon",),
        largest=1_000_000,
        peak_mib=175,
        train=training.CYCLEGAN,
        model="stylex.models.cyclegan:MODEL",
    ),
    Technique(
        "adain",
        "feed-forward",
        "any style from one network",
        "Huang and Belongie 2017",
        Style.ARBITRARY,
        shared=(*GRAPH_OPTIONS, *FACES),
        examples=(
            "photo.jpg --style starry-night",
            "photo.jpg --style painting.jpg --strength 0.7 -o painted.png",
            "photo.jpg --style great-wave --weight 2 --style the-scream --weight 1",
            "photo.jpg --style irises --protect-faces",
            "large.jpg --style the-scream --tile 1024",
        ),
        largest=1_200_000,
        peak_mib=200,
        train=training.ADAIN,
        model="stylex.models.adain:MODEL",
    ),
    Technique(
        "adain-l",
        "feed-forward",
        "adain with more channels and blocks, slower and better",
        "Huang and Belongie 2017; Chen et al. 2016",
        Style.ARBITRARY,
        variant_of="adain",
        tiers=("edge",),
        shared=(*GRAPH_OPTIONS, *FACES),
        examples=("photo.jpg --style starry-night",),
        largest=3_000_000,
        peak_mib=220,
        train=training.ADAIN_L,
        model="stylex.models.adain_l:MODEL",
    ),
    Technique(
        "adain-s",
        "feed-forward",
        "adain, pruned to less than half its time",
        "Li et al. 2017; Hinton et al. 2015",
        Style.ARBITRARY,
        variant_of="adain",
        tiers=("edge",),
        shared=(*GRAPH_OPTIONS, *FACES),
        examples=("photo.jpg --style starry-night",),
        largest=500_000,
        peak_mib=175,
        train=training.ADAIN_S,
        model="stylex.models.adain_s:MODEL",
    ),
    Technique(
        "attention",
        "feed-forward",
        "photo positions attend to style positions",
        "Park and Lee 2019; Liu et al. 2021",
        Style.ARBITRARY,
        shared=(*GRAPH_OPTIONS, *FACES),
        examples=("photo.jpg --style painting.jpg",),
        largest=1_200_000,
        peak_mib=200,
        train=training.ATTENTION,
        model="stylex.models.attention:MODEL",
    ),
    Technique(
        "multiscale",
        "feed-forward",
        "composition, strokes and grain from their own scales",
        "Wang et al. 2023 (MicroAST)",
        Style.ARBITRARY,
        shared=(*GRAPH_OPTIONS, *FACES),
        examples=("photo.jpg --style painting.jpg",),
        largest=1_600_000,
        peak_mib=200,
        train=training.MULTISCALE,
        model="stylex.models.multiscale:MODEL",
    ),
)

NETWORKS = tuple(t.name for t in _PAINTERS if t.has_graphs)
"""Techniques that the runtime paints with from ONNX graphs."""
ARBITRARY = tuple(t.name for t in _PAINTERS if t.style is Style.ARBITRARY)
"""Those of them that paint in arbitrary styles, and every place with a strength of its own."""
SINGLE = tuple(t.name for t in _PAINTERS if t.single_style)
"""Those of them whose weights hold one style."""

TECHNIQUES = (
    *_PAINTERS,
    Technique(
        "semantic",
        "guided",
        "a segmentation decides which style where",
        "Gatys et al. 2017",
        Style.REGIONS,
        tiers=("edge",),
        shared=(*GRAPH_OPTIONS, *FACES),
        options=options.semantic(ARBITRARY, DEFAULT),
        examples=(
            "photo.jpg --region person=irises:0.4 --region background=starry-night",
            "photo.jpg --region person --region background=great-wave+deluge --protect-faces 0.2",
            "photo.jpg --region sky=starry-night --mask sky=sky.png",
            "photo.jpg --region cat=irises --segmenter voc.onnx --classes background,cat,dog",
        ),
        embedded="a segmenter of people",
        painter="stylex.runtime.semantic.painter:SemanticPainter",
    ),
    Technique(
        "video",
        "guided",
        "optical flow and frozen statistics keep frames steady",
        "Ruder et al. 2016",
        Style.NETWORK,
        tiers=("edge",),
        packages=("av",),
        verb="video",
        options=options.VIDEO,
        painter="stylex.runtime.video.painter:FilmPainter",
    ),
)

TOOLS = (
    Technique(
        "encoder",
        "tool",
        "the slim VGG-19 of gatys",
        "Wang et al. 2020 (Collaborative Distillation)",
        Style.NONE,
        tiers=("edge",),
        train=training.ENCODER,
        model="stylex.models.slim_encoder:MODEL",
    ),
    Technique(
        "segmenter",
        "tool",
        "finds people for semantic",
        "Simonyan and Zisserman 2015; Lin et al. 2017",
        Style.NONE,
        tiers=("edge",),
        largest=1_000_000,
        train=training.SEGMENTER,
        model="stylex.models.segmenter:MODEL",
    ),
    Technique(
        "upscaler",
        "tool",
        "twice the size, behind any technique",
        "Shi et al. 2016 (ESPCN)",
        Style.NONE,
        tiers=("edge",),
        largest=70_000,
        train=training.UPSCALER,
        model="stylex.models.upscaler:MODEL",
    ),
)
"""Networks beside the techniques: they are trained, and most are exported, but paint nothing themselves."""

ROWS = (*TECHNIQUES, *TOOLS)
BY_NAME = {row.name: row for row in ROWS}
EXPORTED = tuple(row.name for row in ROWS if row.has_graphs)
"""Techniques and tools that there are graphs of."""


def technique_named(technique: str | Technique) -> Technique:
    """Returns the technique of that name; a row is returned as it is, so that one of another package is used likewise.

    Raises:
        UsageError: there is none.
    """
    if isinstance(technique, Technique):
        return technique
    if technique in BY_NAME and BY_NAME[technique] in TECHNIQUES:
        return BY_NAME[technique]
    raise UsageError(f"there is no technique {technique!r}; stylex has {', '.join(t.name for t in TECHNIQUES)}")


def row_named(row: str | Technique) -> Technique:
    """Returns the technique or the tool of that name; a row is returned as it is.

    Raises:
        UsageError: there is neither.
    """
    return BY_NAME.get(row) or technique_named(row) if isinstance(row, str) else row
