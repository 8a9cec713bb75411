"""Asks the doors as a browser does: with a cookie that it was given, and with what it says of the page that asks."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from keepclear.api.app import app
from keepclear.api.console_files import ConsoleFiles
from keepclear.api.origin import Front, cookie_name
from tests.doors.api.caller import Staffed

PASSWORD = "four words in a row"
ORIGIN = "http://localhost:7117"


class Browser:
    """One browser at one address; `cookie` is what it holds of the node."""

    def __init__(
        self,
        staff: Staffed,
        *,
        front: Front | None = None,
        origin: str = ORIGIN,
        address: str = "127.0.0.1",
        console: ConsoleFiles | None = None,
    ) -> None:
        self.app: Any = app(staff.desk, front, console) if front or console else staff.call.app
        self.origin = origin
        self.address = address
        self.cookie: str | None = None

    def __call__(self, method: str, path: str, **asked: Any) -> httpx.Response:
        return asyncio.run(self.ask(method, path, **asked))

    async def ask(self, method: str, path: str, headers: Any = None, **asked: Any) -> httpx.Response:
        """As a page of the node asks. A header that is None is left out."""
        said: dict[str, str | None] = {"Sec-Fetch-Site": "same-origin", "Keepclear-Console": "1"}
        if method not in ("GET", "HEAD"):
            said["Origin"] = self.origin
        if self.cookie is not None:
            said["Cookie"] = f"{cookie_name(self.origin)}={self.cookie}"
        said |= headers or {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(self.address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=self.origin) as client:
            given = {name: value for name, value in said.items() if value is not None}
            answer = await client.request(method, path, headers=given, **asked)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            assert name == cookie_name(self.origin)
            self.cookie = value or None
        return answer

    def take(self, code: str, password: str = PASSWORD) -> httpx.Response:
        return self("POST", "/v1/session/invite", json={"code": code, "password": password})

    def sign_in(self, user: str, password: str = PASSWORD, **asked: Any) -> httpx.Response:
        return self("POST", "/v1/session", json={"user": user, "password": password}, **asked)


def invited(staff: Staffed, user: str) -> str:
    """The code of an invitation of this user."""
    answer = staff.call.post(f"/v1/users/{user}/invites", staff.administrator, json={})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


def signed_in(staff: Staffed, user: str, **kinds: Any) -> Browser:
    """A browser in which this user has taken an invitation."""
    browser = Browser(staff, **kinds)
    answer = browser.take(invited(staff, user))
    assert answer.status_code == 200, answer.text
    return browser
