"""`keepclear serve` in a folder without a node: what is asked at its address, and the node that comes of it."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from keepclear.api.set_up import WRONG_CODES_MAX
from keepclear.ground.instants import parse_instant
from tests.desks import PersonAtDesk
from tests.running import Running

PASSWORD = "a horse by the river"
ZONE = {
    "type": "Feature", "id": "kestrel-pass", "geometry": {"type": "Point", "coordinates": [38.6, 33.5]},
    "properties": {"name": "Kestrel Pass", "radius": "20 km"},
}  # fmt: skip


class FirstRun:
    """The set-up of a node that is not there yet, and how a browser asks for it."""

    def __init__(self, folder: Path, serving: Running) -> None:
        self.folder, self.serving = folder, serving
        self.address = serving.line_with("#/setup/", "stderr").strip()
        self.origin, _, self.code = self.address.partition("/#/setup/")

    def asked(self, method="GET", body=None, *, path="/v1/setup", code=None):
        headers = {"Authorization": f"Bearer {self.code if code is None else code}"}
        more = {} if body is None else {"json": body}
        return httpx.request(method, f"{self.origin}{path}", headers=headers, timeout=300, trust_env=False, **more)

    def until_it_serves(self):
        self.serving.line_with("Listening at", "stderr")


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """One for all tests that make nothing."""
    folder = tmp_path_factory.mktemp("waiting")
    with Running(folder, "serve", "alpha") as serving:
        yield FirstRun(folder / "alpha", serving)


@pytest.fixture
def first_run(tmp_path):
    with Running(tmp_path, "serve", "alpha") as serving:
        yield FirstRun(tmp_path / "alpha", serving)


def body(**changed):
    said = {
        "party": {"id": "alpha", "name": "Alpha"},
        "administrator": {"user": "ada", "password": PASSWORD, "name": "Ada"},
    }
    return said | changed


def test_the_console_is_there_and_what_is_missing_is_told_to_who_has_the_code(waiting):
    assert httpx.get(waiting.origin, trust_env=False).headers["content-type"].startswith("text/html")
    assert waiting.asked().json()["missing"] == ["party", "administrator"]
    assert waiting.asked(path="/v1/me").json()["type"] == "keepclear:setup.not_done"


def test_without_the_code_nothing_is_told_or_made_and_guessing_keeps_nobody_out(waiting):
    assert httpx.get(f"{waiting.origin}/v1/setup", trust_env=False).status_code == 401
    doors = ("/v1/setup", "/v1/setup/check")
    for number, code in enumerate(["x", *("guess",) * (WRONG_CODES_MAX - 2)]):
        assert waiting.asked("POST", body(), code=code, path=doors[number % 2]).status_code == 401
    assert [waiting.asked("POST", body(), code="guess", path=door).status_code for door in doors] == [429, 429]
    assert not waiting.folder.exists()
    assert waiting.asked().status_code == 200


@pytest.mark.parametrize(
    ("changed", "path", "key"),
    [
        ({"party": {"id": "Alpha!"}}, "$.party.id", "id.unusable"),
        ({"administrator": {"user": "ada", "password": "short"}}, "$.administrator.password", "password.short"),
        ({"administrator": {"user": "A da", "password": PASSWORD}}, "$.administrator.user", "id.unusable"),
        ({"people": [{"user": "ada", "role": "planner"}]}, "$.people[0].user", "setup.twice"),
        ({"people": [{"user": "petra", "role": "king"}]}, "$.people[0].role", "body.invalid"),
        ({"zone": ZONE}, "$.people", "setup.no_planner"),
        (
            {"people": [{"user": "petra", "role": "planner"}], "zone": ZONE | {"properties": {"radius": "20"}}},
            "$.zone.properties.radius",
            "length.unreadable",
        ),
        ({"feed": {"id": "no feed", "source": "Harbour"}}, "$.feed", "id.unusable"),
        ({"unknown": 1}, "$.unknown", "body.invalid"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_made(waiting, changed, path, key):
    answer = waiting.asked("POST", body(**changed))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (fault,) = answer.json()["errors"]
    assert fault["path"] == path
    assert fault["key"] == key
    assert PASSWORD not in answer.text
    assert not waiting.folder.exists()


@pytest.mark.parametrize(
    ("said", "path", "key"),
    [
        ({"party": {"id": "Alpha!"}}, "$.party.id", "id.unusable"),
        ({"administrator": {"user": "адa", "password": PASSWORD}}, "$.administrator.user", "id.unusable"),
        ({"administrator": {"user": "ada", "password": "short"}}, "$.administrator.password", "password.short"),
        ({"people": [{"user": "Petra", "role": "planner"}]}, "$.people[0].user", "id.unusable"),
        ({"people": [{"user": "petra", "role": "planner"}], "zone": ZONE | {"id": "No Zone"}}, "$.zone", "id.unusable"),
        ({"feed": {"id": "no feed", "source": "Harbour"}}, "$.feed", "id.unusable"),
    ],
)  # fmt: skip
def test_each_step_is_checked_as_the_whole_will_be_and_makes_nothing(waiting, said, path, key):
    so_far = {"party": {"id": "alpha"}} | said
    answer = waiting.asked("POST", so_far, path="/v1/setup/check")
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["path"], fault["key"]) == (path, key)
    assert fault["mend"]
    assert PASSWORD not in answer.text
    whole = waiting.asked("POST", body() | said)
    assert whole.json()["errors"] == [fault]
    assert not waiting.folder.exists()


def test_what_is_said_so_far_and_right_is_taken_with_what_is_missing_still(waiting):
    said = {"party": {"id": "alpha"}}
    assert waiting.asked("POST", said, path="/v1/setup/check").json() == {"still_missing": ["administrator"]}
    assert waiting.asked("POST", body(), path="/v1/setup/check").json() == {"still_missing": []}
    assert not waiting.folder.exists()


def test_the_node_is_made_and_serves_at_the_same_address_and_who_made_it_is_signed_in(first_run):
    people = [{"user": "petra", "role": "planner", "name": "Petra"}, {"user": "otto", "role": "watch_officer"}]
    feed = {"id": "patrols", "source": "Harbour patrol", "silent_after_us": 60_000_000}
    made = first_run.asked("POST", body(people=people, zone=ZONE, feed=feed, exercise=True))
    assert made.status_code == 201, made.text
    first_run.until_it_serves()
    with PersonAtDesk(first_run.origin) as ada:
        ada.holds(made.cookies)
        me = ada.ask("GET", "/v1/me")
        assert (me["user"], me["name"], me["role"], me["exercise"]) == ("ada", "Ada", "administrator", True)
        assert [zone["name"] for zone in ada.ask("GET", "/v1/zones")["items"]] == ["Kestrel Pass"]
        assert [feed["source"] for feed in ada.ask("GET", "/v1/feeds")["items"]] == ["Harbour patrol"]
        assert ada.ask("GET", "/v1/tokens")["items"] == []
    assert all(parse_instant(one["until"]).us > 0 for one in made.json()["invitations"])
    invited = {one["user"]: one["path"] for one in made.json()["invitations"]}
    with PersonAtDesk(first_run.origin + invited["otto"]) as otto:
        otto.come_in()
        assert otto.ask("GET", "/v1/me")["role"] == "watch_officer"
    with PersonAtDesk(first_run.origin) as ada:
        ada.ask("POST", "/v1/session", {"user": "ada", "password": PASSWORD})
    # The code has ended with the set-up.
    assert first_run.asked().status_code == 401
    first_run.serving.process.send_signal(signal.SIGINT)
    code, _, said = first_run.serving.ended()
    assert code == 0
    assert "Nobody can sign in yet" not in said


def test_the_same_can_be_started_again_without_a_set_up(first_run, tmp_path):
    assert first_run.asked("POST", body()).status_code == 201
    first_run.until_it_serves()
    first_run.serving.process.send_signal(signal.SIGINT)
    assert first_run.serving.ended()[0] == 0
    with Running(tmp_path, "serve", "alpha") as again:
        assert first_run.origin in again.line_with("Listening at", "stderr")


def test_it_can_be_stopped_with_nothing_made(first_run):
    first_run.serving.process.send_signal(signal.SIGINT)
    code, _, said = first_run.serving.ended()
    assert (code, "there is no node yet" in said) == (0, True)
    assert not first_run.folder.exists()


def test_a_folder_with_something_else_in_it_is_no_place_for_a_node(tmp_path):
    (tmp_path / "alpha").mkdir()
    (tmp_path / "alpha" / "letter.txt").write_text("Dear Ada")
    with Running(tmp_path, "serve", "alpha") as serving:
        code, _, said = serving.ended()
    assert (code, "There is no node in this folder" in said) == (2, True)


def test_the_example_is_started_beside_it_and_ends_with_it(first_run):
    started = first_run.asked("POST", path="/v1/setup/example")
    assert started.status_code == 201, started.text
    address = started.json()["address"]
    assert first_run.asked("POST", path="/v1/setup/example").json()["address"] == address
    with PersonAtDesk(address) as otto:
        otto.come_in()
        assert otto.ask("GET", "/v1/me")["exercise"] is True
    assert first_run.asked().status_code == 200
    first_run.serving.process.send_signal(signal.SIGINT)
    assert first_run.serving.ended()[0] == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(address.partition("#")[0], trust_env=False)
