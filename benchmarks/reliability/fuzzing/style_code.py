"""Style codes in files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from reliability.fuzzing.files import written
from stylex.artifacts.style_code import built_in_code, load_code


def seeds() -> Iterator[bytes]:
    """Yields a whole code with few values."""
    code = built_in_code("irises")
    yield json.dumps(replace(code, values=code.values[:8]).to_json()).encode()


def target(data: bytes) -> None:
    """Reads one. Whatever is raised beside `StylexError` is a fault."""
    load_code(written(data, ".style"))
