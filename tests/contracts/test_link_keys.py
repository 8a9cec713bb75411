"""The keys for links on disk: drawn once, for their owner alone, and refused with what to do where they are not as they were left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from keepclear.ground.errors import Refused
from keepclear.host.beginning import begin
from keepclear.host.link_keys import CERTIFICATE, KEY, OPENING, draw_link_keys, link_key_paths, read_link_keys
from tests.links_of_three import MINUTE, T0


@pytest.fixture(params=[None, b"correct horse"], ids=["plain", "with a passphrase"])
def passphrase(request):
    return request.param


def refused(folder: Path, passphrase: bytes | None) -> Refused:
    with pytest.raises(Refused) as caught:
        read_link_keys(folder, passphrase)
    return caught.value


def test_they_are_drawn_once_and_read_as_they_were_drawn(tmp_path, passphrase):
    drawn = draw_link_keys(tmp_path, "alpha", passphrase, T0)
    assert read_link_keys(tmp_path, passphrase) == drawn == draw_link_keys(tmp_path, "alpha", passphrase, T0 + MINUTE)
    assert drawn.own.certificate.party == "alpha"
    assert draw_link_keys(tmp_path / "other", "alpha", passphrase, T0) != drawn


def test_they_are_for_their_owner_alone_and_encrypted_where_there_is_a_passphrase(tmp_path, passphrase):
    draw_link_keys(tmp_path, "alpha", passphrase, T0)
    for path in link_key_paths(tmp_path):
        assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in (OPENING, KEY):
        assert (b"ENCRYPTED" in (tmp_path / name).read_bytes()) is (passphrase is not None)
    assert refused(tmp_path, b"another").key in {"key.passphrase", "key.not_encrypted"}


@pytest.mark.skipif(os.name != "posix", reason="who may read a file is asked of POSIX only")
@pytest.mark.parametrize("name", [OPENING, KEY])
def test_keys_that_others_can_read_are_refused(tmp_path, name):
    draw_link_keys(tmp_path, "alpha", None, T0)
    (tmp_path / name).chmod(0o640)
    assert refused(tmp_path, None).key == "key.permissions"


@pytest.mark.parametrize("name", [OPENING, KEY, CERTIFICATE])
def test_a_file_that_is_not_there_is_refused_with_what_to_do_and_where(tmp_path, name):
    draw_link_keys(tmp_path, "alpha", None, T0)
    (tmp_path / name).unlink()
    said = refused(tmp_path, None)
    assert (said.key, Path(said.where)) == ("key.no_link_keys", tmp_path / name)
    assert "keepclear peer card" in said.mend


def test_a_drawing_that_was_cut_short_is_gone_on_with_and_keeps_what_was_drawn(tmp_path):
    draw_link_keys(tmp_path, "alpha", None, T0)
    kept = {name: (tmp_path / name).read_bytes() for name in (OPENING, KEY)}
    (tmp_path / CERTIFICATE).unlink()
    drawn = draw_link_keys(tmp_path, "alpha", None, T0)
    assert {name: (tmp_path / name).read_bytes() for name in kept} == kept
    assert read_link_keys(tmp_path, None) == drawn


def test_a_certificate_without_its_own_key_is_refused_and_not_drawn_over(tmp_path):
    draw_link_keys(tmp_path, "alpha", None, T0)
    (tmp_path / KEY).unlink()
    with pytest.raises(Refused, match="not there"):
        draw_link_keys(tmp_path, "alpha", None, T0)
    draw_link_keys(tmp_path / "other", "alpha", None, T0)
    (tmp_path / KEY).write_bytes((tmp_path / "other" / KEY).read_bytes())
    (tmp_path / KEY).chmod(0o600)
    assert refused(tmp_path, None).key == "tls.other_key"


def test_keys_of_another_party_are_refused(tmp_path):
    draw_link_keys(tmp_path, "alpha", None, T0)
    with pytest.raises(Refused, match="of another party"):
        draw_link_keys(tmp_path, "bravo", None, T0)


@pytest.mark.parametrize("name", [OPENING, KEY, CERTIFICATE])
@pytest.mark.parametrize("data", [b"", b"nothing", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_damaged_is_refused_with_its_place(tmp_path, name, data):
    draw_link_keys(tmp_path, "alpha", None, T0)
    (tmp_path / name).write_bytes(data)
    assert Path(refused(tmp_path, None).where) == tmp_path / name


def test_a_node_begins_with_them(tmp_path, passphrase):
    begin(
        tmp_path / "alpha", party="alpha", party_name="Alpha", origin="alpha.example/keepclear", exercise=False,
        users=[], store="", passphrase=passphrase, at_us=T0,
    )  # fmt: skip
    assert read_link_keys(tmp_path / "alpha" / "keys", passphrase).own.certificate.party == "alpha"
