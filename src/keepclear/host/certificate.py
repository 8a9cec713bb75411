"""The certificate of the doors and its key: the PEM files that node.toml names, as what TLS needs."""

from __future__ import annotations

import ssl
from pathlib import Path

from keepclear.ground.errors import Refused
from keepclear.host.config import Config


def tls_of(config: Config) -> ssl.SSLContext | None:
    """What the doors speak TLS with; None where they have no certificate. Raises `Refused` that names the setting and the file."""
    doors = config.doors
    if not doors.certificate:
        return None
    certificate, key = config.folder / doors.certificate, config.folder / doors.key
    certificate_pem(config)
    if b"ENCRYPTED" in _pem_in(key, "private key", "doors.key"):
        mend = "Write it without a passphrase, for its owner alone: openssl pkey -in KEY -out NEW_KEY."
        raise Refused(
            "tls.encrypted", "The key of the certificate is encrypted", value=str(key), mend=mend, where="doors.key"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            what, mend = "This is not the key of the certificate", "Name the key that the certificate was made for."
        else:
            what, mend = f"The certificate or its key is damaged ({error.reason})", "Get both again."
        raise Refused("tls.certificate", what, value=str(key), mend=mend, where="doors") from error
    return context


def certificate_pem(config: Config) -> str:
    """The certificate, with those above it that the file holds. Raises `Refused`."""
    return _pem_in(config.folder / config.doors.certificate, "certificate", "doors.certificate").decode(
        "ascii", "replace"
    )


def _pem_in(path: Path, what: str, where: str) -> bytes:
    """The bytes of a file that holds such a thing in PEM."""
    try:
        data = path.read_bytes()
    except OSError as error:
        mend = "The path is relative to the folder of the node, and the user that runs the node must be able to read the file."
        said = f"The {what} cannot be read ({error.strerror})"
        raise Refused("tls.unreadable", said, value=str(path), mend=mend, where=where) from error
    if f"{what.upper()}-----".encode() not in data:
        raise Refused("tls.not_pem", f"There is no {what} in PEM in this file", value=str(path), where=where)
    return data
