"""`stylex serve`: paint photos over HTTP, and on a page in the browser."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import click

from stylex.cli.options.common import backend_options
from stylex.cli.options.numbers import Count, Number


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", default=8000, type=Count(0, 65535), show_default=True, help="0 takes a free one.")
@click.option("--technique", "techniques", multiple=True, help="Repeat for more; the first is the default  [all]")
@click.option("--workers", default=0, type=Count(0), help="Photos at a time  [as many as cores]")
@click.option("--queue", default=16, type=Count(0), show_default=True, help="Requests that may wait.")
@click.option(
    "--time-limit", default=30.0, type=Number(0.1, 86400), show_default=True, help="Seconds that a request may take."
)
@click.option(
    "--max-mib",
    default=32.0,
    type=Number(0.01, 4096),
    show_default=True,
    help="Of a request: photo, styles and fields.",
)
@click.option(
    "--max-size", default=2048, type=Count(16), show_default=True, help="Longer side of a painted picture in pixels."
)
@click.option(
    "--drain", default=30.0, type=Number(0, 86400), show_default=True, help="Seconds to finish requests after SIGTERM."
)
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
@backend_options
def command(
    host: str,
    port: int,
    techniques: tuple[str, ...],
    workers: int,
    queue: int,
    time_limit: float,
    max_mib: float,
    max_size: int,
    drain: float,
    as_json: bool,
    precision: str,
    provider: str,
    threads: int,
    graphs: Path | None,
) -> None:
    """Paint photos over HTTP: POST /v1/paint, and a page at /.

    Ctrl-C stops it; SIGTERM lets it finish what it has. It has no passwords: put it behind a server that has, where
    other machines shall reach it.

    \b
    Examples:
      stylex serve
      stylex serve --port 9000 --technique adain --technique fast --queue 8
      curl -F photo=@photo.jpg -F style=starry-night http://127.0.0.1:8000/v1/paint -o painted.jpg
    """
    from stylex.serve.app import service_app
    from stylex.serve.server import bound, serve, url_of
    from stylex.serve.settings import MIB, SERVED, Settings

    settings = Settings(
        techniques or SERVED,
        precision,
        provider,
        graphs,
        workers,
        threads,
        queue,
        time_limit,
        max_bytes=round(max_mib * MIB),
        longest=max_size,
    )
    listening = bound(host, port)
    with listening:
        url = url_of(listening)
        if not ipaddress.ip_address(listening.getsockname()[0]).is_loopback:
            click.echo("stylex: other machines can reach this, and it asks for no password", err=True)
        app = service_app(settings)
        report = {"url": url, "techniques": settings.techniques, "workers": settings.at_once, "queue": queue}
        click.echo(json.dumps(report) if as_json else f"stylex serves {', '.join(settings.techniques)} at {url}")
        given_up = serve(listening, app, drain)
    what = f"{given_up} requests were given up after {drain:g} s" if given_up else "every request was answered"
    click.echo(f"stylex: stopped, {what}", err=True)
