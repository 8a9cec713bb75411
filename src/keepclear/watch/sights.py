"""What single reports say about single zones, as values: for the reports that something is told of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepclear.agreements.atlas import Atlas
from keepclear.tracks.observations import Column, Observations
from keepclear.tracks.picture import Report
from keepclear.watch.evidence import area_against, weigh, weigh_pairs
from keepclear.watch.presence import FAR, Sight


def sights_of(batch: Observations, atlas: Atlas, assumed_error_mm: int) -> list[dict[int, Sight]]:
    """What each report of a batch says about the zones that matter to it, by zone number."""
    sights: list[dict[int, Sight]] = [{} for _ in range(len(batch))]
    weighed = weigh(batch, atlas, assumed_error_mm)
    columns = (weighed.edge_mm, weighed.edge_far_mm, weighed.p_inside_e4, weighed.evidence)
    pairs = zip(weighed.report.tolist(), weighed.zone.tolist(), *(column.tolist() for column in columns), strict=True)
    for row, zone, *sight in pairs:
        sights[row][zone] = Sight(*sight)
    return sights


def measured_sights(
    batch: Observations,
    atlas: Atlas,
    rows: Sequence[int] | Column,
    zones: Sequence[int] | Column,
    assumed_error_mm: int,
) -> list[tuple[Sight, Sight]]:
    """For each pair of a row of the batch and a zone: the sight, `FAR` where it does not matter, and the same with its distance."""
    weighed = weigh_pairs(batch, atlas, np.asarray(rows, np.intp), np.asarray(zones, np.intp), assumed_error_mm)
    found = []
    columns = (weighed.matters, weighed.edge_mm, weighed.edge_far_mm, weighed.p_inside_e4, weighed.evidence)
    for matters, *sight in zip(*(column.tolist() for column in columns), strict=True):
        measured = Sight(*sight)
        found.append((measured, measured) if matters else (FAR, FAR._replace(edge_mm=sight[0], edge_far_mm=sight[1])))
    return found


def measured_sight(report: Report, number: int, atlas: Atlas) -> Sight:
    """What a report says about a zone, with the distance worked out where it was too far to matter."""
    sight: Sight = report.sights.get(number, FAR)
    if sight.edge_mm is not None:
        return sight
    if report.area is not None:
        near_m, far_m, _ = area_against(atlas.zones[number].shape, report.area)
    else:
        near_m = far_m = float(
            atlas.measures.edge_m(np.array([number]), np.array([report.lat]), np.array([report.lon]))[0]
        )
    return sight._replace(edge_mm=round(1000 * near_m), edge_far_mm=round(1000 * far_m))
