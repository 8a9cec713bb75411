"""docs/spec/changing-zones.md: zones that are agreed, replaced and ended while they are watched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepclear.agreements.atlas import Zone
from keepclear.agreements.pattern_terms import MannedTerms, PatternTerms
from keepclear.agreements.terms import Entry, PresenceTerms
from keepclear.geo.shapes import Circle
from keepclear.ground.errors import Refused
from keepclear.ground.instants import Window
from keepclear.render.sentences import of_presence
from keepclear.watch.watch import Watch
from tests.builders import CENTRE, MINUTE_US, at, changes, kestrel, keys, north, reports, whats

FORD = Zone("ford", Circle(north(3), CENTRE[1], 5_000.0), name="The ford")


def inside_at_ten(*zones: Zone) -> Watch:
    watch = Watch(zones or [kestrel()])
    watch.observe(reports({"km": 5, "seen": "10:00", "party": "Alpha"}))
    return watch


def causes(events):
    return [(event.zone, event.what, str(event.cause)) for event in events.presence]


@pytest.mark.promise("CHANGE-1")
def test_a_zone_agreed_again_as_it_stands_changes_nothing():
    watch = inside_at_ten(kestrel(), FORD)
    before = watch.packed()
    assert len(watch.agree([kestrel(), FORD], at("10:00"))) == 0
    assert watch.packed() == before
    assert not watch.agree([replace(FORD, shape=Circle(0.0, 0.0, 1_000.0))], at("10:05")).presence[1:]
    assert ("Bravo 1", "kestrel", "inside") in list(watch.states())


@pytest.mark.promise("CHANGE-2")
def test_who_is_there_already_is_found_by_the_newest_report():
    watch = inside_at_ten(kestrel())
    events = watch.agree([FORD], at("10:10"))
    assert causes(events) == [("ford", "entered", "window_opened")]
    assert keys(events) == ["entered"]
    assert {event.at_us for event in events} == {at("10:10")}


@pytest.mark.promise("CHANGE-2")
def test_a_zone_may_be_agreed_before_its_window():
    watch = inside_at_ten(kestrel())
    assert not watch.agree([replace(FORD, window=Window(at("10:30"), at("11:00")))], at("10:10"))
    assert watch.next_due_us == at("10:30")
    assert causes(watch.advance(at("10:30"))) == [("ford", "entered", "window_opened")]
    assert whats(watch.advance(at("11:01"))) == ["the window closed"]


@pytest.mark.promise("CHANGE-2")
def test_a_watch_may_begin_without_zones():
    watch = Watch([])
    assert not watch.observe(reports({"km": 5, "seen": "10:00"}))
    assert whats(watch.agree([kestrel()], at("10:01"))) == ["entered"]
    assert Watch.unpacked(Watch([]).packed()).zones_in_force() == {}


@pytest.mark.promise("CHANGE-3")
def test_a_zone_that_ends_is_left_by_everybody_and_heard_of_no_more():
    watch = inside_at_ten(kestrel(), FORD)
    assert causes(watch.end(["ford"], at("10:10"))) == [("ford", "the window closed", "window_closed")]
    assert list(watch.zones_in_force()) == ["kestrel"]
    assert not watch.observe(reports({"km": 4, "seen": "10:20"}, {"km": 5, "seen": "10:30"}))
    with pytest.raises(Refused, match="No zone of this id"):
        watch.end(["ford"], at("10:40"))


@pytest.mark.promise("CHANGE-4")
def test_another_place_is_another_version():
    events = inside_at_ten(kestrel()).agree([kestrel(20.0)], at("10:10"))
    assert causes(events) == [
        ("kestrel", "the window closed", "window_closed"),
        ("kestrel", "entered", "window_opened"),
    ]
    assert [event.seen_at_us for event in events.presence] == [at("10:10") - 1, at("10:10")]


@pytest.mark.promise("CHANGE-5")
def test_who_is_there_goes_on_being_there_under_other_terms():
    foreseen = kestrel(may_enter=(Entry("Alpha"),))
    watch = inside_at_ten(foreseen)
    assert keys(watch.agree([replace(foreseen, name="Kestrel", may_enter=())], at("10:10"))) == ["no_longer_foreseen"]
    assert not watch.agree([replace(foreseen, name="Kestrel")], at("10:20"))
    assert list(watch.states()) == [("Bravo 1", "kestrel", "inside")]
    assert watch.zones_in_force()["kestrel"].name == "Kestrel"


@pytest.mark.promise("CHANGE-5")
def test_stays_and_silences_are_judged_by_the_new_terms():
    watch = inside_at_ten(kestrel())
    silent = replace(kestrel(), dwell_us=15 * MINUTE_US, presence=PresenceTerms(silent_after_us=30 * MINUTE_US))
    assert not watch.agree([silent], at("10:10"))
    assert [(alert.key, alert.at_us) for alert in watch.advance(at("11:00")).alerts] == [
        ("dwell", at("10:15")),
        ("lost", at("10:30")),
    ]


@pytest.mark.promise("CHANGE-5")
def test_a_window_may_be_moved_while_it_is_open():
    open_zone = kestrel(window=Window(at("09:00"), at("10:30")))
    watch = inside_at_ten(open_zone)
    assert not watch.agree([replace(open_zone, window=Window(at("09:00"), at("11:30")))], at("10:10"))
    assert not watch.advance(at("11:29"))
    assert [(event.what, event.seen_at_us) for event in watch.advance(at("11:31")).presence] == [
        ("the window closed", at("11:30"))
    ]


@pytest.mark.promise("CHANGE-5")
def test_patterns_that_change_begin_anew_with_who_is_there():
    watch = inside_at_ten(kestrel())
    assert not watch.agree(
        [kestrel(patterns=PatternTerms(manned=MannedTerms(1, ("Alpha",), 5 * MINUTE_US)))], at("10:10")
    )
    assert not watch.advance(at("10:20"))
    assert keys(watch.observe(reports({"km": 30, "seen": "10:21"}))) == ["left"]
    assert keys(watch.advance(at("10:27"))) == ["unmanned"]


@pytest.mark.promise("CHANGE-6")
def test_a_late_report_speaks_of_the_version_that_was_in_force():
    watch = Watch([kestrel()])
    watch.observe(reports({"km": 30, "seen": "10:20"}))
    watch.agree([kestrel(12.0)], at("10:30"))
    late = watch.observe(reports({"km": 5, "seen": "10:10", "known": "10:40"}))
    assert [(event.action, event.stands.now) for event in late.corrections] == [("added", "inside"), ("added", "clear")]
    assert keys(late) == ["was_inside"]
    watch.agree([kestrel(14.0)], at("10:41"))
    watch.advance(at("12:00"))
    assert not watch.observe(reports({"subject": "Kite", "km": 5, "seen": "10:35", "known": "12:01"})).corrections


@pytest.mark.promise("CHANGE-7")
def test_what_is_held_of_a_subject_goes_on():
    watch = inside_at_ten(kestrel())
    watch.agree([kestrel(20.0, may_enter=(Entry("Alpha"),))], at("10:10"))
    events = watch.observe(
        reports({"km": 400, "seen": "10:11"}, {"km": 5, "seen": "10:20"}, {"km": 5, "seen": "10:20"})
    )
    assert [event.permission.why for event in events.presence] == ["in_terms", "in_terms"]
    assert [event.flags for event in events.presence] == [("jump",), ("jump",)]
    assert events.verdicts[2] == "duplicate"


@pytest.mark.promise("CHANGE-8")
def test_versions_that_are_over_do_not_pile_up_in_the_bytes():
    changed, plain = inside_at_ten(kestrel()), inside_at_ten(kestrel())
    for day in range(40):
        changed.agree([kestrel(10.0 + day % 2)], at("10:10") + day * 24 * 60 * MINUTE_US)
    changed.advance(at("10:10") + 50 * 24 * 60 * MINUTE_US)
    plain.agree([kestrel(12.0), FORD], at("10:10"))
    assert len(changed.packed()) < len(plain.packed()) + 500
    assert len(Watch.unpacked(changed.packed()).atlas) == 1


@pytest.mark.promise("CHANGE-4")
def test_changes_at_one_instant_and_before_the_clock_are_taken():
    watch = inside_at_ten(kestrel())
    for radius_km in (11.0, 12.0, 13.0):
        assert changes(watch.agree([kestrel(radius_km)], at("10:05"))) == [
            ("Bravo 1", "the window closed"),
            ("Bravo 1", "entered"),
        ]
    assert watch.clock_us == at("10:05")
    assert whats(watch.agree([kestrel(14.0)], at("09:00"))) == ["the window closed", "entered"]
    assert watch.clock_us == at("10:05")


SILENT = PresenceTerms(silent_after_us=10 * MINUTE_US)


def lost_at_noon() -> Watch:
    """Bravo 1 was seen 20 km off, Kite inside; both have been lost since."""
    watch = Watch([kestrel(presence=SILENT)])
    watch.observe(reports({"km": 30, "seen": "10:00"}, {"subject": "Kite", "km": 5, "seen": "10:00"}))
    assert changes(watch.advance(at("12:00"))) == [("Kite", "lost inside"), ("Bravo 1", "lost from sight")]
    return watch


@pytest.mark.promise("CHANGE-9")
def test_who_is_lost_stays_lost_through_every_change_and_nobody_is_told_again():
    watch = lost_at_noon()
    for minute, radius_km in enumerate((12.0, 14.0, 9.0)):
        assert not watch.agree([kestrel(radius_km, presence=SILENT)], at(f"12:1{minute}"))
    assert not watch.agree([replace(FORD, shape=Circle(north(-20), CENTRE[1], 5_000.0), presence=SILENT)], at("12:20"))
    assert not watch.agree([kestrel(9.0, presence=replace(SILENT, silent_after_us=5 * MINUTE_US))], at("12:30"))
    watch = Watch.unpacked(watch.packed())
    assert not watch.advance(at("13:00"))
    assert sorted(watch.states()) == [
        (subject, zone, "lost") for subject in ("Bravo 1", "Kite") for zone in ("ford", "kestrel")
    ]
    found = watch.observe(reports({"km": 31, "seen": "13:00"}))
    assert [(event.zone, event.was, event.what) for event in found.presence] == [
        ("kestrel", "lost", "found clear"),
        ("ford", "lost", "found clear"),
    ]


@pytest.mark.promise("CHANGE-9")
def test_who_was_lost_is_told_of_where_its_last_report_says_something_else_of_the_new_zone():
    watch = lost_at_noon()
    assert changes(watch.agree([kestrel(40.0, presence=SILENT)], at("12:10"))) == [
        ("Bravo 1", "the window closed"),
        ("Bravo 1", "entered"),
    ]
    assert changes(watch.advance(at("12:11"))) == [("Bravo 1", "lost inside")]
    assert changes(watch.agree([replace(FORD, presence=SILENT)], at("12:20"))) == [("Kite", "entered")]
    assert changes(watch.advance(at("12:21"))) == [("Kite", "lost inside")]


@pytest.mark.promise("CHANGE-9")
def test_who_may_not_have_come_so_far_yet_is_not_lost():
    watch = lost_at_noon()
    far = replace(FORD, shape=Circle(0.0, 0.0, 5_000.0), presence=SILENT)
    assert not watch.agree([far], at("12:10"))
    assert not [zone for _, zone, _ in watch.states() if zone == "ford"]
    assert "lost from sight" in whats(watch.advance(at("12:10") + 30 * 24 * 60 * MINUTE_US))


@pytest.mark.promise("CHANGE-3")
def test_of_who_is_lost_when_a_zone_ends_it_is_not_said_that_it_was_there():
    said = [of_presence(event, "Kestrel Pass") for event in lost_at_noon().end(["kestrel"], at("12:10")).presence]
    assert [sentence.partition(" (")[0] for sentence in said] == [
        "Bravo 1 was lost from sight when the window of Kestrel Pass closed, last seen 20.0 km outside the edge",
        "Kite was lost from sight when the window of Kestrel Pass closed, last seen 5.0 km inside the edge",
    ]
