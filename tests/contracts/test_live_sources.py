"""One suite that every live source passes, in every format: what comes in by a wire becomes events, and nothing is lost in silence."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest

from keepclear.ground.instants import utc_text
from keepclear.tracks.observations import COLUMNS
from tests.nmea_lines import ARRIVED_US, SECOND_US, ais, tagged
from tests.turned_world import WIRES, TcpWire, TurnedWorld, live_feed, running, settle, until

HEADER = b"subject,seen_at,lat,lon\n"


def ais_line(number: int) -> bytes:
    return ais(mmsi=244660000 + number % 7, lat=53 + number / 10_000)[0].encode() + b"\r\n"


def cells(number: int) -> tuple[str, str, str]:
    return f"Bravo {number % 7}", utc_text(ARRIVED_US + number * SECOND_US), f"{53 + number / 10_000:.4f}"


def csv_line(number: int) -> bytes:
    subject, seen_at, lat = cells(number)
    return f"{subject},{seen_at},{lat},4.0\n".encode()


def object_line(number: int) -> bytes:
    subject, seen_at, lat = cells(number)
    return f'{{"subject": "{subject}", "seen_at": "{seen_at}", "lat": {lat}, "lon": 4.0}}\n'.encode()


def feature_line(number: int) -> bytes:
    subject, seen_at, lat = cells(number)
    point = f'{{"type": "Point", "coordinates": [4.0, {lat}]}}'
    return f'{{"type": "Feature", "properties": {{"subject": "{subject}", "seen_at": "{seen_at}"}}, "geometry": {point}}}\n'.encode()


LINES = {"nmea-ais": ais_line, "csv": csv_line, "ndjson": object_line, "geojson": feature_line}


@pytest.fixture(params=WIRES)
def make_wire(request, tmp_path):
    return lambda: WIRES[request.param](tmp_path)


def head(wire, format: str) -> bytes:
    return HEADER if format == "csv" and not wire.ends_lines else b""


def pieces(content: bytes, wire, chance: random.Random | None) -> list[bytes]:
    """The content cut anywhere, or for datagrams between lines."""
    if chance is None:
        return [content]
    cuts = sorted(chance.sample(range(1, len(content)), min(80, len(content) - 1)))
    if wire.ends_lines:
        cuts = sorted({content.find(b"\n", cut) + 1 for cut in cuts} - {0})
    return [content[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(content)], strict=True) if start < stop]


async def sent(wire, world: TurnedWorld, feed, content: list[bytes], rows: int) -> None:
    """Sends all of it and turns the clock until it has become so many rows."""
    for piece in content:
        await wire.send(piece)
        await settle()
    await world.turn_until(lambda: world.rows >= rows)


@pytest.mark.parametrize("format", LINES)
def test_the_same_bytes_give_the_same_reports_however_they_are_cut(make_wire, format, tmp_path):
    async def given(chance):
        wire, world = make_wire(), TurnedWorld()
        await wire.open()
        content = [LINES[format](number) for number in range(60)]
        content[20] = b"garbage \xff\xfe\x00\n"
        feed = live_feed(wire, world, format)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            await sent(wire, world, feed, pieces(head(wire, format) + b"".join(content), wire, chance), 60)
        await wire.close()
        for left in tmp_path.iterdir():
            left.unlink()
        return world

    whole = asyncio.run(given(None))
    assert (len(whole.observations), len(whole.refusals)) == (59, 1)
    assert {claim.grading for claim in whole.observations.claims} == {"B2"}
    assert whole.observations.sources == ("AIS of Harbour Aid",)
    for seed in range(2):
        cut = asyncio.run(given(random.Random(seed)))
        assert [(r.line, r.key, r.value) for r in cut.refusals] == [(r.line, r.key, r.value) for r in whole.refusals]
        assert cut.observations.subjects == whole.observations.subjects
        for name in {*COLUMNS} - {"known_at_us", "seen_at_us", "claim"}:
            assert np.array_equal(getattr(cut.observations, name), getattr(whole.observations, name)), name


@pytest.mark.promise("NODE-16")
def test_the_name_that_a_ship_says_comes_with_the_batch_of_its_feed(make_wire):
    async def tried():
        wire, world = make_wire(), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            for line in (*ais(5, mmsi=244660001, shipname="FALCON"), *ais(mmsi=244660001)):
                await wire.send(line.encode() + b"\r\n")
            await sent(wire, world, feed, [], 1)
        await wire.close()
        return world

    world = asyncio.run(tried())
    assert [name for event in world.arrived for name in event.names] == [("mmsi:244660001", "FALCON")]


@pytest.mark.parametrize("format", LINES)
@pytest.mark.parametrize("name", ["tcp", "pipe", "file"])
def test_half_a_line_is_never_read_as_a_report(name, format, tmp_path):
    async def tried():
        wire, world = WIRES[name](tmp_path), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world, format)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            await wire.send(head(wire, format) + LINES[format](1) + LINES[format](2)[:-8])
            await world.turn_until(lambda: world.rows >= 1)
            assert len(world.observations) == 1
            if wire.breaks:
                await wire.hang_up()
                await world.turn_until(lambda: feed.statistics.connections == 2)
                await wire.send(head(wire, format) + LINES[format](3))
                await world.turn_until(lambda: len(world.observations) == 2)
        await wire.close()
        assert [refusal.key for refusal in world.refusals] == ["line.unfinished"]
        assert world.refusals[0].line == (3 if format == "csv" else 2)

    asyncio.run(tried())


@pytest.mark.parametrize("name", ["tcp", "pipe"])
def test_a_source_that_goes_away_is_told_of_and_met_again(name, tmp_path):
    async def tried():
        wire, world = WIRES[name](tmp_path), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world)
        async with running(feed):
            for number in range(3):
                await wire.send(ais_line(number))
                await world.turn_until(lambda: world.rows == number + 1)  # noqa: B023 it is called at once
                await wire.hang_up()
                await world.turn_until(lambda: feed.statistics.connections == number + 2)  # noqa: B023
        await wire.close()
        assert world.states[:6] == ["connected", "disconnected"] * 3
        assert world.states[-1] == "ended"
        assert all(world.whys)
        # As each was heard, the pause is the first one again.
        assert (world.pauses.count(1.0), 2.0 in world.pauses) == (3, False)

    asyncio.run(tried())


def test_what_came_is_given_when_it_is_stopped_and_nothing_is_left_behind(make_wire):
    async def tried():
        wire, world = make_wire(), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            await wire.send(ais_line(1))
            await world.turn_until(lambda: feed.statistics.bytes > 0, step_s=0.1)
            before = len(world.arrived)
        assert before == 0 or world.rows == 1
        assert world.rows == 1
        assert world.states == ["connected", "ended"]
        assert feed.statistics.state == "ended"
        await wire.close()
        await settle()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(tried())


@pytest.mark.parametrize("format", ["nmea-ais", "ndjson"])
def test_without_room_what_can_wait_waits_and_what_cannot_is_offered(make_wire, format):
    async def tried():
        wire, world = make_wire(), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world, format)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            world.room = False
            for number in range(40):
                await wire.send(LINES[format](number))
            await world.turn_until(lambda: feed.statistics.bytes > 0)
            await world.turn(5)
            assert bool(world.arrived) != feed.config.can_wait
            world.room = True
            await world.turn_until(lambda: world.rows == 40)
        await wire.close()
        assert len(world.observations) == 40

    asyncio.run(tried())


@pytest.mark.parametrize("format", LINES)
def test_garbage_is_refused_and_costs_no_more_than_itself(make_wire, format):
    async def tried():
        wire, world = make_wire(), TurnedWorld()
        await wire.open()
        chance = random.Random(3)
        feed = live_feed(wire, world, format)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            begin = head(wire, format) + LINES[format](0)
            garbage = [chance.randbytes(90).replace(b"\n", b"").replace(b"\r", b"") + b"\n" for _ in range(50)]
            for line in [begin, *garbage, LINES[format](1)]:
                await wire.send(line)
            await world.turn_until(lambda: len(world.observations) == 2)
            assert feed.statistics.refused == 50
            first = 3 if head(wire, format) else 2
            assert [refusal.line for refusal in world.refusals] == list(range(first, first + 50))
            assert world.observations.line.tolist() == [first - 1, first + 50]
            assert len(feed.statistics.samples) == 20
        await wire.close()
        assert world.rows == 52 == feed.statistics.lines

    asyncio.run(tried())


def test_what_comes_within_a_while_is_one_event_and_so_many_rows_are_one_sooner(make_wire):
    async def tried():
        wire, world = make_wire(), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world, batch="1 s", batch_rows=10)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            for number in range(5):
                await wire.send(ais_line(number))
            sent_bytes = sum(len(ais_line(number)) for number in range(5))
            await world.turn_until(lambda: feed.statistics.bytes >= sent_bytes, step_s=0.05)
            await world.turn(1.1)
            assert [event.rows_read for event in world.arrived] == [5]
            await wire.send(b"".join(ais_line(number) for number in range(25)))
            before_us = world.now_us
            await world.turn_until(lambda: world.rows == 30, step_s=0.05)
            assert world.now_us - before_us < SECOND_US
        await wire.close()
        assert [event.rows_read for event in world.arrived] == [5, 25]

    asyncio.run(tried())


# what only some wires have


def test_the_pauses_before_a_new_attempt_grow_and_are_cut_by_chance(tmp_path):
    async def tried(chance: float) -> TurnedWorld:
        wire, world = TcpWire(tmp_path), TurnedWorld(chance)
        await wire.open()
        await wire.close()
        feed = live_feed(wire, world)
        async with running(feed):
            await world.turn_until(lambda: len(world.pauses) == 9, step_s=30)
        return world

    world = asyncio.run(tried(1.0))
    assert world.pauses[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert world.states == ["disconnected", "ended"]  # the same reason is told once
    assert asyncio.run(tried(0.0)).pauses[:3] == [0.5, 1, 2]


def test_a_connection_on_which_nothing_comes_is_given_up(tmp_path):
    async def tried():
        wire, world = TcpWire(tmp_path), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world, read_timeout="10 s")
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            await wire.send(ais_line(1))
            await world.turn_until(lambda: world.rows == 1)
            await world.turn(4)
            assert "disconnected" not in world.states
            await world.turn_until(lambda: "disconnected" in world.states, step_s=1)
            await until(lambda: wire.lost == 1)
        assert world.whys[1] == "nothing came for 10 s"
        await wire.close()

    asyncio.run(tried())


def test_a_receiver_whose_clock_runs_ahead_is_told_of_once_and_when_it_is_right_again(tmp_path):
    async def tried():
        wire, world = TcpWire(tmp_path), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world)

        def line(ahead_s: int) -> bytes:
            return tagged(f"c:{world.now_us // SECOND_US + ahead_s}", *ais()).encode() + b"\n"

        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            for ahead_s in (300, 300, 0, 300, 0, 0):
                rows = world.rows
                await wire.send(line(ahead_s))
                await world.turn_until(lambda: world.rows > rows)  # noqa: B023
                await world.turn(40)
        await wire.close()
        assert world.whys[1:3] == [
            "the receiver's clock is 300 s ahead of ours: the arrival counts",
            "the receiver's clock is no longer ahead of ours",
        ]
        assert feed.statistics.noticed == {"receiver_clock_ahead": 3}

    asyncio.run(tried())


def test_a_file_that_takes_the_place_of_another_is_read_from_its_beginning(tmp_path):
    async def tried(format: str) -> TurnedWorld:
        wire, world = WIRES["file"](tmp_path), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world, format)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            await wire.send(head(wire, format) + LINES[format](1) + LINES[format](2)[:9])
            await world.turn_until(lambda: world.rows == 1)
            await wire.close()
            wire.path.rename(tmp_path / "old.log")
            await wire.open()
            await wire.send(head(wire, format) + LINES[format](3))
            await world.turn_until(lambda: len(world.observations) == 2)
        await wire.close()
        wire.path.unlink()
        return world

    for format in LINES:
        world = asyncio.run(tried(format))
        assert world.observations.line.tolist() == ([2, 2] if format == "csv" else [1, 1])
        assert [refusal.key for refusal in world.refusals] == ["line.unfinished"]
        assert any("was replaced by another" in why for why in world.whys)


def test_of_a_log_of_ais_what_stood_there_before_is_left_out(tmp_path):
    async def tried():
        wire, world = WIRES["file"](tmp_path), TurnedWorld()
        wire.table = lambda: {"follow": str(wire.path)}
        await wire.open()
        await wire.send(ais_line(1))
        feed = live_feed(wire, world)
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            await wire.send(ais_line(2))
            await world.turn_until(lambda: world.rows == 1)
        await wire.close()
        assert world.observations.subjects == ("mmsi:244660002",)

    asyncio.run(tried())


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path):
    async def tried():
        wire, world = WIRES["file"](tmp_path), TurnedWorld()
        feed = live_feed(wire, world)
        async with running(feed):
            await world.turn_until(lambda: world.states == ["disconnected"])
            await world.turn(10)
            await wire.open()
            await wire.send(ais_line(2))
            await world.turn_until(lambda: world.rows == 1)
        await wire.close()
        assert world.states == ["disconnected", "connected", "ended"]

    asyncio.run(tried())


@pytest.mark.parametrize("name", ["tcp", "file"])
def test_a_table_whose_header_cannot_be_read_is_refused_with_the_columns(name, tmp_path):
    async def tried():
        wire, world = WIRES[name](tmp_path), TurnedWorld()
        await wire.open()
        feed = live_feed(wire, world, "csv")
        async with running(feed):
            await until(lambda: feed.statistics.connections == 1)
            await wire.send(b"who,when\nBravo 1,now\n")
            await world.turn_until(lambda: len(world.states) == 2)
        await wire.close()
        assert world.states[:2] == ["connected", "disconnected" if name == "tcp" else "ended"]
        assert "who, when" in world.whys[1]
        assert [refusal.key for refusal in world.refusals] == ["header.missing"]

    asyncio.run(tried())
