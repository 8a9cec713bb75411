"""What lies below everything else on a map: what came with the console, what an operator puts in its place, and tiles."""

from __future__ import annotations

import gzip
import json

import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from keepclear.host.charts import INDEX_BYTES_MAX, FolderCharts
from tests.doors.api.caller import staffed

CAME_WITH = {"type": "FeatureCollection", "features": []}
OWN = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": None}]}


@pytest.fixture
def staff(tmp_path):
    """People of a node whose console came with two files, and whose folder `basemap` is empty."""
    for name in ("borders-50m", "land-50m"):
        (tmp_path / "came").mkdir(exist_ok=True)
        (tmp_path / "came" / f"{name}.geojson.gz").write_bytes(gzip.compress(json.dumps(CAME_WITH).encode()))
    staff = staffed()
    staff.desk.charts = FolderCharts(tmp_path / "basemap", tmp_path / "came")
    (tmp_path / "basemap").mkdir()
    return staff


def tiles_at(folder, tiles, *, packing=Compression.GZIP, said=None):
    with (folder / "basemap" / "tiles.pmtiles").open("wb") as opened:
        writer = Writer(opened)
        for (z, x, y), data in tiles.items():
            writer.write_tile(zxy_to_tileid(z, x, y), gzip.compress(data) if packing is Compression.GZIP else data)
        zooms = [z for z, _, _ in tiles]
        header = {
            "tile_type": TileType.MVT, "tile_compression": packing, "min_zoom": min(zooms), "max_zoom": max(zooms),
            "min_lon_e7": 350000000, "min_lat_e7": 320000000, "max_lon_e7": 420000000, "max_lat_e7": 370000000,
            "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0,
        }  # fmt: skip
        writer.finalize(header, said or {"attribution": "Survey of Alpha", "vector_layers": [{"id": "roads"}]})


def asked(staff, path):
    return staff.call.get(path, staff.officer)


def test_what_came_with_the_console_is_there_and_is_no_tile(staff):
    said = asked(staff, "/v1/basemap").json()
    assert [(file["name"], file["source"]) for file in said["files"]] == [
        ("borders-50m", "natural_earth"), ("land-50m", "natural_earth")
    ]  # fmt: skip
    assert said["tiles"] is None
    assert asked(staff, "/v1/basemap/land-50m").json() == CAME_WITH
    assert asked(staff, "/v1/tiles/0/0/0").status_code == 404


def test_a_file_of_the_operator_takes_the_place_of_the_one_of_its_name_without_a_restart(staff, tmp_path):
    assert asked(staff, "/v1/basemap/borders-50m").json() == CAME_WITH
    (tmp_path / "basemap" / "borders-50m.geojson").write_text(json.dumps(OWN))
    answer = asked(staff, "/v1/basemap/borders-50m")
    assert (answer.json(), answer.headers["content-type"]) == (OWN, "application/geo+json")
    sources = {file["name"]: file["source"] for file in asked(staff, "/v1/basemap").json()["files"]}
    assert sources == {"borders-50m": "operator", "land-50m": "natural_earth"}
    (tmp_path / "basemap" / "borders-50m.geojson").unlink()
    assert asked(staff, "/v1/basemap/borders-50m").json() == CAME_WITH


def test_a_name_is_never_a_path(staff, tmp_path):
    (tmp_path / "secret.geojson").write_text("{}")
    for name in ("..%2Fsecret", "../secret", "%2e%2e%2fsecret", "secret", "land-50m.geojson"):
        assert asked(staff, f"/v1/basemap/{name}").status_code == 404, name


def test_who_is_not_known_sees_no_basemap(staff):
    for path in ("/v1/basemap", "/v1/basemap/land-50m", "/v1/tiles/0/0/0"):
        assert staff.call.get(path).status_code == 401


def test_tiles_of_the_operator_are_served_as_the_archive_has_them(staff, tmp_path):
    tiles_at(tmp_path, {(0, 0, 0): b"the world", (2, 1, 1): b"a quarter"})
    said = asked(staff, "/v1/basemap").json()["tiles"]
    assert said == {
        "path": "/v1/tiles/{z}/{x}/{y}", "kind": "mvt", "min_zoom": 0, "max_zoom": 2, "bounds": [35.0, 32.0, 42.0, 37.0],
        "layers": ["roads"], "credit": "Survey of Alpha",
    }  # fmt: skip
    answer = asked(staff, "/v1/tiles/2/1/1")
    assert (answer.content, answer.headers["content-type"]) == (b"a quarter", "application/vnd.mapbox-vector-tile")
    assert asked(staff, "/v1/tiles/0/0/0").content == b"the world"


def test_tiles_that_are_not_packed_are_not_said_to_be(staff, tmp_path):
    tiles_at(tmp_path, {(0, 0, 0): b"the world"}, packing=Compression.NONE)
    answer = asked(staff, "/v1/tiles/0/0/0")
    assert answer.content == b"the world"
    assert "content-encoding" not in answer.headers


def test_a_tile_that_the_archive_lacks_is_empty(staff, tmp_path):
    tiles_at(tmp_path, {(0, 0, 0): b"the world", (2, 1, 1): b"a quarter"})
    assert (asked(staff, "/v1/tiles/2/3/3").status_code, asked(staff, "/v1/tiles/2/3/3").content) == (204, b"")


@pytest.mark.parametrize("place", ["3/0/0", "2/4/0", "2/0/4", "-1/0/0", "0/0/x", "0/0/٣", "999999999/0/0", "0/0/0.5"])
def test_a_place_where_no_tile_can_be_is_not_there(staff, tmp_path, place):
    tiles_at(tmp_path, {(0, 0, 0): b"the world", (2, 1, 1): b"a quarter"})
    assert asked(staff, f"/v1/tiles/{place}").status_code == 404


def test_another_archive_in_its_place_is_seen_without_a_restart(staff, tmp_path):
    tiles_at(tmp_path, {(0, 0, 0): b"the world"})
    assert asked(staff, "/v1/tiles/0/0/0").content == b"the world"
    (tmp_path / "basemap" / "tiles.pmtiles").unlink()
    assert asked(staff, "/v1/basemap").json()["tiles"] is None
    tiles_at(tmp_path, {(0, 0, 0): b"another world"})
    assert asked(staff, "/v1/tiles/0/0/0").content == b"another world"


def test_a_damaged_archive_gives_no_tile_and_breaks_nothing(staff, tmp_path):
    tiles_at(tmp_path, {(2, x, y): bytes([x, y]) * 50 for x in range(4) for y in range(4)})
    path = tmp_path / "basemap" / "tiles.pmtiles"
    whole = path.read_bytes()
    path.write_bytes(whole[:130] + bytes(len(whole) - 130))
    assert asked(staff, "/v1/tiles/2/1/1").status_code in (204, 422)
    path.write_bytes(whole[:140])
    assert asked(staff, "/v1/tiles/2/1/1").status_code in (204, 422)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PMTiles\x03" + bytes(119), b"PMTiles\x03" + b"\xff" * 119])
def test_a_file_that_is_no_archive_is_said_and_hides_no_other_file(tmp_path, content, staff):
    (tmp_path / "basemap" / "tiles.pmtiles").write_bytes(content)
    said = asked(staff, "/v1/basemap").json()
    assert "no archive of tiles" in said["trouble"]
    assert (said["tiles"], len(said["files"])) == (None, 2)
    assert asked(staff, "/v1/tiles/0/0/0").status_code == 422


def test_an_archive_that_unpacks_to_more_than_any_does_is_not_read(staff, tmp_path):
    tiles_at(tmp_path, {(0, 0, 0): b"one"}, said={"attribution": "x" * (INDEX_BYTES_MAX + 1), "vector_layers": []})
    said = asked(staff, "/v1/basemap").json()
    assert said["tiles"] is None
    assert "unpacks to too much" in said["trouble"]


def test_a_tile_that_unpacks_to_more_than_any_does_is_not_served(staff, tmp_path):
    tiles_at(tmp_path, {(0, 0, 0): bytes(INDEX_BYTES_MAX + 1), (1, 0, 0): b"one"})
    assert asked(staff, "/v1/tiles/0/0/0").status_code == 422
    assert asked(staff, "/v1/tiles/1/0/0").content == b"one"
