"""The keys of a node that are for its links: what opens what was sealed for it, and the certificate that it shows. Beside the signing key.

    opening.pem           X25519, PKCS #8
    link.pem              the key of the certificate: Ed25519, PKCS #8
    link-certificate.pem  the certificate

What is drawn stays: another one makes another card, and the peers must compare its number again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from keepclear.ground.errors import Refused
from keepclear.ground.signing import private_from_pem, private_pem
from keepclear.host.key_files import draw_key, permission_fault, write_for_owner
from keepclear.links.certificates import OwnCertificate, certificate_for, certificate_from_pem
from keepclear.links.sealing import KEY_BYTES, OpeningKey, opening_from_pem, opening_pem

OPENING, KEY, CERTIFICATE = "opening.pem", "link.pem", "link-certificate.pem"


@dataclass(frozen=True)
class LinkKeys:
    """What a node opens with, and what it shows on a link."""

    opening: OpeningKey
    own: OwnCertificate


def link_key_paths(folder: Path) -> list[Path]:
    """Where they lie."""
    return [folder / name for name in (OPENING, KEY, CERTIFICATE)]


def draw_link_keys(folder: Path, party: str, passphrase: bytes | None, at_us: int) -> LinkKeys:
    """Draws what is not there yet, of the keys and the certificate, and gives all of it; what is there stays as it is.

    Raises `Refused` where what is there cannot be read, or is of another party."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    opening, key, certificate = link_key_paths(folder)
    if not opening.exists():
        write_for_owner(opening, opening_pem(OpeningKey(secrets.token_bytes(KEY_BYTES)), passphrase))
    if not certificate.exists():
        if not key.exists():
            write_for_owner(key, private_pem(draw_key(), passphrase))
        made = certificate_for(party, private_from_pem(_read(key), passphrase), at_us)
        write_for_owner(certificate, made.certificate.pem)
    drawn = read_link_keys(folder, passphrase)
    if drawn.own.certificate.party != party:
        mend = "Move both away, and write a new card."
        value = drawn.own.certificate.party
        raise Refused("tls.of_others", f"{CERTIFICATE} and {KEY} are of another party", value=value, mend=mend)
    return drawn


def read_link_keys(folder: Path, passphrase: bytes | None) -> LinkKeys:
    """The keys in this folder; raises `Refused` where one is not there, others can read it, or it does not fit the others."""
    opening, key, certificate = link_key_paths(folder)
    where = opening
    try:
        opens = opening_from_pem(_read(opening), passphrase)
        where = key
        shows = private_from_pem(_read(key), passphrase)
        where = certificate
        return LinkKeys(opens, OwnCertificate(certificate_from_pem(_read(certificate)), shows))
    except Refused as refused:
        raise refused.at(f"{where}: ") from refused


def _read(path: Path) -> bytes:
    fault = permission_fault(path)
    if fault:
        raise Refused("key.permissions", fault, value=str(path), mend=f"chmod 600 {path}")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        mend = "`keepclear peer card` draws what is missing; where it was there before, restore it, or your peers need your new card."
        raise Refused("key.no_link_keys", "The keys for links are not there", value=str(path), mend=mend) from error
    except OSError as error:
        what = f"The key cannot be read ({error.strerror})"
        raise Refused("key.unreadable", what, value=str(path)) from error
