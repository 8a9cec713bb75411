"""What do the cells of one tile look like, with a circle and a polygon over it?

    python design/kernel_picture.py

Builds the real index, asks it about every cell of the tile, and writes docs/pictures/kernel-cells.svg. Prints how many
cells were found to be of each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import cos, radians
from pathlib import Path

from keepclear.geo.cells import COLUMNS, TILE_DEG, TILES_PER_DEGREE, Cells, crossing, locate, whole
from keepclear.geo.index import ZoneIndex
from keepclear.geo.shapes import Circle, Polygon, Shape

PICTURE = Path(__file__).parent.parent / "docs/pictures/kernel-cells.svg"
SOUTH, WEST = 46.0, 8.0
RING = (
    (46.03, 8.05), (46.02, 8.31), (46.10, 8.46), (46.22, 8.42), (46.40, 8.47), (46.43, 8.40), (46.26, 8.36),
    (46.15, 8.37), (46.11, 8.28), (46.14, 8.08), (46.03, 8.05),
)  # fmt: skip
# The polygon matters up to 500 metres from its edge, the circle not beyond it.
ZONES: list[tuple[Shape, float]] = [(Circle(46.32, 8.18, 12_500.0), 0.0), (Polygon(((RING,),)), 500.0)]
HEIGHT = 520.0
COLOURS = {"outside": "#f4f4f0", "inside": "#9dc3e0", "crossing": "#e8b06a"}
WORDS = {
    "outside": "no zone: one place",
    "inside": "whole in a zone: one place",
    "crossing": "an edge within reach: an entry",
}


def main() -> None:
    """Draws and counts."""
    index = ZoneIndex(ZONES)
    code = int(
        index.cells.tile[int((SOUTH + 90.0) * TILES_PER_DEGREE) * COLUMNS + int((WEST + 180.0) * TILES_PER_DEGREE), 0]
    )
    side = 1 << (code & 7)
    kinds = {(row, column): kind_of(index.cells, side, row, column) for row in range(side) for column in range(side)}
    PICTURE.write_text("\n".join(drawn(side, kinds)) + "\n", encoding="utf-8")
    print(f"{side} by {side} cells: {dict(Counter(kinds.values()))}")


def kind_of(cells: Cells, side: int, row: int, column: int) -> str:
    """What a position in the middle of the cell meets."""
    width = TILE_DEG / side
    place = locate(cells, SOUTH + (row + 0.5) * width, WEST + (column + 0.5) * width)
    first_entry, last_entry = crossing(cells, place)
    first, last = whole(cells, place)
    return "crossing" if first_entry < last_entry else "inside" if first < last else "outside"


def drawn(side: int, kinds: dict[tuple[int, int], str]) -> Iterator[str]:
    """The lines of the picture, north up and to scale."""
    across = HEIGHT * cos(radians(SOUTH + TILE_DEG / 2))
    cell_width, cell_height = across / side, HEIGHT / side
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-6 -6 {across + 12:.0f} {HEIGHT + 72:.0f}" font-family="sans-serif">'
    yield "<title>The cells of a tile under a circle and a polygon</title>"
    yield f'<rect width="{across:.1f}" height="{HEIGHT:.1f}" fill="{COLOURS["outside"]}"/>'
    for kind in ("inside", "crossing"):
        steps = "".join(
            f"M{column * cell_width:.2f},{HEIGHT - (row + 1) * cell_height:.2f}h{cell_width:.2f}v{cell_height:.2f}h-{cell_width:.2f}z"
            for (row, column), found in kinds.items()
            if found == kind
        )
        yield f'<path fill="{COLOURS[kind]}" d="{steps}"/>'
    rules = "".join(
        f"M{k * cell_width:.2f},0V{HEIGHT:.1f}M0,{k * cell_height:.2f}H{across:.1f}" for k in range(side + 1)
    )
    yield f'<path stroke="#fff" stroke-width="0.4" fill="none" d="{rules}"/>'
    yield f'<clipPath id="tile"><rect width="{across:.1f}" height="{HEIGHT:.1f}"/></clipPath>'
    for shape, _ in ZONES:
        for lat, lon in shape.outline():
            points = " ".join(
                f"{(x - WEST) / TILE_DEG * across:.1f},{HEIGHT - (y - SOUTH) / TILE_DEG * HEIGHT:.1f}"
                for y, x in zip(lat, lon, strict=True)
            )
            yield f'<polygon clip-path="url(#tile)" fill="none" stroke="#222" stroke-width="1.4" points="{points}"/>'
    for line, (kind, words) in enumerate(WORDS.items()):
        top = HEIGHT + 10 + 18 * line
        yield f'<rect x="0" y="{top}" width="13" height="13" fill="{COLOURS[kind]}" stroke="#888" stroke-width="0.5"/>'
        yield f'<text x="20" y="{top + 11}" font-size="12" fill="#222">{words}</text>'
    yield "</svg>"


if __name__ == "__main__":
    main()
