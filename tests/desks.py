"""A person at the console of a node, as far as its doors know: signed in by a cookie, asking as a page of the node does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

# Only so that a test that fails does so in the end.
PATIENCE_S = 180.0
LOOK_EVERY_S = 0.1


class PersonAtDesk:
    """Used as a context."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        headers = {"Keepclear-Console": "1", "Origin": origin, "Sec-Fetch-Site": "same-origin"}
        self.way = parts.fragment.strip("/").split("/")
        self._client = httpx.Client(base_url=origin, headers=headers, timeout=PATIENCE_S, trust_env=False)

    def __enter__(self) -> PersonAtDesk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def asked(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """The whole answer."""
        if body is not None:
            more["json"] = body
        return self._client.request(method, path, **more)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered, which is no refusal."""
        answer = self.asked(method, path, body)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def holds(self, cookies: httpx.Cookies) -> None:
        """The browser has these cookies of another answer of the same host."""
        for name, value in cookies.items():
            self._client.cookies.set(name, value)

    def come_in(self) -> None:
        """Takes the invitation of the address, with a password that nobody keeps."""
        assert self.way[0] == "invite"
        self.ask("POST", "/v1/session/invite", {"code": self.way[1], "password": "drawn by the browser"})

    def told(self, event: str) -> Iterator[dict[str, Any]]:
        """Every line of this kind since the beginning, as the stream tells it."""
        with self._client.stream("GET", f"/v1/stream?after=0.0&event={event}") as answer:
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """What is answered once it is so."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds(found := self.ask("GET", path)):
            assert time.monotonic() < deadline_s, found
            time.sleep(LOOK_EVERY_S)
        return found
