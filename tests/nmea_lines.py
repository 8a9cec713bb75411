"""Lines of NMEA with right checksums, and what a reader of AIS makes of them."""

from __future__ import annotations

from collections.abc import Iterable

import pyais

from keepclear.feeds.ais import AisReader
from keepclear.ground.instants import parse_instant

ARRIVED_US = parse_instant("2026-05-18T10:30:20Z").us
SECOND_US = 1_000_000


def summed(body: str) -> str:
    """The two digits that stand behind the * of these characters."""
    total = 0
    for letter in body:
        total ^= ord(letter)
    return f"{total:02X}"


def sentence(body: str, start: str = "!") -> str:
    """A sentence with its checksum."""
    return f"{start}{body}*{summed(body)}"


def tagged(tag: str, line: str) -> str:
    """The line behind a tag block with its checksum."""
    return f"\\{tag}*{summed(tag)}\\{line}"


def ais(kind: int = 1, *, kind_of_sentence: str = "VDM", message: int = 0, **fields) -> list[str]:
    """The sentences of a message; what is not stated is somewhere in the North Sea, accurate, at second 14."""
    stated = {"mmsi": 244660000, "lat": 53.0, "lon": 4.0, "speed": 10.0, "course": 90.0, "accuracy": True, "second": 14}
    given = {"msg_type": kind, **stated, **fields}
    return pyais.encode_dict(given, talker_id="AI", sentence_type=kind_of_sentence, seq_id=message)


def in_two(line: str, message: int = 0) -> list[str]:
    """A sentence as two, which belong together by this number."""
    _, _, _, _, channel, payload, end = line.split(",")
    half = len(payload) // 2
    first = sentence(f"AIVDM,2,1,{message},{channel},{payload[:half]},0")
    return [first, sentence(f"AIVDM,2,2,{message},{channel},{payload[half:]},{end[0]}")]


def reader(**stated) -> AisReader:
    return AisReader(**{"feed": "ais-1", "source": "AIS of Harbour Aid"} | stated)


def read(lines: Iterable[str | bytes], *, arrived_us: int = ARRIVED_US, with_reader: bool = False, **stated):
    """What a reader takes from these lines, all of which came at one instant."""
    taker = reader(**stated)
    for number, line in enumerate(lines, 1):
        taker.take(line if isinstance(line, bytes) else line.encode(), number=number, arrived_us=arrived_us)
    taken = taker.taken()
    return (taken, taker) if with_reader else taken


def keys(taken) -> list[str]:
    return [refusal.key for refusal in taken.refusals]


def accounted(taken, waiting: int) -> int:
    """Lines by what became of them, as AIS-1 adds them up."""
    passed = sum(count for key, count in taken.noticed.items() if key.startswith("line_"))
    return len(taken.observations) + len(taken.refusals) + passed + waiting
