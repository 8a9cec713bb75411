"""One line of NMEA 0183 as receivers write it: what it says of itself, and the sentence, with both of their checksums held against them.

    \\s:rORKNEY,c:1671620143*7C\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23
    !AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23,rORKNEY,1671620143
    $PGHP,1,2022,12,21,11,35,43,250,219,,2190047,1,23*26

The first has a tag block of NMEA 4.0 (IEC 61162-450), the second the older way of coast guards to write the same behind the sentence,
the third is a line of its own that dates the one behind it. What the sentence means is not known here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from keepclear.ground.errors import Refused
from keepclear.ground.instants import instant_of

# IEC 61162-1 allows 82 characters in a sentence and IEC 61162-450 80 in a tag block; writers of both take more.
LINE_BYTES_MAX = 1024
STATION_CHARS_MAX = 40
# The head of a datagram of IEC 61162-450.
DATAGRAM_HEAD = b"UdPbC\0"

_LINE = re.compile(
    rb"(?:\\(?P<tag>[\x20-\x5b\x5d-\x7e]*)\\)?"
    rb"(?P<start>[!$])(?P<body>[A-Z0-9]{3,10}(?:,[^*!$\\\x00-\x1f\x7f-\xff]*)?)"
    rb"(?:\*(?P<sum>[0-9A-Fa-f]{2})(?P<behind>,[\x20-\x7e]*)?)?"
)
_TAG = re.compile(rb"(?P<fields>[^*]*)\*(?P<sum>[0-9A-Fa-f]{1,2})")
_SECONDS, _MILLISECONDS = re.compile(r"\d{1,10}", re.ASCII), re.compile(r"\d{11,13}", re.ASCII)
_STATION_BEHIND = re.compile(r"[rb]\w{1,39}", re.ASCII)
_SECONDS_BEHIND = re.compile(r"\d{9,10}", re.ASCII)


class Said(NamedTuple):
    """What is written with a sentence about it: at which station it was received and when, and to which group of lines it belongs.

    heard_at_us  by the clock of the receiver, microseconds UTC; None: not said
    group        number that lines of one message share, "" if there is none"""

    station: str = ""
    heard_at_us: int | None = None
    group: str = ""


NOTHING_SAID = Said()


class Sentence(NamedTuple):
    """A sentence whose checksum is right.

    text    from its ! or $ up to its checksum
    name    such as "AIVDM"
    fields  those behind the name, as they stand there
    """

    text: bytes
    name: str
    fields: tuple[str, ...]
    said: Said


def sentence_of(line: bytes) -> Sentence:
    """The sentence on a line without its end; raises `Refused`."""
    found = _LINE.fullmatch(line)
    if found is None:
        mend = "Give lines such as !AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23, each on its own."
        raise Refused("nmea.no_sentence", "This is no sentence of NMEA 0183", value=_text(line), mend=mend)
    body, stated = found["body"], found["sum"]
    if stated is None:
        mend = "Have the receiver write the checksum: * and two hexadecimal digits."
        raise Refused("nmea.no_checksum", "The sentence has no checksum", value=_text(line), mend=mend)
    if checksum(body) != int(stated, 16):
        what = f"The checksum of the sentence is {checksum(body):02X}, not {stated.decode()}"
        mend = "The line was damaged on its way: look at cable, speed of the port, and radio."
        raise Refused("nmea.checksum", what, value=_text(line), mend=mend)
    said = NOTHING_SAID
    if found["tag"] is not None:
        said = _said_in_tag(found["tag"])
    elif found["behind"] is not None:
        said = _said_behind(found["behind"].decode("ascii"))
    name, *fields = body.decode("ascii").split(",")
    return Sentence(line[found.start("start") : found.end("sum")], name, tuple(fields), said)


def checksum(text: bytes) -> int:
    """All bytes combined by exclusive or, as the digits behind the * say it."""
    # Folded as one number: six times as fast as byte by byte.
    number, bits = int.from_bytes(text, "big"), 8 << max(0, len(text) - 1).bit_length()
    while bits > 8:
        bits //= 2
        number = (number >> bits) ^ (number & ((1 << bits) - 1))
    return number


def dated_by(sentence: Sentence) -> Said | None:
    """What a line of its own says about the one behind it; None if it is no such line. Raises `Refused` if it cannot be read.

    $PGHP,1,year,month,day,hour,minute,second,millisecond,country,region,transponder,online,checksum of the line behind it."""
    if sentence.name != "PGHP":
        return None
    try:
        year, month, day, hour, minute, second, millisecond = (int(part) for part in sentence.fields[1:8])
        at = datetime(year, month, day, hour, minute, second, millisecond * 1000, UTC)
    except ValueError as error:
        mend = "Behind the 1 stand year, month, day, hour, minute, second and millisecond in UTC."
        raise Refused(
            "nmea.dated", "The time of this line cannot be read", value=_text(sentence.text), mend=mend
        ) from error
    station = sentence.fields[10] if len(sentence.fields) > 10 else ""
    return Said(station[:STATION_CHARS_MAX], instant_of(at, spoken="", value=at).us)


def _said_in_tag(tag: bytes) -> Said:
    found = _TAG.fullmatch(tag)
    if found is None or checksum(found["fields"]) != int(found["sum"], 16):
        what = "The tag block has no checksum" if found is None else "The checksum of the tag block is wrong"
        mend = "The line was damaged on its way, or its writer reckons the checksum otherwise than NMEA 4.0."
        raise Refused("nmea.tag_checksum", what, value=_text(tag), mend=mend)
    said = {
        name: value for name, _, value in (field.partition(":") for field in found["fields"].decode("ascii").split(","))
    }
    station = said.get("s", "").strip()[:STATION_CHARS_MAX]
    group = said["g"].rpartition("-")[2] if "g" in said else ""
    return Said(station, _unix_us(said["c"]) if "c" in said else None, group[:STATION_CHARS_MAX])


def _unix_us(text: str) -> int:
    if _SECONDS.fullmatch(text):
        return int(text) * 1_000_000
    if _MILLISECONDS.fullmatch(text):
        return int(text) * 1_000
    mend = "It counts seconds (up to 10 digits) or milliseconds (11 to 13) since 1970."
    raise Refused("nmea.tag_time", "The time in the tag block cannot be read", value=text, mend=mend)


def _said_behind(text: str) -> Said:
    """The older way: fields behind the checksum, of which one names the station and the last may be a time."""
    fields = text.split(",")
    station = next((field for field in fields if _STATION_BEHIND.fullmatch(field)), "")
    last = fields[-1]
    return Said(station, int(last) * 1_000_000 if _SECONDS_BEHIND.fullmatch(last) else None)


def _text(line: bytes) -> str:
    return line.decode("latin-1")
