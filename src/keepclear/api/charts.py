"""Where the files and tiles of the basemap come from. The host has them in its folder; see docs/basemap.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class TilesSaid:
    """What an archive of tiles says of itself."""

    kind: str
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float]
    layers: tuple[str, ...]
    credit: str


class Charts(Protocol):
    """Where the files and tiles are. Each call may read the disk."""

    def files(self) -> Sequence[tuple[str, bool]]:
        """The names of the files there are, and whether each is the operator's."""

    def file(self, name: str) -> bytes | None:
        """One of them, packed with gzip."""

    def tiles(self) -> TilesSaid | None:
        """Of the operator's archive; None where there is none."""

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, bool] | None:
        """One tile, and whether it is packed with gzip; None where the archive has none."""
