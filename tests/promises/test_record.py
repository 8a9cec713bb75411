"""The promises of docs/spec/record.md."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from keepclear.ground.errors import LimitExceeded, Refused
from keepclear.ground.signing import (
    ED25519,
    NoteKey,
    PrivateKey,
    PublicKey,
    note_key,
    open_sealed,
    private_from_pem,
    private_pem,
    public_from_pem,
    public_pem,
    read_envelope,
    seal,
)
from keepclear.record.audit import audit_copy, audit_export
from keepclear.record.checkpoint import (
    CHECKPOINT_BYTES_MAX,
    SIGNATURES_MAX,
    Checkpoint,
    SignatureLine,
    origin_line,
    read_checkpoint,
    record_and_epoch,
)
from keepclear.record.entries import Committed, Entry
from keepclear.record.export import read_export
from keepclear.record.facts import KeyEnded, KeyIntroduced
from keepclear.record.findings import ERROR
from keepclear.record.keys import DOUBTFUL, EARLY, ENDED, IN_USE, UNKNOWN, KeyHistory, Trust, vouched
from keepclear.record.proofs import (
    ConsistencyProof,
    EntryProof,
    check_entry,
    check_growth,
    proof_text,
    prove_entry,
    prove_growth,
    read_proof,
)
from keepclear.record.tree import TilesInMemory, Tree, check_consistency, check_inclusion, inclusion_proof, leaf_hash
from tests.records import ALPHA, ALPHA_NEXT, BRAVO, RECORD, Recording, key_named, rewritten, small_record

TRUST = Trust(named=(NoteKey(RECORD, ALPHA.public),))
BOTH = TRUST.with_keys([ALPHA_NEXT.public])


def refused_key(call, *arguments):
    with pytest.raises(Refused) as refused:
        call(*arguments)
    return refused.value.key


def found(lines, trust=BOTH, held=()):
    return [(one.key, one.severity) for one in audit_export(read_export(lines), trust, held).findings]


# --- entries and the tree ---


@pytest.mark.promise("RECORD-1")
def test_a_leaf_has_exactly_these_bytes():
    entry = Entry.of(417, 1_779_091_200_000_017, "alert_cleared", "maría", True, b"{}", b"")
    assert entry.leaf.decode() == (
        '{"at_us":1779091200000017,"body":"' + sha256(b"{}").hexdigest() + '","by":"maría","exercise":true,'
        '"kind":"alert_cleared","outcome":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",'
        '"sequence":417,"v":1}'
    )


@pytest.mark.promise("RECORD-2")
def test_leaves_are_hashed_into_the_tree_of_rfc_6962_and_in_any_groups():
    leaves = [b"%d" % number for number in range(775)]
    tree = Tree(tiles := TilesInMemory())
    tree.append([leaf_hash(leaf) for leaf in leaves[:3]])
    tree.append([leaf_hash(leaf) for leaf in leaves[3:]])
    assert {place: len(tile) // 32 for place, tile in tiles.kept.items()} == {
        (0, 0): 256, (0, 1): 256, (0, 2): 256, (0, 3): 7, (1, 0): 3,
    }  # fmt: skip
    check_inclusion(700, 775, leaf_hash(b"700"), inclusion_proof(tiles, 700, 775), tree.root())


# --- checkpoints ---

NOTE = small_record().checkpoints[0].text


@pytest.mark.promise("RECORD-3")
def test_what_a_checkpoint_reader_accepts_is_the_same_text_again():
    assert read_checkpoint(NOTE).text == NOTE
    assert read_checkpoint(NOTE.encode()) == read_checkpoint(NOTE)


@pytest.mark.promise("RECORD-3")
@pytest.mark.parametrize(
    ("change", "key", "where"),
    [
        (lambda t: t.replace("\n2\n", "\n02\n"), "checkpoint.size", "line 2"),
        (lambda t: t.replace("\n2\n", "\n-2\n"), "checkpoint.size", "line 2"),
        (lambda t: t.replace("\n2\n", "\n٢\n"), "checkpoint.size", "line 2"),
        (lambda t: t.replace("\n2\n", "\n9007199254740992\n"), "checkpoint.size", "line 2"),
        (lambda t: t.replace("=\n\n", "\n\n"), "checkpoint.root", "line 3"),
        (lambda t: t.replace("\n\n", "\nQQ==\n\n"), "checkpoint.lines", ""),
        (lambda t: t.replace("\n\n", "\n"), "checkpoint.lines", ""),
        (lambda t: t.replace("\n", "\r\n"), "checkpoint.control", "line 1"),
        (lambda t: t[:-1], "checkpoint.lines", ""),
        (lambda t: t + "\n", "checkpoint.signature_line", "line 6"),
        (lambda t: t.replace("\u2014", "-"), "checkpoint.signature_line", "line 5"),
        (lambda t: t.replace("/1\n2", "/0\n2"), "checkpoint.origin", "line 1"),
        (lambda t: t.replace("/1\n2", "/01\n2"), "checkpoint.origin", "line 1"),
        (lambda t: t.replace("alpha.example/keepclear/1\n2", "alpha\u00a0example/1\n2"), "checkpoint.origin", "line 1"),
        (lambda t: t.split("\u2014")[0], "checkpoint.lines", ""),
        (lambda t: "", "checkpoint.lines", ""),
        (lambda t: "x" * (CHECKPOINT_BYTES_MAX + 1), "checkpoint.too_large", ""),
        (lambda t: t + t.splitlines(keepends=True)[-1] * SIGNATURES_MAX, "checkpoint.signatures", ""),
        (lambda t: t + "\u2014 w QQ==\n", "checkpoint.signature_line", "line 6"),
        (lambda t: t.encode() + b"\xff\n", "checkpoint.not_utf8", "line 6"),
    ],
)
def test_anything_else_is_refused_with_its_line(change, key, where):
    with pytest.raises(Refused) as refused:
        read_checkpoint(change(NOTE))
    assert (refused.value.key, refused.value.where) == (key, where)


@pytest.mark.promise("RECORD-3")
@pytest.mark.parametrize("wrong", ["alpha", "/1", "alpha/", "alpha/x", "alpha+b/1", "a b/1", "alpha/1\n", "alpha/-1"])
def test_an_origin_names_a_record_and_an_epoch(wrong):
    assert refused_key(record_and_epoch, wrong) == "checkpoint.origin"
    assert record_and_epoch(origin_line("alpha.example/keepclear", 12)) == ("alpha.example/keepclear", 12)
    assert refused_key(origin_line, "alpha example", 1) == refused_key(origin_line, "alpha", 0) == "checkpoint.origin"


@pytest.mark.promise("RECORD-4")
def test_a_line_of_an_unknown_key_is_kept_and_says_nothing():
    unknown = SignatureLine("witness.example/w1", b"\x01\x02\x03\x04 made up")
    checkpoint = read_checkpoint(small_record().checkpoints[0].with_line(unknown).text)
    assert checkpoint.signatures[-1] == unknown
    assert vouched(checkpoint, TRUST).cosigned == ()


@pytest.mark.promise("RECORD-4")
def test_another_party_cosigns_with_the_time_at_which_it_had_seen_it():
    witness = NoteKey("bravo.example/watch", BRAVO.public, cosigner=True)
    checkpoint = small_record().checkpoints[0].cosigned(witness.name, BRAVO.signer, 1_779_091_260)
    read = read_checkpoint(checkpoint.text)
    (cosigned,) = vouched(read, Trust(TRUST.keys, (*TRUST.named, witness))).cosigned
    assert (cosigned.name, cosigned.at_s) == ("bravo.example/watch", 1_779_091_260)
    timed = bytearray(read.signatures[1].signed)
    timed[11] ^= 1
    earlier = replace(read, signatures=(read.signatures[0], SignatureLine(witness.name, bytes(timed))))
    assert refused_key(vouched, earlier, Trust((), (*TRUST.named, witness))) == "checkpoint.cosignature"
    with pytest.raises(Refused, match="None of the known keys"):
        vouched(read, Trust((), (witness,)))
    as_cosigner = NoteKey(RECORD, ALPHA.public, cosigner=True)
    assert refused_key(vouched, small_record().checkpoints[0], Trust((), (as_cosigner,))) == "checkpoint.unsigned"


@pytest.mark.promise("RECORD-5")
def test_a_checkpoint_that_claims_a_known_key_wrongly_is_refused_as_a_whole():
    real = small_record().checkpoints[0]
    for other in (replace(real, size=3), replace(real, root=bytes(32)), replace(real, origin=origin_line(RECORD, 2))):
        renamed = [
            SignatureLine(other.origin, NoteKey(other.origin, ALPHA.public).hash + line.signed[4:])
            for line in real.signatures
        ]
        also = replace(other, signatures=tuple(renamed)).signed(ALPHA_NEXT.signer)
        assert refused_key(vouched, also, BOTH) == "checkpoint.signature"


@pytest.mark.promise("RECORD-5")
def test_a_key_line_counts_for_the_record_that_it_names_in_any_epoch_and_for_no_other():
    for name in (RECORD, origin_line(RECORD, 1), origin_line(RECORD, 7)):
        trust = Trust(named=(NoteKey(name, ALPHA.public),))
        assert vouched(small_record().checkpoints[0], trust).signers == (ALPHA.public,)
    other = Trust(named=(NoteKey("alpha.example/other", ALPHA.public),))
    assert refused_key(vouched, small_record().checkpoints[0], other) == "checkpoint.unsigned"


# --- proof files ---


def proof_of(sequence=12, line=0):
    recording = small_record()
    return prove_entry(recording.tiles, recording.entries[sequence], recording.checkpoints[-1], line=line)


def entry_proof(text):
    proof = read_proof(text.encode())
    assert isinstance(proof, EntryProof)
    return proof


@pytest.mark.promise("RECORD-6")
def test_a_proof_file_is_checked_with_the_keys_alone():
    proof = read_proof(proof_text(proof_of()).encode())
    assert isinstance(proof, EntryProof)
    assert proof == proof_of()
    proven = check_entry(proof, BOTH)
    assert proven.vouched.signers == (ALPHA_NEXT.public,)
    assert json.loads(proof.shown_line or "")["subject"] == "d-12"


@pytest.mark.promise("RECORD-6")
@pytest.mark.parametrize(
    ("path", "value", "key", "where"),
    [
        ("entry.sequence", 13, "proof.root", "$.inclusion"),
        ("entry.sequence", 46, "proof.index", "$.entry.sequence"),
        ("entry.sequence", -1, "entry.sequence", "$.entry.sequence"),
        ("entry.sequence", "12", "proof.form", "$.entry.sequence"),
        ("entry.at_us", 1, "proof.root", "$.inclusion"),
        ("entry.by", "eve", "proof.root", "$.inclusion"),
        ("entry.kind", "zones_agreed", "proof.root", "$.inclusion"),
        ("entry.exercise", True, "proof.root", "$.inclusion"),
        ("entry.v", 2, "entry.version", "$.entry.v"),
        ("entry.note", "more", "proof.form", "$.entry"),
        ("entry.at_us", 2**60, "entry.leaf", "$.entry"),
        ("body", "QQ==", "proof.body", "$.body"),
        ("body", "QQ=", "base64.syntax", "$.body"),
        ("outcome", '{"event":"nothing"}\n', "proof.outcome", "$.outcome"),
        ("line", 1, "proof.line", "$.line"),
        ("line", -1, "proof.line", "$.line"),
        ("inclusion", [], "proof.length", "$.inclusion"),
        ("inclusion", ["QQ=="] * 6, "proof.hash", "$.inclusion"),
        ("inclusion", ["QQ="], "base64.syntax", "$.inclusion[0]"),
        ("checkpoint", "no", "checkpoint.lines", "$.checkpoint"),
        ("keepclear_proof", 2, "proof.version", "$.keepclear_proof"),
        ("proves", "everything", "proof.kind", "$.proves"),
        ("signature", "x", "proof.form", ""),
    ],
)
def test_whatever_is_changed_in_it_is_refused_with_its_path(path, value, key, where):
    file = proof_of().json()
    member, _, inner = path.partition(".")
    if inner:
        file[member][inner] = value
    else:
        file[member] = value
    with pytest.raises(Refused) as refused:
        check_entry(entry_proof(json.dumps(file)), BOTH)
    assert (refused.value.key, refused.value.where) == (key, where)


@pytest.mark.promise("RECORD-6")
@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"[]", "proof.not_proof"),
        (b"{", "json.syntax"),
        (b'{"keepclear_proof":1,"keepclear_proof":1}', "json.doubled_name"),
    ],
)
def test_what_is_no_proof_file_is_refused(text, key):
    assert refused_key(read_proof, text) == key


@pytest.mark.promise("RECORD-7")
def test_what_is_not_shown_stays_pinned_by_its_hash():
    whole = proof_of()
    hidden = replace(whole, committed=Committed(whole.committed.entry, None, whole.committed.outcome))
    proven = check_entry(entry_proof(proof_text(hidden)), BOTH)
    assert proven.proof.committed.body is None
    assert sha256(whole.committed.body).hexdigest() == proven.proof.committed.entry.body_hash
    nothing = replace(whole, committed=Committed(whole.committed.entry, None, None))
    assert refused_key(check_entry, nothing, BOTH) == "proof.line"


@pytest.mark.promise("RECORD-8")
def test_a_record_is_shown_to_have_only_grown():
    recording = small_record()
    older, newer = recording.checkpoints[1], recording.checkpoints[-1]
    proof = read_proof(proof_text(prove_growth(recording.tiles, older, newer)).encode())
    assert isinstance(proof, ConsistencyProof)
    assert check_growth(proof, BOTH).newer.checkpoint == newer
    forked = replace(older, root=bytes(32), signatures=()).signed(ALPHA.signer)
    for other, key in (
        (replace(proof, older=forked), "proof.old_root"),
        (replace(proof, older=newer, newer=older), "proof.size"),
        (replace(proof, hashes=proof.hashes[1:]), "proof.length"),
        (replace(proof, older=replace(older, signatures=()).signed(BRAVO.signer)), "checkpoint.unsigned"),
        (
            replace(proof, newer=Checkpoint("bravo.example/keepclear/1", 46, newer.root).signed(ALPHA_NEXT.signer)),
            "proof.other_record",
        ),
        (replace(proof, older=Checkpoint(origin_line(RECORD, 2), 9, older.root).signed(ALPHA.signer)), "proof.epochs"),
    ):
        assert refused_key(check_growth, other, BOTH.with_keys([ALPHA.public])) == key


# --- exports and the audit ---


@pytest.mark.promise("RECORD-9")
def test_a_line_of_an_export_has_one_way_to_be_written():
    lines = small_record().lines()
    for other in (
        lines[1].replace(b'"v":1,', b'"v": 1,'),
        lines[1].replace(b'"v":1,', b'"v":1,"v":1,'),
        lines[1][:-1],
        b"\n",
        b"{}\n",
    ):
        assert ("record.line_unreadable", ERROR) in found([lines[0], other, *lines[2:]])


@pytest.mark.promise("RECORD-9")
@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ([], "export.empty"),
        ([b"{}\n"], "export.line"),
        (small_record().lines()[1:], "export.no_head"),
        ([small_record().lines()[0].replace(b'"keepclear_record":1', b'"keepclear_record":2')], "export.version"),
        ([small_record().lines()[0].replace(b'"first":0', b'"first":47')], "export.range"),
        ([small_record().lines()[0].replace(b'"first":0', b'"first":7')], "tree.peaks"),
    ],
)
def test_a_file_without_a_head_is_no_export(lines, key):
    assert refused_key(found, lines) == key


@pytest.mark.promise("RECORD-9")
def test_a_second_head_or_tail_is_found():
    lines = small_record().lines()
    assert ("record.line_unreadable", ERROR) in found([*lines[:9], lines[0], *lines[9:]])
    assert ("record.second_tail", ERROR) in found([*lines, lines[-1]])


@pytest.mark.promise("RECORD-10")
def test_an_audit_says_where_and_a_copy_in_a_store_is_judged_by_the_same_rules():
    recording = small_record()
    assert audit_copy(RECORD, recording.entries, recording.checkpoints, TRUST).sound
    entries = list(recording.entries)
    entries[17] = Committed(replace(entries[17].entry, by="eve"), entries[17].body, entries[17].outcome)
    report = audit_copy(RECORD, entries, recording.checkpoints, TRUST)
    assert ("record.root", 14, 20) in [(one.key, one.first, one.end) for one in report.findings]
    assert "entries 14 to 19: not what was signed" in str(report.findings[0])
    short = audit_copy(RECORD, recording.entries[:40], recording.checkpoints, TRUST)
    assert ("record.entries_missing", 40, 46) in [(one.key, one.first, one.end) for one in short.findings]


@pytest.mark.promise("RECORD-10")
def test_what_no_known_key_signed_is_not_proven():
    assert set(found(small_record().lines(), Trust((BRAVO.public,)))) == {
        ("record.key_not_vouched", ERROR),
        ("record.unproven", ERROR),
    }
    recording = Recording()
    recording.sign()
    recording.positions(3)
    report = audit_copy(RECORD, recording.entries, recording.checkpoints, TRUST)
    assert [(one.key, one.first, one.end) for one in report.findings] == [("record.unproven", 2, 5)]
    assert not report.sound


@pytest.mark.promise("RECORD-11")
def test_peaks_of_a_signed_root_let_the_audit_go_on_behind_a_gap():
    lines = small_record().lines()
    number = next(n for n, line in enumerate(lines) if b'"sequence":4,' in line)
    later = next(n for n, line in enumerate(lines) if b'"sequence":40,' in line)
    lines[later] = lines[later].replace(b'"by":"feed:ais-1"', b'"by":"feed:ais-2"')
    del lines[number]
    report = audit_export(read_export(lines), TRUST)
    assert [(one.key, one.first, one.end) for one in report.findings] == [
        ("record.entries_missing", 4, 5),
        ("record.entry_changed", 40, 41),
    ]


@pytest.mark.promise("RECORD-12")
def test_a_rollback_and_a_fork_are_seen_by_who_holds_a_checkpoint():
    recording = small_record()
    past = recording.up_to(20)
    assert found(past.lines(), held=[recording.checkpoints[-1]]) == [("record.rolled_back", ERROR)]
    assert found(recording.lines(), held=recording.checkpoints) == []
    past.add("time_passed", b'{"kind":"time_passed"}')
    forked = past.sign()
    assert found(recording.lines(), held=[forked]) == [("record.forked", ERROR)]
    other = Checkpoint("bravo.example/keepclear/1", 5, bytes(32)).signed(ALPHA.signer)
    unsigned = Checkpoint(forked.origin, 5, bytes(32)).signed(BRAVO.signer)
    assert found(recording.lines(), held=[other]) == [("held.other_record", ERROR)]
    assert found(recording.lines(), held=[unsigned]) == [("held.unsigned", ERROR)]
    assert found(recording.lines(20, 30), held=[recording.checkpoints[0]]) == [("held.not_compared", "note")]


@pytest.mark.promise("RECORD-12")
def test_two_signed_roots_of_one_size_are_a_fork_without_anything_held():
    recording = small_record()
    other = Checkpoint(origin_line(RECORD, 1), 9, bytes(32)).signed(ALPHA.signer)
    recording.checkpoints.insert(2, other)
    assert ("record.forked", ERROR) in found(recording.lines())


# --- epochs ---


@pytest.mark.promise("RECORD-13")
def test_a_restored_record_goes_on_in_a_new_epoch_and_says_from_where():
    recording = small_record()
    recording.begin_epoch()
    recording.positions(5)
    recording.sign(ALPHA_NEXT)
    assert recording.checkpoints[-1].origin == "alpha.example/keepclear/2"
    report = audit_export(read_export(recording.lines()), TRUST, recording.checkpoints)
    assert (report.findings, report.epoch) == ((), 2)


@pytest.mark.promise("RECORD-13")
def test_what_was_lost_by_an_honest_restore_is_a_note_with_its_numbers():
    recording = small_record()
    restored = recording.up_to(33)
    restored.begin_epoch()
    restored.positions(30)
    restored.sign(ALPHA_NEXT)
    (note,) = audit_export(read_export(restored.lines()), BOTH, [recording.checkpoints[-1]]).findings
    assert (note.key, note.severity, note.first, note.end) == ("record.lost_by_restore", "note", 33, 46)


@pytest.mark.promise("RECORD-13")
@pytest.mark.parametrize("member", ["epoch", "origin", "after_size", "after_root"])
def test_an_epoch_that_does_not_continue_its_tree_is_found(member):
    recording = small_record()
    fields = {"epoch": 2, "origin": RECORD, "after_size": 46, "after_root": recording.tree.root().hex()}
    other = {"epoch": 3, "origin": "bravo.example/keepclear", "after_size": 45, "after_root": "00" * 32}
    recording.fact("epoch_began", **(fields | {member: other[member]}), reason="")
    recording.epoch = 3 if member == "epoch" else 2
    recording.sign(ALPHA_NEXT)
    assert ("record.epoch_broken", ERROR) in found(recording.lines())


@pytest.mark.promise("RECORD-13")
def test_a_checkpoint_of_an_epoch_that_nobody_began_is_found():
    for epoch, key in ((2, "record.epoch_unannounced"), (3, "record.epoch_mixed")):
        recording = small_record()
        recording.epoch = epoch
        recording.sign(ALPHA_NEXT)
        recording.positions(2)
        recording.epoch = 1
        recording.sign(ALPHA_NEXT)
        assert (key, ERROR) in found(recording.lines())


# --- bodies and time ---


@pytest.mark.promise("RECORD-14")
def test_bodies_may_be_missing_only_where_the_record_says_they_were_dropped_behind_a_snapshot():
    assert found(small_record().lines()) == []
    cases = {
        "no entry says so": lambda r: None,
        "there is no such snapshot": lambda r: r.fact("bodies_dropped", before=9, snapshot_size=8, count=7),
        "the snapshot does not cover them": lambda r: (
            r.fact("snapshot_taken", size=5, digest="ab", build="x"),
            r.fact("bodies_dropped", before=9, snapshot_size=5, count=7),
        ),
    }
    for what, say in cases.items():
        recording = Recording()
        recording.positions(7, kept=False)
        say(recording)
        recording.sign()
        assert ("record.body_missing", ERROR) in found(recording.lines()), what
    recording = Recording()
    recording.add("alert_cleared", b"{}", kept=False)
    recording.sign()
    assert found(recording.lines()) == [("record.body_missing", ERROR)]
    assert found(small_record().lines(2, 9)) == [("record.bodies_absent", "note")]


@pytest.mark.promise("RECORD-15")
def test_time_that_goes_backwards_is_found_even_if_it_is_signed():
    recording = Recording()
    recording.at_us -= 5_000
    recording.positions(1)
    recording.sign()
    report = audit_export(read_export(recording.lines()), TRUST)
    assert [(one.key, one.first) for one in report.findings] == [("record.time_backwards", 2)]


# --- keys ---


@pytest.mark.promise("RECORD-16")
def test_a_new_key_is_known_once_a_checkpoint_of_a_known_key_covers_it():
    assert found(small_record().lines(), TRUST) == []
    recording = Recording()
    recording.sign()
    recording.introduce(ALPHA_NEXT)
    recording.end_key(ALPHA, "lost")
    recording.positions(2)
    recording.sign(ALPHA_NEXT)
    assert ("record.key_not_vouched", ERROR) in found(recording.lines(), TRUST)
    assert found(recording.lines(), BOTH) == []


@pytest.mark.promise("RECORD-16")
def test_a_key_that_was_put_into_a_copy_is_never_trusted():
    recording = small_record()
    lines = recording.lines()
    intruder = Recording(begun=False)
    intruder.record = RECORD
    for committed in recording.as_committed[:30]:
        intruder.entries.append(committed)
        intruder.as_committed.append(committed)
        intruder.tree.append([leaf_hash(committed.entry.leaf)])
    intruder.at_us = recording.entries[29].entry.at_us
    intruder.checkpoints = [one for one in recording.checkpoints if one.size <= 30]
    intruder.introduce(BRAVO)
    intruder.positions(3)
    intruder.sign(BRAVO)
    keys = [key for key, _ in found(intruder.lines(), TRUST)]
    assert "record.key_not_vouched" in keys
    assert "record.unproven" in keys
    assert found(lines, TRUST) == []


@pytest.mark.promise("RECORD-16")
def test_a_key_that_only_a_changed_entry_introduces_is_not_trusted_behind_sound_entries_either():
    recording = small_record()
    recording.positions(2)
    recording.sign(ALPHA_NEXT)
    intruder = Recording(begun=False)
    intruder.entries = list(recording.entries[:25])
    intruder.at_us = intruder.entries[-1].entry.at_us
    intruder.introduce(BRAVO)
    lines = recording.lines()
    place = next(n for n, line in enumerate(lines) if b'"sequence":25,' in line)
    entry, body = intruder.entries[25].entry, intruder.entries[25].body or b""
    leaf = b64encode(leaf_hash(entry.leaf)).decode()
    fields = json.loads(entry.leaf)
    in_order = {name: fields[name] for name in ("v", "sequence", "at_us", "kind", "by", "exercise", "body", "outcome")}
    lines = rewritten(lines, place + 1, entry=in_order, leaf=leaf, body=b64encode(body).decode(), outcome=None)
    forged = Checkpoint(origin_line(RECORD, 1), 48, recording.tree.root()).signed(BRAVO.signer)
    number = next(
        n for n, line in enumerate(lines, 1) if line.startswith(b'{"line":"checkpoint"') and b"/1\\n48" in line
    )
    keys = [key for key, _ in found(rewritten(lines, number, checkpoint=forged.text), TRUST)]
    assert "record.root" in keys
    assert "record.key_not_vouched" in keys


@pytest.mark.promise("RECORD-17")
def test_what_a_key_signed_is_judged_by_when_it_was_in_use():
    history = KeyHistory()
    public = ALPHA.public
    introduced = KeyIntroduced(public.key_id, public_pem(public), ED25519)
    assert history.standing(public, 5, 100) == UNKNOWN
    history.take(5, introduced)
    assert [history.standing(public, size, 100) for size in (5, 6, 1000)] == [EARLY, IN_USE, IN_USE]
    history.take(20, KeyEnded(public.key_id, "compromised", since_us=70))
    standings = [history.standing(public, size, us) for size, us in ((6, 69), (6, 70), (20, 90), (6, None), (21, 99))]
    assert standings == [IN_USE, DOUBTFUL, DOUBTFUL, DOUBTFUL, ENDED]


@pytest.mark.promise("RECORD-17")
@pytest.mark.parametrize("why", ["rotated", "revoked", "lost", "compromised"])
def test_a_signature_after_the_end_of_its_key_does_not_count(why):
    recording = Recording()
    recording.introduce(ALPHA_NEXT)
    recording.sign()
    recording.end_key(ALPHA, why)
    recording.positions(2)
    recording.sign(ALPHA)
    keys = [key for key, _ in found(recording.lines())]
    assert "record.key_ended" in keys
    assert "record.unproven" in keys
    recording.sign(ALPHA_NEXT)
    assert [key for key, _ in found(recording.lines())] == ["record.key_ended"]


@pytest.mark.promise("RECORD-17")
def test_what_a_stolen_key_signed_stands_only_by_a_later_checkpoint_of_another_key():
    recording = Recording()
    recording.introduce(ALPHA_NEXT)
    recording.positions(3)
    stolen_us = recording.at_us
    recording.positions(3)
    recording.sign(ALPHA)
    recording.end_key(ALPHA, "compromised", since_us=stolen_us)
    recording.sign(ALPHA_NEXT)
    assert found(recording.lines()) == [("record.key_doubtful", "note")]
    recording.checkpoints[-1] = replace(recording.checkpoints[-1], signatures=()).signed(ALPHA.signer)
    assert ("record.key_doubtful", ERROR) in found(recording.lines())


@pytest.mark.promise("RECORD-17")
@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ([KeyIntroduced("ab" * 16, public_pem(ALPHA.public), ED25519)], "key.other"),
        ([KeyIntroduced(ALPHA.public.key_id, public_pem(ALPHA.public), ED25519)] * 2, "key.twice"),
        ([KeyEnded("ab" * 16, "lost")], "key.never_introduced"),
        (
            [KeyIntroduced(ALPHA.public.key_id, public_pem(ALPHA.public), ED25519), KeyEnded(ALPHA.public.key_id, "x")],
            "key.why",
        ),
        (
            [
                KeyIntroduced(ALPHA.public.key_id, public_pem(ALPHA.public), ED25519),
                *[KeyEnded(ALPHA.public.key_id, "lost")] * 2,
            ],
            "key.ended_twice",
        ),
    ],
)
def test_what_does_not_fit_in_the_life_of_a_key_is_refused_and_changes_nothing(facts, key):
    history = KeyHistory()
    for sequence, fact in enumerate(facts[:-1]):
        history.take(sequence, fact)
    before = dict(history.lives)
    assert refused_key(history.take, 9, facts[-1]) == key
    assert history.lives == before


# --- keys and envelopes as such ---


@pytest.mark.promise("RECORD-18")
def test_a_private_key_is_made_of_a_seed_and_does_not_show():
    key = key_named("alpha")
    assert key.seed.hex() not in repr(key) + str(key)
    assert repr(key.seed) not in repr(key)
    for passphrase in (None, b"correct horse"):
        written = private_pem(key, passphrase)
        assert private_from_pem(written, passphrase) == key
        assert (b"ENCRYPTED" in written) is (passphrase is not None)
    assert refused_key(PrivateKey, ED25519, b"short") == "key.seed"


@pytest.mark.promise("RECORD-18")
@pytest.mark.parametrize(
    ("data", "passphrase", "key"),
    [
        (private_pem(ALPHA, b"correct horse"), None, "key.passphrase"),
        (private_pem(ALPHA, b"correct horse"), b"wrong horse", "key.passphrase"),
        (private_pem(ALPHA, None), b"correct horse", "key.not_encrypted"),
        (b"nothing", None, "key.pem"),
        (public_pem(ALPHA.public).encode(), None, "key.pem"),
        (b"x" * 20_000, None, "key.too_large"),
    ],
)
def test_a_key_file_that_does_not_open_says_why(data, passphrase, key):
    assert refused_key(private_from_pem, data, passphrase) == key


@pytest.mark.promise("RECORD-18")
def test_public_keys_are_written_as_pem_and_as_verifier_lines_and_back():
    key = ALPHA.public
    assert public_from_pem(public_pem(key)) == key
    for cosigner in (False, True):
        named = NoteKey(RECORD, key, cosigner)
        assert note_key(named.line) == named
    line = NoteKey(RECORD, key).line
    for wrong, kind in (
        (line.replace(RECORD, "bravo.example"), "key.hash"),
        (line.replace("+", " "), "key.line"),
        (line[:-4], "key.length"),
        (f"a b+00000000+{b64encode(b'x' + key.raw).decode()}", "key.algorithm"),
        ("a+" * 5_000, "key.too_large"),
    ):
        assert refused_key(note_key, wrong) == kind
    assert refused_key(NoteKey, "two words", key) == "key.name"
    assert refused_key(public_from_pem, private_pem(ALPHA, None).decode()) == "key.private"
    assert refused_key(public_from_pem, "nothing") == "key.pem"
    assert refused_key(PublicKey, "rsa", b"") == "key.algorithm"


@pytest.mark.promise("RECORD-19")
def test_an_envelope_keeps_its_bytes_and_says_which_known_keys_signed():
    payload = b'{"zone":"kestrel-pass"}  '
    envelope = seal("application/vnd.keepclear.notice+json", payload, ALPHA.signer).also_signed(BRAVO.signer)
    opened, signers = open_sealed(
        envelope.text, "application/vnd.keepclear.notice+json", [BRAVO.public, key_named("eve").public]
    )
    assert (opened, signers) == (payload, (BRAVO.public,))
    assert read_envelope(envelope.text) == envelope


@pytest.mark.promise("RECORD-19")
@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"payload": "QQ=="}, "envelope.signature"),
        ({"payload": "QQ="}, "base64.syntax"),
        ({"payloadType": "other"}, "envelope.type"),
        ({"signatures": []}, "envelope.shape"),
        ({"signatures": [{"keyid": "x"}]}, "envelope.shape"),
        ({"signatures": [{"sig": "QQ=="}]}, "envelope.signature"),
        ({"signatures": [{"sig": "QQ=="}] * 65}, "envelope.signatures"),
        ({"more": 1}, "envelope.shape"),
        ({"payloadType": 7}, "envelope.shape"),
    ],
)
def test_an_envelope_that_was_changed_is_refused(changes, key):
    envelope = json.loads(seal("text/plain", b"clear", ALPHA.signer).text) | changes
    assert refused_key(open_sealed, json.dumps(envelope).encode(), "text/plain", [ALPHA.public]) == key


@pytest.mark.promise("RECORD-20")
def test_what_is_larger_than_its_limit_is_refused_before_it_is_read():
    with pytest.raises(LimitExceeded):
        read_checkpoint("x" * 1_000_000)
    with pytest.raises(LimitExceeded):
        note_key("x" * 1_000_000)
    with pytest.raises(LimitExceeded):
        public_from_pem("x" * 1_000_000)
    assert refused_key(check_consistency, 5, 2**53, [], bytes(32), bytes(32)) == "proof.size"
