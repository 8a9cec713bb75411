"""Feeds: where positions come from, and how each of them does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.paging import Page, Paged, page_of
from keepclear.api.positions import RefusedRow, refused_row
from keepclear.api.problems import not_here
from keepclear.api.zones import AccessView, Done, Ending, Sided, access_view, done
from keepclear.ground.instants import utc_text
from keepclear.node.events import FeedDeclared, FeedEnded
from keepclear.node.feed_book import Feed
from keepclear.parties.parties import Access, Action


class Declaring(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A feed of the user's own party.

    source           who says so, for reports that do not name their source
    grading          Admiralty code of the source, such as B2; "" not graded
    silent_after_us  nothing heard for longer than this is an alert; null: never"""

    source: Annotated[str, Meta(min_length=1, max_length=200)]
    grading: Annotated[str, Meta(max_length=2, pattern="^([A-F][1-6])?$")] = ""
    silent_after_us: Annotated[int, Meta(ge=1, le=10 * 366 * 86_400_000_000)] | None = None


class FeedView(msgspec.Struct, frozen=True):
    """A feed and its account: rows_read = accepted + duplicate + refused, always.

    silent_since  since when it counts as silent
    state         of its connection: "connected", "disconnected", "ended", "" nobody connects
    given_up      rows that were not taken because too much came at once; not part of rows_read
    samples       the newest refusals"""

    id: str
    source: str
    grading: str
    is_open: bool
    declared_at: str
    last_heard: str | None
    silent_after_us: int | None
    silent_since: str | None
    state: str
    state_why: str
    rows_per_minute: int
    rows_read: int
    accepted: int
    duplicate: int
    refused: int
    given_up: int
    refused_for: dict[str, int]
    noticed: dict[str, int]
    samples: list[RefusedRow]
    access: AccessView


def feed_view(feed: Feed, access: Access, now_us: int) -> FeedView:
    """A feed as it is answered."""
    return FeedView(
        feed.id, feed.source, feed.grading, feed.is_open, utc_text(feed.declared_at_us), _text(feed.last_heard_us),
        feed.silent_after_us, _text(feed.silent_since_us), feed.state, feed.state_why, feed.rows_per_minute(now_us), feed.rows_read,
        feed.accepted, feed.duplicate, feed.refused, feed.given_up, feed.refused_for, feed.noticed,
        [refused_row(refusal) for refusal in feed.samples], access_view(access),
    )  # fmt: skip


def _text(at_us: int | None) -> str | None:
    return None if at_us is None else utc_text(at_us)


async def feeds(ask: Ask[Paged, None]) -> Answer:
    """The feeds, by id; also those that have ended."""
    after, now_us = ask.query.after or "", ask.desk.now_us()

    def shown(feed: Feed) -> Callable[[], FeedView] | None:
        access = ask.members.access_of("feed", feed.id)
        return ask.given([access], lambda: feed_view(feed, access, now_us))

    behind = (feed for feed in ask.side.feeds.state() if feed.id > after)
    return Answer(page_of(behind, ask.items_of(ask.query.limit), shown=shown, cursor=lambda feed: feed.id))


async def feed(ask: Ask[Sided, None]) -> Answer:
    """One feed."""
    feed_id = ask.path["feed"]
    found, access = ask.side.feeds.held(feed_id), ask.members.access_of("feed", feed_id)
    if found is None or not ask.sees([access]):
        raise not_here("feed", feed_id)
    return Answer(feed_view(found, access, ask.desk.now_us()))


async def declare(ask: Ask[Sided, Declaring]) -> Answer:
    """Declares a feed of the user's party, or declares it anew: its account goes on."""
    feed_id, body = ask.path["feed"], ask.body
    ask.must(Action.DECLARE_FEED, Access("feed", feed_id, ask.user.party, (), ask.user.clearance))
    event = FeedDeclared(feed_id, ask.user.party, body.source, body.grading, body.silent_after_us)
    return await ask.give(event, done)


async def end(ask: Ask[Ending, None]) -> Answer:
    """Takes no more positions from a feed, for a reason that stands in the record."""
    feed_id = ask.path["feed"]
    access = ask.members.access_of("feed", feed_id)
    found = ask.side.feeds.held(feed_id)
    if found is None or not found.is_open:
        raise not_here("feed", feed_id)
    ask.must_see("feed", feed_id, access)
    ask.must(Action.END_FEED, access)
    return await ask.give(FeedEnded(feed_id, ask.query.reason), done)


ROUTES = (
    Route("GET", "/v1/feeds", feeds, "feeds", gives=Page[FeedView], query=Paged),
    Route("GET", "/v1/feeds/{feed}", feed, "feeds", gives=FeedView, query=Sided, problems=(404,)),
    Route("PUT", "/v1/feeds/{feed}", declare, "feeds", gives=Done, query=Sided, bodies={"application/json": Declaring}, problems=(403,)),
    Route("DELETE", "/v1/feeds/{feed}", end, "feeds", gives=Done, query=Ending, problems=(403, 404)),
)  # fmt: skip
