"""What a step of a node asks for. The host does it, once the event is committed."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from keepclear.channel.channel import Seal

_BEGINS = '{"event":"'


@dataclass(frozen=True)
class Told:
    """One thing the node concluded, as it stands in the record and goes to every stream.

    sequence, index  of its event, and its place among what followed from it; together the id "SEQUENCE.INDEX"
    line             one JSON object without words for people; its "event" says what it is: "presence", "alert", "correction",
                     "alert_step", "feed", "zone", "agreement", "call", ...
    zone, subject, feed, message, peer  whom it is about, "" where it is not; decides who may see it
    agreement, of_party  the same for what comes of dealings with other parties: of which agreement, of which party
    exercise         not real
    """

    sequence: int
    index: int
    at_us: int
    line: str
    zone: str = ""
    subject: str = ""
    feed: str = ""
    exercise: bool = False
    message: str = ""
    peer: str = ""
    agreement: str = ""
    of_party: str = ""

    @property
    def what(self) -> str:
        """What the line says it is: "presence", "alert", ..."""
        begin = len(_BEGINS)
        return self.line[begin : self.line.index('"', begin)]

    @property
    def id(self) -> str:
        """How it is cited, and where a stream resumes."""
        return f"{self.sequence}.{self.index}"


class _About(msgspec.Struct):
    zone: str | None = None
    subject: str | None = None
    feed: str | None = None
    exercise: bool = False
    message: str = ""
    peer: str = ""
    agreement: str | None = None
    of_party: str | None = None


_ABOUT = msgspec.json.Decoder(_About)


def told_of(sequence: int, index: int, at_us: int, line: str) -> Told:
    """A line of an outcome, read back from the record: whom it is about and of which side it is, it says itself."""
    about = _ABOUT.decode(line)
    return Told(
        sequence, index, at_us, line, about.zone or "", about.subject or "", about.feed or "", about.exercise, about.message,
        about.peer, about.agreement or "", about.of_party or "",
    )  # fmt: skip


def lines_of(outcome: bytes, begin: int = 0, end: int | None = None) -> list[str]:
    """The lines of an outcome from `begin` up to, not including, `end`; what lies behind that is not read.

    They end with a line feed and nothing else: a name may hold what other readers take for the end of a line."""
    lines = outcome.split(b"\n", -1 if end is None else end)
    return [line.decode() for line in lines[:-1][begin:end]]


@dataclass(frozen=True)
class Effects:
    """What follows from one event.

    told        in order; the outcome that the record keeps is their lines
    wake_at_us  when the node wants to be told that time has passed, if nothing happens before; None: never
    verdicts    for positions: what became of each accepted row, as places in `keepclear.tracks.picture.VERDICTS`
    seals       what is to be signed and sealed, and given back as `MessagesSealed`; a node asks for it again until it is
    """

    told: tuple[Told, ...] = ()
    wake_at_us: int | None = None
    verdicts: bytes = b""
    seals: tuple[Seal, ...] = ()

    @property
    def outcome(self) -> bytes:
        """The bytes that the record keeps and hashes: each line with a line feed behind it."""
        return "".join(f"{told.line}\n" for told in self.told).encode()
