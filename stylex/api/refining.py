"""`stylex.refine`: a painting to a style code that suits it better than the encoder's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stylex.artifacts.style_code import StyleCode, style_reduction
from stylex.errors import UsageError
from stylex.imaging.color import require_colors
from stylex.imaging.content import visible_of
from stylex.installation import explained_imports
from stylex.techniques import ARBITRARY, DEFAULT, Technique, listed, row_named
from stylex.techniques.options import parsed_values
from stylex.techniques.training import REFINING


@dataclass(frozen=True)
class Refinement:
    """A refined style code.

    Attributes:
        code: to give as a style.
        before, after: losses of the encoder's code and of this one by name, on photos that weren't trained on; they
            are the same where the encoder's code could not be bettered, and is what `code` holds.
    """

    code: StyleCode
    before: dict[str, float]
    after: dict[str, float]

    @property
    def style_share(self) -> float:
        """Returns the distance from the painting's style, as a share of what the encoder's code has."""
        return self.after["style"] / max(self.before["style"], 1e-12)


def refine(
    picture: Any,
    content: Path | str,
    technique: str | Technique = DEFAULT,
    *,
    name: str = "",
    teacher: Path | str | None = None,
    weights: Path | str | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int = 0,
    notify: Callable[[str], object] = lambda line: None,
    progress: Callable[[int, int], object] = lambda done, of: None,
    **options: Any,
) -> Refinement:
    """Makes the style code of a painting by training the code alone, for a minute or two.

    The network stays as it is, and painting takes no longer.

    Args:
        picture: the painting: a path, an array, a picture of Pillow's or a file's bytes.
        content: folder of photos of the kind that will be painted.
        technique: one that takes any style.
        name: of the style; that of the file by default.
        teacher: loss networks, as for `stylex.train`; None for a teacher/ folder above the photos.
        weights: of the technique, as `stylex.train` wrote them; None for the embedded ones.
        device: that torch computes on; "auto" for CUDA where there is one.
        threads: of torch on the CPU; 0 for all cores.
        notify: is told in one line which photos are used and skipped, and what is used in place of a loss network that
            is missing.
        progress: is told after each step how many are done, and of how many.
        options: `steps` (60), `style_weight` (8) and `seed`, as `stylex styles refine` takes them.

    Raises:
        UsageError: the technique has its style in its weights; an option is unknown or out of range.
        InputError: the painting or a folder can't be used.
        MissingPackage: torch or another package of the extra "export" is missing.
        ModelError: the weights are of another network.
        ResourceError: CUDA was asked for and isn't there.
    """
    row, values = row_named(technique), parsed_values("refining", REFINING, options)
    with explained_imports():
        from stylex.models.registry import model_of
        from stylex.models.shared.arbitrary_style import ArbitraryStyleNetwork
        from stylex.models.threads import torch_threads
        from stylex.models.training import loop
        from stylex.models.training.arbitrary_style import ArbitraryStyleSettings
        from stylex.models.training.code_refinement import CodeRefinement
        from stylex.models.training.request import Request
        from stylex.models.weights import embedded, read_weights
    if row.name not in ARBITRARY:
        raise UsageError(f"{row.name} has no style codes; {listed(ARBITRARY)} have", technique=DEFAULT)
    network = model_of(row).network()
    assert isinstance(network, ArbitraryStyleNetwork)
    painting = visible_of(picture, name or "the painting", style_reduction)
    require_colors(painting, name or "the painting")
    read = read_weights(Path(weights) if weights else embedded(row))
    read.fill(network)
    settings, steps = ArbitraryStyleSettings(style=values["style_weight"]), values["steps"]
    with torch_threads(threads):
        chosen = loop.choose_device(device)
        photos, given = Path(content), {"teacher": None if teacher is None else Path(teacher)}
        loss_networks = Request(given, chosen, notify).loss_networks(photos)
        refinement = CodeRefinement(network.to(chosen), photos, painting, loss_networks, settings)
        for line in refinement.photos.lines():
            notify(line)
        found = refinement.refined(steps, values["seed"], lambda done, _losses: progress(done, steps))
    title = name or (Path(picture).stem if isinstance(picture, (str, Path)) else "picture")
    code = StyleCode(title, found.values.numpy(), row.name, read.sha256)
    return Refinement(code, found.before, found.after)
