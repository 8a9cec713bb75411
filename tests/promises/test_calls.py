"""docs/spec/calls.md: calls that are due, tried, held and minuted; the form for an urgent stop."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from keepclear.agreements.agreed_terms import Calls, Step
from keepclear.channel.calls import (
    Agreed,
    Call,
    CallTerms,
    Doubt,
    Happened,
    Interpreting,
    Item,
    Minute,
    MinuteText,
    MinuteWord,
    Moment,
    Side,
    StepTaken,
    StopAnswer,
    StopForm,
    agenda,
    call_checked,
    doubts,
    escalation,
    holds,
    long_holds,
    minute_checked,
    minute_standing,
    minute_word_checked,
    missed,
    moment_checked,
    still_missing,
    stop_answer_checked,
    stop_form_checked,
    unanswered,
)
from keepclear.channel.facts import Place, Verdict
from keepclear.channel.messages import Words
from keepclear.channel.statements import Evidence
from keepclear.ground.errors import Refused
from keepclear.ground.hours import DAY_US, EVERY_DAY, Calendar, Times
from tests.builders import MINUTE_US, at

PATH = (
    Step("same-line", "Call the same line again", wait_us=5 * MINUTE_US),
    Step("radio", "Call on the radio", wait_us=10 * MINUTE_US),
    Step("seniors", "Ask the senior officers to talk"),
)
DOER = {Happened.ANSWERED: "bravo", Happened.REFUSED: "bravo", Happened.ON_HOLD: "bravo", Happened.OFF_HOLD: "bravo"}


def terms(**changes):
    """Alpha calls Bravo at 09:00 and 17:00 UTC, within a quarter of an hour."""
    times, calendar = (Times(EVERY_DAY, (540, 1020)),), Calendar("UTC")
    given: dict[str, Any] = {"grace_us": 15 * MINUTE_US, "hold_us": 3 * MINUTE_US, "calendar": calendar} | changes
    return CallTerms("kestrel-line", "alpha", "bravo", Calls("line", times, **given), PATH)


def moment(happened, clock, attempt="a1", due="", **changes):
    given: dict[str, Any] = {
        "of": DOER.get(happened, "alpha"),
        "said_by": "alpha",
        "person": "duty officer",
        "line": "voice +000 100",
        "for_us": at(due) if due else None,
    }
    given |= {"caller": "alpha", "called": "bravo"} | changes
    return moment_checked(Moment(attempt, happened, at_us=at(clock), **given))


def refused(check, *args):
    with pytest.raises(Refused) as caught:
        check(*args)
    return caught.value.key, caught.value.where


def place(lat=33.7, called="Hirbnafsah"):
    return Place("place", round(lat * 1e7), 381_000_000, 8, f"{lat} 38.1", called)


def call(*items, alpha=None, bravo=None):
    sides = Side("alpha", ("Ada",), "en", alpha), Side("bravo", ("Basil",), "ar", bravo)
    return call_checked(Call("a1", sides, items))


# --- moments ---


@pytest.mark.promise("CALL-1")
def test_letting_it_ring_in_vain_is_evidence_and_a_refusal_told_by_the_caller_is_a_claim():
    rang = moment(Happened.UNANSWERED, "09:01")
    told = moment(Happened.REFUSED, "09:02")
    assert (rang.evidence, told.evidence) == (Evidence.EVIDENCED, Evidence.CLAIMED)
    own_word = msgspec.structs.replace(told, said_by="bravo")
    assert own_word.evidence is Evidence.EVIDENCED
    assert len({rang.id, told.id, own_word.id}) == 3


# --- missed ---


@pytest.mark.promise("CALL-2")
def test_a_call_is_missed_once_its_grace_is_over_and_not_before():
    assert missed(terms(), (), at("08:00"), at("09:15")) == ()
    (nine,) = missed(terms(), (), at("08:00"), at("09:15") + 1)
    assert (nine.due_us, nine.attempts, nine.late_us) == (at("09:00"), (), None)


@pytest.mark.promise("CALL-2")
def test_a_call_that_was_answered_in_time_by_either_ones_word_is_not_missed():
    theirs = moment(Happened.ANSWERED, "09:14", due="09:00", said_by="bravo")
    assert missed(terms(), (theirs,), at("08:00"), at("10:00")) == ()


@pytest.mark.promise("CALL-2")
def test_a_call_that_is_answered_too_late_stays_missed_and_says_when():
    late = moment(Happened.ANSWERED, "09:40", due="09:00")
    assert missed(terms(), (late,), at("08:00"), at("09:39"))[0].late_us is None
    assert missed(terms(), (late,), at("08:00"), at("10:00"))[0].late_us == at("09:40")


@pytest.mark.promise("CALL-2")
def test_a_call_of_others_answers_nothing_and_neither_does_one_for_another_time():
    others = moment(Happened.ANSWERED, "09:01", due="09:00", called="meridian", of="meridian")
    evening = moment(Happened.ANSWERED, "09:02", due="17:00")
    unplanned = moment(Happened.ANSWERED, "09:03")
    assert len(missed(terms(), (others, evening, unplanned), at("08:00"), at("10:00"))) == 1


@pytest.mark.promise("CALL-2")
def test_a_call_that_was_arranged_for_once_is_missed_like_one_of_the_schedule():
    moments = (moment(Happened.ANSWERED, "11:05", due="11:00"),)
    found = unanswered(terms(), (at("11:00"), at("11:30"), at("11:50")), moments, at("12:00"))
    assert [one.due_us for one in found] == [at("11:30")]


@pytest.mark.promise("CALL-2")
def test_no_call_is_missed_on_a_day_off():
    feast = terms(calendar=Calendar("UTC", (date(2026, 5, 18),)))
    assert missed(feast, (), at("00:00"), at("23:59")) == ()


@pytest.mark.promise("CALL-1", "CALL-2")
def test_failure_23_the_other_side_does_not_pick_up_for_days_and_every_attempt_is_kept():
    """ "The proper atmosphere" was wanting; another line was dialled twice a day, unanswered, for a year."""
    day = [
        moment(Happened.UNANSWERED, "09:00", "a1", due="09:00"),
        moment(Happened.MESSAGE_LEFT, "09:05", "a2", due="09:00", spoken_to="an answering machine"),
        moment(Happened.REFUSED, "09:10", "a3", due="09:00", words="The time is not right for talks"),
    ]
    moments = [
        msgspec.structs.replace(one, at_us=one.at_us + n * DAY_US, for_us=one.for_us + n * DAY_US)
        for n in range(3)
        for one in day
    ]
    found = missed(terms(), reversed(moments), at("08:00"), at("12:00") + 2 * DAY_US)
    mornings = [one for one in found if one.attempts]
    assert [[one.happened for one in morning.attempts] for morning in mornings] == [
        [Happened.UNANSWERED, Happened.MESSAGE_LEFT, Happened.REFUSED]
    ] * 3
    assert [one for morning in mornings for one in morning.attempts] == moments
    assert len(found) == 5


# --- holds ---


@pytest.mark.promise("CALL-3")
def test_failure_2_whoever_waits_on_the_line_is_seen_waiting():
    """Deir ez-Zor 2016: the caller waited 27 minutes for the one who was named."""
    on_hold = moment(Happened.ON_HOLD, "10:00", words="He is away from the telephone")
    (hold,) = holds((on_hold,), at("10:27"))
    assert (hold.until_us, hold.lasted_us) == (None, 27 * MINUTE_US)
    assert long_holds(terms(), (on_hold,), at("10:03")) == ()
    assert long_holds(terms(), (on_hold,), at("10:03") + 1) == holds((on_hold,), at("10:03") + 1)
    assert long_holds(terms(hold_us=None), (on_hold,), at("10:27")) == ()


@pytest.mark.promise("CALL-3")
@pytest.mark.parametrize("ends", [Happened.OFF_HOLD, Happened.HUNG_UP, Happened.ANSWERED])
def test_whatever_happens_next_on_the_attempt_ends_the_wait(ends):
    moments = (
        moment(ends, "10:04"),
        moment(Happened.ON_HOLD, "10:00"),
        moment(Happened.ON_HOLD, "10:01", said_by="bravo"),
        moment(Happened.ENDED, "10:02", attempt="another"),
        moment(Happened.ON_HOLD, "10:09"),
    )
    assert [(hold.from_us, hold.lasted_us) for hold in holds(moments, at("10:10"))] == [
        (at("10:00"), 4 * MINUTE_US),
        (at("10:09"), MINUTE_US),
    ]
    assert long_holds(terms(), moments, at("10:08")) == ()


# --- the agreed way ---


def took(key, clock):
    return StepTaken(key, "duty officer", at(clock))


@pytest.mark.promise("CALL-4")
def test_the_next_step_is_given_once_the_one_before_it_has_had_its_time():
    since = at("09:15")
    assert escalation(PATH, (), since, at("09:15")).next == (PATH[0], since)
    again = (took("same-line", "09:20"),)
    assert escalation(PATH, again, since, at("09:24")).next is None
    assert escalation(PATH, again, since, at("09:25")).next == (PATH[1], at("09:25"))
    assert not escalation(PATH, again, since, at("09:25")).exhausted


@pytest.mark.promise("CALL-4")
def test_a_step_that_was_passed_over_is_named_and_not_asked_for_again():
    found = escalation(PATH, (took("radio", "09:20"),), at("09:15"), at("09:40"))
    assert found.skipped == (PATH[0],)
    assert found.next == (PATH[2], at("09:30"))


@pytest.mark.promise("CALL-4")
def test_at_the_end_of_the_agreed_way_nothing_is_made_up():
    for path, taken in ((PATH, (took("seniors", "09:20"),)), ((), ())):
        found = escalation(path, taken, at("09:15"), at("12:00"))
        assert (found.next, found.exhausted) == (None, True)


@pytest.mark.promise("CALL-4")
def test_what_the_agreement_does_not_foresee_is_kept_and_moves_nothing_on():
    other = took("a-walk-to-the-fence", "09:20")
    found = escalation(PATH, (other, took("radio", "11:00"), took("radio", "09:00")), at("09:15"), at("10:00"))
    assert found.taken == (other,)
    assert found.next == (PATH[0], at("09:15"))


# --- items ---


@pytest.mark.promise("CALL-5")
def test_failure_20_a_misheard_place_name_shows_although_the_name_sounds_right():
    """ "Hirbinifsah" was taken down as "Harb Bebsi", and spelled in four ways."""
    item = Item("site-7", "alpha", (place(33.7),), (place(34.7, called="Harb Bebsi"),), "Basil")
    (field,) = item.fields
    assert field.verdict is Verdict.DIFFERS
    assert 100_000 < field.off_m < 120_000
    assert Doubt("item.read_back_otherwise", "site-7") in doubts(call(item))


@pytest.mark.promise("CALL-5")
def test_failure_20_a_name_that_differs_shows_although_the_coordinates_agree():
    named, silent, right = (
        Item("site-7", "alpha", (place(),), (place(called=name),), "Basil")
        for name in ("Harb Bebsi", "", " HIRBNAFSAH")
    )
    assert Doubt("item.place_named_otherwise", "site-7: place") in doubts(call(named))
    assert Doubt("item.place_not_named", "site-7: place") in doubts(call(silent))
    assert doubts(call(right)) == doubts(call())


@pytest.mark.promise("CALL-5")
def test_an_item_that_was_read_back_as_it_was_said_leaves_no_doubt_and_one_that_was_not_is_named():
    right = Item("site-7", "alpha", (place(),), (place(),), "Basil")
    silent = Item("site-8", "bravo", (place(),))
    items = [doubt for doubt in doubts(call(right, silent)) if doubt.key.startswith("item")]
    assert items == [Doubt("item.not_read_back", "site-8")]


@pytest.mark.promise("CALL-6")
def test_the_agenda_is_what_is_open_each_once_and_not_yet_taken_up():
    assert agenda(["m2", "m1", "m2", "m3"], [Item("m1", "alpha")]) == ("m2", "m3")


# --- interpreters ---


@pytest.mark.promise("CALL-7")
def test_failure_21_an_interpreter_whom_nobody_has_vetted_is_visible_with_the_call():
    """A young airman interpreted an ultimatum, at night."""
    airman = Interpreting("an airman", ("en", "ar"))
    assert doubts(call(alpha=airman)) == (Doubt("interpreter.unvetted", "alpha: an airman"),)
    vetted = Interpreting("Lena", ("ar-SY", "en"), vetted_by="language board")
    assert doubts(call(bravo=vetted)) == ()


@pytest.mark.promise("CALL-7")
@pytest.mark.parametrize("alpha", [None, Interpreting("Lena", ("en", "ru"), vetted_by="language board")])
def test_sides_without_a_language_in_common_and_nobody_between_them_are_seen(alpha):
    assert doubts(call(alpha=alpha)) == (Doubt("interpreter.none", "en and ar"),)


# --- the minute ---


def minute():
    return minute_checked(
        Minute(call().id, "alpha", "Ada", Words("en", "Both stay west of the road."), at("11:00")), call()
    )


def word(of="bravo", said_by="bravo", clock="12:00", own=None, cites=None):
    text = None if own is None else Words("ar", own)
    return minute_word_checked(MinuteWord(cites or minute().id, of, said_by, "Basil", at(clock), text), call())


@pytest.mark.promise("CALL-8")
@pytest.mark.parametrize(
    ("words", "agreed", "evidence"),
    [
        ((), Agreed.OF_ONE_SIDE, None),
        ((word(of="alpha", said_by="alpha"),), Agreed.OF_ONE_SIDE, None),
        ((word(cites="0" * 64),), Agreed.OF_ONE_SIDE, None),
        ((word(clock="23:00"),), Agreed.OF_ONE_SIDE, None),
        ((word(),), Agreed.CONFIRMED, Evidence.EVIDENCED),
        ((word(said_by="meridian"),), Agreed.CONFIRMED, Evidence.CLAIMED),
        ((word(said_by="meridian", own="الشرق"),), Agreed.DISPUTED, Evidence.CLAIMED),
        ((word(), word(said_by="meridian", own="الشرق")), Agreed.CONFIRMED, Evidence.EVIDENCED),
        ((word(own="الشرق"), word(said_by="meridian")), Agreed.DISPUTED, Evidence.EVIDENCED),
        ((word(own="الشرق"), word(clock="12:30")), Agreed.DISPUTED, Evidence.EVIDENCED),
        ((word(), word(clock="12:30", own="الشرق")), Agreed.DISPUTED, Evidence.EVIDENCED),
    ],
)
def test_a_minute_stands_as_both_sides_have_said_of_exactly_it(words, agreed, evidence):
    standing = minute_standing(minute(), words, at("13:00"))
    assert (standing.agreed, standing.evidence) == (agreed, evidence)


@pytest.mark.promise("CALL-8")
def test_of_a_disputed_minute_both_texts_are_kept():
    standing = minute_standing(minute(), (word(own="الشرق"),), at("13:00"))
    assert standing.texts == (
        MinuteText("alpha", minute().text, Evidence.EVIDENCED),
        MinuteText("bravo", Words("ar", "الشرق"), Evidence.EVIDENCED),
    )


# --- the urgent stop ---


@pytest.mark.promise("CALL-9")
def test_failure_2_anybody_takes_down_an_urgent_stop_without_the_focal_point():
    """A call that only the one who was away could take, and that reached the wrong officer."""
    form = stop_form_checked(StopForm("You are firing on our people, stop", "cook, night shift", at("10:00")))
    assert form.missing == ("where", "coordinates", "what", "call_back", "caller", "since")
    assert form.open_for_us(at("10:27")) == 27 * MINUTE_US


@pytest.mark.promise("CALL-9")
def test_what_is_still_missing_is_said_and_words_for_a_place_are_no_coordinates():
    form = StopForm(
        "Stop", "Ada", at("10:00"), where_words="the ridge", what="shelling", call_back="+000 200", since_us=at("09:50")
    )
    assert form.missing == ("coordinates", "caller")
    full = msgspec.structs.replace(form, caller="Basil of Bravo", where=(place(),))
    assert stop_form_checked(full).missing == ()


@pytest.mark.promise("CALL-9")
def test_what_was_answered_behind_the_form_is_asked_for_no_more_and_the_form_stays_as_it_was():
    form = StopForm("Stop", "Ada", at("10:00"), what="shelling")
    nowhere = StopAnswer(form.id, "Otto", at("10:02"), where_words="the ridge", since_us=at("09:50"))
    assert stop_answer_checked(nowhere).answered == ("where", "since")
    assert still_missing(form, [nowhere]) == ("coordinates", "call_back", "caller")
    assert still_missing(form, [nowhere, StopAnswer(form.id, "Lena", at("10:04"), caller="Basil")]) == (
        "coordinates",
        "call_back",
    )
    assert form.missing == ("where", "coordinates", "call_back", "caller", "since")


@pytest.mark.promise("CALL-9")
@pytest.mark.parametrize(("words", "taken_by", "where"), [(" ", "Ada", "$.words"), ("Stop", "", "$.taken_by")])
def test_only_the_words_and_who_took_them_down_are_needed(words, taken_by, where):
    assert refused(stop_form_checked, StopForm(words, taken_by, at("10:00"))) == ("text.empty", where)


# --- what cannot have happened ---


@pytest.mark.promise("CALL-10")
@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"called": "alpha"}, "$.called"),
        ({"of": "meridian"}, "$.of"),
        ({"of": "bravo"}, "$.of"),
        ({"happened": Happened.ANSWERED}, "$.of"),
        ({"person": ""}, "$.person"),
        ({"line": " "}, "$.line"),
        ({"at_us": 2**60}, "$.at_us"),
        ({"for_us": 2**60}, "$.for_us"),
    ],
)
def test_a_moment_that_cannot_have_been_is_refused_with_its_place(changes, where):
    rang = moment(Happened.UNANSWERED, "09:00")
    assert refused(moment_checked, msgspec.structs.replace(rang, **changes))[1] == where


@pytest.mark.promise("CALL-10")
@pytest.mark.parametrize(
    ("item", "where"),
    [
        (Item("m1", "meridian"), "$.items[0].said_by"),
        (Item("m1", "alpha", (place(),), (place(),)), "$.items[0].back_by"),
        (Item("m1", "alpha", back_by="Basil"), "$.items[0].back_by"),
        (Item("", "alpha"), "$.items[0].open"),
        (Item("m1", "alpha", (place(), place())), "$.items[0].facts[1].name"),
    ],
)
def test_an_item_that_cannot_have_been_is_refused_with_its_place(item, where):
    with pytest.raises(Refused) as caught:
        call(item)
    assert caught.value.where == where


@pytest.mark.promise("CALL-10")
def test_a_minute_is_of_this_call_and_of_one_of_its_sides():
    assert refused(minute_checked, msgspec.structs.replace(minute(), call="0" * 64), call())[0] == "minute.call"
    assert refused(minute_checked, msgspec.structs.replace(minute(), of="meridian"), call())[0] == "minute.of"
    assert refused(minute_word_checked, msgspec.structs.replace(word(), of="meridian"), call())[0] == "minute.of"


def test_what_is_kept_of_a_call_is_written_and_read_back():
    held = call(Item("site-7", "alpha", (place(),), (place(),), "Basil"), alpha=Interpreting("Lena", ("en", "ar")))
    for value in (
        held,
        minute(),
        word(own="الشرق"),
        moment(Happened.ANSWERED, "09:00"),
        StopForm("Stop", "Ada", at("10:00")),
    ):
        assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value
