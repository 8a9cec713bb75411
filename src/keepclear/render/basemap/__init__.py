"""Coastlines, land borders and land of the world at 1:50 million, without a network.

For recognising a place, not for measuring: README.md beside this file says how far off the coast is,
where it comes from, and that a drawn border is nobody's position here.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import shapely

from keepclear.geo.earth import MEAN_RADIUS_M, Floats

BORDER_NOTE = (
    "Coast and borders: Natural Earth 1:50m, for orientation only (coast up to 2 km off). "
    "Borders as drawn there; no position on any of them is taken."
)

Line = tuple[Floats, Floats]
"""Latitudes and longitudes in degrees; the longitudes run on without a jump and may pass 180."""

COAST_ERROR_M = 2_300.0
"""95 % of the coast points lie within this of the 1:10m coast; design/basemap.py measured it."""

_BORDER = 1
_HEADER_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Lines:
    coasts: tuple[Line, ...]
    borders: tuple[Line, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    arcs: npt.NDArray[np.object_]
    is_border: npt.NDArray[np.bool_]
    land: npt.NDArray[np.object_]


def lines_near(lat: float, lon: float, radius_m: float) -> Lines:
    """Coasts and borders, clipped to a box of latitude and longitude around the circle; always in the same order."""
    world = _world()
    return Lines(
        coasts=_clipped(world.arcs[~world.is_border], lat, lon, radius_m),
        borders=_clipped(world.arcs[world.is_border], lat, lon, radius_m),
    )


def land_near(lat: float, lon: float, radius_m: float) -> tuple[tuple[Line, ...], ...]:
    """Land clipped to the same box as `lines_near`: per piece its outline, then its holes.

    The box adds edges of its own, so fill these rings and stroke the lines instead."""
    pieces = []
    for left, bottom, right, top, shift in _boxes(lat, lon, radius_m):
        found = shapely.intersection(_world().land, shapely.box(left, bottom, right, top))
        for polygon in shapely.get_parts(found[~shapely.is_empty(found)]):
            if isinstance(polygon, shapely.Polygon):
                rings = (polygon.exterior, *polygon.interiors)
                pieces.append(tuple(_line(ring, shift) for ring in rings))
    return tuple(pieces)


def _clipped(arcs: npt.NDArray[np.object_], lat: float, lon: float, radius_m: float) -> tuple[Line, ...]:
    lines = []
    for left, bottom, right, top, shift in _boxes(lat, lon, radius_m):
        found = shapely.clip_by_rect(arcs, left, bottom, right, top)
        lines += [_line(part, shift) for part in shapely.get_parts(found[~shapely.is_empty(found)])]
    return tuple(lines)


def _line(geometry: shapely.Geometry, shift: float) -> Line:
    xy = shapely.get_coordinates(geometry)
    return xy[:, 1], xy[:, 0] - shift


def _boxes(lat: float, lon: float, radius_m: float) -> list[tuple[float, float, float, float, float]]:
    """left, bottom, right, top in stored longitudes, and how far the stored longitudes are shifted there."""
    reach = radius_m / MEAN_RADIUS_M * 1.01
    bottom, top = lat - np.degrees(reach), lat + np.degrees(reach)
    half_width = 180.0
    if bottom > -90 and top < 90:
        half_width = float(np.degrees(np.arcsin(min(1.0, np.sin(reach) / np.cos(np.radians(lat))))))
    left, right = lon - half_width, lon + half_width
    return [(left + shift, max(bottom, -90.0), right + shift, min(top, 90.0), shift) for shift in (-360.0, 0.0, 360.0)]


@lru_cache(maxsize=1)
def _world() -> _World:
    plain = gzip.decompress(files(__name__).joinpath("world.i4.gz").read_bytes())
    numbers = np.frombuffer(plain, dtype="<i4").astype(np.int64)
    version, steps_per_degree, arc_count, ring_count, ref_count = (int(n) for n in numbers[:_HEADER_FIELDS])
    assert version == 1, f"basemap of format {version}"
    lengths = [arc_count, arc_count, ring_count, ring_count, ref_count]
    kind, points, hole, ring_refs, refs, deltas = np.split(numbers[_HEADER_FIELDS:], np.cumsum(lengths))
    ends = np.cumsum(points)[:-1]
    lat, lon = (
        [np.cumsum(part) / steps_per_degree for part in np.split(column, ends)] for column in deltas.reshape(2, -1)
    )
    arcs = [np.column_stack([np.unwrap(x, period=360.0), y]) for x, y in zip(lon, lat, strict=True)]
    rings = [
        _closed(np.vstack([arcs[r] if r >= 0 else arcs[~r][::-1] for r in ring]))
        for ring in np.split(refs, np.cumsum(ring_refs)[:-1])
    ]
    starts = np.flatnonzero(hole == 0)
    land = [shapely.Polygon(group[0], group[1:]) for group in (rings[a:b] for a, b in _spans(starts, ring_count))]
    return _World(
        arcs=np.array([_drawn(arc) for arc in arcs], dtype=object),
        is_border=kind == _BORDER,
        land=shapely.make_valid(np.array(land, dtype=object)),
    )


def _drawn(arc: Floats) -> shapely.Geometry:
    """Without the strokes along 180 degrees, where islands were cut in two: that is no coast."""
    at_seam = np.abs(np.abs(arc[:, 0]) - 180.0) < 1e-6
    along_seam = at_seam[1:] & at_seam[:-1] & (np.abs(np.diff(arc[:, 0])) < 180.0)
    if not along_seam.any():
        return shapely.LineString(arc)
    runs = [run for run in np.split(arc, np.flatnonzero(along_seam) + 1) if len(run) > 1]
    return shapely.MultiLineString(runs)


def _spans(starts: npt.NDArray[np.int64], end: int) -> list[tuple[int, int]]:
    return list(zip(starts.tolist(), [*starts[1:].tolist(), end], strict=True))


def _closed(ring: Floats) -> Floats:
    """The ring with longitudes that run on; one that goes once around the earth is closed over the south pole.

    Only Antarctica does."""
    lon = np.unwrap(ring[:, 0], period=360.0)
    ring = np.column_stack([lon, ring[:, 1]])
    if abs(lon[-1] - lon[0]) < 180.0:
        return ring
    return np.vstack([ring, [lon[-1], -90.0], [lon[0], -90.0], ring[:1]])
