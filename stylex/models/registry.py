"""From the row of a technique or a tool to what can be exported of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stylex.artifacts.catalog import require_name
from stylex.errors import UsageError
from stylex.export.graph_spec import Model
from stylex.models.spec import ModelSpec
from stylex.models.weights import embedded, embedded_styles, read_card, read_weights
from stylex.techniques import EXPORTED, Technique, resolved, row_named


def model_of(technique: str | Technique) -> ModelSpec:
    """Returns the network of a technique or a tool, and what is done with it.

    Raises:
        UsageError: it has no network.
    """
    row = row_named(technique)
    if not row.model:
        raise UsageError(f"{row.name!r} has no network of its own; choose {', '.join(EXPORTED)}")
    spec = resolved(row.model)
    assert isinstance(spec, ModelSpec)
    return spec


def embedded_models(technique: str | Technique, style: str = "") -> list[Model]:
    """Returns the models that come with the package: one, or one a style.

    Raises:
        UsageError: the technique has no network, or none of that style.
    """
    row = _exported(technique)
    known = embedded_styles(row) if row.single_style else []
    if style and style not in known:
        have = f"choose {', '.join(known)}" if known else "its weights take any style: leave the style out"
        raise UsageError(f"{row.name} has no weights for the style {style!r}; {have}", style=None)
    return [_model(row, embedded(row, one), one) for one in ([style] if style else known or [""])]


def own_model(technique: str | Technique, file: Path, style: str = "") -> Model:
    """Returns the model of a weights file that `stylex train` or `stylex bake` wrote.

    Args:
        style: what to call its one style; by default what its card says, or else its folder's name.

    Raises:
        UsageError: the technique has no network, or takes any style.
        InputError: no such file.
        ModelError: damaged, or of another network.
    """
    row = _exported(technique)
    return _model(row, file, style_in_weights(row, style, lambda: style_of(file)))


def _exported(technique: str | Technique) -> Technique:
    """Returns the row of a technique or a tool that has graphs."""
    row = row_named(technique)
    if not row.has_graphs:
        raise UsageError(f"{row.name!r} can't be exported; choose {', '.join(EXPORTED)}")
    return row


def style_in_weights(row: Technique, given: str, otherwise: Callable[[], str], title: str = "") -> str:
    """Returns the name of the one style in a technique's weights; "" where they take any style.

    Args:
        given: the name that was asked for; "" for the one of `otherwise`.
        title: of the network in messages; by default "a network of" its technique.

    Raises:
        UsageError: a name was asked for where the weights take any style, or it can't be part of a file's name.
    """
    if row.single_style:
        return require_name(given or otherwise(), "style")
    if given:
        raise UsageError(f"{title or f'a network of {row.name}'} takes any style: leave the style out", style=None)
    return ""


def _model(row: Technique, file: Path, style: str) -> Model:
    """Returns a weights file as what can be exported; licence and provenance are its card's."""
    spec, weights = model_of(row), read_weights(file)
    network = spec.network()
    weights.fill(network)
    traceables = spec.traceables
    assert traceables is not None
    licence, provenance = weights.origin()
    return Model(
        technique=row.name,
        traceables=lambda size: traceables(network, weights, size),
        weights_sha256=weights.sha256,
        style=style,
        licence=licence,
        provenance=provenance,
    )


def style_of(file: Path) -> str:
    """Returns the one style of a weights file: what its card says, or else its folder's name."""
    card = read_card(file.with_name("card.json"))
    held = card.get("style")
    name = held.get("name") if isinstance(held, dict) else None
    return name if isinstance(name, str) and name else file.resolve().parent.name
