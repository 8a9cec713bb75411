"""What a node has to do with other parties: their cards, the channel to them, and what is told of both.

The channel says what follows from an event; here that becomes lines, and alerts where a person has to look. Nothing here sends: a
message is one that a person gave, and what the channel asks for is sealed and carried by the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from keepclear.channel.channel import (
    WORD_VALID_US,
    ByHand,
    Changed,
    Channel,
    ChannelState,
    Doubted,
    Effect,
    Found,
    Given,
    HeldBack,
    Joined,
    Opened,
    OpenedLater,
    Restored,
    Said,
    Seal,
    Sealed,
    Show,
    Stated,
    Thread,
    TimePassed,
)
from keepclear.channel.channel import Event as ChannelEvent
from keepclear.channel.messages import Message
from keepclear.channel.standing import Debt, due_us
from keepclear.channel.statements import Statement
from keepclear.ground.canon import base64_bytes
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import us_checked, utc_text
from keepclear.ground.signing import note_key, read_envelope
from keepclear.ground.words import words_checked
from keepclear.node import events as e
from keepclear.node.agreed import Open
from keepclear.node.dealings import step_said
from keepclear.node.side import Side
from keepclear.node.teller import Teller
from keepclear.node.witnesses import Noticed, Witnesses, WitnessState
from keepclear.parties.ids import id_checked
from keepclear.parties.names import Kind, Name, Party, named_so
from keepclear.parties.names import checked as names_checked
from keepclear.record.witness import Shown

PEERS_MAX = 1_000
_ADDRESS = re.compile(r"https://[A-Za-z0-9.:\[\]-]{1,253}/?")
EARLIER_KEYS_MAX = 8
# Of keys that ended so, somebody else may have made what they signed.
_KEYS_OF_OTHERS = frozenset({"lost", "compromised"})
_CARD_ENDS = ("rotated", "lost", "compromised", "ended")
_SEALING_KEY_BYTES = 32
_CERTIFICATE_BYTES_MAX = 8_192
_OPEN = frozenset({Debt.OWED, Debt.STAND_BY, Debt.CLAIMED, Debt.UNCONFIRMED})


class Peer(msgspec.Struct, frozen=True):
    """Where a peer's link is, and whom it leads to besides itself."""

    leads_to: tuple[str, ...]
    address: str


class TalkState(msgspec.Struct):
    """Everything that is held of other parties and of what was said to them."""

    channel: ChannelState
    cards: dict[str, e.CardTaken]
    ended: dict[str, e.CardEnded]
    peers: dict[str, Peer]
    witnesses: WitnessState = msgspec.field(default_factory=WitnessState)
    refused_by: dict[str, str] = {}
    earlier: dict[str, list[tuple[str, int]]] = {}


class Talk:
    """See the module.

    channel  what was said and what is owed
    cards    of other parties, by party; the newest of each, also where it has ended
    ended    how the newest card of a party ended
    peers    whom this node hands things to itself
    witnesses  what was shown of records, and who countersigned ours
    refused_by  peers that take nothing from us, and the key of their refusal
    earlier     keys that a party signed with before its newest, none of them lost or compromised, and until when they count for what
                was under way"""

    def __init__(self, house: str, at_us: int, *, only_exercise: bool, state: TalkState | None = None) -> None:
        if state is None:
            channel = Channel(house, at_us, only_exercise=only_exercise)
            self.channel, self.cards, self.ended, self.peers = channel, {}, {}, {}
        else:
            self.channel = Channel.restored(state.channel)
            self.cards, self.ended, self.peers = state.cards, state.ended, state.peers
        self.witnesses = Witnesses(WitnessState() if state is None else state.witnesses)
        self.refused_by: dict[str, str] = {} if state is None else state.refused_by
        self.earlier: dict[str, list[tuple[str, int]]] = {} if state is None else state.earlier

    def state(self) -> TalkState:
        """Everything that is held."""
        return TalkState(
            self.channel.state(),
            self.cards,
            self.ended,
            self.peers,
            self.witnesses.state(),
            self.refused_by,
            self.earlier,
        )

    @property
    def next_due_us(self) -> int | None:
        """When time alone next changes something; None: never."""
        return self.channel.next_due_us

    def card(self, party: str) -> e.CardTaken:
        """The card of a party that its word goes by; raises `Refused` where there is none."""
        card = self.cards.get(party)
        if card is None:
            mend = "Take in the file that its node writes with `keepclear peer card`, and compare the number."
            raise Refused("card.none", "There is no card of this party", value=party, mend=mend)
        if party in self.ended:
            mend = "Take in a new card of it, and compare the number."
            what = f"The card of this party has ended ({self.ended[party].why})"
            raise Refused("card.ended", what, value=party, mend=mend)
        return card

    def signs_of(self, party: str, at_us: int) -> tuple[str, ...]:
        """Verifier lines of the keys under which a party's word is taken: of its card, and those before it for what was under way; empty
        where it has no card, or that has ended."""
        if party not in self.cards or party in self.ended:
            return ()
        earlier = [signs for signs, until_us in self.earlier.get(party, ()) if at_us < until_us]
        return (self.cards[party].signs, *earlier)

    # what can be

    def check_card(self, event: e.CardTaken, parties: Mapping[str, str], own_origin: str) -> None:
        """Raises `Refused` if this cannot be the card of a party beside these (id to name); `own_origin` of the record of this node."""
        id_checked(event.party, "$.party")
        if event.party == self.channel.own:
            raise Refused("card.own", "This is the card of this node itself", value=event.party, where="$.party")
        name = Party(event.party, (Name(event.name, "und", Kind.OFFICIAL),))
        names_checked([name])
        others = {**parties, **{card.party: card.name for card in self.cards.values()}}
        known = [Party(party, (Name(called, "und"),)) for party, called in others.items() if party != event.party]
        for meant in named_so(known, event.name):
            mend = f'{meant.party} is called "{meant.name.text}". Ask for a card with a name that nobody takes for it.'
            what = "The name passes for another party's"
            raise Refused("name.lookalike", what, value=event.name, mend=mend, where="$.name")
        if note_key(event.signs).name != event.origin:
            raise Refused("card.origin", "The key is of another record", value=event.origin, where="$.origin")
        owners = {card.origin: card.party for card in self.cards.values()} | {own_origin: self.channel.own}
        if owners.get(event.origin, event.party) != event.party:
            mend = f"It is the record of {owners[event.origin]}: what is shown of a record counts for one party."
            raise Refused(
                "card.origin", "The record is another party's", value=event.origin, mend=mend, where="$.origin"
            )
        if len(base64_bytes(event.seals)) != _SEALING_KEY_BYTES:
            raise Refused("card.seals", "This is no key to seal with", value=event.seals, where="$.seals")
        if not 0 < len(base64_bytes(event.tls)) <= _CERTIFICATE_BYTES_MAX:
            raise Refused("card.tls", "This is no certificate", where="$.tls")
        if not event.compared_with.strip():
            mend = "Read the number to each other over a line on which you know each other's voice, and say with whom."
            what = "Nobody has compared the number of the two cards"
            raise Refused("card.not_compared", what, mend=mend, where="$.compared_with")
        words_checked(event.compared_with, "$.compared_with")
        if event.party not in self.cards and len(self.cards) >= PEERS_MAX:
            raise LimitExceeded("cards.too_many", f"There are {PEERS_MAX:,} cards already", value=event.party)

    def check_card_ends(self, event: e.CardEnded) -> None:
        """Raises `Refused` if there is no card of this party, or it cannot end so."""
        self.card(event.party)
        if event.why not in _CARD_ENDS:
            mend = f"Reasons: {', '.join(_CARD_ENDS)}."
            raise Refused("card.why", "A card does not end for this", value=event.why, mend=mend, where="$.why")
        if event.since_us is not None:
            us_checked(event.since_us, "$.since_us")
        words_checked(event.note, "$.note")

    def check_peer(self, event: e.PeerJoined) -> None:
        """Raises `Refused` if this cannot be a peer."""
        self.card(event.peer)
        for number, party in enumerate(event.leads_to):
            id_checked(party, f"$.leads_to[{number}]")
            if party in (self.channel.own, event.peer):
                raise Refused("peer.leads_to", "It leads to others", value=party, where=f"$.leads_to[{number}]")
        if event.address and not _ADDRESS.fullmatch(event.address):
            mend = "It is https://HOST:PORT, as the other side says."
            raise Refused(
                "peer.address", "This is no address of a node", value=event.address, mend=mend, where="$.address"
            )
        if len(event.leads_to) > PEERS_MAX:
            raise LimitExceeded("peer.leads_to", f"A peer leads to at most {PEERS_MAX:,} parties", where="$.leads_to")

    def check_by_hand(self, event: e.ReachedByHand, parties: Mapping[str, str]) -> None:
        """Raises `Refused` if this party cannot be reached by hand: it is not named yet, or has a node."""
        if event.party == self.channel.own or event.party not in parties:
            mend = "Name the party first."
            raise Refused(
                "party.unknown", "There is no such other party", value=event.party, mend=mend, where="$.party"
            )
        if event.party in self.peers:
            raise Refused("peer.has_a_node", "This party has a node that things are handed to", value=event.party)
        words_checked(event.note, "$.note")

    def check_message(self, payload: str, by: str, *, exercise: bool, at_us: int) -> Message:
        """The message, if this user can give it now; raises `Refused`."""
        message = self.channel.check_given(payload.encode(), at_us)
        if not self.channel.is_by_hand(message.to):
            self.card(message.to)
        if message.author != by:
            mend = "Who sends it is named in it."
            raise Refused("message.author", "Somebody else is its author", value=message.author, mend=mend)
        _check_side(message.exercise, exercise)
        return message

    def check_statement(self, payload: str, *, exercise: bool) -> Statement:
        """The statement, if somebody here can give it; raises `Refused`."""
        _, statement = self.channel.check_stated(payload.encode())
        _check_side(statement.exercise, exercise)
        return statement

    def check_refusal(self, event: e.PeerRefused) -> None:
        """Raises `Refused` if this is no peer of ours, or cannot be what it says."""
        if event.peer not in self.peers:
            raise Refused("peer.unknown", "This party is no peer of ours", value=event.peer)
        words_checked(event.key, "$.key")
        words_checked(event.says, "$.says")

    def check_packet(self, event: e.PacketCame) -> None:
        """Raises `Refused` if nobody could have handed this over."""
        self.card(event.came.peer)
        if event.came.peer not in self.peers:
            mend = "`keepclear peer join` makes it one."
            raise Refused("peer.unknown", "This party is no peer of ours", value=event.came.peer, mend=mend)

    def check_opened_later(self, event: e.OpenedLater) -> None:
        """Raises `Refused` if something of it did not wait to be opened, or is no envelope."""
        unreadable = self.channel.unreadable
        for one in event.within:
            read_envelope(one.envelope.encode())
            if unreadable.get(one.digest) != one.sender:
                raise Refused("sealed.unknown", "Nothing of this party waits to be opened", value=one.digest)

    # what follows

    def take_card(self, event: e.CardTaken, sides: Mapping[bool, Side], by: str, teller: Teller) -> None:
        """A party's keys are these from now on."""
        before, ended = self.cards.get(event.party), self.ended.pop(event.party, None)
        was_there = before is not None
        if before is not None and before.signs != event.signs and (ended is None or ended.why not in _KEYS_OF_OTHERS):
            kept = [(before.signs, teller.at_us + WORD_VALID_US), *self.earlier.get(event.party, ())]
            self.earlier[event.party] = kept[:EARLIER_KEYS_MAX]
        self.cards[event.party] = event
        members = {"peer": event.party, "action": "card_changed" if was_there else "card_taken", "by": by}
        self._tell_peer(members, sides, teller)

    def end_card(self, event: e.CardEnded, sides: Mapping[bool, Side], by: str, teller: Teller) -> None:
        """A party's keys are not trusted any more."""
        self.ended[event.party] = event
        if event.why in _KEYS_OF_OTHERS:  # whoever has this key may have had those before it
            self.earlier.pop(event.party, None)
        if event.since_us is not None:
            self._step(Doubted(event.party, event.since_us), sides, teller)
        members = {"peer": event.party, "action": "card_ended", "why": event.why, "by": by}
        if event.since_us is not None:
            members["since_at"] = utc_text(event.since_us)
        self._tell_peer(members, sides, teller)

    def join(self, event: e.PeerJoined, sides: Mapping[bool, Side], by: str, teller: Teller) -> None:
        """A party's node is handed things from now on, or is somewhere else."""
        self.peers[event.peer] = Peer(event.leads_to, event.address)
        self._step(Joined(event.peer, event.leads_to), sides, teller)
        members = {"peer": event.peer, "action": "joined", "leads_to": event.leads_to, "by": by}
        self._tell_peer(members, sides, teller)

    def reach_by_hand(self, event: e.ReachedByHand, sides: Mapping[bool, Side], by: str, teller: Teller) -> None:
        """What is for this party is printed or said from now on."""
        self._step(ByHand(event.party), sides, teller)
        members = {"peer": event.party, "action": "by_hand", "note": event.note, "by": by}
        self._tell_peer(members, sides, teller)

    def give(self, payload: str, sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        """A message is on its way."""
        encoded = payload.encode()
        message = self.channel.check_given(encoded, teller.at_us)
        thread_at = len(self.channel)
        effects = self.channel.step(Given(encoded), teller.at_us)
        (thread,) = self.channel.threads(thread_at, 1)
        _tell_message(thread, "out", sides[message.exercise], teller)
        return self._told(effects, sides, teller)

    def state_of(self, payload: str, sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        """Somebody here has said what became of a message."""
        return self._step(Stated(payload.encode()), sides, teller)

    def note_sealed(self, forms: Iterable[e.SealedForm], sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        """What was to be sealed is sealed, and owed to whoever is next."""
        seals: list[Seal] = []
        for form in forms:
            seals += self._step(Sealed(form.payload_digest, form.digest, form.byte_count), sides, teller)
        return seals

    @property
    def trusted(self) -> dict[str, e.CardTaken]:
        """The cards that have not ended, by party."""
        return {party: card for party, card in self.cards.items() if party not in self.ended}

    def learns_of_records(self, peer: str, shown: Shown | None, origin: str, at_us: int) -> bool:
        """Whether anything follows from what a peer shows of records; `origin`: the origin line of the own one."""
        return self.witnesses.learns_from(peer, shown, self.trusted, origin, at_us)

    def take_packet(self, event: e.PacketCame, origin: str, sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        """A peer has handed something over, and shows perhaps what it knows of records."""
        if self.refused_by.pop(event.came.peer, None) is not None:
            self._tell_peer({"peer": event.came.peer, "action": "takes_again"}, sides, teller)
        seals = self._step(event.came, sides, teller)
        if event.shown is not None:
            for noticed in self.witnesses.take(event.came.peer, event.shown, self.trusted, origin, teller.at_us):
                self._tell_noticed(noticed, sides, teller)
        return seals

    def note_refusal(self, event: e.PeerRefused, sides: Mapping[bool, Side], teller: Teller) -> None:
        """A peer takes nothing from us; told once, until it does again."""
        if self.refused_by.get(event.peer) != event.key:
            self.refused_by[event.peer] = event.key
            params: dict[str, object] = {"refusal": event.key, "says": event.says}
            side = sides[self.channel.only_exercise]
            side.raise_alert("peer_refuses_us", "now", params, teller, peer=event.peer)

    def open_later(self, event: e.OpenedLater, sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        """What could not be opened when it came is read now."""
        opened = {}
        for one in event.within:
            envelope = read_envelope(one.envelope.encode())
            opened[one.digest] = Opened(envelope.payload_type, envelope.payload, one.sender)
        return self._step(OpenedLater(opened), sides, teller)

    def begin_anew(self, sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        """This node goes on from a copy."""
        return self._step(Restored(), sides, teller)

    def pass_time(self, sides: Mapping[bool, Side], teller: Teller) -> None:
        """Lets time pass to the instant of the event."""
        due_us = self.channel.next_due_us
        if due_us is not None and due_us <= teller.at_us:
            self._step(TimePassed(), sides, teller)

    def open_with(self, party: str, exercise: bool, at_us: int) -> Iterator[str]:
        """Ids of the messages from and to a party of which something is owed still, and that are of use still."""
        for thread in self.channel.threads(0, len(self.channel)):
            message = thread.message
            of_both = party in (message.sender, message.final)
            if of_both and message.exercise is exercise and at_us < message.valid_until_us and thread.debt in _OPEN:
                yield thread.id

    def open_messages(self, exercise: bool, at_us: int) -> Iterator[Open]:
        """The messages about a zone or an agreement that are of use still, and that no other stands in the place of."""
        for thread in self.channel.threads(0, len(self.channel)):
            message, kind = thread.message, thread.message.about.kind
            if message.exercise is exercise and at_us < message.valid_until_us and thread.superseded_at_us is None:
                if kind == "zone":
                    yield Open("message", thread.id, zone=message.about.id)
                elif kind == "agreement":
                    yield Open("message", thread.id, agreement=message.about.id)

    def _step(self, event: ChannelEvent, sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        return self._told(self.channel.step(event, teller.at_us), sides, teller)

    # what is told

    def _told(self, effects: Iterable[Effect], sides: Mapping[bool, Side], teller: Teller) -> list[Seal]:
        """Tells what the channel concluded, and gives what it asks for."""
        seals = []
        for effect in effects:
            match effect:
                case Seal():
                    seals.append(effect)
                case Show(id):
                    thread = self.channel.thread(id)
                    _tell_message(thread, "in", sides[thread.message.exercise], teller)
                    _alert_of(thread, "message_came", sides, teller)
                case Said():
                    thread = self.channel.thread(effect.message)
                    _tell_statement(thread, effect, sides[thread.message.exercise], teller)
                case Changed():
                    self._tell_changed(effect, sides, teller)
                case HeldBack(digest, why):
                    members: dict[str, object] = {
                        "peer": self.channel.own,
                        "action": "held_back",
                        "digest": digest,
                        "why": why,
                    }
                    self._tell_peer(members, sides, teller)
                case Found(peer, what, lie):
                    params: dict[str, object] = {"what": what}
                    if lie is not None:
                        params |= {"series": lie.series, "number": lie.number, "digests": lie.digests}
                    side = sides[self.channel.only_exercise]
                    side.raise_alert("peer_contradicts_itself", "now", params, teller, peer=peer)
        return seals

    def _tell_noticed(self, noticed: Noticed, sides: Mapping[bool, Side], teller: Teller) -> None:
        party, about = noticed.party, {"size": noticed.size, "epoch": noticed.epoch}
        match noticed.what:
            case "seen":
                self._tell_peer({"peer": party, "action": "record_seen", **about}, sides, teller)
            case "anew":
                members = {"peer": party, "action": "record_anew", **about, "kept": noticed.kept}
                self._tell_peer(members, sides, teller)
            case "withheld":
                params: dict[str, object] = {"what": "growth_withheld", **about}
                sides[self.channel.only_exercise].raise_alert(
                    "peer_contradicts_itself", "soon", params, teller, peer=party
                )
            case "split":
                split = noticed.split
                assert split is not None, "a split has its notes"
                shown = {"what": "split_view", **about, "told_by": noticed.told_by, "notes": [split.one, split.other]}
                if split.growth is not None:
                    shown["growth"] = msgspec.to_builtins(split.growth)
                sides[self.channel.only_exercise].raise_alert(
                    "peer_contradicts_itself", "now", shown, teller, peer=party
                )

    def _tell_changed(self, changed: Changed, sides: Mapping[bool, Side], teller: Teller) -> None:
        thread = self.channel.thread(changed.message)
        side = sides[thread.message.exercise]
        standing = self.channel.standing(thread.id, teller.at_us)
        members: dict[str, object] = {"message": thread.id, "was": changed.was.value, "now": changed.now.value}
        if changed.mismatch:
            members["mismatch"] = True
        if standing.late:
            members["late"] = True
        teller.tell_of("standing", members, exercise=side.exercise, message=thread.id)
        is_ours = thread.message.sender == self.channel.own
        if changed.now is Debt.UNCONFIRMED and changed.was is not Debt.UNCONFIRMED:
            _alert_of(thread, "message_unconfirmed" if is_ours else "reply_overdue", sides, teller)
        if changed.mismatch and not changed.was_mismatch and is_ours:
            _alert_of(thread, "read_back_differs", sides, teller, urgency="now")

    def _tell_peer(self, members: Mapping[str, object], sides: Mapping[bool, Side], teller: Teller) -> None:
        side = sides[self.channel.only_exercise]
        teller.tell_of("peer", members, exercise=side.exercise, peer=str(members["peer"]))


def _check_side(said: bool, asked: bool) -> None:
    if said is not asked:
        mend = "Mark it as exercise everywhere, or nowhere."
        raise Refused("exercise.mixed", "What is exercise and what is not never meet", mend=mend, where="$.exercise")


def _about(message: Message) -> dict[str, object]:
    """What of a message a line says; its words are with the message."""
    said: dict[str, object] = {"from": message.sender, "to": message.to}
    if message.addressee:
        said["addressee"] = message.addressee
    said |= {"marker": message.marker.value, "urgency": message.urgency.value}
    if message.about.kind:
        said["about"] = f"{message.about.kind} {message.about.id}"
    for name in ("answers", "supersedes"):
        if cited := getattr(message, name):
            said[name] = cited
    return said


def _tell_message(thread: Thread, direction: str, side: Side, teller: Teller) -> None:
    message = thread.message
    members = {
        "message": thread.id, "direction": direction, **_about(message), "author": message.author, "due_at": utc_text(due_us(message)),
        "valid_until_at": utc_text(message.valid_until_us),
    }  # fmt: skip
    teller.tell_of("message", members, exercise=side.exercise, message=thread.id)


def _tell_statement(thread: Thread, said: Said, side: Side, teller: Teller) -> None:
    statement = said.kept.statement
    members: dict[str, Any] = {
        "message": thread.id, "statement": said.kept.id, "act": statement.act.value, "of": statement.of, "said_by": statement.said_by,
        "evidence": statement.evidence.value, "said_at": utc_text(statement.at_us),
    }  # fmt: skip
    for name in ("towards", "person", "carrier"):
        if value := getattr(statement, name):
            members[name] = value
    if statement.within_us is not None:
        members["within_s"] = statement.within_us / 1e6
    teller.tell_of("statement", members, exercise=side.exercise, message=thread.id)


def _alert_of(thread: Thread, key: str, sides: Mapping[bool, Side], teller: Teller, *, urgency: str = "") -> None:
    message = thread.message
    params = {**_about(message), "due_at": utc_text(due_us(message))}
    side = sides[message.exercise]
    if key == "message_unconfirmed" and message.about.kind == "zone":
        prompt = side.dealings.next_step_of(message.about.id, due_us(message), teller.at_us)
        params["next_step"] = step_said(prompt)
    side.raise_alert(key, urgency or message.urgency.value, params, teller, message=thread.id)
