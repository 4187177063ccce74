"""Requests made from the OpenAPI document: no answer is a 5xx, and every answer is what the document says."""

import os

import pytest

import served_models

pytest.importorskip("fastapi", reason="the service needs FastAPI (pip install 'palate[serve]')")
schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
from hypothesis import HealthCheck, settings  # noqa: E402
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance  # noqa: E402

from palate.app.core import Core  # noqa: E402
from palate.service.application import application  # noqa: E402

EXAMPLES = 2000 if os.environ.get("PALATE_SOAK") else 12
schema = schemathesis.openapi.from_asgi(
    "/openapi.json", application(Core({"a": served_models.point_model()})), headers={"Host": "127.0.0.1"}
)


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_answers_are_what_the_document_says(case):
    case.headers["Host"] = "127.0.0.1"
    case.call_and_validate(checks=[not_a_server_error, response_schema_conformance, status_code_conformance])
