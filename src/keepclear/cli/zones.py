"""keepclear zones: what is wrong with a zone file, and what was understood of it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from keepclear.cli.outlets import check_outputs, write_output
from keepclear.cli.paths import some_path

if TYPE_CHECKING:
    from keepclear.feeds.findings import Fault
    from keepclear.feeds.zones import ZoneFile
    from keepclear.render.scene import Scene

DRAWN_MAX = 500
EXAMPLE = "kestrel_pass.geojson"
MAP_ROWS = 24
MAP_COLUMNS_MIN = 40
MAP_COLUMNS_MAX = 120

_EPILOG = """\
examples:
  keepclear zones example > kestrel-pass.geojson
  keepclear zones check kestrel-pass.geojson
  keepclear zones check kestrel-pass.geojson --map kestrel-pass.svg
"""
_CHECK_EPILOG = """\
Errors make a file unusable, notes do not. In a pipe, or with --json, every line is a JSON object: the faults,
the zones, and a summary. The format is docs/spec/zones.md.
Exit code 0: no errors; 1: errors; 2: wrong usage, or a file that cannot be read or written.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "zones",
        help="check a zone file and show what was understood",
        description="Checks zone files, and prints one to begin with.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="zones_verb", required=True, metavar="VERB")
    check = verbs.add_parser(
        "check",
        help="list everything that is wrong with a zone file, and the zones understood",
        description="Lists every fault with its JSON path, then every sound zone with its size, band, window and terms "
        "in words,\nand on a terminal draws them.",
        epilog=_CHECK_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("file", type=some_path, metavar="FILE", help='zones as GeoJSON; "-" for standard input')
    check.add_argument("--map", type=some_path, metavar="OUT.svg", help="also draw the sound zones into this file")
    check.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")
    check.set_defaults(run=run_check)
    example = verbs.add_parser("example", help="print a zone file with one zone of each shape")
    example.set_defaults(run=run_example)


def run_example(_: argparse.Namespace) -> int:
    print((resources.files("keepclear.cli") / EXAMPLE).read_text(encoding="utf-8"), end="")
    return 0


def run_check(args: argparse.Namespace) -> int:
    from keepclear.feeds.zones import read_zones

    check_outputs({"--map": args.map}, [args.file])
    try:
        found = read_zones(_bytes_of(args.file))
    except OSError as error:
        return _unusable(error)
    if args.json or not sys.stdout.isatty():
        _print_lines(found)
    else:
        _print_words(found, args.file)
    if args.map and found.zones:
        from keepclear.render.map_svg import draw_svg

        write_output(args.map, draw_svg(_scene(found, args.file)))
    return 0 if found.ok else 1


def _unusable(error: OSError) -> int:
    print(f"keepclear zones: {error.filename}: {error.strerror}", file=sys.stderr)
    return 2


def zone_file_bytes(name: str) -> bytes:
    """At most one byte more than the reader takes, so that a device or a wrong file fills no memory."""
    from keepclear.feeds.zones import ZONE_FILE_BYTES_MAX

    with Path(name).open("rb") as file:
        return file.read(ZONE_FILE_BYTES_MAX + 1)


def _bytes_of(name: str) -> bytes:
    from keepclear.feeds.zones import ZONE_FILE_BYTES_MAX

    return sys.stdin.buffer.read(ZONE_FILE_BYTES_MAX + 1) if name == "-" else zone_file_bytes(name)


def _errors_first(faults: Sequence[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.severity != "error")


def _print_lines(found: ZoneFile) -> None:
    from keepclear.cli.zone_words import band_in_words, kind_in_words, size_in_words, terms_in_words, window_in_words

    for fault in _errors_first(found.faults):
        print(
            json.dumps(
                {
                    "kind": fault.severity,
                    "path": fault.path,
                    "key": fault.key,
                    "what": fault.what,
                    "value": fault.value,
                    "mend": fault.mend,
                },
                ensure_ascii=False,
            )
        )
    for zone in found.zones:
        entered = found.entered[zone.id]
        words = {
            "kind": "zone",
            "id": zone.id,
            "name": zone.name,
            "shape": kind_in_words(zone),
            "size": size_in_words(zone, entered),
            "band": band_in_words(zone, entered),
            "window": window_in_words(zone.window),
            "terms": terms_in_words(zone),
        }
        print(json.dumps(words, ensure_ascii=False))
    errors = sum(fault.severity == "error" for fault in found.faults)
    notes = len(found.faults) - errors
    print(json.dumps({"kind": "summary", "zones": len(found.zones), "errors": errors, "notes": notes}))


def _print_words(found: ZoneFile, name: str) -> None:
    from keepclear.cli.zone_words import band_in_words, kind_in_words, size_in_words, terms_in_words, window_in_words

    columns = max(MAP_COLUMNS_MIN, min(shutil.get_terminal_size().columns, MAP_COLUMNS_MAX))
    for fault in _errors_first(found.faults):
        _print_wrapped(f"{fault.severity}: {_printable(str(fault))}", columns, hanging="  ")
    errors = sum(fault.severity == "error" for fault in found.faults)
    if found.faults:
        print()
    print(f"{_printable(name)}: {_counted(len(found.zones), 'zone')} understood, {_counted(errors, 'error')}")
    if not found.zones:
        return
    head = ("ID", "KIND", "BAND", "IN FORCE", "SIZE")
    rows = [
        (
            zone.id,
            kind_in_words(zone),
            band_in_words(zone, found.entered[zone.id]),
            window_in_words(zone.window),
            size_in_words(zone, found.entered[zone.id]),
        )
        for zone in found.zones
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 1)]
    print("\n" + "  ".join(f"{word:{width}}" for word, width in zip(head, (*widths, 0), strict=True)))
    for zone, row in zip(found.zones, rows, strict=True):
        print("  ".join(f"{word:{width}}" for word, width in zip(row, (*widths, 0), strict=True)))
        for sentence in terms_in_words(zone):
            _print_wrapped(f"  {sentence}", columns, hanging="    ")
    from keepclear.render.map_text import draw_text

    print("\n" + draw_text(_scene(found, name), columns, MAP_ROWS))


def _scene(found: ZoneFile, name: str) -> Scene:
    from keepclear.cli.drawing import zone_drawing
    from keepclear.render.scene import Scene

    drawn = found.zones[:DRAWN_MAX]
    left_out = len(found.zones) - len(drawn)
    footnotes = (f"The first {DRAWN_MAX} zones are drawn, {left_out} are not.",) if left_out else ()
    zones = tuple(zone_drawing(zone) for zone in drawn)
    return Scene(Path(name).name, zones=zones, footnotes=footnotes, expects_positions=False)


def _print_wrapped(text: str, columns: int, *, hanging: str) -> None:
    print(textwrap.fill(text, columns, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False))


def _printable(text: str) -> str:
    """File names and JSON paths may hold anything; a terminal gets no control characters from them."""
    return "".join(ch if ch.isprintable() else f"\\x{ord(ch):02x}" for ch in text)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
