"""Columns of whole numbers as bytes: each the least value and what lies above it, in the fewest bytes. See docs/spec/packed.md.

Of each column: rows (uint32), least (int64), width (uint8: 0, 1, 2, 4 or 8), then the rows less the least value. Little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from keepclear.ground.errors import Refused

_HEAD = struct.Struct("<IqB")
_WIDTHS = (0, 1, 2, 4, 8)

Ints = npt.NDArray[np.int64]


def column_bytes(values: npt.ArrayLike) -> bytes:
    """One column; the only bytes that stand for it."""
    column = np.ascontiguousarray(values, np.int64)
    if not len(column):
        return _HEAD.pack(0, 0, 0)
    least = int(column.min())
    above = column.view(np.uint64) - np.uint64(least % 2**64)
    width = _narrowest(int(above.max()))
    return _HEAD.pack(len(column), least, width) + (above.astype(f"<u{width}").tobytes() if width else b"")


def _narrowest(high: int) -> int:
    return next(width for width in _WIDTHS if high < 256**width)


class Columns:
    """Reads columns one after the other; raises `Refused` for what `column_bytes` would not have written."""

    def __init__(self, packed: bytes, at: int) -> None:
        self._packed = packed
        self._at = at

    def next(self, name: str, low: int = -(2**63), high: int = 2**63 - 1, rows: int | None = None) -> Ints:
        """The next column; all its values must be from `low` to `high`, and be so many, where that is given."""
        start = self._at
        if len(self._packed) - start < _HEAD.size:
            raise _no_column("The bytes end too soon", name, start)
        count, least, width = _HEAD.unpack_from(self._packed, start)
        start += _HEAD.size
        # No more rows than bytes, so that few bytes cannot ask for many rows.
        if width not in _WIDTHS or count > len(self._packed) or len(self._packed) - start < count * width:
            raise _no_column("The column is longer than the bytes", name, start)
        if rows is not None and count != rows:
            raise _no_column(f"The column has not {rows} rows", name, start)
        self._at = start + count * width
        above = np.zeros(count, np.uint64)
        if width:
            above[:] = np.frombuffer(self._packed, f"<u{width}", count, start)
        lowest, most = (int(above.min()), int(above.max())) if count else (0, 0)
        if lowest or _narrowest(most) != width or (not count and least) or least + most >= 2**63:
            raise _no_column("The column is not written as it must be", name, start)
        if count and not low <= least <= least + most <= high:
            raise _no_column("A value is outside its limits", name, start)
        return (above + np.uint64(least % 2**64)).view(np.int64)

    def several(self, names: Iterable[tuple[str, int, int]], rows: int | None = None) -> list[Ints]:
        """Columns of one length, each with its limits."""
        found: list[Ints] = []
        for name, low, high in names:
            found.append(self.next(name, low, high, rows if not found else len(found[0])))
        return found

    def end(self) -> None:
        """Raises `Refused` if anything is left."""
        if self._at != len(self._packed):
            raise _no_column("There is more behind the last column", "", self._at)


def joined(columns: Sequence[npt.ArrayLike]) -> bytes:
    """Several columns, one behind the other."""
    return b"".join(map(column_bytes, columns))


def _no_column(what: str, name: str, at: int) -> Refused:
    return Refused("packed.column", what, value=name, where=f"byte {at}")
