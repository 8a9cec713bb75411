"""The desk now: what needs a person, in order, each with why; only what is open to whoever asks."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from keepclear.agreements.agreed_terms import ZoneTerm
from keepclear.ground.hours import ROUND_THE_CLOCK, Calendar
from keepclear.node.events import FeedDeclared
from keepclear.node.needs import Machine, Trouble, Unreached
from keepclear.parties.roster import FocalPoint, Line, LineKind
from tests.agreed import NAME, TERMS, proposal, signature, version
from tests.doors.api.caller import AWAY, INSIDE, Staffed, pair, staffed

HOUR_US = 3_600_000_000
WARNING: dict[str, Any] = {
    "to": "bravo", "marker": "warning", "text": "Keep clear.", "reply_within": "30 min", "valid_for": "24 h",
    "about": {"kind": "zone", "id": "kestrel-pass"},
}  # fmt: skip
FIRST = version(
    terms=msgspec.structs.replace(TERMS, zones=(ZoneTerm("kestrel-pass", "0" * 64, "20 km around the post"),))
)


@pytest.fixture
def staff() -> Staffed:
    return staffed()


def plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def agreed(staff: Staffed) -> str:
    lena = staff.desk.admit("lena", "alpha", "liaison")
    for one in (proposal(version=FIRST), signature(version=FIRST)):
        entered = staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=plain(one))
        assert entered.status_code == 200, entered.text
    return lena


def entered(staff: Staffed) -> None:
    staff.bring(AWAY)
    staff.bring(INSIDE)


def desk(staff: Staffed, who: str = "officer", query: str = "") -> dict[str, Any]:
    answer = staff.call.get(f"/v1/desk{query}", staff.tokens[who])
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(staff: Staffed, who: str = "officer") -> list[tuple[str, str, str]]:
    return [(one["part"], one["rank"], one["key"]) for one in desk(staff, who)["items"]]


def test_an_empty_desk_says_so(staff):
    assert desk(staff) | {"at": ""} == {
        "at": "", "items": [], "counts": {}, "left_off": 0, "note": desk(staff)["note"],
    }  # fmt: skip


@pytest.mark.promise("DESK-1")
def test_an_alert_stands_with_why_since_when_and_where_it_leads(staff):
    entered(staff)
    (found,) = [one for one in desk(staff)["items"] if one["key"] == "entered"]
    alert = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"][0]
    assert (found["part"], found["rank"], found["urgency"]) == ("open", "alert_now", "now")
    assert found["points_to"] == {"kind": "alert", "id": alert["id"]}
    assert found["since"] == alert["raised_at"]
    assert found["params"]["zone_name"] == found["zone_name"] == "Kestrel Pass"
    assert found["text"] == alert["text"]


@pytest.mark.promise("DESK-4")
def test_what_somebody_has_seen_is_in_hand_and_leaves_only_when_it_is_cleared(staff):
    entered(staff)
    (alert,) = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"]
    staff.call.post(f"/v1/alerts/{alert['id']}/acknowledge", staff.officer, json={"note": "seen"})
    staff.desk.clock_us += 1000 * HOUR_US
    (found,) = [one for one in desk(staff)["items"] if one["key"] == "entered"]
    assert found["part"] == "in_hand"
    assert [(one["what"], one["by"], one["words"]) for one in found["done"]] == [("acknowledged", "ben", "seen")]
    staff.call.post(f"/v1/alerts/{alert['id']}/clear", staff.officer, json={"reason": "it left"})
    assert "entered" not in [key for *_, key in items(staff)]


@pytest.mark.promise("DESK-2")
def test_a_silent_feed_stands_above_an_alert_that_asks_for_somebody_now(staff):
    entered(staff)
    staff.desk.say(FeedDeclared("radar", "alpha", "Radar", silent_after_us=60_000_000))
    staff.desk.clock_us += 120_000_000
    staff.bring(INSIDE | {"seen_at": "2026-05-18T10:11:00Z"})
    found = items(staff)
    assert found.index(("open", "feed", "feed_silent")) < found.index(("open", "alert_now", "entered"))


@pytest.mark.promise("DESK-2")
def test_a_link_that_is_down_stands_above_an_alert_and_the_machine_above_both(staff):
    entered(staff)
    pair(staff, "bravo")
    staff.desk.machine_is = Machine(
        (Trouble("disk_low", {"free_bytes": 5_000_000, "least_bytes": 9_000_000}),),
        (Unreached("bravo", "no answer", 3, None),),
    )
    assert items(staff)[:3] == [
        ("open", "machine", "disk_low"), ("open", "link", "link_down"), ("open", "alert_now", "entered"),
    ]  # fmt: skip
    assert desk(staff)["items"][1]["params"] == {"why": "no answer", "failures": 3}


@pytest.mark.promise("DESK-3")
def test_a_message_is_owed_then_unconfirmed_once_with_the_step_that_was_agreed(staff):
    agreed(staff)
    pair(staff, "bravo")
    staff.call.post("/v1/messages", staff.officer, json=WARNING)
    assert ("waiting", "owed", "message_owed") in items(staff)
    staff.desk.clock_us += HOUR_US
    staff.bring(AWAY | {"seen_at": "2026-05-18T11:00:00Z"})
    found = [one for one in desk(staff)["items"] if one["points_to"]["kind"] == "message"]
    assert [(one["part"], one["key"]) for one in found] == [("open", "message_unconfirmed")]
    assert (found[0]["next"]["step"], found[0]["next"]["words"]) == ("deputy", "call the deputy")
    assert len(found[0]["alerts"]) == 1
    step = {"key": "deputy", "person": "Ben", "at_us": staff.desk.clock_us}
    staff.call.post(f"/v1/agreements/{NAME}/steps", staff.officer, json=step)
    staff.desk.clock_us += 1_000_000
    (found,) = [one for one in desk(staff)["items"] if one["points_to"]["kind"] == "message"]
    assert [(one["what"], one["step"], one["by"]) for one in found["done"]] == [("step_taken", "deputy", "Ben")]


@pytest.mark.promise("DESK-4")
def test_a_condition_whose_alert_was_cleared_stays_in_hand_with_the_reason(staff):
    pair(staff, "bravo")
    staff.call.post("/v1/messages", staff.officer, json=WARNING)
    staff.desk.clock_us += HOUR_US
    staff.bring(AWAY | {"seen_at": "2026-05-18T11:00:00Z"})
    (alert,) = staff.call.get("/v1/alerts?key=message_unconfirmed", staff.officer).json()["items"]
    staff.call.post(f"/v1/alerts/{alert['id']}/clear", staff.officer, json={"reason": "told by radio"})
    (found,) = [one for one in desk(staff)["items"] if one["key"] == "message_unconfirmed"]
    assert (found["part"], [one["words"] for one in found["done"]]) == ("in_hand", ["told by radio"])


def read_back(staff: Staffed, message: str, go_to: str) -> None:
    said = {"act": "understood", "of": "bravo", "person": "duty officer", "carrier": "ben", "means": "radio"}
    fact = {"is": "place", "name": "go_to", "text": go_to}
    answer = staff.call.post(f"/v1/messages/{message}/statements", staff.officer, json=said | {"facts": [fact]})
    assert answer.status_code == 201, answer.text


def misread(staff: Staffed) -> tuple[dict[str, Any], str]:
    """A warning of ours that Bravo has read back with a wrong digit, and its id."""
    pair(staff, "bravo")
    warning = WARNING | {"facts": [{"is": "place", "name": "go_to", "text": "33.6700 38.9580"}]}
    message = staff.call.post("/v1/messages", staff.officer, json=warning).json()["message"]
    staff.desk.clock_us += 60_000_000
    read_back(staff, message, "33.6800 38.9580")
    (differs,) = [one for one in desk(staff)["items"] if one["key"] == "read_back_differs"]
    assert (differs["rank"], differs["urgency"], "ended" in differs["params"]) == ("differs", "now", False)
    return warning, message


@pytest.mark.promise("DESK-8")
def test_a_read_back_that_differed_says_that_it_was_read_back_right_and_stands_before_nothing_any_more(staff):
    _, message = misread(staff)
    staff.desk.clock_us += 60_000_000
    read_back(staff, message, "33.6700 38.9580")
    (differs,) = [one for one in desk(staff)["items"] if one["key"] == "read_back_differs"]
    assert (differs["rank"], differs["urgency"], differs["part"]) == ("alert_routine", "routine", "open")
    assert differs["params"]["ended"] == "read_back_right"
    assert differs["params"]["ended_at"] > differs["since"]
    assert differs["text"].endswith("; this stays until somebody clears it.")
    read_back(staff, message, "33.6900 38.9580")
    (again,) = [one for one in desk(staff)["items"] if one["key"] == "read_back_differs"]
    assert (again["rank"], again["urgency"], "ended" in again["params"]) == ("differs", "now", False)


@pytest.mark.promise("DESK-8")
def test_a_read_back_that_differed_says_that_another_message_stands_in_place_of_what_was_misread(staff):
    warning, message = misread(staff)
    corrected = warning | {"text": "Keep clear. We repeat the place.", "supersedes": message}
    assert staff.call.post("/v1/messages", staff.officer, json=corrected).status_code == 201
    (differs,) = [one for one in desk(staff)["items"] if one["key"] == "read_back_differs"]
    assert (differs["rank"], differs["params"]["ended"]) == ("alert_routine", "superseded")


@pytest.mark.promise("DESK-2", "DESK-5")
def test_a_stop_stays_first_with_all_its_forms_until_it_is_cleared(staff):
    for words in ("Stop at the bridge", "Stop at the ford"):
        staff.call.post("/v1/stops", staff.officer, json={"words": words})
    entered(staff)
    (alert,) = staff.call.get("/v1/alerts?key=stop_called", staff.officer).json()["items"]
    staff.call.post(f"/v1/alerts/{alert['id']}/acknowledge", staff.officer, json={})
    first = desk(staff)["items"][0]
    assert (first["part"], first["rank"], first["points_to"]["kind"]) == ("open", "stop", "stop")
    assert [one["words"] for one in first["params"]["stops"]] == ["Stop at the bridge", "Stop at the ford"]
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop at the mill"})
    stops = [one for one in desk(staff)["items"] if one["rank"] == "stop"]
    assert [[form["words"] for form in one["params"]["stops"]] for one in stops] == [
        ["Stop at the bridge", "Stop at the ford"], ["Stop at the mill"],
    ]  # fmt: skip
    forms = staff.call.get("/v1/stops", staff.viewer).json()["items"]
    assert [one["alert"] for one in forms] == [alert["id"], alert["id"], stops[1]["alerts"][0]]
    staff.call.post(f"/v1/alerts/{alert['id']}/clear", staff.officer, json={"reason": "halted 12:04"})
    assert staff.call.get("/v1/stops", staff.viewer).json()["items"] == forms
    assert [one["params"]["stops"][0]["words"] for one in desk(staff)["items"] if one["rank"] == "stop"] == [
        "Stop at the mill"
    ]


def test_a_gap_in_cover_stands_when_it_comes_within_hours(staff):
    lena = staff.desk.admit("lena", "alpha", "liaison")
    desk_of_bravo = FocalPoint(
        "desk", "duty officer", (Line(LineKind.VOICE, "+000 100"),), (), ROUND_THE_CLOCK, Calendar("UTC"),
        valid_until_us=staff.desk.clock_us + 2 * HOUR_US,
    )  # fmt: skip
    staff.call.put("/v1/rosters/bravo", lena, json={"focal_points": [plain(desk_of_bravo)]})
    (ahead,) = desk(staff)["items"]
    assert (ahead["key"], ahead["of_party"], len(ahead["alerts"])) == ("nobody_in_reach", "bravo", 1)
    staff.desk.clock_us += 3 * HOUR_US
    (now,) = desk(staff)["items"]
    assert (now["rank"], now["key"]) == ("cover", "nobody_in_reach")


@pytest.mark.promise("DESK-3")
def test_every_open_alert_is_in_one_item_and_no_other_is_in_any(staff):
    agreed(staff)
    pair(staff, "bravo")
    staff.desk.say(FeedDeclared("radar", "alpha", "Radar", silent_after_us=60_000_000))
    staff.call.post("/v1/messages", staff.officer, json=WARNING)
    entered(staff)
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop"})
    staff.desk.clock_us += 7 * HOUR_US
    staff.bring(AWAY | {"seen_at": "2026-05-18T17:00:00Z"})
    every = staff.call.get("/v1/alerts?state=open&limit=1000", staff.officer).json()["items"]
    for number, alert in enumerate(every):
        doing = ("acknowledge", {}) if number % 3 else ("clear", {"reason": "done"})
        staff.call.post(f"/v1/alerts/{alert['id']}/{doing[0]}", staff.officer, json=doing[1])
    still = staff.call.get("/v1/alerts?state=open&limit=1000", staff.officer).json()["items"]
    assert len({one["key"] for one in every}) > 4
    assert 0 < len(still) < len(every)
    found = [id for one in desk(staff)["items"] for id in one["alerts"]]
    assert sorted(found) == sorted(one["id"] for one in still)


@pytest.mark.promise("DESK-6")
def test_what_is_not_open_to_somebody_is_not_there_and_not_counted(staff):
    entered(staff)
    pair(staff, "bravo")
    staff.call.post("/v1/messages", staff.officer, json=WARNING)
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop"})
    assert desk(staff)["items"]
    seen = desk(staff, "liaison")
    assert (seen["items"], seen["counts"], seen["left_off"]) == ([], {}, 0)
    assert staff.call.get("/v1/desk", staff.mast).status_code == 403


@pytest.mark.promise("DESK-7")
def test_what_does_not_fit_is_counted(staff):
    entered(staff)
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop"})
    found = desk(staff, query="?limit=1")
    assert len(found["items"]) == 1
    assert found["left_off"] == sum(found["counts"].values()) - 1 > 0
