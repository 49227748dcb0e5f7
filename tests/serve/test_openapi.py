"""The service against its own description: requests made of `/openapi.json`, good and bad."""

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.serve import ServeSettings, create_app

pytestmark = pytest.mark.slow

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_requests_made_of_the_description(reader: Reader) -> None:
    app = create_app(reader, ServeSettings())
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    tried = []

    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=15,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def ask(case: schemathesis.Case) -> None:
            response = case.call()
            case.validate_response(response, checks=CHECKS)
            tried.append((case.operation.label, response.status_code))

        ask()
    assert {label for label, _ in tried} >= {"POST /v1/read", "GET /v1/models", "GET /healthz", "GET /metrics"}
    assert any(status in {400, 415, 422} for label, status in tried if label == "POST /v1/read")
