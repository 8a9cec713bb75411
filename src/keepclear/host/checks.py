"""What may be wrong with a node and the machine under it, looked at without changing anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepclear.ground.errors import Refused
from keepclear.ground.instants import duration_text, utc_text
from keepclear.host.certificate import tls_of
from keepclear.host.config import FILE_NAME, Config
from keepclear.host.folds import VIEWS
from keepclear.host.key_files import key_path, permission_fault
from keepclear.host.own_card import signing_key_id
from keepclear.host.replaying import Account, node_at
from keepclear.host.sources import declared
from keepclear.node.node import Node
from keepclear.store.store import Store

OK, WARNING, FAULT = "ok", "warning", "fault"
_CLOCK_AHEAD_US_MAX = 2_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, in words, and what to do where it is not well."""

    about: str
    how: str
    what: str
    mend: str = ""


def findings(config: Config, *, thorough: bool) -> Iterator[Finding]:
    """Everything that was looked at, in order; `thorough` reads the whole record."""
    yield from _disk(config)
    yield from _clock(config)
    yield from _files(config)
    try:
        store = Store.open(config.store_url, writable=False, create=False)
    except Refused as refused:
        yield Finding("database", FAULT, str(refused))
        return
    with store:
        yield from _database(store, thorough=thorough)
        try:
            node, account = node_at(store, store.size())
        except Refused as refused:
            yield Finding("record", FAULT, f"The record cannot be replayed: {refused}")
            return
        yield from _record(store, node, account)
        yield from _keys(config, node)
        yield from _doors(config)
        yield from _sources(config, node)


def _disk(config: Config) -> Iterator[Finding]:
    free = shutil.disk_usage(config.folder).free
    what = f"{free / 1e9:,.1f} GB are free where the node lies"
    if free < config.limits.disk_free_bytes_min:
        yield Finding("disk", FAULT, what, "Make room: a node whose disk is full stops, so that it never forgets.")
    else:
        yield Finding("disk", OK, what)


def _clock(config: Config) -> Iterator[Finding]:
    now_us = time.time_ns() // 1000
    probe = config.folder / ".clock-probe"
    try:
        probe.touch()
        apart_us = abs(int(probe.stat().st_mtime_ns // 1000) - now_us)
        probe.unlink()
    except OSError as error:
        yield Finding(
            "folder", FAULT, f"The folder cannot be written ({error.strerror})", "Check its owner and permissions."
        )
        return
    if apart_us > _CLOCK_AHEAD_US_MAX:
        yield Finding(
            "clock", WARNING, f"The disk and this machine differ by {duration_text(apart_us)}", "Check both clocks."
        )
    synchronised = _is_synchronised()
    if synchronised is None:
        yield Finding(
            "clock",
            WARNING,
            f"It is {utc_text(now_us)}; whether the clock is kept in time is not known",
            "Run an NTP client.",
        )
    elif synchronised:
        yield Finding("clock", OK, f"It is {utc_text(now_us)}, and the clock is kept in time")
    else:
        yield Finding(
            "clock", FAULT, f"It is {utc_text(now_us)}, and nothing keeps the clock in time", "Start an NTP client."
        )


def _files(config: Config) -> Iterator[Finding]:
    """Who may read and write what is the node's alone: what it is configured by, what it has recorded, what it shows its identity with."""
    if os.name != "posix":
        return
    store, doors = config.store_file, config.doors
    files = [config.folder / FILE_NAME]
    files += [store.with_name(f"{store.name}{beside}") for beside in ("", "-wal")] if store else []
    files += [config.folder / doors.key] if doors.key else []
    faults = [
        *_open_to_others([config.folder, config.keys_folder], writing_only=True),
        *_open_to_others(files, writing_only=False),
    ]
    yield from faults
    if not faults:
        yield Finding("files", OK, "configuration and record are for their owner alone")


def _open_to_others(paths: Sequence[Path], *, writing_only: bool) -> Iterator[Finding]:
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue  # not there, or said elsewhere that it cannot be read
        bits = {"written": 0o022} if writing_only else {"read": 0o044, "written": 0o022}
        open_to = [what for what, bit in bits.items() if mode & bit]
        if open_to:
            what = f"{path} can be {' and '.join(open_to)} by others than its owner"
            yield Finding("files", WARNING, what, f"chmod {'go-w' if writing_only else 'go-rwx'} {path}")


def _is_synchronised() -> bool | None:
    command = shutil.which("timedatectl")
    if command is None:
        return None
    try:
        asked = subprocess.run(
            [command, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(asked.stdout.strip())


def _database(store: Store, *, thorough: bool) -> Iterator[Finding]:
    standing = store.standing()
    yield Finding("database", OK, ", ".join(f"{name.replace('_', ' ')} {value!r}" for name, value in standing.items()))
    if thorough:
        faults = store.faults()
        for fault in faults:
            yield Finding("database", FAULT, fault, "Restore a backup; keep this copy for whoever looks into it.")
        if not faults:
            yield Finding("database", OK, "every page, every reference and the whole tree are as they should be")
    if store.restored_from() is not None:
        yield Finding(
            "record", WARNING, "This is a copy that has not been started yet", "The next start begins a new epoch."
        )
    behind = store.size() - store.progress(VIEWS)
    if behind:
        yield Finding("views", WARNING, f"{behind:,} entries are not in the views", "The next start makes them.")


def _record(store: Store, node: Node, account: Account) -> Iterator[Finding]:
    ahead_us = store.last_at_us() - time.time_ns() // 1000
    if ahead_us > _CLOCK_AHEAD_US_MAX:
        what = f"The newest entry is {duration_text(ahead_us)} ahead of this machine's clock"
        yield Finding(
            "clock", FAULT, what, "The clock was set back. Entries keep the newer time until it has caught up."
        )
    for unreadable in account.unreadable:
        yield Finding("snapshot", WARNING, unreadable, "It is passed over; a start takes longer.")
    said = f"{store.size():,} entries; {account.entries:,} replayed behind a snapshot of {account.from_size:,}"
    if account.different:
        what = f"{said}; from {account.different:,} this build concludes something else than is recorded"
        yield Finding("record", WARNING, what, "`keepclear replay` shows which. What was told stays in the record.")
    else:
        yield Finding("record", OK, f"{said}, every outcome as recorded; state {node.digest()[:16]}...")


def _keys(config: Config, node: Node) -> Iterator[Finding]:
    try:
        key_id = signing_key_id(node)
    except Refused as refused:
        yield Finding("key", FAULT, str(refused))
        return
    path = key_path(config.keys_folder, key_id)
    if os.name == "posix":
        others = sorted(set(config.keys_folder.glob("*.pem")) - {path})
        yield from _open_to_others(others, writing_only=False)
    if not path.is_file():
        yield Finding("key", FAULT, f"The signing key {key_id} is not at {path}", "docs/guides/keys.md: a lost key.")
    elif fault := permission_fault(path):
        yield Finding("key", FAULT, fault, f"chmod 600 {path}")
    else:
        encrypted = (
            "encrypted" if b"ENCRYPTED" in path.read_bytes() else "not encrypted: whoever reads the disk can sign"
        )
        yield Finding("key", OK, f"The signing key {key_id} is there, {encrypted}")


def _doors(config: Config) -> Iterator[Finding]:
    doors = config.doors
    try:
        tls = tls_of(config)
    except Refused as refused:
        yield Finding("doors", FAULT, str(refused))
        return
    if tls is None:
        yield Finding("doors", OK, f"only this machine can reach {doors.address}")
    else:
        yield Finding("doors", OK, f"{doors.address}, with a certificate")


def _sources(config: Config, node: Node) -> Iterator[Finding]:
    assert node.began is not None
    try:
        found = declared(config, node.began.party)
    except Refused as refused:
        yield Finding("sources", FAULT, str(refused))
        return
    if found:
        yield Finding("sources", OK, f"{', '.join(one.event.feed for one in found)}: their settings are understood")
