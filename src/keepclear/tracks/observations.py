"""A batch of reports as columns: who, when, where, how sure, how many, whose, and who says so.

Row i of every column belongs to report i. Columns are numpy arrays in the units their names end in; what is
not known has a named value of its own and is never zero. Text that repeats (subjects, sources) is stored once
in a table and referred to by its number in a column.

    subject, source          int32, numbers into `subjects` and `sources`
    seen_at_us, known_at_us  int64, microseconds UTC: the source saw it; this node learned of it
    lat_e7, lon_e7           int32, 1e-7 degree, WGS84; for an area report, a point that stands for the area
    error_mm                 int32, one-sigma position error in every horizontal direction; UNKNOWN_MM: not stated
    height_mm, datum         int32 and an index into `volumes.DATUMS`; UNKNOWN_MM: no height
    speed_mmps, course_cdeg  int32 over ground, hundredths of a degree from true north; UNKNOWN: not stated
    area                     int32, number into `areas`; NO_AREA: the report names a point
    claim                    int32, number into `claims`: count, attribution, grading, exercise flag
    feed, line               int32, number into `feeds` and line of it, for finding the report again; 0: no lines
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from keepclear.geo.earth import E7
from keepclear.geo.shapes import Shape
from keepclear.geo.volumes import UNKNOWN_MM
from keepclear.ground.quantities import CountRange

UNKNOWN = UNKNOWN_MM
NO_AREA = -1


Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Attribution:
    """Whom a subject is said to belong to, by whom, and how sure they are from 0 to 1 (None: not stated)."""

    party: str
    attributed_by: str = ""
    confidence: float | None = None


@dataclass(frozen=True)
class Claim:
    """What a report says besides place and time; shared by all reports that say the same."""

    count: CountRange | None = None
    attribution: Attribution | None = None
    grading: str = ""
    exercise: bool = False


NO_CLAIM = Claim()


@dataclass(frozen=True)
class Observations:
    """A batch of reports; see the module for its columns. Never changed after it is made."""

    subjects: tuple[str, ...]
    sources: tuple[str, ...]
    areas: tuple[Shape, ...]
    claims: tuple[Claim, ...]
    feeds: tuple[str, ...]
    subject: Column
    source: Column
    seen_at_us: Column
    known_at_us: Column
    lat_e7: Column
    lon_e7: Column
    error_mm: Column
    height_mm: Column
    datum: Column
    speed_mmps: Column
    course_cdeg: Column
    area: Column
    claim: Column
    feed: Column
    line: Column

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def lat(self) -> npt.NDArray[np.float64]:
        """Latitude in degrees."""
        return self.lat_e7 / E7

    @property
    def lon(self) -> npt.NDArray[np.float64]:
        """Longitude in degrees."""
        return self.lon_e7 / E7

    def take(self, rows: Column | slice) -> Observations:
        """The reports of these row numbers (or of this mask, or slice), in this order."""
        return replace(self, **{name: getattr(self, name)[rows] for name in COLUMNS})

    @staticmethod
    def joined(batches: Sequence[Observations]) -> Observations:
        """All reports of all batches in order, under one set of tables."""
        if len(batches) == 1:
            return batches[0]
        tables: dict[str, dict[Any, int]] = {name: {} for name in TABLES}
        parts = {name: [getattr(batch, name) for batch in batches] for name in COLUMNS}
        for table_name, column_name in TABLES.items():
            numbers, columns_here = tables[table_name], parts[column_name]
            items: Sequence[Any] = ()
            renumbered = np.empty(0, np.int32)
            for place, batch in enumerate(batches):
                if (table := getattr(batch, table_name)) is not items:  # batches of one source often share theirs
                    items = table
                    renumbered = np.array([numbers.setdefault(item, len(numbers)) for item in items], np.int32)
                if len(items):
                    column = columns_here[place]
                    columns_here[place] = np.where(column >= 0, renumbered[column], column)
        columns: dict[str, Any] = {
            name: np.concatenate(part) if part else np.empty(0, COLUMNS[name]) for name, part in parts.items()
        }
        listed: dict[str, Any] = {name: tuple(table) for name, table in tables.items()}
        return Observations(**listed, **columns)


COLUMNS: dict[str, type] = {
    "subject": np.int32, "source": np.int32, "seen_at_us": np.int64, "known_at_us": np.int64,
    "lat_e7": np.int32, "lon_e7": np.int32, "error_mm": np.int32, "height_mm": np.int32, "datum": np.int8,
    "speed_mmps": np.int32, "course_cdeg": np.int32, "area": np.int32, "claim": np.int32,
    "feed": np.int32, "line": np.int32,
}  # fmt: skip
TABLES = {"subjects": "subject", "sources": "source", "areas": "area", "claims": "claim", "feeds": "feed"}
