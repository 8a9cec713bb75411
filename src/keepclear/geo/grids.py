"""UTM, UPS and MGRS grid references, read and written.

The letter behind a zone number is the MGRS latitude band, never a hemisphere: 37S is zone 37 between 32 and 40
degrees north. A hemisphere is said in words: "zone 37 north". A zone may be used up to one degree beyond its
own edges, as neighbours do who share one map; farther out the number is taken for a slip and refused.

MGRS squares of the UTM zones are decoded here and not by the `mgrs` library, because that library reports a
band letter that does not fit its square as a Python warning, which is shared by all threads.

Source: NGA.STND.0037_2.0.0_GRIDS (2014), Universal Grids and Grid Reference Systems, sections 2 and 3.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from mgrs import MGRS
from mgrs.core import MGRSError
from pyproj import Proj

from keepclear.ground.errors import Refused

BANDS = "CDEFGHJKLMNPQRSTUVWX"
ROW_LETTERS = "ABCDEFGHJKLMNPQRSTUV"
COLUMN_LETTERS = {1: "ABCDEFGH", 2: "JKLMNPQR", 0: "STUVWXYZ"}
SQUARE_M = 100_000
ROW_CYCLE_M = 2_000_000
FALSE_NORTHING_M = 10_000_000
BEYOND_ZONE_DEG_MAX = 1.0
BEYOND_BAND_DEG_MAX = 0.01
UTM_LATS = (-80.0, 84.0)
BEYOND_UTM_DEG_MAX = 0.5
METRES_PER_DEGREE = 111_320.0
# South-west Norway and Svalbard.
UNUSUAL_EDGES = {
    (31, "V"): (0, 3), (32, "V"): (3, 12),
    (31, "X"): (0, 9), (33, "X"): (9, 21), (35, "X"): (21, 33), (37, "X"): (33, 42),
}  # fmt: skip

_LIBRARY = MGRS()
_SQUARE = re.compile(r"(?P<zone>\d{1,2})\s*(?P<band>[A-Z])\s*(?P<square>[A-Z]{2})(?P<digits>[\d\s]*)", re.ASCII)
_POLAR_SQUARE = re.compile(r"(?P<area>[ABYZ])\s*(?P<square>[A-Z]{2})(?P<digits>[\d\s]*)", re.ASCII)
_UTM = re.compile(
    r"(?:UTM\s*)?(?:ZONE\s*)?(?P<zone>\d{1,2})\s*(?:(?P<band>[A-Z])|(?P<half>NORTH|SOUTH))[\s,]+(?:UTM\s+)?"
    r"(?P<first>\d{5,8}(?:\.\d+)?)\s*(?P<first_is>M?E|M?N)?[\s,]+(?:UTM\s+)?"
    r"(?P<second>\d{1,8}(?:\.\d+)?)\s*(?P<second_is>M?E|M?N)?",
    re.ASCII,
)


def central_meridian(zone: int) -> int:
    return zone * 6 - 183


def zone_edges(zone: int, band: str) -> tuple[int, int] | None:
    """West and east edge in degrees; None for the three zones that band X leaves out around Svalbard."""
    if band == "X" and zone in {32, 34, 36}:
        return None
    return UNUSUAL_EDGES.get((zone, band), (central_meridian(zone) - 3, central_meridian(zone) + 3))


def band_of(lat: float) -> str:
    """The latitude band; the southern edge belongs to it. Latitudes up to half a degree outside keep C and X."""
    return BANDS[min(max(int((lat + 80) // 8), 0), len(BANDS) - 1)]


def band_edges(band: str) -> tuple[int, int]:
    south = BANDS.index(band) * 8 - 80
    return south, 84 if band == "X" else south + 8


def zone_of(lat: float, lon: float) -> int:
    """The zone a position is written in, with the exceptions for south-west Norway and Svalbard; 180 E is zone 1."""
    band, east = band_of(lat), (lon + 180) % 360 - 180
    for (zone, unusual_band), (west_edge, east_edge) in UNUSUAL_EDGES.items():
        if band == unusual_band and west_edge <= east < east_edge:
            return zone
    return int((east + 180) // 6) + 1


@lru_cache(maxsize=120)
def _projection(zone: int, south: bool) -> Proj:
    return Proj(proj="utm", zone=zone, south=south, ellps="WGS84")


def utm_position(zone: int, south: bool, easting_m: float, northing_m: float) -> tuple[float, float]:
    """Latitude and longitude of a UTM coordinate."""
    lon, lat = _projection(zone, south)(easting_m, northing_m, inverse=True)
    return float(lat), float(lon)


def read_mgrs(spelled: str) -> tuple[float, float, float] | None:
    """Latitude and longitude of the centre of the square, and half its diagonal in metres; None if it is no MGRS."""
    text = spelled.upper()
    match = _SQUARE.fullmatch(text) or _POLAR_SQUARE.fullmatch(text)
    if match is None:
        return None
    groups = match["digits"].split()
    digits = "".join(groups)
    half = len(digits) // 2
    if len(digits) not in range(0, 11, 2) or len(groups) > 2 or (len(groups) == 2 and len(groups[0]) != half):
        raise Refused(
            "place.unreadable",
            "The digits of an MGRS reference come in two equal halves of up to five",
            value=spelled,
            mend="Write all of them: 37S DT 64499 07430.",
        )
    cell_m = SQUARE_M // 10**half
    accuracy_m = cell_m * math.sqrt(0.5)
    if "area" in match.groupdict():
        return *_polar_position(spelled, match["area"] + match["square"], digits), accuracy_m
    zone, band = int(match["zone"]), match["band"]
    _known_band(spelled, zone, band)
    easting_m, northing_m = _square_corner(spelled, zone, band, match["square"])
    east_m, north_m = (int(part or 0) * cell_m + cell_m / 2 for part in (digits[:half], digits[half:]))
    lat, lon = utm_position(zone, band < "N", easting_m + east_m, northing_m + north_m)
    _belongs(spelled, zone, band, (lat, lon), slack_m=cell_m)
    return lat, lon, accuracy_m


def _square_corner(spelled: str, zone: int, band: str, square: str) -> tuple[float, float]:
    """South-west corner of a 100 km square. Its row letter repeats every 2000 km; the band tells which one is meant."""
    column = COLUMN_LETTERS[zone % 3].find(square[0])
    row = ROW_LETTERS.find(square[1])
    if column < 0 or row < 0:
        raise Refused(
            "place.unreadable",
            f"Zone {zone} has no 100 km square {square}",
            value=spelled,
            mend="Check the zone and the two letters.",
        )
    row_m = (row - (0 if zone % 2 else 5)) % 20 * SQUARE_M
    south, north = band_edges(band)
    _, middle_m = _projection(zone, band < "N")(central_meridian(zone), (south + north) / 2)
    cycles = round((middle_m - row_m - SQUARE_M / 2) / ROW_CYCLE_M)
    return (column + 1) * SQUARE_M, row_m + cycles * ROW_CYCLE_M


def _polar_position(spelled: str, letters: str, digits: str) -> tuple[float, float]:
    """Centre of a UPS square, which is what the library answers since 1.6."""
    try:
        lat, lon = _LIBRARY.toLatLon(letters + digits)
    except MGRSError as error:
        raise Refused(
            "place.unreadable",
            f"There is no polar square {letters}",
            value=spelled,
            mend="Write for example Z AH 00692 99132, or degrees.",
        ) from error
    return float(lat), float(lon)


def read_utm(spelled: str) -> tuple[float, float, float, tuple[float, float] | None] | None:
    """Latitude, longitude, half a diagonal of the last digit's cell in metres; and where it would lie if the band
    letter S had been meant as "south". None if the text is no UTM."""
    match = _UTM.fullmatch(spelled.upper())
    if match is None:
        return None
    zone, band = int(match["zone"]), match["band"]
    _known_band(spelled, zone, band or "N")
    easting, northing = _easting_and_northing(spelled, match)
    easting_m, northing_m = float(easting), float(northing)
    if not SQUARE_M <= easting_m < 9 * SQUARE_M or northing_m > FALSE_NORTHING_M:
        raise Refused(
            "place.out_of_range",
            "A UTM easting lies from 100000 to 900000 and a northing from 0 to 10000000 metres",
            value=spelled,
            mend="The easting comes first; write all digits: 37S 464499 3707430.",
        )
    south = band < "N" if band else match["half"] == "SOUTH"
    lat, lon = utm_position(zone, south, easting_m, northing_m)
    _belongs(spelled, zone, band or band_of(lat), (lat, lon), slack_m=0)
    cells_m = [10.0 ** -len(number.partition(".")[2]) for number in (easting, northing)]
    other = utm_position(zone, True, easting_m, northing_m) if band == "S" else None
    return lat, lon, math.hypot(*cells_m) / 2, other


def _easting_and_northing(spelled: str, match: re.Match[str]) -> tuple[str, str]:
    labels = [(match[group] or "")[-1:] for group in ("first_is", "second_is")]
    if labels == ["N", "E"]:
        return match["second"], match["first"]
    if labels not in (["", ""], ["E", "N"]):
        raise Refused(
            "place.unreadable",
            "Only one of easting and northing is labelled, or both alike",
            value=spelled,
            mend="Write 37S 464499mE 3707430mN.",
        )
    return match["first"], match["second"]


def _known_band(spelled: str, zone: int, band: str) -> None:
    if not 1 <= zone <= 60 or band not in BANDS or zone_edges(zone, band) is None:
        raise Refused(
            "place.out_of_range",
            f"There is no grid zone {zone}{band}",
            value=spelled,
            mend="Zones run from 1 to 60, band letters from C to X without I and O; 32X, 34X and 36X do not exist.",
        )


def _belongs(spelled: str, zone: int, band: str, position: tuple[float, float], slack_m: float) -> None:
    lat, lon = position
    south, north = band_edges(band)
    slack_deg = BEYOND_BAND_DEG_MAX + slack_m / METRES_PER_DEGREE
    if not UTM_LATS[0] - BEYOND_UTM_DEG_MAX - slack_deg <= lat <= UTM_LATS[1] + BEYOND_UTM_DEG_MAX + slack_deg:
        raise Refused(
            "place.out_of_range",
            "UTM zones end at 84 N and 80 S",
            value=spelled,
            mend="Check the northing, or write degrees.",
        )
    above = lat > north + slack_deg and band != BANDS[-1]
    below = lat < south - slack_deg and band != BANDS[0]
    if above or below:
        raise Refused(
            "place.band_mismatch",
            f"The letter {band} names the latitude band {_band_in_words(band)}, but this lies at {abs(lat):.2f} "
            f"degrees {'north' if lat >= 0 else 'south'}",
            value=spelled,
            mend=f"Check the letter and the digits; a hemisphere is written in words, as in zone {zone} north.",
        )
    middle = central_meridian(zone)
    # Plain UTM, without a band letter, may use the zones that MGRS leaves out around Svalbard.
    west, east = zone_edges(zone, band) or (middle - 3, middle + 3)
    from_middle_deg = (lon - middle + 180) % 360 - 180
    beyond_deg = max(west - middle - from_middle_deg, from_middle_deg - (east - middle))
    if beyond_deg > BEYOND_ZONE_DEG_MAX + slack_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))):
        raise Refused(
            "place.out_of_range",
            f"This lies {beyond_deg:.1f} degrees outside zone {zone}",
            value=spelled,
            mend=f"Check the zone and the easting; there, the zone would be {zone_of(lat, lon)}.",
        )


def _band_in_words(band: str) -> str:
    south, north = band_edges(band)
    return f"{south} to {north} north" if south >= 0 else f"{-north} to {-south} south"


def as_mgrs(lat: float, lon: float, accuracy_m: float) -> str:
    """`37S DT 64499 07430`, cut off and not rounded, as the standard has it; UPS squares beyond 84 N and 80 S."""
    half = next((n for n in range(5) if SQUARE_M / 10**n * math.sqrt(0.5) <= accuracy_m * 1.001), 5)
    text = str(_LIBRARY.toMGRS(lat, lon, True, half))
    letters, digits = (text[: len(text) - 2 * half], text[len(text) - 2 * half :])
    return " ".join(filter(None, (letters[:-2], letters[-2:], digits[:half], digits[half:])))


def as_utm(lat: float, lon: float, accuracy_m: float) -> str | None:
    """`37S 464499mE 3707430mN`, rounded to a power of ten that fits the accuracy; None beyond 84 N and 80 S."""
    if not UTM_LATS[0] <= lat <= UTM_LATS[1]:
        return None
    zone, south = zone_of(lat, lon), lat < 0
    easting_m, northing_m = _projection(zone, south)(lon, lat)
    step_m = next((10**n for n in (3, 2, 1) if 10**n * math.sqrt(0.5) <= accuracy_m * 1.001), 1)
    easting_m, northing_m = (round(metres / step_m) * step_m for metres in (easting_m, northing_m))
    if south and northing_m == FALSE_NORTHING_M:
        return f"{zone}N {easting_m:06d}mE 0000000mN"
    return f"{zone}{band_of(lat)} {easting_m:06d}mE {northing_m:07d}mN"
