"""Height bands with an explicit datum, and what can be said across data whose datum differs or is missing.

W84 is height above the WGS84 ellipsoid, MSL above a mean sea level (the geoid not named), AGL above ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepclear.ground.errors import Refused

DATUMS = ("unknown", "W84", "MSL", "AGL")
UNKNOWN_MM = -(2**31)
# EGM2008 undulations lie between -107 m and +86 m (Pavlis et al., J. Geophys. Res. 117, 2012).
GEOID_UNDULATION_MM_MAX = 110_000


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
        """Whether a subject at this height may be in the band: False only where it certainly is not.

        A height that is not known may be in it; W84 against MSL is widened by the largest geoid undulation;
        AGL against the other two cannot be compared without terrain, so it may be in it."""
        own = DATUMS.index(self.datum)
        same = datum == own
        comparable = same | ((datum != 3) & (datum != 0) & (own != 3))
        slack = np.where(same, 0, GEOID_UNDULATION_MM_MAX)
        height = height_mm.astype(np.int64)
        below = np.zeros(len(height), dtype=bool) if self.lower_mm is None else height + slack < self.lower_mm
        above = np.zeros(len(height), dtype=bool) if self.upper_mm is None else height - slack > self.upper_mm
        known = (height_mm != UNKNOWN_MM) & comparable
        certainly_out: npt.NDArray[np.bool_] = known & (below | above)
        return ~certainly_out
