"""`keepclear doctor` and `keepclear status`: whether a node is well, and how it does."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from keepclear.cli.asked_node import TOKEN, trusting
from keepclear.cli.node_folder import add_folder, config_of_folder, record_to_read, say
from keepclear.ground.errors import Refused, printable

if TYPE_CHECKING:
    from keepclear.host.config import Config

_DOCTOR = """\
examples:
  keepclear doctor alpha
  keepclear doctor alpha --thorough
  keepclear doctor alpha --strict

Looks at the disk, the clock, who may read the files, the database, the record, the signing key, the doors and the sources of a node,
and says what is not well and what to do. Nothing is changed. The node may be running.

exit codes: 0 well, warnings or not; 1 there is a fault, or with --strict a warning; 2 not understood
"""
_STATUS = f"""\
examples:
  keepclear status alpha
  {TOKEN}=kc_... keepclear status alpha

Whether the node is running, and how far its record has come; with a token also its feeds. In a pipe one JSON object.

exit codes: 0 it is running; 1 it is not; 2 not understood
"""
_MARKS = {"ok": "  ok     ", "warning": "  WARNING", "fault": "  FAULT  "}


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verbs to the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    doctor = verbs.add_parser(
        "doctor", help="is a node well?", description="Looks for what is not well with a node and its machine.",
        epilog=_DOCTOR, formatter_class=raw,
    )  # fmt: skip
    add_folder(doctor)
    doctor.add_argument("--thorough", action="store_true", help="read the whole database, every page and reference")
    doctor.add_argument("--strict", action="store_true", help="exit with 1 for a warning too")
    doctor.set_defaults(run=run_doctor)
    status = verbs.add_parser(
        "status", help="is a node running, and how far has its record come?", description="How a node does.",
        epilog=_STATUS, formatter_class=raw,
    )  # fmt: skip
    add_folder(status)
    status.set_defaults(run=run_status)


def run_doctor(args: argparse.Namespace) -> int:
    """Looks, and gives the exit code."""
    from dataclasses import asdict

    from keepclear.host.checks import FAULT, WARNING, findings

    not_well, well = {FAULT, WARNING} if args.strict else {FAULT}, True
    for finding in findings(config_of_folder(args.folder), thorough=args.thorough):
        well = well and finding.how not in not_well
        if not sys.stdout.isatty():
            print(json.dumps(asdict(finding), ensure_ascii=False))
            continue
        print(printable(f"{_MARKS[finding.how]} {finding.about}: {finding.what}."))
        if finding.mend:
            print(printable(f"            {finding.mend}"))
    return 0 if well else 1


def run_status(args: argparse.Namespace) -> int:
    """Says how the node does, and gives the exit code."""
    from keepclear.ground.instants import utc_text

    config = config_of_folder(args.folder)
    with record_to_read(args.folder) as store:
        size, last_us, checkpoint = store.size(), store.last_at_us(), store.checkpoint()
    answers = _asked(config, "/healthz") is not None
    said: dict[str, Any] = {
        "running": answers and not _is_free(config),
        "address": config.doors.address,
        "size": size,
        "newest_at": utc_text(last_us),
        "signed_size": 0 if checkpoint is None else checkpoint.size,
    }
    token = os.environ.get(TOKEN, "")
    if said["running"] and token:
        said["feeds"] = json.loads(_asked(config, "/v1/feeds", token) or b"{}").get("items", [])
    if not sys.stdout.isatty():
        print(json.dumps(said, ensure_ascii=False))
        return 0 if said["running"] else 1
    say(f"{'Running' if said['running'] else 'NOT running'} at {config.doors.address}.")
    if answers and not said["running"]:
        say("Another program answers there: give this node a port of its own in node.toml, under doors.port.")
    say(f"{size:,} entries, the newest of {said['newest_at']}; signed up to {said['signed_size']:,}.")
    for feed in said.get("feeds", []):
        say(f"  feed {feed['id']}: last heard {feed.get('last_heard') or 'never'}, {feed.get('refused', 0)} refused")
    return 0 if said["running"] else 1


def _is_free(config: Config) -> bool:
    """Whether no process writes the record, so that it is another node that answers at the address of this one."""
    from keepclear.store.store import Store

    try:
        Store.open(config.store_url, create=False).close()
    except Refused:
        return False
    return True


def _asked(config: Config, path: str, token: str = "") -> bytes | None:
    """What the node answers; None where it does not. With TLS it must show the very certificate that node.toml names."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(config.doors.address + path, headers=headers)
    context = trusting(config)
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return bytes(answer.read())
    except OSError:
        return None
