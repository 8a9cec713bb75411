"""A zone in words, so that a person sees what the program understood."""

from __future__ import annotations

from collections.abc import Mapping

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import Entry, PresenceTerms
from keepclear.cli.pattern_words import patterns_in_words
from keepclear.geo import earth
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector
from keepclear.ground.instants import ALWAYS, Window, duration_text, utc_text

M_PER_NM = 1852.0


def kind_in_words(zone: Zone) -> str:
    return type(zone.shape).__name__.lower()


def size_in_words(zone: Zone, entered: Mapping[str, str]) -> str:
    """The size as it was entered, and in kilometres and nautical miles; of a polygon the area."""
    match zone.shape:
        case Circle(radius_m=radius_m):
            return f"radius {_length(radius_m, entered.get('radius'))}"
        case Corridor(half_width_m=half_width_m):
            return f"half-width {_length(half_width_m, entered.get('half_width'))}"
        case Sector(radius_m=radius_m, from_deg=from_deg, to_deg=to_deg, inner_radius_m=inner_m):
            inner = f", inner radius {_length(inner_m, entered.get('inner_radius'))}" if inner_m else ""
            sides = f"from {from_deg:g}° clockwise to {to_deg:g}°"
            return f"radius {_length(radius_m, entered.get('radius'))}{inner}, {sides}"
        case Polygon() as polygon:
            area_m2 = sum(earth.signed_area_m2(*ring) for ring in polygon.rings)
            corners = sum(len(lat) for lat, _ in polygon.rings)
            area = f"{area_m2 / 1e6:.4g} km², {area_m2 / M_PER_NM**2:.4g} NM²"
            return f"area {area}, {corners} corners, edges {polygon.edges}"
    raise AssertionError(zone.shape)


def band_in_words(zone: Zone, entered: Mapping[str, str]) -> str:
    return _length(zone.band_mm / 1000, entered.get("band")) if zone.band_mm else "none"


def window_in_words(window: Window) -> str:
    if window == ALWAYS:
        return "always"
    begin = "" if window.from_us is None else f"from {utc_text(window.from_us)}"
    end = "" if window.until_us is None else f"until {utc_text(window.until_us)}"
    return f"{begin} {end}".strip()


def terms_in_words(zone: Zone) -> list[str]:
    """One sentence each on heights, who may be where, how presence is concluded, and when an alert is raised."""
    sentences = []
    if zone.height is not None:
        bounds = (("from", zone.height.lower_mm), ("up to", zone.height.upper_mm))
        heights = " ".join(f"{word} {mm / 1000:.7g} m" for word, mm in bounds if mm is not None)
        sentences.append(f"Heights: {heights} {zone.height.datum}.")
    entries = "; ".join(_entry(entry) for entry in zone.may_enter) or "nobody"
    sentences += [f"May be there: {entries}.", _presence(zone.presence)]
    alerts = []
    if zone.dwell_us is not None:
        alerts.append(f"somebody not foreseen is there for more than {duration_text(zone.dwell_us)}")
    if zone.approach_us is not None:
        alerts.append(f"is less than {duration_text(zone.approach_us)} from the edge on the present course")
    sentences.append(
        f"Alert when {', or '.join(alerts)}." if alerts else "No alert on a long stay, nor on a course towards it."
    )
    return sentences + patterns_in_words(zone.patterns)


def _entry(entry: Entry) -> str:
    where = " (in the band only)" if entry.where == "band" else ""
    if entry.notices is None:
        return f"{entry.party}{where}"
    on_file = ", ".join(
        f"{window_in_words(notice.window)}{f' [{notice.reference}]' if notice.reference else ''}"
        for notice in entry.notices
    )
    return f"{entry.party}{where} after notice ({on_file or 'none on file'})"


def _presence(presence: PresenceTerms) -> str:
    reports = "one report" if presence.n == 1 else f"{presence.m} of {presence.n} reports"
    margin = f" farther than {presence.margin_mm / 1000:g} m beyond the line" if presence.margin_mm else ""
    hold = f" for {duration_text(presence.hold_us)}" if presence.hold_us else ""
    silent = presence.silent_after_us
    lost = "never lost" if silent is None else f"lost when silent for more than {duration_text(silent)}"
    left = f"gone when{margin}{hold}" if margin or hold else "gone as soon as reported outside"
    return f"Presence: {reports}; {left}; {lost}."


def _length(metres: float, entered: str | None) -> str:
    metric = f"{metres / 1000:.6g} km"
    nautical = f"{metres / M_PER_NM:.4g} NM"
    if entered is None or entered == metric:
        return f"{metric} ({nautical})"
    return f"{entered} ({metric})" if entered == nautical else f"{entered} ({metric}, {nautical})"
