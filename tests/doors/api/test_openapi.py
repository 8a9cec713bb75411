"""The OpenAPI document says what the doors do: every route, and nothing that generated requests find untrue."""

from __future__ import annotations

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from keepclear.api.app import ROUTES
from keepclear.api.openapi import document
from keepclear.api.positions import COLUMNS_MEDIA
from tests.doors.api.caller import INSIDE, staffed

EXAMPLES = 6
# Streams do not end by themselves; their own tests are in test_stream.py and test_picture.py. Columns and packets are bytes that no generator makes.
LEFT_OUT = {"/v1/stream", "/v1/live", "/v1/peers/{party}/packet"}


def described():
    said = document(ROUTES)
    said["paths"] = {path: methods for path, methods in said["paths"].items() if path not in LEFT_OUT}
    del said["paths"]["/v1/feeds/{feed}/positions"]["post"]["requestBody"]["content"][COLUMNS_MEDIA]
    return said


@pytest.fixture(scope="module")
def staff():
    staff = staffed()
    staff.bring(INSIDE)
    return staff


def operations():
    schema = schemathesis.openapi.from_dict(described())
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize(
    ("who", "mode"),
    [
        ("planner", GenerationMode.POSITIVE), ("planner", GenerationMode.NEGATIVE), ("officer", GenerationMode.POSITIVE),
        ("administrator", GenerationMode.POSITIVE),
    ],
)  # fmt: skip
@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_generated_requests_find_nothing(staff, operation, who, mode):
    checks = [
        schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
        negative_data_rejection,
    ]  # fmt: skip

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        response = case.call(app=staff.call.app, headers={"Authorization": f"Bearer {staff.tokens[who]}"})
        case.validate_response(response, checks=checks)

    ask()


def test_every_route_is_described_and_nothing_else():
    said = document(ROUTES)
    described = {(method.upper(), path) for path, methods in said["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    ids = [operation["operationId"] for methods in said["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
    assert said["openapi"].startswith("3.1.")


def test_every_reference_of_the_document_leads_somewhere():
    text = json.dumps(document(ROUTES))
    said = json.loads(text)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        place = said
        for name in reference.split("/"):
            place = place[name]


def test_every_operation_and_every_type_says_what_it_is_for():
    said = document(ROUTES)
    for path, methods in said["paths"].items():
        for operation in methods.values():
            assert operation["summary"].endswith("."), path
    for name, schema in said["components"]["schemas"].items():
        assert schema.get("description") or "enum" in schema, name


def test_the_page_asks_nobody_for_anything():
    staff = staffed()
    page = staff.call.get("/v1/docs", staff.viewer)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|https?://", page.text)
    for route in ROUTES:
        assert route.path in page.text


def test_the_document_and_the_page_are_served():
    staff = staffed()
    assert staff.call.get("/v1/openapi.json", staff.viewer).json() == json.loads(json.dumps(document(ROUTES)))
