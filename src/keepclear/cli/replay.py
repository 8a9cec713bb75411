"""`keepclear replay`: the past of a node again, as it was known then, and whether this build concludes the same from it."""

from __future__ import annotations

import argparse
import json
import sys

from keepclear.cli.node_folder import ZoneNames, add_folder, instant_us, progress_bar, record_to_read, say
from keepclear.cli.stopping import Stop
from keepclear.feeds.clock import WallClock
from keepclear.ground.errors import printable

EPILOG = """\
examples:
  keepclear replay alpha
  keepclear replay alpha --as-known-at 2026-05-18T10:30:00Z
  keepclear replay alpha --from 2026-05-18T10:00Z --as-known-at 2026-05-18T11:00Z --speed 60

Every entry of the record is given again to a node of its own; the running node is not touched. On a terminal what was told is
shown as sentences, in a pipe as JSON lines. At the end: who was where, which alerts were open, and whether this build concludes
from every entry what the record says was concluded.

exit codes: 0 done, and every outcome is as recorded; 1 done, and some outcome differs; 2 not understood; 130 stopped
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "replay", help="the past of a node again, as it was known then",
        description="Replays the record of a node, at any speed, as it was known at an instant, and compares what follows.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add_folder(parser)
    parser.add_argument("--as-known-at", metavar="T", help="up to what was known at this instant (default: all)")
    parser.add_argument("--from", dest="begin", metavar="T", help="tell only what was told from this instant on")
    parser.add_argument("--speed", default="max", metavar="N", help='times as fast as it happened (default: "max")')
    parser.add_argument("--whole", action="store_true", help="from the first entry on, not from the newest snapshot")
    parser.add_argument("--quiet", action="store_true", help="only the end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replays, and gives the exit code."""
    from keepclear.cli.pace import parse_factor
    from keepclear.host.replaying import ReplayStopped, replay, start_at
    from keepclear.node.node import Node
    from keepclear.render.told import sentence_of

    factor = parse_factor(args.speed)
    begin_us = instant_us(args.begin, "--from") if args.begin else 0
    for_people, clock, names = sys.stdout.isatty(), WallClock(), ZoneNames()
    with record_to_read(args.folder) as store, Stop() as stop, progress_bar("replaying") as show:
        size = (
            store.size()
            if not args.as_known_at
            else store.sequence_known_at(instant_us(args.as_known_at, "--as-known-at"))
        )
        node, account = start_at(store, 0 if args.whole or begin_us else size)
        if args.whole or begin_us:
            node = Node()
        at_us = None
        try:
            for one in replay(store, node, size, account, progress=show, stop=lambda: stop.asked):
                entry = one.committed.entry
                if factor and at_us is not None and entry.at_us >= begin_us:
                    clock.wait(max(0.0, (entry.at_us - max(at_us, begin_us)) / 1e6 / factor))
                at_us = entry.at_us
                for told in one.effects.told:
                    said = json.loads(told.line)
                    names.note(said)
                    if args.quiet or told.at_us < begin_us:
                        continue
                    text = sentence_of(said, names.of(said))
                    if for_people:
                        print(printable(f"{said['at']} {told.id:>10}  {text}"))
                    else:
                        print(json.dumps({**said, "id": told.id, "text": text}, ensure_ascii=False))
        except ReplayStopped:
            say("Stopped before the end.")
            return 130
        _sum_up(node, account)
    return 1 if account.different else 0


def _sum_up(node: object, account: object) -> None:
    from keepclear.ground.instants import utc_text
    from keepclear.host.build import build
    from keepclear.host.replaying import Account
    from keepclear.node.node import Node

    assert isinstance(node, Node)
    assert isinstance(account, Account)
    for unreadable in account.unreadable:
        say(f"Passed over: {unreadable}.")
    if node.began is None:
        say("Nothing was known at that time.")
        return
    start = f" behind a snapshot of {account.from_size:,}" if account.from_size else ""
    say(
        f"{account.entries:,} entries{start}, {account.positions:,} positions; the node as of {utc_text(node.clock_us)}."
    )
    for exercise in (False, True):
        side = node.side(exercise)
        states = [(state, zone, subject) for subject, zone, state in side.watch.states()]
        for state, zone, subject in sorted(states):
            say(f"  {'exercise: ' if exercise else ''}{state}  {zone}: {subject}")
        waiting = [alert for alert in side.alerts if alert.is_open]
        if waiting:
            say(f"  {'exercise: ' if exercise else ''}{len(waiting)} alerts open.")
    if account.different:
        say(
            f"From {account.different:,} entries this build ({build()}) concludes something else than is recorded; the first:"
        )
        for sequence, recorded, now in account.differences[:5]:
            say(f"  entry {sequence}: recorded {recorded[:16]}..., now {now[:16]}...")
    else:
        say(f"Every outcome is as recorded (build {build()}), and the state's digest is {node.digest()}.")
