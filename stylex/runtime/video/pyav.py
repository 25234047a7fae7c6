"""The version of PyAV. Importing this module raises where it isn't one that films can be read and written with."""

from __future__ import annotations

from importlib import metadata

from stylex.errors import MissingPackage, ResourceError

LEAST, BELOW = 17, 19
"""Major versions: 16 lacks names of colours and streams that are used here, 19 isn't out."""


def require_pyav() -> None:
    """Looks at the version that is installed.

    Raises:
        MissingPackage: there is none.
        ResourceError: it is another than the extra asks for.
    """
    try:
        version = metadata.version("av")
    except metadata.PackageNotFoundError:
        raise MissingPackage("av", "video") from None
    major = version.split(".")[0]
    if not major.isdecimal() or not LEAST <= int(major) < BELOW:
        raise ResourceError(f"PyAV is {version}; films need {LEAST} or {BELOW - 1}: pip install 'av>={LEAST},<{BELOW}'")


require_pyav()
