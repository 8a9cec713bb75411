"""How far off are the shortcuts of the kernel, and are the margins they are given wide enough?

    python design/kernel_margins.py

Draws geodesics and pieces of all bearings at latitudes up to `LAT_DEG_MAX`, measures them by Karney's geodesics, and
prints beside each margin the largest need found.
"""

from __future__ import annotations

import numpy as np

from keepclear.geo import earth
from keepclear.geo.earth import Floats
from keepclear.geo.outlines import BOW_M_MAX, LAT_DEG_MAX, PIECE_M_MAX, bow_factor, chord_m
from keepclear.geo.sides import UNSURE_DEG, UNSURE_M

COUNT = 20_000
RADII_M = (1_000.0, 10_000.0, 55_000.0, 200_000.0)
SHARES = np.linspace(0.05, 0.95, 19)


def main() -> None:
    """Prints a line for each margin."""
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(-LAT_DEG_MAX, LAT_DEG_MAX, COUNT), rng.uniform(-180, 180, COUNT)
    azimuth = rng.uniform(0, 360, COUNT)
    for radius_m in RADII_M:
        low_m, high_m = chord_m(radius_m)
        chord = straight_m((lat, lon), earth.step_along(lat, lon, azimuth, radius_m))
        held = bool(np.all((chord >= low_m) & (chord <= high_m)))
        print(f"circle of {radius_m:.0f} m: unsure over {high_m - low_m:.4f} m, chords within: {held}")
    tangent = np.tan(np.radians(np.minimum(np.abs(lat) + 0.2, LAT_DEG_MAX)))
    length_m = np.minimum(PIECE_M_MAX, np.sqrt(BOW_M_MAX / bow_factor(tangent)))
    beside_plane_m, beside_line_m = beside(lat, lon, azimuth, length_m)
    bow_m = np.asarray(bow_factor(tangent)) * length_m**2
    print(f"upright plane of a piece: geodesic at most {beside_plane_m.max():.6f} m beside it, UNSURE_M {UNSURE_M} m")
    print(f"straight line on the map: geodesic at most {beside_line_m.max():.2f} m beside it, BOW_M_MAX {BOW_M_MAX} m")
    print(f"of the bow that is reckoned with, at most {np.max(beside_line_m / bow_m):.2f} is used")
    print(f"UNSURE_DEG {UNSURE_DEG:g} is {UNSURE_DEG * 111_320 * 1000:.2f} mm at the equator")


def straight_m(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> Floats:
    """Chords through the earth."""
    return np.asarray(np.sqrt(((earth.to_ecef(*a) - earth.to_ecef(*b)) ** 2).sum(axis=1)))


def beside(lat: Floats, lon: Floats, azimuth: Floats, length_m: Floats) -> tuple[Floats, Floats]:
    """How far geodesics pass beside the upright planes of their pieces, and beside the straight lines on the map."""
    end_lat, end_lon = earth.step_along(lat, lon, azimuth, length_m)
    to_lon = lon + earth.wrapped_lon(end_lon - lon)
    start, end = earth.to_ecef(lat, lon), earth.to_ecef(end_lat, end_lon)
    middle_lat, middle_lon = np.radians((lat + end_lat) / 2), np.radians((lon + to_lon) / 2)
    up = np.stack(
        [np.cos(middle_lat) * np.cos(middle_lon), np.cos(middle_lat) * np.sin(middle_lon), np.sin(middle_lat)], axis=1
    )
    normal = np.cross(end - start, up)
    normal /= np.sqrt((normal**2).sum(axis=1))[:, None]
    plane_m, line_m = np.zeros(len(lat)), np.zeros(len(lat))
    for share in SHARES:
        on_lat, on_lon = earth.step_along(lat, lon, azimuth, share * length_m)
        plane_m = np.maximum(plane_m, np.abs((normal * (earth.to_ecef(on_lat, on_lon) - start)).sum(axis=1)))
        # Metres east and north at the place, from there to the line.
        scale = 111_320.0 * np.cos(np.radians(on_lat))
        east_m, north_m = scale * earth.wrapped_lon(lon - on_lon), 111_200.0 * (lat - on_lat)
        way_east_m, way_north_m = scale * (to_lon - lon), 111_200.0 * (end_lat - lat)
        off_m = np.abs(east_m * way_north_m - north_m * way_east_m) / np.hypot(way_east_m, way_north_m)
        line_m = np.maximum(line_m, off_m)
    return plane_m, line_m


if __name__ == "__main__":
    main()
