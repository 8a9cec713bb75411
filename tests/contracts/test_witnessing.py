"""Nodes with stores and keys of their own that show each other their records; packets go when the test says so."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest

from keepclear.ground.signing import NoteKey
from keepclear.host.courier import ShowPauses
from keepclear.node import events as e
from keepclear.record.audit import audit_export
from keepclear.record.checkpoint import read_checkpoint
from keepclear.record.export import export_lines, read_export
from keepclear.record.keys import Trust
from keepclear.record.witness import check_split
from tests.couriers import Keys, Net, Station, station

PARTIES = ("alpha", "bravo", "meridian")
KEYS = {party: Keys(party) for party in PARTIES}
CARDS = [KEYS[party].card for party in PARTIES]


@asynccontextmanager
async def running(folder, party: str, *peers: str, riding_us: int = 0, alone_us: int = 0):
    """A party's node that calls nobody by itself."""
    net = Net()
    net.pauses = ShowPauses(riding_us, alone_us)
    folder.mkdir(exist_ok=True)
    async with station(net, folder, KEYS[party], dict.fromkeys(peers, ()), CARDS, calls=set()) as made:
        yield made


async def meet(one: Station, other: Station) -> None:
    """One calls the other: a packet there, and one back."""
    answer = await other.courier.answer(one.party, await one.courier.packet(other.party), 0.0)
    await one.courier.take(other.party, answer)


async def add(at: Station, note: str) -> None:
    """Something happens at this node that has nothing to do with others."""
    await at.do(e.PartyNamed("harbour-aid", f"Harbour Aid {note}"), by="admin")


def record_of(at: Station, party: str):
    return at.host.node.talk.witnesses.seen[party]


def lived(scenario):
    async def bounded():
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(bounded())


@pytest.mark.promise("WITNESS-6")
def test_a_checkpoint_is_countersigned_and_both_records_and_the_export_have_it(tmp_path):
    async def scenario():
        async with running(tmp_path, "alpha", "bravo") as alpha, running(tmp_path, "bravo", "alpha") as bravo:
            await meet(alpha, bravo)
            await meet(alpha, bravo)
            await alpha.heard("peer", lambda line: line["action"] == "record_seen" and line["peer"] == "bravo")
            own = alpha.host.node.origin_line
            size = alpha.host.node.talk.witnesses.cosigned_size("bravo", own)
            assert size == read_checkpoint(record_of(bravo, "alpha").newest).size > 0
            kinds = [committed.entry.kind for committed in alpha.store.stream(size, alpha.host.node.sequence)]
            assert "packet_came" in kinds
            store, trust = alpha.store, Trust(named=(NoteKey("alpha.example/keepclear", KEYS["alpha"].signing.public),))
            cosigner = NoteKey("bravo.example/keepclear", KEYS["bravo"].signing.public, cosigner=True)
            notes = [read_checkpoint(kept.note) for kept in store.checkpoints()]
            assert [note.size for note in notes if note.cosignatures([cosigner])][-1] == size
            lines = export_lines(store.tiles, store.stream(0, size), notes, 0, size, notes[-1])
            found = audit_export(read_export(lines), trust)
            assert found.sound

    lived(scenario())


@pytest.mark.promise("WITNESS-7")
def test_two_nodes_with_nothing_to_say_become_quiet_though_nothing_makes_them_wait(tmp_path):
    async def scenario():
        async with (
            running(tmp_path, "alpha", "bravo", "meridian") as alpha,
            running(tmp_path, "bravo", "alpha", "meridian") as bravo,
            running(tmp_path, "meridian", "alpha", "bravo") as meridian,
        ):
            nodes = (alpha, bravo, meridian)

            async def all_meet(times: int) -> list[int]:
                for _ in range(times):
                    for one, other in ((alpha, bravo), (bravo, meridian), (meridian, alpha)):
                        await meet(one, other)
                return [at.host.node.sequence for at in nodes]

            await all_meet(6)
            await bravo.says("alpha", "Keep clear of Kestrel Pass.")
            said = asyncio.create_task(bravo.heard("statement", lambda line: line["act"] == "received"))
            while not said.done():  # message and receipt are sealed beside the loop
                await all_meet(1)
            await add(meridian, "again")
            before = await all_meet(8)
            assert await all_meet(10) == before
            for at in nodes:
                assert at.host.node.talk.witnesses.seen.keys() == set(PARTIES) - {at.party}
                assert [seen.heard for seen in at.host.node.talk.witnesses.seen.values()] == [(), ()]
                assert [seen.splits for seen in at.host.node.talk.witnesses.seen.values()] == [(), ()]

    lived(scenario())


@pytest.mark.promise("WITNESS-7")
def test_a_checkpoint_rides_along_and_goes_by_itself_only_now_and_then(tmp_path):
    async def scenario():
        hour = 3_600_000_000
        async with (
            running(tmp_path, "alpha", "bravo", riding_us=hour, alone_us=hour) as alpha,
            running(tmp_path, "bravo", "alpha") as bravo,
        ):
            await meet(alpha, bravo)
            seen = record_of(bravo, "alpha")
            await add(alpha, "once more")
            await meet(alpha, bravo)
            assert record_of(bravo, "alpha") == seen

    lived(scenario())


@asynccontextmanager
async def bravo_and_its_twin(tmp_path):
    """Alpha and Meridian, who know one record of Bravo; two Bravos that go on from there, each in its own way."""
    async with (
        running(tmp_path, "alpha", "bravo", "meridian") as alpha,
        running(tmp_path, "meridian", "alpha", "bravo") as meridian,
    ):
        async with running(tmp_path, "bravo", "alpha", "meridian") as bravo:
            for at in (alpha, meridian, alpha, meridian):
                await meet(at, bravo)
        (tmp_path / "twin").mkdir()
        shutil.copy(tmp_path / "bravo.sqlite", tmp_path / "twin" / "bravo.sqlite")
        async with (
            running(tmp_path, "bravo", "alpha", "meridian") as bravo,
            running(tmp_path / "twin", "bravo", "alpha", "meridian") as twin,
        ):
            yield alpha, meridian, bravo, twin


@pytest.mark.promise("WITNESS-5")
def test_who_shows_one_record_here_and_another_there_is_found_when_the_two_speak_and_both_notes_are_kept(tmp_path):
    async def scenario():
        async with bravo_and_its_twin(tmp_path) as (alpha, meridian, bravo, twin):
            await add(bravo, "as Alpha is shown")
            await add(twin, "as Meridian is shown")
            await add(twin, "and more")
            for _ in range(2):
                await meet(alpha, bravo)
                await meet(meridian, twin)
            assert record_of(alpha, "bravo").splits == record_of(meridian, "bravo").splits == ()
            for _ in range(3):
                await meet(alpha, meridian)
                await add(bravo, "on and on")
                await add(twin, "and on")
                await meet(alpha, bravo)
                await meet(meridian, twin)
            for at in (alpha, meridian):
                alert = await at.heard("alert", lambda line: line["key"] == "peer_contradicts_itself")
                assert (alert["peer"], alert["params"]["what"]) == ("bravo", "split_view")
                [split] = record_of(at, "bravo").splits
                assert alert["params"]["notes"] == [split.one, split.other]
                assert check_split(split, "bravo.example/keepclear", [KEYS["bravo"].signing.public])

    lived(scenario())


@pytest.mark.promise("WITNESS-4")
@pytest.mark.promise("WITNESS-5")
def test_an_honest_restore_is_told_as_one_and_is_no_split(tmp_path):
    async def scenario():
        async with bravo_and_its_twin(tmp_path) as (alpha, meridian, bravo, restored):
            await add(bravo, "what the copy lacks")
            for at in (alpha, meridian):
                await meet(at, bravo)
                await meet(at, bravo)
            node, store = restored.host.node, restored.store
            began = e.EpochBegan(2, node.origin, "the disk was lost", store.size(), store.root().hex())
            await restored.host.give(began, by="node", exercise=False)
            for _ in range(3):
                await meet(alpha, restored)
                await meet(meridian, restored)
                await meet(alpha, meridian)
            for at in (alpha, meridian):
                anew = await at.heard("peer", lambda line: line["action"] == "record_anew")
                assert (anew["peer"], anew["epoch"], anew["kept"]) == ("bravo", 2, False)
                assert record_of(at, "bravo").splits == ()
                assert at.host.node.talk.witnesses.cosigned.keys() >= {"bravo"}

    lived(scenario())
