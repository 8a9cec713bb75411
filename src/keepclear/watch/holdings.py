"""What the watch holds of all subjects: their reports, how they stand, and whose they are said to be.

The columns are moved on by `watch.stepping`; here they are read and changed one subject at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.agreements.atlas import Atlas, Zone
from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.shapes import Shape
from keepclear.tracks.history import (
    NONE,
    REPORT,
    History,
    Known,
    Records,
    Table,
    chain_of,
    fill_rows,
    grown,
)  # fmt: skip
from keepclear.tracks.observations import NO_AREA, Claim, Column, Observations
from keepclear.tracks.picture import REPORTS_HELD_MAX, Report, Verdict, remarkable
from keepclear.watch.evidence import weigh
from keepclear.watch.folding import CHANGES_PER_PAIR, FOLDED, fold, fold_all, oldest_kept, pairs_concerned
from keepclear.watch.presence import BY_RANK, Sight, Standing, State, supported_rank, supported_ranks
from keepclear.watch.sights import measured_sights, sights_of
from keepclear.watch.standings import SUBJECT, Pairs, drop_pair, find_pair
from keepclear.watch.stepping import Plot
from keepclear.watch.subjects import Subject
from keepclear.watch.zone_columns import EARLIEST


class Placed(NamedTuple):
    """A verdict, what is remarkable about the report ("jump", "contradiction"), and its row if it was taken in."""

    verdict: Verdict
    flags: tuple[str, ...] = ()
    row: int = NONE


NEWEST_COLUMNS = (
    "seen_at_us", "at_us", "lat_e7", "lon_e7", "error_mm", "height_mm", "datum", "speed_mmps", "course_cdeg", "source", "claim", "area",
)  # fmt: skip
# How a state stands in columns: its rank, and behind these, lost.
STATES = (*BY_RANK, State.LOST)
LOST_CODE = len(BY_RANK)


class Newest(NamedTuple):
    """The newest report of every subject, by the subject's number.

    columns  those of `NEWEST_COLUMNS`; `source`, `claim` and `area` are numbers into the tables, as they are just now"""

    subjects: Sequence[str]
    reported: npt.NDArray[np.bool_]
    columns: Mapping[str, Column]
    sources: Sequence[str]
    claims: Sequence[Claim]
    areas: Sequence[Shape]


class States(NamedTuple):
    """Everybody who is not simply clear: number of the subject, number of the zone, place in `STATES`."""

    subject: npt.NDArray[np.int64]
    zone: npt.NDArray[np.int64]
    state: npt.NDArray[np.int64]


class Holdings:
    """Columns for all subjects, and a `Subject` for each that anything was ever said about."""

    def __init__(
        self,
        atlas: Atlas,
        zones: Records,
        lateness_us: int,
        assumed_error_mm: int,
        rows_before_tidying: int,
        is_special_from_the_start: Callable[[str], bool],
    ) -> None:
        self.names: Table[str] = Table()
        self.claims: Table[Claim] = Table()
        self.history = History()
        self.pairs = Pairs()
        self.rows: Records = np.zeros(0, dtype=SUBJECT)
        self.begins = Pairs()
        self.sources: Table[str] = Table()
        self.areas: Table[Shape] = Table()
        self._subjects: dict[int, Subject] = {}
        self._told_of: dict[int, set[int]] = {}
        self._atlas = atlas
        self._zones = zones
        self._is_special_from_the_start = is_special_from_the_start
        self._lateness_us = lateness_us
        self._assumed_error_mm = assumed_error_mm
        self._known: tuple[Known[Any], ...] = tuple(
            Known(table) for table in (self.names, self.sources, self.claims, self.areas)
        )
        self._subject_count = 0
        self._sizes = np.zeros(4, np.int64)
        self._rows_before_tidying = self._tidy_at = rows_before_tidying

    def turn_to(self, atlas: Atlas, zones: Records) -> None:
        """The zones are others from now on: more of them, or other terms, with what the columns say of them."""
        self._atlas, self._zones = atlas, zones
        self.rows["boxed"] = 0

    # subjects

    def subject(self, number: int) -> Subject:
        """What is held of a subject beyond the columns, from now on kept."""
        subject = self._subjects.get(number)
        if subject is None:
            subject = self._subjects[number] = Subject(self.names.items[number], number, self._told_of)
        return subject

    def known_subject(self, number: int) -> Subject | None:
        """The same, None where nothing is."""
        return self._subjects.get(number)

    def subject_named(self, name: str) -> Subject:
        """The same by its name."""
        return self.subject(self.names.known[name])

    def heard_of(self) -> Iterator[int]:
        """The numbers of all subjects that have reported, in the order they were first heard of."""
        yield from np.flatnonzero(self.rows["newest"] != NONE).tolist()

    def has_reported(self, number: int) -> bool:
        """Whether a subject has reported; one that a zone names may be known before."""
        return bool(number < len(self.rows["newest"]) and self.rows["newest"][number] != NONE)

    def counts(self) -> dict[str, int]:
        """How much is held: subjects, reports, what these say about zones, and pairs that are not trivial or were told of."""
        told = sum(len(subject.pairs) for subject in self._subjects.values())
        first = self.rows["first_pair"][: len(self.names.items)].tolist()
        return {
            "subjects": len(self.names.items),
            "reports": self.history.size,
            "evidence": self.history.evidence_size,
            "pairs": sum(len(self.pairs.zones(row)) for row in first),
            "pairs_told_of": told,
        }

    def standing(self, number: int, zone: int) -> Standing:
        """How a subject stands towards a zone."""
        return self.pairs.standing(int(self.rows["first_pair"][number]), zone)

    def begin(self, number: int, zone: int) -> Standing:
        """How it stood before the reports that are held."""
        return self.begins.standing(int(self.rows["first_begin"][number]), zone)

    def set_standing(self, number: int, zone: int, standing: Standing) -> None:
        """Lets a subject stand so towards a zone."""
        record = self.rows[number]
        record["first_pair"] = self.pairs.set(int(record["first_pair"]), zone, standing, int(record["newest"]))
        record["boxed"] = 0

    def mark_special(self, number: int, special: bool, until_us: int) -> None:
        """Says that the reports of a subject need more than the compiled step, or those seen up to `until_us`."""
        record = self.rows[number]
        record["special"], record["special_until_us"] = special, until_us
        if special or until_us != EARLIEST:
            record["boxed"] = 0

    def zones_of(self, number: int) -> set[int]:
        """The zones towards which a subject stands other than clear, may soon, or has been told of."""
        zones = set(self.pairs.zones(int(self.rows["first_pair"][number])))
        subject = self._subjects.get(number)
        return zones | subject.pairs.keys() if subject else zones

    def states_of(self, number: int) -> list[tuple[int, State]]:
        """Zones and states of a subject that is not simply clear, by zone."""
        first, subject = int(self.rows["first_pair"][number]), self._subjects.get(number)
        states = {zone: BY_RANK[self.pairs.standing(first, zone).rank] for zone in self.pairs.zones(first)}
        if subject is not None:
            states |= {zone: State.LOST for zone, pair in subject.pairs.items() if pair.lost}
        return sorted((zone, state) for zone, state in states.items() if state is not State.CLEAR)

    def newest_in_columns(self) -> Newest:
        """The newest report of every subject, in columns by its number; of those that have not reported nothing is to be read."""
        newest = self.rows["newest"][: len(self.names.items)]
        return Newest(
            self.names.items, newest != NONE, {name: self.history.rows[name][newest] for name in NEWEST_COLUMNS},
            self.sources.items, self.claims.items, self.areas.items,
        )  # fmt: skip

    def states_in_columns(self) -> States:
        """What `states_of` says of all subjects: subject, zone and state, by subject and zone."""
        found: list[npt.NDArray[np.int64]] = []
        subject = np.flatnonzero(self.rows["first_pair"][: len(self.names.items)] != NONE)
        row = self.rows["first_pair"][subject]
        while len(row):  # the first pair of each, then the second of each that has one, ...
            pairs = self.pairs.rows[row]
            found.append(np.stack([subject, pairs["zone"], pairs["rank"]])[:, pairs["rank"] > 0].astype(np.int64))
            more = pairs["next"] != NONE
            subject, row = subject[more], pairs["next"][more]
        lost = [
            (number, zone, LOST_CODE)
            for number, held in self._subjects.items()
            for zone, pair in held.pairs.items()
            if pair.lost
        ]
        found.append(np.array(lost, np.int64).reshape(-1, 3).T)
        together = np.concatenate(found, axis=1)
        together = together[:, np.lexsort((together[2], together[1], together[0]))]
        # Who is lost is not what the reports said last.
        last = np.append(np.any(np.diff(together[:2], axis=1) != 0, axis=0), True)[: together.shape[1]]
        return States(*together[:, last])

    def concerned_by(self, zone: int) -> list[int]:
        """The subjects that a turn of this zone's window may concern, in the order they were first heard of."""
        found = np.zeros(len(self.rows), dtype=np.bool_)
        _mark_concerned(self.rows, self.history.rows, self.history.evidence, self.pairs.rows, zone, found)
        return sorted(self._told_of.get(zone, set()).union(np.flatnonzero(found).tolist()))

    def told_of(self, zone: int) -> list[Subject]:
        """The subjects of which something is held towards this zone, in the order they were first heard of."""
        return [self.subject(number) for number in sorted(self._told_of.get(zone, ()))]

    def lost_to(self, zone: int) -> list[Subject]:
        """The subjects that are lost towards this zone."""
        return [subject for subject in self.told_of(zone) if subject.pairs[zone].lost]

    def drop_zone(self, zone: int) -> None:
        """Lets go of everything that is held towards a zone."""
        for subject in self.told_of(zone):
            subject.drop(zone)
        self._told_of.pop(zone, None)
        _drop_zone(self.rows, self.pairs.rows, self.pairs.ends, self.begins.rows, self.begins.ends, zone)

    def look_at(self, zones: tuple[Zone, ...], first: int, from_us: int) -> None:
        """Adds what held reports say about new zones, numbered from `first`: those seen from `from_us` on, and of each subject
        the last one seen before."""
        rows, history = [], self.history
        for row in self.rows["newest"][self.rows["newest"] != NONE].tolist():
            rows.append(row)
            while history.rows["seen_at_us"][row] >= from_us and history.rows["before"][row] != NONE:
                row = int(history.rows["before"][row])
                rows.append(row)
        if not rows:
            return
        atlas = Atlas(zones)
        weighed = weigh(self._batch(rows), atlas, self._assumed_error_mm)
        supports = supported_ranks(
            weighed.evidence,
            weighed.edge_mm,
            self._zones["margin_mm"][first:][weighed.zone],
            self._zones["band_mm"][first:][weighed.zone],
        )
        said: dict[int, list[tuple[int, int, int]]] = {}
        pairs = (weighed.report.tolist(), (weighed.zone + first).tolist(), weighed.evidence.tolist(), supports.tolist())
        for report, *entry in zip(*pairs, strict=True):
            said.setdefault(rows[report], []).append((entry[0], entry[1], entry[2]))
        for row, entries in said.items():
            history.say_more(row, entries)

    # batches

    def rows_of(self, batch: Observations, clock_us: int) -> Records:
        """The batch, in the order known, as rows of the history that are not linked yet."""
        count = len(batch)
        rows = np.empty(count, REPORT)
        named = tuple(map(_laid_out, (batch.subject, batch.source, batch.claim, batch.area)))
        subjects, sources, claims, areas = self._known
        numbers = (
            subjects.turn_to(batch.subjects, count), sources.turn_to(batch.sources, count),
            claims.turn_to(batch.claims, count), areas.turn_to(batch.areas, count),
        )  # fmt: skip
        reported = tuple(map(_laid_out, (
            batch.known_at_us, batch.seen_at_us, batch.lat_e7, batch.lon_e7, batch.error_mm, batch.height_mm,
            batch.datum, batch.speed_mmps, batch.course_cdeg,
        )))  # fmt: skip
        if not fill_rows(rows, clock_us, *numbers, *named, *reported):
            for known, column in zip(self._known, named, strict=True):
                known.name(column)
            self._make_room_for_subjects()
            fill_rows(rows, clock_us, *numbers, *named, *reported)
        return rows

    def plot(self, reports: int, evidence: int, moves: Records) -> Plot:
        """The columns for the compiled step, with room for so many reports that say so much."""
        self.history.reserve(reports, evidence)
        self.pairs.reserve(evidence + reports)
        history, sizes = self.history, self._sizes
        sizes[0], sizes[1] = history.size, history.evidence_size
        return Plot(self.rows, history.rows, history.evidence, self.pairs.rows, self.pairs.ends, sizes, moves)

    def note_sizes(self, plot: Plot) -> None:
        """Takes over what the compiled step has added."""
        self.history.size, self.history.evidence_size, *_ = plot.sizes.tolist()

    def _make_room_for_subjects(self) -> None:
        before = len(self.rows)
        self.rows = grown(self.rows, len(self.names.items))
        if len(self.rows) > before:
            for field in ("newest", "first_pair", "first_begin", "claim", "stamp"):
                self.rows[field][before:] = NONE
            self.rows["forgotten_us"][before:] = self.rows["special_until_us"][before:] = EARLIEST
        for number in range(self._subject_count, len(self.names.items)):
            self.rows["special"][number] = self._is_special_from_the_start(self.names.items[number])
        self._subject_count = len(self.names.items)

    def add_subjects(self) -> Records:
        """Rows for the subjects that were named, to be filled in."""
        self._make_room_for_subjects()
        return self.rows[: self._subject_count]

    # reports

    def report(self, row: int) -> Report:
        """A held report, without what it says about the zones."""
        return self.report_of(self.history.rows[row])

    def report_of(self, record: Any) -> Report:
        """The same, of a row of the history that is or will be."""
        (
            seen_at_us, at_us, _, _, _, _, lat_e7, lon_e7, error_mm, height_mm, speed_mmps, course_cdeg, source_number,
            claim_number, area_number, datum,
        ) = record.item()  # fmt: skip
        claim = self.claims.items[claim_number]
        area = None if area_number == NO_AREA else self.areas.items[area_number]
        party = claim.attribution.party if claim.attribution else ""
        area_text, source = repr(area) if area else "", self.sources.items[source_number]
        return Report(
            seen_at_us, lat_e7, lon_e7, height_mm, datum, error_mm, area_text, party, at_us, speed_mmps, course_cdeg,
            source, claim, area, {},
        )  # fmt: skip

    def newest_row(self, number: int) -> int:
        """The row of the report of a subject that was seen last."""
        return int(self.rows["newest"][number])

    def newest(self, number: int) -> Report:
        """That report."""
        return self.report(self.newest_row(number))

    def newest_at(self, number: int, at_us: int) -> Report:
        """The report of a subject that was seen last of those that had acted by this instant."""
        row, rows = self.newest_row(number), self.history.rows
        while rows["at_us"][row] > at_us and rows["before"][row] != NONE:
            row = int(rows["before"][row])
        return self.report(row)

    def after(self, number: int, row: int) -> Report | None:
        """The held report of a subject that was seen next after this row, weighed; None behind the newest."""
        chain = chain_of(self.newest_row(number), self.history.rows).tolist()
        return None if row == chain[-1] else self.weighed(chain[chain.index(row) + 1])

    def before(self, row: int) -> Report | None:
        """The report of the same subject seen before this one, if it is held."""
        row = int(self.history.rows["before"][row])
        return None if row == NONE else self.report(row)

    def rows_since(self, newest: int, last: int) -> list[int]:
        """The rows of a subject up to its newest, behind this one."""
        rows = []
        while newest not in (NONE, last):
            rows.append(newest)
            newest = int(self.history.rows["before"][newest])
        return rows

    def weighed(self, row: int) -> Report:
        """A held report, with what it says about the zones."""
        (sights,) = sights_of(self._batch([row]), self._atlas, self._assumed_error_mm)
        return self.report(row)._replace(sights=sights)

    def sights(self, rows: list[int], zone: int) -> list[tuple[Sight, Sight]]:
        """What held reports say about a zone: see `sights.measured_sights`."""
        if not rows:
            return []
        return measured_sights(
            self._batch(rows), self._atlas, range(len(rows)), [zone] * len(rows), self._assumed_error_mm
        )

    def sights_of_zone(self, rows: list[int], zone: Zone) -> list[tuple[Sight, Sight]]:
        """The same about a zone that is not watched yet."""
        if not rows:
            return []
        return measured_sights(
            self._batch(rows), Atlas((zone,)), range(len(rows)), [0] * len(rows), self._assumed_error_mm
        )

    def _batch(self, rows: list[int]) -> Observations:
        """Held reports as a batch, of which only place, error, height and area are told."""
        history, empty = self.history.rows[rows], np.zeros(len(rows), np.int32)
        return Observations(
            subjects=(), sources=(), areas=tuple(self.areas.items), claims=(), feeds=(), subject=history["subject"], source=empty,
            seen_at_us=history["seen_at_us"], known_at_us=history["at_us"], lat_e7=history["lat_e7"], lon_e7=history["lon_e7"],
            error_mm=history["error_mm"], height_mm=history["height_mm"], datum=history["datum"].astype(np.int8), speed_mmps=empty,
            course_cdeg=empty, area=history["area"], claim=empty, feed=empty, line=empty,
        )  # fmt: skip

    def place(self, number: int, report: Report, record: Any, max_speed_mps: float) -> Placed:
        """Puts a report where it belongs by the time it was seen, and says what it is. `record` is its row of the history, not linked yet."""
        subject, history = self.rows[number], self.history
        if subject["newest"] == NONE or report.identity > self.newest(number).identity:
            flags = (
                ()
                if subject["newest"] == NONE
                else remarkable(self.newest(number), report, max_speed_mps, self._assumed_error_mm)
            )
            row = history.append(record, int(subject["newest"]), self._evidence(report))
            subject["newest"] = row
            subject["boxed"] = 0
            return Placed(Verdict.NEWEST, flags, row)
        # So that it does not depend on when old reports were let go of how many are held.
        self.fold(number, self.newest_row(number))
        if (
            report.seen_at_us <= subject["forgotten_us"]
            or report.seen_at_us < self.newest(number).seen_at_us - self._lateness_us
        ):
            return Placed(Verdict.TOO_LATE)
        rows = chain_of(self.newest_row(number), history.rows).tolist()
        place = bisect_left(rows, report.identity, key=lambda row: self.report(row).identity)
        follower = self.report(rows[place])
        if follower.identity == report.identity:
            return Placed(Verdict.DUPLICATE)
        flags = remarkable(self.report(rows[place - 1]), report, max_speed_mps, self._assumed_error_mm) if place else ()
        if not flags and follower.seen_at_us == report.seen_at_us:
            flags = remarkable(report, follower, max_speed_mps, self._assumed_error_mm)
        row = history.append(record, rows[place - 1] if place else NONE, self._evidence(report))
        history.rows["before"][rows[place]] = row
        subject["boxed"] = 0
        return Placed(Verdict.LATE, flags, row)

    def _evidence(self, report: Report) -> list[tuple[int, int, int]]:
        said = []
        for zone, sight in sorted(report.sights.items()):
            terms = self._atlas.zones[zone]
            supports = supported_rank(sight.evidence, sight.edge_mm, terms.presence.margin_mm, terms.band_mm)
            said.append((zone, sight.evidence, supports))
        return said

    # letting go

    def fold(self, number: int, as_of: int) -> None:
        """Folds what no late report of a subject can precede any more, its newest report being row `as_of`."""
        history, begins = self.history, self.begins
        kept = oldest_kept(as_of, history.rows, self._lateness_us, REPORTS_HELD_MAX)
        if history.rows["before"][kept] == NONE:
            return
        pairs = pairs_concerned(kept, history.rows, begins.rows, int(self.rows["first_begin"][number]))
        begins.reserve(min(pairs, len(self._zones)))
        folded = np.empty(CHANGES_PER_PAIR * pairs, FOLDED)
        count = fold(
            number, kept, self.rows, history.rows, history.evidence, begins.rows, begins.ends, self._zones, folded, 0
        )
        self._note_folded(folded[:count])

    def tidy(self, before_folding: Callable[[Subject], None]) -> None:
        """Folds and lets go of what is old of all subjects, once that is about half of what is held."""
        if self.history.size >= self._tidy_at:
            self.tidy_now(before_folding)

    def tidy_now(self, before_folding: Callable[[Subject], None]) -> None:
        """The same at once."""
        for subject in self._subjects.values():
            before_folding(subject)
        folded, first = np.empty(65_536, FOLDED), 0
        while first < len(self.rows):
            reached, count = fold_all(
                first, self.rows, self.history.rows, self.history.evidence, self.begins.rows, self.begins.ends, self._zones,
                self._lateness_us, REPORTS_HELD_MAX, folded,
            )  # fmt: skip
            self._note_folded(folded[:count])
            if reached < len(self.rows):
                folded = np.empty(len(folded) if count else 2 * len(folded), FOLDED)
                self.begins.reserve(len(self.begins.rows) + 1)
            first = reached
        for number, subject in self._subjects.items():
            subject.forget(partial(self._is_trivial, number))
        self._renumber()
        self._tidy_at = max(self._rows_before_tidying, 2 * self.history.size)

    def _is_trivial(self, number: int, zone: int) -> bool:
        return self.standing(number, zone).is_trivial and self.begin(number, zone).is_trivial

    def forget(self, number: int) -> None:
        """Folds what is old of one subject, and drops what is held of pairs that nothing can be told of any more."""
        if self.newest_row(number) == NONE:
            return
        self.fold(number, self.newest_row(number))
        self.subject(number).forget(partial(self._is_trivial, number))

    def begins_anew(self, number: int, zone: int, created: int) -> None:
        """Before a pair that began with row `created` is told of: drops what was held of it, if it was forgettable by then."""
        subject, history = self.subject(number), self.history.rows
        pair = subject.pairs.get(zone)
        if pair is None or created == NONE:
            return
        before = int(history[created]["before"])
        if before == NONE:
            return
        if pair.told and pair.told[-1].seen_at_us >= history[before]["seen_at_us"] - self._lateness_us:
            return
        self.fold(number, before)
        subject.forget(lambda other: other == zone and self.begin(number, zone).is_trivial)

    def _note_folded(self, folded: Records) -> None:
        for seen_at_us, number, zone, rank in folded.tolist():
            self.subject(number).towards(zone).note_folded(seen_at_us, rank)

    def _renumber(self) -> None:
        """Drops rows that nobody holds, and tables entries that no row names."""
        history, rows = self.history, self.rows
        before = history.size
        number = history.keep(np.ascontiguousarray(rows["newest"][: len(self.names.items)]))
        if history.size == before:
            return
        for record in (self.pairs.rows["created"], rows["newest"]):
            record[:] = np.where(record == NONE, NONE, number[record])
        kept = history.rows[: history.size]
        claims = self.claims.keep(np.concatenate([kept["claim"], rows["claim"]]))
        kept["claim"], rows["claim"] = claims[: len(kept)], claims[len(kept) :]
        kept["source"], kept["area"] = self.sources.keep(kept["source"]), self.areas.keep(kept["area"])
        for known in self._known[1:]:
            known.forget()
        for subject in self._subjects.values():
            subject.timed_row = NONE if subject.timed_row == NONE else int(number[subject.timed_row])


def _laid_out(column: Column) -> Column:
    """The column as kernels are compiled for it: for any other layout they would be compiled anew."""
    return column if column.flags.c_contiguous and column.flags.writeable else column.copy()


@compiled_in_place
def _drop_zone(
    subjects: Records,
    pairs: Records,
    ends: npt.NDArray[np.int64],
    begins: Records,
    begin_ends: npt.NDArray[np.int64],
    zone: int,
) -> None:
    """Gives back the pairs of a zone, and those of how subjects stood towards it before the held reports."""
    for number in range(len(subjects)):
        if subjects[number].first_pair != NONE:
            subjects[number].first_pair = drop_pair(pairs, ends, subjects[number].first_pair, zone)
        if subjects[number].first_begin != NONE:
            subjects[number].first_begin = drop_pair(begins, begin_ends, subjects[number].first_begin, zone)


@compiled_in_place
def _mark_concerned(
    subjects: Records, history: Records, evidence: Records, pairs: Records, zone: int, found: npt.NDArray[np.bool_]
) -> None:
    """Marks whose newest report says something about a zone, and who does not stand towards it as if never near."""
    for number in range(len(subjects)):
        newest = subjects[number].newest
        if newest == NONE:
            continue
        found[number] = find_pair(pairs, subjects[number].first_pair, zone) != NONE
        first = history[newest].evidence_first
        for place in range(first, first + history[newest].evidence_count):
            found[number] |= evidence[place].zone == zone
