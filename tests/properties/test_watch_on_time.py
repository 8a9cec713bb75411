"""A watch that is woken when it asks to be says what it says when it is told of time afterwards; before that it has nothing to say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.watch.lines import line_of
from keepclear.watch.watch import Watch
from tests.builders import MINUTE_US
from tests.properties.test_watch_against_the_first_engine import BEGIN, atlases, batch_of, rows

END = BEGIN + 180 * MINUTE_US


@settings(max_examples=20)
@given(atlases, st.lists(rows, min_size=1, max_size=25), st.booleans())
def test_nothing_is_said_before_the_watch_asked_to_be_woken(zones, given_rows, begun):
    whole, woken, told_late = batch_of(given_rows), Watch(zones), Watch(zones)
    said: list[list] = [[], []]
    if begun:
        for watch in (woken, told_late):
            watch.advance(BEGIN - MINUTE_US)
    for row in range(len(whole)):
        report, at_us = whole.take(slice(row, row + 1)), int(whole.known_at_us[row])
        said[0] += woken_until(woken, at_us - 1) if woken.clock_us is not None else []
        said[0] += woken.observe(report)
        said[1] += told_late.observe(report)
    said[0] += woken_until(woken, END)
    said[1] += told_late.advance(END)
    assert [line_of(event) for event in said[0]] == [line_of(event) for event in said[1]]
    assert woken.next_due_us is None or woken.next_due_us > END


def woken_until(watch, end_us):
    """Wakes the watch whenever it asks for it, and the instant before."""
    said = []
    while watch.next_due_us is not None and watch.next_due_us <= end_us:
        due_us = watch.next_due_us
        assert not watch.advance(due_us - 1)
        assert watch.next_due_us == due_us
        said += watch.advance(due_us)
        assert watch.next_due_us is None or watch.next_due_us > due_us
    assert end_us < watch.clock_us or not watch.advance(end_us)
    return said
