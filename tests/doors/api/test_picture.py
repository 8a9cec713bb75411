"""Where everybody is, beside the lines of a stream: as columns, what changed since the last, and to whom it is open."""

from __future__ import annotations

import pytest

from keepclear.api import live as lives
from tests.doors.api.caller import AWAY, INSIDE, staffed
from tests.doors.api.test_stream import bring, run


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


def test_lines_have_ids_and_are_resumed_and_pictures_have_none():
    async def scene(staff, listen):
        await bring(staff, AWAY, INSIDE)
        stream = await listen("/v1/live?after=0.0&picture=1s")
        lines, others = [], set()
        while len(lines) < len(staff.desk.told) or others != {"picture", "status"}:
            event = await stream.next()
            if event.id:
                lines.append(event.id)
            else:
                others.add(event.event)
        assert lines == [told.id for told in staff.desk.told]
        await stream.close()
        again = await listen("/v1/live", **{"Last-Event-ID": lines[-2]})
        seen = []
        while not seen:
            event = await again.next()
            seen += [event.id] if event.id else []
        assert seen == lines[-1:]

    run(scene)


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
