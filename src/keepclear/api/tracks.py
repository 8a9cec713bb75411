"""Who was where: the newest report of each subject, the positions of one, and who is in or near which zone.

What was concluded of a subject rests on every feed that reported it, and is seen only by those who may see all of them. A single
position rests on its own feed alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from heapq import nsmallest
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route, instant_us
from keepclear.api.paging import Exercise, Page, Paged, page_of
from keepclear.api.problems import bad_query, not_here
from keepclear.api.zones import KnownAt, side_known_at
from keepclear.geo.earth import E7
from keepclear.ground.instants import EARLIEST_US, LATEST_US, utc_text
from keepclear.node.side import Side
from keepclear.parties.parties import Access, Action
from keepclear.render.sentences import NOT_PERMISSION
from keepclear.tracks.observations import UNKNOWN
from keepclear.tracks.picture import Report
from keepclear.watch.presence import State

At = Annotated[str, Meta(max_length=64, description="an instant: 2026-05-18T10:00:00Z")]
Subject = Annotated[str, Meta(min_length=1, max_length=200, description="who or what was reported")]
ZoneId = Annotated[str, Meta(min_length=1, max_length=200, description="id of a zone")]
POSITIONS_MAX = 10_000
PRESENCES_PER_READ = 1_000
# Subject, zone, state, and since when it was seen so, where an instant was asked for.
Presence = tuple[str, str, State, int | None]


class TracksAsked(Paged, frozen=True):
    """Which tracks."""

    known_at: KnownAt | None = None


class PositionsAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whose positions, seen from when until when; the newest `limit` of them."""

    subject: Subject
    exercise: Exercise | None = None
    since: At | None = None
    until: At | None = None
    limit: Annotated[int, Meta(ge=1, le=POSITIONS_MAX)] = 1_000


class PresenceAsked(Paged, frozen=True):
    """Of whom, where, and when. `at`: who was where at this instant. `known_at`: as it was known then; now, if it is left out."""

    zone: ZoneId | None = None
    subject: Subject | None = None
    at: At | None = None
    known_at: KnownAt | None = None


class NameView(msgspec.Struct, frozen=True):
    """What a feed says that a subject is called. It is a claim of whoever sent it, and nothing is concluded from it."""

    name: str
    feed: str
    source: str


class TrackView(msgspec.Struct, frozen=True):
    """The report of a subject that was seen last. What it does not say is null. Errors are one standard deviation."""

    subject: str
    seen_at: str
    known_at: str
    lat: float
    lon: float
    is_area: bool
    error_m: float | None
    height_m: float | None
    speed_mps: float | None
    course_deg: float | None
    source: str
    party: str
    feeds: list[str]
    names: list[NameView]


class PositionView(msgspec.Struct, frozen=True):
    """One report of a position: when the source saw it, and when this node learned of it."""

    seen_at: str
    known_at: str
    lat: float
    lon: float
    error_m: float | None
    source: str
    feed: str


class Positions(msgspec.Struct, frozen=True):
    """Positions of one subject, in the order they were seen; `left_off`: there may be older ones in the window."""

    subject: str
    items: list[PositionView]
    left_off: bool


class PresenceView(msgspec.Struct, frozen=True):
    """A subject towards a zone: close, inside, lost; also clear, where an instant was asked for. `since`: seen there first."""

    subject: str
    zone: str
    state: str
    since: str | None = None
    names: list[NameView] = []


class Presences(Page[PresenceView], frozen=True):
    """Who is where. A presence that is not foreseen is no wrong, and one that is foreseen is no permission."""

    note: str = NOT_PERMISSION


def names_of(side: Side, subject: str) -> list[NameView]:
    """What a subject is called, by each feed that reported it and names it."""
    found = ((name, side.feeds.held(feed)) for feed, name in side.names_of(subject).items())
    return [NameView(name, feed.id, feed.source) for name, feed in found if feed is not None]


def track_view(subject: str, report: Report, feeds: tuple[str, ...], names: list[NameView]) -> TrackView:
    """The newest report of a subject as it is answered."""
    attribution = report.claim.attribution
    return TrackView(
        subject,
        utc_text(report.seen_at_us),
        utc_text(report.at_us),
        report.lat_e7 / E7,
        report.lon_e7 / E7,
        report.area is not None,
        _per_thousand(report.error_mm),
        _per_thousand(report.height_mm),
        _per_thousand(report.speed_mmps),
        None if report.course_cdeg == UNKNOWN else report.course_cdeg / 100,
        report.source,
        "" if attribution is None else attribution.party,
        list(feeds),
        names,
    )


def _per_thousand(number: int) -> float | None:
    return None if number == UNKNOWN else number / 1000


def visible_subjects(ask: Ask[Any, Any], side: Side, action: Action = Action.READ) -> Iterator[str]:
    """The subjects of which the user may see what was concluded, without a note in the access log."""
    by_feeds: dict[tuple[str, ...], bool] = {}
    for subject, feeds in side.feeds_of.items():
        if feeds not in by_feeds:
            by_feeds[feeds] = ask.could_see(ask.members.concerned(subject=subject, feeds=feeds), action)
        if by_feeds[feeds]:
            yield subject


async def tracks(ask: Ask[TracksAsked, None]) -> Answer:
    """The newest report of each subject, by name."""
    side = await side_known_at(ask, ask.query.known_at)
    after, limit = ask.query.after or "", ask.items_of(ask.query.limit)

    def shown(subject: str) -> Callable[[], TrackView] | None:
        report, feeds = side.watch.newest_of(subject), side.feeds_behind("", subject)
        if report is None:
            return None
        return ask.given(
            ask.members.concerned(subject=subject, feeds=feeds),
            lambda: track_view(subject, report, feeds, names_of(side, subject)),
        )

    behind = nsmallest(limit + 1, (subject for subject in visible_subjects(ask, side) if subject > after))
    return Answer(page_of(behind, limit, shown=shown, cursor=str))


async def positions(ask: Ask[PositionsAsked, None]) -> Answer:
    """The positions of one subject that were seen in a window, each if its feed is visible."""
    query, side = ask.query, ask.side
    from_us = instant_us("since", query.since)
    until_us = instant_us("until", query.until)
    feeds = [feed for feed in side.feeds_behind("", query.subject) if ask.sees([ask.members.access_of("feed", feed)])]
    if not feeds:
        raise not_here("subject", query.subject)
    found = await ask.desk.track(
        query.subject,
        ask.exercise,
        feeds,
        EARLIEST_US if from_us is None else from_us,
        LATEST_US if until_us is None else until_us,
        query.limit,
    )
    items = [_position(row) for row in found]
    return Answer(Positions(query.subject, items, len(found) == query.limit))


def _position(row: Mapping[str, Any]) -> PositionView:
    return PositionView(
        utc_text(row["seen_at_us"]),
        utc_text(row["known_at_us"]),
        row["lat"],
        row["lon"],
        row["error_m"],
        row["source"],
        row["feed"],
    )


async def presence(ask: Ask[PresenceAsked, None]) -> Answer:
    """Who is in or near which zone, or was.

    Without an instant: everybody who is not simply clear, now. With `known_at`: as this node believed it then. With `at`: who was
    where at that instant, by everything that is known now, or was known at `known_at`: reports that came late are in it.

    A zone that there never was, or that you may not see, is answered with 404; one that has ended still has its past."""
    ask.must(Action.READ)
    query = ask.query
    ask.must_know_zone(query.zone)
    at_us, known_at_us = instant_us("at", query.at), instant_us("known_at", query.known_at)
    after, limit, side = _pair(query.after), ask.items_of(query.limit), ask.side
    by_feeds: dict[tuple[str, tuple[str, ...]], bool] = {}

    def concerned(subject: str, zone: str) -> tuple[Access, ...]:
        return ask.members.concerned(zone, subject, feeds=side.feeds_behind(zone, subject))

    def is_visible(subject: str, zone: str) -> bool:
        key = zone, side.feeds_behind(zone, subject)
        if key not in by_feeds:
            by_feeds[key] = ask.could_see(concerned(subject, zone))
        return by_feeds[key]

    def shown(row: Presence) -> Callable[[], PresenceView] | None:
        subject, zone, state, since_us = row
        since = None if since_us is None else utc_text(since_us)
        return ask.given(
            concerned(subject, zone), lambda: PresenceView(subject, zone, state.value, since, names_of(side, subject))
        )

    behind: list[Presence] = []
    if at_us is None and known_at_us is None:
        fitting = (
            (subject, zone, state, None)
            for subject, zone, state in side.watch.states()
            if query.zone in (None, zone)
            and query.subject in (None, subject)
            and (subject, zone) > after
            and is_visible(subject, zone)
        )
        behind = nsmallest(limit + 1, fitting, key=lambda row: row[:2])
    else:
        async for row in _past(ask, at_us, known_at_us, after):
            if is_visible(*row[:2]):
                behind.append(row)
            if len(behind) > limit:
                break
    page = page_of(behind, limit, shown=shown, cursor=lambda row: msgspec.json.encode(row[:2]).decode())
    return Answer(Presences(page.items, page.next))


async def _past(
    ask: Ask[PresenceAsked, None], at_us: int | None, known_at_us: int | None, after: tuple[str, str]
) -> AsyncIterator[Presence]:
    """Who was where, by subject and zone, behind these two; as much is read as is asked for."""
    known_us = ask.desk.now_us() if known_at_us is None else known_at_us
    asked = (known_us if at_us is None else at_us, known_us, ask.exercise, ask.query.zone, ask.query.subject)
    while found := await ask.desk.presence_at(*asked, after=after, count=PRESENCES_PER_READ):
        for row in found:
            yield row["subject"], row["zone"], State(row["now"]), row["seen_at_us"]
        after = (found[-1]["subject"], found[-1]["zone"])


def _pair(after: str | None) -> tuple[str, str]:
    """Subject and zone of the last row of a page, from its cursor."""
    try:
        return ("", "") if after is None else msgspec.json.decode(after, type=tuple[str, str])
    except msgspec.DecodeError as error:
        raise bad_query("after", "query.unreadable", "This is no row", after, "Give what `next` said.") from error


ROUTES = (
    Route("GET", "/v1/tracks", tracks, "tracks", gives=Page[TrackView], query=TracksAsked, problems=(404,)),
    Route("GET", "/v1/positions", positions, "tracks", gives=Positions, query=PositionsAsked, problems=(404,)),
    Route("GET", "/v1/presence", presence, "tracks", gives=Presences, query=PresenceAsked, problems=(404,)),
)
