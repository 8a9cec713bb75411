"""The basemap of a node: what came with the console, and in its place what the operator has put into the node's folder.

    basemap/land-50m.geojson, land-10m.geojson, borders-50m.geojson, borders-10m.geojson, countries.geojson
    basemap/tiles.pmtiles

Files are looked for anew each time, so that one that was put there is seen without a restart. Names are taken from those that there are:
no part of a request ever becomes a path."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from keepclear.api.charts import TilesSaid
from keepclear.ground.errors import Refused

FOLDER = "basemap"
TILES = "tiles.pmtiles"
_END, _PACKED_END = ".geojson", ".geojson.gz"
# As the specification of PMTiles 3 counts them.
_KINDS = {1: "mvt", 2: "png", 3: "jpeg", 4: "webp", 5: "avif"}
_PLAIN, _GZIP = 1, 2
_CREDIT_CHARS_MAX = 500
# Of a directory or what an archive says of itself, unpacked: many times what the specification has in mind, and little enough to read.
INDEX_BYTES_MAX = 4 * 1024 * 1024
TILE_BYTES_MAX = 16 * 1024 * 1024
_GZIP_BEGINS = b"\x1f\x8b"
_OF_A_DAMAGED_FILE = (OSError, LookupError, ValueError, EOFError, TypeError, AttributeError, zlib.error)


@dataclass
class Archive:
    """An archive of tiles that is open; `stamp` changes when another file has taken its place."""

    stamp: tuple[int, int]
    said: TilesSaid
    is_packed: bool
    get: Callable[[int, int, int], bytes | None]


@dataclass
class FolderCharts:
    """The charts of one node: of its folder, and of the console.

    came_with  folder of the files that came with the console; None where there is no console"""

    folder: Path
    came_with: Any = None
    _packed: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _archive: Archive | None = None

    @staticmethod
    def of_node(folder: Path) -> FolderCharts:
        """Those of the node in this folder."""
        came_with = files("keepclear") / "_console" / FOLDER
        return FolderCharts(folder / FOLDER, came_with if came_with.is_dir() else None)

    def files(self) -> Sequence[tuple[str, bool]]:
        """As `keepclear.api.charts.Charts` says."""
        own, came_with = self._own(), self._came_with()
        return [(name, name in own) for name in sorted({*own, *came_with})]

    def file(self, name: str) -> bytes | None:
        """As `keepclear.api.charts.Charts` says."""
        if (path := self._own().get(name)) is not None:
            changed = path.stat().st_mtime_ns
            if self._packed.get(name, (0, b""))[0] != changed:
                self._packed[name] = (changed, gzip.compress(path.read_bytes(), 6))
            return self._packed[name][1]
        found = self._came_with().get(name)
        return None if found is None else bytes(found.read_bytes())

    def tiles(self) -> TilesSaid | None:
        """As `keepclear.api.charts.Charts` says; raises `Refused` for a file that is no archive of tiles."""
        archive = self._opened()
        return None if archive is None else archive.said

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, bool] | None:
        """As `keepclear.api.charts.Charts` says."""
        archive = self._opened()
        data = None if archive is None else archive.get(z, x, y)
        return None if archive is None or data is None else (data, archive.is_packed)

    def _own(self) -> Mapping[str, Path]:
        return {path.name.removesuffix(_END): path for path in self.folder.glob(f"*{_END}") if path.is_file()}

    def _came_with(self) -> Mapping[str, Any]:
        if self.came_with is None:
            return {}
        found = (path for path in self.came_with.iterdir() if path.name.endswith(_PACKED_END))
        return {path.name.removesuffix(_PACKED_END): path for path in found}

    def _opened(self) -> Archive | None:
        path = self.folder / TILES
        if not path.is_file():
            self._archive = None
            return None
        stamp = (path.stat().st_mtime_ns, path.stat().st_ino)
        if self._archive is None or self._archive.stamp != stamp:
            self._archive = _opened(path, stamp)
        return self._archive


def _opened(path: Path, stamp: tuple[int, int]) -> Archive:
    try:
        from pmtiles.reader import MmapSource, Reader  # noqa: PLC0415 - an extra: most nodes have no tiles
    except ImportError as error:
        mend = "Install Keepclear with its extra `tiles`, or the package pmtiles beside it."
        raise Refused("tiles.no_reader", "Tiles are there, and nothing here can read them", mend=mend) from error
    with _readable(path.name), path.open("rb") as opened:
        reader = Reader(_bounded(MmapSource(opened)))
        header, told = reader.header(), reader.metadata()
        packing = header["tile_compression"].value
        if packing not in (_PLAIN, _GZIP):
            raise ValueError("its tiles are packed in a way that browsers do not read")
        said = TilesSaid(
            _KINDS[header["tile_type"].value],
            header["min_zoom"],
            header["max_zoom"],
            (
                header["min_lon_e7"] / 1e7,
                header["min_lat_e7"] / 1e7,
                header["max_lon_e7"] / 1e7,
                header["max_lat_e7"] / 1e7,
            ),
            tuple(str(layer["id"]) for layer in told.get("vector_layers", ())),
            str(told.get("attribution", ""))[:_CREDIT_CHARS_MAX],
        )
    return Archive(stamp, said, packing == _GZIP, partial(_got, path.name, reader))


def _bounded(source: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    """The bytes of an archive, but none that its reader would unpack to more than an index has: it unpacks them whole."""

    def get_bytes(offset: int, length: int) -> bytes:
        if length > TILE_BYTES_MAX:
            raise ValueError("it has a tile or an index that is too large")
        found = source(offset, length)
        # A tile may be packed likewise, and is within the bound too: what unpacks to more is no tile for a browser.
        if (
            found[:2] == _GZIP_BEGINS
            and len(zlib.decompressobj(31).decompress(found, INDEX_BYTES_MAX + 1)) > INDEX_BYTES_MAX
        ):
            raise ValueError("it has a tile or an index that unpacks to too much")
        return found

    return get_bytes


def _got(name: str, reader: Any, z: int, x: int, y: int) -> bytes | None:
    with _readable(name):
        found = reader.get(z, x, y)
    return None if found is None else bytes(found)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """What a file that is no archive, or a damaged one, does to its reader, as `Refused`; the reader's own errors have no common parent."""
    from pmtiles.tile import MagicNumberNotFound, SpecVersionUnsupported  # noqa: PLC0415

    try:
        yield
    except (MagicNumberNotFound, SpecVersionUnsupported, *_OF_A_DAMAGED_FILE) as error:
        what = "This is no archive of tiles (PMTiles 3) that can be served"
        raise Refused(
            "tiles.unreadable", what, value=name, mend=f"Its reader says: {type(error).__name__} {error}".strip()
        ) from error
