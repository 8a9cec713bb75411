"""What is said of a message on its way: who did what with it, who says so, and over which bytes.

A statement is never changed and never taken back; a set of them only grows, and two sets that met hold the same. What a party says of
its own act under its own signature is evidence of that act. What it says of another's is a claim, however often it is passed on.
There is no statement that approves anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from keepclear.channel.facts import Fact, facts_checked
from keepclear.channel.messages import Words
from keepclear.ground.canon import SHA256_HEX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked
from keepclear.ground.words import language_checked, words_checked
from keepclear.ground.written import digest_of, read_written, written
from keepclear.parties.ids import id_checked

PAYLOAD_TYPE = "application/vnd.keepclear.statement+json"
SEVERAL_TYPE = "application/vnd.keepclear.statements+json"
STATEMENT_BYTES_MAX = 65_536
SEVERAL_MAX = 200
SEVERAL_BYTES_MAX = 262_144
STAND_BY_US_MAX = 7 * 86_400_000_000


class Act(StrEnum):
    """What was done with a message.

    sent            it has left; nothing more
    received        exactly these bytes are kept where they were to go; a machine says so
    understood      a person read it and said back what it states
    not_understood  a person could make nothing of it
    say_again       a person asks for it once more
    stand_by        the answer comes within a stated time
    forwarded       it was passed on, to whom and by what means
    delivered       it was put into the hands of whom it is for
    no_information  a person has nothing to answer
    refused         a person will not, or cannot, do what it asks; the words say so"""

    SENT = "sent"
    RECEIVED = "received"
    UNDERSTOOD = "understood"
    NOT_UNDERSTOOD = "not_understood"
    SAY_AGAIN = "say_again"
    STAND_BY = "stand_by"
    FORWARDED = "forwarded"
    DELIVERED = "delivered"
    NO_INFORMATION = "no_information"
    REFUSED = "refused"


class Means(StrEnum):
    """How it was carried."""

    LINK = "link"
    FOLDER = "folder"
    VOICE = "voice"
    RADIO = "radio"
    PAPER = "paper"


class Evidence(StrEnum):
    """Whether an act is shown by whoever did it, or told by somebody else."""

    EVIDENCED = "evidenced"
    CLAIMED = "claimed"


def evidence_of(of: str, said_by: str, carrier: str = "") -> Evidence:
    """What the word of one party about an act of another, or of its own, is worth; `carrier`: who brought it, "": nobody."""
    return Evidence.EVIDENCED if of == said_by and not carrier else Evidence.CLAIMED


# What no machine says: somebody has to have read it.
OF_A_PERSON = frozenset(
    {Act.UNDERSTOOD, Act.NOT_UNDERSTOOD, Act.SAY_AGAIN, Act.STAND_BY, Act.NO_INFORMATION, Act.REFUSED}
)
_TOWARDS = frozenset({Act.SENT, Act.FORWARDED, Act.DELIVERED})


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement.

    act, of      what was done, and by which party
    said_by      the party that says so, and signs it
    person       whose act it is, of the party `of`; "": a machine did it
    carrier      who brought the word to `said_by`, or heard it: "duty officer, by telephone"; "": nobody
    over         SHA-256 of exactly what was received, sent or passed on: the sealed bytes on a link, the payload for what a person read
    towards      the party that it was passed on to
    within_us    of stand_by: how soon the answer comes, counted from `at_us`
    facts        of understood: what was read back"""

    act: Act
    of: str
    said_by: str
    over: str
    at_us: int
    person: str = ""
    carrier: str = ""
    towards: str = ""
    means: Means = Means.LINK
    within_us: int | None = None
    facts: tuple[Fact, ...] = ()
    words: Words | None = None
    exercise: bool = False

    @property
    def payload(self) -> bytes:
        """The one byte string of this statement: RFC 8785."""
        return written(self)

    @property
    def id(self) -> str:
        """SHA-256 of the payload, in hexadecimal."""
        return digest_of(self)

    @property
    def evidence(self) -> Evidence:
        """What it is worth. A word that somebody else brought shows nothing but that it was brought."""
        return evidence_of(self.of, self.said_by, self.carrier)


class Several(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one party says to another at one time, under one signature."""

    statements: tuple[Statement, ...]

    @property
    def payload(self) -> bytes:
        """The one byte string of them together: RFC 8785."""
        return written(self)


class Kept(NamedTuple):
    """A statement, what it is called, and when this node learned of it."""

    id: str
    statement: Statement
    known_at_us: int


_STATEMENT = msgspec.json.Decoder(Statement)
_SEVERAL = msgspec.json.Decoder(Several)


def read_statement(payload: bytes) -> Statement:
    """The statement of these bytes; raises `Refused` for what is none, or is not written in its one way."""
    return read_written(
        payload, _STATEMENT, checked, key="statement", noun="a statement", bytes_max=STATEMENT_BYTES_MAX
    )


def read_several(payload: bytes) -> Several:
    """The statements of these bytes; raises `Refused` for what is none, or is not written in its one way."""
    return read_written(
        payload, _SEVERAL, _several_checked, key="statements", noun="a list of statements", bytes_max=SEVERAL_BYTES_MAX
    )


def _several_checked(several: Several) -> Several:
    if not 0 < len(several.statements) <= SEVERAL_MAX:
        raise LimitExceeded(
            "statements.count", f"From 1 to {SEVERAL_MAX} are said at one time", value=len(several.statements)
        )
    for number, statement in enumerate(several.statements):
        try:
            checked(statement)
        except Refused as refused:
            raise refused.at(f"$.statements[{number}]") from refused
    return several


def checked(statement: Statement) -> Statement:
    """The statement, if it can be one; raises `Refused` with the place of the fault."""
    act = statement.act
    for name in ("of", "said_by"):
        id_checked(getattr(statement, name), f"$.{name}")
    if not SHA256_HEX.fullmatch(statement.over):
        raise Refused(
            "statement.over", "What it is about is cited by its SHA-256", value=statement.over, where="$.over"
        )
    us_checked(statement.at_us, "$.at_us")
    words_checked(statement.person, "$.person")
    words_checked(statement.carrier, "$.carrier")
    if act in OF_A_PERSON and not statement.person:
        mend = "Name the person, or say that it was received."
        raise Refused("statement.nobody", f"A machine cannot say {act.value}", mend=mend, where="$.person")
    if (act in _TOWARDS) != bool(statement.towards):
        raise Refused("statement.towards", f"{act.value} and whom it went to contradict each other", where="$.towards")
    if statement.towards:
        id_checked(statement.towards, "$.towards")
        if statement.towards == statement.of:
            raise Refused("statement.towards", "Nobody passes a message on to themselves", where="$.towards")
    if (act is Act.STAND_BY) != (statement.within_us is not None):
        mend = "Say how soon: 20 min."
        raise Refused(
            "statement.stand_by",
            "Stand by comes with an interval, and nothing else does",
            mend=mend,
            where="$.within_us",
        )
    if statement.within_us is not None and not 0 < statement.within_us <= STAND_BY_US_MAX:
        raise Refused("statement.stand_by", "The interval is from 1 microsecond to 7 days", value=statement.within_us)
    if statement.facts and act is not Act.UNDERSTOOD:
        raise Refused("statement.facts", "Only who understood reads back", where="$.facts")
    facts_checked(statement.facts, "$.facts")
    if act is Act.REFUSED and statement.words is None:
        raise Refused("statement.words", "Who refuses says so in words", where="$.words")
    if statement.words is not None:
        language_checked(statement.words.language, "$.words.language")
        words_checked(statement.words.text, "$.words.text")
    if statement.said_by != statement.of and act in OF_A_PERSON and not statement.carrier:
        mend = "Name who brought the word, or who heard it."
        raise Refused(
            "statement.carrier", "A word about another party's person names its carrier", mend=mend, where="$.carrier"
        )
    return statement
