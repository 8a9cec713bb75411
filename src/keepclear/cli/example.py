"""`keepclear example`: a scenario that ships with the package, told from its own data."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from keepclear.cli.outlets import write_output
from keepclear.cli.paths import some_path
from keepclear.ground.errors import Refused

if TYPE_CHECKING:
    from keepclear.cli.running import WatchRun
    from keepclear.cli.scenes import Sketch
    from keepclear.tracks.observations import Observations
    from keepclear.watch.events import Events

EPILOG = """\
examples:
  keepclear example at-tanf
  keepclear example at-tanf --story --map story.svg
  keepclear example two-parties
  keepclear example relay
  keepclear example paper --folder alpha-and-paper

at-tanf, on a terminal, starts two nodes on this machine for an exercise around that zone, prints the address of the console, and lets
everything move until Ctrl-C; all of it is invented. In a pipe, or with --story, it tells a story of 2017 from public reports. The
others start nodes and tell what was given to them, and what they say: two-parties of a question, a say-again, a cut line and a memory
stick; relay of a warning that a third party passes on and cannot read; paper of a party that has paper and a telephone only, and gets a
node later.

exit codes: 0 done; 2 the map could not be written, or there is something in the folder; 3 something did not come
about, as is said: of two-parties, relay or paper, or a node of the moving example has ended
"""
OF_NODES = {"two-parties": "example_two_parties", "relay": "example_relay", "paper": "example_paper"}
AS_KNOWN_AT = "2017-06-21T00:00:00Z"
DAY_US = 86_400_000_000
INTRODUCTION = """\
At-Tanf, Syria, May and June 2017: a zone of 55 km around a garrison, and the groups that the public read about.
Second-hand reports, most without coordinates; each is entered as the area that its words mean. Times are UTC, local time
was UTC+3, hours of the day are placeholders. Not a record of what happened.
"""
FOOTNOTES = (
    "Second-hand reports of 2017; a report without coordinates is drawn as the area its words mean.",
    "Positions marked as estimates were not published. Band, dwell and silence are choices of this example.",
)


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "example",
        help="tell a built-in scenario from its own data",
        description="Runs the watch over a scenario that ships with the package and tells what happened.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=("at-tanf", *OF_NODES), help="which scenario")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--live", action="store_true", help="at-tanf: the moving example, with its console, in a pipe too"
    )
    which.add_argument("--story", action="store_true", help="at-tanf: the story, on a terminal too")
    parser.add_argument(
        "--map",
        type=some_path,
        metavar="FILE.svg",
        default="at-tanf.svg",
        help="of the story: where to draw the map (default: at-tanf.svg in this folder)",
    )
    parser.add_argument(
        "--folder", type=some_path, metavar="FOLDER",
        help="where to leave the nodes and their records; must be new or empty (default: they are not left)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Tells a scenario, and gives the exit code."""
    if args.name in OF_NODES:
        return _of_nodes(args.name, args.folder)
    if args.live or (sys.stdout.isatty() and not args.story):
        return _live(args.folder)
    return _at_tanf(args)


def _live(folder: str | None) -> int:
    from keepclear.cli.example_live import tell
    from keepclear.cli.stopping import Stop

    with Stop() as stop:
        return _in_folder(folder, lambda made: tell(made, is_left=folder is not None, stop=stop))


def _of_nodes(name: str, folder: str | None) -> int:
    tell = import_module(f"keepclear.cli.{OF_NODES[name]}").tell

    def told(made: Path) -> None:
        nodes = tell(made)
        if folder is not None:
            print(f"\nAll of it is in {folder}. Next: keepclear record show --node {nodes[0].folder}")

    code = _in_folder(folder, told)
    if folder is None and not code:
        print(f"\nNext: keepclear example {name} --folder FOLDER, to look into the records yourself.")
    return code


def _in_folder(folder: str | None, tell: Callable[[Path], object]) -> int:
    """Runs an example of nodes in a folder that is new, or in one that is not left; gives the exit code."""
    from keepclear.cli.parties_on_one_machine import DidNotHappen

    try:
        if folder is not None:
            tell(new_folder(Path(folder)))
        else:
            with TemporaryDirectory(prefix="keepclear-") as made:
                tell(Path(made))
    except DidNotHappen as failed:
        print(f"keepclear: {failed}", file=sys.stderr)
        return 3
    return 0


def _at_tanf(args: argparse.Namespace) -> int:
    """Tells the story, and draws its map."""
    from keepclear.cli.place import read_points
    from keepclear.cli.telling import rows_sentence
    from keepclear.render.map_svg import draw_svg
    from keepclear.render.map_text import draw_text

    told = Story.told()
    print(INTRODUCTION)
    for line in told.lines:
        print(line)
    scene = told.sketch.scene(
        told.watch_run.watch.atlas,
        "At-Tanf, May and June 2017, as reported",
        read_points("at-tanf").values(),
        FOOTNOTES,
    )
    print()
    print(
        draw_text(
            scene,
            width_chars=max(40, min(78, shutil.get_terminal_size((78, 24)).columns)),
            height_rows=26,
            ascii_only="utf" not in (sys.stdout.encoding or "").lower(),
        )
    )
    print(f"\nAt {AS_KNOWN_AT}:")
    for subject, _, state in told.watch_run.watch.states():
        print(f"  {state:<7} {subject}")
    print(f"\n{rows_sentence(told.watch_run.summary(()))}")
    write_output(args.map, draw_svg(scene))
    print(f"The map is in {args.map}; open it in a browser. Next: keepclear watch --help")
    return 0


def new_folder(folder: Path) -> Path:
    """The folder, made if it is not there; raises `Refused` where something is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        mend = "Name a new folder."
        raise Refused("example.folder", "There is something in this folder", value=str(folder), mend=mend)
    return folder


@dataclass(frozen=True)
class Story:
    """The scenario once told: its lines, the run that told them, and the sketch of its map."""

    lines: list[str]
    watch_run: WatchRun
    sketch: Sketch

    @staticmethod
    def told() -> Story:
        """Runs the watch over the scenario's own data."""
        from keepclear.cli.running import WatchRun
        from keepclear.cli.scenes import Sketch
        from keepclear.cli.stopping import Stop
        from keepclear.cli.telling import lines_of
        from keepclear.feeds.reading import open_feed
        from keepclear.feeds.zones import load_zones
        from keepclear.ground.instants import parse_instant
        from keepclear.watch.watch import Watch

        data = files("keepclear") / "examples" / "at_tanf"
        atlas = load_zones((data / "zones.geojson").read_bytes())
        names = {zone.id: zone.label for zone in atlas}
        lines: list[str] = []
        sketch = Sketch()

        def show(events: Events, batch: Observations | None) -> None:
            lines.extend(lines_of(events, names))
            sketch.add(events, batch)

        watch_run = WatchRun(
            Watch(atlas, lateness_us=DAY_US), reorder_us=DAY_US, lateness_us=DAY_US, known_until_us=parse_instant(AS_KNOWN_AT).us,
            events_out=None, refusals_out=None, shows=show, progress=lambda _what, _count: None, stop=Stop(),
        )  # fmt: skip
        with (data / "reports.csv").open("rb") as reports:
            watch_run.run([open_feed(reports)])
        return Story(lines, watch_run, sketch)
