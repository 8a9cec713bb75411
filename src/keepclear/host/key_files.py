"""Signing keys on disk: drawn here, one file each, readable by their owner alone, encrypted where there is a passphrase."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from keepclear.ground.errors import Refused
from keepclear.ground.signing import ED25519, SEED_BYTES, PrivateKey, private_from_pem, private_pem


def draw_key() -> PrivateKey:
    """A new key, from the randomness of this machine."""
    return PrivateKey(ED25519, secrets.token_bytes(SEED_BYTES))


def write_key(folder: Path, key: PrivateKey, passphrase: bytes | None) -> None:
    """Writes a key as KEY_ID.pem; the folder is made if it is not there. Raises FileExistsError where the key is there already."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_for_owner(key_path(folder, key.public.key_id), private_pem(key, passphrase))


def write_for_owner(path: Path, data: bytes) -> None:
    """Writes a file that its owner alone may read, durably. Raises FileExistsError where there is one already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def key_path(folder: Path, key_id: str) -> Path:
    """Where the key of this id lies."""
    return folder / f"{key_id}.pem"


def read_key(folder: Path, key_id: str, passphrase: bytes | None) -> PrivateKey:
    """The key of this id; raises `Refused` where it is not there, others can read it, or it is another key."""
    path = key_path(folder, key_id)
    fault = permission_fault(path)
    if fault:
        raise Refused("key.permissions", fault, value=str(path), mend=f"chmod 600 {path}")
    try:
        data = path.read_bytes()
    except OSError as error:
        mend = "Restore it, or follow the procedure for a lost key: docs/guides/keys.md."
        what = f"The signing key cannot be read ({error.strerror})"
        raise Refused("key.unreadable", what, value=str(path), mend=mend) from error
    key = private_from_pem(data, passphrase)
    if key.public.key_id != key_id:
        raise Refused("key.other", "The file holds another key than its name says", value=str(path))
    return key


def permission_fault(path: Path) -> str:
    """What is wrong with who may read this file; "" where nothing is, or where there is none."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        return "Others than its owner may read the key"
    return ""


def passphrase_from(environ_name: str, file: str | None) -> bytes | None:
    """The passphrase in this file, or in this variable of the environment; None where there is neither.

    A file without one is refused: whoever names it believes that the key is encrypted."""
    if file:
        try:
            passphrase = Path(file).read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise Refused("passphrase.unreadable", f"The file cannot be read ({error.strerror})", value=file) from error
        if not passphrase:
            mend = "Write one into it, or leave --passphrase-file out."
            raise Refused("passphrase.empty", "There is no passphrase in this file", value=file, mend=mend)
        return passphrase
    return os.environb.get(environ_name.encode()) or None
