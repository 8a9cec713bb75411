"""Where everybody is, or was: as columns, because there are many. docs/spec/picture.md is the format.

Whoever may not see one of the feeds that reported a subject does not see the subject: what is in a picture was concluded of it. Positions
in a span rest each on its own feed alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route, encoded, instant_us
from keepclear.api.desk import Span, SpansAsked
from keepclear.api.paging import Exercise
from keepclear.api.problems import bad_query, not_here
from keepclear.api.tracks import At, NameView, Subject, visible_subjects
from keepclear.api.zones import KnownAt
from keepclear.geo.earth import E7
from keepclear.geo.shapes import Circle, Sector, Shape
from keepclear.geo.volumes import DATUMS
from keepclear.ground.instants import utc_text
from keepclear.node.picture import Changes, SidePicture, View
from keepclear.node.side import Side
from keepclear.parties.parties import Access, Action
from keepclear.tracks.observations import UNKNOWN, Claim
from keepclear.tracks.picture import Report
from keepclear.watch.presence import State

POSITIONS_MAX = 200_000
SPAN_US = 600_000_000
PRESENCES_PER_READ = 1_000


class PictureAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Of which instant, and as it was known when. `known_at`: now, if it is left out. `at`: then."""

    exercise: Exercise | None = None
    at: At | None = None
    known_at: KnownAt | None = None


class SpanAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which positions: seen from when until when, as known when.

    since    ten minutes before `until`, if it is left out
    until    `known_at`, if it is left out
    step     of each subject the last position in each step of so long, as 10s; every position, if it is left out
    subject  this one alone
    after    what `next` said"""

    exercise: Exercise | None = None
    since: At | None = None
    until: At | None = None
    step: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,5}s$")] | None = None
    known_at: KnownAt | None = None
    subject: Subject | None = None
    after: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=POSITIONS_MAX)] = POSITIONS_MAX


class CountView(msgspec.Struct, frozen=True):
    """How many, from `low` to `high` (null: nobody said), and the words that it was said in."""

    low: int
    high: int | None
    as_entered: str


class AreaView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A subject is somewhere in here. `lat`, `lon`: the centre of a circle, or of a sector from `from_deg` clockwise to `to_deg`, no nearer
    than `inner_radius_m`; a ring is one from 0 to 360. `rings`: the outline of anything else, each a list of latitude and longitude."""

    kind: Literal["circle", "sector", "outline"]
    lat: float | None = None
    lon: float | None = None
    radius_m: float | None = None
    inner_radius_m: float = 0.0
    from_deg: float = 0.0
    to_deg: float = 360.0
    rings: list[list[tuple[float, float]]] = []


class AboutTracks(msgspec.Struct, frozen=True):
    """Who they are, by what was said last. A track that is not known yet begins here.

    party       whose it is said to be, by `attributed_by`, and how sure they are, 0 to 1; "" where nobody says
    source      who reported last, and `grading` of that report
    feeds       that have reported it"""

    track: list[int]
    subject: list[str]
    names: list[list[NameView]]
    party: list[str]
    attributed_by: list[str]
    confidence: list[float | None]
    source: list[str]
    grading: list[str]
    feeds: list[list[str]]
    count: list[CountView | None]


class MovedTracks(msgspec.Struct, frozen=True):
    """The newest report of each: place in degrees, error and height in metres, speed in metres a second, course in degrees, instants in
    milliseconds UTC. What it does not say is null. A track that is here and not in `areas` has no area."""

    track: list[int]
    lat: list[float]
    lon: list[float]
    error_m: list[float | None]
    seen_at: list[int]
    known_at: list[int]
    height_m: list[float | None]
    datum: list[str]
    speed_mps: list[float | None]
    course_deg: list[float | None]


class AreasOfTracks(msgspec.Struct, frozen=True):
    """The areas of those reports that name one."""

    track: list[int]
    area: list[AreaView]


class TracksStanding(msgspec.Struct, frozen=True):
    """How they stand towards zones: zone to close, inside or lost. In place of what was said before; {}: nowhere in particular."""

    track: list[int]
    zones: list[dict[str, State]]


class Picture(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where everybody is, or what of that has changed. Parts in which there is nothing are left out.

    whole    forget everything before it
    at       of which instant it is, milliseconds UTC
    known_at  by what was known when
    size     entries of the record that it rests on
    assumed_error_m  what is taken for the error of a report that states none
    gone     tracks that are not in sight any more; they go before anything else is taken in
    left_off  how many there are besides, beyond as many as a picture has"""

    whole: bool
    at: int
    known_at: int
    size: int
    assumed_error_m: float
    gone: list[int] = []
    about: AboutTracks | None = None
    moved: MovedTracks | None = None
    areas: AreasOfTracks | None = None
    standing: TracksStanding | None = None
    left_off: int = 0


class SpanTracks(msgspec.Struct, frozen=True):
    """A list for each subject, in the order seen: instants in milliseconds UTC, degrees, and the error in metres or null."""

    subject: list[str]
    seen_at: list[list[int]]
    lat: list[list[float]]
    lon: list[list[float]]
    error_m: list[list[float | None]]


class PictureSpan(msgspec.Struct, frozen=True):
    """Who was where in a window. `left_off`: there is more, behind the subject `next`."""

    since: str
    until: str
    known_at: str
    tracks: SpanTracks
    left_off: bool
    next: str | None


# --- as it is ---


async def picture(ask: Ask[PictureAsked, None]) -> Answer:
    """Where everybody is that you may see; or was at an instant, by what is known now, or was known at another.

    Of each subject the report that was seen last by then. Names, feeds and what you may see are those of now."""
    ask.must(Action.EXPORT)
    at_us, known_at_us = instant_us("at", ask.query.at), instant_us("known_at", ask.query.known_at)
    if at_us is not None or known_at_us is not None:
        return await _past(ask, at_us, known_at_us)
    drawn, view = ask.desk.pictures.of(ask.node, ask.user, ask.exercise, ask.desk.now_us())
    ask.note_given(view.concerned, Action.EXPORT)
    return Answer(picture_bytes(drawn, view, None, ask.side, ask.exercise))


def picture_bytes(picture: SidePicture, view: View, version: int | None, side: Side, exercise: bool) -> bytes | None:
    """What a reader is sent that was sent this version (None: nothing yet), as JSON; None where nothing has changed."""
    if version not in view.told:
        changes = view.since(version)
        view.told[version] = encoded(_changed(picture, view, changes, side), exercise) if changes else b""
    return view.told[version] or None


def _changed(picture: SidePicture, view: View, changes: Changes, side: Side) -> Picture:
    at, track = picture.at_us // 1000, view.track
    about = _about(
        track[changes.about].tolist(),
        [picture.subjects[place] for place in changes.about.tolist()],
        [picture.names[place] for place in changes.about.tolist()],
        [picture.claims[place] for place in changes.about.tolist()],
        [picture.sources[place] for place in changes.about.tolist()],
        [picture.feeds[place] for place in changes.about.tolist()],
        side,
    )
    columns = {name: column[changes.moved] for name, column in picture.columns.items()}
    with_area = [place for place in changes.moved.tolist() if picture.areas[place] is not None]
    areas = AreasOfTracks(
        track[with_area].tolist() if with_area else [], [area_view(picture.areas[place]) for place in with_area]
    )
    standing = TracksStanding(
        track[changes.standing].tolist(), [dict(states) for states in view.states_of(changes.standing)]
    )
    return Picture(
        changes.whole, at, at, picture.size, picture.assumed_error_m, track[changes.gone].tolist(),
        about if about.track else None, _moved(track[changes.moved].tolist(), columns) if len(changes.moved) else None,
        areas if with_area else None, standing if standing.track else None, view.left_off,
    )  # fmt: skip


def _about(
    tracks: list[int],
    subjects: list[str],
    names: Sequence[Sequence[tuple[str, str]]],
    claims: Sequence[Claim],
    sources: list[str],
    feeds: Sequence[Sequence[str]],
    side: Side,
) -> AboutTracks:
    by = [claim.attribution for claim in claims]
    sources_of_feeds = {feed.id: feed.source for feed in side.feeds}
    counts = [claim.count for claim in claims]
    return AboutTracks(
        tracks, subjects,
        [[NameView(name, feed, sources_of_feeds[feed]) for name, feed in own if feed in sources_of_feeds] for own in names],
        ["" if one is None else one.party for one in by],
        ["" if one is None else one.attributed_by for one in by],
        [None if one is None else one.confidence for one in by],
        sources, [claim.grading for claim in claims], [list(own) for own in feeds],
        [None if one is None else CountView(one.low, one.high, one.as_entered) for one in counts],
    )  # fmt: skip


def _moved(tracks: list[int], columns: Mapping[str, npt.NDArray[Any]]) -> MovedTracks:
    return MovedTracks(
        tracks, (columns["lat_e7"] / E7).tolist(), (columns["lon_e7"] / E7).tolist(), _stated(columns["error_mm"], 1000),
        (columns["seen_at_us"] // 1000).tolist(), (columns["at_us"] // 1000).tolist(), _stated(columns["height_mm"], 1000),
        _datums(columns), _stated(columns["speed_mmps"], 1000), _stated(columns["course_cdeg"], 100),
    )  # fmt: skip


def _stated(column: npt.NDArray[Any], parts: int) -> list[float | None]:
    values: list[float | None] = (column / parts).tolist()
    unstated = np.flatnonzero(column == UNKNOWN).tolist()
    if len(unstated) == len(values):
        return [None] * len(values)
    for place in unstated:
        values[place] = None
    return values


def _datums(columns: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    """ "" where there is no height."""
    if (columns["height_mm"] == UNKNOWN).all():
        return [""] * len(columns["height_mm"])
    words = np.where(columns["height_mm"] == UNKNOWN, len(DATUMS), columns["datum"])
    return list(map((*DATUMS, "").__getitem__, words.tolist()))


def area_view(area: Shape | None) -> AreaView:
    """What is needed to draw an area."""
    match area:
        case Circle():
            return AreaView("circle", area.lat, area.lon, area.radius_m)
        case Sector():
            sides = area.inner_radius_m, area.from_deg, area.to_deg
            return AreaView("sector", area.lat, area.lon, area.radius_m, *sides)
        case Shape():
            rings = [
                list(zip(lat.round(7).tolist(), lon.round(7).tolist(), strict=True)) for lat, lon in area.outline()
            ]
            return AreaView("outline", rings=rings)
    raise TypeError("there is no area")


# --- as it was ---


async def _past(ask: Ask[PictureAsked, None], at_us: int | None, known_at_us: int | None) -> Answer:
    now_us = ask.desk.now_us()
    known_us = now_us if known_at_us is None else min(known_at_us, now_us)
    seen_us = known_us if at_us is None else min(at_us, known_us)
    side, size = ask.side, ask.node.sequence
    reports = await ask.desk.reports_at(
        frozenset(visible_subjects(ask, side, Action.EXPORT)), ask.exercise, seen_us, known_us
    )
    standing = await _standing_at(ask, seen_us, known_us, reports)
    side = ask.side
    # What may be seen may be less by now.
    reports = {
        subject: reports[subject] for subject in visible_subjects(ask, side, Action.EXPORT) if subject in reports
    }
    for feeds in {side.feeds_of[subject] for subject in reports}:
        ask.note_given(ask.members.concerned(subject="-", feeds=feeds), Action.EXPORT)
    tracks = {subject: number for number, subject in enumerate(reports)}
    standing = {subject: zones for subject, zones in standing.items() if subject in tracks}
    for zone in {zone for zones in standing.values() for zone in zones}:
        ask.note_given([ask.members.access_of("zone", zone)], Action.EXPORT)
    held = list(reports.values())
    columns = {
        "seen_at_us": [one.seen_at_us for one in held], "at_us": [one.at_us for one in held],
        "lat_e7": [one.lat_e7 for one in held], "lon_e7": [one.lon_e7 for one in held], "error_mm": [one.error_mm for one in held],
        "height_mm": [one.height_mm for one in held], "datum": [one.datum for one in held],
        "speed_mmps": [one.speed_mmps for one in held], "course_cdeg": [one.course_cdeg for one in held],
    }  # fmt: skip
    areas = {tracks[subject]: area_view(one.area) for subject, one in reports.items() if one.area is not None}
    names = [tuple((name, feed) for feed, name in side.names_of(subject).items()) for subject in tracks]
    about = _about(
        list(tracks.values()), list(tracks), names, [one.claim for one in held], [one.source for one in held],
        [side.feeds_of[subject] for subject in tracks], side,
    )  # fmt: skip
    moved = _moved(list(tracks.values()), {name: np.array(column, np.int64) for name, column in columns.items()})
    return Answer(
        Picture(
            True, seen_us // 1000, known_us // 1000, size, side.watch.assumed_error_m, [], about if tracks else None,
            moved if tracks else None, AreasOfTracks(list(areas), list(areas.values())) if areas else None,
            TracksStanding([tracks[subject] for subject in standing], list(standing.values())) if standing else None,
        )
    )  # fmt: skip


async def _standing_at(
    ask: Ask[Any, Any], at_us: int, known_at_us: int, reports: Mapping[str, Report]
) -> dict[str, dict[str, State]]:
    """How these subjects stood towards the zones that the user may see."""
    found: dict[str, dict[str, State]] = {}
    after, sees = ("", ""), {}
    while rows := await ask.desk.presence_at(at_us, known_at_us, ask.exercise, after=after, count=PRESENCES_PER_READ):
        for row in rows:
            zone, state = row["zone"], State(row["now"])
            if zone not in sees:
                sees[zone] = ask.could_see([ask.members.access_of("zone", zone)], Action.EXPORT)
            if sees[zone] and state is not State.CLEAR and row["subject"] in reports:
                found.setdefault(row["subject"], {})[zone] = state
        after = (rows[-1]["subject"], rows[-1]["zone"])
    return found


async def span(ask: Ask[SpanAsked, None]) -> Answer:
    """Who was where in a window, as columns: all subjects that you may see, or one; each position if its feed is visible.

    At most 200,000 positions, and two million that are looked at; `left_off` says that there is more, behind the subject `next`."""
    ask.must(Action.EXPORT)
    query, now_us = ask.query, ask.desk.now_us()
    known_us = min(_or(instant_us("known_at", query.known_at), now_us), now_us)
    until_us = _or(instant_us("until", query.until), known_us)
    since_us = _or(instant_us("since", query.since), until_us - SPAN_US)
    if since_us > until_us:
        raise bad_query(
            "since", "window.backwards", "It begins after it ends", query.since or "", "Give an earlier one."
        )
    feeds = _feeds_seen(ask, query.subject)
    if query.subject is not None and not feeds:
        raise not_here("subject", query.subject)
    step_us = 1_000_000 * int(query.step.removesuffix("s")) if query.step else 1
    asked = SpansAsked(ask.exercise, since_us, until_us, known_us, step_us, query.after or "", query.limit)
    found = await ask.desk.spans(asked, feeds)
    still = _feeds_seen(ask, query.subject)
    spans = [one for one in found.spans if set(one.feeds) <= set(still.get(one.subject, ()))]
    for feed in {feed for one in spans for feed in one.feeds}:
        ask.note_given([ask.members.access_of("feed", feed)], Action.EXPORT)
    tracks = _columns_of(spans)
    since, until, known = map(utc_text, (since_us, until_us, known_us))
    return Answer(PictureSpan(since, until, known, tracks, found.next is not None, found.next))


def _feeds_seen(ask: Ask[Any, Any], subject: str | None) -> dict[str, tuple[str, ...]]:
    """The feeds by which each subject was reported, of those that the user may see."""
    feeds_of = ask.side.feeds_of
    of = feeds_of if subject is None else {subject: feeds_of.get(subject, ())}
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for feeds in of.values():
        if feeds not in seen:
            seen[feeds] = tuple(_seen(ask, feeds))
    return {name: seen[feeds] for name, feeds in of.items() if seen[feeds]}


def _seen(ask: Ask[Any, Any], feeds: Iterable[str]) -> Iterable[str]:
    accesses: Iterable[Access] = (ask.members.access_of("feed", feed) for feed in feeds)
    return (access.id for access in accesses if ask.could_see([access], Action.EXPORT))


def _columns_of(spans: Sequence[Span]) -> SpanTracks:
    return SpanTracks(
        [one.subject for one in spans],
        [(one.seen_at_us // 1000).tolist() for one in spans],
        [(one.lat_e7 / E7).tolist() for one in spans],
        [(one.lon_e7 / E7).tolist() for one in spans],
        [_stated(one.error_mm, 1000) for one in spans],
    )


def _or(us: int | None, otherwise_us: int) -> int:
    return otherwise_us if us is None else us


ROUTES = (
    Route("GET", "/v1/picture", picture, "tracks", gives=Picture, query=PictureAsked, problems=(403,)),
    Route("GET", "/v1/picture/span", span, "tracks", gives=PictureSpan, query=SpanAsked, problems=(403, 404)),
)
