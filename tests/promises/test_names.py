"""docs/spec/names.md: what parties are called, and who is said to speak for whom."""

from __future__ import annotations

import pytest

from keepclear.channel.facts import Verdict, Word, compared
from keepclear.ground.errors import Refused
from keepclear.ground.lookalike import alike, mixed_words, plain, steering
from keepclear.parties.names import Kind, Name, Party, Relation, Voice, checked, contradicted, named_so, said_of
from tests.builders import at

BRAVO_IN_CYRILLIC = "\u0412\u0433\u0430vo"
RLO = "\u202e"


def party(id="alpha", *names, voices=()):
    return Party(id, tuple(Name(text, "en") for text in (names or (id.title(),))), tuple(voices))


def voice(relation, said_by="meridian", clock="10:00", whom="bravo"):
    return Voice(relation, whom, said_by, at(clock))


def refused(*parties):
    with pytest.raises(Refused) as caught:
        checked(parties)
    return caught.value


@pytest.mark.promise("NAME-1")
@pytest.mark.parametrize(
    "typed",
    [
        "kestrel pass 5",
        "  KESTREL\tPass  \u0665",
        f"{RLO}Kestrel\u200b Pass \u06f5",
        "Ｋｅｓｔｒｅｌ Pass ５",
        "Kes\u00adtrel Pass\ufe0f 5",
    ],
)
def test_how_a_name_is_typed_makes_no_difference(typed):
    assert plain(typed) == plain("Kestrel Pass 5")


@pytest.mark.promise("NAME-1")
def test_the_stretch_of_arabic_makes_no_difference():
    assert plain("ظاظـــا") == plain("ظاظا")


@pytest.mark.promise("NAME-1")
def test_a_read_back_in_other_letters_that_look_the_same_differs():
    (field,) = compared([Word("unit", "Bravo")], [Word("unit", BRAVO_IN_CYRILLIC)])
    assert field.verdict is Verdict.DIFFERS
    assert alike("Bravo", BRAVO_IN_CYRILLIC)


@pytest.mark.promise("NAME-2")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bravo", "\u0412\u0433\u0430vo"),  # Cyrillic ve, ghe, a
        ("Alpha", "\u0391lpha"),  # Greek capital alpha
        ("Hanno", "\u0397anno"),  # Greek capital eta is drawn like H
        ("ΑΘΗΝΑ", "Αθήνα"),
        ("Meridian", "rneridian"),
        ("Meridian", "MER1D1AN"),
        ("Kestrel Pass", "Kestrel-Pass"),
        ("Kestrel Pass", "KestreI Pass"),
        ("Harbour Aid", "Ha\u0433b\u03bfur A\u0456d"),
        ("Northlight", "N0rthlight"),
        ("Северный", "CEBEPHЫЙ"),
        ("كريم", "کریم"),
        ("أحمد", "احمد"),
        ("Alpha", f"Al\u200dpha{RLO}"),
        ("Bravo", "𝐁𝐫𝐚𝐯𝐨"),
    ],
)
def test_what_passes_for_another_is_alike_whoever_is_asked_first(one, other):
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.promise("NAME-2")
@pytest.mark.parametrize(
    ("one", "other"), [("Alpha", "Bravo"), ("Alpha 2", "Alpha 3"), ("بيت", "بنت"), ("", ""), ("-", "-")]
)
def test_what_is_told_apart_at_a_glance_is_not_alike(one, other):
    assert not alike(one, other)


@pytest.mark.promise("NAME-3")
@pytest.mark.parametrize("spoofed", ["Bravo", "BRAVO", "Вгаѵо", "Bravo.", "bravo"])
def test_a_name_that_passes_for_another_party_is_refused(spoofed):
    found = refused(party("alpha", "Alpha", spoofed), party("bravo"))
    assert found.key == "name.lookalike"
    assert found.where == "$[0].names[1].text"
    assert "bravo" in found.mend


@pytest.mark.promise("NAME-3")
def test_the_later_of_two_parties_cannot_take_a_name_that_the_earlier_has():
    assert (
        refused(party("alpha", "Kestrel Watch"), party("bravo", "Bravo", "KestreI Watch")).where == "$[1].names[1].text"
    )


@pytest.mark.promise("NAME-3")
def test_a_party_may_have_names_that_are_alike():
    assert checked([party("alpha", "Alpha", "ALPHA", "Αλφα", "Альфа")])


@pytest.mark.promise("NAME-4")
def test_a_name_with_marks_that_turn_its_direction_is_refused_and_the_marks_are_named():
    found = refused(party("alpha", f"Alpha{RLO}"))
    assert (found.key, found.mend) == ("name.hidden_marks", "Take out U+202E.")


@pytest.mark.promise("NAME-4")
@pytest.mark.parametrize("mixed", ["Br\u0430vo", "\u13aalpha", "Al\u0570ha"])  # Cyrillic a; Cherokee go; Armenian ho
def test_a_word_of_two_alphabets_is_refused(mixed):
    found = refused(party("alpha", mixed))
    assert found.key == "name.mixed"
    assert mixed in found.mend


@pytest.mark.promise("NAME-4")
@pytest.mark.parametrize("name", ["\u2063", " - ", "\u3164"])
def test_a_name_of_which_nothing_is_seen_is_refused(name):
    assert refused(party("alpha", name)).key in {"name.empty", "name.hidden_marks"}


@pytest.mark.promise("NAME-4")
def test_the_joiners_of_persian_stay_and_so_do_words_in_different_alphabets():
    persian = "می\u200cروم"
    assert steering(persian) == ""
    assert mixed_words("Alpha Альфа 日本ひらがな") == ()
    assert checked([party("alpha", persian, "Alpha Альфа")])


@pytest.mark.promise("NAME-5")
def test_only_the_same_text_names_a_party_and_one_that_is_alike_is_marked():
    parties = checked([party("alpha", "Alpha", "Альфа"), party("bravo")])
    assert [(meant.party, meant.exact) for meant in named_so(parties, "  АЛЬФА ")] == [("alpha", True)]
    assert [(meant.party, meant.exact) for meant in named_so(parties, BRAVO_IN_CYRILLIC)] == [("bravo", False)]
    assert named_so(parties, "Meridian") == ()
    assert named_so(parties, "") == ()


@pytest.mark.promise("NAME-6")
def test_words_on_who_speaks_for_whom_stand_side_by_side():
    said = [
        voice(Relation.SPEAKS_FOR, "alpha", "09:00"),
        voice(Relation.DOES_NOT_SPEAK_FOR, "meridian", "10:00"),
        voice(Relation.CAN_REACH, "meridian", "11:00"),
    ]
    found = said_of(party("meridian", voices=said), "Bravo", at("12:00"))
    assert found == tuple(said)
    assert contradicted(found)


@pytest.mark.promise("NAME-6")
def test_the_newest_word_of_each_counts_and_only_what_was_said_by_then():
    said = [
        voice(Relation.DOES_NOT_SPEAK_FOR, clock="10:00"),
        voice(Relation.SPEAKS_FOR, clock="12:00"),
        voice(Relation.CAN_REACH, clock="08:00"),
    ]
    meridian = party("meridian", voices=said)
    assert [one.relation for one in said_of(meridian, "bravo", at("11:00"))] == [
        Relation.CAN_REACH,
        Relation.DOES_NOT_SPEAK_FOR,
    ]
    assert [one.relation for one in said_of(meridian, "bravo", at("12:00"))] == [
        Relation.CAN_REACH,
        Relation.SPEAKS_FOR,
    ]
    assert not contradicted(said_of(meridian, "bravo", at("12:00")))


@pytest.mark.promise("NAME-6")
@pytest.mark.parametrize("whom", ["", "\u200b", "Meridian"])
def test_a_party_speaks_for_somebody_and_for_somebody_else(whom):
    assert refused(party("meridian", voices=[voice(Relation.SPEAKS_FOR, whom=whom)])).key == "voice.whom"


def test_a_name_says_its_language_and_how_it_came_to_be_one():
    checked([Party("alpha", (Name("Alfa", "ar-Latn", Kind.TRANSLITERATION),))])
    with pytest.raises(Refused):
        checked([Party("alpha", (Name("Alfa", "Arabic"),))])
