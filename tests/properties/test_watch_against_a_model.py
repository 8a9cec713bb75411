"""The watch against a slow model that knows only the words of docs/spec, and against itself cut and shuffled."""

from __future__ import annotations

import math
import re

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import ncx2

from keepclear.agreements.terms import PresenceTerms
from keepclear.ground.instants import Window
from keepclear.watch.events import Presence
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, MINUTE_US, at, cut, kestrel, north, reports, told

RADIUS_KM = 10.0
BEGIN = at("10:00")

terms = st.builds(
    lambda n, short, margin, hold: PresenceTerms(max(1, n - short), n, margin * 1_000_000, hold * MINUTE_US),
    n=st.integers(1, 4), short=st.integers(0, 3), margin=st.sampled_from([0, 1, 3]), hold=st.sampled_from([0, 2, 5]),
)  # fmt: skip
kilometres = st.floats(4.0, 18.0).map(lambda km: round(km, 2)) | st.sampled_from([9.9, 10.1, 12.0, 14.9, 15.1, 30.0])
errors = st.none() | st.sampled_from([0.0, 10.0, 400.0, 3000.0])
sightings = st.lists(st.tuples(st.integers(0, 2), kilometres, errors), min_size=1, max_size=25)


def history(rows):
    """Reports of up to three subjects, a minute apart."""
    return [
        {"subject": f"Bravo {who}", "km": km, "error_m": error_m, "seen": BEGIN + i * MINUTE_US}
        for i, (who, km, error_m) in enumerate(rows)
    ]


def model_evidence(row, band_km):
    """0 out, 1 near, 2 in, and metres to the edge, straight from docs/spec/evidence.md with other people's formulas."""
    lat = round(north(row["km"]) * 1e7) / 1e7
    edge_m = Geodesic.WGS84.Inverse(*CENTRE, lat, CENTRE[1])["s12"] - RADIUS_KM * 1000
    edge_m = round(edge_m, 3)
    if edge_m <= 0.01:
        return 2, edge_m
    sigma_m = row["error_m"]
    p_inside = (
        ncx2.cdf((RADIUS_KM * 1000 / sigma_m) ** 2, 2, ((edge_m + RADIUS_KM * 1000) / sigma_m) ** 2) if sigma_m else 0.0
    )
    return int((band_km > 0 and edge_m <= band_km * 1000) or round(p_inside, 4) >= 0.05), edge_m


def model_states(rows, terms, band_km):
    """The state after each report of one subject: the words of docs/spec/presence.md, looking back over everything."""
    states, evidences, supports = [0], [], []
    rose_at = 0
    for i, row in enumerate(rows):
        evidence, edge_m = model_evidence(row, band_km)
        evidences.append(evidence)
        margin_m = terms.margin_mm / 1000
        if evidence == 2 or (margin_m and edge_m <= margin_m):
            supports.append(2)
        elif evidence == 1 or (band_km and edge_m <= band_km * 1000 + margin_m):
            supports.append(1)
        else:
            supports.append(0)
        state = states[-1]
        recent = evidences[-terms.n :]
        rise = [r for r in (2, 1) if state < r <= evidence and sum(e >= r for e in recent) >= terms.m]
        if rise:
            states.append(rise[0])
            rose_at = i + 1
            continue
        for lower in range(state):
            run = i
            while run > rose_at and supports[run - 1] <= lower:
                run -= 1
            if supports[i] <= lower and rose_at <= i and row["seen"] - rows[run]["seen"] >= terms.hold_us:
                state = lower
                break
        states.append(state)
    return states[1:]


@pytest.mark.promise("PRESENCE-2", "PRESENCE-3")
@given(sightings, terms, st.sampled_from([0, 5]))
def test_presence_is_what_the_words_of_the_spec_say(rows, terms, band_km):
    given_rows = history(rows)
    watch = Watch([kestrel(RADIUS_KM, presence=terms, band_mm=band_km * 1_000_000)])
    said = watch.observe(reports(*given_rows)).presence
    names = ["clear", "close", "inside"]
    for subject in {row["subject"] for row in given_rows}:
        own = [row for row in given_rows if row["subject"] == subject]
        expected, before = [], 0
        for row, state in zip(own, model_states(own, terms, band_km), strict=True):
            if state != before:
                expected.append((row["seen"], names[before], names[state]))
            before = state
        assert [(p.seen_at_us, str(p.was), str(p.now)) for p in said if p.subject == subject] == expected


windows = st.sampled_from(
    [Window(), Window(BEGIN + 5 * MINUTE_US, BEGIN + 12 * MINUTE_US), Window(None, BEGIN + 8 * MINUTE_US)]
)
delays = st.lists(st.integers(0, 20), min_size=25, max_size=25)


def delayed(rows, delays):
    """The same history, each report known some minutes after it was seen, in the order known."""
    late = [row | {"known": row["seen"] + delay * MINUTE_US} for row, delay in zip(history(rows), delays, strict=False)]
    return sorted(late, key=lambda row: row["known"])


def zone_of(terms, window, silent_after_us=7 * MINUTE_US):
    return kestrel(
        RADIUS_KM, presence=PresenceTerms(terms.m, terms.n, terms.margin_mm, terms.hold_us, silent_after_us), window=window,
        band_mm=3_000_000, dwell_us=4 * MINUTE_US, approach_us=10 * MINUTE_US,
    )  # fmt: skip


@pytest.mark.promise("ORDER-4")
@given(sightings, delays, terms, windows, st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_cutting_the_reports_into_other_batches_changes_no_byte(rows, delays, terms, window, sizes):
    whole = reports(*delayed(rows, delays))
    end = BEGIN + 90 * MINUTE_US
    assert told(Watch([zone_of(terms, window)]), [whole], end) == told(
        Watch([zone_of(terms, window)]), cut(whole, sizes), end
    )


def without_citations(lines):
    """The lines, without what an added change is cited to come after: that may be forgotten."""
    return [
        re.sub(r'"of":\d+|"of":null|corrects (event \d+|the silence before)', "", line) if '"added"' in line else line
        for line in lines
    ]


@given(sightings, st.lists(st.integers(0, 5), min_size=25, max_size=25), terms, windows)
@example(
    [(0, 4.0, None)] * 2
    + [(1, 4.0, None), (1, 13.0, None)]
    + [(0, 4.0, None)] * 3
    + [(1, 4.0, None), (0, 4.0, None), (1, 4.0, None)],
    [0] * 7 + [3] + [0] * 17,
    PresenceTerms(2, 3),
    Window(None, BEGIN + 8 * MINUTE_US),
)
def test_forgetting_what_no_late_report_can_reach_changes_no_byte(rows, delays, terms, window):
    batch, end = reports(*delayed(rows, delays)), BEGIN + 90 * MINUTE_US
    forgetful = Watch([zone_of(terms, window)], lateness_us=5 * MINUTE_US)
    assert without_citations(told(forgetful, [batch], end)) == without_citations(
        told(Watch([zone_of(terms, window)]), [batch], end)
    )


@pytest.mark.promise("ORDER-5")
@given(sightings, delays, terms, windows)
def test_reports_that_come_late_within_the_bound_lead_to_the_same_final_picture(rows, delays, terms, window):
    end = BEGIN + 90 * MINUTE_US
    punctual, late = Watch([zone_of(terms, window, None)]), Watch([zone_of(terms, window, None)])
    told(punctual, [reports(*history(rows))], end)
    told(late, [reports(*delayed(rows, delays))], end)
    assert sorted(punctual.states()) == sorted(late.states())
    assert sorted((name, report.identity) for name, report in punctual.newest()) == sorted(
        (name, report.identity) for name, report in late.newest()
    )


@given(sightings, delays, terms, windows)
def test_every_change_begins_where_the_last_one_ended_and_every_correction_cites_an_earlier_event(
    rows, delays, terms, window
):
    watch = Watch([zone_of(terms, window)])
    events = [*watch.observe(reports(*delayed(rows, delays))), *watch.advance(BEGIN + 90 * MINUTE_US)]
    state: dict[str, str] = {}
    for number, event in enumerate(events, start=1):
        assert event.seq == number
        if isinstance(event, Presence):
            assert event.was == state.get(event.subject, "clear")
            state[event.subject] = str(event.now)
        else:
            assert event.of is None or event.of < event.seq
    assert {subject: now for subject, now in state.items() if now != "clear"} == {
        subject: str(now) for subject, _, now in watch.states()
    }


@given(st.floats(1.0, 20_000.0), st.floats(10.0, 20_000.0), st.floats(-1.0, 3.0))
def test_the_probability_of_a_circle_is_that_of_the_noncentral_chi_square(radius_m, sigma_m, out):
    from keepclear.geo.shapes import Circle

    apart_m = max(0.0, radius_m + out * sigma_m)
    found = Circle(*CENTRE, radius_m).gaussian_inside(north(0), CENTRE[1], sigma_m, apart_m - radius_m)
    assert math.isclose(found, float(ncx2.cdf((radius_m / sigma_m) ** 2, 2, (apart_m / sigma_m) ** 2)), abs_tol=2e-5)


@given(st.floats(-89.0, 89.0), st.floats(-180.0, 180.0), st.floats(100.0, 200_000.0))
def test_the_circle_round_a_small_polygon_is_little_larger_than_the_polygon(lat, lon, size_m):
    from keepclear.geo import earth
    from keepclear.geo.shapes import Polygon

    ring_lat, ring_lon = earth.step_along(lat, lon, [0.0, 270.0, 180.0, 90.0], size_m)
    ring = [(float(a), float(o)) for a, o in zip(ring_lat, earth.wrapped_lon(ring_lon), strict=True)]
    centre_lat, centre_lon, radius_m = Polygon((((*ring, ring[0]),),)).around()
    assert radius_m < 1.01 * size_m + 2.0
    assert earth.distance_m(centre_lat, centre_lon, lat, lon) < 0.01 * size_m + 2.0
