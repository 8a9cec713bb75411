"""`keepclear record`: what a node has recorded, proofs of it for third persons, and whether a copy is what was signed."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepclear.cli.outlets import check_outputs, open_output, write_output
from keepclear.cli.paths import some_path
from keepclear.ground.errors import Refused, printable

if TYPE_CHECKING:
    from keepclear.record.checkpoint import Checkpoint
    from keepclear.record.entries import Committed
    from keepclear.record.keys import Trust
    from keepclear.store.store import Store

SHOWN_ENTRIES = 20
CHECKPOINTS_AT_ONCE = 1_000
IMPORTED_AT_ONCE = 500
IMPORTED_BYTES_AT_ONCE = 8 * 1024 * 1024
_ID = re.compile(r"(\d{1,15})(?:\.(\d{1,9}))?")
_RANGE = re.compile(r"(\d{1,15})-(\d{1,15})")
_COPY_TOML = """\
# A copy of a record that was imported. There is no key here, so nothing can be added to it.
store = "record.sqlite"
"""

_EPILOG = """\
examples:
  keepclear record show --node alpha
  keepclear record prove 417.0 --node alpha --output entered.json
  keepclear record verify entered.json --key alpha.key
  keepclear record export --node alpha --output alpha.jsonl
  keepclear record verify alpha.jsonl --key alpha.key --checkpoint alpha-in-may.txt
"""
_SHOW_EPILOG = """\
examples:
  keepclear record show 400-417 --node alpha
  keepclear record show 417.0 --node alpha
  keepclear record show --keys --node alpha > alpha.key

WHAT is an entry (417), a line of what followed from it (417.0), or a range (400-417); without it the newest entries are shown.
--keys and --checkpoint write what a verifier reads, in a pipe too: give the file of keys, by a way that they trust, to whoever shall
check proofs. With --json the keys are JSON lines.

exit codes: 0 done; 1 there is no such entry; 2 not understood
"""
_PROVE_EPILOG = """\
examples:
  keepclear record prove 417.0 --node alpha --output entered.json
  keepclear record prove --since alpha-in-may.txt --node alpha --output only-grew.json

WHAT is an entry (417) or a line of what followed from it (417.0). The file shows the entry with its body and all that followed;
--without-body leaves the body out, and its hash stays. The newest checkpoint must cover the entry.

exit codes: 0 done; 1 it cannot be proven yet; 2 not understood
"""
_VERIFY_EPILOG = """\
examples:
  keepclear record verify entered.json --key alpha.key
  keepclear record verify alpha.jsonl --key "alpha.example/keepclear+1f02ab3c+AWZv..." --checkpoint alpha-in-may.txt

FILE is a proof file, an export, or a checkpoint. No node is needed. --key is a verifier line, or a file of such lines, or a public
key in PEM; have it from somebody whom you trust. --checkpoint is one that you have kept from before: only with such a one can it be
seen that a record was rolled back or forked. On a terminal sentences, in a pipe JSON lines: docs/spec/record.md.

exit codes: 0 everything is as it was signed; 1 something is not, and it is said where; 2 not understood, or a file cannot be read
"""
_EXPORT_EPILOG = """\
example:
  keepclear record export --node alpha --output alpha.jsonl

The file holds entries up to the newest checkpoint; compress it as you like. The node may be running.

exit codes: 0 done; 1 there is nothing signed to export; 2 not understood
"""
_IMPORT_EPILOG = """\
example:
  keepclear record import alpha.jsonl --node copy-of-alpha --key alpha.key

The file is verified first, and nothing is written unless all of it is as it was signed. FOLDER is new or empty, or has a node.toml
whose database is empty. The copy can be shown, proven from, exported and replayed; it has no key and cannot go on.

exit codes: 0 done; 1 the file is not what was signed; 2 not understood
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = subparsers.add_parser(
        "record",
        help="show, prove, verify, export and import what a node has recorded",
        description="Shows the record of a node, proves entries of it, and verifies proofs and copies without a node.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="record_verb", required=True, metavar="VERB")

    show = _verb(verbs, "show", "entries of a record, its keys, its newest checkpoint", _SHOW_EPILOG, run_show)
    show.add_argument("what", metavar="WHAT", nargs="?", help="an entry, a line of one, or a range")
    _node(show)
    show.add_argument(
        "--keys", action="store_true", help="the keys of the record, as the file that `verify --key` reads"
    )
    show.add_argument("--checkpoint", action="store_true", help="the newest checkpoint")
    _json(show)

    prove = _verb(verbs, "prove", "write a proof file for a third person", _PROVE_EPILOG, run_prove)
    prove.add_argument("what", metavar="WHAT", nargs="?", help="an entry, or a line of what followed from it")
    _node(prove)
    prove.add_argument(
        "--since", type=some_path, metavar="FILE", help="prove that the record only grew since this checkpoint"
    )
    prove.add_argument("--without-body", action="store_true", help="leave the body out")
    prove.add_argument(
        "--output", type=some_path, metavar="FILE", default="-", help='where to (default: "-", standard output)'
    )

    verify = _verb(verbs, "verify", "whether proofs and copies are what was signed", _VERIFY_EPILOG, run_verify)
    verify.add_argument(
        "files",
        type=some_path,
        metavar="FILE",
        nargs="+",
        help='a proof file, an export, a checkpoint; "-": standard input',
    )
    _trust(verify)
    _json(verify)

    export = _verb(verbs, "export", "write a record, or a range of it, into one file", _EXPORT_EPILOG, run_export)
    _node(export)
    export.add_argument("--first", type=int, default=0, metavar="N", help="the first entry (default: 0)")
    export.add_argument("--end", type=int, metavar="N", help="the entry behind the last (default: all that is signed)")
    export.add_argument(
        "--output", type=some_path, metavar="FILE", default="-", help='where to (default: "-", standard output)'
    )

    imported = _verb(verbs, "import", "verify an export, and make a database of it", _IMPORT_EPILOG, run_import)
    imported.add_argument("file", type=some_path, metavar="FILE", help="an export of a whole record")
    _node(imported)
    _trust(imported)
    _json(imported)


def _verb(verbs: Any, name: str, what: str, epilog: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", type=some_path, metavar="FOLDER", required=True, help="the folder of the node")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")


def _trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key",
        type=some_path,
        metavar="FILE|LINE",
        action="append",
        default=[],
        help="a key of the record or of a cosigner; may be repeated",
    )
    parser.add_argument(
        "--checkpoint",
        type=some_path,
        metavar="FILE",
        action="append",
        default=[],
        help="a checkpoint kept from before; may be repeated",
    )


# --- show ---


def run_show(args: argparse.Namespace) -> int:
    """Shows entries, keys or the newest checkpoint."""
    from keepclear.cli.node_folder import record_to_read
    from keepclear.cli.record_words import RecordWords

    words = RecordWords(for_people=sys.stdout.isatty() and not args.json)
    with record_to_read(args.node) as store:
        if args.checkpoint:
            print(_newest(store).text, end="")
            return 0
        if args.keys:
            words = RecordWords(for_people=not args.json)  # also in a pipe: the file is what `verify --key` reads
            record, lives = _keys_of(store)
            for life in lives:
                words.key(record, life)
            return 0 if lives else 1
        if args.what and (one := _ID.fullmatch(args.what)):
            found = store.entries(int(one[1]), 1)
            if not found:
                return _no_entry(args.what)
            words.whole(found[0], None if one[2] is None else int(one[2]))
            return 0
        first, end = _range(args.what, store.size())
        end = min(end, store.size())
        for committed in store.stream(first, end):
            words.entry(committed)
        return 0 if first < end else _no_entry(args.what or "0")


def _range(what: str | None, size: int) -> tuple[int, int]:
    if what is None:
        return max(0, size - SHOWN_ENTRIES), size
    found = _RANGE.fullmatch(what)
    if not found or int(found[1]) > int(found[2]):
        mend = "An entry (417), a line of one (417.0) or a range (400-417)."
        raise Refused("record.what", "This names no entries", value=what, mend=mend)
    return int(found[1]), int(found[2]) + 1


def _no_entry(what: str) -> int:
    print(f"keepclear record: there is no entry {printable(what)}.", file=sys.stderr)
    return 1


def _keys_of(store: Store) -> tuple[str, Sequence[Any]]:
    """The name of the record and the lives of its keys, read from all of it."""
    from keepclear.record.facts import KeyEnded, KeyIntroduced, NodeBegan, fact_of
    from keepclear.record.keys import KeyHistory

    record, history = "", KeyHistory()
    for committed in store.stream():
        if committed.body is None:
            continue
        fact = fact_of(committed.entry.kind, committed.body)
        if isinstance(fact, NodeBegan):
            record = fact.origin
        elif isinstance(fact, KeyIntroduced | KeyEnded):
            history.take(committed.entry.sequence, fact)
    return record, tuple(history.lives.values())


# --- prove and export ---


def run_prove(args: argparse.Namespace) -> int:
    """Writes a proof file."""
    from keepclear.cli.node_folder import record_to_read
    from keepclear.record.proofs import proof_text, prove_growth

    if (args.what is None) == (args.since is None):
        mend = "Name an entry, or give --since a checkpoint that somebody holds."
        raise Refused("record.what", "One thing is proven at a time", mend=mend)
    check_outputs({"--output": args.output}, [args.since] if args.since else [])
    with record_to_read(args.node) as store:
        newest = _newest(store)
        if args.since:
            proof: Any = prove_growth(store.tiles, _checkpoint_in(args.since), newest)
        else:
            proof = _entry_proof(store, args.what, newest, without_body=args.without_body)
            if proof is None:
                return 1
    text = proof_text(proof)
    if args.output == "-":
        print(text, end="")
    else:
        write_output(args.output, text)
    return 0


def _entry_proof(store: Store, what: str, newest: Checkpoint, *, without_body: bool) -> Any:
    from keepclear.record.entries import Committed
    from keepclear.record.proofs import prove_entry

    one = _ID.fullmatch(what)
    if one is None:
        raise Refused("record.what", "This names no entry", value=what, mend="Such as 417, or 417.0 for a line of one.")
    found = store.entries(int(one[1]), 1)
    if not found:
        _no_entry(what)
        return None
    committed = found[0]
    if committed.entry.sequence >= newest.size:
        print(
            f"keepclear record: entry {one[1]} is not covered by a checkpoint yet; try again in a moment.",
            file=sys.stderr,
        )
        return None
    if without_body:
        committed = Committed(committed.entry, None, committed.outcome)
    return prove_entry(store.tiles, committed, newest, line=None if one[2] is None else int(one[2]))


def run_export(args: argparse.Namespace) -> int:
    """Writes an export."""
    from keepclear.cli.node_folder import progress_bar, record_to_read
    from keepclear.record.export import export_lines

    check_outputs({"--output": args.output}, [])
    with record_to_read(args.node) as store, ExitStack() as files, progress_bar("exporting") as show:
        newest = _newest(store)
        end = newest.size if args.end is None else args.end
        if not 0 <= args.first <= end <= newest.size:
            what = f"Entries 0 up to {newest.size} are signed"
            raise Refused("record.range", what, value=f"{args.first} to {end}")
        output = open_output(files, args.output)
        entries = store.stream(args.first, end)
        for number, line in enumerate(
            export_lines(store.tiles, entries, _checkpoints(store, args.first), args.first, end, newest)
        ):
            output.write(line.decode())
            if number % 1_000 == 0:
                show(min(number, end - args.first), end - args.first)
        output.flush()
    return 0


def _checkpoints(store: Store, first: int) -> Iterator[Checkpoint]:
    from keepclear.record.checkpoint import read_checkpoint

    while found := store.checkpoints(first, CHECKPOINTS_AT_ONCE):
        yield from (read_checkpoint(one.note) for one in found)
        first = found[-1].size + 1


def _newest(store: Store) -> Checkpoint:
    from keepclear.record.checkpoint import read_checkpoint

    newest = store.checkpoint()
    if newest is None:
        mend = "`keepclear serve` signs one within a second."
        raise Refused("record.nothing_signed", "Nothing of this record is signed yet", mend=mend)
    return read_checkpoint(newest.note)


# --- verify and import ---


def run_verify(args: argparse.Namespace) -> int:
    """Verifies files, and says of each what it shows or what does not fit."""
    from keepclear.cli.record_words import RecordWords
    from keepclear.cli.verifying import verified

    words = RecordWords(for_people=sys.stdout.isatty() and not args.json)
    trust, held = trust_of(args.key), [_checkpoint_in(name) for name in args.checkpoint]
    sound = [verified(name, trust, held, words) for name in args.files]
    return 0 if all(sound) else 1


def run_import(args: argparse.Namespace) -> int:
    """Verifies an export, and writes it into an empty database."""
    from keepclear.cli.record_words import RecordWords
    from keepclear.cli.verifying import export_in, verified
    from keepclear.store.store import Store

    words = RecordWords(for_people=sys.stdout.isatty() and not args.json)
    trust, held = trust_of(args.key), [_checkpoint_in(name) for name in args.checkpoint]
    head = export_in(args.file)
    if head.first:
        mend = "Export the whole record."
        raise Refused(
            "import.range", "This is a range of a record, and a copy begins with entry 0", value=head.first, mend=mend
        )
    if not verified(args.file, trust, held, words):
        return 1
    with Store.open(_database_for_copy(Path(args.node))) as store:
        if store.size():
            mend = "Name a new folder."
            raise Refused("import.not_empty", "There is a record in this database", value=store.url, mend=mend)
        _write(store, args.file)
    return 0


def _database_for_copy(folder: Path) -> str:
    from keepclear.host.config import FILE_NAME, read_config

    if not (folder / FILE_NAME).exists():
        if folder.exists() and any(folder.iterdir()):
            mend = "Name a new folder, or an empty one."
            raise Refused("import.not_empty", "There is something in this folder", value=str(folder), mend=mend)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / FILE_NAME).write_text(_COPY_TOML, "utf-8")
    return read_config(folder).store_url


def _write(store: Store, name: str) -> None:
    from keepclear.cli.verifying import parts_of
    from keepclear.record.export import ExportedCheckpoint, ExportedEntry
    from keepclear.store.writes import Checkpoint as StoredCheckpoint
    from keepclear.store.writes import Write

    entries: list[Committed] = []
    checkpoints: list[StoredCheckpoint] = []
    byte_count = at_us = 0
    for _, part in parts_of(name):
        match part:
            case ExportedEntry(committed=committed):
                entries.append(committed)
                at_us = committed.entry.at_us
                byte_count += len(committed.body or b"") + len(committed.outcome or b"")
            case ExportedCheckpoint(checkpoint=checkpoint):
                checkpoints.append(StoredCheckpoint(checkpoint.size, checkpoint.epoch, at_us, checkpoint.text))
        if len(entries) == IMPORTED_AT_ONCE or byte_count > IMPORTED_BYTES_AT_ONCE:
            store.append([Write(entries=entries, checkpoints=checkpoints)])
            entries, checkpoints, byte_count = [], [], 0
    store.append([Write(entries=entries, checkpoints=checkpoints)])


# --- keys and checkpoints that are given ---


def trust_of(given: Sequence[str]) -> Trust:
    """The keys of --key: verifier lines, files of them, or files of public keys in PEM."""
    from keepclear.ground.signing import NoteKey, note_key, public_from_pem
    from keepclear.record.keys import Trust

    keys, named = [], []
    for text in given:
        if not Path(text).exists():
            if "+" not in text:
                mend = "A line is NAME+HASH+BASE64, as `keepclear record show --keys` writes it."
                raise Refused(
                    "key.missing",
                    "This is no file that is there, and no verifier line",
                    value=text,
                    mend=mend,
                    where="--key",
                )
            lines = [text]
        else:
            content = _text_in(text, "--key")
            if "-----BEGIN" in content:
                keys.append(_of(text, public_from_pem, content))
                continue
            lines = [line for line in content.splitlines() if line.strip() and not line.startswith("#")]
        found: list[NoteKey] = [_of("--key", note_key, line) for line in lines]
        named += found
    if not keys and not named:
        mend = "Give --key: the line that `keepclear record show --keys` prints for the node, from somebody whom you trust."
        raise Refused("key.none", "Without a key nothing can be verified", mend=mend)
    return Trust(tuple(keys), tuple(named))


def _checkpoint_in(name: str) -> Checkpoint:
    from keepclear.record.checkpoint import read_checkpoint

    checkpoint: Checkpoint = _of(name, read_checkpoint, _text_in(name, "--checkpoint"))
    return checkpoint


def _text_in(name: str, option: str) -> str:
    from keepclear.record.checkpoint import CHECKPOINT_BYTES_MAX

    try:
        with Path(name).open("rb") as file:
            return file.read(CHECKPOINT_BYTES_MAX + 1).decode("utf-8")
    except OSError as error:
        what = f"The file of {option} cannot be read ({error.strerror})"
        raise Refused("file.unreadable", what, value=name) from error
    except UnicodeDecodeError as error:
        raise Refused("file.not_text", f"The file of {option} is not text", value=name) from error


def _of(name: str, read: Any, text: str) -> Any:
    try:
        return read(text)
    except Refused as refused:
        raise refused.at(f"{name}: ") from refused
