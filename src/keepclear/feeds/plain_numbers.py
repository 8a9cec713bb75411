"""Decimal numbers out of the bytes of a column, exactly as Python reads them, or not at all.

A number of at most 15 digits is a whole number below 2**53 divided by a power of ten not above 10**22. Both are
doubles, so that one division gives the double nearest to what is written (Clinger 1990), which is what float()
gives. Of more digits the number lies between two such doubles. Whatever is made of it by steps that never turn an
order round (scaling, rounding) is what both ends give, if they give the same; if not, the number is left to others.
"""

from __future__ import annotations

import numpy as np

from keepclear.geo.compiled import compiled
from keepclear.geo.volumes import UNKNOWN_MM
from keepclear.tracks.observations import Column

BLANK = UNKNOWN_MM

_POWER_MAX = 1e22
_ROOM_FOR_A_DIGIT = 2**53 // 10 - 1
_ZERO, _NINE, _PLUS, _MINUS, _BLANK_BYTE = b"09+- "


@compiled
def read_numbers(
    data: Column,
    starts: Column,
    cell: int,
    point: int,
    unit: float,
    scale: float,
    least: float,
    most: float,
    absent: tuple[float, float],
    out: Column,
    strange: Column,
    not_available: Column,
) -> None:
    """Whole numbers of cells data[starts[i, cell] : starts[i, cell + 1] - 1], BLANK where a cell is blank or its row strange.

    A number is `point` between digits, with a sign or without. Times `unit` it must lie from `least` to `most`; that
    times `scale` is rounded, halves to the even number. Anything else is marked in `strange`. One of the two `absent`
    is as good as blank, and marked in `not_available`."""
    for row in range(len(out)):
        out[row] = BLANK
        if strange[row]:
            continue
        start, stop = trimmed(data, starts[row, cell], starts[row, cell + 1] - 1)
        if start == stop:
            continue
        low, high = decimal(data, start, stop, point)
        if low == high and (low == absent[0] or low == absent[1]):
            not_available[row] = True
            continue
        least_whole = np.rint(low * unit * scale)
        most_whole = least_whole if low == high else np.rint(high * unit * scale)
        within = least <= low * unit and high * unit <= most
        nearly_absent = low <= absent[0] <= high or low <= absent[1] <= high
        if within and least_whole == most_whole and not nearly_absent:
            out[row] = np.int64(least_whole)
        else:
            strange[row] = True


@compiled
def decimal(data: Column, start: int, stop: int, point: int) -> tuple[float, float]:
    """The doubles between which the number data[start:stop] is read, mostly the same one twice.

    Sign, digits, `point`, digits; anything else, or too many digits before the point, is (nan, nan). data[stop] is
    there, and is no digit: something ends a cell."""
    at = start + (data[start] == _MINUS or data[start] == _PLUS)
    digits_from = at
    mantissa = 0
    while _ZERO <= data[at] <= _NINE and mantissa <= _ROOM_FOR_A_DIGIT:
        mantissa = 10 * mantissa + data[at] - _ZERO
        at += 1
    digits = at - digits_from
    cut = 0
    power = 1.0
    if data[at] == point:
        at += 1
        while _ZERO <= data[at] <= _NINE:
            if mantissa <= _ROOM_FOR_A_DIGIT and power < _POWER_MAX:
                mantissa = 10 * mantissa + data[at] - _ZERO
                power *= 10.0
            else:
                cut = 1
            at += 1
        digits = at - digits_from - 1
    low = mantissa / power
    high = (mantissa + 1) / power if cut else low
    if data[start] == _MINUS:
        low, high = -high, -low
    return (low, high) if at == stop and digits > 0 else (np.nan, np.nan)


@compiled
def trimmed(data: Column, start: int, stop: int) -> tuple[int, int]:
    """From where to where the cell data[start:stop] stands without the blanks around it."""
    while start < stop and data[start] == _BLANK_BYTE:
        start += 1
    while start < stop and data[stop - 1] == _BLANK_BYTE:
        stop -= 1
    return start, stop
