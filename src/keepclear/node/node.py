"""A node: a deterministic function of the events it was given. The only place where the rooms of the domain meet.

    node = Node()
    effects = node.step(NodeBegan(...), by="node", exercise=False, at_us=...)

`step` either raises `Refused` and has changed nothing, or changes the node and gives what follows. Who calls it makes event and
outcome durable before anybody hears of them, and throws the node away if that fails.
"""

from __future__ import annotations

import struct
from functools import partial
from hashlib import sha256

import msgspec

from keepclear.channel.channel import Seal
from keepclear.ground.errors import Refused
from keepclear.ground.instants import utc_text
from keepclear.ground.words import words_checked
from keepclear.node import events as e
from keepclear.node.alert_book import LiveAlert
from keepclear.node.dealings import ACTION_OF
from keepclear.node.effects import Effects, Told
from keepclear.node.side import Books, Side
from keepclear.node.talk import Talk, TalkState
from keepclear.node.teller import Teller
from keepclear.parties.ids import id_checked
from keepclear.parties.membership import FIRST_SENSITIVITY, Member, Membership
from keepclear.parties.parties import Access, Action, Sensitivity, User, may, sensitivity_of
from keepclear.record.checkpoint import origin_line
from keepclear.watch.watch import Watch

NODE = "node"
# What the node itself does in place of a person: whoever sits at its machine has no user yet.
_OF_THE_FIRST_HOUR = frozenset(
    {Action.NAME_PARTY, Action.ADMIT_USER, Action.ISSUE_TOKEN, Action.REVOKE_TOKEN, Action.DECLARE_FEED}
    | {Action.INVITE_USER}
)
_MAGIC = b"KCN1"
_LENGTHS = struct.Struct("<3Q")


class _Held(msgspec.Struct):
    """Everything a node holds besides its two watches."""

    began: e.NodeBegan
    sequence: int
    clock_us: int
    epoch: int
    origin: str
    snapshot_size: int
    bodies_from: int
    keys: list[e.KeyIntroduced | e.KeyEnded]
    members: dict[str, object]
    operations: Books
    exercise: Books
    talk: TalkState


class Node:
    """One party's node.

    began          how it was begun; None before the first event
    sequence       how many events it has been given; the place of the next one in the record
    clock_us       the instant of the newest event
    epoch, origin  of its record, the number of the epoch not yet added to the origin
    bodies_from    bodies of positions are kept from this entry on
    keys           what was said about its signing keys, in order
    members        parties, users, tokens, and who may see what
    talk           other parties, and what was said to them
    """

    talk: Talk

    def __init__(self) -> None:
        self.began: e.NodeBegan | None = None
        self.sequence = 0
        self.clock_us = 0
        self.epoch = 1
        self.origin = ""
        self.snapshot_size = 0
        self.bodies_from = 0
        self.keys: list[e.KeyIntroduced | e.KeyEnded] = []
        self.members = Membership()
        self._sides: dict[bool, Side] = {}

    def side(self, exercise: bool) -> Side:
        """Operations, or exercise."""
        return self._sides[exercise]

    @property
    def exercise(self) -> bool:
        """Whether everything here is an exercise."""
        return self.began is not None and self.began.exercise

    @property
    def live_key_ids(self) -> list[str]:
        """The signing keys that were introduced and have not ended, the newest last."""
        ended = {event.key_id for event in self.keys if isinstance(event, e.KeyEnded)}
        return [event.key_id for event in self.keys if isinstance(event, e.KeyIntroduced) and event.key_id not in ended]

    @property
    def next_due_us(self) -> int | None:
        """When the node wants to be told that time has passed, if nothing happens before; None: never."""
        if self.began is None:
            return None
        due = [*(side.next_due_us for side in self._sides.values()), self.talk.next_due_us]
        return min((at_us for at_us in due if at_us is not None), default=None)

    def step(self, event: e.Event, *, by: str, exercise: bool, at_us: int) -> Effects:
        """What follows from an event. `by` is a user's id, "feed:ID" or "node"; `at_us` never goes back.

        Raises `Refused` where the event cannot be, or `by` may not; then nothing has changed."""
        assert at_us >= self.clock_us, "the host hands in a clock that never goes back"
        if self.began is None:
            return self._begin(event, at_us)
        if self.exercise and not exercise:
            mend = "Mark what you send as exercise, or use the node of operations."
            raise Refused("exercise.only", "This node is for exercises", value=e.kind_of(event), mend=mend)
        self._check(event, by, exercise, at_us)
        adds = self._adds(event)
        teller = Teller(self.sequence, at_us)
        self.clock_us = at_us
        for side in self._sides.values():
            side.pass_time(partial(self.talk.open_messages, side.exercise, at_us), teller)
        self.talk.pass_time(self._sides, teller)
        seals: list[Seal] = []
        try:
            verdicts = self._apply(event, by, exercise, teller, seals)
        except Refused as refused:
            raise RuntimeError("what was checked was refused all the same") from refused
        self.sequence += 1
        if adds:
            self.talk.witnesses.grown = self.sequence
        return Effects(tuple(teller.told), self.next_due_us, verdicts, tuple(seals))

    def _adds(self, event: e.Event) -> bool:
        """Whether an event is of what happened, and not only a word about records: two nodes would else never fall silent."""
        if isinstance(event, e.PacketCame):
            return self.talk.channel.learns_from(event.came)
        return not isinstance(event, e.SnapshotTaken)

    @property
    def origin_line(self) -> str:
        """The first line of its checkpoints."""
        return origin_line(self.origin, self.epoch)

    def _begin(self, event: e.Event, at_us: int) -> Effects:
        if not isinstance(event, e.NodeBegan):
            raise Refused("node.not_begun", "A record begins with the node", value=e.kind_of(event))
        words_checked(event.name, "$.name")
        self.members.begin(event.party)
        self.began, self.origin, self.clock_us, self.sequence = event, event.origin, at_us, 1
        for exercise in (False, True):
            watch = Watch(
                (), assumed_error_m=event.assumed_error_mm / 1000, lateness_us=event.lateness_us,
                max_speed_mps=event.max_speed_mmps / 1000,
            )  # fmt: skip
            self._sides[exercise] = Side(watch, event.party, exercise=exercise)
        self.talk = Talk(event.party, at_us, only_exercise=event.exercise)
        return Effects()

    # what can be

    def _check(self, event: e.Event, by: str, exercise: bool, at_us: int) -> None:
        """Raises `Refused` where the event cannot be in the state the node is in, or is not for `by` to give."""
        side, members = self._sides[exercise], self.members
        match event:
            case e.PositionsArrived():
                side.check_positions(event)
                if by != f"feed:{event.feed}":
                    self._allow(by, Action.REPORT, members.access_of("feed", event.feed))
            case e.ZonesAgreed():
                for zone in event.zones:
                    id_checked(zone.id, "$.id")
                    self._allow(by, Action.AGREE_ZONE, self._owned("zone", zone.id, by))
                side.check_zones(event.zones)
            case e.ZoneEnded():
                side.check_zone_ends(event.zone)
                words_checked(event.reason, "$.reason")
                self._allow(by, Action.END_ZONE, members.access_of("zone", event.zone))
            case e.AlertAcknowledged():
                alert = side.alerts.check("acknowledge", event.alert, event.note)
                self._allow(by, Action.ACKNOWLEDGE_ALERT, *self.concerned(alert, side))
            case e.AlertAssigned():
                alert = side.alerts.check("assign", event.alert, event.note)
                self._allow(by, Action.ASSIGN_ALERT, *self.concerned(alert, side))
                self._check_assignee(event.to, alert, side)
            case e.AlertCleared():
                alert = side.alerts.check("clear", event.alert, event.reason)
                self._allow(by, Action.CLEAR_ALERT, *self.concerned(alert, side))
            case e.Dealing():
                self._allow(by, ACTION_OF[type(event)], members.dealings)
                side.dealings.check(event, self.clock_us)
            case e.FeedDeclared():
                id_checked(event.feed, "$.feed")
                words_checked(event.source, "$.source")
                members.check_owner("feed", event.feed, event.owner)
                side.feeds.check_declaration(event)
                access = self._owned("feed", event.feed, by)
                if by != NODE and access.owner != event.owner:
                    mend = "Declare it for your own party."
                    raise Refused(
                        "feed.of_another", "Nobody declares a feed for another party", value=event.owner, mend=mend
                    )
                self._allow(by, Action.DECLARE_FEED, access)
            case e.FeedEnded():
                side.feeds.open(event.feed)
                self._allow(by, Action.END_FEED, members.access_of("feed", event.feed))
            case e.FeedStateChanged():
                side.feeds.open(event.feed)
                if by != f"feed:{event.feed}":
                    _only_the_node(event, by)
            case e.PartyNamed():
                members.check_party(event.party, event.name)
                self._allow(by, Action.NAME_PARTY, Access("party", event.party, event.party, None, Sensitivity.OPEN))
            case e.UserAdmitted():
                members.check_admission(event.user, event.party, event.role, event.clearance)
                clearance = sensitivity_of(event.clearance, "$.clearance")
                self._allow(by, Action.ADMIT_USER, Access("user", event.user, event.party, None, clearance))
                if (held := members.member(event.user)) is not None:
                    self._allow(by, Action.ADMIT_USER, held.access)
            case e.UserEnded():
                members.check_user_ends(event.user)
                self._allow(by, Action.END_USER, self._member(event.user).access)
            case e.TokenIssued():
                members.check_token(event.token_id, event.user, event.token_hash, event.feed)
                self._allow(by, Action.ISSUE_TOKEN, self._member(event.user).access)
            case e.TokenRevoked():
                members.check_revocation(event.token_id)
                token = members.token(event.token_id)
                assert token is not None
                self._allow(by, Action.REVOKE_TOKEN, self._member(token.user).access)
            case e.UserInvited():
                members.check_signs_in(event.user)
                self._allow(by, Action.INVITE_USER, self._member(event.user).access)
            case e.PasswordSet() | e.SessionBegan():
                members.check_signs_in(event.user)
                _only_oneself(event, by)
            case e.SessionEnded():
                if members.member(event.user) is None:
                    raise Refused("user.unknown", "There is no such user", value=event.user)
                if by != event.user:
                    self._allow(by, Action.END_SESSION, self._member(event.user).access)
            case e.AccessSet():
                members.check_access(event.object_kind, event.object_id, event.sensitivity, event.recipients)
                access = members.access_of(event.object_kind, event.object_id)
                self._allow(by, Action.SET_ACCESS, access)
            case e.SealErased():
                words_checked(event.reason, "$.reason")
                named = [member for member in members.members() if event.hash and member.name_hash == event.hash]
                if not named:
                    raise Refused("seal.unknown", "Nobody's name is sealed under this hash", value=event.hash)
                self._allow(by, Action.ADMIT_USER, named[0].access)
            case e.CardTaken():
                self.talk.check_card(event, members.parties, self.origin)
                self._allow(by, Action.PAIR, self._of_peer(event.party))
            case e.CardEnded():
                self.talk.check_card_ends(event)
                self._allow(by, Action.PAIR, self._of_peer(event.party))
            case e.PeerJoined():
                self.talk.check_peer(event)
                self._allow(by, Action.PAIR, self._of_peer(event.peer))
            case e.ReachedByHand():
                self.talk.check_by_hand(event, members.parties)
                self._allow(by, Action.PAIR, self._of_peer(event.party))
            case e.MessageGiven():
                self._allow(by, Action.SEND_MESSAGE, self._of_message(""))
                self.talk.check_message(event.payload, by, exercise=exercise, at_us=at_us)
            case e.StatementGiven():
                self._allow(by, Action.STATE, self._of_message(""))
                self.talk.check_statement(event.payload, exercise=exercise)
            case e.PeerRefused():
                _only_the_node(event, by)
                self.talk.check_refusal(event)
            case e.OpenedLater():
                _only_the_node(event, by)
                self.talk.check_opened_later(event)
            case e.PacketCame():
                _only_the_node(event, by)
                self.talk.check_packet(event)
            case e.NodeBegan():
                raise Refused("node.begun", "The node has begun already", value=event.name)
            case _:
                _only_the_node(event, by)

    def _allow(self, by: str, action: Action, about: Access, *also: Access) -> None:
        """Raises `Refused` unless `by` may do this. The node itself sets up its first users, and does nothing else that people do."""
        if by == NODE and action in _OF_THE_FIRST_HOUR:
            return
        user = self.members.user(by)
        if user is None:
            raise Refused("access.unknown_user", "Nobody of this id acts here", value=by)
        decision = may(user, action, about, *also)
        if not decision:
            raise Refused(decision.why, f"The user may not {action.replace('_', ' ')} here", value=by)

    def _owned(self, kind: str, object_id: str, by: str) -> Access:
        """Who may see an object; one that is new belongs to the party that brings it."""
        if self.members.knows(kind, object_id):
            return self.members.access_of(kind, object_id)
        user = self.members.user(by)
        owner = self.members.house if user is None else user.party
        return Access(kind, object_id, owner, (), FIRST_SENSITIVITY)

    def _of_message(self, id: str) -> Access:
        """A message is the house's alone; what it is about has terms of its own."""
        return Access("message", id, self.members.house, (), FIRST_SENSITIVITY)

    def _of_peer(self, party: str) -> Access:
        return Access("peer", party, self.members.house, (), FIRST_SENSITIVITY)

    def _member(self, user: str) -> Member:
        member = self.members.member(user)
        assert member is not None, "it was checked"
        return member

    def assignees(self, alert: LiveAlert, side: Side) -> list[User]:
        """Who may look after an alert, by id: they may see it, and do something about it."""
        acting = filter(None, (self.members.user(member.id) for member in self.members.members()))
        concerned = self.concerned(alert, side)
        return [user for user in acting if may(user, Action.ACKNOWLEDGE_ALERT, *concerned)]

    def _check_assignee(self, to: str, alert: LiveAlert, side: Side) -> None:
        """Whoever is to look after an alert must be able to see it, and to do something about it."""
        user = self.members.user(to)
        if user is None or not may(user, Action.ACKNOWLEDGE_ALERT, *self.concerned(alert, side)):
            mend = "Choose somebody who may see it and acknowledge it."
            raise Refused("alert.assignee", "This user cannot look after the alert", value=to, mend=mend, where="$.to")

    def concerned(self, alert: LiveAlert, side: Side) -> tuple[Access, ...]:
        """Every object that an alert rests on."""
        return self._concerned(side, alert)

    def concerned_by(self, told: Told) -> tuple[Access, ...]:
        """Every object that something told rests on; whoever may not see one of them may not see the line.

        A line that names nothing is the house's own, and severe: what nobody can say is not for everybody."""
        return self._concerned(self._sides[told.exercise], told, of_its_terms=told.what == "zone")

    @property
    def of_talk(self) -> tuple[Access, ...]:
        """What was said to other parties and by them, whichever it is."""
        return (self._of_message(""),)

    def _own(self, about: LiveAlert | Told) -> list[Access]:
        """Of what is the house's own: a message, what it has to do with a peer, its dealings."""
        own = [self._of_message(about.message)] if about.message else []
        own += [self._of_peer(about.peer)] if about.peer else []
        return [*own, self.members.dealings] if about.agreement or about.of_party else own

    def _concerned(self, side: Side, about: LiveAlert | Told, of_its_terms: bool = False) -> tuple[Access, ...]:
        own = self._own(about)
        if not (about.zone or about.subject or about.feed):
            return tuple(own) or (Access("node", "", self.members.house, (), Sensitivity.SEVERE),)
        # what is agreed rests on no report
        behind = () if of_its_terms or own else side.feeds_behind(about.zone, about.subject)
        return (*own, *self.members.concerned(about.zone, about.subject, about.feed, behind))

    # what follows

    def _apply(self, event: e.Event, by: str, exercise: bool, teller: Teller, seals: list[Seal]) -> bytes:
        side = self._sides[exercise]
        match event:
            case e.PositionsArrived():
                return side.take_positions(event, teller)
            case e.ZonesAgreed():
                for zone in event.zones:
                    self.members.own("zone", zone.id, self._owned("zone", zone.id, by).owner)
                side.agree(event.zones, by, teller)
            case e.ZoneEnded():
                side.end_zone(event.zone, event.reason, by, teller)
            case e.AlertAcknowledged():
                self._step_alert("acknowledge", event.alert, by, event.note, "", side, teller)
            case e.AlertAssigned():
                self._step_alert("assign", event.alert, by, event.note, event.to, side, teller)
            case e.AlertCleared():
                self._step_alert("clear", event.alert, by, event.reason, "", side, teller)
            case e.Dealing():
                side.deal(event, by, partial(self.talk.open_messages, exercise, teller.at_us), teller)
            case e.FeedDeclared():
                self.members.own("feed", event.feed, event.owner)
                side.feeds.declare(event, teller.at_us)
            case e.FeedEnded():
                side.feeds.open(event.feed).is_open = False
            case e.FeedStateChanged():
                side.change_feed_state(event, teller)
            case e.Overloaded():
                side.note_overload(event, teller)
            case e.EpochBegan():
                self.epoch, self.origin = event.epoch, event.origin
                seals += self.talk.begin_anew(self._sides, teller)
            case e.SnapshotTaken():
                self.snapshot_size = event.size
            case e.BodiesDropped():
                self.bodies_from = event.before
            case e.KeyIntroduced() | e.KeyEnded():
                self.keys.append(event)
            case e.SealErased():
                self.members.forget_name(event.hash)
            case e.TimePassed() | e.NodeBegan():
                pass
            case e.CardTaken() | e.CardEnded() | e.PeerJoined() | e.ReachedByHand():
                self._apply_to_peers(event, by, teller)
            case e.MessageGiven():
                seals += self.talk.give(event.payload, self._sides, teller)
            case e.StatementGiven():
                seals += self.talk.state_of(event.payload, self._sides, teller)
            case e.MessagesSealed():
                seals += self.talk.note_sealed(event.forms, self._sides, teller)
            case e.PeerRefused():
                self.talk.note_refusal(event, self._sides, teller)
            case e.OpenedLater():
                seals += self.talk.open_later(event, self._sides, teller)
            case e.PacketCame():
                seals += self.talk.take_packet(event, self.origin_line, self._sides, teller)
            case _:
                self._apply_to_members(event)
        return b""

    def _apply_to_peers(
        self, event: e.CardTaken | e.CardEnded | e.PeerJoined | e.ReachedByHand, by: str, teller: Teller
    ) -> None:
        match event:
            case e.CardTaken():
                if event.party not in self.members.parties:
                    self.members.name_party(event.party, event.name)
                self.talk.take_card(event, self._sides, by, teller)
            case e.CardEnded():
                self.talk.end_card(event, self._sides, by, teller)
            case e.PeerJoined():
                self.talk.join(event, self._sides, by, teller)
            case e.ReachedByHand():
                self.talk.reach_by_hand(event, self._sides, by, teller)

    def _apply_to_members(self, event: e.Event) -> None:
        members = self.members
        match event:
            case e.PartyNamed():
                members.name_party(event.party, event.name)
            case e.UserAdmitted():
                members.admit(event.user, event.party, event.role, event.clearance, event.name_hash)
            case e.UserEnded():
                members.end_user(event.user)
            case e.TokenIssued():
                members.issue_token(event.token_id, event.user, event.token_hash, event.feed, event.expires_at_us)
            case e.TokenRevoked():
                members.revoke_token(event.token_id)
            case e.AccessSet():
                members.set_access(event.object_kind, event.object_id, event.sensitivity, event.recipients)

    def _step_alert(self, what: str, alert_id: str, by: str, words: str, to: str, side: Side, teller: Teller) -> None:
        alert = side.alerts.held(alert_id)
        step = side.alerts.step(what, alert, by, teller.at_us, words, to)
        about = {"subject": alert.subject, "zone": alert.zone, "feed": alert.feed}
        about |= {name: id for name in ("message", "peer", "agreement", "of_party") if (id := getattr(alert, name))}
        named = {name: id or None for name, id in about.items()}
        members: dict[str, object] = {"alert": alert.id, "state": step.state, "by": by, **named}
        if to:
            members["to"] = to
        if words:
            members["words"] = words
        teller.tell_of("alert_step", members, exercise=side.exercise, **about)

    # the whole state

    def packed(self) -> bytes:
        """The whole state; equal states give equal bytes, on every machine."""
        assert self.began is not None, "there is nothing to pack before the first event"
        held = _Held(
            self.began, self.sequence, self.clock_us, self.epoch, self.origin, self.snapshot_size, self.bodies_from,
            self.keys, self.members.state(), self._sides[False].books(), self._sides[True].books(), self.talk.state(),
        )  # fmt: skip
        parts = [msgspec.json.encode(held), self._sides[False].watch.packed(), self._sides[True].watch.packed()]
        return b"".join([_MAGIC, _LENGTHS.pack(*map(len, parts)), *parts])

    def digest(self) -> str:
        """SHA-256 of the packed state, hexadecimal."""
        return sha256(self.packed()).hexdigest()

    @staticmethod
    def unpacked(data: bytes) -> Node:
        """The node of which these bytes are the packed state; raises `Refused` where they are none that this build can read."""
        begin = len(_MAGIC) + _LENGTHS.size
        if not data.startswith(_MAGIC) or len(data) < begin:
            raise Refused("snapshot.unreadable", "This is no snapshot of a node", value=data[:8])
        lengths = _LENGTHS.unpack_from(data, len(_MAGIC))
        if begin + sum(lengths) != len(data):
            raise Refused("snapshot.unreadable", "The snapshot is cut off, or too long", value=len(data))
        ends = [begin + sum(lengths[:count]) for count in range(4)]
        try:
            held = msgspec.json.decode(data[ends[0] : ends[1]], type=_Held)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused("snapshot.unreadable", f"The snapshot is of another build ({error})") from error
        node = Node()
        node.began, node.sequence, node.clock_us = held.began, held.sequence, held.clock_us
        node.epoch, node.origin = held.epoch, held.origin
        node.snapshot_size, node.bodies_from = held.snapshot_size, held.bodies_from
        node.keys = held.keys
        node.members = Membership.restored(held.members)
        for exercise, books, place in ((False, held.operations, 1), (True, held.exercise, 2)):
            watch = Watch.unpacked(data[ends[place] : ends[place + 1]])
            node._sides[exercise] = Side(watch, node.members.house, exercise=exercise, books=books)
        node.talk = Talk(held.began.party, 0, only_exercise=held.began.exercise, state=held.talk)
        return node


def _only_oneself(event: e.PasswordSet | e.SessionBegan, by: str) -> None:
    if by != event.user:
        raise Refused("event.of_oneself", "Nobody signs in for somebody else", value=by)


def _only_the_node(event: e.Event, by: str) -> None:
    if by != NODE:
        raise Refused("event.of_the_node", "Only the node itself can say this", value=e.kind_of(event))


def about(node: Node) -> dict[str, object]:
    """What a node says of itself to whoever may read anything."""
    assert node.began is not None
    return {
        "name": node.began.name, "party": node.began.party, "origin": node.origin, "epoch": node.epoch, "exercise": node.exercise,
        "size": node.sequence, "at": utc_text(node.clock_us),
    }  # fmt: skip
