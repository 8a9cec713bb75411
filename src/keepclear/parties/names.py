"""What a party is called, and whom it speaks for and can reach by whose word.

    named_so(parties, "Мeridian")     which parties that may mean, and by which name
    checked(parties)                  refuses a name that passes for another party's

Nobody is one party's voice because software says so. "Speaks for" and "can reach" are words that somebody said on a date; words that
contradict each other stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked
from keepclear.ground.lookalike import looks, mixed_words, plain, steering
from keepclear.ground.words import language_checked, words_checked
from keepclear.parties.ids import id_checked

NAMES_MAX = 64
NAME_CHARS_MAX = 200
VOICES_MAX = 1_000


class Kind(StrEnum):
    """How a name came to be one.

    official         what the party calls itself
    alias            what others call it
    transliteration  one of these in other letters"""

    OFFICIAL = "official"
    ALIAS = "alias"
    TRANSLITERATION = "transliteration"


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One name and the language that it is in, as BCP 47 has it: "ar", "ar-Latn"."""

    text: str
    language: str
    kind: Kind = Kind.ALIAS


class Relation(StrEnum):
    """What one is to another. What `can_reach` says of a party is that its words arrive there, and not that they are heeded."""

    SPEAKS_FOR = "speaks_for"
    DOES_NOT_SPEAK_FOR = "does_not_speak_for"
    CAN_REACH = "can_reach"
    CANNOT_REACH = "cannot_reach"

    @property
    def is_about_speaking(self) -> bool:
        """Whether it is about whose words these are, rather than about whether they arrive."""
        return self in (Relation.SPEAKS_FOR, Relation.DOES_NOT_SPEAK_FOR)


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody's word on a date that a party is this to another.

    whom     id of a party, or what those are called who are none: "the posts on the eastern road"
    said_by  id of the party that says so; of whom it says it is no evidence but for itself"""

    relation: Relation
    whom: str
    said_by: str
    at_us: int
    words: str = ""


class Party(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A party as others know it."""

    id: str
    names: tuple[Name, ...]
    voices: tuple[Voice, ...] = ()


class Meant(NamedTuple):
    """A party that a written name may mean. `exact`: it is that name, however typed; else it looks like it."""

    party: str
    name: Name
    exact: bool


def checked(parties: Sequence[Party]) -> Sequence[Party]:
    """The parties, if no name of one passes for a name or the id of another; raises `Refused` with the place."""
    taken: dict[str, tuple[str, str]] = {}
    for number, party in enumerate(parties):
        id_checked(party.id, f"$[{number}].id")
        _take(taken, party.id, party.id, f"$[{number}].id")
    for number, party in enumerate(parties):
        where = f"$[{number}]"
        if not party.names or len(party.names) > NAMES_MAX:
            what = f"A party has from 1 to {NAMES_MAX} names"
            raise LimitExceeded("names.how_many", what, value=len(party.names), where=f"{where}.names")
        for index, name in enumerate(party.names):
            _name_checked(name, f"{where}.names[{index}]")
            _take(taken, party.id, name.text, f"{where}.names[{index}].text")
        _voices_checked(party, where)
    return parties


def _name_checked(name: Name, where: str) -> None:
    language_checked(name.language, f"{where}.language")
    words_checked(name.text, f"{where}.text")
    if len(name.text) > NAME_CHARS_MAX or "\n" in name.text or "\t" in name.text:
        what = f"A name is one line of at most {NAME_CHARS_MAX} characters"
        raise Refused("name.long", what, value=name.text, where=f"{where}.text")
    if hidden := steering(name.text):
        what = "The name has marks that turn its direction or cannot be seen"
        mend = f"Take out {', '.join(f'U+{ord(ch):04X}' for ch in hidden)}."
        raise Refused("name.hidden_marks", what, value=name.text, mend=mend, where=f"{where}.text")
    if mixed := mixed_words(name.text):
        mend = f"Write it in one alphabet: {', '.join(mixed)}."
        raise Refused(
            "name.mixed", "A word of the name has letters of two alphabets", value=name.text, mend=mend,
            where=f"{where}.text",
        )  # fmt: skip
    if not looks(name.text):
        raise Refused("name.empty", "Nothing of the name can be seen", value=name.text, where=f"{where}.text")


def _take(taken: dict[str, tuple[str, str]], party: str, text: str, where: str) -> None:
    for look in looks(text):
        owner, theirs = taken.setdefault(look, (party, text))
        if owner != party:
            mend = f'{owner} is called "{theirs}". Give a name that nobody takes for it.'
            raise Refused("name.lookalike", "The name passes for another party's", value=text, mend=mend, where=where)


def _voices_checked(party: Party, where: str) -> None:
    if len(party.voices) > VOICES_MAX:
        what = f"At most {VOICES_MAX:,} words are kept on whom a party speaks for"
        raise LimitExceeded("voices.too_many", what, value=len(party.voices), where=f"{where}.voices")
    for number, voice in enumerate(party.voices):
        at = f"{where}.voices[{number}]"
        id_checked(voice.said_by, f"{at}.said_by")
        words_checked(voice.whom, f"{at}.whom")
        words_checked(voice.words, f"{at}.words")
        if not plain(voice.whom) or plain(voice.whom) == party.id:
            raise Refused("voice.whom", "A party speaks for somebody else", value=voice.whom, where=f"{at}.whom")
        us_checked(voice.at_us, f"{at}.at_us")


def named_so(parties: Iterable[Party], text: str) -> tuple[Meant, ...]:
    """The parties that a written name may mean, those it names exactly first.

    One that is not exact is for a person to decide: nothing takes a look for a name."""
    asked, seen = plain(text), looks(text)
    found = []
    for party in parties:
        names = (Name(party.id, "en", Kind.OFFICIAL), *party.names)
        exact = [name for name in names if asked and plain(name.text) == asked]
        near = [name for name in names if not looks(name.text).isdisjoint(seen)]
        if exact or near:
            found.append(Meant(party.id, (exact or near)[0], bool(exact)))
    return tuple(sorted(found, key=lambda meant: not meant.exact))


def said_of(party: Party, whom: str, at_us: int) -> tuple[Voice, ...]:
    """What was said by an instant on whether a party speaks for somebody and can reach them: the newest word of each who said
    something, on either; by date."""
    newest: dict[tuple[str, bool], Voice] = {}
    for voice in sorted(party.voices, key=lambda voice: voice.at_us):
        if voice.at_us <= at_us and plain(voice.whom) == plain(whom):
            newest[voice.said_by, voice.relation.is_about_speaking] = voice
    return tuple(sorted(newest.values(), key=lambda voice: (voice.at_us, voice.said_by, voice.relation)))


def contradicted(voices: Iterable[Voice]) -> bool:
    """Whether these words contradict each other, as of one who is said to speak for somebody, and not to."""
    said = {voice.relation for voice in voices}
    return {Relation.SPEAKS_FOR, Relation.DOES_NOT_SPEAK_FOR} <= said or {
        Relation.CAN_REACH,
        Relation.CANNOT_REACH,
    } <= said
