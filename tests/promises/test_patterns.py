"""docs/spec/patterns.md: what single positions do not show. For each pattern what makes it, and what only nearly does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from keepclear.agreements.pattern_terms import (
    CirclingTerms,
    ClosingTerms,
    Expected,
    MannedTerms,
    MassingTerms,
    PatrolTerms,
    PatternTerms,
)
from keepclear.agreements.terms import Entry, PresenceTerms
from keepclear.feeds.zones import load_zones
from keepclear.geo import earth
from keepclear.geo.shapes import Circle
from keepclear.ground.instants import Window
from keepclear.ground.quantities import CountRange
from keepclear.tracks.observations import Attribution, Claim
from keepclear.watch.events import Alert
from keepclear.watch.patterns.massing import Massing
from keepclear.watch.patterns.trail import PARTS
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, MINUTE_US, at, kestrel, reports, told

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "patterns.md"
HOUR_US = 60 * MINUTE_US
KEYS = {
    "massing", "circling", "patrol", "closing", "unobserved", "observed_again", "unheard", "heard_again", "unmanned",
    "manned_again", "no_longer_follows",
}  # fmt: skip


def place(km: float, bearing_deg: float) -> dict[str, float]:
    """A place so far from the centre of Kestrel Pass, in that direction."""
    lat, lon = earth.step_along(*CENTRE, bearing_deg, km * 1000)
    return {"lat": float(lat), "lon": float(lon)}


def row(subject: str, minute: float, km: float, bearing_deg: float = 0.0, **given: Any) -> dict[str, Any]:
    """A report so many minutes after 10:00, with an error of 30 m unless another is given."""
    seen = at("10:00") + round(minute * MINUTE_US)
    return {"subject": subject, "seen": seen, "error_m": 30.0, **place(km, bearing_deg), **given}


def counted(low: int, high: int | None) -> Claim:
    return Claim(CountRange(low, high, f"{low} to {high}"))


def watching(patterns: PatternTerms, **terms: Any) -> Watch:
    return Watch([kestrel(10.0, patterns=patterns, **terms)])


def alerts(watch: Watch, *rows: dict[str, Any], until: float | None = None) -> list[Alert]:
    """The alerts of patterns that these reports and the time up to this minute lead to."""
    said = list(watch.observe(reports(*rows)).alerts) if rows else []
    if until is not None:
        said += watch.advance(at("10:00") + round(until * MINUTE_US)).alerts
    return [alert for alert in said if alert.key in KEYS]


def keys(*args: Any, **kwargs: Any) -> list[str]:
    return [alert.key for alert in alerts(*args, **kwargs)]


def minute_of(at_us: object) -> float:
    return (int(str(at_us)) - at("10:00")) / MINUTE_US


# --- terms ---


@pytest.mark.promise("PATTERN-1")
def test_the_example_of_the_page_is_read_as_its_table_says():
    block = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    (zone,) = load_zones(block[1].encode()).zones
    assert zone.patterns == PatternTerms(
        MassingTerms(20, 6 * HOUR_US, "band"),
        CirclingTerms(),
        PatrolTerms(2 * HOUR_US, 15_000_000, 8_000_000),
        ClosingTerms(),
        30 * MINUTE_US,
        (Expected("Alpha post 2", HOUR_US),),
        MannedTerms(2, ("Alpha", "Northlight"), 15 * MINUTE_US),
    )


@pytest.mark.promise("PATTERN-1")
def test_a_zone_without_the_term_is_never_judged():
    rows = [row(f"Bravo {i % 12}", i, 12 - (i % 12) / 2, i * 40) for i in range(400)]
    assert keys(Watch([kestrel(10.0, band_mm=5_000_000)]), *rows, until=2_000) == []


@pytest.mark.promise("PATTERN-1")
def test_the_defaults_are_those_of_the_page():
    page = PAGE.read_text(encoding="utf-8")
    for member, default in re.findall(r"^\| `(\w+\.\w+)` \|[^|]*\| ([^|]+) \|", page, re.MULTILINE):
        name, _, field = member.partition(".")
        entered = {} if default == "none" else {field: json.loads(f'"{default}"' if not default.isdigit() else default)}
        assert _with({name: entered}) == _with({name: {}}), member


def _with(patterns: dict[str, Any]) -> PatternTerms:
    feature = {
        "type": "Feature", "id": "kestrel", "geometry": {"type": "Point", "coordinates": [8.5, 46.5]},
        "properties": {"radius": "12 km", "patterns": patterns},
    }  # fmt: skip
    return load_zones(json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()).zones[0].patterns


# --- massing ---

MASSING = PatternTerms(massing=MassingTerms(3, 2 * HOUR_US))
# Somebody has been reported there for a whole span, so that the pictures before the arrivals count.
SETTLED = [row("Post", minute, 1.0) for minute in range(0, 121, 20)]


def arriving(names: str, minute: float, **given: Any) -> list[dict[str, Any]]:
    """Each is first seen 30 km out, then inside, a minute after the other."""
    outside = [row(name, minute - 30 + i, 40.0, 10.0 * i) for i, name in enumerate(names.split())]
    return outside + [row(name, minute + i, 5.0, 10.0 * i, **given) for i, name in enumerate(names.split())]


@pytest.mark.promise("PATTERN-5")
def test_three_more_than_before_are_massing_and_the_alert_says_since_when_and_who():
    (alert,) = alerts(watching(MASSING), *SETTLED, *arriving("B1 B2 B3", 140, source="Meridian"))
    assert (alert.key, alert.subject, alert.urgency) == ("massing", "", "soon")
    assert alert.params | {"since_at_us": 0} == {
        "zone_name": "Kestrel Pass", "since_at_us": 0, "seen_at_us": at("10:00") + 142 * MINUTE_US,
        "rise_min": 3, "before_max": 1, "now_min": 4, "where": "inside", "subject_count": 4, "arrived_count": 3,
        "arrived": "B1, B2, B3", "parties": "", "unattributed_count": 4, "sources": "Meridian",
    }  # fmt: skip
    assert 120 <= minute_of(alert.params["since_at_us"]) < 140


@pytest.mark.promise("PATTERN-5")
@pytest.mark.parametrize(
    "rows",
    [
        arriving("B1 B2", 140),
        [*arriving("B1 B2 B3", 140)[:5], row("B3", 150, 10.05, error_m=30.0)],
        arriving("B1 B2 B3", 140, error_m=2_000.0),
        [*arriving("B1 B2", 140), row("B1", 143, 5.0, source="Meridian"), row("B1", 144, 5.1, source="Northlight")],
        [*arriving("B1 B2", 140), row("B1", 150, 40.0), *arriving("B3", 160)],
        [*arriving("B1", 140), *arriving("B2 B3", 290)],
    ],
    ids=[
        "one too few",
        "the third only near the edge",
        "their errors could place them outside",
        "one of them reported by two sources",
        "one has left before the third comes",
        "the first came longer ago than the span",
    ],
)  # fmt: skip
def test_what_is_nearly_massing_is_not_told(rows):
    assert keys(watching(MASSING), *SETTLED, *[row("Post", m, 1.0) for m in range(140, 300, 20)], *rows) == []


@pytest.mark.promise("PATTERN-5")
def test_before_a_whole_span_is_known_nothing_counts_as_a_rise():
    assert keys(watching(MASSING), *(row(f"B{i}", i / 10, 5.0, i) for i in range(60))) == []


@pytest.mark.promise("PATTERN-5")
def test_who_falls_silent_for_the_span_no_longer_counts():
    come_and_gone_quiet = [row(f"B{i}", 125 + 100 * i, 5.0, i) for i in range(8)]
    post = [row("Post", minute, 1.0) for minute in range(120, 900, 20)]
    assert keys(watching(MASSING), *SETTLED, *come_and_gone_quiet, *post) == []


@pytest.mark.promise("PATTERN-5")
def test_after_it_was_told_only_a_further_rise_of_the_same_size_is_told():
    rows = [*SETTLED, *arriving("B1 B2 B3 B4", 140)]
    watch = watching(MASSING)
    assert keys(watch, *rows) == ["massing"]
    assert keys(watch, *arriving("B5", 150)) == []
    assert keys(watch, *arriving("B6", 155)) == ["massing"]


@pytest.mark.promise("PATTERN-6")
@pytest.mark.parametrize(("low", "expected"), [(32, []), (33, ["massing"])])
def test_a_group_grows_when_the_lowest_number_now_exceeds_the_highest_before(low, expected):
    rows = [row("Group", minute, 5.0, claim=counted(20, 30)) for minute in (0, 60, 130)]
    assert keys(watching(MASSING), *rows, row("Group", 251, 5.0, claim=counted(low, 50))) == expected


@pytest.mark.promise("PATTERN-5")
def test_who_falls_silent_may_still_be_there_so_its_return_is_no_rise():
    rows = [row(name, minute, 5.0) for minute in (130, 255, 480) for name in ("B1", "B2", "B3", "B4")]
    assert keys(watching(MASSING), row("B1", 0, 5.0), *rows[4:]) == ["massing"]
    assert keys(watching(MASSING), row("B1", 0, 5.0), *(row(f"B{i}", 10, 5.0) for i in (2, 3, 4)), *rows) == []


@pytest.mark.promise("PATTERN-6")
def test_numbers_of_two_sources_for_one_subject_are_not_added_up_and_their_difference_is_no_rise():
    a = [row("Group", minute, 5.0, claim=counted(20, 30), source="Meridian") for minute in range(0, 300, 20)]
    b = [row("Group", minute + 5, 5.0, claim=counted(40, 60), source="Northlight") for minute in range(120, 300, 20)]
    assert keys(watching(MASSING), *sorted(a + b, key=lambda row: row["seen"])) == []


@pytest.mark.promise("PATTERN-6")
def test_without_an_upper_bound_before_nothing_can_be_a_rise():
    rows = [row("Group", minute, 5.0, claim=counted(20, None)) for minute in (0, 60, 130)]
    assert keys(watching(MASSING), *rows, row("Group", 150, 5.0, claim=counted(400, 500))) == []


@pytest.mark.promise("PATTERN-5")
def test_in_the_band_those_are_counted_too():
    rows = [row(name, 125 + i, 12.0, 10.0 * i) for i, name in enumerate(["B1", "B2", "B3"])]
    band = PatternTerms(massing=MassingTerms(3, 2 * HOUR_US, "band"))
    assert keys(watching(band, band_mm=5_000_000), *SETTLED, *rows) == ["massing"]
    assert keys(watching(MASSING, band_mm=5_000_000), *SETTLED, *rows) == []


@pytest.mark.promise("PATTERN-13")
def test_however_often_somebody_reports_the_pattern_is_still_seen_and_what_is_held_is_bounded():
    often = [row("Post", minute / 8, 1.0 + 1e-4 * minute) for minute in range(8 * 140)]
    rows = sorted([*often, *arriving("B1 B2 B3", 138)], key=lambda row: row["seen"])
    watch = watching(MASSING)
    assert keys(watch, *rows) == ["massing"]
    # The one question to the inside of the watch: how many of the 1,120 reports are still there.
    (_, _, judge) = watch._patterns._movements[0]._judges[0]
    assert isinstance(judge, Massing)
    assert len(judge._sightings["Post"]) <= 140 * PARTS / 120 + 1


@pytest.mark.promise("PATTERN-3", "PATTERN-13")
def test_a_late_report_of_the_same_small_part_of_time_takes_the_place_of_the_one_held():
    rows = [*SETTLED, *arriving("B1 B2", 140), row("B3", 142.5, 5.0), row("B3", 142.2, 5.0, known=at("12:30"))]
    said = alerts(watching(MASSING), *rows)
    assert [(alert.key, minute_of(alert.params["seen_at_us"])) for alert in said] == [("massing", 142.5)]


# --- circling ---

CIRCLING = PatternTerms(circling=CirclingTerms(360.0, 2 * HOUR_US, 10_000_000))


def lap(
    subject: str = "Bravo 1", sweep_deg: float = 390.0, steps: int = 13, km: float = 15.0, **given: Any
) -> list[dict[str, Any]]:
    """Around the zone at a steady pace in an hour."""
    return [row(subject, 60 * i / steps, km, sweep_deg * i / steps, **given) for i in range(steps + 1)]


@pytest.mark.promise("PATTERN-7")
@pytest.mark.parametrize("sense", [1, -1])
def test_once_round_the_zone_is_circling(sense):
    (alert,) = alerts(watching(CIRCLING), *lap(sweep_deg=sense * 390.0))
    assert (alert.key, alert.subject) == ("circling", "Bravo 1")
    assert alert.params["direction"] == ("clockwise" if sense > 0 else "anticlockwise")
    assert alert.params["swept_deg"] == 390
    assert 360 <= alert.params["swept_deg_min"] < 390
    assert alert.params["nearest_m"] == pytest.approx(5_000, abs=20)


@pytest.mark.promise("PATTERN-7")
@pytest.mark.parametrize(
    "rows",
    [
        lap(sweep_deg=355.0),
        lap(sweep_deg=362.0, error_m=300.0),
        lap(steps=3),
        lap(km=25.0),
        lap(km=5.0),
        [*lap()[:7], row("Bravo 1", 30, 30.0, 190), *lap()[7:]],
        [*lap()[:7], row("Bravo 1", 30, 2.0, 190), *lap()[7:]],
        [row("Bravo 1", i, 15.0, (i % 2) * 100.0) for i in range(60)],
        [row("Bravo 1", 12 * i, 15.0, 32.5 * i) for i in range(13)],
        [row("Bravo 1", i, 12.0, 0.0 + 50 * (i % 3), error_m=9_000.0) for i in range(60)],
        [line for pair in zip(lap("B1", 200.0), lap("B2", 200.0), strict=True) for line in pair],
    ],
    ids=[
        "not quite round", "the errors explain the last degrees", "too few reports to know which way round", "too far out", "inside",
        "gone far out in between", "through the zone", "to and fro on one side", "too slowly", "an error as large as the distance",
        "two subjects half round each",
    ],
)  # fmt: skip
def test_what_is_nearly_circling_is_not_told(rows):
    assert keys(watching(CIRCLING), *rows) == []


@pytest.mark.promise("PATTERN-7")
def test_passing_by_and_returning_on_the_same_side_is_no_circling():
    there = [row("Bravo 1", 3 * i, 15.0, -80 + 10.0 * i) for i in range(17)]
    back = [row("Bravo 1", 51 + 3 * i, 15.0, 80 - 10.0 * i) for i in range(17)]
    assert keys(watching(CIRCLING), *there, *back) == []


@pytest.mark.promise("PATTERN-7")
def test_every_further_sweep_is_told_once():
    rows = [row("Bravo 1", 5 * i, 15.0, 30.0 * i) for i in range(40)]
    assert [minute_of(a.params["seen_at_us"]) for a in alerts(watching(CIRCLING), *rows)] == [65, 130, 195]


@pytest.mark.promise("PATTERN-3", "PATTERN-7")
def test_a_late_report_completes_a_sweep_that_was_open_to_doubt():
    rows = lap()
    gap, late = rows[:5] + rows[9:], rows[5:9]
    watch = watching(CIRCLING)
    assert keys(watch, *gap) == []
    (alert,) = alerts(watch, *(line | {"known": at("11:20")} for line in late))
    assert alert.at_us == at("11:20")
    assert minute_of(alert.params["seen_at_us"]) == 60


@pytest.mark.promise("PATTERN-3", "PATTERN-7")
def test_a_late_report_takes_a_sweep_back():
    watch = watching(CIRCLING)
    assert keys(watch, *lap()) == ["circling"]
    (alert,) = alerts(watch, row("Bravo 1", 30, 40.0, 180.0, known=at("11:20")))
    assert (alert.key, alert.subject, alert.urgency) == ("no_longer_follows", "Bravo 1", "routine")
    assert alert.params["pattern"] == "circling"


@pytest.mark.promise("PATTERN-3", "PATTERN-5", "PATTERN-7")
def test_a_report_from_far_away_counts_even_if_it_was_known_before_any_from_near():
    rows = [line | {"known": at("11:05")} for line in lap()]
    assert keys(watching(CIRCLING), row("Bravo 1", 32, 40.0, 200.0), *rows) == []
    inside = [line | {"known": at("13:00")} for line in arriving("B1 B2 B3", 140)[3:]]
    gone_at_once = [row(name, minute, 40.0) for name, minute in (("B1", 140.5), ("B2", 141.5), ("B3", 142.5))]
    assert keys(watching(MASSING), *SETTLED, *gone_at_once, *inside) == []


# --- patrol ---

PATROL = PatternTerms(patrol=PatrolTerms(HOUR_US, 20_000_000, 10_000_000))


def to_and_fro(subject: str = "Bravo 1", legs: int = 6, leg_deg: float = 20.0, **given: Any) -> list[dict[str, Any]]:
    """Along the northern edge, 3 km outside it, at 27 km an hour: a leg every ten minutes, a report every two."""
    rows = []
    for i in range(legs * 5 + 1):
        leg, part = divmod(i, 5)
        along = part / 5 if leg % 2 == 0 else 1 - part / 5
        rows.append(row(subject, 2 * i, 13.0, leg_deg * along, **given))
    return rows


@pytest.mark.promise("PATTERN-8")
def test_to_and_fro_at_the_edge_for_an_hour_is_a_patrol():
    (alert,) = alerts(watching(PATROL), *to_and_fro())
    assert (alert.key, alert.subject) == ("patrol", "Bravo 1")
    assert alert.params["way_m_min"] == pytest.approx(27_000, abs=500)
    assert alert.params["farthest_m"] == pytest.approx(4_500, abs=100)
    assert (minute_of(alert.params["since_at_us"]), minute_of(alert.params["seen_at_us"])) == (0, 60)


@pytest.mark.promise("PATTERN-8")
@pytest.mark.parametrize(
    "rows",
    [
        to_and_fro(legs=5),
        to_and_fro(leg_deg=10.0),
        to_and_fro(error_m=2_000.0),
        [row("Bravo 1", 2 * i, 13.0, 5.0 * i) for i in range(13)],
        [row("Bravo 1", 2 * i, 18.0, -40 + 2.5 * i) for i in range(32)],
        [row("Bravo 1", i, 13.0, 0.5 * (i % 2), error_m=100.0) for i in range(200)],
        [*to_and_fro()[:12], *to_and_fro()[24:]],
        [*to_and_fro()[:12], row("Bravo 1", 23, 30.0), *to_and_fro()[12:]],
        [line for pair in zip(to_and_fro("B1", 3), to_and_fro("B2", 3), strict=True) for line in pair],
    ],
    ids=[
        "not long enough", "too little way", "the errors explain the way", "passing by in a hurry", "passing by slowly", "lying still, as far as the errors let one say",
        "unheard of in the middle", "gone far out in the middle", "two subjects half the time each",
    ],
)  # fmt: skip
def test_what_is_nearly_a_patrol_is_not_told(rows):
    assert keys(watching(PATROL), *rows) == []


@pytest.mark.promise("PATTERN-8")
def test_who_goes_on_is_told_again_after_as_long_again():
    assert [minute_of(a.params["seen_at_us"]) for a in alerts(watching(PATROL), *to_and_fro(legs=19))] == [60, 120, 180]


# --- closing ---

CLOSING = PatternTerms(closing=ClosingTerms(3, 2_000_000, HOUR_US // 2, 20_000_000))


def inbound(
    name: str, minute: float, bearing_deg: float, from_km: float = 25.0, by_km: float = 6.0, **given: Any
) -> list[dict[str, Any]]:
    return [row(name, minute + 5 * i, from_km - by_km * i / 4, bearing_deg, **given) for i in range(5)]


@pytest.mark.promise("PATTERN-9")
def test_three_that_come_nearer_within_the_half_hour_are_closing():
    rows = inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 8, 240)
    (alert,) = alerts(watching(CLOSING), *sorted(rows, key=lambda row: row["seen"]))
    assert (alert.key, alert.subject, alert.params["subjects"]) == ("closing", "", "B1, B2, B3")
    assert alert.params["nearer_m_min"] >= 2_000
    assert minute_of(alert.params["seen_at_us"]) - minute_of(alert.params["since_at_us"]) < 30


@pytest.mark.promise("PATTERN-9")
@pytest.mark.parametrize(
    "rows",
    [
        inbound("B1", 0, 0) + inbound("B2", 5, 120),
        inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 8, 240, by_km=1.9),
        inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 8, 240, by_km=6.0, error_m=1_000.0),
        inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 60, 240),
        inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 8, 240, from_km=40.0),
        inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 8, 240, by_km=-3.0),
        inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B2", 8, 120, from_km=24.9, source="Meridian"),
        inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 8, 240, from_km=8.0),
    ],
    ids=[
        "one too few", "one not near enough", "the errors explain one", "one too late", "one too far out", "one going away",
        "one of them by two sources", "one of them inside already",
    ],
)  # fmt: skip
def test_what_is_nearly_closing_is_not_told(rows):
    assert keys(watching(CLOSING), *sorted(rows, key=lambda row: row["seen"])) == []


# --- coverage ---

OBSERVED = PatternTerms(observed_every_us=30 * MINUTE_US)


@pytest.mark.promise("PATTERN-10")
def test_a_zone_that_nobody_reports_from_for_too_long_is_unobserved_until_somebody_does():
    rows = [row("Alpha 1", 0, 5.0), row("Alpha 1", 30, 5.0), row("Alpha 1", 75, 5.0)]
    gap, end = alerts(watching(OBSERVED), *rows)
    assert (gap.key, gap.urgency, minute_of(gap.at_us), minute_of(gap.params["since_at_us"])) == (
        "unobserved",
        "soon",
        60,
        30,
    )
    assert (end.key, end.urgency, minute_of(end.at_us), end.params["gap_s"]) == ("observed_again", "routine", 75, 2_700)


@pytest.mark.promise("PATTERN-10")
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("Alpha 1", 29, 5.0), row("Alpha 1", 59, 5.0)], []),
        ([row("Alpha 1", 29, 12.0), row("Alpha 1", 59, 12.0)], []),
        (
            [
                row("Look", 29, 12.0, area=Circle(*CENTRE, 12_000.0)),
                row("Look", 58, 12.0, area=Circle(*CENTRE, 12_000.0)),
            ],
            [],
        ),
        ([row("Alpha 1", 29, 16.0), row("Alpha 1", 59, 16.0)], ["unobserved"]),
    ],
    ids=["from inside", "from the band", "an area looked at, with nothing in it", "from beyond the band"],
)
def test_a_report_from_the_zone_or_its_band_is_a_look_at_it(rows, expected):
    assert keys(watching(OBSERVED, band_mm=5_000_000), row("Alpha 1", 0, 5.0), *rows, until=75) == expected


@pytest.mark.promise("PATTERN-3", "PATTERN-10")
def test_a_late_report_shortens_the_gap_that_is_told_at_its_end():
    watch = watching(OBSERVED)
    assert keys(watch, row("Alpha 1", 0, 5.0), until=40) == ["unobserved"]
    assert keys(watch, row("Bravo 1", 10, 5.0, known=at("10:50"))) == []
    (end,) = alerts(watch, row("Alpha 1", 60, 5.0))
    assert (end.key, minute_of(end.params["since_at_us"])) == ("observed_again", 10)


@pytest.mark.promise("PATTERN-10")
def test_coverage_counts_from_the_first_instant_known_and_within_the_window_only():
    window = Window(at("11:00"), at("12:00"))
    assert [
        minute_of(a.at_us)
        for a in alerts(watching(OBSERVED), until=0) + alerts(watching(OBSERVED), row("B", 0, 50.0), until=99)
    ] == [30]
    assert [minute_of(a.at_us) for a in alerts(watching(OBSERVED, window=window), row("B", 0, 5.0), until=300)] == [90]
    assert keys(watching(OBSERVED, window=Window(None, at("10:20"))), row("B", 0, 5.0), until=300) == []


@pytest.mark.promise("PATTERN-11")
def test_a_subject_that_is_expected_is_missed_wherever_it_should_have_been_reported():
    expected = PatternTerms(expected=(Expected("Alpha 1", HOUR_US), Expected("Alpha 2", 3 * HOUR_US)))
    rows = [row("Alpha 1", 0, 300.0), row("Alpha 1", 50, 300.0), row("Bravo 1", 70, 5.0), row("Alpha 1", 130, 300.0)]
    said = alerts(watching(expected), *rows, until=200)
    assert [(a.key, a.subject, minute_of(a.at_us)) for a in said] == [
        ("unheard", "Alpha 1", 110), ("heard_again", "Alpha 1", 130), ("unheard", "Alpha 2", 180), ("unheard", "Alpha 1", 190),
    ]  # fmt: skip


# --- manned ---

MANNED = PatternTerms(manned=MannedTerms(2, ("Alpha",), 15 * MINUTE_US))


def alpha(subject: str, minute: float, km: float, **given: Any) -> dict[str, Any]:
    return row(subject, minute, km, party="Alpha", confidence=given.pop("confidence", 0.9), **given)


@pytest.mark.promise("PATTERN-12")
def test_a_zone_with_fewer_inside_than_agreed_is_told_after_the_gap_and_when_it_ends():
    rows = [alpha("A1", 0, 5.0), alpha("A2", 5, 5.0), alpha("A2", 20, 11.0), alpha("A2", 50, 5.0)]
    gap, end = alerts(watching(MANNED), *rows)
    assert (gap.key, gap.urgency, minute_of(gap.at_us), minute_of(gap.params["since_at_us"])) == (
        "unmanned",
        "now",
        35,
        20,
    )
    assert (gap.params["known_min"], gap.params["needed"], gap.params["subjects"]) == (1, 2, "A1")
    assert (end.key, minute_of(end.at_us), end.params["subjects"]) == ("manned_again", 50, "A1, A2")


@pytest.mark.promise("PATTERN-12")
@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([alpha("A2", 10, 5.0)], []),
        ([alpha("A2", 10, 5.0), alpha("A2", 30, 12.0), alpha("A2", 44, 5.0)], []),
        ([alpha("A2", 10, 5.0, confidence=0.5)], ["unmanned"]),
        ([row("A2", 10, 5.0)], ["unmanned"]),
        ([row("A2", 10, 5.0, party="Bravo")], ["unmanned"]),
        ([alpha("A2", 10, 5.0), row("A2", 20, 5.0, party="Bravo")], ["unmanned"]),
        ([alpha("A1", 10, 5.0, source="Meridian")], ["unmanned"]),
        ([row("A1", 10, 5.0, claim=Claim(CountRange(2, 9, "a few"), Attribution("Alpha")))], []),
        ([row("A1", 10, 5.0, claim=Claim(CountRange(1, 9, "some"), Attribution("Alpha")))], ["unmanned"]),
    ],
    ids=["two", "a gap that is short enough", "not sure whose", "nobody's", "of another", "contradicted", "one by two sources", "a group of two at least", "a group of one perhaps"],
)  # fmt: skip
def test_who_counts_towards_a_manned_zone(second, expected):
    rows = [alpha("A1", 0, 5.0), *second, row("A1", 45, 5.0)]
    assert keys(watching(MANNED), *rows, until=55) == expected


@pytest.mark.promise("PATTERN-12")
def test_lost_is_not_known_to_be_there():
    watch = watching(
        PatternTerms(manned=MannedTerms(1, (), 15 * MINUTE_US)), presence=PresenceTerms(silent_after_us=30 * MINUTE_US)
    )
    (gap,) = alerts(watch, alpha("A1", 0, 5.0), until=60)
    assert (gap.key, minute_of(gap.at_us), minute_of(gap.params["since_at_us"]), gap.params["lost"]) == (
        "unmanned",
        45,
        30,
        "A1",
    )
    assert keys(watch, alpha("A1", 70, 5.0)) == ["manned_again"]


@pytest.mark.promise("PATTERN-3", "PATTERN-12")
def test_a_late_report_of_somebody_inside_mans_the_zone_again():
    watch = watching(PatternTerms(manned=MannedTerms(1, ("Alpha",), 15 * MINUTE_US)))
    assert keys(watch, row("Bravo 1", 0, 50.0), until=30) == ["unmanned"]
    (end,) = alerts(watch, alpha("A1", 10, 5.0, known=at("10:40")))
    assert (end.key, minute_of(end.params["seen_at_us"])) == ("manned_again", 10)


# --- all of them ---

SAID = {
    "massing": "Massing: at least 4 in Kestrel Pass at 2026-05-18 13:12:00Z, and at most 1 at 2026-05-18 12:00:00Z; new since then: B4, B5, B6; as reported by Northlight; who has two names counts twice, and who was not reported does not count.",
    "circling": "Bravo 1 is circling Kestrel Pass: turned about it by 390 degrees clockwise, at least 389 allowing for errors, from 2026-05-18 10:00:00Z to 2026-05-18 11:00:00Z, as near as 5.0 km outside the edge.",
    "patrol": "Bravo 2 is patrolling at Kestrel Pass: at least 27.2 km to and fro, never farther than 4.5 km from where it began, from 2026-05-18 10:00:00Z to 2026-05-18 11:00:00Z, as near as 3.0 km outside the edge.",
    "closing": "3 are closing on Kestrel Pass together: B1, B2, B3, each at least 2.9 km nearer to the edge, from 2026-05-18 10:05:00Z to 2026-05-18 10:18:00Z.",
    "unobserved": "Nobody has reported from Kestrel Pass since 2026-05-18 12:00:00Z (by Northlight); somebody should every 30 min.",
    "observed_again": "Kestrel Pass is reported from again, after 70 min without a report.",
    "unheard": "Alpha 1 has not been reported since 2026-05-18 10:00:00Z; it should be every 60 min.",
    "heard_again": "Alpha 1 is reported again, after 3 h 20 min without a report.",
    "unmanned": "Kestrel Pass has not been known to be manned by Alpha since 2026-05-18 10:00:00Z: 0 known to be inside, 2 needed.",
    "manned_again": "Kestrel Pass is known to be manned by Alpha again since 2026-05-18 13:30:00Z: A1, A2.",
    "no_longer_follows": "As a late report shows, this no longer follows: patrol of Bravo 1 at Kestrel Pass, 2026-05-18 10:00:00Z to 2026-05-18 11:00:00Z.",
}

EVERYTHING = PatternTerms(
    MASSING.massing, CIRCLING.circling, PATROL.patrol, CLOSING.closing, 30 * MINUTE_US, (Expected("Alpha 1", HOUR_US),), MANNED.manned
)  # fmt: skip


@pytest.mark.promise("PATTERN-2")
@pytest.mark.parametrize(
    ("patterns", "rows"),
    [(CIRCLING, lap(error_m=None)), (PATROL, to_and_fro(error_m=None))],
    ids=["circling", "patrol"],
)
def test_an_error_that_is_not_stated_is_assumed_and_explains_as_much_as_a_stated_one(patterns, rows):
    zone = kestrel(10.0, patterns=patterns)
    assert len(keys(Watch([zone], assumed_error_m=30.0), *rows)) == 1
    assert keys(Watch([zone], assumed_error_m=3_000.0), *rows) == []


@pytest.mark.promise("PATTERN-2")
def test_an_area_has_no_direction_and_no_way_and_comes_nearer_by_its_far_side():
    areas = [
        line | {"area": Circle(line["lat"], line["lon"], 100.0), "error_m": None}
        for line in lap() + to_and_fro("Bravo 2")
    ]
    both = PatternTerms(circling=CIRCLING.circling, patrol=PATROL.patrol)
    assert keys(watching(both), *sorted(areas, key=lambda row: row["seen"])) == []
    vague = [
        line | {"area": Circle(line["lat"], line["lon"], 2_500.0), "error_m": None} for line in inbound("B3", 8, 240)
    ]
    exact = [line | {"area": Circle(line["lat"], line["lon"], 50.0), "error_m": None} for line in inbound("B3", 8, 240)]
    others = inbound("B1", 0, 0) + inbound("B2", 5, 120)
    assert keys(watching(CLOSING), *sorted(others + vague, key=lambda row: row["seen"])) == []
    assert keys(watching(CLOSING), *sorted(others + exact, key=lambda row: row["seen"])) == ["closing"]


@pytest.mark.promise("PATTERN-4")
@pytest.mark.parametrize(
    ("patterns", "rows"),
    [(MASSING, [*SETTLED, *arriving("B1 B2 B3", 140)]), (CIRCLING, lap()), (PATROL, to_and_fro()), (CLOSING, inbound("B1", 0, 0) + inbound("B2", 5, 120) + inbound("B3", 8, 240))],
    ids=["massing", "circling", "patrol", "closing"],
)  # fmt: skip
def test_whom_the_terms_foresee_makes_no_pattern(patterns, rows):
    theirs = sorted((line | {"party": "Bravo"} for line in rows), key=lambda row: row["seen"])
    assert len(keys(watching(patterns), *theirs)) == 1
    assert keys(watching(patterns, may_enter=(Entry("Bravo"),)), *theirs) == []


@pytest.mark.promise("PATTERN-3")
def test_reports_from_outside_the_window_of_a_zone_make_no_pattern():
    closed = Window(at("09:00"), at("10:30"))
    assert keys(watching(CIRCLING, window=closed), *lap()) == []


@pytest.mark.promise("PATTERN-14")
def test_every_alert_has_its_sentence_and_an_exercise_stays_one():
    watch = watching(EVERYTHING)
    rows = [
        *lap(steps=7, claim=Claim(exercise=True)),
        *to_and_fro("Bravo 2"),
        *inbound("B1", 0, 0),
        *inbound("B2", 5, 120),
        *inbound("B3", 8, 240),
    ]
    rows += (
        [row("Post", m, 1.0, source="Northlight") for m in range(0, 121, 20)]
        + arriving("B4 B5 B6", 190)
        + [row("Alpha 1", 200, 40.0)]
    )
    rows += [alpha("A1", 210, 5.0), alpha("A2", 210, 5.0)]
    batch = reports(*sorted(rows, key=lambda row: row["seen"]))
    records = [
        json.loads(line) for line in told(watch, [batch, reports(row("Bravo 1", 30, 40.0, 180.0, known=at("13:31")))])
    ]
    said = {record["key"]: record for record in records if record["event"] == "alert" and record["key"] in KEYS}
    assert said.keys() == KEYS
    assert [said[key]["text"] for key in SAID] == list(SAID.values())
    assert {key for key, record in said.items() if record.get("exercise")} == {"circling", "no_longer_follows"}
    assert {key for key, record in said.items() if record["subject"] is None} == {
        "massing", "closing", "unobserved", "observed_again", "unmanned", "manned_again"
    }  # fmt: skip
