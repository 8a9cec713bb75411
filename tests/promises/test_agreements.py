"""docs/spec/agreements.md: what is in force for whom, how each party stands to it, and what a change of it concerns."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from keepclear.agreements.agreed_terms import AgreedChannel, Step
from keepclear.agreements.agreement import Binds, End, Outline, Resumption, Suspension, checked, read_fact
from keepclear.agreements.depending import Depends, What, changes, concerned, picture
from keepclear.agreements.in_force import TABLE, Act, State, Unfit, next_due_us, refuse_unfit, standing_of
from keepclear.agreements.stances import Level, views
from keepclear.ground.errors import Refused
from keepclear.ground.hours import Calendar, Day, Times, times_of
from tests.agreed import (
    FIRST,
    HOUR_US,
    NAME,
    SECOND,
    TERMS,
    at,
    fact,
    held,
    holding,
    hour,
    observation,
    position,
    proposal,
    signature,
    version,
)

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "agreements.md"
SIGNED = (proposal(), signature())
LATER = hour(10_000)


def refused(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value.key


def standing(*facts, at_us=LATER, known_at_us=LATER):
    return standing_of(NAME, held(*facts), at_us, known_at_us)


def state_of(party, *facts, **when):
    return standing(*facts, **when).shown[party].state


def calls(**changed):
    return msgspec.structs.replace(TERMS.calls[0], **changed)


# --- versions and facts ---


@pytest.mark.promise("AGREE-1")
def test_a_fact_is_read_back_from_its_bytes_and_from_no_others():
    given = proposal()
    assert read_fact(given.payload) == given
    assert given.version.digest == sha256(given.version.payload).hexdigest()
    assert refused(read_fact, given.payload + b" ") == "agreement.not_canonical"
    assert refused(read_fact, b'{"is":"approval"}') == "agreement.unreadable"


@pytest.mark.promise("AGREE-1")
def test_a_later_version_cites_the_one_it_amends_and_another_word_makes_it_another():
    assert SECOND.amends == FIRST.digest
    assert version(title="Understanding on Kestrel Pas").digest != FIRST.digest
    assert refused(checked, proposal(version=version(2, amends=""))) == "version.number"
    assert refused(checked, proposal(version=version(1, amends=SECOND.digest))) == "version.number"


@pytest.mark.promise("AGREE-2")
def test_a_version_has_its_text_or_names_who_withholds_it():
    withheld = version(articles=(), withheld_for="bravo")
    assert checked(proposal(version=withheld)).version.withheld_for == "bravo"
    assert refused(checked, proposal(version=version(articles=()))) == "version.text"
    assert refused(checked, proposal(version=version(withheld_for="bravo"))) == "version.text"


@pytest.mark.promise("AGREE-3")
def test_lead_times_are_data_of_the_version():
    assert TERMS.lead_us("movement") == 48 * HOUR_US
    assert TERMS.lead_us("movement", urgent=True) == 24 * HOUR_US
    assert TERMS.lead_us("mine-clearing", urgent=True) == 72 * HOUR_US
    assert TERMS.lead_us("visit") is None
    assert TERMS.lead_us("parade") is None
    assert msgspec.json.decode(FIRST.payload)["terms"]["ladder"][1]["key"] == "leaflet"


@pytest.mark.promise("AGREE-3")
@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"channels": ()}, "terms.no_such_channel"),
        ({"channels": (*TERMS.channels, AgreedChannel("line", "twice"))}, "terms.twice"),
        ({"calls": (calls(calendar=Calendar("Asia/Nowhere")),)}, "time.unknown_zone"),
        ({"calls": (calls(times=(Times((), (540,)),)),)}, "hours.no_day"),
        ({"calls": (calls(times=(Times((Day.MON,), (1440,)),)),)}, "hours.minute"),
        ({"calls": (calls(grace_us=-1),)}, "terms.wait"),
        ({"escalation": (Step("relay", "ask Meridian", 8 * 24 * HOUR_US),)}, "terms.wait"),
        ({"escalation": (Step("radio", "by radio", 0, "telex"),)}, "terms.no_such_channel"),
        ({"escalation": (Step("radio", ""),)}, "text.empty"),
        ({"ladder": (TERMS.ladder[0], TERMS.ladder[0])}, "terms.twice"),
        ({"activities": (msgspec.structs.replace(TERMS.activities[0], urgent_us=49 * HOUR_US),)}, "terms.lead"),
        ({"zones": (msgspec.structs.replace(TERMS.zones[0], digest="55 km"),)}, "terms.zone"),
        ({"activities": TERMS.activities * 100}, "terms.too_many"),
    ],
)
def test_terms_that_cannot_be_are_refused(changed, key):
    terms = msgspec.structs.replace(TERMS, **changed)
    assert refused(checked, proposal(version=version(terms=terms))) == key


@pytest.mark.promise("AGREE-4")
def test_a_schedule_of_the_terms_gives_its_calls_as_instants_and_none_on_a_day_off():
    (calls,) = read_fact(proposal().payload).version.terms.calls
    # Friday and Saturday have no call; Sunday 25 June is a feast day; in summer Damascus is three hours ahead of UTC.
    due = times_of(calls.times, calls.calendar, at("2017-06-22T00:00:00Z"), at("2017-06-27T00:00:00Z"))
    assert due == (at("2017-06-22T06:00:00Z"), at("2017-06-26T06:00:00Z"))


@pytest.mark.promise("AGREE-5")
@pytest.mark.parametrize(
    ("given", "key"),
    [
        (proposal(person=""), "agreement.nobody"),
        (signature(person=""), "agreement.nobody"),
        (fact(Suspension, words="", language=""), "agreement.words"),
        (fact(End, words=" "), "agreement.words"),
        (fact(Suspension, language=""), "agreement.language"),
        (position("bravo", "political", "rejects", words="", language=""), "agreement.words"),
        (fact(Suspension, language="Arabic"), "language.unknown"),
        (position("bravo", "", "rejects"), "agreement.level"),
        (position("bravo", "political", "rejects", said_by="alpha"), "agreement.source"),
        (position("bravo", "political", "rejects", outline=Outline("")), "agreement.outline"),
        (signature(version=FIRST, of="Bravo"), "id.unusable"),
    ],
)
def test_facts_without_whom_or_words_or_source_are_refused(given, key):
    assert refused(checked, given) == key


@pytest.mark.promise("AGREE-6")
def test_a_signature_that_somebody_else_tells_of_puts_nothing_in_force():
    told = signature(said_by="alpha", source="call of 14:05")
    seen = standing(proposal(), told)
    assert seen.said["bravo"].state is State.IN_FORCE
    assert seen.shown["bravo"].state is State.OUTSIDE
    assert seen.in_force_for == frozenset()
    assert seen.claimed_for == {"alpha", "bravo"}
    assert standing(proposal(), told, signature()).in_force_for == {"alpha", "bravo"}


@pytest.mark.promise("AGREE-6")
def test_a_word_that_was_carried_is_a_claim_even_of_the_party_itself():
    carried = signature(carrier="driver of Meridian, on paper")
    assert carried.claimed
    assert standing(proposal(), carried).in_force_for == frozenset()


# --- what is in force for whom ---


@pytest.mark.promise("AGREE-7")
def test_the_table_decides_every_act_in_every_state():
    assert TABLE.keys() == {(state, act) for state in State for act in Act}


@pytest.mark.promise("AGREE-7")
def test_the_table_of_the_page_is_the_table_of_the_code():
    rows = [line.strip("|").split("|") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    (_, *acts), _, *cells = [[cell.strip() for cell in row] for row in rows]
    written = {
        (State(key(state)), Act(key(act))): Unfit(key(after)) if after.startswith("*") else State(key(after))
        for state, *row in cells
        for act, after in zip(acts, row, strict=True)
    }
    assert written == TABLE


def key(words):
    return words.strip("*").replace(" ", "_")


OF_THREE = version(parties=("alpha", "bravo", "meridian"))
# The shortest history that leads into each state, and an act in each state from there on.
HISTORIES = {
    State.OUTSIDE: (proposal("alpha"),),
    State.SIGNED: (proposal("alpha", version=OF_THREE), signature("bravo", version=OF_THREE)),
    State.IN_FORCE: SIGNED,
    State.SUSPENDED: (*SIGNED, fact(Suspension, "bravo", 2)),
    State.RAN_OUT: (
        proposal("alpha", version=version(until_us=hour(3))),
        signature("bravo", version=version(until_us=hour(3))),
    ),
    State.ENDED: (*SIGNED, fact(End, "bravo", 2)),
}
ACTS = {
    Act.PROPOSE: proposal("bravo", 5, version(7, amends=FIRST.digest, parties=("bravo", "northlight"))),
    Act.COUNTERSIGN: signature("bravo", 5, version(8, amends=FIRST.digest, parties=("bravo", "northlight"))),
    Act.SUSPEND: fact(Suspension, "bravo", 5),
    Act.RESUME: fact(Resumption, "bravo", 5),
    Act.END: fact(End, "bravo", 5),
}
OFFERED = proposal("northlight", 0, version(8, amends=FIRST.digest, parties=("bravo", "northlight")))


@pytest.mark.promise("AGREE-7")
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", HISTORIES)
def test_facts_move_a_party_as_the_table_says_or_are_named_as_unfit(state, act):
    before = (OFFERED, *HISTORIES[state])
    assert state_of("bravo", *before, at_us=hour(4)) is state
    seen = standing(*before, ACTS[act])
    after = TABLE[state, act]
    if isinstance(after, Unfit):
        assert seen.shown["bravo"].state is state
        assert seen.unfit == {ACTS[act].id: after}
    else:
        # A version that two have signed takes effect at once, where the table lets it.
        takes = TABLE[after, Act.TAKE_EFFECT] if act is Act.COUNTERSIGN else after
        assert seen.shown["bravo"].state is takes
        assert seen.unfit == {}


@pytest.mark.promise("AGREE-8")
def test_a_version_that_binds_all_waits_for_the_last_signature():
    three = version(parties=("alpha", "bravo", "northlight"))
    facts = (proposal(version=three), signature("bravo", 1, three), signature("northlight", 9, three))
    assert standing(*facts, at_us=hour(8)).in_force_for == frozenset()
    assert standing(*facts, at_us=hour(9)).in_force_for == {"alpha", "bravo", "northlight"}


@pytest.mark.promise("AGREE-8")
def test_a_declaration_binds_each_from_its_own_signature_on():
    each = version(binds=Binds.EACH, parties=("alpha", "bravo"))
    facts = (proposal(version=each), signature("bravo", 5, each))
    assert standing(*facts, at_us=hour(4)).in_force_for == {"alpha"}
    assert standing(*facts, at_us=hour(5)).in_force_for == {"alpha", "bravo"}


@pytest.mark.promise("AGREE-8")
def test_a_version_is_in_force_from_its_beginning_up_to_not_including_its_end():
    pause = version(from_us=hour(10), until_us=hour(20))
    facts = (proposal(version=pause), signature(version=pause))
    states = {hours: state_of("bravo", *facts, at_us=hour(hours)) for hours in (9.9, 10, 19.9, 20)}
    assert states == {9.9: State.SIGNED, 10: State.IN_FORCE, 19.9: State.IN_FORCE, 20: State.RAN_OUT}


@pytest.mark.promise("AGREE-8")
def test_until_all_have_signed_an_amendment_the_version_before_stays_in_force():
    facts = (*SIGNED, proposal("bravo", 5, SECOND), signature("alpha", 8, SECOND))
    for hours, digest in ((4, FIRST.digest), (7, FIRST.digest), (8, SECOND.digest)):
        sides = standing(*facts, at_us=hour(hours)).shown
        assert {side.version for side in sides.values()} == {digest}, hours


@pytest.mark.promise("AGREE-8")
def test_an_earlier_version_that_is_signed_late_does_not_take_the_place_of_a_later_one():
    facts = (proposal(), proposal("bravo", 2, SECOND), signature("alpha", 3, SECOND), signature("bravo", 4, FIRST))
    assert standing(*facts).shown["bravo"].version == SECOND.digest


@pytest.mark.promise("AGREE-8")
def test_two_amendments_of_one_version_are_named_and_the_first_in_force_stays():
    other = version(2, title="The other way")
    proposed = (proposal("bravo", 5, SECOND), proposal("alpha", 5, other))
    seen = standing(*SIGNED, *proposed, signature("alpha", 6, SECOND), signature("bravo", 7, other))
    assert seen.rivals == {SECOND.digest, other.digest}
    assert {side.version for side in seen.shown.values()} == {SECOND.digest}


@pytest.mark.promise("AGREE-8")
def test_who_mediates_lays_a_version_before_the_parties_and_signs_nothing():
    seen = standing(proposal("meridian"))
    assert seen.versions == {FIRST.digest: FIRST}
    assert seen.shown["meridian"].state is State.OUTSIDE
    assert seen.shown["alpha"].state is State.OUTSIDE


@pytest.mark.promise("AGREE-9")
def test_who_holds_which_version_is_known_apart_from_who_signed_it():
    facts = (*SIGNED, proposal("alpha", 5, SECOND), holding("bravo", 6, SECOND))
    bravo = standing(*facts).shown["bravo"]
    assert bravo.holds == {FIRST.digest, SECOND.digest}
    assert bravo.signed == {FIRST.digest}


@pytest.mark.promise("AGREE-9")
def test_that_another_party_holds_a_version_is_a_claim():
    told = holding("bravo", 6, SECOND, said_by="alpha", source="our courier")
    seen = standing(*SIGNED, proposal("alpha", 5, SECOND), told)
    assert SECOND.digest in seen.said["bravo"].holds
    assert SECOND.digest not in seen.shown["bravo"].holds


@pytest.mark.promise("AGREE-10")
def test_what_one_party_suspends_or_ends_says_nothing_of_the_others():
    suspended = standing(*SIGNED, fact(Suspension, "bravo", 2))
    assert suspended.in_force_for == {"alpha"}
    ended = standing(*SIGNED, fact(End, "bravo", 2))
    assert ended.in_force_for == {"alpha"}


@pytest.mark.promise("AGREE-10")
def test_what_is_declared_is_shown_in_its_words_even_where_it_does_not_fit():
    declared = fact(Suspension, "meridian", 2, words="We stop the line.", source="press briefing")
    seen = standing(*SIGNED, declared)
    assert seen.shown["meridian"].declared.words == "We stop the line."
    assert seen.unfit == {declared.id: Unfit.NOTHING_IN_FORCE}


@pytest.mark.promise("AGREE-11")
def test_a_person_is_told_why_an_act_does_not_fit():
    assert refused(refuse_unfit, held(proposal()), fact(Suspension, "bravo", 2), LATER) == "agreement.nothing_in_force"
    assert refused(refuse_unfit, held(*SIGNED), fact(Resumption, "bravo", 2), LATER) == "agreement.not_suspended"
    assert refused(refuse_unfit, held(*SIGNED), signature("meridian", 2), LATER) == "agreement.not_a_party"
    assert refused(refuse_unfit, held(*SIGNED), signature("bravo", 2, SECOND), LATER) == "agreement.unknown_version"
    refuse_unfit(held(*SIGNED), fact(Suspension, "bravo", 2), LATER)


@pytest.mark.promise("AGREE-11")
def test_a_signature_fits_once_the_version_it_cites_has_come():
    alone = standing(signature())
    assert list(alone.unfit.values()) == [Unfit.UNKNOWN_VERSION]
    assert standing(signature(), proposal()).unfit == {}


# --- how parties stand, and what is seen ---


@pytest.mark.promise("AGREE-12")
def test_practice_1_a_zone_holds_agreed_and_rejects_at_the_political_level_and_relays_on_the_military_line_at_once():
    facts = held(
        position(
            "alpha", "military line", "agreed", 2, about="kestrel-pass", words="Agreed upon.", source="release 03"
        ),
        position("bravo", "political", "rejects", 160, about="kestrel-pass", words="We know of no such zone."),
        position("bravo", "military line", "relays", 20, about="kestrel-pass", words="We have passed it on."),
    )
    seen = views(NAME, facts, LATER, LATER, "kestrel-pass")
    assert {level: words.own[0].stance.value for level, words in seen.stands.items()} == {
        Level("alpha", "military line"): "agreed",
        Level("bravo", "military line"): "relays",
        Level("bravo", "political"): "rejects",
    }
    assert seen.stands[Level("bravo", "political")].own[0].words == "We know of no such zone."
    assert seen.disputed


@pytest.mark.promise("AGREE-12")
def test_failure_25_a_party_that_relays_and_then_disowns_a_zone_politically_still_relays():
    relays = position("bravo", "military line", "relays", 1, about="kestrel-pass")
    rejects = position("bravo", "political", "rejects", 160, about="kestrel-pass")
    before = views(NAME, held(relays, rejects), hour(159), LATER, "kestrel-pass")
    after = views(NAME, held(relays, rejects), hour(160), LATER, "kestrel-pass")
    assert set(before.stands) == {Level("bravo", "military line")}
    assert after.stands[Level("bravo", "military line")].own == (relays,)
    assert after.stands[Level("bravo", "political")].own == (rejects,)


@pytest.mark.promise("AGREE-12")
def test_what_others_say_of_a_position_stands_beside_what_the_party_said():
    own = position("bravo", "political", "disputes", 5)
    told = position("bravo", "political", "agreed", 9, said_by="alpha", source="press briefing")
    words = views(NAME, held(own, told), LATER, LATER).stands[Level("bravo", "political")]
    assert (words.own, words.claimed) == ((own,), (told,))


@pytest.mark.promise("AGREE-12")
def test_two_words_of_one_level_from_one_instant_are_both_there():
    one, other = position("bravo", "political", "agreed", 5), position("bravo", "political", "rejects", 5)
    seen = views(NAME, held(one, other), LATER, LATER)
    assert set(seen.stands[Level("bravo", "political")].own) == {one, other}


@pytest.mark.promise("AGREE-13")
def test_a_zone_that_is_drawn_in_two_ways_is_disputed_and_both_drawings_are_shown():
    wide = Outline("55 km around the post", sha256(b"55").hexdigest())
    narrow = Outline("27 km around the post", sha256(b"27").hexdigest())
    facts = held(
        position("alpha", "military line", "agreed", about="kestrel-pass", outline=wide),
        position("bravo", "military line", "tacitly_observes", about="kestrel-pass", outline=narrow),
    )
    seen = views(NAME, facts, LATER, LATER, "kestrel-pass")
    assert seen.disputed
    assert [words.own[0].outline for words in seen.stands.values()] == [wide, narrow]
    assert not views(NAME, facts[:1], LATER, LATER, "kestrel-pass").disputed


@pytest.mark.promise("AGREE-14")
def test_practice_9_the_line_is_declared_suspended_and_observed_in_use():
    facts = held(
        *SIGNED,
        fact(Suspension, "bravo", 49 * 24, words="We stop the line from today.", source="ministry"),
        observation("alpha", "kept", 53 * 24, about="line", words="Two calls this morning.", language="en"),
    )
    seen = picture(NAME, facts, LATER, LATER)
    assert seen.standing.shown["bravo"].state is State.SUSPENDED
    line = next(one for one in seen.views if one.about == "line")
    assert [one.words for one in line.practice["alpha"]] == ["Two calls this morning."]


@pytest.mark.promise("AGREE-14")
def test_failure_24_use_does_not_undo_a_suspension_nor_silence_declare_one():
    used = held(*SIGNED, fact(Suspension, "bravo", 2), observation("alpha", "kept", 3))
    unused = held(*SIGNED, observation("alpha", "not_kept", 3), observation("northlight", "kept", 3))
    assert standing_of(NAME, used, LATER, LATER).shown["bravo"].state is State.SUSPENDED
    assert standing_of(NAME, unused, LATER, LATER).in_force_for == {"alpha", "bravo"}
    seen = views(NAME, unused, LATER, LATER).practice
    assert {party: one[0].practice.value for party, one in seen.items()} == {"alpha": "not_kept", "northlight": "kept"}


# --- time ---


@pytest.mark.promise("AGREE-15")
def test_a_question_is_asked_of_an_instant_as_known_at_another():
    facts = held(*SIGNED) + held(fact(Suspension, "bravo", 10), late_hours=30)
    asked = {
        (hours, known): standing_of(NAME, facts, hour(hours), hour(known)).shown["bravo"].state
        for hours, known in ((9, 50), (20, 20), (20, 39), (20, 40), (9, 40))
    }
    assert asked == {
        (9, 50): State.IN_FORCE,
        (20, 20): State.IN_FORCE,
        (20, 39): State.IN_FORCE,
        (20, 40): State.SUSPENDED,
        (9, 40): State.IN_FORCE,
    }


@pytest.mark.promise("AGREE-17")
def test_time_alone_changes_the_answer_when_a_version_begins_or_ends_or_a_word_given_ahead_holds():
    pause = version(from_us=hour(10), until_us=hour(20))
    facts = [*held(proposal(version=pause), signature(version=pause)), *held(fact(End, "bravo", 15), late_hours=-14)]
    dues = [next_due_us(NAME, facts, hour(hours), hour(2)) for hours in (2, 10, 15, 20)]
    assert dues == [hour(10), hour(15), hour(20), None]


# --- what depends on it ---

CONVOY = Depends("movement-12", NAME)


@pytest.mark.promise("AGREE-18")
def test_failure_28_the_end_of_a_ceasefire_concerns_a_convoy_that_is_on_the_road():
    facts = held(*SIGNED, fact(End, "bravo", 30, words="The ceasefire is over."))
    before, after = picture(NAME, facts, hour(29), hour(29)), picture(NAME, facts, hour(30), hour(30))
    ((convoy, found),) = concerned([CONVOY, Depends("movement-13", "another")], changes(before, after))
    assert convoy == "movement-12"
    assert [(change.what, change.party, change.now) for change in found] == [
        (What.STATE, "bravo", "ended"),
        (What.DECLARED, "bravo", "The ceasefire is over."),
    ]


@pytest.mark.promise("AGREE-18")
def test_failure_28_a_pause_that_runs_out_by_its_own_terms_concerns_it_as_well():
    pause = version(until_us=hour(20))
    facts = held(proposal(version=pause), signature(version=pause))
    found = changes(picture(NAME, facts, hour(19), hour(19)), picture(NAME, facts, hour(20), hour(20)))
    assert [hit.object for hit in concerned([CONVOY, Depends("x", NAME, pause.digest)], found)] == ["movement-12", "x"]


@pytest.mark.promise("AGREE-18")
def test_failure_28_an_end_that_is_learned_of_late_is_a_change_when_it_is_learned():
    facts = held(*SIGNED) + held(fact(End, "bravo", 10), late_hours=30)
    before, after = picture(NAME, facts, hour(12), hour(12)), picture(NAME, facts, hour(12), hour(40))
    assert concerned([CONVOY], changes(before, after))


@pytest.mark.promise("AGREE-18")
def test_a_change_of_one_zone_concerns_who_depends_on_it_or_on_the_whole_and_nobody_else():
    facts = held(*SIGNED, position("bravo", "political", "rejects", 5, about="kestrel-pass"))
    found = changes(picture(NAME, facts, hour(4), LATER), picture(NAME, facts, hour(5), LATER))
    depending = [CONVOY, Depends("on-it", NAME, about="kestrel-pass"), Depends("elsewhere", NAME, about="line")]
    assert [hit.object for hit in concerned(depending, found)] == ["movement-12", "on-it"]
    assert found[0].now == "political: rejects"


@pytest.mark.promise("AGREE-18")
def test_another_version_in_force_concerns_who_depends_on_the_one_before():
    facts = held(*SIGNED, proposal("bravo", 5, SECOND), signature("alpha", 8, SECOND))
    found = changes(picture(NAME, facts, hour(7), LATER), picture(NAME, facts, hour(8), LATER))
    assert {change.what for change in found} == {What.VERSION}
    depending = [Depends("first", NAME, FIRST.digest), Depends("third", NAME, sha256(b"3").hexdigest())]
    assert [hit.object for hit in concerned(depending, found)] == ["first"]


@pytest.mark.promise("AGREE-18")
def test_what_is_observed_otherwise_concerns_who_depends_on_it():
    facts = held(*SIGNED, observation("alpha", "not_kept", 5, about="line"))
    found = changes(picture(NAME, facts, hour(4), LATER), picture(NAME, facts, hour(5), LATER))
    assert concerned([Depends("call", NAME, about="line")], found)[0].changes[0].what is What.PRACTICE
