"""What of a scene decides where the map looks.

Zones, areas, marks and points always do. Positions do while they are near enough to matter: one vessel far away,
or a receiver that says 0 N 0 E, must not shrink the zones to dots. Tracks that stay outside are named, never lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepclear.geo.earth import MEAN_RADIUS_M, Floats, distance_m, step_along
from keepclear.render.layers import CIRCLE_SIGMAS
from keepclear.render.scene import Scene, TrackDrawing
from keepclear.render.view import View, enclosing_cap, fitted_view, whole_world

NEAR_RADII = 3.0
"""Positions count when within this many radii of the zones: a group three zone radii out is hours away on a road."""
NEAR_M_MIN = 20_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Framed:
    """`outside` are the tracks without a single position in the picture."""

    view: View
    outside: tuple[TrackDrawing, ...]


def framed(scene: Scene, width_px: float, height_px: float, margin_px: float) -> Framed:
    """The whole world when the scene has no place at all."""
    fixed = _joined(
        [ring for zone in scene.zones for ring in (*zone.rings, *zone.band_rings)]
        + [ring for area in scene.areas for ring in area.rings]
        + [(np.array([mark.lat]), np.array([mark.lon])) for mark in scene.marks]
        + [(np.array([point.lat]), np.array([point.lon])) for point in scene.points]
    )
    moving = _joined([(track.lat, track.lon) for track in scene.tracks] + [_last_circle(scene.tracks)])
    if scene.zones:
        lat, lon, radius_deg = enclosing_cap(*fixed)
        reach_m = max(NEAR_M_MIN, NEAR_RADII * np.radians(radius_deg) * MEAN_RADIUS_M)
        near = distance_m(lat, lon, *moving) <= reach_m
        moving = moving[0][near], moving[1][near]
    places = _joined([fixed, moving])
    if not len(places[0]):
        return Framed(whole_world(width_px, height_px), scene.tracks)
    view = fitted_view(*places, width_px, height_px, margin_px)
    return Framed(view, tuple(track for track in scene.tracks if not _shows(view, track)))


def _last_circle(tracks: tuple[TrackDrawing, ...]) -> tuple[Floats, Floats]:
    """The four sides of the circle around each last position, so that the picture holds what is not sure."""
    last = np.array([(t.lat[-1], t.lon[-1], CIRCLE_SIGMAS * t.error_m[-1]) for t in tracks]).reshape(-1, 3)
    lat, lon, radius_m = last[np.isfinite(last[:, 2])].T
    sides = step_along(lat[:, None], lon[:, None], np.array([0.0, 90.0, 180.0, 270.0]), radius_m[:, None])
    return sides[0].ravel(), sides[1].ravel()


def _shows(view: View, track: TrackDrawing) -> bool:
    left, top, right, bottom = view.frame
    x, y = view.place(track.lat, track.lon).T
    return bool(np.any((x >= left) & (x <= right) & (y >= top) & (y <= bottom)))


def _joined(lines: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    if not lines:
        return np.empty(0), np.empty(0)
    return np.concatenate([lat for lat, _ in lines]), np.concatenate([lon for _, lon in lines])
