"""How large is a world of coastlines and borders that fits beside the code, and how far off is its coast?

    python design/basemap.py world-atlas-2.0.2.tgz

Reads the npm package world-atlas 2.0.2 (Natural Earth as TopoJSON), writes
src/keepclear/render/basemap/world.i4.gz, and prints the numbers behind the choice of 1:50m.
In TopoJSON a line that two countries share is stored once, so an arc used once is
coast and an arc used twice is border.
"""

from __future__ import annotations

import gzip
import json
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

EXTRACT = Path(__file__).parent.parent / "src/keepclear/render/basemap/world.i4.gz"
FORMAT = 1
STEPS_PER_DEGREE = 1000
TOLERANCES_DEG = (0.0, 0.002, 0.005, 0.01)
SIZE_MAX_BYTES = 400_000
KM_PER_DEGREE = 111.2
SOUTHERNMOST_COAST_DEG = -89.9
COAST, BORDER = 0, 1

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


class Atlas:
    """One TopoJSON file: its arcs in degrees (lon, lat), how often each is used, and the rings of the land."""

    def __init__(self, topology: dict[str, Any]) -> None:
        scale, offset = (np.array(topology["transform"][k]) for k in ("scale", "translate"))
        arcs: list[Floats] = [np.cumsum(np.array(a), axis=0) * scale + offset for a in topology["arcs"]]
        # Stitching Antarctica across 180 degrees left a tiny ring around the pole as its "hole": not a coast.
        kept = [i for i, arc in enumerate(arcs) if arc[:, 1].max() > SOUTHERNMOST_COAST_DEG]
        place = {old: new for new, old in enumerate(kept)}
        self.arcs = [arcs[i] for i in kept]
        self.land = [
            [[place[r] if r >= 0 else ~place[~r] for r in ring] for ring in polygon if arc_of(ring[0]) in place]
            for shape in topology["objects"]["land"]["geometries"]
            for polygon in polygons(shape)
        ]
        self.uses = Counter(
            place[arc_of(ref)]
            for country in topology["objects"]["countries"]["geometries"]
            for polygon in polygons(country)
            for ring in polygon
            for ref in ring
            if arc_of(ref) in place
        )

    def kinds(self) -> list[int]:
        return [BORDER if self.uses[i] > 1 else COAST for i in range(len(self.arcs))]


def arc_of(ref: int) -> int:
    """The arc meant by a reference; ~i means arc i run backwards."""
    return ref if ref >= 0 else ~ref


def polygons(shape: dict[str, Any]) -> Iterator[list[list[int]]]:
    if shape["type"] == "Polygon":
        yield shape["arcs"]
    elif shape["type"] == "MultiPolygon":
        yield from shape["arcs"]


def in_steps(arc: Floats, tolerance_deg: float) -> Ints:
    """Whole steps, without points that fall together; the two ends always stay, so that rings still close."""
    if tolerance_deg and len(arc) > 2:
        arc = shapely.get_coordinates(shapely.simplify(shapely.linestrings(arc), tolerance_deg))
    steps = np.round(arc * STEPS_PER_DEGREE).astype(np.int32)
    moved = np.any(np.diff(steps, axis=0) != 0, axis=1)
    kept = np.concatenate([[True], moved[:-1], [True]])
    return np.asarray(steps[kept], dtype=np.int32)


def encoded(atlas: Atlas, tolerance_deg: float) -> bytes:
    """The extract, before compression: little-endian int32 throughout; see README.md beside it for the columns."""
    arcs = [in_steps(arc, tolerance_deg) for arc in atlas.arcs]
    rings = [(int(k > 0), ring) for polygon in atlas.land for k, ring in enumerate(polygon)]
    refs = [ref for _, ring in rings for ref in ring]
    deltas = np.vstack([np.vstack([arc[:1], np.diff(arc, axis=0)]) for arc in arcs])
    columns = [
        [FORMAT, STEPS_PER_DEGREE, len(arcs), len(rings), len(refs)],
        atlas.kinds(),
        [len(arc) for arc in arcs],
        [hole for hole, _ in rings],
        [len(ring) for _, ring in rings],
        refs,
        deltas[:, 1],
        deltas[:, 0],
    ]
    return np.concatenate([np.asarray(c) for c in columns]).astype("<i4").tobytes()


def coast_error_km(coarse: Atlas, fine: Atlas) -> Floats:
    """From each coast point of `coarse` to the nearest coast of `fine`, between 60 S and 60 N."""
    lines = [shapely.LineString(a) for a, kind in zip(fine.arcs, fine.kinds(), strict=True) if kind == COAST]
    tree = shapely.STRtree(lines)
    points = np.vstack([a for a, kind in zip(coarse.arcs, coarse.kinds(), strict=True) if kind == COAST])
    points = points[np.abs(points[:, 1]) < 60][::10]
    (own, _), gap_deg = tree.query_nearest(shapely.points(points), return_distance=True, all_matches=False)
    return np.asarray(gap_deg * np.cos(np.radians(points[own, 1])) * KM_PER_DEGREE)


def read(package: Path, scale: str) -> Atlas:
    with tarfile.open(package) as tar:
        member = tar.extractfile(f"package/countries-{scale}.json")
        assert member is not None
        return Atlas(json.load(member))


def main() -> None:
    package = Path(sys.argv[1])
    chosen, finer = read(package, "50m"), read(package, "10m")
    print("scale  tolerance/deg  arcs   points    bytes")
    for name, atlas in (("50m", chosen), ("10m", finer)):
        for tolerance in TOLERANCES_DEG:
            plain = encoded(atlas, tolerance)
            size = len(gzip.compress(plain, 9, mtime=0))
            points = sum(len(in_steps(a, tolerance)) for a in atlas.arcs)
            print(f"{name}    {tolerance:<13}  {len(atlas.arcs):<5}  {points:<8}  {size}")
    error_km = coast_error_km(chosen, finer)
    half, most = np.percentile(error_km, [50, 95])
    borders = sum(chosen.kinds())

    EXTRACT.parent.mkdir(parents=True, exist_ok=True)
    EXTRACT.write_bytes(gzip.compress(encoded(chosen, 0.0), 9, mtime=0))
    size = EXTRACT.stat().st_size
    assert size < SIZE_MAX_BYTES
    print(
        f"\n1:50m without thinning takes {size} bytes ({len(chosen.arcs) - borders} coast and {borders} border arcs);"
        f"\n1:10m stays above {SIZE_MAX_BYTES} bytes even at the coarsest tolerance tried. So 1:50m, tolerance 0."
        f"\nIts coast lies within {half:.1f} km of the 1:10m coast for half of its points, {most:.1f} km for 95 %."
    )


if __name__ == "__main__":
    main()
