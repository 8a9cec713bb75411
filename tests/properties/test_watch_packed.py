"""A watch that was packed and unpacked on the way goes on as if it had not been, and ends with the same bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepclear.agreements.terms import PresenceTerms
from keepclear.ground.errors import Refused
from keepclear.watch.lines import line_of
from keepclear.watch.packing import LENGTH, MAGIC
from keepclear.watch.watch import Watch
from tests.builders import MINUTE_US, kestrel
from tests.properties.test_patterns_in_any_order import EVERYTHING, delays, histories, late, windows
from tests.properties.test_patterns_in_any_order import batch_of as moves_of
from tests.properties.test_patterns_in_any_order import rows_of as moves_rows
from tests.properties.test_watch_against_the_first_engine import atlases, batch_of, drive_of, legs, rows
from tests.properties.test_watch_with_changing_zones import END, begins, changes, steps_of


def told(watch, whole, steps, detours, sizes):
    """What it says of these reports and changes of zones; behind the pieces of these numbers it is packed and unpacked."""
    lines: list[str] = []
    verdicts: list = []
    place = pieces = 0
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


@pytest.mark.promise("PACKED-4", "PACKED-5")
@settings(max_examples=25)
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


@settings(max_examples=20)
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
    zones, steps = steps_of(begin, given_changes)
    compare(zones, steps, drive_of(given_legs), detours, sizes, others, lateness)


def compare(zones, steps, whole, detours, sizes, others, lateness):
    straight = told(Watch(zones, lateness_us=lateness * MINUTE_US), whole, steps, set(), others)
    tidied = Watch(zones, lateness_us=lateness * MINUTE_US, rows_before_tidying=1)
    assert told(tidied, whole, steps, detours, sizes) == straight


@settings(max_examples=25)
@given(histories, delays, windows, st.sets(st.integers(1, 40), min_size=1, max_size=3), pieces)
def test_nor_does_it_to_what_patterns_hold(moves, delays, window, detours, sizes):
    terms = PresenceTerms(silent_after_us=5 * MINUTE_US)
    zones = [kestrel(10.0, patterns=EVERYTHING, window=window, presence=terms, band_mm=2_000_000)]
    compare(zones, [], moves_of(late(moves_rows(moves), delays)), detours, sizes, [40], 60)


# What is done to the bytes: one is changed, or they are cut, or something is put in.
spoiled = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(["change", "change", "change", "cut", "insert"]),
    st.integers(0, 255),
)
SOUND = [
    kestrel(10.0, patterns=EVERYTHING, band_mm=2_000_000, presence=PresenceTerms(2, 3, 1_000, MINUTE_US, 5 * MINUTE_US))
]


@pytest.fixture(scope="module")
def sound() -> bytes:
    watch = Watch(SOUND)
    watch.observe(
        moves_of(moves_rows([(n % 3, [5.0, 12.0, 10.9][n % 2], 40, 10.0, (1, 2), "Alpha") for n in range(30)]))
    )
    return watch.packed()


@pytest.mark.promise("PACKED-6")
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(spoiled, min_size=1, max_size=3))
def test_spoiled_bytes_are_refused_or_are_another_watch(sound, changes):
    text = bytearray(sound)
    for share, what, value in changes:
        place = int(share * len(text))
        if what == "change":
            text[place] = value
        elif what == "cut":
            del text[place:]
        else:
            text.insert(place, value)
        if not text:
            break
    try:
        watch = Watch.unpacked(bytes(text))
    except Refused:
        return
    assert watch.packed() == text


# In the head, the text that is changed, and what it becomes.
HOSTILE = {
    "a zone without a shape": ('["circle",', '["square",'),
    "a window that ends before it begins": ('{"from_us":null,"until_us":null}', '{"from_us":9,"until_us":1}'),
    "two of three": ('"m":2,"n":3', '"m":4,"n":3'),
    "a number without end": ('"last_seq":', '"last_seq":9' + 400 * "0"),
    "a number too large": ('"last_seq":', '"last_seq":99999999999999999'),
    "a subject twice": ('"Bravo 0","Bravo 1"', '"Bravo 0","Bravo 0"'),
    "no clock": ('"clock_us":', '"clock_us":null,"was":'),
    "options below zero": ('"lateness_us":', '"lateness_us":-'),
    "another list of zones": ('"agreed":[[0,', '"agreed":[[7,'),
    "a deadline of nobody": ('"deadlines":[', '"deadlines":[[1,2,-1,99],'),
    "a pattern that is not agreed": ('"patterns":{"timetable":', '"patterns":{"timetables":'),
    "a head that is no object": ("{", "["),
    "no version": ("keepclear watch 1", "keepclear watch 2"),
}


@pytest.mark.promise("PACKED-6")
@pytest.mark.parametrize("what", HOSTILE)
def test_a_head_that_no_watch_writes_is_refused(sound, what):
    before, after = (text.encode() for text in HOSTILE[what])
    assert before in sound
    begin = len(MAGIC) + LENGTH.size
    size = LENGTH.unpack_from(sound, len(MAGIC))[0]
    if before in sound[:begin]:
        text = sound.replace(before, after)
    else:
        head = sound[begin : begin + size].replace(before, after, 1)
        text = MAGIC + LENGTH.pack(len(head)) + head + sound[begin + size :]
    with pytest.raises(Refused):
        Watch.unpacked(text)


@pytest.mark.promise("PACKED-6")
def test_few_bytes_do_not_ask_for_many_rows(sound):
    (size,) = LENGTH.unpack_from(sound, len(MAGIC))
    columns = len(MAGIC) + LENGTH.size + size
    for count in (2**32 - 1, 2**24):
        text = sound[:columns] + count.to_bytes(4, "little") + bytes(9) + sound[columns + 13 :]
        with pytest.raises(Refused, match="column"):
            Watch.unpacked(text)
