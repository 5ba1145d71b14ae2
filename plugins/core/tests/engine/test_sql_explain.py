"""What is said about how a SQL statement would be run."""

import sqlite3
from typing import Any

import pytest

from synthdb.engine.sql import run_sql
from synthdb_host.contracts import UNRESTRICTED, Restrictions, TableRestriction
from synthdb_host.errors import InvalidSql
from synthdb_host.operations import ColumnRef, Comparison, Sql

from .conftest import Shelf


@pytest.fixture
def films(shelf: Shelf) -> Shelf:
    """Give two tables, one of them renamed and with an index."""
    rows = [(number, f"Film {number}", 1970 + number % 9, "secret") for number in range(1, 31)]
    shelf.put("films", "id integer, title text, year integer, note text", rows, physical="films_old")
    shelf.put("seats", "id integer, film integer, price decimal(6,2)", [(1, 1, "4.50"), (2, 1, "5.00")])
    shelf.connection.execute("CREATE INDEX _i_1 ON films_old (year)")
    return shelf


def explained(
    shelf: Shelf, statement: str, *parameters: object, restrictions: Restrictions = UNRESTRICTED
) -> list[dict[str, Any]]:
    """Explain a statement."""
    sql = Sql(statement, parameters, explain=True)
    return run_sql(shelf.connection, shelf.catalog, sql, restrictions).python()


def sentences(shelf: Shelf, statement: str, *parameters: object) -> list[str]:
    """Explain a statement; nested steps are indented."""
    return ["  " * row["level"] + row["sentence"] for row in explained(shelf, statement, *parameters)]


def test_the_first_sentences_say_what_is_given_and_read(films: Shelf) -> None:
    """Plain columns have their types, and no column is named that the statement does not touch."""
    rows = explained(films, "SELECT f.title, count(*) AS n, price FROM films f, seats WHERE film = f.id GROUP BY 1")

    assert [
        ("Gives title (text), n and price (decimal(6,2)).", None),
        ("Reads id (integer) and title (text) of films.", "films"),
        ("Reads film (integer) and price (decimal(6,2)) of seats.", "seats"),
    ] == [(row["sentence"], row["table"]) for row in rows[:3]]
    assert {"title": "text", "n": None, "price": "decimal(6,2)"} == rows[0]["columns"]
    assert {"film": "integer", "price": "decimal(6,2)"} == rows[2]["columns"]


CASES = {
    "whole": ("SELECT title FROM films", ["Reads the whole table films (30 rows)."]),
    "index": ("SELECT title FROM films WHERE year = ?", ["Finds rows of films by year with the index (year)."]),
    "range": (
        "SELECT title FROM films WHERE year > 1975",
        ["Finds rows of films by a range of year with the index (year)."],
    ),
    "key": ("SELECT title FROM films WHERE id = 3", ["Finds rows of films by id."]),
    "only-an-index": ("SELECT year FROM films", ["Reads the whole index (year) of films (30 rows)."]),
    "order-of-index": (
        "SELECT title FROM films ORDER BY year",
        ["Reads the whole table films (30 rows) in the order of the index (year)."],
    ),
    "sorted": (
        "SELECT title FROM films ORDER BY title",
        ["Reads the whole table films (30 rows).", "Sorts the rows in memory."],
    ),
    "grouped": (
        "SELECT title, count(*) FROM films GROUP BY title",
        ["Reads the whole table films (30 rows).", "Sorts the rows in memory to group them."],
    ),
    "distinct": (
        "SELECT DISTINCT title FROM films",
        ["Reads the whole table films (30 rows).", "Remembers values in memory to leave out repeated ones."],
    ),
    "joined": (
        "SELECT title FROM seats JOIN films ON films.id = film",
        ["Reads the whole table seats (2 rows).", "Finds rows of films by id."],
    ),
    "subquery": (
        "SELECT (SELECT count(*) FROM seats WHERE film = films.id) FROM films",
        [
            "Reads the whole index (year) of films (30 rows).",
            "For each row, runs a subquery:",
            "  Reads the whole table seats (2 rows).",
        ],
    ),
    "either": (
        "SELECT title FROM films WHERE id = 1 OR year = 1971",
        [
            "Looks up each side of the condition by itself:",
            "  Finds rows of films by id.",
            "  Finds rows of films by year with the index (year).",
        ],
    ),
    "union": (
        "SELECT title FROM films UNION SELECT film FROM seats",
        [
            "Reads the whole table films (30 rows).",
            "Puts the results together in memory and leaves out repeated rows.",
            "Reads the whole table seats (2 rows).",
        ],
    ),
    "newest": ("SELECT max(id) FROM films", ["Reads the first or the last row of films."]),
    "nothing": ("VALUES (1)", ["Reads no table."]),
    "json": ("SELECT value FROM json_each('[1]')", ["Goes through the items of JSON values."]),
    "recursive": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n;",
        [
            "Works out the rows of n:",
            "  Reads no table.",
            "  Repeats until there are no new rows:",
            "    Goes through the rows of n.",
            "Goes through the rows of n.",
        ],
    ),
}


@pytest.mark.parametrize(("statement", "expected"), CASES.values(), ids=CASES.keys())
def test_a_plan_is_told_in_sentences(films: Shelf, statement: str, expected: list[str]) -> None:
    """Each way to read has its sentence, with logical names and the number of rows gone through."""
    found = [item for item in sentences(films, statement) if not item.startswith(("Gives", "Counts"))]

    assert expected == [item for item in found if not item.endswith(("of films", "of seats")) and "(text)" not in item
                        and "(integer)" not in item]  # fmt: skip


def test_the_storage_s_own_words_come_along(films: Shelf) -> None:
    """Whoever knows SQLite sees what it said, and programs see the table, the index and the rows."""
    *_, step = explained(films, "SELECT title FROM films ORDER BY year")

    assert ("films", "(year)", 30) == (step["table"], step["index"], step["rows"])
    assert "SCAN main.films_old USING INDEX _i_1" == step["plan"]


def test_an_explanation_runs_nothing(films: Shelf) -> None:
    """A statement that would never end, or fail on a row, is explained."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    assert "Works out the rows of n:" in sentences(films, endless)
    assert "Gives x." in sentences(films, "SELECT json(note) AS x FROM films")


def test_parameters_may_be_left_out_or_given(films: Shelf) -> None:
    """They change nothing, but as many as there are must be given if any is."""
    statement = "SELECT title FROM films WHERE year = ?2 AND id > ?1 -- and no more"

    assert sentences(films, statement) == sentences(films, statement, 1, 1970)
    with pytest.raises(InvalidSql):
        sentences(films, statement, 1)


def test_repeated_names_are_numbered_as_in_the_result(films: Shelf) -> None:
    """The explanation names the columns that running the statement gives."""
    statement = "SELECT title, id, title, title FROM films"
    run = run_sql(films.connection, films.catalog, Sql(statement), UNRESTRICTED)

    assert run.encoder is not None
    assert run.encoder.names == tuple(explained(films, statement)[0]["columns"])


def test_types_of_combined_selects_are_not_known(films: Shelf) -> None:
    """The second select may give other values than the first one's column."""
    assert {"price": None} == explained(films, "SELECT price FROM seats UNION SELECT title FROM films")[0]["columns"]


@pytest.mark.parametrize(
    "statement",
    (
        "EXPLAIN SELECT title FROM films",
        "EXPLAIN QUERY PLAN SELECT title FROM films",
        "SELECT * FROM films_old",
        "SELECT * FROM sqlite_master",
        "DELETE FROM films",
        "SELECT 1) UNION SELECT sql FROM (SELECT sql FROM sqlite_master",
        "SELECT load_extension('x')",
        "PRAGMA table_list",
    ),
)
def test_what_may_not_be_run_is_not_explained(films: Shelf, statement: str) -> None:
    """The guard is the same."""
    with pytest.raises(InvalidSql):
        explained(films, statement)


def test_an_explanation_tells_nothing_of_hidden_rows_and_columns(films: Shelf) -> None:
    """Counted are the rows that the caller may see; a hidden column is not there."""
    hidden = TableRestriction(Comparison(ColumnRef("id"), "lte", 4), hidden=frozenset({"note"}))
    restrictions = Restrictions({"films": hidden})

    rows = explained(films, "SELECT * FROM films", restrictions=restrictions)

    assert {"id": "integer", "title": "text", "year": "integer"} == rows[0]["columns"]
    assert {4, None} >= {row["rows"] for row in rows}
    with pytest.raises(InvalidSql):
        explained(films, "SELECT note FROM films", restrictions=restrictions)


def test_an_explanation_names_no_column_that_a_policy_uses_and_hides(films: Shelf) -> None:
    """Neither in its sentences, nor as an index, nor in the storage's own words."""
    policy = TableRestriction(Comparison(ColumnRef("year"), "eq", 1971), hidden=frozenset({"year"}))
    restrictions = Restrictions({"films": policy})

    found = explained(films, "SELECT title FROM films WHERE title > 'a'", restrictions=restrictions)
    joined = explained(films, "SELECT count(*) FROM films, seats", restrictions=restrictions)

    assert "Finds rows of films." == found[-1]["sentence"]
    assert "year" not in repr(found) + repr(joined)
    assert {None} == {row["plan"] for row in found + joined}


def test_the_connection_is_as_it_was_afterwards(films: Shelf) -> None:
    """No view stays, and nothing is refused to the engine itself."""
    explained(films, "SELECT title FROM films")

    assert [] == films.connection.execute("SELECT name FROM temp.sqlite_master").fetchall()
    assert isinstance(films.connection.execute("SELECT count(*) FROM films_old"), sqlite3.Cursor)
