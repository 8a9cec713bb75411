"""From the earth to a flat rectangle and back: where a map looks, and how large things are on it.

Up to 60 degrees across, azimuthal equidistant about the middle of the view: distances and azimuths from there
are exact, a length elsewhere is off by up to 5 % at the rim of the largest view (c / sin c at 30 degrees), and
neither the antimeridian nor a pole is special. Beyond that plate carrée, true along one latitude.
x runs right and y down, in pixels (of a terminal: dots), from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from keepclear.geo.earth import (
    ECCENTRICITY_SQUARED,
    MEAN_RADIUS_M,
    SEMI_MAJOR_M,
    Floats,
    distance_m,
    inverse,
    step_along,
    surface_point,
    to_ecef,
    wrapped_lon,
)

AZIMUTHAL_HALF_WIDTH_DEG = 30.0
HALF_EXTENT_M_MIN = 250.0
POLE_SNAP = 0.3  # a view whose middle is this close to a pole, as a part of its radius, is centred on the pole
M_PER_DEGREE = np.pi / 180 * MEAN_RADIUS_M


@dataclass(frozen=True, slots=True)
class View:
    """`lat`, `lon` is in the middle. Flat (plate carrée) views are true to scale along `lat`."""

    lat: float
    lon: float
    px_per_m: float
    width_px: float
    height_px: float
    flat: bool

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """left, top, right, bottom of what is drawn: the rectangle, less what lies beyond the edge of a flat world."""
        if not self.flat:
            return 0.0, 0.0, self.width_px, self.height_px
        half = 180.0 * self.px_per_degree_east
        top, bottom = self._flat_y(90.0), self._flat_y(-90.0)
        middle = self.width_px / 2
        return (
            max(0.0, middle - half),
            max(0.0, top),
            min(self.width_px, middle + half),
            min(self.height_px, bottom),
        )

    @property
    def radius_m(self) -> float:
        """Of a circle about the middle that holds the whole view."""
        half_diagonal_m = float(np.hypot(self.width_px, self.height_px)) / 2 / self.px_per_m
        return np.pi * MEAN_RADIUS_M if self.flat else half_diagonal_m

    @property
    def px_per_degree_east(self) -> float:
        """In the middle of the view; in a flat one, everywhere."""
        return _m_per_degree_east(self.lat) * self.px_per_m

    def place(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> Floats:
        """x and y, with a last axis of 2. In a flat view, on the copy of the world nearest to the middle."""
        if self.flat:
            return self._flat(np.asarray(lat, dtype=np.float64), wrapped_lon(np.asarray(lon) - self.lon))
        length_m, azimuth_deg = inverse(self.lat, self.lon, lat, lon)
        length_px, azimuth = length_m * self.px_per_m, np.radians(azimuth_deg)
        return np.stack(
            [self.width_px / 2 + length_px * np.sin(azimuth), self.height_px / 2 - length_px * np.cos(azimuth)], axis=-1
        )

    def locate(self, xy: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude of pixels inside the frame."""
        right, up = xy[..., 0] - self.width_px / 2, self.height_px / 2 - xy[..., 1]
        if self.flat:
            lat = self.lat + up / (M_PER_DEGREE * self.px_per_m)
            return lat, wrapped_lon(self.lon + right / self.px_per_degree_east)
        azimuth_deg = np.degrees(np.arctan2(right, up))
        return step_along(self.lat, self.lon, azimuth_deg, np.hypot(right, up) / self.px_per_m)

    def lines(self, lat: Floats, lon: Floats) -> list[Floats]:
        """The parts of a polyline inside the frame, each n x 2."""
        parts = []
        found = self._copies(lat, np.unwrap(lon, period=360.0)) if self.flat else [self.place(lat, lon)]
        for xy in found:
            if len(xy) > 1:
                clipped = shapely.clip_by_rect(shapely.linestrings(xy), *self.frame)
                parts += [shapely.get_coordinates(p) for p in shapely.get_parts(clipped) if not p.is_empty]
        return parts

    def rings(self, lat: Floats, lon: Floats) -> list[Floats]:
        """A closed ring to be filled; not clipped. Around a pole in a flat view it is led over the pole, with edges
        that are not part of the outline: stroke `lines` instead."""
        if not self.flat:
            return [self.place(lat, lon)]
        lon = np.unwrap(lon, period=360.0)
        if abs(lon[-1] - lon[0]) > 180.0:
            pole = 90.0 if lat.mean() > 0 else -90.0
            lat, lon = np.concatenate([lat, [pole, pole]]), np.concatenate([lon, [lon[-1], lon[0]]])
        return self._copies(lat, lon)

    def radii_px(self, lat: float, lon: float, length_m: float) -> tuple[float, float]:
        """Half width and half height of a small circle on the earth, as drawn there."""
        radius = length_m * self.px_per_m
        if not self.flat:
            return radius, radius
        return radius * _m_per_degree_east(self.lat) / max(_m_per_degree_east(lat), 1.0), radius

    def pole_inside(self) -> float | None:
        """90 or -90 where that pole is in the picture of an azimuthal view."""
        left, top, right, bottom = self.frame
        for pole in (90.0, -90.0):
            x, y = self.place(pole, 0.0)
            if not self.flat and left <= x <= right and top <= y <= bottom:
                return pole
        return None

    def _copies(self, lat: Floats, lon: Floats) -> list[Floats]:
        """A line of a flat world, on each repetition of that world which reaches into the frame."""
        left, _, right, _ = self.frame
        xy = self._flat(lat, lon - self.lon)
        west, east = float(xy[:, 0].min()), float(xy[:, 0].max())
        turns = (turn * 360.0 * self.px_per_degree_east for turn in (-2, -1, 0, 1, 2))
        return [xy + np.array([turn, 0.0]) for turn in turns if east + turn >= left and west + turn <= right]

    def _flat(self, lat: Floats, degrees_east: Floats) -> Floats:
        x = self.width_px / 2 + degrees_east * self.px_per_degree_east
        return np.stack([x, self.height_px / 2 - (lat - self.lat) * M_PER_DEGREE * self.px_per_m], axis=-1)

    def _flat_y(self, lat: float) -> float:
        return float(self.height_px / 2 - (lat - self.lat) * M_PER_DEGREE * self.px_per_m)


def closed(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """The ring with its first point at the end, whether or not it was given so."""
    if lat[0] == lat[-1] and wrapped_lon(lon[0]) == wrapped_lon(lon[-1]):
        return lat, lon
    return np.append(lat, lat[0]), np.append(lon, lon[0])


def fitted_view(lat: Floats, lon: Floats, width_px: float, height_px: float, margin_px: float) -> View:
    """The view that shows all these points, with a margin; never less than 500 m across."""
    middle_lat, middle_lon, radius_deg = enclosing_cap(lat, lon)
    inner = width_px - 2 * margin_px, height_px - 2 * margin_px
    if radius_deg > AZIMUTHAL_HALF_WIDTH_DEG:
        return _flat_view(lat, lon, width_px, height_px, inner)
    for _ in range(3):
        middle_lat, middle_lon, east_m, north_m = _recentred(middle_lat, middle_lon, lat, lon)
        middle_lat, middle_lon = _snapped_to_pole(middle_lat, middle_lon, max(east_m, north_m))
    length_m, azimuth_deg = inverse(middle_lat, middle_lon, lat, lon)
    azimuth = np.radians(azimuth_deg)
    east_m = max(HALF_EXTENT_M_MIN, float(np.abs(length_m * np.sin(azimuth)).max()))
    north_m = max(HALF_EXTENT_M_MIN, float(np.abs(length_m * np.cos(azimuth)).max()))
    px_per_m = min(inner[0] / (2 * east_m), inner[1] / (2 * north_m))
    return View(middle_lat, middle_lon, px_per_m, width_px, height_px, flat=False)


def whole_world(width_px: float, height_px: float, lon: float = 0.0) -> View:
    px_per_m = min(width_px / 360.0 / _m_per_degree_east(0.0), height_px / 180.0 / M_PER_DEGREE)
    return View(0.0, lon, px_per_m, width_px, height_px, flat=True)


def enclosing_cap(lat: Floats, lon: Floats) -> tuple[float, float, float]:
    """Middle and radius in degrees of a cap of the earth that holds all points; up to a fifth larger than the smallest.

    Ritter's bounding sphere ("An efficient bounding sphere", Graphics Gems, 1990), on unit vectors."""
    unit = to_ecef(lat, lon)
    unit = unit / np.linalg.norm(unit, axis=-1, keepdims=True)
    one = unit[np.argmax(np.linalg.norm(unit - unit[0], axis=-1))]
    other = unit[np.argmax(np.linalg.norm(unit - one, axis=-1))]
    middle, radius = (one + other) / 2, float(np.linalg.norm(one - other)) / 2
    for point in unit[np.linalg.norm(unit - middle, axis=-1) > radius]:
        gap = float(np.linalg.norm(point - middle))
        if gap > radius:
            radius = (radius + gap) / 2
            middle = point + (middle - point) * radius / gap
    size = float(np.linalg.norm(middle))
    if size < 0.1:
        return 0.0, 0.0, 180.0
    cap_lat, cap_lon = surface_point(middle / size * SEMI_MAJOR_M)
    radius_deg = np.degrees(distance_m(cap_lat, cap_lon, lat, lon).max() / MEAN_RADIUS_M)
    return float(cap_lat), float(cap_lon), float(radius_deg)


def _recentred(middle_lat: float, middle_lon: float, lat: Floats, lon: Floats) -> tuple[float, float, float, float]:
    length_m, azimuth_deg = inverse(middle_lat, middle_lon, lat, lon)
    east_m, north_m = length_m * np.sin(np.radians(azimuth_deg)), length_m * np.cos(np.radians(azimuth_deg))
    shift_east, shift_north = (float(v.min() + v.max()) / 2 for v in (east_m, north_m))
    shift_deg = np.degrees(np.arctan2(shift_east, shift_north))
    new_lat, new_lon = step_along(middle_lat, middle_lon, shift_deg, np.hypot(shift_east, shift_north))
    return float(new_lat), float(new_lon), float(np.ptp(east_m)) / 2, float(np.ptp(north_m)) / 2


def _snapped_to_pole(lat: float, lon: float, radius_m: float) -> tuple[float, float]:
    pole = 90.0 if lat > 0 else -90.0
    return (pole, 0.0) if float(distance_m(lat, lon, pole, 0.0)) < POLE_SNAP * radius_m else (lat, lon)


def _flat_view(lat: Floats, lon: Floats, width_px: float, height_px: float, inner: tuple[float, float]) -> View:
    around = np.sort(wrapped_lon(lon))
    gaps = np.diff(np.concatenate([around, [around[0] + 360.0]]))
    widest = int(np.argmax(gaps))
    span = 360.0 - float(gaps[widest])
    middle_lon = float(wrapped_lon(around[(widest + 1) % len(around)] + span / 2))
    middle_lat = float(lat.min() + lat.max()) / 2
    if abs(middle_lat) > 60.0:
        middle_lat = float(np.copysign(60.0, middle_lat))
    half_height_deg = max(abs(float(lat.max()) - middle_lat), abs(float(lat.min()) - middle_lat), 1.0)
    east_m, north_m = max(span / 2, 1.0) * _m_per_degree_east(middle_lat), half_height_deg * M_PER_DEGREE
    px_per_m = min(inner[0] / (2 * east_m), inner[1] / (2 * north_m))
    if px_per_m * 360.0 * _m_per_degree_east(middle_lat) < width_px or px_per_m * 180.0 * M_PER_DEGREE < height_px:
        return whole_world(width_px, height_px, middle_lon)
    return View(middle_lat, middle_lon, px_per_m, width_px, height_px, flat=True)


def _m_per_degree_east(lat: float) -> float:
    phi = np.radians(lat)
    return float(np.pi / 180 * SEMI_MAJOR_M * np.cos(phi) / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2))
