"""Signing in and out, invitations, passwords: how people come to a session. Programs have tokens."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, NoQuery, Route
from keepclear.api.desk import SignedIn, TooSoon
from keepclear.api.origin import cookie
from keepclear.api.people import Me, me_view
from keepclear.api.problems import Declined, Fault, declined, not_here
from keepclear.api.zones import Done, done
from keepclear.ground.errors import Refused
from keepclear.ground.instants import utc_text
from keepclear.parties.membership import Member
from keepclear.parties.parties import Action, Role, may
from keepclear.parties.sign_in import Session

# Longer than any that can be chosen: what is too long is said in the words of the rule.
Secret = Annotated[str, Meta(max_length=1_000)]
_NOT_ACCEPTED = frozenset({"session.not_accepted", "invitation.not_accepted"})


class SigningIn(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who signs in, with which password."""

    user: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Secret


class Taking(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The code of an invitation, and the password that is chosen with it: 10 to 200 characters, and not the id of the user."""

    code: Secret
    password: Secret


class Changing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The password as it is, and as it is to be."""

    old: Secret
    new: Secret


class Invitation(msgspec.Struct, frozen=True):
    """An invitation, shown this once. `path`: the page of the console that takes it, behind the address of the node."""

    sequence: int
    at: str
    user: str
    code: str
    path: str
    until: str


class SessionView(msgspec.Struct, frozen=True):
    """Where somebody is signed in.

    address  from which it was begun
    until    when it ends if nothing more is asked
    is_this  it is the one that asks"""

    id: str
    user: str
    address: str
    began_at: str
    seen_at: str
    until: str
    is_this: bool


class Sessions(msgspec.Struct, frozen=True):
    """Who is signed in, the session that was seen last first."""

    items: list[SessionView]


async def sign_in(ask: Ask[NoQuery, SigningIn]) -> Answer:
    """Signs a user in with a password: the answer sets the cookie of a session, which a browser then shows by itself.

    An unknown user and a wrong password are the same answer. After several wrong ones the next may be tried after `Retry-After` seconds.
    """
    entrance, body = ask.desk.entrance, ask.body
    try:
        signed_in = await entrance.sign_in(body.user, body.password, ask.visit.address, ask.visit.session)
    except (Refused, TooSoon) as error:
        raise _declined(error) from error
    return await _signed_in(ask, signed_in)


async def take_invitation(ask: Ask[NoQuery, Taking]) -> Answer:
    """Takes an invitation: sets the password that was chosen, signs the user out everywhere else, and signs them in here."""
    try:
        signed_in = await ask.desk.entrance.take_invitation(ask.body.code, ask.body.password, ask.visit.address)
    except Refused as refused:
        raise _declined(refused, "$.password") from refused
    await _leave_behind(ask)
    return await _signed_in(ask, signed_in)


async def _leave_behind(ask: Ask[Any, Any]) -> None:
    """Ends the session that the browser had: nobody could reach it any more to end it."""
    before = ask.visit.session
    if before is not None and before.token_hash in {one.token_hash for one in ask.desk.entrance.sessions(before.user)}:
        await ask.desk.entrance.end(before, by=before.user, why="signed_in_anew")


async def _signed_in(ask: Ask[Any, Any], signed_in: SignedIn) -> Answer:
    ask.user, session = ask.desk.entrance.user_of(signed_in.session.token_hash)
    said = cookie(signed_in.token, ask.visit.origin, signed_in.longest_us)
    return Answer(await me_view(ask, session), headers={"Set-Cookie": said})


async def sign_out(ask: Ask[NoQuery, None]) -> Answer:
    """Signs out: ends the session that asks."""
    session = ask.visit.session
    if session is None:
        raise not_here("session", "")
    given = await ask.desk.entrance.end(session, by=ask.user.id, why="signed_out")
    return Answer(done(given), headers={"Set-Cookie": cookie("", ask.visit.origin, 0)})


async def set_password(ask: Ask[NoQuery, Changing]) -> Answer:
    """Changes one's password, and signs one out everywhere else. The session goes on under another token, in the cookie."""
    _must_be_person(ask)
    visit, body = ask.visit, ask.body
    try:
        changed = await ask.desk.entrance.set_password(ask.user.id, body.old, body.new, visit.address, visit.session)
    except Refused as refused:
        if refused.key in _NOT_ACCEPTED:
            fault = Fault("$.old", "password.not_accepted", "This is not the password as it is")
            raise Declined(403, fault.key, f"{fault.what}.", errors=[fault]) from refused
        raise _declined(refused, "$.new") from refused
    except TooSoon as soon:
        raise _declined(soon) from soon
    moved = changed.moved
    said = {} if moved is None else {"Set-Cookie": cookie(moved.token, visit.origin, moved.longest_us)}
    return Answer(done(changed.given), headers=said)


async def invite(ask: Ask[NoQuery, None]) -> Answer:
    """Invites a user to choose a password: the code is in the answer, and nowhere else. One before it is not accepted any more."""
    member = _managed(ask, ask.path["user"], Action.INVITE_USER)
    made = await ask.desk.entrance.invite(member.id, by=ask.user.id)
    entry = made.given.entry
    return Answer(
        Invitation(
            entry.sequence,
            utc_text(entry.at_us),
            member.id,
            made.code,
            f"/#/invite/{made.code}",
            utc_text(made.until_us),
        ),
        201,
    )


def _managed(ask: Ask[Any, Any], user: str, action: Action) -> Member:
    ask.must(action)
    member = ask.members.member(user)
    if member is None or member.ended:
        raise not_here("user", user)
    ask.must(action, member.access)
    return member


async def sessions(ask: Ask[NoQuery, None]) -> Answer:
    """Where you are signed in; for who may read users, where everybody is."""
    _must_be_person(ask)
    whose = "" if may(ask.user, Action.READ_USERS, ask.members.node) else ask.user.id
    return Answer(Sessions([_view(ask, session) for session in reversed(ask.desk.entrance.sessions(whose))]))


async def end_session(ask: Ask[NoQuery, None]) -> Answer:
    """Ends a session: one of one's own, or as an administrator one of anybody."""
    _must_be_person(ask)
    found = next((one for one in ask.desk.entrance.sessions("") if one.id == ask.path["session"]), None)
    is_own = found is not None and found.user == ask.user.id
    if found is None or not (is_own or may(ask.user, Action.END_SESSION, ask.members.node)):
        raise not_here("session", ask.path["session"])
    if not is_own:
        member = ask.members.member(found.user)
        assert member is not None, "every session has a user"
        ask.must(Action.END_SESSION, member.access)
    return Answer(done(await ask.desk.entrance.end(found, by=ask.user.id, why="ended")))


def _must_be_person(ask: Ask[Any, Any]) -> None:
    """What runs unattended has tokens, and nothing to do here."""
    if ask.user.only_feed or ask.user.role is Role.MACHINE:
        what = "A machine does not sign in"
        raise Declined(403, "access.machine", f"{what}.", errors=[Fault("", "access.machine", what)])


def _view(ask: Ask[Any, Any], session: Session) -> SessionView:
    is_this = ask.visit.session is not None and ask.visit.session.id == session.id
    began_at, seen_at, until = map(
        utc_text, (session.began_at_us, session.seen_at_us, ask.desk.entrance.until_us(session))
    )
    return SessionView(session.id, session.user, session.address, began_at, seen_at, until, is_this)


def _declined(error: Refused | TooSoon, path: str = "") -> Declined:
    """The answer to who is not let in. It shows nothing of what was given."""
    if isinstance(error, TooSoon):
        wait_s = error.retry_after_s
        fault = Fault(
            "", "session.wait", "Wrong passwords were tried", f"{wait_s} s", "Wait for so long, and try again."
        )
        wait = {"Retry-After": str(wait_s)}
        return Declined(429, fault.key, "Wait before the next password is tried.", errors=[fault], headers=wait)
    if error.key in _NOT_ACCEPTED:
        found = declined(error, status=401)
        found.headers = {"WWW-Authenticate": "Bearer"}
        return found
    return declined(error, status=422, path=path)


_JSON = "application/json"
ROUTES = (
    Route("POST", "/v1/session", sign_in, "sessions", gives=Me, bodies={_JSON: SigningIn}, is_open=True, is_secret=True),
    Route("DELETE", "/v1/session", sign_out, "sessions", gives=Done, problems=(404,), is_secret=True),
    Route("POST", "/v1/session/invite", take_invitation, "sessions", gives=Me, bodies={_JSON: Taking}, is_open=True, is_secret=True),
    Route("PUT", "/v1/me/password", set_password, "sessions", gives=Done, bodies={_JSON: Changing}, problems=(403,), is_secret=True),
    Route(
        "POST", "/v1/users/{user}/invites", invite, "sessions", gives=Invitation, status=201, problems=(403, 404),
        is_secret=True,
    ),
    Route("GET", "/v1/sessions", sessions, "sessions", gives=Sessions, problems=(403,)),
    Route("DELETE", "/v1/sessions/{session}", end_session, "sessions", gives=Done, problems=(403, 404), is_secret=True),
)  # fmt: skip
