"""`keepclear backup`, `keepclear restore` and `keepclear views`: copies of a node's database, and its views made anew."""

from __future__ import annotations

import argparse
import time

from keepclear.cli.node_folder import add_folder, config_of_folder, keep_private, progress_bar, say
from keepclear.cli.paths import some_path
from keepclear.cli.stopping import Stop

_BACKUP = """\
examples:
  keepclear backup alpha alpha-2026-05-18.sqlite

The node may run meanwhile. The copy holds the record and everything beside it, but no signing key: keep the keys folder apart.

exit codes: 0 done; 2 not understood, or the file is there already; 130 stopped, with nothing left behind
"""
_RESTORE = """\
examples:
  keepclear restore alpha-2026-05-18.sqlite alpha

Puts a backup into the place that node.toml in FOLDER names, which must be empty: a file, or a PostgreSQL database. The node that
goes on from it begins a new epoch of its record, so that an honest restore is not taken for a fork (docs/guides/backup.md).

exit codes: 0 done; 2 not understood, or there is a database already; 130 stopped
"""
_VIEWS = """\
examples:
  keepclear views rebuild alpha

Drops what the record was turned into for questions, and makes it again. The node must not be running. If it is stopped on the way,
the next start of the node goes on with it.

exit codes: 0 done; 2 not understood, or the node is running; 130 stopped
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verbs to the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    backup = verbs.add_parser(
        "backup", help="copy a node's database while it runs", description="Copies the database of a node into one new file.",
        epilog=_BACKUP, formatter_class=raw,
    )  # fmt: skip
    add_folder(backup)
    backup.add_argument("file", type=some_path, metavar="FILE", help="the copy; must not be there yet")
    backup.set_defaults(run=run_backup)
    restore = verbs.add_parser(
        "restore", help="put a backup in a node's place", description="Makes the database of a node from a backup.",
        epilog=_RESTORE, formatter_class=raw,
    )  # fmt: skip
    restore.add_argument("file", type=some_path, metavar="FILE", help="a copy that `keepclear backup` made")
    add_folder(restore)
    restore.set_defaults(run=run_restore)
    views = verbs.add_parser(
        "views", help="make a node's views anew", description="Makes anew what the record was turned into for questions.",
        epilog=_VIEWS, formatter_class=raw,
    )  # fmt: skip
    of_views = views.add_subparsers(dest="views_verb", required=True, metavar="VERB")
    rebuild = of_views.add_parser(
        "rebuild", help="drop the views and make them from the record", epilog=_VIEWS, formatter_class=raw
    )
    add_folder(rebuild)
    rebuild.set_defaults(run=run_rebuild)


def run_backup(args: argparse.Namespace) -> int:
    """Copies, and gives the exit code."""
    from keepclear.store.backup import Stopped, backup

    keep_private()
    url = config_of_folder(args.folder).store_url
    with Stop() as stop, progress_bar("copying") as show:
        try:
            size = backup(url, args.file, at_us=time.time_ns() // 1000, progress=show, stop=lambda: stop.asked)
        except Stopped:
            say("Stopped; nothing was left behind.")
            return 130
    say(f"{size:,} entries are in {args.file}. The signing key is not among them.")
    return 0


def run_restore(args: argparse.Namespace) -> int:
    """Restores, and gives the exit code."""
    from keepclear.store.backup import Stopped, restore

    keep_private()
    url = config_of_folder(args.folder).store_url
    with Stop() as stop, progress_bar("copying") as show:
        try:
            size = restore(args.file, url, at_us=time.time_ns() // 1000, progress=show, stop=lambda: stop.asked)
        except Stopped:
            say("Stopped; nothing was left behind.")
            return 130
    say(f"{size:,} entries are restored. When the node is started it begins a new epoch of its record.")
    return 0


def run_rebuild(args: argparse.Namespace) -> int:
    """Makes the views anew, and gives the exit code."""
    from keepclear.host.folds import rebuild_views
    from keepclear.store.store import Store

    with Store.open(config_of_folder(args.folder).store_url, create=False) as store:
        with Stop() as stop, progress_bar("making views") as show:
            store.drop_views()
            if not rebuild_views(store, show, lambda: stop.asked):
                say("Stopped; the next start of the node goes on with it.")
                return 130
        say(f"The views of {store.size():,} entries are made.")
    return 0
