"""What goes on paper, and what a message may be written from, at the doors."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from keepclear.api import drafts
from keepclear.channel.by_hand import number_of
from keepclear.geo.earth import E7, distance_m
from keepclear.geo.shapes import Sector
from keepclear.node import events as e
from keepclear.tracks.observations import Claim
from keepclear.tracks.picture import Report
from tests.doors.api.caller import KESTREL_PASS, Staffed, pair, staffed, zones_of

GO_TO = {"is": "place", "name": "go_to", "text": "33.6700 38.9580", "called": "Zaza junction"}
WARNING: dict[str, Any] = {"to": "bravo", "marker": "warning", "text": "Keep clear of the pass.", "facts": [GO_TO]}
LEAVE: dict[str, Any] = {
    "to": "bravo",
    "zone": "kestrel-pass",
    "leave": {"text": "33.5880 38.3390"},
    "go_to": {"text": "33.6700 38.0580", "called": "Zaza junction"},
    "by": "2026-05-18T15:30:00+03:00",
    "here": "Asia/Damascus",
    "there": "Europe/Moscow",
}
ACTIVITY: dict[str, Any] = {
    "to": "bravo",
    "words": {"en": "to clear the road of mines", "ru": "разминирование дороги"},
    "place": {"text": "33.5880 38.3390"},
    "from": "2026-05-19T06:00:00Z",
    "until": "2026-05-19T09:00:00Z",
}


@pytest.fixture
def staff() -> Staffed:
    staff = staffed()
    pair(staff, "bravo")
    return staff


def sent(staff: Staffed, message: dict[str, Any] = WARNING, **asked: Any) -> str:
    answer = staff.call.post("/v1/messages", staff.officer, json=message, **asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["message"])


def sheet(staff: Staffed, id: str, **asked: str) -> str:
    answer = staff.call.get(f"/v1/messages/{id}/sheet", staff.officer, params=asked)
    assert answer.status_code == 200, answer.text
    # Without the isolates, and with one blank for each run of them.
    return " ".join(re.sub("[\u2066-\u2069]", "", answer.text).split())


def faults(answer: Any) -> list[tuple[str, str]]:
    return [(fault["path"], fault["key"]) for fault in answer.json()["errors"]]


# --- sheets ---


def test_a_notice_names_the_parties_and_says_each_time_by_the_clocks_of_both_sides(staff):
    id = sent(staff)
    text = sheet(staff, id, form="text", here="Asia/Damascus", there="America/New_York")
    assert number_of(id) in text
    assert "to Bravo (bravo)" in text
    assert "at alpha, Asia/Damascus" in text
    assert "at Bravo, America/New_York" in text
    assert "called Zaza junction" in text


def test_the_html_of_a_sheet_names_its_one_style_and_nothing_else_may_run_or_be_fetched(staff):
    answer = staff.call.get(f"/v1/messages/{sent(staff)}/sheet", staff.officer)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    plain = staff.call.get(f"/v1/messages/{sent(staff)}/sheet?form=text", staff.officer)
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"


def test_their_read_back_sheet_holds_no_answer_and_ours_says_how_it_is_entered(staff):
    id = sent(staff)
    theirs = sheet(staff, id, kind="read-back", form="text")
    assert "38.9580" not in theirs
    assert "Zaza junction" not in theirs
    ours = sheet(staff, id, kind="read-back", copy="ours", form="text")
    assert "38.9580" in ours
    assert f"keepclear message state {id}" in ours


def test_what_is_known_of_a_message_stands_on_our_copy_of_the_notice_alone(staff):
    id = sent(staff)
    said = {"act": "understood", "of": "bravo", "person": "Basil", "carrier": "ben, by telephone", "means": "voice"}
    staff.call.post(f"/v1/messages/{id}/statements", staff.officer, json={**said, "facts": [GO_TO]})
    assert "Basil" not in sheet(staff, id, form="text")
    assert "Basil: understood - claimed, by the word of alpha (alpha), brought by ben, by telephone" in sheet(
        staff, id, copy="ours", form="text"
    )


def test_a_place_on_a_sheet_for_another_party_is_measured_from_zones_that_it_may_see_alone(staff):
    id = sent(staff)
    assert "Kestrel Pass" in sheet(staff, id, form="text", copy="ours")
    assert "Kestrel Pass" not in sheet(staff, id, form="text")
    staff.desk.say(e.AccessSet("zone", "kestrel-pass", "low", ("bravo",)), by="pia")
    assert "from Kestrel Pass" in sheet(staff, id, form="text")


def test_a_sheet_is_for_who_may_read_the_message_and_an_exercise_says_so(staff):
    id = sent(staff, params={"exercise": "true"})
    assert staff.call.get(f"/v1/messages/{id}/sheet", staff.officer).status_code == 404
    assert "EXERCISE" in sheet(staff, id, exercise="true")
    assert staff.call.get(f"/v1/messages/{id}/sheet?exercise=true", staff.liaison).status_code == 403


@pytest.mark.parametrize(
    ("name", "value"), [("here", "Asia/Nowhere"), ("kind", "poster"), ("copy", "both"), ("form", "pdf")]
)
def test_a_sheet_that_there_is_not_is_refused_with_its_parameter(staff, name, value):
    answer = staff.call.get(f"/v1/messages/{sent(staff)}/sheet", staff.officer, params={name: value})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, f"?{name}")


# --- drafts ---


@pytest.mark.parametrize(
    ("path", "asked", "marker"), [("to-leave", LEAVE, "request"), ("activity", ACTIVITY, "intention")]
)
def test_a_draft_passes_its_own_check_and_is_sent_by_a_person(staff, path, asked, marker):
    drafted = staff.call.post(f"/v1/messages/draft-{path}", staff.officer, json=asked)
    assert drafted.status_code == 200, drafted.text
    draft = drafted.json()
    assert draft["marker"] == marker
    assert staff.call.get("/v1/messages", staff.officer).json()["items"] == [], "nothing is sent by drafting it"
    assert staff.call.post("/v1/messages/check", staff.officer, json=draft).json()["findings"] == []
    content = staff.call.get(f"/v1/messages/{sent(staff, draft)}", staff.officer).json()["content"]
    assert content["author"] == "ben"
    assert all(one["by"] == "template of Keepclear" for one in content["translations"])


def test_a_draft_to_leave_says_where_from_where_to_and_by_when_by_both_clocks(staff):
    draft = staff.call.post("/v1/messages/draft-to-leave", staff.officer, json=LEAVE).json()
    assert "2026-05-18 12:30 UTC = 2026-05-18 15:30 +03:00" in draft["text"]
    assert draft["about"] == {"kind": "zone", "id": "kestrel-pass"}
    facts = {fact["name"]: fact for fact in draft["facts"]}
    assert (facts["go_to"]["text"], facts["go_to"]["called"]) == ("33.6700 38.0580", "Zaza junction")
    assert facts["by"] == {"is": "time", "name": "by", "at": "2026-05-18T12:30:00Z", "zone": "Asia/Damascus"}


def test_a_draft_of_an_activity_is_written_in_the_languages_that_it_is_given_in(staff):
    draft = staff.call.post("/v1/messages/draft-activity", staff.officer, json={**ACTIVITY, "language": "ru"}).json()
    assert (draft["language"], [one["language"] for one in draft["translations"]]) == ("ru", ["en"])


@pytest.mark.parametrize(
    ("path", "changed", "fault"),
    [
        ("to-leave", {"leave": {"text": "the farm"}}, "$.leave.text"),
        ("to-leave", {"by": "15:30"}, "$.by"),
        ("to-leave", {"there": "Asia/Nowhere"}, "$.there"),
        ("to-leave", {"language": "fr"}, "$.language"),
        ("activity", {"until": "2026-05-19T06:00:00Z"}, "$.until"),
        ("activity", {"words": {"fr": "déminage"}}, "$.words"),
        ("activity", {"place": {"text": "the road"}}, "$.place.text"),
    ],
)
def test_a_fault_of_what_is_drafted_is_refused_with_its_place(staff, path, changed, fault):
    asked = {"to-leave": LEAVE, "activity": ACTIVITY}[path]
    answer = staff.call.post(f"/v1/messages/draft-{path}", staff.officer, json={**asked, **changed})
    assert (answer.status_code, faults(answer)[0][0]) == (422, fault)


def test_a_zone_that_may_not_be_seen_is_no_zone_to_ask_anybody_to_leave(staff):
    assert (
        staff.call.put("/v1/zones", staff.planner, json=zones_of({**KESTREL_PASS, "id": "hidden"})).status_code == 200
    )
    staff.desk.say(e.AccessSet("zone", "hidden", "severe", ()), by="pia")
    hidden, none = (
        staff.call.post("/v1/messages/draft-to-leave", staff.officer, json={**LEAVE, "zone": zone})
        for zone in ("hidden", "nowhere")
    )
    assert (hidden.status_code, none.status_code) == (404, 404)
    assert faults(hidden) == faults(none) == [("$.zone", "zone.unknown")]


@pytest.mark.parametrize("who", ["planner", "viewer", "administrator", "auditor", "liaison", "mast"])
def test_who_sends_nothing_drafts_nothing(staff, who):
    for path, asked in (("to-leave", LEAVE), ("activity", ACTIVITY)):
        assert staff.call.post(f"/v1/messages/draft-{path}", getattr(staff, who), json=asked).status_code == 403


def test_a_draft_never_names_the_place_that_an_area_is_measured_from():
    area = Sector(33.50583, 38.61778, 62_000, 280, 300, 52_000)
    report = Report(0, 335_058_300, 386_177_800, 0, 0, -1, "", "", 0, 0, 0, "", Claim(), area, {})
    seen = drafts.seen_in(report)
    lat, lon = seen.lat_e7 / E7, seen.lon_e7 / E7
    assert 52_000 < distance_m(lat, lon, 33.50583, 38.61778) < 62_000
    assert 5_000_000 < seen.accuracy_mm < 20_000_000
