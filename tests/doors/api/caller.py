"""Asks the app in this process, as a server would: requests, and streams that are read event by event."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from keepclear.api.app import app
from tests.couriers import Keys
from tests.desk_in_memory import DeskInMemory

_END_OF_LINE = re.compile(r"\r\n|\n|\r")  # of server-sent events


class Caller:
    """Asks the doors of a desk; each request in an event loop of its own."""

    def __init__(self, desk: DeskInMemory) -> None:
        self.desk = desk
        self.app: Any = app(desk)

    def __call__(self, method: str, path: str, token: str | None = None, **asked: Any) -> httpx.Response:
        return asyncio.run(self.ask(method, path, token, **asked))

    async def ask(self, method: str, path: str, token: str | None = None, **asked: Any) -> httpx.Response:
        headers = dict(asked.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.request(method, path, headers=headers, **asked)

    def get(self, path: str, token: str | None = None, **asked: Any) -> httpx.Response:
        return self("GET", path, token, **asked)

    def post(self, path: str, token: str | None = None, **asked: Any) -> httpx.Response:
        return self("POST", path, token, **asked)

    def put(self, path: str, token: str | None = None, **asked: Any) -> httpx.Response:
        return self("PUT", path, token, **asked)

    def delete(self, path: str, token: str | None = None, **asked: Any) -> httpx.Response:
        return self("DELETE", path, token, **asked)


@dataclass
class Event:
    """One server-sent event."""

    id: str
    event: str
    data: dict[str, Any]


@dataclass
class Stream:
    """A stream that is read as far as a test wants, and left as a client leaves."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    chunks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    body: bytes = b""

    @staticmethod
    async def open(caller: Caller, path: str, token: str, headers: dict[str, str] | None = None) -> Stream:
        stream = Stream()
        address, _, query = path.partition("?")
        said = {"authorization": f"Bearer {token}", **(headers or {})}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": address,
            "raw_path": address.encode(), "query_string": query.encode(), "root_path": "", "server": ("node", 80),
            "client": ("127.0.0.1", 1), "headers": [(name.lower().encode(), value.encode()) for name, value in said.items()],
        }  # fmt: skip
        asked = False

        async def receive():
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await stream.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.start":
                stream.status = message["status"]
                stream.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                if message.get("body"):
                    await stream.chunks.put(message["body"])
                if not message.get("more_body"):
                    await stream.chunks.put(None)
                    stream.gone.set()

        stream.task = asyncio.ensure_future(caller.app(scope, receive, send))
        return stream

    async def chunk(self) -> bytes | None:
        """The next piece as it was sent; None at the end."""
        return await asyncio.wait_for(self.chunks.get(), 10)

    async def next(self) -> Event | None:
        """The next event; None where the stream has ended."""
        while (chunk := await self.chunk()) is not None:
            fields = dict(line.split(": ", 1) for line in _END_OF_LINE.split(chunk.decode()) if ": " in line)
            if "data" in fields:
                return Event(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
        return None

    async def close(self) -> None:
        """Goes away, as a client does."""
        self.gone.set()
        if self.task is not None:
            await asyncio.wait_for(asyncio.gather(self.task, return_exceptions=True), 10)


KESTREL_PASS: dict[str, Any] = {
    "type": "Feature",
    "id": "kestrel-pass",
    "geometry": {"type": "Point", "coordinates": [38.6, 33.5]},
    "properties": {"name": "Kestrel Pass", "radius": "20 km"},
}
AWAY: dict[str, Any] = {"subject": "Bravo 1", "seen_at": "2026-05-18T10:00:00Z", "lat": 33.9, "lon": 38.6}
INSIDE: dict[str, Any] = {"subject": "Bravo 1", "seen_at": "2026-05-18T10:10:00Z", "lat": 33.6, "lon": 38.6}


def zones_of(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


@dataclass
class Staffed:
    """Alpha's node with its people, each named by role, and a liaison of Meridian; a zone and a feed of Alpha."""

    desk: DeskInMemory
    call: Caller
    administrator: str
    planner: str
    officer: str
    viewer: str
    liaison: str
    auditor: str
    mast: str

    @property
    def tokens(self) -> dict[str, str]:
        names = ("administrator", "planner", "officer", "viewer", "liaison", "auditor", "mast")
        return {name: getattr(self, name) for name in names}

    def bring(self, *rows: Any, feed: str = "ais-1", **asked: Any) -> httpx.Response:
        return self.call.post(f"/v1/feeds/{feed}/positions", self.officer, json=list(rows), **asked)


def staffed(**kinds: Any) -> Staffed:
    from keepclear.node import events as e

    desk = DeskInMemory(**kinds)
    desk.say(e.FeedDeclared("ais-1", "alpha", "AIS mast"))
    tokens = [
        desk.admit("ada", "alpha", "administrator"),
        desk.admit("pia", "alpha", "planner"),
        desk.admit("ben", "alpha", "watch_officer", "high"),
        desk.admit("eva", "alpha", "viewer", "moderate"),
        desk.admit("leo", "meridian", "liaison", "high"),
        desk.admit("aud", "northlight", "auditor"),
        desk.admit("mast-1", "alpha", "machine", "open", feed="ais-1"),
    ]
    staff = Staffed(desk, Caller(desk), *tokens)
    agreed = staff.call.put("/v1/zones", staff.planner, json=zones_of(KESTREL_PASS))
    assert agreed.status_code == 200, agreed.text
    desk.clock_us += 30 * 60_000_000  # the reports of all tests are seen behind the zone's beginning, and before now
    return staff


def card_of(party: str) -> Any:
    return json.loads(Keys(party).card.text)


def pair(staff: Staffed, party: str, **joined: Any) -> None:
    """Takes the card of a party in, and makes it a peer."""
    said = {"card": card_of(party), "compared_with": "their administrator, by telephone"}
    answer = staff.call.put(f"/v1/peers/{party}/card", staff.administrator, json=said)
    assert answer.status_code == 201, answer.text
    answer = staff.call.put(f"/v1/peers/{party}", staff.administrator, json=joined)
    assert answer.status_code == 200, answer.text
