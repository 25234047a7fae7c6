"""`stylex.export`: weights to checked ONNX files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stylex.errors import MissingPackage
from stylex.techniques.exporting import PRECISION, TARGET

if TYPE_CHECKING:
    from stylex.export.pipeline import Exported
    from stylex.techniques import Technique


def export(
    technique: str | Technique,
    *,
    precision: Literal["fp32", "fp16", "int8"] = PRECISION,
    folder: Path | str = ".",
    style: str = "",
    weights: Path | str | None = None,
    target: Literal["cpu-x86", "cpu-arm", "tensorrt"] = TARGET,
    size: int | None = None,
    calibration: Path | str | None = None,
    progress: Callable[[str], object] = lambda what: None,
) -> list[Exported]:
    """Exports a technique, or a tool, to ONNX, and checks against torch that it still paints the same.

    Args:
        technique: a technique that has graphs, or "segmenter" or "upscaler"; a name, or a row of one's own.
        precision: of the transfer graph.
        folder: where the files go.
        style: only this network, of a technique whose weights hold one style.
        weights: a weights.safetensors that `stylex train` wrote; the embedded ones by default.
        target: the device that FP16 or INT8 is for.
        size: fixed height and width; None for any.
        calibration: folder of photos; those inside scikit-image by default.
        progress: is called with what is being done.

    Returns:
        The files that were written, with their metadata and the reports of their checks.

    Raises:
        UsageError: an unknown technique or style, or a size that can't be.
        InputError: weights or photos that can't be read.
        MissingPackage: torch, onnx or another package of the extra "export" is missing.
        CheckFailed: a graph differs too much from torch; it isn't written.
    """
    try:
        from stylex.export.pipeline import ExportSettings
        from stylex.export.pipeline import export as exported
        from stylex.models.registry import embedded_models, own_model
    except ModuleNotFoundError as error:
        raise MissingPackage((error.name or "torch").split(".")[0], "export") from error
    photos = None if calibration is None else Path(calibration)
    more: dict[str, Any] = {} if size is None else {"size": size}
    settings = ExportSettings(precision, target, calibration=photos, **more)
    models = [own_model(technique, Path(weights), style)] if weights else embedded_models(technique, style)

    def tell(what: str) -> None:
        progress(what)

    return list(exported(models, settings, Path(folder), tell))
