"""A run of the watch told to a person: one line an event, and the account at the end."""

from __future__ import annotations

import sys
from typing import Any

from keepclear.agreements.atlas import Atlas
from keepclear.cli.running import Account
from keepclear.ground.errors import printable
from keepclear.ground.instants import utc_text
from keepclear.render import sentences
from keepclear.watch.events import Alert, Correction, Event, Events, Presence
from keepclear.watch.presence import State
from keepclear.watch.watch import Watch

LINES_MAX = 400
STATES_MAX = 40


class Teller:
    """Prints events as sentences, at most `lines_max`, None for all; says how to keep them all."""

    def __init__(self, atlas: Atlas, *, for_people: bool, lines_max: int | None = LINES_MAX) -> None:
        self._names = {zone.id: zone.label for zone in atlas}
        self._for_people = for_people
        self._lines_max = lines_max
        self._lines = 0
        self._untold = 0

    def tell(self, events: Events) -> None:
        """One step of the run."""
        if not self._for_people:
            return
        from tqdm import tqdm

        for line in lines_of(events, self._names):
            line = printable(line)
            if self._lines_max is None or self._lines < self._lines_max:
                self._lines += 1
                tqdm.write(line, file=sys.stdout)
            else:
                self._untold += 1

    def sum_up(self, watch: Watch, summary: dict[str, Any], account: Account, written: dict[str, str | None]) -> None:
        """Who is where at the end, and where every row went, on standard error."""
        if self._untold:
            _say(f"... and {self._untold} more; --events FILE keeps them all.")
        if self._for_people:
            self._states(watch)
        _say(rows_sentence(summary))
        if summary["refused"]:
            reasons = ", ".join(f"{count} {reason}" for reason, count in summary["refused_for"].items())
            _say(f"Refused for: {reasons}.")
            if not written["refusals"]:
                for refusal in account.first_refusals:
                    _say(f"  {refusal}")
                _say("  --refusals FILE keeps every one of them.")
        remarkable = [
            f"{words} {summary[key]}"
            for key, words in (
                ("late", "late reports"),
                ("behind", "reports behind the reorder bound"),
                ("jump", "impossible jumps"),
                ("contradiction", "contradictions"),
            )
            if summary[key]
        ]
        remarkable += [f"{note.replace('_', ' ')} {count}" for note, count in summary["noticed"].items()]
        if remarkable:
            _say(f"Noticed: {', '.join(remarkable)}.")
        _say(
            f"Zones: {summary['zones']}. Subjects: {summary['subjects']}. Changes of presence: {summary['presence']}, "
            f"alerts: {summary['alerts']}, corrections: {summary['corrections']}; "
            f"at the end {summary['inside']} inside, {summary['close']} close, {summary['lost']} lost."
        )
        if summary["zones"] and summary["accepted"] and not summary["presence"]:
            _say(
                "Nobody was ever inside or close. If that is a surprise: --envelope S,W,N,E counts positions that lie elsewhere,"
            )
            _say("as swapped latitude and longitude do, and --map FILE.svg shows where they are.")
        if account.reader_gone:
            _say(
                "Stopped before the end, because whoever read the output went away: what was done so far is written out."
            )
        elif account.broken_output is not None:
            _say("Stopped before the end, because an output could not be written any more.")
        elif account.stopped:
            _say("Stopped before the end: what was done so far is written out.")
        if self._for_people:
            _say(sentences.NOT_PERMISSION)
        for what, name in written.items():
            if name:
                _say(f"The {what} {'is' if what == 'map' else 'are'} in {name}.")

    def _states(self, watch: Watch) -> None:
        states = [(subject, zone, state) for subject, zone, state in watch.states() if state is not State.CLEAR]
        clock = watch.clock_us
        if clock is None:
            return
        print(
            f"\nAt {utc_text(clock)}:" if states else f"\nAt {utc_text(clock)} nobody is inside or close to any zone."
        )
        for subject, zone, state in states[:STATES_MAX]:
            print(printable(f"  {state:<7} {self._names[zone]}: {subject}"))
        if len(states) > STATES_MAX:
            print(f"  ... and {len(states) - STATES_MAX} more")


def rows_sentence(summary: dict[str, Any]) -> str:
    """Where every row went, as an equation."""
    parts = [f"{summary['accepted']} accepted", f"{summary['duplicate']} duplicate", f"{summary['refused']} refused"]
    parts += [
        f"{summary[key]} {words}"
        for key, words in (("not_yet_known", "not yet known"), ("not_acted", "read but not acted on"))
        if summary[key]
    ]
    return f"{summary['rows_read']} rows read = {' + '.join(parts)}."


def lines_of(events: Events, names: dict[str, str]) -> list[str]:
    """A line for each change of presence, alert and correction; an alert about a change stands in its place."""
    alert_of = {alert.of: alert for alert in events.alerts if alert.of is not None}
    lines = []
    for event in events:
        if isinstance(event, Presence) and event.seq in alert_of:
            continue
        mark, sentence = _line(event, names)
        lines.append(f"{utc_text(event.at_us)} {mark:<10} {'EXERCISE ' if _exercise(event) else ''}{sentence}")
    return lines


def _line(event: Event, names: dict[str, str]) -> tuple[str, str]:
    if isinstance(event, Alert):
        return {"now": "[NOW]", "soon": "[soon]"}.get(event.urgency, "[note]"), sentences.of_alert(event)
    if isinstance(event, Correction):
        return "[corrects]", sentences.of_correction(event, names[event.zone])
    return "[foreseen]" if event.permission.permitted else "", sentences.of_presence(event, names[event.zone])


def _exercise(event: Event) -> bool:
    return event.claim.exercise if isinstance(event, Presence) else event.exercise


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr)
