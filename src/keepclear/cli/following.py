"""`keepclear watch --follow`: what is asked for, and the one feed that is followed."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from keepclear.cli.pace import LiveTime, parse_factor
from keepclear.cli.running import Account, WatchRun
from keepclear.cli.stopping import Stop
from keepclear.cli.tail import Tail
from keepclear.feeds.clock import Clock, WallClock
from keepclear.feeds.growing import Growing, Pipe, growing
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reading import Feed, format_of, open_feed
from keepclear.ground.errors import Refused, printable
from keepclear.ground.quantities import parse_duration_us

DELAY = "200 ms"
DELAY_US_MIN, DELAY_US_MAX = 10_000, 60_000_000


@dataclass(frozen=True)
class Following:
    """How a feed is followed: the largest delay, and how many times as fast as the wall time passes without reports."""

    delay_s: float
    factor: float

    @staticmethod
    def asked_for(args: argparse.Namespace) -> Following | None:
        """What the options say; None without --follow."""
        if not args.follow:
            if args.delay is not None or args.speed is not None:
                what = "--delay and --speed are about a feed that is followed"
                raise Refused("option.without_follow", what, mend="Add --follow, or leave them out.")
            return None
        if len(args.positions) > 1:
            mend = "Run a watch for each, or bring them together in front of a pipe: ... | keepclear watch - --follow."
            raise Refused("follow.one_feed", "One feed can be followed", value=" ".join(args.positions), mend=mend)
        delay_us = parse_duration_us(args.delay or DELAY)
        if not DELAY_US_MIN <= delay_us <= DELAY_US_MAX:
            raise Refused("option.delay", "The delay is not between 10 ms and 60 s", value=args.delay)
        return Following(delay_us / 1e6, parse_factor(args.speed or "1"))

    def open(self, name: str, options: FeedOptions, files: ExitStack, stop: Stop) -> Followed:
        """The feed, once its first row is there; what is opened is closed with `files`."""
        stop.end_input_first()
        clock = WallClock()
        source = files.enter_context(closing(_source(name, clock)))
        tail = Tail(source, clock=clock, delay_s=self.delay_s, stopped=lambda: stop.happened, say=_say)
        opening = tail.opening()
        if stop.happened and not opening:
            raise KeyboardInterrupt
        found = options.format or format_of(opening)
        if found not in {"delimited", "ndjson"}:
            what = "A document is read as a whole and cannot be followed"
            mend = "Follow CSV, or one JSON object per line; --format ndjson if that is what it is."
            raise Refused("follow.document", what, value=found, mend=mend).at(source.name)
        feed = open_feed(tail, replace(options, format=found, quoted_lines_max=0))
        feed.notes.update(tail.notes)
        tail.notes = feed.notes
        return Followed(feed, tail, LiveTime(factor=self.factor, grace_s=self.delay_s))


@dataclass(frozen=True)
class Followed:
    """A feed that is followed, what it is read from, and the time of its reports."""

    feed: Feed
    tail: Tail
    time: LiveTime

    def run(self, watch_run: WatchRun) -> Account:
        """Follows the feed to its end, or until stopped."""
        return watch_run.follow(self.feed, self.tail, self.time)


def _source(name: str, clock: Clock) -> Growing:
    if name != "-":
        return growing(name, clock)
    if sys.stdin is None:
        raise Refused("input.closed", "There is no standard input", mend="Name a file, or pipe something in.")
    return Pipe(sys.stdin.fileno(), "standard input", clock, closes=False)


def _say(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr)
