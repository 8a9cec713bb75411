"""A position in every notation, with as many digits as its accuracy deserves.

The accuracy that digits imply is half the diagonal of the cell of the last digit: 0.72 m for five decimals of a
degree at 33 N, 0.71 m for ten digits of MGRS. Writing takes the fewest digits whose cell fits the accuracy, so a
position that was roughly known does not come back with the digits of one that was surveyed.
"""

from __future__ import annotations

import math

from keepclear.geo import grids
from keepclear.geo.angles import LETTERS, Axis, Notation
from keepclear.geo.earth import ECCENTRICITY_SQUARED, SEMI_MAJOR_M


def notations(lat: float, lon: float, accuracy_m: float) -> dict[Notation, str]:
    """The position in every notation that has one there, each with the fewest digits whose cell fits the accuracy.

    What is read back from any of them lies within `accuracy_m`, or within half the diagonal of the finest cell of
    that notation where that is larger: 1 cm for decimal degrees, 0.7 m for MGRS and UTM. Beyond 84 N and 80 S there is
    no UTM."""
    written = {
        Notation.DECIMAL: as_decimal(lat, lon, accuracy_m),
        Notation.DMS: as_dms(lat, lon, accuracy_m),
        Notation.DM: as_dm(lat, lon, accuracy_m),
        Notation.MGRS: grids.as_mgrs(lat, lon, accuracy_m),
    }
    utm = grids.as_utm(lat, lon, accuracy_m)
    return written if utm is None else {**written, Notation.UTM: utm}


def half_diagonal_m(lat: float, lat_cell_deg: float, lon_cell_deg: float) -> float:
    """Half the diagonal, in metres, of a cell of so many degrees centred at this latitude."""
    squared = 1 - ECCENTRICITY_SQUARED * math.sin(math.radians(lat)) ** 2
    north_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / squared**1.5 * math.radians(lat_cell_deg)
    east_m = SEMI_MAJOR_M / math.sqrt(squared) * math.cos(math.radians(lat)) * math.radians(lon_cell_deg)
    return math.hypot(north_m, east_m) / 2


# Positions are kept in ten-millionths of a degree.
_LAST_DIGIT_DEG = 1.5e-7
# How many parts and decimals each notation may be written with, coarsest first.
_DECIMAL_STEPS = [(1, decimals) for decimals in range(8)]
_DMS_STEPS = [(1, 0), (2, 0)] + [(3, decimals) for decimals in range(4)]
_DM_STEPS = [(1, 0)] + [(2, decimals) for decimals in range(6)]


def in_one_cell(lat: float, lon: float, other_lat: float, other_lon: float, accuracy_m: float) -> bool:
    """Whether two positions are one, written in cells whose half diagonal is `accuracy_m`: on each axis they lie within half a cell,
    while one wrong digit is a whole cell away. Cells are taken to span equal degrees; where they are squares of metres, far from
    the equator, a true pair may be told apart, and never a false one taken for one."""
    half_cell_deg = 1.01 * accuracy_m / half_diagonal_m(lat, 1.0, 1.0) / 2 + _LAST_DIGIT_DEG
    east_deg = abs((other_lon - lon + 180.0) % 360.0 - 180.0)
    return abs(other_lat - lat) <= half_cell_deg and east_deg <= half_cell_deg


def _fitting(lat: float, accuracy_m: float, steps: list[tuple[int, int]]) -> tuple[int, int]:
    for parts, decimals in steps:
        cell_deg = 10.0**-decimals / 60 ** (parts - 1)
        # A hair of slack, so that what was read from five decimals is written with five.
        if half_diagonal_m(lat, cell_deg, cell_deg) <= accuracy_m * 1.001:
            return parts, decimals
    return steps[-1]


def _written(degrees: float, axis: Axis, parts: int, decimals: int, marks: str) -> str:
    """Rounded as one whole number of last-digit steps first: 59.9999' becomes a degree, never 60'."""
    scale = 60 ** (parts - 1)
    steps = round(abs(degrees) * scale * 10**decimals)
    whole, fraction = divmod(steps, 10**decimals)
    numbers: list[int] = []
    for _ in range(parts - 1):
        whole, part = divmod(whole, 60)
        numbers.insert(0, part)
    pieces = [f"{whole:0{2 if axis == 'lat' else 3}d}"] + [f"{number:02d}" for number in numbers]
    if decimals:
        pieces[-1] += f".{fraction:0{decimals}d}"
    letter = LETTERS[axis][1 if degrees < 0 and steps else 0]
    if marks == "-":
        return "-".join(pieces) + letter
    return "".join(piece + mark for piece, mark in zip(pieces, marks, strict=False)) + letter


def _pair(lat: float, lon: float, parts: int, decimals: int, marks: str) -> str:
    return f"{_written(lat, 'lat', parts, decimals, marks)} {_written(lon, 'lon', parts, decimals, marks)}"


def as_decimal(lat: float, lon: float, accuracy_m: float) -> str:
    """`33.50583N 38.61778E`: letters, because letters cannot be swapped; no leading zeros."""
    _, decimals = _fitting(lat, accuracy_m, _DECIMAL_STEPS)
    north, east = round(lat, decimals), round(lon, decimals)
    return f"{abs(north):.{decimals}f}{'S' if north < 0 else 'N'} {abs(east):.{decimals}f}{'W' if east < 0 else 'E'}"


def as_dms(lat: float, lon: float, accuracy_m: float) -> str:
    """`33°30'21"N 038°37'04"E`."""
    parts, decimals = _fitting(lat, accuracy_m, _DMS_STEPS)
    return _pair(lat, lon, parts, decimals, "°'\"")


def as_dm(lat: float, lon: float, accuracy_m: float) -> str:
    """`33-30.35N 038-37.07E`, as the IMO manual writes it."""
    parts, decimals = _fitting(lat, accuracy_m, _DM_STEPS)
    return _pair(lat, lon, parts, decimals, "-")
