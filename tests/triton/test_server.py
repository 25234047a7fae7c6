"""The repository in Triton's own server: the pictures of the command line, batches, and errors in one line."""

from __future__ import annotations

import concurrent.futures
import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import stylex
from stylex.imaging.writing import encoded

SAME: dict[str, Any] = {"precision": "int8", "provider": "cpu", "threads": 1}


@pytest.fixture(scope="module")
def shot(photo: np.ndarray) -> bytes:
    return encoded(photo, None, Path("photo.png"))


def of_bytes(values: list[bytes]) -> bytes:
    """A tensor of byte strings as Triton takes it: each behind its length."""
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


def asked(server: str, model: str, **columns: Any) -> Any:
    """The answer to a request; each column has a value for each photo."""
    import httpx

    inputs, data = [], b""
    for name, values in columns.items():
        texts = isinstance(values[0], (bytes, str))
        packed = of_bytes([v.encode() if isinstance(v, str) else v for v in values]) if texts else _packed(values)
        kind = "BYTES" if texts else {bool: "BOOL", int: "INT32", float: "FP32"}[type(values[0])]
        sized = {"binary_data_size": len(packed)}
        inputs.append({"name": name, "shape": [len(values), 1], "datatype": kind, "parameters": sized})
        data += packed
    outputs = [{"name": "painted", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return httpx.post(f"{server}/v2/models/{model}/infer", content=head + data, headers=headers, timeout=60)


def _packed(values: list[Any]) -> bytes:
    return np.array(values, {bool: np.bool_, int: np.int32, float: np.float32}[type(values[0])]).tobytes()


def pictures(answer: Any) -> list[np.ndarray]:
    assert answer.status_code == 200, answer.text
    data, found = answer.content[int(answer.headers["inference-header-content-length"]) :], []
    while data:
        (length,) = struct.unpack("<I", data[:4])
        found.append(np.asarray(PIL.Image.open(io.BytesIO(data[4 : 4 + length]))))
        data = data[4 + length :]
    return found


def test_it_paints_as_the_command_line_does(server: str, shot: bytes, photo: np.ndarray, painting: np.ndarray) -> None:
    found = pictures(asked(server, "adain", photo=[shot] * 2, style=["irises", "deluge"], encoding=["png"] * 2))
    np.testing.assert_array_equal(found[0], stylex.stylize(photo, "adain", "irises", **SAME))
    np.testing.assert_array_equal(found[1], stylex.stylize(photo, "adain", "deluge", **SAME))
    picture = encoded(painting, None, Path("painting.png"))
    options = {"strength": [0.5], "keep_colors": [True], "size": [64], "encoding": ["png"]}
    (found_one,) = pictures(asked(server, "adain", photo=[shot], style_picture=[picture], **options))
    wanted = stylex.stylize(photo, "adain", painting, strength=0.5, keep_colors=True, size=64, **SAME)
    np.testing.assert_array_equal(found_one, wanted)
    (found_one,) = pictures(asked(server, "cyclegan-cartoon", photo=[shot], encoding=["png"]))
    np.testing.assert_array_equal(found_one, stylex.stylize(photo, "cyclegan", "cartoon", **SAME))


def test_errors_are_one_line(server: str, shot: bytes) -> None:
    for columns, expected in (
        ({"photo": [b"text"], "style": ["irises"]}, "InputError: "),
        ({"photo": [shot], "style": ["/etc/passwd"]}, "UsageError: '/etc/passwd' is no built-in style"),
        ({"photo": [shot], "style": ["irises"], "strength": [7.0]}, "UsageError: strength is 7.0"),
    ):
        answer = asked(server, "adain", **columns)
        message = answer.json()["error"]
        assert answer.status_code >= 400 and message.startswith(expected)
        assert "Traceback" not in message and "\n" not in message.strip()


def test_requests_are_painted_in_batches(server: str, shot: bytes) -> None:
    import httpx

    def counted() -> tuple[int, int]:
        (stats,) = httpx.get(f"{server}/v2/models/adain/stats").json()["model_stats"]
        return stats["inference_count"], stats["execution_count"]

    photos_before, batches_before = counted()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(asked, server, "adain", photo=[shot], style=["irises"]) for _ in range(8)]
        assert all(len(pictures(job.result())) == 1 for job in jobs)
    photos, batches = counted()
    assert photos - photos_before == 8 and batches - batches_before <= 4


def test_a_numpy_that_it_cannot_use_is_refused(start: Any) -> None:
    """Triton's Python backend up to 24.10 fills arrays of NumPy 2 with other numbers."""
    with (
        pytest.raises(AssertionError, match=r"can't use NumPy 2\.\S+: pip install 'numpy<2' where it runs"),
        start(own_numpy=False),
    ):
        pass
