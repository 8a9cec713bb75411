"""Whoever reads the record back, by entries or by resuming a stream, is given no more than who heard it live."""

from __future__ import annotations

import asyncio
import json

from keepclear.node import events as e
from keepclear.node.alert_book import CLEARED_KEPT_MAX
from keepclear.node.effects import told_of
from tests.desk_in_memory import DeskInMemory
from tests.doors.api.caller import AWAY, INSIDE, KESTREL_PASS, Caller, Staffed, Stream, staffed, zones_of


def resumed(staff: Staffed, token: str) -> list[str]:
    async def read():
        staff.desk.is_stopped = True
        stream = await Stream.open(staff.call, "/v1/stream?after=0.0", token)
        found = []
        while (event := await stream.next()) is not None:
            found.append(event.event)
        await stream.close()
        staff.desk.is_stopped = False
        return found

    return asyncio.run(read())


def with_a_step() -> Staffed:
    staff = staffed()
    staff.bring(AWAY, INSIDE)
    alert = next(iter(staff.desk.node.side(False).alerts))
    assert staff.call.post(f"/v1/alerts/{alert.id}/acknowledge", staff.officer, json={}).status_code == 200
    return staff


def shown(staff: Staffed, token: str) -> set[int]:
    answer = staff.call.get("/v1/record/entries?limit=1000", token)
    assert answer.status_code == 200, answer.text
    return {entry["sequence"] for entry in answer.json()["items"]}


def test_what_is_read_back_is_what_was_told():
    staff = with_a_step()
    staff.desk.say(e.FeedDeclared("drill", "alpha", "drill"), exercise=True)
    staff.desk.say(e.FeedStateChanged("drill", "lost", "no route"), exercise=True)
    for told in staff.desk.told:
        assert told_of(told.sequence, told.index, told.at_us, told.line) == told


def test_steps_of_alerts_are_resumed_by_those_only_who_may_see_the_alert():
    staff = with_a_step()
    assert "alert_step" in resumed(staff, staff.officer)
    assert resumed(staff, staff.liaison) == []


def test_steps_of_alerts_that_left_the_book_stay_as_closed_as_they_were():
    staff = with_a_step()
    (entry,) = [one.entry.sequence for one in staff.desk.record if one.entry.kind == "alert_acknowledged"]
    book = staff.desk.node.side(False).alerts
    alert = next(iter(book))
    book.step("clear", alert, "ben", 0, "over")
    book._cleared += [alert.id] * CLEARED_KEPT_MAX  # as if so many others had been cleared behind it
    del book._alerts[alert.id]
    assert entry in shown(staff, staff.officer)
    assert entry not in shown(staff, staff.liaison)
    staff.desk.say(e.AccessSet("feed", "ais-1", "severe", ()), by="pia")
    assert entry not in shown(staff, staff.officer)


def test_a_line_of_an_exercise_in_an_entry_of_operations_is_judged_by_the_feeds_of_the_exercise():
    staff = staffed()
    dwelling = {**KESTREL_PASS, "properties": {**KESTREL_PASS["properties"], "dwell": "20 min"}}
    for side in ("?exercise=true", ""):
        agreed = staff.call.put(f"/v1/zones{side}", staff.planner, json=zones_of(dwelling))
        assert agreed.status_code == 200, agreed.text
    staff.desk.say(e.AccessSet("zone", "kestrel-pass", "low", ("meridian",)), by="pia")
    staff.desk.say(e.AccessSet("feed", "ais-1", "low", ("meridian",)), by="pia")
    staff.desk.say(e.FeedDeclared("drill", "alpha", "drill"), exercise=True)
    staff.bring(AWAY)
    drilled = staff.call.post("/v1/feeds/drill/positions?exercise=true", staff.officer, json=[{**INSIDE}])
    assert drilled.status_code == 200, drilled.text
    staff.desk.clock_us += 3_600_000_000
    sequence = staff.desk.say(e.TimePassed()).entry.sequence
    passed = [told for told in staff.desk.told if told.sequence == sequence and told.subject]
    assert passed
    assert all(told.exercise for told in passed)
    assert sequence not in shown(staff, staff.liaison)
    entry = staff.call.get(f"/v1/record/entries/{sequence}", staff.officer).json()
    assert not entry["exercise"]
    assert all(line["exercise"] for line in entry["outcome"])


def test_what_rests_on_no_report_says_that_it_is_of_an_exercise_too():
    desk = DeskInMemory(exercise=True)
    desk.admit("pia", "alpha", "planner")
    expecting = {
        **KESTREL_PASS,
        "properties": {
            **KESTREL_PASS["properties"],
            "patterns": {"expected": [{"subject": "Bravo 1", "every": "1 h"}]},
        },
    }
    agreed = Caller(desk).put("/v1/zones", "secret-of-pia", json=zones_of(expecting))
    assert agreed.status_code == 200, agreed.text
    desk.clock_us += 24 * 3_600_000_000
    desk.say(e.TimePassed())
    assert [told.what for told in desk.told if told.what == "alert"]
    assert all(json.loads(told.line)["exercise"] for told in desk.told)
