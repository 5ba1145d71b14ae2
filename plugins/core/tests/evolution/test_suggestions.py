"""What is suggested, and by which evidence."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import synthdb
from synthdb import col, column
from synthdb_host.catalog import Column, ColumnType, Index
from synthdb_host.errors import UnknownTable
from synthdb_host.operations import AddColumn, AddIndex, AlterColumn, DropColumn

Make = Callable[..., synthdb.Connection]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make a database with one table ``t``, of so many rows as a column has values."""
    connection = synthdb.connect(":memory:")

    def fill(types: dict[str, Any], values: dict[str, list[Any]], **more: Any) -> synthdb.Connection:
        connection.create_table("t", types, **more)
        connection.insert("t", [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)])
        return connection

    yield fill
    connection.close()


def found(db: synthdb.Connection) -> dict[str, Any]:
    """Give the suggestions by id."""
    return {item.id: item for item in db.suggestions()}


def test_columns_without_a_value_or_with_one_only_may_go(make: Make) -> None:
    """The figures say how many rows were looked at, and the change can be taken back."""
    db = make(
        {"a": "integer", "b": "text", "c": "text", "d": "json"},
        {"a": [None] * 12, "b": ["x"] * 12, "c": ["x"] * 11 + [None], "d": [{"k": [1]}] * 12},
    )

    suggested = found(db)

    assert ["unused:t.a", "constant:t.b", "constant:t.d"] == list(suggested)
    assert {"rows": 12, "values": 0, "distinct": 0} == suggested["unused:t.a"].figures
    assert (DropColumn("t", "a"),) == suggested["unused:t.a"].changes
    assert "All 12 rows have the value 'x'." == suggested["constant:t.b"].reason


def test_columns_that_constraints_hold_on_to_are_not_dropped(make: Make) -> None:
    """Every suggested change can be made as it is."""
    db = make(
        dict.fromkeys(("k", "i", "u", "f", "c"), "integer"),
        {"k": list(range(12)), "i": [1] * 12, "u": [None] * 12, "f": [None] * 12, "c": [1] * 12},
        key="k", indexes=["i"], unique=["u"], foreign_keys={"f": "t.k"}, checks={"small": col("c") < 9},
    )  # fmt: skip

    assert {} == found(db)


NARROW: dict[str, tuple[str, list[Any], str | None]] = {
    "integers": ("text", [str(n) for n in range(-3, 12)], "integer"),
    "leading zeros": ("text", [f"{n:03}" for n in range(12)], None),
    "reals": ("text", [f"{n}.5" for n in range(12)], "real"),
    "decimals of one scale": ("text", [f"{n}.{n % 10}0" for n in range(12)], "decimal(14,2)"),
    "decimals of two scales": ("text", ["1.50", *[f"{n}.5" for n in range(12)]], None),
    "integers and reals": ("text", ["1.5", *map(str, range(12))], None),
    "whole reals as text": ("text", ["1.5", *[f"{n}.0" for n in range(12)]], "real"),
    "booleans": ("text", ["true", "false"] * 6, "boolean"),
    "dates": ("text", [f"2020-01-{n:02}" for n in range(1, 13)], "date"),
    "dates that are none": ("text", [f"2020-02-{n:02}" for n in range(19, 31)], None),
    "timestamps": ("text", [f"2020-01-{n:02}T00:00:00.000000Z" for n in range(1, 13)], "timestamp"),
    "shorter timestamps": ("text", [f"2020-01-{n:02}T00:00:00Z" for n in range(1, 13)], None),
    "uuids": ("text", [f"{n:08x}-0000-0000-0000-000000000000" for n in range(12)], "uuid"),
    "upper-case uuids": ("text", [f"{n:07x}A-0000-0000-0000-000000000000" for n in range(12)], None),
    "words": ("text", [f"w{n}" for n in range(12)], None),
    "whole reals": ("real", [float(n) for n in range(12)], "integer"),
    "other reals": ("real", [n / 2 for n in range(12)], None),
    "huge reals": ("real", [float(2**63 + n * 4096) for n in range(12)], None),
    "whole decimals": ("decimal(6,2)", [Decimal(n) for n in range(12)], "integer"),
    "other decimals": ("decimal(6,2)", [Decimal(n) / 4 for n in range(12)], None),
    "midnights": ("timestamp", [datetime(2020, 1, n, tzinfo=UTC) for n in range(1, 13)], "date"),
    "other times": ("timestamp", [datetime(2020, 1, n, n, tzinfo=UTC) for n in range(1, 13)], None),
    "too few": ("text", ["1", "2", *[None] * 10], None),
    "one in the end": ("text", [*map(str, range(6_000)), "x"], None),
}


@pytest.mark.parametrize(("kind", "values", "narrower"), NARROW.values(), ids=NARROW.keys())
def test_a_type_is_suggested_only_if_it_holds_every_value_exactly(
    make: Make, kind: str, values: list[Any], narrower: str | None
) -> None:
    """And the engine makes the change: no value is refused."""
    db = make({"a": kind}, {"a": values})

    suggested = found(db).get("type:t.a")

    assert narrower == (suggested and str(suggested.changes[0].type))
    if suggested:
        assert (AlterColumn("t", "a", ColumnType.parse(narrower or "")),) == suggested.changes
        db.alter_column("t", "a", column_type=narrower)


def test_types_that_others_depend_on_stay(make: Make) -> None:
    """Keys, foreign keys, and what checks and defaults say."""
    values = [str(number) for number in range(12)]
    db = make(
        {"k": "text", "f": "text", "c": "text", "d": column("text", default="none"), "ok": "text"},
        {"k": values, "f": values, "c": values, "d": values, "ok": values},
        key="k", foreign_keys={"f": "t.k"}, checks={"short": col("c") < "zz"},
    )  # fmt: skip

    assert ["type:t.ok"] == list(found(db))


def test_an_index_is_suggested_where_a_value_chooses_few_of_many_rows(make: Make) -> None:
    """The evidence is how many rows have the same value, and which saved queries go through all of them."""
    numbers = range(1_000)
    db = make(
        {"name": "text", "kind": "text", "long": "text", "had": "text", "score": "real"},
        {
            "name": [f"n{n}" for n in numbers], "kind": [f"k{n % 50}" for n in numbers],
            "long": [f"{n} {'word ' * 20}" for n in numbers], "had": [f"h{n}" for n in numbers],
            "score": [n / 7 for n in numbers],
        },
        indexes=["had"],
    )  # fmt: skip
    db.queries.save("named", "SELECT kind FROM t WHERE name = :name", parameters={"name": "text"})
    db.queries.save("had", "SELECT long FROM t WHERE had = 'h1'")

    suggested = found(db)

    assert ["index:t.name"] == list(suggested)
    assert {"rows": 1_000, "distinct": 1_000, "rows_per_value": 1.0, "queries": ["named"]} == (
        suggested["index:t.name"].figures
    )
    assert (AddIndex("t", Index("t_name_idx", ("name",))),) == suggested["index:t.name"].changes


def test_keys_that_many_rows_have_with_one_kind_of_value_want_to_be_columns(make: Make) -> None:
    """More than a tenth of the rows, and more than nine tenths of the values."""
    documents: list[Any] = [
        {
            "n": number, "d": f"2020-01-{number % 28 + 1:02}", "x": 0.5 if number else 2, "t": str(number),
            "b": number % 2 == 0, "deep": {"a": 1}, "list": [1], "mixed": number if number % 5 else "five",
            "id": number, "none": None, "_odd": 1,
        } | ({"rare": 1} if number % 10 == 0 else {}) | ({"some": 1} if number % 9 == 0 else {})
        for number in range(200)
    ]  # fmt: skip
    documents[7]["n"] = "seven"
    db = make({"doc": "json"}, {"doc": [*documents, None, [1], "text"]})

    suggested = found(db)

    assert ["_odd", "b", "d", "id", "n", "some", "t", "x"] == [item.key for item in suggested.values()]
    assert {"rows": 203, "values": 200, "frequency": 0.9852, "consistency": 0.995, "type": "integer"} == (
        suggested["key:t.doc.n"].figures
    )
    types = {item.key: str(item.changes[0].column.type) for item in suggested.values()}
    assert {
        "_odd": "integer", "b": "boolean", "d": "date", "id": "integer", "n": "integer", "some": "integer",
        "t": "text", "x": "real",
    } == types  # fmt: skip
    assert (AddColumn("t", Column("odd", ColumnType("integer"), inferred=True)),) == (
        suggested["key:t.doc._odd"].changes
    )


def test_a_key_whose_name_is_taken_gets_another(make: Make) -> None:
    """Unless the column of that name is of its type: then it is the column already."""
    documents = [{"a": number, "b": number} for number in range(12)]
    db = make(
        {"doc": "json", "A": "text", "b": "integer"},
        {"doc": documents, "A": [f"x{n}" for n in range(12)], "b": list(range(12))},
    )

    (suggested,) = found(db).values()

    assert ("a", "doc_a") == (suggested.key, suggested.changes[0].column.name)


def test_suggestions_are_json_and_sentences(make: Make) -> None:
    """For programs and for people."""
    numbers = range(1_000)
    db = make(
        {"doc": "json", "a": "text", "e": "text", "n": "text"},
        {"doc": [{"k": n} for n in numbers], "a": [str(n) for n in numbers], "e": [None] * 1_000,
         "n": [f"n{n}" for n in numbers]},
    )  # fmt: skip

    described = [item.as_dict() for item in db.suggestions()]

    assert described == json.loads(json.dumps(described))
    assert [
        {"change": "DropColumn", "table": "t", "column": "e"},
        {"change": "AlterColumn", "table": "t", "column": "a", "type": "integer"},
        {"change": "AddIndex", "table": "t", "index": {"name": "t_a_idx", "columns": ["a"]}},
        {"change": "AddIndex", "table": "t", "index": {"name": "t_n_idx", "columns": ["n"]}},
        {"change": "AddColumn", "table": "t", "column": {"name": "k", "type": "integer"}},
    ] == [change for item in described for change in item["changes"]]
    assert [
        "t.e is dropped; it can be restored", "t.a becomes integer", "an index t_a_idx on t (a)",
        "an index t_n_idx on t (n)", "a new column t.k integer with the values of doc.k",
    ] == [words for item in db.suggestions() for words in item.in_words()]  # fmt: skip


def test_tables_are_chosen_and_some_are_left_alone(make: Make) -> None:
    """Locked tables, those with few rows, and those that SynthDB keeps for itself."""
    db = make({"a": "text"}, {"a": [None] * 12})
    db.create_table("locked", {"a": "text"})
    db.insert("locked", [{"a": None}] * 12)
    db.set_mode("locked", "locked")
    db.create_table("small", {"a": "text"})
    db.insert("small", [{"a": None}] * 3)
    for number in range(12):
        db.queries.save(f"q{number}", "SELECT 1")

    assert ["unused:t.a"] == list(found(db))
    assert [] == db.suggestions("small")
    with pytest.raises(UnknownTable):
        db.suggestions(["t", "nowhere"])


def test_each_state_has_its_suggestions(make: Make) -> None:
    """A branch and the past are looked at as they are."""
    db = make({"a": "text"}, {"a": [None] * 12})
    then = db.log(limit=1)[0]["id"]
    db.branches.create("dev")
    db.branch("dev").update("t", {"a": "x"}, every_row=True)
    db.delete("t", every_row=True)

    assert ["constant:t.a"] == list(found(db.branch("dev")))
    assert ["unused:t.a"] == list(found(db.at(then)))
    assert {} == found(db)
