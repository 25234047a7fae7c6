"""The packages that stylex stands on: whether they work as they are installed, and the command that mends them."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stylex.errors import MissingPackage, ResourceError, first_line

OPTIONAL = {
    **dict.fromkeys(("torch", "onnx", "onnxscript", "onnx_ir", "skimage", "safetensors"), "export"),
    "av": "video",
    **dict.fromkeys(("fastapi", "uvicorn", "prometheus_client", "h11", "pydantic", "starlette", "anyio"), "serve"),
    **dict.fromkeys(("ray", "pyarrow"), "ray"),
    **dict.fromkeys(("matplotlib", "mlperf_loadgen"), "bench"),
    "pillow_heif": "heic",
    "pyvirtualcam": "webcam",
}
"""Package, as it is imported, to the extra that brings it."""
MISSING_LIBRARY = re.compile(r"([^\s:/]+\.so[.\d]*): cannot open shared object file")
"""Pattern of the dynamic linker's message that a library isn't there."""
TOO_OLD = re.compile(r"version [`']((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found")
"""Pattern of its message that a library of the system is older than the one that a package was built with."""


@dataclass(frozen=True)
class Package:
    """A package that comes in several distributions, which share one folder: removing one leaves the other hollow.

    Attributes:
        title: as its makers call it.
        module: as it is imported.
        proof: an attribute that it has where its files are complete.
        distributions: as pip calls them, the usual one first; what is installed is installed again.
        headless: the distribution that needs no desktop's libraries; empty where none does.
    """

    title: str
    module: str
    proof: str
    distributions: tuple[str, ...]
    headless: str = ""

    def working(self) -> Any:
        """Returns the module.

        Raises:
            ResourceError: it isn't installed, or its files are incomplete or don't fit the system; with the command
                that mends it.
        """
        try:
            module = importlib.import_module(self.module)
        except Exception as error:  # a broken package raises whatever its first broken file raises
            raise ResourceError(self.explained(error)) from error
        if not hasattr(module, self.proof):
            raise ResourceError(f"{self.title} is installed incompletely: {self.reinstall()}")
        return module

    def problem(self) -> str:
        """Returns why it doesn't work, with the command that mends it; empty where it works."""
        try:
            self.working()
        except ResourceError as error:
            return str(error)
        return ""

    def explained(self, error: BaseException) -> str:
        """Returns what an import's error means, with the command that helps."""
        text = str(error)
        absent = isinstance(error, ModuleNotFoundError) and error.name == self.module
        if absent and not self._installed():
            return f"this needs {self.title}, which isn't installed: pip install {self.distributions[0]}"
        if too_old := TOO_OLD.search(text):
            return f"{self.title} was built for a newer system ({too_old[1]} is missing here): {self.reinstall('<')}"
        library = MISSING_LIBRARY.search(text)
        if library is None or self.module in library[1] or library[1].startswith("libopencv"):
            return f"{self.title} can't be imported ({first_line(error)}): {self.reinstall()}"
        needed = f"{self.title} needs a system library that is missing ({library[1]}): "
        if self.headless and self._installed() != (self.headless,):
            return f"{needed}{self._uninstall()} && pip install {self.headless}"
        return f"{needed}install {library[1]} with the system's package manager"

    def reinstall(self, older: str = "") -> str:
        """Returns the command that removes every distribution and installs the right one, or an older version of it.

        Removing comes first: what pip takes for installed it doesn't install again.
        """
        name = (self._installed() or self.distributions)[-1 if self._installed() else 0]
        wanted = f"'{name}<{version(name)}'" if older and self._installed() else name
        return f"{self._uninstall()} && pip install {wanted}"

    def doubled(self) -> str:
        """Returns advice where several distributions are installed, which overwrite each other; otherwise nothing."""
        both = self._installed()
        message = f"{' and '.join(both)} share one folder, and the last installed wins: {self.reinstall()}"
        return message if len(both) > 1 else ""

    def _uninstall(self) -> str:
        return f"pip uninstall -y {' '.join(dict.fromkeys((*self.distributions[:2], *self._installed())))}"

    def _installed(self) -> tuple[str, ...]:
        return tuple(name for name in self.distributions if version(name))


ONNX_RUNTIME = Package("ONNX Runtime", "onnxruntime", "InferenceSession", ("onnxruntime", "onnxruntime-gpu"))
OPENCV = Package(
    "OpenCV",
    "cv2",
    "imdecode",
    ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "opencv-python-headless",
)
PACKAGES = (ONNX_RUNTIME, OPENCV)


def onnxruntime() -> Any:
    """Returns the module of ONNX Runtime. Raises ResourceError as `Package.working` does."""
    return ONNX_RUNTIME.working()


def version(distribution: str) -> str | None:
    """Returns the installed version of a distribution; None where it isn't installed."""
    import importlib.metadata  # takes longer than most of what is imported, and most commands need no version

    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def is_installed(module: str) -> bool:
    """Returns whether a package's files are there, without importing it."""
    found = importlib.util.find_spec(module)
    return found is not None and found.origin is not None  # what is left of a removed package has no __init__.py


def optional(module: str, name: str = "") -> Any:
    """Imports a package that an extra brings, or a module of one.

    Args:
        module: of a package in `OPTIONAL`.
        name: of the package in messages, where that is another.

    Raises:
        MissingPackage: it isn't installed.
    """
    package = module.partition(".")[0]
    try:
        importlib.import_module(package)
        return importlib.import_module(module)
    except ImportError:
        raise MissingPackage(name or package, OPTIONAL[package]) from None


@contextlib.contextmanager
def explained_imports() -> Iterator[None]:
    """Turns an import that fails inside the block into a ResourceError, where a command mends it."""
    try:
        yield
    except ImportError as error:
        if explanation := explained(error):
            raise explanation from error
        raise


def explained(error: ImportError) -> ResourceError | None:
    """Returns what an import's error means, with the command that helps; None where nobody knows one."""
    text, module = str(error), (error.name or "").split(".")[0]
    if isinstance(error, ModuleNotFoundError) and module in OPTIONAL:
        return MissingPackage(module, OPTIONAL[module])
    library, too_old = MISSING_LIBRARY.search(text), TOO_OLD.search(text)
    for package in PACKAGES:
        if module == package.module or (library and not module and package is OPENCV):
            broken = isinstance(error, ModuleNotFoundError) or library or too_old
            return ResourceError(package.explained(error)) if broken else None
    if library:
        return ResourceError(f"{module} needs a system library that is missing: install {library[1]}")
    if too_old and (have := version(module)):
        line = f"pip install '{module}<{have}'"
        return ResourceError(f"{module} was built for a newer system ({too_old[1]} is missing here): {line}")
    return None
