"""One ONNX graph, opened on one provider, with its facts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from stylex.artifacts.metadata import GraphFacts
from stylex.errors import InputError, ModelError, ProviderUnavailable, ResourceError, UsageError, first_line
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.providers import Provider, available, session_arguments

EXTERNAL_LOCATION = b"\n\x08location"
"""How an external tensor's file name begins in the protobuf encoding of ONNX."""


@dataclass(frozen=True)
class Session:
    """An opened graph.

    Attributes:
        path: where it came from.
        facts: its metadata.
        provider: what really runs it.
    """

    path: Path
    facts: GraphFacts
    provider: str
    _session: ort.InferenceSession

    @property
    def shapes(self) -> dict[str, list[Any]]:
        """The graph's inputs: a number for a fixed side, something else for a dynamic one."""
        return {i.name: i.shape for i in self._usable().get_inputs()}

    def close(self) -> None:
        """Frees the graph; who runs it afterwards is told so."""
        object.__setattr__(self, "_session", None)

    def _usable(self) -> ort.InferenceSession:
        if self._session is None:
            raise UsageError(f"{self.path.name} was closed: load it again")
        return self._session

    def require_role(self, role: str) -> Session:
        """This session, if its graph has that role.

        Raises:
            ModelError: it has another.
        """
        if self.facts.role != role:
            raise ModelError(f"{self.path} is a {self.facts.role} graph, a {role} graph is needed here")
        return self

    def run(self, **inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Run the graph; inputs by name, outputs in the graph's order.

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


def open_graph(
    path: Path | str, provider: str = "cpu", threads: int = 0, *, options: SessionOptions | None = None
) -> Session:
    """Open a graph that `stylex export` wrote, on the provider of that name and on no other.

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
    on_cpu = wanted.name == "cpu"
    # Shows whether the file is sound, and its facts.
    options = options or SessionOptions(threads)
    session = _open_on_cpu(data, path, options, optimized=on_cpu)
    facts = _facts(session, path)
    if not on_cpu:
        session = _open_on(data, wanted, facts.precision, options)
    return Session(path, facts, wanted.name, session)


def open_foreign(path: Path | str, threads: int = 0) -> ort.InferenceSession:
    """Open any ONNX graph on the CPU, whoever made it. Raises as `open_graph` does there."""
    path = Path(path)
    return _open_on_cpu(_read(path), path, SessionOptions(threads).beside(), optimized=True)


def read_facts(path: Path) -> GraphFacts:
    """What a graph says of itself; takes milliseconds. Raises as `open_graph` does on the CPU."""
    return _facts(_open_on_cpu(_read(path), path, SessionOptions(1), optimized=False), path)


def _facts(session: ort.InferenceSession, path: Path) -> GraphFacts:
    return GraphFacts.from_metadata(session.get_modelmeta().custom_metadata_map, str(path))


def _read(path: Path) -> bytes:
    if not os.path.isfile(path):  # unlike Path.is_file, never raises
        raise InputError(f"{path} is not a file: give an ONNX file made by `stylex export`")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror}): check its permissions") from error
    if EXTERNAL_LOCATION in data:
        raise ModelError(f"{path} keeps its weights in another file (external data): export it as one file")
    return data


def _open_on_cpu(data: bytes, path: Path, wanted: SessionOptions, *, optimized: bool) -> ort.InferenceSession:
    options = wanted.for_session()
    if not optimized:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ModelError(f"{path} is not a usable ONNX file ({first_line(error)}): export it again") from error


def _open_on(data: bytes, provider: Provider, precision: str, wanted: SessionOptions) -> ort.InferenceSession:
    options = wanted.for_session()
    try:
        arguments = session_arguments(provider, options, precision, wanted.for_provider(provider.name))
        # With its fallback, what fails on the provider is tried again on the CPU, with nothing but a print.
        session = ort.InferenceSession(data, options, enable_fallback=0, **arguments)
    except ProviderUnavailable:
        raise
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ProviderUnavailable(_unavailable(provider, first_line(error))) from error
    if session.get_providers()[0] != provider.ort_name:
        raise ProviderUnavailable(_unavailable(provider, "its libraries or its device are missing"))
    return session


def _unavailable(provider: Provider, why: str) -> str:
    return f"the {provider.name} provider did not start ({why}): {provider.install}"
