"""Carries what the channel owes: seals it, hands it to peers, takes in what they hand over.

    follow    what became durable: what it asks for is sealed, and peers are told that there is something
    packet    what a peer is handed next, once everything in it is durable
    take      what a peer handed over: checked, opened where it is for us, and one event of the node
    answer    both, for a peer that calls us

A rule of what is owed, passed on or believed is not here; it is in `keepclear.channel`. Nothing leaves before it is durable, and success of
a link says that bytes have left, and nothing more.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import NamedTuple, Protocol

import msgspec

from keepclear.api.desk import Given, Overloaded
from keepclear.channel.channel import Came, Channel, Seal
from keepclear.channel.links import Pace, Parcel, Taken
from keepclear.channel.messages import Urgency
from keepclear.ground.canon import base64_bytes
from keepclear.ground.errors import Refused, printable
from keepclear.ground.signing import Signer, note_key, open_sealed, read_envelope, seal
from keepclear.host.bodies import packet_came
from keepclear.host.host import Host, NodeFailed
from keepclear.links.https import LinkFailed
from keepclear.links.packets import Head, fitting, packet_bytes, read_packet
from keepclear.links.sealing import OpeningKey, SealingKey, opened, sealed
from keepclear.node import events as e
from keepclear.node.node import NODE
from keepclear.node.talk import Talk
from keepclear.node.witnesses import Told
from keepclear.record.checkpoint import SIGNATURES_MAX, Checkpoint, read_checkpoint
from keepclear.record.tree import consistency_proof, root_at
from keepclear.record.witness import Growth, Shown
from keepclear.store import writes
from keepclear.store.store import Store
from keepclear.store.writes import Carried

SEALED_AT_ONCE = 200
# How long sealed bytes are kept that nobody waits for any more: they show what a signed hash stands for.
CARRIED_KEPT_US = 400 * 86_400_000_000
CACHED_BYTES_MAX = 64 * 1_048_576
# How long a peer that calls is left waiting at the most.
WAITED_FOR_S_MAX = 300.0
ASK_AGAIN_US = 1_000_000
# Whoever has not been heard since the last failure is asked for an answer at once: less than a second is no waiting on any way.
AT_ONCE_S = 0.5
# With these a peer refuses whatever comes from us, until people of both sides have spoken.
DISTRUST = frozenset({"card.ended", "card.none", "envelope.signature", "peer.unknown", "link.no_peer"})
SAYS_CHARS_MAX = 300
TOLD_AGAIN_US = 3_600_000_000


class ShowPauses(NamedTuple):
    """How often a peer is shown something of records at the most.

    riding_us  with parcels or words that go anyway, and are not urgent
    alone_us   with a packet that is empty, or urgent"""

    riding_us: int = 60_000_000
    alone_us: int = 600_000_000


SHOW_PAUSES = ShowPauses()


class Way(Protocol):
    """A way to a peer that we can call: `keepclear.links.https.Line`."""

    async def exchange(self, packet: bytes, wait_s: float = 0.0) -> bytes:
        """Hands a packet over and gives the peer's, for which it may wait so long. Raises `LinkFailed` and `Refused`."""

    async def aclose(self) -> None:
        """Ends it."""


@dataclass
class LinkState:
    """How it goes with a peer, as this process has seen it since it began.

    heard_us   when a packet of it was last taken in; None: not yet
    failure    why it could not be reached when it was last tried; "": it could
    failures   attempts without success since the last one that had any
    word       what we have told it that we took
    waiting    how many of its calls wait for an answer
    shown_us when it was shown something of records; None: not yet
    told     what it was told of records; others_us: when it was first told what it was told of others'
    learned_us  when something was learned from it that was only about records; None: not yet"""

    heard_us: int | None = None
    failure: str = ""
    failures: int = 0
    word: Taken | None = None
    waiting: int = 0
    shown_us: int | None = None
    told: Told = Told()
    others_us: int = 0
    learned_us: int | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Courier:
    """See the module. Used from the loop of the host; what costs time in cryptography runs in worker threads."""

    def __init__(
        self,
        host: Host,
        store: Store,
        *,
        signer: Signer,
        opening: OpeningKey,
        way_to: Callable[[e.CardTaken, str], Way] | None = None,
        peers_are: Callable[[list[e.CardTaken]], None] = lambda _cards: None,
        poll_s: float = 25.0,
        pauses: ShowPauses = SHOW_PAUSES,
    ) -> None:
        self._host = host
        self._store = store
        self._signer = signer
        self._opening = opening
        self._way_to = way_to
        self._peers_are = peers_are
        self._poll_s = poll_s
        self._pauses = pauses
        self._links: dict[str, LinkState] = {}
        self._to_seal: OrderedDict[str, Seal] = OrderedDict()
        self._bodies = _Bodies()
        self._countersigning = asyncio.Lock()
        self._offered: Checkpoint | None = None
        self._offered_us = 0
        self._sealing = asyncio.Event()
        self._changed = asyncio.Event()
        self._card_taken = asyncio.Event()
        self._ask_again()
        host.follow(self._follow)

    @property
    def _talk(self) -> Talk:
        return self._host.node.talk

    @property
    def _channel(self) -> Channel:
        return self._host.node.talk.channel

    def link(self, peer: str) -> LinkState:
        """How it goes with a peer."""
        return self._links.setdefault(peer, LinkState())

    def failures(self) -> list[tuple[str, str]]:
        """Which peers could not be reached when they were last tried, and why."""
        return [(peer, link.failure) for peer, link in sorted(self._links.items()) if link.failure]

    async def run(self) -> None:
        """Seals and calls until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._seal_all())
            group.create_task(self._open_again())
            group.create_task(self._keep_calling(group))

    # --- what became durable ---

    def _follow(self, given: Given) -> None:
        for asked in given.effects.seals:
            self._to_seal[sha256(asked.payload).hexdigest()] = asked
        if given.entry.kind in ("card_taken", "epoch_began"):
            self._ask_again()
        if given.entry.kind == "card_taken":
            self._card_taken.set()
        if given.entry.kind in ("card_taken", "card_ended", "peer_joined"):
            self._changed.set()
        if given.entry.kind in ("messages_sealed", "packet_came", "peer_joined", "epoch_began"):
            for link in self._links.values():
                link.news.set()
        if self._to_seal:
            self._sealing.set()

    def _ask_again(self) -> None:
        for effect in self._channel.effects_again():
            if isinstance(effect, Seal):
                self._to_seal[sha256(effect.payload).hexdigest()] = effect
        if self._to_seal:
            self._sealing.set()

    # --- sealing ---

    async def _seal_all(self) -> None:
        while True:
            await self._sealing.wait()
            self._sealing.clear()
            while self._to_seal:
                some = [self._to_seal.popitem(last=False)[1] for _ in range(min(SEALED_AT_ONCE, len(self._to_seal)))]
                await self._seal(some)

    async def _seal(self, some: Sequence[Seal]) -> None:
        """Signs and seals these. What is for a party without a card waits until there is one."""
        keys: dict[str, SealingKey] = {}
        for asked in some:
            with suppress(Refused):
                keys[asked.to] = SealingKey(base64_bytes(self._talk.card(asked.to).seals))
        fitting_seals = [asked for asked in some if asked.to in keys]
        if not fitting_seals:
            return
        done = await asyncio.to_thread(self._sealed, fitting_seals, keys)
        forms = tuple(form for form, _ in done)
        until_us = self._host.now_us() + CARRIED_KEPT_US
        carried = tuple(Carried(bytes.fromhex(form.digest), until_us, body) for form, body in done)
        for form, body in done:
            self._bodies.put(form.digest, body)
        await self._give(e.MessagesSealed(forms), carried)

    def _sealed(self, some: Sequence[Seal], keys: dict[str, SealingKey]) -> list[tuple[e.SealedForm, bytes]]:
        done = []
        for asked in some:
            signed = seal(asked.kind, asked.payload, self._signer).text
            body = sealed(signed, keys[asked.to], sender=self._channel.own, to=asked.to)
            form = e.SealedForm(sha256(asked.payload).hexdigest(), sha256(body).hexdigest(), len(body))
            done.append((form, body))
        return done

    async def _give(
        self, event: e.Event, carried: tuple[Carried, ...], checkpoints: tuple[writes.Checkpoint, ...] = ()
    ) -> None:
        exercise = self._host.node.exercise
        while True:
            try:
                await self._host.give(event, by=NODE, exercise=exercise, carried=carried, checkpoints=checkpoints)
            except Overloaded as overloaded:
                await asyncio.sleep(overloaded.retry_after_s)
            else:
                return

    # --- packets ---

    def owes(self, peer: str) -> bool:
        """Whether there is something to hand over, or a word to say about what was taken."""
        inbox = self._channel.inboxes[peer]
        return bool(self._channel.outboxes[peer]) or (inbox.up_to > 0 and inbox.taken != self.link(peer).word)

    async def packet(self, peer: str, *, parcels_too: bool = True) -> bytes:
        """What this peer is handed next, whatever it has had before; everything in it is durable. Raises `Refused` for no peer of ours.

        parcels_too  without: only how far we have taken what came from it"""
        self._check_peer(peer)
        channel, node = self._channel, self._host.node
        inbox = channel.inboxes[peer]
        parcels = fitting(channel.outboxes[peer].owed()) if parcels_too else ()
        taken = inbox.taken if inbox.up_to else None
        says_more = bool(parcels) or taken != self.link(peer).word
        urgent = any(parcel.carriage.urgency is Urgency.NOW for parcel in parcels)
        shown, since = self._to_show(peer, riding=says_more and not urgent)
        head = Head(channel.own, peer, channel.life, self._host.now_us(), taken, parcels, shown)
        size = node.sequence
        bodies = await self._bodies_of(parcels)
        await self._host.wait_durable(size)
        if self._host.failure is not None:
            raise NodeFailed("the node has failed") from self._host.failure
        self.link(peer).word = taken
        if shown is not None and since:
            head = msgspec.structs.replace(head, shown=await self._with_own(peer, shown, since))
        return packet_bytes(head, bodies, self._signer)

    # --- records ---

    def _to_show(self, peer: str, *, riding: bool) -> tuple[Shown | None, frozenset[int]]:
        """What a peer is shown of others' records, and from which sizes on it is shown our own; none: not our own."""
        link, now_us = self.link(peer), self._host.now_us()
        pause_us = self._pauses.riding_us if riding else self._pauses.alone_us
        if link.shown_us is not None and now_us - link.shown_us < pause_us:
            return None, frozenset()
        told = link.told
        if now_us - link.others_us >= TOLD_AGAIN_US:  # an answer may be lost, and nobody knows
            told, link.others_us = told.forgotten(), now_us
        showing = self._talk.witnesses.showing(peer, told, self._host.node.origin_line, self._offer().size)
        if showing is None:
            return None, frozenset()
        link.shown_us = now_us
        link.told = told.with_those_of(showing)
        seen = self._countersigned(showing.seen, now_us) if showing.seen else ""
        shown = Shown(seen=seen, asks=showing.asks, others=tuple(showing.others.values()), splits=showing.splits)
        return shown, showing.since or frozenset()

    def _offer(self) -> Checkpoint:
        """The checkpoint that all peers are shown: another once the record has grown beyond it, and a while has passed."""
        node, now_us = self._host.node, self._host.now_us()
        held = self._offered
        is_old = now_us - self._offered_us >= self._pauses.riding_us
        if held is None or held.origin != node.origin_line or (is_old and held.size < self._talk.witnesses.grown):
            held, self._offered_us = self._host.sign(), now_us
            self._offered = held
        return held

    def _countersigned(self, note: str, now_us: int) -> str:
        """A peer's checkpoint with our cosignature and no other line."""
        newest = read_checkpoint(note)
        bare = Checkpoint(newest.origin, newest.size, newest.root)
        return bare.cosigned(self._host.node.origin, self._signer, now_us // 1_000_000).text

    async def _with_own(self, peer: str, shown: Shown, since: frozenset[int]) -> Shown:
        """With our own checkpoint, and proof that it goes on from these sizes."""
        checkpoint, tiles = self._offer(), self._store.tiles
        sizes = sorted(size for size in since if 0 < size < checkpoint.size)
        self.link(peer).told = msgspec.structs.replace(self.link(peer).told, shown=checkpoint.size)

        def grew() -> tuple[Growth, ...]:
            return tuple(
                Growth(size, root_at(tiles, size), consistency_proof(tiles, size, checkpoint.size)) for size in sizes
            )

        return msgspec.structs.replace(shown, note=checkpoint.text, grew=await asyncio.to_thread(grew))

    def _with_cosignature(self, text: str) -> tuple[writes.Checkpoint, ...]:
        """The checkpoint of ours that a peer has countersigned, with its line, where it is kept."""
        said = read_checkpoint(text)
        for kept in self._store.checkpoints(said.size, 1):
            held = read_checkpoint(kept.note)
            if held.body == said.body and len(held.signatures) < SIGNATURES_MAX:
                return (replace(kept, note=held.with_line(said.signatures[0]).text),)
        return ()

    async def _bodies_of(self, parcels: Iterable[Parcel]) -> dict[str, bytes]:
        digests = [parcel.carriage.digest for parcel in parcels]
        found = {digest: body for digest in digests if (body := self._bodies.get(digest)) is not None}
        missing = [bytes.fromhex(digest) for digest in digests if digest not in found]
        if missing:
            held = await asyncio.to_thread(self._store.carried, missing)
            found |= {digest.hex(): body for digest, body in held.items()}
        return found

    async def take(self, peer: str, data: bytes) -> bool:
        """Takes in what a peer handed over; when it returns, what was new of it is durable. Gives whether anything was.

        Raises `Refused` where it is not this peer's."""
        link = self.link(peer)
        async with link.taking:
            self._check_peer(peer)
            keys = [note_key(self._talk.card(peer).signs).key]
            head, envelope, bodies = read_packet(data, to=self._channel.own, sender=peer, keys=keys)
            link.heard_us, link.failure, link.failures = self._host.now_us(), "", 0
            if head.shown is not None:
                # Who shows us its record has no countersignature of it yet, or it was lost.
                seen = "" if head.shown.note else link.told.seen
                link.told = msgspec.structs.replace(link.told, seen=seen, asked=head.shown.asks)
            if not self._learns_from(head, link):
                return False
            new = self._channel.new_to(peer, head.parcels)
            ours = [parcel for parcel in new if parcel.carriage.to == self._channel.own]
            now_us = self._host.now_us()
            signers = {one.carriage.sender: self._talk.signs_of(one.carriage.sender, now_us) for one in ours}
            within = await asyncio.to_thread(self._opened, ours, bodies, signers) if ours else {}
            until_us = self._host.now_us() + CARRIED_KEPT_US
            digests = dict.fromkeys(parcel.carriage.digest for parcel in new)
            carried = tuple(Carried(bytes.fromhex(digest), until_us, bodies[digest]) for digest in digests)
            for parcel in new:
                if parcel.carriage.to != self._channel.own:
                    self._bodies.put(parcel.carriage.digest, bodies[parcel.carriage.digest])
            event = packet_came(head, envelope.decode(), within)
            async with self._countersigning:  # two peers' lines under one checkpoint
                await self._give(event, carried, await self._cosigned(head))
            return True

    def _learns_from(self, head: Head, link: LinkState) -> bool:
        """Whether a packet says anything new. What is new only of records counts now and then: it is said again."""
        came = Came(head.sender, head.life, head.clock_us, head.taken, head.parcels, {})
        if self._channel.learns_from(came):
            return True
        now_us = self._host.now_us()
        if link.learned_us is not None and now_us - link.learned_us < self._pauses.riding_us:
            return False
        learns = self._talk.learns_of_records(head.sender, head.shown, self._host.node.origin_line, now_us)
        if learns:
            link.learned_us = now_us
        return learns

    async def _cosigned(self, head: Head) -> tuple[writes.Checkpoint, ...]:
        """Our checkpoint with the peer's cosignature, where this packet brings one that counts."""
        witnesses, own = self._talk.witnesses, self._host.node.origin_line
        if head.shown is None or not witnesses.cosigns(head.sender, head.shown.seen, self._talk.trusted, own):
            return ()
        return await asyncio.to_thread(self._with_cosignature, head.shown.seen)

    def _check_peer(self, peer: str) -> None:
        self._talk.card(peer)
        if peer not in self._talk.peers:
            mend = "`keepclear peer join` makes it one."
            raise Refused("peer.unknown", "This party is no peer of ours", value=peer, mend=mend)

    async def _open_again(self) -> None:
        """Opens what came before the card of its sender did, once that is there."""
        while True:
            await self._card_taken.wait()
            self._card_taken.clear()
            waiting, now_us = self._channel.unreadable, self._host.now_us()
            signers = {sender: self._talk.signs_of(sender, now_us) for sender in waiting.values()}
            some = [digest for digest, sender in waiting.items() if signers[sender]]
            held = await asyncio.to_thread(self._store.carried, [bytes.fromhex(digest) for digest in some])
            outsides = [
                (digest, waiting[digest], self._channel.own) for digest in some if bytes.fromhex(digest) in held
            ]
            bodies = {digest.hex(): body for digest, body in held.items()}
            within = await asyncio.to_thread(self._envelopes, outsides, bodies, signers)
            ready = [e.LaterEnvelope(digest, waiting[digest], text) for digest, text in within.items()]
            for first in range(0, len(ready), SEALED_AT_ONCE):
                await self._give(e.OpenedLater(tuple(ready[first : first + SEALED_AT_ONCE])), ())

    def _opened(
        self, parcels: Sequence[Parcel], bodies: Mapping[str, bytes], signers: Mapping[str, Sequence[str]]
    ) -> dict[str, str]:
        """By SHA-256 of the sealed bytes, the envelope that lay in them, of those that open and are signed by who sent them."""
        outsides = [(one.carriage.digest, one.carriage.sender, one.carriage.to) for one in parcels]
        return self._envelopes(outsides, bodies, signers)

    def _envelopes(
        self,
        outsides: Iterable[tuple[str, str, str]],
        bodies: Mapping[str, bytes],
        signers: Mapping[str, Sequence[str]],
    ) -> dict[str, str]:
        within = {}
        for digest, sender, to in outsides:
            with suppress(Refused):
                text = opened(bodies[digest], self._opening, sender=sender, to=to)
                open_sealed(text, read_envelope(text).payload_type, [note_key(one).key for one in signers[sender]])
                within[digest] = text.decode()
        return within

    async def answer(self, peer: str, data: bytes, wait_s: float) -> bytes:
        """Takes in what a peer that calls us handed over, and gives what it is handed; waits up to so long until there is something."""
        await self.take(peer, data)
        link = self.link(peer)
        if wait_s <= 0:  # what there is goes where it is waited for
            return await self.packet(peer, parcels_too=not link.waiting)
        link.waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait_s, WAITED_FOR_S_MAX)):
                    while not self.owes(peer):
                        link.news.clear()
                        await link.news.wait()
        finally:
            link.waiting -= 1
        return await self.packet(peer)

    # --- calling ---

    async def _keep_calling(self, group: asyncio.TaskGroup) -> None:
        """Has a caller for every peer that has an address and a card, and says whose cards count now."""
        callers: dict[tuple[str, str, str], list[asyncio.Task[None]]] = {}
        while True:
            self._changed.clear()
            talk = self._talk
            # Whose card has ended still shakes hands, to be told so, and gets no further.
            self._peers_are([talk.cards[peer] for peer in talk.peers])
            cards = [talk.cards[peer] for peer in talk.peers if peer not in talk.ended]
            wanted = {(card.party, talk.peers[card.party].address, card.tls): card for card in cards}
            for gone in callers.keys() - wanted.keys():
                for task in callers.pop(gone):
                    task.cancel()
            for key, card in wanted.items():
                if key not in callers and key[1] and self._way_to is not None:
                    callers[key] = self._call(group, card, key[1], self._way_to)
            await self._changed.wait()

    def _call(
        self, group: asyncio.TaskGroup, card: e.CardTaken, address: str, way_to: Callable[[e.CardTaken, str], Way]
    ) -> list[asyncio.Task[None]]:
        try:
            way = way_to(card, address)
        except Refused as refused:
            self.link(card.party).failure = str(refused)
            return []
        return [group.create_task(one) for one in (self._push(card.party, way), self._poll(card.party, way))]

    async def _push(self, peer: str, line: Way) -> None:
        """Hands over whatever there is, as soon as there is something; after a failure, with growing pauses."""
        link, pace = self.link(peer), Pace()
        try:
            while True:
                while not self.owes(peer):
                    link.news.clear()
                    await link.news.wait()
                await self._exchange(peer, line, pace)
        finally:
            await line.aclose()

    async def _poll(self, peer: str, line: Way) -> None:
        """Asks the peer what it has for us, and lets it wait with its answer: it may not be able to call."""
        pace = Pace()
        link = self.link(peer)
        while True:
            begin_us = self._host.now_us()
            is_heard = link.heard_us is not None and not link.failure
            learned = await self._exchange(peer, line, pace, wait_s=self._poll_s if is_heard else AT_ONCE_S)
            if not learned and self._host.now_us() - begin_us < ASK_AGAIN_US:  # it does not wait
                await asyncio.sleep(ASK_AGAIN_US / 1e6)

    async def _exchange(self, peer: str, line: Way, pace: Pace, *, wait_s: float = 0.0) -> bool:
        """One packet there and one back; gives whether anything was new. After a failure, and with a peer that answers and takes nothing of
        what it is handed, it lasts until the next attempt is due."""
        link = self.link(peer)
        handed = self._next_owed(peer) if wait_s <= 0 else None
        before = link.word, link.shown_us, link.told
        pace.was_sent(self._host.now_us())
        try:
            packet = await self.packet(peer, parcels_too=wait_s <= 0)
            answer = await self._exchanged(peer, line, packet, wait_s)
            learned = await self.take(peer, answer)
        except (LinkFailed, Refused) as failed:
            link.word, link.shown_us, link.told = before
            link.failure, link.failures = str(failed), link.failures + 1
            await self._until_due(pace)
            return False
        if handed is not None and self._next_owed(peer) == handed:
            await self._until_due(pace)
        else:
            pace.heard(self._host.now_us(), owes=False)
        return learned

    def _next_owed(self, peer: str) -> tuple[int, int] | None:
        """Series and number of what a peer is to take next; None: nothing."""
        owed = self._channel.outboxes[peer].owed()
        return (owed[0].series, owed[0].number) if owed else None

    async def _until_due(self, pace: Pace) -> None:
        assert pace.due_us is not None
        await asyncio.sleep(max(0.0, (pace.due_us - self._host.now_us()) / 1e6))

    async def _exchanged(self, peer: str, line: Way, packet: bytes, wait_s: float) -> bytes:
        """The answer. That the other side does not know us, or our key, is for people to know."""
        try:
            return await line.exchange(packet, wait_s)
        except Refused as refused:
            if refused.key in DISTRUST and self._talk.refused_by.get(peer) != refused.key:
                says = refused.value or refused.what
                await self._give(e.PeerRefused(peer, refused.key, printable(says)[:SAYS_CHARS_MAX]), ())
            raise


class _Bodies:
    """The newest sealed bytes, so that what goes on at once need not be read again."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def put(self, digest: str, body: bytes) -> None:
        """Keeps them for a while."""
        if digest not in self._held:
            self._held[digest] = body
            self._bytes += len(body)
        while self._bytes > CACHED_BYTES_MAX:
            _, old = self._held.popitem(last=False)
            self._bytes -= len(old)

    def get(self, digest: str) -> bytes | None:
        """None where they are not among the newest."""
        return self._held.get(digest)
