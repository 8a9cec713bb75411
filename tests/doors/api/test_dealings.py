"""Agreements, rosters, calls and measures at the doors: entered by people of the house, and read by nobody else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from keepclear.agreements.agreed_terms import ZoneTerm
from keepclear.agreements.agreement import End
from keepclear.channel.calls import Happened, Item, Minute, MinuteWord, StepTaken
from keepclear.channel.facts import Word
from keepclear.channel.messages import Words
from keepclear.ground.hours import ROUND_THE_CLOCK, Calendar
from keepclear.ground.instants import utc_text
from keepclear.parties.roster import FocalPoint, Line, LineKind
from tests.agreed import NAME, TERMS, fact, observation, position, proposal, signature, version
from tests.dealings import call, measure, moment
from tests.doors.api.caller import Staffed, staffed

FIRST = version(
    terms=msgspec.structs.replace(TERMS, zones=(ZoneTerm("kestrel-pass", "0" * 64, "20 km around the post"),))
)


def plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def house() -> tuple[Staffed, str]:
    """Alpha's node, and the token of its liaison."""
    staff = staffed()
    return staff, staff.desk.admit("lena", "alpha", "liaison")


def agreed() -> tuple[Staffed, str]:
    staff, lena = house()
    for one in (proposal(version=FIRST), signature(version=FIRST)):
        entered = staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=plain(one))
        assert entered.status_code == 200, entered.text
    return staff, lena


def test_an_agreement_is_answered_with_its_facts_and_everybodys_state_and_view():
    staff, lena = agreed()
    for one in (position("bravo", "political", "disputes", about="kestrel-pass"), observation("alpha", "kept")):
        staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=plain(one))
    (listed,) = staff.call.get("/v1/agreements", staff.viewer).json()["items"]
    assert (listed["agreement"], listed["title"]) == (NAME, FIRST.title)
    assert listed["in_force"] == FIRST.digest
    assert [(one["party"], one["shown"]) for one in listed["parties"]] == [("alpha", "in_force"), ("bravo", "in_force")]
    whole = staff.call.get(f"/v1/agreements/{NAME}", staff.viewer).json()
    assert [one["content"]["is"] for one in whole["facts"]] == [
        "proposal",
        "countersignature",
        "position",
        "observation",
    ]
    assert [(view["about"], view["disputed"]) for view in whole["views"]] == [("", False), ("kestrel-pass", False)]
    assert whole["views"][1]["stands"][0]["own"][0]["stance"] == "disputes"


def test_an_agreement_stays_as_it_was_known():
    staff, lena = agreed()
    known_at = staff.call.get("/v1/status", staff.viewer).json()["now"]
    staff.desk.clock_us += 60_000_000
    ended = plain(fact(End, hours=0)) | {"at_us": staff.desk.clock_us}
    assert staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=ended).status_code == 200
    states = [
        staff.call.get(f"/v1/agreements/{NAME}{query}", staff.viewer).json()["parties"][0]["shown"]
        for query in ("", f"?known_at={known_at}")
    ]
    assert states == ["ended", "in_force"]


def test_a_fact_is_one_of_the_agreement_of_the_address_and_is_entered_once():
    staff, lena = agreed()
    again = staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=plain(proposal(version=FIRST)))
    assert again.json()["type"] == "keepclear:agreement.known"
    other = staff.call.post("/v1/agreements/another/facts", lena, json=plain(proposal(version=FIRST)))
    assert other.json()["type"] == "keepclear:agreement.other"
    assert staff.call.get("/v1/agreements/another", lena).status_code == 404


def test_the_agreed_way_shows_what_was_taken_and_what_comes_next():
    staff, _ = agreed()
    since = staff.call.get("/v1/status", staff.viewer).json()["now"]
    path = f"/v1/agreements/{NAME}/escalation?since={since}"
    assert staff.call.get(path, staff.officer).json()["next"]["step"] == "deputy"
    taken = StepTaken("relay", "Ben", staff.desk.clock_us)
    assert staff.call.post(f"/v1/agreements/{NAME}/steps", staff.officer, json=plain(taken)).status_code == 200
    staff.desk.clock_us += 60_000_000
    gone = staff.call.get(path, staff.officer).json()
    assert ([step["step"] for step in gone["skipped"]], gone["next"], gone["exhausted"]) == (["deputy"], None, True)


def test_a_roster_says_whom_to_try_and_when_nobody_can_be_reached():
    staff, lena = house()
    desk = FocalPoint("desk", "duty officer", (Line(LineKind.VOICE, "+000 100"),), (), ROUND_THE_CLOCK, Calendar("UTC"))
    ends = msgspec.structs.replace(desk, valid_until_us=staff.desk.clock_us + 3_600_000_000)
    body = {"focal_points": [plain(ends)]}
    assert staff.call.put("/v1/rosters/bravo", staff.officer, json=body).status_code == 403
    assert staff.call.put("/v1/rosters/bravo", lena, json=body).status_code == 200
    handed = {"focal": "desk", "given_by": "Basil", "taken_by": "Bela", "at_us": staff.desk.clock_us}
    assert staff.call.post("/v1/rosters/bravo/handovers", staff.officer, json=handed).status_code == 200
    assert staff.call.get("/v1/rosters", staff.viewer).json()["items"] == ["bravo"]
    found = staff.call.get("/v1/rosters/bravo?days=1", staff.viewer).json()
    assert [(one["focal"], one["why_not"], one["lines"][0]["address"]) for one in found["reach"]] == [
        ("desk", "", "+000 100")
    ]
    assert len(found["gaps"]) == 1
    assert found["roster"]["handovers"][0]["taken_by"] == "Bela"
    assert staff.call.get("/v1/rosters/meridian", staff.viewer).status_code == 404


def test_a_call_is_answered_with_its_moments_its_doubts_and_its_minutes():
    staff, lena = house()
    noted = plain(moment(Happened.ANSWERED, "10:00").moment)
    assert staff.call.post("/v1/calls/moments", staff.officer, json=noted).status_code == 200
    said, back = Word("place", "the bridge"), Word("place", "the ridge")
    item = Item("a site", "alpha", (said,), (back,), "Basil")
    id = staff.call.post("/v1/calls", lena, json=plain(call(item))).json()["id"]
    minute = Minute(id, "alpha", "Lena", Words("en", "We spoke of the bridge."), staff.desk.clock_us)
    written = staff.call.post("/v1/calls/minutes", lena, json=plain(minute)).json()
    word = MinuteWord(written["id"], "bravo", "bravo", "Basil", staff.desk.clock_us)
    assert staff.call.post("/v1/calls/minutes/words", lena, json=plain(word)).status_code == 200
    whole = staff.call.get(f"/v1/calls/{id}", staff.viewer).json()
    assert [doubt["key"] for doubt in whole["doubts"]] == ["item.read_back_otherwise"]
    assert [one["happened"] for one in whole["moments"]] == ["answered"]
    assert (whole["minutes"][0]["agreed"], whole["minutes"][0]["evidence"]) == ("confirmed", "evidenced")
    assert [one["call"] for one in staff.call.get("/v1/calls", staff.viewer).json()["items"]] == [id]
    assert staff.call.get("/v1/calls/unknown", staff.viewer).status_code == 404


def test_moments_come_in_pages():
    staff, _ = house()
    for attempt in ("a1", "a2", "a3"):
        noted = plain(moment(Happened.UNANSWERED, "10:00", attempt=attempt).moment)
        staff.call.post("/v1/calls/moments", staff.officer, json=noted)
    first = staff.call.get("/v1/calls/moments?limit=2", staff.viewer).json()
    rest = staff.call.get(f"/v1/calls/moments?limit=2&after={first['next']}", staff.viewer).json()
    assert [one["attempt"] for one in first["items"] + rest["items"]] == ["a1", "a2", "a3"]
    assert rest["next"] is None
    assert staff.call.get("/v1/calls/moments?after=x", staff.viewer).status_code == 400


def test_the_agenda_is_what_is_open_about_the_shared_zone():
    staff, lena = agreed()
    staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=plain(observation("alpha", "not_kept")))
    open_ids = [one["id"] for one in staff.call.get("/v1/alerts?state=open", staff.officer).json()["items"]]
    assert open_ids
    assert staff.call.get("/v1/calls/agenda?party=bravo", staff.officer).json()["items"] == open_ids
    assert staff.call.get("/v1/calls/agenda?party=meridian", staff.officer).json()["items"] == []


@pytest.mark.promise("DEAL-7")
@pytest.mark.parametrize("who", ["officer", "planner"])
def test_an_urgent_stop_is_taken_down_with_the_words_alone(who):
    staff, _ = house()
    answer = staff.call.post("/v1/stops", staff.tokens[who], json={"words": "Stop at the bridge"})
    assert answer.status_code == 200, answer.text
    (stop,) = staff.call.get("/v1/stops", staff.viewer).json()["items"]
    assert stop["missing"][:2] == ["where", "coordinates"]
    assert stop["content"]["taken_by"] == {"officer": "ben", "planner": "pia"}[who]
    (alert,) = staff.call.get("/v1/alerts?key=stop_called", staff.officer).json()["items"]
    assert alert["urgency"] == "now"
    assert staff.call.post(f"/v1/alerts/{alert['id']}/acknowledge", staff.officer, json={}).status_code == 200


@pytest.mark.promise("DEAL-13")
def test_what_was_asked_about_a_stop_behind_its_filing_stands_beside_what_was_taken_down_first():
    staff, _ = house()
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop at the bridge", "what": "the shelling"})
    (before,) = staff.call.get("/v1/stops", staff.viewer).json()["items"]
    staff.desk.clock_us += 60_000_000
    where = [
        {
            "is": "place",
            "name": "where",
            "lat_e7": 336000000,
            "lon_e7": 386000000,
            "accuracy_mm": 1000,
            "as_entered": "",
        }
    ]
    answered = {
        "stop": before["stop"],
        "where": where,
        "call_back": "+000 200",
        "since_us": staff.desk.clock_us - 300_000_000,
    }
    answer = staff.call.post("/v1/stops/answers", staff.tokens["planner"], json=answered)
    assert answer.status_code == 200, answer.text
    (stop,) = staff.call.get("/v1/stops", staff.viewer).json()["items"]
    assert {name: stop[name] for name in ("stop", "alert", "taken_at", "content")} == {
        name: before[name] for name in ("stop", "alert", "taken_at", "content")
    }
    assert (before["missing"], stop["missing"]) == (
        ["where", "coordinates", "call_back", "caller", "since"],
        ["caller"],
    )
    (told,) = stop["answers"]
    assert (told["taken_by"], told["call_back"], told["what"]) == ("pia", "+000 200", "")
    assert told["taken_at_us"] >= stop["content"]["taken_at_us"] + 60_000_000
    first = staff.call.get("/v1/desk", staff.officer).json()["items"][0]
    assert (first["params"]["missing"], first["params"]["stops"][0]["missing"]) == (["caller"], ["caller"])
    assert first["text"].endswith("Not said yet: caller.")
    (alert,) = staff.call.get("/v1/alerts?key=stop_called", staff.officer).json()["items"]
    assert alert["params"]["missing"] == before["missing"]


@pytest.mark.promise("DEAL-13")
@pytest.mark.parametrize(
    ("answered", "key"),
    [
        ({"stop": "0" * 64, "what": "the shelling"}, "stop.unknown"),
        ({"stop": "the first", "what": "the shelling"}, "stop.cited"),
        ({"what": "  "}, "stop.nothing_answered"),
        ({"since_us": 1_900_000_000_000_000}, "fact.from_the_future"),
    ],
)
def test_an_answer_says_something_about_a_stop_that_is_held_and_lies_not_ahead(answered, key):
    staff, _ = house()
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop at the bridge"})
    (stop,) = staff.call.get("/v1/stops", staff.viewer).json()["items"]
    answer = staff.call.post("/v1/stops/answers", staff.officer, json={"stop": stop["stop"]} | answered)
    assert (answer.status_code, answer.json()["errors"][0]["key"]) == (422, key)
    assert staff.call.get("/v1/stops", staff.viewer).json()["items"] == [stop]


@pytest.mark.promise("MEASURE-7")
def test_a_measure_or_a_reaction_of_the_future_is_refused_but_for_what_clocks_may_differ():
    staff, _ = house()
    now_us = staff.desk.clock_us
    ahead = plain(measure("leaflet", "10:00")) | {"at_us": now_us + 61_000_000}
    refused = staff.call.post("/v1/measures", staff.officer, json=ahead)
    assert refused.status_code == 422
    assert [(one["key"], one["path"]) for one in refused.json()["errors"]] == [("fact.from_the_future", "$.at_us")]
    taken = staff.call.post("/v1/measures", staff.officer, json=ahead | {"at_us": now_us + 59_000_000})
    assert taken.status_code == 200, taken.text
    seen = {
        "measure": taken.json()["id"],
        "words": "They halted",
        "seen_at_us": now_us + 61_000_000,
        "seen_by": "post 3",
    }
    refused = staff.call.post("/v1/measures/reactions", staff.officer, json=seen)
    assert [one["path"] for one in refused.json()["errors"]] == ["$.seen_at_us"]


def test_the_ladder_of_a_zone_shows_what_was_skipped():
    staff, _ = agreed()
    taken = plain(measure("leaflet", "10:00"))
    id = staff.call.post("/v1/measures", staff.officer, json=taken).json()["id"]
    seen = {"measure": id, "words": "They halted", "seen_at_us": staff.desk.clock_us, "seen_by": "post 3"}
    assert staff.call.post("/v1/measures/reactions", staff.officer, json=seen).status_code == 200
    staff.desk.clock_us += 60_000_000
    path = "/v1/zones/kestrel-pass/ladder?by=alpha&towards=bravo"
    (ladder,) = staff.call.get(path, staff.viewer).json()["items"]
    assert [(rung["rung"], rung["how"]) for rung in ladder["rungs"]] == [("call", "skipped"), ("leaflet", "taken")]
    assert ladder["rungs"][1]["taken"][0]["reactions"][0]["words"] == "They halted"
    assert [one["measure"] for one in staff.call.get("/v1/measures", staff.viewer).json()["items"]] == [id]


@pytest.mark.promise("ACCESS-15")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/agreements", f"/v1/agreements/{NAME}", f"/v1/agreements/{NAME}/escalation?since=2026-05-18T10:00:00Z", "/v1/rosters",
        "/v1/rosters/bravo", "/v1/calls", "/v1/calls/moments", "/v1/calls/agenda?party=bravo", "/v1/calls/x", "/v1/stops", "/v1/measures",
        "/v1/zones/kestrel-pass/ladder?by=alpha&towards=bravo",
    ],
)  # fmt: skip
def test_nobody_of_another_party_reads_dealings(path):
    staff, _ = agreed()
    assert staff.call.get(path, staff.liaison).status_code == 403


@pytest.mark.promise("ACCESS-15")
def test_an_entry_of_dealings_is_seen_by_the_house_and_not_by_another_party():
    staff, _ = agreed()
    kinds = [
        {one["kind"] for one in staff.call.get("/v1/record/entries?limit=1000", token).json()["items"]}
        for token in (staff.officer, staff.liaison)
    ]
    assert "agreement_fact_stated" in kinds[0]
    assert "agreement_fact_stated" not in kinds[1]


@pytest.mark.promise("DEAL-12")
@pytest.mark.parametrize(
    ("hours", "urgency", "found"), [(30, "routine", ["lead.short"]), (30, "now", []), (60, "routine", [])]
)
def test_a_notice_is_held_against_the_lead_time_that_the_agreement_has_for_its_activity(hours, urgency, found):
    staff, _ = agreed()
    staff.call.put("/v1/parties/harbour-aid", staff.administrator, json={"name": "Harbour Aid"})
    staff.call.put("/v1/peers/harbour-aid/by-hand", staff.administrator, json={})
    begins = utc_text(staff.desk.clock_us + hours * 3_600_000_000)
    notice = {
        "to": "harbour-aid", "marker": "intention", "urgency": urgency, "text": "We intend to move.",
        "about": {"kind": "zone", "id": "kestrel-pass"},
        "facts": [{"is": "word", "name": "activity", "text": "movement"}, {"is": "time", "name": "from", "at": begins}],
    }  # fmt: skip
    answer = staff.call.post("/v1/messages/check", staff.officer, json=notice)
    assert answer.status_code == 200, answer.text
    assert [one["key"] for one in answer.json()["findings"]] == found
