"""Plain JSON reports as columns at once, where nothing about them is in doubt.

Reading object by object (`feeds.geojson`) is the specification of what such a body says. Here only bodies are taken of which every
object is flat, has canonical names and values of the plainest kind; anything else, down to one object, leaves the whole body to
that. What is taken gives the same batch to the bit: `tests/properties/test_clean_json_against_row_by_row.py`.

msgspec takes the last of two members of one name, and we refuse such an object. Where nothing is escaped, every quotation mark of the
body belongs to a name or a text that was read, so one too many is a name that stands there twice. Otherwise every name must stand in
the body as often as there are objects that have it, and no letter of ours be written as an escape; a text that looks like a name makes
the counts differ too, which costs nothing but time. Either way every brace must belong to an object.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar, cast

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reports import DATUM_WORDS
from keepclear.geo.earth import E7
from keepclear.geo.volumes import DATUMS
from keepclear.ground.instants import EARLIEST_US, LATEST_US
from keepclear.tracks.builder import ERROR_M_MAX, HEIGHT_M_RANGE, NAME_CHARS_MAX, SPEED_MPS_MAX
from keepclear.tracks.observations import NO_AREA, NO_CLAIM, UNKNOWN, Claim, Column, Observations
from keepclear.tracks.packing import are_plain_names

_Item = TypeVar("_Item")
Noticed = tuple[tuple[str, int], ...]
ROWS_PER_BLOCK = (
    65_536  # beyond, reading row by row would begin the tables anew; one such block is the most that is taken here
)


class _Report(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    subject: str | int
    seen_at: str
    lat: float
    lon: float
    error_m: float | UnsetType | None = UNSET
    height_m: float | UnsetType | None = UNSET
    datum: str | UnsetType | None = UNSET
    speed_mps: float | UnsetType | None = UNSET
    course_deg: float | UnsetType | None = UNSET
    source: str | UnsetType | None = UNSET


_DECODER = msgspec.json.Decoder(list[_Report])
_LINES = msgspec.json.Decoder(_Report)
# Escapes of what our names consist of; no encoder writes them, but two names may be one with them.
_ESCAPED_LETTERS = (b"\\u004", b"\\u005", b"\\u006", b"\\u007")
_NEEDED = ("subject", "seen_at", "lat", "lon")
_TEXTS = ("subject", "seen_at", "datum", "source")
_NAMES = tuple(field.name for field in msgspec.structs.fields(_Report))
# "2026-05-18T10:00:00", with "Z", or a fraction of up to six digits and "Z", behind it.
_SECONDS_CHARS = 19
_PUNCTUATION = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_DIGITS = [place for place in range(_SECONDS_CHARS) if place not in _PUNCTUATION]
_FRACTION_DIGITS_MAX = 6


class _Unclean(Exception):
    """Something takes a closer look; caught in `clean_reports`, which then says nothing."""


def clean_reports(
    body: bytes, feed: str, options: FeedOptions, *, by_line: bool
) -> tuple[Observations, Noticed] | None:
    """The batch that a body is, and what was noticed; None where it has to be read object by object."""
    if options.mapping or options.time_format not in (None, "iso") or options.envelope is not None:
        return None
    try:
        rows = _LINES.decode_lines(body) if by_line else _DECODER.decode(body)
        return _batch(rows, body, feed, options)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, _Unclean):
        return None


def _batch(rows: list[_Report], body: bytes, feed: str, options: FeedOptions) -> tuple[Observations, Noticed]:
    count = len(rows)
    if not 0 < count <= ROWS_PER_BLOCK:
        raise _Unclean
    # Column by column: a tuple for each row would be one more thing for the collector to walk, among all that a node holds.
    columns = _columns(rows, body)
    stated = {name for name, values in columns.items() if name in _NEEDED or values.count(UNSET) < count}
    begins = _begins_of(body, count)
    subjects, subject = _subjects(columns["subject"])
    sources, source = _sources(columns, stated, options.source or feed)
    lat, lon = (np.array(columns[name], np.float64) for name in ("lat", "lon"))
    if not (np.abs(lat).max() <= 90.0 and np.abs(lon).max() <= 180.0):
        raise _Unclean
    seen_at_us = _instants(columns["seen_at"])
    claim = Claim(exercise=True) if options.exercise else NO_CLAIM
    batch = Observations(
        subjects=subjects,
        sources=sources,
        areas=(),
        claims=(claim,),
        feeds=(feed,),
        subject=subject,
        source=source,
        seen_at_us=seen_at_us,
        known_at_us=seen_at_us.copy(),
        lat_e7=np.rint(lat * E7).astype(np.int32),
        lon_e7=np.rint(lon * E7).astype(np.int32),
        error_mm=_measured(columns, stated, count, "error_m", 1000, 0.0, ERROR_M_MAX),
        height_mm=_measured(columns, stated, count, "height_m", 1000, *HEIGHT_M_RANGE),
        datum=_datums(_values(columns, stated, "datum", count)),
        speed_mmps=_measured(columns, stated, count, "speed_mps", 1000, 0.0, SPEED_MPS_MAX),
        course_cdeg=_measured(columns, stated, count, "course_deg", 100, 0.0, 360.0),
        area=np.full(count, NO_AREA, np.int32),
        claim=np.zeros(count, np.int32),
        feed=np.zeros(count, np.int32),
        line=_lines_of(body, begins),
    )
    zeros = int(np.count_nonzero((lat == 0.0) & (lon == 0.0)))
    return batch, (("zero_zero", zeros),) if zeros else ()


def _columns(rows: list[_Report], body: bytes) -> dict[str, list[Any]]:
    """The values by name, of every name that any object has; raises `_Unclean` where one may have a name twice."""
    first = [name for name in _NAMES if getattr(rows[0], name) is not UNSET]
    columns = {name: list(map(attrgetter(name), rows)) for name in first}
    quotes = None if b"\\" in body else np.count_nonzero(np.frombuffer(body, np.uint8) == ord('"'))
    if quotes is not None and _quotes(columns) == quotes:
        return columns  # no object has another name than the first
    columns |= {name: list(map(attrgetter(name), rows)) for name in _NAMES if name not in columns}
    if quotes is not None:
        if _quotes(columns) != quotes:
            raise _Unclean
    elif any(escape in body for escape in _ESCAPED_LETTERS) or any(
        body.count(b'"%b"' % name.encode()) != count for name, count in _having(columns).items() if count
    ):
        raise _Unclean
    return columns


def _having(columns: dict[str, list[Any]]) -> dict[str, int]:
    """How many objects have each name."""
    return {name: len(values) - (0 if name in _NEEDED else values.count(UNSET)) for name, values in columns.items()}


def _quotes(columns: dict[str, list[Any]]) -> int:
    """How many quotation marks these names and texts are written with."""
    texts = sum(list(map(type, columns.get(name, ()))).count(str) for name in _TEXTS)
    return 2 * (sum(_having(columns).values()) + texts)


def _sources(columns: dict[str, list[Any]], stated: set[str], unnamed: str) -> tuple[tuple[str, ...], Column]:
    if "source" not in stated:
        return (unnamed[:NAME_CHARS_MAX],), np.zeros(len(columns["subject"]), np.int32)
    given = _values(columns, stated, "source", len(columns["subject"]))
    said = {text: (_text(text) or unnamed)[:NAME_CHARS_MAX] for text in dict.fromkeys(given)}
    return _numbered([said[text] for text in given])


def _subjects(given: Sequence[str | int]) -> tuple[tuple[str, ...], Column]:
    """The names in the order of their first rows, and each row's place among them."""
    names, numbers = _numbered(given)
    if not are_plain_names(names):
        texts, number_of = _numbered([_text(name) for name in names])
        if any(not text or len(text) > NAME_CHARS_MAX for text in texts):
            raise _Unclean
        names, numbers = texts, number_of[numbers]
    return _as_before(cast(tuple[str, ...], names)), numbers


@lru_cache(maxsize=8)
def _as_before(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names, in the tuple that they stood in before if they did: whoever has seen it sees that it is the same."""
    return names


def _begins_of(body: bytes, count: int) -> Column:
    """Where each object begins; raises `_Unclean` where a text has a brace in it."""
    begins = np.flatnonzero(np.frombuffer(body, np.uint8) == ord("{"))
    if len(begins) != count:
        raise _Unclean
    return begins


def _lines_of(body: bytes, begins: Column) -> Column:
    breaks = np.flatnonzero(np.frombuffer(body, np.uint8) == ord("\n"))
    return (np.searchsorted(breaks, begins) + 1).astype(np.int32)


def _values(columns: dict[str, list[Any]], stated: set[str], name: str, count: int) -> Sequence[str | None]:
    if name not in stated:
        return (None,) * count
    return _with_null(columns[name])


def _with_null(values: list[Any]) -> list[Any]:
    """The same with None for what an object does not have."""
    return [None if value is UNSET else value for value in values] if UNSET in values else values


def _text(value: str | int | None) -> str:
    if value is None:
        return ""
    text = str(value).strip()
    if len(text) > 500 or not text.isprintable():
        raise _Unclean
    return text


def _numbered(items: Sequence[_Item]) -> tuple[tuple[_Item, ...], Column]:
    named = tuple(dict.fromkeys(items))
    if len(named) == len(items):
        return named, np.arange(len(items), dtype=np.int32)
    numbers = dict(zip(named, range(len(named)), strict=True))
    return named, np.fromiter(map(numbers.__getitem__, items), np.int32, len(items))


def _measured(
    columns: dict[str, list[Any]], stated: set[str], count: int, name: str, per_unit: int, low: float, high: float
) -> Column:
    if name not in stated:
        return np.full(count, UNKNOWN, np.int32)
    values = np.array(_with_null(columns[name]), np.float64)  # null becomes a NaN
    unknown = np.isnan(values)
    if not np.all(unknown | ((values >= low) & (values <= high))):
        raise _Unclean
    values[unknown] = 0.0
    if name == "course_deg":
        values %= 360.0
    return np.where(unknown, UNKNOWN, np.rint(per_unit * values)).astype(np.int32)


def _datums(words: Sequence[str | None]) -> Column:
    codes = {}
    for word in dict.fromkeys(words):
        text = _text(word).upper()
        datum = DATUM_WORDS.get(text, text)
        if datum not in DATUMS:
            raise _Unclean
        codes[word] = DATUMS.index(datum)
    return np.array(list(map(codes.__getitem__, words)), np.int8)


def _instants(texts: Sequence[str]) -> Column:
    """Microseconds of texts that are all in UTC and end in "Z"; whether there are such days and hours is for numpy to say."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    longest = int(lengths.max())
    if longest > _SECONDS_CHARS + 2 + _FRACTION_DIGITS_MAX or lengths.min() <= _SECONDS_CHARS:
        raise _Unclean
    try:
        written = np.array(texts, f"S{longest}")
    except UnicodeEncodeError as error:
        raise _Unclean from error
    chars = written.view(np.uint8).reshape(len(texts), -1)
    ends = lengths - 1
    rows = np.arange(len(texts))
    plain = np.all(chars[rows, ends] == ord("Z"))
    plain &= all(np.all(chars[:, place] == ord(mark)) for place, mark in _PUNCTUATION.items())
    plain &= np.all((chars[:, _DIGITS] >= ord("0")) & (chars[:, _DIGITS] <= ord("9")))
    if not plain:
        raise _Unclean
    try:
        seconds = written.astype(f"S{_SECONDS_CHARS}").astype("M8[us]").astype(np.int64)
    except ValueError as error:
        raise _Unclean from error
    at_us = seconds + _fractions_us(chars, ends)
    if at_us.min() < EARLIEST_US or at_us.max() >= LATEST_US:
        raise _Unclean
    return cast(Column, at_us)


def _fractions_us(chars: Column, ends: Column) -> Column:
    fraction = chars[:, _SECONDS_CHARS:].astype(np.int64)
    with_fraction = ends > _SECONDS_CHARS
    if np.any(with_fraction & ((fraction[:, 0] != ord(".")) | (ends == _SECONDS_CHARS + 1))):
        raise _Unclean
    found = np.zeros(len(chars), np.int64)
    for place in range(1, _FRACTION_DIGITS_MAX + 1):
        here = with_fraction & (ends > _SECONDS_CHARS + place)
        if not np.any(here):
            break
        digits = fraction[:, place] - ord("0")
        if np.any(here & ((digits < 0) | (digits > 9))):
            raise _Unclean
        found += np.where(here, digits * 10 ** (_FRACTION_DIGITS_MAX - place), 0)
    return found
