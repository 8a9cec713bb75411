"""docs/spec/node.md: what holds of a node that runs on a disk, with a clock that can be wrong."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from keepclear.api.desk import Overloaded
from keepclear.feeds.zones import write_zones
from keepclear.ground.errors import Refused
from keepclear.host.bodies import zones_agreed
from keepclear.host.config import Heartbeat, Limits, config_of
from keepclear.host.desk import HostDesk
from keepclear.host.folds import rebuild_views
from keepclear.host.heartbeat import Beating
from keepclear.host.host import Host
from keepclear.host.live import newest_per_subject
from keepclear.host.replaying import node_at
from keepclear.host.retention import Keeping
from keepclear.host.told_lines import told_after
from keepclear.node import events as e
from keepclear.node.alert_book import STEPS_KEPT_MAX
from keepclear.node.effects import Told, lines_of
from keepclear.parties.parties import Action, may
from keepclear.record.entries import Committed, Entry
from keepclear.store.store import Store
from keepclear.store.writes import Write
from tests.builders import kestrel, reports
from tests.hosts import hosting
from tests.nodes import agreed, watching
from tests.simulation.virtual_time import BEGIN_US, LoopClock, run

MINUTE_US = 60_000_000


def inside(minute: int = 0, subject: str = "Bravo 1") -> e.PositionsArrived:
    return e.PositionsArrived("ais-1", reports({"seen": BEGIN_US + minute * MINUTE_US, "km": 1.0, "subject": subject}))


async def give(host: Host, writer, event: e.Event, by: str):
    """One event, committed at once."""
    giving = asyncio.create_task(host.give(event, by=by, exercise=False))
    await asyncio.sleep(0)
    writer.commit(writer.waiting)
    return await giving


def test_the_last_of_what_came_is_signed_too_though_nothing_comes_after_it(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            await give(host, writer, agreed(), "petra")
            await give(host, writer, inside(), "otto")
            writer.commit(writer.waiting)
            assert store.checkpoint().size < host.node.sequence, "it was signed a moment ago"
            await asyncio.sleep(1.0)
            writer.commit(writer.waiting)
            assert store.checkpoint().size == host.node.sequence

    run(scenario())


@pytest.mark.promise("NODE-3")
def test_neither_the_one_who_gave_an_event_nor_a_stream_hears_of_it_before_it_is_durable(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            await give(host, writer, agreed(), "petra")
            heard: list[Told] = []

            async def listen() -> None:
                async for told in host.subscribe():
                    heard.append(told)

            listening, giving = (
                asyncio.create_task(listen()),
                asyncio.create_task(host.give(inside(), by="feed:ais-1", exercise=False)),
            )
            for _ in range(5):
                await asyncio.sleep(0)
            size = store.size()
            assert host.node.sequence == size + 1, "the node has taken it"
            assert (heard, giving.done()) == ([], False)
            assert host.sign().size == size
            writer.commit(writer.waiting)
            given = await giving
            await asyncio.sleep(0)
            assert heard == list(given.effects.told) != []
            assert given.entry.sequence == size
            assert host.sign().size == size + 1
            listening.cancel()

    run(scenario())


@pytest.mark.promise("NODE-4")
def test_while_the_clock_lies_behind_entries_keep_the_newest_instant(tmp_path):
    async def scenario() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        async with hosting(tmp_path, clock) as (host, writer, _):
            await asyncio.sleep(100)
            first = await give(host, writer, agreed(), "petra")
            clock.set_back_us = 50_000_000
            second = await give(host, writer, agreed(radius_km=9.0), "petra")
            assert second.entry.at_us == first.entry.at_us == BEGIN_US + 100_000_000
            assert host.clock_behind_us == 50_000_000
            await asyncio.sleep(60)
            third = await give(host, writer, agreed(), "petra")
            assert third.entry.at_us == BEGIN_US + 110_000_000

    run(scenario())


@pytest.mark.promise("NODE-5")
def test_a_timer_wakes_the_node_and_is_an_entry(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            await give(host, writer, inside(), "feed:ais-1")
            await asyncio.sleep(301)
            writer.commit(writer.waiting)
            (committed,) = store.entries(store.size() - 1, 1)
            assert (committed.entry.kind, committed.entry.by) == ("time_passed", "node")
            assert committed.entry.at_us == BEGIN_US + 300_000_000
            assert b'"feed_silent"' in committed.outcome

    run(scenario())


@pytest.mark.promise("NODE-10")
def test_without_room_a_caller_is_told_to_come_again_and_nothing_is_taken(tmp_path):
    async def scenario() -> None:
        limits = Limits(inbox_events_max=1)
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop()), limits) as (host, writer, _):
            waiting = asyncio.create_task(host.give(agreed(), by="petra", exercise=False))
            await asyncio.sleep(0)
            before = host.node.sequence
            with pytest.raises(Overloaded):
                await host.give(inside(), by="feed:ais-1", exercise=False)
            assert host.node.sequence == before
            writer.commit(writer.waiting)
            await waiting

    run(scenario())


@pytest.mark.promise("NODE-10")
def test_of_a_feed_that_cannot_wait_the_newest_of_each_subject_is_kept_and_the_rest_is_an_alert(tmp_path):
    async def scenario() -> None:
        limits = Limits(inbox_events_max=1)
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop()), limits) as (host, writer, store):
            assert host.offer(inside(0), exercise=False)
            assert not host.offer(inside(1), exercise=False)
            assert not host.offer(inside(2), exercise=False)
            assert not host.offer(inside(2, "Bravo 2"), exercise=False)
            while writer.waiting:
                writer.commit(writer.waiting)
                await asyncio.sleep(0)
            feed = host.node.side(False).feeds.held("ais-1")
            assert (feed.rows_read, feed.given_up) == (3, 1)
            kinds = [one.entry.kind for one in store.entries(store.size() - 3, 3)]
            assert kinds == ["positions_arrived", "overloaded", "positions_arrived"]

    run(scenario())


def test_thinning_out_keeps_the_newest_report_of_each_subject():
    event = e.PositionsArrived("ais-1", reports({"seen": "10:00"}, {"seen": "10:02"}, {"seen": "10:01"}))
    kept, given_up = newest_per_subject(event)
    assert (kept.observations.seen_at_us.tolist(), given_up) == ([event.observations.seen_at_us[1]], 2)


@pytest.mark.promise("NODE-13")
def test_what_was_known_at_an_instant_is_what_a_node_concludes_from_the_entries_known_by_then(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            await give(host, writer, agreed(), "petra")
            digests = {}
            for minute in range(1, 6):
                await asyncio.sleep(60)
                await give(host, writer, inside(minute - 3), "feed:ais-1")
                digests[host.now_us()] = host.node.digest()
            desk = HostDesk(host, store)
            for at_us, digest in digests.items():
                assert (await desk.known_at(at_us + 1)).digest() == digest

    run(scenario())


@pytest.mark.promise("NODE-2", "NODE-14")
def test_a_restart_from_a_snapshot_gives_the_state_of_a_replay_from_the_first_entry(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            await give(host, writer, agreed(), "petra")
            await give(host, writer, inside(), "feed:ais-1")
            host.take_snapshot()
            writer.commit(writer.waiting)
            await give(host, writer, inside(2), "feed:ais-1")
            node, account = node_at(store, store.size())
            assert (account.from_size, account.entries) == (store.size() - 2, 2)
            snapshot = store.snapshot()
            assert snapshot is not None
            store.append([Write(snapshots=(replace(snapshot, bytes=snapshot.bytes + b"x"),))])
            again, passed_over = node_at(store, store.size())
            assert (passed_over.from_size, len(passed_over.unreadable)) == (0, 1)
            assert node.digest() == again.digest() == host.node.digest()

    run(scenario())


@pytest.mark.promise("NODE-14")
def test_bodies_are_dropped_only_below_a_snapshot_and_a_replay_then_begins_there(tmp_path):
    async def scenario() -> None:
        limits = Limits(positions_kept_us=10 * MINUTE_US)
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop()), limits) as (host, writer, store):
            host._tracks._chunk_positions = 1  # each entry is cut into segments at once
            await give(host, writer, agreed(), "petra")
            for minute in range(3):
                await give(host, writer, inside(minute - 2), "feed:ais-1")
            await asyncio.sleep(3600)

            async def look() -> None:
                looking = asyncio.create_task(Keeping(host, store).look())
                while not looking.done():
                    writer.commit(writer.waiting)
                    await asyncio.sleep(0.001)
                await looking

            await look()
            assert all(one.body is not None for one in store.stream())
            host.take_snapshot()
            await look()
            dropped = [one.entry.kind for one in store.stream() if one.body is None]
            assert dropped == ["positions_arrived"] * 3
            node, account = node_at(store, store.size())
            assert node.digest() == host.node.digest()
            assert account.from_size == host.node.snapshot_size
            with pytest.raises(Refused, match="no longer kept"):
                node_at(store, account.from_size - 1)

    run(scenario())


@pytest.mark.promise("NODE-15")
def test_a_name_lies_beside_the_record_and_can_be_erased_leaving_its_hash(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            desk = HostDesk(host, store)

            async def given(event: e.Event, by: str) -> None:
                giving = asyncio.create_task(desk.give(event, by=by, exercise=False))
                await asyncio.sleep(0)
                writer.commit(writer.waiting)
                await giving

            sealed = desk.seal("Nadia Haddad")
            await given(e.UserAdmitted("nadia", "alpha", "viewer", "low", sealed), "admin")
            assert await desk.unsealed(sealed) == "Nadia Haddad"
            assert all(b"Nadia Haddad" not in (one.body or b"") + (one.outcome or b"") for one in store.stream())
            married = desk.seal("Nadia Khoury")
            await given(e.UserAdmitted("nadia", "alpha", "viewer", "low", married), "admin")
            assert (await desk.unsealed(sealed), await desk.unsealed(married)) == (None, "Nadia Khoury")
            sealed = married
            await given(e.SealErased(sealed, "she asked for it"), "admin")
            assert await desk.unsealed(sealed) is None
            assert (store.sealed(sealed).salt, store.sealed(sealed).bytes) == (None, None)
            assert any(sealed.encode() in (one.body or b"") for one in store.stream())
            assert store.faults() == []
            with pytest.raises(Refused, match="Nobody"):
                await given(e.SealErased(sealed, "again"), "admin")

    run(scenario())


@pytest.mark.promise("NODE-1")
@pytest.mark.parametrize("member", ['"x-note": 1e999', '"x-note": "\\ud800"'])
def test_zones_that_could_not_be_written_again_are_refused_before_the_step(member):
    text = json.dumps(write_zones([kestrel()])).replace('"properties": {', f'"properties": {{{member}, ')
    with pytest.raises(Refused):
        zones_agreed(text)


@pytest.mark.promise("NODE-5", "NODE-10")
def test_a_timer_that_falls_due_while_there_is_no_room_is_an_entry_all_the_same(tmp_path):
    async def scenario() -> None:
        limits = Limits(inbox_events_max=2)
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop()), limits) as (host, writer, store):
            await give(host, writer, inside(), "feed:ais-1")
            waiting = asyncio.create_task(host.give(agreed(), by="petra", exercise=False))
            await asyncio.sleep(301)
            writer.commit(writer.waiting)
            await waiting
            assert host.failure is None
            assert [one.entry.kind for one in store.entries(store.size() - 2, 2)] == ["zones_agreed", "time_passed"]
            await give(host, writer, inside(6), "feed:ais-1")

    run(scenario())


@pytest.mark.promise("NODE-14")
def test_live_feeds_alone_lead_to_snapshots(tmp_path):
    async def scenario() -> None:
        limits = Limits(snapshot_every_entries=10)
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop()), limits) as (host, writer, store):
            for minute in range(30):
                host.offer(inside(minute), exercise=False)
                writer.commit(writer.waiting)
                await asyncio.sleep(60)
            assert len(store.snapshot_sizes()) >= 3

    run(scenario())


@pytest.mark.promise("NODE-10")
def test_what_was_held_back_is_let_in_before_the_node_ends(tmp_path):
    async def scenario() -> None:
        limits = Limits(inbox_events_max=1)
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop()), limits) as (host, writer, store):
            for minute in range(3):
                host.offer(inside(minute), exercise=False)
            closing = asyncio.create_task(host.close())
            while not closing.done():
                writer.commit(writer.waiting)
                await asyncio.sleep(0.001)
            kinds = [one.entry.kind for one in store.stream()]
            assert kinds[-3:] == ["positions_arrived", "overloaded", "positions_arrived"]

    run(scenario())


def test_chunks_of_tracks_are_cut_in_order_and_asked_whole_meanwhile(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            host._tracks._chunk_positions = 1
            desk, seen = HostDesk(host, store), set()
            for minute in range(4):
                await give(host, writer, inside(minute - 5), "feed:ais-1")
                track = await desk.track("Bravo 1", False, ["ais-1"], 0, 2**62, 100)
                seen.add(len(track))
                progress = store.progress("tracks")
                segments = store.segments("Bravo 1", exercise=False, from_us=0, until_us=2**62)
                assert all(row["sequence"] < progress for row in segments)
            assert seen == {1, 2, 3, 4}

    run(scenario())


def test_an_alert_that_is_handed_on_for_ever_takes_no_more_room(tmp_path):
    given = watching()
    given.positions({"seen": "10:00", "km": 1.0}, clock="10:00")
    (alert,) = given.node.side(False).alerts
    for _ in range(STEPS_KEPT_MAX + 30):
        given.give(e.AlertAssigned(alert.id, "otto"), by="otto")
    assert len(alert.steps) == STEPS_KEPT_MAX


@pytest.mark.parametrize("end_of_line", ["\u2028", "\u2029"])
def test_a_name_that_others_take_for_the_end_of_a_line_breaks_no_history(tmp_path, end_of_line):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            await give(host, writer, agreed(), "petra")
            given = await give(host, writer, inside(subject=f"Bravo{end_of_line}1"), "feed:ais-1")
            assert given.effects.told
            assert told_after(store, given.entry.sequence - 1, 10**6, 100) == list(given.effects.told)
            store.drop_views()
            assert rebuild_views(store, lambda _done, _of: None)

    run(scenario())


class OutcomesCounted:
    """A store of which it is counted how many outcomes were read."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.read = 0

    def outcomes(self, first: int, count: int) -> list[tuple[Entry, bytes]]:
        found = self.store.outcomes(first, count)
        self.read += len(found)
        return found


def test_a_page_within_an_entry_of_thousands_of_lines_reads_that_entry_alone(tmp_path):
    def entry_with(sequence: int, lines: int) -> Committed:
        outcome = b"".join(b'{"event":"feed","feed":"ais-1","line":%d}\n' % line for line in range(lines))
        return Committed(Entry.of(sequence, sequence, "feed_ended", "petra", False, b"", outcome), b"", outcome)

    record = [entry_with(0, 3_000), *(entry_with(sequence, 1) for sequence in range(1, 100))]
    with Store.open(f"sqlite:///{tmp_path}/record.sqlite") as store:
        store.append([Write(record)])
        counted: Any = OutcomesCounted(store)
        page = told_after(counted, 0, 99, 100)
        assert [one.id for one in page] == [f"0.{place}" for place in range(100, 200)]
        assert counted.read == 1
        paged: list[Told] = []
        while page := told_after(store, *((paged[-1].sequence, paged[-1].index) if paged else (-1, -1)), 700):
            paged += page
        assert paged == told_after(store, -1, -1, 10_000)
        assert len(paged) == 3_099


def test_lines_behind_those_that_are_asked_for_are_not_read():
    assert lines_of(b"a\nb\nc\n") == ["a", "b", "c"]
    assert lines_of(b"a\nb\n\xff\n", 1, 2) == ["b"]
    assert (lines_of(b"", 0, 5), lines_of(b"a\n", 3, 5), lines_of(b"a\n", 0, 0)) == ([], [], [])


@pytest.mark.promise("NODE-12")
def test_what_was_done_about_an_alert_is_for_those_who_may_see_it_also_out_of_the_record(tmp_path):
    async def scenario() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            await give(host, writer, agreed(), "petra")
            given = await give(host, writer, inside(), "feed:ais-1")
            alert = next(
                json.loads(told.line)["alert"] for told in given.effects.told if told.zone and told.what == "alert"
            )
            step = await give(host, writer, e.AlertCleared(alert, "a secret reason"), "otto")
            (live,), (kept,) = step.effects.told, told_after(store, step.entry.sequence - 1, 10**6, 10)
            assert live == kept
            boris = host.node.members.user("boris")
            assert boris is not None
            assert not may(boris, Action.EXPORT, *host.node.concerned_by(kept))

    run(scenario())


@pytest.mark.parametrize("url", ["example.org/ping", "ftp://example.org/x", "http://", "http://[x", "http://h:99999/"])
def test_a_heartbeat_asks_for_an_address_or_is_refused_with_its_path(tmp_path, url):
    with pytest.raises(Refused) as refused:
        config_of({"heartbeat": {"url": url}}, tmp_path)
    assert refused.value.where == "heartbeat.url"


def test_a_heartbeat_that_cannot_be_given_is_told_once_and_once_that_it_can_again(tmp_path):
    told: list[str] = []
    path = tmp_path / "beat.json"
    beating = Beating(Heartbeat(file="beat.json"), tmp_path, lambda: {"durable": 7}, told.append)
    path.mkdir()
    asyncio.run(beating.beat())
    asyncio.run(beating.beat())
    path.rmdir()
    asyncio.run(beating.beat())
    assert [sentence.split(":")[0] for sentence in told] == [
        "The heartbeat cannot be given",
        "The heartbeat is given again.",
    ]
    assert json.loads(path.read_text()) == {"durable": 7}


def test_a_node_writes_what_only_its_owner_may_read(tmp_path):
    (tmp_path / "alpha").mkdir(mode=0o755)
    done = subprocess.run(
        [sys.executable, "-m", "keepclear", "init", str(tmp_path / "alpha"), "--party", "alpha"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    files = [path for path in (tmp_path / "alpha").rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
