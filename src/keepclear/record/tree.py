"""The Merkle tree of RFC 6962 and RFC 9162 over the entries of a record: it grows, it proves, and proofs are checked.

Hashes are kept in tiles, as C2SP tlog-tiles has them. Tile (level L, index N) holds up to 256 hashes: those of the complete subtrees
of 256^L leaves, from subtree 256 N on. A tile only ever grows at its end.

    level 1   [ h0 h1 h2 ]                       one hash for each full tile below
                |  |  '--------------.
    level 0   [256 leaves] [256 leaves] [256 leaves] [7 leaves]        a tree of 775 leaves: five tiles

Whoever keeps tiles implements `Tiles`. What must be durable, and in which order:

1. The entries of a group, and the tiles that `Tree.append` put for them, in one transaction; or entries first, then tiles.
2. Only then a checkpoint of this size is signed, and only then anything of these entries leaves the node.

A stop before 1 leaves the old tree. A stop between entries and tiles is seen on opening, as tiles are missing or too short:
`Tree(tiles).append(all leaf hashes)` makes them again. Tiles may hold more hashes than the size says (a group that was begun
and not counted): nothing here reads beyond the size it is given, and the next group writes over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from keepclear.ground.errors import Refused

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES
SIZE_MAX = 2**53 - 1

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf with these bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two others."""
    return sha256(b"\x01" + left + right).digest()


# --- where hashes are kept ---


class TileReader(Protocol):
    """Where the hashes of a tree are read from."""

    def get(self, level: int, index: int) -> bytes:
        """The hashes of one tile, 32 bytes each and in order, 1 to 256 of them. Raises KeyError where there is no such tile."""


class Tiles(TileReader, Protocol):
    """Where the hashes of a tree are kept.

    What was put is got by the same thread at once, and by others once it is committed."""

    def put(self, level: int, index: int, hashes: bytes) -> None:
        """Keeps a tile in place of what was kept of it; the old bytes are a prefix of the new ones."""


class TilesInMemory:
    """Tiles in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], bytes] = {}

    def get(self, level: int, index: int) -> bytes:
        """As in `TileReader`."""
        return self.kept[level, index]

    def put(self, level: int, index: int, hashes: bytes) -> None:
        """As in `Tiles`."""
        self.kept[level, index] = hashes


# --- growing ---


class Frontier:
    """The right edge of a tree: enough to append leaves and to know the root, in at most 53 hashes.

    peaks  roots of the complete subtrees that the leaves fall into, from the left, the largest first; one per set bit of `size`
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count() or any(len(peak) != HASH_BYTES for peak in peaks):
            raise Refused(
                "tree.peaks",
                f"A tree of {size} leaves has {size.bit_count()} peaks of {HASH_BYTES} bytes",
                value=len(peaks),
            )
        self.size = size
        self.peaks = list(peaks)

    def append(self, hashed: bytes, height: int = 0) -> list[tuple[int, bytes]]:
        """Appends a complete subtree of 2^height leaves; gives (height, hash) of the larger ones that it completes.

        The size must be a multiple of 2^height."""
        assert self.size & ((1 << height) - 1) == 0, "a subtree is appended where one of its size begins"
        completed = []
        unit = self.size >> height
        self.size += 1 << height
        while unit & 1:
            hashed = node_hash(self.peaks.pop(), hashed)
            height += 1
            unit >>= 1
            completed.append((height, hashed))
        self.peaks.append(hashed)
        return completed

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        return _folded(self.peaks)


class Tree:
    """A tree that grows over kept tiles. One thread appends; it reads tiles only when it is opened."""

    def __init__(self, tiles: Tiles, size: int = 0) -> None:
        """The tree of the first `size` leaves in `tiles`. Raises KeyError where a tile is missing or too short."""
        self._tiles = tiles
        self._frontier = frontier_at(tiles, size)
        self._edges: list[_Edge] = []
        width = size
        while width:
            level = len(self._edges)
            index, filled = divmod(width, TILE_WIDTH)
            hashes = tiles.get(level, index)[: filled * HASH_BYTES] if filled else b""
            self._edges.append(_Edge(level, index, bytearray(hashes)))
            width = index

    @property
    def size(self) -> int:
        """How many leaves."""
        return self._frontier.size

    def root(self) -> bytes:
        """The root as it stands; costs at most 52 hashes."""
        return self._frontier.root()

    def append(self, leaf_hashes: Iterable[bytes]) -> None:
        """Appends leaves, and puts each tile that changed once: n leaves cost n hashes and about n / 256 + 2 puts.

        If a put fails, this tree is of no use any more; another is opened at the size that is durable."""
        for hashed in leaf_hashes:
            self._extend(0, hashed)
            for height, completed in self._frontier.append(hashed):
                if height % TILE_HEIGHT == 0:
                    self._extend(height // TILE_HEIGHT, completed)
        for edge in self._edges:
            if edge.changed:
                self._tiles.put(edge.level, edge.index, bytes(edge.hashes))
                edge.changed = False

    def _extend(self, level: int, hashed: bytes) -> None:
        if level == len(self._edges):
            self._edges.append(_Edge(level, 0, bytearray()))
        edge = self._edges[level]
        edge.hashes += hashed
        edge.changed = True
        if len(edge.hashes) == TILE_BYTES:
            self._tiles.put(level, edge.index, bytes(edge.hashes))
            self._edges[level] = _Edge(level, edge.index + 1, bytearray())


@dataclass
class _Edge:
    """The last tile of one level, as far as it is filled: less than 256 hashes."""

    level: int
    index: int
    hashes: bytearray
    changed: bool = False


# --- reading and proving ---


def root_at(tiles: TileReader, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return frontier_at(tiles, size).root()


def frontier_at(tiles: TileReader, size: int) -> Frontier:
    """The right edge of the tree of the first `size` leaves."""
    reading = _Reading(tiles)
    return Frontier(size, [reading.subtree(height, index) for height, index in _complete_subtrees(0, size)])


def leaf_hash_at(tiles: TileReader, index: int) -> bytes:
    """The hash of one leaf."""
    return _Reading(tiles).subtree(0, index)


def inclusion_proof(tiles: TileReader, index: int, size: int) -> tuple[bytes, ...]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise Refused("proof.index", f"There is no such leaf in a tree of {size}", value=index)
    reading = _Reading(tiles)
    beside = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((first, middle))
            first = middle
    return tuple(reading.hash_of(*leaves) for leaves in reversed(beside))


def consistency_proof(tiles: TileReader, old_size: int, size: int) -> tuple[bytes, ...]:
    """The hashes that show that the first `old_size` of `size` leaves are the same tree (RFC 9162, 2.1.4.1)."""
    if not 0 < old_size <= size:
        raise Refused("proof.size", f"No older tree of this size can be shown to begin one of {size}", value=old_size)
    if old_size == size:
        return ()
    reading = _Reading(tiles)
    beside = []
    first, end = 0, size
    while old_size < end:
        middle = first + _split(end - first)
        if old_size <= middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((first, middle))
            first = middle
    if first:  # else the older tree is a complete subtree, whose root the verifier has
        beside.append((first, end))
    return tuple(reading.hash_of(*leaves) for leaves in reversed(beside))


class RangeProof(NamedTuple):
    """What is missing of a tree to know its root from the leaves of a range alone.

    left   peaks of the tree of all leaves before the range
    right  the complete subtrees behind it, from the left, as `right_heights` has their heights
    """

    left: tuple[bytes, ...]
    right: tuple[bytes, ...]


def range_proof(tiles: TileReader, first: int, end: int, size: int) -> RangeProof:
    """What shows that leaves from `first` up to, not including, `end` stand in the tree of the first `size` leaves."""
    if not 0 <= first <= end <= size:
        raise Refused("proof.range", f"There is no such range in a tree of {size}", value=f"{first} to {end}")
    reading = _Reading(tiles)
    left = tuple(reading.subtree(*place) for place in _complete_subtrees(0, first))
    return RangeProof(left, tuple(reading.subtree(*place) for place in _complete_subtrees(end, size)))


def right_heights(end: int, size: int) -> tuple[int, ...]:
    """The heights of the complete subtrees that leaves from `end` up to, not including, `size` fall into."""
    return tuple(height for height, _ in _complete_subtrees(end, size))


# --- checking proofs ---


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Passes if the proof leads from the leaf hash `leaf` at `index` to `root` of a tree of `size` leaves.

    Raises `Refused` with the key proof.index, proof.length, proof.hash or proof.root."""
    check_subtree_inclusion(index, 0, size, leaf, proof, root)


def check_subtree_inclusion(index: int, first: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """As `check_inclusion`, in the subtree of leaves from `first` up to, not including, `end`."""
    if not first <= index < end:
        what = f"There is no such leaf in a tree of {end}" if first == 0 else f"The leaf is not among {first} to {end}"
        raise Refused("proof.index", what, value=index)
    _check_subtree(first, end)
    _check_hashes([leaf, *proof])
    place, last = index - first, end - first - 1
    inner = (place ^ last).bit_length()
    needed = inner + (place >> inner).bit_count()
    if len(proof) != needed:
        what = f"The proof of leaf {index} in a tree of {end - first} has {needed} hashes"
        raise Refused("proof.length", what, value=len(proof))
    hashed = leaf
    for level, beside in enumerate(proof):
        right = level >= inner or place >> level & 1
        hashed = node_hash(beside, hashed) if right else node_hash(hashed, beside)
    if hashed != root:
        what = "The leaf and its proof lead to another root: the leaf, the proof or the root was changed"
        raise Refused("proof.root", what, value=hashed.hex())


def check_consistency(old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """Passes if the tree of `size` leaves with `root` begins with the one of `old_size` leaves with `old_root`.

    The older tree has at least one leaf; of an empty one there is nothing to show. Raises `Refused` with the key proof.size,
    proof.length, proof.hash, proof.old_root (what was there before is another tree: history was rewritten) or proof.root."""
    if not 0 < old_size <= size <= SIZE_MAX:
        raise Refused("proof.size", f"No older tree of this size can be shown to begin one of {size}", value=old_size)
    check_subtree_consistency(0, old_size, size, proof, old_root, root)


def check_subtree_consistency(
    first: int, end: int, size: int, proof: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    """Passes if leaves `first` up to, not including, `end` of the tree of `size` leaves are the subtree of this root.

    With `first` 0 it is RFC 9162, 2.1.4.2; else the generalisation of draft-ietf-plants-merkle-tree-certs, 4.4.3. A subtree of no
    leaves is in every tree."""
    if 0 <= first == end <= size:
        if proof:
            raise Refused("proof.length", "The proof of an empty subtree has 0 hashes", value=len(proof))
        if subtree_root != EMPTY_ROOT:
            raise Refused("proof.old_root", "This is not the root of an empty tree", value=subtree_root.hex())
        return
    _check_subtree(first, end)
    if end > size:
        raise Refused("proof.size", f"There is no such subtree in a tree of {size}", value=f"{first} to {end}")
    if proof:
        _check_hashes([subtree_root, *proof])
    low, last, top = first, end - 1, size - 1
    # Up to the largest complete subtree that ends where the older tree does: its root begins both ways up.
    while low != last and (end == size or last & 1):
        low, last, top = low >> 1, last >> 1, top >> 1
    hashes = list(proof)
    if low == last:
        old = new = subtree_root
    elif hashes:
        old = new = hashes.pop(0)
    else:
        raise Refused("proof.length", "The proof of consistency ends too early", value=len(proof))
    for beside in hashes:
        if top == 0:
            raise Refused("proof.length", "The proof of consistency goes on beyond the root", value=len(proof))
        if last & 1 or last == top:
            if low < last:
                old = node_hash(beside, old)
            new = node_hash(beside, new)
            while not last & 1 and last:
                low, last, top = low >> 1, last >> 1, top >> 1
        else:
            new = node_hash(new, beside)
        low, last, top = low >> 1, last >> 1, top >> 1
    if top:
        raise Refused("proof.length", "The proof of consistency ends too early", value=len(proof))
    if old != subtree_root:
        raise Refused("proof.old_root", "The newer tree does not begin with the older one", value=old.hex())
    if new != root:
        raise Refused("proof.root", "The proof leads to another root of the newer tree", value=new.hex())


# --- inside ---


class _Reading:
    """Reads each tile once, and knows the hash of every subtree."""

    def __init__(self, tiles: TileReader) -> None:
        self._tiles = tiles
        self._read: dict[tuple[int, int], bytes] = {}

    def subtree(self, height: int, index: int) -> bytes:
        """The root of complete subtree number `index` among those of 2^height leaves."""
        level, above = divmod(height, TILE_HEIGHT)
        tile_index, place = divmod(index << above, TILE_WIDTH)
        tile = self._tile(level, tile_index)
        until = place + (1 << above)
        if len(tile) < until * HASH_BYTES:
            raise KeyError(f"tile {level}/{tile_index} has {len(tile)} bytes, {until} hashes are asked for")
        hashes = [tile[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(place, until)]
        while len(hashes) > 1:
            hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    def hash_of(self, first: int, end: int) -> bytes:
        """The root of the subtree of leaves from `first` up to, not including, `end`."""
        return _folded([self.subtree(*place) for place in _complete_subtrees(first, end)])

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._read:
            self._read[level, index] = self._tiles.get(level, index)
        return self._read[level, index]


def _complete_subtrees(first: int, end: int) -> Iterator[tuple[int, int]]:
    """(height, index) of the largest complete subtrees that leaves from `first` up to, not including, `end` fall into."""
    while first < end:
        height = (end - first).bit_length() - 1
        if first:
            height = min(height, (first & -first).bit_length() - 1)
        yield height, first >> height
        first += 1 << height


def _folded(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that grow smaller to the right."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_subtree(first: int, end: int) -> None:
    if not 0 <= first < end <= SIZE_MAX or first % (1 << (end - first - 1).bit_length()):
        raise Refused("proof.subtree", "No subtree has these leaves", value=f"{first} to {end}")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for hashed in hashes:
        if len(hashed) != HASH_BYTES:
            raise Refused("proof.hash", f"A hash has {HASH_BYTES} bytes", value=hashed.hex())
