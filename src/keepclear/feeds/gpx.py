"""Positions in GPX 1.0 and 1.1: track points, route points and waypoints that carry a time.

The subject is the name of the track or route, or of the waypoint itself. `ele` is metres above a sea level that GPX
does not name, and many devices write heights above the ellipsoid into it, so its datum is "unknown".
XML with a document type or entities is refused as a whole.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from keepclear.feeds.arrival import Arrival
from keepclear.feeds.options import FeedOptions
from keepclear.feeds.reports import Reports, Values
from keepclear.feeds.timestamps import Timestamps, detected
from keepclear.ground.errors import LimitExceeded, Refused

DEPTH_MAX = 100
TEXT_CHARS_MAX = 100_000
# Bytes without a single tag. The parser holds a tag until it is complete.
SILENCE_BYTES_MAX = 8_388_608
_POINTS = ("trkpt", "rtept", "wpt")
# `speed` and `course` are of GPX 1.0: metres per second, degrees from true north.
_FIELDS = {"time": "seen_at", "ele": "height_m", "speed": "speed_mps", "course": "course_deg"}
_CALLED = {**{field: name for name, field in _FIELDS.items()}, "subject": "name"}

Row = tuple[int, str, dict[str, Any]]


class _Points:
    """Is told of tags and text by the parser, and collects points; holds only the point that is being read."""

    def __init__(self) -> None:
        self.parser: Any = None
        self.found: deque[Row] = deque()
        self.root = ""
        self.tags = 0
        self._path: list[str] = []
        self._text: list[str] = []
        self._chars = 0
        self._name = ""
        self._point: Row | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self.root = self.root or name
        self.tags += 1
        if len(self._path) >= DEPTH_MAX:
            raise LimitExceeded("xml.too_deep", "The XML is nested too deeply", value=name, mend="Check the file.")
        self._path.append(name)
        self._text, self._chars = [], 0
        if name in {"trk", "rte"}:
            self._name = ""
        elif name in _POINTS:
            place: dict[str, Any] = {axis: attributes[axis] for axis in ("lat", "lon") if axis in attributes}
            self._point = (self.parser.CurrentLineNumber, name, place)

    def data(self, text: str) -> None:
        self._chars += len(text)
        if self._chars <= TEXT_CHARS_MAX:
            self._text.append(text)

    def end(self, tag: str) -> None:
        self.tags += 1
        name, text = self._path.pop(), "".join(self._text).strip()
        above = self._path[-1] if self._path else ""
        self._text, self._chars = [], 0
        if above in {"trk", "rte"} and name == "name":
            self._name = text
        elif self._point is None:
            return
        elif name in _POINTS:
            line, kind, values = self._point
            if kind != "wpt":
                values["subject"] = self._name
            self.found.append((line, kind, values))
            self._point = None
        elif above in _POINTS and (name in _FIELDS or name == "name"):
            self._point[2][_FIELDS.get(name, "subject")] = text

    def close(self) -> None:
        """The parser asks for it at the end."""


class Gpx:
    """The points of a GPX file as rows; `told` and `reports` are ready before the first."""

    format = "gpx"

    def __init__(self, arrival: Arrival, options: FeedOptions, source: str, notes: Counter[str]) -> None:
        self.line = 0
        self._kind = ""
        self._arrival = arrival
        self._points = _Points()
        self._parser = DefusedXMLParser(target=self._points, forbid_dtd=True)
        self._points.parser = self._parser.parser
        self._silent_bytes = 0
        self._more = True
        self._broken = self._take_piece()
        if self._broken is not None and not self._points.found:
            raise self._broken
        if self._points.root != "gpx":
            mend = "Give GPX, GeoJSON, lines of JSON or CSV; other XML is not read."
            raise Refused("format.unknown", "This XML is not GPX", value=self._points.root, mend=mend)
        samples = [values["seen_at"] for _, _, values in self._points.found if values.get("seen_at")]
        times = Timestamps(options.time_format or detected(samples, "time"), options.zone)
        self.told = (
            "GPX: the subject is the name of the track, route or waypoint.",
            *times.told("time", samples[:100]),
        )
        self.reports = Reports(options=options, source=source, times={"seen_at": times, "known_at": times}, notes=notes)

    def rows(self) -> Iterator[Values | Refused]:
        """Each point as named values; raises `Refused` where the document breaks."""
        while True:
            while self._points.found:
                self.line, self._kind, values = self._points.found.popleft()
                yield values
            if not self._more:
                break
            self._broken = self._take_piece()
        if self._broken is not None:
            self.line = self._points.parser.CurrentLineNumber
            raise self._broken

    def called(self, field: str) -> str:
        """The tag or attribute, below the kind of point."""
        if field == "subject" and self._kind != "wpt":
            return f"{'trk' if self._kind == 'trkpt' else 'rte'}/name"
        return f"{self._kind}/{_CALLED.get(field, f'@{field}')}" if field else self._kind

    def _take_piece(self) -> Refused | None:
        """Parses some more; what is wrong with it, after which there is no more."""
        tags = self._points.tags
        self._more = False
        try:
            piece = self._arrival.piece()
            if piece:
                self._parser.feed(piece)
            else:
                self._parser.close()
        except DefusedXmlException as error:
            mend = "GPX needs neither. Remove them, or ask where the file comes from."
            return Refused("xml.forbidden", "The XML has a document type or entities", value=error, mend=mend)
        except (ParseError, ValueError, LookupError) as error:
            return Refused(
                "xml.syntax", f"This is not well-formed XML ({error})", mend="Check it with an XML validator."
            )
        except Refused as refused:
            return refused
        self._silent_bytes = 0 if self._points.tags > tags else self._silent_bytes + len(piece)
        if self._silent_bytes > SILENCE_BYTES_MAX:
            what = f"More than {SILENCE_BYTES_MAX:,} bytes without a tag"
            return LimitExceeded("xml.too_large", what, mend="Check that this is GPX.")
        self._more = bool(piece)
        return None
