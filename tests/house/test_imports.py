"""Who may import whom, and what the pure rooms must not touch.

The tables below are the rule; docs/architecture.md has a copy for people. The source is read, not run: an import inside
a function or under TYPE_CHECKING counts like any other.
"""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PACKAGE = "keepclear"


class Room(NamedTuple):
    """What the modules of one directory may import, besides each other and the standard library."""

    rooms: frozenset[str]
    packages: frozenset[str]


def room(*, rooms: str = "", packages: str = "") -> Room:
    return Room(frozenset(rooms.split()), frozenset(packages.split()))


MAP = {
    "ground": room(packages="cryptography rfc8785 msgspec"),
    "geo": room(rooms="ground", packages="numpy pyproj shapely scipy mgrs numba"),
    "parties": room(rooms="ground", packages="msgspec"),
    "record": room(rooms="ground", packages="msgspec"),
    "agreements": room(rooms="ground geo parties", packages="numpy msgspec"),
    "tracks": room(rooms="ground geo", packages="numpy msgspec"),
    "channel": room(rooms="ground geo parties agreements", packages="msgspec"),
    "watch": room(rooms="ground geo agreements tracks", packages="numpy msgspec"),
    "node": room(rooms="ground geo parties record agreements tracks channel watch", packages="numpy msgspec"),
    "store": room(rooms="ground record", packages="sqlalchemy alembic"),
    "links": room(rooms="ground parties record channel", packages="msgspec cryptography httpcore"),
    "feeds": room(rooms="ground geo agreements tracks", packages="numpy defusedxml pyais"),
    "render": room(rooms="ground geo parties agreements tracks channel watch node", packages="numpy pyproj shapely"),
    "api": room(
        rooms="ground geo parties record agreements tracks channel watch node feeds render",
        packages="numpy msgspec litestar",
    ),
    "host": room(
        rooms="ground geo parties record agreements tracks channel watch node store links feeds render api",
        packages="numpy msgspec litestar uvicorn argon2 pmtiles",
    ),
    "cli": room(
        rooms="ground geo parties record agreements tracks channel watch node store links feeds render api host",
        packages="numpy tqdm msgspec httpx",
    ),
    "examples": room(),
}
# keepclear/__init__.py and keepclear/__main__.py stand above all rooms.
TOP = room(rooms=" ".join(MAP), packages="numpy")

PURE_ROOMS = frozenset({"ground", "geo", "parties", "record", "agreements", "tracks", "channel", "watch", "node"})
IMPURE_MODULES = frozenset(
    {"time", "random", "secrets", "uuid", "os", "pathlib", "sqlite3", "subprocess", "socket", "threading", "asyncio"}
    | {"logging", "numpy.random"}
)
IMPURE_CALLS = frozenset({"open", "print", "input", "__import__"})
# As in datetime.now, datetime.datetime.now and dt.date.today, called or handed on. A field of ours may be called `now`.
CLOCK_OWNERS = frozenset({"datetime", "date"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})


class Module(NamedTuple):
    name: str  # dotted, a package without its .__init__
    room: str  # "" for the two modules at the top
    is_package: bool
    tree: ast.Module


class Import(NamedTuple):
    target: str  # dotted and absolute; the module if there is one of that name, else what it is taken from
    line: int


def modules_under(source: Path) -> dict[str, Module]:
    found = {}
    for path in sorted((source / PACKAGE).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        in_room = len(path.relative_to(source / PACKAGE).parts) > 1
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found[name] = Module(name, parts[1] if in_room else "", is_package, tree)
    return found


def imports_of(module: Module, known: dict[str, Module]) -> list[Import]:
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = origin_of(node, module)
            for alias in node.names:
                submodule = f"{origin}.{alias.name}"
                is_module = submodule in known or submodule in IMPURE_MODULES
                found.append(Import(submodule if is_module else origin, node.lineno))
    return found


def origin_of(node: ast.ImportFrom, module: Module) -> str:
    """`from ..geo import x` in keepclear.watch.evidence comes from keepclear.geo."""
    if node.level == 0:
        return node.module or ""
    parts = module.name.split(".")
    above = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*above, node.module] if node.module else above)


def forbidden_imports(source: Path) -> list[str]:
    known = modules_under(source)
    complaints = []
    for module in known.values():
        if module.room and module.room not in MAP:
            complaints.append(f"{module.name}: the room {module.room!r} has no row in MAP")
            continue
        allowed = MAP[module.room] if module.room else TOP
        for target, line in imports_of(module, known):
            first, _, rest = target.partition(".")
            if first == PACKAGE:
                its_room = rest.partition(".")[0]
                if its_room != module.room and its_room not in allowed.rooms:
                    complaints.append(f"{module.name}:{line}: {module.room or 'the top'} may not import {target}")
            elif first not in sys.stdlib_module_names and first not in allowed.packages:
                complaints.append(f"{module.name}:{line}: {module.room or 'the top'} may not import {target}")
    return complaints


def import_cycle(source: Path) -> list[str]:
    known = modules_under(source)
    # What a package's __init__ offers and is taken from there counts as an import of the package.
    graph = {
        module.name: {found.target for found in imports_of(module, known) if found.target in known} - {module.name}
        for module in known.values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def impurities(source: Path) -> list[str]:
    known = modules_under(source)
    complaints = []
    for module in known.values():
        if module.room not in PURE_ROOMS:
            continue
        for target, line in imports_of(module, known):
            if any(target == impure or target.startswith(f"{impure}.") for impure in IMPURE_MODULES):
                complaints.append(f"{module.name}:{line}: imports {target}")
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(func=ast.Name(id=called)) if called in IMPURE_CALLS:
                    complaints.append(f"{module.name}:{node.lineno}: calls {called}()")
                case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=method) if (
                    owner in CLOCK_OWNERS and method in CLOCK_METHODS
                ):
                    complaints.append(f"{module.name}:{node.lineno}: reads a clock with {owner}.{method}")
                case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"):
                    complaints.append(f"{module.name}:{node.lineno}: uses numpy.random")
    return complaints


# --- the rules, on our source ---


def test_the_map_itself_has_no_cycle_and_no_unknown_room():
    for row in MAP.values():
        assert row.rooms <= MAP.keys()
    list(TopologicalSorter({name: row.rooms for name, row in MAP.items()}).static_order())


def test_every_room_of_the_map_is_there():
    rooms = {module.room for module in modules_under(SOURCE).values()} - {""}
    assert rooms == MAP.keys()


def test_no_module_imports_what_its_room_may_not():
    assert forbidden_imports(SOURCE) == []


def test_no_modules_import_each_other_in_a_circle():
    assert import_cycle(SOURCE) == []


def test_pure_rooms_touch_no_clock_file_network_thread_or_chance():
    assert impurities(SOURCE) == []


# --- and a check that the rules can see: one small tree per way to break them ---


def tree(tmp_path: Path, **files: str) -> Path:
    for room_and_module, text in files.items():
        *rooms, module = room_and_module.split("__")
        path = tmp_path.joinpath(PACKAGE, *rooms, f"{module}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("ground__errors", "import keepclear.geo.earth"),
        ("ground__errors", "from keepclear.geo import earth"),
        ("ground__errors", "from keepclear import geo"),
        ("ground__errors", "def f():\n    from ..geo.earth import distance_m"),
        ("ground__errors", "from .. import geo"),
        ("ground__errors", "import numpy as np"),
        ("geo__earth", "if TYPE_CHECKING:\n    import defusedxml"),
        ("geo__earth", "from keepclear import watch_over"),
        ("render__map", "from keepclear.feeds.zones import load_zones"),
        ("loose", "import tqdm"),
        ("attic__box", "import math"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, module, text):
    source = tree(tmp_path, **{"geo____init__": "", "geo__earth": "", "agreements__terms": "", module: text})
    assert len(forbidden_imports(source)) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("ground__errors", "import math\nfrom collections.abc import Sequence"),
        ("geo__shapes", "from . import earth\nimport numpy as np\nfrom scipy.special import owens_t"),
        ("watch__evidence", "from ..geo import earth\nfrom keepclear.agreements.terms import Zone"),
        ("cli__main", "import pathlib, os, time\nimport tqdm\nimport keepclear.geo.earth"),
    ],
)
def test_an_allowed_import_is_left_alone(tmp_path, module, text):
    source = tree(tmp_path, **{"geo____init__": "", "geo__earth": "", "agreements__terms": "", module: text})
    assert forbidden_imports(source) == []
    assert import_cycle(source) == []


def test_a_circle_is_found(tmp_path):
    source = tree(
        tmp_path,
        geo__a="from keepclear.geo.b import x",
        geo__b="def f():\n    from . import c",
        geo__c="import keepclear.geo.a",
    )
    assert {"keepclear.geo.a", "keepclear.geo.b", "keepclear.geo.c"} == set(import_cycle(source))


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from os import path",
        "import os.path",
        "def f():\n    import asyncio.events",
        "from numpy import random",
        "import numpy.random as chance",
        "import numpy as np\nx = np.random.default_rng(1)",
        "print(1)",
        "with open('x') as f: pass",
        "from datetime import datetime\nx = datetime.now(tz=None)",
        "import datetime\nx = datetime.datetime.utcnow()",
        "from datetime import date\nf = date.today",
    ],
)
@pytest.mark.parametrize("pure_room", sorted(PURE_ROOMS))
def test_an_impurity_is_found(tmp_path, pure_room, text):
    assert len(impurities(tree(tmp_path, **{f"{pure_room}__m": text}))) == 1


def test_the_shell_may_do_what_the_pure_rooms_may_not(tmp_path):
    assert impurities(tree(tmp_path, cli__main="import os, time\nprint(time.time())\nopen('x')")) == []


def test_a_field_called_now_is_no_clock(tmp_path):
    assert impurities(tree(tmp_path, watch__events="was, now = change.was, change.now")) == []
