"""Certificates for the doors of a node in a test: by itself, or by an authority that nobody else knows."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHAIN, KEY = "chain.pem", "key.pem"


def write_certificate(folder: Path, *, by_an_authority: bool = False) -> None:
    """Writes a certificate for 127.0.0.1 and its key into this folder. That of the authority is not among them."""
    key = ec.generate_private_key(ec.SECP256R1())
    signed_with, issuer = (ec.generate_private_key(ec.SECP256R1()), "authority") if by_an_authority else (key, "alpha")
    begins = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("alpha"))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=not by_an_authority, path_length=None), critical=True)
        .sign(signed_with, hashes.SHA256())
    )
    (folder / CHAIN).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pkcs8 = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / KEY).write_bytes(pkcs8)
    (folder / KEY).chmod(0o600)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
