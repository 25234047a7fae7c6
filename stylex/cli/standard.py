"""Pictures on standard input and output, and the signal that ends long work."""

from __future__ import annotations

import sys

from stylex.errors import InputError, ResourceError, UsageError


def picture_from_standard_input() -> bytes:
    """Returns all of standard input.

    Raises:
        UsageError: it is a terminal.
        InputError: there is nothing.
    """
    stream = sys.stdin.buffer
    if stream.isatty():
        raise UsageError("standard input is a terminal: pipe a picture into it, such as with < photo.jpg")
    data = stream.read()
    if not data:
        raise InputError("standard input is empty (0 bytes): pipe a picture into it")
    return data


def require_standard_output() -> None:
    """Raises UsageError where standard output is a terminal, which shows no pictures."""
    if sys.stdout.buffer.isatty():
        raise UsageError("standard output is a terminal: redirect it with > painted.jpg, or name a file", output=None)


def picture_to_standard_output(data: bytes) -> None:
    """Writes a whole picture. Raises ResourceError where that fails."""
    stream = sys.stdout.buffer
    try:
        stream.write(data)
        stream.flush()
    except OSError as error:
        raise ResourceError(f"standard output can't be written ({error.strerror}): name a file", output=None) from error
