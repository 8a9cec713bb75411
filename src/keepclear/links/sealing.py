"""Payloads that only their addressee can read: HPKE (RFC 9180) in base mode, X25519, HKDF-SHA256 and ChaCha20-Poly1305.

Who sealed it is not shown by the sealing: what lies within is signed (`keepclear.ground.signing.Envelope`). From whom and for whom it
is goes into the key schedule, so that sealed bytes that were given another outside do not open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from keepclear.ground.errors import Refused
from keepclear.ground.signing import opened_pem, pem_of

KEY_BYTES = 32
OVERHEAD_BYTES = 48
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
_INFO = b"keepclear sealed 1"
# Keeps no secret: with it a key is tried.
_ANY_KEY = X25519PrivateKey.from_private_bytes(b"\1" * KEY_BYTES)


@dataclass(frozen=True)
class SealingKey:
    """The public key that things for a party are sealed with: 32 bytes, X25519, and none that gives everybody the same secret."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise Refused("key.length", f"A sealing key has {KEY_BYTES} bytes", value=len(self.raw))
        try:
            _ANY_KEY.exchange(X25519PublicKey.from_public_bytes(self.raw))
        except ValueError as error:  # it gives zero with every key
            raise Refused("key.sealing", "Nothing can be sealed with this key", value=self.raw.hex()) from error

    @cached_property
    def key_id(self) -> str:
        """How the key is called: 32 hexadecimal digits, of its SHA-256."""
        return sha256(self.raw).hexdigest()[:32]


@dataclass(frozen=True)
class OpeningKey:
    """What opens them. The seed is all there is of it, and does not show when the value is printed."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_BYTES:
            raise Refused("key.seed", f"A seed has {KEY_BYTES} bytes")

    @cached_property
    def public(self) -> SealingKey:
        """The key that others seal with."""
        return SealingKey(self._private.public_key().public_bytes_raw())

    @cached_property
    def _private(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.seed)


def opening_pem(key: OpeningKey, passphrase: bytes | None) -> bytes:
    """PEM, PKCS #8; encrypted where there is a passphrase."""
    return pem_of(key._private, passphrase)


def opening_from_pem(data: bytes, passphrase: bytes | None) -> OpeningKey:
    """The key of PEM bytes; raises `Refused`, also where a passphrase is not needed."""
    loaded = opened_pem(data, passphrase)
    if not isinstance(loaded, X25519PrivateKey):
        raise Refused("key.algorithm", "The key that opens is one of X25519")
    return OpeningKey(loaded.private_bytes_raw())


def sealed(plain: bytes, key: SealingKey, *, sender: str, to: str) -> bytes:
    """The bytes that only the owner of the key can open; others each time."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(key.raw), info=_info(sender, to))


def opened(data: bytes, key: OpeningKey, *, sender: str, to: str) -> bytes:
    """What was sealed; raises `Refused` where it was for somebody else, or was changed."""
    if len(data) < OVERHEAD_BYTES:
        raise Refused("sealed.short", "These are too few bytes to be sealed ones", value=len(data))
    try:
        return _SUITE.decrypt(data, key._private, info=_info(sender, to))
    except (InvalidTag, ValueError) as error:
        mend = "It was sealed for another key or another party, or it was damaged."
        raise Refused("sealed.unreadable", "This cannot be opened here", mend=mend) from error


def _info(sender: str, to: str) -> bytes:
    return b"\0".join((_INFO, sender.encode(), to.encode()))
