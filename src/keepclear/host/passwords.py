"""Passwords are hashed and held against their hashes: argon2id, in a worker thread, a few at once.

One of these takes 64 MiB and some hundredths of a second of every core it gets. So there is a bound on how many are under way and on
how many wait for that, and whoever comes then is told to come back: who has shown nothing yet cannot take the machine from the node.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from keepclear.api.desk import Overloaded
from keepclear.parties.sign_in import as_typed

AT_ONCE = 2
WAITING_MAX = 16
RETRY_AFTER_S = 2
T = TypeVar("T")


class Passwords:
    """Hashes of passwords. `hasher`: with which costs; those of the library, which follow RFC 9106, unless a test is in a hurry."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobodys = _nobodys(self._hasher)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    def check_room(self) -> None:
        """Raises `Overloaded` where too many wait already."""
        if self._asked >= AT_ONCE + WAITING_MAX:
            raise Overloaded(RETRY_AFTER_S)

    async def hash(self, password: str) -> str:
        """What to keep of a password: the hash with its salt and its costs."""
        return await self._worked(lambda: self._hasher.hash(as_typed(password)))

    async def fits(self, hash: str | None, password: str) -> bool:
        """Whether this is the password of the hash. None: no, and that takes as long."""

        def verified() -> bool:
            try:
                self._hasher.verify(hash or self._nobodys, as_typed(password))
            except (VerificationError, InvalidHashError, UnicodeEncodeError):
                return False
            return hash is not None

        return await self._worked(verified)

    def is_of_other_costs(self, hash: str) -> bool:
        """Whether a hash was made with other costs than a new one would be."""
        return self._hasher.check_needs_rehash(hash)

    async def _worked(self, work: Callable[[], T]) -> T:
        self.check_room()
        self._asked += 1
        try:
            async with self._room:
                return await asyncio.to_thread(work)
        finally:
            self._asked -= 1


def _nobodys(hasher: PasswordHasher) -> str:
    """A hash of the same costs that no password is known for: whoever is not there is asked like those who are."""
    salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"
