"""What a server does to a database: other writers, connections that end, roles and limits."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plugins.core.tests.servers import schema_url, server_url
from synthdb.engine.postgresql import PostgresDatabase, open_postgresql, remove_postgresql
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Placement
from synthdb_host.errors import Timeout, Unavailable, UnknownDatabase
from synthdb_host.operations import Select
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.testing.session import Session, columns
from synthdb_host.versions import Log

pytestmark = pytest.mark.slow


def opened(folder: Path, *, create: bool = True, **settings: Any) -> PostgresDatabase:
    """Open the schema of a test as a process of its own would."""
    placement = Placement("db", schema_url(folder), create=create)
    return open_postgresql(placement, EmbeddedScheduler(), CoreSettings(**settings))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """An empty database."""
    database = opened(tmp_path)
    yield Session(database)
    database.close()


@pytest.fixture
def admin() -> Iterator[psycopg.Connection[Any]]:
    """A connection beside those of the database."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        yield connection


def schema_of(session: Session) -> str:
    """Name the schema of a session's database."""
    assert isinstance(session.database, PostgresDatabase)
    return session.database.place.schema


def end_connections(admin: psycopg.Connection[Any]) -> None:
    """End every connection of databases, as a server that stops does."""
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'synthdb'")


def test_a_schema_that_is_not_there_is_not_made_by_itself(tmp_path: Path) -> None:
    """Only where the placement says so."""
    with pytest.raises(UnknownDatabase):
        opened(tmp_path, create=False)


def test_a_schema_of_others_is_left_alone(tmp_path: Path, admin: psycopg.Connection[Any]) -> None:
    """Tables that are not ours are no database of ours."""
    schema = schema_url(tmp_path).rpartition("=")[2]
    admin.execute(f"CREATE SCHEMA {schema}")
    admin.execute(f"CREATE TABLE {schema}.orders (id bigint)")
    with pytest.raises(Unavailable, match="not a SynthDB database"):
        opened(tmp_path)


def test_a_database_can_be_removed(tmp_path: Path, admin: psycopg.Connection[Any]) -> None:
    """With its schema, a second time too; a schema of others stays."""
    placement = Placement("db", schema_url(tmp_path))
    opened(tmp_path).close()
    remove_postgresql(placement, CoreSettings())
    remove_postgresql(placement, CoreSettings())
    with pytest.raises(UnknownDatabase):
        opened(tmp_path, create=False)
    schema = placement.url.rpartition("=")[2]
    admin.execute(f"CREATE SCHEMA {schema}")
    remove_postgresql(placement, CoreSettings())
    assert (1,) == admin.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone()


def test_a_role_that_may_not_make_a_schema_is_refused(tmp_path: Path, admin: psycopg.Connection[Any]) -> None:
    """With what it needs."""
    admin.execute("DROP ROLE IF EXISTS limited")
    admin.execute("CREATE ROLE limited LOGIN PASSWORD 's3cret'")
    url = schema_url(tmp_path).replace("postgres:", "limited:s3cret", 1)
    with pytest.raises(Unavailable, match="may not make") as caught:
        open_postgresql(Placement("db", url, create=True), EmbeddedScheduler())
    assert "s3cret" not in f"{caught.value.detail} {caught.value.hint}"


def test_writers_of_several_processes_lose_nothing(tmp_path: Path) -> None:
    """Each commit has a number of its own, and every row is there."""
    databases = [opened(tmp_path, durability="normal") for _ in range(3)]
    Session(databases[0]).insert("people", {"name": "first"})

    def write(database: PostgresDatabase) -> list[str]:
        session = Session(database)
        return [str(session.insert("people", {"name": f"p{number}"}).commit) for number in range(20)]

    with ThreadPoolExecutor(3) as pool:
        commits = [commit for found in pool.map(write, databases) for commit in found]
    assert [str(number) for number in range(2, 62)] == sorted(commits, key=int)
    assert [list(range(1, 62))] * 3 == [
        [row["id"] for row in Session(database).rows("people", "id")] for database in databases
    ]
    for database in databases:
        database.close()


def test_what_another_process_does_to_the_schema_is_seen(tmp_path: Path) -> None:
    """By reads and writes that were compiled before."""
    one, other = opened(tmp_path), opened(tmp_path)
    Session(one).insert("people", {"name": "Ada"})
    assert [{"id": 1, "name": "Ada"}] == Session(other).rows("people")
    Session(one).insert("people", {"name": "Bob", "age": 25})
    assert [None, 25] == Session(other).values("people", "age")
    Session(other).insert("people", {"name": "Cleo", "age": 50})
    assert [None, 25, 50] == Session(one).values("people", "age")
    one.close()
    other.close()


def test_connections_that_end_are_made_again(session: Session, admin: psycopg.Connection[Any]) -> None:
    """Reads and writes that begin after a server has stopped and come back are done."""
    session.insert("people", {"name": "Ada"})
    assert ["Ada"] == session.values("people", "name")
    end_connections(admin)
    session.insert("people", {"name": "Bob"})
    end_connections(admin)
    assert ["Ada", "Bob"] == session.values("people", "name")


def test_a_connection_that_ends_in_a_transaction_undoes_it(session: Session, admin: psycopg.Connection[Any]) -> None:
    """The caller is told, nothing of it is there, and the next write is done."""
    session.insert("people", {"name": "Ada"})
    transaction = session.begin()
    session.within(transaction, Select("people", columns("name")))
    end_connections(admin)
    with pytest.raises(Unavailable):
        run(transaction.commit())
    session.insert("people", {"name": "Bob"})
    assert ["Ada", "Bob"] == session.values("people", "name")
    assert 2 == len(session.execute(Log()).python())


def test_a_statement_that_takes_too_long_is_cancelled(session: Session, admin: psycopg.Connection[Any]) -> None:
    """At the deadline of its operation, here because somebody keeps the table; the connection serves the next one."""
    session.insert("people", {"name": "Ada"})
    schema = schema_of(session)
    hurried = replace(session, context=replace(session.context, deadline=time.monotonic() + 0.3))
    with admin.transaction():
        admin.execute(f"LOCK TABLE {schema}.people IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Timeout):
            hurried.rows("people")
    assert ["Ada"] == session.values("people", "name")


def test_a_writer_waits_only_so_long_for_another(tmp_path: Path) -> None:
    """Then it is told that somebody else writes."""
    one, other = opened(tmp_path), opened(tmp_path, lock_timeout_seconds=0.3)
    Session(one).insert("people", {"name": "Ada"})
    transaction = Session(one).begin()
    with pytest.raises(Unavailable):
        Session(other).insert("people", {"name": "Bob"})
    run(transaction.rollback())
    Session(other).insert("people", {"name": "Cleo"})
    assert ["Ada", "Cleo"] == Session(one).values("people", "name")
    one.close()
    other.close()
