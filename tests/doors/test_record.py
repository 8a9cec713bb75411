"""`keepclear record`: what a node has recorded, proven to somebody who has only a file and a key."""

from __future__ import annotations

import argparse
import json

import pytest

from keepclear.cli import record
from keepclear.ground.errors import Refused
from keepclear.ground.signing import NoteKey, public_pem
from keepclear.store.store import Store
from keepclear.store.writes import Checkpoint, Write
from tests.records import ALPHA, ALPHA_NEXT, BRAVO, RECORD, Recording, small_record

LINE = NoteKey(RECORD, ALPHA.public).line


def ran(*arguments):
    parser = argparse.ArgumentParser()
    record.add_parser(parser.add_subparsers())
    args = parser.parse_args(["record", *map(str, arguments)])
    return args.run(args)


def lines_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def node_of(folder, recording: Recording):
    folder.mkdir()
    (folder / "node.toml").write_text('store = "record.sqlite"\n')
    with Store.open(f"sqlite:///{folder}/record.sqlite") as store:
        signed = [Checkpoint(one.size, one.epoch, recording.at_us, one.text) for one in recording.checkpoints]
        store.append([Write(entries=recording.entries, checkpoints=signed)])
    return folder


@pytest.fixture(scope="module")
def recording():
    return small_record()


@pytest.fixture(scope="module")
def alpha(tmp_path_factory, recording):
    return node_of(tmp_path_factory.mktemp("nodes") / "alpha", recording)


def test_entries_are_shown_as_lines_in_a_pipe(alpha, capsys):
    assert ran("show", "--node", alpha) == 0
    shown = lines_of(capsys)
    assert [line["sequence"] for line in shown] == list(range(26, 46))
    assert ran("show", "3-5", "--node", alpha) == 0
    assert [line["event"] for line in lines_of(capsys)] == ["positions_arrived"] * 3
    assert ran("show", "46", "--node", alpha) == 1
    assert "there is no entry 46" in capsys.readouterr().err


def test_an_entry_and_a_line_of_it_are_shown_with_what_followed(alpha, capsys):
    ran("show", "12", "--node", alpha)
    (shown,) = lines_of(capsys)
    assert shown["lines"] == 1
    ran("show", "12.0", "--node", alpha)
    (line,) = lines_of(capsys)
    assert json.loads(line["followed"][0])["subject"] == "d-12"
    with pytest.raises(Refused, match="1 line followed"):
        ran("show", "12.1", "--node", alpha)


def test_keys_are_shown_as_the_lines_that_a_verifier_takes(alpha, capsys):
    assert ran("show", "--keys", "--node", alpha, "--json") == 0
    shown = lines_of(capsys)
    assert [line["line"] for line in shown] == [LINE, NoteKey(RECORD, ALPHA_NEXT.public).line]
    assert [(line["why"], line["ended"]) for line in shown] == [("rotated", 21), ("", None)]


def test_the_file_of_keys_that_the_guide_writes_verifies_what_the_node_proves(alpha, tmp_path, capsys):
    key, proof = tmp_path / "alpha.key", tmp_path / "entered.json"
    assert ran("show", "--keys", "--node", alpha) == 0
    key.write_text(capsys.readouterr().out)
    assert ran("prove", "12.0", "--node", alpha, "--output", proof) == 0
    assert ran("verify", proof, "--key", key) == 0
    assert key.read_text().splitlines()[1::2] == [LINE, NoteKey(RECORD, ALPHA_NEXT.public).line]


def test_a_line_is_proven_to_somebody_who_has_the_file_and_the_key(alpha, tmp_path, capsys):
    proof = tmp_path / "entered.json"
    assert ran("prove", "12.0", "--node", alpha, "--output", proof) == 0
    assert ran("verify", proof, "--key", NoteKey(RECORD, ALPHA_NEXT.public).line) == 0
    (said,) = lines_of(capsys)
    assert (said["kind"], said["sequence"], said["line"]) == ("proven", 12, 0)
    assert json.loads(said["shown_line"])["zone"] == "kestrel-pass"


def test_a_changed_proof_is_not_proven_and_the_place_is_said(alpha, tmp_path, capsys):
    proof = tmp_path / "entered.json"
    ran("prove", "12", "--node", alpha, "--output", proof)
    proof.write_text(proof.read_text().replace("d-12", "d-13"))
    assert ran("verify", proof, "--key", NoteKey(RECORD, ALPHA_NEXT.public).line) == 1
    (said,) = lines_of(capsys)
    assert (said["kind"], said["key"], said["where"]) == ("error", "proof.outcome", "$.outcome")


def test_a_proof_can_be_handed_over_without_the_body(alpha, tmp_path, capsys):
    proof = tmp_path / "entered.json"
    ran("prove", "12", "--node", alpha, "--output", proof, "--without-body")
    assert "body" not in json.loads(proof.read_text())
    assert ran("verify", proof, "--key", NoteKey(RECORD, ALPHA_NEXT.public).line) == 0


def test_a_record_that_only_grew_is_proven_against_a_checkpoint_held_from_before(alpha, tmp_path, recording, capsys):
    held, proof = tmp_path / "held.txt", tmp_path / "grew.json"
    held.write_text(recording.checkpoints[2].text)
    assert ran("prove", "--since", held, "--node", alpha, "--output", proof) == 0
    keys = ["--key", LINE, "--key", NoteKey(RECORD, ALPHA_NEXT.public).line]
    assert ran("verify", proof, *keys, "--checkpoint", held) == 0
    assert [(line["kind"], line["older_size"], line["size"]) for line in lines_of(capsys)] == [("grew", 14, 46)]


def test_a_whole_record_is_exported_verified_imported_and_exported_again_with_the_same_bytes(alpha, tmp_path, capsys):
    first, second, key = tmp_path / "alpha.jsonl", tmp_path / "again.jsonl", tmp_path / "alpha.pem"
    key.write_text(public_pem(ALPHA.public))
    assert ran("export", "--node", alpha, "--output", first) == 0
    assert ran("verify", first, "--key", key) == 0
    assert lines_of(capsys)[-1]["sound"] is True
    assert ran("import", first, "--node", tmp_path / "copy", "--key", key) == 0
    assert ran("export", "--node", tmp_path / "copy", "--output", second) == 0
    assert second.read_bytes() == first.read_bytes()
    with pytest.raises(Refused, match="There is a record in this database"):
        ran("import", first, "--node", tmp_path / "copy", "--key", key)


def test_a_changed_export_is_not_imported(alpha, tmp_path, capsys):
    file = tmp_path / "alpha.jsonl"
    ran("export", "--node", alpha, "--output", file)
    file.write_bytes(file.read_bytes().replace(b'"by":"feed:ais-1"', b'"by":"feed:ais-2"', 1))
    assert ran("import", file, "--node", tmp_path / "copy", "--key", LINE) == 1
    assert not (tmp_path / "copy").exists()
    said = lines_of(capsys)
    assert [(line["key"], line["first"]) for line in said if line["kind"] == "error"] == [("record.entry_changed", 2)]


def test_a_checkpoint_held_from_before_shows_a_rollback(alpha, tmp_path, recording, capsys):
    old = node_of(tmp_path / "old", recording.up_to(21))
    ran("export", "--node", old, "--output", tmp_path / "old.jsonl")
    (tmp_path / "held.txt").write_text(recording.checkpoints[-1].text)
    keys = ["--key", LINE, "--key", NoteKey(RECORD, ALPHA_NEXT.public).line]
    assert ran("verify", tmp_path / "old.jsonl", *keys) == 0
    capsys.readouterr()
    assert ran("verify", tmp_path / "old.jsonl", *keys, "--checkpoint", tmp_path / "held.txt") == 1
    assert "record.rolled_back" in {line.get("key") for line in lines_of(capsys)}


def test_a_key_of_somebody_else_proves_nothing(alpha, tmp_path, capsys):
    proof = tmp_path / "entered.json"
    ran("prove", "12", "--node", alpha, "--output", proof)
    assert ran("verify", proof, "--key", NoteKey(RECORD, BRAVO.public).line) == 1
    assert ran("verify", proof, "--key", NoteKey("bravo.example/keepclear", ALPHA_NEXT.public).line) == 1
    assert [line["key"] for line in lines_of(capsys)] == ["checkpoint.unsigned"] * 2


def test_without_a_key_or_with_a_private_one_nothing_is_verified(tmp_path):
    from keepclear.ground.signing import private_pem

    with pytest.raises(Refused, match="Without a key"):
        ran("verify", tmp_path / "x.json")
    (tmp_path / "private.pem").write_bytes(private_pem(ALPHA, None))
    with pytest.raises(Refused, match="This is a private key"):
        ran("verify", tmp_path / "x.json", "--key", tmp_path / "private.pem")


def test_people_get_sentences(alpha, tmp_path, capsys, monkeypatch):
    proof, file = tmp_path / "entered.json", tmp_path / "alpha.jsonl"
    ran("prove", "12.0", "--node", alpha, "--output", proof)
    ran("export", "--node", alpha, "--output", file)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ran("verify", proof, file, "--key", LINE, "--key", NoteKey(RECORD, ALPHA_NEXT.public).line)
    said = capsys.readouterr().out
    assert "proven. Entry 12 of alpha.example/keepclear is positions_arrived, given by feed:ais-1." in said
    assert "46 entries of alpha.example/keepclear from 0 on: everything is as it was signed." in said
    assert "7 checkpoints by keys" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["verify", "x.json", "--key", ""], "argument --key: this is empty", id="a key"),
        pytest.param(["show", "--node", ""], "argument --node: this is empty", id="a node"),
        pytest.param(["verify", "", "--key", LINE], "argument FILE: this is empty", id="a file"),
    ],
)
def test_an_empty_path_is_refused_and_does_not_mean_the_folder_one_stands_in(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        ran(*arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (":", "--key: This is no file that is there, and no verifier line (given: :)"),
        (".", "The file of --key cannot be read (Is a directory) (given: .)"),
        ("a+b", "--key: This is not a verifier line (given: a+b)"),
    ],
)
def test_of_a_key_that_is_none_it_is_said_what_is_wrong(key, said):
    with pytest.raises(Refused) as refused:
        ran("verify", "x.json", "--key", key)
    assert str(refused.value).startswith(said)
