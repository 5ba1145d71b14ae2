"""SQL of users: what it sees, and everything it must not reach."""

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from synthdb.engine.sql import run_sql
from synthdb_host.contracts import UNRESTRICTED, Restrictions, Result, TableRestriction
from synthdb_host.errors import InvalidSql
from synthdb_host.operations import ColumnRef, Comparison, Literal, Sql

from .conftest import Shelf

KEY = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


@pytest.fixture
def films(shelf: Shelf) -> Shelf:
    """Give tables, one of them renamed, beside what nobody may see."""
    shelf.put(
        "films",
        "id integer, title text, price decimal(10,2), wide decimal(30,3), tags json, seen boolean, "
        "score real, at timestamp, day date, code uuid, raw bytes",
        [
            (
                1,
                "Alien",
                "9.90",
                "1.250",
                {"a": [1]},
                True,
                1.0,
                "2020-01-01T00:00:00Z",
                "2020-01-01",
                KEY,
                b"x",
            ),
            (2, "Brazil", "19.99", None, "text", False, None, None, None, None, None),
            (3, "Secret", "0.01", "7.000", None, None, None, None, None, None, b"s"),
        ],
        physical="films_old",
    )
    shelf.put("seats", "id integer, film integer, n integer", [(1, 1, 4), (2, 1, 5), (3, 3, 9)])
    shelf.connection.executescript(
        """
        CREATE TABLE _tx (id INTEGER PRIMARY KEY, author TEXT);
        INSERT INTO _tx VALUES (1, 'somebody');
        CREATE TABLE _h_films_old (id INTEGER, secret TEXT);
        INSERT INTO _h_films_old VALUES (1, 'past');
        CREATE TABLE dropped (id INTEGER PRIMARY KEY, secret TEXT);
        INSERT INTO dropped VALUES (1, 'gone');
        CREATE INDEX by_title ON films_old (title);
        """
    )
    return shelf


POLICY = Restrictions(
    {"films": TableRestriction(rows=Comparison(ColumnRef("id"), "lte", 2), hidden=frozenset({"raw", "wide"}))}
)


def run(shelf: Shelf, statement: str, *parameters: object, policy: Restrictions = UNRESTRICTED, **more: Any) -> Result:
    """Run a statement."""
    return run_sql(shelf.connection, shelf.catalog, Sql(statement, parameters, **more), policy)


def cells(
    shelf: Shelf, statement: str, *parameters: object, policy: Restrictions = UNRESTRICTED
) -> list[tuple[Any, ...]]:
    """Run a statement and give its cells."""
    return [tuple(row) for row in run(shelf, statement, *parameters, policy=policy).rows]


# -- what it sees ----------------------------------------------------------------------------------------


def test_every_column_comes_out_in_its_logical_type(films: Shelf) -> None:
    """SELECT * shows the logical columns, exactly as any other read would."""
    result = run(films, "SELECT * FROM films WHERE id = 1")
    assert result.json() == (
        b'[{"id":1,"title":"Alien","price":9.90,"wide":1.250,"tags":{"a":[1]},"seen":true,"score":1.0,'
        b'"at":"2020-01-01T00:00:00.000000Z","day":"2020-01-01","code":"' + KEY.encode() + b'","raw":"eA=="}]'
    )
    assert result.python() == [
        {
            "id": 1, "title": "Alien", "price": Decimal("9.90"), "wide": Decimal("1.250"), "tags": {"a": [1]},
            "seen": True, "score": 1.0, "at": datetime(2020, 1, 1, tzinfo=UTC), "day": date(2020, 1, 1),
            "code": UUID(KEY), "raw": b"x",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "parameters", "expected"),
    [
        ("SELECT title FROM films WHERE price > 9.9 ORDER BY 1", (), b'[{"title":"Brazil"}]'),
        ("SELECT price FROM films WHERE price = ?", (Decimal("19.99"),), b'[{"price":19.99}]'),
        ("SELECT sum(price) AS s FROM films WHERE id < 3", (), b'[{"s":29.89}]'),
        (
            "SELECT f.seen, s.n FROM films f JOIN seats s ON s.film = f.id WHERE s.n = ?",
            (4,),
            b'[{"seen":true,"n":4}]',
        ),
        ("WITH x AS (SELECT tags FROM films WHERE id = 1) SELECT * FROM x", (), b'[{"tags":{"a":[1]}}]'),
        ("SELECT id FROM films WHERE at = ?", (datetime(2020, 1, 1, tzinfo=UTC),), b'[{"id":1}]'),
        ("SELECT id FROM films WHERE day = ? AND code = ?", (date(2020, 1, 1), UUID(KEY)), b'[{"id":1}]'),
        ("SELECT id FROM films WHERE title = ? AND seen = ?", (Literal("Alien"), True), b'[{"id":1}]'),
        ("SELECT id, id FROM films WHERE id <= 1 -- once", (), b'[{"id":1,"id_2":1}]'),
        ("SELECT max(seen) m, count(*) FROM films", (), b'[{"m":1,"count(*)":3}]'),
        ("VALUES (1, 'a'), (2, NULL)", (), b'[{"column1":1,"column2":"a"},{"column1":2,"column2":null}]'),
        ("SELECT seen FROM films WHERE id = 1 UNION ALL SELECT 'x'", (), b'[{"seen":true},{"seen":"x"}]'),
        ("SELECT title ->> '$.a' AS j FROM films WHERE 0", (), b"[]"),
        ("SELECT value FROM json_each('[1,2]') WHERE value >= 2;", (), b'[{"value":2}]'),
        (
            "SELECT title, row_number() OVER (ORDER BY title DESC) r FROM films LIMIT 1",
            (),
            b'[{"title":"Secret","r":1}]',
        ),
        ("SELECT count(*) n FROM films", (), b'[{"n":3}]'),
        (
            "SELECT (SELECT count(*) FROM seats s WHERE s.film = f.id) n FROM films f WHERE id = 1",
            (),
            b'[{"n":2}]',
        ),
        ('SELECT [id], `n`, "film" FROM "seats" WHERE id = 3', (), b'[{"id":3,"n":9,"film":3}]'),
        ("SELECT ID FROM Films WHERE Title = 'Alien'", (), b'[{"id":1}]'),
        ("SELECT 1 AS a -- films; DROP TABLE films", (), b'[{"a":1}]'),
        ("SELECT raw FROM films WHERE raw = x'78'", (), b'[{"raw":"eA=="}]'),
        ("WITH films AS (SELECT 7 AS id) SELECT id FROM films", (), b'[{"id":7}]'),
    ],
)
def test_a_read_of_logical_tables_answers(
    films: Shelf, statement: str, parameters: tuple[Any, ...], expected: bytes
) -> None:
    """All of SQLite's SELECT works over logical tables, with positional parameters."""
    assert run(films, statement, *parameters).json() == expected


def test_the_limit_bounds_the_rows(films: Shelf) -> None:
    """Not more rows than asked for come out, even of an endless statement."""
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t"
    assert [len(run(films, endless, limit=limit).rows) for limit in (0, 5)] == [0, 5]


def test_an_endless_statement_can_be_interrupted(films: Shelf) -> None:
    """The caller's deadline stops it; the connection is as good as before."""
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
    films.connection.set_progress_handler(lambda: True, 10_000)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        run(films, endless)
    films.connection.set_progress_handler(None, 0)
    assert run(films, "SELECT count(*) n FROM films").json() == b'[{"n":3}]'


# -- what it must not reach ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM main.films_old",
        "SELECT * FROM main.films",
        "SELECT count(*) FROM main.films_old",
        "SELECT 1 FROM MAIN . films_old",
        "SELECT 1 FROM 'main'.'films_old'",
        'SELECT 1 FROM "main"."films_old"',
        "SELECT 1 FROM [main].films_old",
        "SELECT 1 FROM `Main`/* */.--\n films_old",
        "SELECT * FROM temp.films",
        "SELECT * FROM films_old",
        "SELECT count(*) FROM films_old",
        "SELECT EXISTS (SELECT 1 FROM 'films_old')",
        "SELECT count(*) FROM FILMS_OLD",
        "WITH films AS (SELECT * FROM main.films_old) SELECT * FROM films",
        "WITH films AS (SELECT * FROM films_old) SELECT * FROM films",
        "WITH x AS (SELECT count(*) n FROM films_old) SELECT n FROM x",
        "SELECT * FROM (SELECT * FROM films_old) AS films",
        "SELECT count(*) FROM _tx",
        "SELECT author FROM _tx",
        "SELECT * FROM _h_films_old",
        "SELECT count(*) FROM dropped",
        "SELECT secret FROM dropped",
        "SELECT title FROM films UNION SELECT secret FROM dropped",
        "SELECT title FROM films ORDER BY (SELECT count(*) FROM dropped)",
        "SELECT * FROM films LIMIT (SELECT count(*) FROM dropped)",
        "SELECT * FROM seats JOIN dropped USING (id)",
        "SELECT id IN dropped FROM films",
        "SELECT * FROM films NATURAL JOIN films_old",
        "SELECT _tx FROM films",
        "SELECT films_old._created FROM films",
        "SELECT * FROM sqlite_master",
        "SELECT count(*) FROM sqlite_master",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT sql FROM sqlite_temp_master",
        "SELECT count(*) FROM sqlite_temp_schema",
        "SELECT * FROM pragma_table_info('films_old')",
        "SELECT count(*) FROM pragma_database_list",
        "SELECT count(*) FROM dbstat",
        "SELECT count(*) FROM sqlite_stmt",
        "SELECT * FROM fts3tokenize",
        "PRAGMA table_info(films_old)",
        "EXPLAIN SELECT 1",
        "EXPLAIN QUERY PLAN SELECT 1",
        "ATTACH 'x.db' AS x",
        "DETACH main",
        "VACUUM INTO 'x.db'",
        "ANALYZE",
        "BEGIN",
        "SAVEPOINT x",
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x AS SELECT * FROM films_old",
        "CREATE VIRTUAL TABLE x USING fts5(a)",
        "DROP TABLE films_old",
        "INSERT INTO films VALUES (9)",
        "UPDATE films SET title = 'x'",
        "DELETE FROM seats",
        "REPLACE INTO seats VALUES (1, 1, 1)",
        "WITH x AS (SELECT 1) INSERT INTO seats SELECT 1, 1, 1",
        "WITH x AS (SELECT 1) UPDATE seats SET n = 0",
        "WITH x AS (SELECT 1) DELETE FROM seats RETURNING *",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE films_old",
        ";SELECT 1",
        "",
        "   -- nothing",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "SELECT readfile('/etc/passwd')",
        "SELECT edit('x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT zeroblob(100000000)",
        "SELECT randomblob(100000000)",
        "SELECT sqlite_version()",
        "SELECT sqlite_compileoption_get(1)",
        "SELECT last_insert_rowid(), changes()",
        "SELECT replace(printf('%.9999999c', 'x'), 'x', printf('%.9999999c', 'y'))",
        "SELECT synthdb_match('aa', '(a)\\1')",
        "SELECT synthdb_cast('x', 'no', 'type')",
        "SELECT nope FROM films",
        "SELECT * FROM nope",
        "SELECT * FROM films WHERE",
        "SELECT :a",
        "SELECT @a",
        "SELECT $a",
        "SELECT #",
        "SELECT 'open",
        "SELECT 1 \ufeff",
        "SELECT 1 FROM main\ufeff.films_old",
        "SELECT 1 FROM main \ufeff.films_old",
        "SELECT 1\0",
        "SELECT \x1b",
        "SELECT ?",
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "1," * 60_000 + "1",
        "SELECT 1" + " UNION ALL SELECT 1" * 5_000,
    ],
)  # fmt: skip
def test_everything_else_is_refused(films: Shelf, statement: str) -> None:
    """It is invalid_sql, gives nothing away and leaves database and connection as they were."""
    before = list(films.connection.iterdump())
    with pytest.raises(InvalidSql) as caught:
        run(films, statement)
    assert "somebody" not in caught.value.detail
    assert list(films.connection.iterdump()) == before
    assert run(films, "SELECT count(*) n FROM seats").json() == b'[{"n":3}]'


@pytest.mark.parametrize("parameter", [2**70, [1], object()])
def test_a_parameter_of_another_kind_is_refused(films: Shelf, parameter: object) -> None:
    """Parameters are plain values of at most 64 bits."""
    with pytest.raises(InvalidSql):
        run(films, "SELECT ?", parameter)


# -- policies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT count(*) FROM films", [(2,)]),
        ("SELECT title FROM films ORDER BY title DESC", [("Brazil",), ("Alien",)]),
        ("SELECT max(title), sum(id) FROM films", [("Brazil", 3)]),
        ("SELECT count(*) FROM films a, films b", [(4,)]),
        ("SELECT s.id FROM seats s LEFT JOIN films f ON f.id = s.film WHERE f.id IS NULL", [(3,)]),
        ("WITH films AS (SELECT * FROM films) SELECT count(*) FROM films", []),
        ("WITH f AS (SELECT * FROM films) SELECT count(*) FROM f", [(2,)]),
        ("SELECT EXISTS (SELECT 1 FROM films WHERE id = 3)", [(0,)]),
        ("SELECT count(*) FROM films WHERE abs(-9223372036854775808 + id - 3) > 0", [(2,)]),
        ("SELECT id FROM films WHERE title LIKE 'S%'", []),
        ("SELECT group_concat(title) FROM films", [("Alien,Brazil",)]),
    ],
)
def test_a_policy_holds_for_every_statement(films: Shelf, statement: str, expected: list[Any]) -> None:
    """Rows that a policy hides are in no result, count, join, aggregate or error."""
    try:
        found = cells(films, statement, policy=POLICY)
    except InvalidSql:
        found = []
    assert found == expected


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT raw FROM films",
        "SELECT films.raw FROM films",
        "SELECT id FROM films WHERE raw IS NULL",
        "SELECT id FROM films ORDER BY wide",
        "SELECT sum(wide) FROM films",
    ],
)
def test_a_hidden_column_does_not_exist(films: Shelf, statement: str) -> None:
    """It can neither be shown nor sorted, filtered or aggregated by."""
    with pytest.raises(InvalidSql, match="no such column"):
        run(films, statement, policy=POLICY)


def test_a_hidden_column_is_not_in_the_star(films: Shelf) -> None:
    """The columns that remain keep their types."""
    result = run(films, "SELECT * FROM films WHERE id = 1", policy=POLICY)
    assert list(result.python()[0]) == ["id", "title", "price", "tags", "seen", "score", "at", "day", "code"]
    assert result.python()[0]["price"] == Decimal("9.90")


@pytest.mark.parametrize(
    "probe",
    [
        "abs(CASE WHEN title = 'Secret' THEN -9223372036854775808 ELSE 1 END) > 0",
        "json(CASE WHEN title = 'Secret' THEN '{' ELSE '1' END) > 0",
        "title = 'Secret' AND abs(-9223372036854775808) > 0",
        "title -> '$' IS NULL OR 1",
        "title || CASE WHEN title = 'Secret' THEN printf('%.99999999c', 'x') ELSE '' END <> ''",
    ],
)
def test_errors_tell_nothing_of_hidden_rows(films: Shelf, probe: str) -> None:
    """A condition that fails on a hidden row, even one an index finds first, acts as if it were not there."""
    statement = f"SELECT id FROM films WHERE {probe} ORDER BY id"

    def outcome() -> object:
        try:
            return cells(films, statement, policy=POLICY)
        except InvalidSql as error:
            return error.detail

    with_secret = outcome()
    films.connection.execute("UPDATE films_old SET title = 'Plain' WHERE id = 3")
    assert outcome() == with_secret


@pytest.mark.parametrize("value", ["x' OR 1=1 --", 'a"b?', None, 1.5, b"\x00'", True, Decimal("0.01")])
def test_values_of_a_policy_are_only_values(films: Shelf, value: object) -> None:
    """A policy's value never becomes SQL, whatever it holds."""
    column = {bytes: "raw", float: "score", bool: "seen", Decimal: "price"}.get(type(value), "title")
    rows = Comparison(ColumnRef(column), "in", [value])
    expected = [(1,)] if value is True else [(3,)] if value == Decimal("0.01") else []
    assert cells(films, "SELECT id FROM films", policy=Restrictions({"films": TableRestriction(rows=rows)})) == expected
