"""`keepclear watchlog`: the log of a shift, to be printed: what was told, what was done about it, and what is still open."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from keepclear.cli.node_folder import ZoneNames, add_folder, instant_us, record_to_read
from keepclear.ground.errors import printable

WIDTH = 100
EPILOG = """\
examples:
  keepclear watchlog alpha --from 2026-05-18T06:00Z --until 2026-05-18T14:00Z
  keepclear watchlog alpha --from 2026-05-18T06:00Z --time-zone Asia/Damascus | lpr

The log is plain text, a hundred columns wide. The number of an alert is the one it is acknowledged by. A change of
presence that is an alert is told once, as the alert. With --json it is JSON lines, and both are there.

exit codes: 0 done; 1 nothing was told in that time; 2 not understood
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "watchlog", help="the log of a shift, to be printed",
        description="Writes what a node told between two instants, what people did about it, and what was still open at the end.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add_folder(parser)
    parser.add_argument("--from", dest="begin", metavar="T", help="the beginning of the shift (default: of the record)")
    parser.add_argument("--until", metavar="T", help="its end (default: the newest entry)")
    parser.add_argument("--time-zone", default="UTC", metavar="ZONE", help="whose clock the log shows (default: UTC)")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of text")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Writes the log, and gives the exit code."""
    from keepclear.ground.instants import zone_named

    begin_us = instant_us(args.begin, "--from") if args.begin else 0
    until_us = instant_us(args.until, "--until") if args.until else None
    zone = zone_named(args.time_zone)
    with record_to_read(args.folder) as store:
        until_us = store.last_at_us() if until_us is None else until_us
        log = _Log(store, begin_us, until_us)
        if args.json:
            for line in log.lines():
                print(json.dumps(line, ensure_ascii=False))
        else:
            _print(log, args, zone)
    return 0 if log.told else 1


class _Log:
    """The lines of a shift, and what was open at its end."""

    def __init__(self, store: Any, begin_us: int, until_us: int) -> None:
        self.begin_us = begin_us
        self.until_us = until_us
        self.told = 0
        self.open: dict[str, dict[str, Any]] = {}
        self._store = store
        self._names: dict[tuple[bool, str], dict[str, str]] = {}

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every line told in the shift, with its id and a sentence."""
        from keepclear.host.told_lines import told_after
        from keepclear.render.told import named, sentence_of

        names, last = ZoneNames(), (-1, -1)
        while told := told_after(self._store, *last, 1_000):
            for one in told:
                if one.at_us > self.until_us:
                    return
                said = json.loads(one.line)
                names.note(said)
                self._note_name(said)
                self._note_alert(said)
                if one.at_us >= self.begin_us:
                    self.told += 1
                    yield {**said, "id": one.id, "text": sentence_of(named(said, self.names_of(said)), names.of(said))}
            last = (told[-1].sequence, told[-1].index)

    def names_of(self, said: dict[str, Any]) -> dict[str, str]:
        """What the subject of a line was called by then, by feed."""
        by_feed = self._names.get((bool(said.get("exercise")), said.get("subject") or ""), {})
        return {} if said["event"] == "name" else by_feed

    def _note_name(self, said: dict[str, Any]) -> None:
        if said["event"] == "name":
            by_feed = self._names.setdefault((bool(said.get("exercise")), said["subject"]), {})
            by_feed[said["feed"]] = said["name"]

    def _note_alert(self, said: dict[str, Any]) -> None:
        if said["event"] == "alert":
            self.open.setdefault(said["alert"], said)
        elif said["event"] == "alert_step" and said["state"] == "cleared":
            self.open.pop(said["alert"], None)
        elif said["event"] == "alert_step" and said["alert"] in self.open:
            self.open[said["alert"]] = {**self.open[said["alert"]], "state": said["state"], "by": said["by"]}


def _once(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines without every change of presence that an alert of the same entry is about: the alert says the same, and more."""

    def change(line: dict[str, Any], number: str) -> tuple[str, bool, Any]:
        return line["id"].partition(".")[0], bool(line.get("exercise")), line[number]

    alerted = {change(line, "of") for line in lines if line["event"] == "alert"}
    told = (line for line in lines if line["event"] != "name")  # they stand with the subjects they are of
    return (line for line in told if line["event"] != "presence" or change(line, "seq") not in alerted)


_MARKS = {"now": "[NOW]", "soon": "[soon]", "routine": "[note]"}


def _print(log: _Log, args: argparse.Namespace, zone: tzinfo) -> None:
    from keepclear.ground.instants import EPOCH, MICROSECOND
    from keepclear.render.sentences import NOT_PERMISSION
    from keepclear.render.told import named, sentence_of

    def clock(at_us: int) -> str:
        local: datetime = (EPOCH + at_us * MICROSECOND).astimezone(zone)
        return local.strftime("%Y-%m-%d %H:%M:%S")

    def paragraph(mark: str, text: str) -> None:
        body = textwrap.wrap(printable(text), WIDTH - len(mark) - 1, break_long_words=True) or [""]
        print(f"{mark} {body[0]}")
        for more in body[1:]:
            print(f"{' ' * len(mark)} {more}")

    lines = list(log.lines())
    print(f"Watch log of {printable(args.folder)}")
    begin = clock(log.begin_us) if log.begin_us else "the beginning of the record"
    print(f"From {begin} to {clock(log.until_us)}, {args.time_zone}")
    print("=" * WIDTH)
    for line in _once(lines):
        text = f"EXERCISE. {line['text']}" if line.get("exercise") else line["text"]
        mark, number = "", line["id"]
        if line["event"] == "alert":
            mark, number = _MARKS.get(line["urgency"], ""), line["alert"]
            text += f" (repeat {line['repeats']})" if "repeats" in line else ""
        paragraph(f"{clock(_at_us(line))}  {number:>10}  {mark:<6}", text)
    if not lines:
        print("Nothing was told in this time.")
    print("=" * WIDTH)
    print(f"Open at the end: {len(log.open) or 'nothing'}")
    for alert, said in log.open.items():
        state = f"{said['state']} by {said['by']}" if "state" in said else "nobody has acknowledged it"
        paragraph(
            f"{clock(_at_us(said))}  {alert:>10}  {_MARKS.get(said['urgency'], ''):<6}",
            f"{sentence_of(named(said, log.names_of(said)))} ({state})",
        )
    print()
    print("Signed: ______________________________     Taken over by: ______________________________")
    print(NOT_PERMISSION)
    sys.stdout.flush()


def _at_us(line: dict[str, Any]) -> int:
    from keepclear.ground.instants import parse_instant

    return parse_instant(line["at"]).us
