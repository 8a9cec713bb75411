"""Sealed bytes on their way from one party to another, perhaps through others who cannot read them.

    carriage   what everybody on the way sees: from whom, for whom, until when, how many hands more; and the SHA-256 of the sealed bytes
    route      where a node sends what is for a party; set by its people, never learned from what passes

A relay passes on what is not for it, once, and signs that it did where the sender asks for word of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from keepclear.channel.messages import Urgency
from keepclear.ground.canon import SHA256_HEX
from keepclear.ground.errors import Refused
from keepclear.ground.instants import EARLIEST_US, LATEST_US, us_checked
from keepclear.parties.ids import id_checked

HANDS_MAX = 8
SEALED_BYTES_MAX = 1_048_576


class Carriage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands on the outside of sealed bytes.

    valid_until_us  by the clock of whose hands it came from last
    hands       parties that have had it in their hands, in order; the first is where it comes from
    hands_left  how many more may have it
    urgency     what is more urgent goes before what is not on its way yet"""

    sender: str
    to: str
    digest: str
    byte_count: int
    valid_until_us: int
    urgency: Urgency
    hands: tuple[str, ...]
    hands_left: int
    asks_word: bool = True
    exercise: bool = False

    def by_clock(self, ahead_us: int) -> Carriage:
        """The same by a clock that is so far ahead of the one it was written by: nobody here agrees on what time it is."""
        until_us = min(max(self.valid_until_us + ahead_us, EARLIEST_US), LATEST_US - 1)
        return msgspec.structs.replace(self, valid_until_us=until_us)

    def passed_on(self, by: str) -> Carriage:
        """The same, as the next one sees it."""
        return msgspec.structs.replace(self, hands=(*self.hands, by), hands_left=self.hands_left - 1)


class Mine(NamedTuple):
    """It is for this party."""


class PassOn(NamedTuple):
    """It is for somebody else, and goes to this peer next."""

    peer: str


class Held(NamedTuple):
    """It goes no further here, for this reason: "expired", "hands", "loop", "route", or "full" where too much waits for the next."""

    why: str


def decided(
    carriage: Carriage, own: str, came_from: str, routes: Mapping[str, str], at_us: int
) -> Mine | PassOn | Held:
    """What becomes of a carriage that a peer handed over."""
    if carriage.to == own:
        return Mine()
    if at_us >= carriage.valid_until_us:
        return Held("expired")
    if own in carriage.hands:
        return Held("loop")
    if carriage.hands_left <= 0:
        return Held("hands")
    peer = routes.get(carriage.to)
    if peer is None or peer == came_from or peer in carriage.hands:
        return Held("route")
    return PassOn(peer)


def checked(carriage: Carriage) -> Carriage:
    """The carriage, if it can be one; raises `Refused`."""
    for name in ("sender", "to"):
        id_checked(getattr(carriage, name), f"$.{name}")
    if carriage.sender == carriage.to:
        raise Refused("carriage.to_oneself", "It goes to where it comes from", value=carriage.to, where="$.to")
    if not SHA256_HEX.fullmatch(carriage.digest):
        raise Refused(
            "carriage.digest", "Sealed bytes are cited by their SHA-256", value=carriage.digest, where="$.digest"
        )
    if not 0 < carriage.byte_count <= SEALED_BYTES_MAX:
        what = f"From 1 to {SEALED_BYTES_MAX:,} bytes are carried at once"
        raise Refused("carriage.size", what, value=carriage.byte_count, where="$.byte_count")
    us_checked(carriage.valid_until_us, "$.valid_until_us")
    # Together: what is taken from one peer must be what the next one takes, or it would hold up all that is behind it.
    if not 0 < len(carriage.hands) <= HANDS_MAX + 1 - carriage.hands_left <= HANDS_MAX + 1:
        raise Refused("carriage.hands", f"At most {HANDS_MAX} pass it on", value=len(carriage.hands), where="$.hands")
    for number, party in enumerate(carriage.hands):
        id_checked(party, f"$.hands[{number}]")
    if carriage.hands[0] != carriage.sender or len(set(carriage.hands)) != len(carriage.hands):
        raise Refused(
            "carriage.hands", "These hands cannot have had it in this order", value=carriage.hands, where="$.hands"
        )
    return carriage
