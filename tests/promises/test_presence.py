"""docs/spec/presence.md, promise by promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keepclear.agreements.terms import Entry, Notice, PresenceTerms
from keepclear.geo.volumes import HeightBand
from keepclear.ground.instants import Window
from keepclear.watch.presence import TRANSITIONS, State
from keepclear.watch.watch import Watch
from tests.builders import MINUTE_US, at, changes, kestrel, keys, reports, whats

SPEC = Path(__file__).parents[2] / "docs" / "spec" / "presence.md"


@pytest.mark.promise("PRESENCE-1")
def test_a_subject_begins_clear_so_that_its_first_report_inside_is_an_entry():
    events = Watch([kestrel()]).observe(reports({"km": 3, "seen": "10:00"}))
    assert [(p.was, p.now, p.what) for p in events.presence] == [(State.CLEAR, State.INSIDE, "entered")]


def test_a_subject_far_away_says_nothing():
    assert not len(Watch([kestrel()]).observe(reports({"km": 300, "seen": "10:00"})))


@pytest.mark.promise("PRESENCE-2")
def test_two_of_three_lets_one_stray_report_pass_and_the_second_one_count():
    watch = Watch([kestrel(presence=PresenceTerms(2, 3))])
    rows = [{"km": km, "seen": f"10:0{i}"} for i, km in enumerate([20, 9, 20, 9, 9])]
    events = watch.observe(reports(*rows))
    assert [(p.what, p.seen_at_us) for p in events.presence] == [("entered", at("10:03"))]


@pytest.mark.promise("PRESENCE-2")
def test_a_report_outside_never_moves_a_subject_inside_however_many_before_it_were_in():
    watch = Watch([kestrel(presence=PresenceTerms(1, 3))])
    rows = [{"km": km, "seen": f"10:0{i}"} for i, km in enumerate([9, 20, 20])]
    assert whats(watch.observe(reports(*rows))) == ["entered", "left"]


@pytest.mark.promise("PRESENCE-3")
def test_jitter_across_the_edge_within_the_margin_is_not_told():
    watch = Watch([kestrel(presence=PresenceTerms(margin_mm=500_000))])
    rows = [{"km": km, "seen": f"10:0{i}"} for i, km in enumerate([9.9, 10.1, 9.9, 10.3, 9.8])]
    assert whats(watch.observe(reports(*rows))) == ["entered"]


@pytest.mark.promise("PRESENCE-3")
def test_leaving_is_told_once_the_hold_has_passed_without_a_report_back_inside():
    watch = Watch([kestrel(presence=PresenceTerms(hold_us=3 * MINUTE_US))])
    rows = [{"km": km, "seen": f"10:0{i}"} for i, km in enumerate([9, 12, 9, 12, 12, 12, 12])]
    events = watch.observe(reports(*rows))
    assert [(p.what, p.seen_at_us) for p in events.presence] == [("entered", at("10:00")), ("left", at("10:06"))]


@pytest.mark.promise("PRESENCE-3")
def test_from_inside_a_subject_may_step_down_to_close_first():
    watch = Watch([kestrel(band_mm=5_000_000)])
    rows = [{"km": km, "seen": f"10:0{i}"} for i, km in enumerate([20, 12, 8, 12, 20])]
    assert whats(watch.observe(reports(*rows))) == ["came close", "entered", "left, still close", "moved away"]


@pytest.mark.promise("PRESENCE-4")
def test_who_is_inside_and_silent_is_lost_inside():
    watch = Watch([kestrel(presence=PresenceTerms(silent_after_us=30 * MINUTE_US))])
    watch.observe(reports({"km": 5, "seen": "10:00"}))
    assert not len(watch.advance(at("10:29")))
    events = watch.advance(at("10:30"))
    assert [(p.what, p.at_us, p.seen_at_us) for p in events.presence] == [("lost inside", at("10:30"), at("10:00"))]
    assert keys(events) == ["lost"]


@pytest.mark.promise("PRESENCE-4")
def test_who_is_far_away_is_lost_only_when_it_could_have_reached_the_zone():
    watch = Watch([kestrel(presence=PresenceTerms(silent_after_us=30 * MINUTE_US))])
    watch.observe(reports({"km": 94, "seen": "10:00", "error_m": 0.0}))  # 84 km from the edge: 70 minutes at 20 m/s
    assert not len(watch.advance(at("11:09")))
    assert [p.what for p in watch.advance(at("11:11")).presence] == ["lost from sight"]


@pytest.mark.promise("PRESENCE-4")
def test_a_fast_subject_is_held_able_to_come_sooner():
    watch = Watch([kestrel(presence=PresenceTerms(silent_after_us=30 * MINUTE_US))])
    watch.observe(reports({"km": 94, "seen": "10:00", "error_m": 0.0, "speed_mps": 100.0, "course_deg": 0.0}))
    assert [p.what for p in watch.advance(at("10:30")).presence] == ["lost from sight"]


@pytest.mark.promise("PRESENCE-4")
def test_a_zone_without_silent_after_loses_nobody():
    watch = Watch([kestrel()])
    watch.observe(reports({"km": 5, "seen": "10:00"}))
    assert not len(watch.advance(at("23:59")))


@pytest.mark.promise("PRESENCE-5")
@pytest.mark.parametrize(("km", "what"), [(5, "found inside"), (12, "found close"), (40, "found clear")])
def test_the_next_report_finds_a_lost_subject_again_where_it_is(km, what):
    watch = Watch([kestrel(band_mm=5_000_000, presence=PresenceTerms(silent_after_us=30 * MINUTE_US))])
    watch.observe(reports({"km": 5, "seen": "10:00"}))
    events = watch.observe(reports({"km": km, "seen": "11:00"}))
    assert whats(events) == ["lost inside", what]
    assert keys(events) == ["lost", "found"]


@pytest.mark.promise("PRESENCE-6")
def test_a_window_that_opens_with_somebody_inside_says_so_at_that_instant():
    watch = Watch([kestrel(window=Window(at("10:30"), at("12:00")))])
    assert not len(watch.observe(reports({"km": 5, "seen": "10:00"})))
    events = watch.advance(at("13:00"))
    assert [(p.what, p.at_us, str(p.cause)) for p in events.presence] == [
        ("entered", at("10:30"), "window_opened"),
        ("the window closed", at("12:00"), "window_closed"),
    ]
    assert list(watch.states()) == []


@pytest.mark.promise("PRESENCE-6")
@pytest.mark.parametrize("seen", ["10:30", "12:00"])
def test_both_ends_of_a_window_belong_to_it(seen):
    watch = Watch([kestrel(window=Window(at("10:30"), at("12:00")))])
    assert whats(watch.observe(reports({"km": 5, "seen": seen}))) == ["entered"]


@pytest.mark.promise("PRESENCE-7")
def test_a_report_seen_outside_the_window_does_not_count():
    watch = Watch([kestrel(window=Window(at("10:30"), at("12:00")))])
    events = [*watch.observe(reports({"km": 5, "seen": "12:01"})), *watch.advance(at("13:00"))]
    assert events == []


@pytest.mark.promise("PRESENCE-7")
def test_the_last_report_before_the_opening_counts_even_if_it_becomes_known_after():
    watch = Watch([kestrel(window=Window(at("10:30"), None))])
    events = watch.observe(reports({"km": 5, "seen": "10:29", "known": "10:31"}))
    assert [(p.what, p.at_us) for p in events.presence] == [("entered", at("10:31"))]


@pytest.mark.promise("PRESENCE-7")
def test_a_report_seen_at_the_instant_of_the_opening_takes_the_place_of_those_before():
    watch = Watch([kestrel(window=Window(at("10:30"), None))])
    events = [
        *watch.observe(reports({"km": 5, "seen": "10:00"}, {"km": 20, "seen": "10:30"})),
        *watch.advance(at("11:00")),
    ]
    watch.observe(reports({"km": 20, "seen": "10:40", "known": "11:00"}))
    assert [*events, *watch.observe(reports({"km": 21, "seen": "10:35", "known": "11:05"}))] == []


@pytest.mark.promise("PRESENCE-6")
def test_the_window_of_a_zone_closes_for_the_lost_too_and_nobody_is_said_to_be_found():
    silent = PresenceTerms(silent_after_us=30 * MINUTE_US)
    watch = Watch([kestrel(window=Window(None, at("11:00")), presence=silent)])
    watch.observe(reports({"km": 5, "seen": "10:00"}))
    events = watch.advance(at("11:30"))
    assert [(str(p.was), str(p.now), p.what) for p in events.presence] == [
        ("inside", "lost", "lost inside"),
        ("lost", "clear", "the window closed"),
    ]
    assert keys(events) == ["lost"]
    assert list(watch.states()) == []


@pytest.mark.promise("PRESENCE-8")
def test_the_table_of_transitions_is_total_and_is_the_one_in_the_spec():
    pairs = {(was, now) for was in State for now in State if was is not now}
    assert set(TRANSITIONS) == pairs
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ([^|]+) \| ([^|]*)\| (\w+) \|$", SPEC.read_text(), re.MULTILINE)
    table = {
        (was, now): (what.strip(), alert.strip() or None, urgency)
        for was, now, what, alert, urgency in rows
        if was != "from"
    }
    assert table == {(str(was), str(now)): tuple(cell) for (was, now), cell in TRANSITIONS.items()}


ALPHA_MAY_ENTER = (Entry("Alpha"), Entry("Bravo", "band"))


@pytest.mark.promise("PRESENCE-9")
def test_a_foreseen_presence_is_told_and_not_alarmed():
    events = Watch([kestrel(may_enter=ALPHA_MAY_ENTER)]).observe(
        reports({"km": 5, "seen": "10:00", "party": "Alpha", "confidence": 0.9})
    )
    assert [(p.what, p.permission.permitted, p.permission.why) for p in events.presence] == [
        ("entered", True, "in_terms")
    ]
    assert keys(events) == []


@pytest.mark.promise("PRESENCE-9")
def test_a_party_that_may_be_in_the_band_only_is_alarmed_inside():
    watch = Watch([kestrel(band_mm=5_000_000, may_enter=ALPHA_MAY_ENTER)])
    events = watch.observe(reports(*({"km": km, "seen": f"10:0{i}", "party": "Bravo"} for i, km in enumerate([12, 8]))))
    assert [p.permission.permitted for p in events.presence] == [True, False]
    assert keys(events) == ["entered"]


@pytest.mark.promise("PRESENCE-9")
def test_prior_notice_counts_while_it_covers_the_time():
    notices = (Notice(Window(at("10:00"), at("11:00")), "2026/0012"),)
    watch = Watch([kestrel(may_enter=(Entry("Harbour Aid", notices=notices),))])
    events = watch.observe(
        reports(
            *(
                {"km": km, "seen": seen, "party": "Harbour Aid"}
                for km, seen in [(5, "10:30"), (20, "10:40"), (5, "11:30")]
            )
        )
    )
    assert [p.permission.why for p in events.presence] == ["notice_given", "notice_given", "no_notice"]
    assert [alert.params["why"] for alert in events.alerts] == ["no_notice"]


@pytest.mark.promise("PRESENCE-10")
@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({}, "unattributed"),
        ({"party": "Alpha", "confidence": 0.79}, "attribution_doubtful"),
        ({"party": "Northlight", "confidence": 1.0}, "not_in_terms"),
    ],
)
def test_who_is_not_surely_attributed_to_a_party_of_the_terms_is_alarmed_with_the_doubt_stated(row, why):
    events = Watch([kestrel(may_enter=ALPHA_MAY_ENTER)]).observe(reports({"km": 5, "seen": "10:00"} | row))
    assert [(alert.key, alert.params["why"]) for alert in events.alerts] == [("entered", why)]


@pytest.mark.promise("PRESENCE-10", "PRESENCE-11")
def test_claims_of_two_parties_for_one_subject_are_a_doubt_whoever_came_first():
    watch = Watch([kestrel(may_enter=ALPHA_MAY_ENTER)])
    events = watch.observe(
        reports(
            {"km": 20, "seen": "10:00", "party": "Northlight"},
            {"km": 5, "seen": "10:01", "party": "Alpha", "confidence": 1.0},
        )
    )
    assert [(alert.params["why"], alert.params["detail"]) for alert in events.alerts] == [
        ("attribution_contradicted", "Northlight, Alpha")
    ]


@pytest.mark.promise("PRESENCE-11")
def test_of_one_party_the_surest_claim_counts():
    watch = Watch([kestrel(may_enter=ALPHA_MAY_ENTER)])
    rows = [
        {"km": 20, "seen": "10:00", "party": "Alpha", "confidence": 0.9},
        {"km": 5, "seen": "10:01", "party": "Alpha", "confidence": 0.3},
    ]
    assert keys(watch.observe(reports(*rows))) == []


@pytest.mark.promise("PRESENCE-12")
def test_an_attribution_that_comes_into_doubt_inside_raises_an_alert():
    watch = Watch([kestrel(may_enter=ALPHA_MAY_ENTER)])
    events = watch.observe(
        reports({"km": 5, "seen": "10:00", "party": "Alpha"}, {"km": 5, "seen": "10:01", "party": "Northlight"})
    )
    assert whats(events) == ["entered"]
    assert [(alert.key, alert.params["why"]) for alert in events.alerts] == [
        ("no_longer_foreseen", "attribution_contradicted")
    ]


@pytest.mark.promise("PRESENCE-12")
def test_a_notice_that_ends_inside_raises_an_alert_with_the_next_report():
    notices = (Notice(Window(None, at("10:30"))),)
    watch = Watch([kestrel(may_enter=(Entry("Harbour Aid", notices=notices),))])
    events = watch.observe(
        reports(*({"km": 5, "seen": seen, "party": "Harbour Aid"} for seen in ("10:00", "10:31", "10:32")))
    )
    assert keys(events) == ["no_longer_foreseen"]


@pytest.mark.promise("PRESENCE-13")
def test_a_course_that_meets_the_zone_within_its_approach_time_raises_one_alert_with_a_range():
    watch = Watch([kestrel(approach_us=30 * MINUTE_US)])
    rows = [{"km": 25 - i, "seen": f"10:0{i}", "error_m": 50.0} for i in range(5)]  # 1 km a minute, 15 km to the edge
    events = watch.observe(reports(*rows))
    assert keys(events) == ["approach"]
    params = events.alerts[0].params
    assert events.alerts[0].at_us == at("10:01")
    assert params["expected_s"] == pytest.approx(14 * 60, abs=15)
    assert params["soonest_s"] < params["expected_s"] < params["latest_s"]


@pytest.mark.promise("PRESENCE-13")
def test_a_course_that_passes_the_zone_by_raises_nothing():
    watch = Watch([kestrel(approach_us=60 * MINUTE_US)])
    rows = [{"km": 20, "lon": 38.0 + 0.02 * i, "seen": f"10:0{i}", "error_m": 10.0} for i in range(5)]
    assert keys(watch.observe(reports(*rows))) == []


@pytest.mark.promise("PRESENCE-13")
def test_a_reported_course_needs_no_second_position():
    watch = Watch([kestrel(approach_us=30 * MINUTE_US)])
    assert keys(watch.observe(reports({"km": 25, "seen": "10:00", "speed_mps": 15.0, "course_deg": 180.0}))) == [
        "approach"
    ]


@pytest.mark.promise("PRESENCE-14")
def test_a_stay_longer_than_the_dwell_time_raises_one_alert():
    watch = Watch([kestrel(dwell_us=15 * MINUTE_US)])
    watch.observe(reports(*({"km": 5, "seen": f"10:{m:02d}"} for m in range(0, 14, 2))))
    events = [*watch.advance(at("10:20")), *watch.advance(at("12:00"))]
    assert [(event.key, event.at_us) for event in events] == [("dwell", at("10:15"))]


@pytest.mark.promise("PRESENCE-14")
def test_a_second_stay_has_a_dwell_time_of_its_own():
    watch = Watch([kestrel(dwell_us=15 * MINUTE_US)])
    events = watch.observe(
        reports(
            {"km": 5, "seen": "10:00"},
            {"km": 20, "seen": "10:10"},
            {"km": 5, "seen": "10:20"},
            {"km": 5, "seen": "10:50"},
        )
    )
    assert [(alert.key, alert.at_us) for alert in events.alerts if alert.key == "dwell"] == [("dwell", at("10:35"))]


def test_several_subjects_and_zones_do_not_mix():
    far = kestrel()
    events = Watch([far]).observe(
        reports(
            {"subject": "Bravo 1", "km": 5, "seen": "10:00"},
            {"subject": "Bravo 2", "km": 50, "seen": "10:01"},
            {"subject": "Bravo 2", "km": 9, "seen": "10:02"},
        )
    )
    assert changes(events) == [("Bravo 1", "entered"), ("Bravo 2", "entered")]


@pytest.mark.promise("PRESENCE-4")
def test_reports_that_all_become_known_at_once_lose_nobody_in_between():
    watch = Watch([kestrel(presence=PresenceTerms(silent_after_us=30 * MINUTE_US))])
    rows = [{"km": 5, "seen": seen, "known": "12:00"} for seen in ("10:00", "11:10", "11:50", "12:00")]
    assert whats(watch.observe(reports(*rows))) == ["entered"]


@pytest.mark.promise("PRESENCE-4")
def test_three_sigmas_of_the_last_position_are_allowed_for_reach():
    watch = Watch([kestrel(presence=PresenceTerms(silent_after_us=30 * MINUTE_US))])
    watch.observe(reports({"km": 94, "seen": "10:00", "error_m": 8_000.0}))  # 84 km less 24 km: 50 minutes at 20 m/s
    assert whats(watch.advance(at("10:49"))) == []
    assert whats(watch.advance(at("10:52"))) == ["lost from sight"]


@pytest.mark.promise("PRESENCE-9")
@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_the_entries_of_one_party_makes_no_difference(turned):
    entries = (Entry("Alpha", "inside", (Notice(Window(at("08:00"), at("09:00"))),)), Entry("Alpha", "band"))
    watch = Watch([kestrel(band_mm=5_000_000, may_enter=entries[::-1] if turned else entries)])
    events = watch.observe(reports({"km": 12, "seen": "10:00", "party": "Alpha"}))
    assert [(p.what, p.permission.why) for p in events.presence] == [("came close", "in_terms")]


@pytest.mark.promise("PRESENCE-9")
def test_a_late_stay_is_judged_by_the_notice_of_its_own_time():
    notices = (Notice(Window(at("11:00"), at("12:00"))),)
    watch = Watch([kestrel(may_enter=(Entry("Harbour Aid", notices=notices),))])
    watch.observe(reports(*({"km": 20, "seen": seen, "party": "Harbour Aid"} for seen in ("10:20", "11:10"))))
    late = watch.observe(reports({"km": 5, "seen": "10:30", "known": "11:11", "party": "Harbour Aid"}))
    assert [(a.key, a.params["why"]) for a in late.alerts] == [("was_inside", "no_notice")]


@pytest.mark.promise("PRESENCE-9")
def test_silence_is_judged_by_the_notice_of_the_time_that_has_passed():
    notices = (Notice(Window(None, at("10:10"))),)
    silent = PresenceTerms(silent_after_us=30 * MINUTE_US)
    watch = Watch([kestrel(may_enter=(Entry("Harbour Aid", notices=notices),), presence=silent)])
    watch.observe(reports({"km": 5, "seen": "10:00", "party": "Harbour Aid"}))
    assert [(a.key, a.params["why"]) for a in watch.advance(at("10:40")).alerts] == [("lost", "no_notice")]


@pytest.mark.promise("PRESENCE-12")
def test_a_late_claim_can_end_what_the_terms_foresaw():
    watch = Watch([kestrel(may_enter=ALPHA_MAY_ENTER)])
    watch.observe(reports({"km": 5, "seen": "10:00", "party": "Alpha"}, {"km": 5, "seen": "10:10", "party": "Alpha"}))
    late = watch.observe(reports({"km": 5.1, "seen": "10:05", "known": "10:12", "party": "Northlight"}))
    assert keys(late) == ["no_longer_foreseen"]


@pytest.mark.promise("PRESENCE-14")
def test_who_turns_out_to_be_foreseen_does_not_overstay():
    watch = Watch([kestrel(may_enter=ALPHA_MAY_ENTER, dwell_us=15 * MINUTE_US)])
    events = watch.observe(reports({"km": 5, "seen": "10:00"}, {"km": 5, "seen": "10:05", "party": "Alpha"}))
    assert keys(events) == ["entered"]
    assert keys(watch.advance(at("10:30"))) == []


@pytest.mark.promise("PRESENCE-14")
def test_a_late_report_that_cuts_a_stay_begins_its_dwell_time_anew():
    watch = Watch([kestrel(dwell_us=15 * MINUTE_US)])
    watch.observe(reports({"km": 5, "seen": "10:00"}, {"km": 5, "seen": "10:12"}))
    watch.observe(reports({"km": 20, "seen": "10:11", "known": "10:13"}))
    assert [(a.key, a.at_us) for a in watch.advance(at("11:00")).alerts] == [("dwell", at("10:27"))]


@pytest.mark.promise("PRESENCE-13")
def test_doubt_that_arises_on_the_way_is_told_when_it_comes_close():
    watch = Watch([kestrel(band_mm=5_000_000, approach_us=60 * MINUTE_US, may_enter=ALPHA_MAY_ENTER)])
    rows = [{"km": 25 - 3 * i, "seen": f"10:0{3 * i}", "party": "Alpha"} for i in range(3)]
    events = watch.observe(reports(*rows, {"km": 12, "seen": "10:13", "party": "Northlight"}))
    assert [(a.key, a.params["why"]) for a in events.alerts] == [("approach", "attribution_contradicted")]


@pytest.mark.promise("PRESENCE-13")
def test_no_zone_is_too_small_to_be_approached():
    watch = Watch([kestrel(0.5, approach_us=120 * MINUTE_US)])
    rows = [{"km": 200 - 1.8 * i, "seen": at("10:00") + i * MINUTE_US, "error_m": 5.0} for i in range(10)]
    assert keys(watch.observe(reports(*rows))) == ["approach"]


@pytest.mark.promise("PRESENCE-13")
def test_who_flies_over_the_heights_of_a_zone_does_not_approach_it():
    low = HeightBand(0, 1_000_000, "W84")
    watch = Watch([kestrel(approach_us=60 * MINUTE_US, height=low)])
    rows = [{"km": 25 - i, "seen": f"10:0{i}", "height_m": 10_000.0, "datum": "W84"} for i in range(5)]
    assert keys(watch.observe(reports(*rows))) == []


@pytest.mark.promise("PRESENCE-6")
def test_at_the_end_of_a_window_it_is_still_open():
    watch = Watch([kestrel(window=Window(None, at("11:00")))])
    watch.observe(reports({"km": 5, "seen": "10:00"}))
    watch.advance(at("11:00"))
    assert [str(state) for _, _, state in watch.states()] == ["inside"]


def test_a_watch_takes_one_zone_a_zone_for_naive_times_and_text_for_an_instant():
    watch = Watch(kestrel(presence=PresenceTerms(silent_after_us=30 * MINUTE_US)))
    table = {"subject": ["Bravo 1"], "seen_at": ["2026-05-18T10:00:00"], "lat": [33.5], "lon": [38.6]}
    assert whats(watch.observe(table, zone="UTC")) == ["entered"]
    assert whats(watch.advance("2026-05-18T10:40:00Z")) == ["lost inside"]


@pytest.mark.promise("PRESENCE-14")
def test_silence_does_not_begin_a_stay_anew():
    watch = Watch([kestrel(dwell_us=60 * MINUTE_US, presence=PresenceTerms(silent_after_us=30 * MINUTE_US))])
    watch.observe(reports({"km": 5, "seen": "10:00"}))
    watch.observe(reports({"km": 5, "seen": "10:40"}))
    assert [(a.key, a.at_us) for a in watch.advance(at("11:05")).alerts] == [("dwell", at("11:00"))]
