"""A disk under the real SQLite that remembers what was only in the page cache, so that its power can be cut at any point afterwards.

It is a VFS around SQLite's own one, in the very library that Python uses: writes, truncations, syncs and deletions are written down and
passed on. `Disk.after_power_loss` gives the files as they may look then: what was synced is there; of what was not, any part is, in
any order, and a write may be torn. The shared memory of WAL mode is no file to a power cut and is gone.

A `Fault` lets one operation fail, either having done nothing or having done it. What a disk that is full or gone does to the operations
after it is the same each time: `lasting`.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

SQLITE_OK = 0
SQLITE_FULL = 13
SQLITE_IOERR_WRITE = 10 | 3 << 8
SQLITE_IOERR_FSYNC = 10 | 4 << 8
SQLITE_IOERR_TRUNCATE = 10 | 6 << 8
SECTOR = 512
LOGS = ("-wal", "-journal")

_library = ctypes.CDLL(_sqlite3.__file__)
_pointer, _int, _long = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_library.sqlite3_vfs_find.restype = _pointer
_library.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
_library.sqlite3_vfs_register.argtypes = [_pointer, _int]
_library.sqlite3_vfs_unregister.argtypes = [_pointer]

# A path is handed on as the pointer that it is: SQLite keeps it, and has the parameters of the URI behind it.
_XOpen = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _pointer, _int, _pointer)
_XDelete = ctypes.CFUNCTYPE(_int, _pointer, ctypes.c_char_p, _int)
_XWrite = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _int, _long)
_XTruncate = ctypes.CFUNCTYPE(_int, _pointer, _long)
_XSync = ctypes.CFUNCTYPE(_int, _pointer, _int)


class _Methods(ctypes.Structure):
    """sqlite3_io_methods of version 3; of what is not ours only the pointer is copied."""

    _fields_ = [
        ("version", _int), ("close", _pointer), ("read", _pointer), ("write", _pointer), ("truncate", _pointer),
        ("sync", _pointer), *((f"passed_on_{number}", _pointer) for number in range(13)),
    ]  # fmt: skip


class _Vfs(ctypes.Structure):
    """sqlite3_vfs of version 3."""

    _fields_ = [
        ("version", _int), ("file_size", _int), ("path_max", _int), ("next", _pointer), ("name", ctypes.c_char_p),
        ("data", _pointer), ("open", _pointer), ("delete", _pointer), *((f"passed_on_{number}", _pointer) for number in range(13)),
    ]  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One thing that was asked of the disk. `kind`: "open", "write", "truncate", "sync", "delete", or "note" of the test's own."""

    kind: str
    path: str = ""
    at: int = 0
    data: bytes = b""
    note: Any = None


@dataclass(frozen=True)
class Fault:
    """Operation number `at` (of writes, truncations, syncs and deletions) fails with `code`, having been done or not."""

    at: int
    code: int = SQLITE_IOERR_WRITE
    done: bool = False
    lasting: bool = False


@dataclass
class Disk:
    """What was asked of it, in order; `before_each` is called with the number of each operation before it is done."""

    fault: Fault | None = None
    before_each: Callable[[int], None] = lambda _number: None
    operations: list[Operation] = field(default_factory=list)
    count: int = 0
    failed: int = 0

    def note(self, what: object) -> None:
        """Writes down that something is so from here on, such as that an entry was acknowledged."""
        self.operations.append(Operation("note", note=what))

    def take(self, operation: Operation, do: Callable[[], int]) -> int:
        """Does an operation, or lets it fail."""
        number, self.count = self.count, self.count + 1
        self.before_each(number)
        fault = self.fault
        if fault is None or not (number == fault.at or (fault.lasting and number > fault.at)):
            self.operations.append(operation)
            return do()
        self.failed += 1
        if fault.done:
            self.operations.append(operation)
            do()
        return _code(fault, operation.kind)

    def notes_until(self, end: int) -> list[Any]:
        """What was noted before operation `end`."""
        return [operation.note for operation in self.operations[:end] if operation.kind == "note"]

    def after_process_end(self, end: int) -> dict[str, bytes]:
        """The files as the process leaves them that ends before operation `end`, while the machine goes on."""
        return self._files(end, lambda pending: pending, lambda: True)

    def after_power_loss(self, end: int, random: Random) -> dict[str, bytes]:
        """The files as they may look when power is lost before operation `end`."""
        return self._files(end, lambda pending: _survivors(pending, random), lambda: random.random() < 0.5)

    def _files(
        self, end: int, survive: Callable[[list[Operation]], list[Operation]], unsynced_name_stays: Callable[[], bool]
    ) -> dict[str, bytes]:
        kept: dict[str, bytearray] = {}  # what is on the disk
        pending: dict[str, list[Operation]] = {}  # what is in the page cache
        gone: dict[str, bytearray] = {}  # names whose deletion is not on the disk yet
        for operation in self.operations[:end]:
            path = operation.path
            if operation.kind == "open":
                pending.setdefault(path, [])
            elif operation.kind in {"write", "truncate"}:
                pending.setdefault(path, []).append(operation)
            elif operation.kind == "sync":
                if path not in kept and path.endswith(LOGS):
                    # SQLite's VFS also syncs the folder, with every name in it, when it first syncs such a file.
                    gone.clear()
                    for name in pending:
                        kept.setdefault(name, bytearray())
                _apply(kept.setdefault(path, bytearray()), pending.get(path, []))
                pending[path] = []
            elif operation.kind == "delete":
                before = kept.pop(path, None)
                if before is not None and not operation.at:
                    gone[path] = before
                pending.pop(path, None)
        for path, operations in pending.items():
            if path in kept or unsynced_name_stays():
                _apply(kept.setdefault(path, bytearray()), survive(operations))
        for path, content in gone.items():
            if path not in kept and not unsynced_name_stays():
                kept[path] = content
        return {path: bytes(content) for path, content in kept.items()}


def _code(fault: Fault, kind: str) -> int:
    if fault.code == SQLITE_FULL and kind == "write":
        return SQLITE_FULL
    return {"sync": SQLITE_IOERR_FSYNC, "truncate": SQLITE_IOERR_TRUNCATE}.get(kind, SQLITE_IOERR_WRITE)


def _survivors(pending: list[Operation], random: Random) -> list[Operation]:
    """Any part of what was pending. Now and then all but the end of it, as caches are mostly written out in order."""
    if random.random() < 0.3:
        survivors = pending[: random.randint(0, len(pending))]
    else:
        share = random.random()
        survivors = [operation for operation in pending if random.random() < share]
    torn = []
    for operation in survivors:
        if operation.kind == "write" and random.random() < 0.2:
            whole_sectors = random.randint(0, len(operation.data) // SECTOR) * SECTOR
            operation = Operation("write", operation.path, operation.at, operation.data[:whole_sectors])
        torn.append(operation)
    return torn


def _apply(content: bytearray, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.kind == "truncate":
            del content[operation.at :]
            content.extend(bytes(max(0, operation.at - len(content))))
        else:
            content.extend(bytes(max(0, operation.at - len(content))))
            content[operation.at : operation.at + len(operation.data)] = operation.data


_numbers = itertools.count(1)


@contextmanager
def mounted(disk: Disk) -> Iterator[str]:
    """The name of a VFS that goes through this disk: for "sqlite:///PATH?vfs=NAME". Every file in it is closed before the end."""
    own = _library.sqlite3_vfs_find(None)
    below = _Vfs.from_address(own)
    name = f"recorded-{next(_numbers)}"
    paths: dict[int, str] = {}
    methods: dict[int, tuple[Any, ...]] = {}  # by the address of the original ones
    open_below = _XOpen(below.open)
    delete_below = _XDelete(below.delete)

    def x_open(_vfs: int, path: int | None, file: int, flags: int, flags_out: int) -> int:
        code = open_below(own, path, file, flags, flags_out)
        place = _pointer.from_address(file)
        if code == SQLITE_OK and path is not None and place.value:
            paths[file] = ctypes.string_at(path).decode()
            disk.operations.append(Operation("open", paths[file]))
            if place.value not in methods:
                methods[place.value] = _recording(_Methods.from_address(place.value), disk, paths)
            place.value = ctypes.addressof(methods[place.value][0])
        return int(code)

    def x_delete(_vfs: int, path: bytes, sync_folder: int) -> int:
        return disk.take(Operation("delete", path.decode(), sync_folder), lambda: delete_below(own, path, sync_folder))

    vfs = _Vfs.from_buffer_copy(below)
    callbacks = (_XOpen(x_open), _XDelete(x_delete))
    vfs.name = name.encode()
    vfs.open, vfs.delete = (ctypes.cast(callback, _pointer).value for callback in callbacks)
    _library.sqlite3_vfs_register(ctypes.byref(vfs), 0)
    try:
        yield name
    finally:
        _library.sqlite3_vfs_unregister(ctypes.byref(vfs))
        _never_freed.append((vfs, callbacks, methods))


# A connection that a failed test leaves open still points into these.
_never_freed: list[object] = []


def _recording(original: _Methods, disk: Disk, paths: dict[int, str]) -> tuple[Any, ...]:
    """The methods of a file with three of them replaced, and what must live as long as they."""
    write_below, truncate_below, sync_below = (
        _XWrite(original.write),
        _XTruncate(original.truncate),
        _XSync(original.sync),
    )

    def x_write(file: int, data: int, count: int, at: int) -> int:
        operation = Operation("write", paths[file], at, ctypes.string_at(data, count))
        return disk.take(operation, lambda: write_below(file, data, count, at))

    def x_truncate(file: int, size: int) -> int:
        return disk.take(Operation("truncate", paths[file], size), lambda: truncate_below(file, size))

    def x_sync(file: int, flags: int) -> int:
        return disk.take(Operation("sync", paths[file]), lambda: sync_below(file, flags))

    replaced = _Methods.from_buffer_copy(original)
    callbacks = (_XWrite(x_write), _XTruncate(x_truncate), _XSync(x_sync))
    replaced.write, replaced.truncate, replaced.sync = (ctypes.cast(callback, _pointer).value for callback in callbacks)
    return replaced, callbacks


def written_to(folder: Path, files: dict[str, bytes]) -> None:
    """Puts files into a folder, under their names without their folders."""
    for path, content in files.items():
        (folder / Path(path).name).write_bytes(content)
