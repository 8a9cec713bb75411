"""How all subjects stand towards all zones, in columns: a row for each subject, a row for each pair that is not trivial.

The pairs of a subject are a linked list. A pair that comes back to where a subject starts that was never near is
given back: whoever is far from every zone costs one row.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled_in_place
from keepclear.tracks.history import NONE, Records, grown
from keepclear.watch.presence import START, Standing

# newest        row of the report seen last, in the history
# first_pair    row of its first pair; first_begin the same among how it stood before the held reports
# claim         number of the last claim whose attribution was taken in
# special       its reports need more than the compiled step (see watch.stepping); or those seen up to special_until_us
# boxed         a report within the box, the newest being of the subject, changes nothing
# stamp         batch in which it was last met
# forgotten_us  seen_at of the latest report of it that was let go
SUBJECT = np.dtype(
    [
        ("forgotten_us", np.int64), ("special_until_us", np.int64), ("stamp", np.int64), ("newest", np.int32), ("first_pair", np.int32),
        ("first_begin", np.int32), ("claim", np.int32), ("lat_low_e7", np.int32), ("lat_high_e7", np.int32), ("lon_low_e7", np.int32),
        ("lon_high_e7", np.int32), ("special", np.int32), ("boxed", np.int32),
    ]
)  # fmt: skip
# next          row of the next pair of the subject
# created       report with which the pair began, in the history
PAIR = np.dtype(
    [
        ("near", np.int64), ("within", np.int64), ("not_close_since", np.int64), ("not_inside_since", np.int64),
        ("zone", np.int32), ("next", np.int32), ("rank", np.int32), ("created", np.int32),
    ]
)  # fmt: skip


class Pairs:
    """The pairs of all subjects. `free` is the first row given back, `size` how many rows were ever used."""

    def __init__(self) -> None:
        self.rows: Records = np.zeros(256, dtype=PAIR)
        # free, size: kept in an array, because the compiled step moves them on
        self.ends = np.array([NONE, 0], dtype=np.int64)

    def reserve(self, count: int) -> None:
        """Makes room for so many new pairs."""
        self.rows = grown(self.rows, int(self.ends[1]) + count)

    def zones(self, first: int) -> list[int]:
        """The zones of the pairs of a subject whose first pair is this."""
        return [int(self.rows["zone"][row]) for row in self._chain(first)]

    def standing(self, first: int, zone: int) -> Standing:
        """How a subject stands towards a zone."""
        row = find_pair(self.rows, first, zone)
        if row == NONE:
            return START
        near, within, not_close_since, not_inside_since, _, _, rank, _ = self.rows[row].item()
        return Standing(rank, near, within, not_close_since, not_inside_since)

    def set(self, first: int, zone: int, standing: Standing, created: int) -> int:
        """Lets a subject stand so towards a zone; gives its first pair, which may be another now."""
        if standing.is_trivial:
            return int(drop_pair(self.rows, self.ends, first, zone))
        row = int(find_pair(self.rows, first, zone))
        if row == NONE:
            self.reserve(1)
            row = int(new_pair(self.rows, self.ends, first, zone, created))
            first = row
        record = self.rows[row]
        for name, value in standing._asdict().items():
            record[name] = value
        return first

    def _chain(self, row: int) -> Iterator[int]:
        while row != NONE:
            yield row
            row = int(self.rows["next"][row])


@compiled_in_place
def find_pair(pairs: Records, first: int, zone: int) -> int:
    """The row of the pair of this zone, NONE if there is none."""
    row = first
    while row != NONE and pairs[row].zone != zone:
        row = pairs[row].next
    return row


@compiled_in_place
def new_pair(pairs: Records, ends: npt.NDArray[np.int64], first: int, zone: int, created: int) -> int:
    """A new pair in front of `first`; there must be room."""
    row = ends[0]
    if row == NONE:
        row = ends[1]
        ends[1] += 1
    else:
        ends[0] = pairs[row].next
    pairs[row].zone, pairs[row].next, pairs[row].created = zone, first, created
    pairs[row].rank, pairs[row].near, pairs[row].within = START.rank, START.near, START.within
    pairs[row].not_close_since, pairs[row].not_inside_since = START.not_close_since, START.not_inside_since
    return int(row)


@compiled_in_place
def drop_pair(pairs: Records, ends: npt.NDArray[np.int64], first: int, zone: int) -> int:
    """Gives back the pair of this zone, if there is one; gives the subject's first pair from now on."""
    before, row = NONE, first
    while row != NONE and pairs[row].zone != zone:
        before, row = row, pairs[row].next
    if row == NONE:
        return first
    after = pairs[row].next
    pairs[row].next, ends[0] = ends[0], row
    if before == NONE:
        return int(after)
    pairs[before].next = after
    return first
