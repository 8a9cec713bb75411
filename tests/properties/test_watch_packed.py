"""A watch that was packed and unpacked on the way goes on as if it had not been, and ends with the same bytes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.watch.lines import line_of
from keepclear.watch.watch import Watch
from tests.builders import MINUTE_US
from tests.properties.test_watch_against_the_first_engine import atlases, batch_of, drive_of, legs, rows
from tests.properties.test_watch_with_changing_zones import END, begins, changes, steps_of


def told(watch, whole, steps, detours, sizes):
    """What it says of these reports and changes of zones; behind the pieces of these numbers it is packed and unpacked."""
    lines, verdicts, place, pieces = [], [], 0, 0
    for at_us, agreed, ended in [*steps, (None, [], [])]:
        until = len(whole) if at_us is None else int(np.searchsorted(whole.known_at_us, at_us))
        while place < until:
            piece = whole.take(slice(place, min(until, place + sizes[pieces % len(sizes)])))
            events = watch.observe(piece)
            lines += map(line_of, events)
            verdicts += events.verdicts
            place, pieces = place + len(piece), pieces + 1
            if pieces in detours:
                watch = again(watch)
        lines += map(line_of, watch.agree(agreed, at_us)) if agreed else []
        lines += map(line_of, watch.end(ended, at_us)) if ended else []
        if detours and at_us is not None:
            watch = again(watch)
    lines += map(line_of, watch.advance(END))
    newest = [(name, report.identity, report.at_us, report.claim, report.source) for name, report in watch.newest()]
    states, zones = list(watch.states()), list(watch.zones_in_force().items())
    return lines, verdicts, states, newest, zones, watch.counts, watch.next_due_us is None, watch.packed()


def again(watch):
    packed = watch.packed()
    unpacked = Watch.unpacked(packed)
    assert unpacked.packed() == packed == watch.packed()
    return unpacked


pieces = st.lists(st.integers(1, 12), min_size=1, max_size=4)
lateness = st.sampled_from([3, 60])


@settings(max_examples=40)
@given(
    atlases,
    st.lists(rows, min_size=1, max_size=30),
    st.sets(st.integers(1, 30), min_size=1, max_size=3),
    pieces,
    pieces,
    lateness,
)
def test_a_detour_over_bytes_changes_nothing(zones, given_rows, detours, sizes, others, lateness):
    compare(zones, [], batch_of(given_rows), detours, sizes, others, lateness)


@settings(max_examples=30)
@given(
    begins,
    changes,
    st.lists(legs, min_size=10, max_size=60),
    st.sets(st.integers(1, 40), min_size=1, max_size=3),
    pieces,
    pieces,
    lateness,
)
def test_nor_does_it_where_zones_change(begin, given_changes, given_legs, detours, sizes, others, lateness):
    compare(*steps_of(begin, given_changes), drive_of(given_legs), detours, sizes, others, lateness)


def compare(zones, steps, whole, detours, sizes, others, lateness):
    straight = told(Watch(zones, lateness_us=lateness * MINUTE_US), whole, steps, set(), others)
    tidied = Watch(zones, lateness_us=lateness * MINUTE_US, rows_before_tidying=1)
    assert told(tidied, whole, steps, detours, sizes) == straight
