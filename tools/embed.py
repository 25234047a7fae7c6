#!/usr/bin/env python3
"""Put freshly trained weights into the package: weights and card, ONNX graphs, built-in style codes.

    python tools/embed.py adain runs/adain --style paintings/ --refine photos/
    python tools/embed.py fast runs/starry-night runs/great-wave
    python tools/embed.py upscaler runs/upscaler

The paintings are only read; what is kept of each is a code of a few KB. All works are in the public domain.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from stylex.api.refining import refine
from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.metadata import PRECISIONS
from stylex.artifacts.style_code import save_built_in
from stylex.export.pipeline import ExportSettings, export
from stylex.files import write_bytes, write_json
from stylex.imaging.content import visible_of
from stylex.models.registry import embedded_models, style_of
from stylex.models.weights import embedded, embedded_styles, read_card
from stylex.runtime.loading import load
from stylex.techniques import row_named

WORKS = {
    "starry-night": ("hi-starry.jpg", "Vincent van Gogh, The Starry Night, 1889"),
    "great-wave": ("hi-wave.jpg", "Katsushika Hokusai, The Great Wave off Kanagawa, 1831"),
    "the-scream": ("hi-the-scream.jpg", "Edvard Munch, The Scream, 1893"),
    "the-kiss": ("hi-gustav-klimt-the-kiss.jpg", "Gustav Klimt, The Kiss, 1908"),
    "water-lilies": ("hi-water-lilies-1919-2.jpg", "Claude Monet, Water Lilies, 1919"),
    "japanese-bridge": ("hi-claude-monet-the-japanese-bridge.jpg", "Claude Monet, The Japanese Bridge"),
    "composition-vii": ("hi-composition-vii.jpg", "Wassily Kandinsky, Composition VII, 1913"),
    "deluge": ("hi-wassily-kandinsky-sintflut.jpg", "Wassily Kandinsky, Deluge"),
    "red-and-blue-horse": ("hi-franz-marc-rotes-und-blaues-pferd.jpg", "Franz Marc, Red and Blue Horse, 1912"),
    "gray-tree": ("hi-piet-mondrian-gray-tree.jpg", "Piet Mondrian, Gray Tree, 1911"),
    "grande-jatte": (
        "hi-georges-seurat-un-dimanche-apres-midi-a-l-ile-de-la-grande-jatte.jpg",
        "Georges Seurat, A Sunday on La Grande Jatte, 1886",
    ),
    "the-shipwreck": ("hi-joseph-mallord-william-turner-the-shipwreck.jpg", "J. M. W. Turner, The Shipwreck, 1805"),
    "bedroom-in-arles": ("hi-vincent-van-gogh-the-bedroom.jpg", "Vincent van Gogh, The Bedroom, 1888"),
    "night-cafe": ("hi-vg-la-cafe.jpg", "Vincent van Gogh, The Night Café, 1888"),
    "wheat-field": ("hi-vg-wheat-field.jpg", "Vincent van Gogh, Wheat Field with Cypresses, 1889"),
    "irises": ("hi-vincent-van-gogh-irises.jpg", "Vincent van Gogh, Irises"),
    "portrait-delaunay": ("hi-robert-delaunay-1906-portrait.jpg", "Robert Delaunay, Portrait, 1906"),
    "woman-in-landscape": (
        "hi-kazimir-malevich-two-woman-in-landscape.jpg",
        "Kazimir Malevich, Two Women in a Landscape",
    ),
}


PRECISE = {"adain": PRECISIONS}
EMBEDDED = ("fp16", "int8")
"""Precisions of the other techniques, without FP32: FP16 is stored in half the bytes and computes the same on a CPU."""


def embed(technique: str, run: Path, flat_shift: float | None = None) -> None:
    """Copy weights and card of one run, and export its graphs; licence and provenance stay as they were stated."""
    style = style_of(run / "weights.safetensors") if row_named(technique).single_style else ""
    weights = embedded(technique, style)
    weights.parent.mkdir(exist_ok=True)
    write_bytes(weights, (run / "weights.safetensors").read_bytes())
    card = read_card(run / "card.json") | stated(technique, style)
    if style in WORKS:
        card["style"] = {"name": style, "work": WORKS[style][1]}  # trained on a picture, whose file says no more
    write_json(weights.with_name("card.json"), card)
    for precision in PRECISE.get(technique, EMBEDDED):
        for made in export(
            embedded_models(technique, style), ExportSettings(precision, flat_shift=flat_shift), GRAPHS, print
        ):
            print(made.path.name, made.size, made.metadata.psnr, *made.kept_in_float32)


def stated(technique: str, style: str) -> dict[str, str]:
    """Returns licence and provenance as the embedded card states them; a new variant's are those of its technique."""
    names = [style, *embedded_styles(technique)]
    cards = (read_card(embedded(technique, name).with_name("card.json")) for name in names)
    before = next((card for card in cards if "provenance" in card), None)
    if before is None and (base := row_named(technique).variant_of):
        before = stated(base, style)
        before["provenance"] = f"made by stylex of its {base}: {before['provenance']}"
    return {key: before[key] for key in ("licence", "provenance")} if before else {}


def make_codes(technique: str, paintings: Path, photos: Path | None, threads: int) -> None:
    """Make the built-in style codes anew: by the encoder, or refined on photos."""
    painter = load(technique, "int8", "cpu")  # the style encoder is the same one for all precisions
    codes = []
    for name, (file, work) in WORKS.items():
        if photos is None:
            code = painter.encode(visible_of(paintings / file, file), name)
        else:
            refined = refine(paintings / file, photos, technique, name=name, threads=threads)
            code = refined.code
            print(f"{name}: style {refined.style_share:.0%} of the encoder's", flush=True)
        codes.append(replace(code, work=work))
    save_built_in(codes)
    print(f"{len(codes)} styles")


def main() -> None:
    """Copy, export, encode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("technique")
    parser.add_argument("runs", type=Path, nargs="*", help="folders that `stylex train` or `stylex bake` wrote")
    parser.add_argument("--style", type=Path, help="folder of the paintings, for a technique that takes any style")
    parser.add_argument("--refine", type=Path, metavar="PHOTOS", help="refine the codes of --style on these photos")
    parser.add_argument("--threads", type=int, default=0, help="of torch while it refines  [all cores]")
    parser.add_argument("--flat-shift", type=float, help="levels that flat areas may move by at INT8 [40]")
    arguments = parser.parse_args()
    for run in arguments.runs:
        embed(arguments.technique, run, arguments.flat_shift)
    if arguments.style:
        make_codes(arguments.technique, arguments.style, arguments.refine, arguments.threads)


if __name__ == "__main__":
    main()
