"""What a person may state about a feed instead of having it detected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keepclear.geo.places import Envelope, NamedPoint
from keepclear.ground.errors import Refused
from keepclear.ground.instants import zone_named

FORMATS = ("delimited", "geojson", "ndjson", "gpx")
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class FeedOptions:
    """Everything left out is detected and told.

    zone             of times that carry none: "UTC", "+03:00", "Asia/Damascus"
    mapping          field -> column of the file ({"subject": "MMSI"}); "#7" is the seventh column, "Date+Time" joins
                     two columns with a space, and "" leaves the field unread
    time_format      "iso", "epoch-s", "epoch-ms", "epoch-us", or a pattern such as "%d/%m/%Y %H:%M"
    delimiter        of a delimited file, one character
    format           one of `FORMATS`
    source           who says so, for reports that do not name their source; the file name if empty
    exercise         every report is part of an exercise
    named_points     what bearings and distances in a place column may start from
    envelope         where positions in a place column are expected
    line_chars_max   a longer line is refused without being held in memory
    columns_max      a header with more columns is refused
    quoted_lines_max  lines that a quoted cell may go on over, behind its first; 0 where a row is a line
    """

    zone: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    delimiter: str | None = None
    format: str | None = None
    source: str = ""
    exercise: bool = False
    named_points: Mapping[str, NamedPoint] = field(default_factory=dict)
    envelope: Envelope | None = None
    line_chars_max: int = 1_000_000
    columns_max: int = 1000
    quoted_lines_max: int = 100

    def __post_init__(self) -> None:
        if self.zone is not None:
            zone_named(self.zone)
        if self.format is not None and self.format not in FORMATS:
            mend = f"Formats: {', '.join(FORMATS)}."
            raise Refused("format.unknown", "There is no such format", value=self.format, mend=mend)
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            mend = "Give one character, such as ; or |."
            raise Refused("delimiter.unusable", "This cannot separate columns", value=self.delimiter, mend=mend)
