"""An ONNX graph, opened on one provider."""

from __future__ import annotations

import functools
import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stylex.artifacts.graph_file import props_of, require_file, unreadable
from stylex.artifacts.metadata import GraphMetadata, is_ours
from stylex.artifacts.versions import newer
from stylex.errors import ModelError, ProviderUnavailable, ResourceError, UsageError, first_line
from stylex.filetypes import HEAD, explanation
from stylex.installation import onnxruntime
from stylex.runtime.engine.libraries import quiet
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.providers import CUDA, Provider, available, session_arguments

if TYPE_CHECKING:
    from stylex.runtime.engine.nvidia import Caches

logger = logging.getLogger("stylex")

EXTERNAL_LOCATION = b"\n\x08location"
"""Bytes before an external tensor's file name in the protobuf encoding of ONNX."""


@dataclass(frozen=True, eq=False, repr=False)
class ForeignSession:
    """An opened graph, whoever made it.

    Attributes:
        path: of its file.
        provider: the execution provider that really runs it.
        sha256: of the bytes that were loaded; the file may have become another one since.
    """

    path: Path
    provider: str
    sha256: str
    _session: Any

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path.name} on {self.provider}>"

    @functools.cached_property
    def inputs(self) -> tuple[Any, ...]:
        """Returns the graph's inputs: name, type and shape of each."""
        return tuple(self._usable().get_inputs())

    @functools.cached_property
    def shapes(self) -> dict[str, list[Any]]:
        """Returns the shapes of the inputs by name: a number for a fixed side, something else for a dynamic one."""
        return {i.name: i.shape for i in self.inputs}

    @property
    def props(self) -> dict[str, str]:
        """Returns the properties of the graph that was loaded, by key."""
        return dict(self._usable().get_modelmeta().custom_metadata_map)

    def end_profile(self) -> Path:
        """Ends the profile that `SessionOptions.profile` asked for; returns its file."""
        return Path(self._usable().end_profiling())

    def close(self) -> None:
        """Frees the graph; who runs it afterwards is told so."""
        object.__setattr__(self, "_session", None)

    def _usable(self) -> Any:
        if self._session is None:
            raise UsageError(f"{self.path.name} was closed: load it again")
        return self._session

    def run(self, /, **inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Runs the graph; inputs by name, outputs in the graph's order.

        Raises:
            ResourceError: not enough memory for a picture of this size.
            ModelError: the graph failed otherwise.
        """
        session = self._usable()
        try:
            return [np.asarray(x) for x in session.run(None, inputs)]
        except Exception as error:  # ONNX Runtime's errors share no base class
            shape = "x".join(map(str, next(iter(inputs.values())).shape))
            if isinstance(error, MemoryError) or "alloc" in str(error).lower():
                raise ResourceError(
                    f"not enough memory on {self.provider} for an input of {shape}: use a smaller size", size=None
                ) from error
            raise ModelError(
                f"{self.path.name} failed on {self.provider} with an input of {shape}: {first_line(error)}"
            ) from error


@dataclass(frozen=True, eq=False, repr=False)
class Session(ForeignSession):
    """An opened graph that `stylex export` wrote.

    Attributes:
        metadata: of the graph.
    """

    metadata: GraphMetadata

    def require_role(self, role: str) -> Session:
        """This session, if its graph has that role.

        Raises:
            ModelError: it has another.
        """
        if self.metadata.spec.role != role:
            raise ModelError(f"{self.path} is a {self.metadata.spec.role} graph, a {role} graph is needed here")
        return self


def open_graph(
    path: Path | str, provider: str = "cpu", threads: int = 0, *, options: SessionOptions | None = None
) -> Session:
    """Opens a graph that `stylex export` wrote, on the provider of that name and on no other.

    Args:
        threads: for the CPU, 0 for all cores; short for `options`.
        options: see `SessionOptions`.

    Raises:
        UsageError: no provider has that name.
        InputError: no such file.
        ModelError: corrupt, foreign, or with its weights in another file.
        ProviderUnavailable: the provider did not open; the CPU is never taken in its place.
    """
    path = Path(path)
    data = _read(path)
    wanted = available(provider)
    options = options or SessionOptions(threads)
    metadata = _metadata(data, path)
    metadata = replace(metadata, spec=metadata.spec.in_steps_of(options.bucket))
    if wanted.name == "cpu":
        session = _open_on_cpu(data, path, options)
    else:
        session = _open_off_cpu(data, path, wanted, metadata, options)
    return Session(path, wanted.name, _digest(data), session, metadata)


def open_foreign(path: Path | str, threads: int = 0) -> ForeignSession:
    """Opens any ONNX graph on the CPU, whoever made it. Raises as `open_graph` does there."""
    path = Path(path)
    data = _read(path)
    session = _open_on_cpu(data, path, SessionOptions(threads).auxiliary())
    return ForeignSession(path, "cpu", _digest(data), session)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _metadata(data: bytes, path: Path) -> GraphMetadata:
    """Returns the metadata; of a graph that isn't ours, that it is too new counts first."""
    props = props_of(data, str(path))
    if not is_ours(props) and (message := newer(data)):
        raise ModelError(f"{path} {message}")
    return GraphMetadata.from_props(props, str(path))


def _read(path: Path) -> bytes:
    try:
        data = require_file(path).read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    if EXTERNAL_LOCATION in data:
        raise ModelError(f"{path} keeps its weights in another file (external data): export it as one file")
    return data


def _open_off_cpu(data: bytes, path: Path, provider: Provider, metadata: GraphMetadata, wanted: SessionOptions) -> Any:
    from stylex.runtime.engine.nvidia import COMPILERS

    if provider.name in COMPILERS:
        _prepare_caches(path, provider, wanted.caches(provider.name, _digest(data)), COMPILERS[provider.name].takes)
    try:
        return _open_on(data, provider, metadata, wanted)
    except ProviderUnavailable:
        _open_on_cpu(data, path, SessionOptions(1), optimized=False)  # blames the file where it is the one at fault
        raise


def _prepare_caches(path: Path, provider: Provider, caches: Caches, takes: str) -> None:
    """Makes the folders, and says that the first start takes long."""
    if caches.is_empty():
        logger.warning(
            "%s compiles %s, which takes %s; it is kept in %s", provider.name, path.name, takes, caches.engines
        )
    try:
        for folder in (caches.engines, caches.timings):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"{error.filename} can't be made ({error.strerror}): name another in STYLEX_CACHE"
        ) from error


def _open_on_cpu(data: bytes, path: Path, wanted: SessionOptions, *, optimized: bool = True) -> Any:
    ort, options = onnxruntime(), wanted.for_session()
    if not optimized:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0, **_without())
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ModelError(f"{path} {_unusable(data, error)}") from error


@functools.cache
def _without() -> dict[str, Any]:
    """Returns the argument that leaves out what a version does wrong.

    Below 1.26 transpositions are fused with products in half precision, as style encoders have them, into a node that
    the CPU has no kernel for.
    """
    major, minor = (int(part) for part in onnxruntime().__version__.split(".")[:2])
    return {"disabled_optimizers": ["MatmulTransposeFusion"]} if (major, minor) < (1, 26) else {}


def _unusable(data: bytes, error: Exception) -> str:
    """Returns the end of the message for a graph that ONNX Runtime doesn't open."""
    message = newer(data) or explanation(data[:HEAD], "give an ONNX file")
    return message or f"is not a usable ONNX file ({first_line(error)}): export it again"


def _open_on(data: bytes, provider: Provider, metadata: GraphMetadata, wanted: SessionOptions) -> Any:
    from stylex.runtime.engine.nvidia import cuda_options

    options = wanted.for_session()
    own, beside = wanted.for_provider(provider.name, metadata, _digest(data)), {CUDA: cuda_options(wanted.card)}
    try:
        arguments = session_arguments(provider, options, metadata.precision, own, beside)
        # With its fallback, what fails on the provider is tried again on the CPU, with nothing but a print.
        with quiet():
            session = onnxruntime().InferenceSession(data, options, enable_fallback=0, **arguments, **_without())
    except ResourceError:
        raise
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ProviderUnavailable(_unavailable(provider, first_line(error))) from error
    if session.get_providers()[0] != provider.ort_name:
        raise ProviderUnavailable(_unavailable(provider, "its device is missing"))
    return session


def _unavailable(provider: Provider, why: str) -> str:
    """Returns why a provider that is installed didn't start, and what helps; installing it again doesn't."""
    if provider.name not in ("cuda", "tensorrt"):
        return f"the {provider.name} provider did not start ({why}): {provider.install}"
    return f"the {provider.name} provider did not start ({why}): check the card and its driver with nvidia-smi"
