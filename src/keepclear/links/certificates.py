"""The certificate that a node shows on a link: signed by itself, with a key that does nothing else.

No authority vouches for it, and neither its name nor its dates are believed: a peer knows it because it stands on the card, byte for byte.
So a clock that is wrong cuts no link. It ends when another card takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import EPOCH, MICROSECOND
from keepclear.ground.signing import ED25519, PrivateKey, PublicKey
from keepclear.parties.ids import id_checked

DER_BYTES_MAX = 2_000
# RFC 5280, 4.1.2.5: a certificate that has no end that could be told beforehand.
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_MEND = "Ask the other side for the card that its node wrote."


@dataclass(frozen=True)
class Certificate:
    """A certificate that was read.

    der    its bytes
    party  whose it says it is
    key    the key that its owner proves to have"""

    der: bytes
    party: str
    key: PublicKey

    @property
    def pin(self) -> str:
        """What it is known by: SHA-256 of its bytes, in hexadecimal."""
        return sha256(self.der).hexdigest()

    @property
    def pem(self) -> bytes:
        """As it is written to a file."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)


@dataclass(frozen=True)
class OwnCertificate:
    """The certificate of this node, and its key."""

    certificate: Certificate
    key: PrivateKey

    def __post_init__(self) -> None:
        if self.key.public != self.certificate.key:
            raise Refused("tls.other_key", "This is not the key of the certificate", value=self.certificate.pin)


def certificate_for(party: str, key: PrivateKey, at_us: int) -> OwnCertificate:
    """A new certificate of a party for this key, valid from `at_us` on; another one each time."""
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, id_checked(party, "party"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before((EPOCH + at_us * MICROSECOND).replace(microsecond=0))
        .not_valid_after(NEVER)
        .sign(private, None)
    )
    return OwnCertificate(read_certificate(made.public_bytes(Encoding.DER)), key)


def read_certificate(der: bytes) -> Certificate:
    """The certificate of these bytes; raises `Refused` where it is none, is not of Ed25519, or was not signed by itself."""
    if len(der) > DER_BYTES_MAX:
        what = f"A certificate of a node has at most {DER_BYTES_MAX:,} bytes"
        raise LimitExceeded("tls.too_large", what, value=len(der))
    try:
        read = x509.load_der_x509_certificate(der)
        key, names = read.public_key(), read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        read.verify_directly_issued_by(read)
    except (ValueError, TypeError, InvalidSignature) as error:
        what = "This is no certificate that a node has made for itself"
        raise Refused("tls.unreadable", what, value=der[:24], mend=_MEND) from error
    if not isinstance(key, Ed25519PublicKey) or len(names) != 1 or read.public_bytes(Encoding.DER) != der:
        what = "This certificate was not made by a node"
        raise Refused("tls.of_others", what, value=read.subject.rfc4514_string(), mend=_MEND)
    party = id_checked(str(names[0].value), "subject")
    return Certificate(der, party, PublicKey(ED25519, key.public_bytes_raw()))


def certificate_from_pem(data: bytes) -> Certificate:
    """The certificate of PEM bytes; raises `Refused`."""
    try:
        der = x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
    except ValueError as error:
        raise Refused("tls.not_pem", "There is no certificate in PEM in this file", value=data[:24]) from error
    return read_certificate(der)
