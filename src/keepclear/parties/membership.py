"""The parties, users and tokens of a node, and who may see its zones and feeds: what the record says of them, folded.

Each change has a check beside it that raises `Refused` and changes nothing; the change makes the same check. Nothing is ever
forgotten: the id of somebody who has ended, of a revoked token or of a zone that is watched no more is not given out again,
and an object stays with the party that it was first of.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.parties.ids import id_checked
from keepclear.parties.parties import (
    TABLE,
    Access,
    Action,
    Reach,
    Role,
    Sensitivity,
    User,
    may,
    role_of,
    sensitivity_of,
)

PARTIES_MAX = 1_000
USERS_MAX = 10_000
TOKENS_MAX = 100_000
OBJECT_KINDS = ("zone", "feed")
# Of an object that nobody has said anything about: its owner's alone, and not for everybody there.
FIRST_SENSITIVITY = Sensitivity.MODERATE


class Member(msgspec.Struct, frozen=True):
    """A user as admitted last. `ended`: acts no more."""

    id: str
    party: str
    role: Role
    clearance: Sensitivity
    name_hash: str = ""
    ended: bool = False

    @property
    def access(self) -> Access:
        """The user as an object: whoever manages it must be cleared for what it is cleared for."""
        return Access("user", self.id, self.party, None, self.clearance)


class Token(msgspec.Struct, frozen=True):
    """A token that was issued, known by its SHA-256 alone. `feed`: see `User.only_feed`."""

    id: str
    user: str
    token_hash: str
    feed: str = ""
    expires_at_us: int | None = None
    revoked: bool = False


class Terms(msgspec.Struct, frozen=True):
    """Whose an object is, who else may see it, and how sensitive it is."""

    owner: str
    sensitivity: Sensitivity = FIRST_SENSITIVITY
    recipients: tuple[str, ...] | None = ()


class _State(msgspec.Struct, frozen=True):
    house: str
    parties: dict[str, str]
    members: list[Member]
    tokens: list[Token]
    zones: dict[str, Terms]
    feeds: dict[str, Terms]


class Membership:
    """Who takes part in a node, and what they may see.

    house    party whose node it is; only its users can be administrators
    parties  id to name"""

    def __init__(self) -> None:
        self.house = ""
        self.parties: dict[str, str] = {}
        self._members: dict[str, Member] = {}
        self._tokens: dict[str, Token] = {}
        self._by_hash: dict[str, str] = {}
        self._terms: dict[str, dict[str, Terms]] = {kind: {} for kind in OBJECT_KINDS}

    def begin(self, house: str) -> None:
        """The node belongs to this party; raises `Refused` where that cannot be an id."""
        self.parties[id_checked(house, "$.party")] = house
        self.house = house

    # --- parties and users ---

    def check_party(self, party: str, name: str) -> None:
        """Raises `Refused` if this party cannot be named so."""
        id_checked(party, "$.party")
        if not name.strip():
            raise Refused("party.no_name", "A party has a name", value=name, mend="Give one.", where="$.name")
        if party not in self.parties and len(self.parties) >= PARTIES_MAX:
            raise LimitExceeded("parties.too_many", f"There are {PARTIES_MAX:,} parties already", value=party)

    def name_party(self, party: str, name: str) -> None:
        """A party takes part, or is called otherwise from now on."""
        self.check_party(party, name)
        self.parties[party] = name

    def check_admission(self, user: str, party: str, role: str, clearance: str) -> None:
        """Raises `Refused` if this user cannot be admitted, or have this role."""
        id_checked(user, "$.user")
        if party not in self.parties:
            mend = "Name the party first."
            raise Refused("party.unknown", "There is no such party", value=party, mend=mend, where="$.party")
        new_role = role_of(role, "$.role")
        sensitivity_of(clearance, "$.clearance")
        if new_role is Role.ADMINISTRATOR and party != self.house:
            mend = f"An administrator acts for {self.house}."
            what = "Only the party whose node this is has administrators"
            raise Refused("role.of_another_party", what, value=party, mend=mend, where="$.role")
        held = self._members.get(user)
        if held is None:
            if len(self._members) >= USERS_MAX:
                raise LimitExceeded("users.too_many", f"There are {USERS_MAX:,} users already", value=user)
            return
        if held.ended:
            mend = "Choose another id: what is recorded under this one stays theirs."
            raise Refused("user.ended", "This user has ended", value=user, mend=mend, where="$.user")
        if held.party != party:
            mend = "End the user, and admit another one."
            raise Refused("user.of_another_party", "A user keeps its party", value=party, mend=mend, where="$.party")
        if new_role is not Role.ADMINISTRATOR:
            self._check_not_last_administrator(held)
        bound = [token.id for token in self._live_tokens(user) if token.feed]
        if bound and TABLE[new_role, Action.REPORT] is Reach.NOBODYS:
            mend = f"Revoke its tokens first: {', '.join(bound)}."
            what = "The user holds tokens for feeds, and this role brings no positions"
            raise Refused("role.holds_feed_tokens", what, value=role, mend=mend, where="$.role")

    def admit(self, user: str, party: str, role: str, clearance: str, name_hash: str = "") -> None:
        """A user acts for a party from now on, or has another role."""
        self.check_admission(user, party, role, clearance)
        self._members[user] = Member(user, party, role_of(role), sensitivity_of(clearance), name_hash)

    def forget_name(self, name_hash: str) -> None:
        """The name that was sealed under this hash is no more; the record keeps the hash, and this does not."""
        for member in self.members():
            if member.name_hash == name_hash:
                self._members[member.id] = msgspec.structs.replace(member, name_hash="")

    def check_user_ends(self, user: str) -> None:
        """Raises `Refused` if this user cannot be ended."""
        self._check_not_last_administrator(self._acting(user))

    def end_user(self, user: str) -> None:
        """A user acts no more, and none of its tokens is accepted."""
        self.check_user_ends(user)
        self._members[user] = msgspec.structs.replace(self._members[user], ended=True)
        for token in self._live_tokens(user):
            self._tokens[token.id] = msgspec.structs.replace(token, revoked=True)

    def check_signs_in(self, user: str) -> None:
        """Raises `Refused` unless this is somebody who acts, and signs in as a person does."""
        if self._acting(user).role is Role.MACHINE:
            mend = "Issue a token for it."
            raise Refused("user.machine", "A machine does not sign in", value=user, mend=mend, where="$.user")

    def _acting(self, user: str) -> Member:
        member = self._members.get(user)
        if member is None or member.ended:
            mend = "The list of users has their ids."
            raise Refused("user.unknown", "There is no such user", value=user, mend=mend, where="$.user")
        return member

    def _check_not_last_administrator(self, member: Member) -> None:
        others = (other for other in self._members.values() if other.id != member.id and not other.ended)
        if member.role is Role.ADMINISTRATOR and all(other.role is not Role.ADMINISTRATOR for other in others):
            mend = "Admit another administrator first."
            raise Refused("user.last_administrator", "This is the last administrator", value=member.id, mend=mend)

    # --- tokens ---

    def check_token(self, token_id: str, user: str, token_hash: str, feed: str = "") -> None:
        """Raises `Refused` if this token cannot be issued."""
        id_checked(token_id, "$.token_id")
        member = self._acting(user)
        if token_id in self._tokens or token_hash in self._by_hash:
            mend = "Choose another id; each token is drawn anew."
            raise Refused(
                "token.exists", "There is such a token already", value=token_id, mend=mend, where="$.token_id"
            )
        if len(token_hash) != 64 or not set(token_hash) <= set("0123456789abcdef"):
            mend = "Give the SHA-256 of the token as 64 hexadecimal digits."
            raise Refused("token.no_hash", "This is no SHA-256", value=token_hash, mend=mend, where="$.token_hash")
        if len(self._tokens) >= TOKENS_MAX:
            raise LimitExceeded("tokens.too_many", f"{TOKENS_MAX:,} tokens were issued already", value=token_id)
        if not feed:
            return
        terms = self._terms["feed"].get(feed)
        if terms is None:
            mend = "Declare the feed first."
            raise Refused("feed.unknown", "There is no such feed", value=feed, mend=mend, where="$.feed")
        if not may(self._user(member, feed), Action.REPORT, _access("feed", feed, terms)):
            mend = "It needs a role that brings positions (machine), and the party whose feed it is."
            what = "This user may not bring positions to this feed"
            raise Refused("token.useless", what, value=feed, mend=mend, where="$.feed")

    def issue_token(
        self, token_id: str, user: str, token_hash: str, feed: str = "", expires_at_us: int | None = None
    ) -> None:
        """A token is accepted from now on, until it expires or is revoked."""
        self.check_token(token_id, user, token_hash, feed)
        self._tokens[token_id] = Token(token_id, user, token_hash, feed, expires_at_us)
        self._by_hash[token_hash] = token_id

    def check_revocation(self, token_id: str) -> None:
        """Raises `Refused` if there is no such token, or it was revoked already."""
        token = self._tokens.get(token_id)
        if token is None or token.revoked:
            mend = "The list of tokens has their ids."
            raise Refused("token.unknown", "There is no such token", value=token_id, mend=mend, where="$.token_id")

    def revoke_token(self, token_id: str) -> None:
        """A token is accepted no more."""
        self.check_revocation(token_id)
        self._tokens[token_id] = msgspec.structs.replace(self._tokens[token_id], revoked=True)

    def holder_of(self, token_hash: str, at_us: int) -> tuple[User, Token]:
        """Who holds the token with this SHA-256 (64 hexadecimal digits), at this instant.

        Raises `Refused`, with one key whatever the reason: unknown, expired, revoked or ended is not told apart."""
        token = self._tokens.get(self._by_hash.get(token_hash, ""))
        if token is None or token.revoked or (token.expires_at_us is not None and at_us >= token.expires_at_us):
            raise Refused("token.not_accepted", "This token is not accepted", mend="Ask an administrator for one.")
        return self._user(self._members[token.user], token.feed), token

    def _live_tokens(self, user: str) -> list[Token]:
        return [token for token in self._tokens.values() if token.user == user and not token.revoked]

    # --- zones and feeds ---

    def check_owner(self, kind: str, object_id: str, party: str) -> None:
        """Raises `Refused` if an object of this id belongs to another party."""
        terms = self._terms[kind].get(object_id)
        if terms is not None and terms.owner != party:
            mend = "Choose another id."
            raise Refused(f"{kind}.of_another", f"This {kind} belongs to another party", value=object_id, mend=mend)

    def own(self, kind: str, object_id: str, party: str) -> None:
        """An object ("zone" or "feed") is of this party, from the first time on; its terms stay as they are."""
        self.check_owner(kind, object_id, party)
        self._terms[kind].setdefault(object_id, Terms(party))

    def check_access(self, kind: str, object_id: str, sensitivity: str, recipients: Iterable[str] | None) -> None:
        """Raises `Refused` if there is no such object, no such level, or no such party."""
        if kind not in OBJECT_KINDS:
            mend = f"Kinds: {', '.join(OBJECT_KINDS)}."
            raise Refused(
                "object.kind_unknown", "There are no such objects", value=kind, mend=mend, where="$.object_kind"
            )
        if object_id not in self._terms[kind]:
            mend = f"The list of {kind}s has their ids."
            raise Refused(
                f"{kind}.unknown", f"There is no such {kind}", value=object_id, mend=mend, where="$.object_id"
            )
        sensitivity_of(sensitivity, "$.sensitivity")
        for place, party in enumerate(recipients or ()):
            if party not in self.parties:
                where = f"$.recipients[{place}]"
                raise Refused(
                    "party.unknown", "There is no such party", value=party, mend="Name it first.", where=where
                )

    def set_access(self, kind: str, object_id: str, sensitivity: str, recipients: Iterable[str] | None) -> None:
        """Who besides its owner may see an object, and how sensitive it is."""
        named = None if recipients is None else tuple(sorted(set(recipients)))
        self.check_access(kind, object_id, sensitivity, named)
        owner = self._terms[kind][object_id].owner
        self._terms[kind][object_id] = Terms(owner, sensitivity_of(sensitivity), named)

    def knows(self, kind: str, object_id: str) -> bool:
        """Whether an object of this id was ever heard of."""
        return object_id in self._terms[kind]

    def access_of(self, kind: str, object_id: str) -> Access:
        """Who may see an object; one that was never heard of is the house's, as a new one would be."""
        return _access(kind, object_id, self._terms[kind].get(object_id) or Terms(self.house))

    @property
    def node(self) -> Access:
        """The node itself: its state, its checkpoints. Everybody with a role that reads may see it."""
        return Access("node", "", self.house, None, Sensitivity.OPEN)

    @property
    def dealings(self) -> Access:
        """What the house keeps of its dealings with others: agreements, rosters, calls, measures. It is the house's alone."""
        return Access("dealings", "", self.house, (), FIRST_SENSITIVITY)

    def managed(self, user: str, party: str, clearance: Sensitivity) -> tuple[Access, ...]:
        """What somebody manages who admits this user: as it is to be, and as it is now.

        Nobody gives away a clearance above their own, and nobody changes a user that has one."""
        held = self._members.get(user)
        to_be = Access("user", user, party, None, clearance)
        return (to_be,) if held is None else (to_be, held.access)

    def concerned(
        self, zone: str = "", subject: str = "", feed: str = "", feeds: Iterable[str] = ()
    ) -> tuple[Access, ...]:
        """Every object that something told is about, the one first whose owner may act on it.

        feeds  that have reported the subject; a subject that none has reported is the house's alone"""
        about = [self.access_of("zone", zone)] if zone else []
        named = dict.fromkeys([feed, *feeds] if feed else feeds)
        about += [self.access_of("feed", name) for name in named]
        if subject and not named:
            about.append(Access("feed", "", self.house, (), FIRST_SENSITIVITY))
        return tuple(about) or (self.node,)

    # --- lists and snapshots ---

    def member(self, user: str) -> Member | None:
        """The user of this id, acting or ended."""
        return self._members.get(user)

    def user(self, user: str) -> User | None:
        """The user of this id if it still acts."""
        member = self._members.get(user)
        return None if member is None or member.ended else self._user(member)

    def members(self) -> list[Member]:
        """All users by id, those that have ended too."""
        return [self._members[id] for id in sorted(self._members)]

    def tokens(self, user: str = "") -> list[Token]:
        """All tokens by id, or those of one user; revoked ones too."""
        return [token for _, token in sorted(self._tokens.items()) if user in ("", token.user)]

    def token(self, token_id: str) -> Token | None:
        """The token of this id."""
        return self._tokens.get(token_id)

    def state(self) -> Any:
        """Everything, as plain JSON values in an order that does not depend on how it came about."""
        zones, feeds = (dict(sorted(self._terms[kind].items())) for kind in OBJECT_KINDS)
        state = _State(self.house, dict(sorted(self.parties.items())), self.members(), self.tokens(), zones, feeds)
        return msgspec.to_builtins(state)

    @staticmethod
    def restored(state: Any) -> Membership:
        """The membership whose `state()` this was."""
        held = msgspec.convert(state, _State)
        restored = Membership()
        restored.house, restored.parties = held.house, dict(held.parties)
        restored._members = {member.id: member for member in held.members}
        restored._tokens = {token.id: token for token in held.tokens}
        restored._by_hash = {token.token_hash: token.id for token in held.tokens}
        restored._terms = {"zone": dict(held.zones), "feed": dict(held.feeds)}
        return restored

    @staticmethod
    def _user(member: Member, only_feed: str = "") -> User:
        return User(member.id, member.party, member.role, member.clearance, only_feed)


def _access(kind: str, object_id: str, terms: Terms) -> Access:
    return Access(kind, object_id, terms.owner, terms.recipients, terms.sensitivity)
