"""Targets of `stylex export` that are more than a graph: a page, a repository for Triton, filters for films."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click


def write_repository(
    technique: str | None, precision: str, style: str, graphs: Path | None, folder: Path, as_json: bool
) -> None:
    """Writes models for Triton, and measures each."""
    from rich.console import Console

    from stylex.techniques import DEFAULT
    from stylex.triton.repository import export_repository

    backend: dict[str, Any] = {"precision": precision or "auto", "style": style, "graphs": graphs}
    with Console(stderr=True).status("measuring") as status:
        made = export_repository(folder, technique or DEFAULT, **backend, progress=lambda what: status.update(what))
    if as_json:
        click.echo(json.dumps([{**asdict(one), "folder": str(one.folder)} for one in made], indent=2))
        return
    for one in made:
        click.echo(
            f"{one.folder}: {one.ran}, {one.rate:.1f} photos/s in batches of {one.batch}, "
            f"waits {one.queue_delay * 1e3:.1f} ms for others, at most {one.queue_size} in the queue"
        )
    click.echo(f"serve it: tritonserver --model-repository={shlex.quote(str(folder.resolve()))} (docs/triton.md)")


def write_video_filters(
    technique: str | None, program: str, style: str, graphs: Path | None, folder: Path, as_json: bool
) -> None:
    """Writes filters for FFmpeg or GStreamer."""
    from rich.console import Console

    from stylex.api.video_filters import export_video_filters
    from stylex.errors import UsageError

    if technique is None:
        raise UsageError("TECHNIQUE is missing: name one whose weights hold one style, such as fast")
    with Console(stderr=True).status("exporting") as status:
        made = export_video_filters(
            folder, technique, program, style=style, graphs=graphs, progress=lambda what: status.update(what)
        )
    if as_json:
        click.echo(json.dumps([{**asdict(one), "path": str(one.path)} for one in made], indent=2))
        return
    for one in made:
        click.echo(f"{one.path}: of {one.source}, {one.psnr:.1f} dB against stylex's own picture")
        click.echo(f"  in {folder}: {one.usage}")


def write_site(technique: str | None, folder: Path, runtime: Path | None, as_json: bool) -> None:
    """Writes the page as static files, and downloads onnxruntime-web where it isn't given."""
    from stylex.api.site import ORT_SHA256, ORT_URL, ORT_VERSION, export_site
    from stylex.files import cache_folder
    from stylex.models.encoders.download import fetched
    from stylex.techniques import DEFAULT

    if runtime is None:
        runtime = fetched(ORT_URL, cache_folder() / f"onnxruntime-web-{ORT_VERSION}.tgz", ORT_SHA256)
    site = export_site(folder, runtime, technique or DEFAULT)
    if as_json:
        click.echo(json.dumps({**asdict(site), "folder": str(site.folder)}, indent=2))
        return
    click.echo(f"{site.folder}: {site.technique} in {site.files} files, {site.bytes / 1e6:.1f} MB")
    served = shlex.quote(str(site.folder))
    click.echo(f"try it: python -m http.server --directory {served}, then open http://localhost:8000")
