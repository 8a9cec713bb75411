"""Signatures against Wycheproof, RFC 8032, and a signed note that everybody knows."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from keepclear.ground.signing import (
    ED25519,
    NoteKey,
    PrivateKey,
    PublicKey,
    note_key,
    public_from_pem,
    public_pem,
    seal,
)
from tests.places_of_data import shared_file

# RFC 8032, 7.1: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
# The example of Go's note package and of earlier C2SP texts: a key line, and the note it signed.
NOTE_KEY_LINE = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE_SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
NOTE_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"  # Peter Neumann
NOTE_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def test_every_signature_of_wycheproof_is_judged_as_it_says():
    groups = json.loads(shared_file("vectors/wycheproof/testvectors_v1/ed25519_test.json").read_bytes())["testGroups"]
    wrong, judged = [], 0
    for group in groups:
        key = PublicKey(ED25519, bytes.fromhex(group["publicKey"]["pk"]))
        assert public_from_pem(group["publicKeyPem"]) == key
        assert public_pem(key).split() == group["publicKeyPem"].split()
        for test in group["tests"]:
            judged += 1
            verified = key.verifies(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))
            if verified != (test["result"] == "valid"):
                wrong.append((test["tcId"], test["comment"], verified))
    assert wrong == []
    assert judged == 151


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_keys_and_signatures_are_those_of_the_rfc(seed, public, message, signature):
    key = PrivateKey(ED25519, bytes.fromhex(seed))
    assert key.public.raw.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert key.public.verifies(bytes.fromhex(signature), bytes.fromhex(message))


def test_the_well_known_note_has_its_key_line_and_its_signature():
    key = PrivateKey(ED25519, NOTE_SEED)
    assert NoteKey("PeterNeumann", key.public).line == NOTE_KEY_LINE
    assert note_key(NOTE_KEY_LINE) == NoteKey("PeterNeumann", key.public)
    signature = b64decode(NOTE_SIGNATURE)
    assert signature[:4] == note_key(NOTE_KEY_LINE).hash
    assert signature[4:] == key.sign(NOTE_TEXT.encode())


def test_the_bytes_that_dsse_signs_are_those_of_its_protocol_page():
    envelope = seal("http://example.com/HelloWorld", b"hello world")
    assert envelope.signed_bytes == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
