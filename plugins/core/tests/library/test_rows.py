"""Rows are read and written as dictionaries, and every write is one commit."""

from collections.abc import Callable

import pytest

import synthdb
from synthdb import col, count
from synthdb_host.errors import (
    FullTableWrite,
    InvalidBody,
    InvalidSql,
    InvalidValue,
    RequestError,
    UniqueViolation,
    UnknownColumn,
    UnknownRelation,
    UnknownTable,
)


def names(rows: list[dict[str, object]]) -> list[object]:
    """Give the names of people."""
    return [row["name"] for row in rows]


def test_an_insert_gives_the_key_the_number_or_the_rows(db: synthdb.Connection) -> None:
    """What comes back depends on what went in."""
    assert 4 == db.insert("people", {"name": "x"})
    assert 2 == db.insert("people", [{"name": "y"}, {"name": "z", "born": 1}])
    assert {"id": 7, "name": "w", "born": None, "city": None} == db.insert("people", {"name": "w"}, returning=True)
    assert [{"n": "v"}] == db.insert("people", ({"name": n} for n in "v"), returning=[col("name").as_("n")])
    assert 0 == db.insert("people", [])
    assert [] == db.insert("people", [], returning=True)


def test_a_composite_key_is_a_tuple(db: synthdb.Connection) -> None:
    """Rows are called by all columns of their key."""
    db.create_table("seats", {"row": "integer", "letter": "text", "who": "text"}, key=("row", "letter"))

    key = db.insert("seats", {"row": 1, "letter": "A", "who": "Ada"})

    assert (1, "A") == key
    assert "Ada" == (db.get("seats", key) or {})["who"]
    assert "Ada" == (db.get("seats", {"row": 1, "letter": "A"}) or {})["who"]
    with pytest.raises(InvalidValue):
        db.get("seats", 1)


def test_a_query_filters_sorts_pages_and_groups(db: synthdb.Connection) -> None:
    """The arguments mean what their names say."""
    assert ["Grace", "Alan"] == names(db.query("people", col("born") > 1900))
    assert ["Alan", "Grace", "Ada"] == names(db.query("people", order="-born"))
    assert ["Grace"] == names(db.query("people", order=["born"], limit=1, offset=1))
    assert ["Ada", "Grace", "Alan"] == names(db.query("people", order=[col("city").asc(nulls="first"), "-name"]))
    assert [{"n": 2, "first": 1906}] == db.query(
        "people", col("city").is_not_null(), [count().as_("n"), col("born").min().as_("first")]
    )
    db.insert("people", {"name": "Ida", "city": "London"})
    assert [{"city": "London", "count": 2}] == db.query(
        "people", columns=["city", count()], having=count() > 1, where=col("city").is_not_null()
    )


def test_an_upsert_updates_what_exists(db: synthdb.Connection) -> None:
    """Found by the key, or by other unique columns."""
    db.add_unique("people", "name")

    assert 1 == db.upsert("people", {"id": 1, "born": 1816})
    assert 2 == db.upsert("people", [{"name": "Ada", "city": "London"}, {"name": "New"}], on="name")
    assert {"id": 1, "name": "Ada", "born": 1816, "city": "London"} == db.get("people", 1)
    assert 4 == db.count("people")


def test_updates_and_deletes_say_what_they_touched(db: synthdb.Connection) -> None:
    """A number, or the rows."""
    assert 2 == db.update("people", {"city": "here"}, col("born") > 1900)
    assert [{"name": "Ada", "city": "there"}] == db.update(
        "people", {"city": "there"}, {"id": 1}, returning=["name", "city"]
    )
    assert [{"name": "Ada"}] == db.delete("people", {"id": 1}, returning=["name"])
    assert 2 == db.delete("people", every_row=True)


def test_one_column_needs_no_list(db: synthdb.Connection) -> None:
    """A name is a name, not the letters in it."""
    assert [{"name": "Ada"}] == db.query("people", {"id": 1}, "name")
    assert [{"n": 3}] == db.query("people", columns=count().as_("n"))
    assert {"name": "Bob"} == db.insert("people", {"name": "Bob"}, returning="name")


def test_an_unfiltered_write_says_how_it_could_be_meant(db: synthdb.Connection) -> None:
    """In the words of this library."""
    with pytest.raises(FullTableWrite) as caught:
        db.delete("people")

    assert "Give where=..., or every_row=True." == caught.value.hint


@pytest.mark.parametrize(
    ("act", "error"),
    (
        (lambda db: db.update("people", {"city": "x"}), FullTableWrite),
        (lambda db: db.delete("people", {}), FullTableWrite),
        (lambda db: db.query("nope"), UnknownTable),
        (lambda db: db.query("people", {"nope": 1}), UnknownColumn),
        (lambda db: db.query("people", embed="nope"), UnknownRelation),
        (lambda db: db.insert("people", "Ada"), InvalidBody),
        (lambda db: db.insert("people", [3]), InvalidBody),
        (lambda db: db.insert("people", {"id": 1}), UniqueViolation),
        (lambda db: db.execute_sql("DROP TABLE people"), InvalidSql),
        (lambda db: db.execute_sql("SELECT 1; SELECT 2"), InvalidSql),
        (lambda db: db.execute_sql("SELECT * FROM nope"), RequestError),
    ),
    ids=[
        "update all",
        "delete all",
        "table",
        "column",
        "relation",
        "text",
        "number",
        "key",
        "drop",
        "two",
        "sql table",
    ],
)
def test_a_mistake_is_a_named_error_and_changes_nothing(
    db: synthdb.Connection, act: Callable[[synthdb.Connection], object], error: type[Exception]
) -> None:
    """No traceback from inside, nothing half done."""
    before = db.query("people")

    with pytest.raises(error):
        act(db)
    assert before == db.query("people")
    assert ["people"] == db.list_tables()


def test_sql_reads_logical_tables_with_parameters(db: synthdb.Connection) -> None:
    """Joins and functions of SQL are there, for reading."""
    rows = db.execute_sql("SELECT upper(name) AS loud FROM people WHERE born > ? ORDER BY name", [1900])

    assert [{"loud": "ALAN"}, {"loud": "GRACE"}] == rows


HOSTILE = ("'; DROP TABLE people; --", '"quoted"', "%_*\\", "né\u202ee", "select", "0 or 1=1", "a" * 5000)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_values_are_only_values(db: synthdb.Connection, text: str) -> None:
    """No text can become a part of a statement, as a value or as a name."""
    name = text[:40].strip() or "x"
    db.insert("people", {"name": text})
    db.create_table(name + " t", {name: "text"})
    db.insert(name + " t", {name: text})

    assert [text] == names(db.query("people", {"name": text}))
    assert [text] == names(db.query("people", col("name").in_([text])))
    assert [{name: text}] == db.query(name + " t", {name: text}, [name], order=name)
    assert 4 == db.count("people")
