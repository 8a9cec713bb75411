"""What the compiled steps need to know of the zones' terms: one row for each zone of the atlas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.volumes import DATUMS, NO_BOUND_MM, may_hold
from keepclear.tracks.history import Records

EARLIEST, LATEST = -(2**62), 2**62

# from_us, until_us  the window, both ends included; opened and closed: what of it has come to pass
# datum              of the heights; unknown where all heights count
# noticed            whether its terms foresee somebody only while a notice covers the time
# steady             whether a second report that says the same changes nothing more
ZONE = np.dtype(
    [
        ("from_us", np.int64), ("until_us", np.int64), ("band_mm", np.int64), ("margin_mm", np.int64),
        ("hold_us", np.int64), ("lower_mm", np.int64), ("upper_mm", np.int64),
        ("datum", np.int32), ("m", np.int32), ("n", np.int32), ("opened", np.int32), ("closed", np.int32),
        ("windowed", np.int32), ("noticed", np.int32), ("steady", np.int32), ("watched", np.int32),
    ]
)  # fmt: skip


def zone_columns(atlas: Atlas) -> Records:
    """A row of `ZONE` for each zone, in the order of the atlas."""
    return rows_of_zones(atlas.zones)


def rows_of_zones(zones: Sequence[Zone]) -> Records:
    """The same of these zones."""
    rows = np.zeros(len(zones), dtype=ZONE)
    for row, zone in zip(rows, zones, strict=True):
        terms, window, height = zone.presence, zone.window, zone.height
        row["from_us"] = EARLIEST if window.from_us is None else window.from_us
        row["until_us"] = LATEST if window.until_us is None else window.until_us
        row["opened"] = window.from_us is None
        row["windowed"] = not (window.from_us is None and window.until_us is None)
        row["noticed"] = any(entry.notices is not None for entry in zone.may_enter)
        row["band_mm"], row["margin_mm"], row["hold_us"] = zone.band_mm, terms.margin_mm, terms.hold_us
        row["m"], row["n"] = terms.m, terms.n
        row["steady"] = terms.n == 1 and terms.hold_us == 0 and height is None and not row["windowed"]
        row["lower_mm"] = -NO_BOUND_MM if height is None or height.lower_mm is None else height.lower_mm
        row["upper_mm"] = NO_BOUND_MM if height is None or height.upper_mm is None else height.upper_mm
        row["datum"] = DATUMS.index("unknown" if height is None else height.datum)
    return rows


@compiled_in_place
def may_be_at_its_height(zone: Any, height_mm: int, datum: int) -> bool:
    """Whether a report of this height counts at a zone, of which this is the row."""
    return may_hold(zone.lower_mm, zone.upper_mm, zone.datum, height_mm, datum)
