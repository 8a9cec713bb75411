"""docs/spec/positions.md, "Order": reports come out in the order in which they became known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.feeds.ordering import KnownOrder
from keepclear.ground.instants import parse_instant
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import Observations

SECOND_US = 1_000_000
BEGIN_US = parse_instant("2026-05-18T10:30:00Z").us


def batch(*known_s: int) -> Observations:
    """Reports known at these seconds, each of a subject named after its second."""
    builder = BatchBuilder()
    for second in known_s:
        at_us = BEGIN_US + second * SECOND_US
        builder.add(subject=f"Bravo {second}", seen_at_us=at_us, known_at_us=at_us, lat=33.5, lon=38.6)
    return builder.build()


def seconds(observations: Observations) -> list[int]:
    return [int(us - BEGIN_US) // SECOND_US for us in observations.known_at_us]


def given_out(batches: list[Observations], *, reorder_s: int, rows_max: int = 1000) -> list[list[int]]:
    return [seconds(out) for out in KnownOrder(reorder_us=reorder_s * SECOND_US, rows_max=rows_max).through(batches)]


@pytest.mark.promise("POS-28")
def test_reports_within_the_window_come_out_in_order():
    assert given_out([batch(10, 4, 8), batch(2, 30), batch(25, 31)], reorder_s=10) == [[2, 4, 8, 10], [25, 30, 31]]


@pytest.mark.promise("POS-28")
def test_reports_of_one_instant_keep_the_order_they_came_in():
    rows = replace(batch(*[5, 6] * 100), lat_e7=np.arange(200, dtype=np.int32))
    order = KnownOrder(reorder_us=100 * SECOND_US, rows_max=1000)
    (out,) = order.through([rows.take(slice(0, 70)), rows.take(slice(70, 200))])
    assert seconds(out) == [5] * 100 + [6] * 100
    assert out.lat_e7.tolist() == [*range(0, 200, 2), *range(1, 200, 2)]


@pytest.mark.promise("POS-29")
def test_a_report_waits_until_the_watermark_reaches_it():
    assert given_out([batch(0), batch(9), batch(10), batch(11)], reorder_s=10) == [[0], [9, 10, 11]]


@pytest.mark.promise("POS-29")
def test_the_oldest_come_out_early_when_too_many_wait():
    order = KnownOrder(reorder_us=1000 * SECOND_US, rows_max=2)
    outs = order.through([batch(5, 3, 4), batch(6)])
    assert seconds(next(outs)) == [3]
    assert order.held == 2
    assert seconds(next(outs)) == [4]
    assert seconds(next(outs)) == [5, 6]
    assert order.behind == 0


@pytest.mark.promise("POS-29")
def test_the_watermark_never_falls():
    assert given_out([batch(100), batch(1), batch(95)], reorder_s=5) == [[1], [95], [100]]
    raised_by_number = [batch(3, 3, 3, 5), batch(2)]
    assert given_out(raised_by_number, reorder_s=1000, rows_max=2) == [[3, 3, 3], [2], [5]]


@pytest.mark.promise("POS-30")
def test_a_report_behind_the_watermark_comes_out_at_once_unchanged_and_counted():
    order = KnownOrder(reorder_us=10 * SECOND_US, rows_max=1000)
    outs = [seconds(out) for out in order.through([batch(100), batch(50, 89, 40, 90, 91)])]
    assert outs == [[40, 50, 89, 90], [91, 100]]
    assert order.behind == 3


@pytest.mark.promise("POS-30")
def test_a_report_behind_the_watermark_keeps_its_columns():
    order = KnownOrder(reorder_us=0, rows_max=10)
    late = batch(5)
    _, out = order.through([batch(100), late])
    assert (out.known_at_us.tolist(), out.subjects[out.subject[0]]) == (late.known_at_us.tolist(), "Bravo 5")


def test_what_waits_keeps_no_names_of_what_has_gone():
    order = KnownOrder(reorder_us=5 * SECOND_US, rows_max=1000)
    outs = list(order.through(batch(second) for second in range(200)))
    assert max(len(out.subjects) for out in outs) < 20
    assert [name for out in outs for name in (out.subjects[number] for number in out.subject)] == [
        f"Bravo {second}" for second in range(200)
    ]


@pytest.mark.promise("POS-28", "POS-30")
@given(
    st.lists(st.lists(st.integers(0, 60), max_size=6), max_size=8),
    st.integers(0, 40),
    st.integers(1, 12),
)
def test_nothing_is_lost_and_only_what_was_behind_is_out_of_order(portions, reorder_s, rows_max):
    order = KnownOrder(reorder_us=reorder_s * SECOND_US, rows_max=rows_max)
    outs = []
    for out in order.through(batch(*portion) for portion in portions):
        assert order.held <= rows_max
        outs += [seconds(out)]
        assert outs[-1] == sorted(outs[-1])
    flat = [second for out in outs for second in out]
    assert sorted(flat) == sorted(second for portion in portions for second in portion)
    falls = int(np.count_nonzero(np.diff(flat) < 0)) if flat else 0
    assert falls <= order.behind


@given(st.lists(st.lists(st.integers(0, 60), max_size=6), max_size=8), st.integers(0, 40), st.integers(1, 12))
def test_in_pieces_come_the_same_reports_in_the_same_order(portions, reorder_s, rows_max):
    def named(outs):
        return [
            (out.subjects[number], at_us)
            for out in outs
            for number, at_us in zip(out.subject, out.known_at_us, strict=True)
        ]

    whole, pieces = (KnownOrder(reorder_us=reorder_s * SECOND_US, rows_max=rows_max) for _ in range(2))
    batches = [batch(*portion) for portion in portions]
    assert named(whole.through(batches)) == named(pieces.in_pieces(batches))
    assert whole.behind == pieces.behind


@pytest.mark.promise("ORDER-2")
def test_several_feeds_become_one_stream_and_none_runs_ahead():
    from keepclear.feeds.ordering import merged
    from tests.builders import reports

    begin = 1_800_000_000_000_000
    feeds = [
        [reports(*({"seen": begin + second} for second in batch)) for batch in feed]
        for feed in ([[1, 4], [5, 9]], [[2, 3], [6, 7, 8]], [])
    ]
    known = [int(at_us) - begin for batch in merged([iter(feed) for feed in feeds]) for at_us in batch.known_at_us]
    assert known == [1, 2, 3, 4, 5, 6, 7, 8, 9]
