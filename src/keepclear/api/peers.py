"""Other parties' nodes: whose cards were taken in, whom this node hands things to, and what is carried there by hand."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, NoQuery, Route
from keepclear.api.messages import Id, ShortText, When
from keepclear.api.problems import Declined, Fault, not_here
from keepclear.api.zones import Done, done
from keepclear.ground.errors import Refused
from keepclear.ground.instants import parse_instant, utc_text
from keepclear.ground.signing import note_key
from keepclear.node.events import CardEnded, PeerJoined, ReachedByHand
from keepclear.node.talk import Talk
from keepclear.parties.parties import Action
from keepclear.record.checkpoint import read_checkpoint
from keepclear.record.proofs import split_json
from keepclear.record.witness import Seen

PACKET = "application/vnd.keepclear.packet"
CARD_BYTES_MAX = 16_384


class CardGiven(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Another party's card, as its node wrote it, and who has read the number of the two cards on the other side, over what line."""

    card: msgspec.Raw
    compared_with: ShortText


class CardShown(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Another party's card, to be looked at."""

    card: msgspec.Raw


class CardEnding(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Why a card ends: rotated, lost, compromised or ended; and from when on what its keys signed is not to be trusted."""

    why: ShortText
    since_at: When = ""
    note: ShortText = ""


class Joining(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whom a peer leads to besides itself, and where its link is ("": it calls us, or what is for it is carried)."""

    leads_to: Annotated[list[Id], Meta(max_length=1_000)] = []
    address: ShortText = ""


class ByHand(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where and by whom a party without a node is reached: "printed at the gate, telephone 4711"."""

    note: ShortText = ""


class NumberView(msgspec.Struct, frozen=True):
    """The digits that people of both sides read to each other before a card is taken in."""

    party: str
    name: str
    number: str


class FoundView(msgspec.Struct, frozen=True):
    """What a peer was caught at: two parcels under one number, a head of what was never sent, a signature of somebody else, or two
    checkpoints that cannot both be (`split_view`).

    proof  of `split_view`: a file for `keepclear record verify`"""

    what: str
    series: int | None
    number: int | None
    digests: list[str]
    proof: dict[str, Any] | None = None


class PeerView(msgspec.Struct, frozen=True):
    """Another party as this node knows it.

    key_id         of the key it signs with
    ended          why its card has ended; "": it has not
    is_peer        this node hands things to it itself
    owed           how many parcels wait for its word
    heard_at       when a packet of it came last, since this process began; null: not yet
    failure        why it could not be reached when it was last tried; "": it could, or was not tried
    refuses_us     the key of its refusal where it takes nothing from us; "": it does
    record_size, record_epoch  of the newest checkpoint of its record that continues what was seen; null: none was shown
    countersigned  how many entries of our record it has countersigned, of this epoch"""

    party: str
    name: str
    key_id: str
    compared_with: str
    ended: str
    ended_since: str | None
    is_peer: bool
    leads_to: list[str]
    address: str
    owed: int
    heard_at: str | None
    failure: str
    failures: int
    refuses_us: str
    record_size: int | None
    record_epoch: int | None
    countersigned: int
    found: list[FoundView]


class Peers(msgspec.Struct, frozen=True):
    """All other parties whose cards were taken in, by id."""

    items: list[PeerView]


class Brought(msgspec.Struct, frozen=True):
    """A packet was taken in; `new`: something in it was."""

    new: bool


def _view(ask: Ask[Any, Any], talk: Talk, party: str) -> PeerView:
    card, ended, held = talk.cards[party], talk.ended.get(party), talk.peers.get(party)
    outbox = talk.channel.outboxes.get(party)
    link = ask.desk.link(party)
    found = [
        FoundView(
            one.what, one.lie.series if one.lie else None, one.lie.number if one.lie else None, list(one.lie.digests) if one.lie else []
        )
        for one in talk.channel.found
        if one.peer == party
    ]  # fmt: skip
    seen = talk.witnesses.seen.get(party, Seen())
    found += [FoundView("split_view", None, None, [], split_json(split)) for split in seen.splits]
    newest = read_checkpoint(seen.newest) if seen.newest else None
    return PeerView(
        party, card.name, note_key(card.signs).key.key_id, card.compared_with, ended.why if ended else "",
        utc_text(ended.since_us) if ended and ended.since_us is not None else None, held is not None,
        list(held.leads_to) if held else [], held.address if held else "", len(outbox) if outbox is not None else 0,
        None if link.heard_us is None else utc_text(link.heard_us), link.failure, link.failures,
        talk.refused_by.get(party, ""), newest.size if newest else None, newest.epoch if newest else None,
        talk.witnesses.cosigned_size(party, ask.node.origin_line), found,
    )  # fmt: skip


def _talk(ask: Ask[Any, Any]) -> Talk:
    ask.must(Action.READ, *ask.node.of_talk)
    return ask.node.talk


async def card(ask: Ask[NoQuery, None]) -> Answer:
    """The card of this node, to be given to a peer as a file."""
    _talk(ask)
    return Answer(ask.desk.card(), headers={"content-disposition": f'attachment; filename="{ask.members.house}.card"'})


async def number(ask: Ask[NoQuery, CardShown]) -> Answer:
    """The digits that this node's card makes with another party's; nothing is kept of it."""
    _talk(ask)
    read = ask.desk.number_with(bytes(ask.body.card))
    return Answer(NumberView(read.taken.party, read.taken.name, read.number))


async def peers(ask: Ask[NoQuery, None]) -> Answer:
    """Other parties whose cards were taken in, and how it goes with each."""
    talk = _talk(ask)
    return Answer(Peers([_view(ask, talk, party) for party in sorted(talk.cards)]))


async def peer(ask: Ask[NoQuery, None]) -> Answer:
    """One of them."""
    talk = _talk(ask)
    return Answer(_view(ask, talk, _known(ask, talk)))


def _known(ask: Ask[Any, Any], talk: Talk) -> str:
    party = ask.path["party"]
    if party not in talk.cards:
        raise not_here("peer", party)
    return party


async def take_card(ask: Ask[NoQuery, CardGiven]) -> Answer:
    """Takes another party's card in, whose number people of both sides have compared. From now on its keys are these."""
    ask.must(Action.PAIR, *ask.node.of_talk)
    read = ask.desk.number_with(bytes(ask.body.card))
    if read.taken.party != ask.path["party"]:
        what = "The card is another party's"
        raise Declined(
            422, "card.other", f"{what}.", errors=[Fault("$.card.party", "card.other", what, read.taken.party)]
        )
    taken = msgspec.structs.replace(read.taken, compared_with=ask.body.compared_with)
    return await ask.give(taken, done, status=201)


async def end_card(ask: Ask[NoQuery, CardEnding]) -> Answer:
    """Trusts another party's keys no more: it lost them, or somebody else has them. What they signed until then stays as it is."""
    ask.must(Action.PAIR, *ask.node.of_talk)
    party = _known(ask, ask.node.talk)
    try:
        since_us = parse_instant(ask.body.since_at).us if ask.body.since_at else None
    except Refused as refused:
        raise refused.at("$.since_at") from refused
    return await ask.give(CardEnded(party, ask.body.why, since_us, ask.body.note), done)


async def join(ask: Ask[NoQuery, Joining]) -> Answer:
    """Hands another party's node what is for it and for those it leads to."""
    ask.must(Action.PAIR, *ask.node.of_talk)
    party = _known(ask, ask.node.talk)
    return await ask.give(PeerJoined(party, tuple(ask.body.leads_to), ask.body.address), done)


async def by_hand(ask: Ask[NoQuery, ByHand]) -> Answer:
    """Says that a party has no node: what is for it is printed or said, and people enter what becomes of it, as claims with their carrier."""
    ask.must(Action.PAIR, *ask.node.of_talk)
    return await ask.give(ReachedByHand(ask.path["party"], ask.body.note), done)


async def fetch(ask: Ask[NoQuery, None]) -> Answer:
    """What a peer is handed next, to be carried there on whatever holds a file; asked for again, it is there again until it was taken."""
    ask.must(Action.CARRY, *ask.node.of_talk)
    party = _known(ask, ask.node.talk)
    return Answer(await ask.desk.packet(party), media_type=PACKET)


async def bring(ask: Ask[NoQuery, bytes]) -> Answer:
    """Takes in what was carried here from a peer."""
    ask.must(Action.CARRY, *ask.node.of_talk)
    party = _known(ask, ask.node.talk)
    return Answer(Brought(await ask.desk.take_packet(party, ask.body)))


JSON = "application/json"
ROUTES = (
    Route("GET", "/v1/card", card, "peers", gives=dict[str, Any]),
    Route("POST", "/v1/card/number", number, "peers", gives=NumberView, bodies={JSON: CardShown}),
    Route("GET", "/v1/peers", peers, "peers", gives=Peers),
    Route("GET", "/v1/peers/{party}", peer, "peers", gives=PeerView, problems=(404,)),
    Route("PUT", "/v1/peers/{party}", join, "peers", gives=Done, bodies={JSON: Joining}, problems=(403, 404)),
    Route("PUT", "/v1/peers/{party}/card", take_card, "peers", gives=Done, bodies={JSON: CardGiven}, status=201, problems=(403,)),
    Route("POST", "/v1/peers/{party}/card/end", end_card, "peers", gives=Done, bodies={JSON: CardEnding}, problems=(403, 404)),
    Route("PUT", "/v1/peers/{party}/by-hand", by_hand, "peers", gives=Done, bodies={JSON: ByHand}, problems=(403,)),
    Route("GET", "/v1/peers/{party}/packet", fetch, "peers", gives_media=(PACKET,), problems=(403, 404)),
    Route("POST", "/v1/peers/{party}/packet", bring, "peers", gives=Brought, bodies={PACKET: bytes}, problems=(403, 404)),
)  # fmt: skip
