"""AIS, as receivers write it in lines of NMEA 0183, becomes observations and refusals; pyais decodes the messages.

Every line that is not blank is accounted for. It is accepted as a report, refused, or counted under a note whose name begins with
`line_`: nothing is wrong with such a line, but it is no report. Parts of one message wait for each other; of those that became one, all
but the last count as `line_part`. So, at any time:

    lines = accepted + refused + all notes line_... + waiting

What the values mean: ITU-R M.1371-5, annex 8. docs/spec/ais.md has the promises.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyais
from pyais.exceptions import AISBaseException

from keepclear.feeds.ais_parts import Parts, Whole
from keepclear.feeds.nmea import LINE_BYTES_MAX, NOTHING_SAID, Said, Sentence, dated_by, sentence_of
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import parse_instant
from keepclear.tracks.builder import CLOCK_SKEW_US_MAX, BatchBuilder
from keepclear.tracks.observations import NO_CLAIM, Claim, Observations
from keepclear.tracks.refusals import Refusal

CLOCKS = ("receiver", "arrival")
NAMES_KEPT_MAX = 100_000
MMSI_MAX = 999_999_999

# Message number -> the least bits of it. Of 19 and 27 a part is enough to hold all that is read; the others have one length.
POSITION_BITS = {1: 168, 2: 168, 3: 168, 9: 168, 11: 168, 18: 168, 19: 139, 27: 95}
NAME_BITS = {5: 232, 19: 263, 24: 160}
# What stands still by its nature. It has a position, but nobody's presence is concluded from it.
FIXED_NOTES = {4: "line_base_station", 21: "line_aid_to_navigation"}
STATIC_NOTE = "line_static_data"

# Message 1, "position accuracy": high is 10 m or better; low is worse, or not known. The limits are taken as two sigma. For low it is the
# 100 m (95 %) that a receiver on board must keep: IMO resolution MSC.112(73).
HIGH_ACCURACY_SIGMA_M = 10.0 / 2
LOW_ACCURACY_SIGMA_M = 100.0 / 2
# Message 27 gives tenths of a minute, 185.2 m of latitude: half the diagonal of such a cell is two sigma as well.
LONG_RANGE_SIGMA_M = math.hypot(185.2, 185.2) / 2 / 2

KNOT_MPS = 1852 / 3600
# In messages 1, 18 and so on, speed and course are in tenths; in 9 the speed and in 27 both are in whole units.
NO_SPEED_KN = {9: 1023.0, 27: 63.0}
ANY_OTHER_NO_SPEED_KN = 102.3
NO_HEIGHT_M = 4095

# "Time stamp": the second of the minute in which the position was fixed, or why there is none.
SECONDS = 60
NO_SECOND, BY_HAND, DEAD_RECKONED, INOPERATIVE = 60, 61, 62, 63
# A position fixed up to so much after the receiver's time is of this minute: its clock is that far behind, or gives whole seconds.
SECOND_AHEAD_US_MAX = 5_000_000
MINUTE_US = 60_000_000
# A receiver that has not been told the time counts from 1970, or from when its clock was made.
CLOCK_SET_AFTER_US = parse_instant("2000-01-01T00:00Z").us

_PAYLOAD = re.compile(r"[0-W`-w]{1,200}", re.ASCII)
_DISTRESS = re.compile(r"mmsi:97[024]\d{6}", re.ASCII)


@dataclass(frozen=True)
class Taken:
    """What a feed gave since it was asked before; `noticed` counts by key what was noticed and not refused.

    names  subjects and what they say they are called, where that is new"""

    observations: Observations
    refusals: tuple[Refusal, ...]
    noticed: Counter[str]
    lines: int
    names: tuple[tuple[str, str], ...] = ()


class AisReader:
    """Takes lines one by one, and gives out the reports and refusals among them.

    feed      its id, which stands with every row
    source    who says so; where a line names its station, "SOURCE/STATION"
    clock     whose time counts where a line has the receiver's: "receiver", or "arrival" for the time at which it came here. A receiver more
              than `CLOCK_SKEW_US_MAX` ahead of us, or that has not been told the time, never counts
    names     name of a vessel as it says it, by subject; the newest `NAMES_KEPT_MAX`. To be shown, nothing else
    clock_ahead_us  by how much the receiver's clock was ahead of ours at the last line that had its time; None before
    """

    def __init__(
        self, *, feed: str, source: str, grading: str = "", exercise: bool = False, clock: str = "receiver"
    ) -> None:
        assert clock in CLOCKS
        self.names: dict[str, str] = {}
        self.clock_ahead_us: int | None = None
        self._feed = feed
        self._source = source
        self._claim = Claim(grading=grading, exercise=exercise) if grading or exercise else NO_CLAIM
        self._receiver_counts = clock == "receiver"
        self._builder = BatchBuilder()
        self._refusals: list[Refusal] = []
        self._noticed: Counter[str] = Counter()
        self._lines = 0
        self._new_names: dict[str, str] = {}
        self._parts = Parts()
        self._dated: Said | None = None

    @property
    def rows(self) -> int:
        """How many reports and refusals are there to be given out."""
        return len(self._builder) + len(self._refusals)

    @property
    def waiting(self) -> int:
        """How many lines wait for the others of their message."""
        return self._parts.lines

    def take(self, line: bytes, *, number: int, arrived_us: int) -> None:
        """Takes a line without its end; `number` is where it stands in its stream, the first being 1.

        Of a line longer than `LINE_BYTES_MAX` its first `LINE_BYTES_MAX` + 1 bytes are enough."""
        line = line if len(line) > LINE_BYTES_MAX else line.strip()
        if not line:
            return
        self._lines += 1
        if len(line) > LINE_BYTES_MAX:
            what = f"The line has more than {LINE_BYTES_MAX:,} characters"
            mend = "Check that this is NMEA 0183, a sentence on each line."
            self._refuse(LimitExceeded("line.too_long", what, value=line.decode("latin-1"), mend=mend), number)
            return
        try:
            self._take_sentence(sentence_of(line), number, arrived_us)
        except Refused as refused:
            self._refuse(refused, number)

    def pass_to(self, at_us: int) -> None:
        """Time has passed: parts that have waited for too long are refused."""
        for refused, number, lines in self._parts.pass_to(at_us):
            self._refuse_parts(refused, number, lines)

    def refuse_unfinished(self, line: bytes, *, number: int) -> None:
        """The stream ended within this line: it is refused, whatever it says."""
        self._lines += 1
        self._refuse(unfinished(line), number)

    def end(self) -> None:
        """The stream ends here: parts that wait are refused, and what comes next has to do with nothing before."""
        self._dated = None
        for refused, number, lines in self._parts.rest():
            self._refuse_parts(refused, number, lines)

    def taken(self) -> Taken:
        """Everything since the last call."""
        names = tuple(self._new_names.items())
        given = Taken(self._builder.build(), tuple(self._refusals), self._noticed, self._lines, names)
        self._refusals, self._noticed, self._lines, self._new_names = [], Counter(), 0, {}
        return given

    def _refuse(self, refused: Refused, number: int) -> None:
        self._refusals.append(Refusal.of(refused, feed=self._feed, line=number, column=""))

    def _refuse_parts(self, refused: Refused, number: int, lines: int) -> None:
        self._refuse(refused, number)
        if lines > 1:
            self._noticed["line_part"] += lines - 1

    def _take_sentence(self, sentence: Sentence, number: int, arrived_us: int) -> None:
        dated, self._dated = self._dated, None
        if sentence.name[2:] not in {"VDM", "VDO"} or sentence.text[:1] != b"!":
            self._dated = dated_by(sentence)
            self._noticed["line_other_sentence"] += 1
            return
        said = sentence.said if dated is None or sentence.said != NOTHING_SAID else dated
        for refused, first, lines in self._parts.pass_to(arrived_us):
            self._refuse_parts(refused, first, lines)
        whole = _alone(sentence, said)
        if whole is None:
            if self._parts.holds(sentence, said):
                self._noticed["line_repeated"] += 1
                return
            whole, given_up = self._parts.take(sentence, said, number, arrived_us)
            for refused, first, lines in given_up:
                self._refuse_parts(refused, first, lines)
            if whole is None:
                return
            self._noticed["line_part"] += len(whole.texts) - 1
        self._take_message(whole, number, arrived_us)

    def _take_message(self, whole: Whole, number: int, arrived_us: int) -> None:
        kind = _six_bits(whole.payload[0])
        reads_name, reads_position = NAME_BITS.get(kind), POSITION_BITS.get(kind)
        if reads_name is None and reads_position is None:
            self._noticed[FIXED_NOTES.get(kind, "line_other_message")] += 1
            return
        bits = 6 * len(whole.payload) - whole.fill_bits
        if bits < (reads_position or reads_name or 0):
            mend = "A part of it is missing, or it is no message of AIS."
            what = f"Message {kind} is cut short: {bits} bits"
            raise Refused("ais.short", what, value=_shown(whole), mend=mend)
        # A fault of the decoder in the face of hostile bytes costs this message and not the feed.
        try:
            message: Any = pyais.decode(*whole.texts)
        except (AISBaseException, ArithmeticError, LookupError, TypeError, ValueError) as error:
            what = f"The message of AIS cannot be decoded ({type(error).__name__})"
            raise Refused("ais.undecodable", what, value=_shown(whole)) from error
        subject = _subject(message.mmsi)
        if reads_name is not None and bits >= reads_name:
            self._keep_name(subject, message)
        if reads_position is None:
            self._noticed[STATIC_NOTE] += 1
        else:
            self._add(subject, kind, message, whole.said, number, arrived_us)

    def _keep_name(self, subject: str, message: Any) -> None:
        name = getattr(message, "shipname", None)
        if not name:
            return
        if self.names.pop(subject, None) != name:
            self._new_names[subject] = name
        self.names[subject] = name
        if len(self.names) > NAMES_KEPT_MAX:
            del self.names[next(iter(self.names))]

    def _add(self, subject: str, kind: int, message: Any, said: Said, number: int, arrived_us: int) -> None:
        notes: list[str] = []
        second = NO_SECOND if kind == 27 else message.second
        if second == INOPERATIVE:
            mend = "Nothing to mend: it is the sender who says so."
            raise Refused("ais.inoperative", "The sender's positioning system is inoperative", value=subject, mend=mend)
        self._builder.add(
            subject=subject,
            seen_at_us=self._seen_at_us(said, second, arrived_us, notes),
            known_at_us=arrived_us,
            lat=message.lat,
            lon=message.lon,
            error_m=_sigma_m(kind, message.accuracy, second, notes),
            height_m=_height_m(message, notes) if kind == 9 else None,
            speed_mps=_speed_mps(kind, message, notes),
            course_deg=_course_deg(message, notes),
            source=f"{self._source}/{said.station}" if said.station else self._source,
            claim=self._claim,
            feed=self._feed,
            line=number,
        )
        if message.lat == 0.0 and message.lon == 0.0:
            notes.append("zero_zero")
        if _DISTRESS.fullmatch(subject):
            notes.append("distress_device")
        self._noticed.update(notes)

    def _seen_at_us(self, said: Said, second: int, arrived_us: int, notes: list[str]) -> int:
        """When the position was fixed: at the second that the message says, but never later than the clock that counts."""
        clock_us = arrived_us
        if said.heard_at_us is not None:
            clock_us = self._clock_us(said.heard_at_us, arrived_us, notes)
        if second >= SECONDS:
            return clock_us
        ahead_us = second * 1_000_000 - clock_us % MINUTE_US
        if ahead_us > SECOND_AHEAD_US_MAX:
            ahead_us -= MINUTE_US
        elif ahead_us < SECOND_AHEAD_US_MAX - MINUTE_US:
            ahead_us += MINUTE_US
        return clock_us + min(0, ahead_us)

    def _clock_us(self, heard_at_us: int, arrived_us: int, notes: list[str]) -> int:
        if heard_at_us < CLOCK_SET_AFTER_US:
            notes.append("receiver_clock_unset")
            return arrived_us
        self.clock_ahead_us = heard_at_us - arrived_us
        if self.clock_ahead_us > CLOCK_SKEW_US_MAX:
            notes.append("receiver_clock_ahead")
            return arrived_us
        if self.clock_ahead_us < -CLOCK_SKEW_US_MAX:
            notes.append("receiver_clock_behind")
        return heard_at_us if self._receiver_counts else arrived_us


def unfinished(line: bytes) -> Refused:
    """Why the beginning of a line is no row: its end never came."""
    mend = "Nothing to mend where a connection broke; else end the last line too."
    return Refused("line.unfinished", "The line has no end", value=line.decode("latin-1"), mend=mend)


def _alone(sentence: Sentence, said: Said) -> Whole | None:
    """The message of a sentence that is all of it; None if there are others. Raises `Refused` for a sentence with other fields."""
    if len(sentence.fields) != 6 or not _PAYLOAD.fullmatch(sentence.fields[4]) or sentence.fields[5] not in {*"012345"}:
        mend = "Fields: number of parts, part, message, channel, content in the letters of AIS, fill bits 0 to 5."
        raise Refused(
            "ais.fields",
            "These are not the fields of a sentence of AIS",
            value=sentence.text.decode("ascii"),
            mend=mend,
        )
    if sentence.fields[0] != "1" or sentence.fields[1] != "1":
        return None
    return Whole((sentence.text,), sentence.fields[4], int(sentence.fields[5]), said)


def _six_bits(letter: str) -> int:
    number = ord(letter) - 48
    return number - 8 if number > 40 else number


def _subject(mmsi: int) -> str:
    if not 0 < mmsi <= MMSI_MAX:
        mend = "Its owner has to set the nine digits."
        raise Refused("ais.mmsi", "The sender has no MMSI", value=mmsi, mend=mend)
    return f"mmsi:{mmsi:09d}"


def _sigma_m(kind: int, is_high: bool, second: int, notes: list[str]) -> float | None:
    """One sigma; None where the sender's word on the accuracy of its receiver says nothing of the position."""
    if second in {BY_HAND, DEAD_RECKONED}:
        notes.append("position_by_hand" if second == BY_HAND else "position_dead_reckoned")
        return None
    sigma_m = HIGH_ACCURACY_SIGMA_M if is_high else LOW_ACCURACY_SIGMA_M
    return math.hypot(sigma_m, LONG_RANGE_SIGMA_M) if kind == 27 else sigma_m


def _height_m(message: Any, notes: list[str]) -> float | None:
    if message.alt == NO_HEIGHT_M:
        notes.append("height_not_available")
        return None
    return float(message.alt)


def _speed_mps(kind: int, message: Any, notes: list[str]) -> float | None:
    if kind == 11:
        return None
    if message.speed == NO_SPEED_KN.get(kind, ANY_OTHER_NO_SPEED_KN):
        notes.append("speed_not_available")
        return None
    return float(message.speed) * KNOT_MPS


def _course_deg(message: Any, notes: list[str]) -> float | None:
    """360.0 means not available, 511 in message 27; what lies between and above should not be used."""
    course = getattr(message, "course", None)
    if course is None:
        return None
    if course >= 360.0:
        notes.append("course_not_available")
        return None
    return float(course)


def _shown(whole: Whole) -> str:
    return b" ".join(whole.texts).decode("ascii")
