"""`stylex doctor`: what this machine can run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from stylex._version import __version__
from stylex.installation import ONNX_RUNTIME, OPENCV, version

if TYPE_CHECKING:
    from stylex.runtime.engine.providers import Provider

PACKAGES = (
    "numpy",
    "opencv-python",
    "opencv-python-headless",
    "pillow",
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-ep-openvino",
    "onnxruntime-ep-webgpu",
    "onnxruntime-ep-nv-tensorrt-rtx-cu13",
    "onnxruntime-qnn",
    "tensorrt",
    "torch",
    "onnx",
    "onnxscript",
    "safetensors",
    "scikit-image",
    "av",
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--markdown", is_flag=True, help="The table of providers in the README.")
def command(as_json: bool, markdown: bool) -> None:
    """Print hardware, packages, and the providers that start here, with the line that installs the others.

    \b
    Example:
      stylex doctor
    """
    if markdown:
        from stylex.runtime.engine.providers import table

        click.echo(table())
        return
    report = examine()
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    for key, value in report["machine"].items():
        click.echo(f"{key:23} {_text(value)}")
    for name, have in report["packages"].items():
        click.echo(f"{name:23} {have or 'not installed'}")
    for row in report["providers"]:
        note = "" if row["verified"] else "; unverified by this project"
        click.echo(f"{row['name']:23} {'runs' + note if row['runs'] else row['reason']}")
    for key, precision in report["kept"].items():
        click.echo(f"kept for {key}: {precision}")
    for advice in report["advice"]:
        click.echo(f"advice: {advice}")


def _text(value: object) -> str:
    if value is None:
        return "unknown"
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


def examine() -> dict[str, Any]:
    """Returns all findings: machine, packages, providers and advice."""
    from stylex.artifacts.catalog import GRAPHS, encoder_file
    from stylex.runtime.engine import hardware
    from stylex.runtime.engine.providers import PROVIDERS
    from stylex.runtime.kept_precisions import kept_precisions
    from stylex.techniques import DEFAULT

    flags = hardware.instruction_sets()
    machine = hardware.describe()
    machine["instruction_sets"] = None if flags is None else [hardware.INT8_FLAGS[flag] for flag in flags]
    providers = [_provider(p, encoder_file(DEFAULT, GRAPHS)) for p in PROVIDERS]
    advice = []
    if not hardware.int8_is_exact():
        advice.append("this processor has no VNNI: INT8 sums saturate, so FP32 is used by default")
    if not hardware.int8_is_fast():
        advice.append("this processor has no dot product of bytes: INT8 doesn't pay, so FP32 is used by default")
    broken = {package: package.problem() for package in (ONNX_RUNTIME, OPENCV)}
    advice += [broken[package] or package.doubled() for package in broken]
    return {
        "machine": machine,
        "packages": {"stylex": __version__, **{name: version(name) for name in PACKAGES}},
        "providers": providers,
        "kept": {} if broken[ONNX_RUNTIME] else kept_precisions(),
        "advice": [*filter(None, advice)],
    }


def _provider(provider: Provider, graph: Any) -> dict[str, Any]:
    """Returns what is known of a provider, and whether it really starts, found out by opening a small graph on it."""
    from stylex.errors import StylexError
    from stylex.runtime.engine.session import open_graph

    row = {key: getattr(provider, key) for key in ("name", "install", "systems", "wants", "expect", "verified")}
    try:
        open_graph(graph, provider.name)
    except StylexError as error:
        return {**row, "runs": False, "reason": str(error)}
    return {**row, "runs": True, "reason": ""}
