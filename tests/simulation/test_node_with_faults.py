"""A node lives through disk faults and stops of its machine; nothing that anybody was told is ever lost.

A seed is a bug report: `KEEPCLEAR_CRASH_SEED=17 ./test tests/simulation/test_node_with_faults.py` replays one.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.virtual_time import run
from tests.simulation.world import World

SEEDS = [int(seed)] if (seed := os.environ.get("KEEPCLEAR_CRASH_SEED")) else list(range(8))


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_or_told_is_lost_and_everything_follows_again(seed, tmp_path):
    lived(World(seed, f"sqlite:///{tmp_path / 'record.sqlite'}"))


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_the_same_on_postgresql(seed, postgres):
    lived(World(seed, postgres.new_database()))


def lived(world: World) -> None:
    run(world.live(steps=200))
    assert world.acknowledged, "something was acknowledged, else this shows nothing"
    assert world.told
