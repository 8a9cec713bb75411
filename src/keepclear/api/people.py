"""Parties, users, tokens, and who may see a zone or a feed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, NoQuery, Route
from keepclear.api.desk import Given
from keepclear.api.problems import Declined, Fault, not_here
from keepclear.api.tokens import new_token, token_hash
from keepclear.api.zones import AccessView, Done, access_view, done
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant, utc_text
from keepclear.node.events import AccessSet, PartyNamed, SealErased, TokenIssued, TokenRevoked, UserAdmitted, UserEnded
from keepclear.parties.membership import Member, Token
from keepclear.parties.parties import Action, Role, Sensitivity, may, sensitivity_of
from keepclear.parties.sign_in import Session

Id = Annotated[str, Meta(min_length=1, max_length=64, description="lower-case letters, digits, dots and dashes")]
Level = Annotated[str, Meta(pattern="^(open|low|moderate|high|severe)$")]
Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]


class Ended(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Why, in words that stand in the record."""

    reason: Reason


class Naming(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a party is called."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]


class PartyView(msgspec.Struct, frozen=True):
    """A party. `is_house`: the node is its."""

    id: str
    name: str
    is_house: bool


class Parties(msgspec.Struct, frozen=True):
    """Everybody who takes part here."""

    items: list[PartyView]


class Admitting(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """For which party somebody acts, in which role, and up to which sensitivity they see.

    name  of the person: it lies beside the record, sealed, and can be erased; left out: as it was, if any"""

    party: Id
    role: Role
    clearance: Level
    name: Annotated[str, Meta(max_length=200)] = ""


class UserView(msgspec.Struct, frozen=True):
    """A user. No name of a person is kept in the record."""

    id: str
    party: str
    role: str
    clearance: str
    ended: bool


class PersonName(msgspec.Struct, frozen=True):
    """What a user is called; null: nobody said, or it was erased."""

    name: str | None


class Users(msgspec.Struct, frozen=True):
    """All users, those that have ended too."""

    items: list[UserView]


class Issuing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A new token. `feed`: it only brings positions there. `expires_at`: it is accepted until then; null: until it is revoked."""

    token_id: Id
    feed: Annotated[str, Meta(max_length=64)] = ""
    expires_at: Annotated[str, Meta(max_length=64)] | None = None


class Issued(msgspec.Struct, frozen=True):
    """A token, shown this once: only its hash is kept. Under an idempotency key it is not answered again."""

    sequence: int
    at: str
    token_id: str
    user: str
    token: str | None
    feed: str
    expires_at: str | None


class TokenView(msgspec.Struct, frozen=True):
    """A token without its secret."""

    id: str
    user: str
    feed: str
    expires_at: str | None
    revoked: bool


class Tokens(msgspec.Struct, frozen=True):
    """All tokens, revoked ones too."""

    items: list[TokenView]


class Setting(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who may see an object. `recipients`: ids of parties besides its owner; null: every party that has a user here."""

    sensitivity: Level
    recipients: Annotated[list[Id], Meta(max_length=1_000)] | None


class Me(msgspec.Struct, frozen=True):
    """Who asks, and what they may do.

    exercise  the node is for exercises only
    name      of the person, where one is held
    session   its id, where they are signed in; "": they ask with a token"""

    exercise: bool
    user: str
    name: str | None
    party: str
    role: str
    clearance: str
    only_feed: str
    may: list[str]
    session: str


async def me(ask: Ask[NoQuery, None]) -> Answer:
    """Who you are here, and what your role may do."""
    return Answer(await me_view(ask, ask.visit.session))


async def me_view(ask: Ask[Any, Any], session: Session | None) -> Me:
    """Who asks, and what they may do."""
    user, member = ask.user, ask.members.member(ask.user.id)
    is_named = member is not None and member.name_hash and not user.only_feed
    held = await ask.desk.unsealed(member.name_hash) if member is not None and is_named else None
    actions = [Action.REPORT] if user.only_feed else [action for action in Action if _has(ask, action)]
    return Me(
        ask.node.exercise, user.id, held, user.party, user.role, user.clearance.word, user.only_feed, [str(a) for a in actions],
        "" if session is None else session.id,
    )  # fmt: skip


def _has(ask: Ask[Any, Any], action: Action) -> bool:
    return may(ask.user, action, ask.members.node).why not in {"access.role", "access.token_of_a_feed"}


async def parties(ask: Ask[NoQuery, None]) -> Answer:
    """The parties that take part."""
    ask.must(Action.READ)
    named = sorted(ask.members.parties.items())
    return Answer(Parties([PartyView(party, name, party == ask.members.house) for party, name in named]))


async def name_party(ask: Ask[NoQuery, Naming]) -> Answer:
    """A party takes part, or is called otherwise from now on."""
    ask.must(Action.NAME_PARTY)
    return await ask.give(PartyNamed(ask.path["party"], ask.body.name), done)


async def users(ask: Ask[NoQuery, None]) -> Answer:
    """All users."""
    ask.must(Action.READ_USERS)
    return Answer(Users([_user(member) for member in ask.members.members()]))


async def admit(ask: Ask[NoQuery, Admitting]) -> Answer:
    """Admits a user, or gives one another role or clearance; nobody gives a clearance above their own."""
    user_id, body = ask.path["user"], ask.body
    clearance = sensitivity_of(body.clearance)
    ask.must(Action.ADMIT_USER, *ask.members.managed(user_id, body.party, clearance))
    held = ask.members.member(user_id)
    name_hash = ask.desk.seal(body.name) if body.name else "" if held is None else held.name_hash
    return await ask.give(UserAdmitted(user_id, body.party, body.role, body.clearance, name_hash), done)


async def name(ask: Ask[NoQuery, None]) -> Answer:
    """What a user is called."""
    member = _known(ask, Action.READ_USERS)
    return Answer(PersonName(await ask.desk.unsealed(member.name_hash) if member.name_hash else None))


async def erase_name(ask: Ask[Ended, None]) -> Answer:
    """Erases what a user is called: the record keeps a hash of it, which says nothing without what was erased."""
    member = _known(ask, Action.ADMIT_USER)
    ask.must(Action.ADMIT_USER, member.access)
    if not member.name_hash:
        raise not_here("name", member.id)
    return await ask.give(SealErased(member.name_hash, ask.query.reason), done)


def _known(ask: Ask[Any, Any], action: Action) -> Member:
    """The user of the address, also one that has ended."""
    ask.must(action)
    member = ask.members.member(ask.path["user"])
    if member is None:
        raise not_here("user", ask.path["user"])
    return member


async def end_user(ask: Ask[Ended, None]) -> Answer:
    """A user acts no more, and none of its tokens is accepted."""
    member = _managed(ask, Action.END_USER)
    return await ask.give(UserEnded(member.id, ask.query.reason), done)


def _managed(ask: Ask[Any, Any], action: Action) -> Member:
    ask.must(action)
    member = ask.members.member(ask.path["user"])
    if member is None or member.ended:
        raise not_here("user", ask.path["user"])
    ask.must(action, member.access)
    return member


async def tokens(ask: Ask[NoQuery, None]) -> Answer:
    """All tokens, without their secrets."""
    ask.must(Action.READ_USERS)
    return Answer(Tokens([_token(token) for token in ask.members.tokens()]))


async def issue(ask: Ask[NoQuery, Issuing]) -> Answer:
    """Gives a user a token: it is in the answer, and nowhere else."""
    member, body = _managed(ask, Action.ISSUE_TOKEN), ask.body
    expires_at_us = _expiry_us(body.expires_at)
    if expires_at_us is not None and expires_at_us <= ask.desk.now_us():
        fault = Fault("$.expires_at", "token.expired", "This is past already", body.expires_at or "", "Leave it out.")
        raise Declined(422, "token.expired", "The token would never be accepted.", errors=[fault])
    secret = new_token()
    event = TokenIssued(body.token_id, member.id, token_hash(secret), body.feed, expires_at_us)

    def issued(given: Given, token: str | None) -> Issued:
        expires_at = None if expires_at_us is None else utc_text(expires_at_us)
        at = utc_text(given.entry.at_us)
        return Issued(given.entry.sequence, at, body.token_id, member.id, token, body.feed, expires_at)

    return await ask.give(
        event, lambda given: issued(given, secret), kept=lambda given: issued(given, None), status=201
    )


def _expiry_us(text: str | None) -> int | None:
    try:
        return None if text is None else parse_instant(text).us
    except Refused as refused:
        raise refused.at("$.expires_at") from refused


async def revoke(ask: Ask[Ended, None]) -> Answer:
    """A token is accepted no more."""
    ask.must(Action.REVOKE_TOKEN)
    token = ask.members.token(ask.path["token"])
    if token is None or token.revoked:
        raise not_here("token", ask.path["token"])
    member = ask.members.member(token.user)
    assert member is not None, "every token has a user"
    ask.must(Action.REVOKE_TOKEN, member.access)
    return await ask.give(TokenRevoked(token.id, ask.query.reason), done)


def _user(member: Member) -> UserView:
    return UserView(member.id, member.party, member.role, Sensitivity(member.clearance).word, member.ended)


def _token(token: Token) -> TokenView:
    expires_at = None if token.expires_at_us is None else utc_text(token.expires_at_us)
    return TokenView(token.id, token.user, token.feed, expires_at, token.revoked)


async def zone_access(ask: Ask[NoQuery, None]) -> Answer:
    """Who may see a zone."""
    return _access(ask, "zone")


async def feed_access(ask: Ask[NoQuery, None]) -> Answer:
    """Who may see a feed."""
    return _access(ask, "feed")


def _access(ask: Ask[Any, Any], kind: str) -> Answer:
    access = ask.members.access_of(kind, ask.path[kind])
    if not ask.members.knows(kind, access.id) or not ask.sees([access]):
        raise not_here(kind, access.id)
    return Answer(access_view(access))


async def set_zone_access(ask: Ask[NoQuery, Setting]) -> Answer:
    """Says who besides its owner may see a zone, and how sensitive it is."""
    return await _set(ask, "zone")


async def set_feed_access(ask: Ask[NoQuery, Setting]) -> Answer:
    """Says who besides its owner may see a feed and what is concluded from it, and how sensitive it is."""
    return await _set(ask, "feed")


async def _set(ask: Ask[NoQuery, Setting], kind: str) -> Answer:
    access, body = ask.members.access_of(kind, ask.path[kind]), ask.body
    if not ask.members.knows(kind, access.id) or not ask.sees([access]):
        raise not_here(kind, access.id)
    ask.must(Action.SET_ACCESS, access)
    recipients = None if body.recipients is None else tuple(body.recipients)
    return await ask.give(AccessSet(kind, access.id, body.sensitivity, recipients), done)


_JSON = "application/json"
_CHANGING = (403,)
ROUTES = (
    Route("GET", "/v1/me", me, "users", gives=Me),
    Route("GET", "/v1/parties", parties, "users", gives=Parties, problems=(403,)),
    Route("PUT", "/v1/parties/{party}", name_party, "users", gives=Done, bodies={_JSON: Naming}, problems=_CHANGING),
    Route("GET", "/v1/users", users, "users", gives=Users, problems=(403,)),
    Route("PUT", "/v1/users/{user}", admit, "users", gives=Done, bodies={_JSON: Admitting}, problems=_CHANGING),
    Route("DELETE", "/v1/users/{user}", end_user, "users", gives=Done, query=Ended, problems=(403, 404)),
    Route("GET", "/v1/users/{user}/name", name, "users", gives=PersonName, problems=(403, 404)),
    Route("DELETE", "/v1/users/{user}/name", erase_name, "users", gives=Done, query=Ended, problems=(403, 404)),
    Route("POST", "/v1/users/{user}/tokens", issue, "users", gives=Issued, status=201, bodies={_JSON: Issuing}, problems=(404, *_CHANGING)),
    Route("GET", "/v1/tokens", tokens, "users", gives=Tokens, problems=(403,)),
    Route("DELETE", "/v1/tokens/{token}", revoke, "users", gives=Done, query=Ended, problems=(403, 404)),
    Route("GET", "/v1/zones/{zone}/access", zone_access, "zones", gives=AccessView, problems=(404,)),
    Route("PUT", "/v1/zones/{zone}/access", set_zone_access, "zones", gives=Done, bodies={_JSON: Setting}, problems=(404, *_CHANGING)),
    Route("GET", "/v1/feeds/{feed}/access", feed_access, "feeds", gives=AccessView, problems=(404,)),
    Route("PUT", "/v1/feeds/{feed}/access", set_feed_access, "feeds", gives=Done, bodies={_JSON: Setting}, problems=(404, *_CHANGING)),
)  # fmt: skip
