"""A message on paper, for a party that has paper and a telephone and no node: the notice, and the sheet for what is read back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.messages import MessageAsked, ShortText, held, known, named_points
from keepclear.api.openapi import page_policy
from keepclear.api.problems import bad_query
from keepclear.ground.errors import Refused
from keepclear.ground.instants import zone_named
from keepclear.parties.names import Name, Party
from keepclear.render.paper import STYLE, html_of, text_of
from keepclear.render.sheets import Around, notice, read_back_sheet

HTML = "text/html"
TEXT = "text/plain"


class SheetKind(StrEnum):
    """The notice, or the sheet with a box for each value."""

    NOTICE = "notice"
    READ_BACK = "read-back"


class Copy(StrEnum):
    """Whose copy."""

    OURS = "ours"
    THEIRS = "theirs"


class Form(StrEnum):
    """For a printer, or plain text of at most 80 columns."""

    HTML = "html"
    TEXT = "text"


class SheetAsked(MessageAsked, frozen=True):
    """Which sheet of a message, and how."""

    kind: SheetKind = SheetKind.NOTICE
    copy: Annotated[
        Copy,
        Meta(description="ours has besides: what is known of the message; what was said, and how the sheet is entered"),
    ] = Copy.THEIRS
    form: Form = Form.HTML
    here: Annotated[ShortText, Meta(description="time zone of this side, such as Asia/Damascus")] = "UTC"
    there: Annotated[ShortText, Meta(description="time zone of the other side")] = "UTC"


async def sheet(ask: Ask[SheetAsked, None]) -> Answer:
    """A message as a sheet to print or to read out: the notice, or boxes for what is read back. Nothing goes anywhere by it."""
    query = ask.query
    talk, at_us = await known(ask, query.known_at)
    thread = held(ask, talk)
    message = thread.message
    is_sent = message.sender == ask.members.house
    here, there = _clock("here", query.here), _clock("there", query.there)
    ours = query.copy is Copy.OURS
    names = {party: card.name for party, card in talk.cards.items()} | ask.members.parties
    around = Around(
        tuple(Party(id, (Name(name, "und"),)) for id, name in sorted(names.items())),
        (here, there) if is_sent else (there, here),
        named_points(ask, "" if ours else message.to if is_sent else message.sender),
        talk.channel.standing(thread.id, at_us) if ours else None,
        at_us,
    )
    made = (
        notice(message, around) if query.kind is SheetKind.NOTICE else read_back_sheet(message, around, theirs=not ours)
    )
    if query.form is Form.TEXT:
        return Answer(text_of(made).encode(), media_type=TEXT)
    return Answer(html_of(made).encode(), media_type=HTML, headers={"content-security-policy": page_policy(STYLE)})


def _clock(name: str, zone: str) -> str:
    try:
        zone_named(zone)
    except Refused as refused:
        raise bad_query(name, refused.key, refused.what, zone, refused.mend) from refused
    return zone


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/v1/messages/{message}/sheet", sheet, "messages", gives=str, query=SheetAsked, gives_media=("text/html", "text/plain"),
        problems=(404,),
    ),
)  # fmt: skip
