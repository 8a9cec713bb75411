"""The pieces of many lines in one table, so that a batch of points, each with a line of its own, is one search.

A line is added when it is first needed and stays. A piece takes 48 bytes here: its vertex, its links and its share of
the balls by which it is found. The tables are enlarged by half when they are full.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from keepclear.geo.boundary import Booleans, Boundary, Indexes
from keepclear.geo.earth import Floats
from keepclear.geo.feet import Links
from keepclear.geo.nearest import Search, ball_count, fill_balls, pieces_within
from keepclear.geo.seeing import seen_from

Numbers = npt.NDArray[np.intp]


class Pieces:
    """Lines by number, as `add` gave them out. Not to be asked or added to by two threads at once."""

    def __init__(self) -> None:
        self._vertex, self._ball = _Table((3,), np.float64), _Table((4,), np.float64)
        self._start, self._end, self._before, self._after = (_Table((), np.int32) for _ in range(4))
        self._lines = _Table((3,), np.int64)  # first piece, number of pieces, first ball

    def add(self, lines: Sequence[Boundary]) -> Numbers:
        """The numbers of these lines, counted on from those added before."""
        vertex = self._vertex.extend([line.vertex for line in lines])
        piece = self._start.extend([line.start + at for line, at in zip(lines, vertex, strict=True)])
        self._end.extend([line.end + at for line, at in zip(lines, vertex, strict=True)])
        self._before.extend([_shifted(line.before, at) for line, at in zip(lines, piece, strict=True)])
        self._after.extend([_shifted(line.after, at) for line, at in zip(lines, piece, strict=True)])
        ball = self._ball.extend([_balls(line) for line in lines])
        known = [len(line.start) for line in lines]
        return self._lines.extend([np.array([row]) for row in zip(piece, known, ball, strict=True)])

    def within(self, line: Numbers, lat: Floats, lon: Floats, reach_m: Floats) -> tuple[Numbers, Indexes, Floats]:
        """The pieces that come within reach of each point in its tangent plane: see `pieces_within`."""
        return pieces_within(seen_from(lat, lon), line, self.search, reach_m)

    @property
    def search(self) -> Search:
        """The lines added so far, for the kernels."""
        return Search(self._lines.rows, self._vertex.rows, self._start.rows, self._end.rows, self._ball.rows)

    @property
    def links(self) -> Links:
        """The pieces added so far, for the kernels."""
        return Links(self._vertex.rows, self._start.rows, self._end.rows, self._before.rows, self._after.rows)

    def tips(self, piece: Indexes) -> tuple[Booleans, Booleans]:
        """Whether pieces are the first, and the last, of an open line."""
        return self._before.rows[piece] < 0, self._after.rows[piece] < 0


class _Table:
    """Rows that are only ever added to."""

    def __init__(self, shape: tuple[int, ...], kind: npt.DTypeLike) -> None:
        self._room = np.empty((0, *shape), kind)
        self.rows = self._room

    def extend(self, parts: Sequence[npt.NDArray[np.generic]]) -> Numbers:
        """The row at which each part begins."""
        held = len(self.rows)
        begin = held + np.cumsum([0, *(len(part) for part in parts)])
        needed = int(begin[-1])
        if needed > len(self._room):
            self._room = np.empty((max(needed, held + held // 2), *self._room.shape[1:]), self._room.dtype)
            self._room[:held] = self.rows
        np.concatenate(parts, out=self._room[held:needed], casting="same_kind")
        self.rows = self._room[:needed]
        return begin[:-1]


def _balls(line: Boundary) -> Floats:
    ball = np.empty((ball_count(len(line.start)), 4))
    fill_balls(line.vertex, line.start, line.end, ball)
    return ball


def _shifted(link: Indexes, by: int) -> Indexes:
    return np.where(link < 0, -1, link + by)
