"""How people sign in: passwords, invitations, sessions, and when each counts. It lies beside the record, and holds no secret in the clear.

Who somebody is, and what they may do, is not here: that is for the membership, as it stands at every single request.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from keepclear.ground.errors import Refused

PASSWORD_CHARS_MIN = 10
PASSWORD_CHARS_MAX = 200
# Of one user at once; beyond, the one that was seen longest ago ends.
SESSIONS_MAX = 20


@dataclass(frozen=True)
class Password:
    """What a user's password hashes to: a text of argon2id with its salt and its costs."""

    user: str
    hash: str
    set_at_us: int


@dataclass(frozen=True)
class Invitation:
    """A code was given to a user, known by its SHA-256, with which they choose a password: once, until an instant."""

    user: str
    code_hash: str
    by: str
    until_us: int


@dataclass(frozen=True)
class Session:
    """A user is signed in, at a browser that holds the token with this SHA-256.

    id          by which it is listed and ended; it opens nothing
    address     from which it was begun
    seen_at_us  of its newest request, or a little before"""

    token_hash: str
    id: str
    user: str
    address: str
    began_at_us: int
    seen_at_us: int


@dataclass
class SignIns:
    """Everything that is held of how people sign in.

    idle_us     a session ends when nothing was asked for so long
    longest_us  and so long after its beginning, whatever was asked"""

    idle_us: int
    longest_us: int
    passwords: dict[str, Password] = field(default_factory=dict)  # by user
    invitations: dict[str, Invitation] = field(default_factory=dict)  # by user, the newest of each
    sessions: dict[str, Session] = field(default_factory=dict)  # by the SHA-256 of its token

    def until_us(self, session: Session) -> int:
        """When a session ends if nothing more is asked."""
        return min(session.seen_at_us + self.idle_us, session.began_at_us + self.longest_us)

    def session(self, token_hash: str, at_us: int) -> Session | None:
        """The session with this token; None where there is none, or it has expired."""
        session = self.sessions.get(token_hash)
        return None if session is None or at_us >= self.until_us(session) else session

    def invitation(self, code_hash: str, at_us: int) -> Invitation | None:
        """The invitation with this code; None where there is none, it was used, or it has expired."""
        found = (one for one in self.invitations.values() if one.code_hash == code_hash and at_us < one.until_us)
        return next(found, None)

    def sessions_of(self, user: str, at_us: int) -> list[Session]:
        """Where a user is signed in, the one seen longest ago first; "": of everybody."""
        live = (one for one in self.sessions.values() if at_us < self.until_us(one) and user in ("", one.user))
        return sorted(live, key=lambda one: (one.seen_at_us, one.id))

    def expired(self, at_us: int) -> list[Session | Invitation]:
        """What does not count any more."""
        gone: list[Session | Invitation] = [one for one in self.sessions.values() if at_us >= self.until_us(one)]
        return gone + [one for one in self.invitations.values() if at_us >= one.until_us]


def as_typed(password: str) -> str:
    """A password as it counts: one keyboard composes a letter, and another sends its accent apart."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, user: str) -> None:
    """Raises `Refused` for a password that cannot be chosen by this user; it does not show it.

    There is a length and no other rule: what forces signs on people makes them write it down."""
    chosen = as_typed(password)
    if len(chosen) < PASSWORD_CHARS_MIN:
        mend = f"Choose at least {PASSWORD_CHARS_MIN} characters; four words in a row are good."
        raise Refused("password.short", "The password is too short", value=f"{len(chosen)} characters", mend=mend)
    if len(chosen) > PASSWORD_CHARS_MAX:
        mend = f"Choose at most {PASSWORD_CHARS_MAX} characters."
        raise Refused("password.long", "The password is too long", value=f"{len(chosen)} characters", mend=mend)
    if chosen.casefold().strip() == user.casefold():
        raise Refused("password.is_user", "The password is the id of the user", mend="Choose another one.")


# --- patience ---

HOUR_US = 3_600_000_000
# A person mistypes; behind one address there may be a whole office.
FREE_OF_USER, FREE_OF_ADDRESS = 5, 30
WAIT_S_MAX_OF_USER, WAIT_S_MAX_OF_ADDRESS = 300, 60
FAMILIAR_MAX = 8
HELD_MAX = 20_000
_Key = tuple[str, str]


class Patience:
    """How long somebody waits who tried wrong passwords: longer with each, never for good.

    Two things are counted: what was tried for a user, and what came from an address. From an address from which the user has signed in
    before, only what came from there counts against them: whoever tries from elsewhere does not keep them out. A wait that is not over
    is no try, so it does not grow by itself. After an hour without one, all is forgotten."""

    def __init__(self) -> None:
        self._tries: dict[_Key, tuple[int, int]] = {}  # how many, and when the last one was
        self._familiar: dict[str, list[str]] = {}

    def wait_s(self, user: str, address: str, at_us: int) -> int:
        """How many seconds until a password may be tried; 0: now."""
        of_user = self._wait_us(self._of_user(user, address), FREE_OF_USER, WAIT_S_MAX_OF_USER, at_us)
        of_address = self._wait_us(("", address), FREE_OF_ADDRESS, WAIT_S_MAX_OF_ADDRESS, at_us)
        return -(-max(of_user, of_address) // 1_000_000)

    def tried(self, user: str, address: str, at_us: int) -> None:
        """A password is tried: it counts as wrong until it is known to be right, so that many at once are no way around."""
        for key in (self._of_user(user, address), ("", address)):
            count = self._count(key, at_us)
            self._tries.pop(key, None)
            while len(self._tries) >= HELD_MAX:
                del self._tries[next(iter(self._tries))]  # the one that was quiet longest
            self._tries[key] = (count + 1, at_us)

    def succeeded(self, user: str, address: str) -> None:
        """What was tried was right: this try does not count, and the address is familiar from now on."""
        for key in (self._of_user(user, address), ("", address)):
            count, at_us = self._tries.pop(key, (0, 0))
            if count > 1 and "" in key:  # of a user at a familiar address, what was mistyped before is forgotten too
                self._tries[key] = (count - 1, at_us)
        self.know(user, address)

    def know(self, user: str, address: str) -> None:
        """The user has signed in from this address."""
        known = [one for one in self._familiar.get(user, []) if one != address]
        self._familiar[user] = [*known, address][-FAMILIAR_MAX:]

    def _of_user(self, user: str, address: str) -> _Key:
        return (f"user {user}", address if address in self._familiar.get(user, ()) else "")

    def _count(self, key: _Key, at_us: int) -> int:
        count, last_us = self._tries.get(key, (0, 0))
        return 0 if at_us - last_us >= HOUR_US else count

    def _wait_us(self, key: _Key, free: int, wait_s_max: int, at_us: int) -> int:
        over = self._count(key, at_us) - free
        if over < 0:
            return 0
        _, last_us = self._tries[key]
        return max(0, last_us + min(wait_s_max, 1 << min(over, 20)) * 1_000_000 - at_us)
