"""Rings of polygons as people and programs really write them: checked, turned the right way, joined across a seam.

Every fault is a `Refused` with the path below `coordinates` and shows the position that offends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from keepclear.geo import earth
from keepclear.geo.boundary import Boundary, Ring
from keepclear.geo.earth import Floats
from keepclear.ground.errors import LimitExceeded, Refused

VERTICES_MAX = 100_000
# Edges that two parts share are densified alike; what is left of rounding is far below this.
OVERLAP_M2_MAX = 1.0

Rings = Sequence[Sequence[tuple[float, float]]]


def ring_faults(parts: Sequence[Rings]) -> Iterator[Refused]:
    """What is wrong with single rings: too many, too few, not closed, out of range, doubled, no area."""
    count = sum(len(ring) for part in parts for ring in part)
    if count > VERTICES_MAX:
        yield LimitExceeded(
            "polygon.too_many_vertices",
            f"The polygon has {count} vertices, more than {VERTICES_MAX}",
            mend="Simplify it, or split it into several zones.",
        )
        return
    if not parts:
        yield Refused("polygon.empty", "The polygon has no rings", mend="Give at least one ring of four positions.")
    for i, part in enumerate(parts):
        if not part:
            yield Refused(
                "polygon.empty",
                "The polygon has no rings",
                mend="Give at least one ring of four positions.",
                where=f"[{i}]",
            )
        for j, ring in enumerate(part):
            for fault in _faults_of_ring(ring):
                yield fault.at(f"[{i}][{j}]")


def _faults_of_ring(ring: Sequence[tuple[float, float]]) -> Iterator[Refused]:
    if len(ring) < 4:
        yield Refused(
            "polygon.ring_too_short",
            f"The ring has {len(ring)} positions; the smallest has four, the last repeating the first",
            mend="Add the missing positions.",
        )
        return
    lat, lon = np.array(ring, dtype=np.float64).T
    for k in np.flatnonzero(~(np.isfinite(lat) & np.isfinite(lon)))[:1]:
        yield Refused(
            "position.not_finite",
            "The position is not a pair of finite numbers",
            value=(lon[k], lat[k]),
            mend="Give degrees as longitude, latitude.",
            where=f"[{k}]",
        )
        return
    for k in np.flatnonzero((np.abs(lat) > 90) | (np.abs(lon) > 180))[:1]:
        swapped = (
            " Are latitude and longitude swapped? GeoJSON writes longitude first."
            if abs(lat[k]) <= 180 and abs(lon[k]) <= 90
            else ""
        )
        yield Refused(
            "position.range",
            "The position is not on the earth",
            value=(float(lon[k]), float(lat[k])),
            mend=f"Give longitude -180 to 180, then latitude -90 to 90.{swapped}",
            where=f"[{k}]",
        )
        return
    if ring[0] != ring[-1]:
        yield Refused(
            "polygon.not_closed",
            "The ring is not closed: its last position is not its first",
            value=ring[-1][::-1],
            mend=f"Repeat {list(ring[0][::-1])} at the end.",
        )
        return
    kept_lat, kept_lon = without_doubles(lat[:-1], lon[:-1])
    if len(kept_lat) < 3 or abs(earth.signed_area_m2(kept_lat, kept_lon)) < 1e-4:
        yield Refused(
            "polygon.no_area",
            "The ring encloses no area",
            value=ring[0][::-1],
            mend="Check for positions that repeat, lie on one line, or make a figure of eight.",
        )


def without_doubles(lat: Floats, lon: Floats) -> Ring:
    """The ring without positions that repeat the one before."""
    kept = (np.roll(lat, 1) != lat) | (earth.wrapped_lon(np.roll(lon, 1)) != earth.wrapped_lon(lon))
    return lat[kept], lon[kept]


def oriented_rings(parts: Sequence[Rings], edges: str) -> list[Ring]:
    """All rings with the interior of the whole on the left; refuses the first fault found."""
    for fault in ring_faults(parts):
        raise fault
    oriented = [[_leftward(ring, hole=j > 0) for j, ring in enumerate(part)] for part in parts]
    if edges == "lonlat":
        for i, of_part in enumerate(oriented):
            for j, ring in enumerate(of_part):
                refuse_half_turns(*ring, where=f"[{i}][{j}]")
    boundaries = [Boundary.of_rings(rings, edges) for rings in oriented]
    plane = _Stereographic(np.concatenate([boundary.vertex for boundary in boundaries]))
    polygons = [_valid_polygon(boundary, plane, f"[{i}]") for i, boundary in enumerate(boundaries)]
    _refuse_overlaps(polygons, plane)
    rings = [ring for part in oriented for ring in part]
    rings = _without_seams(rings) if len(parts) > 1 else rings
    _refuse_shared_corners(rings)
    return rings


def refuse_half_turns(lat: Floats, lon: Floats, *, where: str = "", closed: bool = True) -> None:
    """An edge straight in longitude and latitude must say which way round the earth it goes: less than half of it."""
    turn_deg = np.abs(np.diff(lon, append=lon[0]) if closed else np.diff(lon))
    for k in np.flatnonzero(turn_deg >= 180.0)[:1]:
        what = "The edge spans half the earth or more in longitude, so that it could go either way round"
        mend = "Add a position between, or cut the zone at the antimeridian; geodesic edges have no such doubt."
        value = (float(lon[k]), float(lat[k]))
        raise Refused("shape.half_turn", what, value=value, mend=mend, where=where)


def unwrapped_rings(rings: Sequence[Ring]) -> list[Ring] | None:
    """Rings closed, without jumps in longitude, about the middle of the first; None if one goes round a pole."""
    found: list[Ring] = []
    for lat, lon in rings:
        closed_lat, closed_lon = np.concatenate([lat, lat[:1]]), np.concatenate([lon, lon[:1]])
        step = closed_lon[1:] - closed_lon[:-1]
        if np.abs(step).max() > 180.0:
            jumps = -360.0 * np.rint(step / 360.0)
            closed_lon = closed_lon + np.concatenate([[0.0], np.cumsum(jumps)])
            if abs(closed_lon[-1] - closed_lon[0]) > 1.0:
                return None
        if found:
            closed_lon = closed_lon + 360.0 * np.rint((found[0][1].mean() - closed_lon.mean()) / 360.0)
        found.append((closed_lat, closed_lon))
    return found


def _refuse_shared_corners(rings: Sequence[Ring]) -> None:
    """Which side of a corner is inside cannot be told where two rings have it."""
    corners = np.concatenate([np.stack([lat, earth.wrapped_lon(lon)], axis=1) for lat, lon in rings])
    _, first, count = np.unique(corners, axis=0, return_index=True, return_counts=True)
    for k in first[count > 1][:1]:
        mend = "Move one of them a little, or make the parts zones of their own."
        value = (float(corners[k, 1]), float(corners[k, 0]))
        raise Refused("polygon.rings_touch", "Rings touch in a corner", value=value, mend=mend)


def _leftward(ring: Sequence[tuple[float, float]], *, hole: bool) -> Ring:
    """The ring without its repeated end, turned so that the interior of the polygon lies to the left."""
    lat, lon = np.array(ring[:-1], dtype=np.float64).T
    lat, lon = without_doubles(lat, lon)
    left_is_smaller = earth.signed_area_m2(lat, lon) > 0
    return (lat, lon) if left_is_smaller != hole else (lat[::-1], lon[::-1])


def clockwise_rings(parts: Sequence[Rings]) -> Iterator[str]:
    """Paths of rings wound against RFC 7946 section 3.1.6: outer rings clockwise, or holes counter-clockwise."""
    for i, part in enumerate(parts):
        for j, ring in enumerate(part):
            lat, lon = np.array(ring[:-1], dtype=np.float64).T
            if (earth.signed_area_m2(lat, lon) > 0) != (j == 0):
                yield f"[{i}][{j}]"


class _Stereographic:
    """A plane about the middle of some points, in which densified rings are judged; metres near its centre."""

    def __init__(self, vertex: Floats) -> None:
        middle = vertex.mean(axis=0)
        self._up = middle / max(float(np.linalg.norm(middle)), 1.0)
        east = np.cross(self._up, [0.0, 0.0, 1.0] if abs(self._up[2]) < 0.9 else [1.0, 0.0, 0.0])
        self._east = east / np.linalg.norm(east)
        self._north = np.cross(self._up, self._east)

    def of(self, vertex: Floats) -> Floats:
        """Earth-centred points in the plane, (n, 2)."""
        unit = vertex / np.linalg.norm(vertex, axis=1)[:, None]
        scale = 2 * earth.MEAN_RADIUS_M / (1.0 + unit @ self._up)
        return np.stack([unit @ self._east * scale, unit @ self._north * scale], axis=1)

    def position(self, x: float, y: float) -> str:
        """Where a point of the plane lies, for a message."""
        across = np.hypot(x, y) / (2 * earth.MEAN_RADIUS_M)
        direction = self._up * (1 - across**2) + (x * self._east + y * self._north) / earth.MEAN_RADIUS_M
        lat, lon = earth.surface_point(earth.SEMI_MAJOR_M * direction[None] / np.linalg.norm(direction))
        return f"near longitude {lon[0]:.4f}, latitude {lat[0]:.4f}"


def _valid_polygon(boundary: Boundary, plane: _Stereographic, where: str) -> shapely.Polygon:
    """The rings of one part in the plane; refuses those that cross or touch themselves or each other."""
    ring_ends = np.flatnonzero(boundary.end != boundary.start + 1)[:-1] + 1
    shell, *holes = np.split(plane.of(boundary.vertex), ring_ends)
    polygon = shapely.Polygon(shell, holes)
    if polygon.is_valid:
        return polygon
    reason, _, place = shapely.is_valid_reason(polygon).partition("[")
    x, y = (float(number) for number in place.rstrip("]").split()[:2])
    if "intersection" in reason.lower():
        key, what = "polygon.self_crossing", "The ring crosses or touches itself or another ring"
    else:
        key, what = "polygon.rings_misplaced", f"The rings do not make a polygon ({reason.lower()})"
    mend = "Put the positions in order around the area; holes lie inside the outer ring."
    raise Refused(key, what, value=plane.position(x, y), mend=mend, where=where)


def _refuse_overlaps(polygons: Sequence[shapely.Polygon], plane: _Stereographic) -> None:
    """Parts may touch, and may share an edge; no place may belong to two of them."""
    tree = shapely.STRtree(polygons)
    for first, second in tree.query(polygons, predicate="intersects").T:
        if first < second:
            shared = shapely.intersection(polygons[first], polygons[second])
            if shared.area > OVERLAP_M2_MAX:
                inside = shapely.point_on_surface(shared)
                mend = "Join them to one outer ring, or make them zones of their own."
                value = plane.position(inside.x, inside.y)
                raise Refused(
                    "polygon.parts_overlap",
                    f"Parts {first} and {second} overlap",
                    value=value,
                    mend=mend,
                    where=f"[{second}]",
                )


def _without_seams(rings: list[Ring]) -> list[Ring]:
    """The rings of the union of parts that share whole edges: an edge and its reverse cancel, the rest is chained again."""
    edges: dict[tuple[float, float, float, float], tuple[float, float]] = {}
    for lat, lon in rings:
        folded = earth.wrapped_lon(lon)
        for a, b, c, d, raw in zip(lat, folded, np.roll(lat, -1), np.roll(folded, -1), lon, strict=True):
            edges[(float(a), float(b), float(c), float(d))] = (float(a), float(raw))
    kept = {edge: start for edge, start in edges.items() if (*edge[2:], *edge[:2]) not in edges}
    if len(kept) == len(edges):
        return rings
    leaving: dict[tuple[float, float], list[tuple[float, float, float, float]]] = {}
    for edge in kept:
        leaving.setdefault(edge[:2], []).append(edge)
    chained: list[Ring] = []
    while leaving:
        begin = next(iter(leaving))
        here, positions = begin, []
        while here in leaving:
            edge = leaving[here].pop()
            if not leaving[here]:
                del leaving[here]
            positions.append(kept[edge])
            here = edge[2:]
        chained.append((np.array([lat for lat, _ in positions]), np.array([lon for _, lon in positions])))
    return chained
