"""A batch of reports as bytes, for the record: every column as its least value and what lies above it, in the fewest bytes.

    magic     MAGIC
    head      rows, and length of the tables: two uint32
    tables    JSON: subjects, sources, areas, claims, feeds; see `keepclear.tracks.plain` and `keepclear.geo.plain_shapes`
    columns   for each of `COLUMNS` the least value (int64) and the width (uint8)
    values    for each of `COLUMNS`, each row less the least value, as an unsigned number of that width: 0, 1, 2, 4 or 8 bytes

Everything is little-endian. A width is the narrowest that fits, but subjects have at least one byte, so that few bytes cannot
ask for many rows. So one batch has one byte string: what `unpacked` takes, `packed` gives back. Nothing is compressed further:
what says nothing (one source, one instant known) costs no byte as it is, and the rest is read as fast as memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.plain_shapes import plain_shape, shape_of
from keepclear.geo.volumes import DATUMS
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import EARLIEST_US, LATEST_US
from keepclear.tracks.builder import (
    CLOCK_SKEW_US_MAX,
    ERROR_M_MAX,
    HEIGHT_M_RANGE,
    LINE_MAX,
    NAME_CHARS_MAX,
    SPEED_MPS_MAX,
    area_checked,
)
from keepclear.tracks.claims import TEXT_CHARS_MAX, UNWRITABLE
from keepclear.tracks.observations import COLUMNS, NO_AREA, TABLES, UNKNOWN, Observations
from keepclear.tracks.plain import bytes_of, claim_of, plain_claim, text_of, value_of

MAGIC = b"keepclear positions 1\n"
ROWS_MAX = 16_777_216
# Tables that are larger are read and written each time: what is remembered is bounded.
_REMEMBERED_BYTES_MAX = 1_048_576
_REMEMBERED_NAMES_MAX = 65_536

_HEAD = struct.Struct("<II")
_COLUMN = np.dtype([("least", "<i8"), ("width", "u1")])
_WIDTHS = np.array([0, 1, 2, 4, 8])
# What is not greater than this fits in the width at its place.
_REACHES = np.array([0, 2**8 - 1, 2**16 - 1, 2**32 - 1])
_NAMES = tuple(COLUMNS)
_SEEN, _KNOWN = _NAMES.index("seen_at_us"), _NAMES.index("known_at_us")
_TABLE_OF_COLUMN = {column: table for table, column in TABLES.items()}
# The least and the greatest that a column holds; of numbers into a table the greatest follows from the table.
_LIMITS: dict[str, tuple[int, int]] = {
    **{column: (NO_AREA if column == "area" else 0, 0) for column in _TABLE_OF_COLUMN},
    "seen_at_us": (EARLIEST_US, LATEST_US - 1),
    "known_at_us": (EARLIEST_US, LATEST_US - 1),
    "lat_e7": (-900_000_000, 900_000_000),
    "lon_e7": (-1_800_000_000, 1_800_000_000),
    "error_mm": (0, round(1000 * ERROR_M_MAX)),
    "height_mm": (round(1000 * HEIGHT_M_RANGE[0]), round(1000 * HEIGHT_M_RANGE[1])),
    "datum": (0, len(DATUMS) - 1),
    "speed_mmps": (0, round(1000 * SPEED_MPS_MAX)),
    "course_cdeg": (0, 36_000),
    "line": (0, LINE_MAX),
}
_LOW = np.array([_LIMITS[name][0] for name in _NAMES], np.int64)
_HIGH = np.array([_LIMITS[name][1] for name in _NAMES], np.int64)
# Where `UNKNOWN` stands for what is not stated.
_UNSTATED = tuple(_NAMES.index(name) for name in ("error_mm", "height_mm", "speed_mmps", "course_cdeg"))
_LEAST = np.where(np.isin(np.arange(len(_NAMES)), _UNSTATED), UNKNOWN, _LOW)

Matrix = npt.NDArray[np.int64]


class Segment(NamedTuple):
    """What one batch says of one subject: `packed` is a batch of its own, with the tables that it needs."""

    subject: str
    first_seen_us: int
    last_seen_us: int
    reports: int
    packed: bytes


def packed(batch: Observations) -> bytes:
    """The bytes of a batch. Raises `Refused` for what `unpacked` would refuse, so that what is written can be read."""
    columns, tables = _matrix(batch), _tables_text(batch)
    least, most = _checked(columns, {table: len(getattr(batch, table)) for table in TABLES})
    ends = np.array([0, len(batch)])
    return _packed_runs(columns, ends, least[None], most[None], [tables])[0]


def segments(batch: Observations) -> Iterator[Segment]:
    """The batch cut by subject, in the order of the table of subjects; the reports of each stay in the order of the batch.

    Raises `Refused` like `packed`."""
    order = np.argsort(batch.subject, kind="stable")
    columns, plain = _matrix(batch, order), {"subjects": list(batch.subjects), **_plain_tables(batch)}
    _read("subjects", _subject, plain["subjects"])
    _checked(columns, {table: len(items) for table, items in plain.items()})
    ends = np.append(np.flatnonzero(np.diff(columns[0], prepend=-1)), len(order))
    least, most = (np.empty((len(ends) - 1, len(_NAMES)), np.int64) for _ in range(2))
    survey(columns, ends, least, most)
    numbers = least[:, 0].tolist()
    first_seen, last_seen = least[:, _SEEN].tolist(), most[:, _SEEN].tolist()
    tables = _cut_tables(plain, columns, ends, least, most)
    runs = _packed_runs(columns, ends, least, most, tables)
    counts = np.diff(ends).tolist()
    for number, *rest in zip(numbers, first_seen, last_seen, counts, runs, strict=True):
        yield Segment(batch.subjects[number], *rest)


def unpacked(packed: bytes) -> Observations:
    """The batch that these bytes are; raises `Refused` for any others, saying where the fault lies."""
    if not packed.startswith(MAGIC):
        mend = "They begin otherwise, or belong to another version."
        raise Refused(
            "packed.magic", "These bytes are no packed positions", value=packed[:24], mend=mend, where="byte 0"
        )
    at = len(MAGIC)
    count, size = _HEAD.unpack(_piece(packed, at, _HEAD.size))
    at += _HEAD.size
    said = _piece(packed, at, size)
    at += size
    heads = np.frombuffer(_piece(packed, at, _COLUMN.itemsize * len(_NAMES)), _COLUMN)
    at += _COLUMN.itemsize * len(_NAMES)
    widths = heads["width"].tolist()
    for name, width in zip(_NAMES, widths, strict=True):
        if width not in _WIDTHS or (name == "subject" and not width):
            raise Refused("packed.width", "There are no numbers of this width", value=width, where=f"column {name}")
    if len(packed) - at != count * sum(widths) or count > ROWS_MAX:
        value = f"{len(packed) - at} for {count} rows of {sum(widths)}"
        raise Refused("packed.length", "The bytes are not as many as the head says", value=value, where=f"byte {at}")
    tables = _remembered(said) if size <= _REMEMBERED_BYTES_MAX else _tables_of(said)
    columns = np.empty((len(_NAMES), count), np.int64)
    least = heads["least"].astype(np.int64)
    read_values(np.frombuffer(packed, np.uint8), at, least, heads["width"], columns)
    lowest, most = _checked(columns, {table: len(items) for table, items in tables.items()})
    narrowest = _widths(lowest[None], most[None])[0]
    for name, same in zip(_NAMES, ((lowest == least) & (narrowest == widths)).tolist(), strict=True):
        if not same:
            raise Refused("packed.not_narrowest", "The column is not written as it must be", where=f"column {name}")
    read: dict[str, Any] = {name: column.astype(COLUMNS[name]) for name, column in zip(_NAMES, columns, strict=True)}
    return Observations(**tables, **read)


def _matrix(batch: Observations, rows: Any = slice(None)) -> Matrix:
    """A row of int64 for each column of the batch."""
    if len(batch) > ROWS_MAX:
        what = f"The batch has {len(batch)} rows, more than {ROWS_MAX}"
        raise LimitExceeded("packed.too_many_rows", what, mend="Cut it into several.")
    columns = np.empty((len(_NAMES), len(batch)), np.int64)
    for row, name in zip(columns, _NAMES, strict=True):
        row[:] = getattr(batch, name)[rows]
    return columns


def _packed_runs(columns: Matrix, ends: Matrix, least: Matrix, most: Matrix, tables: Sequence[bytes]) -> list[bytes]:
    """The bytes of each run of rows, from one of `ends` to the next, with its row of `least` and `most` and its tables."""
    widths = _widths(least, most)
    heads = np.empty(widths.shape, _COLUMN)
    heads["least"], heads["width"] = least, widths
    head_texts, head_size = heads.tobytes(), _COLUMN.itemsize * len(_NAMES)
    counts = np.diff(ends)
    begin = np.append(0, np.cumsum(counts * widths.sum(axis=1)))
    values = np.empty(begin[-1], np.uint8)
    write_values(columns, ends, least, widths, begin, values)
    texts, packs, places = values.tobytes(), [], begin.tolist()
    for run, (count, own) in enumerate(zip(counts.tolist(), tables, strict=True)):
        head = head_texts[run * head_size : (run + 1) * head_size]
        packs.append(b"".join((MAGIC, _HEAD.pack(count, len(own)), own, head, texts[places[run] : places[run + 1]])))
    return packs


def _widths(least: Matrix, most: Matrix) -> Matrix:
    """The fewest bytes that hold what lies above the least, by run and column; at least one for subjects."""
    widths: Matrix = _WIDTHS[np.searchsorted(_REACHES, most - least)]
    widths[:, 0] = np.maximum(widths[:, 0], 1)
    return widths


def _checked(columns: Matrix, lengths: dict[str, int]) -> tuple[Matrix, Matrix]:
    """The least and the greatest of each column, 0 where there are no rows.

    Raises `Refused` unless every value is within the limits of `keepclear.tracks.builder`, and names what there is."""
    least, most = (np.zeros((1, len(_NAMES)), np.int64) for _ in range(2))
    if not columns.shape[1]:
        return least[0], most[0]
    ends = np.array([0, columns.shape[1]])
    stated = survey(columns, ends, least, most)
    high = _HIGH.copy()
    for column, table in _TABLE_OF_COLUMN.items():
        high[_NAMES.index(column)] = lengths[table] - 1
    if not stated or (least[0] < _LEAST).any() or (most[0] > high).any():
        _refuse(columns, high)
    return least[0], most[0]


def _refuse(columns: Matrix, high: Matrix) -> None:
    """Raises `Refused` for the first value that is outside its limits."""
    beyond = (columns < _LOW[:, None]) | (columns > high[:, None])
    beyond[list(_UNSTATED)] &= columns[list(_UNSTATED)] != UNKNOWN
    for row, number in np.argwhere(beyond.T)[:1].tolist():
        where = f"row {row}, column {_NAMES[number]}"
        what = "The value is outside its limits"
        raise Refused("packed.out_of_range", what, value=int(columns[number, row]), where=where)
    row = int(np.flatnonzero(columns[_SEEN] > columns[_KNOWN] + CLOCK_SKEW_US_MAX)[0])
    what = "The report was known more than a minute before it was seen"
    raise Refused("time.seen_after_known", what, where=f"row {row}, column seen_at_us")


def _piece(packed: bytes, at: int, size: int) -> bytes:
    piece = packed[at : at + size]
    if len(piece) != size:
        raise Refused("packed.short", "The bytes end too soon", value=len(packed), where=f"byte {at}")
    return piece


def _tables_text(batch: Observations) -> bytes:
    """The tables as they are written; raises `Refused` for an entry that `unpacked` would refuse."""
    subjects, others = batch.subjects, text_of(_plain_tables(batch))
    names = _names_text(subjects) if len(subjects) <= _REMEMBERED_NAMES_MAX else _names_text.__wrapped__(subjects)
    return bytes_of(f'{{"subjects":{names},{others[1:]}')


@lru_cache(maxsize=8)
def _names_text(subjects: tuple[str, ...]) -> str:
    """A table of subjects. A source names the same ones over and over."""
    _read("subjects", _subject, list(subjects))
    return text_of(list(subjects))


def _plain_tables(batch: Observations) -> dict[str, list[Any]]:
    """The tables but for the subjects, as plain values; raises `Refused` for an entry that `unpacked` would refuse."""
    plain: dict[str, list[Any]] = {table: list(getattr(batch, table)) for table in TABLES if table != "subjects"}
    _read("areas", area_checked, plain["areas"])
    plain["areas"] = [plain_shape(area) for area in batch.areas]
    plain["claims"] = [plain_claim(claim) for claim in batch.claims]
    for table in ("sources", "claims", "feeds"):
        _read(table, _READERS[table], plain[table])
    return plain


def _tables_of(text: bytes) -> Mapping[str, Any]:
    said = value_of(text, "tables")
    if not isinstance(said, dict) or list(said) != list(TABLES):
        what = f"The tables are not {', '.join(TABLES)}"
        raise Refused("packed.tables", what, value=list(said) if isinstance(said, dict) else said, where="tables")
    return MappingProxyType({table: _read(table, read, said[table]) for table, read in _READERS.items()})


# A source names the same subjects over and over: what was read last is read once, and others see that it is the same.
_remembered = lru_cache(maxsize=8)(_tables_of)


def _read(table: str, read: Callable[[Any], Any], items: object) -> tuple[Any, ...]:
    """What a table says, entry by entry."""
    if not isinstance(items, list):
        raise Refused("packed.tables", "This is no table", value=items, where=f"tables, {table}")
    if read is _subject and are_plain_names(items):
        return tuple(items)
    entries: list[Any] = []
    try:
        entries += map(read, items)
    except Refused as refused:
        raise refused.at(f"tables, {table}[{len(entries)}] ") from refused
    return tuple(entries)


def are_plain_names(items: Sequence[object]) -> bool:
    """Whether all are names beyond doubt, looked at together: a batch may have ten thousand of them."""
    if set(map(type, items)) - {str}:
        return False
    names = cast(Sequence[str], items)
    return (
        "".join(names).isprintable()
        and all(names)
        and max(map(len, names), default=0) <= NAME_CHARS_MAX
        and list(map(str.strip, names)) == list(names)
    )


def _subject(item: object) -> str:
    name = _text(item)
    if not name or len(name) > NAME_CHARS_MAX or name[0].isspace() or name[-1].isspace():
        raise Refused("subject.unreadable", "This is no name of a subject as it stands in a batch", value=name)
    return name


def _source(item: object) -> str:
    source = _text(item)
    if len(source) > TEXT_CHARS_MAX:
        raise Refused("source.too_long", f"The source is longer than {TEXT_CHARS_MAX} characters", value=source)
    return source


def _text(item: object) -> str:
    if not isinstance(item, str):
        raise Refused("text.unreadable", "This is not text", value=item)
    if not item.isprintable() and UNWRITABLE.search(item):
        what = "The text holds characters that cannot be written"
        raise Refused("text.unwritable", what, value=item, mend="Remove them.")
    return item


_READERS: dict[str, Callable[[Any], Any]] = {
    "subjects": _subject,
    "sources": _source,
    "areas": lambda item: area_checked(shape_of(item)),
    "claims": claim_of,
    "feeds": _text,
}


def _cut_tables(plain: dict[str, list[Any]], columns: Matrix, ends: Matrix, least: Matrix, most: Matrix) -> list[bytes]:
    """For each run of rows the tables with the entries that it names; the columns, `least` and `most` get the new numbers."""
    cut: list[list[str]] = []
    for table, name in TABLES.items():
        number = _NAMES.index(name)
        texts = [text_of(item) for item in plain[table]]
        column, low, high = columns[number], least[:, number], most[:, number]
        items = [texts[entry] if entry >= 0 else "" for entry in low.tolist()]
        several = low != high
        alike = ~np.repeat(several, np.diff(ends))
        column[alike] = np.minimum(column[alike], 0)
        low[~several] = high[~several] = np.minimum(low[~several], 0)
        for run in np.flatnonzero(several).tolist():
            rows = slice(ends[run], ends[run + 1])
            named = np.unique(column[rows])
            named = named[named >= 0]
            column[rows] = np.where(column[rows] < 0, NO_AREA, np.searchsorted(named, column[rows]))
            low[run], high[run] = column[rows].min(), len(named) - 1
            items[run] = ",".join([texts[entry] for entry in named.tolist()])
        cut.append([f'"{table}":[{item}]' for item in items])
    return [bytes_of(f"{{{','.join(run)}}}") for run in zip(*cut, strict=True)]


@compiled_in_place
def survey(columns: Matrix, ends: Matrix, least: Matrix, most: Matrix) -> bool:
    """Fills in the least and the greatest of each run of rows (from one of `ends` to the next; none is empty) and column.

    Gives whether every number that may be unstated is within its limits or unstated, and no report was known long before it
    was seen."""
    fine = True
    for column in range(len(columns)):
        values = columns[column]
        for run in range(len(ends) - 1):
            low = high = values[ends[run]]
            for row in range(ends[run], ends[run + 1]):
                low, high = min(low, values[row]), max(high, values[row])
            least[run, column], most[run, column] = low, high
    for number in _UNSTATED:
        low = _LOW[number]
        for row in range(columns.shape[1]):
            fine &= columns[number, row] >= low or columns[number, row] == UNKNOWN
    for row in range(columns.shape[1]):
        fine &= columns[_SEEN, row] <= columns[_KNOWN, row] + CLOCK_SKEW_US_MAX
    return fine


@compiled_in_place
def write_values(
    columns: Matrix, ends: Matrix, least: Matrix, widths: Matrix, begin: Matrix, values: npt.NDArray[np.uint8]
) -> None:
    """Writes every run of rows, the first of its bytes at `begin`, column after column."""
    for run in range(len(ends) - 1):
        at = begin[run]
        for column in range(len(columns)):
            width, low = widths[run, column], least[run, column]
            for row in range(ends[run], ends[run + 1]):
                above = columns[column, row] - low
                for place in range(width):
                    values[at + place] = (above >> (8 * place)) & 255
                at += width


@compiled_in_place
def read_values(
    values: npt.NDArray[np.uint8], at: int, least: Matrix, widths: npt.NDArray[np.uint8], columns: Matrix
) -> None:
    """Fills the columns with what stands from place `at` on."""
    for column in range(len(columns)):
        width, low = int(widths[column]), least[column]
        for row in range(columns.shape[1]):
            above = np.int64(0)
            for place in range(width):
                above |= np.int64(values[at + place]) << (8 * place)
            columns[column, row] = low + above
            at += width
