"""Nothing about what is hidden can be counted, timed or guessed from what is shown, and nothing is shown before it is durable."""

from __future__ import annotations

# mypy: disable-error-code="method-assign, assignment, var-annotated"
import asyncio
import re
from pathlib import Path

import httpx
import pytest

import keepclear
from keepclear.api.desk import Overloaded
from keepclear.node import events as e
from keepclear.render.told import ALERT_KEYS
from keepclear.watch.presence import TRANSITIONS
from tests.desk_in_memory import Limits
from tests.doors.api.caller import INSIDE, KESTREL_PASS, Staffed, staffed, zones_of

ROOT = Path(keepclear.__file__).parent
HIDDEN = [f"hidden {number}" for number in range(7)]


def with_hidden() -> Staffed:
    """A liaison sees "seen 1" and "seen 2", which come by a feed that is open to them, among others that are not."""
    staff = staffed()
    staff.desk.say(e.FeedDeclared("shared", "alpha", "shared"))
    staff.desk.say(e.AccessSet("feed", "shared", "low", ("meridian",)), by="pia")
    staff.desk.say(e.AccessSet("zone", "kestrel-pass", "low", ("meridian",)), by="pia")
    staff.bring(*({**INSIDE, "subject": name} for name in HIDDEN))
    staff.bring(*({**INSIDE, "subject": name} for name in ("seen 1", "seen 2")), feed="shared")
    for number in range(5):
        agreed = staff.call.put("/v1/zones", staff.planner, json=zones_of({**KESTREL_PASS, "id": f"a-{number}"}))
        assert agreed.status_code == 200
    return staff


def pages(staff: Staffed, path: str, token: str) -> list[tuple[list[str], str | None]]:
    found, after = [], None
    while len(found) < 50:
        said = {} if after is None else {"after": after}
        page = staff.call.get(path, token, params={"limit": "1", **said}).json()
        after = page["next"]
        found.append(([item.get("subject") or item["id"] for item in page["items"]], after))
        if after is None:
            break
    return found


@pytest.mark.parametrize("path", ["/v1/tracks", "/v1/presence"])
def test_cursors_name_what_was_shown_and_count_nothing(path):
    staff = with_hidden()
    first, second = pages(staff, path, staff.liaison)
    assert (first[0], second) == (["seen 1"], (["seen 2"], None))
    assert first[1] is not None
    assert not any(char.isdigit() for char in first[1].replace("seen 1", ""))
    everybody = [subject for items, _ in pages(staff, path, staff.officer) for subject in items]
    assert everybody[:9] == sorted(everybody[:9])
    assert {*HIDDEN, "seen 1", "seen 2"} == set(everybody)


def test_a_page_has_no_next_where_only_hidden_items_are_behind():
    staff = with_hidden()
    staff.desk.say(e.ZoneEnded("kestrel-pass", "over"), by="pia")
    staff.call.put("/v1/zones", staff.planner, json=zones_of({**KESTREL_PASS, "id": "a"}))
    staff.desk.say(e.AccessSet("zone", "a", "low", ("meridian",)), by="pia")
    assert pages(staff, "/v1/zones", staff.liaison) == [(["a"], None)]


def test_what_is_not_given_is_not_noted():
    staff = with_hidden()
    staff.desk.log.clear()
    staff.call.get("/v1/zones?limit=1", staff.auditor)
    assert [line["object_id"] for line in staff.desk.log] == ["a-0"]


@pytest.mark.parametrize("collection", ["zones", "tracks", "alerts"])
def test_an_offset_counts_what_is_visible_only(collection):
    staff = with_hidden()
    everything = staff.call.get(f"/v1/ogc/collections/{collection}/items", staff.liaison).json()["features"]
    assert everything
    for offset in range(len(everything) + 1):
        page = staff.call.get(f"/v1/ogc/collections/{collection}/items?limit=1&offset={offset}", staff.liaison).json()
        assert page["features"] == everything[offset : offset + 1]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        assert all(f"offset={offset + 1}" in href for href in following)


@pytest.mark.parametrize("after", ["x", "[]", '["a"]', "[1,2]", "{"])
def test_a_cursor_of_presence_that_is_none_is_refused(after):
    staff = staffed()
    answer = staff.call.get("/v1/presence", staff.officer, params={"after": after})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "?after")


def test_hidden_positions_neither_crowd_out_others_nor_count_as_left_off():
    staff = with_hidden()
    both = [{**INSIDE, "subject": "both", "seen_at": f"2026-05-18T10:{minute}:00Z"} for minute in (10, 11, 12, 13)]
    staff.bring(both[0], feed="shared")
    staff.bring(*both[1:])
    answer = staff.call.get("/v1/positions?subject=both&limit=2", staff.liaison).json()
    assert [row["feed"] for row in answer["items"]] == ["shared"]
    assert answer["left_off"] is False


def test_a_page_is_no_longer_than_the_node_allows():
    staff = staffed(limits=Limits(page_max=1))
    staff.bring({**INSIDE, "subject": "a"}, {**INSIDE, "subject": "b"})
    page = staff.call.get("/v1/tracks?limit=500", staff.officer).json()
    assert (len(page["items"]), page["next"]) == (1, "a")
    entries = staff.call.get("/v1/record/entries?limit=500", staff.officer).json()
    assert len(entries["items"]) == 1


@pytest.mark.parametrize("path", ["zones", "zones/kestrel-pass", "tracks", "alerts", "alerts/1.0", "presence"])
def test_the_past_is_replayed_only_for_those_who_read(path):
    staff = staffed()
    asked = []
    staff.desk.known_at = asked.append
    staff.desk.presence_at = lambda *also, **more: asked.append((also, more))
    answer = staff.call.get(f"/v1/{path}?known_at=2026-05-18T10:00:01Z", staff.mast)
    assert (answer.status_code, asked) == (403, [])


def test_too_many_questions_about_the_past_are_put_off():
    staff = staffed()

    async def overloaded(at_us):
        raise Overloaded(1)

    staff.desk.known_at = overloaded
    assert staff.call.get("/v1/zones?known_at=2026-05-18T10:00:01Z", staff.officer).status_code == 429


@pytest.mark.promise("NODE-3")
@pytest.mark.parametrize("path", ["/v1/zones", "/v1/zones/none", "/v1/status", "/v1/ogc/collections/zones/items"])
def test_nothing_that_is_read_is_answered_before_it_is_durable(path):
    staff = staffed()

    async def asked():
        disk = asyncio.Event()
        staff.desk.until_durable = disk.wait
        reading = asyncio.ensure_future(staff.call.ask("GET", path, staff.officer))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not reading.done()
        disk.set()
        assert (await reading).status_code in {200, 404}

    asyncio.run(asked())


@pytest.mark.promise("NODE-3")
def test_a_refusal_waits_too_as_it_says_what_is_there():
    staff = staffed()
    waited = []

    async def disk():
        waited.append(1)

    staff.desk.until_durable = disk
    assert staff.call.delete("/v1/zones/none?reason=x", staff.planner).status_code == 404
    assert waited


def test_who_is_not_known_is_not_told_that_this_is_an_exercise():
    staff = staffed(exercise=True)
    for answer in (staff.call.get("/healthz"), staff.call.get("/v1/me"), staff.call.get("/v1/me", "wrong")):
        assert "keepclear-exercise" not in answer.headers
    assert staff.call.get("/v1/me", staff.officer).headers["keepclear-exercise"] == "true"


def test_each_token_of_a_feed_has_idempotency_keys_of_its_own():
    staff = staffed()
    other = staff.desk.admit("mast-2", "alpha", "machine", "open", feed="ais-1")
    key = {"Idempotency-Key": "1"}
    first = staff.call.post("/v1/feeds/ais-1/positions", staff.mast, json=[INSIDE], headers=key)
    again = staff.call.post("/v1/feeds/ais-1/positions", staff.mast, json=[INSIDE], headers=key)
    others = staff.call.post("/v1/feeds/ais-1/positions", other, json=[{**INSIDE, "subject": "b"}], headers=key)
    assert (first.status_code, again.json(), others.status_code) == (200, first.json(), 200)
    assert others.json()["sequence"] != first.json()["sequence"]


def test_alerts_that_are_not_held_are_told_to_the_party_whose_node_it_is():
    staff = staffed()
    assert staff.call.get("/v1/status", staff.viewer).json()["alarms"] == []
    staff.desk.node.side(False).alerts.not_held = 3
    (alarm,) = staff.call.get("/v1/status", staff.viewer).json()["alarms"]
    assert "3 more" in alarm
    assert staff.call.get("/v1/status", staff.liaison).json()["alarms"] == []


def test_an_entry_of_zones_whose_id_stands_under_properties_is_shown():
    staff = staffed()
    feature = {key: value for key, value in KESTREL_PASS.items() if key != "id"}
    feature["properties"] = {**KESTREL_PASS["properties"], "id": "inner"}
    agreed = staff.call.put("/v1/zones", staff.planner, json=zones_of(feature))
    assert agreed.json()["zones"] == ["inner"]
    entries = staff.call.get("/v1/record/entries?limit=1000", staff.officer)
    assert entries.status_code == 200
    assert agreed.json()["sequence"] in [entry["sequence"] for entry in entries.json()["items"]]
    hidden = staff.call.get("/v1/record/entries?limit=1000", staff.liaison).json()["items"]
    assert agreed.json()["sequence"] not in [entry["sequence"] for entry in hidden]


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/presence", "/v1/presence?at=2026-05-18T10:15:00Z"])
def test_a_zone_that_is_hidden_is_answered_as_one_that_never_was(path):
    staff = with_hidden()
    staff.desk.log.clear()
    hidden, never = (
        staff.call.get(path, staff.liaison, params=[*httpx.QueryParams(path.partition("?")[2]).items(), ("zone", zone)])
        for zone in ("a-0", "b-0")
    )
    assert (hidden.status_code, never.status_code) == (404, 404)
    assert hidden.text.replace("a-0", "b-0") == never.text
    assert never.json()["errors"][0]["path"] == "?zone"
    assert staff.desk.log == []


def test_a_zone_that_has_ended_is_still_known():
    staff = staffed()
    staff.bring(INSIDE)
    staff.desk.say(e.ZoneEnded("kestrel-pass", "over"), by="pia")
    for path in ("/v1/alerts", "/v1/presence"):
        answer = staff.call.get(path, staff.officer, params={"zone": "kestrel-pass"})
        assert answer.status_code == 200, answer.text
    assert staff.call.get("/v1/alerts?zone=kestrel-pass", staff.officer).json()["items"]


@pytest.mark.parametrize(
    ("path", "known"), [("/v1/alerts?key=nosuch", "entered"), ("/v1/stream?event=alert,nosuch", "alert_step")]
)
def test_a_kind_that_there_is_not_is_refused_with_those_there_are(path, known):
    staff = staffed()
    answer = staff.call.get(path, staff.officer)
    assert answer.status_code == 400, answer.text
    (fault,) = answer.json()["errors"]
    assert (fault["key"], fault["value"]) == ("kind.unknown", "nosuch")
    assert known in fault["mend"]


def test_every_kind_that_can_be_told_can_be_asked_for():
    """The keys as they stand in the source where alerts are raised and lines are told."""
    raised = {transition.alert for transition in TRANSITIONS.values() if transition.alert}
    for source in (ROOT / "watch").rglob("*.py"), (ROOT / "node").rglob("*.py"):
        for path in source:
            raised |= set(re.findall(r'(?:raise_alert|\.alert|Alarm)\("(\w+)"', path.read_text(encoding="utf-8")))
    assert {"entered", "dwell", "was_inside", "feed_silent", "call_missed"} <= raised <= ALERT_KEYS
