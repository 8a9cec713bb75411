"""The OpenAPI document of these doors, made from the routes themselves, and a page of it that asks nobody for anything."""

from __future__ import annotations

import inspect
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from http import HTTPStatus
from typing import Any

import msgspec

from keepclear.api.asking import NoQuery, Route
from keepclear.api.origin import cookie_name
from keepclear.api.problems import MEDIA_TYPE as PROBLEM_MEDIA
from keepclear.api.problems import Problem

VERSION = "1"
MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.1"
EVENTS_MEDIA = "text/event-stream"
# One of the events of a stream; `id` where it is resumed by it.
_EVENT = {"type": "object", "properties": {name: {"type": "string"} for name in ("id", "event", "data")}}
# Everywhere: a query can be unreadable, nobody is let in without a token, and nobody may ask without end.
_ALWAYS = frozenset({400, 401, 429})
_OF_CHANGES = frozenset({409, 422})  # a key that is in use, or stands for another request
_OF_BODIES = frozenset({413, 415})
_REFS = "#/components/schemas/{name}"
_OF_A_MEMBER = re.compile(r"(\w+) {2,}(\S.*)")

INTRODUCTION = """\
The doors of a Keepclear node. Every request carries a token: `Authorization: Bearer TOKEN`. People sign in instead, and their browser
shows a cookie; what it asks to change then carries `Keepclear-Console: 1` and comes from a page of the node. What you may not see is answered as what
does not exist. Errors are `application/problem+json` (RFC 9457) with the place of every fault. Requests that change something take
an `Idempotency-Key`. Times are RFC 3339 in UTC, lengths are metres, angles degrees, errors one standard deviation. What belongs to an
exercise is marked: `Keepclear-Exercise: true`. Nothing here grants or refuses permission, and nothing takes protection from anybody."""

TAGS = {
    "positions": "bringing positions",
    "zones": "the zones that are watched",
    "tracks": "who was where",
    "alerts": "what somebody should look at",
    "watch": "what needs a person now, and what hangs together",
    "feeds": "where positions come from",
    "stream": "what is told, as it is told",
    "messages": "what is said to other parties and by them, and what becomes of it",
    "dealings": "agreements, rosters, calls and measures",
    "peers": "other parties' nodes, and what is carried between them",
    "record": "what happened, and its proofs",
    "users": "who may do what",
    "sessions": "how people sign in",
    "status": "how the node does",
    "basemap": "what lies below everything else on a map",
    "ogc": "for map programs",
}

_OF_COOKIE = "It ends with the port by which the browser comes, and begins with `__Host-` where it comes by HTTPS."


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes."""
    routes = list(routes)
    types = {id(kind): kind for kind in _types(routes)}
    _, components = msgspec.json.schema_components(list(types.values()), ref_template=_REFS)
    schemas = {name: _tidied(schema) for name, schema in sorted(components.items())}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Keepclear", "version": VERSION, "description": INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": name, "description": said} for name, said in TAGS.items()],
        "paths": _paths(routes),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": cookie_name("http://localhost:7117"), "description": _OF_COOKIE},
            },
            "schemas": schemas,
            "responses": {
                str(status): {"description": HTTPStatus(status).phrase, "content": {PROBLEM_MEDIA: {"schema": _ref(Problem)}}}
                for status in sorted(set().union(*map(_problems, routes)))
            },
        },
    }  # fmt: skip


def document_of_ogc(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI 3.0 document of the OGC part alone, for programs that know that version."""
    whole = document([route for route in routes if route.tag == "ogc"])
    whole["openapi"] = "3.0.3"
    whole["components"]["schemas"] = {}
    for response in whole["components"]["responses"].values():
        response["content"][PROBLEM_MEDIA]["schema"] = {"type": "object"}
    return whole


def _types(routes: Iterable[Route]) -> Iterable[Any]:
    yield Problem
    for route in routes:
        if route.gives not in (None, str):
            yield route.gives
        yield from route.events.values()
        yield from (kind for kind in route.bodies.values() if kind is not bytes)


def _paths(routes: Iterable[Route]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> dict[str, Any]:
    said = inspect.getdoc(route.does) or ""
    summary, _, more = said.partition("\n")
    operation: dict[str, Any] = {
        "operationId": f"{route.tag}_{route.does.__name__}",
        "tags": [route.tag],
        "summary": summary,
        "description": more.strip() or summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": _responses(route),
    }
    if route.events:
        operation["x-events"] = {name: _ref(kind) for name, kind in route.events.items()}
    if route.is_open:
        operation["security"] = []
    if route.bodies:
        content = {media: {"schema": _body_schema(media, kind)} for media, kind in route.bodies.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.names
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is NoQuery:
        return []
    _, components = msgspec.json.schema_components([route.query], ref_template=_REFS)
    schema = components[route.query.__name__]
    _, of_members = _parted(schema.get("description", ""))
    parameters = []
    for name in (spec.encode_name for spec in msgspec.structs.fields(route.query)):
        found = dict(schema["properties"][name])
        # A parameter is given or left out; it is never null.
        given = [one for one in found.pop("anyOf", [found]) if one != {"type": "null"}]
        found = dict(given[0])
        if "$ref" in found:
            found = dict(components[found["$ref"].rsplit("/", 1)[1]])
        found.pop("title", None)
        found.pop("default", None) if found.get("default", ...) is None else None
        description = found.pop("description", None) or of_members.get(name)
        parameter: dict[str, Any] = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        if description:
            parameter["description"] = " ".join(description.split())
        parameters.append({**parameter, "schema": found})
    return parameters


def _headers(route: Route) -> list[dict[str, Any]]:
    if route.takes_key:
        what = "the same key and the same request give the same answer, and are done once"
        schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
        return [{"name": "Idempotency-Key", "in": "header", "required": False, "description": what, "schema": schema}]
    if route.tag == "stream":
        schema = {"type": "string", "pattern": r"^[0-9]{1,15}\.[0-9]{1,9}$"}
        what = "the id of the last line that was received"
        return [{"name": "Last-Event-ID", "in": "header", "required": False, "description": what, "schema": schema}]
    return []


def _responses(route: Route) -> dict[str, Any]:
    content = {
        media: {"schema": _EVENT if media == EVENTS_MEDIA else _answer_schema(route.gives)}
        for media in route.gives_media
    }
    responses: dict[str, Any] = {
        str(route.status): {"description": HTTPStatus(route.status).phrase, "content": content}
    }
    for status in sorted(_problems(route)):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return responses


def _problems(route: Route) -> frozenset[int]:
    more = (_OF_CHANGES if route.changes else frozenset()) | (_OF_BODIES if route.bodies else frozenset())
    return _ALWAYS.union(route.problems, more)


def _answer_schema(kind: Any) -> dict[str, Any]:
    if kind is str:
        return {"type": "string"}
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REFS)
    return dict(schema)


def _body_schema(media: str, kind: Any) -> dict[str, Any]:
    if kind is not bytes:
        return _ref(kind)
    if media == "application/json":
        return {"description": "an array of objects, or a FeatureCollection; what each may say is in the guide"}
    return {"type": "object"} if media == "application/geo+json" else {"type": "string"}


def _ref(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REFS)
    return dict(schema)


def _tidied(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type: what its docstring says of a member goes with the member."""
    text, of_members = _parted(schema.get("description", ""))
    tidied = {**schema, "description": text} if text else schema
    if "properties" not in schema:
        return tidied
    properties = {
        name: {**told, "description": of_members[name]} if name in of_members else told
        for name, told in schema["properties"].items()
    }
    return {**tidied, "properties": properties}


def _parted(said: str) -> tuple[str, dict[str, str]]:
    """What a docstring says of the whole, and of each member: lines such as "name  what it is", and those that go on below."""
    whole: list[str] = []
    of_members: dict[str, str] = {}
    member = ""
    for line in inspect.cleandoc(said).splitlines():
        begins = _OF_A_MEMBER.match(line)
        if begins:
            member = begins[1]
            of_members[member] = begins[2]
        elif member and line.startswith(" "):
            of_members[member] += f" {line.strip()}"
        else:
            member = ""
            whole.append(line)
    paragraphs = "\n".join(whole).strip().split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in paragraphs), of_members


# --- the page ---

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{font-family:ui-monospace,monospace;font-size:1rem;margin:2rem 0 .3rem}
b.m{display:inline-block;min-width:4.5rem}table{border-collapse:collapse;margin:.5rem 0}
td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left;vertical-align:top}
code,pre{background:#f3f3f0;border-radius:3px;padding:0 .2rem}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}code,pre{background:#2a2a2a}a{color:#9cf}}
"""


def page_policy(style: str) -> str:
    """The content policy of a page with this one style: no script, and nothing is fetched or sent."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(said: dict[str, Any]) -> str:
    """The document as one HTML page: no script, no outside address, one style that its policy names by hash."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Keepclear: the doors of this node</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
        f"<h1>Keepclear: the doors of this node</h1><p>{_marked(said['info']['description'])}</p>",
    ]
    for tag, about in TAGS.items():
        parts.append(f'<h2 id="{tag}">{escape(about)}</h2>')
        for path, methods in said["paths"].items():
            parts += [
                _operation_html(path, method, operation)
                for method, operation in methods.items()
                if operation["tags"] == [tag]
            ]
    parts.append("<h2>What is given and answered</h2>")
    parts += [_schema_html(name, schema) for name, schema in said["components"]["schemas"].items()]
    return "".join([*parts, "</body></html>"])


def _operation_html(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f'<h3><b class="m">{method.upper()}</b>{escape(path)}</h3><p>{_marked(operation["description"])}</p>']
    if operation["parameters"]:
        rows = "".join(
            f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td><td>{escape(_kind(one['schema']))}</td>"
            f"<td>{escape(one.get('description', ''))}</td></tr>"
            for one in operation["parameters"]
        )
        parts.append(f"<table><tr><th>name</th><th>in</th><th>kind</th><th></th></tr>{rows}</table>")
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body: <code>{escape(media)}</code> {_linked(content['schema'])}</p>")
    for status, response in operation["responses"].items():
        for media, content in response.get("content", {}).items():
            parts.append(f"<p>{status}: <code>{escape(media)}</code> {_linked(content['schema'])}</p>")
    return "".join(parts)


def _schema_html(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(member)}</code></td><td>{_linked(kind)}</td><td>{_marked(kind.get('description', ''))}</td></tr>"
        for member, kind in schema.get("properties", {}).items()
    )
    table = f"<table>{rows}</table>" if rows else f"<p>{escape(_kind(schema))}</p>"
    return f'<h3 id="schema-{escape(name)}">{escape(name)}</h3><p>{_marked(schema.get("description", ""))}</p>{table}'


def _linked(schema: dict[str, Any]) -> str:
    return re.sub(r"«(\w+)»", r'<a href="#schema-\1">\1</a>', escape(_kind(schema, named=True)))


def _kind(schema: dict[str, Any], *, named: bool = False) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"«{name}»" if named else name
    if "anyOf" in schema:
        return " or ".join(_kind(one, named=named) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items') or {}, named=named)}"
    return str(schema.get("type", "anything"))


def _marked(text: str) -> str:
    paragraphs = escape(text).replace("\n\n", "</p><p>")
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", re.sub(r"`([^`]+)`", r"<code>\1</code>", paragraphs))
