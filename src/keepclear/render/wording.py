"""Lengths and instants as people write them."""

from __future__ import annotations

from keepclear.ground.instants import utc_text


def length_text(length_m: float) -> str:
    """A length for people: "340 m", "5.2 km", "27 km"."""
    if length_m < 0.995:
        return f"{100 * length_m:.0f} cm"
    if length_m < 999.5:
        return f"{length_m:.0f} m"
    return f"{length_m / 1000:.1f} km" if length_m < 99_950 else f"{length_m / 1000:.0f} km"


def clock_text(at_us: object) -> str:
    """An instant as date and time in UTC: "2026-05-18 10:00:00Z"."""
    return utc_text(int(str(at_us))).replace("T", " ")
