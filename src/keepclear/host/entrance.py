"""The entrance of a node: who signs in, with what, from where; who is signed in. See `keepclear.api.desk.Entrance`.

What counts is in memory and was read from the store when the node began; what is told of it is durable first. A password, a code and a
token are drawn or taken in here, and go nowhere but to the person: the store has hashes, the record has neither.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from keepclear.api.desk import Changed, Given, Invited, Overloaded, SignedIn, TooSoon
from keepclear.api.tokens import OF_SESSION, new_token, token_hash
from keepclear.ground.errors import Refused
from keepclear.host.passwords import Passwords
from keepclear.node import events as e
from keepclear.parties.membership import Membership
from keepclear.parties.parties import Role, User
from keepclear.parties.sign_in import (
    SESSIONS_MAX,
    Invitation,
    Password,
    Patience,
    Session,
    SignIns,
    check_password,
)
from keepclear.store.writes import SignInRow, Value

# A request is noted in the store once in so long; after a restart a session may so end that much earlier.
SEEN_EVERY_US = 300_000_000
SESSION_ID_BYTES = 6
_Held = Password | Invitation | Session
_TABLES: Mapping[type, tuple[str, str]] = {
    Password: ("password", "user"), Invitation: ("invitation", "user"), Session: ("session", "token_hash"),
}  # fmt: skip


class Give(Protocol):
    """Commits an event and what lies beside it, as one."""

    def __call__(self, event: e.Event, *, by: str, sign_ins: Sequence[SignInRow]) -> Awaitable[Given]: ...


class Entrance:
    """Used from the loop of the host only.

    give  commits an event with rows beside it
    keep  writes rows alone"""

    def __init__(
        self,
        held: SignIns,
        *,
        members: Callable[[], Membership],
        now_us: Callable[[], int],
        give: Give,
        keep: Callable[[Sequence[SignInRow]], Awaitable[None]],
        passwords: Passwords | None = None,
        invitation_us: int,
    ) -> None:
        self._held = held
        self._members = members
        self._now_us = now_us
        self._give = give
        self._keep = keep
        self._passwords = passwords or Passwords()
        self._invitation_us = invitation_us
        self._patience = Patience()
        self._kept_seen = {session.token_hash: session.seen_at_us for session in held.sessions.values()}
        for session in held.sessions.values():
            self._patience.know(session.user, session.address)

    # who is signed in

    def holder_of(self, token: str) -> tuple[User, Session]:
        """As the contract says."""
        return self.user_of(token_hash(token))

    def user_of(self, hash: str) -> tuple[User, Session]:
        """As the contract says."""
        session = self._held.session(hash, self._now_us())
        user = None if session is None else self._person(session.user)
        if session is None or user is None:
            raise _not_accepted()
        return user, session

    def _person(self, user: str) -> User | None:
        """The user as it is now; None where it acts no more, or is a machine."""
        found = self._members().user(user)
        return None if found is None or found.role is Role.MACHINE else found

    async def seen(self, session: Session) -> None:
        """As the contract says."""
        now_us = self._now_us()
        if session.token_hash not in self._held.sessions:
            return
        seen = replace(session, seen_at_us=now_us)
        self._held.sessions[session.token_hash] = seen
        if now_us - self._kept_seen.get(session.token_hash, 0) >= SEEN_EVERY_US:
            self._kept_seen[session.token_hash] = now_us
            await self._keep([row_of(seen)])
            if session.token_hash not in self._held.sessions:  # it ended while that waited for room
                await self._keep([_taken(seen)])

    def sessions(self, user: str) -> list[Session]:
        """As the contract says."""
        return self._held.sessions_of(user, self._now_us())

    def until_us(self, session: Session) -> int:
        """As the contract says."""
        return self._held.until_us(session)

    @property
    def lets_somebody_in(self) -> bool:
        """Whether anybody who acts has a password."""
        return any(self._person(user) is not None for user in self._held.passwords)

    # signing in and out

    async def sign_in(self, user: str, password: str, address: str, instead_of: Session | None) -> SignedIn:
        """As the contract says."""
        checked = await self._check(user, password, address)
        if instead_of is not None and instead_of.token_hash in self._held.sessions:
            await self.end(instead_of, by=instead_of.user, why="signed_in_anew")
        if self._held.passwords.get(user) != checked:
            raise _not_accepted()
        return await self._begin(user, address, "password")

    async def _check(self, user: str, password: str, address: str) -> Password:
        """The password as it is held. Raises `Refused`, with one key and after the same work, whether there is no such user or this is not
        the password."""
        self._passwords.check_room()
        now_us = self._now_us()
        if wait_s := self._patience.wait_s(user, address, now_us):
            raise TooSoon(wait_s)
        self._patience.tried(user, address, now_us)
        held = self._held.passwords.get(user) if self._person(user) is not None else None
        fits = await self._passwords.fits(None if held is None else held.hash, password)
        if not fits or held is None or self._held.passwords.get(user) != held or self._person(user) is None:
            raise _not_accepted()
        self._patience.succeeded(user, address)
        if self._passwords.is_of_other_costs(held.hash):
            anew = replace(held, hash=await self._passwords.hash(password))
            if self._held.passwords.get(user) != held:
                raise _not_accepted()
            self._held.passwords[user] = held = anew
            await self._keep([row_of(anew)])
        return held

    async def _begin(self, user: str, address: str, how: str) -> SignedIn:
        token, now_us = new_token(OF_SESSION), self._now_us()
        session = Session(token_hash(token), secrets.token_hex(SESSION_ID_BYTES), user, address, now_us, now_us)
        gone: list[_Held] = list(self._held.sessions_of(user, now_us)[: 1 - SESSIONS_MAX])
        # Held before it is written: who signs this user out everywhere meanwhile takes it away too.
        self._held.sessions[session.token_hash] = session
        self._kept_seen[session.token_hash] = now_us
        try:
            await self._given_up(gone, e.SessionBegan(session.id, user, how), by=user, rows=[row_of(session)])
        except BaseException:
            self._forget([session])
            raise
        if session.token_hash not in self._held.sessions:
            raise _not_accepted()
        self._patience.know(user, address)
        return SignedIn(session, token, self._held.longest_us)

    async def end(self, session: Session, *, by: str, why: str) -> Given:
        """As the contract says."""
        return await self._given_up([session], e.SessionEnded(session.id, session.user, why), by=by)

    async def _given_up(
        self, gone: Sequence[_Held], event: e.Event, *, by: str, rows: Sequence[SignInRow] = ()
    ) -> Given:
        """Commits an event with which these are gone. They are so at once: whatever counts until it is durable could be used, and noted on
        the disk, behind it. Where the event is not taken, they are there as before."""
        gone = [one for one in gone if self._holds(one)]
        self._forget(gone)
        try:
            return await self._give(event, by=by, sign_ins=[*rows, *map(_taken, gone)])
        except (Refused, Overloaded):
            self._remember(gone)
            raise

    # passwords and invitations

    async def invite(self, user: str, *, by: str, open_us: int | None = None) -> Invited:
        """As the contract says."""
        code = new_token("")
        until_us = self._now_us() + (self._invitation_us if open_us is None else open_us)
        invitation = Invitation(user, token_hash(code), by, until_us)
        given = await self._give(e.UserInvited(user, until_us), by=by, sign_ins=[row_of(invitation)])
        self._held.invitations[user] = invitation
        return Invited(given, code, until_us)

    async def take_invitation(self, code: str, password: str, address: str) -> SignedIn:
        """As the contract says."""
        invitation = self._invitation(code)
        check_password(password, invitation.user)
        hash = await self._passwords.hash(password)
        invitation = self._invitation(code)  # it may have been used, or have expired, meanwhile
        await self._set(invitation.user, hash, "invitation", [invitation, *self._sessions_of(invitation.user)])
        return await self._begin(invitation.user, address, "invitation")

    def _invitation(self, code: str) -> Invitation:
        found = self._held.invitation(token_hash(code), self._now_us())
        if found is None or self._person(found.user) is None:
            mend = "Ask an administrator for a new one."
            raise Refused("invitation.not_accepted", "This invitation is not accepted", mend=mend)
        return found

    async def set_password(self, user: str, old: str, new: str, address: str, here: Session | None) -> Changed:
        """As the contract says."""
        check_password(new, user)
        checked = await self._check(user, old, address)
        hash = await self._passwords.hash(new)
        if self._held.passwords.get(user) != checked:
            raise _not_accepted()
        held = None if here is None else self._held.sessions.get(here.token_hash)
        if held is None:
            return Changed(await self._set(user, hash, "old_password", self._sessions_of(user)))
        # Whoever has the token of this session too is signed out like everybody elsewhere.
        token = new_token(OF_SESSION)
        moved = replace(held, token_hash=token_hash(token))
        given = await self._set(user, hash, "old_password", self._sessions_of(user), moved)
        return Changed(given, SignedIn(moved, token, self._held.longest_us))

    async def _set(self, user: str, hash: str, how: str, gone: Sequence[_Held], moved: Session | None = None) -> Given:
        """Another password, with which these are gone; the session that has moved is there in their place."""
        password, before = Password(user, hash, self._now_us()), self._held.passwords.get(user)
        new: list[_Held] = [password] if moved is None else [password, moved]
        gone = list(gone)
        self._remember(new)
        try:
            return await self._given_up(gone, e.PasswordSet(user, how), by=user, rows=[*map(row_of, new)])
        except (Refused, Overloaded):
            self._forget(new)
            self._remember([] if before is None else [before])
            raise

    def _sessions_of(self, user: str) -> list[Session]:
        return [one for one in self._held.sessions.values() if one.user == user]

    # what is given up

    def leaving(self, user: str) -> list[SignInRow]:
        """What is taken away of a user who ends, to be written with that; `left` is called behind it."""
        return [_taken(one) for one in self._of(user)]

    def left(self, user: str) -> None:
        """The user has ended."""
        self._forget(self._of(user))

    async def forget_expired(self) -> None:
        """Takes away what does not count any more."""
        gone = self._held.expired(self._now_us())
        if gone:
            self._forget(gone)
            await self._keep([_taken(one) for one in gone])

    def _of(self, user: str) -> list[_Held]:
        return [*self._sessions_of(user)] + [
            held[user] for held in (self._held.passwords, self._held.invitations) if user in held
        ]

    def _forget(self, gone: Iterable[_Held]) -> None:
        for one in gone:
            match one:
                case Password():
                    self._held.passwords.pop(one.user, None)
                case Invitation():
                    if self._held.invitations.get(one.user) == one:
                        del self._held.invitations[one.user]
                case Session():
                    self._held.sessions.pop(one.token_hash, None)
                    self._kept_seen.pop(one.token_hash, None)

    def _remember(self, back: Iterable[_Held]) -> None:
        for one in back:
            match one:
                case Password():
                    self._held.passwords[one.user] = one
                case Invitation():
                    self._held.invitations.setdefault(one.user, one)
                case Session():
                    self._held.sessions[one.token_hash] = one
                    self._kept_seen[one.token_hash] = one.seen_at_us

    def _holds(self, one: _Held) -> bool:
        match one:
            case Session():
                return one.token_hash in self._held.sessions
            case Invitation():
                return self._held.invitations.get(one.user) == one
        return True


def held_in(rows: Callable[[str], Iterable[Mapping[str, Value]]], *, idle_us: int, longest_us: int) -> SignIns:
    """What a store has of how people sign in. `rows`: those of a table, by its name."""

    def of(kind: Any, table: str) -> list[Any]:
        return [kind(**row) for row in rows(table)]

    return SignIns(
        idle_us,
        longest_us,
        {one.user: one for one in of(Password, "password")},
        {one.user: one for one in of(Invitation, "invitation")},
        {one.token_hash: one for one in of(Session, "session")},
    )


def row_of(held: _Held) -> SignInRow:
    """What is written of it."""
    table, key = _TABLES[type(held)]
    return SignInRow(table, getattr(held, key), asdict(held))


def _taken(held: _Held) -> SignInRow:
    table, key = _TABLES[type(held)]
    return SignInRow(table, getattr(held, key))


def _not_accepted() -> Refused:
    return Refused("session.not_accepted", "Nobody is signed in with this", mend="Look at the user and the password.")
