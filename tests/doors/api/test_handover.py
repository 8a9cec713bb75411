"""Handover at the doors: what the next shift must know, and what happened, for those who may see it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from keepclear.api.needs import ITEMS
from keepclear.ground.hours import EVERY_DAY, ROUND_THE_CLOCK, Calendar, Times
from keepclear.ground.instants import utc_text
from keepclear.node.events import FeedDeclared
from keepclear.parties.roster import FocalPoint, Line, LineKind
from tests.agreed import NAME, TERMS, proposal, signature, version
from tests.dealings import TERMS as WITH_CALLS
from tests.doors.api.caller import AWAY, INSIDE, Staffed, pair, staffed

HOUR_US = 3_600_000_000
WARNING = {"to": "bravo", "marker": "warning", "text": "Keep clear.", "reply_within": "30 min", "valid_for": "24 h"}


@pytest.fixture
def staff() -> Staffed:
    staff = staffed()
    pair(staff, "bravo")
    return staff


def plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def handover(staff: Staffed, who: str = "officer", **asked: str) -> dict[str, Any]:
    answer = staff.call.get("/v1/handover", staff.tokens[who], params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def one_night(staff: Staffed) -> str:
    """An entry that is acknowledged and cleared, and a message that falls unconfirmed; gives when it began."""
    begun = utc_text(staff.desk.clock_us + 1)
    staff.bring(AWAY)
    staff.bring(INSIDE)
    (alert,) = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"]
    staff.call.post(f"/v1/alerts/{alert['id']}/acknowledge", staff.officer, json={})
    staff.call.post(f"/v1/alerts/{alert['id']}/clear", staff.officer, json={"reason": "it turned back"})
    assert staff.call.post("/v1/messages", staff.officer, json=WARNING).status_code == 201
    staff.desk.clock_us += HOUR_US
    staff.bring(INSIDE | {"seen_at": utc_text(staff.desk.clock_us - 60_000_000)})
    return begun


@pytest.mark.promise("HANDOVER-1", "HANDOVER-2")
def test_the_shift_is_told_with_who_did_what_and_counted_against_the_one_before(staff):
    found = handover(staff, since=one_night(staff))
    kinds = [(one["kind"], one["key"], one["by"]) for one in found["log"]]
    assert ("alert_step", "acknowledged", "ben") in kinds
    assert ("message", "out", "ben") in kinds
    (cleared,) = [one for one in found["log"] if one["key"] == "cleared"]
    assert cleared["params"]["words"] == "it turned back"
    assert found["counts"]["alerts_cleared"] == found["counts"]["messages_out"] == found["counts"]["unconfirmed"] == 1
    assert found["counts"]["presence"] >= 1
    assert found["raised"]["entered"] == 1
    assert set(found["before"]) == set(found["counts"])
    assert found["before"]["alerts_raised"] == 0
    assert found["done_by"] == [
        {"user": "ben", "deeds": {"alert_step.acknowledged": 1, "alert_step.cleared": 1, "message.out": 1}}
    ]


@pytest.mark.promise("HANDOVER-1")
def test_a_line_about_a_message_says_whose_it_is_and_that_what_was_read_back_differs(staff):
    go_to = {"is": "place", "name": "go_to", "text": "33.6700 38.9580"}
    message = staff.call.post("/v1/messages", staff.officer, json=WARNING | {"facts": [go_to]}).json()["message"]
    said = {"act": "understood", "of": "bravo", "person": "duty officer", "carrier": "ben", "means": "radio"}
    for place in ("33.6800 38.9580", "33.6700 38.9580"):
        staff.desk.clock_us += 60_000_000
        back = said | {"facts": [go_to | {"text": place}]}
        assert staff.call.post(f"/v1/messages/{message}/statements", staff.officer, json=back).status_code == 201
    log = handover(staff)["log"]
    first, second = [one for one in log if one["kind"] == "statement"]
    assert (first["params"]["differs"], "differs" in second["params"]) == (True, False)
    assert ("differs" in first["text"], "differs" in second["text"]) == (True, False)
    for line in (first, second, *(one for one in log if one["kind"] == "standing")):
        assert [line["params"][name] for name in ("direction", "to", "marker")] == ["out", "bravo", "warning"]


@pytest.mark.promise("HANDOVER-1")
def test_what_is_down_is_named_whole_also_where_the_desk_leaves_items_off(staff):
    feeds = [f"radar-{number}" for number in range(ITEMS + 5)]
    for feed in feeds:
        staff.desk.say(FeedDeclared(feed, "alpha", feed, silent_after_us=60_000_000))
    staff.desk.clock_us += HOUR_US
    staff.bring(AWAY | {"seen_at": utc_text(staff.desk.clock_us - 60_000_000)})
    found = handover(staff)
    assert len(found["desk"]["items"]) == ITEMS
    assert found["desk"]["left_off"] >= 5
    assert set(found["feeds_down"]) >= {f"feed {feed}" for feed in feeds}


@pytest.mark.promise("HANDOVER-1")
def test_what_is_open_is_as_on_the_desk_and_can_be_handed_over_as_it_is(staff):
    one_night(staff)
    lena = staff.desk.admit("lena", "alpha", "liaison")
    found = handover(staff)
    assert found["desk"]["items"] == staff.call.get("/v1/desk", staff.officer).json()["items"]
    (message,) = [one for one in found["desk"]["items"] if one["rank"] == "unconfirmed"]
    assert found["unconfirmed"] == [message["id"]]
    assert {message["message"], *message["alerts"]} <= set(found["open"])
    desk = FocalPoint("desk", "watch", (Line(LineKind.VOICE, "+000 1"),), (), ROUND_THE_CLOCK, Calendar("UTC"))
    assert staff.call.put("/v1/rosters/alpha", lena, json={"focal_points": [plain(desk)]}).status_code == 200
    said = {"focal": "desk", "given_by": "ben", "taken_by": "otto", "at_us": staff.desk.clock_us, "open": found["open"]}
    assert staff.call.post("/v1/rosters/alpha/handovers", staff.officer, json=said).status_code == 200
    (handed,) = handover(staff)["handed_over"]
    assert (handed["taken_by"], handed["open"]) == ("otto", found["open"])


@pytest.mark.promise("HANDOVER-3")
def test_calls_that_are_due_and_gaps_in_cover_within_twelve_hours_are_there(staff):
    lena = staff.desk.admit("lena", "alpha", "liaison")
    calls = msgspec.structs.replace(WITH_CALLS.calls[0], times=(Times(EVERY_DAY, (20 * 60, 23 * 60)),))
    first = version(terms=msgspec.structs.replace(TERMS, calls=(calls,), channels=WITH_CALLS.channels, escalation=()))
    for one in (proposal(version=first), signature(version=first)):
        assert staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=plain(one)).status_code == 200
    desk = FocalPoint(
        "desk", "duty officer", (Line(LineKind.VOICE, "+000 1"),), (), ROUND_THE_CLOCK, Calendar("UTC"),
        valid_until_us=staff.desk.clock_us + 2 * HOUR_US,
    )  # fmt: skip
    staff.call.put("/v1/rosters/bravo", lena, json={"focal_points": [plain(desk)]})
    found = handover(staff)
    assert [(one["party"], one["due_at"][:16]) for one in found["calls"]] == [("bravo", "2026-05-18T20:00")]
    assert [one["party"] for one in found["gaps"]] == ["bravo"]


@pytest.mark.promise("HANDOVER-4")
def test_what_is_not_open_to_somebody_is_neither_there_nor_counted(staff):
    begun = one_night(staff)
    found = handover(staff, "liaison", since=begun)
    assert (found["log"], found["desk"]["items"], found["open"], found["calls"], found["done_by"]) == (
        [],
        [],
        [],
        [],
        [],
    )
    assert set(found["counts"].values()) == {0}
    assert staff.call.get("/v1/handover", staff.mast).status_code == 403


@pytest.mark.promise("HANDOVER-5")
@pytest.mark.parametrize("since", ["2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "last night"])
def test_a_shift_is_of_the_past_and_of_three_days_at_most(staff, since):
    assert staff.call.get("/v1/handover", staff.officer, params={"since": since}).status_code == 400


@pytest.mark.promise("HANDOVER-2", "HANDOVER-5")
def test_the_time_before_is_said_not_to_be_whole_where_the_node_is_younger(staff):
    assert handover(staff)["before_whole"] is False
    staff.desk.clock_us += 48 * HOUR_US
    assert handover(staff)["before_whole"] is True
