"""What lies below everything else on the map: land, borders and names of countries, and tiles that an operator has put there.

A node has the shapes of Natural Earth; a file in its folder `basemap/` takes the place of the one of that name. See docs/basemap.md."""

from __future__ import annotations

from typing import Any

import msgspec

from keepclear.api.asking import Answer, Ask, NoQuery, Route
from keepclear.api.charts import TilesSaid
from keepclear.api.problems import not_here
from keepclear.ground.errors import Refused
from keepclear.parties.parties import Action

GEOJSON = "application/geo+json"
VECTOR_TILE = "application/vnd.mapbox-vector-tile"
MEDIA = {"mvt": VECTOR_TILE, "png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
_BRIEFLY = "private, max-age=3600"


class BasemapFile(msgspec.Struct, frozen=True):
    """One file, GeoJSON: land-50m, land-10m, borders-50m, borders-10m, countries.

    source  natural_earth, or operator where the node's own people have put it there"""

    name: str
    path: str
    source: str


class Tiles(msgspec.Struct, frozen=True):
    """Tiles that the operator has put there.

    kind    mvt, png, jpeg, webp or avif
    bounds  west, south, east, north in degrees
    layers  ids of the layers of vector tiles
    credit  whom they come from, in their own words"""

    path: str
    kind: str
    min_zoom: int
    max_zoom: int
    bounds: list[float]
    layers: list[str]
    credit: str


class Basemap(msgspec.Struct, frozen=True):
    """What there is to be drawn below everything else.

    tiles    null where there are none, or none that can be read
    trouble  why tiles that are there cannot be read; "" where nothing is wrong"""

    files: list[BasemapFile]
    tiles: Tiles | None
    trouble: str = ""


async def basemap(ask: Ask[NoQuery, None]) -> Answer:
    """What there is to be drawn below everything else."""
    ask.must(Action.READ)
    charts = ask.desk.charts
    files = [
        BasemapFile(name, f"/v1/basemap/{name}", "operator" if is_operators else "natural_earth")
        for name, is_operators in charts.files()
    ]
    try:
        said = charts.tiles()
    except Refused as refused:
        return Answer(Basemap(files, None, str(refused)))
    return Answer(Basemap(files, None if said is None else _tiles(said)))


def _tiles(said: TilesSaid) -> Tiles:
    return Tiles(
        "/v1/tiles/{z}/{x}/{y}", said.kind, said.min_zoom, said.max_zoom, list(said.bounds), list(said.layers), said.credit
    )  # fmt: skip


async def basemap_file(ask: Ask[NoQuery, None]) -> Answer:
    """One file of the basemap, as GeoJSON. It comes packed with gzip, whatever is asked for."""
    ask.must(Action.READ)
    name = ask.path["name"]
    packed = ask.desk.charts.file(name)
    if packed is None:
        raise not_here("basemap", name)
    return Answer(packed, media_type=GEOJSON, headers={"content-encoding": "gzip", "cache-control": _BRIEFLY})


async def tile(ask: Ask[NoQuery, None]) -> Answer:
    """One tile of the operator's archive. Where it has none, the answer is empty: 204."""
    ask.must(Action.READ)
    charts, said = ask.desk.charts, ask.desk.charts.tiles()
    place = [ask.path[name] for name in "zxy"]
    if said is None or not all(part.isascii() and part.isdigit() and len(part) <= 8 for part in place):
        raise not_here("tile", "/".join(place))
    z, x, y = map(int, place)
    if not said.min_zoom <= z <= said.max_zoom or max(x, y) >= 2**z:
        raise not_here("tile", "/".join(place))
    found = charts.tile(z, x, y)
    headers = {"cache-control": _BRIEFLY}
    if found is None:
        return Answer(b"", 204, MEDIA[said.kind], headers)
    data, is_packed = found
    return Answer(
        data, media_type=MEDIA[said.kind], headers=headers | ({"content-encoding": "gzip"} if is_packed else {})
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/basemap", basemap, "basemap", gives=Basemap, problems=(403,)),
    Route("GET", "/v1/basemap/{name}", basemap_file, "basemap", gives=Any, gives_media=(GEOJSON,), problems=(403, 404)),
    Route(
        "GET",
        "/v1/tiles/{z}/{x}/{y}",
        tile,
        "basemap",
        gives=bytes,
        gives_media=tuple(MEDIA.values()),
        problems=(403, 404),
    ),
)
