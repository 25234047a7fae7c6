"""`stylex webcam`: a camera, painted live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stylex.cli.options.common import NETWORK_STYLES, backend_options
from stylex.cli.options.numbers import Count
from stylex.cli.options.video import looks, steadiness_options


@click.command("webcam")
@click.option("--camera", default=0, type=Count(0), show_default=True, help="Its number.")
@click.option("--style", "styles", multiple=True, help=f"{NETWORK_STYLES}; repeat to switch.")
@steadiness_options
@click.option("--save-to", default=".", type=click.Path(path_type=Path), show_default=True, help="Folder for s.")
@backend_options
def command(
    camera: int,
    styles: tuple[str, ...],
    technique: str,
    strength: float,
    keep_colors: bool,
    temporal: str,
    keyframes: int,
    save_to: Path,
    **backend: Any,
) -> None:
    """Paint what a camera sees, in a window.

    Keys: + and - change the strength, n and p the style, t the temporal mode, s saves a picture, q quits.

    \b
    Examples:
      stylex webcam --style starry-night --style the-scream
      stylex webcam --camera 1 --technique fast --style great-wave --temporal flow
    """
    from stylex.files import check_place
    from stylex.runtime.video.live import Camera, LivePreview, Window, require_display, watch
    from stylex.runtime.video.stylizer import Stylizer

    check_place(save_to / "stylex-001.png")
    require_display()
    with Camera(camera) as opened:
        chosen = looks(technique, styles, backend)
        stylizer = Stylizer(chosen[0], strength, keep_colors, temporal, keyframes)
        if stylizer.notice:
            click.echo(f"stylex: {stylizer.notice}", err=True)
        preview = LivePreview(chosen, stylizer, save_to)
        with Window() as window:
            count = watch(opened, preview, window)
    click.echo(
        f"{opened.name}: {count} frames, {technique} {stylizer.style.painter.precision} on "
        f"{stylizer.style.painter.provider}, temporal {stylizer.runs}, {preview.rate:.1f} frames/s"
    )
