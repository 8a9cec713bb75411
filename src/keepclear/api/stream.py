"""What is told, as it is told: server-sent events, from the record first and then live, without a gap and without a double.

    id: 1234.0
    event: alert
    data: {"event":"alert","at":"...", ..., "text":"..."}

Each line is judged by itself, with the access of that moment: to whom it is closed, it is left out. A stream ends when the host stops,
when its token is no longer accepted, and when its reader falls too far behind; the reader comes back with `Last-Event-ID`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from keepclear.api.alerts import zone_name
from keepclear.api.asking import Answer, Ask, Route, ToldId, check_known, told_id
from keepclear.api.desk import Desk, Listening, Overloaded
from keepclear.api.paging import Exercise
from keepclear.ground.errors import Refused
from keepclear.node.effects import Told
from keepclear.parties.parties import Action
from keepclear.render.told import WHATS, sentence_of

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
RETRY_MS = 2_000
LINES_PER_READ = 500
_HEARTBEAT = b": still here\n\n"


class StreamAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """From where on; the header Last-Event-ID wins. Without either, from now on.

    after  "SEQUENCE.INDEX" of the last line that was received; "0.0" begins with the first
    event  only these kinds, separated by commas: agreement, alert, alert_step, call, correction, feed, measure, message,
           name, peer, presence, roster, standing, statement, zone"""

    exercise: Exercise | None = None
    after: Annotated[str, Meta(max_length=32)] | None = None
    event: Annotated[str, Meta(max_length=200)] | None = None


async def stream(ask: Ask[StreamAsked, None]) -> Answer:
    """Everything told from now on that you may see, or from behind an id."""
    kinds = frozenset(ask.query.event.split(",")) if ask.query.event else frozenset()
    for kind in sorted(kinds):
        check_known("event", kind, WHATS)
    return await streamed(ask, Heartbeats(), kinds)


class Between(Protocol):
    """What stands between the lines of a stream."""

    def pause_s(self) -> float:
        """How long to wait for a line until something else is to be said."""

    async def said(self, *, is_quiet: bool) -> list[bytes]:
        """What is to be said now, behind a line, or where none came for the pause (`is_quiet`)."""


class Heartbeats:
    """Nothing but that the stream is still there."""

    def pause_s(self) -> float:
        """As the contract says."""
        return HEARTBEAT_S

    async def said(self, *, is_quiet: bool) -> list[bytes]:
        """As the contract says."""
        return [_HEARTBEAT] if is_quiet else []


async def streamed(ask: Ask[Any, Any], between: Between, kinds: frozenset[str] = frozenset()) -> Answer:
    """The stream of a request, from behind the id that it gives (the header Last-Event-ID, or `after`), or from now on."""
    ask.must(Action.EXPORT)
    given = ask.last_event or ask.query.after
    name = "Last-Event-ID" if ask.last_event else "after"
    after = told_id(name, given) if given else None
    # Who begins now listens now: nothing that becomes durable from here on can be missed.
    live = ask.desk.subscribe() if after is None else None
    sent = events(ask, lines_of(ask.desk, after, live, between.pause_s), kinds, between)
    begin = await anext(sent)  # begun, so that it is closed whatever becomes of the answer
    return Answer(_behind(begin, sent), media_type=MEDIA_TYPE)


async def _behind(begin: bytes, others: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield begin
        async for event in others:
            yield event
    finally:
        await others.aclose()


async def lines_of(
    desk: Desk, after: ToldId | None, live: Listening | None, pause_s: Callable[[], float]
) -> AsyncGenerator[Told | None, None]:
    """Every line behind an id, and then as it is told; None at its begin, and where nothing came for the pause."""
    last = after or (-1, -1)
    waiting: asyncio.Future[Told] | None = None
    try:
        yield None
        if live is None:
            # Most of the past is read before listening begins, so that it does not pile up meanwhile; the rest behind it.
            async for told in _history(desk, last):
                last = (told.sequence, told.index)
                yield told
            live = desk.subscribe()
            async for told in _history(desk, last):
                last = (told.sequence, told.index)
                yield told
        while True:
            waiting = asyncio.ensure_future(live.__anext__())
            while not (await asyncio.wait([waiting], timeout=pause_s()))[0]:
                yield None
            try:
                told = waiting.result()
            except StopAsyncIteration:
                return
            if (told.sequence, told.index) > last:
                last = (told.sequence, told.index)
                yield told
    finally:
        # Nothing is waited for here: who goes away cancels this too, at every await.
        if waiting is not None:
            waiting.cancel()
        if live is not None:
            await live.aclose()


async def _history(desk: Desk, after: ToldId) -> AsyncIterator[Told]:
    while found := await desk.told_after(*after, LINES_PER_READ):
        for told in found:
            yield told
        after = (found[-1].sequence, found[-1].index)


async def events(
    ask: Ask[Any, Any], lines: AsyncGenerator[Told | None, None], kinds: frozenset[str], between: Between
) -> AsyncGenerator[bytes, None]:
    """The lines that the user may see, as server-sent events, with what stands between them; first of all, how soon to come back."""
    try:
        await anext(lines)
        yield b"retry: %d\n\n" % RETRY_MS
        async for told in lines:
            if not _is_still_accepted(ask):
                return
            if (
                told is not None
                and told.exercise is ask.exercise
                and (not kinds or told.what in kinds)
                and _sees(ask, told)
            ):
                yield event_of(told, zone_name(ask.side, told.zone))
            for said in await between.said(is_quiet=told is None):
                yield said
    except (Overloaded, Refused):
        return  # no room for it just now, or not for this user any more: the reader comes back and resumes
    finally:
        await lines.aclose()


def _is_still_accepted(ask: Ask[Any, Any]) -> bool:
    """Takes the user as it is now; false once the token is revoked or has expired, or the session has ended."""
    try:
        if ask.visit.session is not None:
            ask.user, _ = ask.desk.entrance.user_of(ask.token_hash)
        else:
            ask.user, _ = ask.members.holder_of(ask.token_hash, ask.desk.now_us())
    except Refused:
        return False
    return True


def _sees(ask: Ask[Any, Any], told: Told) -> bool:
    return ask.sees(ask.node.concerned_by(told), Action.EXPORT)


def event_of(told: Told, zone: str) -> bytes:
    """One line as a server-sent event: as it stands in the record, with a sentence behind it."""
    text = sentence_of(msgspec.json.decode(told.line), zone)
    data = f'{told.line[:-1]},"text":'.encode() + msgspec.json.encode(text) + b"}"
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (told.id.encode(), told.what.encode(), data)


ROUTES = (
    Route(
        "GET",
        "/v1/stream",
        stream,
        "stream",
        gives=str,
        query=StreamAsked,
        gives_media=(MEDIA_TYPE,),
        problems=(403,),
    ),
)
