"""Nobody without a token learns anything; nobody with one learns of what they may not see."""

from __future__ import annotations

from hashlib import sha256

import pytest

from keepclear.api.app import ROUTES
from keepclear.node import events as e
from tests.desk_in_memory import Limits
from tests.doors.api.caller import INSIDE, KESTREL_PASS, staffed, zones_of

ADDRESSES = [(route.method, route.path.replace("{", "").replace("}", "")) for route in ROUTES if not route.is_open] + [
    ("POST", "/"), ("GET", "/assets/"), ("GET", "/v1/session"), ("POST", "/v1/session/"), ("GET", "/v1/openapi.json"), ("GET", "/v1/docs"), ("GET", "/v1/ogc/api"), ("POST", "/healthz"), ("HEAD", "/v1/zones"),
    ("OPTIONS", "/v1/zones"), ("PATCH", "/v1/zones"), ("TRACE", "/v1/zones"), ("GET", "/schema"), ("GET", "/v1/zones/../../etc/passwd"),
    ("GET", "/%2e%2e/%2e%2e"), ("GET", "/v1/zones?limit=x"), ("BREW", "/coffee"),
]  # fmt: skip


def test_without_a_token_every_address_and_method_gets_the_same_answer():
    staff = staffed()
    answers: dict[tuple[int, tuple[tuple[str, str], ...]], set[str]] = {}
    for method, path in ADDRESSES:
        answer = staff.call(method, path, content=b"{", headers={"Content-Type": "application/json"})
        body = "" if method == "HEAD" else answer.text
        answers.setdefault((answer.status_code, tuple(sorted(answer.headers.items()))), set()).add(body)
    assert len(answers) == 1
    (((status, headers), bodies),) = answers.items()
    assert status == 401
    assert dict(headers)["www-authenticate"] == "Bearer"
    assert len(bodies - {""}) == 1
    assert "alpha" not in "".join(bodies)
    assert staff.desk.log == []


FORGED = [
    {"Authorization": value}
    for value in [
        "", "Bearer", "Bearer ", "Bearer x", "bearer kc_" + "A" * 43, "Basic c2VjcmV0LW9mLWFkYQ==", "secret-of-ada",
        "Bearer secret-of-ada2", "Bearer secret-of-ada secret-of-ada", "Bearer token-of-ada", "Bearer " + "x" * 60_000, "Bearer \xff",
        "Bearer " + sha256(b"secret-of-ada").hexdigest(), "Bearer secret-of-ada,secret-of-ada", "Digest secret-of-ada",
    ]
]  # fmt: skip


@pytest.mark.parametrize("headers", FORGED, ids=lambda headers: headers["Authorization"][:30])
def test_a_forged_token_is_no_token(headers):
    staff = staffed()
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = staff.call.get("/v1/me", headers=encoded)
    assert answer.status_code == 401
    assert answer.content == staff.call.get("/v1/me").content


def test_two_tokens_in_one_request_are_none():
    staff = staffed()
    twice = [("Authorization", f"Bearer {staff.officer}"), ("Authorization", f"Bearer {staff.officer}")]
    import asyncio

    import httpx

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(staff.call.app), base_url="http://node") as client:
            return await client.get("/v1/me", headers=twice)

    assert asyncio.run(ask()).status_code == 401


def test_revoked_expired_and_ended_are_answered_as_unknown():
    staff = staffed()
    unknown = staff.call.get("/v1/me", "nobody").content
    issued = staff.call.post(
        "/v1/users/pia/tokens", staff.administrator, json={"token_id": "t2", "expires_at": "2026-05-18T11:00:00Z"}
    ).json()
    assert staff.call.get("/v1/me", issued["token"]).status_code == 200
    staff.desk.clock_us += 3_600_000_000
    assert staff.call.get("/v1/me", issued["token"]).content == unknown
    assert staff.call.delete("/v1/tokens/token-of-ben?reason=lost", staff.administrator).status_code == 200
    assert staff.call.get("/v1/me", staff.officer).content == unknown
    assert staff.call.delete("/v1/users/leo?reason=left", staff.administrator).status_code == 200
    assert staff.call.get("/v1/me", staff.liaison).content == unknown


def test_the_health_of_a_node_is_one_word():
    answer = staffed().call.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", "/v1/zones/{}", {}),
        ("DELETE", "/v1/zones/{}?reason=x", {}),
        ("GET", "/v1/zones/{}/access", {}),
        ("PUT", "/v1/zones/{}/access", {"json": {"sensitivity": "low", "recipients": None}}),
        ("GET", "/v1/ogc/collections/zones/items/{}", {}),
    ],
)
@pytest.mark.parametrize("who", ["liaison", "outsider"])
def test_a_zone_that_one_may_not_see_is_answered_as_one_that_is_not_there(method, path, asked, who):
    staff = staffed()
    token = staff.liaison if who == "liaison" else staff.desk.admit("pat", "meridian", "planner")
    hidden = staff.call(method, path.format("kestrel-pass"), token, **asked)
    absent = staff.call(method, path.format("kestrel-pazz"), token, **asked)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace("kestrel-pass", "kestrel-pazz") == absent.text


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", "/v1/feeds/{}", {}),
        ("DELETE", "/v1/feeds/{}?reason=x", {}),
        ("GET", "/v1/feeds/{}/access", {}),
        ("PUT", "/v1/feeds/{}/access", {"json": {"sensitivity": "low", "recipients": None}}),
        ("POST", "/v1/feeds/{}/positions", {"json": [INSIDE]}),
    ],
)
@pytest.mark.parametrize("sensitivity", ["low", "severe"])
@pytest.mark.parametrize("who", ["leo", "pat", "wat", "low"])
def test_a_feed_that_one_may_not_see_is_answered_as_one_that_is_not_there(method, path, asked, who, sensitivity):
    staff = staffed()
    staff.desk.say(e.AccessSet("feed", "ais-1", sensitivity, ()), by="pia")
    tokens = {
        "leo": staff.liaison,
        "pat": staff.desk.admit("pat", "meridian", "planner"),
        "wat": staff.desk.admit("wat", "meridian", "watch_officer"),
        "low": staff.desk.admit("low", "alpha", "watch_officer", "open"),
    }
    hidden = staff.call(method, path.format("ais-1"), tokens[who], **asked)
    absent = staff.call(method, path.format("ais-9"), tokens[who], **asked)
    assert hidden.status_code == absent.status_code
    assert hidden.status_code in {403, 404}
    assert hidden.text.replace("ais-1", "ais-9") == absent.text


def test_an_alert_that_one_may_not_see_is_answered_as_one_that_is_not_there():
    staff = staffed()
    staff.bring(INSIDE)
    alert = staff.call.get("/v1/alerts", staff.officer).json()["items"][0]["id"]
    for path, body in [("", None), ("/acknowledge", {}), ("/clear", {"reason": "x"}), ("/assign", {"to": "ben"})]:
        method = "GET" if body is None else "POST"
        hidden = staff.call(method, f"/v1/alerts/{alert}{path}", staff.liaison, json=body)
        absent = staff.call(method, f"/v1/alerts/999.9{path}", staff.liaison, json=body)
        assert hidden.status_code == absent.status_code == 404
        assert hidden.text.replace(alert, "999.9") == absent.text


def test_a_subject_of_a_feed_that_one_may_not_see_was_never_reported():
    staff = staffed()
    staff.bring(INSIDE)
    hidden = staff.call.get("/v1/positions?subject=Bravo 1", staff.liaison)
    absent = staff.call.get("/v1/positions?subject=Bravo 2", staff.liaison)
    assert hidden.status_code == 404
    assert hidden.text.replace("Bravo 1", "Bravo 2") == absent.text


# What a question cannot do without.
ASKED_WITH = {
    "/v1/places": "?q=33.5,38.6",
    "/v1/places/of": "?lat=33.5&lon=38.6",
    "/v1/positions": "?subject=Bravo 1",
    "/v1/agreements/{agreement}/escalation": "?since=2026-05-18T10:00:00Z",
    "/v1/calls/agenda": "?party=bravo",
    "/v1/zones/{zone}/ladder": "?by=alpha&towards=bravo",
}


def test_a_token_of_a_feed_brings_positions_and_reads_nothing():
    staff = staffed()
    assert staff.call.post("/v1/feeds/ais-1/positions", staff.mast, json=[INSIDE]).status_code == 200
    assert staff.call.post("/v1/feeds/ais-2/positions", staff.mast, json=[INSIDE]).status_code in {403, 404}
    for route in ROUTES:
        if route.method == "GET" and route.path != "/v1/me":
            path = route.path.format(
                **{name: {"collection": "zones", "sequence": "1"}.get(name, "ais-1") for name in route.names}
            )
            query = ASKED_WITH.get(route.path, "")
            answer = staff.call.get(path + query, staff.mast)
            assert answer.status_code in {403, 404} or answer.json()["items"] == [], route.path
    assert staff.call.get("/v1/me", staff.mast).json()["may"] == ["report"]


def test_raising_the_sensitivity_of_a_feed_does_not_silence_it():
    staff = staffed()
    staff.desk.say(e.AccessSet("feed", "ais-1", "severe", ()), by="pia")
    assert staff.call.post("/v1/feeds/ais-1/positions", staff.mast, json=[INSIDE]).status_code == 200


@pytest.mark.parametrize(
    ("who", "method", "path", "asked"),
    [
        ("viewer", "POST", "/v1/feeds/ais-1/positions", {"json": [INSIDE]}),
        ("officer", "PUT", "/v1/zones", {"json": zones_of(KESTREL_PASS)}),
        ("administrator", "PUT", "/v1/zones/kestrel-pass", {"json": KESTREL_PASS}),
        ("administrator", "DELETE", "/v1/zones/kestrel-pass?reason=x", {}),
        ("administrator", "PUT", "/v1/zones/kestrel-pass/access", {"json": {"sensitivity": "low", "recipients": None}}),
        ("auditor", "PUT", "/v1/parties/bravo", {"json": {"name": "Bravo"}}),
        ("auditor", "DELETE", "/v1/feeds/ais-1?reason=x", {}),
        ("planner", "PUT", "/v1/users/new", {"json": {"party": "alpha", "role": "viewer", "clearance": "low"}}),
        ("planner", "GET", "/v1/users", {}),
        ("planner", "GET", "/v1/tokens", {}),
        ("planner", "POST", "/v1/users/ben/tokens", {"json": {"token_id": "t"}}),
        ("planner", "DELETE", "/v1/tokens/token-of-ben?reason=x", {}),
        ("officer", "PUT", "/v1/feeds/ais-3", {"json": {"source": "x"}}),
        ("viewer", "GET", "/v1/accesses", {}),
        ("planner", "GET", "/v1/accesses?owner=meridian", {}),
        ("mast", "GET", "/v1/status", {}),
        ("mast", "GET", "/v1/stream", {}),
    ],
)
def test_what_a_role_may_not_do_is_forbidden_and_changes_nothing(who, method, path, asked):
    staff = staffed()
    before = len(staff.desk.record)
    answer = staff.call(method, path, staff.tokens[who], **asked)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].startswith("keepclear:access.")
    assert len(staff.desk.record) == before


def test_an_administrator_gives_no_clearance_above_its_own():
    staff = staffed()
    low = staff.desk.admit("abe", "alpha", "administrator", "low")
    admit = {"party": "alpha", "role": "viewer", "clearance": "moderate"}
    assert staff.call.put("/v1/users/new", low, json=admit).json()["type"] == "keepclear:access.clearance"
    assert staff.call.post("/v1/users/pia/tokens", low, json={"token_id": "t"}).status_code == 403
    assert staff.call.put("/v1/users/new", low, json={**admit, "clearance": "low"}).status_code == 200


def test_who_reads_the_object_of_another_party_stands_in_the_access_log_of_its_owner():
    staff = staffed()
    shared = {"sensitivity": "low", "recipients": ["meridian"]}
    assert staff.call.put("/v1/zones/kestrel-pass/access", staff.planner, json=shared).status_code == 200
    staff.call.get("/v1/zones/kestrel-pass", staff.officer)
    assert staff.call.get("/v1/accesses", staff.planner).json()["items"] == []
    staff.call.get("/v1/zones", staff.liaison)
    staff.call.get("/v1/ogc/collections/zones/items", staff.liaison)
    lines = staff.call.get("/v1/accesses", staff.planner).json()["items"]
    assert [(line["user"], line["action"], line["object_id"]) for line in lines] == [
        ("leo", "export", "kestrel-pass"),
        ("leo", "read", "kestrel-pass"),
    ]
    assert staff.call.get("/v1/accesses?owner=alpha", staff.auditor).json()["items"] == lines


def test_who_asks_too_often_is_told_when_to_come_back():
    staff = staffed(limits=Limits(requests_per_minute=5))
    answers = [staff.call.get("/v1/me", staff.officer) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    wait_s = int(answers[-1].headers["retry-after"])
    assert staff.call.get("/v1/me", staff.viewer).status_code == 200
    staff.desk.clock_us += wait_s * 1_000_000
    assert staff.call.get("/v1/me", staff.officer).status_code == 200


def test_a_full_inbox_is_no_error_of_the_caller():
    staff = staffed()
    staff.desk.is_full = True
    answer = staff.bring(INSIDE)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


@pytest.mark.parametrize("path", ["/v1/me", "/healthz", "/nothing", "/v1/docs", "/v1/zones"])
def test_every_answer_has_the_headers_that_keep_a_browser_from_harm(path):
    headers = staffed().call.get(path, "secret-of-ben").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert not {"server", "access-control-allow-origin", "x-powered-by"} & set(headers)


def test_a_web_socket_is_closed_without_a_word():
    import asyncio

    staff, sent = staffed(), []

    async def ask():
        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)

        await staff.call.app({"type": "websocket", "path": "/v1/stream", "headers": []}, receive, send)

    asyncio.run(ask())
    assert [message["type"] for message in sent] == ["websocket.close"]


# --- exercise ---


def test_the_two_sides_never_meet_and_every_answer_says_which_it_is():
    staff = staffed()
    assert staff.call.get("/v1/zones?exercise=true", staff.officer).json() == {
        "exercise": True,
        "items": [],
        "next": None,
    }
    agreed = staff.call.put("/v1/zones?exercise=true", staff.planner, json=zones_of(KESTREL_PASS))
    assert agreed.json()["exercise"] is True
    assert agreed.headers["keepclear-exercise"] == "true"
    staff.call.put("/v1/feeds/drill?exercise=true", staff.planner, json={"source": "drill"})
    assert staff.bring(INSIDE, feed="drill").status_code == 404
    assert staff.bring(INSIDE, feed="drill", params={"exercise": "true"}).json()["exercise"] is True
    real, drill = (staff.call.get(f"/v1/alerts?exercise={side}", staff.officer) for side in ("false", "true"))
    assert (len(real.json()["items"]), len(drill.json()["items"])) == (0, 1)
    assert "keepclear-exercise" not in real.headers
    problem = staff.call.get("/v1/zones/x?exercise=true", staff.officer)
    assert (problem.status_code, problem.json()["exercise"]) == (404, True)


def test_an_exercise_node_marks_everything_and_has_no_other_side():
    staff = staffed(exercise=True)
    for path in ["/v1/me", "/v1/zones", "/nothing", "/v1/ogc/collections/zones/items"]:
        answer = staff.call.get(path, staff.officer)
        assert answer.headers["keepclear-exercise"] == "true"
        assert answer.json()["exercise"] is True
    assert staff.call.get("/v1/zones?exercise=false", staff.officer).status_code == 400
    assert staff.bring(INSIDE).json()["exercise"] is True
