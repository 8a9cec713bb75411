"""keepclear place: what position a text means, in every notation."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from keepclear.cli.paths import some_path
from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.geo.places import Envelope, NamedPoint, Place

EXAMPLE_POINTS = "at-tanf"

_EPILOG = """\
examples:
  keepclear place "33.50583, 38.61778"
  keepclear place "33°30'21\\"N 38°37'04\\"E" "37S DT 64499 07430"
  keepclear place --points at-tanf "27 km 290° from At-Tanf garrison"
  keepclear place --envelope=32,35,38,43 "38.61778, 33.50583"
  keepclear place --json -- "-33.5 151.2"

One position per argument, so quote each. In a pipe the output is one line of JSON per position.
Exit code 0: all were read; 1: at least one was refused; 2: wrong usage.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "place",
        help="read a position in any notation and write it in all",
        description="Reads positions as people write them and echoes each in every notation, with the accuracy its "
        "digits imply,\nwhere it lies from named points, and what may be wrong with it. Nothing is corrected.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", nargs="+", metavar="TEXT", help="a position")
    parser.add_argument(
        "--points",
        type=some_path,
        metavar="FILE",
        help="GeoJSON points to measure from, with the properties name, accuracy_m, source and aliases; "
        f"{EXAMPLE_POINTS} for those of the example",
    )
    parser.add_argument(
        "--envelope", metavar="S,W,N,E", help="the area of operations; a position outside it is reported"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON per position, also on a terminal")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from keepclear.geo.places import parse
    from keepclear.render.places_said import place_said, refusal_said

    try:
        points = read_points(args.points) if args.points else {}
        envelope = read_envelope(args.envelope) if args.envelope else None
    except (OSError, Refused) as fault:
        print(f"keepclear place: {fault}", file=sys.stderr)
        return 2
    as_json = args.json or not sys.stdout.isatty()
    refused = 0
    for text in args.text:
        try:
            place = parse(text, named_points=points, envelope=envelope)
        except Refused as refusal:
            refused += 1
            if as_json:
                print(json.dumps({"given": text, **refusal_said(refusal)}, ensure_ascii=False))
            else:
                print(f"{text}\n  refused: {refusal}\n")
            continue
        if as_json:
            print(json.dumps(place_said(place, points.values()), ensure_ascii=False))
        else:
            print(_in_words(place, points))
    return 1 if refused else 0


def _in_words(place: Place, points: Mapping[str, NamedPoint]) -> str:
    from keepclear.geo.places import notations, sentence
    from keepclear.render.places_said import from_points

    rows = [(n.value, text) for n, text in notations(place.lat, place.lon, place.accuracy_m).items()]
    rows.append(("accuracy", f"{_rough(place.accuracy_m)} implied by the digits, read as {place.notation.value}"))
    for point, distance_m, bearing_deg in from_points(place.lat, place.lon, points.values()):
        where = "here" if bearing_deg is None else f"{_rough(distance_m)} on {bearing_deg:05.1f}° true from there"
        rows.append((point.name, where))
    width = max(len(label) for label, _ in rows)
    lines = [place.as_entered, *(f"  {label:{width}}  {text}" for label, text in rows)]
    lines += [f"  ! {sentence(suspicion)}" for suspicion in place.suspicions]
    return "\n".join(lines) + "\n"


def _rough(metres: float) -> str:
    if metres < 10:
        return f"{metres:.2g} m"
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"


def read_envelope(text: str) -> Envelope:
    from keepclear.geo.places import Envelope

    try:
        south, west, north, east = (float(edge) for edge in text.split(","))
    except ValueError as error:
        raise Refused(
            "place.envelope",
            "An envelope is four numbers: south, west, north, east",
            value=text,
            mend="Write for example --envelope=32,35,38,43.",
        ) from error
    return Envelope(south, west, north, east)


def read_points(source: str) -> dict[str, NamedPoint]:
    if source == EXAMPLE_POINTS:
        file = resources.files("keepclear") / "examples" / "at_tanf" / "points.geojson"
    else:
        file = Path(source)
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise Refused("points.unreadable", f"This file is not JSON: {error}", value=source) from error
    match document:
        case {"type": "FeatureCollection", "features": [*features]}:
            points: dict[str, NamedPoint] = {}
        case _:
            raise Refused("points.unreadable", "This file is no GeoJSON FeatureCollection", value=source)
    for index, feature in enumerate(features):
        where = f"{source} $.features[{index}]"
        point = _point(feature, where)
        if point.name in points:
            raise Refused("points.name_twice", "Two points have the same name", value=point.name, where=where)
        points[point.name] = point
    return points


def _point(feature: object, where: str) -> NamedPoint:
    from keepclear.geo.places import NamedPoint

    match feature:
        case {
            "geometry": {"type": "Point", "coordinates": [int() | float() as lon, int() | float() as lat, *_]},
            "properties": {
                "name": str(name),
                "accuracy_m": int() | float() as accuracy_m,
                "source": str(source),
                **others,
            },
        } if abs(lat) <= 90 and abs(lon) <= 180:
            aliases = others.get("aliases") or []
            if isinstance(aliases, list) and all(isinstance(alias, str) for alias in aliases):
                return NamedPoint(name, float(lat), float(lon), float(accuracy_m), source, tuple(aliases))
    raise Refused(
        "points.unreadable",
        "A named point is a Point, longitude first, with the properties name, accuracy_m and source, "
        "and aliases as a list of texts",
        value=json.dumps(feature, ensure_ascii=False),
        where=where,
    )
