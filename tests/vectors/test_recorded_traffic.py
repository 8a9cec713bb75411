"""A day of recorded vessel traffic among zones of every shape, against a brute-force reference.

The reference asks for every pair of position and zone, with PROJ's geodesics and projections and GEOS in the
plane; pairs that come out within two metres of an edge are asked again of `tests.reference`.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from contextlib import redirect_stdout
from itertools import pairwise

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from keepclear.agreements.atlas import Zone
from keepclear.cli.main import main
from keepclear.feeds.zones import write_zones
from keepclear.geo.shapes import Circle, Corridor, Polygon, Sector
from tests import reference
from tests.places_of_data import recorded
from tests.traffic import GEOD, rows_of, zones_among

CLOSE_CALL_M = 2.0
TOLERANCE_M = 0.01
FAR_DEG = 3.0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The recorded rows, the zones, and what `keepclear watch` made of them: events and summary."""
    source = recorded("ais_uscg_20220103_99999.csv.gz")
    rows = rows_of(source)
    zones = zones_among([(lat, lon) for _, _, lat, lon in rows], 240, seed=5)
    folder = tmp_path_factory.mktemp("traffic")
    (folder / "zones.geojson").write_text(json.dumps(write_zones(zones)))
    arguments = [
        str(source),
        "--zones",
        str(folder / "zones.geojson"),
        "--time-zone",
        "UTC",
        "--events",
        str(folder / "events.jsonl"),
    ]
    spoken = io.StringIO()
    with redirect_stdout(spoken):
        assert main(["watch", *arguments, "--summary", "json"]) == 0
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return rows, zones, events, json.loads(spoken.getvalue())


def flat_edge_m(zone: Zone, lat, lon):
    """Signed metres to the edge of a polygon or corridor in an azimuthal equidistant plane about it; good to half a metre."""
    shape = zone.shape
    assert isinstance(shape, Corridor | Polygon)
    vertices = shape.line if isinstance(shape, Corridor) else shape.parts[0][0]
    middle_lat, middle_lon = np.mean(vertices, axis=0)
    plane = Transformer.from_crs(
        "EPSG:4326", f"+proj=aeqd +lat_0={middle_lat} +lon_0={middle_lon} +datum=WGS84", always_xy=True
    )
    line = [vertices[0]]
    for (lat0, lon0), (lat1, lon1) in pairwise(vertices):
        if shape.edges == "lonlat":
            share = np.linspace(0, 1, 400)[1:]
            line += list(zip(lat0 + share * (lat1 - lat0), lon0 + share * (lon1 - lon0), strict=True))
        else:
            line += [(b, a) for a, b in GEOD.npts(lon0, lat0, lon1, lat1, 200)] + [(lat1, lon1)]
    x, y = plane.transform([p[1] for p in line], [p[0] for p in line])
    points = shapely.points(*plane.transform(lon, lat))
    if isinstance(shape, Corridor):
        return shapely.distance(shapely.LineString(np.column_stack([x, y])), points) - shape.half_width_m
    polygon = shapely.Polygon(np.column_stack([x, y]))
    apart_m = shapely.distance(polygon.exterior, points)
    return np.where(shapely.covers(polygon, points), -apart_m, apart_m)


def brute_edge_m(zone: Zone, lat, lon):
    """Signed metres to the edge for positions near a zone, as in the module's first lines."""
    shape = zone.shape
    if isinstance(shape, Circle | Sector):
        size = len(lat)
        bearing, _, apart_m = GEOD.inv(
            np.full(size, shape.lon), np.full(size, shape.lat), lon, lat, return_back_azimuth=True
        )
        edge_m = apart_m - shape.radius_m
        if isinstance(shape, Circle):
            return edge_m
        turned = (bearing - shape.from_deg) % 360.0
        aside_deg = np.minimum(np.abs(turned - shape.span_deg), np.minimum(turned, 360.0 - turned))
        close = np.minimum(
            np.abs(edge_m), np.minimum(np.abs(apart_m - shape.inner_radius_m), np.radians(aside_deg) * apart_m)
        )
        inside = (turned <= shape.span_deg) & (apart_m <= shape.radius_m) & (apart_m >= shape.inner_radius_m)
        return np.where(inside, -close, close)
    return flat_edge_m(zone, lat, lon)


def exact_edge_m(zone: Zone, place):
    match zone.shape:
        case Circle(lat, lon, radius_m):
            return reference.circle_edge_m((lat, lon), radius_m, place)
        case Sector(lat, lon, radius_m, from_deg, to_deg, inner_m):
            return reference.sector_edge_m((lat, lon), radius_m, from_deg, to_deg, inner_m, place)
        case Corridor(line, half_width_m):
            return reference.corridor_edge_m(line, half_width_m, place)
        case Polygon(parts, "lonlat"):
            return reference.lonlat_polygon_edge_m(parts[0][0], place)
        case Polygon(parts):
            return reference.polygon_edge_m(parts[0], place)
    raise AssertionError(zone)


def inside_by_brute_force(rows, zones):
    """For every zone, which rows are inside."""
    lat, lon = np.array([(lat, lon) for _, _, lat, lon in rows]).T
    inside = np.zeros((len(zones), len(rows)), dtype=bool)
    for number, zone in enumerate(zones):
        centre_lat, centre_lon, _ = zone.shape.around()
        near = np.flatnonzero((np.abs(lat - centre_lat) < FAR_DEG) & (np.abs(lon - centre_lon) < FAR_DEG))
        if not len(near):
            continue
        edge_m = np.array(brute_edge_m(zone, lat[near], lon[near]))
        for i in np.flatnonzero(np.abs(edge_m) < CLOSE_CALL_M):
            edge_m[i] = exact_edge_m(zone, (lat[near[i]], lon[near[i]]))
        inside[number, near] = edge_m <= TOLERANCE_M
    return inside


@pytest.mark.promise("ORDER-11")
def test_every_row_is_accounted_for(run):
    rows, _, _, summary = run
    distinct = len({(name, at_us, round(lat * 1e7), round(lon * 1e7)) for name, at_us, lat, lon in rows})
    assert summary["rows_read"] == len(rows) == 99_999
    assert summary["accepted"] == distinct
    assert summary["duplicate"] == len(rows) - distinct
    assert summary["refused"] == summary["not_yet_known"] == summary["not_acted"] == 0


def test_the_transitions_are_those_of_brute_force(run):
    rows, zones, events, _ = run
    assert Counter(type(zone.shape).__name__ for zone in zones).keys() == {"Circle", "Polygon", "Corridor", "Sector"}
    inside = inside_by_brute_force(rows, zones)
    history = defaultdict(set)
    for i, (name, at_us, lat, lon) in enumerate(rows):
        history[name].add((at_us, round(lat * 1e7), round(lon * 1e7), i))
    said = defaultdict(list)
    for event in events:
        if event["event"] == "presence":
            said[event["subject"]].append((event["seen_at"], event["zone"], event["from"], event["to"]))
    two_places_at_once = 0
    for name, reports in history.items():
        in_order = sorted({(at_us, lat, lon): i for at_us, lat, lon, i in sorted(reports)}.items())
        final = {zones[number].id for number in np.flatnonzero(inside[:, in_order[-1][1]])}
        state = {zone: to for _, zone, _, to in said[name]}
        assert {zone for zone, to in state.items() if to == "inside"} == final
        if len({at_us for (at_us, _, _), _ in in_order}) < len(in_order):
            two_places_at_once += 1  # what was said first may have been corrected
            continue
        expected, before = [], np.zeros(len(zones), dtype=bool)
        for (at_us, _, _), i in in_order:
            for number in np.flatnonzero(inside[:, i] != before):
                change = ("clear", "inside") if inside[number, i] else ("inside", "clear")
                expected.append((at_us, zones[number].id, *change))
            before = inside[:, i]
        assert sorted((micros(seen_at), *rest) for seen_at, *rest in said[name]) == sorted(expected)
    assert two_places_at_once < 50


def micros(text):
    return int(np.datetime64(text.removesuffix("Z"), "us").astype(np.int64))
