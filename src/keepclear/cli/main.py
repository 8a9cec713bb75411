"""The command: one verb, one page of help. Nothing heavy is imported before a verb runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from keepclear.cli import (
    backup,
    carry,
    doctor,
    example,
    init,
    invite,
    key,
    message,
    peer,
    place,
    playback,
    record,
    replay,
    serve,
    watch,
    watchlog,
    zones,
)
from keepclear.cli.asked_node import Declined, NoAnswer
from keepclear.cli.outlets import prepare_streams, silence_stdout
from keepclear.ground.errors import Refused

EPILOG = """\
examples:
  keepclear watch positions.csv --zones zones.geojson
  keepclear playback positions.csv --speed 60 | keepclear watch - --follow --speed 60 --zones zones.geojson
  keepclear zones check zones.geojson
  keepclear place "33°30'21\\"N 38°37'04\\"E"
  keepclear example at-tanf
  keepclear init alpha --party alpha && keepclear serve alpha

exit codes: 0 done; 1 done, but the input had nothing usable or had errors; 2 not understood; 130 stopped
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line, for the command itself and for its reference page."""
    main_parser = argparse.ArgumentParser(
        prog="keepclear",
        description="Keeps parties who share a space, but not a command, from colliding by accident.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    main_parser.add_argument("--version", action="version", version=f"keepclear {version('keepclear')}")
    verbs = main_parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for module in (
        watch,
        playback,
        zones,
        place,
        example,
        init,
        serve,
        invite,
        doctor,
        watchlog,
        replay,
        message,
        peer,
        carry,
        record,
        key,
        backup,
    ):
        module.add_parser(verbs)
    return main_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit code."""
    prepare_streams()
    args = parser().parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except Refused as refused:
        print(f"keepclear: {refused}", file=sys.stderr)
        return 2
    except (Declined, NoAnswer) as answered:
        for line in answered.lines:
            print(f"keepclear: {line}", file=sys.stderr)
        return answered.exit_code
    except KeyboardInterrupt:
        print("keepclear: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        silence_stdout()
        return 0
    except OSError as error:
        silence_stdout()
        print(f"keepclear: {error.filename or 'the output'}: {error.strerror}.", file=sys.stderr)
        return 2
    return code
