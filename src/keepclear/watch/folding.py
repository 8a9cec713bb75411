"""Letting go of reports that no late one can come before any more: they are folded into where each telling begins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keepclear.geo.compiled import compiled, compiled_in_place
from keepclear.tracks.history import NONE, Records, chain_of
from keepclear.watch.standings import drop_pair
from keepclear.watch.stepping import step_pair, with_new_pairs

# A change of presence that was folded: of whom, towards which zone, since when, and the rank from then on.
FOLDED = np.dtype([("seen_at_us", np.int64), ("subject", np.int32), ("zone", np.int32), ("rank", np.int32)])
CHANGES_PER_PAIR = 3


@compiled
def fold_all(
    first: int,
    subjects: Records,
    history: Records,
    evidence: Records,
    begins: Records,
    ends: npt.NDArray[np.int64],
    zones: Records,
    lateness_us: int,
    held_max: int,
    folded: Records,
) -> tuple[int, int]:
    """Folds the reports of all subjects from number `first`; gives the one before which room ran out, and how many changes."""
    count = 0
    for number in range(first, len(subjects)):
        if subjects[number].newest == NONE:
            continue
        kept = oldest_kept(subjects[number].newest, history, lateness_us, held_max)
        pairs = pairs_concerned(kept, history, begins, subjects[number].first_begin)
        if ends[1] + min(pairs, len(zones)) > len(begins) or CHANGES_PER_PAIR * pairs > len(folded) - count:
            return number, count
        count = fold(number, kept, subjects, history, evidence, begins, ends, zones, folded, count)
    return len(subjects), count


@compiled_in_place
def oldest_kept(as_of: int, history: Records, lateness_us: int, held_max: int) -> int:
    """The oldest row to be held when this is the newest: of those older than the lateness the last, and at most `held_max`."""
    horizon_us, kept, held = history[as_of].seen_at_us - lateness_us, as_of, 1
    while history[kept].before != NONE and history[kept].seen_at_us >= horizon_us and held < held_max:
        kept = history[kept].before
        held += 1
    return kept


@compiled_in_place
def pairs_concerned(kept: int, history: Records, begins: Records, first_begin: int) -> int:
    """At most so many pairs begin or change when what is older is folded, each at most `CHANGES_PER_PAIR` times."""
    count, row, pair = 0, history[kept].before, first_begin
    while row != NONE:
        count += history[row].evidence_count
        row = history[row].before
    while pair != NONE:
        count += 1
        pair = begins[pair].next
    return count


@compiled
def fold(
    number: int,
    kept: int,
    subjects: Records,
    history: Records,
    evidence: Records,
    begins: Records,
    ends: npt.NDArray[np.int64],
    zones: Records,
    folded: Records,
    count: int,
) -> int:
    """Folds what is older than row `kept` of a subject, oldest first; gives how many changes are in `folded` then.

    Of the reports seen before a window only the last counts, at the opening; the report after it shows which that is."""
    older = chain_of(history[kept].before, history)
    gone = len(older)
    if gone == 0:
        return count
    history[kept].before = NONE
    for place in range(gone):
        history[older[place]].before = NONE
    subject = subjects[number]
    subject.forgotten_us = history[older[gone - 1]].seen_at_us
    for place in range(gone):
        report = history[older[place]]
        next_seen_us = history[older[place + 1] if place + 1 < gone else kept].seen_at_us
        said, heard = report.evidence_first, report.evidence_count
        subject.first_begin = with_new_pairs(begins, ends, subject.first_begin, evidence, said, heard, NONE)
        pair = subject.first_begin
        while pair != NONE:
            following, zone = begins[pair].next, zones[begins[pair].zone]
            acts_us = report.seen_at_us
            counts = not zone.windowed or acts_us <= zone.until_us
            if zone.windowed and acts_us < zone.from_us:
                counts, acts_us = next_seen_us > zone.from_us, zone.from_us
            if counts:
                was = begins[pair].rank
                step_pair(begins[pair], zone, evidence, said, heard, acts_us)
                if begins[pair].rank != was:
                    change = folded[count]
                    change.seen_at_us, change.subject, change.zone, change.rank = (
                        acts_us,
                        number,
                        begins[pair].zone,
                        begins[pair].rank,
                    )
                    count += 1
            if begins[pair].rank == 0 and begins[pair].near == 0:
                subject.first_begin = drop_pair(begins, ends, subject.first_begin, begins[pair].zone)
            pair = following
    return count
