"""`keepclear init`, `serve` and `status` as a person runs them, where something about the machine is not as it should be."""

from __future__ import annotations

import http.client
import json
import socket
import sqlite3
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.certificates import CHAIN, KEY, write_certificate
from tests.running import Running


def node_in(folder: Path, **replaced: str) -> Path:
    """A node of Alpha in this folder, with lines of its node.toml replaced."""
    with Running(folder, "init", "alpha", "--party", "alpha") as init:
        assert init.ended()[0] == 0
    toml = folder / "alpha" / "node.toml"
    settings = toml.read_text().replace("port = 7117", "port = 0\n" + "\n".join(replaced.values()))
    toml.write_text(settings)
    return folder / "alpha"


def certified(folder: Path, *, by_an_authority: bool = False) -> Path:
    alpha = node_in(folder, certificate=f'certificate = "{CHAIN}"', key=f'key = "{KEY}"')
    write_certificate(alpha, by_an_authority=by_an_authority)
    return alpha


def init_of(folder: Path, *options: str, file_bytes_max: int | None = None) -> tuple[int, str]:
    """Exit code and what is said of an `init` into alpha/node; no file can grow beyond `file_bytes_max`, as on a disk that is full."""
    program = (
        "import resource, sys; from keepclear.cli.main import main;"
        f"limit = {file_bytes_max}; limit is None or resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit));"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "init", "alpha/node", "--party", "alpha", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("options", "file_bytes_max", "said"),
    [
        pytest.param([], 50_000, "The database could not take the first entries", id="a disk that is full"),
        pytest.param([], 10, "The node cannot be made here", id="a disk that is full from the start"),
        pytest.param(
            ["--passphrase-file", "/dev/null"], None, "There is no passphrase in this file", id="no passphrase"
        ),
        pytest.param(["--origin", "a b"], None, "The name of a key", id="no name of a record"),
        pytest.param(["--user", "otto:king"], None, "There is no such role", id="no role"),
        pytest.param(["--store", "mysql://x"], None, "This is no address of a database", id="no address"),
        pytest.param(["--store", "postgresql://u@127.0.0.1:1/x"], None, "The database does not open", id="no database"),
        pytest.param(["--store", "../../theirs.sqlite"], None, "belongs to another program", id="a database of others"),
    ],
)
def test_of_an_init_that_fails_nothing_is_left(tmp_path, options, file_bytes_max, said):
    with sqlite3.connect(tmp_path / "theirs.sqlite") as theirs:
        theirs.execute("CREATE TABLE it (is_theirs)")
    theirs.close()
    code, errors = init_of(tmp_path, *options, file_bytes_max=file_bytes_max)
    assert code == 2
    assert said in errors
    # The lock of a store is beside the database of somebody else, who may want it as well.
    assert {path.name for path in tmp_path.rglob("*")} - {"theirs.sqlite-writer"} == {"theirs.sqlite"}


def test_a_folder_that_was_there_stays_and_what_is_in_it_is_named(tmp_path):
    (tmp_path / "alpha" / "node").mkdir(parents=True)
    assert init_of(tmp_path, file_bytes_max=50_000)[0] == 2
    assert list((tmp_path / "alpha").rglob("*")) == [tmp_path / "alpha" / "node"]
    (tmp_path / "alpha" / "node" / "letter.txt").touch()
    code, errors = init_of(tmp_path)
    assert code == 2
    assert "There is something in this folder (letter.txt)" in errors


def test_tokens_that_could_not_be_written_are_told_of(tmp_path):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "keepclear", "init", "alpha", "--party", "alpha"]
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "its tokens could not be written (No space left on device)" in done.stderr


def test_a_node_with_a_certificate_is_asked_by_https_and_not_by_plain_http(tmp_path):
    alpha = certified(tmp_path)
    trusting = ssl.create_default_context(cafile=str(alpha / CHAIN))
    with Running(tmp_path, "serve", "alpha") as serving:
        address = serving.line_with("Listening at", "stderr").split()[-1]
        assert address.startswith("https://127.0.0.1:")
        with urllib.request.urlopen(f"{address}/healthz", context=trusting) as answer:
            assert answer.status == 200
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            urllib.request.urlopen(address.replace("https", "http") + "/healthz")


@pytest.mark.parametrize("by_an_authority", [False, True], ids=["by itself", "by an authority"])
def test_status_asks_a_node_whoever_has_issued_its_certificate(tmp_path, by_an_authority):
    alpha = certified(tmp_path, by_an_authority=by_an_authority)
    with Running(tmp_path, "serve", "alpha") as serving:
        port = serving.line_with("Listening at", "stderr").rpartition(":")[2]
        toml = alpha / "node.toml"
        toml.write_text(toml.read_text().replace("port = 0", f"port = {port}"))
        with Running(tmp_path, "status", "alpha") as status:
            code, said, errors = status.ended()
        assert (code, errors) == (0, "")
        assert json.loads(said)["running"] is True


def test_status_does_not_take_another_node_at_the_same_address_for_its_own(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        node_in(folder)
    with Running(first, "serve", "alpha") as serving:
        port = serving.line_with("Listening at", "stderr").rpartition(":")[2]
        for folder, running in ((first, True), (second, False)):
            toml = folder / "alpha" / "node.toml"
            toml.write_text(toml.read_text().replace("port = 0", f"port = {port}"))
            with Running(folder, "status", "alpha") as status:
                code, said, errors = status.ended()
            assert (code, json.loads(said)["running"], errors) == (0 if running else 1, running, "")


@pytest.mark.parametrize("verb", ["serve", "status"])
def test_a_certificate_that_is_not_there_is_said_in_one_line(tmp_path, verb):
    (certified(tmp_path) / CHAIN).unlink()
    with Running(tmp_path, verb, "alpha") as command:
        code, _, errors = command.ended()
    assert code == 2
    assert errors.splitlines()[-1].startswith(
        "keepclear: doors.certificate: The certificate cannot be read (No such file or directory)"
    )
    assert "Traceback" not in errors


def doctor_of(folder: Path, *options: str) -> tuple[int, list[dict[str, str]]]:
    """Exit code and findings about the node alpha."""
    with Running(folder, "doctor", "alpha", *options) as doctor:
        code, said, errors = doctor.ended()
    assert errors == ""
    return code, [json.loads(line) for line in said.splitlines()]


def test_a_port_that_is_taken_is_said_without_a_traceback(tmp_path):
    alpha = node_in(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (alpha / "node.toml").write_text((alpha / "node.toml").read_text().replace("port = 0", f"port = {port}"))
        with Running(tmp_path, "serve", "alpha") as serving:
            code, _, errors = serving.ended()
    assert code == 3
    assert f"the doors could not be opened at http://127.0.0.1:{port}" in errors
    assert "Traceback" not in errors


def test_a_warning_of_the_doctor_is_no_fault_unless_that_is_asked_for(tmp_path):
    (node_in(tmp_path) / "node.toml").chmod(0o644)
    code, findings = doctor_of(tmp_path)
    faults = [finding for finding in findings if finding["how"] == "fault"]  # of the machine that the tests run on
    assert code == (1 if faults else 0)
    assert doctor_of(tmp_path, "--strict")[0] == 1


def test_the_doctor_finds_a_fault(tmp_path):
    (key,) = (node_in(tmp_path) / "keys").glob("[0-9a-f]*.pem")
    key.unlink()
    code, findings = doctor_of(tmp_path)
    assert code == 1
    assert ("key", "fault") in {(finding["about"], finding["how"]) for finding in findings}


def test_the_doctor_warns_of_what_others_may_read_or_write(tmp_path):
    alpha = certified(tmp_path)
    (alpha / "keys" / "old.pem").touch(mode=0o600)

    def warned() -> dict[str, str]:
        found = [finding for finding in doctor_of(tmp_path)[1] if finding["about"] == "files"]
        return {Path(one["mend"].split()[-1]).name: one["what"].split(" can be ")[1] for one in found if one["mend"]}

    assert warned() == {}
    for name, mode in {
        ".": 0o770, "keys": 0o702, "node.toml": 0o640, "record.sqlite": 0o666, KEY: 0o604, "keys/old.pem": 0o644
    }.items():  # fmt: skip
        (alpha / name).chmod(mode)
    of_others = "by others than its owner"
    assert warned() == {
        "alpha": f"written {of_others}",
        "keys": f"written {of_others}",
        "node.toml": f"read {of_others}",
        "record.sqlite": f"read and written {of_others}",
        KEY: f"read {of_others}",
        "old.pem": f"read {of_others}",
    }
