"""Patterns however the input is cut and whatever comes late; massing and circling against models of the words of the spec."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.agreements.pattern_terms import (
    CirclingTerms,
    ClosingTerms,
    Expected,
    MannedTerms,
    MassingTerms,
    PatrolTerms,
    PatternTerms,
)
from keepclear.agreements.terms import PresenceTerms
from keepclear.geo import earth
from keepclear.ground.instants import Window
from keepclear.ground.quantities import CountRange
from keepclear.tracks.observations import Attribution, Claim
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, MINUTE_US, at, cut, kestrel, reports, told

BEGIN = at("10:00")
MOVEMENTS = PatternTerms(
    MassingTerms(2, 10 * MINUTE_US),
    CirclingTerms(150.0, 15 * MINUTE_US, 10_000_000),
    PatrolTerms(6 * MINUTE_US, 3_000_000, 10_000_000),
    ClosingTerms(2, 1_000_000, 8 * MINUTE_US, 20_000_000),
)
EVERYTHING = PatternTerms(
    MOVEMENTS.massing, MOVEMENTS.circling, MOVEMENTS.patrol, MOVEMENTS.closing,
    6 * MINUTE_US, (Expected("Bravo 1", 4 * MINUTE_US),), MannedTerms(1, ("Alpha",), 3 * MINUTE_US),
)  # fmt: skip

kilometres = st.sampled_from([5.0, 9.9, 10.05, 10.9, 12.0, 13.0, 14.0, 18.0, 40.0])
counts = st.sampled_from([None, (1, 2), (2, 2), (4, 6), (5, None)])
parties = st.sampled_from([None, "Alpha", "Bravo"])
moves = st.tuples(
    st.integers(0, 2), kilometres, st.sampled_from([0, 20, 40, 60, -40]), st.sampled_from([10.0, 10.0, 400.0]), counts, parties
)  # fmt: skip
histories = st.lists(moves, min_size=5, max_size=40)
delays = st.lists(st.integers(0, 5), min_size=40, max_size=40)
windows = st.sampled_from([Window(), Window(BEGIN + 4 * MINUTE_US, BEGIN + 30 * MINUTE_US)])


def rows_of(moves, parties=True, apart_us=MINUTE_US):
    """A report a minute, or so often; each subject goes on from the direction in which it last was."""
    rows: list[dict[str, Any]] = []
    bearing: Counter[int] = Counter()
    for i, (who, km, turn, error_m, count, party) in enumerate(moves):
        bearing[who] += turn
        lat, lon = earth.step_along(*CENTRE, float(bearing[who] % 360), km * 1000)
        claim = Claim(
            None if count is None else CountRange(count[0], count[1], ""),
            Attribution(party, "Meridian") if party and parties else None,
        )
        rows.append(
            {"subject": f"Bravo {who}", "seen": BEGIN + i * apart_us, "lat": float(lat), "lon": float(lon),
             "error_m": error_m, "claim": claim, "source": f"post {i % 2}", "km": km, "bearing": bearing[who]}
        )  # fmt: skip
    return rows


def batch_of(rows):
    return reports(*({name: value for name, value in row.items() if name not in {"km", "bearing"}} for row in rows))


def late(rows, delays):
    held_back = [row | {"known": row["seen"] + delay * MINUTE_US} for row, delay in zip(rows, delays, strict=False)]
    return sorted(held_back, key=lambda row: row["known"])


@pytest.mark.promise("PATTERN-14")
@given(histories, delays, windows, st.lists(st.integers(1, 9), min_size=1, max_size=5))
@settings(max_examples=40)
def test_cutting_the_reports_into_other_batches_changes_no_byte(moves, delays, window, sizes):
    zone = kestrel(
        10.0,
        patterns=EVERYTHING,
        window=window,
        presence=PresenceTerms(silent_after_us=5 * MINUTE_US),
        band_mm=2_000_000,
    )
    whole, end = batch_of(late(rows_of(moves), delays)), BEGIN + 90 * MINUTE_US
    assert told(Watch([zone]), [whole], end) == told(Watch([zone]), cut(whole, sizes), end)


def standing(watch, batch):
    """How often each pattern of each subject has been told and not been taken back."""
    found: Counter[tuple[str, str]] = Counter()
    for alert in watch.observe(batch).alerts:
        if alert.key in {"massing", "circling", "patrol", "closing"}:
            found[alert.key, alert.subject] += 1
        elif alert.key == "no_longer_follows":
            found[str(alert.params["pattern"]), alert.subject] -= 1
    return +found


@pytest.mark.promise("PATTERN-3")
@given(histories, delays, windows, st.sampled_from([MINUTE_US, MINUTE_US, MINUTE_US // 40]))
@settings(max_examples=120)
def test_whatever_comes_late_within_the_bound_the_same_patterns_stand_at_the_end(moves, delays, window, apart_us):
    zone = kestrel(10.0, patterns=MOVEMENTS, window=window)
    rows = rows_of(moves, parties=False, apart_us=apart_us)
    punctual = standing(Watch([zone], lateness_us=5 * MINUTE_US), batch_of(rows))
    assert standing(Watch([zone], lateness_us=5 * MINUTE_US), batch_of(late(rows, delays))) == punctual


def model_massing(rows, rise, within_us):
    """The instants at which massing is told, from the words of the spec, looking at everything every time."""

    def counted(subject, instant_us):
        own = [row for row in rows if row["subject"] == subject and row["seen"] <= instant_us]
        if not own or own[-1]["seen"] <= instant_us - 2 * within_us:
            return 0, 0
        last = own[-1]
        doubt_km = 3 * last["error_m"] / 1000
        if last["km"] - doubt_km > 10.0:
            return 0, 0
        by_source = {
            row["source"]: row["claim"].count
            for row in own
            if row["claim"].count
            and last["seen"] - row["seen"] < within_us
            and row["km"] - 3 * row["error_m"] / 1000 <= 10.0
        }
        low = min((count.low for count in by_source.values()), default=1)
        high = max((math.inf if count.high is None else count.high for count in by_source.values()), default=1)
        certain = last["km"] + doubt_km <= 10.0 and last["seen"] > instant_us - within_us
        return (low if certain else 0), high

    def picture(instant_us):
        each = [counted(subject, instant_us) for subject in {row["subject"] for row in rows}]
        return sum(low for low, _ in each), sum(high for _, high in each)

    there = [row["seen"] for row in rows if row["km"] - 3 * row["error_m"] / 1000 <= 10.0]
    told_at: list[int] = []
    if not there:
        return told_at
    floor_us = there[0] + within_us
    for instant_us in sorted({row["seen"] for row in rows}):
        since_us = max(instant_us - within_us, floor_us)
        before = [picture(moment)[1] for moment in range(since_us, instant_us, MINUTE_US)]
        if before and picture(instant_us)[0] - min(before) >= rise:
            told_at.append(instant_us)
            floor_us = instant_us
    return told_at


@pytest.mark.promise("PATTERN-5", "PATTERN-6")
@given(histories)
@settings(max_examples=60)
def test_massing_is_what_the_words_of_the_spec_say(moves):
    rows = rows_of(moves, parties=False)
    watch = Watch([kestrel(10.0, patterns=PatternTerms(MassingTerms(2, 7 * MINUTE_US)))])
    said = [alert.params["seen_at_us"] for alert in watch.observe(batch_of(rows)).alerts if alert.key == "massing"]
    assert said == model_massing(rows, 2, 7 * MINUTE_US)


def model_circling(rows, sweep_deg, within_us):
    """The instants at which circling is told of one subject, from the words of the spec."""
    told_at, begin = [], 0
    for last, end in enumerate(rows):
        if not 10.0 - 3 * end["error_m"] / 1000 <= end["km"] <= 20.0:
            continue
        for first in range(last - 1, begin - 1, -1):
            stretch = rows[first : last + 1]
            if any(not 10.0 - 3 * row["error_m"] / 1000 <= row["km"] <= 20.0 for row in stretch):
                break
            doubts = [math.degrees(math.atan2(3 * row["error_m"] / 1000, row["km"])) for row in stretch]
            steps = [b["bearing"] - a["bearing"] for a, b in pairwise(stretch)]
            unsure = any(
                abs(step) + math.hypot(a, b) > 120 for step, a, b in zip(steps, doubts, doubts[1:], strict=False)
            )
            if unsure or end["seen"] - stretch[0]["seen"] > within_us:
                break
            if abs(sum(steps)) - math.hypot(doubts[0], doubts[-1]) >= sweep_deg:
                told_at.append(end["seen"])
                begin = last
                break
    return told_at


@pytest.mark.promise("PATTERN-7")
@given(
    st.lists(
        st.tuples(
            st.just(1), st.sampled_from([11.0, 12.0, 13.0, 18.0, 9.0]), st.sampled_from([30, 40, 50, 60, 100, -40]),
            st.sampled_from([10.0, 10.0, 10.0, 400.0]), st.none(), st.none(),
        ),
        min_size=5, max_size=30,
    )
)  # fmt: skip
@settings(max_examples=60)
def test_circling_is_what_the_words_of_the_spec_say(moves):
    rows = rows_of(moves)
    watch = Watch([kestrel(10.0, patterns=PatternTerms(circling=CirclingTerms(155.0, 15 * MINUTE_US)))])
    said = [alert.params["seen_at_us"] for alert in watch.observe(batch_of(rows)).alerts if alert.key == "circling"]
    assert said == model_circling(rows, 155.0, 15 * MINUTE_US)
