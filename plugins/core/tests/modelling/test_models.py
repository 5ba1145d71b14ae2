"""Models of tables and saved queries, as classes and as source."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

import synthdb
from synthdb import column
from synthdb_host.errors import UnknownTable
from synthdb_host.operations import Select

KEY = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
ODD = {
    "first name": "text", "class": "text", "schema": "text", "int": "integer", "str": "text", "date": "date",
    "datetime": "timestamp", "decimal": "decimal(4,1)", "to_row": "text", "1st": "real", "a-b": "text", "a_b": "text",
    "model_config": "text", "Field": "text", "ﬁ": "text", "naïve": "text", "'\"\\": "text", "born": "date",
}  # fmt: skip
"""Columns whose names are no names in Python, or already mean something."""


@pytest.fixture
def db() -> Iterator[synthdb.Connection]:
    """A database with every type, names of every kind, and saved queries."""
    with synthdb.connect(":memory:") as connection:
        connection.create_table(
            "items",
            {
                "sku": column("text", not_null=True, comment='what "it" is called\\'), "qty": "integer",
                "price": column("decimal(8,2)", not_null=True, default="1.50"), "weight": "real",
                "sold": column("boolean", default=False), "day": column("date", default="2020-01-31"),
                "at": column("timestamp", default="2020-01-31T00:00:00Z"), "code": column("uuid", default=KEY),
                "tags": column("json", default={"a": [None]}), "raw": column("bytes", default=b"\xff"),
            },
            comment='Things with "quotes"\n and \\',
        )  # fmt: skip
        connection.create_table("odd", ODD)
        connection.create_table("row", {"id": "integer"}, key="id")
        sql = "SELECT sku, price, count(*) AS n FROM items WHERE price > :least AND sku LIKE :class"
        connection.queries.save(
            "top", sql, parameters={"least": "decimal(6,2)", "class": {"type": "text", "default": "%"}}
        )
        yield connection


def module(source: str) -> dict[str, Any]:
    """Run the source of a module."""
    found: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), found)
    return found


def test_a_row_that_was_read_fits_its_class(db: synthdb.Connection) -> None:
    """Values keep their types, and JSON of a row reads back as the same row."""
    db.insert("items", {"sku": "a", "qty": 1, "weight": 0.5})
    item = db.models().rows["items"]

    row = item(**db.query("items")[0])

    expected = {
        "id": 1, "sku": "a", "qty": 1, "price": Decimal("1.50"), "weight": 0.5, "sold": False,
        "day": date(2020, 1, 31), "at": datetime(2020, 1, 31, tzinfo=UTC),
        "code": UUID(KEY), "tags": {"a": [None]}, "raw": b"\xff",
    }  # fmt: skip
    assert expected == row.model_dump()
    assert row == item.model_validate_json(row.model_dump_json())


def test_json_of_the_rest_api_fits_the_class(db: synthdb.Connection) -> None:
    """Bytes are base64 there, and decimals are numbers."""
    db.insert("items", {"sku": "a", "raw": b"\xfb\xff\xfe"})
    (row,) = db.query("items")
    encoded = db.execute(Select("items")).json()

    assert [row] == [db.models().rows["items"].model_validate_json(encoded[1:-1]).model_dump()]


def test_what_is_not_set_is_left_to_the_database(db: synthdb.Connection) -> None:
    """Identity, defaults and columns that may be empty need not be given; the rest must, and fit."""
    insert = db.models().inserts["items"]

    new = insert.model_validate({"sku": "b", "price": "2.25"})

    assert {"sku": "b", "price": Decimal("2.25")} == new.to_row()
    assert 1 == db.insert("items", new.to_row())
    for wrong in ({}, {"sku": "b", "price": "1.234"}, {"sku": "b", "other": 1}, {"sku": None}):
        with pytest.raises(ValidationError):
            insert.model_validate(wrong)


def test_every_column_name_has_a_field(db: synthdb.Connection) -> None:
    """What cannot be a field's name is its alias, and both may be used."""
    row = {"first name": "A", "class": "b", "date": date(2020, 1, 1), "'\"\\": "q"}
    fields = {"first_name": "A", "class_": "b", "date": date(2020, 1, 1), "field": "q"}
    insert, read = db.models().inserts["odd"], db.models().rows["odd"]

    assert row == insert.model_validate(row).to_row()
    assert row == insert.model_validate(fields).to_row()
    db.insert("odd", row)
    assert db.query("odd") == [read(**found).model_dump(by_alias=True) for found in db.query("odd")]


def test_a_saved_query_has_classes_for_its_parameters_and_rows(db: synthdb.Connection) -> None:
    """What the rows decide may be any value that SQL has."""
    db.insert("items", {"sku": "a"})
    models = db.models()
    parameters = models.parameters["top"].model_validate({"least": "0.50"})

    rows = [models.results["top"](**row) for row in db.queries.run("top", parameters.to_row())]

    assert [{"sku": "a", "price": Decimal("1.50"), "n": 1}] == [row.model_dump() for row in rows]
    with pytest.raises(ValidationError):
        models.parameters["top"].model_validate({"least": "x"})


def test_the_source_gives_the_same_classes(db: synthdb.Connection) -> None:
    """The generated module has the schema of the classes made at run time."""
    found, models = module(db.models_source()), db.models()
    made = [model for group in vars(models).values() for model in group.values()]

    assert sorted([model.__name__ for model in made] + ["NewRow", "Row"]) == found["__all__"]
    for model in made:
        written: type[BaseModel] = found[model.__name__]
        assert model.model_json_schema() == written.model_json_schema()
        assert model.__doc__ == written.__doc__


def test_the_source_depends_on_nothing_but_the_schema(db: synthdb.Connection, tmp_path: Path) -> None:
    """The same schema gives the same bytes, whatever the rows are, in whichever order tables were made."""
    before = db.models_source()
    db.insert("items", {"sku": "a"})

    assert before == db.models_source()
    with synthdb.connect(tmp_path / "other.db") as other:
        for table in ("b", "a"):
            other.create_table(table, {"x": "text"})
        first = other.models_source()
        for table in ("a", "b"):
            other.drop_table(table, hard=True)
            other.create_table(table, {"x": "text"})
        assert first == other.models_source()


def test_models_are_those_of_a_state_and_of_some_tables(db: synthdb.Connection) -> None:
    """A branch has its own; bookkeeping tables have none."""
    db.branches.create("dev")
    db.branch("dev").add_columns("row", {"more": "text"})

    assert ["id"] == list(db.models("row").rows["row"].model_fields)
    assert ["id", "more"] == list(db.branch("dev").models("row").rows["row"].model_fields)
    assert {"items", "odd", "row"} == set(db.models().rows)
    assert {} == db.models(["row"]).results
    with pytest.raises(UnknownTable):
        db.models("rows")


def test_classes_of_like_names_are_told_apart(db: synthdb.Connection) -> None:
    """Each has a name, and none hides what the module imports."""
    for table in ("people of note", "people_of_note", "field", "exception", "1st", "row insert"):
        db.create_table(table, {"x": "text"})

    source = db.models_source()

    module(source)
    for name in ("PeopleOfNote", "PeopleOfNote2", "Field_", "Exception_", "T1st", "Row_", "RowInsert", "RowInsert2"):
        assert f"class {name}(" in source
