"""Writes docs/reference/api.md and openapi.json from the routes of the doors themselves. The console takes its types from the second.

Run it with the Python that has Keepclear: .venv/bin/python scripts/paste_api.py
tests/house/test_api_page.py fails when the page and the routes differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from keepclear.api.app import ROUTES
from keepclear.api.openapi import TAGS, document

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
DOCUMENT = PAGE.with_name("openapi.json")
BEGIN = """\
# The doors of a node

Written by `scripts/paste_api.py` from the routes; how to use them is in [the guide](../guides/integrating.md), who may use which in
[access](../spec/access.md). A running node serves the same as `/v1/openapi.json` (OpenAPI 3.1) and, for reading, `/v1/docs`.

"""


def page() -> str:
    """The whole page."""
    said = document(ROUTES)
    parts = [BEGIN, said["info"]["description"].replace("\n", " "), "\n\n"]
    for tag, about in TAGS.items():
        parts.append(f"## {about[:1].upper()}{about[1:]}\n\n")
        for path, methods in said["paths"].items():
            parts += [operation_text(path, *one) for one in methods.items() if one[1]["tags"] == [tag]]
    parts.append("## What is given and answered\n\n")
    parts += [schema_text(name, schema) for name, schema in said["components"]["schemas"].items()]
    return "".join(parts).rstrip() + "\n"


def openapi_text() -> str:
    """The OpenAPI document, one way to write it."""
    return (
        json.dumps(json.loads(msgspec.json.encode(document(ROUTES))), indent=1, sort_keys=True, ensure_ascii=False)
        + "\n"
    )


def operation_text(path: str, method: str, operation: dict[str, Any]) -> str:
    """One method of one address."""
    said = operation["description"]
    text = operation["summary"] if said == operation["summary"] else f"{operation['summary']}\n\n{said}"
    parts = [f"### `{method.upper()} {path}`\n\n{text}\n\n"]
    rows = [one for one in operation["parameters"] if one["in"] != "path"]
    if rows:
        parts.append("| parameter | in | kind | |\n|---|---|---|---|\n")
        for one in rows:
            needed = "needed. " if one["required"] else ""
            parts.append(
                f"| `{one['name']}` | {one['in']} | {kind(one['schema'])} | {needed}{cell(one.get('description', ''))} |\n"
            )
        parts.append("\n")
    bodies = operation.get("requestBody", {}).get("content", {})
    if bodies:
        parts.append(f"Body: {', '.join(f'`{media}`{of(content)}' for media, content in bodies.items())}\n\n")
    for status, response in operation["responses"].items():
        for media, content in response.get("content", {}).items():
            parts.append(f"Answer {status}: `{media}`{of(content)}. ")
    problems = [status for status, response in operation["responses"].items() if "$ref" in response]
    return "".join([*parts, f"Problems: {', '.join(problems)}.\n\n"])


def schema_text(name: str, schema: dict[str, Any]) -> str:
    """One type of what is given or answered."""
    parts = [f"### {name}\n\n{schema.get('description', '').strip()}\n\n"]
    if "properties" in schema:
        parts.append("| member | kind | |\n|---|---|---|\n")
        needed = schema.get("required", ())
        for member, told in schema["properties"].items():
            left_out = "" if member in needed else ", may be left out"
            parts.append(f"| `{member}` | {kind(told)}{left_out} | {cell(told.get('description', ''))} |\n")
        parts.append("\n")
    elif "enum" in schema:
        parts.append(f"{kind(schema)}\n\n")
    return "".join(parts)


def of(content: dict[str, Any]) -> str:
    """The type of a body, where it has a name."""
    named = kind(content["schema"])
    return f" ({named})" if named.startswith("[") else ""


def kind(schema: dict[str, Any]) -> str:
    """A type in a few words, with a link where it has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items') or {})}"
    return str(schema.get("type", "anything"))


def cell(text: str) -> str:
    """Text that stays in its cell of a table."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    DOCUMENT.write_text(openapi_text(), encoding="utf-8")
    print(f"{PAGE.name}, {DOCUMENT.name}: {len(ROUTES)} routes")
