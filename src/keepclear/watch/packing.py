"""The whole state of a watch as bytes, and the watch again: for snapshots, and so that two can be held against each other.

    magic     MAGIC
    head      length (uint32) and JSON: options, clock, zones and terms, deadlines, tables, what patterns hold
    columns   reports, evidence, pairs, what was told: see `holdings_packing` and `packed_columns`

Equal states give equal bytes: zones that are gone are left out and the others numbered anew, subjects come in the order they
were first heard of, everything else in an order of its own. Indexes, boxes and marks are made anew. With 10,000 subjects, an hour
of reports each and 1,000 zones see docs/spec/packed.md for size and time.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
import numpy as np

from keepclear.agreements.atlas import Zone
from keepclear.agreements.pattern_terms import PatternTerms
from keepclear.agreements.terms import Entry, PresenceTerms
from keepclear.geo.plain_shapes import plain_shape, shape_of
from keepclear.geo.shapes import Shape
from keepclear.geo.volumes import HeightBand
from keepclear.ground.errors import Refused
from keepclear.ground.instants import Window
from keepclear.tracks.history import NONE
from keepclear.tracks.plain import bytes_of, text_of, value_of
from keepclear.watch.deadlines import Deadline, Kind
from keepclear.watch.packed_columns import Ints

MAGIC = b"keepclear watch 1\n"
LENGTH = struct.Struct("<I")
WHOLE_MAX = 2**53
_ZONE_KINDS = {Kind.WINDOW_OPENS, Kind.WINDOW_CLOSES, Kind.ZONE_RETIRES, Kind.DWELL}
_SUBJECT_KINDS = {Kind.DWELL, Kind.SILENCE}

Value = TypeVar("Value")


def head_bytes(head: dict[str, Any]) -> bytes:
    """Magic, length and head."""
    text = bytes_of(text_of(head))
    return MAGIC + LENGTH.pack(len(text)) + text


def head_of(packed: bytes) -> tuple[dict[str, Any], int]:
    """The head, and where it ends; raises `Refused` for bytes that do not begin with one."""
    if not packed.startswith(MAGIC):
        mend = "They begin otherwise, or belong to another version."
        raise Refused("packed.magic", "These bytes are no packed watch", value=packed[:24], mend=mend, where="byte 0")
    begin = len(MAGIC) + LENGTH.size
    if len(packed) < begin:
        raise Refused("packed.short", "The bytes end too soon", value=len(packed), where=f"byte {len(MAGIC)}")
    (size,) = LENGTH.unpack_from(packed, len(MAGIC))
    if len(packed) < begin + size:
        raise Refused("packed.short", "The bytes end too soon", value=len(packed), where=f"byte {begin}")
    head = value_of(packed[begin : begin + size], "head")
    if not isinstance(head, dict):
        raise Refused("packed.head", "The head is no object", where="head")
    _check_whole_numbers(head)
    return head, begin + size


def member(head: dict[str, Any], name: str, kind: type[Value]) -> Value:
    """A member of the head, of this kind: checked to the last value by `msgspec.convert`."""
    try:
        return msgspec.convert(head[name], kind)
    except (KeyError, msgspec.ValidationError) as error:
        raise Refused(
            "packed.head", "The head does not say this as it must", value=str(error), where=f"head, {name}"
        ) from error


def plain_zone(zone: Zone, *, with_shape: bool = True) -> list[Any]:
    """A zone as lists, words and numbers."""
    terms = msgspec.to_builtins(zone.patterns)
    if zone.patterns.circling is not None:
        terms["circling"]["sweep_deg"] = float(zone.patterns.circling.sweep_deg)
    values = [zone.height, zone.window, zone.presence, zone.may_enter]
    return [
        zone.id, plain_shape(zone.shape) if with_shape else None, zone.name, zone.band_mm,
        *map(msgspec.to_builtins, values), zone.dwell_us, zone.approach_us, terms,
    ]  # fmt: skip


_PLAIN_ZONE = tuple[
    str, list[Any] | None, str, int, HeightBand | None, Window, PresenceTerms, tuple[Entry, ...], int | None, int | None, PatternTerms
]  # fmt: skip


def zone_of(plain: object, where: str, shape: Shape | None = None) -> Zone:
    """The zone again; its shape is this one where the plain zone has none. Raises `Refused`."""
    try:
        id_, own, name, band_mm, height, window, presence, may_enter, dwell_us, approach_us, patterns = msgspec.convert(
            plain, _PLAIN_ZONE
        )
    except msgspec.ValidationError as error:
        raise Refused("packed.zone", "This is no zone", value=str(error), where=where) from error
    except Refused as refused:
        raise refused.at(where) from refused
    if (own is None) != (shape is not None):
        raise Refused("packed.zone", "The zone has no shape, or two", value=id_, where=where)
    if shape is None:
        try:
            shape = shape_of(own)
        except Refused as refused:
            raise refused.at(where) from refused
    if band_mm < 0 or (dwell_us or 0) < 0 or (approach_us or 0) < 0 or presence.margin_mm < 0 or presence.hold_us < 0:
        raise Refused("packed.zone", "A length or a time of the zone is below zero", value=id_, where=where)
    return Zone(id_, shape, name, band_mm, height, window, presence, may_enter, dwell_us, approach_us, patterns)


def same_but_window(agreed: Zone, watched: Zone) -> bool:
    """Whether a zone that was agreed can be watched so."""
    return replace(agreed, window=watched.window) == watched


def plain_deadlines(
    deadlines: Sequence[Deadline], zone_number: Ints, subject_number: dict[str, int]
) -> list[list[int]]:
    """[due, kind, zone, subject], in order, NONE for what a kind does not need."""
    plain = []
    for due_us, kind, zone, subject in deadlines:
        number = int(zone_number[zone]) if kind in _ZONE_KINDS else NONE
        plain.append([due_us, int(kind), number, subject_number[subject] if kind in _SUBJECT_KINDS else NONE])
    return sorted(plain)


def deadline_of(plain: list[int], zone_count: int, names: Sequence[str]) -> Deadline:
    """The deadline again; raises `Refused`."""
    if len(plain) == 4 and plain[1] in list(Kind):
        due_us, kind, zone, subject = plain[0], Kind(plain[1]), plain[2], plain[3]
        has_zone, has_subject = kind in _ZONE_KINDS, kind in _SUBJECT_KINDS
        fits = (0 <= zone < zone_count) if has_zone else zone == NONE
        fits = fits and ((0 <= subject < len(names)) if has_subject else subject == NONE)
        if fits:
            return Deadline(due_us, kind, zone if has_zone else 0, names[subject] if has_subject else "")
    raise Refused("packed.deadline", "This is no deadline", value=plain, where="head, deadlines")


def numbers_without(gone: frozenset[int], count: int) -> Ints:
    """The new number of each zone when those that are gone are left out: NONE for these."""
    kept = np.array([number not in gone for number in range(count)], np.bool_)
    return np.where(kept, np.cumsum(kept) - 1, NONE).astype(np.int64)


def _check_whole_numbers(value: object) -> None:
    """Raises `Refused` if a whole number is too large for columns of 64 bits, sums of a few included."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is int and not -WHOLE_MAX <= one <= WHOLE_MAX:
            raise Refused("packed.head", "A whole number is too large", value=one, where="head")
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
