"""docs/spec/desk.md: the order of what needs a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.node.needs import Need, Part, Points, Rank, in_order, place


def need(number: int, part: Part, rank: Rank, urgency: str, since_us: int | None) -> Need:
    return Need(f"alert {number}.0", part, rank, "entered", {}, Points.ALERT, f"{number}.0", (), urgency, since_us)


SOME = st.lists(
    st.builds(
        need, st.integers(0, 10_000), st.sampled_from(Part), st.sampled_from(Rank), st.sampled_from(["now", "soon", "routine"]),
        st.none() | st.integers(0, 5),
    ),
    unique_by=lambda one: one.matter, max_size=30,
)  # fmt: skip


@pytest.mark.promise("DESK-2")
@given(SOME, st.randoms(use_true_random=False))
def test_the_order_is_the_same_however_the_items_are_handed_in(some, chance):
    shuffled = list(some)
    chance.shuffle(shuffled)
    assert in_order(shuffled) == in_order(some)
    assert sorted(one.matter for one in in_order(some)) == sorted(one.matter for one in some)


@pytest.mark.promise("DESK-2")
@given(SOME)
def test_no_two_items_stand_in_one_place(some):
    assert len({place(one) for one in some}) == len(some)


@pytest.mark.promise("DESK-2")
@given(SOME)
def test_another_item_moves_no_two_against_each_other(some):
    whole = in_order(some)
    for left_out in some:
        assert in_order([one for one in some if one is not left_out]) == [one for one in whole if one is not left_out]


@pytest.mark.promise("DESK-2")
@given(SOME)
def test_what_nobody_has_seen_stands_above_all_else_and_a_broken_feed_or_link_above_alerts(some):
    ordered = in_order(some)
    assert [one.part for one in ordered] == sorted(one.part for one in ordered)
    for broken in (Rank.FEED, Rank.LINK):
        assert broken < min(Rank.ALERT_NOW, Rank.ALERT_SOON, Rank.ALERT_ROUTINE)
    for part in Part:
        ranks = [one.rank for one in ordered if one.part is part]
        assert ranks == sorted(ranks)


@pytest.mark.promise("DESK-2")
@given(SOME)
def test_of_one_kind_the_more_urgent_is_first_and_then_the_older(some):
    urgencies = ["now", "soon", "routine"]
    for one, other in zip(ordered := in_order(some), ordered[1:], strict=False):
        if (one.part, one.rank) == (other.part, other.rank):
            assert (urgencies.index(one.urgency), one.since_us or 0) <= (
                urgencies.index(other.urgency), other.since_us or 0,
            )  # fmt: skip


def test_every_rank_has_its_row_in_the_spec():
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "spec" / "desk.md").read_text(encoding="utf-8")
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert rows == [rank.name.lower() for rank in Rank]
