"""`stylex.load`: a painter of any technique, or of one exported file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

from stylex.errors import UsageError
from stylex.runtime import loading
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.painter import Painter
from stylex.runtime.style_painter import StylePainter
from stylex.techniques import DEFAULT, Technique, resolved, technique_named

Precision: TypeAlias = Literal["auto", "fp32", "fp16", "int8"]
Provider: TypeAlias = Literal[
    "auto", "cpu", "cuda", "tensorrt", "tensorrt-rtx", "openvino", "webgpu", "coreml", "directml", "qnn", "xnnpack"
]
Network: TypeAlias = Literal["adain", "adain-s", "adain-l", "attention", "multiscale", "fast", "cyclegan"]


@overload
def load(
    technique: Network | Path = ...,
    precision: Precision = "auto",
    provider: Provider = "auto",
    *,
    style: Any = "",
    graphs: Path | str | None = None,
    threads: int = 0,
    spinning: bool = True,
    options: SessionOptions | None = None,
    **own: Any,
) -> Painter: ...


@overload
def load(
    technique: str | Technique,
    precision: Precision = "auto",
    provider: Provider = "auto",
    *,
    style: Any = "",
    graphs: Path | str | None = None,
    threads: int = 0,
    spinning: bool = True,
    options: SessionOptions | None = None,
    **own: Any,
) -> Any: ...


def load(
    technique: str | Path | Technique = DEFAULT,
    precision: Precision = "auto",
    provider: Provider = "auto",
    *,
    style: Any = "",
    graphs: Path | str | None = None,
    threads: int = 0,
    spinning: bool = True,
    options: SessionOptions | None = None,
    **own: Any,
) -> StylePainter:
    """Loads a technique.

    Args:
        technique: the name of a technique; the path of an ONNX file that `stylex.export` wrote, whose style
            encoder is looked for beside it; or a row of one's own, see docs/adding-a-technique.md.
        precision: "fp32", "fp16", "int8", or "auto" for the fastest on the provider that `graphs` has. One that was
            exported for another kind of device runs, with a warning of the logger "stylex".
        provider: "cpu", "cuda", "tensorrt", "openvino", or "auto" for CUDA where it is installed and starts, otherwise
            the CPU. A CUDA that is installed and doesn't start is told in a warning of the logger "stylex".
        style: which network, for techniques whose weights hold one style; needed where there are several.
        graphs: folder of exported ONNX files; the embedded ones by default.
        threads, spinning: for the CPU, 0 for all cores; short for `options`.
        options: threads, device, options of the provider and a folder for compiled graphs, see `SessionOptions`.
        own: what only this technique has: `space` of histogram; `encoder`, `iterations` and the rest of `GatysPainter`;
            `base`, `segmenter`, `classes`, `feather` and `masks` of semantic; `base`, `temporal` and `keyframes` of
            video.

    Returns:
        A painter: `Painter` for techniques with graphs, otherwise one of its own with the same call.

    Raises:
        UsageError: an unknown technique, precision, provider, style or option, or a negative number of threads.
        InputError: the folder has no such graph, or the file can't be read.
        ModelError: a graph is corrupt or foreign.
        MissingPackage: gatys needs torch, video PyAV.
        ProviderUnavailable: the provider asked for doesn't run here.
    """
    chosen = options or SessionOptions(threads, spinning)
    if isinstance(technique, Path) or (isinstance(technique, str) and technique.endswith(".onnx")):
        _require_none(technique, {**own, **_unless(precision=(precision, "auto"), graphs=(graphs, None))})
        return loading.load_file(technique, provider, chosen)
    known = technique_named(technique)
    if known.has_graphs:
        _require_none(known.name, own)
        return loading.load(known, precision, provider, style=style, graphs=graphs, options=chosen)
    kind, place = resolved(known.painter), {"graphs": Path(graphs) if graphs is not None else None}
    if known.kind == "guided":
        base = loading.load(own.pop("base", DEFAULT), precision, provider, style=style, graphs=graphs, options=chosen)
        return _of(kind, own, place, base)
    rest = _unless(style=(style, ""), precision=(precision, "auto"), provider=(provider, "auto"), graphs=(graphs, None))
    _require_none(known.name, rest)
    return _of(kind, own, {"threads": chosen.threads})


def network_of(technique: str, style: Any) -> str:
    """Returns the name of the network, of a technique whose weights hold one style.

    Args:
        technique: its name.
        style: the name, a list of one (name, weight), or None for the only one that there is.

    Raises:
        UsageError: several styles, or something else than a name.
    """
    if isinstance(style, (list, tuple)):
        if len(style) > 1:
            raise UsageError(f"a network of {technique} has one style: give one", style=None)
        style = style[0][0] if style and isinstance(style[0], (list, tuple)) else None
    if style is not None and not isinstance(style, str):
        raise UsageError(f"the style of {technique} is the name of a network, no {type(style).__name__}", style=None)
    return style or ""


def _unless(**pairs: tuple[object, object]) -> dict[str, object]:
    """Returns the values that aren't as they are by default."""
    return {name: value for name, (value, default) in pairs.items() if value != default}


def _require_none(technique: object, given: dict[str, Any]) -> None:
    for name in given:
        raise UsageError(f"{technique} takes no {name}: leave it out", **{name: None})


def _of(kind: Any, own: dict[str, Any], known: dict[str, Any], *base: Painter) -> StylePainter:
    """Returns a painter of this kind, from the options that only it has, and from those of `known` that it takes."""
    fields = [f.name for f in dataclasses.fields(kind) if f.init]
    names = [name for name in fields if name not in ("base", "graphs", "threads")]
    for name in own.keys() - set(names):
        raise UsageError(f"{kind.__name__} takes no {name}; it takes {', '.join(names)}", **{name: None})
    painter: StylePainter = kind(*base, **{name: value for name, value in known.items() if name in fields}, **own)
    return painter
