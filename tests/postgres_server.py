"""A real PostgreSQL for the tests: started by them from the installed programs, with its own folder and a Unix socket, and no port."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

# PostgreSQL refuses to run as root.
UNPRIVILEGED = "nobody"
MEMORY_BYTES = 1_000_000_000


def programs() -> Path | None:
    """The folder of the newest installed initdb, pg_ctl and postgres."""
    on_path = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda found: int(found.parts[-3]))
    found = [Path(on_path).resolve()] if on_path else debian[-1:]
    return found[0].parent if found and (found[0].parent / "initdb").exists() else None


class PostgreSQL:
    """One cluster in a folder of its own; each `new_database()` is empty."""

    def __init__(self, bin: Path, folder: Path) -> None:
        self._bin = bin
        self.folder = folder
        self._names = (f"node_{number}" for number in itertools.count(1))
        self._run("initdb", "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=keepclear", "-D", self._data)
        settings = f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nshared_buffers = 16MB\nmax_connections = 40\n"
        with (folder / "data" / "postgresql.conf").open("a") as conf:
            conf.write(settings)
        self.start()

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        self._run("pg_ctl", "-D", self._data, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self) -> None:
        """Ends the server as if it had crashed; nothing is written down any more."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def restart(self) -> None:
        """Ends the server as if it had crashed, and starts it again."""
        self._run("pg_ctl", "-D", self._data, "-l", str(self.folder / "log"), "-m", "immediate", "-w", "restart")

    def new_database(self) -> str:
        """The address of a new, empty database."""
        from sqlalchemy import create_engine

        name = next(self._names)
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return self.url(name)

    def url(self, name: str) -> str:
        """The address of a database by its name."""
        return f"postgresql+psycopg://keepclear@/{name}?host={quote(str(self.folder))}"

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={_group()}", "--clear-groups", *command]
        # To files, as the server would hold a pipe open for as long as it runs.
        with (self.folder / "programs").open("ab") as said:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.folder, check=False
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self.folder / 'programs').read_text()[-2000:]}")


def _group() -> str:
    import grp
    import pwd

    return grp.getgrgid(pwd.getpwnam(UNPRIVILEGED).pw_gid).gr_name


def _folder() -> Path:
    # In memory where there is room: no test takes the power away from PostgreSQL, and making a database is twice as quick.
    # Not below pytest's own folder: the path of a Unix socket has at most 107 bytes, and others must be allowed in.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES
    folder = Path(tempfile.mkdtemp(prefix="kc-pg-", dir=memory if roomy else None))
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED, _group())
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """A running server; skips the test where PostgreSQL is not installed."""
    bin = programs()
    if bin is None:
        pytest.skip("PostgreSQL is not installed (initdb and pg_ctl)")
    folder = _folder()
    server = PostgreSQL(bin, folder)
    yield server
    server.stop()
    shutil.rmtree(folder)
