"""The doors of a node that is not there yet: what is missing, and making it; or the example in its place. And the files of the console.

Whoever asks shows the one-time code that `keepclear serve` has printed, as `Authorization: Bearer CODE`. It is spent once the node is
made, and ends with the program that printed it.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import body_of
from keepclear.api.console_files import ConsoleFiles, reply
from keepclear.api.desk import SignedIn
from keepclear.api.origin import Front, cookie
from keepclear.api.people import Id
from keepclear.api.problems import MEDIA_TYPE, Declined, Fault, declined
from keepclear.ground.errors import Refused
from keepclear.parties.parties import Role

BODY_BYTES_MAX = 4 * 1024 * 1024
# Wrong codes a minute; beyond, no wrong one is looked at. The right one always is: nobody keeps its holder out.
WRONG_CODES_MAX = 10
MINUTE_US = 60_000_000
_PATH = "/v1/setup"
_CHECK = "/v1/setup/check"
_EXAMPLE = "/v1/setup/example"
_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]

NO_ZONE = b"null"
Name = Annotated[str, Meta(max_length=200)]


class PartyGiven(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The party whose node it is. `name`: what it is called; left out: its id."""

    id: Id
    name: Name = ""


class AdministratorGiven(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The first administrator, who is signed in at once."""

    user: Id
    password: Annotated[str, Meta(max_length=1_000)]
    name: Name = ""


class PersonGiven(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Somebody else, who chooses a password with an invitation."""

    user: Id
    role: Role
    name: Name = ""


class FeedGiven(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A feed, as `PUT /v1/feeds/{feed}` takes it; `id` is what it is called in addresses."""

    id: Id
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    grading: Annotated[str, Meta(max_length=2, pattern="^([A-F][1-6])?$")] = ""
    silent_after_us: Annotated[int, Meta(ge=1, le=10 * 366 * 86_400_000_000)] | None = None


class SaidSoFar(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a node begins with, as far as it was said.

    zone  a GeoJSON Feature, or null; somebody of `people` is a planner then, in whose name it is agreed"""

    party: PartyGiven
    administrator: AdministratorGiven | None = None
    exercise: bool = False
    people: Annotated[list[PersonGiven], Meta(max_length=100)] = []
    zone: msgspec.Raw = msgspec.Raw(NO_ZONE)
    feed: FeedGiven | None = None


class SettingUp(SaidSoFar, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a node begins with."""

    administrator: AdministratorGiven


class Taken(msgspec.Struct, frozen=True):
    """What was said so far would be taken. `still_missing`: what has to be said besides."""

    still_missing: list[str]


class Missing(msgspec.Struct, frozen=True):
    """What has to be said, and what may be.

    folder  where the node will be, on the machine it runs on"""

    missing: list[str]
    may_follow: list[str]
    roles: list[str]
    folder: str


class InvitedView(msgspec.Struct, frozen=True):
    """The page of the console where somebody chooses a password, behind the address of the node, until when; shown this once."""

    user: str
    path: str
    until: str


class Made(msgspec.Struct, frozen=True):
    """The node is made, and starts at the same address; `GET /healthz` says when it is there.

    key  what its record is checked with"""

    user: str
    party: str
    exercise: bool
    key: str
    invitations: list[InvitedView]


class ExampleStarted(msgspec.Struct, frozen=True):
    """Where the example is; the address signs in once."""

    address: str


@dataclass(frozen=True)
class Begun:
    """What came of making a node: what is said of it, and who is signed in to it."""

    made: Made
    signed_in: SignedIn


class SetUpDoors:
    """The doors as an ASGI app.

    code     what is to be shown
    folder   where the node will be
    check    looks at what was said so far, and makes nothing; raises `Declined` and `Refused`
    make     makes the node; raises the same
    example  starts the example, and gives its address
    done     is set once the node is made and that was answered"""

    def __init__(
        self,
        code: str,
        folder: str,
        *,
        check: Callable[[SaidSoFar], None],
        make: Callable[[SettingUp], Awaitable[Begun]],
        example: Callable[[], Awaitable[str]],
        now_us: Callable[[], int],
        console: ConsoleFiles | None = None,
    ) -> None:
        self.done = asyncio.Event()
        self._code = code.encode()
        self._folder = folder
        self._check, self._make, self._example, self._now_us = check, make, example, now_us
        self._front, self._console = Front(), console or ConsoleFiles.of_package()
        self._wrong_us: deque[int] = deque(maxlen=WRONG_CODES_MAX)
        self._making = asyncio.Lock()
        self._made = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000, "reason": None})
            return
        try:
            status, headers, body = await self._answered(scope, receive)
        except (Declined, Refused) as error:
            found = error if isinstance(error, Declined) else declined(error)
            status, body = found.status, msgspec.json.encode(found.problem)
            headers = [(b"content-type", MEDIA_TYPE.encode()), *_lower(found.headers.items())]
        said = {name for name, _ in headers}
        headers += [one for one in _HEADERS if one[0] not in said]
        if b"content-length" not in said:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        if self._made:
            self.done.set()

    async def _answered(self, scope: Any, receive: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers, method, path = scope["headers"], scope["method"], scope["path"]
        if not self._front.origin(headers):
            raise Declined(421, "host.unknown", "This is not known by this name: use the address that was printed.")
        file = self._console.asked_for(method, path, _header(headers, b"accept"))
        if file is not None:
            known, accepted = _header(headers, b"if-none-match"), _header(headers, b"accept-encoding")
            said = reply(file, method=method, accepted=accepted, known=known)
            return said.status, said.headers, said.body
        if path not in (_PATH, _CHECK, _EXAMPLE):
            detail = "There is no node here yet: open the address that `keepclear serve` has printed."
            raise Declined(503, "setup.not_done", detail)
        self._check_code(headers)
        if method == "GET" and path == _PATH:
            roles = [role.value for role in Role if role is not Role.ADMINISTRATOR]
            missing = Missing(["party", "administrator"], ["people", "zone", "feed", "exercise"], roles, self._folder)
            return _json(200, missing)
        if method != "POST":
            raise Declined(405, "method.unknown", "This address does not take this method.")
        if path == _EXAMPLE:
            return _json(201, ExampleStarted(await self._example()))
        if path == _CHECK:
            said = body_of(SaidSoFar, await _body(headers, receive), is_secret=True)
            self._check(said)
            return _json(200, Taken(["administrator"] if said.administrator is None else []))
        return await self._made_of(body_of(SettingUp, await _body(headers, receive), is_secret=True), headers)

    async def _made_of(
        self, body: SettingUp, asked: Iterable[tuple[bytes, bytes]]
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        async with self._making:
            if self._made:
                raise _unknown()
            begun = await self._make(body)
            self._made = True
        status, headers, data = _json(201, begun.made)
        held = cookie(begun.signed_in.token, self._front.origin(asked), begun.signed_in.longest_us)
        return status, [*headers, (b"set-cookie", held.encode())], data

    def _check_code(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        scheme, _, code = _header(headers, b"authorization").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(code.strip().encode(), self._code) and not self._made:
            return
        now_us = self._now_us()
        if len(self._wrong_us) == WRONG_CODES_MAX and now_us - self._wrong_us[0] < MINUTE_US:
            raise Declined(
                429, "requests.too_many", "Too many wrong codes; try again later.", headers={"Retry-After": "60"}
            )
        self._wrong_us.append(now_us)
        raise _unknown()


def at(path: str, refused: Refused) -> Declined:
    """The refusal, as a fault of this place in the body."""
    fault = Fault(path, refused.key, refused.what, refused.value, refused.mend)
    return Declined(422, refused.key, f"{refused.what}.", errors=[fault])


def _unknown() -> Declined:
    detail = "The one-time code that `keepclear serve` has printed is needed, and this is not it."
    return Declined(401, "setup.code", detail, headers={"WWW-Authenticate": "Bearer"})


def _json(status: int, body: msgspec.Struct) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return status, [(b"content-type", b"application/json")], msgspec.json.encode(body)


async def _body(headers: Iterable[tuple[bytes, bytes]], receive: Any) -> bytes:
    kind = _header(headers, b"content-type").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Declined(415, "media_type.unknown", "The body is JSON: application/json.")
    data = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Declined(400, "request.unreadable", "The request has no end.")
        data += message.get("body", b"")
        if len(data) > BODY_BYTES_MAX:
            raise Declined(413, "body.too_large", f"The body is larger than {BODY_BYTES_MAX:,} bytes.")
        if not message.get("more_body"):
            return bytes(data)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """Every value of a header, as one text."""
    return ", ".join(value.decode("latin-1") for key, value in headers if key == name)


def _lower(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers]
