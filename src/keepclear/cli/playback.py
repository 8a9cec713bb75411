"""`keepclear playback`: a recorded file given out again at the pace at which it became known, or faster."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from keepclear.cli.feed_options import add_feed_options, feed_options
from keepclear.cli.outlets import silence_stdout
from keepclear.cli.paths import some_path
from keepclear.cli.stopping import Stop
from keepclear.ground.errors import printable
from keepclear.ground.instants import utc_text

EPILOG = """\
Rows come out as they stand in the file, headers first, in the order in which they became known; those that cannot be
read come at their place, so that whoever reads them meets them. The file is read once from end to end before the first
row comes out, and is unpacked into a temporary file if it is gzip.

examples:
  keepclear playback positions.csv --speed 60
  keepclear playback ais.csv.gz --speed 600 | keepclear watch - --follow --speed 600 --zones zones.geojson
  keepclear playback ais.csv.gz --from 2026-05-18T10:00:00Z --until 2026-05-18T11:00:00Z --speed max > hour.csv
  keepclear playback positions.csv --speed 60 --max-gap "10 min" | keepclear watch - --follow --zones zones.geojson

exit codes: 0 done; 1 done, but the file broke off, no row could be read, or none was to be played; 2 the options or the file were not
understood; 130 stopped by Ctrl-C or SIGTERM; 141 stopped because the reader of the output went away
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "playback", help="give out the rows of a recorded file at the pace of the recording, or faster",
        description="Writes the rows of a recorded file of positions to standard output when they are due.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("positions", type=some_path, metavar="FILE", help="CSV or NDJSON, gzip or not")
    pace = parser.add_argument_group("what is played, and how fast")
    pace.add_argument(
        "--speed",
        default="1",
        metavar="N",
        help='how many times as fast as it was recorded; "max": as fast as it is read (default: 1)',
    )
    pace.add_argument("--from", dest="begin", metavar="T", help="only what became known at this instant or later")
    pace.add_argument("--until", metavar="T", help="only what became known up to this instant")
    pace.add_argument(
        "--max-gap", metavar="DURATION", help="shorten a longer silence of the recording to this, before the speed"
    )
    add_feed_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plays, and gives the exit code."""
    from keepclear.cli.pace import due_s, parse_factor
    from keepclear.cli.player import Player
    from keepclear.cli.unpacked import unpacked
    from keepclear.feeds.clock import WallClock
    from keepclear.feeds.recording import recorded
    from keepclear.ground.instants import parse_instant
    from keepclear.ground.quantities import parse_duration_us

    factor = parse_factor(args.speed)
    from_us, until_us = (parse_instant(text).us if text else None for text in (args.begin, args.until))
    gap_us_max = parse_duration_us(args.max_gap) if args.max_gap else None
    options, name = feed_options(args), Path(args.positions).name
    with ExitStack() as files:
        stop = files.enter_context(Stop())
        content, broken = unpacked(args.positions, files)
        with _reading(len(content), stop) as progress:
            recording = recorded(content, options, name=name, progress=progress)
        for sentence in recording.told:
            print(printable(f"{name}: {sentence}"), file=sys.stderr)
        part = recording.between(from_us, until_us)
        has_face = sys.stderr.isatty() and not sys.stdout.isatty()
        shows = _clock_face() if has_face else lambda _: None
        player = Player(part, content, WallClock(), stopped=lambda: stop.asked, shows=shows)
        reader_gone = False
        try:
            player.play(due_s(part.known_us, factor=factor, gap_us_max=gap_us_max), sys.stdout.buffer)
        except BrokenPipeError:
            silence_stdout()
            reader_gone = True
        if has_face:
            print(file=sys.stderr)
    rows, unreadable = len(recording.known_us), recording.unreadable
    told = f"{name}: {player.played} of {rows} rows played"
    print(f"{told}; {unreadable} of {rows} cannot be read." if unreadable else f"{told}.", file=sys.stderr)
    if broken is not None:
        print(f"{name}: {broken}", file=sys.stderr)
    if reader_gone or stop.happened:
        return 141 if reader_gone else 130
    return 1 if broken is not None or not player.played or unreadable == rows else 0


@contextmanager
def _reading(size: int, stop: Stop) -> Iterator[Callable[[int], None]]:
    """A bar for the bytes read before the first row, or none where standard error is no terminal; a stop ends it."""
    from tqdm import tqdm

    hidden = not sys.stderr.isatty()
    with tqdm(desc="reading", total=size, unit="B", unit_scale=True, disable=hidden, leave=False) as bar:

        def advance(count: int) -> None:
            bar.update(count)
            if stop.asked:
                raise KeyboardInterrupt

        yield advance


def _clock_face() -> Callable[[int], None]:
    """Shows the time of the recording on one line of the terminal, whole seconds of it."""
    shown_s = -1

    def show(known_us: int) -> None:
        nonlocal shown_s
        if known_us // 1_000_000 != shown_s:
            shown_s = known_us // 1_000_000
            print(f"\r{utc_text(shown_s * 1_000_000)} ", end="", file=sys.stderr, flush=True)

    return show
