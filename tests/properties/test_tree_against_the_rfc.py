"""The tree against the recursive definitions of RFC 6962, section 2.1, written down as they stand there."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepclear.ground.errors import Refused
from keepclear.record.tree import (
    TILE_BYTES,
    TILE_WIDTH,
    Frontier,
    TilesInMemory,
    Tree,
    check_consistency,
    check_inclusion,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    leaf_hash,
    leaf_hash_at,
    range_proof,
    right_heights,
    root_at,
)

SMALL = 40


def k_of(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves):
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = k_of(len(leaves))
    return sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = k_of(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = k_of(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def leaves_of(size):
    return [b"leaf %d" % n for n in range(size)]


def grown(*groups):
    tree = Tree(tiles := TilesInMemory())
    for group in groups:
        tree.append(leaf_hash(leaf) for leaf in group)
    return tree, tiles


def in_groups(leaves, sizes):
    first = 0
    for size in sizes:
        yield leaves[first : first + size]
        first += size
    yield leaves[first:]


@pytest.fixture(scope="module")
def small():
    leaves = leaves_of(SMALL)
    return leaves, grown(leaves)[1]


@pytest.fixture(scope="module")
def large():
    leaves = leaves_of(66_000)
    return leaves, grown(leaves)[1]


def test_every_root_and_proof_up_to_forty_leaves_is_the_one_of_the_rfc(small):
    leaves, tiles = small
    for size in range(1, SMALL + 1):
        root = mth(leaves[:size])
        assert root_at(tiles, size) == root
        for index in range(size):
            proof = inclusion_proof(tiles, index, size)
            assert list(proof) == path(index, leaves[:size])
            check_inclusion(index, size, leaf_hash(leaves[index]), proof, root)
        for old in range(1, size + 1):
            proof = consistency_proof(tiles, old, size)
            assert list(proof) == subproof(old, leaves[:size], True)
            check_consistency(old, size, proof, mth(leaves[:old]), root)


def test_a_proof_of_another_place_size_or_root_is_refused(small):
    leaves, tiles = small
    for size in range(1, 18):
        root = root_at(tiles, size)
        for index in range(size):
            proof = inclusion_proof(tiles, index, size)
            for other in set(range(size)) - {index}:
                with pytest.raises(Refused):
                    check_inclusion(other, size, leaf_hash(leaves[index]), proof, root)
            for other_size in set(range(18)) - {size}:
                with pytest.raises(Refused):
                    check_inclusion(index, other_size, leaf_hash(leaves[index]), proof, root_at(tiles, other_size))


@given(st.data())
def test_any_proof_with_any_bit_changed_is_refused(large, data):
    leaves, tiles = large
    size = data.draw(st.integers(2, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    root, leaf = root_at(tiles, size), leaf_hash(leaves[index])
    proof = list(inclusion_proof(tiles, index, size))
    check_inclusion(index, size, leaf, proof, root)
    at = data.draw(st.integers(0, len(proof) - 1))
    with refused("proof.root"):
        check_inclusion(index, size, leaf, [*proof[:at], flipped(data, proof[at]), *proof[at + 1 :]], root)
    with refused("proof.length"):
        check_inclusion(index, size, leaf, proof[:at], root)
    with refused("proof.length"):
        check_inclusion(index, size, leaf, [*proof, root], root)

    old = data.draw(st.integers(1, size - 1))
    proof, old_root = list(consistency_proof(tiles, old, size)), root_at(tiles, old)
    check_consistency(old, size, proof, old_root, root)
    at = data.draw(st.integers(0, len(proof) - 1))
    for changed in ([*proof[:at], flipped(data, proof[at]), *proof[at + 1 :]], proof[:at], [*proof, root]):
        with pytest.raises(Refused):
            check_consistency(old, size, changed, old_root, root)
    with pytest.raises(Refused):
        check_consistency(old, size, proof, flipped(data, old_root), root)
    with pytest.raises(Refused):
        check_consistency(old, size, proof, old_root, flipped(data, root))


@contextmanager
def refused(key):
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.key == key


def flipped(data, hashed):
    bit = data.draw(st.integers(0, 8 * len(hashed) - 1))
    return (int.from_bytes(hashed) ^ (1 << bit)).to_bytes(len(hashed))


@given(st.lists(st.integers(0, 700), max_size=6), st.integers(0, 700))
def test_in_which_groups_leaves_come_changes_no_tile(sizes, rest):
    leaves = leaves_of(sum(sizes) + rest)
    once, tiles = grown(leaves)
    by_groups, tiles_by_groups = grown(*in_groups(leaves, sizes))
    assert tiles.kept == tiles_by_groups.kept
    assert once.root() == by_groups.root() == root_at(tiles, len(leaves))


@given(st.integers(0, 1500), st.integers(0, 600))
def test_a_tree_opened_again_goes_on_where_it_was_whatever_lies_beyond(size, more):
    leaves = leaves_of(size + more)
    whole, whole_tiles = grown(leaves)
    _, tiles = grown(leaves[:size], [b"begun and not counted"] * 300)
    tree = Tree(tiles, size)
    tree.append(leaf_hash(leaf) for leaf in leaves[size:])
    assert tree.root() == whole.root() == root_at(tiles, size + more)
    for place, tile in whole_tiles.kept.items():
        width = min(TILE_WIDTH, ((size + more) >> 8 * place[0]) - place[1] * TILE_WIDTH) * 32
        assert tiles.kept[place][:width] == tile[:width]


@given(st.integers(1, 66_000), st.data())
def test_leaves_of_a_range_and_its_proof_give_the_root(large, size, data):
    leaves, tiles = large
    first = data.draw(st.integers(0, size))
    end = data.draw(st.integers(first, min(size, first + 300)))
    proof = range_proof(tiles, first, end, size)
    frontier = Frontier(first, proof.left)
    assert frontier.root() == root_at(tiles, first)
    for leaf in leaves[first:end]:
        frontier.append(leaf_hash(leaf))
    for hashed, height in zip(proof.right, right_heights(end, size), strict=True):
        frontier.append(hashed, height)
    assert frontier.root() == root_at(tiles, size)
    assert frontier.peaks == frontier_at(tiles, size).peaks


class TilesCounted(TilesInMemory):
    def __init__(self):
        super().__init__()
        self.puts = []

    def put(self, level, index, hashes):
        self.puts.append((level, index))
        super().put(level, index, hashes)


def test_a_group_puts_each_tile_once():
    tree = Tree(tiles := TilesCounted())
    tree.append(leaf_hash(b"%d" % n) for n in range(700))
    assert sorted(tiles.puts) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    tiles.puts.clear()
    tree.append([leaf_hash(b"one")])
    assert tiles.puts == [(0, 2)]


def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_c2sp_page(large):
    """C2SP tlog-tiles has a tree of 70,000 as its example: 273 full tiles and one of 112 hashes, one full and one of 17, one of 1."""
    leaves = leaves_of(70_000)
    _, tiles = grown(leaves)
    widths: dict[int, list[int]] = {}
    for (level, _), tile in sorted(tiles.kept.items()):
        widths.setdefault(level, []).append(len(tile) // 32)
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert leaf_hash_at(tiles, 69_999) == leaf_hash(leaves[-1])


def test_missing_and_short_tiles_are_an_error_that_names_the_tile(small):
    _, tiles = grown(leaves_of(600))
    short = TilesInMemory()
    short.kept = tiles.kept | {(0, 2): tiles.kept[0, 2][:-32]}
    with pytest.raises(KeyError, match="tile 0/2"):
        Tree(short, 600)
    del short.kept[1, 0]
    with pytest.raises(KeyError):
        Tree(short, 512)
    assert len(tiles.kept[0, 1]) == TILE_BYTES
