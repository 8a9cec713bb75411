"""One report at a time into a batch of columns: the only way in, and the place where a report is judged.

What passes here is never checked again. What does not is a `Refused` that names the fault; the caller knows
the line and the column.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from keepclear.geo.earth import E7
from keepclear.geo.shapes import Polygon, Shape
from keepclear.geo.volumes import DATUMS, UNKNOWN_MM
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import EARLIEST_US, LATEST_US, utc_text
from keepclear.tracks.observations import COLUMNS, NO_AREA, NO_CLAIM, UNKNOWN, Claim, Column, Observations

NAME_CHARS_MAX = 200
ERROR_M_MAX = 2_000_000.0
HEIGHT_M_RANGE = (-12_000.0, 1_000_000.0)
SPEED_MPS_MAX = 30_000.0
AREA_VERTICES_MAX = 500
ROOM_MIN = 64
LINE_MAX = 2**31 - 1
CLOCK_SKEW_US_MAX = 60_000_000


class BatchBuilder:
    """Collects reports and gives them out as one `Observations`.

    batches  how many have been given out
    """

    def __init__(self) -> None:
        self.batches = 0
        self._begin(room=ROOM_MIN)

    def _begin(self, *, room: int) -> None:
        self._count = 0
        self._columns: dict[str, Column] = {name: np.empty(room, kind) for name, kind in COLUMNS.items()}
        self._subjects: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._claims: dict[Claim, int] = {}
        self._areas: dict[Shape, int] = {}
        self._feeds: dict[str, int] = {}

    def __len__(self) -> int:
        return self._count

    def add(
        self,
        *,
        subject: str,
        seen_at_us: int,
        lat: float,
        lon: float,
        known_at_us: int | None = None,
        error_m: float | None = None,
        height_m: float | None = None,
        datum: str = "unknown",
        speed_mps: float | None = None,
        course_deg: float | None = None,
        source: str = "",
        area: Shape | None = None,
        claim: Claim = NO_CLAIM,
        feed: str = "",
        line: int = 0,
    ) -> None:
        """Takes one report, or refuses it and takes nothing. None means the report does not say.

        Degrees are rounded to 1e-7; `error_m` is one sigma. Without `known_at_us` it is known when it was seen."""
        known_at_us = seen_at_us if known_at_us is None else known_at_us
        _check_times(seen_at_us, known_at_us)
        row = {
            "subject": _number(self._subjects, subject_name(subject)),
            "source": _number(self._sources, source[:NAME_CHARS_MAX]),
            "seen_at_us": seen_at_us,
            "known_at_us": known_at_us,
            **_position_e7(lat, lon),
            "error_mm": UNKNOWN_MM if error_m is None else round(1000 * _within("error_m", error_m, 0.0, ERROR_M_MAX)),
            "height_mm": UNKNOWN_MM
            if height_m is None
            else round(1000 * _within("height_m", height_m, *HEIGHT_M_RANGE)),
            "datum": _datum(datum),
            "speed_mmps": UNKNOWN
            if speed_mps is None
            else round(1000 * _within("speed_mps", speed_mps, 0.0, SPEED_MPS_MAX)),
            "course_cdeg": UNKNOWN
            if course_deg is None
            else round(100 * (_within("course_deg", course_deg, 0.0, 360.0) % 360.0)),
            "area": NO_AREA if area is None else _number(self._areas, area_checked(area)),
            "claim": _number(self._claims, claim),
            "feed": _number(self._feeds, feed),
            "line": min(line, LINE_MAX),
        }
        for name, column in self.columns(1).items():
            column[self._count] = row[name]
        self._count += 1

    def newest(self) -> dict[str, int]:
        """What each column holds of the report taken last."""
        return {name: int(column[self._count - 1]) for name, column in self._columns.items()}

    def subject_numbers(self, names: Iterable[str]) -> list[int]:
        """The numbers that stand for these subjects in this batch; the names are such as `subject_name` gives."""
        numbers = self._subjects
        return [numbers.setdefault(name, len(numbers)) for name in names]

    def columns(self, more: int) -> dict[str, Column]:
        """The columns of `observations.COLUMNS`, with room for so many more reports.

        The next report belongs at [len(self)]. What is written there counts when `add_written` says so."""
        room = len(self._columns["subject"])
        if self._count + more > room:
            room = max(self._count + more, 2 * room)
            for name, column in self._columns.items():
                longer = self._columns[name] = np.empty(room, column.dtype)
                longer[: self._count] = column[: self._count]
        return self._columns

    def add_written(self, count: int) -> None:
        """Takes so many reports from the columns, which must be within the limits of this module.

        Their numbers of sources, claims and so on are such as `newest` and `subject_numbers` give."""
        self._count += count

    def build(self) -> Observations:
        """Everything taken so far; the builder is empty afterwards."""
        batch = Observations(
            subjects=tuple(self._subjects),
            sources=tuple(self._sources),
            areas=tuple(self._areas),
            claims=tuple(self._claims),
            feeds=tuple(self._feeds),
            **{name: column[: self._count] for name, column in self._columns.items()},
        )
        self.batches += 1
        self._begin(room=max(ROOM_MIN, self._count))
        return batch


def _number(table: dict[Any, int], item: Hashable) -> int:
    return table.setdefault(item, len(table))


def subject_name(text: str) -> str:
    """The name without blanks around it; raises `Refused` if there is none, or it is too long."""
    name = text.strip()
    if not name:
        mend = "Every report needs the name or number of its subject."
        raise Refused("subject.empty", "The subject is empty", mend=mend, where="subject")
    if len(name) > NAME_CHARS_MAX:
        what = f"The subject is longer than {NAME_CHARS_MAX} characters"
        raise Refused("subject.too_long", what, value=name, mend="Shorten it.", where="subject")
    return name


def _check_times(seen_at_us: int, known_at_us: int) -> None:
    for column, at_us in (("seen_at", seen_at_us), ("known_at", known_at_us)):
        if not EARLIEST_US <= at_us < LATEST_US:
            raise Refused(
                "time.out_of_range",
                "The year is not between 1950 and 2199",
                value=at_us,
                mend="Check the time format.",
                where=column,
            )
    if seen_at_us > known_at_us + CLOCK_SKEW_US_MAX:
        raise Refused(
            "time.seen_after_known",
            "The report was known more than a minute before it was seen",
            value=f"seen {utc_text(seen_at_us)}, known {utc_text(known_at_us)}",
            mend="Check the clocks and the zones of the two columns.",
            where="seen_at",
        )


def _position_e7(lat: float, lon: float) -> dict[str, int]:
    if lat == 91.0 or lon == 181.0:
        raise Refused(
            "position.not_available",
            "Latitude 91 and longitude 181 mean that the AIS sender had no position",
            value=(lat, lon),
            mend="Nothing to mend: there was no position.",
            where="lat",
        )
    for column, degrees, limit in (("lat", lat, 90.0), ("lon", lon, 180.0)):
        if not math.isfinite(degrees):
            raise Refused(
                "position.not_finite",
                f"The {column} is not a number",
                value=degrees,
                mend="Leave out reports without a position.",
                where=column,
            )
        if abs(degrees) > limit:
            swapped = (
                " Are latitude and longitude swapped?"
                if column == "lat" and abs(lat) <= 180.0 and abs(lon) <= 90.0
                else ""
            )
            raise Refused(
                f"position.{column}_range",
                f"The {column} is not between -{limit:g} and {limit:g}",
                value=degrees,
                mend=f"Give decimal degrees.{swapped}",
                where=column,
            )
    return {"lat_e7": round(lat * E7), "lon_e7": round(lon * E7)}


def area_checked(area: Shape) -> Shape:
    """The area, if a report may name it; raises `LimitExceeded` if it has too many vertices."""
    vertices = sum(len(ring) for part in area.parts for ring in part) if isinstance(area, Polygon) else 0
    if vertices > AREA_VERTICES_MAX:
        what = f"The area of a report has {vertices} vertices, more than {AREA_VERTICES_MAX}"
        raise LimitExceeded(
            "area.too_many_vertices", what, mend="Simplify it: a report is not that exact.", where="area"
        )
    return area


def _within(column: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise Refused(
            f"{column}.out_of_range",
            f"The {column} is not between {low:g} and {high:g}",
            value=value,
            mend="Leave it empty if it is not known.",
            where=column,
        )
    return value


def _datum(name: str) -> int:
    if name not in DATUMS:
        raise Refused(
            "height.datum",
            "The datum of the height is not known",
            value=name,
            mend='Write "W84", "MSL" or "AGL", or leave it empty.',
            where="datum",
        )
    return DATUMS.index(name)
