"""docs/spec/order.md: late, double and impossible reports."""

from __future__ import annotations

import numpy as np
import pytest

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import PresenceTerms
from keepclear.geo.shapes import Circle
from keepclear.tracks.picture import Verdict
from keepclear.watch.events import Action
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, MINUTE_US, at, kestrel, keys, reports, told, whats

SILENT = PresenceTerms(silent_after_us=30 * MINUTE_US)


@pytest.mark.promise("ORDER-1")
def test_the_same_input_gives_the_same_bytes():
    batch = reports(*({"km": km, "seen": f"10:{i:02d}"} for i, km in enumerate([20, 12, 8, 30, 5])))
    assert told(Watch([kestrel(presence=SILENT)]), [batch], at("12:00")) == told(
        Watch([kestrel(presence=SILENT)]), [batch], at("12:00")
    )


@pytest.mark.promise("ORDER-2")
def test_reports_act_in_the_order_they_became_known():
    rows = [
        {"subject": "Bravo 1", "km": 5, "seen": "10:00", "known": "10:09"},
        {"subject": "Bravo 2", "km": 5, "seen": "10:05", "known": "10:06"},
    ]
    assert [p.subject for p in Watch([kestrel()]).observe(reports(*rows)).presence] == ["Bravo 2", "Bravo 1"]


@pytest.mark.promise("ORDER-2")
def test_a_report_acts_before_the_deadline_of_its_own_instant():
    watch = Watch([kestrel(presence=SILENT)])
    watch.observe(reports({"km": 5, "seen": "10:00"}))
    assert whats(watch.observe(reports({"km": 5, "seen": "10:30"}))) == []
    assert whats(watch.advance(at("10:59"))) == []


def test_a_report_known_before_the_clock_acts_at_the_clock():
    watch = Watch([kestrel()])
    watch.observe(reports({"subject": "Bravo 1", "km": 50, "seen": "11:00"}))
    events = watch.observe(reports({"subject": "Bravo 2", "km": 5, "seen": "10:00"}))
    assert [(p.at_us, p.seen_at_us) for p in events.presence] == [(at("11:00"), at("10:00"))]


@pytest.mark.promise("ORDER-6")
def test_an_entry_that_was_earlier_than_told_is_restated():
    watch = Watch([kestrel()])
    first = watch.observe(reports({"km": 20, "seen": "10:00"}, {"km": 8, "seen": "10:10"}))
    late = watch.observe(reports({"km": 9, "seen": "10:05", "known": "10:12"}))
    entered = first.presence[0]
    assert [(c.of, c.action, c.said.seen_at_us, c.stands.seen_at_us) for c in late.corrections] == [
        (entered.seq, Action.RESTATED, at("10:10"), at("10:05"))
    ]
    assert late.presence == late.alerts == []


@pytest.mark.promise("ORDER-6", "ORDER-7")
def test_a_stay_outside_between_two_reports_inside_is_added_after_the_entry():
    watch = Watch([kestrel()])
    first = watch.observe(reports({"km": 5, "seen": "10:00"}, {"km": 5, "seen": "10:10"}))
    late = watch.observe(reports({"km": 20, "seen": "10:05", "known": "10:12"}))
    assert [(c.action, str(c.stands.now), c.stands.seen_at_us) for c in late.corrections] == [
        (Action.ADDED, "clear", at("10:05")),
        (Action.ADDED, "inside", at("10:10")),
    ]
    assert late.corrections[0].of == first.presence[0].seq
    assert late.corrections[1].of == late.corrections[0].seq


@pytest.mark.promise("ORDER-7")
def test_a_visit_that_only_a_late_report_tells_of_is_an_alert():
    watch = Watch([kestrel()])
    watch.observe(reports({"km": 20, "seen": "10:00"}, {"km": 20, "seen": "10:10"}))
    late = watch.observe(reports({"km": 5, "seen": "10:05", "known": "10:12"}))
    assert [c.of for c in late.corrections] == [None, late.corrections[0].seq]
    assert [(alert.key, alert.of, alert.params["seen_at_us"]) for alert in late.alerts] == [
        ("was_inside", late.corrections[0].seq, at("10:05"))
    ]
    assert list(watch.states()) == []


@pytest.mark.promise("ORDER-6")
def test_an_entry_that_a_late_report_takes_away_is_withdrawn_and_the_present_follows():
    watch = Watch([kestrel(presence=PresenceTerms(2, 2))])
    first = watch.observe(reports({"km": 5, "seen": "10:00"}, {"km": 5, "seen": "10:10"}))
    late = watch.observe(reports({"km": 20, "seen": "10:05", "known": "10:12"}))
    assert [(c.of, c.action) for c in late.corrections] == [(first.presence[0].seq, Action.WITHDRAWN)]
    assert [(str(p.was), str(p.now), str(p.cause)) for p in late.presence] == [("inside", "clear", "late_report")]


@pytest.mark.promise("ORDER-6")
def test_a_late_report_can_bring_a_subject_inside_now():
    watch = Watch([kestrel(presence=PresenceTerms(2, 3))])
    watch.observe(reports({"km": 20, "seen": "10:00"}, {"km": 5, "seen": "10:10"}))
    late = watch.observe(reports({"km": 5, "seen": "10:05", "known": "10:12"}))
    assert [(p.what, str(p.cause), p.at_us, p.seen_at_us) for p in late.presence] == [
        ("entered", "late_report", at("10:12"), at("10:10"))
    ]
    assert keys(late) == ["entered"]


@pytest.mark.promise("ORDER-6")
def test_a_correction_cites_an_event_that_is_older_than_the_reports_still_held():
    watch = Watch([kestrel()], lateness_us=30 * MINUTE_US)
    events = watch.observe(reports(*({"km": 5, "seen": f"{10 + m // 60}:{m % 60:02d}"} for m in range(0, 120, 5))))
    late = watch.observe(reports({"km": 20, "seen": "11:42", "known": "12:00"}))
    assert [c.of for c in late.corrections] == [events.presence[0].seq, late.corrections[0].seq]


def test_what_is_held_of_a_subject_does_not_grow_with_the_zones_it_has_passed():
    zones = [kestrel(1.0)] + [Zone(f"z{i}", Circle(CENTRE[0] + i / 10, CENTRE[1], 1_000.0)) for i in range(1, 100)]
    watch = Watch(zones, lateness_us=MINUTE_US, rows_before_tidying=50)
    passing = reports(*({"lat": CENTRE[0] + i / 10, "seen": at("10:00") + i * 10 * MINUTE_US} for i in range(100)))
    assert len(watch.observe(passing).presence) == 199
    watch.observe(reports({"lat": CENTRE[0] + 10.0, "seen": at("10:00") + 1000 * MINUTE_US}))
    assert watch.held()["pairs_told_of"] <= 3
    assert watch.held()["reports"] <= 3


def test_a_late_report_that_fits_what_was_told_says_nothing():
    watch = Watch([kestrel()])
    watch.observe(reports({"km": 5, "seen": "10:00"}, {"km": 5, "seen": "10:10"}))
    assert not len(watch.observe(reports({"km": 6, "seen": "10:05", "known": "10:12"})))
    assert watch.counts[Verdict.LATE] == 1


@pytest.mark.promise("ORDER-8")
def test_a_report_later_than_the_bound_changes_nothing_and_says_that_it_was_too_late():
    watch = Watch([kestrel()], lateness_us=60 * MINUTE_US)
    watch.observe(reports({"km": 20, "seen": "12:00"}))
    events = watch.observe(
        reports({"km": 5, "seen": "11:00", "known": "12:01"}, {"km": 5, "seen": "10:59:59", "known": "12:02"})
    )
    assert events.verdicts == (Verdict.LATE, Verdict.TOO_LATE)


@pytest.mark.promise("ORDER-8")
def test_at_most_so_many_reports_of_one_subject_are_held():
    watch = Watch([kestrel()])
    begin = at("10:00")
    watch.observe(reports(*({"km": 20, "seen": begin + i * 1000} for i in range(6_000))))
    events = watch.observe(
        reports(
            {"km": 5, "seen": begin + 500, "known": begin + 6_000_000},
            {"km": 5, "seen": begin + 5_998_500, "known": begin + 6_000_000},
        )
    )
    assert events.verdicts == (Verdict.TOO_LATE, Verdict.LATE)


@pytest.mark.promise("ORDER-9")
def test_the_same_report_from_another_source_is_a_duplicate():
    watch = Watch([kestrel()])
    events = watch.observe(
        reports(
            {"km": 5, "seen": "10:00", "source": "Meridian"},
            {"km": 5, "seen": "10:00", "known": "10:05", "source": "Northlight"},
        )
    )
    assert events.verdicts == (Verdict.NEWEST, Verdict.DUPLICATE)
    assert whats(events) == ["entered"]


@pytest.mark.promise("ORDER-9")
def test_a_report_that_names_another_party_is_no_duplicate():
    events = Watch([kestrel()]).observe(
        reports({"km": 5, "seen": "10:00", "party": "Alpha"}, {"km": 5, "seen": "10:00", "party": "Bravo"})
    )
    assert Verdict.DUPLICATE not in events.verdicts


@pytest.mark.promise("ORDER-10")
def test_an_impossible_jump_is_flagged_and_still_counts():
    watch = Watch([kestrel()])
    events = watch.observe(reports({"km": 200, "seen": "10:00"}, {"km": 5, "seen": "10:01"}))
    assert [(p.what, p.flags) for p in events.presence] == [("entered", ("jump",))]
    assert watch.counts["jump"] == 1


@pytest.mark.promise("ORDER-10")
@pytest.mark.parametrize(("error_m", "flagged"), [(10.0, 1), (40_000.0, 0)])
def test_a_way_that_the_errors_explain_is_no_jump(error_m, flagged):
    watch = Watch([kestrel()])
    watch.observe(
        reports({"km": 200, "seen": "10:00", "error_m": error_m}, {"km": 5, "seen": "10:01", "error_m": error_m})
    )
    assert watch.counts["jump"] == flagged


@pytest.mark.promise("ORDER-10")
def test_two_places_at_one_instant_are_a_contradiction_and_both_are_kept():
    watch = Watch([kestrel()])
    events = watch.observe(reports({"km": 5, "seen": "10:00"}, {"km": 50, "seen": "10:00"}))
    assert watch.counts["contradiction"] == 1
    assert Verdict.DUPLICATE not in events.verdicts


def test_verdicts_stand_in_the_order_of_the_batch_as_it_was_given():
    batch = reports({"km": 5, "seen": "10:00", "known": "10:09"}, {"km": 5, "seen": "10:00", "known": "10:01"})
    assert Watch([kestrel()]).observe(batch).verdicts == (Verdict.DUPLICATE, Verdict.NEWEST)
    assert np.all(batch.known_at_us == [at("10:09"), at("10:01")])


def test_a_clock_that_is_a_numpy_number_is_told_like_any_other():
    watch = Watch([kestrel()])
    watch.advance(np.array([at("10:30")]).max())
    assert told(watch, [reports({"km": 5, "seen": "10:00"})]) == told(
        Watch([kestrel()]), [reports({"km": 5, "seen": "10:00", "known": "10:30"})]
    )


@pytest.mark.parametrize("names", [2, 400])
def test_batches_that_name_their_subjects_in_tables_of_their_own_are_told_of_the_same_subjects(names):
    rows = [
        {"subject": f"Bravo {i % names}", "km": 5 if i % 3 else 20, "seen": at("10:00") + i * MINUTE_US, "source": f"post {i % 5}"}
        for i in range(2 * names)
    ]  # fmt: skip
    one, other = reports(*rows), reports(*reversed(rows))
    places = np.arange(2 * names)
    in_turn = [one.take(places[[i]]) if i % 2 else other.take(places[::-1][[i]]) for i in range(2 * names)]
    watch, plain = Watch([kestrel()], rows_before_tidying=50), Watch([kestrel()])
    assert told(watch, in_turn) == told(plain, [one])
