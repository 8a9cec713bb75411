"""The clean lines of some content as columns, one column after the other.

A clean line can be split without reading it, its numbers and times are plain, are there where they are needed, and
lie within the limits of a report. Of the others it is only known that they are not clean: what is wrong with one, if
anything is, is for those to tell who read row by row (`feeds.reports`, `tracks.builder`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from keepclear.feeds.cells import find_cells, leave_short_runs
from keepclear.feeds.columns import Columns
from keepclear.feeds.options import DELIMITERS, FeedOptions
from keepclear.feeds.plain_numbers import BLANK, read_numbers
from keepclear.feeds.plain_times import BLANK_US, LocalDays, read_epoch, read_iso
from keepclear.feeds.reports import (
    AIS_NO_COURSE_DEG,
    AIS_NO_SPEED_KN,
    AREA_FIELDS,
    ERRORS_M,
    HEIGHTS_M,
    SPEEDS_MPS,
)
from keepclear.feeds.timestamps import Timestamps
from keepclear.geo.earth import E7
from keepclear.ground.instants import EARLIEST_US, LATEST_US
from keepclear.tracks import claims
from keepclear.tracks.builder import CLOCK_SKEW_US_MAX, ERROR_M_MAX, HEIGHT_M_RANGE, SPEED_MPS_MAX
from keepclear.tracks.observations import COLUMNS, NO_AREA, UNKNOWN, Column

ROW = {name: row for row, name in enumerate(COLUMNS)}
WORD_FIELDS = ("source", "datum", *claims.FIELDS)
LINES_AT_ONCE = 8192
# To take fewer lines at once, between lines that are not clean, costs more than to read them one by one.
WORTH_LINES = 4
_DECIMALS = {"epoch-s": 6, "epoch-ms": 3, "epoch-us": 0}
_BELOW_360 = float(np.nextafter(360.0, 0.0))
_NOTHING = (np.nan, np.nan)


class _Measure(NamedTuple):
    """How the numbers of a field become a column of reports; the limits are those of `tracks.builder`."""

    column: str
    unit: float
    scale: float
    least: float
    most: float
    absent: tuple[float, float] = _NOTHING
    note: str = ""


_SPEED = (1000.0, 0.0, SPEED_MPS_MAX)
_MEASURES = {
    "lat": _Measure("lat_e7", 1.0, float(E7), -90.0, 90.0),
    "lon": _Measure("lon_e7", 1.0, float(E7), -180.0, 180.0),
    **{field: _Measure("error_mm", unit, 1000.0, 0.0, ERROR_M_MAX) for field, unit in ERRORS_M.items()},
    **{field: _Measure("height_mm", unit, 1000.0, *HEIGHT_M_RANGE) for field, unit in HEIGHTS_M.items()},
    **{field: _Measure("speed_mmps", unit, *_SPEED) for field, unit in SPEEDS_MPS.items()},
    "sog_kn": _Measure("speed_mmps", SPEEDS_MPS["sog_kn"], *_SPEED, (AIS_NO_SPEED_KN, np.nan), "speed_not_available"),
    # A course of 360 is 0: rare enough to be left to others.
    "course_deg": _Measure("course_cdeg", 1.0, 100.0, 0.0, _BELOW_360),
    "cog_deg": _Measure("course_cdeg", 1.0, 100.0, 0.0, _BELOW_360, AIS_NO_COURSE_DEG, "course_not_available"),
}
_TIMES = {"seen_at": "seen_at_us", "known_at": "known_at_us"}
_READABLE = frozenset({"subject", *_TIMES, *_MEASURES, *WORD_FIELDS, *AREA_FIELDS})


@dataclass(frozen=True)
class CleanLines:
    """The lines of some content, split and read as far as they are clean.

    data       uint8, the content
    end        where the line behind the last begins
    starts     int64, a row for each line: cell j is data[starts[i, j] : starts[i, j + 1] - 1]
    strange    bool, whether a line is not clean, or stands among such lines
    sheet      int64, a row for each of `observations.COLUMNS`, without those that texts tell
    lacking    for each note about a value that is not available, which lines it is about: bool
    """

    data: Column
    end: int
    starts: Column
    strange: Column
    sheet: Column
    lacking: Mapping[str, Column]

    def begin(self, line: int) -> int:
        """Where a line begins; the one behind the last begins at the end."""
        return int(self.starts[line, 0]) if line < len(self.starts) else self.end


class CleanReader:
    """Reads the lines of a file as far as they are clean.

    delimiter                 one byte
    subject_cell, word_cells  which cells hold text
    """

    def __init__(
        self,
        cells: Mapping[str, int],
        width: int,
        times: Mapping[str, Timestamps],
        *,
        delimiter: str,
        decimal_comma: bool,
        bytes_max: int,
    ) -> None:
        self.delimiter = ord(delimiter)
        self.subject_cell = cells["subject"]
        self.word_cells = np.array([cells[field] for field in WORD_FIELDS if field in cells], np.int64)
        self._area_cells = [cells[field] for field in AREA_FIELDS if field in cells]
        self._measures = [(cells[field], measure) for field, measure in _MEASURES.items() if field in cells]
        self._times = {field: (cells[field], times[field].format) for field in _TIMES if field in cells}
        self._days = {field: LocalDays(times[field].zone) for field in self._times}
        self._point = ord("," if decimal_comma else ".")
        self._bytes_max = bytes_max
        self._starts = np.zeros((LINES_AT_ONCE, width + 1), np.int64)
        self._strange = np.zeros(LINES_AT_ONCE, np.bool_)
        self._sheet = np.full((len(COLUMNS), LINES_AT_ONCE), UNKNOWN, np.int64)
        self._sheet[ROW["area"]] = NO_AREA

    def read(self, content: bytes, at: int, end: int) -> CleanLines:
        """Some or all lines of content[at:end], which ends in a line feed; they hold until the next are read."""
        data = np.frombuffer(content, np.uint8)
        count, end = find_cells(data, at, end, self.delimiter, self._bytes_max, self._starts, self._strange)
        starts, strange, sheet = self._starts[:count], self._strange[:count], self._sheet[:, :count]
        for cell in self._area_cells:
            strange |= starts[:, cell + 1] - starts[:, cell] > 1
        self._read_times(data, starts, strange, sheet)
        lacking = self._read_measures(data, starts, strange, sheet)
        leave_short_runs(strange, WORTH_LINES)
        return CleanLines(data, end, starts, strange, sheet, lacking)

    def _read_times(self, data: Column, starts: Column, strange: Column, sheet: Column) -> None:
        seen_at_us, known_at_us = sheet[ROW["seen_at_us"]], sheet[ROW["known_at_us"]]
        self._read_time("seen_at", data, starts, strange, seen_at_us)
        if "known_at" in self._times:
            self._read_time("known_at", data, starts, strange, known_at_us)
            np.copyto(known_at_us, seen_at_us, where=known_at_us == BLANK_US)
        else:
            known_at_us[:] = seen_at_us
        for at_us in (seen_at_us, known_at_us):
            strange |= (at_us < EARLIEST_US) | (at_us >= LATEST_US)
        strange |= seen_at_us > known_at_us + CLOCK_SKEW_US_MAX

    def _read_time(self, field: str, data: Column, starts: Column, strange: Column, out: Column) -> None:
        cell, written = self._times[field]
        days = self._days[field]
        if written in _DECIMALS:
            read_epoch(data, starts, cell, strange, _DECIMALS[written], out)
            return
        read_iso(data, starts, cell, strange, days.offsets_s, out)
        if days.ask_about(out):
            read_iso(data, starts, cell, strange, days.offsets_s, out)

    def _read_measures(self, data: Column, starts: Column, strange: Column, sheet: Column) -> dict[str, Column]:
        lacking = {}
        for cell, measure in self._measures:
            lacks = np.zeros(len(strange), np.bool_)
            read_numbers(
                data, starts, cell, self._point, measure.unit, measure.scale, measure.least, measure.most,
                measure.absent, sheet[ROW[measure.column]], strange, lacks,
            )  # fmt: skip
            if measure.note:
                lacking[measure.note] = lacks
        lat_e7, lon_e7 = sheet[ROW["lat_e7"]], sheet[ROW["lon_e7"]]
        # A position of 0, 0 is for others to note.
        strange |= (lat_e7 == BLANK) | (lon_e7 == BLANK) | ((lat_e7 == 0) & (lon_e7 == 0))
        return lacking


def clean_reader(
    columns: Columns,
    times: Mapping[str, Timestamps],
    options: FeedOptions,
    *,
    delimiter: str,
    decimal_comma: bool,
) -> CleanReader | None:
    """What reads the clean lines of such a file; None if it has columns or times that are only read row by row."""
    cells = {field: numbers[0] for field, numbers in columns.held.items() if len(numbers) == 1}
    if (
        delimiter not in DELIMITERS
        or options.envelope is not None
        or cells.keys() != columns.held.keys()
        or not {"lat", "lon"} <= cells.keys() <= _READABLE
        or not all(times[field].format in ("iso", *_DECIMALS) for field in _TIMES if field in cells)
    ):
        return None
    return CleanReader(
        cells,
        len(columns.names),
        times,
        delimiter=delimiter,
        decimal_comma=decimal_comma,
        bytes_max=options.line_chars_max,
    )
