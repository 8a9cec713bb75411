"""Writes the minute of AIS in src/keepclear/examples/at_sea: made-up ships around Kestrel Pass at sea, a line each second."""

from __future__ import annotations

import math
from pathlib import Path

import pyais

TARGET = Path(__file__).parents[1] / "src" / "keepclear" / "examples" / "at_sea" / "radio.nmea"
LAT, LON = 45.2, -7.8
METRES_PER_DEGREE = 111_200.0
SECONDS = 60
KNOT_MPS = 1852 / 3600
NO_SECOND = 60
FALCON, SUPPLY_SHIP, NOWHERE, BASE = 200000201, 200000117, 200000300, 2000001


def metres_away(east_m: float, north_m: float) -> dict[str, float]:
    """The position so far from the middle of Kestrel Pass."""
    lon = LON + east_m / (METRES_PER_DEGREE * math.cos(math.radians(LAT)))
    return {"lat": LAT + north_m / METRES_PER_DEGREE, "lon": lon}


def message_at(second: int) -> list[str]:
    """The sentences that are sent in this second."""
    if second == 3:
        return sentences(5, FALCON, shipname="FALCON", callsign="KC201", ship_type=30)
    if second == 7:
        return sentences(24, SUPPLY_SHIP, partno=0, shipname="HARBOUR AID 7")
    if second == 11:
        return sentences(1, NOWHERE, lat=91.0, lon=181.0, speed=102.3, course=360.0, heading=511)
    if second % 10 == 5:
        return sentences(4, BASE, year=2026, month=5, day=18, hour=10, minute=30, **metres_away(9_000, 9_000))
    if second % 6 == 0:
        return sentences(18, SUPPLY_SHIP, speed=0.0, course=0.0, heading=511, accuracy=1, **metres_away(0, 4_000))
    knots = 34.0
    place = metres_away(-2_000 - 200 + knots * KNOT_MPS * second, 150)
    return sentences(1, FALCON, speed=knots, course=90.0, heading=91, accuracy=1, **place)


def sentences(kind: int, mmsi: int, **fields: str | float) -> list[str]:
    """A message as lines of NMEA."""
    stated: dict[str, str | int | float | bytes] = {"msg_type": kind, "mmsi": mmsi, **fields}
    if kind not in {4, 5, 24}:
        stated["second"] = NO_SECOND
    return pyais.encode_dict(stated, talker_id="AI", sentence_type="VDM")


if __name__ == "__main__":
    lines = [line for second in range(SECONDS) for line in message_at(second)]
    TARGET.write_text("\n".join([*lines, ""]), encoding="ascii")
    print(f"{TARGET.name}: {len(lines)} lines")
