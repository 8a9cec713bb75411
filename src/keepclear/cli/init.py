"""`keepclear init`: a new node in a folder, with its key and its first token."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from keepclear.cli.node_folder import keep_private, say
from keepclear.cli.outlets import silence_stdout
from keepclear.cli.paths import some_path
from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.host.beginning import Begun

PASSPHRASE = "KEEPCLEAR_PASSPHRASE"
EPILOG = """\
examples:
  keepclear init alpha --party alpha
  keepclear init alpha --party alpha --name "Alpha" --user otto:watch_officer --user petra:planner
  keepclear init drill --party alpha --exercise

The first token is the administrator's. It is shown once and is nowhere on disk: keep it. An administrator admits people and
issues tokens; it is a planner who agrees on zones and a watch officer who looks after alerts (docs/spec/access.md).
--user gives people their tokens at once.

exit codes: 0 done; 2 not understood, there is something in the folder, or the node could not be made: then nothing is left of it,
or it is said what
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "init", help="make a new node",
        description="Makes a node in a new folder: its configuration, its signing key, its record, and the first token.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folder", type=some_path, metavar="FOLDER", help="where to make it; must be new or empty")
    parser.add_argument("--party", required=True, metavar="ID", help="the party whose node it is, such as alpha")
    parser.add_argument("--name", metavar="TEXT", help="what the party is called (default: its id)")
    parser.add_argument(
        "--origin", metavar="NAME", help="the name of the record, unique in the world, as alpha.example/keepclear"
    )
    parser.add_argument("--exercise", action="store_true", help="everything this node ever holds is an exercise")
    parser.add_argument(
        "--user", action="append", default=[], metavar="ID:ROLE", help="admit somebody at once and show the token"
    )
    parser.add_argument(
        "--store", type=some_path, metavar="URL", help="postgresql://USER@HOST/NAME (default: a file in the folder)"
    )
    parser.add_argument(
        "--passphrase-file",
        type=some_path,
        metavar="FILE",
        help=f"encrypt the signing key with what it holds (or ${PASSPHRASE})",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Makes the node, and gives the exit code."""
    import secrets

    from keepclear.host.beginning import begin
    from keepclear.host.key_files import passphrase_from

    keep_private()
    begun = begin(
        Path(args.folder),
        party=args.party,
        party_name=args.name or args.party,
        origin=args.origin or f"keepclear.invalid/{args.party}-{secrets.token_hex(6)}",
        exercise=args.exercise,
        users=[_user(text) for text in args.user],
        store=args.store or "",
        passphrase=passphrase_from(PASSPHRASE, args.passphrase_file),
        at_us=time.time_ns() // 1000,
    )
    try:
        _show(begun, args)
        sys.stdout.flush()
    except OSError as error:
        silence_stdout()
        what = f"The node is made, but its tokens could not be written ({error.strerror}), and are nowhere else"
        mend = "Remove the folder, and make the node again."
        raise Refused("init.not_shown", what, value=str(begun.folder), mend=mend) from error
    return 0


def _show(begun: Begun, args: argparse.Namespace) -> None:
    if not sys.stdout.isatty():
        tokens = {user: token for user, _, token in begun.tokens}
        print(
            json.dumps({"folder": str(begun.folder), "origin": begun.origin, "key": begun.key.line, "tokens": tokens})
        )
        return
    say(f"A new node of {args.party} is in {begun.folder}{', for exercises only' if args.exercise else ''}.")
    print("Tokens, shown this once:")
    for user, role, token in begun.tokens:
        print(f"  {user:<12} {role:<14} {token}")
    print("Its public key, for whoever is to check its record:")
    print(f"  {begun.key.line}")
    say(f"Start it with: keepclear serve {args.folder}")


def _user(text: str) -> tuple[str, str]:
    user, colon, role = text.partition(":")
    if not colon:
        raise Refused("option.user", "A user is an id and a role", value=text, mend="For example otto:watch_officer.")
    return user, role
