"""The channel of one party: messages given and got, what is said of them, and what is still owed to whom.

    channel = Channel("alpha", life=...)
    effects = channel.step(Given(payload), at_us)

A deterministic machine like the watch: events in, effects out, no clock, no key, no wire. Whoever holds it seals and opens, signs
and verifies, and carries; and it makes an event durable before it does what the effects ask for. What was asked for and not yet done
is asked for again by `effects_again`, as after a crash; who gets something twice knows it by its digest.

No effect sends what a person has not given. What a machine says by itself is that it has exactly these bytes, and whom it passed
them on to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import NamedTuple

import msgspec

from keepclear.channel import carriage as way
from keepclear.channel import messages, statements
from keepclear.channel.carriage import HANDS_MAX, Carriage, Held, Mine
from keepclear.channel.links import Arrival, Inbox, InboxState, Lie, Outbox, OutboxState, Parcel, Taken
from keepclear.channel.messages import Message, Urgency, message_id
from keepclear.channel.standing import Debt, Doubt, Standing, due_us, standing_of
from keepclear.channel.statements import Act, Kept, Statement
from keepclear.ground.errors import LimitExceeded, Refused

MESSAGES_MAX = 1_000_000
# Of one party about one message: nobody uses up the room of another.
STATEMENTS_OF_A_PARTY_MAX = 200
# One message is sealed once, or anew after a restore; whoever seals it over and over gets no more receipts.
SEALED_FORMS_MAX = 16
SEEN_MAX = 1_000_000
OWED_TO_A_PEER_MAX = 100_000
OWED_BYTES_TO_A_PEER_MAX = 1 << 30
UNREADABLE_MAX = 10_000
# Of one peer: nobody hides by what it does what another has done.
FOUND_OF_A_PEER_MAX = 100
ID_DIGITS_MIN = 6
WORD_VALID_US = 30 * 86_400_000_000


# --- events ---


class Joined(NamedTuple):
    """A peer was paired: it is handed what is for these parties, and no longer what is for others that it led to before."""

    peer: str
    leads_to: tuple[str, ...]


class ByHand(NamedTuple):
    """A party has no node: what is for it goes on paper or by voice, and people enter what becomes of it."""

    party: str


class Given(NamedTuple):
    """A person of this party sends a message; `payload` is its one byte string."""

    payload: bytes


class Stated(NamedTuple):
    """A person of this party says what became of a message, or enters what somebody else said."""

    payload: bytes


class Sealed(NamedTuple):
    """What was asked to be sealed is sealed: these bytes lie beside the record."""

    payload_digest: str
    digest: str
    byte_count: int


class Opened(NamedTuple):
    """What lay within sealed bytes that were for this party, and whose key had signed it; `kind` is the type of the payload."""

    kind: str
    payload: bytes
    signed_by: str


class Came(NamedTuple):
    """A peer handed something over, under its signature.

    life    the instant at which its life began: a later one than before says that it was restored
    clock_us  what its clock said when it did: what is of use until then by its clock is until as long after now by ours
    taken   what it has taken of ours; None: nothing yet
    opened  by digest, what this party could open"""

    peer: str
    life: int
    clock_us: int
    taken: Taken | None
    parcels: tuple[Parcel, ...]
    opened: Mapping[str, Opened]


class Doubted(NamedTuple):
    """Somebody else may have signed as this party from an instant on, by our clock."""

    party: str
    since_us: int


class OpenedLater(NamedTuple):
    """What could not be opened when it came could be now, by its digest: a card that was missing is there."""

    opened: Mapping[str, Opened]


class Restored(NamedTuple):
    """This node goes on from a copy, and a new life begins."""


class TimePassed(NamedTuple):
    """Nothing else happened."""


Event = Joined | ByHand | Given | Stated | Sealed | Came | OpenedLater | Doubted | Restored | TimePassed


# --- effects ---


class Seal(NamedTuple):
    """Sign this payload and seal it to a party, then say so by `Sealed`."""

    to: str
    kind: str
    payload: bytes


class Show(NamedTuple):
    """A message for a person of this party, for the first time."""

    message: str


class Said(NamedTuple):
    """Something new is known of a message: a statement that was not held before."""

    message: str
    kept: Kept


class Changed(NamedTuple):
    """What a message asks for stands otherwise now: one of this party, or one that this party is to answer."""

    message: str
    was: Debt
    now: Debt
    mismatch: bool
    was_mismatch: bool = False


class HeldBack(NamedTuple):
    """A carriage goes no further here, or a payload of this party that was not sealed yet, by its SHA-256."""

    digest: str
    why: str


class Found(NamedTuple):
    """A peer has said two things that cannot both be: both are signed.

    what  "number": two parcels of one number; "head": it has taken what was never sent; "signature": the payload is signed by another
          party than it names"""

    peer: str
    what: str
    lie: Lie | None = None


Effect = Seal | Show | Said | Changed | HeldBack | Found


class Wanted(msgspec.Struct):
    """Something to be sealed, and how it is to go."""

    seal: Seal
    valid_until_us: int
    urgency: Urgency
    asks_word: bool
    exercise: bool
    message: str = ""


class Thread(msgspec.Struct):
    """A message and everything that is held of it.

    known_at_us  when it was given, or came
    sealed       SHA-256 of each of the forms in which it went over a link
    debt, mismatch  as they were told last"""

    id: str
    message: Message
    known_at_us: int
    sealed: list[str] = []
    statements: dict[str, Kept] = {}
    answers: dict[str, int] = {}
    superseded_at_us: int | None = None
    debt: Debt = Debt.OWED
    mismatch: bool = False


class PeerState(msgspec.Struct):
    """What goes to a peer, and what came from it."""

    outbox: OutboxState
    inbox: InboxState


class ChannelState(msgspec.Struct):
    """Everything a channel holds."""

    own: str
    life: int
    only_exercise: bool
    peers: dict[str, PeerState]
    routes: dict[str, str]
    by_hand: list[str]
    threads: list[Thread]
    seen: list[tuple[tuple[str, str, str], int]]
    superseded_by: list[tuple[tuple[str, str], str]]
    wanted: list[Wanted]
    owing: dict[str, int]
    unreadable: list[tuple[str, Carriage]]
    found: list[Found]
    refused: dict[str, int]
    doubts: list[Doubt] = []


class Channel:
    """See the module.

    life               the instant at which this node began, or went on from a copy
    only_exercise      what is no exercise is refused, whoever sends it
    outboxes, inboxes  by peer
    found              what peers were caught at
    doubts             since when whose keys are not trusted
    refused            how often something was refused that came in, by the key of the reason"""

    def __init__(self, own: str, life: int, *, only_exercise: bool = False) -> None:
        self.own = own
        self.life = life
        self.only_exercise = only_exercise
        self.outboxes: dict[str, Outbox] = {}
        self.inboxes: dict[str, Inbox] = {}
        self.found: list[Found] = []
        self.refused: dict[str, int] = {}
        self.doubts: list[Doubt] = []
        self._routes: dict[str, str] = {}
        self._by_hand: set[str] = set()
        self._threads: dict[str, Thread] = {}
        self._order: list[str] = []
        self._of_sealed: dict[str, str] = {}
        self._seen: dict[tuple[str, str, str], int] = {}
        self._superseded_by: dict[tuple[str, str], str] = {}
        self._wanted: dict[str, Wanted] = {}
        self._to_say: dict[tuple[str, Urgency, bool], list[Statement]] = {}
        self._owing: dict[str, int] = {}
        self._unreadable: dict[str, tuple[str, Carriage]] = {}
        self._falls_due: list[tuple[int, str]] = []
        self._read_last: tuple[bytes, Message] | None = None

    # the whole state

    def state(self) -> ChannelState:
        """Everything that is held, in an order that does not depend on where it was unpacked."""
        peers = {peer: PeerState(self.outboxes[peer].state(), self.inboxes[peer].state()) for peer in self.outboxes}
        return ChannelState(
            self.own, self.life, self.only_exercise, peers, self._routes, sorted(self._by_hand),
            list(self._threads.values()), list(self._seen.items()), list(self._superseded_by.items()),
            list(self._wanted.values()), self._owing, list(self._unreadable.values()), self.found, self.refused,
            self.doubts,
        )  # fmt: skip

    @staticmethod
    def restored(state: ChannelState) -> Channel:
        """The channel of this state, which it takes over."""
        channel = Channel(state.own, state.life, only_exercise=state.only_exercise)
        for peer, held in state.peers.items():
            channel.outboxes[peer] = Outbox.restored(state.own, peer, held.outbox)
            channel.inboxes[peer] = Inbox.restored(state.own, peer, held.inbox)
        channel._routes = state.routes
        channel._by_hand = set(state.by_hand)
        channel._threads = {thread.id: thread for thread in state.threads}
        channel._order = list(channel._threads)
        channel._of_sealed = {digest: thread.id for thread in state.threads for digest in thread.sealed}
        channel._seen = dict(state.seen)
        channel._superseded_by = dict(state.superseded_by)
        channel._wanted = {message_id(wanted.seal.payload): wanted for wanted in state.wanted}
        channel._owing = state.owing
        channel._unreadable = {outside.digest: (peer, outside) for peer, outside in state.unreadable}
        channel._falls_due = [(when_us, id) for id, when_us in state.owing.items()]
        heapify(channel._falls_due)
        channel.found, channel.refused, channel.doubts = state.found, state.refused, state.doubts
        return channel

    # what is asked

    @property
    def messages(self) -> Mapping[str, Message]:
        """Every message that was given or got, by id."""
        return {id: thread.message for id, thread in self._threads.items()}

    @property
    def unreadable(self) -> Mapping[str, str]:
        """What came for this party and could not be opened, by its digest, and from whom it says that it is."""
        return {digest: outside.sender for digest, (_, outside) in self._unreadable.items()}

    @property
    def routes(self) -> Mapping[str, str]:
        """To which peer goes what is for a party."""
        return self._routes

    def is_by_hand(self, party: str) -> bool:
        """Whether what is for a party goes on paper or by voice: it has no node that anything leads to."""
        return party in self._by_hand

    def __len__(self) -> int:
        return len(self._order)

    def threads(self, first: int, count: int) -> list[Thread]:
        """Messages in the order they were given or came, from the place `first` on."""
        return [self._threads[id] for id in self._order[first : first + count]]

    def thread(self, id: str) -> Thread:
        """A message and what is held of it; raises `Refused` for an id that is not held. By the SHA-256 of a sealed form it is found too."""
        held = self._threads.get(self._of_sealed.get(id, id))
        if held is None:
            mend = "The list of messages has their ids."
            raise Refused("message.unknown", "There is no such message", value=id, mend=mend)
        return held

    def thread_called(self, text: str) -> Thread:
        """The message of this id, or of as many of its first digits as make it one; raises `Refused`."""
        if text in self._threads or text in self._of_sealed or len(text) < ID_DIGITS_MIN:
            return self.thread(text)
        called = list(islice((id for id in self._threads if id.startswith(text)), 2))
        if len(called) > 1:
            mend = "Give more digits."
            raise Refused("message.ambiguous", "More than one message begins so", value=text, mend=mend)
        return self.thread(called[0] if called else text)

    def standing(self, message: str, at_us: int) -> Standing:
        """What is known of a message at an instant; raises KeyError for an id that is not held."""
        thread = self._threads[message]
        return standing_of(
            message,
            thread.message,
            thread.statements.values(),
            at_us,
            sealed=frozenset(thread.sealed),
            answers=thread.answers.items(),
            superseded_at_us=thread.superseded_at_us,
            doubts=self.doubts,
        )

    def statements(self, message: str) -> frozenset[str]:
        """The ids of all statements that are held of a message."""
        return frozenset(self._threads[message].statements)

    @property
    def next_due_us(self) -> int | None:
        """When time alone next changes something; None: never."""
        while self._falls_due and not self._still_falls_due(*self._falls_due[0]):
            heappop(self._falls_due)
        return self._falls_due[0][0] if self._falls_due else None

    def learns_from(self, came: Came) -> bool:
        """Whether anything follows from what a peer handed over; most of what is asked for again and again says nothing new."""
        inbox = self.inboxes[came.peer]
        if came.life > inbox.life or (came.taken is not None and self.outboxes[came.peer].tells_new(came.taken)):
            return True
        return any(inbox.arrival(one, one.digest) in (Arrival.NEW, Arrival.LIE) for one in came.parcels)

    def new_to(self, peer: str, parcels: Iterable[Parcel]) -> list[Parcel]:
        """Those of a peer's parcels, handed over in this order, that would be taken."""
        inbox = self.inboxes[peer]
        series, up_to, some = inbox.series, inbox.up_to, []
        for parcel in parcels:
            if (parcel.series, parcel.number) == (series, up_to + 1) or (parcel.series > series and parcel.number == 1):
                series, up_to = parcel.series, parcel.number
                some.append(parcel)
        return some

    def effects_again(self) -> list[Effect]:
        """What was asked for and is not done, as far as this machine knows."""
        return [wanted.seal for wanted in self._wanted.values()]

    # what happens

    def step(self, event: Event, at_us: int) -> list[Effect]:
        """What follows. Raises `Refused` for what a person of this party cannot give or state; then nothing has changed."""
        effects: list[Effect] = []
        match event:
            case Joined(peer, leads_to):
                self.outboxes.setdefault(peer, Outbox(self.own, peer, self.life))
                self.inboxes.setdefault(peer, Inbox(self.own, peer))
                leads = dict.fromkeys((peer, *leads_to), peer)
                self._leave([party for party, by in self._routes.items() if by == peer and party not in leads], effects)
                self._routes.update(leads)
                self._by_hand -= self._routes.keys()
            case ByHand(party):
                self._leave([party], effects)
                self._by_hand.add(party)
            case Given(payload):
                self._give(self.check_given(payload, at_us), payload, at_us, effects)
            case Stated(payload):
                self._state(*self.check_stated(payload), at_us, effects)
            case Sealed():
                self._hand_over(event, at_us)
            case Came():
                self._come(event, at_us, effects)
            case Doubted(party, since_us):
                self.doubts.append(Doubt(party, since_us, at_us))
                for thread in self._threads.values():
                    if party in (
                        thread.message.final,
                        *(kept.statement.said_by for kept in thread.statements.values()),
                    ):
                        self._tell_change(thread, at_us, effects)
            case OpenedLater(opened):
                for digest, within in opened.items():
                    self._open_later(digest, within, at_us, effects)
            case Restored():
                self.life = max(at_us, self.life + 1)
                for box in self.outboxes.values():
                    box.begin_anew(self.life, at_us)
            case TimePassed():
                pass
        self._seal_what_is_said(at_us, effects)
        self._tell_what_fell_due(at_us, effects)
        return effects

    def _leave(self, parties: Iterable[str], effects: list[Effect]) -> None:
        """Nothing leads to these any more; what was still to be sealed for them goes nowhere."""
        for party in parties:
            self._routes.pop(party, None)
            for id in [id for id, wanted in self._wanted.items() if wanted.seal.to == party]:
                del self._wanted[id]
                effects.append(HeldBack(id, "route"))

    # of people here

    def check_given(self, payload: bytes, at_us: int) -> Message:
        """The message of these bytes, if a person here can give it now; raises `Refused`, and changes nothing."""
        if self._read_last is None or self._read_last[0] != payload:
            self._read_last = payload, messages.read_message(payload)
        message = self._read_last[1]
        if message.sender != self.own:
            raise Refused("message.sender", "Nobody here speaks for that party", value=message.sender, where="$.sender")
        if message.to not in self._routes and message.to not in self._by_hand:
            mend = "Pair with its node, name a relay that reaches it, or say that it is reached by hand."
            raise Refused("message.no_route", "Nothing leads to that party", value=message.to, mend=mend, where="$.to")
        if at_us >= message.valid_until_us:
            raise Refused("message.expired", "It has no use any more", where="$.valid_until_us")
        if self.only_exercise and not message.exercise:
            raise Refused("exercise.only", "This node is for exercises", where="$.exercise")
        id = message_id(payload)
        if id in self._threads:
            raise Refused("message.twice", "This very message was given before", value=id)
        if not self.is_by_hand(message.to) and self._is_full(self._routes[message.to]):
            mend = "See why nothing goes there before you give more."
            raise LimitExceeded("outbox.full", "Too much waits for that peer already", mend=mend)
        self._check_room()
        for name in ("answers", "supersedes"):
            if cited := getattr(message, name):
                self._check_cited(cited, exercise=message.exercise, where=f"$.{name}")
        corrected = self._threads.get(message.supersedes)
        if corrected is not None and corrected.message.sender != self.own:
            raise Refused(
                "message.cites", "Only its sender corrects a message", value=message.supersedes, where="$.supersedes"
            )
        return message

    def _give(self, message: Message, payload: bytes, at_us: int, effects: list[Effect]) -> None:
        id = message_id(payload)
        corrected = self._threads.get(message.supersedes)
        self._hold(Thread(id, message, at_us))
        self._answered(id, message, at_us, effects)
        if corrected is not None:
            corrected.superseded_at_us = at_us
            self._tell_change(corrected, at_us, effects)
        if self.is_by_hand(message.to):
            return
        seal = Seal(message.to, messages.PAYLOAD_TYPE, payload)
        self._want(Wanted(seal, message.valid_until_us, message.urgency, True, message.exercise, id), effects)

    def _check_cited(self, id: str, *, exercise: bool, where: str) -> None:
        cited = self._threads.get(id)
        if cited is None:
            raise Refused("message.cites", "The message that it cites is not known here", value=id, where=where)
        if cited.message.exercise is not exercise:
            raise Refused("exercise.mixed", "What is exercise and what is not never meet", value=id, where=where)

    def check_stated(self, payload: bytes) -> tuple[Thread, Statement]:
        """The statement of these bytes and what it is about, if a person here can say it; raises `Refused`, and changes nothing."""
        statement = statements.read_statement(payload)
        if statement.said_by != self.own:
            raise Refused(
                "statement.said_by", "Nobody here speaks for that party", value=statement.said_by, where="$.said_by"
            )
        thread = self._threads.get(self._of_sealed.get(statement.over, statement.over))
        if thread is None:
            raise Refused("statement.over", "No message here has these bytes", value=statement.over, where="$.over")
        self._check_statement(thread, statement)
        return thread, statement

    def _state(self, thread: Thread, statement: Statement, at_us: int, effects: list[Effect]) -> None:
        self._keep(thread, statement, at_us, effects)
        if thread.message.sender != self.own:
            self._say(statement, thread.message.sender, thread.message.urgency, at_us, effects)

    def _check_statement(self, thread: Thread, statement: Statement) -> None:
        """Raises `Refused` where this cannot be said of the message, or its party has said too much."""
        if statement.exercise is not thread.message.exercise:
            raise Refused("exercise.mixed", "What is exercise and what is not never meet", value=statement.over)
        said = sum(kept.statement.said_by == statement.said_by for kept in thread.statements.values())
        if said >= STATEMENTS_OF_A_PARTY_MAX:
            what = f"A party says at most {STATEMENTS_OF_A_PARTY_MAX} things of one message"
            raise LimitExceeded("statements.too_many", what, value=statement.said_by)

    # what is sealed and handed over

    def _say(self, statement: Statement, to: str, urgency: Urgency, at_us: int, effects: list[Effect]) -> None:
        if to in self._routes:
            self._to_say.setdefault((to, urgency, statement.exercise), []).append(statement)

    def _seal_what_is_said(self, at_us: int, effects: list[Effect]) -> None:
        """What one event makes this party say to another is signed and sealed together."""
        for (to, urgency, exercise), said in self._to_say.items():
            for first in range(0, len(said), statements.SEVERAL_MAX):
                some = said[first : first + statements.SEVERAL_MAX]
                kind, words = (
                    (statements.SEVERAL_TYPE, statements.Several(tuple(some)))
                    if len(some) > 1
                    else (statements.PAYLOAD_TYPE, some[0])
                )
                self._want(
                    Wanted(Seal(to, kind, words.payload), at_us + WORD_VALID_US, urgency, False, exercise), effects
                )
        self._to_say.clear()

    def _want(self, wanted: Wanted, effects: list[Effect]) -> None:
        self._wanted[message_id(wanted.seal.payload)] = wanted
        effects.append(wanted.seal)

    def _hand_over(self, event: Sealed, at_us: int) -> None:
        wanted = self._wanted.pop(event.payload_digest, None)
        if wanted is None:
            return  # it was sealed twice, as after a crash, and the first one counts; or nothing leads there any more
        outside = Carriage(
            self.own, wanted.seal.to, event.digest, event.byte_count, wanted.valid_until_us, wanted.urgency, (self.own,), HANDS_MAX,
            wanted.asks_word, wanted.exercise,
        )  # fmt: skip
        self.outboxes[self._routes[wanted.seal.to]].give(way.checked(outside), at_us)
        if wanted.message:
            self._threads[wanted.message].sealed.append(event.digest)
            self._of_sealed[event.digest] = wanted.message

    # of peers

    def _come(self, event: Came, at_us: int, effects: list[Effect]) -> None:
        inbox, outbox = self.inboxes[event.peer], self.outboxes[event.peer]
        if inbox.hears_of_life(event.life):
            outbox.begin_anew(outbox.series + 1, at_us)
        there = [] if event.taken is None else outbox.was_taken(event.taken, at_us)
        if there is None:
            self._catch(Found(event.peer, "head"), effects)
        for outside in there or ():
            self._is_there(event.peer, outside, at_us, effects)
        for parcel in event.parcels:
            digest = parcel.digest
            arrival = inbox.arrival(parcel, digest)
            if arrival is Arrival.LIE:
                lie = Lie(event.peer, parcel.series, parcel.number, (inbox.digest_of(parcel.number), digest))
                self._catch(Found(event.peer, "number", lie), effects)
            if arrival is Arrival.NEW:
                inbox.take(parcel, digest)
                outside = parcel.carriage.by_clock(at_us - event.clock_us)
                self._take_in(event.peer, outside, event.opened, at_us, effects)

    def _take_in(
        self, peer: str, outside: Carriage, opened: Mapping[str, Opened], at_us: int, effects: list[Effect]
    ) -> None:
        key = outside.digest, outside.sender, outside.to
        if key in self._seen:
            return
        decision = way.decided(outside, self.own, peer, self._routes, at_us)
        if isinstance(decision, Mine):
            within = opened.get(outside.digest)
            if within is None:
                self._refuse("sealed.unreadable")
                effects.append(HeldBack(outside.digest, "unreadable"))
                self._unreadable[outside.digest] = peer, outside
                if len(self._unreadable) > UNREADABLE_MAX:
                    del self._unreadable[next(iter(self._unreadable))]
            else:
                self._unreadable.pop(outside.digest, None)
                self._remember(key, outside.valid_until_us, at_us)
                self._open(peer, outside, within, at_us, effects)
        elif isinstance(decision, Held):
            effects.append(HeldBack(outside.digest, decision.why))
        elif self._is_full(decision.peer):
            effects.append(HeldBack(outside.digest, "full"))
        else:
            self._remember(key, outside.valid_until_us, at_us)
            self.outboxes[decision.peer].give(outside.passed_on(self.own), at_us)

    def _is_full(self, peer: str) -> bool:
        outbox = self.outboxes[peer]
        return len(outbox) >= OWED_TO_A_PEER_MAX or outbox.byte_count >= OWED_BYTES_TO_A_PEER_MAX

    def _open_later(self, digest: str, within: Opened, at_us: int, effects: list[Effect]) -> None:
        held = self._unreadable.pop(digest, None)
        if held is not None:
            peer, outside = held
            self._remember((digest, outside.sender, outside.to), outside.valid_until_us, at_us)
            self._open(peer, outside, within, at_us, effects)

    def _remember(self, key: tuple[str, str, str], until_us: int, at_us: int) -> None:
        """What was opened or passed on is not taken in again. What somebody else only puts the same digest on is another key."""
        if len(self._seen) >= SEEN_MAX:
            self._seen = {key: until for key, until in self._seen.items() if at_us < until}
            while len(self._seen) >= SEEN_MAX:
                del self._seen[next(iter(self._seen))]
        self._seen[key] = until_us

    def _is_there(self, peer: str, outside: Carriage, at_us: int, effects: list[Effect]) -> None:
        """A peer has signed that it took this: it is sent, or passed on. Before that it is only owed."""
        if not outside.asks_word:
            return
        act = Act.SENT if outside.sender == self.own else Act.FORWARDED
        statement = Statement(act, self.own, self.own, outside.digest, at_us, towards=peer, exercise=outside.exercise)
        if act is Act.FORWARDED:
            self._say(statement, outside.sender, outside.urgency, at_us, effects)
        elif (id := self._of_sealed.get(outside.digest)) is not None:
            self._keep(self._threads[id], statement, at_us, effects)

    def _open(self, peer: str, outside: Carriage, within: Opened, at_us: int, effects: list[Effect]) -> None:
        try:
            if within.kind == messages.PAYLOAD_TYPE:
                message = messages.read_message(within.payload)
                if message.sender != within.signed_by or message.to != self.own:
                    self._catch(Found(peer, "signature"), effects)
                    return
                self._get(message_id(within.payload), message, outside.digest, at_us, effects)
            elif within.kind == statements.PAYLOAD_TYPE:
                self._hear([statements.read_statement(within.payload)], peer, within.signed_by, at_us, effects)
            elif within.kind == statements.SEVERAL_TYPE:
                said = statements.read_several(within.payload).statements
                self._hear(said, peer, within.signed_by, at_us, effects)
            else:
                self._refuse("sealed.kind")
        except Refused as refused:
            self._refuse(refused.key)

    def _get(self, id: str, message: Message, digest: str, at_us: int, effects: list[Effect]) -> None:
        if self.only_exercise and not message.exercise:
            raise Refused("exercise.only", "This node is for exercises", value=id)
        if id not in self._threads:
            self._check_room()
            thread = Thread(id, message, at_us)
            self._hold(thread)
            effects.append(Show(id))
            self._link(thread, at_us, effects)
        thread = self._threads[id]
        if len(thread.sealed) >= SEALED_FORMS_MAX:
            self._refuse("sealed.too_often")
            return
        if digest not in thread.sealed:
            thread.sealed.append(digest)
        self._of_sealed[digest] = id
        received = Statement(Act.RECEIVED, self.own, self.own, digest, at_us, exercise=message.exercise)
        self._keep(thread, received, at_us, effects)
        self._say(received, message.sender, message.urgency, at_us, effects)

    def _link(self, thread: Thread, at_us: int, effects: list[Effect]) -> None:
        """What a message that has come answers and corrects; a correction may come before what it corrects."""
        message = thread.message
        self._answered(thread.id, message, at_us, effects)
        if message.supersedes:
            self._superseded_by[message.supersedes, message.sender] = thread.id
        for id in (message.supersedes, thread.id):
            corrected = self._threads.get(id)
            if corrected is None or corrected.superseded_at_us is not None:
                continue
            by = self._threads.get(self._superseded_by.get((id, corrected.message.sender), ""))
            if by is not None and by.message.exercise is corrected.message.exercise:
                corrected.superseded_at_us = at_us
                self._tell_change(corrected, at_us, effects)

    def _hold(self, thread: Thread) -> None:
        self._threads[thread.id] = thread
        self._order.append(thread.id)
        if self._concerns(thread.message):
            self._expect(thread.id, due_us(thread.message))

    def _concerns(self, message: Message) -> bool:
        """Whether somebody here waits for what it asks for, or is to give it."""
        return self.own in (message.sender, message.final)

    def _answered(self, id: str, message: Message, at_us: int, effects: list[Effect]) -> None:
        """An answer, of this party or another, to a message that is held."""
        asked = self._threads.get(message.answers)
        if asked is not None and (asked.message.final, asked.message.exercise) == (message.sender, message.exercise):
            asked.answers[id] = at_us
            self._tell_change(asked, at_us, effects)

    def _hear(self, said: Iterable[Statement], peer: str, signed_by: str, at_us: int, effects: list[Effect]) -> None:
        for statement in said:
            if statement.said_by != signed_by:
                self._catch(Found(peer, "signature"), effects)
                continue
            thread = self._threads.get(self._of_sealed.get(statement.over, statement.over))
            if thread is None:
                self._refuse("statement.unknown_message")
                continue
            try:
                self._check_statement(thread, statement)
            except Refused as refused:
                self._refuse(refused.key)
            else:
                self._keep(thread, statement, at_us, effects)

    # what is held

    def _keep(self, thread: Thread, statement: Statement, known_at_us: int, effects: list[Effect]) -> None:
        if (id := statement.id) not in thread.statements:
            kept = thread.statements[id] = Kept(id, statement, known_at_us)
            effects.append(Said(thread.id, kept))
            self._tell_change(thread, known_at_us, effects)

    def _tell_change(self, thread: Thread, at_us: int, effects: list[Effect]) -> None:
        """Says how the debt of a message stands, where it stands otherwise than was said last."""
        if not self._concerns(thread.message):
            return
        id = thread.id
        now = self.standing(id, at_us)
        if (now.debt, now.mismatch) != (thread.debt, thread.mismatch):
            effects.append(Changed(id, thread.debt, now.debt, now.mismatch, thread.mismatch))
            thread.debt, thread.mismatch = now.debt, now.mismatch
        if now.next_us is None:
            self._owing.pop(id, None)
        else:
            self._expect(id, now.next_us)

    def _tell_what_fell_due(self, at_us: int, effects: list[Effect]) -> None:
        while (when_us := self.next_due_us) is not None and when_us <= at_us:
            _, id = heappop(self._falls_due)
            del self._owing[id]
            self._tell_change(self._threads[id], at_us, effects)

    def _expect(self, id: str, when_us: int) -> None:
        """A message stands otherwise at this instant, by time alone; the heap may hold instants that no longer count."""
        if self._owing.get(id) != when_us:
            self._owing[id] = when_us
            heappush(self._falls_due, (when_us, id))

    def _still_falls_due(self, when_us: int, id: str) -> bool:
        return self._owing.get(id) == when_us

    def _catch(self, found: Found, effects: list[Effect]) -> None:
        number = found.lie.number if found.lie else 0
        known = {(one.what, one.lie.number if one.lie else 0) for one in self.found if one.peer == found.peer}
        if (found.what, number) not in known and len(known) < FOUND_OF_A_PEER_MAX:
            self.found.append(found)
            effects.append(found)

    def _refuse(self, key: str) -> None:
        self.refused[key] = self.refused.get(key, 0) + 1

    def _check_room(self) -> None:
        if len(self._threads) >= MESSAGES_MAX:
            raise LimitExceeded("messages.too_many", f"More than {MESSAGES_MAX:,} messages are held")


def digests_for(channel: Channel, parcels: Iterable[Parcel]) -> list[str]:
    """The digests among these that are for this party: what its host is to open."""
    return [parcel.carriage.digest for parcel in parcels if parcel.carriage.to == channel.own]
