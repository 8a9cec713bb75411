"""Many parties under many seeds: whatever links, disks, clocks and liars do, nothing is shown twice, nothing is claimed beyond its
evidence, and once the links are there again everybody knows what there is to know."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from keepclear.channel import channel as c
from keepclear.channel.messages import message_id
from keepclear.channel.statements import Act, Evidence
from tests.simulation.channel_world import SECOND, World, own_statements, replayed

SEEDS = range(int(os.environ.get("KEEPCLEAR_CHANNEL_SEEDS", "60")))
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
    for name, node in world.nodes.items():
        assert node.up
        channel = replayed(node)
        shown = Counter(shows(node))
        assert [id for id, times in shown.items() if times > 1] == [], "a message is shown once"
        assert channel.messages.keys() == node.channel.messages.keys(), "the durable events make this very machine"
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


def test_after_loss_doubling_parting_and_crashes_everything_given_is_there_once_and_known_to_be(record_property):
    messages = 0
    for seed in SEEDS:
        try:
            world = lived_through(seed)
            check(world)
            converged(world)
        except BaseException:
            print(f"\nseed {seed}: KEEPCLEAR_CHANNEL_SEED={seed}")
            raise
        messages += len(world.given)
    record_property("seeds", len(SEEDS))
    print(f"\n{len(SEEDS):,} seeds, {messages:,} messages")
    assert messages > len(SEEDS)


def test_an_honest_restore_is_not_called_a_lie(record_property):
    restored = 0
    for seed in SEEDS[: len(SEEDS) // 2]:
        world = lived_through(10_000_000 + seed, restores=True)
        check(world)
        restored += sum(node.restored for node in world.nodes.values())
    assert restored > len(SEEDS) // 4


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
    import msgspec

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
