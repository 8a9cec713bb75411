"""Where a feed comes from and how it is to be read, as it stands in node.toml.

    [sources.ais-1]
    connect = "tcp://192.0.2.7:10110"      # or listen = "udp://127.0.0.1:10110", or follow = "/var/log/ais.nmea"
    format = "nmea-ais"                    # or "csv", "ndjson", "geojson"

The name of the table is the id of the feed. Who says so, the grading, and how soon to expect something are declared in the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from keepclear.feeds.ais import CLOCKS
from keepclear.feeds.findings import unknown_name
from keepclear.feeds.options import FeedOptions
from keepclear.ground.errors import Refused
from keepclear.host.config import duration_us_within, is_loopback, text_of, whole_within

FORMATS = {"nmea-ais": "", "csv": "delimited", "ndjson": "ndjson", "geojson": "ndjson"}
READ_TIMEOUT_US = 15 * 60_000_000
BATCH_US = 200_000
BATCH_ROWS = 10_000
BATCH_RANGE = ("10 ms", "10 s")
BATCH_ROWS_RANGE = (1, 100_000)
READ_TIMEOUT_RANGE = ("1 s", "1 d")


@dataclass(frozen=True)
class TcpClient:
    """Connects to a receiver or a multiplexer, and again when the connection is lost.

    read_timeout_us  a connection on which nothing comes for so long, and up to half as long again, is given up"""

    host: str
    port: int
    read_timeout_us: int = READ_TIMEOUT_US


@dataclass(frozen=True)
class UdpListener:
    """Takes datagrams from whoever sends them. Anybody who reaches the port can: beyond loopback only if that is stated."""

    host: str
    port: int


@dataclass(frozen=True)
class FollowedFile:
    """A file that grows, or a named pipe. `at_end` says that what stands in the file already is left out."""

    path: str
    at_end: bool = False


@dataclass(frozen=True)
class SourceConfig:
    """One source of one declared feed.

    clock       of AIS: whose time counts, "receiver" or "arrival"
    header      of a table that is sent without one
    options     how a table or an object is to be read, where that cannot be found out
    batch_us, batch_rows   what comes within so long, or so many rows, is one event
    """

    feed: str
    via: TcpClient | UdpListener | FollowedFile
    format: str = "nmea-ais"
    clock: str = "receiver"
    header: str = ""
    options: FeedOptions = FeedOptions()
    batch_us: int = BATCH_US
    batch_rows: int = BATCH_ROWS

    @property
    def can_wait(self) -> bool:
        """Whether nothing is lost or falsified if it is read later. Datagrams are lost, and AIS is dated by when it is read."""
        return self.format != "nmea-ais" and not isinstance(self.via, UdpListener)

    @staticmethod
    def from_table(feed: str, table: Mapping[str, Any], where: str = "") -> SourceConfig:
        """The source that a table of node.toml describes. Raises `Refused` whose `where` begins with `where` and names the key."""
        try:
            return _source_config(feed, table)
        except Refused as refused:
            raise refused.at(f"{where}." if where and refused.where else where) from refused


def _source_config(feed: str, table: Mapping[str, Any]) -> SourceConfig:
    for name in table:
        if name not in _KNOWN:
            raise unknown_name(name, _KNOWN).at(name)
    format = _one_of(table, "format", tuple(FORMATS), "nmea-ais")
    is_ais = format == "nmea-ais"
    for name in _OF_TABLES if is_ais else ("clock",):
        if name in table:
            what = f"This says nothing of {format}"
            raise Refused("source.other_format", what, value=table[name], mend="Leave it out.", where=name)
    header = _text(table, "header")
    via = _via(table, is_ais=is_ais)
    if header and format != "csv":
        raise Refused(
            "source.other_format", "Only CSV has a header", value=header, mend="Leave it out.", where="header"
        )
    if format == "csv" and not header and (isinstance(via, UdpListener) or getattr(via, "at_end", False)):
        mend = 'State it: header = "subject,seen_at,lat,lon".'
        raise Refused("source.no_header", "A table that is met in its middle has no header", mend=mend, where="header")
    return SourceConfig(
        feed=feed,
        via=via,
        format=format,
        clock=_one_of(table, "clock", CLOCKS, CLOCKS[0]),
        header=header,
        options=FeedOptions() if is_ais else _options(table, FORMATS[format]),
        batch_us=_duration_us(table, "batch", BATCH_US, BATCH_RANGE),
        batch_rows=_whole(table, "batch_rows", BATCH_ROWS, BATCH_ROWS_RANGE),
    )


_WAYS = ("connect", "listen", "follow")
_OF_TABLES = ("header", "time_zone", "time_format", "delimiter", "columns")
_KNOWN = (
    *_WAYS,
    *("format", "clock", "read_timeout", "beyond_loopback", "begin", "batch", "batch_rows"),
    *_OF_TABLES,
)
_ONLY_WITH = {"read_timeout": "connect", "beyond_loopback": "listen", "begin": "follow"}


def _via(table: Mapping[str, Any], *, is_ais: bool) -> TcpClient | UdpListener | FollowedFile:
    stated = [way for way in _WAYS if way in table]
    if len(stated) != 1:
        mend = 'Write one of connect = "tcp://HOST:PORT", listen = "udp://127.0.0.1:PORT", follow = "/PATH".'
        what = "A source needs one place it comes from" if not stated else "A source comes from one place"
        raise Refused("source.ways", what, value=", ".join(stated), mend=mend)
    way = stated[0]
    for name, needed in _ONLY_WITH.items():
        if name in table and way != needed:
            raise Refused("source.other_way", f"This says nothing without {needed}", value=table[name], where=name)
    if way == "connect":
        host, port = _address(table, "connect", "tcp")
        timeout_us = _duration_us(table, "read_timeout", READ_TIMEOUT_US, READ_TIMEOUT_RANGE)
        return TcpClient(host, port, timeout_us)
    if way == "listen":
        host, port = _address(table, "listen", "udp")
        if not is_loopback(host) and not _yes_or_no(table, "beyond_loopback"):
            mend = "Listen on 127.0.0.1, or state beyond_loopback = true: whoever reaches the port can write positions."
            raise Refused(
                "source.beyond_loopback",
                "Others than this machine could send there",
                value=host,
                mend=mend,
                where="listen",
            )
        return UdpListener(host, port)
    path = _text(table, "follow")
    if not path:
        raise Refused("source.no_path", "This is no path of a file", value=path, mend="Name the file.", where="follow")
    begin = _one_of(table, "begin", ("beginning", "end"), "end" if is_ais else "beginning")
    return FollowedFile(path, at_end=begin == "end")


def _address(table: Mapping[str, Any], name: str, scheme: str) -> tuple[str, int]:
    text = _text(table, name)
    host, port = None, None
    try:
        parts = urlsplit(text)
        if parts.scheme == scheme and not (parts.path or parts.query or parts.fragment or parts.username):
            host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not port:
        mend = f'Write {name} = "{scheme}://{"127.0.0.1" if scheme == "udp" else "HOST"}:10110".'
        raise Refused("source.address", "This is no address with a port", value=text, mend=mend, where=name)
    return host, port


def _options(table: Mapping[str, Any], format: str) -> FeedOptions:
    columns = table.get("columns", {})
    if not isinstance(columns, Mapping) or not all(isinstance(column, str) for column in columns.values()):
        mend = 'Write columns = { subject = "MMSI" }.'
        raise Refused("source.columns", "This does not name columns", value=columns, mend=mend, where="columns")
    stated = {"zone": "time_zone", "time_format": "time_format", "delimiter": "delimiter"}
    options = FeedOptions(format=format, mapping=dict(columns), quoted_lines_max=0)
    for member, name in stated.items():
        if name in table:
            value: Any = _text(table, name)
            try:
                options = replace(options, **{member: value})
            except Refused as refused:
                raise refused.at(name) from refused
    return options


def _text(table: Mapping[str, Any], name: str) -> str:
    return text_of(table.get(name, ""), name)


def _one_of(table: Mapping[str, Any], name: str, known: tuple[str, ...], otherwise: str) -> str:
    value = table.get(name, otherwise)
    if value not in known:
        listed = ", ".join(f'"{word}"' for word in known)
        raise Refused(f"source.{name}", f"There is no such {name}", value=value, mend=f"Write {listed}.", where=name)
    return str(value)


def _yes_or_no(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise Refused("config.yes_or_no", "This is neither true nor false", value=value, where=name)
    return value


def _whole(table: Mapping[str, Any], name: str, otherwise: int, limits: tuple[int, int]) -> int:
    return whole_within(table.get(name, otherwise), limits, name)


def _duration_us(table: Mapping[str, Any], name: str, otherwise: int, limits: tuple[str, str]) -> int:
    return duration_us_within(table[name], limits, name) if name in table else otherwise
