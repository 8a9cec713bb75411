"""Keys as values, what they sign, and how they are written down.

    PrivateKey   made from 32 bytes that the caller drew; signs
    PublicKey    verifies; written as PEM, or within a verifier line
    NoteKey      a public key and the name it signs notes under, as one line: C2SP signed-note
    Envelope     a payload with signatures: DSSE 1.0

Nothing here draws a key. What a key signs is never parsed before the signature is checked, and is kept as the bytes that came.
The algorithm is a row of `ALGORITHMS`; adding one adds a row, and changes no format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from keepclear.ground.canon import base64_bytes, base64_text, canonical, json_value
from keepclear.ground.errors import LimitExceeded, Refused

SEED_BYTES = 32
PEM_CHARS_MAX = 10_000
KEY_LINE_CHARS_MAX = 5_000
KEY_NAME_CHARS_MAX = 200
ENVELOPE_BYTES_MAX = 64 * 1024 * 1024
ENVELOPE_SIGNATURES_MAX = 64


# --- algorithms ---


class Algorithm(NamedTuple):
    """What differs between algorithms. Seeds have 32 bytes in all of them.

    note_type, cosignature_type  the bytes that C2SP gives to notes and to cosignatures signed with it
    """

    public_bytes: int
    signature_bytes: int
    note_type: int
    cosignature_type: int
    public_of: Callable[[bytes], bytes]
    signing_with: Callable[[bytes], Callable[[bytes], bytes]]
    verifies: Callable[[bytes, bytes, bytes], bool]
    to_spki: Callable[[bytes], Ed25519PublicKey]
    to_pkcs8: Callable[[bytes], Ed25519PrivateKey]


def _ed25519_verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


ED25519 = "ed25519"
ALGORITHMS: Mapping[str, Algorithm] = {
    ED25519: Algorithm(
        public_bytes=32,
        signature_bytes=64,
        note_type=0x01,
        cosignature_type=0x04,
        public_of=lambda seed: Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw(),
        signing_with=lambda seed: Ed25519PrivateKey.from_private_bytes(seed).sign,
        verifies=_ed25519_verifies,
        to_spki=Ed25519PublicKey.from_public_bytes,
        to_pkcs8=Ed25519PrivateKey.from_private_bytes,
    )
}


# --- keys ---


@dataclass(frozen=True)
class PublicKey:
    """What a signature is checked with. `raw` is the key as its algorithm encodes it: 32 bytes for Ed25519."""

    algorithm: str
    raw: bytes

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            known = ", ".join(ALGORITHMS)
            raise Refused("key.algorithm", f"The algorithm of a key is one of: {known}", value=self.algorithm)
        expected = ALGORITHMS[self.algorithm].public_bytes
        if len(self.raw) != expected:
            raise Refused("key.length", f"A public key of {self.algorithm} has {expected} bytes", value=len(self.raw))

    @cached_property
    def key_id(self) -> str:
        """How the key is called in the record and in envelopes: 32 hexadecimal digits, of the SHA-256 of its DER form."""
        return sha256(_der(self)).hexdigest()[:32]

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the signature over exactly these bytes."""
        return ALGORITHMS[self.algorithm].verifies(self.raw, signature, message)


@dataclass(frozen=True)
class PrivateKey:
    """What signs. The seed is all there is of it, and does not show when the value is printed."""

    algorithm: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise Refused("key.seed", f"A seed has {SEED_BYTES} bytes")

    @cached_property
    def public(self) -> PublicKey:
        """The key that others check with."""
        return PublicKey(self.algorithm, ALGORITHMS[self.algorithm].public_of(self.seed))

    def sign(self, message: bytes) -> bytes:
        """The signature over these bytes."""
        return self._signing(message)

    @cached_property
    def _signing(self) -> Callable[[bytes], bytes]:
        """Reading the seed costs as much as a signature: it is done once."""
        return ALGORITHMS[self.algorithm].signing_with(self.seed)

    @property
    def signer(self) -> Signer:
        """What is handed to those who may have something signed, and not the key."""
        return Signer(self.public, self.sign)


class Signer(NamedTuple):
    """Signs with the private key of `public`, wherever that lies."""

    public: PublicKey
    sign: Callable[[bytes], bytes]


# --- keys written down ---


def public_pem(key: PublicKey) -> str:
    """PEM, "BEGIN PUBLIC KEY" (RFC 7468)."""
    spki = ALGORITHMS[key.algorithm].to_spki(key.raw)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return spki.public_bytes(serialization.Encoding.PEM, form).decode("ascii")


def public_from_pem(text: str) -> PublicKey:
    """The key of a PEM text."""
    if len(text) > PEM_CHARS_MAX:
        raise LimitExceeded("key.too_large", f"A key has at most {PEM_CHARS_MAX} characters", value=len(text))
    if "PRIVATE KEY" in text:
        mend = "Give the public key to others, and keep this one to yourself."
        raise Refused("key.private", "This is a private key", mend=mend)
    try:
        loaded = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        mend = "It begins with -----BEGIN PUBLIC KEY-----."
        raise Refused("key.pem", "This is not a public key in PEM", value=text, mend=mend) from error
    if not isinstance(loaded, Ed25519PublicKey):
        raise Refused("key.algorithm", f"The algorithm of a key is one of: {', '.join(ALGORITHMS)}", value=text)
    return PublicKey(ED25519, loaded.public_bytes_raw())


def private_pem(key: PrivateKey, passphrase: bytes | None) -> bytes:
    """PEM, PKCS #8; encrypted where there is a passphrase: then with a salt of its own each time it is written."""
    return pem_of(ALGORITHMS[key.algorithm].to_pkcs8(key.seed), passphrase)


def pem_of(key: Ed25519PrivateKey | X25519PrivateKey, passphrase: bytes | None) -> bytes:
    """A private key of the library below as PEM; see `private_pem`."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def private_from_pem(data: bytes, passphrase: bytes | None) -> PrivateKey:
    """The key of PEM bytes. A passphrase that is not needed is refused too: somebody believes that the file is protected."""
    loaded = opened_pem(data, passphrase)
    if not isinstance(loaded, Ed25519PrivateKey):
        raise Refused("key.algorithm", f"The algorithm of a key is one of: {', '.join(ALGORITHMS)}")
    return PrivateKey(ED25519, loaded.private_bytes_raw())


def opened_pem(data: bytes, passphrase: bytes | None) -> PrivateKeyTypes:
    """The private key of PEM bytes, of whatever algorithm; refuses like `private_from_pem`."""
    if len(data) > PEM_CHARS_MAX:
        raise LimitExceeded("key.too_large", f"A key has at most {PEM_CHARS_MAX} bytes", value=len(data))
    encrypted = b"ENCRYPTED" in data
    if encrypted and passphrase is None:
        raise Refused("key.passphrase", "The key is encrypted", mend="Give its passphrase.")
    if passphrase is not None and not encrypted:
        mend = "Give none, or encrypt the key."
        raise Refused("key.not_encrypted", "There is a passphrase, but the key is not encrypted", mend=mend)
    try:
        return serialization.load_pem_private_key(data, passphrase)
    except (ValueError, UnsupportedAlgorithm) as error:
        if encrypted:
            mend = "Check the passphrase; if it is right, the file is damaged."
            raise Refused("key.passphrase", "The passphrase does not open the key", mend=mend) from error
        raise Refused("key.pem", "This is not a private key in PEM", mend="It is PKCS #8.") from error


@dataclass(frozen=True)
class NoteKey:
    """A public key, and the name it signs notes under: C2SP signed-note.

    cosigner  it signs cosignatures, with the time, and not notes of its own: C2SP tlog-cosignature
    """

    name: str
    key: PublicKey
    cosigner: bool = False

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            what = f"The name of a key has 1 to {KEY_NAME_CHARS_MAX} visible characters, none of them a space or a plus"
            raise Refused("key.name", what, value=self.name)

    @property
    def _typed(self) -> bytes:
        algorithm = ALGORITHMS[self.key.algorithm]
        return bytes([algorithm.cosignature_type if self.cosigner else algorithm.note_type]) + self.key.raw

    @cached_property
    def hash(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return sha256(self.name.encode() + b"\n" + self._typed).digest()[:4]

    @property
    def line(self) -> str:
        """The verifier line: NAME+HASH+BASE64."""
        return f"{self.name}+{self.hash.hex()}+{base64_text(self._typed)}"


def is_key_name(name: str) -> bool:
    """Whether C2SP allows this as the name of a key, and a terminal can show it."""
    return 0 < len(name) <= KEY_NAME_CHARS_MAX and name.isprintable() and "+" not in name and not _has_space(name)


def note_key(line: str) -> NoteKey:
    """The key of a verifier line."""
    if len(line) > KEY_LINE_CHARS_MAX:
        raise LimitExceeded("key.too_large", f"A line has at most {KEY_LINE_CHARS_MAX} characters", value=len(line))
    parts = line.strip().split("+", 2)
    if len(parts) != 3:
        mend = "It is NAME+HASH+BASE64, such as the node prints it."
        raise Refused("key.line", "This is not a verifier line", value=line, mend=mend)
    name, hashed, encoded = parts
    typed = base64_bytes(encoded)
    for algorithm_name, algorithm in ALGORITHMS.items():
        if typed[:1] in {bytes([algorithm.note_type]), bytes([algorithm.cosignature_type])}:
            found = NoteKey(name, PublicKey(algorithm_name, typed[1:]), typed[0] == algorithm.cosignature_type)
            break
    else:
        raise Refused("key.algorithm", "The type of the key is not known", value=line)
    if found.hash.hex() != hashed:
        what = f"The hash in the line is not that of its name and key ({found.hash.hex()})"
        raise Refused("key.hash", what, value=hashed, mend="The line was damaged or changed: get it again.")
    return found


def _has_space(text: str) -> bool:
    return any(character.isspace() for character in text)


def _der(key: PublicKey) -> bytes:
    spki = ALGORITHMS[key.algorithm].to_spki(key.raw)
    return spki.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


# --- envelopes ---


@dataclass(frozen=True)
class Signature:
    """One signature of an envelope. `key_id` is a hint which key to try, and proves nothing."""

    key_id: str
    signature: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload of a named type, as the bytes that were signed, and who claims to have signed it."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What each signature is over: type and payload with their lengths, so that neither can run into the other."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    @property
    def text(self) -> bytes:
        """The envelope as canonical JSON."""
        signatures = [{"keyid": one.key_id, "sig": base64_text(one.signature)} for one in self.signatures]
        payload = base64_text(self.payload)
        return canonical({"payload": payload, "payloadType": self.payload_type, "signatures": signatures})

    def also_signed(self, signer: Signer) -> Envelope:
        """The same envelope with one signature more."""
        added = Signature(signer.public.key_id, signer.sign(self.signed_bytes))
        return Envelope(self.payload_type, self.payload, (*self.signatures, added))

    def signers(self, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
        """Those of `keys` that have signed this, whatever the hints say."""
        message = self.signed_bytes
        return tuple(key for key in keys if any(key.verifies(one.signature, message) for one in self.signatures))


def seal(payload_type: str, payload: bytes, *signers: Signer) -> Envelope:
    """An envelope signed by each of these."""
    envelope = Envelope(payload_type, payload, ())
    for signer in signers:
        envelope = envelope.also_signed(signer)
    return envelope


def read_envelope(data: bytes) -> Envelope:
    """The envelope of a JSON text. Nothing is verified yet: ask `signers`, or use `open_sealed`."""
    value = json_value(data, ENVELOPE_BYTES_MAX)
    if not isinstance(value, dict) or value.keys() != {"payload", "payloadType", "signatures"}:
        raise Refused("envelope.shape", "An envelope has payload, payloadType and signatures", value=data)
    signatures = value["signatures"]
    if not isinstance(signatures, list) or not signatures:
        raise Refused("envelope.shape", "An envelope has a list of signatures", value=signatures, where="$.signatures")
    if len(signatures) > ENVELOPE_SIGNATURES_MAX:
        what = f"An envelope has at most {ENVELOPE_SIGNATURES_MAX} signatures"
        raise LimitExceeded("envelope.signatures", what, value=len(signatures), where="$.signatures")
    found = tuple(_signature(one, f"$.signatures[{place}]") for place, one in enumerate(signatures))
    return Envelope(_text(value["payloadType"], "$.payloadType"), _bytes(value["payload"], "$.payload"), found)


def open_sealed(data: bytes, payload_type: str, keys: Iterable[PublicKey]) -> tuple[bytes, tuple[PublicKey, ...]]:
    """The payload of an envelope of this type, and which of `keys` have signed it: at least one, or it is refused."""
    envelope = read_envelope(data)
    if envelope.payload_type != payload_type:
        raise Refused("envelope.type", f"The payload is not {payload_type}", value=envelope.payload_type)
    signers = envelope.signers(keys)
    if not signers:
        mend = "It was changed, or somebody else signed it."
        hints = ", ".join(one.key_id for one in envelope.signatures)
        raise Refused("envelope.signature", "None of the known keys has signed this", value=hints, mend=mend)
    return envelope.payload, signers


def _signature(value: object, where: str) -> Signature:
    if not isinstance(value, dict) or not {"sig"} <= value.keys() <= {"keyid", "sig"}:
        raise Refused("envelope.shape", "A signature has keyid and sig", value=value, where=where)
    return Signature(_text(value.get("keyid", ""), f"{where}.keyid"), _bytes(value["sig"], f"{where}.sig"))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise Refused("envelope.shape", "This is a text", value=value, where=where)
    return value


def _bytes(value: object, where: str) -> bytes:
    text = _text(value, where)
    try:
        return base64_bytes(text)
    except Refused as refused:
        raise refused.at(where) from refused
