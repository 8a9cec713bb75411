"""All that a console needs from one stream: what is told, and between the lines where everybody is and how the node does.

    id: 1234.0
    event: alert
    data: {"event":"alert", ...}

    event: picture
    data: {"whole":false,"at":1779100000000, ..., "moved":{"track":[0,7],"lat":[33.5,33.6], ...}}

    event: status
    data: {"now":"2026-05-18T10:20:00Z", ...}

Lines have an id and are resumed by it; pictures and status have none. A picture is made when it is sent, for what was sent last on this
connection: a reader that is slow is sent what is so by then, and nothing waits for it. docs/spec/picture.md says what is in it.
"""

from __future__ import annotations

import asyncio
import math
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route, encoded
from keepclear.api.paging import Exercise
from keepclear.api.picture import Picture, picture_bytes
from keepclear.api.status import troubles
from keepclear.api.stream import MEDIA_TYPE, streamed
from keepclear.ground.instants import utc_text
from keepclear.node.picture import View
from keepclear.parties.parties import Action

# The clock of pictures; tests let it run faster.
SECOND_S = 1.0
STATUS_EVERY_S = 5.0


class LiveAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """From where on, and how often a picture; the header Last-Event-ID wins. Without an id, from now on.

    after    "SEQUENCE.INDEX" of the last line that was received; "0.0" begins with the first
    picture  at most one in so long, from 1s to 60s, or off"""

    exercise: Exercise | None = None
    after: Annotated[str, Meta(max_length=32)] | None = None
    picture: Annotated[str, Meta(pattern=r"^(off|([1-9]|[1-5][0-9]|60)s)$")] = "1s"


class FeedHeard(msgspec.Struct, frozen=True):
    """A feed that is open. `heard_at`: null if it never was; `silent_since`: null while it does not count as silent."""

    feed: str
    heard_at: str | None
    silent_since: str | None
    state: str


class LinkHeard(msgspec.Struct, frozen=True):
    """A peer of ours. `heard_at`: null if it was not since the node was started; `failure`: "" where it was reached when last tried."""

    peer: str
    heard_at: str | None
    failure: str


class TroubleView(msgspec.Struct, frozen=True):
    """What is not well with the node itself, by its key."""

    key: str
    params: dict[str, Any]


class LiveStatus(msgspec.Struct, frozen=True):
    """How the node does. `now`: its clock; `size`: entries of its record; of feeds and links, those that you may see."""

    now: str
    size: int
    feeds: list[FeedHeard]
    links: list[LinkHeard]
    troubles: list[TroubleView]


async def live(ask: Ask[LiveAsked, None]) -> Answer:
    """Everything told that you may see, as `/v1/stream` gives it, and between the lines where everybody is.

    `event: picture`: first everything that you may see, then what has changed since the last picture of this connection; at most
    one a period, and none where nothing has changed. `event: status`: about every five seconds, how the node does. Neither has an id."""
    asked = ask.query.picture
    return await streamed(ask, _Frames(ask, None if asked == "off" else int(asked.removesuffix("s"))))


class _Frames:
    """Pictures and status of one connection."""

    def __init__(self, ask: Ask[Any, Any], period: int | None) -> None:
        self._ask = ask
        self._period = period
        self._now_s = asyncio.get_running_loop().time
        self._view: View | None = None
        self._version: int | None = None
        self._picture_due_s = math.inf if period is None else 0.0
        self._status_due_s = 0.0

    def pause_s(self) -> float:
        """As `keepclear.api.stream.Between` says."""
        return max(0.0, min(self._picture_due_s, self._status_due_s) - self._now_s())

    async def said(self, *, is_quiet: bool) -> list[bytes]:
        """As `keepclear.api.stream.Between` says: one frame at a time, as the next is made when this one is sent."""
        now_s, said = self._now_s(), None
        if now_s >= self._status_due_s:
            self._status_due_s = now_s + STATUS_EVERY_S
            said = _frame("status", encoded(status_of(self._ask), self._ask.exercise))
        elif now_s >= self._picture_due_s and self._period is not None:
            period_s = self._period * SECOND_S
            # All readers have their turn together, so that what is made for one serves them all.
            self._picture_due_s = (now_s // period_s + 1) * period_s
            if self._view is None and self._picture_due_s - now_s < period_s / 2:
                self._picture_due_s += period_s
            said = self._picture(int(now_s // SECOND_S))
        if said is None:
            return []
        await self._ask.desk.durable()
        return [said]

    def _picture(self, turn: int) -> bytes | None:
        ask = self._ask
        picture, view = ask.desk.pictures.of(ask.node, ask.user, ask.exercise, ask.desk.now_us(), turn=turn)
        if view is not self._view:  # of another eye than before: what was sent does not count
            self._view, self._version = view, None
        version, self._version = self._version, view.version
        if version == view.version:
            return None
        said = picture_bytes(picture, view, version, ask.side, ask.exercise)
        if said is None:
            return None
        ask.note_given(view.concerned, Action.EXPORT)
        return _frame("picture", said)


def _frame(event: str, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event.encode(), data)


def status_of(ask: Ask[Any, Any]) -> LiveStatus:
    """How the node does, as far as the user may see."""
    feeds = [
        FeedHeard(feed.id, _text(feed.last_heard_us), _text(feed.silent_since_us), feed.state)
        for feed in ask.side.feeds.state()
        if feed.is_open and ask.sees([ask.members.access_of("feed", feed.id)], Action.EXPORT)
    ]
    talk, links = ask.node.talk, []
    if ask.could_see(ask.node.of_talk):
        for peer in sorted(talk.peers):
            link = ask.desk.link(peer)
            links.append(LinkHeard(peer, _text(link.heard_us), link.failure))
    found = [TroubleView(one.key, dict(one.params)) for one in troubles(ask)]
    return LiveStatus(utc_text(ask.desk.now_us()), ask.node.sequence, feeds, links, found)


def _text(at_us: int | None) -> str | None:
    return None if at_us is None else utc_text(at_us)


ROUTES = (
    Route(
        "GET",
        "/v1/live",
        live,
        "stream",
        gives=str,
        query=LiveAsked,
        gives_media=(MEDIA_TYPE,),
        problems=(403,),
        events={"picture": Picture, "status": LiveStatus},
    ),
)
