"""OGC API - Features, to read: what a map program asks for, in the order in which it asks."""

from __future__ import annotations

import pytest

from keepclear.api.ogc import box_of, id_of, meets, subject_of
from tests.doors.api.caller import AWAY, INSIDE, staffed, zones_of

CORRIDOR = {
    "type": "Feature", "id": "corridor", "geometry": {"type": "LineString", "coordinates": [[30, 10], [30.5, 10]]},
    "properties": {"half_width": "5 km", "window": {"from": "2026-06-01T00:00:00Z", "until": "2026-06-02T00:00:00Z"}},
}  # fmt: skip
TRIANGLE = {
    "type": "Feature", "id": "triangle", "geometry": {"type": "Polygon", "coordinates": [[[179, 0], [-179, 0], [180, 1], [179, 0]]]},
    "properties": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def staff():
    staff = staffed()
    agreed = staff.call.put("/v1/zones", staff.planner, json=zones_of(CORRIDOR, TRIANGLE))
    assert agreed.status_code == 200, agreed.text
    staff.bring(AWAY, INSIDE, {**AWAY, "subject": "a/b ü"})
    return staff


def features(staff, path):
    answer = staff.call.get(f"/v1/ogc/collections/{path}", staff.viewer)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/geo+json")
    return answer.json()


def test_every_link_leads_somewhere(staff):
    waiting, seen = ["/v1/ogc"], set()
    while waiting:
        href = waiting.pop()
        if href in seen:
            continue
        seen.add(href)
        answer = staff.call.get(href, staff.viewer)
        assert answer.status_code == 200, href
        if "json" in answer.headers["content-type"] and not href.endswith("/api"):
            said = answer.json()
            links = said.get("links", [])
            links += [link for one in said.get("collections", []) for link in one["links"]]
            for link in links:
                assert link["type"].split(";")[0] in staff.call.get(link["href"], staff.viewer).headers["content-type"]
                waiting.append(link["href"])
    assert len(seen) > 10


def test_it_says_what_it_conforms_to_and_nothing_else(staff):
    said = staff.call.get("/v1/ogc/conformance", staff.viewer).json()["conformsTo"]
    assert [name.rsplit("/", 1)[1] for name in said] == ["core", "geojson", "oas30"]
    description = staff.call.get("/v1/ogc/api", staff.viewer).json()
    assert description["openapi"].startswith("3.0.")
    assert all(path.startswith("/v1/ogc") for path in description["paths"])
    assert "null" not in str(description["paths"])


def test_zones_are_drawn_as_polygons(staff):
    found = {feature["id"]: feature for feature in features(staff, "zones/items")["features"]}
    assert set(found) == {"kestrel-pass", "corridor", "triangle"}
    circle = found["kestrel-pass"]
    (ring,) = circle["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    assert len(ring) > 30
    assert (circle["properties"]["name"], circle["properties"]["radius"]) == ("Kestrel Pass", "20.0 km")
    assert found["triangle"]["geometry"]["type"] in {"Polygon", "MultiPolygon"}


@pytest.mark.parametrize(
    ("bbox", "ids"),
    [
        ("38,33,39,34", ["kestrel-pass"]),
        ("38,33,0,39,34,100", ["kestrel-pass"]),
        ("-180,-90,180,90", ["corridor", "kestrel-pass", "triangle"]),
        ("179.5,-1,-179.5,1", ["triangle"]),
        ("170,-1,179.9,1", ["triangle"]),
        ("-179.9,-1,-170,1", ["triangle"]),
        ("0,0,1,1", []),
        ("38.7,33.6,38.7,33.6", ["kestrel-pass"]),
    ],
)
def test_a_box_finds_what_it_meets(staff, bbox, ids):
    assert [feature["id"] for feature in features(staff, f"zones/items?bbox={bbox}")["features"]] == ids


@pytest.mark.parametrize(
    ("datetime", "ids"),
    [
        ("2026-06-01T12:00:00Z", ["corridor", "kestrel-pass", "triangle"]),
        ("2026-05-01T00:00:00Z/2026-05-02T00:00:00Z", ["kestrel-pass", "triangle"]),
        ("../2026-05-02T00:00:00Z", ["kestrel-pass", "triangle"]),
        ("2026-06-03T00:00:00Z/", ["kestrel-pass", "triangle"]),
        ("2026-06-01T12:00:00Z/..", ["corridor", "kestrel-pass", "triangle"]),
    ],
)
def test_an_interval_finds_what_is_in_force(staff, datetime, ids):
    assert [feature["id"] for feature in features(staff, f"zones/items?datetime={datetime}")["features"]] == ids


def test_tracks_and_alerts_are_points(staff):
    tracks = {feature["id"]: feature for feature in features(staff, "tracks/items")["features"]}
    assert tracks[id_of("Bravo 1")]["geometry"] == {"type": "Point", "coordinates": [38.6, 33.6]}
    assert {feature["properties"]["subject"] for feature in tracks.values()} == {"Bravo 1", "a/b ü"}
    (alert,) = features(staff, "alerts/items")["features"]
    assert alert["geometry"] == {"type": "Point", "coordinates": [38.6, 33.5]}
    assert "entered Kestrel Pass" in alert["properties"]["text"]
    assert features(staff, "tracks/items?datetime=2026-05-18T10:05:00Z/..")["numberReturned"] == 1


def test_every_feature_has_an_address_of_its_own(staff):
    for collection in ("zones", "tracks", "alerts"):
        for feature in features(staff, f"{collection}/items")["features"]:
            one = features(staff, f"{collection}/items/{feature['id']}")
            assert {name: one[name] for name in ("id", "geometry", "properties")} == {
                name: feature[name] for name in ("id", "geometry", "properties")
            }


def test_the_link_next_leads_through_all_of_them(staff):
    seen: list[str] = []
    href: str | None = "/v1/ogc/collections/zones/items?limit=1&bbox=-180,-90,180,90"
    while href:
        page = staff.call.get(href, staff.viewer).json()
        assert page["numberReturned"] == len(page["features"]) <= 1
        seen += [feature["id"] for feature in page["features"]]
        href = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == ["corridor", "kestrel-pass", "triangle"]


@pytest.mark.parametrize(
    "path",
    ["zones/items?bbox=1,2,3", "zones/items?bbox=a,b,c,d", "zones/items?bbox=0,10,1,-10", "zones/items?bbox=0,nan,1,2", "zones/items?limit=0",
     "zones/items?bbox=0,0,200,1", "zones/items?datetime=yesterday", "zones/items?datetime=a/b/c", "zones/items?datetime=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z",
     "zones/items?offset=-1", "zones/items?crs=x", "zones/items?datetime=2026-01-01"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(staff, path):
    answer = staff.call.get(f"/v1/ogc/collections/{path}", staff.viewer)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@pytest.mark.parametrize("f", ["json", "application/json", "application%2Fjson"])
@pytest.mark.parametrize(
    "path",
    ["", "/conformance", "/collections", "/collections/zones", "/collections/zones/items", "/collections/zones/items/triangle"],
)  # fmt: skip
def test_a_program_may_ask_for_json_by_name(staff, path, f):
    plain, named = (staff.call.get(f"/v1/ogc{path}{query}", staff.viewer) for query in ("", f"?f={f}"))
    assert named.status_code == 200, named.text
    assert named.headers["content-type"] == plain.headers["content-type"]
    assert {**named.json(), "links": []} == {**plain.json(), "links": []}


def test_a_format_that_is_not_written_is_refused_with_what_is(staff):
    for path, f in (
        ("", "html"),
        ("/collections", "geojson"),
        ("/collections/zones/items", "text/html"),
        ("/conformance", ""),
    ):
        answer = staff.call.get(f"/v1/ogc{path}?f={f}", staff.viewer)
        assert answer.status_code == 400, (path, answer.text)
        (fault,) = answer.json()["errors"]
        assert (fault["path"], fault["key"]) == ("?f", "format.unknown")
        assert "f=json" in fault["mend"]


@pytest.mark.parametrize("f", ["geojson", "application/geo%2Bjson", "application/geo+json"])
def test_features_may_be_asked_for_as_geojson(staff, f):
    page = features(staff, f"zones/items?f={f}&limit=1")
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert "f=" in following
    assert features(staff, following.removeprefix("/v1/ogc/collections/"))["numberReturned"] == 1


def test_everything_that_qgis_sends_is_taken(staff):
    asked = f"limit=1000&bbox=38,33,39,34&datetime=2026-05-18T00:00:00Z/..&crs={CRS84}&bbox-crs={CRS84}&offset=0"
    assert [feature["id"] for feature in features(staff, f"zones/items?{asked}")["features"]] == ["kestrel-pass"]
    assert features(staff, f"zones/items/triangle?crs={CRS84}")["id"] == "triangle"


def test_a_limit_above_the_most_counts_as_the_most(staff):
    assert features(staff, "zones/items?limit=1000000")["numberReturned"] == 3


@pytest.mark.parametrize("name", ["crs", "bbox-crs"])
def test_coordinates_in_another_system_are_refused_with_the_one_there_is(staff, name):
    answer = staff.call.get(
        f"/v1/ogc/collections/zones/items?{name}=http://www.opengis.net/def/crs/EPSG/0/4326", staff.viewer
    )
    assert answer.status_code == 400, answer.text
    (fault,) = answer.json()["errors"]
    assert (fault["path"], fault["key"]) == (f"?{name}", "crs.unknown")
    assert CRS84 in fault["mend"]


@pytest.mark.parametrize(
    "path",
    [
        "roads",
        "roads/items",
        "zones/items/nothing",
        "tracks/items/~",
        "tracks/items/~%FF",
        "tracks/items/~4pyT",
        "alerts/items/x",
    ],
)
def test_what_is_not_there_is_not_found(staff, path):
    assert staff.call.get(f"/v1/ogc/collections/{path}", staff.viewer).status_code == 404


@pytest.mark.parametrize("subject", ["Bravo 1", "211234560", "a/b", "~x", "ü", ".", "..", "a" * 200, "☃"])
def test_every_subject_has_an_id_that_an_address_can_hold(subject):
    assert subject_of(id_of(subject)) == subject
    assert id_of(subject).isascii()
    assert "/" not in id_of(subject)


def test_boxes_meet_on_a_round_earth():
    assert meets(box_of("170,-10,-170,10"), box_of("-175,0,-174,1"))
    assert meets(box_of("-175,0,-174,1"), box_of("170,-10,-170,10"))
    assert not meets(box_of("170,-10,-170,10"), box_of("0,0,1,1"))
    assert meets(box_of("-180,-90,180,90"), box_of("0,0,0,0"))
    assert not meets(box_of("0,0,1,1"), box_of("0,2,1,3"))
