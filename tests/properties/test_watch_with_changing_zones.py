"""A watch whose zones change says what a watch says that had all versions from the beginning, each with its window cut.

But for those who were lost already when a version began: of them it says nothing (CHANGE-9)."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import PresenceTerms
from keepclear.geo.shapes import Circle
from keepclear.ground.instants import ALWAYS, Window, parse_instant, utc_text
from keepclear.watch.lines import line_of
from keepclear.watch.watch import Watch
from tests.builders import MINUTE_US, cut
from tests.properties.test_watch_against_the_first_engine import (
    BEGIN,
    SHAPES,
    TIMED,
    batch_of,
    drive_of,
    legs,
    rows,
    terms,
)

# That silence is counted from the beginning on, as it is by the other watch.
FAR = Zone("far", Circle(-40.0, -120.0, 1_000.0), presence=PresenceTerms(silent_after_us=6 * MINUTE_US))
END = BEGIN + 150 * MINUTE_US
IDS = ["one", "two", "three"]
own_terms = terms.filter(lambda given: given.get("patterns") is not TIMED)
versions = st.tuples(st.integers(0, len(SHAPES) - 1), own_terms)
# When, which zone, and what it becomes: None ends it. The shape is always another, so that no version goes on as it was.
changes = st.lists(st.tuples(st.integers(0, 45), st.sampled_from(IDS), st.none() | versions), max_size=5)
begins = st.dictionaries(st.sampled_from(IDS), versions, max_size=3)


def steps_of(begin, given_changes):
    """The zones at the beginning, and at each instant those agreed and those ended."""
    shape_of = {zone_id: shape for zone_id, (shape, _) in begin.items()}
    first = [zone_of(zone_id, *version) for zone_id, version in begin.items()]
    steps: list = []
    for minute, zone_id, version in sorted(given_changes, key=lambda change: change[0]):
        at_us = BEGIN + minute * MINUTE_US + 7
        if (steps and steps[-1][0] == at_us) or (version is None and zone_id not in shape_of):
            continue
        if version is None:
            del shape_of[zone_id]
            steps.append((at_us, [], [zone_id]))
            continue
        shape = version[0] if version[0] != shape_of.get(zone_id) else (version[0] + 1) % len(SHAPES)
        shape_of[zone_id] = shape
        steps.append((at_us, [zone_of(zone_id, shape, version[1])], []))
    return [FAR, *first], steps


def zone_of(zone_id, shape, own):
    return Zone(zone_id, SHAPES[shape], **own)


def cut_versions(first, steps):
    """Every version as a zone of its own, called "id#number", with the window in which it is watched."""
    held = [(zone.id, zone) for zone in first]
    newest = {zone.id: place for place, zone in enumerate(first)}
    for at_us, agreed, ended in steps:
        for zone_id in [zone.id for zone in agreed] + ended:
            place = newest.pop(zone_id, None)
            if place is not None:
                _, zone = held[place]
                from_us, until_us = zone.window.from_us, zone.window.until_us
                until_us = at_us - 1 if until_us is None else min(until_us, at_us - 1)
                never = from_us is not None and from_us > until_us
                held[place] = (zone_id, None if never else replace(zone, window=Window(from_us, until_us)))
        for zone in agreed:
            from_us = max(zone.window.from_us or at_us, at_us)
            if zone.window.until_us is None or zone.window.until_us >= from_us:
                newest[zone.id] = len(held)
                held.append((zone.id, replace(zone, window=Window(from_us, zone.window.until_us))))
    return [
        replace(zone, id=f"{zone_id}#{n}", name=zone_id) for n, (zone_id, zone) in enumerate(held) if zone is not None
    ]


def run_changing(watch, whole, steps, sizes):
    lines: list[str] = []
    verdicts: list = []
    place = 0
    for at_us, agreed, ended in [*steps, (None, [], [])]:
        until = len(whole) if at_us is None else int(np.searchsorted(whole.known_at_us, at_us))
        for piece in cut(whole.take(slice(place, until)), sizes):
            events = watch.observe(piece)
            lines += map(line_of, events)
            verdicts += events.verdicts
        place = until
        if agreed:
            lines += map(line_of, watch.agree(agreed, at_us))
        if ended:
            lines += map(line_of, watch.end(ended, at_us))
    lines += map(line_of, watch.advance(END))
    return lines, verdicts, sorted(watch.states()), [(name, report.identity) for name, report in watch.newest()]


def with_plain_ids(told):
    lines, verdicts, states, newest = told
    return (
        [line if "#" not in line else plain(line) for line in lines],
        verdicts,
        sorted((who, zone.partition("#")[0], state) for who, zone, state in states),
        newest,
    )


def plain(line):
    before, _, behind = line.partition("#")
    return before + behind.lstrip("0123456789")


@pytest.mark.promise("CHANGE-6")
@settings(max_examples=30)
@given(
    begins,
    changes,
    st.lists(rows, min_size=1, max_size=30),
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.sampled_from([1, 65_536]),
)
def test_changing_zones_are_zones_with_windows(begin, given_changes, given_rows, sizes, tidying):
    compare(begin, given_changes, batch_of(given_rows), sizes, tidying)


@pytest.mark.promise("CHANGE-6")
@settings(max_examples=30)
@given(
    begins,
    changes,
    st.lists(legs, min_size=10, max_size=60),
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.sampled_from([1, 65_536]),
)
def test_vehicles_that_drive_among_changing_zones(begin, given_changes, given_legs, sizes, tidying):
    compare(begin, given_changes, drive_of(given_legs), sizes, tidying)


# Few reports, and zones that change long after: nearly everybody is lost by then.
silent_versions = versions.map(
    lambda version: (
        version[0],
        {**version[1], "window": ALWAYS, "presence": PresenceTerms(silent_after_us=6 * MINUTE_US)},
    )
)
late_changes = st.lists(
    st.tuples(st.integers(8, 45), st.sampled_from(IDS), st.none() | silent_versions), min_size=1, max_size=6
)


@pytest.mark.promise("CHANGE-9")
@settings(max_examples=30)
@given(
    st.dictionaries(st.sampled_from(IDS), silent_versions, min_size=1, max_size=3),
    late_changes,
    st.lists(rows, min_size=1, max_size=8),
)
def test_who_is_lost_among_changing_zones(begin, given_changes, given_rows):
    compare(begin, given_changes, batch_of(given_rows), [4], 65_536)


def compare(begin, given_changes, whole, sizes, tidying):
    first, steps = steps_of(begin, given_changes)
    named = [replace(zone, name=zone.id) for zone in first]
    steps = [(at_us, [replace(zone, name=zone.id) for zone in agreed], ended) for at_us, agreed, ended in steps]
    changing = Watch(named, lateness_us=30 * MINUTE_US, rows_before_tidying=tidying)
    fresh = Watch(cut_versions(named, steps), lateness_us=30 * MINUTE_US)
    said = run_changing(changing, whole, steps, sizes)
    lines, *rest = run_changing(fresh, whole, [], [len(whole)])
    begun = {at_us: {zone.id for zone in agreed} for at_us, agreed, _ in steps}
    assert said[1:] == with_plain_ids((lines, *rest))[1:]
    assert list(map(unnumbered, said[0])) == [unnumbered(plain(line)) for line in without_the_lost(lines, begun)]
    if not any(zone.presence.silent_after_us for _, agreed, _ in steps for zone in agreed):
        assert said[0] == with_plain_ids((lines, *rest))[0]


def unnumbered(line):
    """What a line says, without the numbers of events: an event that is not said has none."""
    return {name: value for name, value in json.loads(line).items() if name not in ("seq", "of")}


def without_the_lost(lines, begun):
    """The lines, without what they say of those who were lost already when a version began; `begun` has the zones by instant.

    Such a one is told of in three lines: lost no more as the version before closes, there again as the new one opens, and
    lost again at the same instant, each maybe with an alert. The first is not there where it was lost to another zone."""
    events = [json.loads(line) for line in lines]
    state: dict = {}  # of subject and version: its state, and the one before
    unsaid = set()
    for event in events:
        if event["event"] != "presence":
            continue
        who, version, at = event["subject"], event["zone"], event["at"]
        base = version.partition("#")[0]
        same = [other for other in events if other["event"] == "presence" and other["subject"] == who]
        if event["to"] == "lost" and any(at == utc_text(at_us) and base in zones for at_us, zones in begun.items()):
            opening = [
                other for other in same if other["zone"] == version and other["at"] == at and other["to"] != "lost"
            ]
            closing = [
                other for other in same if other["cause"] == "window_closed" and other["seq"] < event["seq"]
                and other["zone"] != version and other["zone"].partition("#")[0] == base and state[who, other["zone"]][2] == utc_text(microseconds(at) - 1)
            ]  # fmt: skip
            was_lost = [other for other in closing if other["from"] == "lost"]
            elsewhere = any(
                before == "lost" if since == utc_text(microseconds(at) - 1) and cause == "window_closed" else now == "lost"
                for (subject, zone), (now, before, since, cause, _) in state.items() if subject == who and zone != version and since < at
            )  # fmt: skip
            if was_lost:
                repeats = state[who, was_lost[-1]["zone"]][4] == event["from"]
            else:
                repeats = elsewhere and event["from"] == "clear" and not closing
            if repeats:
                unsaid |= {other["seq"] for other in [event, *opening, *was_lost]}
        _, _before, _, _, held = state.get((who, version), ("clear", "clear", "", "", "clear"))
        held = event["from"] if event["to"] == "lost" else held
        state[who, version] = event["to"], event["from"], at, event["cause"], held
    return [
        line for line, event in zip(lines, events, strict=True) if event["seq"] not in unsaid and event.get("of") not in unsaid
    ] if unsaid else lines  # fmt: skip


def microseconds(text):
    return parse_instant(text).us
