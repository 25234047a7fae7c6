"""The model that Triton's Python backend loads; it runs in Triton alone, which brings `triton_python_backend_utils`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as triton

from stylex.cores import cores
from stylex.errors import InputError, ResourceError, StylexError, UsageError, first_line, with_parameters
from stylex.triton.config import INPUTS, OUTPUT
from stylex.triton.photos import Answer, PhotoPainter, PhotoRequest

CODES = (
    (UsageError, "INVALID_ARG"),
    (InputError, "INVALID_ARG"),
    (ResourceError, "UNAVAILABLE"),
    (BaseException, "INTERNAL"),
)
"""Triton's codes of our errors; the first kind that fits."""
WORKERS_ON_GPU = 2
"""Photos at a time on a graphics card: one is decoded or encoded while the other one is painted."""


class TritonPythonModel:
    """Paints batches of photos; Triton calls the methods by their names."""

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the network that the configuration's parameters name, from the graphs beside this model.

        Args:
            args: Triton's, among them the configuration, the repository and the kind of the instance.

        Raises:
            TritonModelException: this Triton can't hand arrays to this NumPy.
            StylexError: as `stylex.load` does.
        """
        _require_numpy()
        parameters = json.loads(args["model_config"])["parameters"]
        chosen = {name: value["string_value"] for name, value in parameters.items()}
        on_gpu = args["model_instance_kind"] == "GPU"
        self.photos = PhotoPainter(
            chosen["technique"],
            chosen["network"],
            Path(args["model_repository"]) / args["model_version"] / "graphs",
            chosen["precision"],
            "cuda" if on_gpu else "cpu",
            int(args["model_instance_device_id"]) if on_gpu else 0,
            WORKERS_ON_GPU if on_gpu else cores(),
        )
        self.photos.painter.warm_up()

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Returns a response to each request; one has one photo or several, and fails as a whole."""
        asked = [_photos_of(one) for one in requests]
        answers = self.photos.paint_all([photo for photos in asked for photo in photos])
        responses = []
        for photos in asked:
            responses.append(_response(answers[: len(photos)]))
            answers = answers[len(photos) :]
        return responses

    def finalize(self) -> None:
        """Frees the network."""
        self.photos.close()


def _require_numpy() -> None:
    """Refuses a NumPy whose arrays Triton's Python backend would fill with other numbers: 2 and newer up to 24.10."""
    sent = triton.Tensor("probe", np.arange(16, dtype=np.uint8))
    got = triton.Tensor.from_dlpack("probe", sent.to_dlpack()).as_numpy()
    if not np.array_equal(got, np.arange(16)):
        message = f"this Triton's Python backend can't use NumPy {np.__version__}: pip install 'numpy<2' where it runs"
        raise triton.TritonModelException(message)


def _photos_of(request: Any) -> list[PhotoRequest]:
    """Returns the photos of a request, whose tensors have a row for each."""
    columns = {}
    for one in INPUTS:
        tensor = triton.get_input_tensor_by_name(request, one.name)
        if tensor is not None:
            columns[one.name] = [_value(one.name, value) for value in tensor.as_numpy().reshape(-1).tolist()]
    rows = zip(*columns.values(), strict=True)
    return [PhotoRequest(**dict(zip(columns, row, strict=True))) for row in rows]


def _value(name: str, value: Any) -> Any:
    """Returns a value of a tensor as `PhotoRequest` has it: bytes of files, and texts."""
    return value.decode("utf-8", "replace") if name in ("style", "encoding") else value


def _response(answers: Sequence[Answer]) -> Any:
    """Returns the painted photos, or the first error."""
    for answer in answers:
        if isinstance(answer, BaseException):
            return triton.InferenceResponse([], triton.TritonError(_described(answer), _code(answer)))
    painted = np.array(answers, np.object_).reshape(-1, 1)
    return triton.InferenceResponse([triton.Tensor(OUTPUT.name, painted)])


def _described(error: BaseException) -> str:
    """Returns an error as one line."""
    message = with_parameters(error) if isinstance(error, StylexError) else first_line(error)
    return f"{type(error).__name__}: {message}"


def _code(error: BaseException) -> Any:
    return getattr(triton.TritonError, next(code for kind, code in CODES if isinstance(error, kind)))
