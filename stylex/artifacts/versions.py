"""The versions of ONNX that the installed ONNX Runtime reads."""

from __future__ import annotations

import functools
import re

from stylex.artifacts.graph_file import versions_of
from stylex.installation import onnxruntime

NEW_IR = b"\x08\xff\x7fB\x02\x10\x12:\x03\x12\x01a"
"""A graph without nodes, of IR version 16383 and opset 18; ONNX Runtime refuses it and says up to which it reads."""
NEW_OPSET = b"\x08\x08B\x03\x10\xff\x7f:\x03\x12\x01a"
"""The same of IR version 8 and opset 16383."""


def newer(data: bytes) -> str:
    """Returns the end of a message about a graph that is too new for the installed ONNX Runtime, or an empty text.

    Args:
        data: the bytes of an ONNX file.
    """
    (ir, opset), (most_ir, most_opset) = versions_of(data), newest()
    if not (most_ir and ir > most_ir) and not (most_opset and opset > most_opset):
        return ""
    return (
        f"has IR version {ir} (opset {opset}), this ONNX Runtime {onnxruntime().__version__} reads up to IR version "
        f"{most_ir} (opset {most_opset}): pip install -U {_package()}"
    )


@functools.cache
def newest() -> tuple[int, int]:
    """Returns the newest IR version and opset that ONNX Runtime reads, by its own word; 0 where it doesn't say."""
    return _stated(NEW_IR, r"max supported IR version: (\d+)"), _stated(NEW_OPSET, r"is till opset (\d+)")


def _stated(data: bytes, number: str) -> int:
    ort = onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base class
        found = re.search(number, str(error))
        return int(found[1]) if found else 0
    return 0


def _package() -> str:
    """Returns the name of the package that the installed ONNX Runtime came in."""
    from importlib.metadata import packages_distributions  # takes long to import

    return min(packages_distributions().get("onnxruntime", ["onnxruntime"]), key=len)
