"""`keepclear watch`: positions and zones in; who is where, and what changed, out."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepclear.cli import cache_folder
from keepclear.cli.feed_options import add_feed_options, feed_options
from keepclear.cli.outlets import check_outputs, open_output, silence_stdout, write_output
from keepclear.cli.paths import some_path
from keepclear.cli.stopping import Stop
from keepclear.cli.zones import zone_file_bytes
from keepclear.ground.errors import Refused, printable

if TYPE_CHECKING:
    from keepclear.agreements.atlas import Atlas
    from keepclear.tracks.observations import Observations
    from keepclear.watch.events import Events


EPILOG = """\
On a terminal the events are sentences; in a pipe, or with --events, they are JSON lines (docs/spec/events.md).

examples:
  keepclear watch positions.csv --zones zones.geojson
  keepclear watch ais.csv.gz --zones zones.geojson --time-zone UTC --events events.jsonl --map map.svg
  keepclear watch "my list.csv" --zones zones.geojson --column subject=Convoy --column seen_at="Local time" --time-zone Asia/Damascus
  zcat positions.csv.gz | keepclear watch - --zones zones.geojson | grep '"alert"'
  keepclear watch positions.csv --follow --zones zones.geojson
  keepclear playback ais.csv.gz --speed 600 | keepclear watch - --follow --speed 600 --zones zones.geojson

exit codes: 0 done; 1 done, but a file broke off or no row was accepted; 2 the zones, the options or a whole file
were not understood, or an output could not be written; 130 stopped by Ctrl-C or SIGTERM, and 141 stopped because the
reader of the output went away, both with what was done so far written out
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "watch", help="positions and zones in; who is where, and what changed, out",
        description="Watches positions around zones: who is inside, who came close, who left, who is lost; in the order it became known.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "positions",
        nargs="+",
        type=some_path,
        metavar="POSITIONS",
        help="CSV, GeoJSON, NDJSON or GPX, gzip or not; - for standard input",
    )
    parser.add_argument(
        "--zones", required=True, type=some_path, metavar="FILE", help="the zones, GeoJSON (docs/spec/zones.md)"
    )
    out = parser.add_argument_group("what comes out")
    out.add_argument("--events", type=some_path, metavar="FILE", help="write the events here as JSON lines")
    out.add_argument("--refusals", type=some_path, metavar="FILE", help="write every refused row here as JSON lines")
    out.add_argument("--map", type=some_path, metavar="FILE.svg", help="draw a map of zones, tracks and changes")
    out.add_argument(
        "--summary",
        choices=("text", "json", "none"),
        default="text",
        help="text on standard error (default), or one JSON line at the end of standard output",
    )
    reading = add_feed_options(parser)
    reading.add_argument(
        "--envelope", metavar="S,W,N,E", help="where positions are expected, in degrees; others are counted as noticed"
    )
    reading.add_argument(
        "--source", default="", metavar="NAME", help="who says so, for reports that do not name their source"
    )
    reading.add_argument("--exercise", action="store_true", help="mark every report and event as exercise")
    live = parser.add_argument_group("while the feed is still written (docs/guides/live.md)")
    live.add_argument(
        "--follow",
        action="store_true",
        help="go on watching as the file grows, or read standard input as it comes; CSV or lines of JSON, one feed",
    )
    live.add_argument(
        "--delay",
        metavar="DURATION",
        help="how long a line may wait before it acts, and how long nothing must come before time passes without "
        "reports (default: 200 ms)",
    )
    live.add_argument(
        "--speed",
        metavar="N",
        help='how much faster than the wall time passes while nothing comes, as of the playback behind a pipe; "max": '
        "time passes by the reports alone (default: 1)",
    )
    rules = parser.add_argument_group("how reports are weighed (docs/spec)")
    rules.add_argument(
        "--as-known-at", metavar="T", help="only what was known at this instant, and the picture as of then"
    )
    rules.add_argument(
        "--assumed-error",
        default="100 m",
        metavar="LENGTH",
        help="one-sigma error of reports that state none (default: 100 m)",
    )
    rules.add_argument(
        "--lateness", default="1 h", metavar="DURATION", help="how late a report may be and still count (default: 1 h)"
    )
    rules.add_argument(
        "--reorder",
        metavar="DURATION",
        help="how far known_at may go backwards in a file; with --follow how long reports are held back to be put in "
        "order (default: 24 h; with --follow 0 s)",
    )
    rules.add_argument(
        "--max-speed", default="350 m/s", metavar="SPEED", help="what is faster is flagged as a jump (default: 350 m/s)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Watches, and gives the exit code."""
    from keepclear.cli.following import Following
    from keepclear.cli.place import read_envelope
    from keepclear.cli.reading_ahead import read_ahead
    from keepclear.cli.running import WatchRun
    from keepclear.cli.scenes import Sketch
    from keepclear.cli.telling import LINES_MAX, Teller
    from keepclear.feeds.reading import open_feed
    from keepclear.ground.instants import parse_instant
    from keepclear.ground.quantities import parse_duration_us, parse_length, parse_speed
    from keepclear.render.map_svg import draw_svg
    from keepclear.tracks.builder import ERROR_M_MAX
    from keepclear.watch.watch import Watch

    check_outputs(
        {"--events": args.events, "--refusals": args.refusals, "--map": args.map}, [*args.positions, args.zones]
    )
    if cache_folder.is_cold():
        print("Compiling, once for this user: half a minute to a minute.", file=sys.stderr, flush=True)
    atlas = _load_zones(args.zones)
    options = replace(
        feed_options(args),
        source=args.source,
        exercise=args.exercise,
        envelope=read_envelope(args.envelope) if args.envelope else None,
    )
    known_until_us = parse_instant(args.as_known_at).us if args.as_known_at else None
    max_speed_mps = parse_speed(args.max_speed).mps
    if max_speed_mps <= 0:
        raise Refused("option.max_speed", "The largest speed is not above zero", value=args.max_speed)
    following = Following.asked_for(args)
    lateness_us = parse_duration_us(args.lateness)
    reorder_us = parse_duration_us(args.reorder or ("0 s" if following else "24 h"))
    assumed_error_m = parse_length(args.assumed_error).m
    if not 0 <= assumed_error_m <= ERROR_M_MAX:
        what = f"The assumed error is not between 0 and {ERROR_M_MAX / 1000:g} km"
        raise Refused("option.assumed_error", what, value=args.assumed_error)
    watch = Watch(
        atlas, assumed_error_m=assumed_error_m, lateness_us=lateness_us, max_speed_mps=max_speed_mps,
    )  # fmt: skip
    to_stdout = not sys.stdout.isatty() or args.events == "-"
    with ExitStack() as files:
        stop = files.enter_context(Stop())
        if "-" in args.positions and sys.stdin is not None and sys.stdin.isatty():
            print("Reading positions from standard input; end with Ctrl-D.", file=sys.stderr)
        followed = None
        if following is not None:
            followed = following.open(args.positions[0], options, files, stop)
            feeds = [followed.feed]
        else:
            feeds = [open_feed(stop.input_stream() if name == "-" else name, options) for name in args.positions]
        for feed in feeds:
            for sentence in feed.told:
                print(printable(f"{feed.name}: {sentence}"), file=sys.stderr)
        events_out = open_output(files, args.events) if args.events else (sys.stdout if to_stdout else None)
        sketch = Sketch() if args.map else None
        teller = Teller(atlas, for_people=not (to_stdout or args.events), lines_max=None if following else LINES_MAX)

        def show(events: Events, batch: Observations | None) -> None:
            teller.tell(events)
            if sketch is not None:
                sketch.add(events, batch)

        watch_run = WatchRun(
            watch,
            reorder_us=reorder_us,
            lateness_us=lateness_us,
            known_until_us=known_until_us,
            events_out=events_out,
            refusals_out=open_output(files, args.refusals) if args.refusals else None,
            shows=show,
            progress=files.enter_context(_progress(args.positions, hidden=following is not None)),
            stop=stop,
        )
        if followed is not None:
            account = followed.run(watch_run)
        else:
            account = watch_run.run(
                [
                    files.enter_context(read_ahead(feed)) if name != "-" and Path(name).is_file() else feed
                    for name, feed in zip(args.positions, feeds, strict=True)
                ]
            )
    broken_output = account.broken_output
    if sketch is not None:
        try:
            write_output(args.map, draw_svg(sketch.scene(atlas, _title(atlas))))
        except Refused as refused:
            broken_output, args.map = broken_output or refused, None
    summary = watch_run.summary(feeds)
    if account.reader_gone:
        silence_stdout()
    if args.summary == "json" and not account.reader_gone:
        print(json.dumps(summary, ensure_ascii=False))
    elif args.summary != "none":
        teller.sum_up(watch, summary, account, {"events": args.events, "refusals": args.refusals, "map": args.map})
    if broken_output is not None:
        raise broken_output
    if account.reader_gone:
        return 141
    if stop.happened:
        return 130
    broken = any(feed.broken for feed in feeds)
    return 1 if broken or not (account.accepted or account.not_yet_known) else 0


def _title(atlas: Atlas) -> str:
    others = " and others" if len(atlas) > 3 else ""
    return f"Watch of {', '.join(zone.label for zone in atlas.zones[:3])}{others}"


def _load_zones(name: str) -> Atlas:
    from keepclear.feeds.zones import read_zones

    found = read_zones(_read_zone_file(name))
    try:
        atlas = found.atlas()
    except Refused as refused:
        raise refused.at(f"{printable(name)}: ") from refused
    if found.faults:
        notes = f"{len(found.faults)} note{'s' if len(found.faults) > 1 else ''}"
        them = "them" if len(found.faults) > 1 else "it"
        shows = f"`keepclear zones check {shlex.quote(name)}` shows {them}"
        print(printable(f"{name}: {notes}; {shows}"), file=sys.stderr)
    if not len(atlas):
        print(printable(f"{name}: There are no zones in it, so nobody can be inside or close."), file=sys.stderr)
    return atlas


def _read_zone_file(name: str) -> bytes:
    try:
        return zone_file_bytes(name)
    except OSError as error:
        raise Refused(
            "zones.unreadable",
            f"The zone file cannot be read ({error.strerror})",
            value=name,
            mend="Check the name; `keepclear zones example` prints a file to begin with.",
        ) from error


@contextmanager
def _progress(positions: list[str], *, hidden: bool) -> Iterator[Any]:
    """A bar for the bytes read and one for the reports watched; nothing where standard error is no terminal."""
    from tqdm import tqdm

    sizes = [Path(name).stat().st_size for name in positions if name != "-" and Path(name).is_file()]
    hidden = hidden or not sys.stderr.isatty()
    with (
        tqdm(desc="reading ", total=sum(sizes) or None, unit="B", unit_scale=True, disable=hidden, leave=False) as read,
        tqdm(desc="watching", unit=" reports", unit_scale=True, disable=hidden, leave=False, position=1) as watched,
    ):

        def advance(what: str, count: int) -> None:
            (read if what == "bytes" else watched).update(count)

        yield advance
