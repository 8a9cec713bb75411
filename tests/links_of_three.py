"""Three parties with real keys: what they say is signed, sealed, put into packets, and carried in folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from keepclear.channel import channel as c
from keepclear.channel.channel import Channel
from keepclear.ground.errors import Refused
from keepclear.ground.signing import ED25519, NoteKey, PrivateKey, open_sealed, read_envelope, seal
from keepclear.links import folder
from keepclear.links.certificates import OwnCertificate, certificate_for
from keepclear.links.packets import Head, fitting, packet_bytes, read_packet
from keepclear.links.pairing import Card, card_of
from keepclear.links.sealing import OpeningKey, opened, sealed

T0 = 1_495_100_000_000_000
MINUTE = 60_000_000


@dataclass
class Desk:
    """One party: its channel, its keys, the cards of the others, and the sealed bytes it holds."""

    party: str
    at_us: int = T0
    channel: Channel = field(init=False)
    own: OwnCertificate = field(init=False)
    cards: dict[str, Card] = field(default_factory=dict)
    sealed: dict[str, bytes] = field(default_factory=dict)
    effects: list[c.Effect] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.channel = Channel(self.party, T0)
        self.signing = PrivateKey(ED25519, sha256(b"signs" + self.party.encode()).digest())
        self.opening = OpeningKey(sha256(b"opens" + self.party.encode()).digest())
        name = f"{self.party}.example/keepclear"
        link_key = PrivateKey(ED25519, sha256(b"links" + self.party.encode()).digest())
        self.own = certificate_for(self.party, link_key, T0)
        signs = NoteKey(name, self.signing.public)
        self.card = card_of(self.party.title(), signs, self.opening.public, self.own.certificate)

    def knows(self, *others: Desk) -> None:
        self.cards.update({other.party: other.card for other in others})

    def do(self, event: c.Event) -> list[c.Effect]:
        effects = self.channel.step(event, self.at_us)
        self.effects += effects
        for effect in effects:
            if isinstance(effect, c.Seal):
                signed = seal(effect.kind, effect.payload, self.signing.signer).text
                body = sealed(signed, self.cards[effect.to].sealing_key, sender=self.party, to=effect.to)
                digest = sha256(body).hexdigest()
                self.sealed[digest] = body
                self.do(c.Sealed(sha256(effect.payload).hexdigest(), digest, len(body)))
        return effects

    def packet(self, peer: str) -> bytes:
        inbox = self.channel.inboxes[peer]
        parcels = fitting(self.channel.outboxes[peer].owed())
        taken = inbox.taken if inbox.up_to else None
        head = Head(self.party, peer, self.channel.life, self.at_us, taken, parcels)
        return packet_bytes(head, self.sealed, self.signing.signer)

    def take(self, data: bytes, sender: str) -> None:
        """Takes a packet in; raises `Refused` where it is not one of that peer for this party."""
        keys = [self.cards[sender].signing_key.key]
        head, _, bodies = read_packet(data, to=self.party, sender=sender, keys=keys)
        self.sealed.update(bodies)
        within = {}
        for parcel in head.parcels:
            outside = parcel.carriage
            if outside.to == self.party:
                try:
                    within[outside.digest] = self.opened(bodies[outside.digest], outside.sender)
                except Refused as refused:
                    self.refused.append(refused.key)
        self.do(c.Came(sender, head.life, head.clock_us, head.taken, head.parcels, within))

    def opened(self, body: bytes, sender: str) -> c.Opened:
        signed = opened(body, self.opening, sender=sender, to=self.party)
        kind = read_envelope(signed).payload_type
        payload, _ = open_sealed(signed, kind, [self.cards[sender].signing_key.key])
        return c.Opened(kind, payload, sender)

    def put(self, stick: Path, peer: str) -> Path:
        return folder.put(stick, self.party, peer, self.at_us, self.packet(peer))

    def look(self, stick: Path) -> None:
        for path, sender in folder.lying(stick, self.party):
            try:
                self.take(folder.read(path), sender)
            except Refused as refused:
                self.refused.append(refused.key)
                folder.set_aside(path, refused=True)
            else:
                folder.set_aside(path)


def three() -> tuple[Desk, Desk, Desk]:
    """Alpha, Meridian and Bravo; only Meridian reaches both."""
    alpha, meridian, bravo = Desk("alpha"), Desk("meridian"), Desk("bravo")
    for one, others in ((alpha, (meridian, bravo)), (meridian, (alpha, bravo)), (bravo, (meridian, alpha))):
        one.knows(*others)
    alpha.do(c.Joined("meridian", ("bravo",)))
    bravo.do(c.Joined("meridian", ("alpha",)))
    meridian.do(c.Joined("alpha", ()))
    meridian.do(c.Joined("bravo", ()))
    return alpha, meridian, bravo
