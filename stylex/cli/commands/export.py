"""`stylex export`: weights to checked ONNX files."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.artifacts.metadata import TARGETS
from stylex.cli.options.common import optional_technique_argument
from stylex.cli.options.numbers import Count, Number
from stylex.cli.targets import write_repository, write_site, write_video_filters
from stylex.techniques.exporting import FLAT_SHIFT, OPSET, PRECISION, TARGET, VIDEO_FILTERS

if TYPE_CHECKING:
    from stylex.export.graph_spec import Model
    from stylex.export.pipeline import Exported, ExportSettings
    from stylex.quant.audit import Audit

WEB, TRITON = "web", "triton"


@click.command()
@optional_technique_argument
@click.option("--fp16", is_flag=True, help="Half precision; inputs and outputs stay float32.")
@click.option("--int8", is_flag=True, help="8-bit integers, calibrated on real photos times styles.")
@click.option(
    "--target",
    default=TARGET,
    type=click.Choice((*TARGETS, WEB, TRITON, *VIDEO_FILTERS)),
    show_default=True,
    help="Device that FP16 or INT8 is for; web for a page of static files; triton for a model repository; ffmpeg or "
    "gstreamer for a filter of films, of networks of one style.",
)
@click.option("--size", type=Count(), help="Fix height and width; for our own networks a multiple of 8.")
@click.option("--dynamic", is_flag=True, help="Any height and width (the default).")
@click.option("--opset", default=OPSET, type=Count(), show_default=True)
@click.option("--style", default="", help="Only this network, of a technique whose weights hold one style  [all]")
@click.option("--weights", type=click.Path(path_type=Path), help="A weights.safetensors of `stylex train`  [embedded]")
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A published network's file, .pth or .safetensors; repeat for all of its files. Says itself what it is.",
)
@click.option("--calibration", type=click.Path(path_type=Path), help="Folder of photos  [those inside scikit-image]")
@click.option(
    "--flat-shift",
    type=Number(0, 255),
    help=f"Levels that flat areas may move by at INT8; one whose areas move by more isn't written  [{FLAT_SHIFT:g}]",
)
@click.option(
    "--keep-float",
    default="auto",
    show_default=True,
    help="How many convolutions stay in float32 at INT8, the most harmful ones; auto for as few as the check needs.",
)
@click.option("--report", is_flag=True, help="At INT8, list what each convolution costs.")
@click.option("-o", "--output", "folder", default=Path(), type=click.Path(path_type=Path), help="Folder  [this one]")
@click.option(
    "--onnxruntime-web",
    "runtime",
    type=click.Path(path_type=Path),
    help="For web: its npm package, a .tgz or a folder  [downloaded once]",
)
@click.option(
    "--graphs",
    type=click.Path(path_type=Path),
    help="For triton and filters: folder of exported graphs  [embedded]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    technique: str | None,
    fp16: bool,
    int8: bool,
    target: str,
    size: int | None,
    dynamic: bool,
    opset: int,
    flat_shift: float | None,
    keep_float: str,
    report: bool,
    style: str,
    weights: Path | None,
    checkpoints: tuple[Path, ...],
    calibration: Path | None,
    folder: Path,
    runtime: Path | None,
    graphs: Path | None,
    as_json: bool,
) -> None:
    """Export TECHNIQUE, or a tool, to ONNX, and prove against torch that it still paints the same.

    Tools are the segmenter and the upscaler. FP32 without --fp16 or --int8. Writes the transfer graph and the style
    encoder. A graph that differs too much from torch is not written, and the exit code is 1.

    Checkpoints of published networks need no TECHNIQUE: they are known by the names and shapes of their parameters.

    \b
    Examples:
      stylex export adain -o models/
      stylex export adain --int8 -o models/
      stylex export adain --int8 --report --keep-float 1 -o models/
      stylex export upscaler --int8 -o models/
      stylex export adain --target web -o site/
      stylex export adain --target triton --int8 -o repository/
      stylex export fast --style starry-night --target ffmpeg -o filters/
      stylex export adain --fp16 --target tensorrt --size 512 -o models/
      stylex export --checkpoint candy.pth --int8 -o models/
      stylex export --checkpoint decoder.pth --checkpoint vgg_normalised.pth -o models/
    """
    from stylex.errors import UsageError

    if fp16 and int8:
        raise UsageError("--fp16 and --int8 exclude each other: export one after the other")
    precision = "fp16" if fp16 else "int8" if int8 else ""
    made_of: dict[str, object] = {
        "size": size,
        "weights": weights,
        "checkpoint": checkpoints,
        "calibration": calibration,
        "report": report,
        "keep-float": keep_float != "auto",
    }
    if target == WEB:
        what = "a page has every precision, size and built-in style"
        _leave_out(what, fp16=fp16, int8=int8, style=style, graphs=graphs, **made_of)
        write_site(technique, folder, runtime, as_json)
        return
    _leave_out("it is for --target web", **{"onnxruntime-web": runtime})
    if target == TRITON:
        _leave_out("graphs are served as they were exported", **made_of)
        write_repository(technique, precision, style, graphs, folder, as_json)
        return
    if target in VIDEO_FILTERS:
        _leave_out("filters are made of exported float graphs", fp16=fp16, int8=int8, **made_of)
        write_video_filters(technique, target, style, graphs, folder, as_json)
        return
    _leave_out(f"it is for --target {', '.join((TRITON, *VIDEO_FILTERS))}", graphs=graphs)
    from stylex.export.pipeline import ExportSettings

    if size is not None and dynamic:
        raise UsageError("--size and --dynamic exclude each other: give one of them")
    if (report or keep_float != "auto") and precision != "int8":
        raise UsageError("--report and --keep-float are about INT8: add --int8")
    kept = _count(keep_float)
    settings = ExportSettings(precision or PRECISION, target, size, opset, calibration, flat_shift, kept, report)
    _write_graphs(_models(technique, weights, checkpoints, style), settings, folder, as_json)


def _write_graphs(models: list[Model], settings: ExportSettings, folder: Path, as_json: bool) -> None:
    """Exports models and prints what was written."""
    from rich.console import Console

    from stylex.export.pipeline import export

    with Console(stderr=True).status("exporting") as status:
        made = export(models, settings, folder, lambda what: status.update(what), _tell_audit)
    if as_json:
        click.echo(json.dumps([_row(one) for one in made], indent=2))
        return
    for one in made:
        _tell(one)


def _tell_audit(name: str, audit: Audit) -> None:
    """Prints what is known of an INT8 graph before anyone waits for it."""
    for line in audit.lines():
        click.echo(f"{name}: {line}", err=True)


def _count(keep_float: str) -> int | None:
    """Returns how many convolutions stay in float32; None for "auto"."""
    from stylex.errors import UsageError

    if keep_float == "auto":
        return None
    if not re.fullmatch("[0-9]{1,9}", keep_float):
        raise UsageError(f"{keep_float!r} is no count of convolutions: give a whole number, or auto", keep_float="auto")
    return int(keep_float)


def _leave_out(why: str, **given: object) -> None:
    """Refuses options that the target has no use for."""
    from stylex.errors import UsageError

    for name in (name for name, value in given.items() if value):
        raise UsageError(f"{why}: leave --{name} out")


def _row(one: Exported) -> dict[str, Any]:
    """Returns one file, machine-readable."""
    return {
        "path": str(one.path),
        "bytes": one.size,
        "metadata": one.metadata.to_dict(),
        "left_in_float32": one.kept_in_float32,
        "layers": [asdict(layer) for layer in one.layers],
        "audit": one.audit and {**asdict(one.audit), "share": one.audit.share, "pays": one.audit.pays},
        "checks": [asdict(r) for r in one.reports],
    }


def _tell(one: Exported) -> None:
    """Prints one file in some lines."""
    click.echo(f"{one.path}: {one.metadata.spec.role} {one.metadata.precision}, {one.size / 1e6:.2f} MB")
    for r in one.reports:
        quality = f", SSIM {r.mean_ssim:.4f}" if r.mean_ssim is not None else ""
        quality += f", flat areas moved by {r.shift:.1f} levels" if r.shift is not None else ""
        click.echo(
            f"  {r.output:11} against torch: largest difference {r.largest:.2g}, "
            f"PSNR {r.mean_psnr:.1f} dB (worst {r.worst_psnr:.1f}){quality}"
        )
    if one.kept_in_float32:
        click.echo(f"  left in float32: {', '.join(one.kept_in_float32)}")
    if one.layers:
        click.echo("  quantized alone, the most harmful first:")
    for layer in one.layers:
        shift = f", flat areas moved by {layer.shift:.1f} levels" if layer.shift is not None else ""
        click.echo(f"    {layer.convolution:24} PSNR {layer.psnr:.1f} dB{shift}")


def _models(technique: str | None, weights: Path | None, checkpoints: tuple[Path, ...], style: str) -> list[Model]:
    """Returns the models to export: a published checkpoint, a weights file of ours, or the embedded ones."""
    from stylex.errors import UsageError
    from stylex.models.published.checkpoints import load_checkpoint
    from stylex.models.registry import embedded_models, own_model

    if not checkpoints:
        if technique is None:
            raise UsageError("nothing to export was named: give a TECHNIQUE, or --checkpoint FILE")
        return [own_model(technique, weights, style)] if weights else embedded_models(technique, style)
    if weights:
        raise UsageError("--weights and --checkpoint exclude each other: give one of them")
    found = load_checkpoint(checkpoints)
    if technique not in (None, found.technique.name):
        raise UsageError(f"this is a checkpoint of {found.technique.name}, not of {technique}: leave TECHNIQUE out")
    for note in found.notes:
        click.echo(note, err=True)
    return [found.model(style)]
