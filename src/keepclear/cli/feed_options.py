"""The options that say how a feed is read, where it is not detected rightly; every verb that reads positions has them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.feeds.options import FeedOptions


def add_feed_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Adds them to a verb, as a group that may get more."""
    reading = parser.add_argument_group("how the positions are read, where it is not detected rightly")
    reading.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="which column holds a field, such as subject=MMSI; may be repeated",
    )
    reading.add_argument(
        "--time-zone", metavar="ZONE", help="zone of times that carry none: UTC, +03:00, Asia/Damascus"
    )
    reading.add_argument(
        "--time-format",
        metavar="FORMAT",
        help='iso, epoch-s, epoch-ms, epoch-us, or a pattern such as "%%d/%%m/%%Y %%H:%%M"',
    )
    reading.add_argument("--delimiter", metavar="CHAR", help="what separates the columns")
    reading.add_argument(
        "--format", choices=("delimited", "geojson", "ndjson", "gpx"), help="the format, for every file"
    )
    return reading


def feed_options(args: argparse.Namespace) -> FeedOptions:
    """What is stated of a feed; what is left out is detected."""
    from keepclear.feeds.options import FeedOptions

    mapping: dict[str, str] = {}
    for pair in args.column:
        name, sign, column = pair.partition("=")
        if not sign:
            raise Refused(
                "option.column",
                "A column is named as FIELD=COLUMN",
                value=pair,
                mend="For example --column subject=MMSI.",
            )
        if name.strip() in mapping:
            raise Refused(
                "option.column", "This field is named twice", value=name, mend="Give --column once for a field."
            )
        mapping[name.strip()] = column.strip()
    return FeedOptions(
        zone=args.time_zone,
        mapping=mapping,
        time_format=args.time_format,
        delimiter="\t" if args.delimiter in {"\\t", "tab"} else args.delimiter,
        format=args.format,
    )
