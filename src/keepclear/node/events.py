"""Everything that can happen to a node, in the past tense. What is not here cannot change it.

An event is frozen and carries no time: the instant at which the node learned of it is handed to `Node.step` as `at_us`, together
with who gave it and whether it is an exercise. Ids are chosen outside, and are lower-case letters, digits, dots and dashes.

All but three kinds are written to the record as the JSON of their fields (`keepclear.host.bodies`). `PositionsArrived` is written as
columns (`keepclear.tracks.packing`), `ZonesAgreed` as the GeoJSON it was given as, `PacketCame` as what its peer signed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from keepclear.agreements.agreement import Fact as AgreementFact
from keepclear.agreements.atlas import Zone
from keepclear.channel.calls import Call, Minute, MinuteWord, Moment, StepTaken, StopAnswer, StopForm
from keepclear.channel.channel import Came
from keepclear.channel.measures import Measure, Reaction
from keepclear.parties.roster import Handover, Roster
from keepclear.record.witness import Shown
from keepclear.tracks.observations import Observations
from keepclear.tracks.refusals import Refusal


class Spoken(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """An event that is written as JSON; its class says which kind."""


# --- the node itself ---


class NodeBegan(Spoken, frozen=True, tag="node_began"):
    """The first event of every record: whose node it is, and by which rules it weighs reports.

    party             id of the party it stands for
    origin            name of its record, such as "alpha.example/keepclear"; the number of the epoch is added to it
    exercise          everything this node ever holds is an exercise
    assumed_error_mm, lateness_us, max_speed_mmps   as `keepclear.watch.watch.Watch` takes them"""

    name: str
    party: str
    origin: str
    exercise: bool
    build: str
    assumed_error_mm: int = 100_000
    lateness_us: int = 3_600_000_000
    max_speed_mmps: int = 350_000


class EpochBegan(Spoken, frozen=True, tag="epoch_began"):
    """The record goes on under a new origin: after a restore, so that an honest one is no fork.

    after_size, after_root  the tree as the restored copy holds it; the old epoch may have gone on beyond"""

    epoch: int
    origin: str
    reason: str
    after_size: int
    after_root: str


class TimePassed(Spoken, frozen=True, tag="time_passed"):
    """Nothing else happened by this instant, and something fell due."""


class SnapshotTaken(Spoken, frozen=True, tag="snapshot_taken"):
    """The whole state after `size` entries, kept beside the record; `digest` is the SHA-256 of its bytes."""

    size: int
    digest: str
    build: str


class BodiesDropped(Spoken, frozen=True, tag="bodies_dropped"):
    """The bodies of positions below entry `before` are no longer kept; a replay begins at the snapshot of `snapshot_size` entries."""

    before: int
    snapshot_size: int


class SealErased(Spoken, frozen=True, tag="seal_erased"):
    """Personal data that lay outside the record was erased; its hash remains."""

    hash: str
    reason: str


class KeyIntroduced(Spoken, frozen=True, tag="key_introduced"):
    """A public key of this node (PEM), to sign with from now on."""

    key_id: str
    public_key: str
    algorithm: str


class KeyEnded(Spoken, frozen=True, tag="key_ended"):
    """A key is no longer used. `why`: "rotated", "revoked", "lost", "compromised".

    since_us  what it signed from then on is not to be trusted; None: everything before this event stands"""

    key_id: str
    why: str
    since_us: int | None = None
    note: str = ""


class Overloaded(Spoken, frozen=True, tag="overloaded"):
    """More came in than could be taken: rows of a feed were given up, all but the newest of each subject."""

    feed: str
    rows: int
    since_us: int


# --- who may do what ---


class PartyNamed(Spoken, frozen=True, tag="party_named"):
    """A party takes part, or its name changed."""

    party: str
    name: str


class UserAdmitted(Spoken, frozen=True, tag="user_admitted"):
    """A person or a program acts for a party from now on, or its role changed.

    name_hash  seal of the person's name, which lies outside the record; "" for a program
    clearance  the highest sensitivity that it may see: see `keepclear.parties.sensitivity`"""

    user: str
    party: str
    role: str
    clearance: str
    name_hash: str = ""


class UserEnded(Spoken, frozen=True, tag="user_ended"):
    """A user acts no more; all of its tokens end with it."""

    user: str
    reason: str


class TokenIssued(Spoken, frozen=True, tag="token_issued"):
    """A token was given to a user; only its SHA-256 is known here.

    feed  the token may only bring positions to this feed; "": whatever the user may do"""

    token_id: str
    user: str
    token_hash: str
    feed: str = ""
    expires_at_us: int | None = None


class TokenRevoked(Spoken, frozen=True, tag="token_revoked"):
    """A token is not accepted any more."""

    token_id: str
    reason: str = ""


class UserInvited(Spoken, frozen=True, tag="user_invited"):
    """A user was given a code, with which they choose a password once and until this instant. No record has the code."""

    user: str
    until_us: int


class PasswordSet(Spoken, frozen=True, tag="password_set"):
    """A user has chosen a password; what they signed in to with another one ends, but for where it was chosen. No record has the password.

    how  "invitation", or "old_password" """

    user: str
    how: str


class SessionBegan(Spoken, frozen=True, tag="session_began"):
    """A user has signed in.

    session  an id by which it is listed and ended; it opens nothing
    how      "password" or "invitation" """

    session: str
    user: str
    how: str


class SessionEnded(Spoken, frozen=True, tag="session_ended"):
    """A user is signed in no more: they signed out, or they or an administrator ended it. One that expires ends without a word.

    why  "signed_out", "signed_in_anew", "ended" """

    session: str
    user: str
    why: str


class AccessSet(Spoken, frozen=True, tag="access_set"):
    """Who besides its owner may see an object, and how sensitive it is.

    object_kind, object_id  "zone" or "feed", and its id
    recipients              ids of parties; None: every party that has a user here"""

    object_kind: str
    object_id: str
    sensitivity: str
    recipients: tuple[str, ...] | None


# --- feeds and positions ---


class FeedDeclared(Spoken, frozen=True, tag="feed_declared"):
    """Positions may come from here: who says so, how they are graded, and how soon to expect them.

    silent_after_us  nothing heard for longer than this is an alert; None: never"""

    feed: str
    owner: str
    source: str
    grading: str = ""
    silent_after_us: int | None = None


class FeedEnded(Spoken, frozen=True, tag="feed_ended"):
    """No more positions are taken from a feed."""

    feed: str
    reason: str


class FeedStateChanged(Spoken, frozen=True, tag="feed_state_changed"):
    """A connection was made or lost: `state` is "connected", "disconnected" or "ended"; `why` in words."""

    feed: str
    state: str
    why: str = ""


@dataclass(frozen=True)
class PositionsArrived:
    """Reports of one feed: rows that were accepted as columns, and every row that was refused.

    rows_read  len(observations) + len(refusals)
    noticed    what was noticed and not refused, counted by key
    packed     the bytes that stand for the observations, where whoever brought them had them; b"": they are made
    names      what subjects are called, as the feed says: subject and name. A claim of the feed, also for subjects without a row"""

    feed: str
    observations: Observations
    refusals: tuple[Refusal, ...] = ()
    noticed: tuple[tuple[str, int], ...] = ()
    packed: bytes = field(default=b"", compare=False, repr=False)
    names: tuple[tuple[str, str], ...] = ()
    kind: str = field(default="positions_arrived", init=False)

    @property
    def rows_read(self) -> int:
        """How many rows came."""
        return len(self.observations) + len(self.refusals)


# --- zones ---


@dataclass(frozen=True)
class ZonesAgreed:
    """Zones are watched from now on, in these versions; a zone of the same id is replaced. `text` is the GeoJSON they were read from."""

    zones: tuple[Zone, ...]
    text: str
    kind: str = field(default="zones_agreed", init=False)


class ZoneEnded(Spoken, frozen=True, tag="zone_ended"):
    """A zone is watched no more."""

    zone: str
    reason: str


# --- alerts ---


class AlertAcknowledged(Spoken, frozen=True, tag="alert_acknowledged"):
    """Somebody has seen an alert and says so. `alert` is its id, "SEQUENCE.INDEX"."""

    alert: str
    note: str = ""


class AlertAssigned(Spoken, frozen=True, tag="alert_assigned"):
    """Somebody is to look after an alert."""

    alert: str
    to: str
    note: str = ""


class AlertCleared(Spoken, frozen=True, tag="alert_cleared"):
    """Nothing more is to be done about an alert, for this reason."""

    alert: str
    reason: str


# --- other parties and what is said to them ---


class CardTaken(Spoken, frozen=True, tag="card_taken"):
    """Another party's card was taken in, and people of both sides have compared the number of the two cards. From now on its keys are
    these: what it says is signed by `signs`, what is for it is sealed with `seals`, and its node shows `tls` on a link.

    origin         of its record
    signs          verifier line (C2SP signed-note)
    seals, tls     base64: the key to seal with, and the certificate (DER)
    compared_with  who read the number on the other side, and over what line"""

    party: str
    name: str
    origin: str
    signs: str
    seals: str
    tls: str
    compared_with: str


class CardEnded(Spoken, frozen=True, tag="card_ended"):
    """Nothing that a party's keys sign is taken any more, until another card of it is. `why`: "rotated", "lost", "compromised", "ended".

    since_us  what they signed from then on is not to be trusted; None: everything before this event stands"""

    party: str
    why: str
    since_us: int | None = None
    note: str = ""


class PeerJoined(Spoken, frozen=True, tag="peer_joined"):
    """Another party's node is handed what is for it, and what is for those it leads to. `address`: where its link is; "": it calls us, or
    what is for it is carried."""

    peer: str
    leads_to: tuple[str, ...] = ()
    address: str = ""


class ReachedByHand(Spoken, frozen=True, tag="reached_by_hand"):
    """A party has no node: what is for it is printed or said, and people enter what becomes of it. `note`: where, and by whom."""

    party: str
    note: str = ""


class PeerRefused(Spoken, frozen=True, tag="peer_refused"):
    """A peer's node takes nothing from us: it does not trust our keys, or knows us no more. `key` is that of its refusal, `says` its words."""

    peer: str
    key: str
    says: str = ""


class MessageGiven(Spoken, frozen=True, tag="message_given"):
    """A person of this party sends a message. `payload` is its one byte string: `keepclear.channel.messages`."""

    payload: str


class StatementGiven(Spoken, frozen=True, tag="statement_given"):
    """A person of this party says what became of a message, or enters what somebody else said: `keepclear.channel.statements`."""

    payload: str


class SealedForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payload, by its SHA-256, and the bytes it was sealed as, which lie beside the record."""

    payload_digest: str
    digest: str
    byte_count: int


class MessagesSealed(Spoken, frozen=True, tag="messages_sealed"):
    """What was asked to be sealed is sealed."""

    forms: tuple[SealedForm, ...]


class LaterEnvelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The envelope that lay within sealed bytes, by their SHA-256, and whose signature was found on it."""

    digest: str
    sender: str
    envelope: str


class OpenedLater(Spoken, frozen=True, tag="opened_later"):
    """What could not be opened when it came could be now, as a card that was missing was taken in."""

    within: tuple[LaterEnvelope, ...]


@dataclass(frozen=True)
class PacketCame:
    """A peer handed something over. The record keeps what it signed: the head of the packet, and what lay within what was for us.

    came      what it says
    envelope  of the head (DSSE)
    within    by SHA-256 of the sealed bytes: the envelope that lay within
    shown     what it shows of records; None: nothing"""

    came: Came
    envelope: str
    within: tuple[tuple[str, str], ...] = ()
    shown: Shown | None = None
    kind: str = field(default="packet_came", init=False)


# --- dealings with other parties ---


class Dealing(Spoken, frozen=True):
    """Something that is kept of the dealings of the house with other parties, entered by a person. What the values mean, and what of
    them can be, is said where they are defined; what follows, in `keepclear.node.dealings`."""


class AgreementFactStated(Dealing, frozen=True, tag="agreement_fact_stated"):
    """Somebody proposed, signed, declared, said or saw something of an agreement."""

    fact: AgreementFact


class RosterSet(Dealing, frozen=True, tag="roster_set"):
    """From now on this is who can be reached for a party, in place of the roster before; its handovers come one by one."""

    roster: Roster


class HandedOver(Dealing, frozen=True, tag="handed_over"):
    """A focal point of a party was handed over from one person to another."""

    party: str
    handover: Handover


class CallMomentNoted(Dealing, frozen=True, tag="call_moment_noted"):
    """Something happened on a line: it rang in vain, was answered, kept waiting, refused."""

    moment: Moment


class CallHeld(Dealing, frozen=True, tag="call_held"):
    """A call was held: who spoke, through whom, item by item with what was read back."""

    call: Call


class MinuteWritten(Dealing, frozen=True, tag="minute_written"):
    """One side wrote a minute of a call."""

    minute: Minute


class MinuteAnswered(Dealing, frozen=True, tag="minute_answered"):
    """A side says of a minute that it was so, or how it was."""

    word: MinuteWord


class EscalationStepTaken(Dealing, frozen=True, tag="escalation_step_taken"):
    """Somebody took a step of the way that an agreement has for when nobody answers."""

    agreement: str
    step: StepTaken


class StopCalled(Dealing, frozen=True, tag="stop_called"):
    """Somebody called for an urgent stop, and somebody took it down."""

    form: StopForm


class StopAskedOn(Dealing, frozen=True, tag="stop_asked_on"):
    """Somebody asked on about an urgent stop, and this was answered."""

    answer: StopAnswer


class MeasureTaken(Dealing, frozen=True, tag="measure_taken"):
    """A measure was taken. It is a fact, and looks back."""

    measure: Measure


class ReactionSeen(Dealing, frozen=True, tag="reaction_seen"):
    """Something was seen after a measure."""

    reaction: Reaction


SpokenEvent = (
    NodeBegan | EpochBegan | TimePassed | SnapshotTaken | BodiesDropped | SealErased | KeyIntroduced | KeyEnded | Overloaded
    | PartyNamed | UserAdmitted | UserEnded | TokenIssued | TokenRevoked | AccessSet | UserInvited | PasswordSet | SessionBegan | SessionEnded
    | FeedDeclared | FeedEnded | FeedStateChanged | ZoneEnded
    | AlertAcknowledged | AlertAssigned | AlertCleared
    | CardTaken | CardEnded | PeerJoined | PeerRefused | ReachedByHand | MessageGiven | StatementGiven | MessagesSealed | OpenedLater
    | AgreementFactStated | RosterSet | HandedOver | CallMomentNoted | CallHeld | MinuteWritten | MinuteAnswered
    | EscalationStepTaken | StopCalled | StopAskedOn | MeasureTaken | ReactionSeen
)  # fmt: skip
Event = SpokenEvent | PositionsArrived | ZonesAgreed | PacketCame


def kind_of(event: Event) -> str:
    """The word for this kind of event in the record."""
    if isinstance(event, PositionsArrived | ZonesAgreed | PacketCame):
        return event.kind
    return str(type(event).__struct_config__.tag)
