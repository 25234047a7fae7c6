"""One ONNX graph, opened on one provider, with its facts."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from stylex.errors import InputError, ModelError, ProviderUnavailable, ResourceError
from stylex.runtime.facts import GraphFacts
from stylex.runtime.providers import Provider, candidates, session_arguments

logger = logging.getLogger("stylex")
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

    def run(self, **inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Run the graph; inputs by name, outputs in the graph's order.

        Raises:
            ResourceError: not enough memory for a picture of this size.
            ModelError: the graph failed otherwise.
        """
        try:
            return [np.asarray(x) for x in self._session.run(None, inputs)]
        except Exception as error:  # ONNX Runtime's errors share no base class
            shape = "x".join(map(str, next(iter(inputs.values())).shape))
            if isinstance(error, MemoryError) or "alloc" in str(error).lower():
                raise ResourceError(
                    f"not enough memory on {self.provider} for an input of {shape}: use --size"
                ) from error
            raise ModelError(
                f"{self.path.name} failed on {self.provider} with an input of {shape}: {first_line(error)}"
            ) from error


def open_graph(path: Path, provider: str = "auto", threads: int = 0) -> Session:
    """Open a graph that `stylex export` wrote.

    Args:
        provider: a name, or "auto" for the best that opens.
        threads: for the CPU, 0 for all cores.

    Raises:
        InputError: no such file.
        ModelError: corrupt, foreign, or with its weights in another file.
        ProviderUnavailable: the provider asked for did not open; the CPU is never taken in its place.
    """
    data = _read(path)
    failures = []
    for candidate in candidates(provider):
        try:
            session = _open_on(data, path, candidate, threads)
        except ProviderUnavailable as error:
            failures.append(error)
            continue
        for failure in failures:
            logger.warning("%s; running on %s", failure, candidate.name)
        facts = GraphFacts.from_metadata(session.get_modelmeta().custom_metadata_map, str(path))
        return Session(path, facts, candidate.name, session)
    raise failures[-1]


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"{path} is not a file: give an ONNX file made by `stylex export`")
    data = path.read_bytes()
    if EXTERNAL_LOCATION in data:
        raise ModelError(f"{path} keeps its weights in another file (external data): export it as one file")
    return data


def _open_on(data: bytes, path: Path, provider: Provider, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(data, options, **session_arguments(provider))
    except Exception as error:  # ONNX Runtime's errors share no base class
        if provider.name != "cpu" and provider.ort_name in str(error):
            raise ProviderUnavailable(_unavailable(provider)) from error
        raise ModelError(f"{path} is not a usable ONNX file ({first_line(error)}): export it again") from error
    if session.get_providers()[0] != provider.ort_name:
        raise ProviderUnavailable(_unavailable(provider))
    return session


def _unavailable(provider: Provider) -> str:
    return f"the {provider.name} provider did not start (its libraries or its device are missing): {provider.install}"


def first_line(error: BaseException) -> str:
    """The first line of an error's text, shortened to 160 characters."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:160]
