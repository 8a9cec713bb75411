"""The properties of a zone other than its shape: one function each, from a JSON value to what the terms hold.

Each takes the value as it stands in the file and its path; its faults go to the findings.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from keepclear.agreements.atlas import Zone
from keepclear.agreements.terms import Entry, Notice, PresenceTerms
from keepclear.feeds.findings import Findings
from keepclear.geo.shapes import RADIUS_M_MAX
from keepclear.geo.volumes import HeightBand
from keepclear.ground.errors import Refused
from keepclear.ground.instants import ALWAYS, Window, parse_instant, utc_text
from keepclear.ground.quantities import Length, parse_duration_us, parse_length

Value = TypeVar("Value")

TEXT_CHARS_MAX = 200
HEIGHT_M_RANGE = (-12_000.0, 1_000_000.0)
DURATION_US_MAX = 36_525 * 86_400_000_000

_EXACT_UNITS = ((3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1, "us"))

TERM_NAMES = ("name", "band", "height", "window", "presence", "may_enter", "dwell", "approach", "patterns")


def text(value: object) -> str:
    """A name or a few words on one line, without the blanks around it."""
    if not isinstance(value, str):
        raise Refused("text.not_text", "This is not text", value=value, mend="Write it in quotes.")
    if not value.strip():
        raise Refused("text.empty", "The text is empty", mend="Fill it in, or leave the member out.")
    if len(value) > TEXT_CHARS_MAX:
        raise Refused(
            "text.too_long", f"The text is longer than {TEXT_CHARS_MAX} characters", value=value, mend="Shorten it."
        )
    if any(unicodedata.category(ch) in {"Cc", "Cs"} for ch in value):
        raise Refused(
            "text.unprintable", "The text has control characters or half characters", value=value, mend="Remove them."
        )
    return value.strip()


def length(value: object) -> Length:
    """A length with its unit."""
    return parse_length(text(value) if isinstance(value, str) else value)


def distance_mm(value: object) -> int:
    """A length of at least zero and at most the largest radius."""
    metres = length(value).m
    if not 0.0 <= metres <= RADIUS_M_MAX:
        raise Refused(
            "length.out_of_range",
            f"The length is not between zero and {RADIUS_M_MAX / 1000:.0f} km",
            value=value,
            mend='Give a length such as "5 km".',
        )
    return round(metres * 1000)


def length_text(metres: float) -> str:
    """A length that reads back as exactly this many metres."""
    exact = Decimal(repr(float(metres)))
    return f"{exact / 1000:f} km" if metres and exact % 1000 == 0 else f"{exact:f} m"


def duration_us(value: object) -> int:
    """A duration with its unit, up to a hundred years."""
    us = parse_duration_us(text(value) if isinstance(value, str) else value)
    if us > DURATION_US_MAX:
        raise Refused(
            "duration.too_long",
            "The duration is longer than a hundred years",
            value=value,
            mend='Give a duration such as "15 min".',
        )
    return us


def duration_text_exact(us: int) -> str:
    """A duration that reads back as exactly this many microseconds."""
    size, unit = next((size, unit) for size, unit in _EXACT_UNITS if us % size == 0)
    return f"{us // size} {unit}"


def number(value: object) -> float:
    """A finite JSON number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("number.not_number", "This is not a number", value=value, mend="Write it without quotes.")
    if not math.isfinite(value):
        raise Refused("number.not_finite", "The number is not finite", value=value, mend="Give a number of degrees.")
    return float(value)


def given(findings: Findings, path: str, value: object, read: Callable[[object], Value], default: Value) -> Value:
    """What `read` makes of the value; the default if there is none, or if it is at fault."""
    if value is None:
        return default
    made = findings.attempt(path, read, value)
    return default if made is None else made


def read_height(findings: Findings, path: str, value: object) -> HeightBand | None:
    """`{"lower": null, "upper": "3000 ft", "datum": "AGL"}`; the datum is never implied."""
    if value is None:
        return None
    height = findings.members(path, value, ("lower", "upper", "datum"))
    lower_mm = given(findings, f"{path}.lower", height.get("lower"), _height_mm, None)
    upper_mm = given(findings, f"{path}.upper", height.get("upper"), _height_mm, None)
    datum = str(height.get("datum", ""))
    bare = findings.attempt(f"{path}.datum", HeightBand, None, None, datum)
    if isinstance(value, dict) and not {"lower", "upper"} & height.keys():
        mend = "Give one of them, or leave the height out."
        findings.error(path, Refused("height.unbounded", "The height has no bound", value=value, mend=mend))
    # A datum at fault has been reported; the order of the two heights is judged all the same.
    return findings.attempt(path, HeightBand, lower_mm, upper_mm, bare.datum if bare else "W84")


def _height_mm(value: object) -> int:
    metres = length(value).m
    low, high = HEIGHT_M_RANGE
    if not low <= metres <= high:
        what = f"The height is not between {low:.0f} m and {high:.0f} m"
        raise Refused("height.out_of_range", what, value=value, mend='Give a height such as "3000 ft".')
    return round(metres * 1000)


def read_window(findings: Findings, path: str, value: object, *, also: tuple[str, ...] = ()) -> Window | None:
    """`{"from": time, "until": time}`, each with its zone; either may be missing, not both."""
    if value is None:
        return None
    window = findings.members(path, value, ("from", "until", *also))
    from_us = given(findings, f"{path}.from", window.get("from"), _instant_us, None)
    until_us = given(findings, f"{path}.until", window.get("until"), _instant_us, None)
    if isinstance(value, dict) and not {"from", "until"} & window.keys():
        mend = "Give one of them, or leave the window out."
        findings.error(path, Refused("window.unbounded", "The window has no bound", value=value, mend=mend))
    return findings.attempt(path, Window, from_us, until_us)


def _instant_us(value: object) -> int:
    return parse_instant(text(value)).us


def read_presence(findings: Findings, path: str, value: object) -> PresenceTerms | None:
    """`{"m": 2, "n": 3, "margin": "500 m", "hold": "5 min", "silent_after": "30 min"}`, any of them."""
    if value is None:
        return None
    presence = findings.members(path, value, ("m", "n", "margin", "hold", "silent_after"))
    found_before = findings.error_count
    standard = PresenceTerms()
    m = given(findings, f"{path}.m", presence.get("m"), count, standard.m)
    n = given(findings, f"{path}.n", presence.get("n"), count, standard.n)
    margin_mm = given(findings, f"{path}.margin", presence.get("margin"), distance_mm, standard.margin_mm)
    hold_us = given(findings, f"{path}.hold", presence.get("hold"), duration_us, standard.hold_us)
    silent = given(
        findings, f"{path}.silent_after", presence.get("silent_after"), duration_us, standard.silent_after_us
    )
    if findings.error_count > found_before:
        return None
    return findings.attempt(path, PresenceTerms, m, n, margin_mm, hold_us, silent)


def count(value: object) -> int:
    """A whole number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("number.not_count", "This is not a whole number", value=value, mend="Write for example 2.")
    return value


def read_may_enter(findings: Findings, path: str, value: object) -> tuple[Entry, ...] | None:
    """A list of parties: `"Alpha"`, or an object that says where, and which prior notice is on file."""
    if value is None:
        return None
    if not isinstance(value, list):
        findings.error(
            path, Refused("may_enter.not_list", "This is not a list of parties", value=value, mend='Write ["Alpha"].')
        )
        return None
    entries: dict[tuple[str, str], Entry] = {}
    for i, item in enumerate(value):
        entry = _read_entry(findings, f"{path}[{i}]", item)
        if entry is not None and (entry.party, entry.where) in entries:
            mend = "Put the notices of both into one entry."
            findings.error(
                f"{path}[{i}]", Refused("may_enter.twice", "The party is listed twice", value=entry.party, mend=mend)
            )
        elif entry is not None:
            entries[(entry.party, entry.where)] = entry
    return tuple(entries.values())


def _read_entry(findings: Findings, path: str, value: object) -> Entry | None:
    if not isinstance(value, dict):
        party = findings.attempt(path, text, value)
        return Entry(party) if party else None
    entry = findings.members(path, value, ("party", "where", "notice"))
    party = findings.attempt(f"{path}.party", text, entry.get("party", ""))
    where = entry.get("where", "inside")
    at_place = findings.attempt(f"{path}.where", Entry, party or "", str(where))
    notices = None if "notice" not in entry else _read_notices(findings, f"{path}.notice", entry["notice"])
    return Entry(party, at_place.where, notices) if party and at_place else None


def _read_notices(findings: Findings, path: str, value: object) -> tuple[Notice, ...]:
    if not isinstance(value, list):
        mend = "Write a list; [] means that notice is due and none is on file."
        findings.error(path, Refused("notice.not_list", "This is not a list of notices", value=value, mend=mend))
        return ()
    notices = []
    for i, item in enumerate(value):
        window = read_window(findings, f"{path}[{i}]", {} if item is None else item, also=("reference",))
        reference = item.get("reference") if isinstance(item, dict) else None
        words = given(findings, f"{path}[{i}].reference", reference, text, "")
        if window is not None:
            notices.append(Notice(window, words))
    return tuple(notices)


def write_terms(zone: Zone) -> dict[str, object]:
    """The properties from which the same terms are read again; what is as usual is left out."""
    usual = PresenceTerms()
    presence = zone.presence
    terms = {
        "name": zone.name or None,
        "band": length_text(zone.band_mm / 1000) if zone.band_mm else None,
        "height": None if zone.height is None else _height_object(zone.height),
        "window": None if zone.window == ALWAYS else _window_object(zone.window),
        "presence": None if presence == usual else _presence_object(presence),
        "may_enter": [_entry_object(entry) for entry in zone.may_enter] or None,
        "dwell": None if zone.dwell_us is None else duration_text_exact(zone.dwell_us),
        "approach": None if zone.approach_us is None else duration_text_exact(zone.approach_us),
    }
    return {name: value for name, value in terms.items() if value is not None}


def _height_object(height: HeightBand) -> dict[str, object]:
    lower, upper = (None if mm is None else length_text(mm / 1000) for mm in (height.lower_mm, height.upper_mm))
    return {"lower": lower, "upper": upper, "datum": height.datum}


def _window_object(window: Window) -> dict[str, object]:
    return {name: utc_text(us) for name, us in (("from", window.from_us), ("until", window.until_us)) if us is not None}


def _presence_object(presence: PresenceTerms) -> dict[str, object]:
    silent_us = presence.silent_after_us
    return {
        "m": presence.m,
        "n": presence.n,
        "margin": length_text(presence.margin_mm / 1000),
        "hold": duration_text_exact(presence.hold_us),
        "silent_after": None if silent_us is None else duration_text_exact(silent_us),
    }


def _entry_object(entry: Entry) -> object:
    if entry.where == "inside" and entry.notices is None:
        return entry.party
    written: dict[str, object] = {"party": entry.party, "where": entry.where}
    if entry.notices is not None:
        written["notice"] = [
            _window_object(notice.window) | ({"reference": notice.reference} if notice.reference else {})
            for notice in entry.notices
        ]
    return written
