"""A terminal as a grid of small dots, two across and four down in each cell: Unicode braille, or plain ASCII.

Dots are about square, so a `View` of twice the columns and four times the rows keeps its proportions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from keepclear.geo.earth import Floats
from keepclear.render.lettering import columns

DOTS_ACROSS, DOTS_DOWN = 2, 4
_BRAILLE = 0x2800
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # Unicode 15, table 21-2
_RESET = "\x1b[0m"

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layer:
    """How one sort of line looks: its ASCII sign, its SGR colour. One with a `quiet` sign gives way to all others."""

    ascii_sign: str
    sgr: str
    quiet: str = ""


@dataclass(slots=True)
class Dots:
    """Layers are drawn in the order in which they were first used; the last one gives a shared cell its colour."""

    width: int
    height: int
    _dots: dict[Layer, Bools] = field(default_factory=dict)
    _text: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    def stroke(self, layer: Layer, xy: Floats, gap_dots: float = 0.0) -> None:
        """A line through points in dots; with a gap, single dots that far apart."""
        lengths = np.hypot(*np.diff(xy, axis=0).T)
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        at = np.arange(0.0, along[-1] + 1e-9, gap_dots or 0.5)
        self.spots(layer, np.column_stack([np.interp(at, along, xy[:, 0]), np.interp(at, along, xy[:, 1])]))

    def spots(self, layer: Layer, xy: Floats) -> None:
        grid = self._dots.setdefault(layer, np.zeros((self.height * DOTS_DOWN, self.width * DOTS_ACROSS), dtype=bool))
        column, row = np.floor(xy).astype(int).T
        within = (column >= 0) & (row >= 0) & (column < grid.shape[1]) & (row < grid.shape[0])
        grid[row[within], column[within]] = True

    def write(self, row: int, column: int, text: str, sgr: str = "") -> None:
        """Over whatever lies there. A sign two columns wide takes the next cell too."""
        for ch in text:
            wide = columns(ch)
            if wide == 0:
                before = (row, column - 1)
                if before in self._text:
                    self._text[before] = (self._text[before][0] + ch, sgr)
                continue
            self._text[row, column] = (ch, sgr)
            if wide == 2:
                self._text[row, column + 1] = ("", sgr)
            column += wide

    def lines(self, colour: bool, ascii_only: bool) -> list[str]:
        cells = {layer: self._cell_bits(dots) for layer, dots in self._dots.items()}
        return [
            "".join(self._cell(row, column, cells, colour, ascii_only) for column in range(self.width))
            for row in range(self.height)
        ]

    def _cell_bits(self, dots: Bools) -> npt.NDArray[np.int64]:
        split = dots.reshape(self.height, DOTS_DOWN, self.width, DOTS_ACROSS)
        return np.asarray(np.einsum("rdca,da->rc", split.astype(np.int64), _BITS))

    def _cell(
        self, row: int, column: int, cells: dict[Layer, npt.NDArray[np.int64]], colour: bool, ascii_only: bool
    ) -> str:
        sign, sgr = " ", ""
        if (row, column) in self._text:
            sign, sgr = self._text[row, column]
        else:
            here = [layer for layer, bits in cells.items() if bits[row, column]]
            loud = [layer for layer in here if not layer.quiet]
            if loud:
                bits = int(np.bitwise_or.reduce([cells[layer][row, column] for layer in loud]))
                sign, sgr = (loud[-1].ascii_sign if ascii_only else chr(_BRAILLE + bits)), loud[-1].sgr
            elif here:
                sign, sgr = (here[-1].ascii_sign if ascii_only else here[-1].quiet), here[-1].sgr
        return f"\x1b[{sgr}m{sign}{_RESET}" if colour and sgr and sign else sign
