"""What a batch of reports says about the zones: metres to the edge, probability inside, and the evidence that makes.

Columns in, columns out: one row per (report, zone) that matters, all other pairs are `OUT`. Definitions and
thresholds are promised in docs/spec/evidence.md:

    IN    the reported point is inside or within 1 cm of the edge; for an area report, at least half of it is inside
    NEAR  the zone has a band and the point is within it; or the stated error leaves a chance of 1 in 20 to be inside
    OUT   everything else

An error that is not stated is assumed for the probability only: what is assumed is shown, it does not decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.geo.earth import Floats, distance_m
from keepclear.geo.shapes import EDGE_TOLERANCE_M, Shape
from keepclear.geo.volumes import UNKNOWN_MM
from keepclear.tracks.observations import NO_AREA, Observations
from keepclear.watch.evidence import Evidence
from tests.first_engine.index import ZoneIndex

ASSUMED_ERROR_MM = 100_000
HALF_E4 = 5_000
DOUBT_E4 = 500
EDGE_TOLERANCE_MM = round(1000 * EDGE_TOLERANCE_M)
AREA_POINTS = 400

# Farther from the edge than this many sigmas the probability rounds to 0 or 1 in four decimals.
_SIGMAS_UNDECIDED = 4.5


@dataclass(frozen=True)
class Weighed:
    """Columns, sorted by (report, zone); the pairs left out say `OUT` with certainty.

    report, zone        row number in the batch, number in the atlas
    edge_mm             signed distance to the edge, negative inside; for an area report the nearest it may be
    edge_far_mm         the same, except for an area report: the farthest it may be
    p_inside_e4         probability inside, in 1/10 000
    evidence            an `Evidence`
    """

    report: npt.NDArray[np.intp]
    zone: npt.NDArray[np.intp]
    edge_mm: npt.NDArray[np.int64]
    edge_far_mm: npt.NDArray[np.int64]
    p_inside_e4: npt.NDArray[np.int64]
    evidence: npt.NDArray[np.int8]


def weigh(batch: Observations, atlas: Atlas, assumed_error_mm: int = ASSUMED_ERROR_MM) -> Weighed:
    """Weighs every report of the batch against every zone of the atlas; windows are not looked at."""
    lat, lon = batch.lat, batch.lon
    sigma_m = np.where(batch.error_mm == UNKNOWN_MM, assumed_error_mm, batch.error_mm) / 1000.0
    beyond_m = _SIGMAS_UNDECIDED * sigma_m + _area_reach_m(batch, lat, lon)
    reach = [(zone.shape, zone.reach_mm / 1000) for zone in atlas]
    report, zone = ZoneIndex(reach).candidates(lat, lon, beyond_m)

    edge_m = np.empty(len(report))
    far_m = np.empty(len(report))
    p_inside = np.empty(len(report))
    possible = np.ones(len(report), dtype=bool)
    area = batch.area[report]
    for number in np.unique(zone):
        terms = atlas.zones[number]
        here = np.flatnonzero(zone == number)
        points, areas = here[area[here] == NO_AREA], here[area[here] != NO_AREA]
        rows = report[points]
        edge_m[points] = far_m[points] = terms.shape.edge_m(lat[rows], lon[rows])
        p_inside[points] = _probability(terms.shape, lat[rows], lon[rows], sigma_m[rows], edge_m[points])
        for area_number in np.unique(area[areas]):
            same = areas[area[areas] == area_number]
            edge_m[same], far_m[same], p_inside[same] = area_against(terms.shape, batch.areas[area_number])
        if terms.height is not None:
            possible[here] = terms.height.may_hold(batch.height_mm[report[here]], batch.datum[report[here]])

    edge_mm = np.rint(edge_m * 1000).astype(np.int64)
    p_inside_e4 = np.rint(p_inside * 10_000).astype(np.int64)
    stated = (batch.error_mm[report] != UNKNOWN_MM) | (area != NO_AREA)
    evidence = _evidence(edge_mm, p_inside_e4, stated, area != NO_AREA, _column(atlas, zone, lambda z: z.band_mm))
    reach_mm = _column(atlas, zone, lambda z: z.reach_mm)
    kept = possible & ((evidence > Evidence.OUT) | (edge_mm <= reach_mm))
    return Weighed(
        report[kept],
        zone[kept],
        edge_mm[kept],
        np.rint(far_m[kept] * 1000).astype(np.int64),
        p_inside_e4[kept],
        evidence[kept],
    )


def _evidence(
    edge_mm: npt.NDArray[np.int64],
    p_inside_e4: npt.NDArray[np.int64],
    stated: npt.NDArray[np.bool_],
    is_area: npt.NDArray[np.bool_],
    band_mm: npt.NDArray[np.int64],
) -> npt.NDArray[np.int8]:
    inside = np.where(is_area, p_inside_e4 >= HALF_E4, edge_mm <= EDGE_TOLERANCE_MM)
    near = ((band_mm > 0) & (edge_mm <= band_mm)) | (stated & (p_inside_e4 >= DOUBT_E4))
    return np.where(inside, Evidence.IN, np.where(near, Evidence.NEAR, Evidence.OUT)).astype(np.int8)


def _probability(shape: Shape, lat: Floats, lon: Floats, sigma_m: Floats, edge_m: Floats) -> Floats:
    p_inside = np.where(edge_m <= EDGE_TOLERANCE_M, 1.0, 0.0)
    for i in np.flatnonzero((np.abs(edge_m) < _SIGMAS_UNDECIDED * sigma_m) & (sigma_m > 0)):
        p_inside[i] = shape.gaussian_inside(float(lat[i]), float(lon[i]), float(sigma_m[i]), float(edge_m[i]))
    return p_inside


def area_against(zone: Shape, area: Shape) -> tuple[float, float, float]:
    """Nearest and farthest edge distance, and share inside.

    The share is that of points spread evenly over the area. The nearest and farthest may lie on its outline, or at the
    middle of a zone that it holds."""
    edge_m = zone.edge_m(*area.spread(AREA_POINTS))
    on_rim_m = zone.edge_m(*area.rim(AREA_POINTS))
    near_m = min(edge_m.min(), on_rim_m.min())
    middle_lat, middle_lon = (np.array([degrees]) for degrees in zone.around()[:2])
    if area.edge_m(middle_lat, middle_lon)[0] <= 0:
        near_m = min(near_m, zone.edge_m(middle_lat, middle_lon)[0])
    return float(near_m), float(max(edge_m.max(), on_rim_m.max())), float(np.mean(edge_m <= EDGE_TOLERANCE_M))


def _area_reach_m(batch: Observations, lat: Floats, lon: Floats) -> Floats:
    """How far from the point that stands for it an area may stretch; 0 for point reports."""
    reach_m = np.zeros(len(batch))
    for number in np.unique(batch.area[batch.area != NO_AREA]):
        rows = np.flatnonzero(batch.area == number)
        centre_lat, centre_lon, radius_m = batch.areas[number].around()
        reach_m[rows] = distance_m(lat[rows], lon[rows], centre_lat, centre_lon) + radius_m
    return reach_m


def _column(atlas: Atlas, zone: npt.NDArray[np.intp], of_zone: Callable[[Zone], int]) -> npt.NDArray[np.int64]:
    values = np.array([of_zone(z) for z in atlas.zones], dtype=np.int64)
    return values[zone]
