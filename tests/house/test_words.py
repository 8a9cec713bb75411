"""What must not stand in any file of the repository, and what no file may be called."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]

# Written in two pieces, so that this file does not find itself.
DEVELOPER_PATH = re.compile(rb"(?<![\w.~-])/" + rb"(?:work|root|tmp/kc)(?:[/-]|\b)")
REGISTRY_ADDRESS = re.compile(
    rb"(?:pypi|test\.pypi|pythonhosted|registry\.npmjs|crates|conda\.anaconda|proxy\.golang)" + rb"\.(?:org|io)\b",
    re.IGNORECASE,
)
# Names that say which kind of Python is inside, not what the module knows.
EMPTY_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "base", "manager", "managers"})


def repository_files() -> list[PurePosixPath]:
    """Tracked files, and those that would be tracked after `git add --all`."""
    git = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(git, check=True, capture_output=True).stdout.decode().split("\0")
    return [PurePosixPath(name) for name in sorted(set(listed)) if name and (ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[bytes], content: bytes) -> list[int]:
    return [number for number, line in enumerate(content.splitlines(), 1) if pattern.search(line)]


def places_with(pattern: re.Pattern[bytes]) -> list[str]:
    return [f"{name}:{line}" for name in repository_files() for line in lines_with(pattern, (ROOT / name).read_bytes())]


def has_empty_name(path: PurePosixPath) -> bool:
    words = (word for part in path.parts for word in re.split(r"[^a-z0-9]+", part.lower()))
    return not EMPTY_NAMES.isdisjoint(words)


def test_the_repository_is_listed():
    assert PurePosixPath("pyproject.toml") in repository_files()
    assert PurePosixPath("tests/house/test_words.py") in repository_files()


def test_no_file_names_a_path_of_somebodys_machine():
    assert places_with(DEVELOPER_PATH) == []


def test_no_file_names_the_address_of_a_package_registry():
    assert places_with(REGISTRY_ADDRESS) == []


def test_no_file_is_named_after_nothing():
    assert [str(path) for path in repository_files() if has_empty_name(path)] == []


@pytest.mark.parametrize("line", [b"see /%s/main", b'"/%s/x"', b"=/%s/", b"cd /%s"])
@pytest.mark.parametrize("place", [b"work", b"root"])
def test_a_path_of_a_machine_is_seen(line, place):
    assert lines_with(DEVELOPER_PATH, b"first\n" + line % place) == [2]


@pytest.mark.parametrize("line", [b"a/%s/b", b"https://example.org/%s/x", b"net%s/", b"/%sing"])
def test_other_slashes_are_left_alone(line):
    assert lines_with(DEVELOPER_PATH, line % b"work") == []


def test_a_registry_is_seen():
    assert lines_with(REGISTRY_ADDRESS, b"--index-url https://%s.org/simple" % b"pypi") == [1]


@pytest.mark.parametrize(
    ("path", "empty"),
    [("src/geo_utils.py", True), ("src/common/x.py", True), ("src/basemap.py", False), ("docs/data-base.md", True)],
)
def test_a_name_without_knowledge_is_seen(path, empty):
    assert has_empty_name(PurePosixPath(path)) is empty
