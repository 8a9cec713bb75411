"""`keepclear invite` and the first start of `keepclear serve`: how people come to a password, on the machine of the node."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.running import Running
from tests.served import Desk

PASSWORD = "four words in a row"


@pytest.fixture
def alpha(tmp_path):
    with Running(
        tmp_path, "init", "alpha", "--party", "alpha", "--user", "otto:watch_officer", "--user", "mast:machine"
    ) as init:
        code, said, errors = init.ended()
        assert code == 0, errors
    toml = tmp_path / "alpha" / "node.toml"
    toml.write_text(toml.read_text().replace("port = 7117", "port = 0"))
    return tmp_path / "alpha", json.loads(said)["tokens"]


def taken(address: str, code: str) -> tuple[int, dict[str, object], str]:
    """Status, what was answered, and the cookie that came with it."""
    body = json.dumps({"code": code, "password": PASSWORD}).encode()
    asked = urllib.request.Request(f"{address}/v1/session/invite", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, json.load(answer), str(answer.headers["set-cookie"])
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), ""


def served_at(serving: Running) -> str:
    return serving.line_with("Listening at", "stderr").split()[-1]


def code_in(link: str) -> str:
    return link.rpartition("/#/invite/")[2].strip()


@pytest.mark.promise("SIGNIN-1")
def test_the_first_start_lets_an_administrator_choose_a_password_and_the_next_does_not(alpha):
    folder, _ = alpha
    with Running(folder.parent, "serve", "alpha") as serving:
        address, link = served_at(serving), serving.line_with("/#/invite/", "stderr")
        assert link.strip().startswith(f"{address}/#/invite/")
        status, me, cookie = taken(address, code_in(link))
        assert (status, me["user"], me["role"]) == (200, "admin", "administrator")
        assert "HttpOnly" in cookie
        assert taken(address, code_in(link))[0] == 401
    with Running(folder.parent, "serve", "alpha") as serving:
        body = json.dumps({"user": "admin", "password": PASSWORD}).encode()
        asked = urllib.request.Request(f"{served_at(serving)}/v1/session", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked) as answer:  # stands in the record behind whatever the start has put there
            assert json.load(answer)["user"] == "admin"
        serving.process.terminate()
        assert "invite" not in serving.ended()[2]


def invite(desk: Desk, *more: str) -> dict[str, str]:
    desk.capsys.readouterr()
    said: dict[str, str] = desk.done("invite", *more)
    return said


def test_an_invitation_is_made_while_the_node_stands_still_and_taken_once_it_runs(alpha, monkeypatch, capsys):
    folder, _ = alpha
    desk = Desk(monkeypatch, capsys)
    monkeypatch.delenv("KEEPCLEAR_TOKEN", raising=False)
    made = invite(desk, str(folder), "otto")
    assert made["user"] == "otto"
    with Running(folder.parent, "serve", "alpha") as serving:
        status, me, _ = taken(served_at(serving), code_in(made["link"]))
        assert (status, me["user"]) == (200, "otto")
    assert desk.do("doctor", str(folder))[0] in {0, 1}
    assert desk.do("replay", str(folder))[0] == 0


def test_a_node_that_runs_is_asked_with_the_token_of_an_administrator(alpha, monkeypatch, capsys):
    folder, tokens = alpha
    desk = Desk(monkeypatch, capsys)
    with Running(folder.parent, "serve", "alpha") as serving:
        address = served_at(serving)
        toml = folder / "node.toml"
        toml.write_text(toml.read_text().replace("port = 0", f"port = {address.rpartition(':')[2]}"))
        monkeypatch.delenv("KEEPCLEAR_TOKEN", raising=False)
        code, said, errors = desk.do("invite", str(folder), "otto")
        assert (code, said) == (2, [])
        assert "KEEPCLEAR_TOKEN" in errors
        monkeypatch.setenv("KEEPCLEAR_TOKEN", tokens["otto"])
        assert desk.do("invite", str(folder), "otto")[0] == 2
        monkeypatch.setenv("KEEPCLEAR_TOKEN", tokens["admin"])
        made = invite(desk, str(folder), "otto")
        assert made["link"].startswith(f"{address}/#/invite/")
        assert taken(address, code_in(made["link"]))[1]["user"] == "otto"


@pytest.mark.parametrize(
    ("user", "said"), [("nobody", "There is no such user"), ("mast", "A machine does not sign in")]
)
def test_nobody_is_invited_who_could_not_sign_in(alpha, monkeypatch, capsys, user, said):
    folder, _ = alpha
    before = Path(folder / "record.sqlite").stat().st_size
    code, out, errors = Desk(monkeypatch, capsys).do("invite", str(folder), user)
    assert (code, out) == (2, [])
    assert said in errors
    assert Path(folder / "record.sqlite").stat().st_size == before
