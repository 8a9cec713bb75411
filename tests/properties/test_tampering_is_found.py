"""Whatever is done to a copy of a record, the audit finds it and says where."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepclear.ground.canon import base64_text
from keepclear.ground.errors import Refused
from keepclear.ground.signing import NoteKey
from keepclear.record.audit import Report, audit_export
from keepclear.record.checkpoint import Checkpoint
from keepclear.record.entries import Entry
from keepclear.record.export import read_export
from keepclear.record.findings import ERROR, Finding
from keepclear.record.keys import Trust
from keepclear.record.tree import leaf_hash
from tests.records import ALPHA, ALPHA_NEXT, BRAVO, RECORD, Recording, rewritten, small_record

TRUST = Trust(named=(NoteKey(RECORD, ALPHA.public),))


@cache
def small() -> Recording:
    return small_record()


@cache
def small_lines() -> tuple[bytes, ...]:
    return tuple(small().lines())


def judged(lines: Sequence[bytes], held: Sequence[Checkpoint] = (), trust: Trust = TRUST) -> Report:
    return audit_export(read_export(lines), trust, held)


def errors(lines: Sequence[bytes], held: Sequence[Checkpoint] = (), trust: Trust = TRUST) -> list[Finding]:
    return [finding for finding in judged(lines, held, trust).findings if finding.severity == ERROR]


def keys(lines: Sequence[bytes], held: Sequence[Checkpoint] = (), trust: Trust = TRUST) -> list[str]:
    return [finding.key for finding in errors(lines, held, trust)]


def line_of(sequence: int, lines: Sequence[bytes] | None = None) -> int:
    """The number of the line of an entry."""
    beginning = b'{"line":"entry","entry":{"v":1,"sequence":%d,' % sequence
    return next(number for number, line in enumerate(lines or small_lines(), 1) if line.startswith(beginning))


def without(lines: Sequence[bytes], *numbers: int) -> list[bytes]:
    return [line for number, line in enumerate(lines, 1) if number not in numbers]


def covering_interval(sequence: int) -> tuple[int, int]:
    """From the checkpoint before an entry to the one behind it."""
    sizes = [0, *(checkpoint.size for checkpoint in small().checkpoints)]
    return max(size for size in sizes if size <= sequence), min(size for size in sizes if size > sequence)


SEQUENCES = st.integers(2, 45)


def test_the_record_as_it_is_has_nothing_to_find():
    report = judged(small_lines(), held=small().checkpoints)
    assert report.sound
    assert report.findings == ()
    assert (report.first, report.end, report.proven_end, report.checkpoints) == (0, 46, 46, 7)
    assert report.signers == (ALPHA.public.key_id, ALPHA_NEXT.public.key_id)


@given(st.data())
def test_so_has_every_range_of_it(data):
    first = data.draw(st.integers(0, 46))
    end = data.draw(st.integers(first, 46))
    report = judged(small().lines(first, end), trust=TRUST.with_keys([ALPHA_NEXT.public]))
    assert report.sound
    assert report.proven_end == end


@pytest.mark.parametrize("remainder", range(4))
def test_any_flipped_bit_is_found_at_its_line(remainder):
    recording = Recording()
    recording.sign()
    recording.positions(2)
    recording.sign()
    lines = recording.lines()
    where_of_entries = {line_of(number, lines): number for number in range(4)}
    missed = []
    for number, line in enumerate(lines, 1):
        for place in range(remainder, len(line), 4):
            changed = bytearray(line)
            changed[place] ^= 1 << (place // 4) % 8
            try:
                found = errors([*lines[: number - 1], bytes(changed), *lines[number:]])
            except Refused:
                assert number == 1
                continue
            told = {finding.where for finding in found}
            entry = where_of_entries.get(number)
            if f"line {number}" not in told and not any(entry is not None and f.first <= entry < f.end for f in found):
                missed.append((number, place, line[place - 20 : place + 10], found))
    # A head that names other entries or another record is found by what follows it.
    assert [one for one in missed if one[0] != 1 or not one[3]] == []


@given(SEQUENCES, st.sampled_from(["body", "outcome"]))
def test_a_changed_body_or_outcome_is_found_at_its_entry(sequence, member):
    number = line_of(sequence)
    changed = "b3RoZXI=" if member == "body" else '{"event":"nothing"}\n'
    found = errors(rewritten(small_lines(), number, **{member: changed}))
    expected = (f"record.{member}_changed", sequence, sequence + 1, f"line {number}")
    assert expected in [(one.key, one.first, one.end, one.where) for one in found]


@given(SEQUENCES, st.sampled_from(["at_us", "by", "kind", "exercise", "body", "outcome"]))
def test_a_changed_header_is_found_at_its_entry(sequence, member):
    number = line_of(sequence)
    entry = json.loads(small_lines()[number - 1])["entry"]
    other = {
        "at_us": entry["at_us"] + 1,
        "by": "eve",
        "kind": "time_passed",
        "exercise": True,
        "body": "00" * 32,
        "outcome": "11" * 32,
    }
    found = errors(rewritten(small_lines(), number, entry=entry | {member: other[member]}))
    assert ("record.entry_changed", sequence, f"line {number}") in [(one.key, one.first, one.where) for one in found]
    assert "record.root" not in [one.key for one in found]


@given(SEQUENCES)
def test_an_entry_that_was_changed_with_all_its_hashes_is_found_between_two_checkpoints(sequence):
    """Who changes an entry and computes every hash anew cannot sign the root."""
    entry, body = small().entries[sequence].entry, b"KCPA of another day"
    other = Entry.of(sequence, entry.at_us, "positions_arrived", "feed:ais-1", False, body, b"")
    fields = json.loads(other.leaf)
    in_order = {name: fields[name] for name in ("v", "sequence", "at_us", "kind", "by", "exercise", "body", "outcome")}
    forged = {"entry": in_order, "leaf": base64_text(leaf_hash(other.leaf)), "body": base64_text(body)}
    found = errors(rewritten(small_lines(), line_of(sequence), **forged, outcome=None))
    assert ("record.root", *covering_interval(sequence)) in [(one.key, one.first, one.end) for one in found]


@given(SEQUENCES, st.integers(1, 4))
def test_dropped_entries_are_found_with_their_numbers(sequence, count):
    end = min(sequence + count, 46)
    numbers = [line_of(dropped) for dropped in range(sequence, end)]
    found = errors(without(small_lines(), *numbers))
    missing = [one for one in found if one.key == "record.entries_missing"]
    assert sum(one.end - one.first for one in missing) == end - sequence
    assert (missing[0].first, missing[-1].end) == (sequence, end)


@given(SEQUENCES, SEQUENCES)
def test_an_inserted_entry_is_found_where_it_was_put_in(sequence, behind):
    number = line_of(behind)
    lines = [*small_lines()[:number], small_lines()[line_of(sequence) - 1], *small_lines()[number:]]
    found = errors(lines)
    assert any(one.first <= sequence < one.end for one in found)
    # Of two that are alike the second one is named.
    assert {f"line {number + 1}", f"line {number + 2}", f"line {line_of(sequence) + 1}"} & {one.where for one in found}


@given(SEQUENCES, SEQUENCES)
def test_reordered_entries_are_found(one, other):
    if one == other:
        return
    first, second = sorted((line_of(one), line_of(other)))
    lines = list(small_lines())
    lines[first - 1], lines[second - 1] = lines[second - 1], lines[first - 1]
    found = errors(lines)
    assert {finding.key for finding in found} & {"record.entries_reordered", "record.entry_inserted"}
    assert any(f"line {first}" == finding.where for finding in found) or any(
        min(one, other) in range(finding.first, finding.end) for finding in found
    )


@given(st.integers(2, len(small_lines()) - 1))
def test_a_truncated_copy_is_found_and_so_is_one_that_is_cut_within_a_line(count):
    lines = small_lines()[:count]
    assert "record.truncated" in keys(lines)
    cut = [*lines[:-1], lines[-1][:-1]]
    assert {"record.truncated", "record.line_unreadable"} <= set(keys(cut))
    assert f"line {count}" in {one.where for one in errors(cut)}


@settings(max_examples=25)
@given(st.integers(1, 46))
def test_a_copy_that_was_rolled_back_is_found_by_who_holds_a_newer_checkpoint(end):
    rolled_back = recording_up_to(end)
    held = small().checkpoints[-1]
    found = errors(rolled_back.lines(), held=[held], trust=TRUST.with_keys([ALPHA_NEXT.public]))
    if end == 46:
        assert found == []
    else:
        assert [(one.key, one.first, one.end) for one in found] == [("record.rolled_back", end, 46)]
    assert keys(rolled_back.lines(), trust=TRUST.with_keys([ALPHA_NEXT.public])) == []


def recording_up_to(end: int) -> Recording:
    """The small record as it was after `end` entries, signed there by the key in use."""
    past = small().up_to(end)
    past.sign(ALPHA if end <= 21 else ALPHA_NEXT)
    return past


@settings(max_examples=25)
@given(st.integers(2, 45), st.data())
def test_a_fork_is_found_by_who_holds_a_checkpoint_of_the_other_branch(at, data):
    """The node itself signs another history: no root is wrong in it, and only a checkpoint from before tells."""
    branch = recording_up_to(at)
    branch.add("positions_arrived", b"KCPA of another branch", by="feed:ais-1")
    branch.positions(45)
    branch.sign(ALPHA if at <= 21 else ALPHA_NEXT)
    held = data.draw(st.sampled_from([one for one in small().checkpoints if one.size > at]))
    trust = TRUST.with_keys([ALPHA_NEXT.public])
    lines = branch.lines()
    assert keys(lines, trust=trust) == []
    assert [(one.key, one.end) for one in errors(lines, held=[held], trust=trust)] == [("record.forked", held.size)]
    before = [one for one in small().checkpoints if one.size <= at]
    assert keys(lines, held=before, trust=trust) == []


@given(st.integers(0, 6), st.sampled_from([BRAVO, ALPHA]))
def test_a_forged_checkpoint_is_found_at_its_line(place, forger):
    """Another root under the name of the record: by a key that is not its own, or with the signature of another root."""
    real = small().checkpoints[place]
    number = next(n for n, line in enumerate(small_lines(), 1) if real.text in json.loads(line).get("checkpoint", ""))
    forged = Checkpoint(real.origin, real.size, bytes(32)).signed(BRAVO.signer)
    if forger is ALPHA:
        forged = Checkpoint(real.origin, real.size, bytes(32), real.signatures)
    found = errors(rewritten(small_lines(), number, checkpoint=forged.text))
    expected = "record.checkpoint_forged" if forger is ALPHA else "record.checkpoint_unsigned"
    assert (expected, f"line {number}") in {(one.key, one.where) for one in found}


@given(st.lists(SEQUENCES, min_size=2, max_size=6, unique=True))
def test_one_fault_hides_no_other(sequences):
    lines = list(small_lines())
    for sequence in sequences:
        entry = json.loads(lines[line_of(sequence) - 1])["entry"]
        lines = rewritten(lines, line_of(sequence), entry=entry | {"by": "eve"})
    assert {one.first for one in errors(lines) if one.key == "record.entry_changed"} == set(sequences)


def test_memory_and_findings_are_bounded_when_everything_is_wrong():
    recording = Recording()
    recording.positions(1_500)
    recording.sign()
    lines = recording.lines()
    for number in range(4, 1_504):
        lines[number - 1] = lines[number - 1].replace(b'"leaf":"', b'"leaf":"AAAA', 1)
    report = judged(lines)
    assert len(report.findings) == 1_000
    assert report.more > 0
    assert not report.sound
