"""Who may do what. Every door asks `may`, and nothing else decides.

    decision = may(user, Action.READ, access_of_the_zone)
    if not decision: ...  # decision.why says which rule it was

Four rules, and all of them must hold:

1. The table below has a cell for the role and the action, and it is not empty.
2. A token that is bound to a feed brings positions to that feed, and does nothing else.
3. No object concerned is more sensitive than the user is cleared for. No role is exempt; a token that is bound to a feed needs
   no clearance, as it sees nothing, and raising the sensitivity of a feed must not silence it.
4. The user's party is within the reach of the cell: the owner of the object; or its owner or one of its recipients; or anybody.

What leaves in quantity (streams, collections, exports) is `Action.EXPORT`: of a severe object it goes to its owner and to
recipients that are named, never to "every party". Whether something is an exercise changes no right. There is no action that
approves anything: a notice is neither request nor permission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum

from keepclear.ground.errors import Refused


class Role(StrEnum):
    """What somebody is here for. One user has one role."""

    VIEWER = "viewer"
    WATCH_OFFICER = "watch_officer"
    LIAISON = "liaison"
    PLANNER = "planner"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    MACHINE = "machine"


class Sensitivity(IntEnum):
    """How much harm it may do if an object is seen by the wrong people; also up to where a user is cleared."""

    OPEN = 0
    LOW = 1
    MODERATE = 2
    HIGH = 3
    SEVERE = 4

    @property
    def word(self) -> str:
        """As it is written: "open", "low", ..."""
        return self.name.lower()


class Action(StrEnum):
    """Everything that a door can be asked to do.

    read           zones, tracks, presence, alerts, feeds, and what the record says about them, one page at a time
    export         the same in quantity: streams and collections
    audit          the record of all parties and the whole access log; the reach of `read` for an auditor
    read_accesses  who else has read the objects of one's party
    report         bring positions to a feed
    invite_user    give a user a code with which they choose a password
    end_session    sign somebody else out
    pair           take another party's card in, make its node a peer, end either
    carry          fetch what is sealed for a peer, and bring what came from it, as on a memory stick
    send_message   say something to another party, in one's own name
    state          say what became of a message: read back, stand by, what somebody else said of it
    state_agreement  a fact of an agreement: a proposal, a signature, a declaration, a position, an observation
    set_roster     who can be reached for a party
    log_call       what happens on the lines: attempts, calls, minutes, steps of the agreed way, handovers
    stop_urgently  take down the form of an urgent stop
    log_measure    a measure that was taken, and what was seen after it"""

    READ = "read"
    EXPORT = "export"
    AUDIT = "audit"
    READ_ACCESSES = "read_accesses"
    READ_USERS = "read_users"
    REPORT = "report"
    ACKNOWLEDGE_ALERT = "acknowledge_alert"
    ASSIGN_ALERT = "assign_alert"
    CLEAR_ALERT = "clear_alert"
    AGREE_ZONE = "agree_zone"
    END_ZONE = "end_zone"
    DECLARE_FEED = "declare_feed"
    END_FEED = "end_feed"
    SET_ACCESS = "set_access"
    NAME_PARTY = "name_party"
    ADMIT_USER = "admit_user"
    END_USER = "end_user"
    ISSUE_TOKEN = "issue_token"
    REVOKE_TOKEN = "revoke_token"
    INVITE_USER = "invite_user"
    END_SESSION = "end_session"
    PAIR = "pair"
    CARRY = "carry"
    SEND_MESSAGE = "send_message"
    STATE = "state"
    STATE_AGREEMENT = "state_agreement"
    SET_ROSTER = "set_roster"
    LOG_CALL = "log_call"
    STOP_URGENTLY = "stop_urgently"
    LOG_MEASURE = "log_measure"


# What changes nothing but the access log; every other action ends in an event of the record.
READING = frozenset({Action.READ, Action.EXPORT, Action.AUDIT, Action.READ_ACCESSES, Action.READ_USERS})


class Reach(Enum):
    """Whose objects a cell of the table is about."""

    NOBODYS = "-"
    OWN = "own"
    SHARED = "shared"
    EVERYBODYS = "all"


_ROLES = (Role.VIEWER, Role.WATCH_OFFICER, Role.LIAISON, Role.PLANNER, Role.ADMINISTRATOR, Role.AUDITOR, Role.MACHINE)
_ROWS = {
    #                            viewer  officer liaison planner  admin  auditor machine
    Action.READ:              "  shared  shared  shared  shared  shared  all     -    ",
    Action.EXPORT:            "  shared  shared  shared  shared  shared  all     -    ",
    Action.AUDIT:             "  -       -       -       -       -       all     -    ",
    Action.READ_ACCESSES:     "  -       -       own     own     own     all     -    ",
    Action.READ_USERS:        "  -       -       -       -       all     all     -    ",
    Action.REPORT:            "  -       own     own     -       -       -       own  ",
    Action.ACKNOWLEDGE_ALERT: "  -       own     own     -       -       -       -    ",
    Action.ASSIGN_ALERT:      "  -       own     -       -       -       -       -    ",
    Action.CLEAR_ALERT:       "  -       own     -       -       -       -       -    ",
    Action.AGREE_ZONE:        "  -       -       -       own     -       -       -    ",
    Action.END_ZONE:          "  -       -       -       own     -       -       -    ",
    Action.DECLARE_FEED:      "  -       -       -       own     own     -       -    ",
    Action.END_FEED:          "  -       -       -       own     own     -       -    ",
    Action.SET_ACCESS:        "  -       -       -       own     -       -       -    ",
    Action.NAME_PARTY:        "  -       -       -       -       all     -       -    ",
    Action.ADMIT_USER:        "  -       -       -       -       all     -       -    ",
    Action.END_USER:          "  -       -       -       -       all     -       -    ",
    Action.ISSUE_TOKEN:       "  -       -       -       -       all     -       -    ",
    Action.REVOKE_TOKEN:      "  -       -       -       -       all     -       -    ",
    Action.INVITE_USER:       "  -       -       -       -       all     -       -    ",
    Action.END_SESSION:       "  -       -       -       -       all     -       -    ",
    Action.PAIR:              "  -       -       -       -       own     -       -    ",
    Action.CARRY:             "  -       own     own     -       own     -       own  ",
    Action.SEND_MESSAGE:      "  -       own     own     -       -       -       -    ",
    Action.STATE:             "  -       own     own     -       -       -       -    ",
    Action.STATE_AGREEMENT:   "  -       -       own     own     -       -       -    ",
    Action.SET_ROSTER:        "  -       -       own     -       -       -       -    ",
    Action.LOG_CALL:          "  -       own     own     -       -       -       -    ",
    Action.STOP_URGENTLY:     "  -       own     own     own     -       -       -    ",
    Action.LOG_MEASURE:       "  -       own     own     -       -       -       -    ",
}  # fmt: skip
TABLE: Mapping[tuple[Role, Action], Reach] = {
    (role, action): Reach(cell) for action, row in _ROWS.items() for role, cell in zip(_ROLES, row.split(), strict=True)
}


@dataclass(frozen=True)
class User:
    """Somebody who acts for a party: a person or a program.

    only_feed  what they hold is a token that only brings positions to this feed; "": whatever the role may do"""

    id: str
    party: str
    role: Role
    clearance: Sensitivity
    only_feed: str = ""


@dataclass(frozen=True)
class Access:
    """Whose an object is and who else may see it.

    kind        "zone", "feed", "user", "node", "message", "peer" or "dealings"
    recipients  ids of parties; None: every party that has a user here"""

    kind: str
    id: str
    owner: str
    recipients: tuple[str, ...] | None
    sensitivity: Sensitivity


@dataclass(frozen=True)
class Decision:
    """Whether, and by which rule not. `why` is a key that is stable across versions; "" where it is allowed."""

    allowed: bool
    why: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True)


def may(user: User, action: Action, about: Access, *also: Access) -> Decision:
    """Whether this user may do this to an object.

    also  what else is concerned, as the feeds are that an alert about a zone rests on. All of it has to be open to the user's
          party, and not too sensitive; whose it is decided by `about` alone"""
    reach = TABLE[user.role, action]
    if user.only_feed and (action is not Action.REPORT or (about.kind, about.id) != ("feed", user.only_feed)):
        return Decision(False, "access.token_of_a_feed", {"feed": user.only_feed})
    if reach is Reach.NOBODYS:
        return Decision(False, "access.role", {"role": user.role, "action": action})
    for concerned in (about, *also):
        if concerned.sensitivity > user.clearance and not user.only_feed:
            return Decision(False, "access.clearance", {"clearance": user.clearance.word})
        if reach is not Reach.EVERYBODYS and not open_to(user.party, concerned):
            return Decision(False, "access.recipients", {"party": user.party})
        if (
            action is Action.EXPORT
            and concerned.sensitivity is Sensitivity.SEVERE
            and not _named(user.party, concerned)
        ):
            return Decision(False, "access.severe_export", {"party": user.party})
    if reach is Reach.OWN and about.owner != user.party:
        return Decision(False, "access.owner", {"party": user.party})
    return ALLOWED


def open_to(party: str, concerned: Access) -> bool:
    """Whether an object is this party's, or one that its people may be shown."""
    return concerned.recipients is None or _named(party, concerned)


def _named(party: str, concerned: Access) -> bool:
    return party == concerned.owner or (concerned.recipients is not None and party in concerned.recipients)


def role_of(word: str, where: str = "") -> Role:
    """The role of this name; raises `Refused`."""
    try:
        return Role(word)
    except ValueError as error:
        mend = f"Roles: {', '.join(Role)}."
        raise Refused("role.unknown", "There is no such role", value=word, mend=mend, where=where) from error


def sensitivity_of(word: str, where: str = "") -> Sensitivity:
    """The sensitivity of this name; raises `Refused`."""
    for level in Sensitivity:
        if word == level.word:
            return level
    mend = f"Levels: {', '.join(level.word for level in Sensitivity)}."
    raise Refused("sensitivity.unknown", "There is no such level of sensitivity", value=word, mend=mend, where=where)
