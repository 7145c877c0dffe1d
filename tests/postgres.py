"""A PostgreSQL server of the tests' own, where its programs are installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest

USER = "crossover"


def program(name):
    """The newest that is on the path or where Debian puts it; None where there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or (str(debian[0]) if debian else None)


class Server:
    """A server on the loopback, which can be stopped, killed and started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="crossover-postgres-"))
        self.data = self.folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # the server refuses to be root's
        self.account = "postgres" if os.geteuid() == 0 else None
        if self.account:
            known = pwd.getpwnam(self.account)
            os.chown(self.folder, known.pw_uid, known.pw_gid)
        self._do("initdb", "-U", USER, "-A", "trust", "-N", "--locale=C", "-E", "UTF8")

    def _do(self, name, *arguments):
        asked = [program(name), "-D", str(self.data), *arguments]
        subprocess.run(
            asked,
            user=self.account,
            extra_groups=[] if self.account else None,
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self):
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1"
        log = str(self.folder / "log")
        self._do("pg_ctl", "-w", "-l", log, "-o", options, "start")
        return self

    def stop(self, how="immediate"):
        self._do("pg_ctl", "-m", how, "-w", "stop")

    def url(self, database):
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def new(self):
        """The address of a new, empty database."""
        import psycopg

        name = f"run_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@pytest.fixture(scope="session")
def postgres():
    """A running server; without one installed the test is skipped."""
    if not (program("initdb") and program("pg_ctl")):
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg")
    server = Server().start()
    yield server
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
