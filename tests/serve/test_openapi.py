"""The description of the service, held against the service by schemathesis."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")
schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis: pip install 'stylex[test]'")

from schemathesis import GenerationMode  # noqa: E402 - behind what skips
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

OPERATIONS = [
    ("post", "/v1/paint"),
    ("get", "/v1/styles"),
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
]


def test_every_operation_is_tried(service: Any) -> None:
    described = service.client.get("/openapi.json").json()["paths"]
    assert sorted(OPERATIONS) == sorted((method, path) for path, methods in described.items() for method in methods)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_it_does_what_it_says(method: str, path: str, mode: GenerationMode, service: Any) -> None:
    """A photo of random bytes fits the description and can't be painted, so that one check can't hold."""
    operation = schemathesis.openapi.from_url(f"{service.url}openapi.json")[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
        pytest.skip("it takes nothing that could be wrong")

    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def tried(case: Any) -> None:
        case.call_and_validate(excluded_checks=[positive_data_acceptance], timeout=20)

    tried()
