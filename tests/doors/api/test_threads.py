"""Threads at the doors: what hangs together by what was said, on one axis, as known then; and nothing that only looks alike."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from keepclear.agreements.agreed_terms import Rung, ZoneTerm
from keepclear.channel.calls import Call, Happened, Item, Moment
from keepclear.channel.calls import Side as CallSide
from keepclear.channel.facts import Place
from keepclear.channel.measures import Measure
from keepclear.ground.instants import utc_text
from keepclear.node import events as e
from tests.agreed import NAME, TERMS, proposal, signature, version
from tests.doors.api.caller import AWAY, INSIDE, Staffed, pair, staffed

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
FIRST = version(
    terms=msgspec.structs.replace(
        TERMS, zones=(ZoneTerm("kestrel-pass", "0" * 64, "20 km around the post"),), ladder=(Rung("leaflet", "word by leaflet"),)
    )
)  # fmt: skip


@pytest.fixture
def staff() -> Staffed:
    staff = staffed()
    pair(staff, "bravo", leads_to=["charlie"])
    return staff


def plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def agreed(staff: Staffed) -> None:
    lena = staff.desk.admit("lena", "alpha", "liaison")
    for one in (proposal(version=FIRST), signature(version=FIRST)):
        assert staff.call.post(f"/v1/agreements/{NAME}/facts", lena, json=plain(one)).status_code == 200


def entered(staff: Staffed, subject: str = "Bravo 1") -> str:
    """Somebody enters the zone; the id of the alert."""
    staff.bring(AWAY | {"subject": subject})
    staff.bring(INSIDE | {"subject": subject})
    return staff.call.get(f"/v1/alerts?key=entered&subject={subject}", staff.officer).json()["items"][0]["id"]


def send(staff: Staffed, about: tuple[str, str] | None, **changed: Any) -> str:
    message = {"to": "bravo", "marker": "warning", "text": "Keep clear.", "reply_within": "30 min"} | changed
    if about is not None:
        message["about"] = {"kind": about[0], "id": about[1]}
    sent = staff.call.post("/v1/messages", staff.officer, json=message)
    assert sent.status_code == 201, sent.text
    return sent.json()["message"]


def thread(staff: Staffed, id: str, who: str = "officer", known_at: str = "") -> dict[str, Any]:
    answer = staff.call.get(f"/v1/threads/{id}", staff.tokens[who], params={"known_at": known_at} if known_at else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def whys(whole: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["key"], one["because"]) for one in whole["items"]]


def measured(staff: Staffed, rung: str = "leaflet", **changed: Any) -> str:
    said = {
        "by": "alpha",
        "towards": "bravo",
        "area": "the pass",
        "decided_by": "commander",
        "said_by": "alpha",
    } | changed
    measure = Measure(rung, at_us=staff.desk.clock_us, noted_by="watch officer", **said)
    answer = staff.call.post("/v1/measures", staff.officer, json=plain(measure))
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


@pytest.mark.promise("THREAD-1", "THREAD-2", "THREAD-5")
def test_an_encounter_has_presence_alert_steps_message_and_what_was_said_of_it_in_order(staff):
    alert = entered(staff)
    staff.call.post(f"/v1/alerts/{alert}/acknowledge", staff.officer, json={"note": "seen"})
    message = send(staff, ("alert", alert))
    said = {"act": "say_again", "of": "bravo", "person": "Basil", "carrier": "duty officer, by telephone"}
    staff.desk.clock_us += MINUTE_US
    assert staff.call.post(f"/v1/messages/{message}/statements", staff.officer, json=said).status_code == 201
    whole = thread(staff, alert)
    assert (whole["id"], whole["kind"], whole["zone_name"], whole["subject"]) == (
        alert, "encounter", "Kestrel Pass", "Bravo 1",
    )  # fmt: skip
    assert whys(whole) == [
        ("presence", "entered", "of_the_pair"),
        ("alert", "entered", "of_the_pair"),
        ("alert_step", "acknowledged", "of_an_alert"),
        ("message", "out", "about_alert"),
        ("statement", "say_again", "of_a_message"),
    ]
    presence, raised, step, sent, told = whole["items"]
    assert (presence["at"], presence["evidence"]) == ("2026-05-18T10:10:00Z", "concluded")
    assert presence["known_at"] > presence["at"]
    assert (raised["ids"], step["by"], step["params"]["words"]) == ({"alert": alert}, "ben", "seen")
    assert (sent["ids"], sent["by"]) == ({"message": message}, "ben")
    assert (told["evidence"], told["params"]["carrier"]) == ("claimed", "duty officer, by telephone")


@pytest.mark.promise("THREAD-1")
def test_any_alert_of_an_encounter_leads_to_the_same_thread(staff):
    alert = entered(staff)
    staff.bring(AWAY | {"seen_at": "2026-05-18T10:20:00Z"})
    others = [one["id"] for one in staff.call.get("/v1/alerts?subject=Bravo 1", staff.officer).json()["items"]]
    assert len(others) > 1
    assert {thread(staff, one)["id"] for one in others} == {alert}
    assert thread(staff, alert)["until"] is not None


@pytest.mark.promise("THREAD-1")
def test_who_comes_back_after_hours_begins_another_encounter(staff):
    alert = entered(staff)
    staff.bring(AWAY | {"seen_at": "2026-05-18T10:20:00Z"})
    for one in staff.call.get("/v1/alerts", staff.officer).json()["items"]:
        staff.call.post(f"/v1/alerts/{one['id']}/acknowledge", staff.officer, json={})
    staff.desk.clock_us += 10 * HOUR_US
    staff.bring(INSIDE | {"seen_at": utc_text(staff.desk.clock_us - MINUTE_US)})
    newest = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"][-1]["id"]
    first, again = thread(staff, alert), thread(staff, newest)
    assert (first["id"], again["id"]) == (alert, newest)
    assert (first["until"] is None, again["until"] is None) == (False, True)
    assert first["items"][-1]["known_at"] < again["since"]
    assert {one["id"] for one in staff.call.get("/v1/threads", staff.officer).json()["items"]} == {alert, newest}


@pytest.mark.promise("THREAD-1")
def test_an_alert_that_nobody_has_seen_goes_on_and_so_does_its_encounter(staff):
    alert = entered(staff)
    staff.bring(AWAY | {"seen_at": "2026-05-18T10:20:00Z"})
    staff.desk.clock_us += 10 * HOUR_US
    staff.bring(INSIDE | {"seen_at": utc_text(staff.desk.clock_us - MINUTE_US)})
    whole = thread(staff, alert)
    assert (whole["id"], whole["until"]) == (alert, None)
    assert [one["key"] for one in whole["items"] if one["kind"] == "presence"] == ["entered", "left", "entered"]


@pytest.mark.promise("THREAD-3")
def test_a_request_by_way_of_a_relay_and_measures_of_the_same_side_hours_later_are_one_thread(staff):
    agreed(staff)
    request = send(
        staff,
        ("zone", "kestrel-pass"),
        marker="request",
        text="Let a convoy pass.",
        addressee="charlie",
        valid_for="24 h",
    )
    said = {
        "act": "refused",
        "of": "charlie",
        "person": "Cem",
        "carrier": "bravo, by telephone",
        "text": "It may pass.",
    }
    staff.desk.clock_us += HOUR_US
    assert staff.call.post(f"/v1/messages/{request}/statements", staff.officer, json=said).status_code == 201
    staff.desk.clock_us += 4 * HOUR_US
    alert = entered(staff)
    measure = measured(staff, towards="charlie")
    staff.desk.clock_us += MINUTE_US
    seen = {"measure": measure, "words": "They halted", "seen_at_us": staff.desk.clock_us, "seen_by": "post 3"}
    assert staff.call.post("/v1/measures/reactions", staff.officer, json=seen).status_code == 200
    for id in (request, alert):
        found = whys(thread(staff, id))
        assert ("message", "out", "of_the_chain" if id == request else "about_zone") in found
        assert ("measure", "taken", "ladder_of_zone") in found
        assert found.index(("measure", "taken", "ladder_of_zone")) > found.index(
            ("statement", "refused", "of_a_message")
        )
        assert ("measure", "reaction", "of_a_measure") in found


@pytest.mark.promise("THREAD-4")
def test_nothing_is_there_because_it_looks_alike(staff):
    agreed(staff)
    alert, other = entered(staff), entered(staff, "Bravo 2")
    send(staff, ("alert", other))
    send(staff, ("subject", "Bravo 2"))
    send(staff, None, text="Bravo 1 at Kestrel Pass: 33.6, 38.6", meant=["place.no_coordinates"])
    measured(staff, towards="bravo", area="Kestrel Pass, Bravo 1")
    measured(staff, "flare", towards="Bravo 2")
    assert {one["because"] for one in thread(staff, alert)["items"]} == {"of_the_pair"}


@pytest.mark.promise("THREAD-3")
def test_a_measure_and_a_stop_are_of_it_by_their_coordinates_or_by_the_name_of_the_subject(staff):
    alert = entered(staff)
    inside, outside = (Place("at", lat, 386_000_000, 1_000, "") for lat in (336_000_000, 350_000_000))
    here, there, named = (
        measured(staff, "flare", towards="nobody known", places=(inside,)),
        measured(staff, "flare", towards="nobody known", places=(outside,)),
        measured(staff, "flare", towards="Bravo 1"),
    )
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop", "where": [plain(inside)]})
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop elsewhere", "where": [plain(outside)]})
    found = thread(staff, alert)["items"]
    assert {one["ids"]["measure"]: one["because"] for one in found if one["kind"] == "measure"} == {
        here: "place_in_zone", named: "towards_subject",
    }  # fmt: skip
    assert there not in str(found)
    assert [one["params"]["words"] for one in found if one["kind"] == "call"] == ["Stop"]
    assert ("alert", "stop_called") in [(one["kind"], one["key"]) for one in found]


@pytest.mark.promise("THREAD-3")
def test_a_stop_whose_coordinates_were_asked_for_later_is_of_it_with_what_was_answered(staff):
    alert = entered(staff)
    staff.call.post("/v1/stops", staff.officer, json={"words": "Stop"})
    (stop,) = staff.call.get("/v1/stops", staff.officer).json()["items"]
    assert "call" not in [one["kind"] for one in thread(staff, alert)["items"]]
    inside = plain(Place("at", 336_000_000, 386_000_000, 1_000, ""))
    staff.call.post("/v1/stops/answers", staff.officer, json={"stop": stop["stop"], "where": [inside]})
    found = thread(staff, alert)["items"]
    assert [one["key"] for one in found if one["kind"] == "call"] == ["stop", "stop_asked_on"]


@pytest.mark.promise("THREAD-3")
def test_a_call_is_of_it_where_an_item_names_an_alert_or_a_message(staff):
    alert = entered(staff)
    for attempt, open in (("a1", alert), ("a2", "something else")):
        moment = Moment(
            attempt,
            Happened.ANSWERED,
            "alpha",
            "bravo",
            "bravo",
            "alpha",
            "Ben",
            "voice +000 100",
            staff.desk.clock_us - MINUTE_US,
        )
        assert staff.call.post("/v1/calls/moments", staff.officer, json=plain(moment)).status_code == 200
        sides = (CallSide("alpha", ("Lena",), "en"), CallSide("bravo", ("Basil",), "en"))
        call = Call(attempt, sides, (Item(open, "alpha"),))
        assert staff.call.post("/v1/calls", staff.officer, json=plain(call)).status_code == 200
    found = [one for one in thread(staff, alert)["items"] if one["kind"] == "call"]
    assert [(one["key"], one["because"], one["params"]["attempt"]) for one in found] == [
        ("moment", "of_a_call", "a1"), ("held", "taken_up", "a1"),
    ]  # fmt: skip
    assert found[1]["at"] == found[0]["at"] < found[1]["known_at"]


def test_where_earlier_moments_of_an_attempt_are_not_looked_at_none_gets_the_instant_of_another(staff):
    def rings_in_vain() -> str:
        at_us = staff.desk.clock_us - MINUTE_US
        moment = Moment("a1", Happened.UNANSWERED, "alpha", "bravo", "alpha", "alpha", "Ben", "voice +000 100", at_us)
        assert staff.call.post("/v1/calls/moments", staff.officer, json=plain(moment)).status_code == 200
        return utc_text(at_us)

    first = rings_in_vain()
    staff.desk.clock_us += 8 * 24 * HOUR_US
    for where in (AWAY, INSIDE):
        staff.desk.clock_us += MINUTE_US
        staff.bring(where | {"subject": "Bravo 1", "seen_at": utc_text(staff.desk.clock_us)})
    alert = staff.call.get("/v1/alerts?key=entered", staff.officer).json()["items"][0]["id"]
    rings_in_vain()
    sides = (CallSide("alpha", ("Lena",), "en"), CallSide("bravo", ("Basil",), "en"))
    held = plain(Call("a1", sides, (Item(alert, "alpha"),)))
    assert staff.call.post("/v1/calls", staff.officer, json=held).status_code == 200
    (found,) = [one for one in thread(staff, alert)["items"] if one["key"] == "moment"]
    assert found["at"] == found["known_at"] != first


@pytest.mark.promise("THREAD-6")
def test_a_thread_as_it_was_known_shows_nothing_that_came_later(staff):
    alert = entered(staff)
    known_at = staff.call.get("/v1/status", staff.officer).json()["now"]
    staff.desk.clock_us += MINUTE_US
    message = send(staff, ("alert", alert))
    staff.call.post(f"/v1/alerts/{alert}/clear", staff.officer, json={"reason": "it left"})
    assert len(thread(staff, alert)["items"]) == 4
    before = thread(staff, alert, known_at=known_at)
    assert [one["kind"] for one in before["items"]] == ["presence", "alert"]
    assert all(one["known_at"] <= known_at for one in before["items"])
    asked = {"known_at": known_at}
    assert staff.call.get(f"/v1/threads/{message}", staff.officer, params=asked).status_code == 404


@pytest.mark.promise("THREAD-7")
def test_what_one_may_not_see_is_not_in_it_and_a_thread_of_that_is_not_there(staff):
    alert = entered(staff)
    message = send(staff, ("alert", alert))
    for id in (alert, message, "99.0", "f" * 64, "nonsense"):
        assert staff.call.get(f"/v1/threads/{id}", staff.liaison).status_code == 404
    assert staff.call.get("/v1/threads", staff.liaison).json()["items"] == []
    assert {one["kind"] for one in staff.call.get("/v1/threads", staff.officer).json()["items"]} == {
        "encounter", "messages",
    }  # fmt: skip


@pytest.mark.promise("THREAD-2")
def test_a_chain_is_a_message_with_what_corrects_it_and_has_the_id_of_the_first(staff):
    first = send(staff, ("subject", "Bravo 1"))
    second = send(staff, None, supersedes=first)
    third = send(staff, ("message", second))
    alone = send(staff, None)
    for id in (first, second, third):
        whole = thread(staff, id)
        assert whole["id"] == first
        assert {one["ids"]["message"] for one in whole["items"] if one["kind"] == "message"} == {first, second, third}
    listed = staff.call.get("/v1/threads?kind=messages&party=bravo", staff.officer).json()["items"]
    assert {(one["id"], one["messages"]) for one in listed} == {(first, 3), (alone, 1)}
    page = staff.call.get("/v1/threads?kind=messages&limit=1", staff.officer).json()
    rest = staff.call.get("/v1/threads", staff.officer, params={"kind": "messages", "after": page["next"]}).json()
    assert {one["id"] for one in page["items"] + rest["items"]} == {first, alone}


@pytest.mark.promise("THREAD-8")
def test_the_list_counts_of_a_thread_what_the_thread_shows(staff):
    alert = entered(staff)
    other = entered(staff, "Bravo 2")
    first = send(staff, ("alert", alert))
    send(staff, ("message", first))
    send(staff, ("subject", "Bravo 1"))
    about_the_zone = send(staff, ("zone", "kestrel-pass"))
    send(staff, None)
    staff.desk.clock_us += HOUR_US
    staff.desk.say(e.TimePassed())
    listed = {one["id"]: one for one in staff.call.get("/v1/threads", staff.officer).json()["items"]}
    assert {alert, other, first, about_the_zone} <= listed.keys()
    for id, one in listed.items():
        items = thread(staff, id)["items"]
        assert one["messages"] == len({item["ids"]["message"] for item in items if item["kind"] == "message"})
        assert one["alerts"] == len({item["ids"]["alert"] for item in items if item["kind"] == "alert"})
    assert [listed[id]["messages"] for id in (alert, other)] == [4, 1]
    assert listed[alert]["parties"] == ["bravo"]


@pytest.mark.promise("THREAD-7", "THREAD-8")
def test_who_may_see_an_alert_and_no_message_is_told_of_no_message(staff):
    alert = entered(staff)
    send(staff, ("alert", alert))
    for kind, id in (("zone", "kestrel-pass"), ("feed", "ais-1")):
        staff.desk.say(e.AccessSet(kind, id, "low", None), by="pia")
    reader = staff.desk.admit("ivo", "alpha", "viewer", "low")
    (one,) = staff.call.get("/v1/threads", reader).json()["items"]
    assert (one["id"], one["messages"], one["parties"]) == (alert, 0, [])
