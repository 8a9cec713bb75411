"""The held reports of all subjects, in columns: one row a report, linked to the one of its subject seen before it.

A report is a row of `REPORT`. What says little by itself (source, claim, area) is a number into a table. What a
report says about the zones is a run of rows of `EVIDENCE`; a report that stays in the box of its subject shares the run before it.
Rows leave when no late report can come before them any more, all at once when half of what is held has become old.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled, compiled_in_place

NONE = -1

REPORT = np.dtype(
    [
        ("seen_at_us", np.int64), ("at_us", np.int64), ("evidence_first", np.int64), ("evidence_count", np.int32),
        ("subject", np.int32), ("before", np.int32), ("lat_e7", np.int32), ("lon_e7", np.int32), ("error_mm", np.int32),
        ("height_mm", np.int32), ("speed_mmps", np.int32), ("course_cdeg", np.int32), ("source", np.int32),
        ("claim", np.int32), ("area", np.int32), ("datum", np.int32),
    ]
)  # fmt: skip
# zone number; evidence (0 out, 1 near, 2 in) and the rank that it supports, see watch.presence
EVIDENCE = np.dtype([("zone", np.int32), ("evidence", np.int16), ("supports", np.int16)])

Item = TypeVar("Item", bound=Hashable)
Records = npt.NDArray[Any]
Column = npt.NDArray[Any]


class Table(Generic[Item]):
    """Things that repeat, each with a number."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._numbers: dict[Item, int] = {}

    @property
    def known(self) -> Mapping[Item, int]:
        """The number of everything that has one."""
        return self._numbers

    def number(self, item: Item) -> int:
        """The number of this, old or new."""
        number = self._numbers.setdefault(item, len(self.items))
        if number == len(self.items):
            self.items.append(item)
        return number

    def keep(self, column: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Forgets what this column does not name, and gives the column in the new numbers; negative ones stay."""
        used = np.unique(column[column >= 0])
        self.items = [self.items[number] for number in used.tolist()]
        self._numbers = {item: number for number, item in enumerate(self.items)}
        return np.where(column >= 0, np.searchsorted(used, column), column).astype(np.int32)


class Known(Generic[Item]):
    """The numbers that the items of a feed's table have here. Batches of one feed share their tables, so they are looked up once.

    `numbers` holds NONE for an item that no report has named yet."""

    def __init__(self, table: Table[Item]) -> None:
        self.numbers = np.empty(0, np.int32)
        self._table = table
        self._items: Sequence[Item] = ()

    def turn_to(self, items: Sequence[Item], reports: int) -> npt.NDArray[np.int32]:
        """The numbers of these items, to be used for a column of so many reports that names them by place.

        Of a list much longer than the column nothing is looked up before it is named."""
        if items is not self._items and items != self._items:  # packed batches bring equal tables, not the same ones
            known = self._table.known
            if len(items) > 16 + 4 * reports:
                self.numbers = np.full(len(items), NONE, np.int32)
            else:
                self.numbers = np.array([known.get(item, NONE) for item in items], dtype=np.int32)
            self._items = items
        return self.numbers

    def name(self, column: npt.NDArray[np.int32]) -> None:
        """Gives numbers to the items that a column names, in the order it does; negative places name none."""
        named = column[column >= 0]
        for place in dict.fromkeys(named[self.numbers[named] == NONE].tolist()):
            self.numbers[place] = self._table.number(self._items[place])

    def forget(self) -> None:
        """The table has new numbers."""
        self._items = ()


class History:
    """Rows in the order they were taken in; `size` and `evidence_size` of the arrays are in use."""

    def __init__(self) -> None:
        self.rows: Records = np.zeros(256, dtype=REPORT)
        self.evidence: Records = np.zeros(256, dtype=EVIDENCE)
        self.size = 0
        self.evidence_size = 0

    def reserve(self, rows: int, evidence: int) -> None:
        """Makes room for so many more."""
        self.rows = grown(self.rows, self.size + rows)
        self.evidence = grown(self.evidence, self.evidence_size + evidence)

    def append(self, report: Any, before: int, evidence: Sequence[tuple[int, int, int]]) -> int:
        """Adds one report behind row `before`, saying this about the zones, and gives its row."""
        self.reserve(1, len(evidence))
        self.evidence[self.evidence_size : self.evidence_size + len(evidence)] = evidence
        self.rows[self.size] = report
        record = self.rows[self.size]
        record["before"], record["evidence_first"], record["evidence_count"] = before, self.evidence_size, len(evidence)
        self.evidence_size += len(evidence)
        self.size += 1
        return self.size - 1

    def say_more(self, row: int, evidence: Sequence[tuple[int, int, int]]) -> None:
        """A held report says this about the zones, too. Its run becomes one of its own, as others may share it."""
        record = self.rows[row]
        first, count = int(record["evidence_first"]), int(record["evidence_count"])
        self.reserve(0, count + len(evidence))
        size = self.evidence_size
        self.evidence[size : size + count] = self.evidence[first : first + count]
        self.evidence[size + count : size + count + len(evidence)] = evidence
        record["evidence_first"], record["evidence_count"] = size, count + len(evidence)
        self.evidence_size += count + len(evidence)

    def keep(self, newest: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Lets go of all rows that cannot be reached from these. Gives the new number of every row, NONE if it is gone."""
        number = np.full(self.size, NONE, np.int32)
        if _mark_chains(self.rows, newest, number) == self.size:
            return np.arange(self.size, dtype=np.int32)
        self.size = int(_close_up(self.rows, number))
        moved_to = np.full(self.evidence_size, NONE, np.int64)
        self.evidence_size = int(_close_up_evidence(self.rows[: self.size], self.evidence, moved_to))
        self.rows, self.evidence = _trimmed(self.rows, self.size), _trimmed(self.evidence, self.evidence_size)
        return number


def _trimmed(records: Records, used: int) -> Records:
    """The same array, or a smaller one if it is far larger than what is in use."""
    return records if len(records) <= max(256, 8 * used) else records[: max(256, 2 * used)].copy()


def grown(records: Records, size: int) -> Records:
    """The same array, or a larger copy in which this many records find room."""
    if size <= len(records):
        return records
    # What was never written takes no memory yet, and copying does take time: so there is room for a while.
    larger = np.zeros(max(size, 4 * len(records), 256), dtype=records.dtype)
    # As bytes: numpy copies records field by field, eight times as slowly.
    larger.view(np.uint8)[: records.nbytes] = records.view(np.uint8)
    return larger


@compiled_in_place
def fill_rows(
    rows: Records,
    clock_us: int,
    subjects: npt.NDArray[np.int32],
    sources: npt.NDArray[np.int32],
    claims: npt.NDArray[np.int32],
    areas: npt.NDArray[np.int32],
    subject: Column,
    source: Column,
    claim: Column,
    area: Column,
    known_at_us: Column,
    seen_at_us: Column,
    lat_e7: Column,
    lon_e7: Column,
    error_mm: Column,
    height_mm: Column,
    datum: Column,
    speed_mmps: Column,
    course_cdeg: Column,
) -> bool:
    """Writes a batch into rows of the history that are not linked yet; False if something it names has no number yet.

    A report acts when it became known, but not before those in front of it, nor before the clock. The first four columns
    are the numbers here of the things that the next four name by their place in the batch's tables."""
    at_us, all_known = clock_us, True
    for place in range(len(rows)):
        row = rows[place]
        at_us = max(at_us, known_at_us[place])
        row.seen_at_us, row.at_us = seen_at_us[place], at_us
        row.lat_e7, row.lon_e7, row.error_mm = lat_e7[place], lon_e7[place], error_mm[place]
        row.height_mm, row.datum = height_mm[place], datum[place]
        row.speed_mmps, row.course_cdeg = speed_mmps[place], course_cdeg[place]
        row.subject, row.source, row.claim = subjects[subject[place]], sources[source[place]], claims[claim[place]]
        row.area = NONE if area[place] < 0 else areas[area[place]]
        all_known = all_known and row.subject >= 0 and row.source >= 0 and row.claim >= 0
        all_known = all_known and (row.area >= 0 or area[place] < 0)
        row.before, row.evidence_first, row.evidence_count = NONE, 0, 0
    return all_known


@compiled
def chain_of(row: int, rows: Records) -> npt.NDArray[np.int32]:
    """This row of the history and those of its subject seen before it, oldest first; none from NONE."""
    count, last = 0, row
    while row != NONE:
        count += 1
        row = rows[row].before
    chain = np.empty(count, np.int32)
    for place in range(count - 1, -1, -1):
        chain[place] = last
        last = rows[last].before
    return chain


@compiled_in_place
def _mark_chains(rows: Records, newest: npt.NDArray[np.int32], number: npt.NDArray[np.int32]) -> int:
    """Marks with 0 the rows that can be reached from these; gives how many there are."""
    count = 0
    for last in newest:
        row = last
        while row != NONE:
            number[row] = 0
            count += 1
            row = rows[row].before
    return count


@compiled_in_place
def _close_up(rows: Records, number: npt.NDArray[np.int32]) -> int:
    """Moves the marked rows together and numbers them; gives how many there are."""
    size = 0
    for row in range(len(number)):
        if number[row] == NONE:
            continue
        number[row] = size
        rows[size] = rows[row]
        size += 1
    for row in range(size):
        if rows[row].before != NONE:
            rows[row].before = number[rows[row].before]
    return size


@compiled_in_place
def _close_up_evidence(rows: Records, evidence: Records, moved_to: npt.NDArray[np.int64]) -> int:
    """Moves the runs that these rows name together, each once. `moved_to` holds NONE for every row of `evidence`."""
    for number in range(len(rows)):
        if rows[number].evidence_count > 0:
            moved_to[rows[number].evidence_first] = rows[number].evidence_count
    size = 0
    for first in range(len(moved_to)):
        count = moved_to[first]
        if count == NONE:
            continue
        moved_to[first] = size
        for place in range(first, first + count):
            evidence[size] = evidence[place]
            size += 1
    for number in range(len(rows)):
        named = rows[number].evidence_count > 0
        rows[number].evidence_first = moved_to[rows[number].evidence_first] if named else 0
    return size
