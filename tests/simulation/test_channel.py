"""Many parties under many seeds: whatever links, disks, clocks and liars do, nothing is shown twice, nothing is claimed beyond its
evidence, and once the links are there again everybody knows what there is to know.

A seed is a bug report: `KEEPCLEAR_CHANNEL_SEED=17 ./test tests/simulation/test_channel.py` runs that one alone; bench/channel_search.py
tries many more.
"""

from __future__ import annotations

import os
from collections import Counter

import msgspec
import pytest

from keepclear.channel import channel as c
from keepclear.channel.channel import Channel
from keepclear.channel.messages import message_id
from keepclear.channel.standing import Debt
from keepclear.channel.statements import Act, Evidence, Statement
from tests.simulation.channel_world import SECOND, World, own_statements, replayed, state_bytes

ASKED = os.environ.get("KEEPCLEAR_CHANNEL_SEED")
SEEDS_AT_ONCE = 100
# 1,000 and 500 worlds.
GROUPS = (
    [range(int(ASKED), int(ASKED) + 1)]
    if ASKED
    else [range(n, n + SEEDS_AT_ONCE) for n in range(0, 1_000, SEEDS_AT_ONCE)]
)
RESTORING = 10_000_000
MINUTE = 60 * SECOND


def lived_through(seed: int, *, restores: bool = False) -> World:
    """An hour of messages, partings and crashes, then two of a whole network."""
    world = World(seed)
    random = world.random
    end_us = world.now_us + 60 * MINUTE
    while world.now_us < end_us:
        world.run(world.now_us + random.randint(1, 4) * MINUTE)
        if random.random() < 0.5:
            world.person_sends(*random.sample(world.names, 2))
        name = random.choice(world.names)
        world.people_read(name)
        if random.random() < 0.1 and world.nodes[name].up:
            world.crash(name)
        if restores and random.random() < 0.05:
            world.restore(name)
        if random.random() < 0.3:
            world.parted ^= {frozenset((name, peer)) for peer in world.links[name] if random.random() < 0.5}
        world.exchange()
    heal(world)
    return world


def heal(world: World, *, reading: bool = True) -> None:
    world.parted.clear()
    world.loss, world.lossy_disks = 0.0, False
    for round in range(60):
        world.run(world.now_us + 2 * MINUTE)
        if round == 20 and reading:
            for name in world.names:
                world.people_read(name)
        world.exchange()


def check(world: World) -> None:
    for node in world.nodes.values():
        assert node.up
        channel = replayed(node)
        shown = Counter(shows(node))
        assert [id for id, times in shown.items() if times > 1] == [], "a message is shown once"
        assert state_bytes(channel) == state_bytes(node.channel), "the durable events make this very machine"
        assert channel.found == node.channel.found == [], "nobody lied, and an honest restore is no lie"
        for id in channel.messages:
            for step in (step for steps in channel.standing(id, 2**62).steps.values() for step in steps):
                assert_is_true(world, id, step)


def shows(node) -> list[str]:
    channel, found = c.Channel(node.name, node.begun_us), []
    for event, at_us in node.durable:
        found += [effect.message for effect in channel.step(event, at_us) if isinstance(effect, c.Show)]
    return found


def assert_is_true(world: World, message: str, step) -> None:
    """What counts as evidence happened, at the node that says so."""
    statement = step.kept.statement
    if step.evidence is not Evidence.EVIDENCED or world.nodes[statement.of].restored:
        return
    channel = world.nodes[statement.of].channel
    if statement.act is Act.RECEIVED:
        assert message in channel.messages
    elif statement.act is Act.FORWARDED:
        assert channel.inboxes.keys() >= {statement.towards}
    elif statement.act is not Act.SENT:
        assert statement.id in world.stated


def converged(world: World) -> None:
    """Everything that was given and is of use is there, and who gave it knows all that was said of it."""
    for id, (sender, to) in world.given.items():
        at_sender, at_addressee = world.nodes[sender].channel, world.nodes[to].channel
        assert id in at_addressee.messages, f"{id[:8]} from {sender} to {to}"
        said = {statement.id for statement in own_statements(world.nodes[to], id)}
        assert said <= at_sender.statements(id), "every word of the addressee has come back"
        assert at_sender.standing(id, 2**61).best(to, Act.RECEIVED) is Evidence.EVIDENCED


def live_through_all(seeds: range, *, restores: bool = False) -> list[World]:
    worlds = []
    for seed in seeds:
        try:
            world = lived_through(seed, restores=restores)
            check(world)
            if not restores:
                converged(world)
        except BaseException as failure:
            failure.add_note(f"KEEPCLEAR_CHANNEL_SEED={seed}")
            raise
        worlds.append(world)
    return worlds


@pytest.mark.promise("CHANNEL-16")
@pytest.mark.parametrize("seeds", GROUPS, ids=lambda seeds: f"seeds {seeds.start} to {seeds.stop - 1}")
def test_after_loss_doubling_parting_and_crashes_everything_given_is_there_once_and_known_to_be(seeds):
    worlds = live_through_all(seeds)
    assert ASKED or sum(len(world.given) for world in worlds) > 5 * len(worlds)


@pytest.mark.promise("CHANNEL-15")
@pytest.mark.parametrize("seeds", GROUPS[:5], ids=lambda seeds: f"seeds {seeds.start} to {seeds.stop - 1}")
def test_an_honest_restore_is_not_called_a_lie(seeds):
    worlds = live_through_all(range(RESTORING + seeds.start, RESTORING + seeds.stop), restores=True)
    assert ASKED or sum(node.restored for world in worlds for node in world.nodes.values()) > len(worlds)


class LyingRelay(Channel):
    """Says that it passed on what it keeps, and writes the receipt of the addressee itself."""

    def _take_in(self, peer, outside, opened, at_us, effects):
        if outside.to == self.own or not outside.asks_word:
            super()._take_in(peer, outside, opened, at_us, effects)
            return
        passed = Statement(Act.FORWARDED, self.own, self.own, outside.digest, at_us, towards=outside.to)
        forged = Statement(Act.RECEIVED, outside.to, outside.to, outside.digest, at_us)
        for statement in (passed, forged):
            self._say(statement, outside.sender, outside.urgency, at_us, effects)


@pytest.mark.promise("CHANNEL-7")
@pytest.mark.promise("CHANNEL-12")
@pytest.mark.parametrize("seed", range(50))
def test_a_lying_relay_makes_nobody_believe_that_it_arrived_and_its_forgery_is_named(seed):
    world = World(seed, line=("alpha", "bravo", "charlie"))
    world.take_the_place_of("bravo", LyingRelay)
    world.lossy_disks = False
    world.person_sends("alpha", "charlie")
    heal(world)
    alpha = world.nodes["alpha"].channel
    [id] = alpha.messages
    found = alpha.standing(id, world.clock_us(world.nodes["alpha"]))
    assert found.best("bravo", Act.FORWARDED) is Evidence.EVIDENCED, "that it says so is all that is known"
    assert found.best("charlie", Act.RECEIVED) is None
    assert found.debt is Debt.UNCONFIRMED
    assert alpha.found == [c.Found("bravo", "signature")]


@pytest.mark.promise("CHANNEL-15")
@pytest.mark.parametrize("seed", range(50))
def test_a_node_that_goes_on_twice_from_one_state_is_found_out_with_both_parcels(seed):
    world = World(seed, nodes=2)
    heal(world)
    twin = replayed(world.nodes["alpha"])
    world.person_sends("alpha", "bravo")
    heal(world)
    other = World(seed + 1, nodes=2)
    other.nodes["alpha"].channel = twin
    message = next(iter(world.nodes["alpha"].channel.messages.values()))
    assert message.sender == "alpha"
    at_us = world.clock_us(world.nodes["alpha"])
    [seal] = [e for e in twin.step(c.Given(replaced(message).payload), at_us) if isinstance(e, c.Seal)]
    twin.step(c.Sealed(message_id(seal.payload), "f" * 64, 100), at_us)
    bravo = world.nodes["bravo"].channel
    parcels = tuple(twin.outboxes["bravo"].owed())
    found = bravo.step(c.Came("alpha", twin.life, at_us, None, parcels, {}), world.clock_us(world.nodes["bravo"]))
    [lie] = [effect for effect in found if isinstance(effect, c.Found)]
    assert (lie.peer, lie.what) == ("alpha", "number")
    assert lie.lie.digests[0] != lie.lie.digests[1]


def replaced(message):
    return msgspec.structs.replace(message, salt="e" * 64)


def test_old_packets_that_come_again_change_nothing():
    for seed in range(50):
        world = lived_through(20_000_000 + seed)
        before = {name: (set(node.channel.messages), len(shows(node))) for name, node in world.nodes.items()}
        for name, packets in world.recorded.items():
            for packet in world.random.sample(packets, min(20, len(packets))):
                world.arrive(name, packet)
        heal(world, reading=False)
        check(world)
        assert before == {name: (set(node.channel.messages), len(shows(node))) for name, node in world.nodes.items()}
