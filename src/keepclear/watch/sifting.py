"""What each report of a batch says about the zones, found by the compiled index; what is too close to call is asked.

For every report this finds a run of evidence, exactly what `watch.evidence.weigh` finds, in three steps: a report
in the box of its subject says what its last report said; a place whose cell no edge comes near says what the cell
says; for the rest the index estimates the distance to the edge and states its error, and where a threshold lies
within that error, or the probability decides, the pair goes to the exact engine, all of a batch at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.agreements.atlas import Versions
from keepclear.geo.cells import Cells, crossing, ecef, locate, whole
from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.estimates import estimate
from keepclear.geo.index import ZoneIndex
from keepclear.geo.volumes import UNKNOWN_MM
from keepclear.tracks.history import EVIDENCE, Records, grown
from keepclear.tracks.observations import NO_AREA, Observations
from keepclear.watch.evidence import DOUBT_E4, EDGE_TOLERANCE_MM, Weighed, weigh, weigh_pairs
from keepclear.watch.presence import supported_rank, supported_ranks
from keepclear.watch.zone_columns import may_be_at_its_height

# Up to this one-sigma error a report is sifted by the first index, up to the second by a coarser one, beyond it weighed.
ERROR_MM_MAX = (50_000, 1_000_000)
# A Gaussian about a point so many sigmas from a set has at most `DOUBT_E4` of its mass in it: exp(-d^2 / 2 sigma^2).
SIGMAS_IN_DOUBT = float(np.sqrt(-2 * np.log((DOUBT_E4 - 0.5) / 10_000)))
_EDGE_M = (EDGE_TOLERANCE_MM + 0.5) / 1000
_ROUNDING_M = 0.001
_DOUBT_M = tuple(SIGMAS_IN_DOUBT * error_mm / 1000 + 0.1 for error_mm in ERROR_MM_MAX)

# What is known of a report after the sifting.
FRESH, QUIET, ASK, LOOKED_AT = 0, 1, 2, 3
_TOO_CLOSE = -1
_NOWHERE = -1


class Sifted(NamedTuple):
    """What is known of each report of a batch, until the next is sifted.

    mark      FRESH: its row names its run of `evidence`; QUIET: as its subject's last report; LOOKED_AT: an area, or a
              zone with patterns
    place     in the first index, where that was asked; else below 0"""

    mark: npt.NDArray[np.int8]
    place: npt.NDArray[np.int64]
    evidence: Records


class Sieve:
    """The indexes of an atlas, fine for exact positions and coarse for uncertain ones."""

    def __init__(self, atlas: Versions, zones: Records, assumed_error_mm: int) -> None:
        self._atlas = atlas
        self._zones = zones
        self._assumed_error_mm = assumed_error_mm
        self._indexes: list[ZoneIndex | None] = [None] * len(ERROR_MM_MAX)
        self._sifted = Sifted(np.empty(0, np.int8), np.empty(0, np.int64), np.empty(256, EVIDENCE))
        self._asked = np.empty((64, 2), np.int64)

    def index(self, level: int) -> ZoneIndex:
        """The index for errors up to `ERROR_MM_MAX[level]`, built when it is first needed."""
        index = self._indexes[level]
        if index is None:
            index = self._indexes[level] = self._atlas.index_out_to(_DOUBT_M[level])
        return index

    def turn_to(self, atlas: Versions, zones: Records) -> None:
        """Looks at these zones from now on: more of them, other terms, or some gone, with what the columns say of them."""
        before, self._atlas, self._zones = self._atlas, atlas, zones
        for index, doubt_m in zip(self._indexes, _DOUBT_M, strict=True):
            if index is None:
                continue
            for number, zone in enumerate(atlas):
                if number >= len(before) or zone.reach_mm != before.zones[number].reach_mm:
                    index.put(number, zone.shape, zone.reach_mm / 1000 + doubt_m)
            for number in atlas.gone - before.gone:
                index.remove(number)

    def sift(self, batch: Observations, rows: Records, subjects: Records, stamp: int) -> tuple[Sifted, int]:
        """What is known of every report of a batch, `rows` being what will be held of it, and how much evidence there is.

        `stamp` is the number of the batch."""
        size = 0
        if len(rows) > len(self._sifted.mark):
            mark, place = np.empty(2 * len(rows), np.int8), np.empty(2 * len(rows), np.int64)
            self._sifted = self._sifted._replace(mark=mark, place=place)
        fresh, unsure = mark_rows(rows, subjects, stamp, ERROR_MM_MAX[0], self._sifted.mark, self._sifted.place)
        if fresh:
            size = self._sift_level(0, FRESH, batch, rows, size)
        if unsure:
            size = self._weigh_rest(batch, rows, self._sift_level(1, ASK, batch, rows, size))
        return self._sifted, size

    def _sift_level(self, level: int, wanted: int, batch: Observations, rows: Records, size: int) -> int:
        """Sifts the reports with this mark by one index; those that are too uncertain for it keep their mark."""
        cells, done, (mark, place, evidence), asked = self.index(level).cells, 0, self._sifted, 0
        while True:
            done, size, asked = sift_rows(
                cells, self._zones, rows, wanted, ERROR_MM_MAX[level], done, mark, place, evidence, size, self._asked, asked
            )  # fmt: skip
            if done == len(rows):
                break
            evidence = grown(evidence, 2 * len(evidence))
            self._sifted = self._sifted._replace(evidence=evidence)
            self._asked = np.concatenate([self._asked, np.empty_like(self._asked)])
        if asked:
            self._answer(batch, self._asked[:asked], evidence)
        return size

    def _answer(self, batch: Observations, asked: npt.NDArray[np.int64], evidence: Records) -> None:
        """The exact engine says what was too close to call."""
        report, place = asked.T
        weighed = weigh_pairs(
            batch, self._atlas, report, evidence["zone"][place].astype(np.intp), self._assumed_error_mm
        )
        evidence["evidence"][place] = np.where(weighed.matters, weighed.evidence, 0)
        evidence["supports"][place] = self._supports(weighed)

    def _weigh_rest(self, batch: Observations, rows: Records, size: int) -> int:
        """The exact engine weighs reports that are too uncertain for any index."""
        mark = self._sifted.mark
        chosen = np.flatnonzero(mark[: len(rows)] == ASK)
        if not len(chosen):
            return size
        mark[chosen] = FRESH
        weighed = weigh(batch.take(chosen), self._atlas, self._assumed_error_mm)
        run = slice(size, size + len(weighed.zone))
        evidence = grown(self._sifted.evidence, run.stop)
        self._sifted = self._sifted._replace(evidence=evidence)
        evidence["zone"][run], evidence["evidence"][run] = weighed.zone, weighed.evidence
        evidence["supports"][run] = self._supports(weighed)
        rows["evidence_count"][chosen] = np.bincount(weighed.report, minlength=len(chosen))
        rows["evidence_first"][chosen] = size + np.searchsorted(weighed.report, np.arange(len(chosen)))
        watched = weighed.report[self._zones["watched"][weighed.zone] > 0]
        mark[chosen[np.isin(np.arange(len(chosen)), watched)]] = LOOKED_AT
        return int(run.stop)

    def _supports(self, weighed: Weighed) -> npt.NDArray[np.int16]:
        zones = self._zones[weighed.zone]
        margin_mm, band_mm = (np.ascontiguousarray(zones[name]) for name in ("margin_mm", "band_mm"))
        supports = supported_ranks(weighed.evidence, weighed.edge_mm, margin_mm, band_mm)
        return np.where(weighed.matters, supports, 0)


@compiled_in_place
def mark_rows(
    rows: Records,
    subjects: Records,
    stamp: int,
    error_mm_max: int,
    mark: npt.NDArray[np.int8],
    place: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """Marks who is in the box of its subject, if it is the first of it in this batch, and what the first index cannot know.

    Gives how many are fresh, and how many are too uncertain."""
    fresh = unsure = 0
    for row in range(len(rows)):
        place[row] = _NOWHERE
        subject = subjects[rows[row].subject]
        first_of_batch = subject.stamp != stamp
        subject.stamp = stamp
        if rows[row].area != NO_AREA:
            mark[row] = LOOKED_AT
        elif rows[row].error_mm > error_mm_max:
            mark[row] = ASK
            unsure += 1
        elif (
            first_of_batch
            and subject.boxed
            and subject.lat_low_e7 <= rows[row].lat_e7 <= subject.lat_high_e7
            and subject.lon_low_e7 <= rows[row].lon_e7 <= subject.lon_high_e7
        ):
            mark[row] = QUIET
        else:
            mark[row] = FRESH
            fresh += 1
    return fresh, unsure


@compiled_in_place
def sift_rows(
    cells: Cells,
    zones: Records,
    rows: Records,
    wanted: int,
    error_mm_max: int,
    done: int,
    mark: npt.NDArray[np.int8],
    place: npt.NDArray[np.int64],
    evidence: Records,
    size: int,
    asked: npt.NDArray[np.int64],
    asked_count: int,
) -> tuple[int, int, int]:
    """Sifts the rows of a mark until the last, or until one might not find room; gives how far it came, and what is in use."""
    for row in range(done, len(rows)):
        if mark[row] != wanted or rows[row].error_mm > error_mm_max:
            continue
        lat, lon = rows[row].lat_e7 / 1e7, rows[row].lon_e7 / 1e7
        found = locate(cells, lat, lon)
        listed, listed_end = whole(cells, found)
        entry, entry_end = crossing(cells, found)
        room = (listed_end - listed) + (entry_end - entry)
        if size + room > len(evidence) or asked_count + room > len(asked):
            return row, size, asked_count
        mark[row] = FRESH
        if wanted == FRESH:
            place[row] = found
        rows[row].evidence_first = size
        while listed < listed_end:
            zone = cells.listed[listed]
            if may_be_at_its_height(zones[zone], rows[row].height_mm, rows[row].datum):
                evidence[size].zone, evidence[size].evidence, evidence[size].supports = zone, 2, 2
                size += 1
            listed += 1
        if entry < entry_end:
            x, y, z = ecef(lat, lon)
            while entry < entry_end:
                zone = cells.entry[entry, 0]
                if may_be_at_its_height(zones[zone], rows[row].height_mm, rows[row].datum):
                    edge_m, error_m = estimate(cells, entry, lat, lon, x, y, z)
                    said, supports = evidence_of(zones[zone], edge_m, error_m, rows[row].error_mm)
                    if said == _TOO_CLOSE:
                        asked[asked_count, 0], asked[asked_count, 1] = row, size
                        asked_count += 1
                    if said != 0 or supports != 0 or (zones[zone].watched and edge_m < np.inf):
                        evidence[size].zone, evidence[size].evidence, evidence[size].supports = zone, said, supports
                        size += 1
                entry += 1
        rows[row].evidence_count = size - rows[row].evidence_first
        for said_at in range(rows[row].evidence_first, size):
            if zones[evidence[said_at].zone].watched:
                mark[row] = LOOKED_AT
    return len(rows), size, asked_count


@compiled_in_place
def evidence_of(zone: Any, edge_m: float, error_m: float, sigma_mm: int) -> tuple[int, int]:
    """Evidence and supported rank at an estimated distance, or `_TOO_CLOSE` where the estimate cannot tell."""
    error_m += _ROUNDING_M
    band_m, margin_m = zone.band_mm / 1000, zone.margin_mm / 1000
    if not (
        abs(edge_m - _EDGE_M) > error_m
        and abs(edge_m - band_m) > error_m
        and abs(edge_m - margin_m) > error_m
        and abs(edge_m - band_m - margin_m) > error_m
    ):
        return _TOO_CLOSE, 0
    if edge_m <= _EDGE_M:
        return 2, 2
    edge_mm = edge_m * 1000
    if zone.band_mm > 0 and edge_m <= band_m:
        return 1, supported_rank(1, edge_mm, zone.margin_mm, zone.band_mm)
    if sigma_mm != UNKNOWN_MM and edge_m - error_m < SIGMAS_IN_DOUBT * sigma_mm / 1000:
        return _TOO_CLOSE, 0
    return 0, supported_rank(0, edge_mm, zone.margin_mm, zone.band_mm)
