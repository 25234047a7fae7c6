"""`stylex webcam`: a camera, painted live."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.cli.options.common import NETWORK_STYLES, backend_options
from stylex.cli.options.numbers import Count
from stylex.cli.options.video import prepared_styles, steadiness_options
from stylex.errors import UsageError

if TYPE_CHECKING:
    from stylex.runtime.video.camera import Camera
    from stylex.runtime.video.live import LivePreview
    from stylex.runtime.video.virtual_camera import VirtualCamera

ANY = "any"


@click.command("webcam")
@click.option("--camera", default="0", show_default=True, help="Its number, or a film that stands for it.")
@click.option("--list", "listing", is_flag=True, help="List the cameras, and end.")
@click.option("--style", "styles", multiple=True, help=f"{NETWORK_STYLES}; repeat to switch.")
@steadiness_options
@click.option("--size", type=Count(16), help="Reduce the longer side to this many pixels first.")
@click.option(
    "--virtual-camera",
    "virtual",
    is_flag=False,
    flag_value=ANY,
    metavar="[DEVICE]",
    help="Send the frames to a virtual camera too, for video calls; the first one, or a DEVICE.",
)
@click.option("--no-window", is_flag=True, help="Only send them; Ctrl-C ends it.")
@click.option("--save-to", default=".", type=click.Path(path_type=Path), show_default=True, help="Folder for s.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done, or the list, as JSON.")
@backend_options
def command(
    camera: str,
    listing: bool,
    styles: tuple[str, ...],
    technique: str,
    strength: float,
    keep_colors: bool,
    temporal: str,
    keyframes: int,
    size: int | None,
    virtual: str | None,
    no_window: bool,
    save_to: Path,
    as_json: bool,
    **backend: Any,
) -> None:
    """Paint what a camera sees, in a window.

    Keys: + and - change the strength, n and p the style, t the temporal mode, s saves a picture, q quits.

    \b
    Examples:
      stylex webcam --list
      stylex webcam --style starry-night --style the-scream
      stylex webcam --camera 1 --technique fast --style great-wave --temporal flow --size 640
      stylex webcam --style irises --virtual-camera --no-window
    """
    if listing:
        _list(as_json)
        return
    if no_window and virtual is None:
        raise UsageError("without a window nobody sees the frames: give --virtual-camera too")
    from stylex.files import check_place
    from stylex.runtime.video.camera import Camera
    from stylex.runtime.video.live import LivePreview, require_display
    from stylex.runtime.video.stylizer import Stylizer
    from stylex.runtime.video.virtual_camera import VirtualCamera

    check_place(save_to / "stylex-001.png")
    with contextlib.ExitStack() as stack:
        device = None if virtual == ANY else virtual
        sent = stack.enter_context(VirtualCamera(device)) if virtual is not None else None
        if not no_window:
            require_display()
        opened = stack.enter_context(Camera(int(camera) if camera.isdecimal() else camera, size))
        chosen = prepared_styles(technique, styles, backend)
        stylizer = Stylizer(chosen[0], strength, keep_colors, temporal, keyframes)
        report = _watched(opened, LivePreview(chosen, stylizer, save_to), sent, no_window)
    _tell(report, as_json)


def _watched(camera: Camera, preview: LivePreview, sent: VirtualCamera | None, no_window: bool) -> dict[str, Any]:
    """Paints until the user or the camera ends it, and returns what was done."""
    from stylex.runtime.video.live import NoScreen, Window, watch

    stylizer = preview.stylizer
    if stylizer.notice:
        click.echo(f"stylex: {stylizer.notice}", err=True)
    with contextlib.nullcontext(NoScreen()) if no_window else Window() as screen:
        count = watch(camera, preview, screen, *([sent.send] if sent else []))
    painter = stylizer.style.painter
    return {
        "camera": camera.name,
        "frames": count,
        "rate": preview.rate,
        "technique": painter.technique,
        "precision": painter.precision,
        "provider": painter.provider,
        "temporal": stylizer.runs,
        "virtual_camera": sent.device if sent else "",
    }


def _tell(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    sent = f", sent to {report['virtual_camera']}" if report["virtual_camera"] else ""
    click.echo(
        f"{report['camera']}: {report['frames']} frames, {report['technique']} {report['precision']} on "
        f"{report['provider']}, temporal {report['temporal']}, {report['rate']:.1f} frames/s{sent}"
    )


def _list(as_json: bool) -> None:
    """Prints the cameras that there are."""
    from stylex.runtime.video.camera import cameras

    found = cameras()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
        return
    for one in found:
        click.echo(f"{one.number}: {one.name or 'a camera'}, {one.width}x{one.height}")
    if not found:
        click.echo("no camera is found: connect one, and see that you may read it (Linux: the group video)")
