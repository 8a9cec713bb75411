"""A batch of columns becomes reports, each with what it says about the zones that matter to it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.tracks.observations import Observations
from keepclear.tracks.picture import Report
from keepclear.watch.presence import FAR, Sight
from tests.first_engine.evidence import area_against, weigh


def reports_of(
    batch: Observations, atlas: Atlas, assumed_error_mm: int, clock_us: int | None
) -> Iterator[tuple[str, Report]]:
    """Subject and report of every row, in order; a report known before the clock, or before the row above it, acts then."""
    sights = _sights_by_row(batch, atlas, assumed_error_mm)
    at_us = np.maximum.accumulate(batch.known_at_us)
    if clock_us is not None:
        at_us = np.maximum(at_us, clock_us)
    area_texts = {number: repr(batch.areas[number]) for number in np.unique(batch.area[batch.area >= 0]).tolist()}
    columns = {name: column.tolist() for name, column in vars(batch).items() if isinstance(column, np.ndarray)}
    for row in range(len(batch)):
        claim, area = batch.claims[columns["claim"][row]], columns["area"][row]
        report = Report(
            seen_at_us=columns["seen_at_us"][row],
            lat_e7=columns["lat_e7"][row],
            lon_e7=columns["lon_e7"][row],
            height_mm=columns["height_mm"][row],
            datum=columns["datum"][row],
            error_mm=columns["error_mm"][row],
            area_text=area_texts[area] if area >= 0 else "",
            party=claim.attribution.party if claim.attribution else "",
            at_us=int(at_us[row]),
            speed_mmps=columns["speed_mmps"][row],
            course_cdeg=columns["course_cdeg"][row],
            source=batch.sources[columns["source"][row]],
            claim=claim,
            area=batch.areas[area] if area >= 0 else None,
            sights=sights[row],
        )
        yield batch.subjects[columns["subject"][row]], report


def sight_of(report: Report, zone_number: int) -> Sight:
    """What this report says about a zone; `FAR` where it is too far to matter."""
    found: Sight = report.sights.get(zone_number, FAR)
    return found


def measured_sight(report: Report, zone_number: int, zone: Zone) -> Sight:
    """The same, with the distance worked out where it was too far to matter."""
    sight = sight_of(report, zone_number)
    if sight.edge_mm is not None:
        return sight
    if report.area is not None:
        near_m, far_m, _ = area_against(zone.shape, report.area)
    else:
        near_m = far_m = float(zone.shape.edge_m(np.array([report.lat]), np.array([report.lon]))[0])
    return sight._replace(edge_mm=round(1000 * near_m), edge_far_mm=round(1000 * far_m))


def _sights_by_row(batch: Observations, atlas: Atlas, assumed_error_mm: int) -> list[dict[int, Sight]]:
    nothing: dict[int, Sight] = {}
    sights = [nothing] * len(batch)
    weighed = weigh(batch, atlas, assumed_error_mm)
    columns = (weighed.edge_mm, weighed.edge_far_mm, weighed.p_inside_e4, weighed.evidence)
    pairs = zip(weighed.report.tolist(), weighed.zone.tolist(), *(column.tolist() for column in columns), strict=True)
    for row, zone, *sight in pairs:
        if sights[row] is nothing:
            sights[row] = {}
        sights[row][zone] = Sight(*sight)
    return sights
