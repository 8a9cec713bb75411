"""What the verbs about a node share: its folder on the command line, its record opened to read, lines of it in words."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepclear.cli.paths import some_path
from keepclear.ground.errors import Refused, printable

if TYPE_CHECKING:
    from keepclear.host.config import Config
    from keepclear.store.store import Store


def add_folder(parser: argparse.ArgumentParser) -> None:
    """The node's folder, as every such verb takes it."""
    parser.add_argument(
        "folder", type=some_path, metavar="FOLDER", help="the folder of the node, as `keepclear init` made it"
    )


def keep_private() -> None:
    """What this process writes from now on is for its owner alone: a record, a password in node.toml, a backup."""
    os.umask(0o077)


def config_of_folder(name: str) -> Config:
    """The configuration of the node in this folder; raises `Refused`."""
    from keepclear.host.config import read_config

    return read_config(Path(name))


@contextmanager
def record_to_read(name: str) -> Iterator[Store]:
    """The store of the node in this folder, opened to read beside the node that may be writing it."""
    from keepclear.store.store import Store

    with Store.open(config_of_folder(name).store_url, writable=False, create=False) as store:
        yield store


class ZoneNames:
    """What zones are called, as the lines of the record say it while they are read."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def note(self, said: Mapping[str, Any]) -> None:
        """Takes the name from a line that has one."""
        if said["event"] == "zone":
            self._names[said["zone"]] = said["zone_name"]

    def of(self, said: Mapping[str, Any]) -> str:
        """What the zone of this line is called; its id where nobody said."""
        return self._names.get(said.get("zone") or "", "")


def say(text: str) -> None:
    """A line for people, on standard error."""
    print(printable(text), file=sys.stderr)


def instant_us(text: str, option: str) -> int:
    """An instant of an option; raises `Refused` that names it."""
    from keepclear.ground.instants import parse_instant

    try:
        return parse_instant(text).us
    except Refused as refused:
        raise refused.at(f"{option}: ") from refused


@contextmanager
def progress_bar(what: str) -> Iterator[Any]:
    """A function (done, all) that draws a bar on standard error where that is a terminal."""
    from tqdm import tqdm

    with tqdm(desc=what, unit=" entries", unit_scale=True, disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield show


@contextmanager
def progress_bars() -> Iterator[Any]:
    """A function (what, done, all) that draws a bar for each thing that is done, where standard error is a terminal."""
    with ExitStack() as bars:
        shown: dict[str, Any] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in shown:
                shown[what] = bars.enter_context(progress_bar(what))
            shown[what](done, of)
            if done >= of:
                bars.close()

        yield show
