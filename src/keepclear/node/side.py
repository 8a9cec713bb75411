"""One side of a node, operations or exercise: its zones, its watch, its feeds, its dealings with others and its alerts. The two never meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from json.encoder import encode_basestring as quoted

import msgspec
import numpy as np

from keepclear.agreements.atlas import Zone
from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.instants import utc_text
from keepclear.node.agreed import Open
from keepclear.node.alert_book import AlertBook, LiveAlert
from keepclear.node.dealings import DealingBooks, Dealings
from keepclear.node.events import Dealing, FeedStateChanged, Overloaded, PositionsArrived
from keepclear.node.feed_book import Feed, FeedBook
from keepclear.node.name_book import NameBook
from keepclear.node.teller import Teller
from keepclear.tracks.builder import CLOCK_SKEW_US_MAX
from keepclear.tracks.observations import Observations
from keepclear.tracks.picture import VERDICTS, Verdict
from keepclear.tracks.refusals import Refusal
from keepclear.watch import lines
from keepclear.watch.events import Alert, Events
from keepclear.watch.watch import Watch

ZONES_MAX = 20_000
SUBJECTS_MAX = 1_000_000
_EXERCISE = ',"exercise":true}'
_DUPLICATE, _TOO_LATE = VERDICTS.index(Verdict.DUPLICATE), VERDICTS.index(Verdict.TOO_LATE)


class ZoneVersion(msgspec.Struct, frozen=True):
    """Which version of a zone is watched, since when, and which entry of the record has its text."""

    version: int
    since_us: int
    sequence: int


class Books(msgspec.Struct):
    """Everything a side holds besides its watch."""

    versions: dict[str, ZoneVersion]
    alerts: list[LiveAlert]
    alerts_not_held: int
    feeds: list[Feed]
    feeds_of: dict[str, tuple[str, ...]]
    names: dict[str, dict[str, str]] = {}
    dealings: DealingBooks = msgspec.field(default_factory=DealingBooks)


class Side:
    """Zones, watch, feeds, dealings and alerts of operations, or of exercises.

    versions  of the zones that are watched, by zone id
    feeds_of  for each subject the feeds that have reported it, sorted"""

    def __init__(self, watch: Watch, house: str, *, exercise: bool, books: Books | None = None) -> None:
        books = books or Books({}, [], 0, [], {})
        self.watch = watch
        self.exercise = exercise
        self.versions = books.versions
        self.alerts = AlertBook(books.alerts, books.alerts_not_held)
        self.feeds = FeedBook(books.feeds)
        self.feeds_of = books.feeds_of
        self.names = NameBook(books.names)
        self.dealings = Dealings(house, exercise=exercise, books=books.dealings)
        self._reported_by: dict[str, set[str]] = {}
        self._noted: dict[str, tuple[str, ...]] = {}
        for subject, feeds in self.feeds_of.items():
            for feed in feeds:
                self._reported_by.setdefault(feed, set()).add(subject)

    def books(self) -> Books:
        """What is held besides the watch, in an order that does not depend on how it came about."""
        feeds_of = {subject: self.feeds_of[subject] for subject in sorted(self.feeds_of)}
        versions = {zone: self.versions[zone] for zone in sorted(self.versions)}
        return Books(
            versions, self.alerts.state(), self.alerts.not_held, self.feeds.state(), feeds_of, self.names.state(),
            self.dealings.state(),
        )  # fmt: skip

    @property
    def next_due_us(self) -> int | None:
        """When time alone will next change something here; None: never."""
        due = (self.watch.next_due_us, self.feeds.next_due_us, self.dealings.next_due_us)
        return min((at_us for at_us in due if at_us is not None), default=None)

    def zones(self) -> list[Zone]:
        """The zones that are watched, by id."""
        return [zone for _, zone in sorted(self.watch.zones_in_force().items())]

    def feeds_behind(self, zone: str, subject: str) -> tuple[str, ...]:
        """The feeds that something told about a zone or a subject rests on; about a zone alone, every feed of this side."""
        if subject:
            return self.feeds_of.get(subject, ())
        return tuple(feed.id for feed in self.feeds.state()) if zone else ()

    def names_of(self, subject: str) -> dict[str, str]:
        """What a subject is called, by feed; only by feeds that reported it, as they decide who may see it."""
        by_feed = self.names.of(subject)
        return {feed: by_feed[feed] for feed in self.feeds_of.get(subject, ()) if feed in by_feed}

    # time

    def pass_time(self, messages: Callable[[], Iterable[Open]], teller: Teller) -> None:
        """Lets time pass to the instant of the event. `messages`: those that are open."""
        self._tell_watched(self.watch.advance(teller.at_us), teller)
        for feed in self.feeds.fallen_silent(teller.at_us):
            last = None if feed.last_heard_us is None else utc_text(feed.last_heard_us)
            params = {"source": feed.source, "last_heard_at": last, "silent_after_s": (feed.silent_after_us or 0) / 1e6}
            self.raise_alert("feed_silent", "now", params, teller, feed=feed.id)
        for alarm in self.dealings.pass_time(lambda: self._open(messages), teller):
            self.raise_alert(alarm.key, alarm.urgency, alarm.params, teller, **alarm.about)

    # dealings with other parties

    def deal(self, event: Dealing, by: str, messages: Callable[[], Iterable[Open]], teller: Teller) -> None:
        """Takes in what `Dealings.check` allowed, and raises what is to be seen of it. `messages`: those that are open."""
        for alarm in self.dealings.take(event, by, lambda: self._open(messages), teller):
            self.raise_alert(alarm.key, alarm.urgency, alarm.params, teller, **alarm.about)

    def _open(self, messages: Callable[[], Iterable[Open]]) -> Iterator[Open]:
        yield from (Open("zone", zone, zone) for zone in sorted(self.versions))
        yield from messages()

    def agenda(self, other: str, also: Iterable[str] = ()) -> tuple[str, ...]:
        """What is to be talked about in the next call with a party: ids of open alerts, and `also` of what else is open."""
        return self.dealings.agenda(other, self.alerts, also)

    # positions

    def check_positions(self, event: PositionsArrived) -> None:
        """Raises `Refused` if this batch cannot be taken."""
        self.feeds.open(event.feed)
        claims, used = event.observations.claims, np.unique(event.observations.claim)
        if any(claims[number].exercise is not self.exercise for number in used.tolist()):
            real, other = ("an exercise", "operations") if self.exercise else ("operations", "an exercise")
            raise Refused(
                "exercise.mixed", f"Reports of {other} cannot come into {real}", value=event.feed,
                mend="Send them apart: what is exercise is marked as exercise from end to end.",
            )  # fmt: skip
        subjects, held = event.observations.subjects, len(self.feeds_of)
        if held + len(subjects) > SUBJECTS_MAX < held + sum(name not in self.feeds_of for name in subjects):
            what = f"More than {SUBJECTS_MAX:,} subjects have been reported"
            raise LimitExceeded("subjects.too_many", what, mend="Ask who sends so many names.")

    def take_positions(self, event: PositionsArrived, teller: Teller) -> bytes:
        """Takes a batch in; gives what became of each accepted row, as places in `VERDICTS`."""
        feed = self.feeds.open(event.feed)
        batch = replace(event.observations, known_at_us=np.full(len(event.observations), teller.at_us, np.int64))
        # From the future nothing is taken: every true report that came after it would count as late.
        ahead = batch.seen_at_us > teller.at_us + CLOCK_SKEW_US_MAX
        batch_now = batch.take(~ahead) if ahead.any() else batch
        self._note_feed(batch_now, feed.id)
        events = self.watch.observe(batch_now)
        codes = np.full(len(batch), _TOO_LATE, np.int8)
        codes[~ahead] = events.verdict_codes
        late = [too_late(batch, row, teller.at_us) for row in np.flatnonzero(codes == _TOO_LATE).tolist()]
        was_silent = self.feeds.heard(feed, event, int(np.count_nonzero(codes == _DUPLICATE)), late, teller.at_us)
        if was_silent:
            self.raise_alert("feed_heard_again", "routine", {"source": feed.source}, teller, feed=feed.id)
        for subject, name in self.names.heard(feed.id, event.names):
            members = {"subject": subject, "name": name, "feed": feed.id}
            teller.tell_of("name", members, exercise=self.exercise, subject=subject, feed=feed.id)
        self._tell_watched(events, teller)
        return codes.astype(np.int8).tobytes()

    def _note_feed(self, batch: Observations, feed_id: str) -> None:
        """Remembers by which feeds each subject was reported: it decides who may see it."""
        if self._noted.get(feed_id) is batch.subjects:  # a source often names the same ones as before
            return
        used = np.flatnonzero(np.bincount(batch.subject)).tolist()
        names = batch.subjects if len(used) == len(batch.subjects) else [batch.subjects[number] for number in used]
        known = self._reported_by.setdefault(feed_id, set())
        if not known.issuperset(names):
            for name in set(names) - known:
                self.feeds_of[name] = tuple(sorted((*self.feeds_of.get(name, ()), feed_id)))
            known.update(names)
        if names is batch.subjects:
            self._noted[feed_id] = names

    def change_feed_state(self, event: FeedStateChanged, teller: Teller) -> None:
        """Notes that a connection was made or lost; the second is an alert, as nothing will be heard."""
        feed = self.feeds.open(event.feed)
        feed.state, feed.state_why = event.state, event.why
        members = {"feed": feed.id, "state": event.state, "why": event.why}
        teller.tell_of("feed", members, exercise=self.exercise, feed=feed.id)
        if event.state != "connected":
            params = {"source": feed.source, "why": event.why}
            self.raise_alert("feed_disconnected", "soon", params, teller, feed=feed.id)

    def note_overload(self, event: Overloaded, teller: Teller) -> None:
        """Counts what was given up for want of room, and raises an alert."""
        feed = self.feeds.held(event.feed)
        if feed is not None:
            feed.given_up += event.rows
            params = {"source": feed.source, "rows": event.rows, "since_at": utc_text(event.since_us)}
            self.raise_alert("feed_overloaded", "now", params, teller, feed=feed.id)

    # zones

    def check_zones(self, zones: Iterable[Zone]) -> None:
        """Raises `Refused` if these zones cannot be taken in."""
        new = {zone.id for zone in zones} - self.versions.keys()
        if len(self.versions) + len(new) > ZONES_MAX:
            raise LimitExceeded(
                "zones.too_many", f"More than {ZONES_MAX:,} zones", mend="End zones that are not needed."
            )

    def check_zone_ends(self, zone_id: str) -> None:
        """Raises `Refused` if this zone is not watched."""
        if zone_id not in self.versions:
            raise Refused(
                "zone.unknown", "There is no such zone", value=zone_id, mend="The list of zones has their ids."
            )

    def agree(self, zones: tuple[Zone, ...], by: str, teller: Teller) -> None:
        """Watches these zones from now on, in place of those of the same ids."""
        for zone in zones:
            held = self.versions.get(zone.id)
            version = ZoneVersion(1 if held is None else held.version + 1, teller.at_us, teller.sequence)
            self.versions[zone.id] = version
            members = {
                "zone": zone.id,
                "zone_name": zone.label,
                "action": "agreed",
                "version": version.version,
                "by": by,
            }
            teller.tell_of("zone", members, exercise=self.exercise, zone=zone.id)
        self._tell_watched(self.watch.agree(zones, teller.at_us), teller)

    def end_zone(self, zone_id: str, reason: str, by: str, teller: Teller) -> None:
        """Watches a zone no more."""
        version, zone = self.versions.pop(zone_id), self.watch.zones_in_force()[zone_id]
        members = {
            "zone": zone_id,
            "zone_name": zone.label,
            "action": "ended",
            "version": version.version,
            "by": by,
            "reason": reason,
        }
        teller.tell_of("zone", members, exercise=self.exercise, zone=zone_id)
        self._tell_watched(self.watch.end([zone_id], teller.at_us), teller)

    # what is told

    def _tell_watched(self, events: Events, teller: Teller) -> None:
        for event in events:
            line = lines.line_of(event)
            if self.exercise and not line.endswith(_EXERCISE):  # what rests on no report, as that a zone is not manned
                line = line[:-1] + _EXERCISE
            if isinstance(event, Alert):
                found = LiveAlert(
                    teller.next_id,
                    event.key,
                    event.urgency,
                    teller.at_us,
                    teller.at_us,
                    line,
                    event.subject,
                    event.zone,
                )
                line = self._raised(found)
            teller.tell(line, exercise=self.exercise, zone=event.zone, subject=event.subject)

    def raise_alert(self, key: str, urgency: str, params: Mapping[str, object], teller: Teller, **about: str) -> None:
        """Raises an alert that does not come from the watch; `about`: what a `LiveAlert` is about, by its id."""
        members = {
            "key": key, "urgency": urgency, "subject": None, "zone": None, "feed": None, "of": None, **about, "params": params,
        }  # fmt: skip
        line = teller.line("alert", members, exercise=self.exercise)
        found = LiveAlert(teller.next_id, key, urgency, teller.at_us, teller.at_us, line, **about)  # type: ignore[arg-type]
        teller.tell(self._raised(found), exercise=self.exercise, **about)

    def _raised(self, found: LiveAlert) -> str:
        """The line of an alert with the id of the alert that it raises or repeats."""
        held, is_new = self.alerts.raised(found)
        repeats = "" if is_new else f',"repeats":{held.repeats}'
        held.line = f'{held.line[:-1]},"alert":{quoted(held.id)}{repeats}}}'
        return held.line


def too_late(batch: Observations, row: int, at_us: int) -> Refusal:
    """What is said of a report that was accepted at the door, and changes nothing: it came too late, or before it can have been seen."""
    seen_us = int(batch.seen_at_us[row])
    if seen_us > at_us + CLOCK_SKEW_US_MAX:
        key, what = "report.from_the_future", "The report was seen later than it is now"
        mend = "Check the clock and the time zone of whoever reports."
    else:
        key, mend = "report.too_late", "Reports that are later than the node's lateness bound change nothing."
        what = f"A newer report of {batch.subjects[batch.subject[row]]} is known already, seen too long after this one"
    late = Refused(key, what, value=f"seen {utc_text(seen_us)}", mend=mend)
    feed = batch.feeds[batch.feed[row]] if batch.feeds else ""
    return Refusal.of(late, feed=feed, line=int(batch.line[row]), column="")
