"""The card of a node, as its peers are given it: made of the record and of the keys for links, so that it is the same from everywhere."""

from __future__ import annotations

from keepclear.ground.errors import Refused
from keepclear.ground.signing import NoteKey, public_from_pem
from keepclear.host.link_keys import LinkKeys
from keepclear.links.pairing import Card, card_of
from keepclear.node import events as e
from keepclear.node.node import Node


def signing_key_id(node: Node) -> str:
    """The key that signs for this node now: the newest that was introduced and has not ended. Raises `Refused` where there is none."""
    live = node.live_key_ids
    if not live:
        mend = "Introduce a new one: `keepclear key change FOLDER`."
        raise Refused("key.none", "Every signing key of this node has ended", mend=mend)
    return live[-1]


def own_card(node: Node, keys: LinkKeys) -> Card:
    """The card of a node that has begun. Raises `Refused` where every signing key has ended."""
    assert node.began is not None
    key_id = signing_key_id(node)
    public = next(
        event.public_key for event in node.keys if isinstance(event, e.KeyIntroduced) and event.key_id == key_id
    )
    signs = NoteKey(node.origin, public_from_pem(public))
    return card_of(node.members.parties[node.began.party], signs, keys.opening.public, keys.own.certificate)
