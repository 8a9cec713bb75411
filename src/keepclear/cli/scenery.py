"""Who is where in the live example at at-Tanf, at every second from its start. Positions are invented; none of them was ever reported.

    rows = Scenery(now_us).rows(second, turned_s)       by feed, as its door takes them

Each round of `ROUND_S` brings another convoy and another aircraft: nobody jumps back to where they began.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from keepclear.geo.geodesics import along, course
from keepclear.ground.instants import utc_text

CENTRE = (33.50583, 38.61778)
EDGE_M = 55_000.0
BAND_M = 10_000.0
INVENTED = "(invented, exercise)"
# Feeds of the first party: what they are called, how long they may be silent, and how often they report, in seconds.
FEEDS = {
    "observer": (f"Observation aircraft of Alpha {INVENTED}", 60, 1),
    "patrols": (f"Trackers of Alpha's patrols {INVENTED}", 60, 1),
    "garrison": (f"Garrison of Alpha, by radio {INVENTED}", None, 150),
    "road-post": (f"Road post of Alpha in the north-west {INVENTED}", 60, 5),
}
OTHERS_FEED = ("vehicles", f"Trackers of Bravo's vehicles {INVENTED}")

ROUND_S = 900
CONVOY_SEEN_S = 20
CONVOY_ENTERS_S = 60
CONVOY_BEARING_DEG = 299.0
CONVOY_IN_MPS = 14.0
CONVOY_OUT_MPS = 17.0
CONVOY_HALTS_S = 330
CONVOY_TURNS_S = 600
GROUP_S = 150
ROAD_POST_SILENT_S = range(150, 420)
AIRCRAFT_MPS = 110.0
AIRCRAFT_NEAREST_M = 54_100.0
AIRCRAFT_AHEAD_M = 50_000.0
PATROL_M = 12_600.0
_GONE_M = EDGE_M + BAND_M + 1_000.0


class Scenery:
    """Everybody, from an instant on: `began_us`, in microseconds of Unix time."""

    def __init__(self, began_us: int) -> None:
        self._began_us = began_us

    def rows(self, second: int, turned_s: dict[int, int]) -> dict[str, list[dict[str, Any]]]:
        """What each feed reports at this second from the start; a feed that is silent then has no entry.

        turned_s  by round, the second of it at which its convoy turned round; without one it does so by itself, late"""
        seen_at = utc_text(self._began_us + second * 1_000_000)
        within = second % ROUND_S
        convoys = [_convoy(number, at, turned_s) for number, at in _rounds(second)]
        aircraft = [_aircraft(number, at) for number, at in _rounds(second)]
        found: dict[str, list[dict[str, Any] | None]] = {
            "observer": [*convoys, *aircraft],
            "patrols": [_patrol(within)],
            "garrison": _garrison(second, within),
            "road-post": [] if within in ROAD_POST_SILENT_S else [_lorry(second)],
            OTHERS_FEED[0]: [_as_own(row) for row in convoys if row is not None],
        }
        due = {feed: rows for feed, rows in found.items() if second % _every_s(feed) == 0}
        marks = {"seen_at": seen_at, "exercise": True}
        reported = {feed: [row | marks for row in rows if row is not None] for feed, rows in due.items()}
        return {feed: rows for feed, rows in reported.items() if rows}


def _every_s(feed: str) -> int:
    return FEEDS[feed][2] if feed in FEEDS else 1


def _rounds(second: int) -> Iterator[tuple[int, int]]:
    """This round and the one before, whose convoy may still be on its way out: number from 1 on, and seconds since it began."""
    number = second // ROUND_S
    for one in (number - 1, number):
        if one >= 0:
            yield one + 1, second - one * ROUND_S


def _convoy(number: int, at_s: int, turned_s: dict[int, int]) -> dict[str, Any] | None:
    """Comes in on the road from the north-west, halts, and goes out as it came."""
    if at_s < CONVOY_SEEN_S:
        return None
    turned = turned_s.get(number, CONVOY_TURNS_S)
    in_s = min(at_s, turned, CONVOY_HALTS_S) - CONVOY_ENTERS_S
    out_s = max(0, at_s - turned)
    # Half a second's way inside the edge when it enters: nobody has to ask on which side of it that is.
    from_centre_m = EDGE_M - (in_s + 0.5) * CONVOY_IN_MPS + out_s * CONVOY_OUT_MPS
    if from_centre_m > _GONE_M:
        return None
    inwards = (CONVOY_BEARING_DEG + 180.0) % 360.0
    if out_s:
        moving = {"speed_mps": CONVOY_OUT_MPS, "course_deg": CONVOY_BEARING_DEG}
    elif at_s < min(turned, CONVOY_HALTS_S):
        moving = {"speed_mps": CONVOY_IN_MPS, "course_deg": inwards}
    else:
        moving = {"speed_mps": 0.0, "course_deg": inwards}
    return {
        "subject": f"Convoy {number}", **_place(from_centre_m, CONVOY_BEARING_DEG), **moving, "error_m": 5, "count": "12-15",
        "party": "Bravo", "attributed_by": "Observation aircraft of Alpha", "confidence": 0.9, "grading": "B2",
    }  # fmt: skip


def _as_own(row: dict[str, Any]) -> dict[str, Any]:
    """The same vehicles as the other party's own trackers report them."""
    return {key: row[key] for key in ("subject", "lat", "lon", "speed_mps", "course_deg")} | {
        "error_m": 10, "count": "14", "party": "Bravo", "attributed_by": "Bravo", "confidence": 1.0,
    }  # fmt: skip


def _aircraft(number: int, at_s: int) -> dict[str, Any] | None:
    """Crosses the north-eastern edge of the zone in a straight line; nobody knows whose it is."""
    flown_m = at_s * AIRCRAFT_MPS - AIRCRAFT_AHEAD_M
    if flown_m > AIRCRAFT_AHEAD_M:
        return None
    bearing, heading = math.radians(60.0), math.radians(150.0)
    east_m = AIRCRAFT_NEAREST_M * math.sin(bearing) + flown_m * math.sin(heading)
    north_m = AIRCRAFT_NEAREST_M * math.cos(bearing) + flown_m * math.cos(heading)
    return {
        "subject": f"Aircraft {number}", **_at(east_m, north_m), "speed_mps": AIRCRAFT_MPS, "course_deg": 150.0, "error_m": 150,
        "height_m": 3200, "datum": "MSL", "count": "1",
    }  # fmt: skip


def _patrol(within_s: int) -> dict[str, Any]:
    """Goes round in a ring across the northern edge, again and again."""
    radius_m = PATROL_M / math.tau
    turn_deg = 360.0 * within_s / ROUND_S
    middle_m = EDGE_M - 0.6 * radius_m
    towards = math.radians(15.0)
    east_m = middle_m * math.sin(towards) + radius_m * math.sin(math.radians(turn_deg))
    north_m = middle_m * math.cos(towards) + radius_m * math.cos(math.radians(turn_deg))
    return {
        "subject": "Patrol 2", **_at(east_m, north_m), "speed_mps": PATROL_M / ROUND_S, "course_deg": (turn_deg + 90.0) % 360.0,
        "error_m": 10, "count": "4", "party": "Alpha", "attributed_by": "Alpha", "confidence": 1.0,
    }  # fmt: skip


def _garrison(second: int, within_s: int) -> list[dict[str, Any] | None]:
    """Its own strength at the start; then what it hears of a group near Shahmi, which is an area and a number between two bounds."""
    lat, lon = CENTRE
    said: list[dict[str, Any] | None] = []
    if second == 0:
        said.append(
            {
                "subject": "Garrison of Alpha", "lat": lat, "lon": lon, "error_m": 500, "count": "a couple hundred", "party": "Alpha",
                "attributed_by": "Alpha", "confidence": 1.0, "grading": "A1",
            }
        )  # fmt: skip
    if within_s == GROUP_S:
        said.append(
            {
                "subject": "Group near Shahmi", "lat": lat, "lon": lon, "area_m": 62_000, "area_inner_m": 52_000, "area_from_deg": 283,
                "area_to_deg": 291, "count": "60-100", "party": "Bravo", "attributed_by": "Garrison of Alpha", "confidence": 0.6,
                "grading": "C3",
            }
        )  # fmt: skip
    return said


def _lorry(second: int) -> dict[str, Any]:
    """Goes to and fro on the road outside the zone."""
    leg_s, mps = 600, 12.0
    to_s = second % (2 * leg_s)
    is_out = to_s < leg_s
    run_m = mps * (to_s if is_out else 2 * leg_s - to_s)
    bearing_deg = 318.0
    return {
        "subject": "Lorry 7", **_place(EDGE_M + BAND_M + 3_000.0 + run_m, bearing_deg), "speed_mps": mps,
        "course_deg": bearing_deg if is_out else bearing_deg - 180.0, "error_m": 50, "count": "1", "party": "Civilian",
        "attributed_by": "Road post of Alpha",
        "confidence": 0.8,
    }  # fmt: skip


def _at(east_m: float, north_m: float) -> dict[str, float]:
    """The place in the plane around the centre: its distance and bearing from there are exact."""
    return _place(math.hypot(east_m, north_m), math.degrees(math.atan2(east_m, north_m)) % 360.0)


def _place(from_centre_m: float, bearing_deg: float) -> dict[str, float]:
    lat, lon = along(course(*CENTRE, bearing_deg), from_centre_m)
    return {"lat": round(lat, 6), "lon": round(lon, 6)}
