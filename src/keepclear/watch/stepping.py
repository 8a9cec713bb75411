"""The compiled step: reports of a batch, one after the other, move their subjects on, until one needs more than that.

Most reports are ordinary: seen after all others of their subject, and nothing about them has to be worked out but how
the subject stands. Those that are told twice or come too late change nothing. What is not ordinary is left to
`watch.watch`, which does it report by report; the step stops in front of it and is called again behind it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keepclear.geo.cells import Cells, block, crossing, ecef, whole
from keepclear.geo.compiled import compiled_in_place
from keepclear.geo.geodesics import inverse
from keepclear.tracks.history import NONE, Records
from keepclear.tracks.motion import MOTION_US_MAX
from keepclear.tracks.observations import UNKNOWN
from keepclear.tracks.picture import CONTRADICTION_SIGMAS, LONGEST_M_PER_E7, REPORTS_HELD_MAX, VERDICTS, Verdict
from keepclear.watch.presence import START, stepped
from keepclear.watch.sifting import LOOKED_AT, QUIET, Sifted
from keepclear.watch.standings import drop_pair, find_pair, new_pair

# Why the step came back.
DONE, DUE, SPECIAL, FULL = 0, 1, 2, 3
# Of a change towards a zone: the row of the batch and the row of the history, who, which zone, from where to where, and
# whether the report jumped. Where silence is timed a jump has a row of its own as well, without a zone.
MOVE = np.dtype(
    [
        ("row", np.int64), ("report", np.int32), ("subject", np.int32), ("zone", np.int32), ("created", np.int32),
        ("was", np.int32), ("now", np.int32), ("jumped", np.int32),
    ]
)  # fmt: skip
# Room for changes; there must be some for two towards every zone.
MOVES_MIN = 4_096
# No chord is longer than its geodesic, and below 1000 km the geodesic is at most 0.11 % longer.
_CHORD_M_MAX, _GEODESIC_PER_CHORD = 1_000_000.0, 1.0011
# Whether a way is too long is left to others where rounding might decide it.
_NO_JUMP, _JUMP, _TOO_CLOSE = 0, 1, 2
_ROUNDING_M, _ROUNDING = 0.001, 1e-9
_START = tuple(START)
_STANDS = -1
_DUPLICATE, _TOO_LATE = VERDICTS.index(Verdict.DUPLICATE), VERDICTS.index(Verdict.TOO_LATE)


class Limits(NamedTuple):
    """What makes a report special.

    lateness_us    how long after a later report an earlier one is still taken in
    timed          whether it matters how fast subjects have been
    attributes     whether a claim says whose the subject is, by number of the claim
    parties        whose, as a number; claims with the same number name the same party, or both none
    balls          (n, 4) earth-centred metres: centre and radius round each zone with an approach time
    horizon_s      the longest approach time
    """

    max_speed_mps: float
    assumed_error_mm: int
    lateness_us: int
    horizon_s: float
    timed: bool
    attributes: npt.NDArray[np.bool_]
    parties: npt.NDArray[np.int32]
    balls: npt.NDArray[np.float64]


class Plot(NamedTuple):
    """The columns that the step moves on. `sizes` holds rows and evidence of the history in use, the moves, and the jumps."""

    subjects: Records
    history: Records
    evidence: Records
    pairs: Records
    ends: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    moves: Records


@compiled_in_place
def step_on(
    first: int,
    rows: Records,
    mark: npt.NDArray[np.int8],
    place: npt.NDArray[np.int64],
    said: Records,
    subjects: Records,
    history: Records,
    evidence: Records,
    pairs: Records,
    ends: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    moves: Records,
    zones: Records,
    cells: Cells,
    limits: Limits,
    due_us: int,
    codes: npt.NDArray[np.int8],
) -> tuple[int, int]:
    """Steps from row `first`; gives the row it stopped in front of, and why. What became of the others is put into `codes`.

    What belongs together comes one by one, as that is handed over faster: a batch may be a single report."""
    plot = Plot(subjects, history, evidence, pairs, ends, sizes, moves)
    return step_rows(first, rows, Sifted(mark, place, said), plot, zones, cells, limits, due_us, codes)


@compiled_in_place
def step_rows(
    first: int,
    rows: Records,
    sifted: Sifted,
    plot: Plot,
    zones: Records,
    cells: Cells,
    limits: Limits,
    due_us: int,
    codes: npt.NDArray[np.int8],
) -> tuple[int, int]:
    """The same."""
    plot.sizes[2] = plot.sizes[3] = 0
    for row in range(first, len(rows)):
        if due_us < rows[row].at_us:
            return row, DUE
        number = rows[row].subject
        subject = plot.subjects[number]
        before = subject.newest
        known = verdict_on_known(row, rows, subject, plot.history, limits)
        if known != _STANDS:
            codes[row] = known
            continue
        is_quiet = sifted.mark[row] == QUIET
        if is_quiet:
            said, count = plot.history[before].evidence_first, plot.history[before].evidence_count
            evidence = plot.evidence
        else:
            said, count = rows[row].evidence_first, rows[row].evidence_count
            evidence = sifted.evidence
        if is_special(row, rows, sifted.mark[row], subject, plot, zones, limits, evidence, said, count):
            return row, SPECIAL
        jump = _NO_JUMP if before == NONE else jump_of(row, rows, plot.history[before], limits)
        if jump == _TOO_CLOSE:
            return row, SPECIAL
        if plot.sizes[2] + 1 + count + pair_count(plot.pairs, subject.first_pair) > len(plot.moves):
            return row, FULL
        report = append_report(row, rows, plot, before, is_quiet, evidence, said, count)
        subject.newest = report
        plot.sizes[3] += jump
        if jump and limits.timed:
            note_jump(plot, row, report, number)
        if is_quiet and subject.boxed:
            continue
        step_pairs(row, rows, report, number, plot, zones, evidence, said, count, jump)
        subject.boxed = 0
        if not is_quiet and sifted.place[row] >= 0:
            set_box(subject, sifted.place[row], row, rows, plot, zones, cells)
    return len(rows), DONE


@compiled_in_place
def verdict_on_known(row: int, rows: Records, subject: Any, history: Records, limits: Limits) -> int:
    """What becomes of a report that was told before, or was seen too long ago; `_STANDS` where it is neither.

    It is judged as if all were let go of that can be: see `folding.oldest_kept`. Of what names an area nothing is said."""
    seen_at_us = rows[row].seen_at_us
    if subject.newest == NONE or rows[row].area != NONE or seen_at_us > history[subject.newest].seen_at_us:
        return _STANDS
    newest_us = history[subject.newest].seen_at_us
    # One seen at the instant of the newest may come behind it, by what else it says.
    too_late = _TOO_LATE if seen_at_us < newest_us else _STANDS
    if seen_at_us <= subject.forgotten_us or seen_at_us < newest_us - limits.lateness_us:
        return too_late
    verdict, held, place = _STANDS, 1, subject.newest
    while place != NONE and history[place].seen_at_us >= seen_at_us:
        if held > REPORTS_HELD_MAX:
            return too_late
        if history[place].seen_at_us == seen_at_us and is_told_twice(rows[row], history[place], limits):
            verdict = _DUPLICATE
        place = history[place].before
        held += 1
    return verdict


@compiled_in_place
def is_told_twice(report: Any, held: Any, limits: Limits) -> bool:
    """Whether two reports of one subject, seen at one instant, have the same identity: see `tracks.picture.Report`."""
    return bool(
        held.area == NONE
        and report.lat_e7 == held.lat_e7
        and report.lon_e7 == held.lon_e7
        and report.height_mm == held.height_mm
        and report.datum == held.datum
        and report.error_mm == held.error_mm
        and limits.parties[report.claim] == limits.parties[held.claim]
    )


@compiled_in_place
def is_special(
    row: int,
    rows: Records,
    mark: int,
    subject: Any,
    plot: Plot,
    zones: Records,
    limits: Limits,
    evidence: Records,
    said: int,
    count: int,
) -> bool:
    """Whether a report is more than a subject moving on."""
    if mark == LOOKED_AT or subject.special or rows[row].seen_at_us <= subject.special_until_us:
        return True
    if limits.attributes[rows[row].claim] and rows[row].claim != subject.claim:
        return True
    if subject.newest != NONE:
        newest = plot.history[subject.newest]
        if rows[row].seen_at_us <= newest.seen_at_us or newest.area != NONE:
            return True
    if len(limits.balls) and may_approach(row, rows, subject, plot.history, limits):
        return True
    for place in range(said, said + count):
        if needs_care(zones[evidence[place].zone], subject, rows[row].seen_at_us):
            return True
    pair = subject.first_pair
    while pair != NONE:
        if needs_care(zones[plot.pairs[pair].zone], subject, rows[row].seen_at_us):
            return True
        pair = plot.pairs[pair].next
    return False


@compiled_in_place
def needs_care(zone: Any, subject: Any, seen_at_us: int) -> bool:
    """Whether a report that has to do with a zone may be more than its subject moving on: a pattern, a notice, a window."""
    closed_before = zone.closed and seen_at_us <= zone.until_us
    return bool(zone.watched or (zone.noticed and subject.claim != NONE) or (zone.windowed and closed_before))


@compiled_in_place
def turns_back(zone: Any, seen_at_us: int) -> bool:
    """Whether a report seen then concerns what has come to pass at this zone already."""
    return bool(
        zone.windowed and ((zone.opened and seen_at_us < zone.from_us) or (zone.closed and seen_at_us <= zone.until_us))
    )


@compiled_in_place
def jump_of(row: int, rows: Records, newest: Any, limits: Limits) -> int:
    """Whether the way from the newest report to this one, seen later, is too long for the time; see `tracks.picture.remarkable`.

    No curve is longer than its parts along the meridian and the longest parallel it meets, taken together."""
    error_mm = 0
    for stated_mm in (rows[row].error_mm, newest.error_mm):
        error_mm += stated_mm if stated_mm >= 0 else limits.assumed_error_mm
    seconds = (rows[row].seen_at_us - newest.seen_at_us) / 1_000_000
    explained_m = CONTRADICTION_SIGMAS * error_mm / 1000 + limits.max_speed_mps * seconds
    north_m = LONGEST_M_PER_E7 * abs(np.int64(rows[row].lat_e7) - newest.lat_e7)
    east_m = LONGEST_M_PER_E7 * abs(np.int64(rows[row].lon_e7) - newest.lon_e7)
    if north_m + east_m <= explained_m * (1 - _ROUNDING):
        return _NO_JUMP
    if (rows[row].lat_e7 > 0) == (newest.lat_e7 > 0):
        east_m *= np.cos(np.radians(min(abs(rows[row].lat_e7), abs(newest.lat_e7)) / 1e7))
    if np.hypot(north_m, east_m) <= explained_m * (1 - _ROUNDING):
        return _NO_JUMP
    way_m, _ = inverse(newest.lat_e7 / 1e7, newest.lon_e7 / 1e7, rows[row].lat_e7 / 1e7, rows[row].lon_e7 / 1e7)
    if abs(way_m - explained_m) <= _ROUNDING_M + _ROUNDING * explained_m:
        return _TOO_CLOSE
    return _JUMP if way_m > explained_m else _NO_JUMP


@compiled_in_place
def may_approach(row: int, rows: Records, subject: Any, history: Records, limits: Limits) -> bool:
    """False only if no zone with an approach time can be met within it."""
    x, y, z = ecef(rows[row].lat_e7 / 1e7, rows[row].lon_e7 / 1e7)
    speed_mps = rows[row].speed_mmps / 1000
    if UNKNOWN in (rows[row].speed_mmps, rows[row].course_cdeg):
        if subject.newest == NONE:
            return False
        before = history[subject.newest]
        elapsed_us = rows[row].seen_at_us - before.seen_at_us
        if not 0 < elapsed_us <= MOTION_US_MAX:
            return False
        x0, y0, z0 = ecef(before.lat_e7 / 1e7, before.lon_e7 / 1e7)
        chord_m = np.sqrt((x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2)
        if chord_m > _CHORD_M_MAX:
            return True
        speed_mps = _GEODESIC_PER_CHORD * chord_m / (elapsed_us / 1e6)
    for number in range(len(limits.balls)):
        ball = limits.balls[number]
        reach_m = ball[3] + speed_mps * limits.horizon_s * (1 + 1e-9)
        if (x - ball[0]) ** 2 + (y - ball[1]) ** 2 + (z - ball[2]) ** 2 <= reach_m * reach_m:
            return True
    return False


@compiled_in_place
def pair_count(pairs: Records, first: int) -> int:
    """How many pairs a subject has."""
    count = 0
    while first != NONE:
        count += 1
        first = pairs[first].next
    return count


@compiled_in_place
def append_report(
    row: int, rows: Records, plot: Plot, before: int, is_quiet: bool, evidence: Records, said: int, count: int
) -> int:
    """Adds a report to the history behind the one before it, and gives its row."""
    number = int(plot.sizes[0])
    plot.sizes[0] += 1
    plot.history[number] = rows[row]
    report = plot.history[number]
    report.before, report.evidence_count = before, count
    if is_quiet:
        report.evidence_first = said
        return number
    report.evidence_first = plot.sizes[1]
    for place in range(count):
        plot.evidence[plot.sizes[1] + place] = evidence[said + place]
    plot.sizes[1] += count
    return number


@compiled_in_place
def step_pairs(
    row: int,
    rows: Records,
    report: int,
    number: int,
    plot: Plot,
    zones: Records,
    evidence: Records,
    said: int,
    count: int,
    jump: int,
) -> None:
    """One more report moves the pairs of its subject on; notes what changed by zone.

    Of the reports seen before a window that has opened the last one counts, at the opening: whatever it says of somebody
    who is there, or was by the one before, is told anew."""
    subject, pairs, seen_at_us = plot.subjects[number], plot.pairs, rows[row].seen_at_us
    subject.first_pair = with_new_pairs(pairs, plot.ends, subject.first_pair, evidence, said, count, report)
    first_move = int(plot.sizes[2])
    pair = subject.first_pair
    while pair != NONE:
        following, zone = pairs[pair].next, zones[pairs[pair].zone]
        was = pairs[pair].rank
        if not zone.windowed or zone.from_us <= seen_at_us <= zone.until_us:
            step_pair(pairs[pair], zone, evidence, said, count, seen_at_us)
            if pairs[pair].rank != was:
                note_move(plot, first_move, row, report, number, pairs[pair], was, jump)
        elif zone.opened and seen_at_us < zone.from_us:
            begin_anew(pairs[pair])
            step_pair(pairs[pair], zone, evidence, said, count, zone.from_us)
            if was != 0 or pairs[pair].rank != 0:
                note_move(plot, first_move, row, report, number, pairs[pair], was, jump)
        if pairs[pair].rank == 0 and pairs[pair].near == 0:
            subject.first_pair = drop_pair(pairs, plot.ends, subject.first_pair, pairs[pair].zone)
        pair = following


@compiled_in_place
def with_new_pairs(
    pairs: Records, ends: npt.NDArray[np.int64], first: int, evidence: Records, said: int, count: int, report: int
) -> int:
    """Gives a subject the pairs that a report begins; gives its first pair from now on."""
    for place in range(said, said + count):
        if evidence[place].evidence > 0 and find_pair(pairs, first, evidence[place].zone) == NONE:
            first = new_pair(pairs, ends, first, evidence[place].zone, report)
    return first


@compiled_in_place
def step_pair(pair: Any, zone: Any, evidence: Records, said: int, count: int, seen_at_us: int) -> None:
    """One more report, whose run of evidence this is, moves a pair on."""
    heard, supports = 0, 0
    for place in range(said, said + count):
        if evidence[place].zone == pair.zone:
            heard, supports = evidence[place].evidence, evidence[place].supports
    pair.rank, pair.near, pair.within, pair.not_close_since, pair.not_inside_since = stepped(
        pair.rank, pair.near, pair.within, pair.not_close_since, pair.not_inside_since,
        heard, supports, seen_at_us, zone.m, zone.n, zone.hold_us,
    )  # fmt: skip


@compiled_in_place
def begin_anew(pair: Any) -> None:
    """Lets a pair stand as if there had been no report."""
    pair.rank, pair.near, pair.within, pair.not_close_since, pair.not_inside_since = _START


@compiled_in_place
def note_jump(plot: Plot, row: int, report: int, number: int) -> None:
    """Adds a jump behind all changes of earlier reports, and before those of its own."""
    move = plot.moves[plot.sizes[2]]
    move.row, move.report, move.subject, move.zone, move.jumped = row, report, number, NONE, 1
    move.created, move.was, move.now = NONE, 0, 0
    plot.sizes[2] += 1


@compiled_in_place
def note_move(plot: Plot, first_move: int, row: int, report: int, number: int, pair: Any, was: int, jump: int) -> None:
    """Adds a change among those of its report, which are in the order of the zones."""
    place = plot.sizes[2]
    while place > first_move and plot.moves[place - 1].zone > pair.zone:
        plot.moves[place] = plot.moves[place - 1]
        place -= 1
    move = plot.moves[place]
    move.row, move.report, move.subject, move.zone = row, report, number, pair.zone
    move.created, move.was, move.now, move.jumped = pair.created, was, pair.rank, jump
    plot.sizes[2] += 1


@compiled_in_place
def set_box(subject: Any, place: int, row: int, rows: Records, plot: Plot, zones: Records, cells: Cells) -> None:
    """Boxes a subject in, if its next report from the same cell must leave everything as it is."""
    entry, entry_end = crossing(cells, place)
    if entry < entry_end:
        return
    listed, listed_end = whole(cells, place)
    for number in range(listed, listed_end):
        zone = cells.listed[number]
        pair = find_pair(plot.pairs, subject.first_pair, zone)
        if not zones[zone].steady or pair == NONE or plot.pairs[pair].rank != 2:
            return
    if pair_count(plot.pairs, subject.first_pair) != listed_end - listed:
        return
    lat_low, lat_high, lon_low, lon_high = block(cells, rows[row].lat_e7 / 1e7, rows[row].lon_e7 / 1e7)
    subject.lat_low_e7, subject.lat_high_e7 = np.ceil(lat_low * 1e7) + 1, np.floor(lat_high * 1e7) - 1
    subject.lon_low_e7, subject.lon_high_e7 = np.ceil(lon_low * 1e7) + 1, np.floor(lon_high * 1e7) - 1
    subject.boxed = 1
