"""A table of hostile inputs, each with its clear answer, and the node unharmed. What is slow is for the real server."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from keepclear.api.stream import event_of
from keepclear.node.effects import Told
from tests.desk_in_memory import Limits
from tests.doors.api.caller import INSIDE, KESTREL_PASS, Stream, staffed, zones_of

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 100_000
DEEP_OBJECT = b'{"a":' * 100_000
POSITIONS, CLEAR, FEED, USER = "/v1/feeds/ais-1/positions", "/v1/alerts/1.0/clear", "/v1/feeds/x", "/v1/users/x"
# who asks, method, address, body, headers: status
TABLE = {
    "deep array as a command": ("planner", "PUT", FEED, DEEP, JSON, 422),
    "deep object as a command": ("planner", "PUT", FEED, DEEP_OBJECT, JSON, 422),
    "deep value in a command": ("planner", "PUT", FEED, b'{"source":' + DEEP, JSON, 422),
    "deep positions": ("officer", "POST", POSITIONS, DEEP, JSON, 422),
    "deep member of a position": ("officer", "POST", POSITIONS, b'[{"subject":' + DEEP + b"]", JSON, 422),
    "deep zones": ("planner", "PUT", "/v1/zones", DEEP, JSON, 422),
    "zones of a million brackets": ("planner", "PUT", "/v1/zones", b"[]," * 1_000_000, JSON, 422),
    "not UTF-8 as a command": ("planner", "PUT", FEED, b'{"source":"\xff\xfe"}', JSON, 400),
    "not UTF-8 as zones": ("planner", "PUT", "/v1/zones", b'{"type":"\xff"}', JSON, 422),
    "UTF-16": ("planner", "PUT", FEED, '{"source":"x"}'.encode("utf-16"), JSON, 400),
    "byte order mark": ("planner", "PUT", FEED, b"\xef\xbb\xbf{}", JSON, 400),
    "half a character": ("planner", "PUT", FEED, b'{"source":"\\ud800"}', JSON, 400),
    "no body": ("planner", "PUT", FEED, b"", JSON, 400),
    "a number": ("planner", "PUT", FEED, b"1", JSON, 422),
    "null": ("planner", "PUT", FEED, b"null", JSON, 422),
    "NaN": ("planner", "PUT", FEED, b'{"source":"x","silent_after_us":NaN}', JSON, 400),
    "a huge number": ("planner", "PUT", FEED, b'{"source":"x","silent_after_us":1e999}', JSON, 422),
    "a thousand digits": ("planner", "PUT", FEED, b'{"source":"x","silent_after_us":' + b"9" * 1000 + b"}", JSON, 422),
    "an unknown member": ("planner", "PUT", FEED, b'{"source":"x","__proto__":{}}', JSON, 422),
    "text behind the JSON": ("planner", "PUT", FEED, b'{"source":"x"}{"source":"y"}', JSON, 400),
    "a form": ("planner", "PUT", FEED, b"source=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "a multipart form": ("planner", "PUT", FEED, b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
    "JSON by another name": ("planner", "PUT", FEED, b"{}", {"Content-Type": "text/plain"}, 415),
    "a content type of rubbish": ("planner", "PUT", FEED, b"{}", {"Content-Type": ";;;==\x01"}, 415),
    "a packed body": ("planner", "PUT", FEED, b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"}, 415),
    "packed twice": ("planner", "PUT", FEED, b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip, br"}, 415),
    "a command of two megabytes": ("planner", "PUT", FEED, b'{"source":"' + b"x" * 2_000_000 + b'"}', JSON, 413),
    "positions larger than allowed": ("officer", "POST", POSITIONS, b"[" + b" " * 4_100_000 + b"]", JSON, 413),
    "a lie about the length": ("officer", "POST", POSITIONS, b"[]", {**JSON, "Content-Length": "99999999"}, 413),
    "a negative length": ("officer", "POST", POSITIONS, b"[]", {**JSON, "Content-Length": "-1"}, None),
    "a length of words": ("officer", "POST", POSITIONS, b"[]", {**JSON, "Content-Length": "many"}, None),
    "another user by header": ("viewer", "PUT", FEED, b'{"source":"x"}', {**JSON, "X-User": "ada", "X-Forwarded-User": "ada"}, 403),
    "another method by header": ("viewer", "GET", "/v1/zones", b"", {"X-HTTP-Method-Override": "DELETE"}, 200),
    "another path by header": ("viewer", "GET", "/v1/me", b"", {"X-Original-URL": "/v1/users", "X-Rewrite-URL": "/v1/users"}, 200),
    "a host of elsewhere": ("viewer", "GET", "/v1/me", b"", {"Host": "evil.example"}, 200),
    "a host of rubbish": ("viewer", "GET", "/v1/me", b"", {"Host": "a b<script>"}, 400),
    "an origin of elsewhere": ("viewer", "GET", "/v1/me", b"", {"Origin": "https://evil.example"}, 200),
    "a method nobody knows": ("viewer", "BREW", "/v1/zones", b"", {}, 405),
    "a method of another address": ("planner", "POST", "/v1/zones", b"{}", JSON, 405),
    "a cookie": ("viewer", "GET", "/v1/me", b"", {"Cookie": "token=secret-of-ada"}, 200),
    "many headers": ("viewer", "GET", "/v1/me", b"", {f"X-{n}": "x" * 100 for n in range(500)}, 200),
    "up the tree": ("viewer", "GET", "/v1/zones/../users", b"", {}, None),
    "up the tree, written otherwise": ("viewer", "GET", "/v1/zones/%2e%2e%2fusers", b"", {}, 404),
    "a null byte": ("viewer", "GET", "/v1/zones/kestrel-pass%00", b"", {}, 404),
    "a double slash": ("viewer", "GET", "/v1//users", b"", {}, 403),
    "a slash behind": ("viewer", "GET", "/v1/users/", b"", {}, 403),
    "not UTF-8 in the address": ("viewer", "GET", "/v1/zones/%ff%fe", b"", {}, 404),
    "SQL in an id": ("viewer", "GET", "/v1/zones/x'%20OR%20'1'='1", b"", {}, 404),
    "a template in an id": ("viewer", "GET", "/v1/zones/%7B%7B7*7%7D%7D", b"", {}, 404),
    "a very long id": ("viewer", "GET", "/v1/zones/" + "x" * 50_000, b"", {}, 404),
    "a very long query": ("viewer", "GET", "/v1/zones?after=" + "x" * 50_000, b"", {}, 400),
    "many parameters": ("viewer", "GET", "/v1/zones?" + "&".join(f"a{n}=1" for n in range(5_000)), b"", {}, 400),
    "a query that is no text": ("viewer", "GET", "/v1/zones?after=%ff%00", b"", {}, 200),
    "a limit of letters": ("viewer", "GET", "/v1/tracks?limit=ten", b"", {}, 400),
    "a limit below zero": ("viewer", "GET", "/v1/tracks?limit=-1", b"", {}, 400),
    "a limit without end": ("viewer", "GET", "/v1/tracks?limit=99999999999999999999", b"", {}, 400),
    "a place in the list of other digits": ("viewer", "GET", "/v1/tracks?after=٣", b"", {}, 200),
    "a place far behind": ("viewer", "GET", "/v1/tracks?after=999999999999", b"", {}, 200),
    "an instant of ten thousand years": ("viewer", "GET", "/v1/zones?known_at=12026-05-18T10:00:00Z", b"", {}, 400),
    "an instant without a zone": ("viewer", "GET", "/v1/presence?at=2026-05-18T10:00:00", b"", {}, 400),
    "a body where none is read": ("viewer", "GET", "/v1/me", b"x" * 1000, JSON, 200),
    "an id of another alphabet": ("administrator", "PUT", "/v1/users/аdmin", b'{"party":"alpha","role":"viewer","clearance":"low"}', JSON, 422),
    "a role of one's own": ("administrator", "PUT", USER, b'{"party":"alpha","role":"root","clearance":"low"}', JSON, 422),
    "a party of one's own": ("administrator", "PUT", USER, b'{"party":"","role":"viewer","clearance":"low"}', JSON, 422),
    "control characters in words": ("officer", "POST", CLEAR, b'{"reason":"\\u001b[2J"}', JSON, 404),
    "a line feed in a reason": ("planner", "DELETE", "/v1/zones/kestrel-pass?reason=a%0Ab%00", b"", {}, 422),
    "an event id with a line feed": ("viewer", "GET", "/v1/stream?after=1.0%0Adata:x", b"", {}, 400),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_a_hostile_input_has_its_answer_and_leaves_the_node_unharmed(name):
    who, method, path, body, headers, status = TABLE[name]
    staff = staffed()
    before = len(staff.desk.record)
    answer = staff.call(method, path, staff.tokens[who], content=body, headers=headers)
    assert answer.status_code == status or (status is None and answer.status_code in {200, 400, 403, 404}), answer.text[
        :500
    ]
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert set(problem) == {"type", "title", "status", "detail", "errors"}
        assert len(answer.content) < 20_000
    if status != 200 and status is not None:
        assert len(staff.desk.record) == before
    assert staff.bring(INSIDE).json()["accepted"] == 1


def test_what_a_sender_wrote_is_shown_so_that_it_steers_nothing():
    staff = staffed()
    rows = [{**INSIDE, "lat": "\u001b[31m\u202e"}, {**INSIDE, "seen_at": "x" * 5_000}]
    answer = staff.call.post(POSITIONS, staff.officer, content=json.dumps(rows).encode(), headers=JSON)
    for refusal in answer.json()["refusals"]:
        assert refusal["value"].isprintable()
        assert len(refusal["value"]) <= 120


@pytest.mark.parametrize("broken", ["\n", "\r", "\r\n", "\n\n", "\x85", "\u2028", "\u2029"])
def test_an_event_of_a_stream_cannot_be_broken_by_a_name(broken):
    evil = f"Kestrel{broken}id: 9.9{broken}event: alert{broken}data: {{}}"
    said = {
        "event": "zone",
        "at": "2026-05-18T10:00:00Z",
        "zone": evil,
        "zone_name": evil,
        "action": "agreed",
        "version": 1,
        "by": "pia",
    }
    told = Told(7, 0, 0, json.dumps(said, ensure_ascii=False, separators=(",", ":")))
    sent = event_of(told, evil)
    lines = re.split(rb"\r\n|\n|\r", sent)  # what ends a line of server-sent events, and nothing else does
    assert [line.partition(b": ")[0] for line in lines] == [b"id", b"event", b"data", b"", b""]
    data = json.loads(lines[2].removeprefix(b"data: "))
    assert data["zone_name"] == data["zone"] == evil


@pytest.mark.parametrize("odd", ["\u2028", "\u2029"])
def test_a_name_with_odd_ends_of_lines_comes_through_a_stream_whole(odd):
    staff = staffed()
    name = f"Kestrel{odd}id: 9.9{odd}Pass"
    named = {**KESTREL_PASS, "id": "odd", "properties": {"radius": "20 km", "name": name}}
    agreed = staff.call.put("/v1/zones", staff.planner, json=zones_of(named))
    assert agreed.status_code == 200, agreed.text

    async def read():
        staff.desk.is_stopped = True
        stream = await Stream.open(staff.call, "/v1/stream?after=0.0&event=zone", staff.officer)
        found = []
        while (event := await stream.next()) is not None:
            found.append((event.id, event.data["zone_name"]))
        await stream.close()
        return found

    assert asyncio.run(read())[-1] == (f"{agreed.json()['sequence']}.0", name)
    shown = staff.call.get(f"/v1/record/entries/{agreed.json()['sequence']}", staff.officer).json()
    assert shown["outcome"][0]["zone_name"] == name


def test_a_body_that_comes_in_pieces_beyond_the_limit_is_cut_off():
    staff = staffed(limits=Limits(body_bytes_max=10_000))

    async def ask():
        async def pieces():
            for _ in range(1_000):
                yield b"[" * 1_000

        return await staff.call.ask("POST", POSITIONS, staff.officer, content=pieces(), headers=JSON)

    assert asyncio.run(ask()).status_code == 413
