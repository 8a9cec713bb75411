"""Positions come in: many rows in one request, each accepted or refused, and every refusal in the answer.

The format is stated by the media type and never guessed. What is clean beyond doubt is read as columns at once (`clean_json`, and
`feeds.clean_rows` for CSV); everything else goes row by row and says what is wrong with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from io import BytesIO
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from keepclear.api.asking import Answer, Ask, Route
from keepclear.api.clean_json import clean_reports
from keepclear.api.desk import Given
from keepclear.api.problems import Declined, Fault, bad_query, declined, not_here
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import open_feed
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import utc_text
from keepclear.node.events import PositionsArrived
from keepclear.node.side import too_late
from keepclear.parties.parties import Action, may
from keepclear.tracks.observations import Observations
from keepclear.tracks.packing import unpacked
from keepclear.tracks.picture import VERDICTS, Verdict
from keepclear.tracks.refusals import Refusal

COLUMNS_MEDIA = "application/vnd.keepclear.columns"
FORMATS = {
    "application/json": "geojson",
    "application/geo+json": "geojson",
    "application/x-ndjson": "ndjson",
    "text/csv": "delimited",
}
REFUSALS_SHOWN_MAX = 1_000
# What is longer is read beside the loop, so that streams and other requests go on meanwhile.
TEXT_IN_LOOP_BYTES_MAX = 262_144
COLUMNS_IN_LOOP_BYTES_MAX = 1_048_576
_GZIP_MAGIC = b"\x1f\x8b"
_DUPLICATE, _TOO_LATE = VERDICTS.index(Verdict.DUPLICATE), VERDICTS.index(Verdict.TOO_LATE)


class Reading(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How text is to be read; without effect on columns.

    exercise     the positions are of an exercise
    time_zone    of times that carry none: "UTC", "+03:00", "Asia/Damascus"
    time_format  "iso", "epoch-s", "epoch-ms", "epoch-us", or a pattern such as "%d/%m/%Y %H:%M"
    column       "subject=MMSI,seen_at=BaseDateTime": which column is which; "height_m=" leaves one unread
    delimiter    of CSV, one character
    source       who says so, for rows that do not name their source"""

    exercise: bool | None = None
    time_zone: Annotated[str, Meta(max_length=64)] | None = None
    time_format: Annotated[str, Meta(max_length=64)] | None = None
    column: Annotated[str, Meta(max_length=4_000)] | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] | None = None
    source: Annotated[str, Meta(max_length=200)] | None = None


class RefusedRow(msgspec.Struct, frozen=True):
    """A row that was read and not accepted: its line, the column as the sender names it, and what is wrong."""

    line: int
    column: str
    key: str
    what: str
    value: str
    mend: str


class Taken(msgspec.Struct, frozen=True):
    """What became of the rows: rows_read = accepted + duplicate + refused, always.

    sequence        the entry of the record that holds them
    told            how many things the node concluded from them
    not_shown       refused rows that are counted, and not listed here
    noticed         what was noticed and not refused, counted by key"""

    feed: str
    sequence: int
    at: str
    rows_read: int
    accepted: int
    duplicate: int
    refused: int
    told: int
    refusals: list[RefusedRow]
    not_shown: int
    noticed: dict[str, int]


async def bring(ask: Ask[Reading, bytes]) -> Answer:
    """Brings positions to a feed.

    Every row is accepted or refused by itself, and the answer lists the refused ones with the reason and the mend; a batch of which
    every row is refused is an answer too. Once it is given, the rows are in the record. A report that is brought twice is a duplicate
    and changes nothing. The media type says what the body is:

    - `application/json`: an array of objects with the members of [positions](../spec/positions.md), such as `subject`, `seen_at`, `lat`, `lon`
    - `application/geo+json`: a FeatureCollection
    - `application/x-ndjson`: such an object on each line
    - `text/csv`: a header and lines
    - `application/vnd.keepclear.columns`: what `keepclear.tracks.packing.packed` writes; the fastest by far"""
    feed_id = ask.path["feed"]
    access = ask.members.access_of("feed", feed_id)
    feed = ask.side.feeds.held(feed_id)
    if not may(ask.user, Action.REPORT, access):
        ask.must_see("feed", feed_id, access)
        ask.must(Action.REPORT, access)
    if feed is None or not feed.is_open:
        raise not_here("feed", feed_id)
    options = _options(ask, feed.source)
    limit = COLUMNS_IN_LOOP_BYTES_MAX if ask.media_type == COLUMNS_MEDIA else TEXT_IN_LOOP_BYTES_MAX
    if len(ask.body) <= limit:
        event = read(ask.body, ask.media_type, feed_id, options, ask.desk.limits.rows_max)
    else:
        event = await asyncio.to_thread(read, ask.body, ask.media_type, feed_id, options, ask.desk.limits.rows_max)
    return await ask.give(event, lambda given: _taken(event, given))


def read(body: bytes, media_type: str, feed: str, options: FeedOptions, rows_max: int) -> PositionsArrived:
    """The event that a body is. Raises `Declined` where it is none as a whole."""
    if body.startswith(_GZIP_MAGIC):
        raise Declined(415, "body.packed", "The body is compressed; send it as it is.")
    if media_type == COLUMNS_MEDIA:
        try:
            batch = unpacked(body)
        except Refused as refused:
            raise declined(refused, status=422, path="$") from refused
        _check_rows(len(batch), rows_max)
        if batch.feeds in ((), (feed,)):
            return PositionsArrived(feed, batch, packed=body)
        return PositionsArrived(feed, replace(batch, feeds=(feed,)))
    if media_type == "application/json" and not body.lstrip(b" \t\r\n").startswith(b"["):
        fault = Fault("$", "json.not_array", "This is not an array", "", "Send [{...}, {...}], or another media type.")
        raise Declined(422, "json.not_array", "Positions are an array of objects.", errors=[fault])
    by_line = media_type == "application/x-ndjson"
    if media_type in ("application/json", "application/x-ndjson"):
        clean = clean_reports(body, feed, options, by_line=by_line)
        if clean is not None:
            observations, noticed = clean
            _check_rows(len(observations), rows_max)
            return PositionsArrived(feed, observations, (), noticed)
    return _row_by_row(body, media_type, feed, options, rows_max)


def _row_by_row(body: bytes, media_type: str, feed: str, options: FeedOptions, rows_max: int) -> PositionsArrived:
    batches: list[Observations] = []
    refusals: list[Refusal] = []
    rows_read = 0
    try:
        opened = open_feed(_Named(body, feed), replace(options, format=FORMATS[media_type]))
        for block in opened:
            batches.append(block.observations)
            refusals += block.refusals
            rows_read += block.rows_read
            _check_rows(rows_read, rows_max)
    except LimitExceeded as exceeded:
        raise declined(exceeded, status=413) from exceeded
    except Refused as refused:
        raise declined(refused, status=422) from refused
    noticed: Counter[str] = opened.notes
    return PositionsArrived(feed, Observations.joined(batches), tuple(refusals), tuple(sorted((+noticed).items())))


class _Named(BytesIO):
    """Bytes that are called as their feed, which is what refusals call them."""

    def __init__(self, body: bytes, name: str) -> None:
        super().__init__(body)
        self.name = name


def _check_rows(rows: int, rows_max: int) -> None:
    if rows > rows_max:
        mend = "Send them in several requests."
        fault = Fault("$", "rows.too_many", f"More than {rows_max:,} rows", str(rows), mend)
        raise Declined(413, "rows.too_many", f"A batch has at most {rows_max:,} rows.", errors=[fault])


def _options(ask: Ask[Reading, bytes], source: str) -> FeedOptions:
    query = ask.query
    mapping = {}
    for pair in query.column.split(",") if query.column else ():
        field, equals, column = pair.partition("=")
        if not equals:
            raise bad_query("column", "column.unreadable", "This is no FIELD=COLUMN", pair, "For example subject=MMSI.")
        mapping[field.strip()] = column.strip()
    try:
        return FeedOptions(
            zone=query.time_zone,
            mapping=mapping,
            time_format=query.time_format,
            delimiter=query.delimiter,
            source=query.source or source,
            exercise=ask.exercise,
        )
    except Refused as refused:
        name = "time_zone" if refused.key.startswith(("zone", "time")) else "delimiter"
        raise declined(refused, status=400, path=f"?{name}") from refused


def _taken(event: PositionsArrived, given: Given) -> Taken:
    codes = np.frombuffer(given.effects.verdicts, np.int8)
    late = [too_late(event.observations, row, given.entry.at_us) for row in np.flatnonzero(codes == _TOO_LATE).tolist()]
    refusals = [*event.refusals, *late]
    duplicate = int(np.count_nonzero(codes == _DUPLICATE))
    return Taken(
        feed=event.feed,
        sequence=given.entry.sequence,
        at=utc_text(given.entry.at_us),
        rows_read=event.rows_read,
        accepted=event.rows_read - duplicate - len(refusals),
        duplicate=duplicate,
        refused=len(refusals),
        told=len(given.effects.told),
        refusals=[refused_row(refusal) for refusal in refusals[:REFUSALS_SHOWN_MAX]],
        not_shown=max(0, len(refusals) - REFUSALS_SHOWN_MAX),
        noticed=dict(event.noticed),
    )


def refused_row(refusal: Refusal) -> RefusedRow:
    """A refusal as it is answered; the feed is known from around it."""
    return RefusedRow(refusal.line, refusal.column, refusal.key, refusal.what, refusal.value, refusal.mend)


ROUTES = (
    Route(
        "POST",
        "/v1/feeds/{feed}/positions",
        bring,
        "positions",
        gives=Taken,
        query=Reading,
        bodies=dict.fromkeys([*FORMATS, COLUMNS_MEDIA], bytes),
        problems=(403, 404),
    ),
)
