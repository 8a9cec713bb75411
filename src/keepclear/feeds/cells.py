"""Where the cells of delimited lines stand, in one pass over the bytes, for lines that can be split without reading.

Such a line has as many cells as the header, no quotes, no control characters and no bytes that are not UTF-8.
"""

from __future__ import annotations

from keepclear.geo.compiled import compiled
from keepclear.tracks.observations import Column

_RETURN, _LINE_FEED = b"\r\n"
_BLANK, _QUOTE, _COMMA, _DELETE = b' ",\x7f'
_ASCII = 128


@compiled
def find_cells(
    data: Column, at: int, end: int, delimiter: int, bytes_max: int, starts: Column, strange: Column
) -> tuple[int, int]:
    """Cell j of line i of data[at:end] is data[starts[i, j] : starts[i, j + 1] - 1]; as many as there is room
    for. Gives how many lines, and where the next one begins.

    data[end - 1] is a line feed. A line that cannot be split, or is longer than `bytes_max`, is marked in `strange`,
    and only starts[i, 0], where it begins, holds for it."""
    width = starts.shape[1] - 1
    line = 0
    while at < end and line < len(strange):
        first, cell = at, 0
        beyond_ascii = False
        starts[line, 0] = at
        while True:
            byte = data[at]
            while _COMMA < byte < _DELETE and byte != delimiter:  # letters, digits and what stands in numbers and times
                at += 1
                byte = data[at]
            at += 1
            if byte == delimiter:
                cell += 1
                if cell == width:
                    break
                starts[line, cell] = at
            elif byte < _BLANK or byte in (_QUOTE, _DELETE):
                break
            elif byte >= _ASCII:
                beyond_ascii = True
        starts[line, width] = at
        if byte == _RETURN and data[at] == _LINE_FEED:
            byte = data[at]
            at += 1
        strange[line] = byte != _LINE_FEED or cell + 1 != width or at - first > bytes_max
        while byte != _LINE_FEED:
            byte = data[at]
            at += 1
        if beyond_ascii and not _is_utf8(data, first, at):
            strange[line] = True
        line += 1
    return line, at


@compiled
def _is_utf8(data: Column, at: int, stop: int) -> bool:
    """RFC 3629: no halves of surrogate pairs, no longer form than needed; data[stop - 1] is a line feed."""
    good = True
    while good and at < stop:
        lead = data[at]
        at += 1
        low, high = 0x80, 0xBF
        more = 0
        if 0xC2 <= lead <= 0xDF:
            more = 1
        elif 0xE0 <= lead <= 0xEF:
            more = 2
            low, high = (0xA0 if lead == 0xE0 else 0x80), (0x9F if lead == 0xED else 0xBF)
        elif 0xF0 <= lead <= 0xF4:
            more = 3
            low, high = (0x90 if lead == 0xF0 else 0x80), (0x8F if lead == 0xF4 else 0xBF)
        else:
            good = lead < _ASCII
        for _ in range(more):
            good = good and low <= data[at] <= high
            low, high = 0x80, 0xBF
            at += good
    return good


@compiled
def leave_short_runs(strange: Column, least: int) -> None:
    """Marks what stands between two strange lines as well where it is fewer than `least` lines."""
    last = -1
    for line in range(len(strange)):
        if strange[line]:
            if last >= 0 and line - last <= least:
                strange[last:line] = True
            last = line
