"""The watch in columns says, to the byte, what the first engine said: an object for every report, every shape asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.agreements.atlas import Zone
from keepclear.agreements.pattern_terms import (
    NO_PATTERNS,
    CirclingTerms,
    ClosingTerms,
    Expected,
    MannedTerms,
    MassingTerms,
    PatternTerms,
)
from keepclear.agreements.terms import Entry, Notice, PresenceTerms
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector, Shape
from keepclear.geo.volumes import HeightBand
from keepclear.ground.instants import ALWAYS, Window
from keepclear.ground.quantities import CountRange
from keepclear.render.records import line_of
from keepclear.tracks.builder import BatchBuilder
from keepclear.tracks.observations import Attribution, Claim
from keepclear.tracks.picture import REPORTS_HELD_MAX
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, MINUTE_US, at, cut
from tests.first_engine.watch import Watch as FirstWatch

LAT, LON = CENTRE
BEGIN = at("10:00")
SQUARE = (
    (LAT - 0.1, LON - 0.1),
    (LAT - 0.1, LON + 0.12),
    (LAT + 0.1, LON + 0.1),
    (LAT + 0.09, LON - 0.1),
    (LAT - 0.1, LON - 0.1),
)
SHAPES = [
    Circle(LAT, LON, 10_000.0),
    Circle(LAT + 0.05, LON, 6_000.0),
    Polygon(((SQUARE,),)),
    Polygon(((SQUARE,),), "lonlat"),
    Corridor(((LAT - 0.2, LON), (LAT + 0.2, LON + 0.1)), 2_000.0),
    Sector(LAT, LON, 14_000.0, 300.0, 80.0, 3_000.0),
]
CLAIMS = [
    Claim(),
    Claim(attribution=Attribution("Alpha", "Meridian", 0.9)),
    Claim(attribution=Attribution("Alpha", "Meridian", 0.5)),
    Claim(attribution=Attribution("Bravo", "Alpha", None), count=CountRange(3, 5, "3-5"), grading="B2"),
    Claim(exercise=True),
]
MOVEMENTS = PatternTerms(
    massing=MassingTerms(2, 10 * MINUTE_US, "band"),
    circling=CirclingTerms(90.0, 20 * MINUTE_US),
    closing=ClosingTerms(2, 1_000_000, 10 * MINUTE_US),
)
TIMED = PatternTerms(
    observed_every_us=4 * MINUTE_US,
    expected=(Expected("Kite", 5 * MINUTE_US),),
    manned=MannedTerms(1, ("Alpha", "Bravo 1"), 3 * MINUTE_US),
)
minutes = st.integers(0, 40).map(lambda minute: BEGIN + minute * MINUTE_US)
presence = st.builds(
    lambda n, short, margin, hold, silent: PresenceTerms(max(1, n - short), n, margin * 1_000_000, hold * MINUTE_US, silent),
    n=st.sampled_from([1, 1, 1, 2, 3]), short=st.integers(0, 2), margin=st.sampled_from([0, 0, 1]),
    hold=st.sampled_from([0, 0, 3]), silent=st.sampled_from([None, None, None, 6 * MINUTE_US]),
)  # fmt: skip
notices = st.none() | st.tuples(minutes, st.integers(1, 20)).map(
    lambda given: (Notice(Window(given[0], given[0] + given[1] * MINUTE_US), "HA-1"),)
)
terms = st.fixed_dictionaries(
    {},
    optional={
        "band_mm": st.sampled_from([0, 2_000_000, 5_000_000]),
        "height": st.sampled_from([None, HeightBand(None, 900_000, "W84"), HeightBand(100_000, None, "AGL")]),
        "window": st.just(ALWAYS)
        | st.tuples(minutes, st.integers(1, 20)).map(lambda given: Window(given[0], given[0] + given[1] * MINUTE_US)),
        "presence": presence,
        "may_enter": st.tuples(
            st.builds(Entry, st.sampled_from(["Alpha", "Bravo"]), st.sampled_from(["inside", "band"]), notices)
        ),
        "dwell_us": st.sampled_from([None, 4 * MINUTE_US]),
        "approach_us": st.sampled_from([None, None, 8 * MINUTE_US]),
        "patterns": st.sampled_from([NO_PATTERNS, NO_PATTERNS, MOVEMENTS, TIMED]),
    },
)


def zones_of(given: list[tuple[Shape, dict[str, Any]]]) -> list[Zone]:
    return [Zone(f"zone {i}", shape, **own) for i, (shape, own) in enumerate(given)]


atlases = st.lists(st.tuples(st.sampled_from(SHAPES), terms), min_size=1, max_size=4).map(zones_of)
rows = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(["Bravo 1", "Bravo 2", "Kite"]),
        "step": st.sampled_from([0, 1, 1, 1, 1, 2, 5]),
        "delay": st.sampled_from([0, 0, 0, 0, 0, 1, 6, 25]),
        "north_km": st.floats(-20.0, 20.0) | st.sampled_from([0.0, 9.99, 10.0, 10.01, 60.0]),
        "east_km": st.sampled_from([0.0, 0.0, 3.0, 11.0]),
    },
    optional={
        "error_m": st.sampled_from([0.0, 10.0, 400.0, 1_500.0]),
        "height_m": st.sampled_from([50.0, 500.0, 880.0, 2_000.0]),
        "datum": st.sampled_from(["W84", "MSL", "AGL"]),
        "speed_mps": st.sampled_from([0.0, 15.0, 200.0]),
        "course_deg": st.sampled_from([0.0, 90.0, 180.0]),
        "claim": st.sampled_from(CLAIMS),
        "area": st.sampled_from([Circle(LAT, LON + 0.05, 9_000.0), Circle(LAT + 0.15, LON, 2_000.0)]),
        "source": st.sampled_from(["radar", "patrol"]),
        "twice": st.sampled_from([0, 1, 8, 40]),
    },
)


def batch_of(given_rows):
    builder, seen_at_us = BatchBuilder(), BEGIN
    reports = []
    for row in given_rows:
        fields = dict(row)
        seen_at_us += fields.pop("step") * MINUTE_US // 2
        known_at_us = seen_at_us + fields.pop("delay") * MINUTE_US
        lat, lon = LAT + fields.pop("north_km") / 110.9, LON + fields.pop("east_km") / 92.9
        told_after = {0, fields.pop("twice", 0)}
        for minutes_after in sorted(told_after):
            known_us = known_at_us + minutes_after * MINUTE_US
            reports.append({"lat": lat, "lon": lon, "seen_at_us": seen_at_us, "known_at_us": known_us, **fields})
    for report in sorted(reports, key=lambda report: report["known_at_us"]):
        builder.add(**report)
    return builder.build()


def run(watch, batches):
    names = {zone.id: zone.label for zone in watch.atlas}
    lines, verdicts = [], []
    for batch in batches:
        events = watch.observe(batch)
        lines += [line_of(event, names[event.zone]) for event in events]
        verdicts += events.verdicts
    lines += [line_of(event, names[event.zone]) for event in watch.advance(BEGIN + 120 * MINUTE_US)]
    newest = [(name, report.identity, report.at_us, report.claim, report.source) for name, report in watch.newest()]
    return lines, verdicts, sorted(watch.states()), newest


@pytest.mark.promise("ORDER-4")
@given(
    atlases,
    st.lists(rows, min_size=1, max_size=40),
    st.lists(st.integers(1, 12), min_size=1, max_size=5),
    st.sampled_from([3, 20, 60]),
    st.sampled_from([1, 10, 65_536]),
)
def test_the_watch_in_columns_says_what_the_first_engine_says(zones, given_rows, sizes, lateness, tidying):
    whole = batch_of(given_rows)
    first = FirstWatch(zones, lateness_us=lateness * MINUTE_US)
    watch = Watch(zones, lateness_us=lateness * MINUTE_US, rows_before_tidying=tidying)
    assert run(watch, cut(whole, sizes)) == run(first, [whole])


# Subjects that move as vehicles do, most of them plain: here nearly all reports are compiled steps.
DRIVEN_TERMS = st.fixed_dictionaries(
    {},
    optional={
        "band_mm": st.sampled_from([0, 2_000_000]),
        "window": st.just(ALWAYS) | st.tuples(minutes, st.integers(1, 90)).map(lambda given: Window(given[0], given[0] + given[1] * MINUTE_US)),
        "presence": st.builds(
            lambda n, short, margin, hold, silent: PresenceTerms(max(1, n - short), n, margin, hold * MINUTE_US, silent),
            n=st.sampled_from([1, 1, 3]), short=st.integers(0, 2), margin=st.sampled_from([0, 500_000]),
            hold=st.sampled_from([0, 0, 3]), silent=st.sampled_from([None] * 6 + [40 * MINUTE_US]),
        ),
        "may_enter": st.tuples(st.builds(Entry, st.just("Alpha"), st.just("inside"), notices)),
        "dwell_us": st.sampled_from([None, 4 * MINUTE_US]),
        "patterns": st.sampled_from([NO_PATTERNS] * 6 + [MOVEMENTS]),
    },
)  # fmt: skip
driven_zones = st.lists(st.tuples(st.sampled_from(SHAPES), DRIVEN_TERMS), min_size=1, max_size=5).map(zones_of)
legs = st.tuples(
    st.integers(0, 3),
    st.sampled_from([5, 20, 20, 60, 60, 300, 4_000]),
    st.sampled_from([-3.0, -1.0, -0.3, 0.0, 0.0, 0.01, 0.3, 1.0, 3.0]),
    st.sampled_from([None] * 12 + [1, 3]),
    st.sampled_from([None, None, 10.0, 30.0, 600.0]),
)


def drive_of(given_legs):
    """Four vehicles on meridians beside each other, each a leg on from where it was, never faster than 200 m/s."""
    builder, seconds, north_km = BatchBuilder(), 0, [-14.0, -9.0, 0.0, 12.0]
    for who, step_s, way_km, claim, error_m in given_legs:
        seconds += step_s
        north_km[who] += max(-0.2 * step_s, min(0.2 * step_s, way_km))
        builder.add(
            subject=f"Truck {who}", seen_at_us=BEGIN + seconds * 1_000_000, lat=LAT + north_km[who] / 110.9, lon=LON + 0.01 * who,
            error_m=error_m, claim=CLAIMS[claim] if claim else CLAIMS[0],
        )  # fmt: skip
    return builder.build()


@given(
    driven_zones,
    st.lists(legs, min_size=10, max_size=80),
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.sampled_from([1, 1, 1, 65_536]),
    st.sampled_from([3, 60]),
)
def test_vehicles_that_drive_are_told_of_as_by_the_first_engine(zones, given_legs, sizes, tidying, lateness):
    whole = drive_of(given_legs)
    first = FirstWatch(zones, lateness_us=lateness * MINUTE_US)
    watch = Watch(zones, lateness_us=lateness * MINUTE_US, rows_before_tidying=tidying)
    assert run(watch, cut(whole, sizes)) == run(first, [whole])


def test_what_is_known_already_is_judged_as_by_the_first_engine():
    """Told twice, or too late: by the lateness bound, by what was let go of, and by how many reports are held."""
    builder, seconds = BatchBuilder(), REPORTS_HELD_MAX + 100
    seen = [*range(seconds), *range(0, seconds, 7), 99, 100, 101, seconds - 1, seconds - 1]
    for turn, second in enumerate(seen):
        builder.add(
            subject="Bravo 1", seen_at_us=BEGIN + second * 1_000_000, known_at_us=BEGIN + max(second, min(turn, seconds)) * 1_000_000,
            lat=LAT, lon=LON + 1e-5 * second, error_m=10.0 if turn % 5 == 3 else None, claim=CLAIMS[turn % 2 if turn % 11 == 0 else 0],
        )  # fmt: skip
    whole = builder.build()
    for lateness_us in (2 * MINUTE_US, 240 * MINUTE_US):
        told = run(Watch(zones_of([(SHAPES[0], {})]), lateness_us=lateness_us), cut(whole, [1_000, 17]))
        assert told == run(FirstWatch(zones_of([(SHAPES[0], {})]), lateness_us=lateness_us), [whole])
        assert {"newest", "duplicate", "too_late"} <= set(told[1])
