"""Which column of a file holds which field: the canonical names, the names people use instead, and their units.

Nothing is guessed. Two columns that fit one field equally well are refused with both names, and so is a height,
a speed or an accuracy whose column names no unit. The table of names is in docs/spec/positions.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from keepclear.ground.errors import Refused
from keepclear.ground.instants import zone_named

_M = ("m", "metre", "metres", "meter", "meters")
_FT = ("ft", "foot", "feet")
_KN = ("kn", "kt", "kts", "knot", "knots")
_KMH = ("kmh", "kph")
_MPS = ("mps", "ms")
_DEG = ("", "deg", "degs", "degree", "degrees")
_ANGLE = (*_DEG, "dd", "decimal", "decimaldegrees", "wgs84")
_EPOCH = ("", "s", "sec", "seconds", "ms", "millis", "milliseconds", "us", "epoch", "unix", "iso", "iso8601")
_SPEED = ("speed", "velocity", "groundspeed", "speedoverground", "gs")
_HEIGHT = ("height", "altitude", "alt", "ele", "elevation")
_ERROR = ("error", "accuracy", "horizontalaccuracy", "positionerror", "uncertainty", "hacc", "sigma")


def _named(bases: Iterable[str], units: Iterable[str] = ("",)) -> frozenset[str]:
    return frozenset(base + unit for base, unit in product(bases, units))


# field -> names in order of preference: a name of an earlier group beats all of a later one.
NAMES: dict[str, tuple[frozenset[str], ...]] = {
    "subject": (
        _named(["subject"]),
        _named(["mmsi", "trackid", "tracknumber", "track", "icao", "icao24", "hex", "uid", "uuid", "deviceid"]),
        _named(["id", "unitid", "objectid", "vesselid"]),
        _named(["callsign", "vessel", "vesselname", "ship", "shipname", "unit", "unitname", "name"])
        | _named(["aircraft", "vehicle"]),
    ),
    "seen_at": (
        _named(["seenat"]),
        _named(["basedatetime", "datetime", "timestamp", "time", "dtg"], _EPOCH)
        | _named(["seen", "observedat", "positiontime", "fixtime", "gpstime"], _EPOCH)
        | _named(["unixtime", "epoch", "epochms", "epochs", "epochus"]),
        _named(["date", "localtime", "timelocal"]),
    ),
    "known_at": (
        _named(["knownat"]),
        _named(["received", "receivedat", "receivetime", "reportedat", "reporttime"], _EPOCH),
    ),
    "lat": (_named(["lat"]), _named(["lat", "latitude"], _ANGLE), _named(["y"])),
    "lon": (_named(["lon"]), _named(["lon", "long", "longitude", "lng"], _ANGLE), _named(["x"])),
    "place": (
        _named(["place"]),
        _named(["position", "coordinates", "coordinate", "coords", "latlon", "latlong", "mgrs", "grid", "gridref"])
        | _named(["location"]),
    ),
    "error_m": (_named(["errorm"]), _named(_ERROR, _M)),
    "error_ft": (frozenset(), _named(_ERROR, _FT)),
    "height_m": (_named(["heightm"]), _named(_HEIGHT, _M)),
    "height_ft": (frozenset(), _named(_HEIGHT, _FT)),
    "datum": (_named(["datum"]), _named(["heightdatum", "altitudedatum", "verticaldatum"])),
    "count": (_named(["count"]), _named(["strength", "headcount"])),
    "count_min": (_named(["countmin"]), _named(["mincount"])),
    "count_max": (_named(["countmax"]), _named(["maxcount"])),
    "party": (_named(["party"]), _named(["side", "faction"])),
    "attributed_by": (_named(["attributedby"]),),
    "confidence": (_named(["confidence"]),),
    "source": (_named(["source"]), _named(["reporter", "reportedby", "sensor"])),
    "grading": (_named(["grading"]), _named(["admiralty", "admiraltygrade", "admiraltycode"])),
    "speed_mps": (_named(["speedmps"]), _named(_SPEED, _MPS)),
    "speed_kn": (frozenset(), _named(_SPEED, _KN)),
    "speed_kmh": (frozenset(), _named(_SPEED, _KMH)),
    "speed_mph": (frozenset(), _named(_SPEED, ["mph"])),
    "sog_kn": (frozenset(), _named(["sog"], ["", *_KN])),
    "course_deg": (_named(["coursedeg"]), _named(["course", "courseoverground", "truecourse", "truetrack"], _DEG)),
    "cog_deg": (frozenset(), _named(["cog"], _DEG)),
    "exercise": (_named(["exercise"]),),
    "area_m": (_named(["aream"]),),
    "area_from_deg": (_named(["areafromdeg"]),),
    "area_to_deg": (_named(["areatodeg"]),),
    "area_inner_m": (_named(["areainnerm"]),),
}
# Fields that say one thing in different units, or by a different convention: one file holds one of each.
_SAME_THING = (
    ("error_m", "error_ft"),
    ("height_m", "height_ft"),
    ("speed_mps", "speed_kn", "speed_kmh", "speed_mph", "sog_kn"),
    ("course_deg", "cog_deg"),
)
# Names that say what is measured and not in which unit. "error" alone is more often a message than a length.
_WITHOUT_UNIT = {
    "error_m": _named(["accuracy", "horizontalaccuracy", "positionerror", "hacc"]),
    "height_m": _named(_HEIGHT),
    "speed_mps": _named(_SPEED),
}
UNITS_TOLD = {
    "error_ft": "feet",
    "height_ft": "feet",
    "speed_kn": "knots",
    "speed_kmh": "km/h",
    "speed_mph": "miles per hour",
    "sog_kn": "knots (AIS)",
    "cog_deg": "degrees (AIS, 360 means not known)",
}
_ZONE_BEHIND = re.compile(r"(?:[\s_(\[]|(?<=[a-z]))(utc|gmt|zulu)\s*[)\]]?\s*$", re.IGNORECASE)
_ZONE_IN_BRACKETS = re.compile(r"[(\[]\s*([+-]\d\d:?\d\d|[a-z_]+/[a-z_/+-]+|z)\s*[)\]]\s*$", re.IGNORECASE)
_SHOWN_COLUMNS_MAX = 30


@dataclass(frozen=True)
class Columns:
    """Which columns hold which field, by number from 0; several are joined with a space.

    zones    zone that the header declares for a time field: {"seen_at": "UTC"}
    unused   names of the columns that hold no field
    """

    held: Mapping[str, tuple[int, ...]]
    zones: Mapping[str, str]
    unused: tuple[str, ...]
    names: tuple[str, ...]

    def called(self, field: str) -> str:
        """What the file calls this field; the field itself where the file has no column for it."""
        return "+".join(self.names[number] for number in self.held.get(field, ())) or field

    def told(self) -> list[str]:
        """Sentences for people: what is read as what, in which unit, and what is ignored."""
        called = {field: self.called(field) for field in self.held}
        pairs = ", ".join(field if name == field else f"{name} as {field}" for field, name in called.items())
        sentences = [f"Read: {pairs}."] if pairs else []
        sentences += [f"{self.called(field)} is in {UNITS_TOLD[field]}." for field in self.held if field in UNITS_TOLD]
        sentences += [f"{self.called(field)} is in {zone}, as its name says." for field, zone in self.zones.items()]
        if self.unused:
            sentences.append(f"Ignored columns: {_listed(self.unused)}.")
        return sentences


def recognised(names: Sequence[str], mapping: Mapping[str, str], *, positioned: bool = False) -> Columns:
    """The fields of these columns. `positioned` says that positions come from elsewhere (a geometry).

    Raises `Refused` where a needed field has no column, where two fit one field, and where a unit is missing."""
    held: dict[str, tuple[int, ...]] = {}
    zones: dict[str, str] = {}
    for field, column in mapping.items():
        if field not in NAMES:
            mend = f"Fields: {', '.join(NAMES)}."
            raise Refused("header.unknown_field", "There is no such field", value=field, mend=mend)
        if column:
            held[field] = _stated(names, field, column)
    plain = [_plain(name) for name in names]
    taken = {number for numbers in held.values() for number in numbers}
    for field in NAMES:
        if not _settled(field, mapping) and (numbers := _fitting(field, names, plain, taken)):
            held[field] = numbers
            taken.update(numbers)
    _refuse_doubled_units(held, plain, names)
    _join_date_and_time(held, plain)
    if "lat" in held and "lon" in held:
        held.pop("place", None)
    for field in ("seen_at", "known_at"):
        if len(held.get(field, ())) == 1 and (zone := _zone_in(names[held[field][0]])):
            zones[field] = zone
    _refuse_missing(held, names, positioned)
    _refuse_unitless(held, mapping, names, plain)
    used = {number for numbers in held.values() for number in numbers}
    unused = tuple(name for number, name in enumerate(names) if number not in used and name)
    return Columns({field: held[field] for field in NAMES if field in held}, zones, unused, tuple(names))


def _plain(name: str) -> str:
    """Lower case, letters and digits only, "m/s" as "mps", without a zone behind a time."""
    spelled = name.strip().lower().replace("m/s", "mps").replace("km/h", "kmh")
    spelled = _ZONE_IN_BRACKETS.sub("", _ZONE_BEHIND.sub("", spelled))
    return re.sub(r"[\W_]+", "", spelled)


def _zone_in(name: str) -> str | None:
    if _ZONE_BEHIND.search(name.strip()):
        return "UTC"
    if match := _ZONE_IN_BRACKETS.search(name.strip()):
        zone_named(match[1])
        return match[1]
    return None


def _stated(names: Sequence[str], field: str, column: str) -> tuple[int, ...]:
    """The columns that a mapping names: by name, by "#number", or several joined by "+"."""
    if column in names:
        if names.count(column) > 1:
            raise _two_fit(field, [number for number, name in enumerate(names) if name == column], names)
        return (names.index(column),)
    if re.fullmatch(r"#[1-9]\d{0,5}", column, re.ASCII) and int(column[1:]) <= len(names):
        return (int(column[1:]) - 1,)
    parts = [part.strip() for part in column.split("+")]
    if len(parts) > 1 and all(part in names for part in parts):
        return tuple(names.index(part) for part in parts)
    mend = f"Columns seen: {_listed(names)}."
    raise Refused("header.no_such_column", f"There is no column to read as {field}", value=column, mend=mend)


def _fitting(field: str, names: Sequence[str], plain: Sequence[str], taken: set[int]) -> tuple[int, ...]:
    for group in NAMES[field]:
        numbers = [number for number, name in enumerate(plain) if name in group and number not in taken]
        if len(numbers) > 1:
            raise _two_fit(field, numbers, names)
        if numbers:
            return tuple(numbers)
    return ()


def _settled(field: str, held: Iterable[str]) -> bool:
    """Whether the field, or the same thing in another unit, has been stated."""
    family = next((family for family in _SAME_THING if field in family), (field,))
    return any(other in held for other in family)


def _refuse_doubled_units(held: dict[str, tuple[int, ...]], plain: Sequence[str], names: Sequence[str]) -> None:
    """One thing in two units: the canonical name wins, two others are refused."""
    for family in _SAME_THING:
        found = [field for field in family if field in held]
        if len(found) > 1 and plain[held[found[0]][0]] not in NAMES[family[0]][0]:
            raise _two_fit(found[0], [held[field][0] for field in found], names)
        for field in found[1:]:
            del held[field]


def _two_fit(field: str, numbers: Sequence[int], names: Sequence[str]) -> Refused:
    first, second = (f"{names[number]} (column {number + 1})" for number in numbers[:2])
    same = names[numbers[0]] == names[numbers[1]]
    wanted = f"#{numbers[0] + 1}" if same else names[numbers[0]]
    return Refused(
        "header.ambiguous",
        f"Two columns can be read as {field}",
        value=f"{first} and {second}",
        mend=f'Say which one: --column "{field}={wanted}", or --column "{field}=" for neither.',
    )


def _join_date_and_time(held: dict[str, tuple[int, ...]], plain: Sequence[str]) -> None:
    """A spreadsheet's "Date" and "Time" beside each other are one time."""
    dates = [number for number, name in enumerate(plain) if name == "date"]
    if len(dates) == 1 and len(held.get("seen_at", ())) == 1 and plain[held["seen_at"][0]] == "time":
        held["seen_at"] = (dates[0], held["seen_at"][0])


def _refuse_missing(held: Mapping[str, tuple[int, ...]], names: Sequence[str], positioned: bool) -> None:
    needed = ["subject", "seen_at"] if positioned or "place" in held else ["subject", "seen_at", "lat", "lon"]
    missing = [field for field in needed if field not in held]
    if not missing:
        return
    used = {number for numbers in held.values() for number in numbers}
    free = next((name for number, name in enumerate(names) if number not in used and name), "COLUMN")
    options = " ".join(f'--column "{field}={free if field == missing[0] else "COLUMN"}"' for field in missing)
    raise Refused(
        "header.missing",
        f"No column could be read as {', '.join(missing)}",
        value=_listed(names),
        mend=f"Name the columns, for example {options}. Columns seen: {_listed(names)}.",
    )


def _refuse_unitless(
    held: Mapping[str, tuple[int, ...]], mapping: Mapping[str, str], names: Sequence[str], plain: Sequence[str]
) -> None:
    used = {number for numbers in held.values() for number in numbers}
    for field, without_unit in _WITHOUT_UNIT.items():
        numbers = [number for number, name in enumerate(plain) if name in without_unit and number not in used]
        if numbers and not _settled(field, held) and not _settled(field, mapping):
            family = next(family for family in _SAME_THING if field in family)
            name = names[numbers[0]]
            choices = ", ".join(f'--column "{other}={name}"' for other in family if other != "sog_kn")
            mend = f'Say which: {choices}; or --column "{field}=" to leave it unread.'
            raise Refused("header.no_unit", "The column does not name its unit", value=name, mend=mend)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_COLUMNS_MAX} more" if len(names) > _SHOWN_COLUMNS_MAX else ""
    return ", ".join(name[:60] for name in names[:_SHOWN_COLUMNS_MAX]) + more
