"""Our own published bytes: the worked example of docs/spec/record.md, made again, and checked with nothing of ours."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from keepclear.ground.signing import NoteKey
from keepclear.record.proofs import proof_text, prove_entry
from keepclear.record.tree import leaf_hash
from tests.records import ALPHA_NEXT, BRAVO, RECORD, small_record

PAGE = Path(__file__).parents[2].joinpath("docs", "spec", "record.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\w+\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_the_bytes_that_the_code_makes():
    recording = small_record()
    checkpoint = recording.checkpoints[-1]
    committed = recording.entries[12]
    witness = NoteKey("bravo.example/watch", BRAVO.public, cosigner=True)
    assert [
        checkpoint.cosigned(witness.name, BRAVO.signer, 1_779_091_260).text,
        f"{NoteKey(RECORD, ALPHA_NEXT.public).line}\n{witness.line}\n",
        proof_text(prove_entry(recording.tiles, committed, checkpoint, line=0)),
        committed.entry.leaf.decode() + "\n",
    ] == BLOCKS
    assert leaf_hash(committed.entry.leaf).hex() in PAGE


def test_the_example_is_checked_in_the_four_steps_of_the_guide_by_a_page_of_other_code():
    proof, key_line = json.loads(BLOCKS[2]), BLOCKS[1].splitlines()[0]
    entry = proof["entry"]
    assert sha256(b64decode(proof["body"])).hexdigest() == entry["body"]
    assert sha256(proof["outcome"].encode()).hexdigest() == entry["outcome"]

    leaf = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    hashed = sha256(b"\0" + leaf).digest()

    body, signatures = proof["checkpoint"].split("\n\n")
    _, size, root = body.split("\n")
    node, last = entry["sequence"], int(size) - 1
    for beside in map(b64decode, proof["inclusion"]):
        if node % 2 or node == last:
            hashed = sha256(b"\1" + beside + hashed).digest()
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            hashed = sha256(b"\1" + hashed + beside).digest()
        node, last = node >> 1, last >> 1
    assert hashed == b64decode(root)
    assert last == 0

    signature = b64decode(signatures.split(" ")[2])[4:]
    public = Ed25519PublicKey.from_public_bytes(b64decode(key_line.split("+", 2)[2])[1:])
    public.verify(signature, f"{body}\n".encode())
