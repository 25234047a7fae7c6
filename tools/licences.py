"""Writes the table in docs/licences.md of what this environment has of stylex's dependencies.

pip install -c constraints.txt '.[cpu,export,serve,video,bench,heic,test]'; python tools/licences.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

PAGE = Path(__file__).parents[1] / "docs" / "licences.md"
BEGIN, END = "<!-- table -->\n", "<!-- end -->"
COPYLEFT = {
    "x264": "x264 (GPL-2.0+)",
    "x265": "x265 (GPL-2.0+)",
    "de265": "libde265 (LGPL-3.0+)",
    "heif": "libheif (LGPL-3.0+)",
    "avcodec": "FFmpeg",
    "Qt5Core": "Qt 5 (LGPL-3.0)",
    "mp3lame": "LAME (LGPL-2.0+)",
    "gnutls": "GnuTLS (LGPL-2.1+)",
    "gmp": "GMP (LGPL-3.0+)",
    "asound": "ALSA (LGPL-2.1+)",
    "quadmath": "libquadmath (LGPL-2.1+)",
    "gfortran": "libgfortran (GPL-3.0+ with the runtime exception)",
}
"""Libraries under a copyleft licence that wheels carry, by a part of their file's name; FFmpeg's is the package's."""
FFMPEG = {True: "FFmpeg (GPL-2.0+, built with x264 and x265)", False: "FFmpeg (LGPL-2.1+)"}


def extras() -> list[str]:
    """Returns the names of stylex's extras."""
    return distribution("stylex").metadata.get_all("Provides-Extra") or []


def brought() -> dict[str, set[str]]:
    """Returns the packages that are installed here, and which extras bring them; "" for the bare install."""
    found: dict[str, set[str]] = {}
    for extra in ("", *extras()):
        for name in _needed("stylex", extra, set()) - {"stylex"}:
            found.setdefault(name, set()).add(extra)
    return found


def _needed(name: str, extra: str, seen: set[tuple[str, str]]) -> set[str]:
    """Returns a package with all that it needs, as far as it is installed, by normalized names."""
    name = re.sub(r"[-_.]+", "-", name).lower()
    if (name, extra) in seen:
        return set()
    seen.add((name, extra))
    try:
        requires = distribution(name).requires or []
    except PackageNotFoundError:
        return set()
    found = {name}
    for one in map(Requirement, requires):
        if one.marker is None or one.marker.evaluate({"extra": extra}):
            for own in ("", *one.extras):
                found |= _needed(one.name, own, seen)
    return found


def licence_of(package: Distribution) -> str:
    """Returns what a package's metadata say of its licence."""
    metadata: Any = package.metadata  # its type lacks what a message has
    stated, named = ((metadata.get_all(key) or [""])[0] for key in ("License-Expression", "License"))
    classified = [c.rpartition(" :: ")[2] for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    return str(stated or ", ".join(classified) or named.strip().split("\n")[0][:60] or "not stated")


def carried(package: Distribution) -> list[str]:
    """Returns the libraries under a copyleft licence whose files a package carries."""
    files = {file.name for file in package.files or () if ".so" in file.name and ".libs" in str(file.parent)}
    inside = {key for key in COPYLEFT if any(f"lib{key}" in name for name in files)}
    ffmpeg = FFMPEG[{"x264", "x265"} & inside != set()]
    return [ffmpeg if key == "avcodec" else COPYLEFT[key] for key in COPYLEFT if key in inside]


def rows() -> Iterator[str]:
    """Yields the rows of the table, the bare install's first."""
    order = sorted(brought().items(), key=lambda one: ("" not in one[1], set(one[1]) == {"test"}, one[0]))
    for name, wanted in order:
        package = distribution(name)
        by = "always" if "" in wanted else ", ".join(f"`[{extra}]`" for extra in sorted(wanted))
        yield f"| {name} | {by} | {licence_of(package)} | {', '.join(carried(package))} |"


def main() -> None:
    """Replace the table."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    head = (
        "| package | comes with | licence that it states | copyleft inside its wheel for Linux |\n|---|---|---|---|\n"
    )
    table = head + "".join(f"{row}\n" for row in rows())
    PAGE.write_text(before + BEGIN + table + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
