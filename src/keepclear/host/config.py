"""The one file that a node is configured by, `node.toml`, as one frozen value. Every limit of the host has its name here.

What decides what a node concludes (its zones, rules, users, feeds) is not here: that is in the record. Here is what concerns this
machine: where the disk is, which doors are open, how much may wait.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keepclear.api.origin import is_origin
from keepclear.ground.errors import Refused
from keepclear.ground.quantities import parse_duration_us

FILE_NAME = "node.toml"
DATABASE_NAME = "record.sqlite"
KEYS_NAME = "keys"
PORT = 7117
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Limits:
    """How much of everything. Each can be set under [limits] in node.toml.

    inbox_events_max         events that may wait for their commit; then HTTP answers 429, and feeds keep the newest of each subject
    inbox_bytes_max          bytes of events that may wait; the same
    commit_events_max        events in one commit
    commit_bytes_max         bytes in one commit
    body_bytes_max           of one HTTP request
    rows_max                 of one batch of positions
    page_max                 items of one page of an answer
    requests_per_minute      of one user, beyond a burst of as many; then 429
    replays_waiting_max      questions about the past that may wait for its replay, the one under way included; then 429
    connections_max          connections in all; beyond, the one that has been silent longest is closed
    connections_of_an_address_max   of one address
    header_bytes_max         of one request, before its body
    request_wait_us          how long a connection may take to agree on keys, to say a request, or to say the next one
    streams_max              streams that may be open at once
    stream_lines_waiting_max lines that may wait for one slow reader; then its stream ends, and it resumes
    checkpoint_every_us      how often the root of the record is signed while events come in
    snapshot_every_entries   a snapshot of the whole state is kept every so many entries: a restart replays at most these
    positions_kept_us        bodies of positions older than this may be dropped behind a snapshot; None: never
    answers_kept_us          how long an idempotency key is remembered
    accesses_kept_us         how long the access log is kept
    session_idle_us          a session ends when nothing was asked in it for so long
    session_longest_us       and so long after its beginning, whatever was asked
    invitation_us            how long an invitation may be taken
    disk_free_bytes_min      less free disk than this is an alarm of `doctor` and of the status
    drain_us                 how long a shutdown waits for what was begun
    """

    inbox_events_max: int = 10_000
    inbox_bytes_max: int = 256 * 1024 * 1024
    commit_events_max: int = 1_000
    commit_bytes_max: int = 16 * 1024 * 1024
    body_bytes_max: int = 32 * 1024 * 1024
    rows_max: int = 200_000
    page_max: int = 1_000
    requests_per_minute: int = 6_000
    replays_waiting_max: int = 8
    connections_max: int = 2_000
    connections_of_an_address_max: int = 500
    header_bytes_max: int = 65_536
    request_wait_us: int = 15_000_000
    streams_max: int = 200
    stream_lines_waiting_max: int = 10_000
    checkpoint_every_us: int = 1_000_000
    snapshot_every_entries: int = 20_000
    positions_kept_us: int | None = None
    answers_kept_us: int = 86_400_000_000
    accesses_kept_us: int = 400 * 86_400_000_000
    session_idle_us: int = 12 * 3_600_000_000
    session_longest_us: int = 7 * 86_400_000_000
    invitation_us: int = 72 * 3_600_000_000
    disk_free_bytes_min: int = 1_000_000_000
    drain_us: int = 10_000_000


# The least and the greatest that each may be set to in node.toml. Below, a node would refuse everything or be busy with itself; above,
# the limit would be none.
LIMITS: dict[str, tuple[int, int] | tuple[str, str]] = {
    "inbox_events_max": (1, 1_000_000),
    "inbox_bytes_max": (1_048_576, 1_099_511_627_776),
    "commit_events_max": (1, 1_000_000),
    "commit_bytes_max": (65_536, 1_073_741_824),
    "body_bytes_max": (65_536, 1_073_741_824),
    "rows_max": (1, 10_000_000),
    "page_max": (1, 100_000),
    "requests_per_minute": (1, 1_000_000_000),
    "replays_waiting_max": (1, 1_000),
    "connections_max": (1, 1_000_000),
    "connections_of_an_address_max": (1, 1_000_000),
    "header_bytes_max": (1_024, 1_048_576),
    "request_wait_us": ("1 s", "1 h"),
    "streams_max": (1, 100_000),
    "stream_lines_waiting_max": (10, 10_000_000),
    "checkpoint_every_us": ("10 ms", "1 d"),
    "snapshot_every_entries": (100, 1_000_000_000),
    "positions_kept_us": ("1 min", "36500 d"),
    "answers_kept_us": ("1 min", "36500 d"),
    "accesses_kept_us": ("1 min", "36500 d"),
    "session_idle_us": ("1 min", "365 d"),
    "session_longest_us": ("1 min", "365 d"),
    "invitation_us": ("1 min", "30 d"),
    "disk_free_bytes_min": (0, 1_000_000_000_000_000),
    "drain_us": ("1 s", "1 h"),
}
_REASONS = {"snapshot_every_entries": "A snapshot holds the whole state and is an entry itself."}
_EVERY = ("1 s", "1 d")
_PORTS = (0, 65_535)
LINKS: dict[str, tuple[int, int] | tuple[str, str]] = {
    "port": _PORTS,
    "poll_wait_us": ("1 s", "5 min"),
    "request_wait_us": ("1 s", "1 h"),
}


@dataclass(frozen=True)
class Doors:
    """Where the node listens. Beyond loopback only with a certificate and its key (PEM files).

    origins  what browsers reach the console by where that is not this address, as "https://alpha.example" """

    host: str = "127.0.0.1"
    port: int = PORT
    certificate: str = ""
    key: str = ""
    origins: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """What a person types."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"


@dataclass(frozen=True)
class Heartbeat:
    """A sign of life for somebody outside, so that a dead node is noticed: a file that is written, an address that is asked for."""

    every_us: int = 60_000_000
    file: str = ""
    url: str = ""


@dataclass(frozen=True)
class Links:
    """Where the nodes of peers are answered, and how calls to them are made. Always with TLS, by the certificates on the cards.

    port             None: nobody is answered; this node calls
    poll_wait_us     how long a peer that is called may hold its answer back until it has something for this node
    request_wait_us  as in `Limits`, of peers: on a poor link a handshake takes a minute, and a connection is worth keeping"""

    host: str = "127.0.0.1"
    port: int | None = None
    poll_wait_us: int = 50_000_000
    request_wait_us: int = 120_000_000


@dataclass(frozen=True)
class Config:
    """Everything that node.toml says. `folder` is where it lies; paths in it are relative to that."""

    folder: Path
    store: str = DATABASE_NAME
    doors: Doors = Doors()
    limits: Limits = Limits()
    heartbeat: Heartbeat = Heartbeat()
    links: Links = Links()
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def keys_folder(self) -> Path:
        """Where the signing keys lie."""
        return self.folder / KEYS_NAME

    @property
    def store_url(self) -> str:
        """The database as SQLAlchemy names it."""
        return self.store if "://" in self.store else f"{_SQLITE}{self.folder / self.store}"

    @property
    def store_file(self) -> Path | None:
        """The file of the database; None where a server has it."""
        return Path(self.store_url.removeprefix(_SQLITE)) if self.store_url.startswith(_SQLITE) else None


def read_config(folder: Path) -> Config:
    """The configuration in this folder; raises `Refused` with the path of what is wrong."""
    path = folder / FILE_NAME
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        mend = "`keepclear init FOLDER` makes one."
        raise Refused("config.missing", "There is no node in this folder", value=str(folder), mend=mend) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("config.unreadable", f"The file cannot be read ({error})", value=str(path)) from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(
            "config.not_toml", f"This is not TOML ({error})", value=str(path), mend="Mend that line."
        ) from error
    try:
        return config_of(tables, folder)
    except Refused as refused:
        raise refused.at(f"{path}: ") from refused


def config_of(tables: Mapping[str, Any], folder: Path) -> Config:
    """The configuration that these TOML tables are."""
    known = {"store", "doors", "limits", "heartbeat", "links", "sources"}
    _only_known(tables, known, "")
    store = tables.get("store", DATABASE_NAME)
    if not isinstance(store, str) or not store or "\0" in store:
        raise Refused("config.store", "The store is no path and no address of a database", value=store, where="store")
    doors = _filled(Doors, _table(tables, "doors"), "doors", {"port": _PORTS})
    heartbeat = _filled(Heartbeat, _table(tables, "heartbeat"), "heartbeat", {"every_us": _EVERY})
    limits = _filled(Limits, _table(tables, "limits"), "limits", LIMITS)
    links = _filled(Links, _table(tables, "links"), "links", LINKS)
    _check_doors(doors)
    _check_written(heartbeat.file, folder, store, doors)
    if heartbeat.url and not _can_be_asked(heartbeat.url):
        mend = "For example https://example.org/ping/alpha."
        raise Refused(
            "config.url", "This is no address to ask for", value=heartbeat.url, mend=mend, where="heartbeat.url"
        )
    sources = _table(tables, "sources")
    for name, source in sources.items():
        if not isinstance(source, Mapping):
            raise Refused("config.not_a_table", "This is not a table", value=source, where=f"sources.{name}")
    return Config(folder, store, doors, limits, heartbeat, links, sources)


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, Mapping):
        raise Refused("config.not_a_table", "This is not a table", value=table, mend=f"Write [{name}].", where=name)
    return table


def _only_known(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            mend = f"Known here: {', '.join(sorted(known))}."
            raise Refused("config.unknown", "There is no such setting", value=name, mend=mend, where=where)


def _filled(
    kind: Any, table: Mapping[str, Any], where: str, ranges: Mapping[str, tuple[int, int] | tuple[str, str]]
) -> Any:
    """A value of this dataclass from a table: durations ("10 s") fill members ending in _us, under their name without it.

    ranges  of each number and duration, the least and the greatest"""
    members = {member.name: member for member in fields(kind)}
    named = {name.removesuffix("_us").replace("_us_", "_"): name for name in members}
    _only_known(table, set(named), where)
    values: dict[str, Any] = {}
    for name, value in table.items():
        member = members[named[name]]
        place = f"{where}.{name}"
        range: Any = ranges.get(member.name)
        if member.name == "origins":
            values[member.name] = _origins(value, place)
        elif range is None:
            values[member.name] = text_of(value, place)
        elif isinstance(range[0], int):
            values[member.name] = whole_within(value, range, place, _REASONS.get(member.name, ""))
        elif value == "never" and member.default is None:
            values[member.name] = None
        else:
            values[member.name] = duration_us_within(value, range, place)
    return kind(**values)


def text_of(value: object, where: str) -> str:
    """A text of node.toml; raises `Refused` that names the setting."""
    if not isinstance(value, str) or "\0" in value:
        raise Refused("config.text", "This is not text", value=value, mend="Write it in quotes.", where=where)
    return value


def _origins(value: object, where: str) -> tuple[str, ...]:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(value, list) or not isinstance(one, str) or not is_origin(one):
            mend = 'Write a list of them as a browser shows them, without a path: ["https://alpha.example"].'
            raise Refused("config.origin", "This is not the address of a site", value=one, mend=mend, where=where)
    return tuple(value) if isinstance(value, list) else ()


def whole_within(value: object, limits: tuple[int, int], where: str, reason: str = "") -> int:
    """A whole number of node.toml from the least to the greatest of `limits`; raises `Refused` that names the setting.

    reason  why it cannot be less, for people"""
    if type(value) is not int or not limits[0] <= value <= limits[1]:
        mend = f"Write a whole number from {limits[0]:,} to {limits[1]:,}."
        what = "This is not a number that is possible here"
        raise Refused("config.number", what, value=value, mend=f"{reason} {mend}".strip(), where=where)
    return value


def duration_us_within(value: object, limits: tuple[str, str], where: str) -> int:
    """A duration of node.toml from the shortest to the longest of `limits`; raises `Refused` that names the setting."""
    mend = f'Write a duration from "{limits[0]}" to "{limits[1]}".'
    try:
        duration_us = parse_duration_us(value)
    except Refused as refused:
        raise Refused(refused.key, refused.what, value=value, mend=mend, where=where) from refused
    if not parse_duration_us(limits[0]) <= duration_us <= parse_duration_us(limits[1]):
        what = "This is not a duration that is possible here"
        raise Refused("config.duration", what, value=value, mend=mend, where=where)
    return duration_us


def _can_be_asked(url: str) -> bool:
    try:
        address = urlsplit(url)
        return address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0
    except ValueError:
        return False


def _check_doors(doors: Doors) -> None:
    if bool(doors.certificate) != bool(doors.key):
        mend = "Give both doors.certificate and doors.key, or neither."
        raise Refused("config.half_tls", "A certificate needs its key", mend=mend, where="doors")
    if not doors.certificate and not is_loopback(doors.host):
        mend = "Give doors.certificate and doors.key, or listen on 127.0.0.1."
        raise Refused(
            "config.no_tls",
            "Beyond this machine a node listens only with TLS",
            value=doors.host,
            mend=mend,
            where="doors.host",
        )


def _check_written(file: str, folder: Path, store: str, doors: Doors) -> None:
    """Refuses a sign of life that would be written over something of the node."""
    others = [
        FILE_NAME,
        doors.certificate,
        doors.key,
        *(f"{store}{beside}" for beside in ("", "-wal", "-shm", "-writer")),
    ]
    written = Path(os.path.normpath(folder / file))
    keys = Path(os.path.normpath(folder / KEYS_NAME))
    if file and (
        written in {Path(os.path.normpath(folder / other)) for other in others} or keys in {written, *written.parents}
    ):
        mend = 'Name a file of its own, such as "heartbeat.json".'
        what = "This file is something else of the node, and would be written over"
        raise Refused("config.taken", what, value=file, mend=mend, where="heartbeat.file")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
