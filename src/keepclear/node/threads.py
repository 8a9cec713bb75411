"""What hangs together: one subject at one zone, or one chain of messages, with everything that was said and done about it, on one time axis.

    matter = encounter_of(lines, alert)          a subject at a zone, from the lines about the two
    matter = chain_of(channel, message)          a message, what it answers and corrects, and what answers and corrects it
    for item in items_of(node, matter, lines): ...

Things are put together by what was said: ids that somebody named, the subject and the zone that a line is about, coordinates that were
given, a ladder that is agreed for the zone. Nothing is put together because it looks alike, and each item says why it is here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np

from keepclear.channel.channel import Channel, Thread
from keepclear.channel.facts import Place
from keepclear.channel.messages import Message
from keepclear.channel.statements import Evidence, evidence_of
from keepclear.geo.earth import E7
from keepclear.geo.shapes import Shape
from keepclear.ground.instants import parse_instant
from keepclear.node.effects import Told
from keepclear.node.node import Node
from keepclear.node.side import Side

HOUR_US = 3_600_000_000
# Who has left and is not heard of at the zone for so long begins a new encounter.
QUIET_US = 6 * HOUR_US
# What is about the zone, and names neither subject nor alert, belongs to it this long before and after.
AROUND_US = 24 * HOUR_US
_OF_A_PAIR = frozenset({"presence", "alert", "correction"})
Held = TypeVar("Held")
# Of each message those that it cites, and that cite it.
Links = Mapping[str, set[str]]
ALERT_ID = re.compile(r"\d{1,15}\.\d{1,9}")


class Line(NamedTuple):
    """A line of the record, and its members."""

    told: Told
    said: Mapping[str, Any]

    @property
    def order(self) -> tuple[int, int]:
        """Its place in the record."""
        return self.told.sequence, self.told.index


class Matter(NamedTuple):
    """What a thread is about.

    id        that of its first alert, or of the first message of its chain
    until_us  when it was over; None: it goes on
    alerts    ids of the alerts of the subject at the zone
    messages  ids of messages that are of it whatever else is said, and why
    cut_off   it may have begun before what was looked at
    parties   that somebody named for the subject"""

    id: str
    zone: str
    subject: str
    from_us: int
    until_us: int | None
    alerts: frozenset[str] = frozenset()
    messages: Mapping[str, str] = {}
    cut_off: bool = False
    parties: frozenset[str] = frozenset()

    def is_near(self, at_us: int) -> bool:
        """Whether an instant is within a day of it."""
        return self.from_us - AROUND_US <= at_us and (self.until_us is None or at_us <= self.until_us + AROUND_US)


class Item(NamedTuple):
    """One thing of a thread.

    at_us     when it happened, by the word of whoever says so; known_at_us: when this node learned of it
    because   why it is here: a word of the group `because` in docs/reference/keys.md
    evidence  "concluded" by this node, "evidenced" by whoever did it, or "claimed" by somebody else
    ids       what of it can be opened: alert, message, statement, call, minute, measure"""

    line: Line
    at_us: int
    because: str
    by: str
    evidence: str
    ids: Mapping[str, str]

    @property
    def known_at_us(self) -> int:
        """When this node learned of it."""
        return self.line.told.at_us


def line_of(told: Told) -> Line:
    """A line as it is looked at here."""
    return Line(told, msgspec.json.decode(told.line))


# --- what a thread is about ---


def is_of_pair(told: Told, zone: str, subject: str) -> bool:
    """Whether a line is about this subject at this zone."""
    return told.zone == zone and told.subject == subject and told.what in _OF_A_PAIR


def encounter_of(lines: Iterable[Line], alert: Told, *, cut_off: bool = False) -> Matter | None:
    """The encounter that an alert of a subject at a zone belongs to; `lines` in the order of the record, those of the pair among them.

    One begins when there is something about the two after the subject was clear, and for `QUIET_US` nothing was; an alert that nobody has
    seen meanwhile goes on, and so does its encounter. None: the alert is of
    no subject at a zone, or not among the lines."""
    if not (alert.zone and alert.subject):
        return None
    runs: list[list[Line]] = []
    state = "clear"
    for line in lines:
        if not is_of_pair(line.told, alert.zone, alert.subject):
            continue
        is_presence = line.told.what == "presence"
        before = line.said["from"] if is_presence else state
        is_new = not runs or (before == "clear" and line.told.at_us - runs[-1][-1].told.at_us > QUIET_US)
        runs.append([line]) if is_new else runs[-1].append(line)
        state = line.said["to"] if is_presence else before
    runs = _sharing_no_alert(runs)
    for place, run in enumerate(runs):
        if any(line.told.id == alert.id for line in run):
            ids = [str(line.said["alert"]) for line in run if line.told.what == "alert"]
            states = [str(line.said["to"]) for line in run if line.told.what == "presence"]
            is_over = place + 1 < len(runs) or (bool(states) and states[-1] == "clear")
            until_us = run[-1].told.at_us if is_over else None
            named = {line.said.get("party") or line.said.get("params", {}).get("party") or "" for line in run}
            return Matter(
                ids[0], alert.zone, alert.subject, run[0].told.at_us, until_us, frozenset(ids), cut_off=cut_off and place == 0,
                parties=frozenset(named - {""}),
            )  # fmt: skip
    return None


def _sharing_no_alert(runs: list[list[Line]]) -> list[list[Line]]:
    joined: list[list[Line]] = []
    for run in runs:
        if joined and _alerts_in(joined[-1]) & _alerts_in(run):
            joined[-1] += run
        else:
            joined.append(run)
    return joined


def _alerts_in(run: list[Line]) -> set[str]:
    return {str(line.said["alert"]) for line in run if line.told.what == "alert"}


def chain_of(channel: Channel, id: str, alerts: Mapping[str, tuple[str, str]]) -> Matter:
    """The chain of a message: everything that answers, corrects or is about a message of it, from its first on.

    alerts  zone and subject of each alert that is held here, by its id"""
    threads = {thread.id: thread for thread in channel.threads(0, len(channel))}
    found = chained(links_of(threads), {id: "of_the_chain"})
    order = {id: place for place, id in enumerate(threads)}
    first, *_ = ids = sorted(found, key=order.__getitem__)
    zone = subject = ""
    named: set[str] = set()
    for message in (threads[one].message for one in ids):
        match message.about.kind:
            case "zone":
                zone = zone or message.about.id
            case "subject":
                subject = subject or message.about.id
            case "alert" if message.sender == channel.own and message.about.id in alerts:
                named.add(message.about.id)
                zone, subject = zone or alerts[message.about.id][0], subject or alerts[message.about.id][1]
    until_us = max(threads[one].known_at_us for one in ids)
    return Matter(first, zone, subject, threads[first].known_at_us, until_us, frozenset(named), found)


def links_of(threads: Mapping[str, Thread]) -> dict[str, set[str]]:
    """For each message those that it cites, and that cite it; exercise and operations never meet."""
    links: dict[str, set[str]] = {}
    for thread in threads.values():
        for cited in _cited(thread.message):
            if cited in threads and threads[cited].message.exercise is thread.message.exercise:
                links.setdefault(thread.id, set()).add(cited)
                links.setdefault(cited, set()).add(thread.id)
    return links


def chained(links: Links, seeds: Mapping[str, str]) -> dict[str, str]:
    """The messages that these hang together with, themselves among them, and why each is there."""
    found, ahead = dict(seeds), list(seeds)
    while ahead:
        for other in sorted(links.get(ahead.pop(), ())):
            if other not in found:
                found[other] = "of_the_chain"
                ahead.append(other)
    return found


def _cited(message: Message) -> Iterable[str]:
    about = message.about.id if message.about.kind == "message" else ""
    return filter(None, (message.answers, message.supersedes, about))


# --- what is of it ---


def messages_of(
    channel: Channel, threads: Mapping[str, Thread], matter: Matter, *, exercise: bool, links: Links | None = None
) -> dict[str, str]:
    """The messages of a thread, and why each is there; `threads`: all that are held, by id, and `links` between them."""
    seeds = dict(matter.messages)
    for thread in threads.values():
        about = thread.message.about
        if thread.message.exercise is not exercise or thread.id in seeds:
            continue
        # An alert is called by its id on the node of the sender; that of another party means nothing here.
        if about.kind == "alert" and thread.message.sender == channel.own and about.id in matter.alerts:
            seeds[thread.id] = "about_alert"
        elif not matter.is_near(thread.known_at_us) or matter.messages:
            continue
        elif about.kind == "subject" and about.id == matter.subject:
            seeds[thread.id] = "about_subject"
        elif about.kind == "zone" and about.id == matter.zone:
            seeds[thread.id] = "about_zone"
    return chained(links_of(threads) if links is None else links, seeds)


def items_of(node: Node, side: Side, matter: Matter, lines: Sequence[Line]) -> list[Item]:
    """Everything of a thread among these lines, in the order in which it happened; `node` as it stood when the last of them was told."""
    found = _Found(node, side, matter, lines)
    items = [item for line in lines if (item := found.item(line)) is not None]
    return sorted(items, key=lambda item: (item.at_us, item.line.order))


class _Found:
    """What belongs to a thread, by id and why; worked out once, and asked line by line."""

    def __init__(self, node: Node, side: Side, matter: Matter, lines: Sequence[Line]) -> None:
        self._matter = matter
        self._house = node.talk.channel.own
        self._threads = {thread.id: thread for thread in node.talk.channel.threads(0, len(node.talk.channel))}
        self._zone = next((zone.shape for zone in side.zones() if zone.id == matter.zone), None)
        self.messages = messages_of(node.talk.channel, self._threads, matter, exercise=side.exercise)
        self.alerts = dict.fromkeys(matter.alerts, "named_alert" if matter.messages else "of_the_pair")
        self._stopped: set[int] = set()
        self._of_stops: set[str] = set()
        calls = side.dealings.calls
        opened = self.alerts.keys() | self.messages.keys()
        self._calls = {call.id: call for call in calls.calls if any(item.open in opened for item in call.items)}
        self._attempts = {call.attempt for call in self._calls.values()}
        self._moments = calls.moments
        self._minutes = {minute.id: minute for call in self._calls.values() for minute in calls.minutes_of(call)}
        self._stops = {form: calls.answers_to(form) for form in calls.stops}
        self._measures = {measure.id: measure for measure in side.dealings.measures.measures}
        self._reactions = side.dealings.measures.reactions
        self._because = self._of_measures(side)
        self._told = Counter(kind for line in lines if (kind := _counted(line)))
        self._seen: Counter[tuple[str, ...]] = Counter()

    def _of_measures(self, side: Side) -> dict[str, str]:
        matter = self._matter
        rungs = {rung.key for version in side.dealings.agreed.about(matter.zone) for rung in version.terms.ladder}
        said = [self._threads[id].message for id in self.messages]
        parties = {party for message in said for party in (message.sender, message.to, message.final)} - {self._house}
        parties |= self._matter.parties
        found = {}
        for id, measure in self._measures.items():
            if not matter.is_near(measure.at_us):
                continue
            if matter.subject and measure.towards == matter.subject:
                found[id] = "towards_subject"
            elif self._is_in_zone(measure.places):
                found[id] = "place_in_zone"
            elif measure.rung in rungs and not {measure.by, measure.towards}.isdisjoint(parties):
                found[id] = "ladder_of_zone"
        return found

    def _is_in_zone(self, places: Sequence[Place]) -> bool:
        return self._zone is not None and any(_within(self._zone, place) for place in places)

    def item(self, line: Line) -> Item | None:
        """The item that a line makes; None where it is not of the thread."""
        match line.told.what:
            case "presence" | "correction" if is_of_pair(line.told, self._matter.zone, self._matter.subject):
                return self._of_pair(line)
            case "alert":
                return self._alert(line)
            case "alert_step" if (id := line.said["alert"]) in self.alerts:
                return self._made(line, "of_an_alert", str(line.said["by"]), alert=id)
            case "message" if (id := line.told.message) in self.messages:
                message = self._threads[id].message
                return self._made(line, self.messages[id], message.author, at_us=message.written_at_us, message=id)
            case "statement" if (id := line.told.message) in self.messages:
                said = line.said
                return self._made(
                    line, "of_a_message", str(said["said_by"]), str(said["evidence"]), at_us=parse_instant(said["said_at"]).us,
                    message=id, statement=said["statement"],
                )  # fmt: skip
            case "standing" if (id := line.told.message) in self.messages:
                return self._made(line, "of_a_message", "", "concluded", message=id)
            case "call":
                return self._call(line)
            case "measure" if (id := line.said["measure"]) in self._because:
                return self._measure(line, id)
        return None

    def _made(
        self, line: Line, because: str, by: str, evidence: str = "evidenced", *, at_us: int | None = None, **ids: str
    ) -> Item:
        return Item(line, line.told.at_us if at_us is None else at_us, because, by, evidence, ids)

    def _of_pair(self, line: Line) -> Item | None:
        if not self._is_within(line.told.at_us):
            return None
        seen = line.said["seen_at" if line.told.what == "presence" else "late_report_seen_at"]
        by = str(line.said.get("source", ""))
        return self._made(line, "of_the_pair", by, "concluded", at_us=parse_instant(seen).us)

    def _is_within(self, at_us: int) -> bool:
        matter = self._matter
        return matter.from_us <= at_us and (matter.until_us is None or at_us <= matter.until_us)

    def _alert(self, line: Line) -> Item | None:
        id = str(line.said.get("alert", line.told.id))
        if id not in self.alerts:
            if line.said["key"] == "stop_called" and line.told.sequence in self._stopped:
                self.alerts[id] = "place_in_zone"
            elif line.told.message in self.messages and not line.told.agreement:
                self.alerts[id] = "of_a_message"
            else:
                return None
        seen = line.said["params"].get("seen_at")
        at_us = parse_instant(seen).us if seen else None
        about = {"message": line.told.message} if line.told.message else {}
        return self._made(line, self.alerts[id], "", "concluded", at_us=at_us, alert=id, **about)

    def _held_of(self, line: Line, held: Sequence[Held]) -> Held | None:
        """What is held of that which this line tells: both have one order. None where lines or what is held are not all there, since
        then nobody can say which of them it is."""
        kind = _counted(line)
        self._seen[kind] += 1
        return held[self._seen[kind] - 1] if len(held) == self._told[kind] else None

    def _call(self, line: Line) -> Item | None:
        said, by, happened = line.said, str(line.said["by"]), str(line.said["action"])
        match happened:
            case "held" if said["call"] in self._calls:
                begun = [one.at_us for one in self._moments if one.attempt == said["attempt"]]
                at_us = min(begun, default=line.told.at_us)
                return self._made(line, "taken_up", by, at_us=at_us, call=said["call"])
            case "moment" if said["attempt"] in self._attempts:
                alike = [
                    one for one in self._moments if (one.attempt, one.happened.value) == (said["attempt"], said["what"])
                ]
                moment = self._held_of(line, alike)
                if moment is None:
                    return self._made(line, "of_a_call", by, "claimed")
                return self._made(line, "of_a_call", by, moment.evidence.value, at_us=moment.at_us)
            case "minute" if (minute := self._minutes.get(said["minute"])) is not None:
                evidence = evidence_of(minute.of, self._house)
                return self._made(
                    line, "of_a_call", by, evidence.value, at_us=minute.at_us, call=said["call"], minute=said["minute"]
                )
            case "minute_answered" if said["minute"] in self._minutes:
                evidence = Evidence(said["evidence"]) if said["evidence"] else Evidence.CLAIMED
                return self._made(line, "of_a_call", by, evidence.value, call=said["call"], minute=said["minute"])
            case "stop":
                return self._stop(line, by)
            case "stop_asked_on" if said["stop"] in self._of_stops:
                return self._made(line, "place_in_zone", by, "claimed")
        return None

    def _stop(self, line: Line, by: str) -> Item | None:
        """A call for an urgent stop whose coordinates lie in the zone, those of an answer among them; found among the forms by who took
        it down, its words and when."""
        for form, answers in self._stops.items():
            is_it = (form.words, form.taken_by) == (line.said["words"], line.said["taken_by"])
            is_near = form.taken_at_us <= line.told.at_us and self._matter.is_near(form.taken_at_us)
            where = (*form.where, *(place for answer in answers for place in answer.where))
            if is_it and is_near and self._is_in_zone(where):
                self._stopped.add(line.told.sequence)
                self._of_stops.add(form.id)
                return self._made(line, "place_in_zone", by, "claimed", at_us=form.taken_at_us)
        return None

    def _measure(self, line: Line, id: str) -> Item:
        measure, by = self._measures[id], str(line.said["by"])
        if line.said["action"] == "taken":
            return self._made(line, self._because[id], by, measure.evidence.value, at_us=measure.at_us, measure=id)
        seen = self._held_of(line, [one for one in self._reactions if one.measure == id])
        at_us = None if seen is None else seen.seen_at_us
        return self._made(line, "of_a_measure", by, "claimed", at_us=at_us, measure=id)


def _counted(line: Line) -> tuple[str, ...]:
    """What lines are alike that are told from each other by their order only; () for any other."""
    said = line.said
    match line.told.what, said.get("action"):
        case "call", "moment":
            return "moment", str(said["attempt"]), str(said["what"])
        case "measure", action if action != "taken":
            return "reaction", str(said["measure"])
    return ()


def _within(shape: Shape, place: Place) -> bool:
    edge_m = shape.edge_m(np.array([place.lat_e7 / E7]), np.array([place.lon_e7 / E7]))
    return bool(edge_m[0] <= 0.0)
