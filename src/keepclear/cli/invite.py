"""`keepclear invite`: a link with which somebody chooses a password."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from keepclear.cli.asked_node import EXIT_CODES, TOKEN, asked_node, in_path
from keepclear.cli.node_folder import add_folder, config_of_folder, keep_private, say
from keepclear.cli.paths import some_path
from keepclear.ground.errors import Refused

EPILOG = f"""\
examples:
  keepclear invite alpha otto
  keepclear invite alpha otto --token-file admin.token

The link is printed once, and is kept nowhere. Whoever opens it chooses the password of that user, so give it by a way on which nobody
else reads along. One that was made before for the same user is not accepted any more.

A node that runs is asked, with the token of an administrator (${TOKEN}, or --token-file). One that does not run is written to, by
whoever may; the record says then that the node itself has invited.

{EXIT_CODES}"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "invite", help="let somebody choose a password",
        description="Prints a link with which a user of the node chooses a password, once.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add_folder(parser)
    parser.add_argument("user", metavar="USER", help="the id of the user")
    parser.add_argument(
        "--token-file", type=some_path, metavar="FILE", help=f"the token of an administrator (or ${TOKEN})"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Makes the invitation, and gives the exit code."""
    from keepclear.ground.instants import utc_text
    from keepclear.host.standing_still import invite

    keep_private()
    config = config_of_folder(args.folder)
    try:
        code, until_us = invite(config, args.user, at_us=time.time_ns() // 1000)
        path, until = f"/#/invite/{code}", utc_text(until_us)
    except Refused as refused:
        if refused.key != "store.in_use":
            raise
        args.node, args.certificate = str(Path(args.folder)), None
        made = asked_node(args).post(f"/v1/users/{in_path(args.user)}/invites", {})
        path, until = made["path"], made["until"]
    reached_at = (*config.doors.origins, config.doors.address)[0]
    if sys.stdout.isatty():
        print(f"{reached_at}{path}")
    else:
        print(json.dumps({"user": args.user, "link": f"{reached_at}{path}", "until": until}))
    say(f"Shown this once. Until {until}, whoever opens it chooses the password of {args.user}.")
    return 0
