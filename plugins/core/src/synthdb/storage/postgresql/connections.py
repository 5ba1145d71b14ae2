"""Connections to one schema of a PostgreSQL server: one that writes, and one per thread that reads."""

import hashlib
import sqlite3
from importlib import resources
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper, NumericBinaryLoader

from synthdb.storage.connections import Connection, Connections
from synthdb.storage.postgresql.checks import require_rights, require_same_time, unreachable
from synthdb.storage.postgresql.deadlines import Deadlines
from synthdb.storage.postgresql.driver import PostgresDriver
from synthdb.storage.postgresql.errors import known
from synthdb.storage.postgresql.places import ServerPlace
from synthdb.storage.postgresql.readers import reading_role
from synthdb.storage.postgresql.signals import ServerSignal
from synthdb_host.errors import Misconfigured, Unavailable
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN

__all__ = ["PostgresConnections"]

_OLDEST: Final = 140_000
_PREPARED: Final = 400
_CONNECT_SECONDS: Final = 10
_ALIVE: Final[dict[str, Any]] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""So that whoever waits for a server that is gone without a word hears of it in a minute."""


class PostgresConnections(Connections):
    """Opens connections to a schema.

    Args:
        place: the schema and how to come there.
        synchronous: ``FULL``: a commit that was answered is on the server's disk. ``NORMAL``: it will soon be.
        busy_seconds: how long a lock is waited for.
        statement_seconds: after which the server stops a statement by itself, whoever waits for it.
    """

    def __init__(
        self, place: ServerPlace, *, synchronous: str = "FULL", busy_seconds: float = 30.0, statement_seconds: float = 0
    ) -> None:
        super().__init__(Path("/"))
        self.place = place
        self._settings = {
            "search_path": f'"{place.schema}"',
            "timezone": "UTC",
            "client_encoding": "UTF8",
            "jit": "off",
            "lock_timeout": str(int(busy_seconds * 1000)),
            "statement_timeout": str(int(statement_seconds * 1000)),
            "synchronous_commit": "on" if synchronous == "FULL" else "off",
        }
        self._deadlines = Deadlines()
        self._role: str | None = None
        self.signal = ServerSignal(f"synthdb {place.schema}", self._session)

    def install(self, *, create: bool) -> bool:
        """Make the schema, if it may be made, and what statements need in it; False: there is none.

        Raises:
            Unavailable: the server is too old, or the role may not do so.
        """
        connection = self._session()
        try:
            _require_fit(connection)
            schema, library = f'"{self.place.schema}"', _library()
            release = hashlib.sha256(library.encode()).hexdigest()[:16]
            found = _installed(connection, self.place.schema)
            if found is None and not create:
                return False
            if found == release:
                return True
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", (f"synthdb {schema}",))
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                connection.execute(f"SET LOCAL search_path = {schema}")
                connection.execute(library)
                connection.execute(f"COMMENT ON SCHEMA {schema} IS 'SynthDB {release}'")
            return True
        except psycopg.errors.InsufficientPrivilege as error:
            raise Misconfigured(
                f"The role may not make what it needs in {self.place.shown}.",
                hint="Let it own the schema, or give it CREATE on the database.",
            ) from error
        except psycopg.Error as error:
            raise known(error) from error
        finally:
            connection.close()

    def check(self, *, create: bool) -> None:
        """Refuse a server, role or schema with which no database can ever be opened; nothing is made.

        Raises:
            Misconfigured: it cannot.
            Unavailable: the server cannot be reached now.
        """
        connection = self._session()
        try:
            _require_fit(connection)
            require_rights(connection, self.place, create=create)
            require_same_time(connection)
        except psycopg.Error as error:
            raise known(error) from error
        finally:
            connection.close()

    def reading_role(self) -> str:
        """Give the role as which SQL of users runs; raises Unavailable if there is none and none may be made."""
        if self._role is None:
            connection = self._session()
            try:
                self._role = reading_role(connection, self.place.schema)
            finally:
                connection.close()
        return self._role

    def remove(self) -> None:
        """Remove the schema with all that is in it, once nobody writes to it; what is not ours stays.

        Raises:
            Unavailable: it cannot be removed.
        """
        connection = self._session()
        try:
            if not _installed(connection, self.place.schema):
                return
            with connection.transaction():
                connection.execute("LOCK TABLE synthdb_lock IN EXCLUSIVE MODE")
                connection.execute(f'DROP SCHEMA "{self.place.schema}" CASCADE')
        except psycopg.Error as error:
            raise Unavailable(f"The {self.place.shown} cannot be removed.", hint="Try again.") from error
        finally:
            connection.close()

    def _connect(self, *, read_only: bool) -> Connection:
        announcing = None if read_only else self.signal.statement
        driver = PostgresDriver(self._session(), self._deadlines, announcing)
        connection = _Connection(driver, driver, (0, 0))  # type: ignore[arg-type]  # it does what SQLite's does
        driver.deadline = lambda: connection.deadline
        return connection

    def _session(self) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(
                self.place.conninfo, autocommit=True, cursor_factory=psycopg.RawCursor, prepare_threshold=2,
                connect_timeout=_CONNECT_SECONDS, application_name="synthdb", **_ALIVE,
            )  # fmt: skip
        except psycopg.Error as error:
            raise unreachable(self.place, error) from error
        connection.prepared_max = _PREPARED
        _adapt(connection)
        settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in self._settings.items())
        connection.execute(f"SELECT {settings}")
        return connection


class _Connection(Connection):
    """A connection that only has its driver to close."""

    @property
    def is_gone(self) -> bool:
        """Whether the server has let go of it."""
        return self.owner.closed  # type: ignore[no-any-return]  # the driver

    def close(self) -> None:
        """Close the connection; an open transaction is undone."""
        self.driver.close()


class _Number(Loader):
    """Gives sums and averages the types that SQLite gives them."""

    format = Format.BINARY

    def load(self, data: Any) -> int | float:  # noqa: ANN401 - a buffer of any kind
        """Load a number."""
        found = _DECIMALS.load(data)
        if found.as_tuple().exponent == 0:
            if not INTEGER_MIN <= found <= INTEGER_MAX:
                raise sqlite3.OperationalError("integer overflow")
            return int(found)
        return float(found)


class _Truth(Loader):
    """Gives conditions the numbers that SQLite gives them."""

    format = Format.BINARY

    def load(self, data: Any) -> int:  # noqa: ANN401 - a buffer of any kind
        """Load a truth."""
        return int(bytes(data)[0])


_DECIMALS: Final = NumericBinaryLoader(0)


def _adapt(connection: psycopg.Connection[Any]) -> None:
    adapters = connection.adapters
    for kind in (int, bool):
        adapters.register_dumper(kind, Int8Dumper)
        adapters.register_dumper(kind, Int8BinaryDumper)
    adapters.register_loader("numeric", _Number)
    adapters.register_loader("bool", _Truth)


def _require_fit(connection: psycopg.Connection[Any]) -> None:
    version = connection.info.server_version
    if version < _OLDEST:
        raise Misconfigured(
            f"The server is PostgreSQL {version // 10_000}; version 14 or later is needed.", hint="Upgrade the server."
        )
    encoding = connection.execute("SHOW server_encoding").fetchone()
    if encoding is None or encoding[0] != "UTF8":
        raise Misconfigured(
            "The database on the server does not keep text as UTF-8.", hint="Make one with ENCODING UTF8."
        )


def _installed(connection: psycopg.Connection[Any], schema: str) -> str | None:
    """Give the release of what is in a schema, None if there is none; ``""``: nothing of ours is in it."""
    described = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1"
    found = connection.execute(described, (schema,)).fetchone()
    return None if found is None else str(found[0] or "").removeprefix("SynthDB ")


def _library() -> str:
    return resources.files("synthdb.storage.postgresql").joinpath("functions.sql").read_text()
