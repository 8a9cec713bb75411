"""Tables in memory to observations: dicts of lists or arrays, and DataFrames, without importing pandas.

Strict where feeds are forgiving: one bad value refuses the whole table and says where, because whoever holds a table
in memory can mend it. Rows are counted from 0, as arrays count.

    subject, seen_at, lat, lon                   needed
    known_at, error_m, height_m, datum, speed_mps, course_deg, source        optional
    count, count_min, count_max, party, attributed_by, confidence, grading, exercise      optional, see `claims`
    area_m, area_from_deg, area_to_deg, area_inner_m          optional: somewhere in this circle or sector

Times are aware datetimes, ISO 8601 text, whole microseconds since 1970, or datetime64. A datetime64 has no zone of its
own, in numpy as in pandas: give `zone`. None and NaN mean that the report does not say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from keepclear.geo.earth import E7
from keepclear.geo.shapes import Circle, Sector, Shape
from keepclear.geo.volumes import DATUMS
from keepclear.ground.errors import Refused
from keepclear.ground.instants import EARLIEST_US, EPOCH, LATEST_US, instant_of, localised, parse_instant, zone_named
from keepclear.tracks import claims
from keepclear.tracks.builder import CLOCK_SKEW_US_MAX, ERROR_M_MAX, HEIGHT_M_RANGE, SPEED_MPS_MAX, BatchBuilder
from keepclear.tracks.observations import NO_AREA, NO_CLAIM, UNKNOWN, Claim, Observations

NEEDED = ("subject", "seen_at", "lat", "lon")
# column -> least and greatest value, and how many of the stored unit make one
MEASURES = {
    "error_m": (0.0, ERROR_M_MAX, 1000),
    "height_m": (*HEIGHT_M_RANGE, 1000),
    "speed_mps": (0.0, SPEED_MPS_MAX, 1000),
    "course_deg": (0.0, 360.0, 100),
}
_AREA_COLUMNS = ("area_m", "area_from_deg", "area_to_deg", "area_inner_m")

Column = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def observations_of(table: Any, *, zone: str | None = None) -> Observations:
    """The reports of a table, in its order; `zone` is that of times which have none.

    `table` answers `name in table` and `table[name]`: a dict of columns, or a pandas DataFrame. Raises `Refused` whose
    `where` is "row 17, column lat"."""
    for name in NEEDED:
        if name not in table:
            mend = "A table needs subject, seen_at, lat and lon."
            raise Refused("table.missing", "The table has no such column", value=name, mend=mend)
    count = _common_length(table)
    seen_at_us, unseen = _instants_us(table["seen_at"], "seen_at", zone)
    for row in np.flatnonzero(unseen)[:1]:
        raise Refused("seen_at.empty", "The seen_at is empty", mend="Leave the row out.", where=_place(row, "seen_at"))
    known_at_us, unknown = (
        _instants_us(table["known_at"], "known_at", zone) if "known_at" in table else (seen_at_us, unseen)
    )
    known_at_us = np.where(unknown, seen_at_us, known_at_us)
    lat, lon = (_numbers(table[name], name) for name in ("lat", "lon"))
    measures = {name: _numbers(table[name], name) for name in MEASURES if name in table}
    subjects, subject = _numbered(table["subject"], "subject")
    sources, source = (
        _numbered(table["source"], "source") if "source" in table else ({"": 0}, np.zeros(count, np.int32))
    )
    datums, datum = _numbered(table["datum"], "datum") if "datum" in table else ({"": 0}, np.zeros(count, np.int32))

    suspect = ~(np.abs(lat) <= 90.0) | ~(np.abs(lon) <= 180.0)
    suspect |= (known_at_us < EARLIEST_US) | (known_at_us >= LATEST_US)
    suspect |= (seen_at_us < EARLIEST_US) | (seen_at_us > known_at_us + CLOCK_SKEW_US_MAX)
    for name, numbers in measures.items():
        suspect |= (numbers < MEASURES[name][0]) | (numbers > MEASURES[name][1])
    names, datum_names = list(subjects), [text or DATUMS[0] for text in datums]
    for row in (*np.flatnonzero(suspect)[:1], *_first_rows(subject, len(names)), *_first_rows(datum, len(datum_names))):
        stated = {name: float(numbers[row]) for name, numbers in measures.items() if not np.isnan(numbers[row])}
        _judge(
            row,
            subject=names[subject[row]],
            seen_at_us=int(seen_at_us[row]),
            known_at_us=int(known_at_us[row]),
            lat=float(lat[row]),
            lon=float(lon[row]),
            datum=datum_names[datum[row]],
            **stated,
        )
    area_table, area = _areas(table, lat, lon)
    claim_table, claim = _claims(table, count)
    stored = {
        name: np.full(count, UNKNOWN, np.int32) if name not in measures else _stored(measures[name], name)
        for name in MEASURES
    }
    return Observations(
        subjects=tuple(names),
        sources=tuple(sources),
        areas=area_table,
        claims=claim_table,
        feeds=("",) if count else (),
        subject=subject,
        source=source,
        seen_at_us=seen_at_us,
        known_at_us=known_at_us,
        lat_e7=np.rint(lat * E7).astype(np.int32),
        lon_e7=np.rint(lon * E7).astype(np.int32),
        error_mm=stored["error_m"],
        height_mm=stored["height_m"],
        datum=np.array([DATUMS.index(name) for name in datum_names], np.int8)[datum]
        if count
        else datum.astype(np.int8),
        speed_mmps=stored["speed_mps"],
        course_cdeg=stored["course_deg"],
        area=area,
        claim=claim,
        feed=np.zeros(count, np.int32),
        line=np.zeros(count, np.int32),
    )


def _place(row: int | np.intp, column: str) -> str:
    return f"row {row}, column {column}"


def _common_length(table: Any) -> int:
    optional = (*MEASURES, *claims.FIELDS, *_AREA_COLUMNS, "known_at", "source", "datum")
    lengths = {name: len(table[name]) for name in (*NEEDED, *optional) if name in table}
    for name, length in lengths.items():
        if length != lengths["subject"]:
            what = f"The column {name} has {length} rows and subject has {lengths['subject']}"
            raise Refused("table.lengths", what, mend="Give columns of one length.")
    return lengths["subject"]


def _judge(row: int | np.intp, **report: Any) -> None:
    """Lets the builder say what is wrong with a row, if something is."""
    try:
        BatchBuilder().add(**report)
    except Refused as refused:
        refused.where = _place(row, refused.where)
        raise


def _first_rows(numbers: Column, count: int) -> list[int]:
    """The first row of each entry of a table."""
    _, rows = np.unique(numbers, return_index=True)
    assert len(rows) <= count
    return [int(row) for row in rows]


def _cells(column: Any) -> list[Any]:
    """The column as Python values, None where a pandas column says that there is none."""
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    if hasattr(column, "isna"):
        return [None if missing else value for value, missing in zip(values, column.isna(), strict=True)]
    return values


def _numbered(column: Any, name: str) -> tuple[dict[str, int], Column]:
    """Each text once with its number, and the number of each row."""
    table: dict[str, int] = {}
    known: dict[Hashable, int] = {}
    numbers = np.empty(len(column), np.int32)
    for row, value in enumerate(_cells(column)):
        number = known.get(value) if isinstance(value, str) else None
        if number is None:
            number = table.setdefault(_at(row, claims.text_of, value, name), len(table))
            if isinstance(value, str):
                known[value] = number
        numbers[row] = number
    return table, numbers


def _at(row: int, read: Callable[..., Any], *values: Any) -> Any:
    """What `read` makes of a value; its refusal gets the row."""
    try:
        return read(*values)
    except Refused as refused:
        refused.where = _place(row, refused.where)
        raise


def _numbers(column: Any, name: str) -> Floats:
    """Float64, NaN where the report does not say. Infinity and text are refused."""
    array = np.asarray(column) if hasattr(column, "dtype") else np.array([], object)
    if array.dtype.kind not in "fiu":
        array = np.array([_at(row, _number, value, name) for row, value in enumerate(_cells(column))], np.float64)
    numbers = array.astype(np.float64)
    for row in np.flatnonzero(np.isinf(numbers))[:1]:
        raise _no_number(numbers[row], name).at(_place(row, ""))
    return numbers


def _number(value: object, name: str) -> float:
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise _no_number(value, name)
    return float(value)


def _no_number(value: object, name: str) -> Refused:
    mend = "Give numbers; None or NaN where it is not known."
    return Refused("number.unreadable", "This is not a number", value=value, mend=mend, where=name)


def _stored(numbers: Floats, name: str) -> Column:
    scaled = np.where(np.isnan(numbers), 0.0, numbers % 360.0 if name == "course_deg" else numbers) * MEASURES[name][2]
    return np.where(np.isnan(numbers), UNKNOWN, np.rint(scaled)).astype(np.int32)


def _instants_us(column: Any, name: str, zone: str | None) -> tuple[Column, npt.NDArray[np.bool_]]:
    """Microseconds UTC, and where there is none."""
    if getattr(getattr(column, "dt", None), "tz", None) is not None:
        column, zone = column.dt.tz_convert("UTC").dt.tz_localize(None), "UTC"
    array = np.asarray(column)
    if array.dtype.kind == "M":
        return _of_datetime64(array, name, zone)
    if array.dtype.kind in "iu":
        for row in np.flatnonzero((array < EARLIEST_US) | (array >= LATEST_US))[:1]:
            raise _not_since_1970(int(array[row]), name).at(_place(row, ""))
        return array.astype(np.int64), np.zeros(len(array), bool)
    cells = _cells(column)
    missing = np.array([value is None for value in cells], bool)
    return np.array([_at(row, _instant_us, value, name, zone) for row, value in enumerate(cells)], np.int64), missing


def _of_datetime64(array: Column, name: str, zone: str | None) -> tuple[Column, npt.NDArray[np.bool_]]:
    missing = np.isnat(array)
    if zone is None and not missing.all():
        row = int(np.flatnonzero(~missing)[0])
        raise _no_zone(array[row], name).at(_place(row, ""))
    whole = np.where(missing, np.datetime64(0, "us"), array.astype("datetime64[us]"))
    if zone is None or zone_named(zone) is UTC:
        return whole.astype(np.int64), missing
    moments = [EPOCH.replace(tzinfo=None) + timedelta(microseconds=int(us)) for us in whole.astype(np.int64)]
    return np.array(
        [_at(row, _instant_us, moment, name, zone) for row, moment in enumerate(moments)], np.int64
    ), missing


def _instant_us(value: object, name: str, zone: str | None) -> int:
    if value is None:
        return 0
    try:
        if isinstance(value, str):
            return parse_instant(value, zone).us
        if isinstance(value, datetime):
            if value.tzinfo is not None:
                return instant_of(value, spoken="", value=value).us
            if zone is None:
                raise _no_zone(value, "")
            return localised(value, zone_named(zone), zone, value).us
        if isinstance(value, int) and not isinstance(value, bool):
            if not EARLIEST_US <= value < LATEST_US:
                raise _not_since_1970(value, "")
            return value
    except Refused as refused:
        refused.where = name
        raise
    mend = "Give aware datetimes, ISO 8601 text, datetime64, or whole microseconds."
    raise Refused("time.unreadable", "This is not a time", value=value, mend=mend, where=name)


def _not_since_1970(value: int, name: str) -> Refused:
    what = "As microseconds since 1970 this is not between 1950 and 2199"
    mend = "Whole numbers count microseconds; multiply seconds by 1,000,000."
    return Refused("time.out_of_range", what, value=value, mend=mend, where=name)


def _no_zone(value: object, name: str) -> Refused:
    mend = 'Give zone="UTC" if that is what they are in, or make them aware of their zone.'
    return Refused("time.no_zone", "The times have no zone", value=str(value), mend=mend, where=name)


def _claims(table: Any, count: int) -> tuple[tuple[Claim, ...], Column]:
    names = [name for name in claims.FIELDS if name in table]
    if not names:
        return ((NO_CLAIM,) if count else ()), np.zeros(count, np.int32)
    numbers: dict[Claim, int] = {}
    said: dict[tuple[Any, ...], int] = {}
    claim = np.empty(count, np.int32)
    for row, values in enumerate(zip(*(_cells(table[name]) for name in names), strict=True)):
        if values not in said:
            stated = {
                name: None if isinstance(value, float) and math.isnan(value) else value
                for name, value in zip(names, values, strict=True)
            }
            said[values] = numbers.setdefault(_at(row, claims.claim_of, stated), len(numbers))
        claim[row] = said[values]
    return tuple(numbers), claim


def _areas(table: Any, lat: Floats, lon: Floats) -> tuple[tuple[Shape, ...], Column]:
    area = np.full(len(lat), NO_AREA, np.int32)
    if "area_m" not in table:
        return (), area
    columns: Mapping[str, Floats] = {name: _numbers(table[name], name) for name in _AREA_COLUMNS if name in table}
    shapes: dict[Shape, int] = {}
    for row in np.flatnonzero(~np.isnan(columns["area_m"])).tolist():
        of_row = {name: float(numbers[row]) for name, numbers in columns.items() if not np.isnan(numbers[row])}
        area[row] = shapes.setdefault(_at(row, _area, float(lat[row]), float(lon[row]), of_row), len(shapes))
    return tuple(shapes), area


def _area(lat: float, lon: float, stated: Mapping[str, float]) -> Shape:
    from_deg, to_deg, inner_m = (stated.get(name) for name in _AREA_COLUMNS[1:])
    try:
        if from_deg is None and to_deg is None and inner_m is None:
            return Circle(lat, lon, stated["area_m"])
        return Sector(lat, lon, stated["area_m"], from_deg or 0.0, 360.0 if to_deg is None else to_deg, inner_m or 0.0)
    except Refused as refused:
        refused.where = "area_m"
        raise
