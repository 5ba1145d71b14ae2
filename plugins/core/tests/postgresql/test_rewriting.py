"""Statements of the engine as PostgreSQL takes them."""

from typing import Any

import pytest

from synthdb.storage.postgresql.rewriting import rewrite

_REWRITTEN = {
    "numbers of places": ("SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = $1 AND c = $2"),
    "a place again": ("VALUES (?, ?, ?3, ?3)", "VALUES ( $1 , $2 , $3 , $3 )"),
    "a list": ("x IN (SELECT value FROM json_each(?))", "x = ANY ( $1 )"),
    "not in a list": ("x NOT IN (SELECT value FROM json_each(?))", "x <> ALL ( $1 )"),
    "is not": ("a IS NOT ? OR b IS NOT NULL", "a IS DISTINCT FROM $1 OR b IS NOT NULL"),
    "is": ("a IS 1", "a IS NOT DISTINCT FROM 1"),
    "truth": ("SELECT 1 FROM t WHERE 1 AND (1) LIMIT 1", "SELECT 1 FROM t WHERE TRUE AND ( TRUE ) LIMIT 1"),
    "no truth": (
        "CASE x WHEN 1 THEN 2 END, y BETWEEN 0 AND 1",
        "CASE x WHEN 1 THEN 2 END , y BETWEEN 0 AND 1",
    ),
    "a column as a condition": (
        "WHERE name IS NULL AND NOT b.forgotten",
        "WHERE name IS NULL AND NOT b . forgotten <> 0",
    ),
    "hints": ("FROM o _x INDEXED BY i WHERE +_x._tx <= 3", "FROM o _x WHERE _x . _tx <= 3"),
    "types": (
        'CREATE TABLE "t" ("id" INTEGER PRIMARY KEY, "a" TEXT, _tx INTEGER NOT NULL)',
        'CREATE TABLE "t" ( "id" bigint PRIMARY KEY , "a" text COLLATE "C" , _tx bigint NOT NULL )',
    ),
    "numbers of rows": (
        'CREATE TABLE "h" ("a" REAL)',
        'CREATE TABLE "h" ( "a" double precision , _rowid bigint GENERATED ALWAYS AS IDENTITY )',
    ),
    "casts": ("CAST(a AS TEXT)", 'CAST ( a AS text ) COLLATE "C"'),
    "greatest": ("SELECT max(a, ?), max(b)", "SELECT GREATEST ( a , $1 ) , max ( b )"),
    "a path": ('"d" -> \'$."a"[0]\'', 'synthdb_json_at ( "d" , \'["a",0]\' )'),
    "a pattern": ("name GLOB '_o_*'", "name LIKE '\\_o\\_%'"),
    "a subquery": ("SELECT count(*) FROM (SELECT 1)", "SELECT count ( * ) FROM ( SELECT 1 ) AS _n5"),
    "replacing": (
        "INSERT OR REPLACE INTO _record (kind, key, value) VALUES (?, ?, ?)",
        (
            "INSERT INTO _record ( kind , key , value ) VALUES ( $1 , $2 , $3 ) "
            "ON CONFLICT ( kind , key ) DO UPDATE SET value = excluded . value"
        ),
    ),
}


@pytest.mark.parametrize(("written", "expected"), _REWRITTEN.values(), ids=_REWRITTEN)
def test_a_statement_is_rewritten(written: str, expected: str) -> None:
    """Whatever PostgreSQL reads otherwise than SQLite is said in its own words."""
    assert expected == rewrite(written).sql


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ("x IN (SELECT value FROM json_each(?))", "[1,2]", [1, 2]),
        ("x IN (SELECT value FROM json_each(?))", "[]", "{}"),
        ("x IN (SELECT synthdb_real(value) FROM json_each(?))", '["0x1.8p+1"]', [3.0]),
        ("x IN (SELECT synthdb_unhex(value) FROM json_each(?))", '["00ff"]', [b"\x00\xff"]),
        ("x GLOB ?", "a*b?[*]c%", r"a%b_*c\%"),
        ("json_extract(tables, ?)", '$."12"', '["12"]'),
        ("LIMIT ?", -1, None),
    ],
    ids=["integers", "nothing", "reals", "bytes", "pattern", "path", "limit"],
)
def test_a_value_is_bound_in_another_form(written: str, value: Any, expected: Any) -> None:
    """Lists are arrays, patterns and paths are written differently; NULL stays NULL."""
    statement = rewrite(written)
    assert [expected] == list(statement.bound([value]))
    assert [None] == list(statement.bound([None]))


def test_text_in_a_statement_stays_as_it_is() -> None:
    """What looks like a place or a word inside quotes is none."""
    assert (
        """SELECT 'IS ? NOT', "a IS ?" FROM t""".replace(",", " ,")
        == rewrite("""SELECT 'IS ? NOT', "a IS ?" FROM t""").sql
    )


def test_rows_are_inserted_many_at_a_time() -> None:
    """A statement that only inserts says where its row of places is."""
    statement = rewrite('INSERT INTO "t" ("a", _tx) VALUES (?, ?)')
    assert statement.row is not None
    assert "( $1 , $2 )" == statement.sql[slice(*statement.row)]
    assert rewrite("INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO NOTHING").row is None
