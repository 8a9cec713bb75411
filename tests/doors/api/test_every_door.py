"""Every door against the table of docs/spec/access.md: each role, people of another party, and people who are not cleared."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import msgspec
import pytest

from keepclear.api.app import ROUTES
from keepclear.api.asking import Route
from keepclear.parties.parties import TABLE, Action, Reach, Role
from tests.dealings import call
from tests.doors.api.caller import INSIDE, Staffed, card_of, pair, staffed

# What whoever knocks wants to do; None: everybody who is known may. Who adds a door says here whose it is.
WANTS: dict[str, Action | None] = {
    "POST /v1/feeds/{feed}/positions": Action.REPORT,
    "PUT /v1/zones": Action.AGREE_ZONE, "PUT /v1/zones/{zone}": Action.AGREE_ZONE, "DELETE /v1/zones/{zone}": Action.END_ZONE,
    "POST /v1/alerts/{alert}/acknowledge": Action.ACKNOWLEDGE_ALERT, "POST /v1/alerts/{alert}/assign": Action.ASSIGN_ALERT,
    "POST /v1/alerts/{alert}/clear": Action.CLEAR_ALERT, "GET /v1/alerts/{alert}/assignees": Action.ASSIGN_ALERT,
    "PUT /v1/feeds/{feed}": Action.DECLARE_FEED, "DELETE /v1/feeds/{feed}": Action.END_FEED,
    "GET /v1/stream": Action.EXPORT, "GET /v1/live": Action.EXPORT, "GET /v1/picture": Action.EXPORT, "GET /v1/picture/span": Action.EXPORT,
    "GET /v1/accesses": Action.READ_ACCESSES,
    "GET /v1/me": None, "PUT /v1/me/password": None, "GET /v1/sessions": None, "DELETE /v1/sessions/{session}": None, "DELETE /v1/session": None,
    "PUT /v1/parties/{party}": Action.NAME_PARTY,
    "GET /v1/users": Action.READ_USERS, "GET /v1/users/{user}/name": Action.READ_USERS, "GET /v1/tokens": Action.READ_USERS,
    "PUT /v1/users/{user}": Action.ADMIT_USER, "DELETE /v1/users/{user}/name": Action.ADMIT_USER, "DELETE /v1/users/{user}": Action.END_USER,
    "POST /v1/users/{user}/tokens": Action.ISSUE_TOKEN, "DELETE /v1/tokens/{token}": Action.REVOKE_TOKEN,
    "POST /v1/users/{user}/invites": Action.INVITE_USER,
    "PUT /v1/zones/{zone}/access": Action.SET_ACCESS, "PUT /v1/feeds/{feed}/access": Action.SET_ACCESS,
    "POST /v1/messages": Action.SEND_MESSAGE, "POST /v1/messages/check": Action.SEND_MESSAGE, "POST /v1/messages/draft": Action.SEND_MESSAGE,
    "POST /v1/messages/draft-to-leave": Action.SEND_MESSAGE, "POST /v1/messages/draft-activity": Action.SEND_MESSAGE,
    "POST /v1/messages/{message}/statements": Action.STATE,
    "POST /v1/card/number": Action.READ, "PUT /v1/peers/{party}": Action.PAIR, "PUT /v1/peers/{party}/card": Action.PAIR,
    "POST /v1/peers/{party}/card/end": Action.PAIR, "PUT /v1/peers/{party}/by-hand": Action.PAIR,
    "GET /v1/peers/{party}/packet": Action.CARRY, "POST /v1/peers/{party}/packet": Action.CARRY,
    "POST /v1/agreements/{agreement}/facts": Action.STATE_AGREEMENT, "POST /v1/agreements/{agreement}/steps": Action.LOG_CALL,
    "PUT /v1/rosters/{party}": Action.SET_ROSTER, "POST /v1/rosters/{party}/handovers": Action.LOG_CALL,
    "POST /v1/calls": Action.LOG_CALL, "POST /v1/calls/moments": Action.LOG_CALL, "POST /v1/calls/minutes": Action.LOG_CALL,
    "POST /v1/calls/minutes/words": Action.LOG_CALL, "POST /v1/stops": Action.STOP_URGENTLY,
    "POST /v1/stops/answers": Action.STOP_URGENTLY,
    "POST /v1/measures": Action.LOG_MEASURE, "POST /v1/measures/reactions": Action.LOG_MEASURE,
    "GET /v1/ogc/collections/{collection}/items": Action.EXPORT, "GET /v1/ogc/collections/{collection}/items/{feature}": Action.EXPORT,
}  # fmt: skip
# What an address cannot do without. A stream that would go on for ever is asked for what is refused behind the question who asks.
QUERIES = {
    "/v1/stream": "?after=x", "/v1/live": "?after=x", "/v1/positions": "?subject=Bravo%201", "/v1/places": "?q=Kestrel",
    "/v1/places/of": "?lat=33&lon=38", "/v1/agreements/{agreement}/escalation": "?since=2026-05-18T10:00:00Z",
    "/v1/calls/agenda": "?party=bravo", "/v1/zones/{zone}/ladder": "?by=alpha&towards=bravo",
}  # fmt: skip
BODIES: dict[str, Any] = {
    "/v1/peers/{party}/card": {"card": card_of("bravo"), "compared_with": "somebody"}, "/v1/card/number": {"card": card_of("bravo")},
    "/v1/users/{user}": {"party": "alpha", "role": "viewer", "clearance": "open"}, "/v1/users/{user}/tokens": {"token_id": "another"},
    "/v1/zones/{zone}/access": {"sensitivity": "open", "recipients": None}, "/v1/feeds/{feed}/access": {"sensitivity": "open", "recipients": None},
    "/v1/messages/draft-activity": {"to": "bravo", "words": {"en": "x"}, "place": {"text": "33.6700 38.9580"}, "from": "2026-05-18T12:00:00Z", "until": "2026-05-18T13:00:00Z"},
    "/v1/calls": json.loads(msgspec.json.encode(call())),
}  # fmt: skip
# Doors that whoever reports may open too, to find nothing but the feed that they report to.
ALSO_OF_REPORTERS = {"GET /v1/feeds", "GET /v1/feeds/{feed}", "GET /v1/feeds/{feed}/access"}
# What is the house's, and stands nowhere in what others are given.
HOUSES = ("kestrel-pass", "Kestrel Pass", "Bravo 1", "ais-1", "AIS mast", "Keep clear of the pass")
NAMED = {
    "zone": "kestrel-pass", "feed": "ais-1", "party": "bravo", "user": "eva", "token": "token-of-eva", "session": "none", "agreement": "a1",
    "call": "c1", "collection": "zones", "feature": "kestrel-pass", "name": "land-50m", "sequence": "5", "z": "0", "x": "0", "y": "0",
}  # fmt: skip


def wanted(route: Route) -> Action | None:
    return WANTS.get(named_door(route), Action.READ)


@cache
def house() -> tuple[Staffed, dict[str, str], dict[tuple[str, Role], str]]:
    """Alpha's node with an alert, a message and a peer; the names in addresses; a token for each role of Alpha, and of Meridian."""
    staff = staffed()
    staff.bring(INSIDE)
    pair(staff, "bravo")
    warning: dict[str, Any] = {
        "to": "bravo",
        "marker": "warning",
        "text": "Keep clear of the pass.",
        "reply_within": "30 min",
    }
    draft = staff.call.post("/v1/messages/check", staff.officer, json=warning).json()
    warning["meant"] = sorted({one["key"] for one in draft["findings"]})
    sent = staff.call.post("/v1/messages", staff.officer, json=warning)
    assert sent.status_code == 201, sent.text
    alert = next(alert.id for alert in staff.desk.node.side(False).alerts if alert.subject == "Bravo 1")
    named = NAMED | {"alert": alert, "thread": alert, "message": sent.json()["message"]}
    tokens = {}
    for whose, party, clearance, roles in (
        ("alpha", "alpha", "severe", tuple(Role)),
        ("uncleared", "alpha", "open", (Role.VIEWER, Role.ADMINISTRATOR, Role.AUDITOR)),
        ("meridian", "meridian", "severe", (Role.WATCH_OFFICER, Role.PLANNER, Role.MACHINE)),
    ):
        for role in roles:
            tokens[whose, role] = staff.desk.admit(
                f"{whose}-{role.value.replace('_', '-')}", party, role.value, clearance
            )
    return staff, named, tokens


def knocked(route: Route, token: str) -> Any:
    staff, named, _ = house()
    path = re.sub(r"\{(\w+)\}", lambda name: named[name[1]], route.path)
    path += QUERIES.get(route.path, "")
    if route.method == "DELETE" and route.tag != "sessions":
        path += "?reason=over"
    asked: dict[str, Any] = {}
    for media_type, kind in route.bodies.items():
        asked = {"content": body(route, kind), "headers": {"Content-Type": media_type}}
        break
    return staff.call(route.method, path, token, **asked)


def body(route: Route, kind: Any) -> bytes:
    """Something that can be read as this kind."""
    if route.path in BODIES:
        return msgspec.json.encode(BODIES[route.path])
    if kind is bytes:
        return b"{}"
    return msgspec.json.encode(sample(msgspec.inspect.type_info(kind)))


def sample(kind: Any) -> Any:
    """The least that is of this type."""
    match kind:
        case msgspec.inspect.StructType(fields=fields, tag=tag, tag_field=tag_field):
            said = {field.encode_name: sample(field.type) for field in fields if field.required}
            return said if tag is None else {tag_field: tag, **said}
        case msgspec.inspect.StrType(pattern=pattern, min_length=least):
            return "b1" * max(1, -(-(least or 1) // 2)) if pattern else "b" * max(1, least or 1)
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.IntType(ge=least) | msgspec.inspect.FloatType(ge=least):
            return least or 1
        case msgspec.inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
        case msgspec.inspect.UnionType(types=types):
            return None if any(isinstance(one, msgspec.inspect.NoneType) for one in types) else sample(types[0])
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return []
    return {}


DOORS = [route for route in ROUTES if not route.is_open]
pytestmark = pytest.mark.promise("ACCESS-1", "ACCESS-2")


def named_door(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_every_door_that_changes_something_says_whose_it_is():
    assert {named_door(route) for route in DOORS if route.changes} <= WANTS.keys()


@pytest.mark.parametrize("route", DOORS, ids=named_door)
def test_a_door_opens_to_nobody_but_whom_the_table_names(route):
    staff, _, tokens = house()
    action = wanted(route)
    for (whose, role), token in tokens.items():
        if action is None or TABLE[role, action] is not Reach.NOBODYS:
            continue
        if role is Role.MACHINE and named_door(route) in ALSO_OF_REPORTERS:
            continue
        size = len(staff.desk.record)
        answer = knocked(route, token)
        assert answer.status_code in (403, 404), f"{whose} {role}: {answer.status_code} {answer.text}"
        assert len(staff.desk.record) == size
        assert "set-cookie" not in answer.headers
    if action is not None and action is not Action.REPORT and named_door(route) not in ALSO_OF_REPORTERS:
        assert knocked(route, staff.mast).status_code in (403, 404)


@pytest.mark.parametrize("route", [route for route in DOORS if not route.changes], ids=named_door)
@pytest.mark.promise("ACCESS-3", "ACCESS-4", "ACCESS-15")
def test_what_is_the_houses_goes_to_nobody_of_another_party_nor_to_who_is_not_cleared(route):
    _, _, tokens = house()
    for (whose, role), token in tokens.items():
        if whose != "alpha" and wanted(route) is not None:
            answer = knocked(route, token)
            manages = (
                TABLE[role, Action.READ_USERS] is not Reach.NOBODYS
            )  # and so sees which token brings to which feed
            hidden = [said for said in HOUSES if not (manages and said == "ais-1")]
            shown = [said for said in hidden if said in answer.text] if answer.status_code < 300 else []
            assert not shown, f"{whose} {role}: {answer.text[:500]}"


@pytest.mark.parametrize("route", [route for route in DOORS if route.changes], ids=named_door)
@pytest.mark.promise("ACCESS-3", "ACCESS-4", "ACCESS-15")
def test_people_of_another_party_change_nothing_that_is_the_houses(route):
    action = wanted(route)
    if action is None or route.path in ("/v1/feeds/{feed}", "/v1/zones"):  # what is new there is their own
        return
    staff, _, tokens = house()
    for (whose, role), token in tokens.items():
        if whose != "meridian":
            continue
        size = len(staff.desk.record)
        answer = knocked(route, token)
        assert answer.status_code >= 400, f"{role}: {answer.text}"
        assert len(staff.desk.record) == size


@pytest.mark.parametrize("route", [route for route in DOORS if not route.changes], ids=named_door)
def test_a_door_opens_to_whom_the_table_names(route):
    _, _, tokens = house()
    action = wanted(route)
    for role in Role:
        if action is not None and TABLE[role, action] is not Reach.NOBODYS:
            answer = knocked(route, tokens["alpha", role])
            assert answer.status_code != 403, f"{role}: {answer.text}"
    assert knocked(route, "a token that nobody has").status_code == 401
