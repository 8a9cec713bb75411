"""Two nodes are paired when each has the other's card, and their people have compared the number that both cards make.

    card    a file: who it is, the key it signs with, the key to seal with for it, the certificate that it shows on a link
    number  60 digits that both sides compute from the two cards, read to each other over a line on which they know each other's voice

Whoever exchanged one card on the way has made two different numbers. Digits are said alike in every language.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from keepclear.ground.canon import base64_bytes, base64_text, json_value
from keepclear.ground.errors import Refused
from keepclear.ground.signing import NoteKey, note_key
from keepclear.ground.words import words_checked
from keepclear.ground.written import written
from keepclear.links.certificates import Certificate, read_certificate
from keepclear.links.sealing import SealingKey
from keepclear.parties.ids import id_checked

CARD_BYTES_MAX = 16_384
_GROUPS, _GROUP_DIGITS = 12, 5


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one node gives to another, once.

    name      of the party, for people
    origin    of its record, so that its checkpoints can be checked
    signs     the verifier line of the key that it signs with (C2SP signed-note)
    seals     base64 of the key that is sealed with for it
    tls       base64 of the certificate that it shows on a link (X.509, DER)"""

    party: str
    name: str
    origin: str
    signs: str
    seals: str
    tls: str
    card: int = 1

    @property
    def signing_key(self) -> NoteKey:
        """The key it signs with."""
        return note_key(self.signs)

    @property
    def sealing_key(self) -> SealingKey:
        """The key to seal with."""
        return SealingKey(base64_bytes(self.seals))

    @property
    def certificate(self) -> Certificate:
        """The certificate that it shows on a link."""
        return read_certificate(base64_bytes(self.tls))

    @property
    def text(self) -> bytes:
        """The card as it is written to a file."""
        return msgspec.json.format(written(self), indent=2) + b"\n"


_CARD = msgspec.json.Decoder(Card)


def card_of(name: str, signs: NoteKey, seals: SealingKey, tls: Certificate) -> Card:
    """The card of the node of a party: the one that its certificate is of."""
    return checked(Card(tls.party, name, signs.name, signs.line, base64_text(seals.raw), base64_text(tls.der)))


def read_card(data: bytes) -> Card:
    """The card of these bytes; raises `Refused`."""
    json_value(data, CARD_BYTES_MAX)
    try:
        return checked(_CARD.decode(data))
    except msgspec.DecodeError as error:
        mend = "Ask the other side for the file that its node wrote."
        raise Refused("card.unreadable", f"This is no card of a node ({error})", value=data, mend=mend) from error


def checked(card: Card) -> Card:
    """The card, if it can be one; raises `Refused` with the place of the fault."""
    id_checked(card.party, "$.party")
    words_checked(card.name, "$.name")
    if card.card != 1:
        raise Refused("card.version", "This card is of another version", value=card.card, where="$.card")
    for name, member in (("signs", "signing_key"), ("seals", "sealing_key"), ("tls", "certificate")):
        try:
            getattr(card, member)  # read to be checked
        except Refused as refused:
            raise refused.at(f"$.{name}") from refused
    if card.certificate.party != card.party:
        raise Refused("card.tls", "The certificate is of another party", value=card.certificate.party, where="$.tls")
    if card.signing_key.name != card.origin:
        raise Refused("card.origin", "The key is of another record", value=card.origin, where="$.origin")
    return card


def number_of(one: Card, other: Card) -> str:
    """The digits to be compared: twelve groups of five, the same on both sides."""
    if one.party == other.party:
        raise Refused("card.same", "Two nodes of two parties are paired", value=one.party)
    first, second = sorted((one, other), key=lambda card: card.party)
    digest = sha256(b"keepclear pairing 1\0" + _digest(first) + _digest(second)).digest()
    number = int.from_bytes(digest, "big") % 10 ** (_GROUPS * _GROUP_DIGITS)
    digits = f"{number:0{_GROUPS * _GROUP_DIGITS}d}"
    return " ".join(digits[at : at + _GROUP_DIGITS] for at in range(0, len(digits), _GROUP_DIGITS))


def _digest(card: Card) -> bytes:
    return sha256(written(card)).digest()
