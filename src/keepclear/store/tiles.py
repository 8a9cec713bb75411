"""The tree's tiles in a database: full ones are kept, the growing ones are made again from what they stand for.

A growing tile would be written anew with every commit, up to 8 KB for a leaf of 32 bytes. It is 255 hashes at most, and they are
those of entries, or of the full tiles below, which are kept anyhow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keepclear.record.tree import HASH_BYTES, TILE_BYTES, TILE_WIDTH, leaf_hash, node_hash

Stored = Callable[[int, int], bytes | None]
Leaves = Callable[[int, int], Sequence[bytes]]


class KeptTiles:
    """What `keepclear.record.tree` reads tiles from, and puts them into. The owner takes `full` into its transaction.

    stored(level, index)  the bytes of a full tile in the database, None where there is none
    leaves(first, count)  the leaves of up to so many entries
    size()                how many entries are committed
    """

    def __init__(self, stored: Stored, leaves: Leaves, size: Callable[[], int]) -> None:
        self._stored = stored
        self._leaves = leaves
        self._size = size
        self._growing: dict[tuple[int, int], bytes] = {}
        self._growing_committed: dict[tuple[int, int], bytes] = {}
        self.full: list[tuple[int, int, bytes]] = []

    def get(self, level: int, index: int) -> bytes:
        """The hashes of a tile of the committed tree; raises KeyError where it has none."""
        growing = self._growing_committed.get((level, index))
        if growing is not None:
            return growing
        stored = self._stored(level, index)
        return self._made_again(level, index) if stored is None else stored

    def put(self, level: int, index: int, hashes: bytes) -> None:
        """Keeps a tile until the commit."""
        if len(hashes) == TILE_BYTES:
            self.full.append((level, index, hashes))
            self._growing.pop((level, index), None)
        else:
            self._growing[level, index] = hashes

    def committed(self) -> None:
        """What was put is durable: readers get it from now on."""
        self._growing_committed = dict(self._growing)
        self.full.clear()

    def _made_again(self, level: int, index: int) -> bytes:
        first = index * TILE_WIDTH
        until = min(first + TILE_WIDTH, self._size() >> 8 * level)
        if until <= first:
            raise KeyError(f"no tile {level}/{index} in a tree of {self._size()} leaves")
        if level == 0:
            return b"".join(map(leaf_hash, self._leaves(first, until - first)))
        return b"".join(_root_of_full(self.get(level - 1, below)) for below in range(first, until))


def _root_of_full(tile: bytes) -> bytes:
    hashes = [tile[at : at + HASH_BYTES] for at in range(0, TILE_BYTES, HASH_BYTES)]
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
