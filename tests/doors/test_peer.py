"""`keepclear peer` and `keepclear carry` as an administrator gives them, against nodes that are served."""

from __future__ import annotations

import json
import re
import socket
import threading

import pytest

from tests.served import Desk, Served, carried, paired, served, until_owed


@pytest.fixture(scope="module")
def unpaired(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpaired")
    with served(folder, "alpha", "bravo") as nodes:
        yield folder, *nodes


@pytest.fixture
def desk(monkeypatch, capsys) -> Desk:
    return Desk(monkeypatch, capsys)


def cards(desk: Desk, folder, *nodes: Served) -> list[str]:
    names = [str(folder / f"{node.party}.card") for node in nodes]
    for node, name in zip(nodes, names, strict=True):
        assert desk.do("peer", "card", str(node.folder), "--to", name)[0] == 0
    return names


def test_the_card_of_a_folder_is_the_card_that_its_running_node_has(unpaired, desk):
    folder, alpha, bravo = unpaired
    of_alpha, of_bravo = cards(desk, folder, alpha, bravo)
    desk.at(alpha)
    at_alpha = desk.done("peer", "number", of_bravo)
    desk.at(bravo)
    at_bravo = desk.done("peer", "number", of_alpha)
    assert at_alpha["number"] == at_bravo["number"]
    assert at_alpha["party"] == "bravo"


def test_a_card_is_written_where_no_node_runs_and_its_keys_are_drawn_once(tmp_path, desk):
    with served(tmp_path, "alpha") as (alpha,):
        pass
    for name in ("opening.pem", "link.pem", "link-certificate.pem"):
        (alpha.folder / "keys" / name).unlink()
    code, _, errors = desk.do("peer", "card", str(alpha.folder), "--to", str(tmp_path / "first.card"))
    assert code == 0
    assert "Keys for links were drawn" in errors
    code, _, errors = desk.do("peer", "card", str(alpha.folder), "--to", str(tmp_path / "second.card"))
    assert "drawn" not in errors
    assert (tmp_path / "first.card").read_bytes() == (tmp_path / "second.card").read_bytes()


def test_a_number_is_shown_in_twelve_groups_with_what_to_do_with_it(unpaired, desk):
    folder, alpha, bravo = unpaired
    (of_bravo,) = cards(desk, folder, bravo)
    desk.at(alpha)
    code, shown = desk.on_a_terminal("peer", "number", of_bravo)
    assert code == 0
    groups = [word for line in shown.splitlines() if line.startswith("    ") for word in line.split()]
    assert [len(group) for group in groups] == [5] * 12
    assert "with somebody whose voice you know" in shown


def test_a_card_is_not_taken_in_with_another_number_or_with_nobody_to_ask(unpaired, desk):
    folder, alpha, bravo = unpaired
    (of_bravo,) = cards(desk, folder, bravo)
    desk.at(alpha, alpha.administrator)
    asked = ("peer", "add", of_bravo, "--compared-with", "petra, by telephone")
    code, _, errors = desk.do(*asked, "--number", "00000 " * 12)
    assert (code, "The number is another one" in errors) == (2, True)
    code, _, errors = desk.do(*asked)
    assert (code, "Nobody can be asked" in errors) == (2, True)
    code, shown = desk.on_a_terminal(*asked, typed="00000\n")
    assert (code, "NOT TAKEN IN" in shown) == (1, True)
    code, said, errors = desk.do("peer", "list")
    assert (code, said) == (0, [])
    assert "No card of another party was taken in." in errors


def test_what_the_node_refuses_is_said_with_the_option_the_value_and_the_mend(unpaired, desk):
    folder, alpha, bravo = unpaired
    (of_bravo,) = cards(desk, folder, bravo)
    desk.at(alpha, alpha.administrator)
    number = desk.done("peer", "number", of_bravo)["number"]
    code, _, errors = desk.do("peer", "add", of_bravo, "--compared-with", " ", "--number", number)
    assert code == 2
    assert "--compared-with: Nobody has compared the number of the two cards" in errors
    assert "Read the number to each other" in errors
    desk.at(alpha)
    code, _, errors = desk.do("peer", "add", of_bravo, "--compared-with", "petra", "--number", number)
    assert (code, "keepclear:" in errors) == (2, True)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    with served(folder, "alpha", "bravo") as nodes:
        yield folder, *nodes


@pytest.fixture
def pair(two, desk):
    folder, alpha, bravo = two
    desk.at(alpha)
    if not desk.do("peer", "list")[1]:
        paired(desk, alpha, bravo, folder)
    return folder, alpha, bravo


def test_typing_the_last_group_of_the_number_takes_the_card_in(tmp_path, desk):
    with served(tmp_path, "alpha", "bravo") as (alpha, bravo):
        (of_bravo,) = cards(desk, tmp_path, bravo)
        desk.at(alpha, alpha.administrator)
        last = desk.done("peer", "number", of_bravo)["number"].split()[-1]
        code, shown = desk.on_a_terminal(
            "peer", "add", of_bravo, "--compared-with", "petra, by phone", typed=f"{last}\n"
        )
        assert code == 0, shown
        (view,) = desk.do("peer", "list")[1]
        assert (view["party"], view["compared_with"], view["is_peer"]) == ("bravo", "petra, by phone", False)
        desk.done("peer", "join", "bravo", "--at", "https://bravo.example:7118", "--leads-to", "harbour-aid")
        code, shown = desk.on_a_terminal("peer", "list")
        assert "bravo: a peer at https://bravo.example:7118; leads to harbour-aid" in shown
        assert "NOT HEARD since this node was started" in shown
        code, _, errors = desk.do("peer", "join", "bravo", "--at", "ftp://x")
        assert (code, "--at: This is no address of a node (given: ftp://x)" in errors) == (2, True)
        desk.done("peer", "end-card", "bravo", "--why", "compromised", "--since", "2026-05-17T22:00Z")
        assert (
            "CARD ENDED: compromised, not believed from 2026-05-17 22:00:00Z on"
            in desk.on_a_terminal("peer", "list")[1]
        )


def test_a_party_without_a_node_is_written_to_on_paper_and_by_voice(tmp_path, desk):
    with served(tmp_path, "alpha") as (alpha,):
        desk.at(alpha, alpha.administrator)
        code, _, errors = desk.do("peer", "by-hand", "harbour-aid")
        assert (code, "There is no such other party" in errors) == (2, True)
        desk.done("peer", "by-hand", "harbour-aid", "--name", "Harbour Aid", "--note", "printed at the gate")
        desk.at(alpha)
        asked = ("message", "send", "--to", "harbour-aid", "--marker", "information", "--text", "The road is open.")
        id = desk.done(*asked, "--send")["message"]
        said = desk.done(
            "message", "state", id, "understood", "--of", "harbour-aid", "--person", "Basil", "--carrier", "our driver", "--means", "paper"
        )  # fmt: skip
        assert said["debt"] == "claimed"


def test_a_message_goes_there_and_its_word_comes_back_on_a_memory_stick(pair, desk, tmp_path):
    _, alpha, bravo = pair
    desk.at(alpha)
    sent = desk.done(
        "message", "send", "--to", "bravo", "--marker", "information", "--text", "The road is open.", "--send"
    )
    until_owed(desk, alpha, "bravo", 1)
    (packet,) = carried(desk, alpha, bravo, tmp_path / "stick")
    assert (packet["outcome"], packet["from"]) == ("new", "alpha")
    assert sent["message"] in [view["message"] for view in desk.do("message", "list", "--direction", "in")[1]]
    until_owed(desk, bravo, "alpha", 1)
    assert carried(desk, bravo, alpha, tmp_path / "stick")[0]["outcome"] == "new"
    (hop,) = desk.done("message", "show", sent["message"][:10])["hops"]
    assert (hop["party"], hop["received"], hop["understood"]) == ("bravo", "evidenced", None)


def test_a_packet_that_comes_twice_changes_nothing_and_a_damaged_one_is_set_aside_with_the_reason(pair, desk, tmp_path):
    _, alpha, bravo = pair
    desk.at(alpha)
    stick = tmp_path / "stick"
    desk.done("message", "send", "--to", "bravo", "--marker", "information", "--text", "The road is closed.", "--send")
    until_owed(desk, alpha, "bravo", 1)
    desk.at(alpha)
    first = desk.done("carry", "out", "bravo", "--to", str(stick))["packet"]
    second = desk.done("carry", "out", "bravo", "--to", str(stick))["packet"]
    with open(second, "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    desk.at(bravo)
    code, said, errors = desk.do("carry", "in", str(stick))
    assert code == 1
    assert [packet["outcome"] for packet in said] == ["new", "refused"]
    assert "Packets: 1 had something new, 0 had nothing new, 1 not taken in" in errors
    reason = next((stick / "refused").glob("*.reason.txt")).read_text()
    assert reason.strip() == said[1]["why"] != ""
    taken = stick / "taken" / first.rpartition("/")[2]
    taken.rename(stick / taken.name)
    assert desk.do("carry", "in", str(stick))[1][0]["outcome"] == "known"
    code, _, errors = desk.do("carry", "in", str(stick))
    assert (code, "No packet for bravo lies in" in errors) == (1, True)


def test_a_packet_of_a_party_that_is_not_paired_stays_where_it_lies(pair, unpaired, desk, tmp_path):
    _, alpha, _ = pair
    _, _, stranger = unpaired
    stick = tmp_path / "stick"
    desk.at(alpha)
    written = desk.done("carry", "out", "bravo", "--to", str(stick))["packet"]
    desk.at(stranger)
    code, said, _ = desk.do("carry", "in", str(stick))
    assert (code, said[0]["outcome"]) == (1, "left")
    assert [path.name for path in stick.iterdir()] == [written.rpartition("/")[2]]


def test_a_node_that_does_not_run_and_a_token_that_is_missing_are_said_in_one_line(tmp_path, desk, monkeypatch):
    with served(tmp_path, "alpha") as (alpha,):
        desk.at(alpha, "kc_nobodys")
        code, _, errors = desk.do("peer", "list")
        assert (code, errors.count("\n")) == (2, 1)
        monkeypatch.setenv("KEEPCLEAR_NODE", alpha.address)
        monkeypatch.setenv("KEEPCLEAR_TOKEN", alpha.officer)
        assert desk.do("peer", "list")[0] == 0
    code, _, errors = desk.do("peer", "list")
    assert code == 3
    assert "does not answer" in errors
    assert "Nothing was done." in errors
    monkeypatch.delenv("KEEPCLEAR_TOKEN")
    assert "export KEEPCLEAR_TOKEN" in desk.do("peer", "list")[2]
    monkeypatch.delenv("KEEPCLEAR_NODE")
    monkeypatch.setenv("KEEPCLEAR_TOKEN", "kc_x")
    assert "export KEEPCLEAR_NODE" in desk.do("peer", "list")[2]


def test_what_gets_no_answer_is_asked_once_more_under_one_key_and_then_called_unknown(desk, monkeypatch):
    monkeypatch.setenv("KEEPCLEAR_TOKEN", "kc_x")
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def breaks_off() -> None:
            for _ in range(2):
                line, _ = door.accept()
                with line:
                    heard.append(line.recv(65_536).decode())

        breaking = threading.Thread(target=breaks_off)
        breaking.start()
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        code, _, errors = desk.do("peer", "join", "bravo", "--node", address)
        breaking.join()
    assert code == 3
    assert "WHETHER IT WAS DONE IS NOT KNOWN" in errors
    keys = [re.findall("(?i)idempotency-key: ([0-9a-f]+)", request) for request in heard]
    assert len(keys) == 2
    assert keys[0] == keys[1] != []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        pytest.param("http://node.alpha.example:7117", "for everybody to read", id="plain, and beyond this machine"),
        pytest.param("https://node:99999", "no address of a node", id="no port"),
        pytest.param("https://node/path", "no address of a node", id="a path"),
        pytest.param("https://otto@node", "no address of a node", id="a user"),
    ],
)
def test_a_token_goes_nowhere_but_to_a_node(desk, monkeypatch, address, said):
    monkeypatch.setenv("KEEPCLEAR_TOKEN", "kc_x")
    code, _, errors = desk.do("peer", "list", "--node", address)
    assert (code, said in errors) == (2, True)


@pytest.mark.parametrize("content", ["", "{}", "[1]", json.dumps({"party": "bravo"}), "no card"])
def test_what_is_no_card_is_refused(unpaired, desk, tmp_path, content):
    _, alpha, _ = unpaired
    (tmp_path / "x.card").write_text(content)
    desk.at(alpha)
    code, _, errors = desk.do("peer", "number", str(tmp_path / "x.card"))
    assert (code, "card" in errors) == (2, True)
