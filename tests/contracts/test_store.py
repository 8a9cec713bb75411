"""What the rooms above rely on, of a store in SQLite and of one in a real PostgreSQL alike."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.event import listen, remove

from keepclear.ground.errors import Refused
from keepclear.record import checkpoint as record_checkpoint
from keepclear.record.entries import Committed
from keepclear.record.tree import TilesInMemory, Tree, check_inclusion, inclusion_proof, leaf_hash, root_at
from keepclear.store import schema
from keepclear.store.backup import Stopped, backup, copy, restore
from keepclear.store.opening import upgrade
from keepclear.store.store import Store, StoreFailed
from keepclear.store.views import exported, rebuild
from keepclear.store.writes import (
    Access,
    Answered,
    Checkpoint,
    Drop,
    Restored,
    Sealed,
    Snapshot,
    ViewRow,
    Write,
)
from tests.stored import SECOND_US, alert, committed, fold, presence, segment, write

KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def new_url(kind, tmp_path, request):
    """Makes the address of another empty database of this kind."""
    numbers = iter(range(100))
    if kind == "sqlite":
        return lambda: f"sqlite:///{tmp_path}/{next(numbers)}.sqlite"
    return request.getfixturevalue("postgres").new_database


@pytest.fixture
def url(new_url):
    return new_url()


@pytest.fixture
def store(url):
    with Store.open(url) as store:
        yield store


def raw(url, *statements):
    """Changes a database behind the back of the store."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def root_of(size):
    tree = Tree(TilesInMemory())
    tree.append(leaf_hash(committed(sequence).entry.leaf) for sequence in range(size))
    return tree.root()


# --- the record ---


def test_what_was_appended_is_read_again(store, url):
    store.append([write(0, 3), write(3)])
    store.append([write(4)])
    store.close()
    with Store.open(url) as again:
        assert list(again.stream()) == [committed(sequence) for sequence in range(5)]
        assert again.entries(2, 2) == [committed(2), committed(3)]
        assert (again.size(), again.last_at_us()) == (5, 4 * SECOND_US)
        assert again.faults() == []


def test_a_new_store_is_empty(store):
    assert (store.size(), store.last_at_us(), store.entries(0, 10), list(store.stream())) == (0, 0, [], [])
    assert store.root() == root_of(0)
    assert (store.checkpoint(), store.snapshot(), store.restored_from(), store.progress("views")) == (
        None,
        None,
        None,
        0,
    )


@pytest.mark.parametrize("sizes", [[1], [255, 1, 1], [256], [3, 600, 1], [100] * 6])
def test_the_tree_is_that_of_the_entries(store, url, sizes):
    done = 0
    for count in sizes:
        store.append([write(done, count)])
        done += count
        assert store.root() == root_of(done)
    with Store.open(url, writable=False) as reader:
        assert reader.root() == root_at(reader.tiles, done) == root_of(done)
    store.close()
    with Store.open(url) as again:
        again.append([write(done)])
        assert again.root() == root_of(done + 1)
        proof = inclusion_proof(again.tiles, done // 2, done + 1)
        check_inclusion(done // 2, done + 1, leaf_hash(committed(done // 2).entry.leaf), proof, again.root())


@pytest.mark.parametrize("entries", [[committed(1)], [committed(0), committed(2)], [committed(0), committed(0)]])
def test_a_gap_is_refused_and_nothing_is_written(store, entries):
    with pytest.raises(Refused) as refused:
        store.append([Write(accesses=[Access(1, "u", "p", "read", "zone", "z", "alpha")]), Write(entries)])
    assert refused.value.key == "store.gap"
    assert (store.size(), store.accesses("alpha", 1)) == (0, [])
    store.append([write(0)])
    assert store.root() == root_of(1)


def test_time_going_back_is_refused(store):
    store.append([Write([committed(0, at_us=5)])])
    with pytest.raises(Refused) as refused:
        store.append([Write([committed(1, at_us=4)])])
    assert refused.value.key == "store.back_in_time"
    store.append([Write([committed(1, at_us=5)])])
    assert store.last_at_us() == 5


def test_entries_are_found_by_the_instant_they_were_known_at(store):
    store.append(
        [Write([committed(0, at_us=10), committed(1, at_us=20), committed(2, at_us=20), committed(3, at_us=30)])]
    )
    assert [store.sequence_known_at(at_us) for at_us in (9, 10, 19, 20, 29, 30, 99)] == [0, 1, 1, 3, 3, 4, 4]


def test_outcomes_are_read_without_the_entries_that_have_none(store):
    store.append([write(0, 6)])
    assert store.outcomes(2, 2) == [(committed(sequence).entry, committed(sequence).outcome) for sequence in (3, 5)]
    assert store.outcomes(6, 2) == []


def test_bodies_are_dropped_by_kind_and_the_tree_stays(store):
    store.append([Write([committed(0), committed(1, kind="zone_ended"), committed(2), committed(3)])])
    root = store.root()
    store.append([Write(drop=Drop(bodies_below=3, kinds=("positions_arrived", "none")))])
    assert [one.body is None for one in store.stream()] == [True, False, True, False]
    assert [one.outcome for one in store.stream()] == [committed(sequence).outcome for sequence in range(4)]
    assert (store.root(), store.faults()) == (root, [])


def test_readers_see_whole_groups_while_another_thread_writes(store, url):
    with ThreadPoolExecutor() as pool, Store.open(url, writable=False) as reader:
        writing = pool.submit(lambda: [store.append([write(first, 5)]) for first in range(0, 200, 5)])
        while not writing.done():
            for looking in (reader, store):
                size = looking.size()
                assert size % 5 == 0
                assert len(looking.entries(0, 1000)) >= size
                assert root_at(looking.tiles, size) == root_of(size)
        writing.result()
    assert store.size() == 200


def test_text_keeps_every_character_and_bytes_every_byte(store):
    row = presence(0, subject="Боєць ٣ 🛰 '\"\\ \t")
    body = bytes(range(256))
    one = committed(0)
    one = Committed(replace(one.entry, by="user:ü"), body, one.outcome)
    store.append([Write([one], [ViewRow("presence_change", row)], answered=[Answered("u", "k", "h", 200, body, 1)])])
    assert list(store.rows("presence_change")) == [row]
    assert store.entries(0, 1) == [one]
    assert store.answered("u", "k").body == body


# --- beside it ---


def test_checkpoints_are_kept_and_the_newest_found(store):
    notes = [Checkpoint(size, 0, size * 10, f"note {size}\n") for size in (1, 2, 5)]
    store.append([Write(checkpoints=notes[:2]), Write(checkpoints=notes[2:])])
    assert store.checkpoint() == notes[2]
    assert store.checkpoints(2, 5) == notes[1:]


def test_snapshots_are_found_by_size(store):
    snapshots = [Snapshot(size, "digest", "build", b"state" * size) for size in (10, 20, 30)]
    store.append([Write(snapshots=snapshots)])
    assert (store.snapshot(), store.snapshot(29), store.snapshot(9)) == (snapshots[2], snapshots[1], None)
    store.append([Write(drop=Drop(snapshots_below=20))])
    assert store.snapshot_sizes() == [20, 30]


def test_what_is_sealed_is_erased_and_its_hash_remains(store):
    store.append([Write(sealed=[Sealed("h1", b"salt", b"A name"), Sealed("h2", b"salt", b"Another")])])
    store.append([Write(erase=["h1"])])
    assert store.sealed("h1") == Sealed("h1", None, None)
    assert store.sealed("h2") == Sealed("h2", b"salt", b"Another")
    assert store.sealed("h3") is None


def test_erased_bytes_are_not_left_in_the_files_of_sqlite(tmp_path):
    name = b"Somebody Whose Name Is Rare"
    with Store.open(f"{tmp_path}/r.sqlite") as store:
        store.append([Write(sealed=[Sealed("h", b"salt", name)])])
        assert any(name in file.read_bytes() for file in tmp_path.iterdir())
        store.append([Write(erase=["h"])])
        assert not any(name in file.read_bytes() for file in tmp_path.iterdir())


def test_an_answer_is_found_by_user_and_key_until_it_is_old(store):
    mine = Answered("u1", "k", "hash", 201, b"{}", 100)
    store.append([Write(answered=[mine, replace(mine, user="u2", at_us=200)])])
    assert store.answered("u1", "k") == mine
    assert store.answered("u1", "other") is None
    store.append([Write(drop=Drop(answered_before_us=200))])
    assert (store.answered("u1", "k"), store.answered("u2", "k").at_us) == (None, 200)


def test_the_access_log_is_read_by_owner_newest_first(store):
    lines = [
        Access(at, "u", "bravo", "read", "zone", f"z{at}", owner)
        for at, owner in ((1, "a"), (2, "b"), (3, "a"), (4, "a"))
    ]
    store.append([Write(accesses=lines[:2]), Write(accesses=lines[2:])])
    assert store.accesses("a", 2) == [lines[3], lines[2]]
    store.append([Write(drop=Drop(accesses_before_us=4))])
    assert store.accesses("a", 9) == [lines[3]]


# --- views ---


def test_presence_is_asked_as_it_was_at_and_as_known_at(store):
    told: list[dict[str, Any]] = [
        presence(1, seen_at_us=10, known_from_us=10, now="inside"),
        presence(2, seen_at_us=30, known_from_us=30, was="inside", now="clear"),
        # At 50 it becomes known that it had left at 20 already.
        presence(3, seq=2, seen_at_us=20, known_from_us=50, was="inside", now="clear"),
        presence(4, seen_at_us=10, known_from_us=10, subject="bravo-1"),
        presence(5, seen_at_us=10, known_from_us=10, exercise=True, now="close"),
    ]  # fmt: skip
    rows = [ViewRow("presence_change", row) for row in told]
    ended = ViewRow("presence_change", {"known_until_us": 50}, {"exercise": False, "seq": 2, "known_until_us": None})
    store.append([Write(views=[*rows[:2], rows[3], rows[4], ended, rows[2]])])

    def now(at_us, known_at_us, **whom):
        return [row["now"] for row in store.presence(at_us, known_at_us, exercise=False, **whom)]

    assert now(9, 99) == []
    assert now(25, 40) == ["inside", "inside"]  # as was known at 40, it was inside at 25
    assert now(25, 50) == ["clear", "inside"]  # as is known since 50, it was not
    assert now(30, 49, subject="alpha-1") == ["clear"]
    assert now(99, 99, zone="elsewhere") == []
    assert now(99, 99, after=("alpha-1", "kestrel-pass")) == ["inside"]
    assert [row["now"] for row in store.presence(99, 99, exercise=True)] == ["close"]
    seen = store.presence_history(exercise=False, subject="alpha-1", known_at_us=99, from_us=0, until_us=99)
    assert [(row["seen_at_us"], row["now"]) for row in seen] == [(10, "inside"), (20, "clear")]


def test_a_page_of_presence_is_read_in_the_order_of_an_index(tmp_path):
    """As SQLite says that it goes about it: no sorting, and no row of a view that is behind the page."""
    url = f"sqlite:///{tmp_path}/a.sqlite"
    asked: list[tuple[str, Any]] = []
    with Store.open(url) as store:
        rows = [presence(n, subject=f"alpha-{n % 20}", zone=f"zone-{n % 3}") for n in range(300)]
        store.append([Write(views=[ViewRow("presence_change", row) for row in rows])])
        listen(Engine, "before_cursor_execute", noted := lambda *of: asked.append(of[2:4]))
        try:
            for whom in ({}, {"zone": "zone-1"}, {"subject": "alpha-5"}, {"zone": "zone-1", "subject": "alpha-5"}):
                page = store.presence(10**12, 10**12, exercise=False, after=("alpha-1", "zone-1"), count=2, **whom)
                assert page == sorted(page, key=lambda row: (row["subject"], row["zone"]))
                assert page
        finally:
            remove(Engine, "before_cursor_execute", noted)
    with sqlite3.connect(tmp_path / "a.sqlite") as held:
        asked = [(query, values) for query, values in asked if query.startswith("SELECT")]
        for query, values in asked:
            plan = [row[3] for row in held.execute(f"EXPLAIN QUERY PLAN {query}", values)]
            assert not [step for step in plan if step.startswith(("SCAN", "USE TEMP"))], plan
            assert all(
                "subject=?" in step or "zone=?" in step or "(subject,zone)>" in step
                for step in plan
                if "SEARCH" in step
            )
    assert len(asked) == 4


def test_zones_are_asked_as_known_at(store):
    def version(zone, sequence, from_us, until_us=None):
        return ViewRow("zone_version", {
            "exercise": False, "zone": zone, "sequence": sequence, "version": sequence, "known_from_us": from_us,
            "known_until_us": until_us, "text": "{}",
        })  # fmt: skip

    store.append([Write(views=[version("b", 1, 10, 20), version("b", 2, 20), version("a", 3, 15)])])
    asked = [[(row["zone"], row["version"]) for row in store.zones(at_us, exercise=False)] for at_us in (9, 10, 19, 20)]
    assert asked == [[], [("b", 1)], [("a", 3), ("b", 1)], [("a", 3), ("b", 2)]]


def test_alerts_are_read_by_state_and_page_with_their_steps(store):
    store.append([Write(views=[ViewRow("alert", alert(sequence)) for sequence in (1, 2, 3)])])
    step: dict[str, Any] = {
        "sequence": 9, "index": 0, "alert_sequence": 2, "alert_index": 1, "at_us": 5, "by": "u", "state": "cleared",
        "words": "a drill", "to": "",
    }  # fmt: skip
    cleared = ViewRow("alert", {"state": "cleared"}, {"sequence": 2, "index": 1})
    store.append([Write(views=[ViewRow("alert_step", step), cleared])])
    assert [row["sequence"] for row in store.alerts(exercise=False, states=["raised"])] == [1, 3]
    assert [row["state"] for row in store.alerts(exercise=False, after=(1, 1), count=1)] == ["cleared"]
    assert store.alert_steps(2, 1) == [step]
    assert store.alerts(exercise=True) == []


def test_segments_are_found_by_subject_and_window(store):
    rows = [
        segment(0),
        segment(100),
        segment(100, feed="other"),
        segment(100, subject="bravo-1"),
        segment(100, number=1),
    ]
    store.append([Write(views=[ViewRow("track_segment", row) for row in rows])])

    def found(from_s, until_s, **whom):
        window = {"from_us": from_s * SECOND_US, "until_us": until_s * SECOND_US}
        return [
            (row["sequence"], row["feed"], row["number"])
            for row in store.segments("alpha-1", exercise=False, **window, **whom)
        ]

    assert found(0, 99) == [(0, "harbour", 0)]
    assert found(11, 99) == []
    assert found(10, 100) == [(0, "harbour", 0), (100, "harbour", 0), (100, "harbour", 1), (100, "other", 0)]
    assert found(100, 100, feed="other") == [(100, "other", 0)]
    assert store.subjects(exercise=False, from_us=0, until_us=100 * SECOND_US) == ["alpha-1", "bravo-1"]
    assert store.subjects(exercise=False, from_us=0, until_us=9, after="alpha-1") == []


def test_a_row_is_put_in_place_of_what_has_its_key(store):
    store.append([Write(views=[ViewRow("alert", alert(1)), ViewRow("alert", alert(1, state="assigned"))])])
    assert [row["state"] for row in store.rows("alert")] == ["assigned"]


def test_a_row_that_lacks_a_column_is_a_bug_and_nothing_is_written(store, url):
    with pytest.raises(KeyError):
        store.append([replace(write(0), views=[ViewRow("alert", {"state": "raised"})])])
    with pytest.raises(StoreFailed):
        store.append([write(0)])
    store.close()
    with Store.open(url) as again:
        assert (again.size(), again.faults()) == (0, [])


def test_views_made_again_are_the_same(store):
    for first in range(0, 300, 20):
        store.append([write(first, 20)])
    before = list(exported(store))
    assert len(before) > 300
    store.drop_views()
    assert list(exported(store)) == []
    told = []
    assert rebuild(store, fold, entries_per_commit=128, progress=lambda done, of: told.append((done, of)))
    assert told == [(128, 300), (256, 300), (300, 300)]
    assert list(exported(store)) == before


def test_making_views_again_stops_and_goes_on(store):
    store.append([write(0, 50)])
    before = list(exported(store))
    store.drop_views()
    assert not rebuild(store, fold, entries_per_commit=20, stop=lambda: True)
    assert store.progress("views") == 20
    assert rebuild(store, fold, entries_per_commit=20)
    assert list(exported(store)) == before


def test_texts_sort_by_their_bytes(store):
    names = ["b", "B", "a", "ä", "a-1", "a1", "Z", "я"]
    store.append([Write(views=[ViewRow("presence_change", presence(n, zone=name)) for n, name in enumerate(names)])])
    asked = [row["zone"] for row in store.presence(99 * SECOND_US, 99 * SECOND_US, exercise=False)]
    assert asked == sorted(names, key=str.encode)


# --- copies ---


def a_full_store(store):
    for first in range(0, 280, 40):
        store.append([write(first, 40)])
    store.append([
        Write(
            answered=[Answered("u", "k", "h", 200, b"{}", 1)], checkpoints=[Checkpoint(280, 0, 1, "note\n")],
            snapshots=[Snapshot(280, "d", "b", b"state")], sealed=[Sealed("h", b"s", b"n"), Sealed("g", None, None)],
            accesses=[Access(at, "u", "p", "read", "zone", "z", "alpha") for at in (1, 2)],
            drop=Drop(bodies_below=100, kinds=["positions_arrived"]),
        )
    ])  # fmt: skip


def everything(store):
    return (
        list(store.stream()), store.root(), list(exported(store)), store.checkpoints(), store.snapshot(), store.sealed("h"),
        store.sealed("g"), store.answered("u", "k"), store.accesses("alpha", 9), store.faults(),
    )  # fmt: skip


def test_a_backup_restored_is_the_same_and_marked_as_a_copy(store, url, new_url, tmp_path):
    a_full_store(store)
    before = everything(store)
    assert backup(url, tmp_path / "backup", at_us=77) == 280
    target = new_url()
    assert restore(tmp_path / "backup", target, at_us=88) == 280
    with Store.open(target) as restored:
        assert everything(restored) == before
        mark = restored.restored_from()
        assert (mark.at_us, mark.size) == (77, 280)
        assert mark.source
        restored.append([replace(write(280), begins_epoch=True)])
        assert restored.restored_from() is None
        restored.append([Write(accesses=[Access(3, "u", "p", "read", "zone", "z", "alpha")])])
        assert len(restored.accesses("alpha", 9)) == 3
    assert store.restored_from() is None


@pytest.mark.promise("STORE-10")
def test_a_backup_is_one_file_and_of_one_instant_while_the_node_writes(store, url, tmp_path, monkeypatch):
    monkeypatch.setattr("keepclear.store.backup.PAGES_AT_ONCE", 20)
    monkeypatch.setattr("keepclear.store.backup.ROWS_AT_ONCE", 50)
    a_full_store(store)
    written, ahead = [280], []

    def progress(done, of):
        ahead.append(done)
        for _ in range(3):
            store.append([write(written[0])])
            written[0] += 1

    folder = tmp_path / "kept"
    folder.mkdir()
    size = backup(url, folder / "b", at_us=1, progress=progress)
    assert len(ahead) > 5
    assert ahead == sorted(ahead), "it never began again"
    assert [file.name for file in folder.iterdir()] == ["b"]
    assert 280 <= size < written[0]
    with Store.open(str(folder / "b"), writable=False) as made:
        assert (made.size(), made.faults(), made.root()) == (size, [], root_of(size))
        assert made.progress("views") == size


def test_a_backup_that_is_stopped_leaves_nothing(store, url, tmp_path):
    a_full_store(store)
    folder = tmp_path / "kept"
    folder.mkdir()
    with pytest.raises(Stopped):
        backup(url, folder / "b", at_us=1, stop=lambda: True)
    assert list(folder.iterdir()) == []


def test_a_copy_that_is_stopped_leaves_the_database_empty(store, url, new_url):
    a_full_store(store)
    target = new_url()
    steps = iter([False, False, True])
    with pytest.raises(Stopped):
        copy(url, target, at_us=1, stop=lambda: next(steps))
    assert copy(url, target, at_us=1) == 280


@pytest.mark.promise("STORE-7")
def test_what_a_crash_leaves_of_a_copy_is_no_store(store, url, new_url):
    a_full_store(store)
    target = new_url()

    def crash(done, of):
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        copy(url, target, at_us=1, progress=crash)
    for attempt in (Store.open, lambda url: copy(url, new_url(), at_us=1), lambda half: copy(url, half, at_us=1)):
        with pytest.raises(Refused) as refused:
            attempt(target)
        assert refused.value.key == "store.half"


def test_nothing_is_copied_over_a_record(store, url, new_url, tmp_path):
    a_full_store(store)
    other = new_url()
    with Store.open(other) as held:
        held.append([write(0)])
    backup(url, tmp_path / "backup", at_us=1)
    for attempt in (
        lambda: copy(url, other, at_us=1),
        lambda: restore(tmp_path / "backup", other, at_us=1),
        lambda: backup(url, tmp_path / "backup", at_us=1),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.key in {"store.not_empty", "backup.exists"}
    with Store.open(other) as held:
        assert held.size() == 1


@pytest.mark.promise("STORE-10")
def test_a_damaged_backup_is_not_restored(store, url, new_url, tmp_path):
    a_full_store(store)
    backup(url, tmp_path / "backup", at_us=1)
    raw(f"sqlite:///{tmp_path}/backup", "UPDATE body SET bytes = x'00' WHERE sequence = 200")
    target = new_url()
    with pytest.raises(Refused) as refused:
        restore(tmp_path / "backup", target, at_us=1)
    assert refused.value.key == "backup.damaged"
    assert "entry 200" in str(refused.value)


@pytest.mark.promise("STORE-10")
def test_a_store_moves_to_another_kind_of_database_and_back(postgres, tmp_path):
    here, there, back = f"sqlite:///{tmp_path}/here", postgres.new_database(), f"sqlite:///{tmp_path}/back"
    with Store.open(here) as store:
        a_full_store(store)
        before = everything(store)
    told = []
    assert copy(here, there, at_us=5, progress=lambda done, of: told.append((done, of))) == 280
    assert told[-1][0] == told[-1][1]
    assert copy(there, back, at_us=6) == 280
    for url in (there, back):
        with Store.open(url) as copied:
            assert everything(copied) == before
            assert copied.restored_from() == Restored(f"{tmp_path}/here", 5, 280)


# --- opening ---


def test_a_second_writer_is_refused_and_readers_are_not(store, url):
    store.append([write(0)])
    with pytest.raises(Refused) as refused:
        Store.open(url)
    assert refused.value.key == "store.in_use"
    with Store.open(url, writable=False) as reader:
        assert reader.size() == 1
        with pytest.raises(StoreFailed):
            reader.append([write(1)])


def test_another_process_is_refused_too(store, url):
    program = "import sys\nfrom keepclear.store.store import Store\nStore.open(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=False)
    assert "Another node writes this database" in done.stderr


def test_a_store_that_was_closed_opens_again(url):
    for size in range(3):
        with Store.open(url) as store:
            assert store.size() == size
            store.append([write(size)])


@pytest.mark.promise("STORE-7")
def test_a_newer_database_is_refused(store, url):
    store.close()
    raw(url, "UPDATE alembic_version SET version_num = '9999'")
    for writable in (True, False):
        with pytest.raises(Refused) as refused:
            Store.open(url, writable=writable)
        assert refused.value.key == "store.newer"
        assert "9999" in str(refused.value)


@pytest.mark.promise("STORE-7")
def test_somebody_elses_database_is_refused_and_left_alone(url):
    raw(url, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(Refused) as refused:
        Store.open(url)
    assert refused.value.key == "store.not_ours"
    raw(url, "INSERT INTO recipes VALUES ('soup')")


def test_an_sqlite_file_of_another_application_is_refused(tmp_path):
    raw(f"sqlite:///{tmp_path}/x", "PRAGMA application_id = 7")
    with pytest.raises(Refused) as refused:
        Store.open(f"{tmp_path}/x")
    assert refused.value.key == "store.not_ours"


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "x").write_text("not a database, but a letter of some length, to be sure " * 20)
    with pytest.raises(Refused) as refused:
        Store.open(f"{tmp_path}/x")
    assert refused.value.key == "store.unreachable"
    assert (tmp_path / "x").read_text().startswith("not a database")


def test_an_empty_database_is_not_read(url, kind):
    with pytest.raises(Refused) as refused:
        Store.open(url, writable=False)
    assert refused.value.key == ("store.missing" if kind == "sqlite" else "store.empty")
    with pytest.raises(Refused):
        Store.open(url, create=False)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("mysql://localhost/x", "store.address"), ("sqlite:://x", "store.address"), ("sqlite://", "store.no_file"),
        ("sqlite:////nowhere/at/all.sqlite", "store.no_folder"), ("/", "store.no_file"),
        ("postgresql://keepclear:secret@/x?host=/nowhere", "store.unreachable"),
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_refused(address, key):
    with pytest.raises(Refused) as refused:
        Store.open(address)
    assert refused.value.key == key
    assert "secret" not in str(refused.value)


def test_postgresql_acknowledges_what_is_on_disk_whatever_its_database_says(postgres):
    url = postgres.new_database()
    raw(url, f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = off")
    with Store.open(url) as store:
        assert store._opened.writer.execute("SHOW synchronous_commit").fetchone() == ("on",)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE body SET bytes = (SELECT bytes FROM body WHERE sequence = 8) WHERE sequence = 7",
         "the body of entry 7 is not the one that was committed"),
        ("UPDATE entry SET kind = 'other' WHERE sequence = 9", "tile 0/0 is not that of its entries"),
        ("UPDATE entry SET kind = 'other' WHERE sequence = 299", "checkpoint 300 is of another record"),
        ("UPDATE entry SET at_us = 0 WHERE sequence = 5", "entry 5 was known before the one before it"),
        ("DELETE FROM tile", "tile 0/0 is not that of its entries"),
        ("UPDATE view_progress SET sequence = 999", "the views have seen 999 entries (views), and there are 300"),
    ],
)  # fmt: skip
def test_damage_is_found_and_named(store, url, damage, said):
    store.append([write(0, 300)])
    signed = record_checkpoint.Checkpoint("alpha.example/record", 300, store.root())
    store.append([Write(checkpoints=[Checkpoint(300, 0, 1, signed.text)])])
    assert store.faults() == []
    raw(url, damage)
    with Store.open(url, writable=False) as reader:
        assert said in reader.faults()


# --- the schema ---


def test_the_tables_are_those_of_the_newest_revision(store, url):
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.REVISION
    engine.dispose()


def test_the_newest_revision_is_the_one_that_the_program_knows():
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert scripts.get_heads() == [schema.REVISION]


@pytest.mark.promise("STORE-7")
def test_a_database_of_the_first_released_schema_is_brought_up_to_date(tmp_path):
    held = sqlite3.connect(tmp_path / "first.sqlite")
    held.executescript((Path(__file__).parent / "first_schema.sql").read_text("utf-8"))
    held.close()
    with Store.open(f"{tmp_path}/first.sqlite") as store:
        assert store.standing()["revision"] == schema.REVISION
        assert list(store.stream()) == [committed(sequence) for sequence in range(3)]
        assert store.faults() == []
        before = list(exported(store))
        store.drop_views()
        rebuild(store, fold)
        assert list(exported(store)) == before
        store.append([write(3)])
        assert store.root() == root_of(4)


def test_an_upgrade_that_is_stopped_changes_nothing(url, kind):
    engine = create_engine(url)
    with engine.connect() as connection:
        if kind == "sqlite":
            connection.connection.dbapi_connection.isolation_level = None
            connection.exec_driver_sql("BEGIN")
        upgrade(connection)
        connection.rollback()
    engine.dispose()
    with Store.open(url) as store:
        assert store.size() == 0
