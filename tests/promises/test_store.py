"""docs/spec/store.md, on SQLite; `contracts/test_store.py` has the same for PostgreSQL, `simulation/` the crashes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepclear.ground.errors import Refused
from keepclear.store.backup import backup, restore
from keepclear.store.store import Store
from keepclear.store.views import exported, rebuild
from keepclear.store.writer import CommitFailed, Writer
from keepclear.store.writes import Answered, Drop, Sealed, ViewRow, Write
from tests.stored import committed, fold, presence, write


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/record.sqlite"


@pytest.fixture
def store(url):
    with Store.open(url) as store:
        yield store


@pytest.mark.promise("STORE-1")
def test_an_event_is_written_with_all_that_follows_or_not_at_all(store, url):
    answered = Answered("u", "k", "hash", 200, b"{}", 1)
    with pytest.raises(KeyError):
        store.append([replace(write(0), answered=[answered]), Write(views=[ViewRow("alert", {"no": "row"})])])
    store.close()
    with Store.open(url) as again:
        assert (again.size(), again.answered("u", "k"), list(exported(again))) == (0, None, [])
        again.append([replace(write(0), answered=[answered])])
        assert (again.size(), again.answered("u", "k"), again.progress("views")) == (1, answered, 1)


@pytest.mark.promise("STORE-4")
def test_a_write_that_does_not_go_on_changes_nothing(store):
    store.append([write(0)])
    for wrong in (committed(0), committed(2), committed(1, at_us=-1)):
        with pytest.raises(Refused):
            store.append([Write([wrong])])
    assert list(store.stream()) == [committed(0)]


@pytest.mark.promise("STORE-5")
def test_after_a_commit_that_failed_nothing_is_acknowledged(store, url):
    def append(group):
        store.append(group)
        raise OSError("the answer was lost")

    writer = Writer(append)
    future = writer.submit(write(0))
    assert isinstance(future.exception(), CommitFailed)
    with pytest.raises(CommitFailed):
        writer.submit(write(1))
    store.close()
    with Store.open(url) as again:
        assert (list(again.stream()), again.faults()) == ([committed(0)], [])


@pytest.mark.promise("STORE-6")
def test_one_database_has_one_writer_and_any_readers(store, url):
    with pytest.raises(Refused):
        Store.open(url)
    with Store.open(url, writable=False) as reader:
        store.append([write(0)])
        assert reader.size() == 1


@pytest.mark.promise("STORE-8")
def test_views_are_made_again_from_the_record(store):
    store.append([write(0, 60)])
    before = list(exported(store))
    store.drop_views()
    assert not rebuild(store, fold, entries_per_commit=25, stop=lambda: store.progress("views") > 25)
    assert rebuild(store, fold)
    assert list(exported(store)) == before


@pytest.mark.promise("STORE-9")
def test_presence_is_asked_as_it_was_and_as_known(store):
    late = presence(1, seen_at_us=10, known_from_us=50)
    store.append([Write(views=[ViewRow("presence_change", late)])])
    assert store.presence(20, 49, exercise=False) == []
    assert store.presence(20, 50, exercise=False) == [late]
    assert store.presence(9, 50, exercise=False) == []


@pytest.mark.promise("STORE-10", "STORE-11")
def test_a_restored_backup_is_the_same_and_begins_a_new_epoch(store, url, tmp_path):
    store.append([write(0, 30)])
    assert backup(url, tmp_path / "backup", at_us=7) == 30
    other = f"sqlite:///{tmp_path}/other.sqlite"
    restore(tmp_path / "backup", other, at_us=8)
    with pytest.raises(Refused):
        restore(tmp_path / "backup", other, at_us=8)
    with Store.open(other) as restored:
        assert list(restored.stream()) == list(store.stream())
        assert list(exported(restored)) == list(exported(store))
        assert restored.root() == store.root()
        assert restored.restored_from().size == 30
        restored.append([replace(write(30), begins_epoch=True)])
        assert restored.restored_from() is None


@pytest.mark.promise("STORE-12")
def test_bodies_and_personal_data_go_and_the_tree_stays(store, tmp_path):
    store.append([write(0, 3), Write(sealed=[Sealed("h", b"salt", b"Somebody Rare")])])
    root = store.root()
    store.append([Write(erase=["h"], drop=Drop(bodies_below=2, kinds=["positions_arrived"]))])
    assert [one.body is None for one in store.stream()] == [True, True, False]
    assert store.sealed("h") == Sealed("h", None, None)
    assert (store.root(), store.faults()) == (root, [])
    assert not any(b"Somebody Rare" in file.read_bytes() for file in tmp_path.iterdir())
