"""Every error that stylex raises on purpose.

    StylexError                      exit code 1
    ├── UsageError                   2    the call itself is wrong: an option, a name, a combination
    ├── InputError                   3    a picture, a style or a folder can't be used
    ├── ModelError                   4    a graph, a checkpoint or a check of one failed
    │   └── CheckFailed              1    an exported file differs more from torch than is allowed
    ├── ResourceError                5    disk, memory, a provider or a package is missing
    │   ├── MissingPackage           5    with the line that installs it
    │   └── ProviderUnavailable      5    the execution provider asked for doesn't run here
    └── Interrupted                  130  Ctrl-C

A message is one line: what was given, what is needed, what to do. It speaks of parameters, not of options: the command
line adds those, and the section of `docs/errors.md` that has causes and cures of the class.
"""

from __future__ import annotations

import unicodedata
from typing import ClassVar


def one_line(text: str) -> str:
    r"""Returns a text with its lines joined and control characters escaped, as in "\x1b": names may have any."""
    if text.isprintable():
        return text
    joined = " ".join(text.splitlines())
    return "".join(repr(c)[1:-1] if unicodedata.category(c) == "Cc" else c for c in joined)


class StylexError(Exception):
    """Base of all errors that stylex raises on purpose; `exit_code` is what the command line ends with.

    Args:
        message: one line, which it becomes by `one_line` where a name in it has several.
        parameters: those of the call that the message's advice is about, each with a value that would do, or None. The
            command line adds its options of these names to the message.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "", **parameters: object) -> None:
        super().__init__(one_line(message))
        self.parameters = parameters

    @property
    def kind(self) -> str:
        """Returns the name of the error's class, or of the class of this module that it is one of."""
        return next(one.__name__ for one in type(self).__mro__ if one.__module__ == __name__)

    @property
    def section(self) -> str:
        """Returns where causes and cures of the class stand, such as "docs/errors.md#inputerror"."""
        return section_of(self.kind)


class UsageError(StylexError):
    """The call is wrong: an unknown name, a value out of range, options that exclude each other."""

    exit_code = 2


class InputError(StylexError):
    """A picture, style or folder is missing, unreadable, of the wrong kind or too large."""

    exit_code = 3


class ModelError(StylexError):
    """A graph or checkpoint is corrupt, foreign, or doesn't do what its metadata says."""

    exit_code = 4


class CheckFailed(ModelError):  # noqa: N818 - says what happened; the tree above says that it is an error
    """An exported graph differs more from torch than its tolerance allows."""

    exit_code = 1


class ResourceError(StylexError):
    """The machine lacks something: disk space, memory, permission."""

    exit_code = 5


class MissingPackage(ResourceError):  # noqa: N818
    """An optional package is not installed.

    Args:
        package: what is missing, as it is imported.
        extra: the extra of stylex that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}, which isn't installed: pip install 'stylex[{extra}]'")
        self.package, self.extra = package, extra

    def __reduce__(self) -> tuple[type[MissingPackage], tuple[str, str]]:
        return MissingPackage, (self.package, self.extra)  # so that it can come out of another process


class ProviderUnavailable(ResourceError):  # noqa: N818
    """The execution provider that was asked for is not there, or ONNX Runtime did not grant it."""


class Interrupted(StylexError):  # noqa: N818
    """The user stopped the work; nothing half-written is left behind."""

    exit_code = 130


def with_parameters(error: StylexError) -> str:
    """Returns the message with the parameters that its advice is about, for callers that are no command line."""
    named = ", ".join(name if value is None else f"{name}={value}" for name, value in error.parameters.items())
    return f"{error} ({named})" if named else str(error)


INTERNAL = "InternalError"
"""Kind of the errors that stylex doesn't raise on purpose: its own bugs."""


def section_of(kind: str) -> str:
    """Returns where causes and cures of a kind of error stand, such as "docs/errors.md#inputerror"."""
    return f"docs/errors.md#{kind.lower()}"


def first_line(error: BaseException) -> str:
    """Returns the first line of an error's text, shortened to 160 characters."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:160]
