"""The doors of a node as one ASGI app.

    served = app(desk)

Before anything else, and whatever is asked, it is looked at who asks: by a token that is accepted, or a session of somebody who is signed
in. Without either every address, method and body gets the same answer. Only `/healthz` says "ok" to anybody, the files of the console
hold nothing of the node, and two doors let people in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from keepclear.api import (
    agreements,
    alerts,
    basemap,
    calls,
    drafts,
    feeds,
    handover,
    live,
    measures,
    messages,
    needs,
    ogc,
    openapi,
    peers,
    people,
    picture,
    places,
    positions,
    record,
    rosters,
    sheets,
    sign_in,
    status,
    stream,
    threads,
    tracks,
    zones,
)
from keepclear.api.asking import Answer, Ask, Route, Visit, body_of, encoded, query_of
from keepclear.api.console_files import ConsoleFiles, reply
from keepclear.api.desk import Desk, Overloaded
from keepclear.api.origin import HEADER, READS, Front, address_of, session_token
from keepclear.api.pace import Pace
from keepclear.api.problems import MEDIA_TYPE as PROBLEM_MEDIA
from keepclear.api.problems import Declined, Fault, bad_query, declined
from keepclear.ground.errors import KeepclearError, Refused, shown
from keepclear.parties.parties import Role, Sensitivity, User

ROUTES: tuple[Route, ...] = (
    *positions.ROUTES, *zones.ROUTES, *tracks.ROUTES, *picture.ROUTES, *alerts.ROUTES, *feeds.ROUTES, *stream.ROUTES, *live.ROUTES,
    *record.ROUTES, *people.ROUTES, *sign_in.ROUTES,
    *messages.ROUTES, *drafts.ROUTES, *sheets.ROUTES, *peers.ROUTES, *agreements.ROUTES, *rosters.ROUTES, *calls.ROUTES, *measures.ROUTES,
    *needs.ROUTES, *places.ROUTES, *threads.ROUTES, *handover.ROUTES, *status.ROUTES, *basemap.ROUTES, *ogc.ROUTES,
)  # fmt: skip
COMMAND_BYTES_MAX = 1_048_576
# Of what is said by somebody who has shown nothing yet, or is a secret: ids, a password, a code.
SECRET_BYTES_MAX = 16_384
KEY_CHARS_MAX = 200
SEND_TIMEOUT_S = 60.0
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
# Each where the answer does not say it itself.
_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_EXERCISE = "keepclear_exercise"
_HOLDER = "keepclear_holder"
# Who has not signed in yet: may do nothing, and is told nothing.
_NOBODY = User("", "", Role.MACHINE, Sensitivity.OPEN, only_feed="-")
_OPEN = frozenset((route.method, route.path) for route in ROUTES if route.is_open)

_log = logging.getLogger("keepclear.api")


@dataclass(frozen=True)
class Holder:
    """Who asks: with a token, in a session, or nobody yet.

    token_id, token_hash  of the token; of a session its hash alone"""

    user: User
    visit: Visit
    token_id: str = ""
    token_hash: str = ""


class Doors(Litestar):
    """The app: who is asking is settled here, before a route is looked for."""

    def __init__(self, desk: Desk, front: Front, console: ConsoleFiles) -> None:
        self._desk = desk
        self._front = front
        self._console = console
        self._pace = Pace(desk.limits.requests_per_minute)
        self._under_way: set[tuple[str, str]] = set()
        super().__init__(
            [
                *(
                    _handler(route, partial(self._answer, route), _bytes_max(route, desk.limits.body_bytes_max))
                    for route in ROUTES
                ),
                *(_page(path, *made) for path, made in _pages().items()),
            ],
            openapi_config=None,
            exception_handlers={Exception: self._problem},
            request_max_body_size=desk.limits.body_bytes_max,
            logging_config=None,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, or the begin and end of the server."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000, "reason": None})
            return
        scope.setdefault("state", {})
        send = partial(self._send, scope, send)
        if scope["path"] == "/healthz" and scope["method"] == "GET":
            await _respond(send, 200, "text/plain; charset=utf-8", b"ok\n")
            return
        headers = scope["headers"]
        has_token = any(name == b"authorization" for name, _ in headers)
        file = self._console.asked_for(scope["method"], scope["path"], _header(headers, b"accept"))
        is_open = not has_token and (scope["method"], scope["path"]) in _OPEN
        if not has_token and (file is not None or is_open) and not self._front.origin(headers):
            await _decline(send, _not_ours(headers))
        elif file is not None:
            known, accepted = _header(headers, b"if-none-match"), _header(headers, b"accept-encoding")
            said = reply(file, method=scope["method"], accepted=accepted, known=known)
            await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
            await send({"type": "http.response.body", "body": said.body, "more_body": False})
        elif is_open and self._front.is_foreign(headers):
            await _decline(send, _foreign())
        else:
            await self._ask_in(scope, receive, send, is_open=is_open)

    async def _ask_in(self, scope: Any, receive: Any, send: Any, *, is_open: bool) -> None:
        """A request that is answered, if it is known who asks."""
        try:
            holder = self._known(scope) if not is_open else self._unknown(scope)
        except Refused:
            await _respond(send, 401, PROBLEM_MEDIA, _UNKNOWN, [(b"www-authenticate", b"Bearer")])
            return
        except Declined as found:
            await _decline(send, found)
            return
        scope["state"][_HOLDER] = holder
        wait_s = self._pace.wait_s(holder.user.id or f"from {holder.visit.address}", self._desk.now_us())
        if wait_s:
            too_many = _too_many()
            too_many.headers = {"Retry-After": str(wait_s)}
            await _decline(send, too_many)
            return
        if holder.visit.session is not None and not is_open:
            await self._desk.entrance.seen(holder.visit.session)
        await super().__call__(scope, receive, send)

    def _known(self, scope: Any) -> Holder:
        """Who asks. Raises `Refused` where nobody is known by what is shown, and `Declined` where another page has made a browser ask."""
        headers = scope["headers"]
        origin = self._front.origin(headers)
        cookie, visit = session_token(headers, origin), Visit(address_of(scope))
        if cookie is None:
            user, token = self._desk.node.members.holder_of(_token_hash(headers), self._desk.now_us())
            return Holder(user, visit, token.id, token.token_hash)
        if any(name == b"authorization" for name, _ in headers):
            raise Refused("token.and_session", "A request shows a token or a session")
        user, session = self._desk.entrance.holder_of(cookie)
        changes = scope["method"] not in READS
        if not origin:
            raise _not_ours(headers)
        if not self._front.is_own(headers, changes=changes) or (changes and _header(headers, HEADER) != "1"):
            raise _foreign()
        return Holder(user, Visit(visit.address, origin, session), "", session.token_hash)

    def _unknown(self, scope: Any) -> Holder:
        """Somebody who is about to sign in; the session that their browser may have goes with the next one."""
        headers, session = scope["headers"], None
        origin = self._front.origin(headers)
        if cookie := session_token(headers, origin):
            with suppress(Refused):
                _, session = self._desk.entrance.holder_of(cookie)
        return Holder(_NOBODY, Visit(address_of(scope), origin, session))

    async def _send(self, scope: Any, send: Any, message: Any) -> None:
        """Adds what stands on every answer; a reader that takes nothing for too long is let go of."""
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name.lower() != b"server"]
            if self._is_exercise(scope):
                headers.append((b"keepclear-exercise", b"true"))
            said = {name.lower() for name, _ in headers}
            message["headers"] = [*headers, *(one for one in _HEADERS if one[0] not in said)]
        await asyncio.wait_for(send(message), SEND_TIMEOUT_S)

    def _is_exercise(self, scope: Any) -> bool:
        """Whether the answer is of an exercise; who is not known is not told even this."""
        holder = scope["state"].get(_HOLDER)
        is_known = holder is not None and holder.user is not _NOBODY
        return is_known and bool(self._desk.node.exercise or scope["state"].get(_EXERCISE))

    async def _answer(self, route: Route, request: Request[Any, Any, Any]) -> Response[Any]:
        """Reads a request as its route declares it, and lets it be answered."""
        holder: Holder = request.scope["state"][_HOLDER]
        user = holder.user
        query = query_of(route.query, request.query_params.multi_items())
        exercise = self._side(getattr(query, "exercise", None))
        request.scope["state"][_EXERCISE] = exercise
        media_type, body, data = await _body(route, request)
        key = _key(request) if route.takes_key else ""
        if key and user.only_feed:
            key = f"{holder.token_id}/{key}"  # all tokens of a feed speak for it, and each has keys of its own
        request_hash = _request_hash(route, request, media_type, data) if key else ""
        ask = Ask(
            self._desk, user, holder.token_hash, request.path_params, query, body, media_type, request.headers.get("last-event-id", ""),
            key, request_hash, exercise, holder.visit,
        )  # fmt: skip
        return await (self._once(ask, route) if key else self._done(ask, route))

    async def _done(self, ask: Ask[Any, Any], route: Route) -> Response[Any]:
        """Does a request. What was read of the node is told once it is durable; so is a refusal, which says that something is there."""
        try:
            answer = await route.does(ask)
        except (Declined, Refused):
            await self._desk.durable()
            raise
        if not route.changes:  # what changes something has waited for itself
            await self._desk.durable()
        return _response(answer, ask.exercise)

    def _side(self, asked: bool | None) -> bool:
        is_exercise = self._desk.node.exercise
        if is_exercise and asked is False:
            mend = "Leave the parameter out."
            raise bad_query("exercise", "exercise.only", "This node is for exercises", "false", mend)
        return is_exercise if asked is None else asked

    async def _once(self, ask: Ask[Any, Any], route: Route) -> Response[Any]:
        """Does a request with an idempotency key, or answers what was answered when it was done."""
        doing = (ask.by, ask.key)
        if doing in self._under_way:
            raise Declined(409, "idempotency.under_way", "A request with this key is being done right now.")
        self._under_way.add(doing)
        try:
            held = await self._desk.answered(*doing)
            if held is None:
                return await self._done(ask, route)
        finally:
            self._under_way.discard(doing)
        if held.request_hash != ask.request_hash:
            fault = Fault("Idempotency-Key", "idempotency.other_request", "The key stands for another request", ask.key)
            raise Declined(422, fault.key, "This key was used for another request.", errors=[fault])
        return Response(held.body, status_code=held.status, media_type="application/json")

    def _problem(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        """Whatever went wrong, as a problem. Of a bug of ours nothing is said but that it was one."""
        found = _declined(error)
        if found.status == 500:
            _log.error("a request failed: %s %s", request.method, shown(request.scope["path"]), exc_info=error)
        body = encoded(found.problem, self._is_exercise(request.scope))
        return Response(body, status_code=found.status, media_type=PROBLEM_MEDIA, headers=found.headers)


def app(desk: Desk, front: Front | None = None, console: ConsoleFiles | None = None) -> Litestar:
    """The doors of the node behind this desk.

    front    how browsers reach them; None: on this machine
    console  the files that they show; None: those of this package"""
    return Doors(desk, front or Front(), console or ConsoleFiles.of_package())


# --- routes and pages ---


def _bytes_max(route: Route, of_the_node: int) -> int:
    """How much of a body is read at the most."""
    if route.is_open or route.is_secret:
        return SECRET_BYTES_MAX
    is_read_whole = all(kind is not bytes for kind in route.bodies.values())
    return min(of_the_node, COMMAND_BYTES_MAX) if is_read_whole else of_the_node


def _handler(route: Route, answer: Callable[[Request[Any, Any, Any]], Any], bytes_max: int) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        response: Response[Any] = await answer(request)
        return response

    path = route.path
    for name in route.names:
        path = path.replace(f"{{{name}}}", f"{{{name}:str}}")
    return HTTPRouteHandler(
        path, http_method=route.method, status_code=route.status, include_in_schema=False,  # type: ignore[arg-type]
        request_max_body_size=bytes_max,
    )(handle)  # fmt: skip


@cache
def _pages() -> dict[str, tuple[bytes, str, str]]:
    """What the description of these doors is read as: address to bytes, media type and content policy."""
    said = openapi.document(ROUTES)
    plain = _POLICY.decode()
    return {
        "/v1/openapi.json": (msgspec.json.encode(said), openapi.MEDIA_TYPE, plain),
        "/v1/docs": (openapi.page(said).encode(), "text/html", openapi.page_policy(openapi.STYLE)),
        f"{ogc.ROOT}/api": (
            msgspec.json.encode(openapi.document_of_ogc(ROUTES)), "application/vnd.oai.openapi+json;version=3.0", plain,
        ),
    }  # fmt: skip


def _page(path: str, body: bytes, media_type: str, policy: str) -> HTTPRouteHandler:
    async def handle() -> Response[bytes]:
        return Response(body, media_type=media_type, headers={"content-security-policy": policy})

    return HTTPRouteHandler(path, http_method="GET", include_in_schema=False)(handle)


def _response(answer: Answer, exercise: bool) -> Response[Any]:
    if hasattr(answer.body, "__aiter__"):
        return Stream(answer.body, media_type=answer.media_type, status_code=answer.status)
    body = answer.body if isinstance(answer.body, bytes) else encoded(answer.body, exercise)
    return Response(body, status_code=answer.status, media_type=answer.media_type, headers=dict(answer.headers))


# --- requests ---


def _token_hash(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
    if scheme.lower() != b"bearer" or not token:
        raise Refused("token.missing", "There is no token")
    return sha256(token.strip()).hexdigest()


async def _body(route: Route, request: Request[Any, Any, Any]) -> tuple[str, Any, bytes]:
    """Media type, the body as the route declares it, and its bytes."""
    if not route.bodies:
        return "", None, b""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    kind = route.bodies.get(media_type)
    if kind is None or request.headers.get("content-encoding", "identity").lower() != "identity":
        known = f"Known here: {', '.join(route.bodies)}, not packed."
        fault = Fault("Content-Type", "media_type.unknown", "The body cannot be read as this", content_type, known)
        raise Declined(415, fault.key, "The body is of a kind that is not taken here.", errors=[fault])
    data = await request.body()
    if kind is bytes:
        return media_type, data, data
    if len(data) > COMMAND_BYTES_MAX:
        raise Declined(413, "body.too_large", f"The body is larger than {COMMAND_BYTES_MAX:,} bytes.")
    return media_type, body_of(kind, data, is_secret=route.is_secret), data


def _key(request: Request[Any, Any, Any]) -> str:
    key = request.headers.get("idempotency-key", "")
    if len(key) > KEY_CHARS_MAX or not all("!" <= char <= "~" for char in key):
        mend = f"Give at most {KEY_CHARS_MAX} printable ASCII characters, such as a UUID."
        fault = Fault("Idempotency-Key", "idempotency.key", "This cannot be an idempotency key", key[:60], mend)
        raise Declined(400, fault.key, "The idempotency key cannot be used.", errors=[fault])
    return key


def _request_hash(route: Route, request: Request[Any, Any, Any], media_type: str, data: bytes) -> str:
    said = [route.method, request.scope["path"], request.scope["query_string"].decode("latin-1"), media_type]
    digest = sha256("".join(f"{one}\n" for one in said).encode())
    digest.update(data)
    return digest.hexdigest()


# --- problems ---


def _declined(error: Exception) -> Declined:
    match error:
        case Declined():
            return error
        case Refused():
            return declined(error)
        case Overloaded():
            found = _too_many()
            found.headers = {"Retry-After": str(error.retry_after_s)}
            return found
        case HTTPException(status_code=status) if status < 500:
            key, detail = _OF_HTTP.get(status, ("request.refused", "The request cannot be understood."))
            return Declined(status, key, detail, headers=error.headers)
        case KeepclearError():
            return Declined(
                503, "node.failed", "The node has stopped; whether this was done is seen after its restart."
            )
    return Declined(500, "node.bug", "The node failed to answer; nothing more can be said here.")


_OF_HTTP = {
    400: ("request.unreadable", "The request cannot be understood."),
    404: ("address.unknown", "There is nothing at this address."),
    405: ("method.unknown", "This address does not take this method."),
    413: ("body.too_large", "The body is larger than this node takes."),
}
_UNKNOWN = msgspec.json.encode(Declined(401, "token.not_accepted", "A token that is accepted here is needed.").problem)


def _too_many() -> Declined:
    return Declined(429, "requests.too_many", "Too much at once; try again later.")


def _not_ours(headers: Iterable[tuple[bytes, bytes]]) -> Declined:
    mend = "Use the address that `keepclear serve` prints, or name this one in node.toml, under doors.origins."
    fault = Fault("Host", "host.unknown", "The node is not known by this name", _header(headers, b"host")[:80], mend)
    return Declined(421, fault.key, f"{fault.what}.", errors=[fault])


def _foreign() -> Declined:
    mend = "What changes something carries Keepclear-Console: 1, and comes from a page of this node."
    fault = Fault("", "request.foreign", "Another page has made the browser ask this", mend=mend)
    return Declined(403, fault.key, f"{fault.what}.", errors=[fault])


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """Every value of a header, as one text."""
    return ", ".join(value.decode("latin-1") for key, value in headers if key == name)


async def _decline(send: Any, found: Declined) -> None:
    more = [(name.lower().encode(), value.encode()) for name, value in found.headers.items()]
    await _respond(send, found.status, PROBLEM_MEDIA, msgspec.json.encode(found.problem), more)


async def _respond(
    send: Any, status: int, media_type: str, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    about = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": about})
    await send({"type": "http.response.body", "body": body, "more_body": False})
