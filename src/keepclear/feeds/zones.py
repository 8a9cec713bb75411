"""Zone files: GeoJSON in which every feature is a zone and says its size with a unit. The format is docs/spec/zones.md.

`read_zones` tells everything that is wrong with a file and gives the zones that are sound; `load_zones` is for
those who cannot go on without all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.agreements.pattern_terms import NO_PATTERNS
from keepclear.agreements.terms import PresenceTerms
from keepclear.feeds.findings import FAULTS_MAX, Enough, Fault, Findings, below, unknown_name
from keepclear.feeds.pattern_terms import note_nulls, read_patterns, write_patterns
from keepclear.feeds.strict_json import read_json
from keepclear.feeds.zone_shapes import SHAPE_NAMES, read_shape, write_shape
from keepclear.feeds.zone_terms import (
    TERM_NAMES,
    distance_mm,
    duration_us,
    given,
    read_height,
    read_may_enter,
    read_presence,
    read_window,
    text,
    write_terms,
)
from keepclear.geo import earth
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import ALWAYS

VERSION = 1
ZONE_FILE_BYTES_MAX = 64 * 1024 * 1024
ZONES_MAX = 100_000

# A zone alone far away, whose mirror image lies among the others, was probably typed with latitude and longitude
# exchanged. At-Tanf exchanged lies 730 km off, in Turkey; nearer slips cannot be told from zones of another region.
FAR_FROM_THE_OTHERS_M = 500_000.0
MIRRORED_AMONG_THE_OTHERS_M = 200_000.0
_MIRRORED_ZONES_MAX = 20

FREE_NAMES = ("note", "description")
PROPERTY_NAMES = (*SHAPE_NAMES, *TERM_NAMES)
_COLLECTION_NAMES = ("type", "features", "keepclear", "name", "bbox", "crs", *FREE_NAMES)
_FEATURE_NAMES = ("type", "id", "geometry", "properties", "bbox", "crs", *FREE_NAMES)
_LENGTH_NAMES = ("radius", "half_width", "inner_radius", "band")
_FEATURE_PATH = re.compile(r"\$\.features\[(\d+)\]")
_WGS84_NAMES = re.compile(r"(urn:ogc:def:crs:)?(OGC:(1\.3|2)?:?CRS84|EPSG:[\d.]*:?4326)", re.IGNORECASE)


@dataclass(frozen=True)
class ZoneFile:
    """What a file says: its sound zones, and its faults in the order of the file.

    entered  for each zone id the lengths in the words of the file, by property name"""

    zones: tuple[Zone, ...]
    faults: tuple[Fault, ...]
    entered: Mapping[str, Mapping[str, str]]

    @property
    def ok(self) -> bool:
        """Whether there is no error; notes may be left as they are."""
        return not any(fault.severity == "error" for fault in self.faults)

    def atlas(self) -> Atlas:
        """All zones; a file with any error is refused as a whole."""
        if not self.ok:
            raise ZoneFileRefused(fault for fault in self.faults if fault.severity == "error")
        return Atlas(self.zones)


class ZoneFileRefused(Refused):
    """A zone file with errors; `faults` holds them all, without the notes."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("zones.refused", f"The zone file has {len(self.faults)} errors")

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return "\n".join(f"{where}{fault}" for fault in self.faults)


def load_zones(data: bytes) -> Atlas:
    """All zones of a file; a file with any error is refused as a whole."""
    return read_zones(data).atlas()


def read_zones(data: bytes) -> ZoneFile:
    """The zones of a file and everything that is wrong with it. Never raises for what the file contains."""
    findings = Findings()
    zones: list[tuple[str, Zone]] = []
    ids: dict[str, str] = {}
    entered: dict[str, dict[str, str]] = {}
    try:
        value = read_json(data, findings, bytes_max=ZONE_FILE_BYTES_MAX)
        for path, feature in _features(value, findings):
            zone = _zone(feature, path, findings, ids)
            if zone is not None:
                zones.append((path, zone))
                entered[zone.id] = _entered(feature)
        _note_mirrored(zones, findings)
    except Enough:
        what = f"The file has {FAULTS_MAX} faults or more; the rest of it was not read"
        findings.faults.append(Fault("error", "$", "file.too_many_faults", what, mend="Mend these first."))
    return ZoneFile(tuple(zone for _, zone in zones), _in_file_order(findings.faults), entered)


def write_zones(zones: Iterable[Zone]) -> dict[str, object]:
    """The zone file from which the same zones are read again, as JSON values."""
    features = []
    for zone in zones:
        geometry, properties = write_shape(zone.shape)
        properties |= write_terms(zone)
        patterns = write_patterns(zone.patterns)
        if patterns is not None:
            properties["patterns"] = patterns
        features.append({"type": "Feature", "id": zone.id, "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "keepclear": {"version": VERSION}, "features": features}


def zone_id_of(feature: Mapping[str, object]) -> str:
    """The id of the zone that a feature is, wherever it states it; raises `Refused` where it states none."""
    properties = feature.get("properties")
    return _zone_id(feature.get("id"), properties.get("id") if isinstance(properties, dict) else None)


def _features(value: object, findings: Findings) -> Sequence[tuple[str, object]]:
    """Every feature with its path; none if the file cannot be a zone file of this version."""
    if value is None and findings.error_count:
        return ()
    if not isinstance(value, dict) or value.get("type") != "FeatureCollection":
        given_type = value.get("type", "") if isinstance(value, dict) else value
        mend = 'Put the zones into {"type": "FeatureCollection", "features": [...]}.'
        findings.error(
            "$", Refused("zones.not_collection", "This is not a FeatureCollection", value=given_type, mend=mend)
        )
        return ()
    for name in value:
        if name not in _COLLECTION_NAMES:
            findings.note(below("$", name), unknown_name(name, _COLLECTION_NAMES))
    findings.attempt("$.crs", _check_crs, value.get("crs"))
    if value.get("keepclear") is not None:
        version = findings.members("$.keepclear", value["keepclear"], ("version",)).get("version")
        if type(version) is not int or version != VERSION:
            mend = f"This program reads version {VERSION}."
            findings.error(
                "$.keepclear.version",
                Refused("zones.version", "The version of the format is not known", value=version, mend=mend),
            )
            return ()
    features = value.get("features")
    if not isinstance(features, list):
        findings.error(
            "$.features", Refused("zones.no_features", "There is no list of features", mend='Add "features": [...].')
        )
        return ()
    if not features:
        mend = "`keepclear zones example` prints a file to begin with."
        findings.note("$.features", Refused("zones.none", "The file has no zones", mend=mend))
    if len(features) > ZONES_MAX:
        too_many = LimitExceeded(
            "zones.too_many", f"The file has more than {ZONES_MAX} zones", value=len(features), mend="Split it."
        )
        findings.error("$.features", too_many)
        return ()
    return [(f"$.features[{i}]", feature) for i, feature in enumerate(features)]


def _zone(feature: object, path: str, findings: Findings, ids: dict[str, str]) -> Zone | None:
    """The zone of a feature, of which everything is read even if something is at fault; then None."""
    found_before = findings.error_count
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        mend = 'Write {"type": "Feature", "id": ..., "geometry": ..., "properties": ...}.'
        findings.error(path, Refused("feature.not_feature", "This is not a Feature", value=feature, mend=mend))
        return None
    findings.attempt(f"{path}.crs", _check_crs, feature.get("crs"))
    for name in feature:
        if name in PROPERTY_NAMES:
            refused = Refused(
                "property.misplaced",
                f"{name} stands beside the properties",
                value=feature[name],
                mend="Move it into them.",
            )
            findings.error(below(path, name), refused)
        elif name not in _FEATURE_NAMES:
            findings.note(below(path, name), unknown_name(name, _FEATURE_NAMES))
    properties = _properties(feature.get("properties"), f"{path}.properties", findings)
    zone_id = findings.attempt(path, _zone_id, feature.get("id"), properties.get("id"))
    if zone_id is not None and ids.setdefault(zone_id, path) != path:
        what = f"The id is that of the zone at {ids[zone_id]}"
        mend = 'Give each zone an id of its own; 3 and "3" are the same.'
        findings.error(path, Refused("zone.duplicate_id", what, value=zone_id, mend=mend))
    shape = read_shape(findings, path, feature.get("geometry"), properties)
    at = f"{path}.properties"
    name = given(findings, f"{at}.name", properties.get("name"), text, "")
    band_mm = given(findings, f"{at}.band", properties.get("band"), distance_mm, 0)
    height = read_height(findings, f"{at}.height", properties.get("height"))
    window = read_window(findings, f"{at}.window", properties.get("window"))
    presence = read_presence(findings, f"{at}.presence", properties.get("presence"))
    may_enter = read_may_enter(findings, f"{at}.may_enter", properties.get("may_enter"))
    dwell_us = given(findings, f"{at}.dwell", properties.get("dwell"), duration_us, None)
    approach_us = given(findings, f"{at}.approach", properties.get("approach"), duration_us, None)
    patterns = read_patterns(findings, f"{at}.patterns", properties.get("patterns"))
    if findings.error_count > found_before or zone_id is None or shape is None:
        return None
    return Zone(
        zone_id,
        shape,
        name,
        band_mm,
        height,
        window or ALWAYS,
        presence or PresenceTerms(),
        may_enter or (),
        dwell_us,
        approach_us,
        patterns or NO_PATTERNS,
    )


def _properties(value: object, path: str, findings: Findings) -> dict[str, object]:
    """The properties that are not null: tables are exported with a null in every cell that is empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        findings.error(path, Refused("json.not_object", "This is not an object", value=value, mend="Write {}."))
        return {}
    for name in value:
        if name not in (*PROPERTY_NAMES, *FREE_NAMES, "id"):
            findings.note(below(path, name), unknown_name(name, PROPERTY_NAMES))
    note_nulls(findings, path, value, ("patterns",))
    return {name: member for name, member in value.items() if member is not None}


def _zone_id(of_feature: object, of_properties: object) -> str:
    if of_feature is not None and of_properties is not None and of_feature != of_properties:
        both = f"{of_feature} and {of_properties}"
        mend = "Keep the one beside the properties."
        raise Refused("zone.two_ids", "The zone has two ids", value=both, mend=mend)
    zone_id = of_properties if of_feature is None else of_feature
    if zone_id is None:
        raise Refused("zone.no_id", "The zone has no id", mend='Add "id": "kestrel-pass" beside the properties.')
    if isinstance(zone_id, bool) or not isinstance(zone_id, str | int):
        raise Refused("zone.id_kind", "An id is text or a whole number", value=zone_id, mend="Write it in quotes.")
    return text(str(zone_id))


def _check_crs(crs: object) -> None:
    """RFC 7946 has no crs; GeoJSON of 2008 had, and files in other coordinates are still about."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not _WGS84_NAMES.fullmatch(name):
        mend = "Export the zones as WGS84 longitude and latitude (EPSG:4326)."
        raise Refused("zones.crs", "The coordinates are not WGS84", value=crs if name is None else name, mend=mend)


def _entered(feature: object) -> dict[str, str]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    named = properties.items() if isinstance(properties, dict) else ()
    return {name: value for name, value in named if name in _LENGTH_NAMES and isinstance(value, str)}


def _note_mirrored(zones: Sequence[tuple[str, Zone]], findings: Findings) -> None:
    if len(zones) < 2:
        return
    lat, lon, _ = np.array([zone.shape.around() for _, zone in zones]).T
    place = earth.to_ecef(lat, lon)
    others_lat, others_lon = earth.surface_point((place.sum(axis=0) - place) / (len(zones) - 1))
    mirrored_m = earth.distance_m(np.clip(lon, -90.0, 90.0), lat, others_lat, others_lon)
    far_m = earth.distance_m(lat, lon, others_lat, others_lon)
    suspect = (np.abs(lon) <= 90.0) & (mirrored_m <= MIRRORED_AMONG_THE_OTHERS_M) & (far_m > FAR_FROM_THE_OTHERS_M)
    if len(zones) == 2:
        suspect[0] = False  # of two, each is the mirror image of the other's region: one note is enough
    for i in np.flatnonzero(suspect)[:_MIRRORED_ZONES_MAX]:
        nearest_m = float(np.delete(earth.distance_m(lat[i], lon[i], lat, lon), i).min())
        if nearest_m > FAR_FROM_THE_OTHERS_M:
            what = f"The zone lies {nearest_m / 1000:.0f} km from the nearest other, and among them if mirrored"
            mend = "Are latitude and longitude swapped? GeoJSON writes longitude first."
            value = f"longitude {lon[i]:.4f}, latitude {lat[i]:.4f}"
            findings.note(f"{zones[i][0]}.geometry.coordinates", Refused("zone.mirrored", what, value=value, mend=mend))


def _in_file_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """By feature; what concerns the whole file first. A number that is not finite has been found as bad JSON before."""
    bad_json = {fault.path for fault in faults if fault.key == "json.not_finite"}
    covered = bad_json | {path.rpartition("[")[0] for path in bad_json}
    kept = [f for f in faults if f.path not in covered or f.key == "json.not_finite"]
    return tuple(sorted(kept, key=lambda fault: int(m[1]) if (m := _FEATURE_PATH.match(fault.path)) else -1))
