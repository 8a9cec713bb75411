"""What one party says to another, as a value with one byte string and one id.

    payload = message.payload        canonical JSON, with a salt that the host drew
    message_id(payload)              SHA-256 of it: who has not read it cannot guess it from what it is likely to say

Nothing here sends. A message is given by a person, who is named in it; a correction is a message of its own that supersedes another.
A notice informs: it neither asks for permission nor gives any, and there is no word here that would.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256

import msgspec

from keepclear.channel.facts import Fact, Place, Time, facts_checked
from keepclear.ground.canon import INTEGER_MAX, SHA256_HEX
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked
from keepclear.ground.lookalike import plain
from keepclear.ground.words import language_checked, words_checked
from keepclear.ground.written import read_written, written
from keepclear.parties.ids import id_checked

PAYLOAD_TYPE = "application/vnd.keepclear.message+json"
PAYLOAD_BYTES_MAX = 262_144
TRANSLATIONS_MAX = 8
ATTACHMENTS_MAX = 16
_SUBJECT_KINDS = ("zone", "alert", "subject", "agreement", "message", "site", "movement", "call", "")


class Marker(StrEnum):
    """What a message is meant as: the markers of the IMO Standard Marine Communication Phrases (A.918(22)), with "demand" for their
    instruction, as nobody here commands another."""

    QUESTION = "question"
    ANSWER = "answer"
    REQUEST = "request"
    INFORMATION = "information"
    INTENTION = "intention"
    WARNING = "warning"
    ADVICE = "advice"
    DEMAND = "demand"


class Urgency(StrEnum):
    """How soon a person must see it; the words that alerts have."""

    NOW = "now"
    SOON = "soon"
    ROUTINE = "routine"


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text and its language, as BCP 47 has it."""

    language: str
    text: str


class Translation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same in another language: who translated it, and who else has compared the two; "" means nobody has."""

    language: str
    text: str
    by: str
    reviewed_by: str = ""


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that belongs to it, by its hash; the bytes come some other way, and whoever has them can check that they are these."""

    name: str
    media_type: str
    digest: str
    byte_count: int


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it is about: a kind and an id, as the sender's node calls it."""

    kind: str = ""
    id: str = ""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message.

    salt         64 hexadecimal digits that the host drew for it
    sender, to   ids of parties; `to` is who can open it, whoever carries it there
    addressee    the party it is meant for at last, where `to` is asked to tell it to them; "": it is `to`
    author       the person of the sending party who sends it
    answers      id of the message that this answers; "": none
    supersedes   id of the message that this corrects; "": none. Both stay
    valid_until_us  when it has no use any more; from then on nobody resends it
    reply_due_us    when what its marker asks for is due; None: no date is set"""

    salt: str
    sender: str
    to: str
    author: str
    marker: Marker
    urgency: Urgency
    original: Words
    written_at_us: int
    valid_until_us: int
    reply_due_us: int | None = None
    about: About = About()
    facts: tuple[Fact, ...] = ()
    translations: tuple[Translation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    addressee: str = ""
    answers: str = ""
    supersedes: str = ""
    exercise: bool = False

    @property
    def final(self) -> str:
        """The party whose word it takes."""
        return self.addressee or self.to

    @property
    def payload(self) -> bytes:
        """The one byte string of this message: RFC 8785."""
        return written(self)

    @property
    def places(self) -> tuple[Place, ...]:
        """The places that it states."""
        return tuple(fact for fact in self.facts if isinstance(fact, Place))

    @property
    def times(self) -> tuple[Time, ...]:
        """The times that it states."""
        return tuple(fact for fact in self.facts if isinstance(fact, Time))

    @property
    def id(self) -> str:
        """What it is called everywhere."""
        return message_id(self.payload)


_MESSAGE = msgspec.json.Decoder(Message)


def message_id(payload: bytes) -> str:
    """SHA-256 of a payload, in hexadecimal."""
    return sha256(payload).hexdigest()


def read_message(payload: bytes) -> Message:
    """The message of these bytes; raises `Refused` for what is none, or is not written in its one way."""
    return read_written(payload, _MESSAGE, checked, key="message", noun="a message", bytes_max=PAYLOAD_BYTES_MAX)


def checked(message: Message) -> Message:
    """The message, if it can be one; raises `Refused` with the place of the fault."""
    if not SHA256_HEX.fullmatch(message.salt):
        raise Refused("message.salt", "A salt has 64 hexadecimal digits", value=message.salt, where="$.salt")
    for name in ("sender", "to", "author"):
        id_checked(getattr(message, name), f"$.{name}")
    if message.sender == message.to:
        raise Refused("message.to_oneself", "A message goes to another party", value=message.to, where="$.to")
    if message.addressee:
        id_checked(message.addressee, "$.addressee")
        if message.addressee in (message.sender, message.to):
            mend = "Leave it out where it is who the message goes to."
            raise Refused(
                "message.addressee", "Nobody is asked to tell it to themselves", value=message.addressee, mend=mend
            )
    _check_words(message.original.language, message.original.text, "$.original")
    if len(message.translations) > TRANSLATIONS_MAX:
        what = f"A message has at most {TRANSLATIONS_MAX} translations"
        raise LimitExceeded("message.translations", what, value=len(message.translations), where="$.translations")
    languages = {message.original.language}
    for number, translation in enumerate(message.translations):
        where = f"$.translations[{number}]"
        _check_words(translation.language, translation.text, where)
        words_checked(translation.by, f"{where}.by")
        words_checked(translation.reviewed_by, f"{where}.reviewed_by")
        if not translation.by:
            raise Refused("translation.nobody", "A translation names who made it", where=f"{where}.by")
        if plain(translation.by) == plain(translation.reviewed_by):
            mend = "Name a second person, or nobody."
            raise Refused(
                "translation.reviewed_alone", "Whoever translated it cannot review it", value=translation.by, mend=mend,
                where=f"{where}.reviewed_by",
            )  # fmt: skip
        if translation.language in languages:
            raise Refused(
                "translation.twice", "There are two texts in one language", value=translation.language, where=where
            )
        languages.add(translation.language)
    _check_times(message)
    if message.about.kind not in _SUBJECT_KINDS or bool(message.about.kind) != bool(message.about.id):
        mend = f"Kinds: {', '.join(kind for kind in _SUBJECT_KINDS if kind)}."
        raise Refused("message.about", "This is nothing a message can be about", value=message.about.kind, mend=mend)
    words_checked(message.about.id, "$.about.id")
    facts_checked(message.facts, "$.facts")
    _check_attachments(message.attachments)
    for name in ("answers", "supersedes"):
        cited = getattr(message, name)
        if cited and not SHA256_HEX.fullmatch(cited):
            raise Refused("message.cites", "This is no id of a message", value=cited, where=f"$.{name}")
    if (message.marker is Marker.ANSWER) != bool(message.answers):
        mend = "An answer names the message that it answers, and nothing else does."
        raise Refused(
            "message.answers", "The marker and what it answers contradict each other", mend=mend, where="$.answers"
        )
    if len(message.payload) > PAYLOAD_BYTES_MAX:
        what = f"A message has at most {PAYLOAD_BYTES_MAX:,} bytes"
        raise LimitExceeded("message.too_large", what, value=len(message.payload), mend="Attach what is long.")
    return message


def _check_words(language: str, text: str, where: str) -> None:
    language_checked(language, f"{where}.language")
    words_checked(text, f"{where}.text")
    if not text.strip():
        raise Refused("message.empty", "There are no words", where=f"{where}.text")


def _check_times(message: Message) -> None:
    for name in ("written_at_us", "valid_until_us", "reply_due_us"):
        at_us = getattr(message, name)
        if at_us is not None:
            us_checked(at_us, f"$.{name}")
    if message.valid_until_us <= message.written_at_us:
        raise Refused("message.expired", "It would have no use when it is written", where="$.valid_until_us")
    if message.reply_due_us is not None and not message.written_at_us < message.reply_due_us <= message.valid_until_us:
        mend = "Let the reply be due after it is written, and while it is of use."
        raise Refused("message.reply_due", "The reply cannot be due then", mend=mend, where="$.reply_due_us")


def _check_attachments(attachments: tuple[Attachment, ...]) -> None:
    if len(attachments) > ATTACHMENTS_MAX:
        what = f"A message has at most {ATTACHMENTS_MAX} attachments"
        raise LimitExceeded("message.attachments", what, value=len(attachments), where="$.attachments")
    for number, one in enumerate(attachments):
        where = f"$.attachments[{number}]"
        words_checked(one.name, f"{where}.name")
        if (
            not one.name
            or "/" in one.name
            or "\\" in one.name
            or one.name.startswith(".")
            or not one.name.isprintable()
        ):
            raise Refused("attachment.name", "This is not the name of a file", value=one.name, where=f"{where}.name")
        words_checked(one.media_type, f"{where}.media_type")
        if not SHA256_HEX.fullmatch(one.digest) or not 0 <= one.byte_count <= INTEGER_MAX:
            raise Refused(
                "attachment.digest", "A file is cited by its SHA-256 and its length", value=one.digest, where=where
            )
