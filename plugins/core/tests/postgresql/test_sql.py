"""SQL of users on PostgreSQL: what it sees, and everything it must not reach."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from plugins.core.tests.servers import schema_url, server_url
from synthdb.engine.postgresql import PostgresDatabase, open_postgresql
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Placement, Restrictions, TableRestriction
from synthdb_host.errors import InvalidSql, Timeout
from synthdb_host.operations import ColumnRef, Comparison, Ref, Sql
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.testing.session import Session, column
from synthdb_host.versions import Branching, CreateBranch

pytestmark = pytest.mark.slow

KEY = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
TYPES = {
    "title": "text", "price": "decimal(10,2)", "wide": "decimal(30,3)", "tags": "json", "seen": "boolean",
    "score": "real", "at": "timestamp", "day": "date", "code": "uuid", "raw": "bytes",
}  # fmt: skip
POLICY = {
    "films": TableRestriction(rows=Comparison(ColumnRef("id"), "in", (1, 2)), hidden=frozenset({"raw", "wide"})),
    "seats": TableRestriction(rows=Comparison(ColumnRef("place"), "like", "a%")),
}


def filled(folder: Path) -> Session:
    """Make tables with columns of all types, in a schema beside others."""
    placement = Placement("db", schema_url(folder), create=True)
    session = Session(open_postgresql(placement, EmbeddedScheduler(), CoreSettings()))
    session.create("films", *[column(name, kind) for name, kind in TYPES.items()])
    session.insert(
        "films",
        {
            "title": "Alien", "price": Decimal("9.90"), "wide": Decimal("1.250"), "tags": {"a": [1]}, "seen": True,
            "score": 1.0, "at": datetime(2020, 1, 1, tzinfo=UTC), "day": date(2020, 1, 1), "code": UUID(KEY),
            "raw": b"x",
        },
        {"title": "Brazil", "price": Decimal("19.99"), "tags": "text", "seen": False},
        {"title": "Secret", "price": Decimal("0.01"), "raw": b"s"},
    )  # fmt: skip
    session.insert("seats", {"film": 1, "place": "a1"}, {"film": 1, "place": "b1"}, {"film": 3, "place": "a'%\\"})
    return session


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Give a database that is only read."""
    session = filled(tmp_path_factory.mktemp("sql"))
    yield session
    session.database.close()


def restricted(session: Session) -> Session:
    """Give a session of a caller under a policy."""
    return replace(session, restrictions=Restrictions(POLICY))


def found(session: Session, statement: str, *parameters: object, **more: Any) -> bytes:
    """Run a statement."""
    return session.execute(Sql(statement, parameters, **more)).json()


def test_every_column_comes_out_in_its_logical_type(films: Session) -> None:
    """SELECT * shows the logical columns, exactly as any other read would."""
    assert found(films, "SELECT * FROM films WHERE id = 1") == (
        b'[{"id":1,"title":"Alien","price":9.90,"wide":1.250,"tags":{"a":[1]},"seen":true,"score":1.0,'
        b'"at":"2020-01-01T00:00:00.000000Z","day":"2020-01-01","code":"' + KEY.encode() + b'","raw":"eA=="}]'
    )


@pytest.mark.parametrize(
    ("statement", "parameters", "expected"),
    [
        ("SELECT title FROM films WHERE price > 9.9 ORDER BY 1", (), b'[{"title":"Brazil"}]'),
        ("SELECT price FROM films WHERE price = ?", (Decimal("19.99"),), b'[{"price":19.99}]'),
        ("SELECT sum(price) AS s FROM films WHERE id < 3", (), b'[{"s":29.89}]'),
        ("SELECT f.seen, s.place FROM films f JOIN seats s ON s.film = f.id WHERE s.place = ?", ("a1",),
         b'[{"seen":true,"place":"a1"}]'),
        ("WITH x AS (SELECT tags FROM films WHERE id = 1) SELECT * FROM x", (), b'[{"tags":{"a":[1]}}]'),
        ("SELECT id FROM films WHERE at = ?", (datetime(2020, 1, 1, tzinfo=UTC),), b'[{"id":1}]'),
        ("SELECT id FROM films WHERE day = ? AND code = ?", (date(2020, 1, 1), UUID(KEY)), b'[{"id":1}]'),
        ("SELECT id FROM films WHERE title = ?2 AND seen = ?1", (True, "Alien"), b'[{"id":1}]'),
        ("SELECT id, id FROM films WHERE id <= 1 -- once", (), b'[{"id":1,"id_2":1}]'),
        ("SELECT max(seen) m, count(*) n FROM films", (), b'[{"m":1,"n":3}]'),
        ("VALUES (1, 'a'), (2, NULL);", (), b'[{"column1":1,"column2":"a"},{"column1":2,"column2":null}]'),
        ("SELECT tags::jsonb -> 'a' AS j FROM films WHERE id = 1", (), b'[{"j":[1]}]'),
        ("SELECT j.value FROM films, json_array_elements(tags::json -> 'a') AS j WHERE id = 1", (), b'[{"value":1}]'),
        ("SELECT title, row_number() OVER (ORDER BY title DESC) r FROM films LIMIT 1", (),
         b'[{"title":"Secret","r":1}]'),
        ('SELECT "id", "Films"."title" FROM FILMS AS "Films" WHERE ID = 3', (), b'[{"id":3,"title":"Secret"}]'),
        ("SELECT 1 AS a /* films; DROP TABLE films */", (), b'[{"a":1}]'),
        ("SELECT raw FROM films WHERE raw = ?", (b"x",), b'[{"raw":"eA=="}]'),
        ("WITH films AS (SELECT 7 AS id) SELECT id FROM films", (), b'[{"id":7}]'),
        ("SELECT extract(year FROM day::date) AS y, day::date + 1 AS d FROM films WHERE id = 1", (),
         b'[{"y":2020,"d":"2020-01-02"}]'),
        ("SELECT id = 1 AS yes, interval '1 day' AS i, ARRAY[1, 2] AS a FROM films WHERE id = 1", (),
         b'[{"yes":true,"i":"1 day","a":[1,2]}]'),
        ("SELECT E'it\\'s ?' AS t, '?' AS u, \"id\" AS \"?\" FROM films WHERE id = ?", (2,),
         b'[{"t":"it\'s ?","u":"?","?":2}]'),
    ],
)  # fmt: skip
def test_a_read_of_logical_tables_answers(
    films: Session, statement: str, parameters: tuple[Any, ...], expected: bytes
) -> None:
    """All of PostgreSQL's SELECT works over logical tables, with positional parameters."""
    assert found(films, statement, *parameters) == expected


def test_limit_and_offset_bound_the_rows(films: Session) -> None:
    """Not more rows than asked for are fetched, even of an endless statement."""
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t"
    sizes = [len(films.execute(Sql(endless, (), limit)).rows) for limit in (0, 5, 2500)]
    assert (sizes, found(films, endless, limit=1, offset=3)) == ([0, 5, 2500], b'[{"n":4}]')


def test_a_statement_that_takes_long_is_stopped(films: Session) -> None:
    """At its deadline, and the connection goes on."""
    late = replace(films, context=replace(films.context, deadline=time.monotonic() + 0.3))
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
    with pytest.raises(Timeout):
        late.execute(Sql(endless))
    assert found(films, "SELECT count(*) AS n FROM films") == b'[{"n":3}]'


REFUSED = [
    "SELECT * FROM _tx",
    "SELECT * FROM _h_films",
    "SELECT count(*) FROM _tx",
    "SELECT 1 FROM films, _branch",
    "SELECT * FROM pg_class",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM public.elsewhere",
    "SELECT * FROM {schema}.films",
    'SELECT * FROM U&"\\0070g_class"',
    "WITH films AS (SELECT * FROM pg_stat_activity) SELECT * FROM films",
    "SELECT set_config('role', 'none', false)",
    "SELECT pg_catalog.set_config('transaction_read_only', 'off', true)",
    "SELECT \"set_config\"('statement_timeout', '0', false)",
    "SELECT U&\"\\0073et_config\"('statement_timeout', '0', false)",
    "SELECT current_setting('data_directory')",
    "SELECT pg_sleep(60)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_notify('x', 'y')",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT lo_import('/etc/passwd')",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    "SELECT table_to_xml('films', true, true, '')",
    "SELECT ts_stat('SELECT 1')",
    "SELECT nextval('x')",
    "SELECT version(), inet_server_addr()",
    "SELECT repeat('x', 1000000000)",
    "SELECT lpad('x', 1000000000)",
    "SELECT synthdb_match('a', 'b')",
    "SELECT current_user",
    "SELECT session_user",
    "SELECT current_schema",
    "SELECT current_catalog",
    "SELECT 'films'::regclass",
    "SELECT 1::regclass::text",
    "SELECT CAST('postgres' AS regrole)",
    "SELECT id FROM films ORDER BY pg_sleep(1)",
    "SELECT (SELECT max(setting) FROM pg_settings)",
    "SELECT EXISTS (SELECT 1 FROM _conflict)",
    "SELECT id FROM films WHERE title IN (SELECT rolname FROM pg_roles)",
    "SELECT * FROM films TABLESAMPLE SYSTEM (10)",
    "SELECT * FROM films FOR UPDATE",
    "SELECT * INTO other FROM films",
    "WITH x AS (DELETE FROM films RETURNING 1) SELECT * FROM x",
    "WITH x AS (INSERT INTO films (title) VALUES ('y') RETURNING 1) SELECT * FROM x",
    "TABLE films",
    "EXPLAIN SELECT 1",
    "COPY films TO '/tmp/x'",
    "COPY films TO PROGRAM 'id'",
    "SET ROLE postgres",
    "DO $$ BEGIN END $$",
    "SELECT 1; SELECT 2",
    "SELECT 1 /* /* */ ; DROP TABLE films; -- */",
    "SELECT 1) OR EXISTS (SELECT 1 FROM pg_class",
    "SELECT nothing FROM films",
    "SELECT title FROM films WHERE id = ?",
    "SELECT 'a",
    "SELECT \x00",
    "",
]
"""What must not be reached."""


@pytest.mark.parametrize("statement", REFUSED)
def test_nothing_else_is_reached(films: Session, statement: str) -> None:
    """Neither the engine's tables nor the server's, no other schema, no function that reaches outside."""
    assert isinstance(films.database, PostgresDatabase)
    with psycopg.connect(server_url(), autocommit=True) as admin:
        admin.execute("CREATE TABLE IF NOT EXISTS public.elsewhere (secret text)")
    with pytest.raises(InvalidSql) as refused:
        found(films, statement.replace("{schema}", films.database.place.schema))
    assert "synthdb_judged" not in str(refused.value)
    assert found(films, "SELECT count(*) AS n FROM films") == b'[{"n":3}]'


def test_a_policy_holds_and_hidden_columns_are_not_there(films: Session) -> None:
    """In views that let no function of the statement see a hidden row."""
    caller = restricted(films)
    assert found(caller, "SELECT id FROM films ORDER BY 1") == b'[{"id":1},{"id":2}]'
    assert found(caller, "SELECT place FROM seats ORDER BY 1") == b'[{"place":"a\'%\\\\"},{"place":"a1"}]'
    for hidden in ("SELECT raw FROM films", "SELECT wide FROM films", "SELECT f.* FROM films f WHERE f.raw IS NULL"):
        with pytest.raises(InvalidSql):
            found(caller, hidden)
    assert b"raw" not in found(caller, "SELECT * FROM films")
    assert b"raw" not in found(caller, "SELECT to_json(f) AS f FROM films f")
    assert found(caller, "SELECT count(*) AS n FROM films WHERE 1 / (id - 3) IS NOT NULL") == b'[{"n":2}]'


def test_a_branch_and_the_past_are_read_like_main(tmp_path: Path) -> None:
    """At any ref, the rows of that ref."""
    films = filled(tmp_path)
    before = films.insert("films", {"title": "Dune"}).commit
    films.execute(Branching((CreateBranch("dev"),)))
    films.insert("films", {"title": "Eraserhead"}, ref=Ref("dev"))
    counted = "SELECT count(*) AS n FROM films"
    assert [b'[{"n":4}]', b'[{"n":5}]'] == [found(films, counted, ref=ref) for ref in (Ref("main"), Ref("dev"))]
    films.insert("films", {"title": "Freaks"})
    assert found(films, counted, ref=Ref("main", before)) == b'[{"n":4}]'
    assert found(films, counted) == b'[{"n":5}]'
    films.database.close()


def test_the_role_of_users_has_no_rights(films: Session) -> None:
    """It may read no table of the schema, and make none, even where a statement would not have been judged."""
    assert isinstance(films.database, PostgresDatabase)
    found(films, "SELECT 1 AS x")
    schema = films.database.place.schema
    with psycopg.connect(server_url(), autocommit=True) as admin:
        role = admin.execute("SELECT left(current_user::text, 59) || '_sql'").fetchone()
        assert role is not None
        admin.execute(f'SET ROLE "{role[0]}"')
        for statement in (f"SELECT * FROM {schema}.films", f"CREATE TABLE {schema}.x (a int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                admin.execute(statement)


def test_nothing_is_left_behind(films: Session) -> None:
    """No view, and no right of the role."""
    found(films, "SELECT id FROM films")
    with psycopg.connect(server_url(), autocommit=True) as admin:
        left = admin.execute("SELECT count(*) FROM pg_class WHERE relname = 'synthdb_judged'").fetchone()
    assert left == (0,)


def test_a_statement_is_explained(films: Session) -> None:
    """What it gives, what it reads of which table, and how; a plan under a policy is not shown."""
    statement = "SELECT f.title, count(*) AS n FROM films f JOIN seats s ON s.film = f.id WHERE s.place = ? GROUP BY 1"
    rows = films.execute(Sql(statement, explain=True)).python()
    assert rows[0]["columns"] == {"title": "text", "n": None}
    assert {row["table"]: row["columns"] for row in rows[1:3]} == {
        "films": {"id": "integer", "title": "text"}, "seats": {"film": "integer", "place": "text"},
    }  # fmt: skip
    assert any(row["plan"] for row in rows[3:])
    hidden = restricted(films).execute(Sql("SELECT id FROM films", explain=True)).python()
    assert not any(row["plan"] for row in hidden)


def test_each_statement_takes_part_in_the_gates_rules(films: Session) -> None:
    """A database that lies elsewhere answers no SQL either: the catalog is looked at in the same transaction."""
    assert run(films.database.execute(Sql("SELECT 1 AS a"), films.restrictions, films.context)).json() == b'[{"a":1}]'
