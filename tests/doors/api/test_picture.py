"""Where everybody is, beside the lines of a stream: as columns, what changed since the last, and to whom it is open."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from keepclear.api import live as lives
from keepclear.api.asking import Ask
from keepclear.ground.instants import utc_text
from keepclear.node import events as e
from tests.doors.api.caller import AWAY, INSIDE, Stream, staffed
from tests.doors.api.test_stream import bring, run
from tests.pictures import Shown


@pytest.fixture(autouse=True)
def fast_clock(monkeypatch):
    """A second of pictures passes in a few milliseconds, and status comes once."""
    monkeypatch.setattr(lives, "SECOND_S", 0.004)
    monkeypatch.setattr(lives, "STATUS_EVERY_S", 1000.0)


async def next_of(stream, kind):
    while (event := await stream.next()) is not None:
        if event.event == kind:
            return event
    raise AssertionError(f"the stream ended before a {kind}")


async def until(stream, shown, holds):
    """Takes pictures in until this holds."""
    while not holds(shown):
        shown.take((await next_of(stream, "picture")).data)


@pytest.mark.promise("PICTURE-2")
def test_the_first_picture_is_whole_and_the_next_has_only_what_moved():
    async def scene(staff, listen):
        await bring(
            staff, AWAY, {**AWAY, "subject": "Charlie 7", "lat": 34.1234567, "speed_mps": 12.5, "course_deg": 271.3}
        )
        stream = await listen("/v1/live")
        first = (await next_of(stream, "picture")).data
        assert first["whole"] is True
        assert first["about"]["subject"] == ["Bravo 1", "Charlie 7"]
        assert first["moved"]["lat"] == [33.9, 34.1234567]
        assert first["moved"]["speed_mps"] == [None, 12.5]
        assert first["moved"]["course_deg"] == [None, 271.3]
        await bring(staff, INSIDE)
        second = (await next_of(stream, "picture")).data
        assert (second["whole"], second["moved"]["track"]) == (False, first["about"]["track"][:1])
        assert second["standing"] == {"track": second["moved"]["track"], "zones": [{"kestrel-pass": "inside"}]}
        assert "about" not in second

    run(scene)


@pytest.mark.promise("PICTURE-1")
def test_lines_have_ids_and_are_resumed_and_pictures_have_none():
    async def scene(staff, listen):
        await bring(staff, AWAY, INSIDE)
        stream = await listen("/v1/live?after=0.0&picture=1s")
        lines: list[str] = []
        others: set[str] = set()
        while len(lines) < len(staff.desk.told) or others != {"picture", "status"}:
            event = await stream.next()
            if event.id:
                lines.append(event.id)
            else:
                others.add(event.event)
        assert lines == [told.id for told in staff.desk.told]
        await stream.close()
        again = await listen("/v1/live", **{"Last-Event-ID": lines[-2]})
        seen: list[str] = []
        while not seen:
            event = await again.next()
            seen += [event.id] if event.id else []
        assert seen == lines[-1:]

    run(scene)


@pytest.mark.promise("PICTURE-3")
def test_pictures_can_be_left_out():
    async def scene(staff, listen):
        stream = await listen("/v1/live?picture=off")
        await bring(staff, AWAY, INSIDE)
        kinds = [(await stream.next()).event for _ in range(3)]
        assert sorted(kinds) == ["alert", "presence", "status"]

    run(scene)


@pytest.mark.parametrize("period", ["0s", "61s", "1", "01s", "1.5s", "on", "-1s", "1m"])
def test_a_period_that_is_none_is_refused(period):
    staff = staffed()
    answer = staff.call.get(f"/v1/live?picture={period}", staff.officer)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "?picture")


@pytest.mark.promise("PICTURE-3")
def test_a_slow_reader_gets_the_newest_and_never_a_queue():
    """A frame is made when the one before it was sent: whoever takes nothing meanwhile gets one picture of all that has happened since."""

    async def scene(staff, listen):
        ben, shown = staff.desk.node.members.user("ben"), Shown()
        frames = lives._Frames(Ask(staff.desk, ben, "", {}, lives.LiveAsked(), None, "", "", "", "", False), 1)

        async def take(count):
            while shown.taken < count:
                for frame in await frames.said(is_quiet=True):
                    if frame.startswith(b"event: picture"):
                        shown.take(json.loads(frame.split(b"data: ")[1]))
                await asyncio.sleep(frames.pause_s())

        await bring(staff, AWAY)
        await take(1)
        for minute in range(1, 30):
            await bring(staff, {**AWAY, "seen_at": f"2026-05-18T10:{minute:02}:00Z", "lat": 33.9 + minute / 1000})
        await take(2)
        assert shown.by_subject()["Bravo 1"]["lat"] == 33.929
        for _ in range(3):  # and nothing is left over
            assert await frames.said(is_quiet=True) == []
            await asyncio.sleep(frames.pause_s())

    run(scene)


@pytest.mark.promise("PICTURE-4")
def test_who_may_not_see_a_feed_never_gets_its_tracks_also_behind_a_change():
    async def scene(staff, listen):
        shown = Shown()
        stream = await listen("/v1/live", who="liaison")
        await bring(staff, AWAY)
        shown.take((await next_of(stream, "picture")).data)
        assert shown.tracks == {}
        staff.desk.say(e.AccessSet("feed", "ais-1", "low", ("meridian",)), by="pia")
        await until(stream, shown, lambda shown: shown.tracks)
        assert shown.by_subject().keys() == {"Bravo 1"}
        staff.desk.say(e.AccessSet("feed", "ais-1", "low", ()), by="pia")
        await bring(staff, INSIDE)
        await until(stream, shown, lambda shown: not shown.tracks)
        staff.desk.say(e.UserAdmitted("leo", "meridian", "liaison", "open"))
        staff.desk.say(e.AccessSet("feed", "ais-1", "moderate", ("meridian",)), by="pia")
        await bring(staff, {**AWAY, "seen_at": "2026-05-18T10:20:00Z"})
        answer = await staff.call.ask("GET", "/v1/picture", staff.liaison)
        assert "about" not in answer.json()

    run(scene)


@pytest.mark.promise("PICTURE-4")
def test_a_subject_of_which_one_feed_is_closed_is_not_seen_as_in_the_list_of_tracks():
    async def scene(staff, listen):
        staff.desk.say(e.FeedDeclared("radar-2", "alpha", "Radar"))
        staff.desk.say(e.AccessSet("feed", "ais-1", "low", None), by="pia")
        await bring(staff, AWAY)
        stream, shown = await listen("/v1/live", who="liaison"), Shown()
        await until(stream, shown, lambda shown: shown.tracks)
        await bring(staff, {**AWAY, "seen_at": "2026-05-18T10:05:00Z"}, feed="radar-2")
        await until(stream, shown, lambda shown: not shown.tracks)
        for path in ("/v1/tracks", "/v1/picture", "/v1/picture?at=2026-05-18T10:00:00Z"):
            answer = (await staff.call.ask("GET", path, staff.liaison)).json()
            assert not answer.get("items")
            assert "about" not in answer
        # A single position rests on its own feed alone.
        span = (await staff.call.ask("GET", "/v1/picture/span?since=2026-05-18T09:00:00Z", staff.liaison)).json()
        assert span["tracks"]["seen_at"] == [[1779098400000]]
        logged = {(line["action"], line["object_id"]) for line in staff.desk.log if line["user"] == "leo"}
        assert logged == {("export", "ais-1")}

    run(scene)


@pytest.mark.promise("PICTURE-4")
def test_how_somebody_stands_towards_a_zone_is_seen_by_who_may_see_the_zone():
    staff = staffed()
    staff.desk.say(e.AccessSet("feed", "ais-1", "low", None), by="pia")
    staff.bring(AWAY, INSIDE)
    of = {who: staff.call.get("/v1/picture", staff.tokens[who]).json() for who in ("officer", "liaison")}
    assert of["officer"]["standing"]["zones"] == [{"kestrel-pass": "inside"}]
    assert "standing" not in of["liaison"]
    past = {who: staff.call.get("/v1/picture?at=2026-05-18T10:10:00Z", staff.tokens[who]).json() for who in of}
    assert past["officer"]["standing"]["zones"] == [{"kestrel-pass": "inside"}]
    assert "standing" not in past["liaison"]


@pytest.mark.promise("PICTURE-4")
def test_a_severe_feed_is_in_a_picture_only_of_those_it_names():
    staff = staffed()
    staff.desk.say(e.UserAdmitted("leo", "meridian", "liaison", "severe"))
    staff.bring(AWAY)
    for recipients, sees in ((None, False), (("meridian",), True)):
        staff.desk.say(e.AccessSet("feed", "ais-1", "severe", recipients), by="pia")
        assert ("about" in staff.call.get("/v1/picture", staff.liaison).json()) is sees


@pytest.mark.promise("PICTURE-5")
def test_the_past_is_by_what_was_known_then():
    staff = staffed()
    staff.bring(AWAY, {**AWAY, "subject": "Charlie 7", "area_m": 5_000, "area_inner_m": 1_200})
    known_us = staff.desk.clock_us
    staff.desk.clock_us += 60_000_000
    staff.bring({**AWAY, "seen_at": "2026-05-18T10:09:00Z", "lat": 33.95})  # late
    staff.desk.clock_us += 60_000_000
    staff.bring({**AWAY, "seen_at": "2026-05-18T10:30:00Z", "lat": 33.99})

    def of(**asked):
        answer = staff.call.get("/v1/picture", staff.officer, params=asked).json()
        shown = Shown()
        shown.take(answer)
        return {
            name: (track["lat"], track["area"] and track["area"]["kind"]) for name, track in shown.by_subject().items()
        }

    now = of()
    assert now == {"Bravo 1": (33.99, None), "Charlie 7": (33.9, "sector")}
    assert of(at="2026-05-18T10:20:00Z") == {"Bravo 1": (33.95, None), "Charlie 7": (33.9, "sector")}
    assert of(at="2026-05-18T10:20:00Z", known_at=utc_text(known_us))["Bravo 1"] == (33.9, None)
    assert of(known_at=utc_text(known_us))["Bravo 1"] == (33.9, None)
    assert of(at="2026-05-18T09:59:00Z") == {}
    assert of(at="2031-01-01T00:00:00Z") == now


@pytest.mark.promise("PICTURE-5")
def test_a_picture_now_is_the_first_of_a_stream():
    staff = staffed()
    staff.bring(AWAY, INSIDE)
    answer = staff.call.get("/v1/picture", staff.officer).json()

    async def first():
        stream = await Stream.open(staff.call, "/v1/live", staff.officer)
        found = (await next_of(stream, "picture")).data
        await stream.close()
        return found

    assert {**asyncio.run(first()), "at": 0, "known_at": 0} == {**answer, "at": 0, "known_at": 0}


def test_the_sides_have_pictures_of_their_own():
    staff = staffed()
    staff.desk.say(e.FeedDeclared("drill", "alpha", "drill"), exercise=True)
    staff.bring(AWAY)
    answer = staff.call.get("/v1/picture?exercise=true", staff.officer).json()
    assert answer["exercise"] is True
    assert "about" not in answer


def test_a_batch_of_which_every_row_was_refused_takes_nothing_from_the_past():
    staff = staffed()
    staff.bring(AWAY)
    refused = staff.bring({**AWAY, "seen_at": "not a time"}).json()
    assert (refused["accepted"], refused["refused"]) == (0, 1)
    span = staff.call.get("/v1/picture/span?subject=Bravo%201&since=2026-05-18T09:00:00Z", staff.officer)
    assert span.status_code == 200
    assert len(span.json()["tracks"]["seen_at"]) == 1


def test_a_span_says_what_cannot_be_asked():
    staff = staffed()
    staff.bring(AWAY)
    backwards = "since=2026-05-18T11:00:00Z&until=2026-05-18T10:00:00Z"
    assert staff.call.get(f"/v1/picture/span?{backwards}", staff.officer).status_code == 400
    assert staff.call.get("/v1/picture/span?subject=Nobody", staff.officer).status_code == 404
    assert staff.call.get("/v1/picture/span?subject=Bravo%201", staff.liaison).status_code == 404
    assert staff.call.get("/v1/picture/span?step=0s", staff.officer).status_code == 400
    assert staff.call.get("/v1/picture", staff.mast).status_code == 403
    assert staff.call.get("/v1/live", staff.mast).status_code == 403


@pytest.mark.promise("PICTURE-7")
def test_a_status_says_what_is_heard_to_whom_it_is_open():
    async def scene(staff, listen):
        staff.desk.say(e.FeedDeclared("radar-2", "alpha", "Radar"))
        staff.desk.say(e.AccessSet("feed", "radar-2", "low", None), by="pia")
        await bring(staff, AWAY)
        of: dict[str, dict[str, Any]] = {}
        for who in ("officer", "liaison"):
            stream = await listen("/v1/live?picture=off", who=who)
            of[who] = (await next_of(stream, "status")).data
        assert [feed["feed"] for feed in of["officer"]["feeds"]] == ["ais-1", "radar-2"]
        assert of["officer"]["feeds"][0]["heard_at"] is not None
        assert [feed["feed"] for feed in of["liaison"]["feeds"]] == ["radar-2"]
        assert of["officer"]["now"].startswith("2026-05-18T10:30:")

    run(scene)


@pytest.mark.promise("PICTURE-8")
def test_what_is_not_stated_is_nothing_and_what_is_is_as_it_was_said():
    staff = staffed()
    words = {"count": "low hundreds", "party": "bravo", "attributed_by": "Meridian", "confidence": 0.6, "grading": "B2"}
    measured = {"error_m": 12.5, "height_m": 1203.7, "datum": "MSL", "speed_mps": 6.43, "course_deg": 271.3}
    staff.bring({**AWAY, **words, **measured, "lon": -0.0000003}, {**AWAY, "subject": "Charlie 7"})
    picture = staff.call.get("/v1/picture", staff.officer).json()
    shown = Shown()
    shown.take(picture)
    said, bare = shown.by_subject()["Bravo 1"], shown.by_subject()["Charlie 7"]
    assert said["count"] == {"low": 100, "high": 400, "as_entered": "low hundreds"}
    assert (said["party"], said["attributed_by"], said["confidence"], said["grading"]) == (
        "bravo",
        "Meridian",
        0.6,
        "B2",
    )
    assert (said["lon"], said["seen_at"]) == (-0.0000003, 1779098400000)
    assert {name: said[name] for name in measured} == measured
    assert (bare["party"], bare["confidence"], bare["count"], bare["area"]) == ("", None, None, None)
    assert {name: bare[name] for name in measured} == dict.fromkeys(measured) | {"datum": ""}
    assert picture["assumed_error_m"] > 0
