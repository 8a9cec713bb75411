"""An agreement between parties, as the facts that are known of it: who proposed and signed which version, who declared what, how each
party stands to it, and whether it is kept.

    proposal = Proposal(agreement="kestrel-understanding", of="alpha", said_by="alpha", version=version, at_us=...)
    kept(proposal, known_at_us)

A fact is never changed and never taken back; what is known of an agreement is a set of them that only grows. What a party says of
itself is evidence of it; what it says of another, or what somebody else carried, is a claim. What is declared and what is observed are
different facts, and neither changes the other. What follows from them is `agreements.in_force` and `agreements.stances`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from keepclear.agreements.agreed_terms import AgreedTerms, terms_checked
from keepclear.ground.canon import SHA256_HEX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked
from keepclear.ground.words import language_checked, said_checked, words_checked
from keepclear.ground.written import digest_of, read_written, written
from keepclear.parties.ids import id_checked

FACT_BYTES_MAX = 1_048_576
PARTIES_MAX = 64
ARTICLES_MAX = 500
NUMBER_MAX = 1_000_000
LEVEL_CHARS_MAX = 64


class Kind(StrEnum):
    """What sort of instrument it is, by its own words."""

    MEMORANDUM = "memorandum"
    CEASEFIRE = "ceasefire"
    DECLARATION = "declaration"
    UNDERSTANDING = "understanding"
    PROCEDURE = "procedure"


class Binds(StrEnum):
    """When a version takes effect.

    all   for everybody it names, once all of them have signed it
    each  for each of them from its own signature on, as with a declaration of one party"""

    ALL = "all"
    EACH = "each"


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of the text, as it is cited: "3 (b)"."""

    key: str
    language: str
    text: str


class Version(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of an agreement, whole; a change is a new version.

    number    from 1 on
    amends    SHA-256 of the version that it changes; "": it is the first
    parties   whom it names
    from_us   not in force before; None: as soon as it is signed
    until_us  in force up to, not including; None: no end is set
    withheld_for  the party at whose request the text is withheld; then there are no articles"""

    agreement: str
    number: int
    title: str
    kind: Kind
    parties: tuple[str, ...]
    amends: str = ""
    binds: Binds = Binds.ALL
    from_us: int | None = None
    until_us: int | None = None
    articles: tuple[Article, ...] = ()
    withheld_for: str = ""
    terms: AgreedTerms = AgreedTerms()

    @property
    def payload(self) -> bytes:
        """The one byte string of this version: RFC 8785."""
        return written(self)

    @property
    def digest(self) -> str:
        """SHA-256 of the payload, in hexadecimal: what everybody cites it by."""
        return digest_of(self)


class _Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="is"):
    """Something that a party did, said or saw.

    of        the party whose act, stance or observation it is
    said_by   the party that says so
    at_us     from when it holds, by its own words; of an observation, when it was seen
    person    who did it for the party `of`: a name or a role
    words     exactly what was said, in `language`
    source    where it was said: "press briefing", "call of 14:05"; "": to us
    carrier   who brought the word where `said_by` was not there itself; "": nobody"""

    agreement: str
    of: str
    said_by: str
    at_us: int
    person: str = ""
    words: str = ""
    language: str = ""
    source: str = ""
    carrier: str = ""

    @property
    def payload(self) -> bytes:
        """The one byte string of this fact: RFC 8785."""
        return written(self)

    @property
    def id(self) -> str:
        """SHA-256 of the payload, in hexadecimal."""
        return digest_of(self)

    @property
    def claimed(self) -> bool:
        """Whether it is only told: by another party, or by whoever carried it."""
        return self.said_by != self.of or bool(self.carrier)


class Proposal(_Fact, frozen=True, kw_only=True, tag="proposal"):
    """A version is laid before the parties. A party that it names signs what it proposes."""

    version: Version


class Countersignature(_Fact, frozen=True, kw_only=True, tag="countersignature"):
    """A party signs a version, by its digest."""

    version: str


class Holding(_Fact, frozen=True, kw_only=True, tag="holding"):
    """A party has a version in its hands; whether it signs it is another matter."""

    version: str


class Suspension(_Fact, frozen=True, kw_only=True, tag="suspension"):
    """A party declares that it suspends the agreement for its part."""


class Resumption(_Fact, frozen=True, kw_only=True, tag="resumption"):
    """A party declares that it takes it up again."""


class End(_Fact, frozen=True, kw_only=True, tag="end"):
    """A party declares that it is over for its part."""


class Stance(StrEnum):
    """How a party stands to an agreement or a zone. None of these says who is right.

    tacitly_observes  it keeps to it without having agreed
    informed          it was told, and has said no more
    relays            it carries messages about it, whatever it thinks of it"""

    AGREED = "agreed"
    TACITLY_OBSERVES = "tacitly_observes"
    INFORMED = "informed"
    DISPUTES = "disputes"
    REJECTS = "rejects"
    RELAYS = "relays"


class Outline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a party describes a zone: in its words, and by the SHA-256 of a definition if it gave one."""

    words: str
    digest: str = ""


class Position(_Fact, frozen=True, kw_only=True, tag="position"):
    """How a party stands at one of its levels, "political" or "military line": two levels of one party may differ.

    about    id of a zone or of a channel of the agreement; "": the whole of it
    outline  the zone as this party sees it; None: it has not said"""

    level: str
    stance: Stance
    about: str = ""
    outline: Outline | None = None


class Practice(StrEnum):
    """What somebody saw of it."""

    KEPT = "kept"
    NOT_KEPT = "not_kept"
    UNCLEAR = "unclear"


class Observation(_Fact, frozen=True, kw_only=True, tag="observation"):
    """What a party saw of how it is kept, or whether a channel is used; whatever has been declared."""

    practice: Practice
    about: str = ""


Fact = Proposal | Countersignature | Holding | Suspension | Resumption | End | Position | Observation
Declaration = Suspension | Resumption | End


class Kept(NamedTuple):
    """A fact, what it is called, and when this node learned of it."""

    id: str
    fact: Fact
    known_at_us: int


_FACT: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


def kept(fact: Fact, known_at_us: int) -> Kept:
    """The fact, if it can be one, as it is held; raises `Refused` with the place of the fault."""
    return Kept(checked(fact).id, fact, known_at_us)


def read_fact(payload: bytes) -> Fact:
    """The fact of these bytes; raises `Refused` for what is none, or is not written in its one way."""
    return read_written(
        payload, _FACT, checked, key="agreement", noun="a fact of an agreement", bytes_max=FACT_BYTES_MAX
    )


def checked(fact: Fact) -> Fact:
    """The fact, if it can be one; raises `Refused` with the place of the fault."""
    for name in ("agreement", "of", "said_by"):
        id_checked(getattr(fact, name), f"$.{name}")
    us_checked(fact.at_us, "$.at_us")
    for name in ("person", "words", "source", "carrier"):
        words_checked(getattr(fact, name), f"$.{name}")
    if bool(fact.words) != bool(fact.language):
        mend = "Write for example en, ar or ru beside the words."
        raise Refused(
            "agreement.language", "Words have a language, and nothing else has", mend=mend, where="$.language"
        )
    if fact.language:
        language_checked(fact.language, "$.language")
    if fact.said_by != fact.of and not (fact.source or fact.carrier):
        mend = "Say where it was said, or who brought the word."
        raise Refused("agreement.source", "What is said of another party has a source", mend=mend, where="$.source")
    match fact:
        case Proposal():
            _check_signed(fact)
            version_checked(fact.version, "$.version")
            if fact.version.agreement != fact.agreement:
                raise Refused(
                    "agreement.other", "The version is one of another agreement", value=fact.version.agreement
                )
        case Countersignature() | Holding():
            if not SHA256_HEX.fullmatch(fact.version):
                what = "A version is cited by its SHA-256"
                raise Refused("agreement.version", what, value=fact.version, where="$.version")
            if isinstance(fact, Countersignature):
                _check_signed(fact)
        case Suspension() | Resumption() | End():
            _check_words(fact)
        case Position():
            _check_position(fact)
        case Observation():
            if fact.about:
                id_checked(fact.about, "$.about")
    return fact


def _check_signed(fact: Proposal | Countersignature) -> None:
    if not fact.person:
        raise Refused("agreement.nobody", "A signature is that of a person", mend="Name who signed.", where="$.person")


def _check_words(fact: Declaration | Position) -> None:
    if not fact.words.strip():
        mend = "Write down exactly what was said."
        raise Refused("agreement.words", "What a party declares has words", mend=mend, where="$.words")


def _check_position(fact: Position) -> None:
    _check_words(fact)
    words_checked(fact.level, "$.level")
    if not fact.level.strip() or len(fact.level) > LEVEL_CHARS_MAX:
        mend = "Write for example political, or military line."
        raise Refused("agreement.level", "A position is that of a level", value=fact.level, mend=mend, where="$.level")
    if fact.about:
        id_checked(fact.about, "$.about")
    if fact.outline is not None:
        words_checked(fact.outline.words, "$.outline.words")
        if not fact.outline.words or not (fact.outline.digest == "" or SHA256_HEX.fullmatch(fact.outline.digest)):
            raise Refused("agreement.outline", "An outline has words, and perhaps a SHA-256", where="$.outline")


def version_checked(version: Version, where: str) -> Version:
    """The version, if it can be one; raises `Refused` with the place of the fault."""
    id_checked(version.agreement, f"{where}.agreement")
    words_checked(version.title, f"{where}.title")
    if not 1 <= version.number <= NUMBER_MAX or (version.number > 1) != bool(SHA256_HEX.fullmatch(version.amends)):
        mend = "The first is number 1 and amends nothing; each later one cites the version that it amends."
        what = "The number and what it amends contradict each other"
        raise Refused("version.number", what, value=version.number, mend=mend, where=where)
    if not 0 < len(version.parties) <= PARTIES_MAX or len(set(version.parties)) != len(version.parties):
        raise Refused(
            "version.parties", f"From 1 to {PARTIES_MAX} parties are named, each once", where=f"{where}.parties"
        )
    for number, party in enumerate(version.parties):
        id_checked(party, f"{where}.parties[{number}]")
    for name in ("from_us", "until_us"):
        at_us = getattr(version, name)
        if at_us is not None:
            us_checked(at_us, f"{where}.{name}")
    if version.from_us is not None and version.until_us is not None and version.until_us <= version.from_us:
        raise Refused("version.until", "It would be over before it begins", where=f"{where}.until_us")
    _check_text(version, where)
    terms_checked(version.terms, f"{where}.terms")
    return version


def _check_text(version: Version, where: str) -> None:
    if bool(version.articles) == bool(version.withheld_for):
        mend = "Give the articles, or name the party at whose request they are withheld."
        raise Refused("version.text", "A version has its text, or somebody who withholds it", mend=mend, where=where)
    if version.withheld_for:
        id_checked(version.withheld_for, f"{where}.withheld_for")
    if len(version.articles) > ARTICLES_MAX:
        what = f"A version has at most {ARTICLES_MAX} articles"
        raise LimitExceeded("version.articles", what, value=len(version.articles), where=f"{where}.articles")
    seen = set()
    for number, article in enumerate(version.articles):
        at = f"{where}.articles[{number}]"
        said_checked(article.key, f"{at}.key")
        language_checked(article.language, f"{at}.language")
        said_checked(article.text, f"{at}.text")
        if (article.key, article.language) in seen:
            raise Refused("version.article", "Two articles are cited alike", value=article.key, where=at)
        seen.add((article.key, article.language))
