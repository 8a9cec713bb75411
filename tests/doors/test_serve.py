"""`keepclear init`, `serve` and `status` as a person runs them, where something about the machine is not as it should be."""

from __future__ import annotations

import http.client
import json
import ssl
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
