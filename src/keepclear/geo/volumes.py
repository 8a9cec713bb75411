"""Height bands with an explicit datum, and what can be said across data whose datum differs or is missing.

W84 is height above the WGS84 ellipsoid, MSL above a mean sea level (the geoid not named), AGL above ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.ground.errors import Refused

DATUMS = ("unknown", "W84", "MSL", "AGL")
UNKNOWN_MM = -(2**31)
# EGM2008 undulations lie between -107 m and +86 m (Pavlis et al., J. Geophys. Res. 117, 2012).
GEOID_UNDULATION_MM_MAX = 110_000
NO_BOUND_MM = 2**40
_UNKNOWN, _ABOVE_GROUND = DATUMS.index("unknown"), DATUMS.index("AGL")


@dataclass(frozen=True)
class HeightBand:
    """Heights from `lower_mm` to `upper_mm`, both included, above `datum`; None means no bound."""

    lower_mm: int | None
    upper_mm: int | None
    datum: str

    def __post_init__(self) -> None:
        if self.datum not in DATUMS[1:]:
            raise Refused(
                "height.datum",
                "The datum of the heights is not stated or not known",
                value=self.datum,
                mend='Write "W84", "MSL" or "AGL".',
            )
        if self.lower_mm is not None and self.upper_mm is not None and self.lower_mm > self.upper_mm:
            raise Refused(
                "height.reversed",
                "The lower height is above the upper",
                value=f"{self.lower_mm / 1000:g} m to {self.upper_mm / 1000:g} m",
                mend="Exchange the two.",
            )

    def may_hold(self, height_mm: npt.NDArray[np.int32], datum: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
        """Whether a subject at this height may be in the band: see `HeightBands`."""
        return HeightBands([self]).may_hold(np.zeros(len(height_mm), dtype=np.intp), height_mm, datum)


class HeightBands:
    """Bands by number, for columns; None is the band of all heights."""

    def __init__(self, bands: Sequence[HeightBand | None]) -> None:
        bounds = [
            (None, None, DATUMS[0]) if band is None else (band.lower_mm, band.upper_mm, band.datum) for band in bands
        ]
        self._lower_mm = np.array([-NO_BOUND_MM if low is None else low for low, _, _ in bounds], dtype=np.int64)
        self._upper_mm = np.array([NO_BOUND_MM if high is None else high for _, high, _ in bounds], dtype=np.int64)
        self._datum = np.array([DATUMS.index(datum) for _, _, datum in bounds], dtype=np.int8)

    def may_hold(
        self, number: npt.NDArray[np.intp], height_mm: npt.NDArray[np.int32], datum: npt.NDArray[np.int8]
    ) -> npt.NDArray[np.bool_]:
        """Whether subjects at these heights may be in these bands: False only where they certainly are not.

        See `may_hold`."""
        return _may_hold(self._lower_mm[number], self._upper_mm[number], self._datum[number], height_mm, datum)


@compiled
def _may_hold(
    lower_mm: npt.NDArray[np.int64],
    upper_mm: npt.NDArray[np.int64],
    own: npt.NDArray[np.int8],
    height_mm: npt.NDArray[np.int32],
    datum: npt.NDArray[np.int8],
) -> npt.NDArray[np.bool_]:
    may = np.empty(len(own), np.bool_)
    for row in range(len(may)):
        may[row] = may_hold(lower_mm[row], upper_mm[row], own[row], height_mm[row], datum[row])
    return may


@compiled_in_place
def may_hold(lower_mm: int, upper_mm: int, own: int, height_mm: int, datum: int) -> bool:
    """Whether a subject at this height may be between these over their own datum (an index into `DATUMS`).

    A height that is not known may be in any band; W84 against MSL is widened by the largest geoid undulation; AGL
    against the other two cannot be compared without terrain, so it may be in it."""
    if height_mm == UNKNOWN_MM:
        return True
    slack_mm = 0
    if datum != own:
        if _says_nothing(datum) or _says_nothing(own):
            return True
        slack_mm = GEOID_UNDULATION_MM_MAX
    return not (height_mm + slack_mm < lower_mm or height_mm - slack_mm > upper_mm)


@compiled_in_place
def _says_nothing(datum: int) -> bool:
    """Whether heights over this datum cannot be compared with any others."""
    return datum in (_UNKNOWN, _ABOVE_GROUND)
