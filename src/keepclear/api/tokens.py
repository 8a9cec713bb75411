"""Tokens: how they are drawn, and what the record knows of them."""

from __future__ import annotations

import secrets
from hashlib import sha256

SECRET_BYTES = 32
BEGINS = "kc_"
OF_SESSION = "kcs_"


def new_token(begins: str = BEGINS) -> str:
    """A token drawn anew: 256 bits, with a beginning by which people and scanners know what it is."""
    return f"{begins}{secrets.token_urlsafe(SECRET_BYTES)}"


def token_hash(token: str) -> str:
    """What the record knows of a token: its SHA-256, 64 hexadecimal digits."""
    return sha256(token.encode()).hexdigest()
