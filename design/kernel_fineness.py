"""How finely should a tile be split? What each number of bytes for a crossed cell costs and saves.

    python design/kernel_fineness.py

Builds the index for every setting, over zones of 1 to 60 km, and prints its size, its largest s, and what a position in one of the
zones' boxes meets.
"""

from __future__ import annotations

import numpy as np

SETTINGS = (11.0, 13.0, 18.0, 25.0, 43.0)
ZONES, POSITIONS = 4_000, 200_000


def main() -> None:
    """Prints a line for each setting."""
    for setting in SETTINGS:
        print(told(setting), flush=True)


def told(setting: float) -> str:
    """What the index is like at this setting."""
    from keepclear.geo import earth, tiling
    from keepclear.geo.cells import crossing, locate
    from keepclear.geo.index import ZoneIndex
    from keepclear.geo.shapes import Circle, Polygon, Shape

    tiling.SPEND_MIN = tiling.SPEND_MAX = setting
    rng = np.random.default_rng(1)
    centre_lat, centre_lon = rng.uniform(20, 55, ZONES), rng.uniform(-10, 50, ZONES)
    size_m = 10 ** rng.uniform(3, np.log10(60_000), ZONES)
    shapes: list[tuple[Shape, float]] = []
    for number in range(ZONES):
        lat, lon, radius_m = float(centre_lat[number]), float(centre_lon[number]), float(size_m[number])
        if number % 2:
            shapes.append((Circle(lat, lon, radius_m), 0.0))
            continue
        bearing = np.sort(rng.uniform(0, 360, 12) / 12 + 30.0 * np.arange(12))
        ring_lat, ring_lon = earth.step_along(lat, lon, bearing, radius_m * rng.uniform(0.6, 1.0, 12))
        ring = tuple(zip(ring_lat.tolist(), ring_lon.tolist(), strict=True))
        shapes.append((Polygon((((*ring, ring[0]),),), "lonlat"), 0.0))
    cells = ZoneIndex(shapes).cells
    near = rng.integers(ZONES, size=POSITIONS)
    thrown_lat, thrown_lon = earth.step_along(
        centre_lat[near], centre_lon[near], rng.uniform(0, 360, POSITIONS), 1.4 * size_m[near] * rng.random(POSITIONS)
    )
    entries = pieces = met = 0
    for at_lat, at_lon in zip(thrown_lat, thrown_lon, strict=True):
        first, last = crossing(cells, locate(cells, at_lat, at_lon))
        met += first < last
        entries += last - first
        pieces += int((cells.entry[first:last, 2] >> 10).sum())
    columns = (cells.cell, cells.head, cells.listed, cells.entry, cells.lonlat, cells.geodesic)
    finest = int((cells.tile[:, 0] & 7).max())
    return (
        f"{setting:4.0f} bytes: {sum(column.nbytes for column in columns) / 1e6:6.1f} MB, s up to {finest}, "
        f"{met / POSITIONS:.3f} of the positions meet an entry, {entries / POSITIONS:.3f} entries and "
        f"{pieces / POSITIONS:.3f} pieces each"
    )


if __name__ == "__main__":
    main()
