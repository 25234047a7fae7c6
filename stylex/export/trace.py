"""From a torch module to an ONNX model in memory."""

from __future__ import annotations

import contextlib
import inspect
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import torch

from stylex.artifacts.versions import newest
from stylex.errors import ModelError, UsageError
from stylex.export.graph_spec import Traceable
from stylex.quant.calibration import cpu_session
from stylex.techniques.exporting import OPSET


def require_opset(opset: int, precision: str) -> None:
    """Raises UsageError for an opset that the installed onnx can't write or the installed ONNX Runtime can't run."""
    written, run = onnx.defs.onnx_opset_version(), newest()[1]
    highest = min(written, run or written)
    while precision == "int8" and highest > OPSET and not _runs_int8(highest):
        highest -= 1
    if not OPSET <= opset <= highest:
        raise UsageError(f"the opset is {opset}; at {precision} it must be {OPSET} to {highest} here", opset=highest)


def _runs_int8(opset: int) -> bool:
    """Returns whether ONNX Runtime has kernels that quantize at an opset; it reads some newer ones without them."""
    number, parts = onnx.TensorProto.FLOAT, ("scale", "zero")
    value, result = (onnx.helper.make_tensor_value_info(name, number, [1]) for name in ("value", "result"))
    constants = [
        onnx.numpy_helper.from_array(np.asarray(1, t), n) for n, t in zip(parts, (np.float32, np.uint8), strict=True)
    ]
    nodes = [
        onnx.helper.make_node("QuantizeLinear", ["value", *parts], ["bytes"]),
        onnx.helper.make_node("DequantizeLinear", ["bytes", *parts], ["result"]),
    ]
    graph = onnx.helper.make_graph(nodes, "bytes", [value], [result], constants)
    try:
        cpu_session(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10))
    except Exception:  # ONNX Runtime's errors share no base class
        return False
    return True


def trace(traceable: Traceable, opset: int = OPSET) -> onnx.ModelProto:
    """Traces with torch's exporter and checks the result.

    Raises:
        ModelError: torch can't export the module at this opset, or the result isn't valid ONNX.
    """
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                traceable.module.eval(),
                traceable.example,
                input_names=list(traceable.inputs),
                output_names=list(traceable.outputs),
                dynamic_shapes=_shapes(traceable),
                opset_version=opset,
                dynamo=True,
                verbose=False,
            )
            assert program is not None, "torch returns nothing only where it writes a file itself"
        model: onnx.ModelProto = program.model_proto
        onnx.checker.check_model(model, full_check=True)
    except ModuleNotFoundError:
        raise  # a missing package is not the graph's fault
    except Exception as error:  # torch's export errors and the checker's share no base class
        raise ModelError(
            f"the graph can't be exported at opset {opset}: {str(error).strip().splitlines()[0]}"
        ) from error
    found = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if found != opset:
        raise ModelError(f"torch wrote opset {found} where {opset} was asked for: use that opset", opset=found)
    return model


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Leaves out what the exporter says of itself: its deprecations, renamed axes, and that torchvision is missing."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _shapes(traceable: Traceable) -> tuple[Any, ...]:
    """Returns the dynamic sizes as torch wants them: those of `*inputs` in a tuple of their own."""
    kinds = {p.kind for p in inspect.signature(traceable.module.forward).parameters.values()}
    shapes = tuple(traceable.dynamic)
    return (shapes,) if inspect.Parameter.VAR_POSITIONAL in kinds else shapes
