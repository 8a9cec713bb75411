"""Where labels go: first come, first placed, in boxes that never overlap and never leave the picture."""

from __future__ import annotations

from collections.abc import Iterable

Box = tuple[float, float, float, float]
"""left, top, right, bottom, with y down."""

_CELL = 48.0


class Placing:
    """The boxes taken so far, in a grid of cells so that ten thousand labels stay quick."""

    def __init__(self, frame: Box) -> None:
        self.frame = frame
        self._cells: dict[tuple[int, int], list[Box]] = {}

    def first_free(self, boxes: Iterable[Box]) -> Box | None:
        """Takes the first box that is free and returns it; None if no box is."""
        for box in boxes:
            if self._within(box) and self._free(box):
                self.take(box)
                return box
        return None

    def take(self, box: Box) -> None:
        for cell in _cells(box):
            self._cells.setdefault(cell, []).append(box)

    def _within(self, box: Box) -> bool:
        left, top, right, bottom = self.frame
        return box[0] >= left and box[1] >= top and box[2] <= right and box[3] <= bottom

    def _free(self, box: Box) -> bool:
        return not any(overlap(box, other) for cell in _cells(box) for other in self._cells.get(cell, ()))


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def around(x: float, y: float, width: float, height: float, gap: float) -> list[Box]:
    """Boxes beside a point, best first: right, left, above, below, the corners, then the same further out."""
    boxes = []
    for distance in (gap, 2.5 * gap):
        right, left = x + distance, x - distance - width
        above, below = y - distance - height, y + distance
        middle_x, middle_y = x - width / 2, y - height / 2
        corners = [
            (right, middle_y),
            (left, middle_y),
            (middle_x, above),
            (middle_x, below),
            (right, above),
            (right, below),
            (left, above),
            (left, below),
        ]
        boxes += [(bx, by, bx + width, by + height) for bx, by in corners]
    return boxes


def _cells(box: Box) -> list[tuple[int, int]]:
    left, top, right, bottom = (int(edge // _CELL) for edge in box)
    return [(column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]
