"""Positions in a table of text: CSV and its relatives, with whatever header people gave it.

Delimiter, columns, time format and decimal comma are found out from the first lines and told. A row that cannot be
read is refused by itself; a quote that is never closed costs the line it stands on, not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence

from keepclear.feeds.arrival import Arrival
from keepclear.feeds.clean_lines import clean_reader
from keepclear.feeds.clean_rows import CleanRows
from keepclear.feeds.columns import Columns, recognised
from keepclear.feeds.lines import PAUSE, Lines, Pause, encoding_told
from keepclear.feeds.options import DELIMITERS, FeedOptions
from keepclear.feeds.reports import Reports, Values
from keepclear.feeds.timestamps import Timestamps, detected
from keepclear.ground.errors import Refused

SAMPLE_LINES = 200
SAMPLE_CHARS = 262_144
_COMMA_NUMBER = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)
_POINT_NUMBER = re.compile(r"\s*[+-]?\d+\.\d+\s*", re.ASCII)
_DELIMITER_TOLD = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}

Line = tuple[int, str | Refused | Pause]


class Delimited:
    """The rows of a delimited file; `told` and `reports` are ready before the first."""

    format = "delimited"

    def __init__(
        self,
        arrival: Arrival,
        options: FeedOptions,
        source: str,
        notes: Counter[str],
        *,
        row_by_row: bool = False,
    ) -> None:
        self.line = 0
        self._chars_max = options.line_chars_max
        self._quoted_lines_max = options.quoted_lines_max
        self._source = Lines(arrival, chars_max=options.line_chars_max, notes=notes)
        self._lines: Iterator[Line] = iter(self._source)
        self._pending: deque[Line] = deque()
        self._broken: Refused | None = None
        sample = self._sampled()
        texts = [text for _, text in sample if isinstance(text, str) and text.strip()]
        if not texts:
            raise self._nothing_read(sample)
        self._delimiter = options.delimiter or _delimiter_of(texts)
        self._columns = self._header(sample, options)
        self._width = len(self._columns.names)
        self._pending.extend(sample)
        rows = self._sample_rows(texts)
        samples = {field: self._cells_of(field, rows) for field in ("seen_at", "known_at", "lat", "lon")}
        self._decimal_comma = self._delimiter != "," and _has_decimal_comma(samples["lat"] + samples["lon"])
        times = self._times(options, samples)
        self.told = (*self._told(arrival, rows), *self._times_told(times, samples))
        self.reports = Reports(
            options=options, source=source, times=times, notes=notes, decimal_comma=self._decimal_comma
        )
        self._clean = None if row_by_row else self._clean_rows(times, options)

    def rows(self) -> Iterator[Values | Refused | Pause | int]:
        """Each row as named values, or its refusal, or the number of the rows that went into `reports` as columns.

        Raises `Refused` where the file breaks off."""
        single = [(field, numbers[0]) for field, numbers in self._columns.held.items() if len(numbers) == 1]
        joined = [(field, numbers) for field, numbers in self._columns.held.items() if len(numbers) > 1]
        while True:
            while taken := self._taken():
                yield taken
            if (pulled := self._pull()) is None:
                break
            self.line, text = pulled
            if isinstance(text, Refused | Pause):
                yield text
                continue
            cells = self._split(text)
            if isinstance(cells, Refused):
                yield cells
            elif not any(cells) or not text.strip(f"{self._delimiter} \t"):
                continue
            elif len(cells) != self._width:
                yield self._wrong_width(cells)
            else:
                values = {field: cells[number] for field, number in single}
                for field, numbers in joined:
                    values[field] = " ".join(cells[number].strip() for number in numbers)
                yield values
                if self._clean is not None:
                    self._clean.learn()
        if self._broken is not None:
            self.line = self._source.number
            raise self._broken

    def called(self, field: str) -> str:
        """The column as the file names it."""
        return self._columns.called(field)

    def _pull(self) -> Line | None:
        """The next line, None at the end; a break is kept until the lines before it have been used."""
        if self._pending:
            return self._pending.popleft()
        try:
            return next(self._lines, None)
        except Refused as broken:
            self._break_off(broken)
            return None

    def _taken(self) -> int:
        """How many rows were clean and could be taken at once."""
        if self._clean is None or self._pending or self._broken is not None:
            return 0
        try:
            return self._clean.take()
        except Refused as broken:
            self._break_off(broken)
            return 0

    def _break_off(self, broken: Refused) -> None:
        self._broken = broken
        self._lines = iter(())

    def _sampled(self) -> list[Line]:
        sample: list[Line] = []
        chars = 0
        while len(sample) < SAMPLE_LINES and chars < SAMPLE_CHARS and (pulled := self._pull()) is not None:
            if pulled[1] is PAUSE:
                break
            sample.append(pulled)
            chars += len(pulled[1]) if isinstance(pulled[1], str) else 0
        return sample

    def _nothing_read(self, sample: list[Line]) -> Refused:
        for _, text in sample:
            if isinstance(text, Refused):
                return text
        return self._broken or Refused(
            "file.empty", "There is nothing in the file", mend="Check that it was written to the end."
        )

    def _header(self, sample: list[Line], options: FeedOptions) -> Columns:
        """The columns of the first line that is not blank; `sample` keeps the lines behind it."""
        while True:
            self.line, text = sample.pop(0)
            assert not isinstance(text, Pause)
            if isinstance(text, Refused):
                raise text
            if text.strip():
                break
        cells = next(csv.reader([text], delimiter=self._delimiter), [])
        if len(cells) > options.columns_max:
            mend = "Check the delimiter."
            raise Refused(
                "header.too_wide",
                f"The header has more than {options.columns_max} columns",
                value=len(cells),
                mend=mend,
            )
        return recognised([cell.strip() for cell in cells], options.mapping)

    def _split(self, text: str) -> list[str] | Refused:
        if '"' not in text:
            return text.split(self._delimiter)
        drawn: list[Line] = []
        try:
            cells = next(csv.reader(self._record_from(text, drawn), delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            fault = Refused(
                "row.quotes",
                f"The quotes of this row cannot be read ({error})",
                value=text,
                mend='Write a quote inside quotes twice: "".',
            )
        else:
            if not drawn or len(cells) == self._width:
                return cells
            fault = self._wrong_width(cells)
        self._pending.extendleft(reversed(drawn))
        return fault

    def _record_from(self, text: str, drawn: list[Line]) -> Iterator[str]:
        """This line, and the lines behind it for as long as a quoted cell goes on; `drawn` keeps what was taken."""
        yield text + "\n"
        chars = len(text)
        while len(drawn) < self._quoted_lines_max and (pulled := self._pull()) is not None:
            drawn.append(pulled)
            if isinstance(pulled[1], Refused | Pause) or (chars := chars + len(pulled[1])) > self._chars_max:
                return
            yield pulled[1] + "\n"

    def _wrong_width(self, cells: Sequence[str]) -> Refused:
        what = f"The row has {len(cells)} columns and the header {self._width}"
        mend = "Put quotes around cells that contain the delimiter."
        return Refused("row.columns", what, value=self._delimiter.join(cells), mend=mend)

    def _sample_rows(self, texts: list[str]) -> list[list[str]]:
        rows = csv.reader(texts[1:], delimiter=self._delimiter)
        try:
            return [cells for cells in rows if len(cells) == self._width]
        except csv.Error:  # a cell beyond the limit of the csv module; what can be split without quotes will do
            split = (text.split(self._delimiter) for text in texts[1:])
            return [cells for cells in split if len(cells) == self._width]

    def _cells_of(self, field: str, rows: list[list[str]]) -> list[str]:
        numbers = self._columns.held.get(field, ())
        cells = (" ".join(row[number].strip() for number in numbers) for row in rows)
        return [cell for cell in cells if cell]

    def _times(self, options: FeedOptions, samples: dict[str, list[str]]) -> dict[str, Timestamps]:
        times = {}
        for field in ("seen_at", "known_at"):
            zone = options.zone or self._columns.zones.get(field)
            stated = options.time_format
            times[field] = Timestamps(stated or detected(samples[field], self.called(field)), zone)
        return times

    def _clean_rows(self, times: dict[str, Timestamps], options: FeedOptions) -> CleanRows | None:
        reader = clean_reader(
            self._columns, times, options, delimiter=self._delimiter, decimal_comma=self._decimal_comma
        )
        return None if reader is None else CleanRows(self._source, self.reports, reader)

    def _times_told(self, times: dict[str, Timestamps], samples: dict[str, list[str]]) -> list[str]:
        told: list[str] = []
        for field, column in times.items():
            if field in self._columns.held:
                told += column.told(self.called(field), samples[field])
        return told

    def _told(self, arrival: Arrival, rows: list[list[str]]) -> list[str]:
        separated = _DELIMITER_TOLD.get(self._delimiter, self._delimiter)
        told = [f"Delimited text: {self._width} columns, separated by {separated}.", encoding_told(arrival.sample)]
        told += self._columns.told()
        if self._decimal_comma:
            told.append("Numbers are written with a decimal comma.")
        if not rows:
            told.append("No row has as many columns as the header.")
        return [sentence for sentence in told if sentence]


def _delimiter_of(texts: list[str]) -> str:
    """The one that splits most lines into as many cells as the header; of those the one with the most columns."""
    best, best_score = "", (0, 1)
    for delimiter in DELIMITERS:
        try:
            widths = [len(cells) for cells in csv.reader(texts, delimiter=delimiter)]
        except csv.Error:
            continue
        if widths and (score := (widths.count(widths[0]), widths[0])) > best_score and widths[0] > 1:
            best, best_score = delimiter, score
    if not best:
        mend = "Give a CSV file with a header, GeoJSON, lines of JSON, or GPX; or state --delimiter."
        raise Refused("format.unknown", "The format of the file is not recognised", value=texts[0], mend=mend)
    return best


def _has_decimal_comma(cells: list[str]) -> bool:
    with_comma = sum(_COMMA_NUMBER.fullmatch(cell) is not None for cell in cells)
    return with_comma > sum(_POINT_NUMBER.fullmatch(cell) is not None for cell in cells)
