"""Nodes in processes of their own, over HTTPS, killed with SIGKILL while messages go between them; each starts again from its record.

In the end everything was shown once, its sender holds the addressee's own word, and both sides hold the same hashes. A seed is a bug
report: `KEEPCLEAR_CRASH_SEED=N ./test tests/simulation/test_links_killed.py`. `python -m bench.lost_answers` does it with 20,000
messages.
"""

from __future__ import annotations

import os

import pytest

from keepclear.channel.standing import Debt
from tests.simulation.killed_node import url_of
from tests.simulation.nodes_killed import THROUGH_A_RELAY, check, held, many_messages, nodes

COMMITS = ("before {}", "after {}")
CALLS = ("sending parcels", "sending a word", "parcels came", "a word came")
ANSWERS = ("called with parcels", "called with a word", "answering with parcels", "answering with a word")
STEPS = {
    "alpha": [
        *(when.format(kind) for kind in ("message_given", "messages_sealed", "packet_came") for when in COMMITS),
        *CALLS,
    ],
    "meridian": [*(when.format(kind) for kind in ("messages_sealed", "packet_came") for when in COMMITS), *ANSWERS],
    "bravo": [
        *(when.format(kind) for kind in ("messages_sealed", "packet_came", "statement_given") for when in COMMITS),
        *CALLS,
    ],
}
PARTS: dict[str, dict[str, object]] = {"alpha": {"gives": 2}, "bravo": {"understands": True}, "meridian": {}}
SEEDS = [int(os.environ["KEEPCLEAR_CRASH_SEED"])] if "KEEPCLEAR_CRASH_SEED" in os.environ else range(2)


def check_all_understood(folder):
    check(folder, 2)
    assert len(held(url_of(folder, "meridian")).channel) == 0, "a relay reads nothing"
    alpha = held(url_of(folder, "alpha")).channel
    for thread in alpha.threads(0, 2):
        assert thread.debt is Debt.SETTLED
        assert not thread.mismatch


@pytest.mark.promise("CHANNEL-14", "CHANNEL-16")
@pytest.mark.parametrize(("party", "step"), [(party, step) for party, steps in STEPS.items() for step in steps])
def test_a_node_killed_at_any_step_goes_on_and_everything_is_there_once(folder, party, step):
    with nodes(folder, THROUGH_A_RELAY, PARTS | {party: PARTS[party] | {"kill_at": step}}) as some:
        some.until("done")
    assert some.killed == [party]
    check_all_understood(folder)


def test_these_are_all_the_steps_of_an_exchange(folder):
    with nodes(folder, THROUGH_A_RELAY, PARTS) as some:
        some.until("done")
    assert some.killed == []
    assert {party: set(steps) for party, steps in some.steps.items()} == {
        party: set(steps) for party, steps in STEPS.items()
    }
    check_all_understood(folder)


@pytest.mark.promise("CHANNEL-14", "CHANNEL-16")
@pytest.mark.parametrize("seed", SEEDS)
def test_of_many_messages_each_is_shown_once_though_answers_are_lost_and_nodes_killed(folder, seed):
    outcome = many_messages(folder, 1_000, seed=seed, answers_lost=0.3, kills=4)
    assert outcome.killed > 1
