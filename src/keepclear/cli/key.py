"""`keepclear key`: the signing keys of a node, and a new one in place of the old."""

from __future__ import annotations

import argparse
import json
import sys
import time

from keepclear.cli.init import PASSPHRASE
from keepclear.cli.node_folder import add_folder, config_of_folder, instant_us, record_to_read, say
from keepclear.cli.paths import some_path

_EPILOG = """\
examples:
  keepclear key list alpha
  keepclear key change alpha --why rotated
  keepclear key change alpha --why compromised --since 2026-05-17T22:00Z --note "laptop stolen"

A change draws a new key, and records that it is used from now on and why the old one is not. The node must not be running.
What to do for a lost or a compromised key, and whom to tell: docs/guides/keys.md.

exit codes: 0 done; 2 not understood, or the node is running
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = verbs.add_parser(
        "key", help="list and change the signing keys of a node", description="The signing keys of a node.",
        epilog=_EPILOG, formatter_class=raw,
    )  # fmt: skip
    of_key = parser.add_subparsers(dest="key_verb", required=True, metavar="VERB")
    listed = of_key.add_parser(
        "list", help="every key, when it was introduced and when it ended", epilog=_EPILOG, formatter_class=raw
    )
    add_folder(listed)
    listed.set_defaults(run=run_list)
    change = of_key.add_parser(
        "change", help="a new key in place of the one in use", epilog=_EPILOG, formatter_class=raw
    )
    add_folder(change)
    change.add_argument("--why", required=True, choices=("rotated", "revoked", "lost", "compromised"))
    change.add_argument("--since", metavar="T", help="what the old key signed from then on is not to be trusted")
    change.add_argument("--note", default="", metavar="TEXT", help="in a few words, for the record")
    change.add_argument(
        "--passphrase-file",
        type=some_path,
        metavar="FILE",
        help=f"encrypt the new key with what it holds (or ${PASSPHRASE})",
    )
    change.set_defaults(run=run_change)


def run_list(args: argparse.Namespace) -> int:
    """Lists the keys, and gives the exit code."""
    from keepclear.ground.instants import utc_text
    from keepclear.ground.signing import NoteKey, public_from_pem
    from keepclear.host.bodies import event_of
    from keepclear.node.events import KeyEnded, KeyIntroduced, NodeBegan

    keys: dict[str, dict[str, str]] = {}
    origin = ""
    with record_to_read(args.folder) as store:
        for committed in store.stream():
            entry = committed.entry
            if entry.kind not in {"node_began", "key_introduced", "key_ended"} or committed.body is None:
                continue
            event = event_of(entry.kind, committed.body)
            if isinstance(event, NodeBegan):
                origin = event.origin
            elif isinstance(event, KeyIntroduced):
                line = NoteKey(origin, public_from_pem(event.public_key)).line
                keys[event.key_id] = {"key_id": event.key_id, "introduced_at": utc_text(entry.at_us), "line": line}
            elif isinstance(event, KeyEnded):
                keys[event.key_id] |= {"ended_at": utc_text(entry.at_us), "why": event.why}
    for key in keys.values():
        if not sys.stdout.isatty():
            print(json.dumps(key))
            continue
        ended = f"ended {key['ended_at']}, {key['why']}" if "why" in key else "in use"
        print(f"{key['key_id']}  introduced {key['introduced_at']}, {ended}\n  {key['line']}")
    return 0


def run_change(args: argparse.Namespace) -> int:
    """Changes the key, and gives the exit code."""
    from keepclear.host.key_files import passphrase_from
    from keepclear.host.standing_still import change_key

    new, old = change_key(
        config_of_folder(args.folder),
        why=args.why,
        since_us=instant_us(args.since, "--since") if args.since else None,
        note=args.note,
        passphrase=passphrase_from(PASSPHRASE, args.passphrase_file),
        at_us=time.time_ns() // 1000,
    )
    say(f"Key {new} is in use from the next start on; {old or 'no other'} has ended, {args.why}.")
    say(f"Give its line to everybody who checks this record: keepclear record show --keys --node {args.folder}")
    return 0
