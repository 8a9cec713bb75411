"""`keepclear serve`: runs a node until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
from pathlib import Path

from keepclear.cli.init import PASSPHRASE
from keepclear.cli.node_folder import add_folder, config_of_folder, keep_private, progress_bars, say
from keepclear.cli.paths import some_path

# A thread that wants to reckon waits so long at the most for another that does; Python would let the loop wait for 5 ms.
SWITCH_S = 0.0005

EPILOG = """\
examples:
  keepclear serve alpha
  keepclear serve new-folder
  KEEPCLEAR_PASSPHRASE=... keepclear serve alpha

In a folder without anything in it, or one that is not there, it prints an address with a one-time code: there a node is made, or the
example is looked at. That address is on this machine only, and is of no use once the node is made or the program has ended.

It says where it listens, and runs until Ctrl-C or SIGTERM; then everything that was taken is made durable first. As long as nobody
can sign in, it prints a link of an hour with which an administrator chooses a password (docs/guides/people.md). Programs need a token,
on this machine too. The interface is described at ADDRESS/v1/docs (docs/reference/api.md).

exit codes: 0 stopped; 2 not understood, or the record cannot be gone on with; 3 the node failed: start it again, it goes on from
what is durable
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "serve", help="run a node",
        description="Runs the node in a folder: its doors, its feeds, its record.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add_folder(parser)
    parser.add_argument(
        "--passphrase-file", type=some_path, metavar="FILE", help=f"opens the signing key (or ${PASSPHRASE})"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the node, and gives the exit code."""
    from keepclear.cli import cache_folder
    from keepclear.host.clock import WallClock
    from keepclear.host.doors import ServerFailed
    from keepclear.host.first_run import is_empty
    from keepclear.host.key_files import passphrase_from
    from keepclear.host.serving import loop_factory, opened, serve

    keep_private()
    _allow_many_files()
    if cache_folder.is_cold():
        # Before a feed is heard: what came meanwhile would be dated late.
        subprocess.run([sys.executable, "-m", "keepclear.cli.warming"], check=False)
    passphrase = passphrase_from(PASSPHRASE, args.passphrase_file)
    try:
        if is_empty(Path(args.folder)) and not _made(Path(args.folder), passphrase):
            say("Stopped; there is no node yet.")
            return 0
        config = config_of_folder(args.folder)
        with progress_bars() as show, opened(config, passphrase=passphrase, progress=show) as found:
            account = found.account
            if account.different:
                say(
                    f"This build concludes something else than is recorded from {account.different:,} entries (keepclear replay)."
                )
            if found.node.exercise:
                say("EXERCISE: everything this node holds is an exercise.")
            _settle()
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                return runner.run(serve(found, clock=WallClock(), told=say))
    except ServerFailed as failed:
        print(f"keepclear: {failed}", file=sys.stderr)
        return 3


def _made(folder: Path, passphrase: bytes | None) -> bool:
    """Waits until somebody has made a node in this folder; false: it was stopped before."""
    from keepclear.cli.example_beside import ExampleBeside
    from keepclear.host.clock import WallClock
    from keepclear.host.first_run import set_up
    from keepclear.host.serving import loop_factory

    async def made() -> bool:
        async with ExampleBeside() as example:
            return await set_up(folder, passphrase=passphrase, clock=WallClock(), told=say, example=example.address)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(made())


def _settle() -> None:
    """What was read at the start stays: the collector need not walk it. And the loop waits less for a thread that is reckoning."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)


def _allow_many_files() -> None:
    """As many open files as the system lets us have: each connection is one."""
    try:
        import resource
    except ImportError:  # there is none on Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
