"""Graphs and checkpoints: foreign and too new ones, pointers in their place, every published layout and wrapping."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cases.case import Case, Outcome, apart, pixels, refused, stylex

GRAPHS = {
    "foreign": ("WEIGHTS.pth", "didn't make"),
    "newer": ("IR version 99", "pip install -U onnxruntime"),
    "opset99": ("opset 99", "pip install -U onnxruntime"),
    "pointer": ("git lfs pull",),
}
"""Styles of `graphs/fast-*.onnx`, and words of the line that each must end with."""
REFUSED = {
    "pointer.pth": "git lfs pull",
    "page.pth": "a web page",
    "foreign.onnx": "an ONNX graph",
    "nets/latest_net_D_A.pth": "give the generator (G)",
    "nets/script.pt": "TorchScript",
    "nets/whole-module.pth": "state_dict()",
}
"""Files that no network can be taken from, and words of the line."""
LAYOUTS = (
    *("narrow.pth", "three-blocks.pth", "batchnorm.pth"),
    *("dropout_net_G.pth", "narrow_net_G.pth", "batchnorm_net_G.pth"),
)
WRAPPINGS = ("plain.pth", "net.pth", "lightning.ckpt", "compiled.pth", "scalar.pth", "step.pth", "arguments.pth")


def cases(folder: Path) -> Iterator[Case]:
    """Yields the cases of the folder `pictures` that are about graphs and checkpoints.

    Its `make_checkpoints.py` writes the checkpoints once, for the first case that needs them.
    """
    for style, words in GRAPHS.items():
        yield Case(f"graphs/fast-{style}", f"exit 4, {words[-1]}", partial(_graph, folder, style, words))
    yield Case("export --opset 99", "exit 2, the highest that works", _opset)
    for name in (*LAYOUTS, *WRAPPINGS):
        yield Case(f"nets/{name}", "within 2 levels of the reference", partial(_exported, folder, name))
    for name, word in REFUSED.items():
        yield Case(name, f"exit 4, {word}", partial(_no_network, folder, name, word))


def _graph(folder: Path, style: str, words: tuple[str, ...], out: Path) -> Outcome:
    arguments = ("--style", style, "--graphs", folder / "graphs", "-o", out / "o.png")
    called = stylex("run", "fast", folder / "photo.png", *arguments)
    outcome = refused(called, 4, *words)
    return Outcome(
        outcome.got, outcome.ok and len(called.printed.splitlines()) == 1 and "damaged" not in called.printed
    )


def _opset(out: Path) -> Outcome:
    return refused(stylex("export", "upscaler", "--opset", 99, "-o", out), 2, "the opset is 99", "--opset")


def _made(folder: Path, name: str) -> Path:
    """Returns a file of the folder, or one that its script makes."""
    return Path(_checkpoints(folder).name) / Path(name).name if name.startswith("nets/") else folder / name


@functools.cache
def _checkpoints(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """Returns the folder of the checkpoints, which is removed when the run ends."""
    made = tempfile.TemporaryDirectory()
    subprocess.run([sys.executable, folder / "make_checkpoints.py", made.name], check=True, capture_output=True)
    return made


def _exported(folder: Path, name: str, out: Path) -> Outcome:
    file = _made(folder, f"nets/{name}")
    exported = stylex("export", "--checkpoint", file, "--style", "x", "-o", out)
    if exported.code:
        return Outcome(f"exit {exported.code}: {exported.printed[-220:]}", False)
    technique = "cyclegan" if "net_G" in name else "fast"
    painted = stylex("run", technique, folder / "photo.png", "--style", "x", "--graphs", out, "-o", out / "o.png")
    if painted.code:
        return Outcome(f"exit {painted.code}: {painted.printed[-220:]}", False)
    distance = apart(pixels(out / "o.png"), pixels(file.with_name(f"{name}.reference.png")))
    return Outcome(f"{distance:.3f} from the reference", distance <= 2)


def _no_network(folder: Path, name: str, word: str, out: Path) -> Outcome:
    return refused(stylex("export", "--checkpoint", _made(folder, name), "-o", out), 4, word)
