"""One contract over both desks: the one that the doors are tested with, and the one that they have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest

from keepclear.api.desk import Answered, Desk, Given, Overloaded, SpansAsked
from keepclear.api.lines_told import first_at, told_between
from keepclear.ground.errors import Refused
from keepclear.host.config import Limits
from keepclear.host.desk import HostDesk
from keepclear.node import events as e
from keepclear.node.effects import Told, lines_of
from tests.builders import reports
from tests.desk_in_memory import DeskInMemory
from tests.hosts import hosting
from tests.nodes import PEOPLE, agreed
from tests.simulation.virtual_time import LoopClock, run

MINUTE_US = 60_000_000


class Playing:
    """A desk, and what makes its commits happen."""

    def __init__(self, desk: Desk, commits: Callable[[], None], passes: Callable[[int], Awaitable[None]]) -> None:
        self.desk = desk
        self._commits = commits
        self.passes = passes

    async def done(self, asked: Awaitable[Any]) -> Any:
        """What was asked for, with every commit that it waits for."""
        asking = asyncio.ensure_future(asked)
        while not asking.done():
            await asyncio.sleep(0.001)
            self._commits()
        return await asking

    async def give(self, event: e.Event, by: str, **also: Any) -> Given:
        return await self.done(self.desk.give(event, by=by, exercise=False, **also))

    async def bring(self, km: float, *, subject: str = "Bravo 1", feed: str = "ais-1") -> Given:
        """A report as of now."""
        row = {"seen": self.desk.now_us(), "km": km, "subject": subject}
        return await self.give(e.PositionsArrived(feed, reports(row)), f"feed:{feed}")


@asynccontextmanager
async def in_memory(_: Any) -> AsyncIterator[Playing]:
    desk = DeskInMemory()
    desk.say(e.PartyNamed("bravo", "Bravo"))
    for user, party, role in PEOPLE:
        desk.say(e.UserAdmitted(user, party, role, "severe"))
    desk.say(e.FeedDeclared("ais-1", "alpha", "Harbour radar"))

    async def passes(us: int) -> None:
        desk.clock_us += us

    yield Playing(desk, lambda: None, passes)


@asynccontextmanager
async def of_a_host(folder: Any) -> AsyncIterator[Playing]:
    async with hosting(folder, LoopClock(asyncio.get_running_loop())) as (host, writer, store):

        async def passes(us: int) -> None:
            await asyncio.sleep(us / 1e6)
            writer.commit(writer.waiting)

        yield Playing(HostDesk(host, store), lambda: writer.commit(writer.waiting), passes)


@pytest.fixture(params=[in_memory, of_a_host])
def played(request, tmp_path):
    """Plays a scene at the desk."""

    def play(scene: Callable[[Playing], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with request.param(tmp_path) as playing:
                await scene(playing)

        run(whole())

    return play


async def scenery(at: Playing) -> list[Given]:
    """A zone; a subject that comes, goes, and comes back, four minutes apart."""
    given = [await at.give(agreed(), "petra")]
    for km in (30.0, 1.0, 30.0, 1.0):
        await at.passes(4 * MINUTE_US)
        given.append(await at.bring(km))
    return given


def test_positions_are_the_newest_of_the_feeds_that_are_asked_for(played):
    async def scene(at: Playing) -> None:
        await at.give(e.FeedDeclared("ais-2", "alpha", "Second radar"), "petra")
        for place in range(4):
            await at.passes(MINUTE_US)
            await at.bring(20.0 + place, feed="ais-2" if place == 3 else "ais-1")
        await at.bring(20.0, subject="Other")
        everything = await at.done(at.desk.track("Bravo 1", False, ["ais-1", "ais-2"], 0, 2**62, 10))
        assert [row["feed"] for row in everything] == ["ais-1", "ais-1", "ais-1", "ais-2"]
        newest = await at.done(at.desk.track("Bravo 1", False, ["ais-1"], 0, 2**62, 2))
        assert list(newest) == list(everything[1:3])
        from_us, until_us = everything[1]["seen_at_us"], everything[2]["seen_at_us"]
        assert list(await at.done(at.desk.track("Bravo 1", False, ["ais-1"], from_us, until_us, 9))) == list(newest)
        assert set(everything[0]) == {"seen_at_us", "known_at_us", "lat", "lon", "error_m", "source", "feed"}
        assert not await at.done(at.desk.track("Bravo 1", True, ["ais-1"], 0, 2**62, 9))
        assert not await at.done(at.desk.track("Bravo 1", False, [], 0, 2**62, 9))

    played(scene)


def test_where_everybody_was_is_by_what_was_known(played):
    async def scene(at: Playing) -> None:
        known = []
        for place in range(3):
            await at.passes(MINUTE_US)
            known.append((await at.bring(20.0 + place)).entry.at_us)
        await at.bring(7.0, subject="Other")
        everybody = ["Bravo 1", "Other", "Nobody"]
        now_us = at.desk.now_us()
        found = await at.done(at.desk.reports_at(everybody, False, now_us, now_us))
        assert found.keys() == {"Bravo 1", "Other"}
        then = await at.done(at.desk.reports_at(everybody, False, now_us, known[1]))
        assert {name: one.at_us for name, one in then.items()} == {"Bravo 1": known[1]}
        assert not await at.done(at.desk.reports_at(everybody, True, now_us, now_us))
        asked = SpansAsked(False, 0, now_us, known[1], 1, "", 9)
        spans = (await at.done(at.desk.spans(asked, {"Bravo 1": ["ais-1"], "Other": ["ais-1"]}))).spans
        assert [(span.subject, span.feeds, len(span.seen_at_us)) for span in spans] == [("Bravo 1", ("ais-1",), 2)]
        assert not (await at.done(at.desk.spans(asked, {"Bravo 1": ["ais-2"]}))).spans

    played(scene)


def test_history_is_what_was_told_from_behind_an_id_on(played):
    async def scene(at: Playing) -> None:
        told = [one for given in await scenery(at) for one in given.effects.told]
        assert len(told) > 5
        found = await at.done(at.desk.told_after(0, 0, 1_000))
        assert [one for one in found if one.sequence >= told[0].sequence] == told
        for place, one in enumerate(told):
            behind = await at.done(at.desk.told_after(one.sequence, one.index, 2))
            assert list(behind) == told[place + 1 : place + 3]

    played(scene)


def test_what_was_told_between_two_instants_is_found_without_reading_the_record_from_its_begin(played):
    async def scene(at: Playing) -> None:
        given = await scenery(at)
        told = [one for one_given in given for one in one_given.effects.told]

        async def between(from_us: int, until_us: int) -> list[Told]:
            return [one async for one in told_between(at.desk, from_us, until_us)]

        for first, last in ((0, 4), (1, 3), (2, 2), (4, 1)):
            from_us, until_us = given[first].entry.at_us, given[last].entry.at_us
            found = await at.done(between(from_us, until_us))
            assert found == [one for one in told if from_us <= one.at_us <= until_us]
        assert await at.done(first_at(at.desk, given[2].entry.at_us)) == given[2].entry.sequence
        assert await at.done(first_at(at.desk, 2**62)) == at.desk.node.sequence

    played(scene)


def test_a_machine_that_is_well_has_no_trouble(played):
    async def scene(at: Playing) -> None:
        found = at.desk.machine()
        assert [one for one in found.troubles if one.key != "disk_low"] == []
        assert found.unreached == ()
        assert len(at.desk.alarms()) == len(found.troubles)

    played(scene)


@pytest.mark.parametrize("end_of_line", ["\u2028", "\u2029"])
def test_a_name_with_what_others_take_for_the_end_of_a_line_breaks_no_history(played, end_of_line):
    async def scene(at: Playing) -> None:
        await at.give(agreed(), "petra")
        told = (await at.bring(1.0, subject=f"Bravo{end_of_line}1")).effects.told
        assert any(end_of_line in one.line for one in told)
        found = await at.done(at.desk.told_after(told[0].sequence, -1, 10))
        assert tuple(found) == told

    played(scene)


def test_a_stream_has_what_becomes_durable_from_now_on(played):
    async def scene(at: Playing) -> None:
        await at.give(agreed(), "petra")
        listening = at.desk.subscribe()
        given = await at.bring(1.0)
        assert given.effects.told
        for told in given.effects.told:
            assert await at.done(listening.__anext__()) == told
        await listening.aclose()

    played(scene)


def test_entries_are_those_of_the_record_in_order(played):
    async def scene(at: Playing) -> None:
        given = await scenery(at)
        every = await at.done(at.desk.entries(0, 1_000))
        assert [one.entry.sequence for one in every] == list(range(len(every)))
        assert every[0].entry.kind == "node_began"
        for one in given:
            (found,) = await at.done(at.desk.entries(one.entry.sequence, 1))
            assert (found.entry, found.outcome) == (one.entry, one.effects.outcome)
            assert sha256(found.body).hexdigest() == found.entry.body_hash.removeprefix("sha256:")
        assert not await at.done(at.desk.entries(len(every), 5))

    played(scene)


def test_a_proof_has_the_leaf_and_what_followed(played):
    async def scene(at: Playing) -> None:
        given = (await scenery(at))[2]
        text = json.dumps(await at.done(at.desk.proof(given.entry.sequence)))
        assert given.entry.outcome_hash in text
        assert lines_of(given.effects.outcome)
        assert str(at.desk.node.sequence) in await at.done(at.desk.checkpoint())
        with pytest.raises(Refused):
            await at.done(at.desk.proof(10_000))

    played(scene)


def test_who_was_where_is_answered_as_it_was_known(played):
    async def scene(at: Playing) -> None:
        given = await scenery(at)
        came, went, back = (one.entry.at_us for one in given[2:])
        now_us = at.desk.now_us()

        async def states(at_us: int, known_us: int, **of: Any) -> list[str]:
            rows = await at.done(at.desk.presence_at(at_us, known_us, False, count=10, **of))
            return [row["now"] for row in rows]

        assert await states(came, now_us) == ["inside"]
        assert await states(went, now_us) == ["clear"]
        assert await states(back, now_us, zone="kestrel", subject="Bravo 1") == ["inside"]
        assert await states(back, went) == ["clear"]
        assert await states(back, now_us, zone="other") == []
        assert await states(back, now_us, subject="other") == []
        assert await states(back, now_us, after=("Bravo 1", "kestrel")) == []
        assert await states(back, now_us, after=("Bravo 1", "kestre")) == ["inside"]
        assert await states(back, now_us, subject="Bravo 1", after=("Bravo 1", "kestrel")) == []
        assert await states(back, now_us, subject="Bravo 1", after=("Alpha", "z")) == ["inside"]
        assert await states(back, now_us, subject="Bravo 1", after=("Charlie", "a")) == []

    played(scene)


def test_a_node_of_the_past_is_as_it_was(played):
    async def scene(at: Playing) -> None:
        digests = {}
        for km in (30.0, 1.0, 30.0):
            await at.passes(MINUTE_US)
            given = await at.bring(km)
            digests[given.entry.at_us] = at.desk.node.digest()
        for at_us, digest in digests.items():
            assert (await at.done(at.desk.known_at(at_us))).digest() == digest
        assert (await at.done(at.desk.known_at(-1))).began is None

    played(scene)


def test_who_read_what_is_kept_for_its_owner_newest_first(played):
    async def scene(at: Playing) -> None:
        await scenery(at)
        for action in ("read", "export"):
            at.desk.note_access("boris", action, "zone", "kestrel")
            await at.passes(MINUTE_US)
        found = await at.done(at.desk.accesses("alpha", 10))
        assert [(row["user"], row["party"], row["action"], row["object_id"]) for row in found] == [
            ("boris", "bravo", "export", "kestrel"),
            ("boris", "bravo", "read", "kestrel"),
        ]
        assert len(await at.done(at.desk.accesses("alpha", 1))) == 1
        assert not await at.done(at.desk.accesses("bravo", 10))

    played(scene)


def test_what_was_answered_is_kept_under_the_key_of_its_user(played):
    async def scene(at: Playing) -> None:
        said = Answered("hash", 200, b"{}")
        await at.give(agreed(), "petra", key="k", answer=lambda given: said)
        assert await at.done(at.desk.answered("petra", "k")) == said
        assert await at.done(at.desk.answered("petra", "other")) is None
        assert await at.done(at.desk.answered("otto", "k")) is None

    played(scene)


def test_names_are_kept_beside_the_record_until_they_are_erased(played):
    async def scene(at: Playing) -> None:
        hash = at.desk.seal("Olga Example")
        await at.give(e.UserAdmitted("vera", "alpha", "viewer", "severe", hash), "admin")
        assert await at.done(at.desk.unsealed(hash)) == "Olga Example"
        await at.give(e.SealErased(hash, "asked for"), "admin")
        assert await at.done(at.desk.unsealed(hash)) is None
        assert await at.done(at.desk.unsealed("0" * 64)) is None

    played(scene)


@pytest.mark.promise("NODE-3")
def test_what_is_read_waits_until_the_disk_has_what_the_node_had(tmp_path):
    async def scene() -> None:
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop())) as (host, writer, store):
            desk = HostDesk(host, store)
            await desk.durable()
            giving = asyncio.ensure_future(desk.give(agreed(), by="petra", exercise=False))
            await asyncio.sleep(0)
            assert desk.node.sequence == store.size() + 1
            waiting = asyncio.ensure_future(desk.durable())
            await asyncio.sleep(1)
            assert not waiting.done()
            writer.commit(writer.waiting)
            await asyncio.gather(giving, waiting)
            assert desk.node.sequence == store.size()

    run(scene())


def test_no_more_wait_for_the_past_than_may(tmp_path):
    async def scene() -> None:
        limits = Limits(replays_waiting_max=2)
        async with hosting(tmp_path, LoopClock(asyncio.get_running_loop()), limits) as (host, _, store):
            desk = HostDesk(host, store)
            asked = [asyncio.ensure_future(desk.known_at(desk.now_us())) for _ in range(3)]
            found = await asyncio.gather(*asked, return_exceptions=True)
            assert [isinstance(one, Overloaded) for one in found] == [False, False, True]
            assert (await desk.known_at(desk.now_us())).began is not None

    run(scene())
