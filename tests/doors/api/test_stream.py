"""What is told, as it is told: from the record first and then live, without a gap, without a double, to whom it is open."""

from __future__ import annotations

import asyncio

import pytest

from keepclear.api import stream as streams
from keepclear.node import events as e
from tests.desk_in_memory import Limits
from tests.doors.api.caller import AWAY, INSIDE, Stream, staffed


def run(scene, **kinds):
    """Plays a scene with a node of its own; whatever it opens is closed."""

    async def played():
        staff = staffed_in_loop(**kinds)
        opened: list[Stream] = []

        async def listen(path="/v1/stream", who="officer", **headers):
            stream = await Stream.open(staff.call, path, staff.tokens[who], headers)
            opened.append(stream)
            if stream.status in {0, 200}:
                await stream.chunk()  # the retry line: it listens now
            return stream

        try:
            await scene(staff, listen)
        finally:
            for stream in opened:
                await stream.close()
        assert staff.desk.streams == 0

    asyncio.run(played())


def staffed_in_loop(**kinds):
    # `staffed` asks with loops of its own, which cannot be run inside one.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(staffed, **kinds).result()


async def bring(staff, *rows, feed="ais-1"):
    answer = await staff.call.ask("POST", f"/v1/feeds/{feed}/positions", staff.officer, json=list(rows))
    assert answer.status_code == 200, answer.text


def test_what_is_told_comes_as_it_stands_in_the_record_with_a_sentence():
    async def scene(staff, listen):
        stream = await listen()
        assert stream.headers["content-type"].startswith("text/event-stream")
        await bring(staff, AWAY, INSIDE)
        presence, alert = await stream.next(), await stream.next()
        sequence = len(staff.desk.record) - 1
        assert [(event.id, event.event) for event in (presence, alert)] == [
            (f"{sequence}.0", "presence"),
            (f"{sequence}.1", "alert"),
        ]
        text = alert.data.pop("text")
        assert "entered Kestrel Pass" in text
        import json

        assert alert.data == json.loads(staff.desk.told[-1].line)

    run(scene)


@pytest.mark.parametrize("how", ["header", "query"])
def test_who_comes_back_gets_what_was_missed_and_then_what_is_new(how):
    async def scene(staff, listen):
        await bring(staff, AWAY, INSIDE)
        last = staff.desk.told[-2].id
        if how == "header":
            stream = await Stream.open(staff.call, "/v1/stream?after=0.0", staff.officer, {"Last-Event-ID": last})
        else:
            stream = await Stream.open(staff.call, f"/v1/stream?after={last}", staff.officer)
        assert (await stream.next()).id == staff.desk.told[-1].id
        await bring(staff, {**AWAY, "seen_at": "2026-05-18T10:20:00Z"})
        assert (await stream.next()).data["what"] == "left"
        await stream.close()

    run(scene)


def test_nothing_is_missed_and_nothing_doubled_wherever_history_ends():
    """While history is read, more is told: behind the page that is read, and again while the rest is read."""

    async def scene(staff, listen):
        for minute in range(12):
            await bring(staff, {**(INSIDE if minute % 2 else AWAY), "seen_at": f"2026-05-18T11:{minute:02}:00Z"})
        read = staff.desk.told_after
        left = [2, 3, 4]

        async def told_meanwhile(sequence, index, count):
            found = await read(sequence, index, 5)
            if left:
                minute = 20 + left.pop()
                await bring(staff, {**(INSIDE if minute % 2 else AWAY), "seen_at": f"2026-05-18T11:{minute}:00Z"})
            return found

        staff.desk.told_after = told_meanwhile
        stream = await listen("/v1/stream?after=0.0")
        expected = [told.id for told in staff.desk.told]
        seen: list[str] = []
        while len(seen) < len(staff.desk.told):
            seen.append((await stream.next()).id)
        assert seen[: len(expected)] == expected
        assert seen == [told.id for told in staff.desk.told]

    run(scene)


def test_each_line_is_judged_by_itself():
    async def scene(staff, listen):
        officer, liaison = await listen(), await listen(who="liaison")
        await bring(staff, AWAY, INSIDE)
        staff.desk.say(e.AccessSet("zone", "kestrel-pass", "low", ("meridian",)), by="pia")
        await bring(staff, {**AWAY, "seen_at": "2026-05-18T10:20:00Z"})  # the feed is not shared yet
        staff.desk.say(e.AccessSet("feed", "ais-1", "low", ("meridian",)), by="pia")
        await bring(staff, {**INSIDE, "seen_at": "2026-05-18T10:30:00Z"})
        first = await liaison.next()
        assert (first.event, first.data["seen_at"]) == ("presence", "2026-05-18T10:30:00Z")
        assert (await officer.next()).data["seen_at"] == "2026-05-18T10:10:00Z"
        assert {line["action"] for line in staff.desk.log if line["user"] == "leo"} == {"export"}

    run(scene)


def test_a_severe_zone_is_streamed_to_those_it_names_only():
    async def scene(staff, listen):
        staff.desk.say(e.AccessSet("feed", "ais-1", "low", None), by="pia")
        staff.desk.say(e.AccessSet("zone", "kestrel-pass", "severe", None), by="pia")
        staff.desk.say(e.UserAdmitted("leo", "meridian", "liaison", "severe"))
        liaison = await listen(who="liaison")
        await bring(staff, AWAY, INSIDE)
        staff.desk.say(e.AccessSet("zone", "kestrel-pass", "severe", ("meridian",)), by="pia")
        await bring(staff, {**AWAY, "seen_at": "2026-05-18T10:20:00Z"})
        assert (await liaison.next()).data["seen_at"] == "2026-05-18T10:20:00Z"

    run(scene)


def test_a_stream_may_be_of_some_kinds_only():
    async def scene(staff, listen):
        stream = await listen("/v1/stream?event=alert")
        await bring(staff, AWAY, INSIDE)
        assert (await stream.next()).event == "alert"

    run(scene)


def test_the_sides_have_streams_of_their_own():
    async def scene(staff, listen):
        drill, real = await listen("/v1/stream?exercise=true"), await listen()
        assert (drill.headers.get("keepclear-exercise"), real.headers.get("keepclear-exercise")) == ("true", None)
        staff.desk.say(e.FeedDeclared("drill", "alpha", "drill"), exercise=True)
        staff.desk.say(e.FeedStateChanged("drill", "connected"), exercise=True)
        staff.desk.say(e.FeedStateChanged("ais-1", "connected"))
        assert (await drill.next()).data["exercise"] is True
        assert (await real.next()).data["feed"] == "ais-1"

    run(scene)


def test_a_stream_ends_when_its_token_is_revoked():
    async def scene(staff, listen):
        stream = await listen()
        staff.desk.say(e.TokenRevoked("token-of-ben"), by="ada")
        staff.desk.say(e.FeedStateChanged("ais-1", "connected"))
        assert await stream.next() is None

    run(scene)


def test_a_stream_ends_when_the_host_stops():
    async def scene(staff, listen):
        streams_open = [await listen(), await listen("/v1/stream?after=0.0")]
        staff.desk.stop()
        for stream in streams_open:
            while await stream.next() is not None:
                pass

    run(scene)


def test_a_reader_that_falls_behind_is_let_go_and_resumes():
    async def scene(staff, listen):
        stream = await listen()
        for minute in range(10):
            staff.desk.say(e.FeedStateChanged("ais-1", "connected", str(minute)))
        seen = [event.id for event in [event async for event in ended(stream)]]
        stream = await listen(f"/v1/stream?after={seen[-1] if seen else '0.0'}")
        while len(seen) < 10:
            event = await stream.next()
            if event.event == "feed":
                seen.append(event.id)
        assert seen == [told.id for told in staff.desk.told if told.what == "feed"]

    run(scene, limits=Limits(stream_lines_waiting_max=4))


async def ended(stream):
    while (event := await stream.next()) is not None:
        yield event


def test_a_client_that_goes_away_leaves_nothing_behind():
    async def scene(staff, listen):
        stream = await listen()
        assert staff.desk.streams == 1
        await stream.close()
        assert staff.desk.streams == 0

    run(scene)


def test_a_quiet_stream_says_that_it_is_there(monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.001)

    async def scene(staff, listen):
        stream = await listen()
        assert await stream.chunk() == b": still here\n\n"
        await bring(staff, AWAY, INSIDE)
        assert (await stream.next()).event == "presence"

    run(scene)


def test_no_more_streams_than_there_may_be():
    async def scene(staff, listen):
        for _ in range(3):
            await listen()
        answer = await staff.call.ask("GET", "/v1/stream", staff.officer)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")

    run(scene, limits=Limits(streams_max=3))


@pytest.mark.parametrize("after", ["x", "1", "1.", ".1", "-1.0", "1.0.0", "9" * 20 + ".0", "¼.0"])
def test_what_is_no_id_is_refused(after):
    staff = staffed()
    assert staff.call.get(f"/v1/stream?after={after}", staff.officer).status_code == 400
    header = {"Last-Event-ID": after.encode("latin-1")}
    answer = staff.call.get("/v1/stream", staff.officer, headers=header)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "?Last-Event-ID")
