"""The Merkle tree against the vectors of transparency-dev/merkle, and against published roots that stand here."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepclear.ground.errors import Refused
from keepclear.record.tree import (
    EMPTY_ROOT,
    Frontier,
    TilesInMemory,
    Tree,
    check_consistency,
    check_inclusion,
    check_subtree_consistency,
    check_subtree_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
)
from tests.places_of_data import shared_file

# Leaves and roots of the reference tree that Certificate Transparency implementations have tested with since 2012.
LEAVES = [
    bytes.fromhex(text)
    for text in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashes(texts: list[str] | None) -> list[bytes]:
    return [b64decode(text) for text in texts or []]


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "inclusion": lambda v: check_inclusion(
        v["leafIdx"], v["treeSize"], b64decode(v["leafHash"]), hashes(v["proof"]), b64decode(v["root"])
    ),
    "consistency": lambda v: check_consistency(
        v["size1"], v["size2"], hashes(v["proof"]), b64decode(v["root1"]), b64decode(v["root2"])
    ),
    "subtreeinclusion": lambda v: check_subtree_inclusion(
        v["leafIdx"], v["start"], v["end"], b64decode(v["leafHash"]), hashes(v["proof"]), b64decode(v["root"])
    ),
    "subtreeconsistency": lambda v: check_subtree_consistency(
        v["start"], v["end"], v["size"], hashes(v["proof"]), b64decode(v["root1"]), b64decode(v["root2"])
    ),
}


@pytest.mark.parametrize("kind", CHECKS)
def test_every_good_proof_passes_and_every_bad_one_is_refused(kind):
    folder = shared_file("vectors/rfc6962-merkle/LICENSE").parent / "testdata" / kind
    wrong = []
    vectors = sorted(folder.rglob("*.json"))
    for path in vectors:
        vector = json.loads(path.read_text(encoding="utf-8"))
        try:
            CHECKS[kind](vector)
            refused = False
        except Refused:
            refused = True
        if refused != vector["wantErr"]:
            wrong.append(f"{path.relative_to(folder)}: {vector['desc']}: refused {refused}")
    assert len(vectors) > 50
    assert wrong == []


@pytest.mark.parametrize("size", range(9))
def test_the_reference_tree_has_its_published_roots(size):
    frontier, tree = Frontier(), Tree(tiles := TilesInMemory())
    for leaf in LEAVES[:size]:
        frontier.append(leaf_hash(leaf))
    tree.append(leaf_hash(leaf) for leaf in LEAVES[:size])
    assert frontier.root().hex() == tree.root().hex() == root_at(tiles, size).hex() == ROOTS[size]


def test_published_proofs_of_the_reference_tree():
    tree = Tree(tiles := TilesInMemory())
    tree.append(leaf_hash(leaf) for leaf in LEAVES)
    assert [node.hex()[:8] for node in inclusion_proof(tiles, 5, 8)] == ["bc1a0643", "ca854ea1", "d37ee418"]
    assert [node.hex()[:8] for node in consistency_proof(tiles, 6, 8)] == ["0ebc5d34", "ca854ea1", "d37ee418"]
    assert EMPTY_ROOT.hex() == ROOTS[0]


def test_the_vectors_are_found_where_they_lie():
    assert isinstance(shared_file("vectors/rfc6962-merkle/LICENSE"), Path)
