"""Messages of AIS that are longer than one sentence: their parts are kept until all are there, for a while, and not without limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from keepclear.feeds.nmea import Said, Sentence
from keepclear.ground.errors import LimitExceeded, Refused

# IEC 61162-1: a message has at most nine sentences. They leave a receiver within milliseconds of each other.
PARTS_MAX = 9
WAIT_US_MAX = 5_000_000
# Ten message numbers on two channels are what one receiver can have under way; this is for a relay of a dozen.
MESSAGES_WAITING_MAX = 256

# What became of a message that is given up: why, the line of its first part, and how many lines there were.
GivenUp = tuple[Refused, int, int]


class Whole(NamedTuple):
    """A message with all of its parts.

    texts      the sentences in order
    payload    what they carry, as one
    fill_bits  so many at its end are not part of it
    said       what is written with the first part that says something
    """

    texts: tuple[bytes, ...]
    payload: str
    fill_bits: int
    said: Said


@dataclass
class _Unfinished:
    line: int
    since_us: int
    said: Said
    count: int
    sentences: dict[int, Sentence] = field(default_factory=dict)


class Parts:
    """Holds at most `MESSAGES_WAITING_MAX` unfinished messages, each for at most `WAIT_US_MAX`.

    Parts belong together that have one count, one message number, one channel, and one group or station in their tag block. A part that
    is there already and says something else begins a new message, and the old one is given up.

    lines  how many wait
    """

    def __init__(self) -> None:
        self.lines = 0
        self._unfinished: dict[tuple[str, ...], _Unfinished] = {}

    def take(self, sentence: Sentence, said: Said, line: int, at_us: int) -> tuple[Whole | None, list[GivenUp]]:
        """The message, if this was its last part; and those given up for it. Raises `Refused` for a part that cannot be one."""
        count, number = _numbers(sentence)
        key = _key(sentence, said)
        given_up: list[GivenUp] = []
        held = self._unfinished.get(key)
        if held is not None and number in held.sentences:
            given_up.append(self._give_up(key, _incomplete(held)))
            held = None
        if held is None:
            if len(self._unfinished) >= MESSAGES_WAITING_MAX:
                oldest = next(iter(self._unfinished))
                given_up.append(self._give_up(oldest, _too_many(self._unfinished[oldest])))
            held = self._unfinished[key] = _Unfinished(line, at_us, said, count)
        held.sentences[number] = sentence
        self.lines += 1
        if held.said.heard_at_us is None and said.heard_at_us is not None:
            held.said = said
        if len(held.sentences) < count:
            return None, given_up
        del self._unfinished[key]
        self.lines -= count
        ordered = [held.sentences[place] for place in range(1, count + 1)]
        payload = "".join(part.fields[4] for part in ordered)
        return Whole(tuple(part.text for part in ordered), payload, int(ordered[-1].fields[5]), held.said), given_up

    def holds(self, sentence: Sentence, said: Said) -> bool:
        """Whether this very part waits here already."""
        held = self._unfinished.get(_key(sentence, said))
        return held is not None and any(part.text == sentence.text for part in held.sentences.values())

    def pass_to(self, at_us: int) -> Iterator[GivenUp]:
        """Gives up what has waited for too long by this instant; oldest first."""
        while self._unfinished:
            key, oldest = next(iter(self._unfinished.items()))
            if at_us - oldest.since_us <= WAIT_US_MAX:
                return
            yield self._give_up(key, _incomplete(oldest))

    def rest(self) -> Iterator[GivenUp]:
        """Gives up everything."""
        while self._unfinished:
            key, oldest = next(iter(self._unfinished.items()))
            yield self._give_up(key, _incomplete(oldest))

    def _give_up(self, key: tuple[str, ...], why: Refused) -> GivenUp:
        held = self._unfinished.pop(key)
        self.lines -= len(held.sentences)
        return why, held.line, len(held.sentences)


def _key(sentence: Sentence, said: Said) -> tuple[str, ...]:
    count, _, message, channel = sentence.fields[:4]
    return (said.group or said.station, count, message, channel)


def _numbers(sentence: Sentence) -> tuple[int, int]:
    count, number = sentence.fields[:2]
    digits = {*"123456789"}
    if count not in digits or number not in digits or int(number) > int(count):
        mend = f"A message has up to {PARTS_MAX} parts, numbered from 1."
        value = sentence.text.decode("ascii")
        raise Refused("ais.part_number", f"There is no part {number} of {count}", value=value, mend=mend)
    return int(count), int(number)


def _incomplete(held: _Unfinished) -> Refused:
    missing = ", ".join(str(number) for number in range(1, held.count + 1) if number not in held.sentences)
    what = f"The message of AIS is incomplete: {held.count} parts, without {missing}"
    mend = "Parts are lost where a line is overloaded or damaged."
    return Refused("ais.incomplete", what, value=_shown(held), mend=mend)


def _too_many(held: _Unfinished) -> LimitExceeded:
    what = f"More than {MESSAGES_WAITING_MAX} messages of AIS wait for their parts, and this is the oldest"
    mend = "Is this several receivers mixed without tag blocks, or a flood?"
    return LimitExceeded("ais.unfinished", what, value=_shown(held), mend=mend)


def _shown(held: _Unfinished) -> str:
    return b" ".join(held.sentences[number].text for number in sorted(held.sentences)).decode("ascii")
