"""A server does not start with a database that could never be used, says what to do, and starts with all others."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from plugins.core.tests.servers import schema_url, server_url
from synthdb import connect
from synthdb_host.testing.serving import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Make = Callable[[Path], str]


def _folder(folder: Path) -> str:
    (folder / "shop.db").mkdir()
    return str(folder / "shop.db")


def _not_sqlite(folder: Path) -> str:
    (folder / "shop.db").write_bytes(b"This is a letter, and no database at all." * 100)
    return str(folder / "shop.db")


def _of_others(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        connection.execute("CREATE TABLE orders (id)")
    return str(folder / "shop.db")


def _newer(folder: Path) -> str:
    with connect(folder / "shop.db") as db:
        db.insert("orders", {"what": "tea"})
    with closing(sqlite3.connect(folder / "shop.db", isolation_level=None)) as connection:
        connection.execute("UPDATE _meta SET format = 99")
    return str(folder / "shop.db")


def _admin(statement: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as admin:
        admin.execute(statement)


def _changed(url: str, **parts: str) -> str:
    return sqlalchemy.make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]  # names


def _no_such_database(folder: Path) -> str:
    return _changed(schema_url(folder), database="nowhere")


def _no_such_role(folder: Path) -> str:
    return _changed(schema_url(folder), username="nobody_at_all")


def _no_rights(folder: Path) -> str:
    _admin("DO $$ BEGIN CREATE ROLE powerless LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    return _changed(schema_url(folder), username="powerless")


def _schema_of_others(folder: Path) -> str:
    url = schema_url(folder)
    schema = sqlalchemy.make_url(url).query["schema"]
    _admin(f"CREATE SCHEMA {schema}")
    _admin(f"CREATE TABLE {schema}.orders (id bigint)")
    return url


def _newer_schema(folder: Path) -> str:
    url = schema_url(folder)
    with connect(url) as db:
        db.insert("orders", {"what": "tea"})
    _admin(f"UPDATE {sqlalchemy.make_url(url).query['schema']}._meta SET format = 99")
    return url


def _no_schema_name(folder: Path) -> str:
    return schema_url(folder).replace("schema=t", "schema=pg_t")


def _not_utf8(folder: Path) -> str:
    _admin("DROP DATABASE IF EXISTS latin")
    _admin("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    return _changed(schema_url(folder), database="latin")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_folder, "is a folder"),
        (_not_sqlite, "not a SQLite file"),
        (_of_others, "not a SynthDB database"),
        (_newer, "Upgrade synthdb-core"),
        (_no_such_database, "no such database"),
        (_no_such_role, "does not let the role in"),
        (_no_rights, "give it CREATE"),
        (_schema_of_others, "Name another schema"),
        (_newer_schema, "Upgrade synthdb-core"),
        (_no_schema_name, "does not begin with pg_"),
        (_not_utf8, "ENCODING UTF8"),
    ],
)
def test_what_can_never_work_is_refused_at_the_start(tmp_path: Path, make: Make, said: str) -> None:
    """With what to do, before anything is listened on or made."""
    command = [sys.executable, "-m", "synthdb_host", "serve", "--port", "0", "--database", make(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (1, True) == (ended.returncode, said in ended.stderr), ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "synthdb-data").exists()


def test_a_placement_that_is_gone_is_refused(tmp_path: Path) -> None:
    """Until it is there again: its databases must not look as if they were empty."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "synthdb_host", *arguments, "--data", "data"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    for step in ("placements create disk --url mounted/disk", "databases create shop --placement disk"):
        assert 0 == run(*step.split()).returncode
    (tmp_path / "mounted").rename(tmp_path / "unmounted")
    ended = run("serve", "--port", "0")
    assert (1, True) == (ended.returncode, "Mount it again" in ended.stderr), ended.stderr


@pytest.mark.parametrize("url", ["postgresql://ada@127.0.0.1:1/shop", "postgresql://ada@nowhere.invalid/shop"])
def test_a_server_that_does_not_answer_now_is_waited_for(tmp_path: Path, url: str) -> None:
    """It may be there in a minute; everything else is served meanwhile."""
    server = LiveServer(tmp_path, "--database", str(tmp_path / "other.db"), "--database", url)
    try:
        assert "cannot be used yet" in server.log
    finally:
        server.close()
