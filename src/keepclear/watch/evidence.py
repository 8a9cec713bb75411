"""What a batch of reports says about the zones: metres to the edge, probability inside, and the evidence that makes.

Columns in, columns out: one row per (report, zone) that matters, all other pairs are `OUT`. Definitions and
thresholds are promised in docs/spec/evidence.md:

    IN    the reported point is inside or within 1 cm of the edge; for an area report, at least half of it is inside
    NEAR  the zone has a band and the point is within it; or the stated error leaves a chance of 1 in 20 to be inside
    OUT   everything else

An error that is not stated is assumed for the probability only: what is assumed is shown, it does not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from keepclear.agreements.atlas import Atlas
from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.earth import E7, Floats, distance_m
from keepclear.geo.measuring import Measures
from keepclear.geo.shapes import EDGE_TOLERANCE_M, Shape
from keepclear.geo.volumes import UNKNOWN_MM
from keepclear.tracks.observations import NO_AREA, Column, Observations

ASSUMED_ERROR_MM = 100_000
HALF_E4 = 5_000
DOUBT_E4 = 500
EDGE_TOLERANCE_MM = round(1000 * EDGE_TOLERANCE_M)
AREA_POINTS = 400

# Farther from the edge than this many sigmas the probability rounds to 0 or 1 in four decimals.
_SIGMAS_UNDECIDED = 4.5


class Evidence(IntEnum):
    """What one report says about one zone; a larger value is nearer."""

    OUT = 0
    NEAR = 1
    IN = 2


@dataclass(frozen=True)
class Weighed:
    """Columns, sorted by (report, zone); the pairs left out say `OUT` with certainty.

    report, zone        row number in the batch, number in the atlas
    edge_mm             signed distance to the edge, negative inside; for an area report the nearest it may be
    edge_far_mm         the same, except for an area report: the farthest it may be
    p_inside_e4         probability inside, in 1/10 000
    evidence            an `Evidence`
    matters             whether it is evidence at all, or within the band and margin: by place, doubt and height
    """

    report: npt.NDArray[np.intp]
    zone: npt.NDArray[np.intp]
    edge_mm: npt.NDArray[np.int64]
    edge_far_mm: npt.NDArray[np.int64]
    p_inside_e4: npt.NDArray[np.int64]
    evidence: npt.NDArray[np.int8]
    matters: npt.NDArray[np.bool_]


def weigh(batch: Observations, atlas: Atlas, assumed_error_mm: int = ASSUMED_ERROR_MM) -> Weighed:
    """Weighs every report of the batch against every zone of the atlas; windows are not looked at."""
    lat, lon = batch.lat, batch.lon
    beyond_m = _SIGMAS_UNDECIDED * _sigma_m(batch, assumed_error_mm) + _area_reach_m(batch, lat, lon)
    report, zone = atlas.index.candidates(lat, lon, beyond_m)
    weighed = weigh_pairs(batch, atlas, report, zone, assumed_error_mm)
    return Weighed(*(column[weighed.matters] for column in vars(weighed).values()))


def weigh_pairs(
    batch: Observations,
    atlas: Atlas,
    report: npt.NDArray[np.intp],
    zone: npt.NDArray[np.intp],
    assumed_error_mm: int = ASSUMED_ERROR_MM,
) -> Weighed:
    """Weighs these reports (row numbers) against these zones (numbers), pair by pair, all pairs kept."""
    lat, lon = batch.lat_e7[report] / E7, batch.lon_e7[report] / E7
    error_mm, area = batch.error_mm[report], batch.area[report]
    sigma_m = np.where(error_mm == UNKNOWN_MM, assumed_error_mm, error_mm) / 1000.0
    is_area = area != NO_AREA
    if not is_area.any():
        edge_m = far_m = atlas.measures.edge_m(zone, lat, lon)
        p_inside = _probability(atlas.measures, zone, lat, lon, sigma_m, edge_m)
    else:
        edge_m, far_m, p_inside = _with_areas(batch, atlas, zone, lat, lon, sigma_m, area)
    possible = atlas.heights.may_hold(zone, batch.height_mm[report], batch.datum[report])
    edge_mm, edge_far_mm, p_inside_e4 = (np.empty(len(report), np.int64) for _ in range(3))
    evidence, matters = np.empty(len(report), np.int8), np.empty(len(report), np.bool_)
    _judge(
        edge_m, far_m, p_inside, (error_mm != UNKNOWN_MM) | is_area, is_area, possible, atlas.band_mm[zone],
        atlas.reach_mm[zone], edge_mm, edge_far_mm, p_inside_e4, evidence, matters,
    )  # fmt: skip
    return Weighed(report, zone, edge_mm, edge_far_mm, p_inside_e4, evidence, matters)


def _with_areas(
    batch: Observations,
    atlas: Atlas,
    zone: npt.NDArray[np.intp],
    lat: Floats,
    lon: Floats,
    sigma_m: Floats,
    area: Column,
) -> tuple[Floats, Floats, Floats]:
    edge_m, far_m, p_inside = np.empty(len(area)), np.empty(len(area)), np.empty(len(area))
    points = np.flatnonzero(area == NO_AREA)
    pairs = zone[points], lat[points], lon[points]
    edge_m[points] = far_m[points] = atlas.measures.edge_m(*pairs)
    p_inside[points] = _probability(atlas.measures, *pairs, sigma_m[points], edge_m[points])
    areas = np.flatnonzero(area != NO_AREA)
    for zone_number, area_number in set(zip(zone[areas].tolist(), area[areas].tolist(), strict=True)):
        same = areas[(zone[areas] == zone_number) & (area[areas] == area_number)]
        shape = atlas.zones[zone_number].shape
        edge_m[same], far_m[same], p_inside[same] = area_against(shape, batch.areas[area_number])
    return edge_m, far_m, p_inside


def _sigma_m(batch: Observations, assumed_error_mm: int) -> Floats:
    return np.where(batch.error_mm == UNKNOWN_MM, assumed_error_mm, batch.error_mm) / 1000.0


@compiled_in_place
def _judge(
    edge_m: Floats,
    far_m: Floats,
    p_inside: Floats,
    stated: npt.NDArray[np.bool_],
    is_area: npt.NDArray[np.bool_],
    possible: npt.NDArray[np.bool_],
    band_mm: npt.NDArray[np.int64],
    reach_mm: npt.NDArray[np.int64],
    edge_mm: npt.NDArray[np.int64],
    edge_far_mm: npt.NDArray[np.int64],
    p_inside_e4: npt.NDArray[np.int64],
    evidence: npt.NDArray[np.int8],
    matters: npt.NDArray[np.bool_],
) -> None:
    """Fills the last five columns: what was measured in whole numbers, and what it says."""
    for row in range(len(edge_m)):
        edge_mm[row], edge_far_mm[row] = np.rint(edge_m[row] * 1000), np.rint(far_m[row] * 1000)
        p_inside_e4[row] = np.rint(p_inside[row] * 10_000)
        evidence[row] = 0
        if (band_mm[row] > 0 and edge_mm[row] <= band_mm[row]) or (stated[row] and p_inside_e4[row] >= DOUBT_E4):
            evidence[row] = 1
        if p_inside_e4[row] >= HALF_E4 if is_area[row] else edge_mm[row] <= EDGE_TOLERANCE_MM:
            evidence[row] = 2
        matters[row] = possible[row] and (evidence[row] > 0 or edge_mm[row] <= reach_mm[row])


def _probability(
    measures: Measures, zone: npt.NDArray[np.intp], lat: Floats, lon: Floats, sigma_m: Floats, edge_m: Floats
) -> Floats:
    p_inside = np.where(edge_m <= EDGE_TOLERANCE_M, 1.0, 0.0)
    undecided = np.flatnonzero((np.abs(edge_m) < _SIGMAS_UNDECIDED * sigma_m) & (sigma_m > 0))
    if len(undecided):
        pairs = zone[undecided], lat[undecided], lon[undecided]
        p_inside[undecided] = measures.gaussian_inside(*pairs, sigma_m[undecided], edge_m[undecided])
    return p_inside


def area_against(zone: Shape, area: Shape) -> tuple[float, float, float]:
    """Nearest and farthest edge distance, and share inside.

    The share is that of points spread evenly over the area. The nearest and farthest may lie on its outline, or at the
    middle of a zone that it holds."""
    edge_m = zone.edge_m(*area.spread(AREA_POINTS))
    on_rim_m = zone.edge_m(*area.rim(AREA_POINTS))
    near_m = min(edge_m.min(), on_rim_m.min())
    middle_lat, middle_lon = (np.array([degrees], np.float64) for degrees in zone.around()[:2])
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
