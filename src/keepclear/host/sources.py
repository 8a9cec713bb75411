"""The live feeds of a node: each source of node.toml declared to the node, run as a task, and its events offered to the host."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from keepclear.ground.errors import Refused
from keepclear.host.config import Config, duration_us_within, text_of
from keepclear.host.host import Host
from keepclear.host.live import Around, LiveFeed, Statistics
from keepclear.host.source_config import SourceConfig
from keepclear.node.events import FeedDeclared, FeedStateChanged, PositionsArrived
from keepclear.node.node import NODE
from keepclear.parties.ids import id_checked

SILENT_AFTER_RANGE = ("1 s", "365 d")
# What a table of node.toml says about the feed itself; the rest says where its bytes come from.
_OF_THE_FEED = ("source", "grading", "silent_after", "exercise")


@dataclass(frozen=True)
class Declared:
    """What a table says of a feed: the event that declares it, and where its bytes come from."""

    event: FeedDeclared
    exercise: bool
    source: SourceConfig


def declared(config: Config, party: str) -> list[Declared]:
    """The feeds of node.toml, all checked; raises `Refused` with the path of what is wrong."""
    return [_declared(feed, table, party) for feed, table in config.sources.items()]


def _declared(feed: str, table: Mapping[str, Any], party: str) -> Declared:
    where = f"sources.{feed}"
    exercise = table.get("exercise", False)
    if not isinstance(exercise, bool):
        raise Refused("config.yes_or_no", "This is neither true nor false", value=exercise, where=f"{where}.exercise")
    id_checked(feed, where)
    silent_after_us = None
    if "silent_after" in table:
        silent_after_us = duration_us_within(table["silent_after"], SILENT_AFTER_RANGE, f"{where}.silent_after")
    words = {name: text_of(table.get(name, ""), f"{where}.{name}") for name in ("source", "grading")}
    event = FeedDeclared(feed, party, words["source"] or feed, words["grading"], silent_after_us)
    rest = {name: value for name, value in table.items() if name not in _OF_THE_FEED}
    return Declared(event, exercise, SourceConfig.from_table(feed, rest, where))


class Sources:
    """The live feeds that are running."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._feeds: dict[str, LiveFeed] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._refused: set[tuple[str, str]] = set()

    @staticmethod
    @asynccontextmanager
    async def of(feeds: Sequence[Declared], host: Host, told: Callable[[str], None]) -> AsyncIterator[Sources]:
        """Declares the feeds that the node does not know as they are, and runs every source; all have ended behind it."""
        sources = Sources(told)
        for one in feeds:
            exercise = one.exercise or host.node.exercise
            held = host.node.side(exercise).feeds.held(one.event.feed)
            if held is None or not held.is_as_declared(one.event):
                await host.give(one.event, by=NODE, exercise=exercise)
            sources.start(one.source, one.event, exercise, host)
        try:
            yield sources
        finally:
            await sources.stop()

    def start(self, config: SourceConfig, declared: FeedDeclared, exercise: bool, host: Host) -> None:
        """Runs one source."""
        around = Around(
            offer=lambda event: self._offer(event, exercise, host),
            has_room=host.has_room,
            tell=lambda event: self._say(event, exercise, host),
            now_us=host.now_us,
            wait=asyncio.sleep,
            chance=random.random,
        )
        feed = LiveFeed(config, source=declared.source, grading=declared.grading, exercise=exercise, around=around)
        self._feeds[config.feed] = feed
        task = asyncio.create_task(feed.run())
        task.add_done_callback(lambda done: self._ended(config.feed, done))
        self._tasks.append(task)

    def _offer(self, event: PositionsArrived, exercise: bool, host: Host) -> bool:
        """Passes on positions. What the node does not take (the feed was ended, say) is told once for each reason, and the source goes on."""
        try:
            return host.offer(event, exercise=exercise)
        except Refused as refused:
            if (event.feed, refused.key) not in self._refused:
                self._refused.add((event.feed, refused.key))
                self._told(f"Positions of feed {event.feed} are not taken: {refused}")
            return False

    def _say(self, event: FeedStateChanged, exercise: bool, host: Host) -> None:
        """Passes on that a connection was made or lost; that the node itself lets go of it is nothing to be alarmed about."""
        if not self._stopping:
            host.say(event, by=f"feed:{event.feed}", exercise=exercise)

    def _ended(self, feed: str, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._told(f"The source of feed {feed} has failed: {error!r}")

    def statistics(self) -> dict[str, Statistics]:
        """How each source is doing, by feed."""
        return {feed: source.statistics for feed, source in self._feeds.items()}

    async def stop(self) -> None:
        """Ends every source; what was read until then has been offered."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
