"""The watch: batches of reports in; who is where towards each zone, what changed, and what a person must know, out.

It is a deterministic function of the batches and instants it is given. Reports act in the order they became
known; time passes only by reports and by `advance`. At one instant reports act before timers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from keepclear.agreements.atlas import Atlas, Versions, Zone
from keepclear.agreements.pattern_terms import NO_PATTERNS
from keepclear.ground.errors import Refused
from keepclear.ground.instants import Window, parse_instant
from keepclear.tracks.history import NONE, Records
from keepclear.tracks.observations import Claim, Observations
from keepclear.tracks.picture import LATENESS_US, MAX_SPEED_MPS, VERDICTS, Report, Verdict
from keepclear.tracks.tables import observations_of
from keepclear.watch.approaches import Approaches
from keepclear.watch.consequences import Consequences, Telling
from keepclear.watch.deadlines import NEVER_DUE_US, Deadline, Deadlines, Kind
from keepclear.watch.events import Cause, Events, Told
from keepclear.watch.evidence import ASSUMED_ERROR_MM
from keepclear.watch.holdings import Holdings, Newest, States
from keepclear.watch.holdings_packing import packed_holdings, unpack_holdings
from keepclear.watch.packed_columns import Columns
from keepclear.watch.packing import (
    deadline_of,
    head_bytes,
    head_of,
    member,
    numbers_without,
    plain_deadlines,
    plain_zone,
    same_but_window,
    zone_of,
)
from keepclear.watch.patterns.patterns import Patterns
from keepclear.watch.presence import BY_RANK, FAR, State, after
from keepclear.watch.retelling import differences, numbered_as, retold
from keepclear.watch.sifting import Sieve
from keepclear.watch.sights import measured_sights, sights_of
from keepclear.watch.silences import Silences, Unsaid
from keepclear.watch.speaker import Speaker
from keepclear.watch.stepping import DUE, MOVE, MOVES_MIN, SPECIAL, Limits, step_on, turns_back
from keepclear.watch.subjects import Subject
from keepclear.watch.zone_columns import EARLIEST, LATEST, rows_of_zones, zone_columns

ROWS_BEFORE_TIDYING = 65_536
NOBODY_UNSAID: Unsaid = {}


class Watch:
    """Watches zones.

    >>> from keepclear import Circle, Watch, Zone
    >>> watch = Watch([Zone("kestrel", Circle(33.5, 38.6, 55_000.0), name="Kestrel Pass")])
    >>> events = watch.observe({
    ...     "subject": ["Bravo 1", "Bravo 1"],
    ...     "seen_at": ["2026-05-18T10:00:00Z", "2026-05-18T10:20:00Z"],
    ...     "lat": [33.70, 33.65],
    ...     "lon": [37.80, 38.20],
    ... })
    >>> [(p.subject, p.what, p.zone, round(p.sight.edge_mm / 1000)) for p in events.presence]
    [('Bravo 1', 'entered', 'kestrel', -14307)]

    assumed_error_m  one-sigma error of reports that state none; used for the probability, never to decide
    lateness_us      how long after a later report an earlier one is still taken in
    max_speed_mps    what is faster is flagged as an impossible jump; it still counts
    rows_before_tidying  at least so many reports are held before old ones are let go of; changes nothing that is said
    """

    def __init__(
        self,
        zones: Zone | Iterable[Zone] | Atlas,
        *,
        assumed_error_m: float = ASSUMED_ERROR_MM / 1000,
        lateness_us: int = LATENESS_US,
        max_speed_mps: float = MAX_SPEED_MPS,
        rows_before_tidying: int = ROWS_BEFORE_TIDYING,
    ) -> None:
        self.atlas = Versions(Atlas.of(zones).zones)
        self.counts: Counter[str] = Counter()
        self._assumed_error_mm = round(assumed_error_m * 1000)
        self._max_speed_mps = float(max_speed_mps)
        self._zones = zone_columns(self.atlas)
        self._sieve = Sieve(self.atlas, self._zones, self._assumed_error_mm)
        self._attributes_of: list[Claim] = []
        self._speaker = Speaker()
        self._deadlines = Deadlines()
        self._patterns = Patterns(self.atlas, self._assumed_error_mm, lateness_us)
        self._zones["watched"][list(self._patterns.watched)] = True
        self._moves = np.empty(max(MOVES_MIN, 2 * len(self.atlas) + 1), dtype=MOVE)
        self._closed: set[int] = set()
        self._batches = 0
        # What was agreed by zone id, and the number of the version that is watched; NONE where its window was over already.
        self._agreed = {zone.id: (zone, number) for number, zone in enumerate(self.atlas)}
        self._lateness_us = lateness_us
        self._held = Holdings(
            self.atlas,
            self._zones,
            lateness_us,
            self._assumed_error_mm,
            rows_before_tidying,
            self._is_special_from_the_start,
        )
        self._needs_looking_after = False
        self._consequences = Consequences(
            self.atlas, self._held, self._speaker, self._patterns, self._deadlines, self._assumed_error_mm
        )
        self._silences = Silences(
            self.atlas, self._held, self._speaker, self._deadlines, self._consequences, self._assumed_error_mm
        )
        self._approaches = Approaches(
            self.atlas, self._zones, self._held, self._speaker, self._consequences, self._assumed_error_mm
        )
        self._limited = Limits(
            self._max_speed_mps, self._assumed_error_mm, lateness_us, 0.0, False,
            np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int32), np.zeros((0, 4)),
        )  # fmt: skip
        self._note_terms()
        for number in range(len(self.atlas)):
            self._await_window(number)

    @property
    def clock_us(self) -> int | None:
        """The instant up to which the watch knows; None before the first report."""
        return self._speaker.clock_us

    @property
    def next_due_us(self) -> int | None:
        """The next instant at which `advance` may have something to say: it says nothing for any before. None: never, as things are.

        What patterns wait for is counted from the first instant known; until then they wait for nothing."""
        due_us = min(self._deadlines.next_us, self._patterns.soonest_us)
        return None if due_us >= NEVER_DUE_US else due_us

    def observe(self, batch: Observations | Mapping[str, Any], *, zone: str | None = None) -> Events:
        """Takes a batch of reports, in the order they became known, and says what follows.

        A report that became known before the clock acts at the clock. A table or DataFrame is read as
        `keepclear.observations_of` reads it; `zone` is that of its times which have none."""
        batch = batch if isinstance(batch, Observations) else observations_of(batch, zone=zone)
        if not len(batch):
            return Events(self._speaker.taken())
        if len(batch) == 1 or not np.any(batch.known_at_us[1:] < batch.known_at_us[:-1]):
            codes = self._observe_in_order(batch)
        else:
            order = np.argsort(batch.known_at_us, kind="stable")
            codes = np.empty(len(batch), np.int8)
            codes[order] = self._observe_in_order(batch.take(order))
        return Events(self._speaker.taken(), codes)

    def advance(self, at: int | str) -> Events:
        """Lets time pass to an instant (microseconds, or text such as "2026-05-18T12:00:00Z").

        Windows open and close, deadlines pass, the silent are lost."""
        self._pass_time(parse_instant(at).us if isinstance(at, str) else int(at), including=True)
        return Events(self._speaker.taken())

    def agree(self, zones: Zone | Iterable[Zone] | Atlas, at_us: int) -> Events:
        """Watches these zones from an instant on, each in place of the one of its id, and says what follows.

        What is said of others is not touched. A zone that is agreed anew as it was changes nothing. See
        docs/spec/changing-zones.md for what happens to who is there."""
        new = [zone for zone in Atlas.of(zones) if zone.id not in self._agreed or self._agreed[zone.id][0] != zone]
        at_us = self._come_to(at_us)
        in_place = [zone for zone in new if self._is_the_same_ground(zone, at_us)]
        versions = [zone for zone in new if zone not in in_place]
        before = {zone.id: self._agreed[zone.id][1] if zone.id in self._agreed else NONE for zone in new}
        staying = {zone.id: self._silences.staying_lost(zone, before[zone.id], at_us) for zone in new}
        replaced = {before[zone.id]: staying[zone.id] for zone in versions if before[zone.id] != NONE}
        self._end_versions(replaced, at_us)
        self._pass_time(at_us, including=False)
        for zone in in_place:
            self._restate(self._agreed[zone.id][1], zone, staying[zone.id])
        self._begin_versions(versions, at_us, staying)
        return Events(self._speaker.taken())

    def end(self, zone_ids: Iterable[str], at_us: int) -> Events:
        """Watches these zones no more, and says what follows. Raises `Refused` for an id that is not watched."""
        ids = list(dict.fromkeys(zone_ids))
        for zone_id in ids:
            if zone_id not in self._agreed:
                raise Refused("zone.unknown", "No zone of this id is watched", value=zone_id)
        at_us = self._come_to(at_us)
        self._end_versions({self._agreed.pop(zone_id)[1]: {} for zone_id in ids}, at_us)
        self._pass_time(at_us, including=False)
        return Events(self._speaker.taken())

    def zones_in_force(self) -> dict[str, Zone]:
        """The zones that are watched, as they were agreed, by id in the order of their numbers."""
        return {zone_id: zone for zone_id, (zone, _) in self._agreed.items()}

    def packed(self) -> bytes:
        """The whole state as bytes, of which `unpacked` makes a watch that goes on as this one does. Equal states give equal bytes.

        How reports came to be known, in which batches, and what was tidied up when, does not show. See docs/spec/packed.md."""
        self._held.tidy_now(self._silences.time)
        numbers = numbers_without(self.atlas.gone, len(self.atlas))
        live = np.flatnonzero(numbers != NONE).tolist()
        held, columns = packed_holdings(self._held, numbers)
        agreed = [
            [int(numbers[number]) if number != NONE else NONE, plain_zone(zone, with_shape=number == NONE)]
            for zone, number in self._agreed.values()
        ]
        waiting = [deadline for deadline in self._deadlines if self._still_means_something(deadline)]
        head = {
            "assumed_error_mm": self._assumed_error_mm,
            "lateness_us": self._lateness_us,
            "max_speed_mps": float(self._max_speed_mps),
            "clock_us": self.clock_us,
            "last_seq": self._speaker.last_seq,
            "counts": {key: self.counts[key] for key in sorted(self.counts) if self.counts[key]},
            "zones": [plain_zone(self.atlas.zones[number]) for number in live],
            "turned": [[bool(self._zones[name][number]) for name in ("opened", "closed")] for number in live],
            "agreed": agreed,
            "deadlines": plain_deadlines(waiting, numbers, dict(self._held.names.known)),
            "patterns": self._patterns.state(numbers.tolist()),
            **held,
        }
        return head_bytes(head) + columns

    @classmethod
    def unpacked(cls, packed: bytes) -> Watch:
        """The watch of which these are the bytes; raises `Refused` for any others, saying where the fault lies."""
        head, end = head_of(packed)
        zones = [zone_of(plain, f"head, zones[{n}] ") for n, plain in enumerate(member(head, "zones", list[Any]))]
        assumed_error_mm, lateness_us = member(head, "assumed_error_mm", int), member(head, "lateness_us", int)
        max_speed_mps = member(head, "max_speed_mps", float)
        if min(assumed_error_mm, lateness_us, max_speed_mps) < 0:
            raise Refused("packed.head", "An option is below zero", where="head")
        watch = cls(
            Versions(tuple(zones)), assumed_error_m=assumed_error_mm / 1000, lateness_us=lateness_us, max_speed_mps=max_speed_mps
        )  # fmt: skip
        watch._restore(head, Columns(packed, end))
        if watch.packed() != packed:
            raise Refused("packed.not_canonical", "The bytes are not those that this watch gives", where="head")
        return watch

    def _restore(self, head: dict[str, Any], columns: Columns) -> None:
        """Takes over what `packed` says besides zones and options."""
        count, names = len(self.atlas), ("opened", "closed")
        unpack_holdings(self._held, head, columns, count)
        columns.end()
        self._speaker.clock_us = member(head, "clock_us", int | None)  # type: ignore[arg-type]
        self._speaker.last_seq = member(head, "last_seq", int)
        self.counts.update(member(head, "counts", dict[str, int]))
        turned = member(head, "turned", list[tuple[bool, bool]])
        agreed = member(head, "agreed", list[tuple[int, list[Any]]])
        if len(turned) != count or (self.clock_us is None and len(self._held.names.items)):
            raise Refused("packed.head", "The head contradicts itself", where="head")
        for number, states in enumerate(turned):
            for name, state in zip(names, states, strict=True):
                self._zones[name][number] = state
        self._closed = set(np.flatnonzero(self._zones["closed"]).tolist())
        self._agreed = {}
        for number, plain in agreed:
            if not NONE <= number < count:
                raise Refused("packed.head", "There is no zone of this number", value=number, where="head, agreed")
            watched = None if number == NONE else self.atlas.zones[number]
            zone = zone_of(plain, "head, agreed ", None if watched is None else watched.shape)
            if zone.id in self._agreed or (watched is not None and not same_but_window(zone, watched)):
                raise Refused(
                    "packed.head", "The zone is not the one that is watched", value=zone.id, where="head, agreed"
                )
            self._agreed[zone.id] = (zone, number)
        self._deadlines.clear()
        for deadline in member(head, "deadlines", list[list[int]]):
            self._deadlines.set(deadline_of(deadline, count, self._held.names.items))
        self._patterns.take(head.get("patterns"))
        self._look_after_all()

    def _still_means_something(self, deadline: Deadline) -> bool:
        """Whether a deadline is more than one that is looked at in vain."""
        if deadline.kind is Kind.SILENCE:
            return self._held.subject_named(deadline.subject).silence_due_us == deadline.due_us
        if deadline.zone in self.atlas.gone:
            return False
        return deadline.kind in {Kind.DWELL, Kind.ZONE_RETIRES} or self._turns_now(deadline)

    def states(self) -> Iterator[tuple[str, str, State]]:
        """Subject, zone and state of everybody who is not simply clear, in the order subjects were first heard of."""
        for number in self._held.heard_of():
            for zone, state in self._held.states_of(number):
                yield self._held.names.items[number], self.atlas.zones[zone].id, state

    def newest(self) -> Iterator[tuple[str, Report]]:
        """The report of each subject that was seen last."""
        for number in self._held.heard_of():
            yield self._held.names.items[number], self._held.newest(number)

    def newest_in_columns(self) -> Newest:
        """The same in columns, by the number of the subject. A subject keeps its number."""
        return self._held.newest_in_columns()

    def states_in_columns(self) -> States:
        """What `states` gives, in columns, by subject and zone; `atlas` has the zones by number."""
        return self._held.states_in_columns()

    @property
    def assumed_error_m(self) -> float:
        """One-sigma error of reports that state none."""
        return self._assumed_error_mm / 1000

    def newest_of(self, subject: str) -> Report | None:
        """The report of a subject that was seen last; None where it was never heard of."""
        number = self._held.names.known.get(subject)
        return None if number is None or not self._held.has_reported(number) else self._held.newest(number)

    def held(self) -> dict[str, int]:
        """How many subjects, reports and pairs are held in memory."""
        return self._held.counts()

    @property
    def subject_count(self) -> int:
        """How many subjects have been heard of."""
        return len(self._held.names.items)

    def _is_special_from_the_start(self, name: str) -> bool:
        """Whether the first report of a subject is more than its moving on."""
        return bool(self._silences.zones) or self._patterns.followed(name)

    # zones that change

    def _come_to(self, at_us: int) -> int:
        """Lets time pass to just before an instant at which zones change; gives that instant, never before the clock."""
        if self.clock_us is None:
            return at_us
        if at_us > self.clock_us:
            self._pass_time(at_us - 1, including=True)
        return max(at_us, self.clock_us)

    def _is_the_same_ground(self, zone: Zone, at_us: int) -> bool:
        """Whether only terms differ that do not decide who is where: then its number, and who is there, go on."""
        held, number = self._agreed.get(zone.id, (None, NONE))
        if held is None or number == NONE or number in self._closed:
            return False
        until_us = zone.window.until_us
        return _ground(held) == _ground(zone) and (until_us is None or until_us >= at_us)

    def _end_versions(self, replaced: Mapping[int, Unsaid], at_us: int) -> None:
        """These versions are over at the last microsecond before `at_us`; of some nothing is said, as they stay lost."""
        for number in sorted(replaced):
            if number == NONE:
                continue
            if number not in self._closed and not self._zones["opened"][number]:
                self._retire(number)
                continue
            self._deadlines.set(Deadline(at_us + self._lateness_us, Kind.ZONE_RETIRES, number))
            if number in self._closed:
                continue
            zone = self.atlas.zones[number]
            from_us = zone.window.from_us
            until_us = at_us - 1 if from_us is None else max(from_us, at_us - 1)
            self._reword(number, replace(zone, window=Window(from_us, until_us)))
            self._patterns.restate(number, self.atlas.zones[number])
            if self.clock_us is not None:
                self._speaker.pass_to(until_us)
                self._turn_window(number, opens=False, unsaid=replaced[number])
            else:
                self._zones["closed"][number] = True
                self._closed.add(number)

    def _begin_versions(self, zones: list[Zone], at_us: int, staying: Mapping[str, Unsaid]) -> None:
        """These zones are watched from `at_us` on, each under a number of its own."""
        watched: list[Zone] = []
        for zone in zones:
            from_us = max(zone.window.from_us or at_us, at_us)
            ends = zone.window.until_us is not None and zone.window.until_us < from_us
            self._agreed.pop(zone.id, None)
            self._agreed[zone.id] = (zone, NONE if ends else len(self.atlas) + len(watched))
            if not ends:
                watched.append(replace(zone, window=Window(from_us, zone.window.until_us)))
        if not watched:
            return
        first, silent_before = len(self.atlas), self._silences.zones
        new = rows_of_zones(watched)
        new["watched"] = [zone.patterns != NO_PATTERNS for zone in watched]
        self._turn_to(self.atlas.grown(tuple(watched)), np.concatenate([self._zones, new]))
        self._held.look_at(tuple(watched), first, at_us)
        for number, zone in enumerate(watched, first):
            self._patterns.add(number, zone, at_us)
        self._note_terms()
        for number, zone in enumerate(watched, first):
            if zone.window.from_us == at_us:
                self._turn_window(number, opens=True, unsaid=staying[zone.id])
            self._await_window(number)
        self._look_after_others(silent_before, watched)

    def _restate(self, number: int, zone: Zone, staying: Unsaid) -> None:
        """A zone has other terms, and who is there goes on being there: permissions, stays and silences are judged anew."""
        before, at_us, silent_before = self.atlas.zones[number], self._speaker.now_us, self._silences.zones
        self._agreed[zone.id] = (zone, number)
        after = replace(zone, window=Window(before.window.from_us, zone.window.until_us))
        self._reword(number, after)
        self._await_window(number)
        if before.patterns == after.patterns:
            self._patterns.restate(number, after)
        else:
            self._patterns.remove(number)
            self._patterns.add(number, after, at_us)
        self._note_terms()
        if number in self._silences.zones and after.window.contains(at_us):
            for subject_number in list(self._held.heard_of()):
                self._silences.expect_report(self._held.subject(subject_number))
        for subject_number in staying:
            subject = self._held.subject(subject_number)
            self._silences.lose_unsaid(subject, number)
            self._look_after(subject)
        told_of = self._held.told_of(number)
        rows = [self._held.newest_row(subject.number) for subject in told_of]
        for subject, row, (sight, _) in zip(told_of, rows, self._held.sights(rows, number), strict=True):
            pair = subject.pairs[number]
            if pair.rank:
                report = self._held.report(row)._replace(sights={number: sight})
                self._consequences.recheck_permission(subject, number, report)
                self._consequences.expect_end_of_stay(subject, number)
            if before.patterns != after.patterns and pair.state is not State.CLEAR:
                self._consequences.tell_patterns(subject, number, at_us)
            self._look_after(subject)
        self._look_after_others(silent_before, [after])

    def _retire(self, number: int) -> None:
        """No report can speak of a version any more: nothing is held of it from now on."""
        row = self._zones[number]
        row["windowed"], row["opened"], row["closed"] = True, False, False
        row["from_us"], row["until_us"] = LATEST, EARLIEST
        row["noticed"] = row["watched"] = False
        self._closed.discard(number)
        self._held.drop_zone(number)
        self._patterns.remove(number)
        self._turn_to(self.atlas.without(number), self._zones)
        self._note_terms()

    def _reword(self, number: int, zone: Zone) -> None:
        """A number has these terms from now on; its shape is the same."""
        (row,) = rows_of_zones([zone])
        for name in ("opened", "closed"):
            row[name] = self._zones[name][number]
        row["watched"] = zone.patterns != NO_PATTERNS
        self._zones[number] = row
        self._turn_to(self.atlas.restated(number, zone), self._zones)

    def _turn_to(self, atlas: Versions, zones: Records) -> None:
        self.atlas, self._zones = atlas, zones
        self._sieve.turn_to(atlas, zones)
        self._held.turn_to(atlas, zones)
        self._consequences.turn_to(atlas)
        self._silences.turn_to(atlas)
        self._approaches.turn_to(atlas, zones)
        if len(self._moves) < 2 * len(atlas) + 1:
            self._moves = np.empty(2 * len(self._moves) + 2 * len(atlas), dtype=MOVE)

    def _note_terms(self) -> None:
        """Which zones have terms that ask for more than looking where a report is."""
        self._silences.note_terms()
        self._approaches.note_terms()
        live = (zone for number, zone in enumerate(self.atlas) if number not in self.atlas.gone)
        self._needs_looking_after = any(map(_may_hold_up, live))
        self._limited = self._limited._replace(
            horizon_s=self._approaches.horizon_us / 1e6, timed=bool(self._silences.zones), balls=self._approaches.balls
        )

    def _await_window(self, number: int) -> None:
        """Sets the deadlines of a window that has not opened, or not closed."""
        window, row = self.atlas.zones[number].window, self._zones[number]
        if window.from_us is not None and not row["opened"]:
            self._deadlines.set(Deadline(window.from_us, Kind.WINDOW_OPENS, number))
        if window.until_us is not None and not row["closed"]:
            self._deadlines.set(Deadline(window.until_us, Kind.WINDOW_CLOSES, number))

    def _turns_now(self, deadline: Deadline) -> bool:
        """Whether the window turns at this deadline: it may have been moved since, or have turned already."""
        row, opens = self._zones[deadline.zone], deadline.kind is Kind.WINDOW_OPENS
        turned, at_us = ("opened", "from_us") if opens else ("closed", "until_us")
        return bool(not row[turned] and row[at_us] == deadline.due_us)

    def _look_after_others(self, silent_before: list[int], zones: list[Zone]) -> None:
        """After zones have changed: marks also those who are at none of them, where terms ask for it that go by subject alone."""
        if self._silences.zones != silent_before or any(zone.patterns.expected for zone in zones):
            self._look_after_all()

    def _look_after_all(self) -> None:
        for number in self._held.heard_of():
            subject = self._held.known_subject(number)
            if subject is None:
                special = self._is_special_from_the_start(self._held.names.items[number])
                self._held.mark_special(number, special, EARLIEST)
            else:
                self._look_after(subject)

    # reports in columns

    def _observe_in_order(self, batch: Observations) -> npt.NDArray[np.int8]:
        """Acts on reports in the order known; gives what became of each, as `Verdict` numbers."""
        held = self._held
        held.tidy(self._silences.time)
        rows = held.rows_of(batch, EARLIEST if self.clock_us is None else self.clock_us)
        at_us = rows["at_us"]
        self._patterns.begin(int(at_us[0]))
        self._batches += 1
        sifted, evidence_count = self._sieve.sift(batch, rows, held.rows, self._batches)
        codes = np.zeros(len(batch), dtype=np.int8)
        cells, limits = self._sieve.index(0).cells, self._limits()
        done = 0
        while done < len(rows):
            plot = held.plot(len(rows) - done, evidence_count, self._moves)
            due_us = min(self._deadlines.turning_us, self._patterns.soonest_us)
            reached, why = step_on(done, rows, *sifted, *plot, self._zones, cells, limits, due_us, codes)
            held.note_sizes(plot)
            self.counts["jump"] += int(plot.sizes[3])
            if plot.sizes[2]:
                self._follow_moves(batch, rows, plot.moves[: plot.sizes[2]])
            if reached > done:
                self._pass_time(int(at_us[reached - 1]), including=False)
            done = reached
            if why in {DUE, SPECIAL}:
                self._pass_time(int(at_us[done]), including=False)
            if why == SPECIAL:
                codes[done] = self._take(batch, rows, done)
                limits = self._limits()
                done += 1
        self.counts.update(dict(zip(VERDICTS, np.bincount(codes, minlength=len(VERDICTS)).tolist(), strict=True)))
        return codes

    def _limits(self) -> Limits:
        claims = self._held.claims.items
        if self._attributes_of is not claims or len(self._limited.attributes) != len(claims):
            self._attributes_of = claims
            attributes = np.array([claim.attribution is not None for claim in claims], dtype=np.bool_)
            named: dict[str, int] = {}
            parties = [
                named.setdefault(claim.attribution.party if claim.attribution else "", len(named)) for claim in claims
            ]
            self._limited = self._limited._replace(attributes=attributes, parties=np.array(parties, dtype=np.int32))
        return self._limited

    def _follow_moves(self, batch: Observations, rows: Records, moves: Records) -> None:
        """Tells the changes of presence that the compiled step found."""
        jumps = moves["zone"] == NONE
        zones = np.where(jumps, 0, moves["zone"])
        sights = measured_sights(batch, self.atlas, moves["row"], zones, self._assumed_error_mm)
        came_close = moves[(moves["was"] == 0) & (moves["now"] == 1)]
        coming = list(zip(came_close["report"].tolist(), came_close["zone"].tolist(), strict=True))
        ahead = dict(zip(coming, self._consequences.times_to_edge(coming), strict=True))
        at_us, seen_at_us = rows["at_us"][moves["row"]].tolist(), rows["seen_at_us"][moves["row"]].tolist()
        opens_us = self._zones["from_us"][zones].tolist()
        self._silences.time_moves(moves)
        for move, acts_us, seen_us, from_us, (sight, measured) in zip(
            moves.tolist(), at_us, seen_at_us, opens_us, sights, strict=True
        ):
            _, row, number, zone, created, was_rank, now_rank, jumped = move
            self._pass_time(acts_us, including=False)
            subject = self._held.subject(number)
            if zone == NONE:
                continue
            worked_out = partial(ahead.get, (row, zone))
            if seen_us < from_us:
                pair = subject.towards(zone)
                was, pair.rank = pair.state, now_rank
                opened = Told(from_us, State.CLEAR, BY_RANK[now_rank], Cause.WINDOW_OPENED, sight)
                telling = Telling(row, [opened] if now_rank else [], measured, worked_out)
                self._consequences.tell_anew(subject, zone, was, Cause.REPORT, self._held.report(row), telling)
            else:
                self._held.begins_anew(number, zone, created)
                pair = subject.towards(zone)
                was, pair.rank, seq = pair.state, now_rank, self._speaker.last_seq + 1
                pair.told.append(Told(seen_us, BY_RANK[was_rank], BY_RANK[now_rank], Cause.REPORT, sight, seq))
                flags = ("jump",) if jumped else ()
                self._consequences.say(subject, zone, was, row, seen_us, Cause.REPORT, measured, flags, worked_out)
            self._look_after(subject)

    # one report

    def _take(self, batch: Observations, rows: Records, row: int) -> int:
        """Acts on one report that is more than a subject moving on."""
        held, number = self._held, int(rows[row]["subject"])
        subject = held.subject(number)
        self._silences.time(subject)
        held.forget(number)
        report = held.report_of(rows[row])._replace(
            sights=sights_of(batch.take(slice(row, row + 1)), self.atlas, self._assumed_error_mm)[0]
        )
        placed = held.place(number, report, rows[row], self._max_speed_mps)
        self.counts.update(placed.flags)
        if placed.verdict in {Verdict.DUPLICATE, Verdict.TOO_LATE}:
            return VERDICTS.index(placed.verdict)
        if report.claim.attribution is not None:
            subject.attribute(report.claim.attribution)
            held.rows["claim"][number] = rows[row]["claim"]
        if placed.verdict is Verdict.LATE:
            newest = held.weighed(held.newest_row(number))
            for zone in sorted(held.zones_of(number) | report.sights.keys()):
                self._retell(subject, zone, Cause.LATE_REPORT, report)
                if subject.towards(zone).rank:
                    self._consequences.recheck_permission(subject, zone, newest)
        else:
            self._follow(subject, report, placed.flags)
        if self._patterns.watched:
            following = held.after(number, placed.row)
            self._consequences.tell(
                self._patterns.report(subject.name, report, following, subject.attributed, self._speaker.now_us)
            )
        held.forget(number)
        self._look_after(subject)
        return VERDICTS.index(placed.verdict)

    def _follow(self, subject: Subject, report: Report, flags: tuple[str, ...]) -> None:
        """The newest report of a subject moves it on."""
        held = self._held
        if self._silences.zones:
            if "jump" in flags:
                subject.timed_row = held.newest_row(subject.number)
            self._silences.time(subject)
            self._silences.expect_report(subject)
        for number in sorted(held.zones_of(subject.number) | report.sights.keys()):
            if turns_back(self._zones[number], report.seen_at_us):
                self._retell(subject, number, Cause.REPORT, report)
            elif self.atlas.zones[number].window.contains(report.seen_at_us):
                self._step(subject, number, report, flags)
        if self._approaches.zones:
            self._approaches.look_ahead(subject, report)

    def _step(self, subject: Subject, number: int, report: Report, flags: tuple[str, ...]) -> None:
        """One more report, seen after all others: the standing moves on by it alone."""
        zone, pair, sight = self.atlas.zones[number], subject.towards(number), report.sights.get(number, FAR)
        was, before = pair.state, self._held.standing(subject.number, number)
        standing = after(before, sight, report.seen_at_us, zone.presence, zone.band_mm)
        self._held.set_standing(subject.number, number, standing)
        pair.lost, pair.rank = False, standing.rank
        if standing.rank != before.rank:
            told = Told(report.seen_at_us, before.state, standing.state, Cause.REPORT, sight)
            pair.told.append(numbered_as(told, self._speaker.last_seq + 1))
        if pair.state is not was:
            newest, measured = self._held.newest_row(subject.number), self._consequences.measured(report, number)
            self._consequences.say(subject, number, was, newest, report.seen_at_us, Cause.REPORT, measured, flags)
        elif pair.rank:
            self._consequences.recheck_permission(subject, number, report)

    def _retell(self, subject: Subject, number: int, cause: Cause, report: Report, *, unsaid: bool = False) -> None:
        """Tells the held reports from the start and says what comes out otherwise than it was told.

        If the last change of the new telling is what moves the present, it is said as a change of presence; all other
        differences are corrections."""
        pair, held = subject.towards(number), self._held
        was = pair.state
        if cause is not Cause.LATE_REPORT:
            pair.lost = False
        newest = held.newest_row(subject.number)
        begin, history = held.begin(subject.number, number), held.history
        standing, changes = retold(begin, newest, history.rows, history.evidence, number, self._zones[number])
        held.set_standing(subject.number, number, standing)
        pair.rank = standing.rank
        telling = Telling(newest, self._consequences.told_by(changes, number))
        if unsaid:
            pair.told = differences(pair.told, telling.stands)[1]
            if pair.state is not was:
                self._consequences.change_unsaid(subject, number, was, report, cause)
            return
        self._consequences.tell_anew(subject, number, was, cause, report, telling)

    def _look_after(self, subject: Subject) -> None:
        """Marks a subject whose next report may be more than its moving on."""
        if not self._needs_looking_after:
            return
        special = bool(self._silences.zones) and self._silences.is_moved_by_the_next(subject)
        special = special or self._patterns.followed(subject.name)
        special_until_us = EARLIEST
        for number, pair in subject.pairs.items():
            special = special or pair.needs_looking_after
            if pair.told and number in self._closed:
                special_until_us = max(special_until_us, int(self._zones["until_us"][number]))
        self._held.mark_special(subject.number, special, special_until_us)

    # time

    def _pass_time(self, at_us: int, *, including: bool) -> None:
        self._patterns.begin(at_us)
        if at_us < self._deadlines.soonest_us and at_us < self._patterns.soonest_us:
            self._speaker.pass_to(at_us)
            return
        while (deadline := self._deadlines.next_due(at_us, including=including)) is not None:
            self._pass_patterns(deadline.due_us, including=deadline.kind is Kind.WINDOW_CLOSES)
            self._speaker.pass_to(deadline.due_us)
            if deadline.kind is Kind.SILENCE:
                subject = self._held.subject_named(deadline.subject)
                if subject.silence_due_us == deadline.due_us:
                    self._silences.fall_silent(subject)
                    self._look_after(subject)
            elif deadline.kind is Kind.DWELL:
                self._consequences.check_dwell(self._held.subject_named(deadline.subject), deadline.zone)
            elif deadline.kind is Kind.ZONE_RETIRES:
                self._retire(deadline.zone)
            elif self._turns_now(deadline):
                self._turn_window(deadline.zone, opens=deadline.kind is Kind.WINDOW_OPENS)
        self._pass_patterns(at_us, including=including)
        self._speaker.pass_to(at_us)

    def _pass_patterns(self, at_us: int, *, including: bool) -> None:
        """What patterns wait for; at one instant after all other deadlines."""
        while (due_us := self._patterns.next_due_us()) is not None and due_us < at_us + including:
            self._speaker.pass_to(due_us)
            self._consequences.tell(self._patterns.due(due_us))

    def _turn_window(self, number: int, *, opens: bool, unsaid: Unsaid = NOBODY_UNSAID) -> None:
        """A window opens, or closes. Of the `unsaid` nothing is said: they stay lost from one version to the next."""
        self._zones["opened"][number], self._zones["closed"][number] = True, not opens
        if not opens:
            self._closed.add(number)
        cause = Cause.WINDOW_OPENED if opens else Cause.WINDOW_CLOSED
        waits = opens and number in self._silences.zones
        concerned = set(self._held.concerned_by(number))
        for subject_number in list(self._held.heard_of()) if waits else sorted(concerned):
            subject = self._held.subject(subject_number)
            if subject_number in concerned:
                self._retell(subject, number, cause, self._held.newest(subject_number), unsaid=subject_number in unsaid)
            if opens and subject_number in unsaid:
                subject.towards(number).cite(unsaid[subject_number])
                self._silences.lose_unsaid(subject, number)
            if waits:
                self._silences.expect_report(subject)
            self._look_after(subject)

    # what follows from a change


def _ground(zone: Zone) -> tuple[object, ...]:
    """What of a zone decides who is where, but for the end of its window."""
    terms = zone.presence
    reports = terms.m, terms.n, terms.margin_mm, terms.hold_us
    return zone.shape, zone.band_mm, zone.height, reports, zone.window.from_us


def _may_hold_up(zone: Zone) -> bool:
    """Whether the terms of a zone can make a report more than a subject moving on."""
    ends = zone.window.from_us is not None or zone.window.until_us is not None
    noticed = any(entry.notices is not None for entry in zone.may_enter)
    patterns = zone.patterns != NO_PATTERNS
    return ends or noticed or patterns or zone.presence.silent_after_us is not None or zone.approach_us is not None
