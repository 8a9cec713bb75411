"""What is held of all subjects, as bytes and back: subjects by number, their reports from the oldest on, their pairs by zone.

What can be had from the rest is left out: boxes, marks, links, and whatever says nothing (evidence for nothing, pairs as if
never looked at). So what was let go of when, and in what order rows came, does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from keepclear.agreements.terms import Attributed
from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.geo.plain_shapes import plain_shape, shape_of
from keepclear.geo.volumes import DATUMS
from keepclear.ground.errors import Refused
from keepclear.tracks.history import EVIDENCE, NONE, REPORT, Records, Table
from keepclear.tracks.observations import NO_AREA
from keepclear.tracks.plain import claim_of, is_share, plain_claim
from keepclear.watch.events import Cause, Told
from keepclear.watch.holdings import Holdings
from keepclear.watch.packed_columns import Columns, Ints, joined
from keepclear.watch.presence import Sight, State
from keepclear.watch.standings import PAIR, Pairs
from keepclear.watch.subjects import Pair
from keepclear.watch.zone_columns import EARLIEST

_INT32 = -(2**31), 2**31 - 1
_INT64 = -(2**63), 2**63 - 1
_STATES, _CAUSES = tuple(State), tuple(Cause)
_REPORTED = {
    "seen_at_us": _INT64, "at_us": _INT64, "lat_e7": (-900_000_000, 900_000_000), "lon_e7": (-1_800_000_000, 1_800_000_000),
    "error_mm": _INT32, "height_mm": _INT32, "speed_mmps": _INT32, "course_cdeg": _INT32, "datum": (0, len(DATUMS) - 1),
}  # fmt: skip
_STANDING = {"rank": (0, 2), "near": _INT64, "within": _INT64, "not_close_since": _INT64, "not_inside_since": _INT64}
_PAIR = {
    "rank": (0, 2), "begin_seq": (NONE, 2**53), "begin_inside_us": _INT64, "lost": (0, 1), "permitted": (0, 1),
    "permission_may_end": (0, 1), "approaching": (0, 1), "inside_since_us": _INT64, "dwell_told": (0, 1), "told": _INT32,
}  # fmt: skip
_TOLD = {
    "seen_at_us": _INT64, "was": (0, 3), "now": (0, 3), "cause": (0, len(_CAUSES) - 1), "edge_mm": _INT64, "edge_far_mm": _INT64,
    "p_inside_e4": (0, 10_000), "evidence": (0, 2), "seq": (NONE, 2**53),
}  # fmt: skip


def packed_holdings(held: Holdings, zone_number: Ints) -> tuple[dict[str, Any], bytes]:
    """Plain values for the head, and columns. `zone_number` has the new number of each zone, NONE if it is gone.

    Nothing older than a late report can precede may be held: see `Holdings.tidy_now`."""
    count = len(held.names.items)
    subjects, history = held.rows[:count], held.history
    order, held_counts = _rows_by_subject(subjects["newest"].astype(np.int64), history.rows)
    number = np.full(history.size + 1, NONE, np.int64)  # one more, so that NONE is no number
    number[order] = np.arange(len(order))
    rows = history.rows[order]
    claims, claim = _by_first_use(rows["claim"], subjects["claim"])
    (sources, source), (areas, area) = _by_first_use(rows["source"]), _by_first_use(rows["area"])
    evidence_counts, evidence = _evidence_of(order, history.rows, history.evidence, zone_number)
    objects = [held.known_subject(place) for place in range(count)]
    timed = np.array([NONE if subject is None else subject.timed_row for subject in objects], np.int64)
    speeds = np.array([0.0 if subject is None else subject.top_speed_mps for subject in objects], np.float64)
    silence = [_or(None if subject is None else subject.silence_due_us) for subject in objects]
    pairs = [
        (place, int(zone_number[zone]), subject.pairs[zone])
        for place, subject in enumerate(objects)
        if subject is not None
        for zone in sorted(subject.pairs)
        if zone_number[zone] != NONE
    ]
    told = [one for *_, pair in pairs for one in pair.told]
    columns: list[npt.ArrayLike] = [
        subjects["forgotten_us"], claim[len(rows) :], held_counts, number[timed], speeds.view(np.int64), np.array(silence, np.int64),
        *(rows[name] for name in _REPORTED), source, claim[: len(rows)], area, evidence_counts,
        *(evidence[name] for name in ("zone", "evidence", "supports")),
        *_pair_columns(held.pairs, subjects["first_pair"], zone_number, number),
        *_pair_columns(held.begins, subjects["first_begin"], zone_number, None),
        *_columns((place, zone, *_of_pair(pair)) for place, zone, pair in pairs)(2 + len(_PAIR)),
        *_columns(map(_of_told, told))(len(_TOLD)),
    ]  # fmt: skip
    attributed = [
        [place, [list(party) for party in subject.attributed.parties]]
        for place, subject in enumerate(objects)
        if subject is not None and subject.attributed.parties
    ]
    head = {
        "subjects": held.names.items,
        "sources": [held.sources.items[place] for place in sources],
        "claims": [plain_claim(held.claims.items[place]) for place in claims],
        "areas": [plain_shape(held.areas.items[place]) for place in areas],
        "attributed": attributed,
    }
    return head, joined(columns)


def unpack_holdings(held: Holdings, head: dict[str, Any], columns: Columns, zone_count: int) -> None:
    """Puts into new holdings what `packed_holdings` gave; raises `Refused` for what it cannot have given."""
    tables: tuple[tuple[Table[Any], str, Callable[[Any], Any]], ...] = (
        (held.names, "subjects", _text), (held.sources, "sources", _text),
        (held.claims, "claims", claim_of), (held.areas, "areas", shape_of),
    )  # fmt: skip
    for table, name, read in tables:
        for item in _list_of(head, name):
            table.number(read(item))
        if len(table.items) != len(head[name]):
            raise _impossible(f"The same twice among the {name}")
    count = len(held.names.items)
    claim_limits = NONE, len(held.claims.items) - 1
    own = (
        ("forgotten_us", *_INT64), ("claim", *claim_limits), ("held", 1, 2**31), ("timed_row", NONE, 2**31), ("top_speed", *_INT64),
        ("silence_due_us", *_INT64),
    )  # fmt: skip
    forgotten_us, claim, held_counts, timed, speeds, silence = columns.several(own, count)
    _take_reports(held, columns, held_counts, claim_limits[1], zone_count)
    rows = held.add_subjects()
    ends = np.cumsum(held_counts)
    rows["forgotten_us"], rows["claim"], rows["newest"] = forgotten_us, claim, ends - 1
    held.pairs, rows["first_pair"] = _take_pairs(columns, count, zone_count, len(held.history.rows))
    held.begins, rows["first_begin"] = _take_pairs(columns, count, zone_count, None)
    top_speeds = speeds.view(np.float64)
    if not (np.isfinite(top_speeds) & (top_speeds >= 0)).all() or not (timed < ends).all():
        raise _impossible("A speed that is none, or a report timed that is not held")
    special = (timed != NONE) | (silence != EARLIEST) | (top_speeds != 0)
    for place in np.flatnonzero(special).tolist():
        subject = held.subject(place)
        subject.timed_row, subject.top_speed_mps = int(timed[place]), float(top_speeds[place])
        subject.silence_due_us = None if silence[place] == EARLIEST else int(silence[place])
    _take_told(held, columns, count, zone_count)
    for item in _list_of(head, "attributed"):
        match item:
            case [int() as place, [_, *_] as parties] if 0 <= place < count and all(map(_is_party, parties)):
                held.subject(place).attributed = Attributed(tuple((party, sure) for party, sure in parties))
            case _:
                raise _impossible("An attribution that is none")


def _take_reports(held: Holdings, columns: Columns, held_counts: Ints, claim_max: int, zone_count: int) -> None:
    total = int(held_counts.sum())
    limits = [(name, *limits) for name, limits in _REPORTED.items()]
    limits += [("source", 0, len(held.sources.items) - 1), ("claim", 0, claim_max)]
    limits += [("area", NO_AREA, len(held.areas.items) - 1), ("evidence", 0, zone_count)]
    found = columns.several(limits, total)
    rows = np.zeros(max(total, 1), REPORT)
    for (name, *_), column in zip(limits[:-1], found, strict=False):
        rows[name][:total] = column
    counts = found[-1]
    begins = np.cumsum(held_counts) - held_counts
    rows["subject"][:total] = np.repeat(np.arange(len(held_counts)), held_counts)
    rows["before"][:total] = np.arange(-1, total - 1)
    rows["before"][begins] = NONE
    follows = rows["before"][:total] != NONE
    if (np.diff(rows["seen_at_us"][:total], prepend=0)[follows] < 0).any():
        raise _impossible("Reports that are not in the order they were seen")
    rows["evidence_count"][:total], rows["evidence_first"][:total] = (
        counts,
        np.where(counts, np.cumsum(counts) - counts, 0),
    )
    entries = (("zone", 0, zone_count - 1), ("evidence", 0, 2), ("supports", 0, 2))
    said = columns.several(entries, int(counts.sum()))
    evidence = np.zeros(max(len(said[0]), 1), EVIDENCE)
    for (name, *_), column in zip(entries, said, strict=True):
        evidence[name][: len(column)] = column
    if (said[1] + said[2] == 0).any() or not _rises(np.repeat(np.arange(total), counts), said[0]):
        raise _impossible("Evidence for nothing, or not in the order of the zones")
    held.history.rows, held.history.size = rows, total
    held.history.evidence, held.history.evidence_size = evidence, len(said[0])


def _take_pairs(columns: Columns, count: int, zone_count: int, rows: int | None) -> tuple[Pairs, npt.NDArray[np.int32]]:
    limits = [("subject", 0, count - 1), ("zone", 0, zone_count - 1)]
    limits += [(name, *limits) for name, limits in _STANDING.items()]
    if rows is not None:
        limits.append(("created", NONE, rows - 1))
    subject, *found = columns.several(limits)
    size = len(subject)
    if not _rises(subject, found[0]) or ((found[1] == 0) & (found[2] == 0)).any():
        raise _impossible("Pairs that are not in order, or say nothing")
    pairs, first = Pairs(), np.full(count, NONE, np.int32)
    pairs.rows = np.zeros(max(size, 256), PAIR)
    used = pairs.rows[:size]
    used["created"] = NONE
    for (name, *_), column in zip(limits[1:], found, strict=True):
        used[name] = column
    begins = np.flatnonzero(np.diff(subject, prepend=-1))
    used["next"] = np.arange(1, size + 1)
    used["next"][np.append(begins[1:], size)[: len(begins)] - 1] = NONE
    first[subject[begins]] = begins
    pairs.ends[:] = NONE, size
    return pairs, first


def _take_told(held: Holdings, columns: Columns, count: int, zone_count: int) -> None:
    limits = [
        ("subject", 0, count - 1),
        ("zone", 0, zone_count - 1),
        *((name, *limits) for name, limits in _PAIR.items()),
    ]
    found = columns.several(limits)
    told_counts = found[-1]
    if not _rises(found[0], found[1]) or (told_counts < 0).any():
        raise _impossible("What was told is not in order")
    told = columns.several([(name, *limits) for name, limits in _TOLD.items()], int(told_counts.sum()))
    said = map(_told_of, zip(*(column.tolist() for column in told), strict=True))
    for subject, zone, *pair, said_count in zip(*(column.tolist() for column in found), strict=True):
        held.subject(subject).keep(zone, _pair_of(pair, [next(said) for _ in range(said_count)]))


def _of_pair(pair: Pair) -> tuple[int, ...]:
    begin_seq = NONE if pair.begin_seq is None else pair.begin_seq
    return (
        pair.rank, begin_seq, _or(pair.begin_inside_us), pair.lost, pair.permitted, pair.permission_may_end, pair.approaching,
        _or(pair.inside_since_us), pair.dwell_told, len(pair.told),
    )  # fmt: skip


def _pair_of(values: list[int], told: list[Told]) -> Pair:
    rank, begin_seq, begin_inside_us, lost, permitted, may_end, approaching, inside_since_us, dwell_told = values
    return Pair(
        rank, None if begin_seq == NONE else begin_seq, _known(begin_inside_us), told, bool(lost), bool(permitted),
        bool(may_end), bool(approaching), _known(inside_since_us), bool(dwell_told),
    )  # fmt: skip


def _of_told(told: Told) -> tuple[int, ...]:
    sight = told.sight
    seq = NONE if told.seq is None else told.seq
    return (
        told.seen_at_us, _STATES.index(told.was), _STATES.index(told.now), _CAUSES.index(told.cause), _or(sight.edge_mm),
        _or(sight.edge_far_mm), sight.p_inside_e4, sight.evidence, seq,
    )  # fmt: skip


def _told_of(values: tuple[int, ...]) -> Told:
    seen_at_us, was, now, cause, edge_mm, edge_far_mm, p_inside_e4, evidence, seq = values
    sight = Sight(_known(edge_mm), _known(edge_far_mm), p_inside_e4, evidence)
    return Told(seen_at_us, _STATES[was], _STATES[now], _CAUSES[cause], sight, None if seq == NONE else seq)


def _or(value: int | None) -> int:
    return EARLIEST if value is None else value


def _known(value: int) -> int | None:
    return None if value == EARLIEST else value


def _columns(rows: Iterable[tuple[int, ...]]) -> Callable[[int], Ints]:
    """The columns of these rows, given how many there are."""
    listed = list(rows)

    def columns(count: int) -> Ints:
        return np.array(listed, np.int64).reshape(-1, count).T

    return columns


def _by_first_use(*columns: npt.NDArray[np.int32]) -> tuple[list[int], Ints]:
    """The places of a table in the order in which columns name them, and the columns, joined, with their new numbers."""
    column = np.concatenate(columns).astype(np.int64)
    named, first, inverse = np.unique(column, return_index=True, return_inverse=True)
    known = named >= 0
    order = np.argsort(np.where(known, first, len(column)), kind="stable")[: int(known.sum())]
    number = np.full(len(named), NONE, np.int64)
    number[order] = np.arange(len(order))
    return named[order].tolist(), number[inverse]


def _pair_columns(pairs: Pairs, first: Records, zone_number: Ints, row_number: Ints | None) -> list[Ints]:
    """The pairs of all subjects by subject and zone: both, what `_STANDING` has, and the report that began it."""
    subject, row = _pair_rows(first.astype(np.int64), pairs.rows, int(pairs.ends[1]))
    rows = pairs.rows[row]
    zone = zone_number[rows["zone"]]
    order = np.lexsort((zone, subject))
    order = order[zone[order] != NONE]
    columns = [subject[order], zone[order], *(rows[name][order].astype(np.int64) for name in _STANDING)]
    if row_number is not None:
        columns.append(row_number[rows["created"][order]])
    return columns


def _rises(first: Ints, second: Ints) -> bool:
    """Whether pairs of numbers come in order, each once."""
    same = np.diff(first) == 0
    return bool((np.diff(first) >= 0).all() and (np.diff(second)[same] > 0).all())


def _list_of(head: dict[str, Any], name: str) -> list[Any]:
    items = head.get(name)
    if not isinstance(items, list):
        raise Refused("packed.head", "The head has no such list", value=name)
    return items


def _text(item: object) -> str:
    if not isinstance(item, str):
        raise Refused("text.unreadable", "This is not text", value=item)
    return item


def _is_party(item: object) -> bool:
    match item:
        case [str(), sure]:
            return sure is None or is_share(sure)
    return False


def _impossible(what: str) -> Refused:
    return Refused("packed.impossible", what, mend="No watch writes this.")


@compiled
def _rows_by_subject(newest: Ints, history: Records) -> tuple[Ints, Ints]:
    """The rows of all subjects, from the oldest of each on, and how many each has."""
    counts = np.zeros(len(newest), np.int64)
    for number in range(len(newest)):
        row = newest[number]
        while row != NONE:
            counts[number] += 1
            row = history[row].before
    rows = np.empty(counts.sum(), np.int64)
    end = 0
    for number in range(len(newest)):
        end += counts[number]
        place, row = end, newest[number]
        while row != NONE:
            place -= 1
            rows[place] = row
            row = history[row].before
    return rows, counts


def _evidence_of(rows: Ints, history: Records, evidence: Records, zone_number: Ints) -> tuple[Ints, Records]:
    """How much these rows say, and what: what says something of a zone that is not gone, in the order of the zones."""
    counts = np.zeros(len(rows), np.int64)
    said = np.zeros(int(history["evidence_count"][rows].sum()), EVIDENCE)
    size = _gather(rows, history, evidence, zone_number, counts, said)
    return counts, said[:size]


@compiled_in_place
def _gather(rows: Ints, history: Records, evidence: Records, zone_number: Ints, counts: Ints, said: Records) -> int:
    size = 0
    for place in range(len(rows)):
        begin = size
        first = history[rows[place]].evidence_first
        for entry in range(first, first + history[rows[place]].evidence_count):
            zone = zone_number[evidence[entry].zone]
            if zone == NONE or (evidence[entry].evidence == 0 and evidence[entry].supports == 0):
                continue
            at = size
            while at > begin and said[at - 1].zone > zone:
                said[at] = said[at - 1]
                at -= 1
            said[at].zone, said[at].evidence, said[at].supports = (
                zone,
                evidence[entry].evidence,
                evidence[entry].supports,
            )
            size += 1
        counts[place] = size - begin
    return size


@compiled
def _pair_rows(first: Ints, pairs: Records, most: int) -> tuple[Ints, Ints]:
    """The subjects and rows of all pairs."""
    subjects, rows, size = np.empty(most, np.int64), np.empty(most, np.int64), 0
    for number in range(len(first)):
        row = first[number]
        while row != NONE:
            subjects[size], rows[size] = number, row
            size += 1
            row = pairs[row].next
    return subjects[:size], rows[:size]
