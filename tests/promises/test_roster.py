"""docs/spec/roster.md: who can be reached, when, by which line and in which language."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.hours import EVERY_DAY, ROUND_THE_CLOCK, Calendar, Day, Hours, Span
from keepclear.ground.instants import parse_instant, utc_text
from keepclear.parties.roster import (
    Authority,
    FocalPoint,
    Handover,
    Interpreter,
    Language,
    Level,
    Line,
    LineKind,
    Roster,
    Speaker,
    WhyNot,
    checked,
    gaps,
    in_reach,
    language_gaps,
    last_handover,
    whom_to_try,
)

DAMASCUS = Calendar("Asia/Damascus")
VOICE = Line(LineKind.VOICE, "+000 100")
RADIO = Line(LineKind.RADIO, "243.0 MHz, Kestrel Base")
BY_DAY = (Hours(EVERY_DAY, 6 * 60, 22 * 60),)
BY_NIGHT = (Hours(EVERY_DAY, 22 * 60, 6 * 60),)
ARABIC = Language("ar", Level.FULL, vetted_by="language board")
ENGLISH = Language("en", Level.FULL, vetted_by="language board")
UNVETTED = Language("ar-SY", Level.WORKING)


def us(text):
    return parse_instant(f"2026-05-{text}+03:00").us


def focal(id="desk", lines=(VOICE,), languages=(), hours=ROUND_THE_CLOCK, calendar=DAMASCUS, **more):
    return FocalPoint(id, f"the {id}", tuple(lines), tuple(languages), tuple(hours), calendar, **more)


def interpreter(id="lena", languages=(ARABIC, ENGLISH), hours=ROUND_THE_CLOCK, **more):
    return Interpreter(id, f"{id}, interpreter", (VOICE,), tuple(languages), tuple(hours), DAMASCUS, **more)


def roster(*focal_points, **more):
    return checked(Roster("bravo", focal_points, **more))


def refused(*focal_points, **more):
    with pytest.raises(Refused) as caught:
        roster(*focal_points, **more)
    return caught.value.key, caught.value.where


def local(spans):
    """Spans as day and clock in UTC+3."""
    return [tuple(utc_text(edge + 3 * 3_600_000_000)[8:16] for edge in span[:2]) for span in spans]


# --- who is in reach ---


@pytest.mark.promise("ROSTER-1")
def test_somebody_on_duty_is_reached_by_the_first_line_that_works():
    night_only = Line(LineKind.SATELLITE, "+870 1", hours=BY_NIGHT)
    (reach,) = whom_to_try(roster(focal(lines=(night_only, RADIO, VOICE))), "desk", us("18T12:00:00"))
    assert reach.why_not is None
    assert reach.lines == (RADIO, VOICE)


@pytest.mark.promise("ROSTER-1")
@pytest.mark.parametrize(
    ("changes", "why_not"),
    [
        ({"valid_from_us": us("19T00:00:00")}, WhyNot.NOT_VALID),
        ({"valid_until_us": us("18T12:00:00")}, WhyNot.NOT_VALID),
        ({"hours": BY_NIGHT}, WhyNot.OFF_DUTY),
        ({"hours": (Hours((Day.TUE,), 0, 1440),)}, WhyNot.OFF_DUTY),
        ({"calendar": Calendar("Asia/Damascus", (date(2026, 5, 18),))}, WhyNot.OFF_DUTY),
        ({"lines": (Line(LineKind.VOICE, "+000 100", hours=BY_NIGHT),)}, WhyNot.NO_LINE),
        ({"lines": ()}, WhyNot.NO_LINE),
        ({"lines": (), "hours": ()}, WhyNot.OFF_DUTY),
    ],
)
def test_why_somebody_cannot_be_reached_is_said(changes, why_not):
    (reach,) = whom_to_try(roster(focal(**changes)), "desk", us("18T12:00:00"))
    assert (reach.why_not, reach.lines) == (why_not, ())


@pytest.mark.promise("ROSTER-1")
def test_hours_are_kept_by_the_clock_of_the_place_when_the_clocks_change():
    berlin = roster(focal(hours=BY_DAY, calendar=Calendar("Europe/Berlin")))
    for day, opens in (("2026-03-28", "05:00:00Z"), ("2026-03-29", "04:00:00Z")):
        opens_us = parse_instant(f"{day}T{opens}").us
        assert [bool(in_reach(berlin, opens_us - 1)), bool(in_reach(berlin, opens_us))] == [False, True]


# --- deputies ---


@pytest.mark.promise("ROSTER-2")
def test_failure_2_a_single_contact_who_is_away_has_deputies_behind_it():
    """Deir ez-Zor 2016: one named contact, away from the telephone, 27 minutes."""
    bravo = roster(
        focal("colonel", deputy="major", second_deputy="captain"),
        focal("major", hours=BY_NIGHT),
        focal("captain", lines=(RADIO,)),
    )
    tried = whom_to_try(bravo, "colonel", us("18T12:00:00"))
    assert [(one.focal.id, one.why_not, one.stands_for) for one in tried] == [
        ("colonel", None, ""),
        ("major", WhyNot.OFF_DUTY, "colonel"),
        ("captain", None, "colonel"),
    ]
    assert tried[2].lines == (RADIO,)


@pytest.mark.promise("ROSTER-2")
def test_whoever_is_in_reach_stands_once_and_deputies_behind_those_they_stand_for():
    bravo = roster(focal("captain"), focal("colonel", deputy="major", hours=BY_NIGHT), focal("major", deputy="captain"))
    found = in_reach(bravo, us("18T12:00:00"))
    assert [(one.focal.id, one.stands_for) for one in found] == [("captain", ""), ("major", "colonel")]


@pytest.mark.promise("ROSTER-2")
def test_what_somebody_may_do_goes_with_them():
    (reach,) = in_reach(roster(focal(authority=(Authority.RECEIVE, Authority.RELAY))), us("18T12:00:00"))
    assert Authority.COMMIT not in reach.focal.authority


# --- gaps ---


@pytest.mark.promise("ROSTER-3")
def test_failure_22_a_line_that_is_dead_at_night_is_a_gap_although_somebody_is_on_duty():
    """The line of the border force was dead after ten in the evening."""
    dead_at_night = Line(LineKind.VOICE, "+000 100", hours=BY_DAY)
    bravo = roster(focal(lines=(dead_at_night,)))
    assert local(gaps(bravo, us("18T12:00:00"), us("20T12:00:00"))) == [
        ("18T22:00", "19T06:00"),
        ("19T22:00", "20T06:00"),
    ]


@pytest.mark.promise("ROSTER-3")
def test_two_shifts_that_meet_leave_no_gap_and_a_day_off_opens_one():
    off = Calendar("Asia/Damascus", (date(2026, 5, 19),))
    days, nights = focal("days", hours=BY_DAY), focal("nights", hours=BY_NIGHT)
    period = us("18T00:00:00"), us("21T00:00:00")
    assert gaps(roster(days, nights), *period) == ()
    found = gaps(roster(msgspec.structs.replace(days, calendar=off), nights), *period)
    assert local(found) == [("19T06:00", "19T22:00")]


@pytest.mark.promise("ROSTER-3")
def test_a_line_keeps_its_hours_on_the_day_off_of_who_is_reached_by_it():
    off = Calendar("Asia/Damascus", (date(2026, 5, 19),))
    bravo = roster(focal(lines=(Line(LineKind.VOICE, "+000 100", hours=BY_NIGHT),), calendar=off))
    assert local(gaps(bravo, us("19T12:00:00"), us("20T07:00:00"))) == [
        ("19T12:00", "20T00:00"),
        ("20T06:00", "20T07:00"),
    ]


@pytest.mark.promise("ROSTER-3")
def test_a_roster_of_nobody_is_one_gap_and_one_that_ends_opens_one():
    period = us("18T00:00:00"), us("19T00:00:00")
    assert gaps(roster(), *period) == (Span(*period),)
    assert local(gaps(roster(focal(valid_until_us=us("18T15:00:00"))), *period)) == [("18T15:00", "19T00:00")]


minutes = st.integers(0, 1439)
some_hours = st.builds(
    Hours, st.lists(st.sampled_from(Day), min_size=1, unique=True).map(tuple), minutes, minutes.map(lambda m: m + 1)
)
people = st.lists(
    st.builds(
        lambda hours, line, until: focal(hours=hours, lines=(Line(LineKind.VOICE, "1", line),), valid_until_us=until),
        st.lists(some_hours, max_size=2),
        st.none() | st.lists(some_hours, max_size=2).map(tuple),
        st.none() | st.just(us("20T12:34:00")),
    ),
    max_size=3,
)


@pytest.mark.promise("ROSTER-3")
@given(people, st.integers(us("18T00:00:00"), us("23T00:00:00") - 1))
def test_an_instant_lies_in_a_gap_or_somebody_is_in_reach_at_it(focal_points, at_us):
    named = tuple(msgspec.structs.replace(one, id=f"p{number}") for number, one in enumerate(focal_points))
    bravo = Roster("bravo", named)
    found = gaps(bravo, us("18T00:00:00"), us("23T00:00:00"))
    for instant in (at_us, *(edge for gap in found for edge in (gap.from_us, gap.until_us - 1, gap.until_us))):
        if instant < us("23T00:00:00"):
            assert any(gap.contains(instant) for gap in found) == (not in_reach(bravo, instant))


# --- languages ---


@pytest.mark.promise("ROSTER-4")
def test_nobody_speaks_arabic_between_ten_and_six():
    bravo = roster(focal("days", languages=(ARABIC,), hours=BY_DAY), focal("nights", hours=BY_NIGHT))
    found = language_gaps(bravo, "ar", us("18T12:00:00"), us("19T12:00:00"))
    assert local(found) == [("18T22:00", "19T06:00")]
    assert found[0].might_do == ()
    assert gaps(bravo, us("18T12:00:00"), us("19T12:00:00")) == ()


@pytest.mark.promise("ROSTER-4")
def test_a_gap_is_cut_where_those_who_might_do_change():
    bravo = roster(
        focal("days", languages=(Language("ar", Level.SOME, "language board"),), hours=BY_DAY),
        interpreters=(interpreter(hours=(Hours(EVERY_DAY, 20 * 60, 1440),)),),
    )
    found = language_gaps(bravo, "ar-SY", us("18T12:00:00"), us("19T00:00:00"))
    some, lena = Speaker("days", Level.SOME, True, False), Speaker("lena", Level.FULL, True, True)
    assert [gap.might_do for gap in found] == [(some,), (some, lena), (lena,)]
    assert local(found) == [("18T12:00", "18T20:00"), ("18T20:00", "18T22:00"), ("18T22:00", "19T00:00")]


@pytest.mark.promise("ROSTER-4", "ROSTER-5")
def test_failure_21_whoever_interprets_unvetted_leaves_the_gap_open_and_is_named_in_it():
    """Hotline operators whose Arabic nobody had vetted; a young airman who interpreted an ultimatum at night."""
    airman = focal("airman", languages=(UNVETTED,), hours=BY_NIGHT)
    (gap,) = language_gaps(roster(airman), "ar", us("18T22:00:00"), us("19T06:00:00"))
    assert gap.might_do == (Speaker("airman", Level.WORKING, vetted=False, on_call=False),)


@pytest.mark.promise("ROSTER-5")
def test_an_interpreter_is_vetted_between_two_languages_if_somebody_stands_for_both():
    assert interpreter().vetted("ar", "en")
    assert not interpreter().vetted("ar", "ru")
    assert not interpreter(languages=(ARABIC, Language("en", Level.FULL))).vetted("ar", "en")


@pytest.mark.promise("ROSTER-5")
def test_nobody_vets_their_own_language():
    assert refused(focal("desk", languages=(Language("ar", Level.FULL, "the desk"),))) == (
        "roster.vetted_alone",
        "$.focal_points[0].languages[0].vetted_by",
    )


# --- what was known ---


@pytest.mark.promise("ROSTER-6")
def test_a_line_that_was_answered_later_does_not_show():
    lines = tuple(Line(LineKind.VOICE, str(n), verified_at_us=us(f"18T0{n}:00:00")) for n in (3, 1, 5))
    alpha = roster(focal(lines=lines))
    assert whom_to_try(alpha, "desk", us("18T04:00:00"))[0].verified_at_us == us("18T03:00:00")
    assert whom_to_try(alpha, "desk", us("18T00:00:00"))[0].verified_at_us is None


@pytest.mark.promise("ROSTER-6")
def test_the_newest_handover_by_an_instant_says_in_whose_hands_it_is_and_what_is_open():
    first = Handover("desk", "Ada", "Ben", us("18T06:00:00"), open=("read-back of message 4",))
    second = Handover("desk", "Ben", "Cleo", us("18T14:00:00"))
    bravo = roster(focal(), handovers=(second, first))
    assert last_handover(bravo, "desk", us("18T13:59:59")) == first
    assert last_handover(bravo, "desk", us("18T14:00:00")) == second
    assert last_handover(bravo, "desk", us("18T05:00:00")) is None


# --- what can be ---


@pytest.mark.promise("ROSTER-7")
@pytest.mark.parametrize(
    ("people", "key", "where"),
    [
        ((focal("a"), focal("a")), "roster.twice", "$.focal_points[1].id"),
        ((focal("a", deputy="b"),), "roster.deputy", "$.focal_points[0].deputy"),
        ((focal("a", deputy="a"),), "roster.deputy", "$.focal_points[0].deputy"),
        ((focal("a", deputy="b", second_deputy="b"), focal("b")), "roster.deputy", "$.focal_points[0].second_deputy"),
        ((focal("a", second_deputy="b"), focal("b")), "roster.deputy", "$.focal_points[0].second_deputy"),
        ((focal("a", lines=(Line(LineKind.VOICE, " "),)),), "roster.address", "$.focal_points[0].lines[0].address"),
        ((focal("a", languages=(ARABIC, ARABIC)),), "roster.language_twice", "$.focal_points[0].languages[1].tag"),
        (
            (focal("a", languages=(Language("Arabic", Level.FULL),)),),
            "language.unknown",
            "$.focal_points[0].languages[0].tag",
        ),
        ((focal("a", valid_from_us=5, valid_until_us=5),), "roster.validity", "$.focal_points[0].valid_until_us"),
        ((focal("a", calendar=Calendar("Mars")),), "time.unknown_zone", "$.focal_points[0].calendar.zone"),
        ((focal("a", hours=(Hours((), 1, 2),)),), "hours.no_day", "$.focal_points[0].hours[0].days"),
        ((focal("a", valid_from_us=2**60),), "time.out_of_range", "$.focal_points[0].valid_from_us"),
    ],
)
def test_what_cannot_be_a_roster_is_refused_with_its_place(people, key, where):
    assert refused(*people) == (key, where)


@pytest.mark.promise("ROSTER-7")
@pytest.mark.parametrize(
    ("handover", "where"),
    [
        (Handover("sea", "Ada", "Ben", 0), "$.handovers[0].focal"),
        (Handover("desk", "", "Ben", 0), "$.handovers[0].given_by"),
        (Handover("desk", "Ada", "Ada", 0), "$.handovers[0].taken_by"),
    ],
)
def test_a_handover_names_a_focal_point_and_two_people(handover, where):
    assert refused(focal(), handovers=(handover,))[1] == where


@pytest.mark.promise("ROSTER-7")
def test_an_entry_that_names_nobody_and_an_interpreter_who_comes_at_once_are_refused():
    assert refused(msgspec.structs.replace(focal(), called=" "))[0] == "roster.nobody"
    assert refused(interpreters=(interpreter(within_us=0),))[0] == "roster.within"


def test_a_roster_has_an_end():
    with pytest.raises(LimitExceeded):
        roster(*(focal(f"p{n}") for n in range(201)))


def test_a_roster_is_written_and_read_back():
    bravo = roster(
        focal(languages=(ARABIC,)), interpreters=(interpreter(),), handovers=(Handover("desk", "Ada", "Ben", 0),)
    )
    assert msgspec.json.decode(msgspec.json.encode(bravo), type=Roster) == bravo
