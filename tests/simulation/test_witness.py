"""Many parties under many seeds: who shows two records is found and named, who was restored is not, and then all is quiet.

`KEEPCLEAR_WITNESS_SEED=17 ./test tests/simulation/test_witness.py` runs one seed alone; bench/channel_search.py tries many more.
"""

from __future__ import annotations

import os

import pytest

from keepclear.record.witness import check_split
from tests.simulation.witness_world import World

ASKED = os.environ.get("KEEPCLEAR_WITNESS_SEED")
SEEDS = [int(ASKED)] if ASKED else range(8)


def honest_world(seed: int) -> World:
    """Two hours of poor links, with restores; then everybody meets."""
    world = World(seed)
    for _ in range(4):
        world.live(30)
        if world.random.random() < 0.5:
            world.restore(world.random.choice(world.names))
    world.heal(6)
    return world


def check_honest(world: World) -> None:
    """Nobody is called a liar, everybody is countersigned by all, and with nothing to say all become quiet."""
    assert [noticed for node in world.nodes for noticed in node.noticed if noticed.what in ("split", "withheld")] == []
    world.heal(12, happens=0.0)
    before = [len(node.leaves) for node in world.nodes]
    world.heal(6, happens=0.0)
    assert [len(node.leaves) for node in world.nodes] == before
    for node in world.nodes:
        for peer in world.names:
            assert peer == node.name or node.held.cosigned_size(peer, node.origin) >= node.held.grown


def split_world(seed: int) -> tuple[World, str, tuple[str, str]]:
    """An hour with one party that keeps two records, and perhaps another that is restored; then everybody meets."""
    world = World(seed)
    world.live(30)
    liar, restored = world.random.sample(world.names, 2)
    misled = world.split(liar)
    world.live(30)
    if world.random.random() < 0.5:
        world.restore(restored)
    world.heal(20)
    return world, liar, misled


def check_split_world(world: World, liar: str, misled: tuple[str, str]) -> None:
    """Everybody has the proof, and nobody else is named."""
    found = {node.name for node in world.nodes if node.held.seen.get(liar) and node.held.seen[liar].splits}
    assert found >= set(world.names) - {liar}
    for node in world.nodes:
        if node.name == liar:
            continue  # its two nodes mislead each other's peers about themselves alone
        named = {noticed.party for noticed in node.noticed if noticed.what == "split"}
        assert named <= {liar}
        for split in node.held.seen[liar].splits:
            [key] = {node.key.public for node in world.nodes if node.name == liar}
            assert check_split(split, f"{liar}.example/keepclear", [key])


def live_through(seed: int, *, splits: bool) -> None:
    """One world and what must hold in it; a failure says its seed."""
    try:
        if splits:
            check_split_world(*split_world(seed))
        else:
            check_honest(honest_world(seed))
    except BaseException as failure:
        failure.add_note(f"KEEPCLEAR_WITNESS_SEED={seed}")
        raise


@pytest.mark.promise("WITNESS-4")
@pytest.mark.promise("WITNESS-7")
@pytest.mark.parametrize("seed", SEEDS)
def test_with_honest_restores_nobody_is_named_and_then_all_is_quiet(seed):
    live_through(seed, splits=False)


@pytest.mark.promise("WITNESS-5")
@pytest.mark.parametrize("seed", SEEDS)
def test_who_shows_two_records_is_named_by_everybody_with_the_proof(seed):
    live_through(seed, splits=True)
