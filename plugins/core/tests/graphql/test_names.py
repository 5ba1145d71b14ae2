"""Names of any kind: every table and column can be asked for, under a name that depends on the catalog alone."""

from itertools import permutations

import pytest

from plugins.core.tests.graphql.conftest import Api, column
from synthdb.graphql.names import Names
from synthdb.graphql.schema import Schema
from synthdb_host.catalog import Catalog, Column, ColumnType, ForeignKey, Table
from synthdb_host.operations import CreateTable, Insert

HOSTILE = (
    "order", "a.b", "foo-bar", "foo_bar", "Foo Bar", "{x}", 'say "hi"', "back\\slash", "a/b", "naïve", "数", "1st",
    "-", "films", "films_aggregate", "films_by_pk", "String", "query_root", "insert_films", "films_bool_exp",
    "Int_comparison_exp", "emoji 🎬", "films aggregate", "order_by", "bigint",
)  # fmt: skip


def table(name: str, *columns: str) -> Table:
    named = ("id", *columns)
    return Table(name, tuple(Column(item, ColumnType("integer")) for item in named), "id", ("id",))


def test_every_table_and_column_can_be_asked_for(empty: Api) -> None:
    """Whatever it is called."""
    for name in HOSTILE:
        columns = (column("id", "integer"), column("{x}", "text"), column("x", "text"), column("where", "text"))
        empty.define(CreateTable(name, columns, key=("id",)))
        empty.execute(Insert.of(name, [{"id": 1, "{x}": name, "x": "x", "where": "here"}]))
    schema = Schema(Catalog("1", {name: table(name, "{x}", "x", "where") for name in HOSTILE}), "k")
    fields = {name: schema.names.tables[name] for name in HOSTILE}
    for name, names in fields.items():
        query = f"{{ rows: {names.table} {{ it: {names.columns['{x}']} x where }} }}"
        assert {"rows": [{"it": name, "x": "x", "where": "here"}]} == empty.data(query), name


def test_what_is_called_otherwise_is_reported() -> None:
    """With the name it has."""
    names = Names(Catalog("1", {name: table(name, "a b") for name in ("films", "foo bar")}))
    assert [("films", "a b", "a_b"), (None, "foo bar", "foo_bar"), ("foo bar", "a b", "a_b")] == [
        (item.table, item.name, item.called) for item in names.renamed
    ]


@pytest.mark.parametrize("order", list(permutations(("a b", "a-b", "a_b", "a.b")))[:8], ids=repr)
def test_names_do_not_depend_on_the_order_of_tables(order: tuple[str, ...]) -> None:
    """One that is fit keeps itself, and no two are the same."""
    names = Names(Catalog("1", {name: table(name) for name in order})).tables
    assert "a_b" == names["a_b"].table
    assert 4 == len({item.table for item in names.values()})
    assert {name: Names(Catalog("1", {n: table(n) for n in sorted(order)})).tables[name].table for name in order} == {
        name: item.table for name, item in names.items()
    }


def test_relations_are_named_by_the_table_or_the_foreign_key() -> None:
    """Where one key alone connects two tables by the other table, else by the key; never like a column."""
    keys = (
        ForeignKey("a_key", ("x",), "a", ("id",)), ForeignKey("b_one", ("y",), "b", ("id",)),
        ForeignKey("b_two", ("z",), "b", ("id",)), ForeignKey("c_key", ("c",), "c", ("id",)),
    )  # fmt: skip
    own = table("t", "x", "y", "z", "c")
    tables = {name: table(name) for name in ("a", "b", "c")}
    tables["t"] = Table("t", own.columns, "id", ("id",), foreign_keys=keys)
    names = Names(Catalog("1", tables)).tables
    assert ["a", "b_one", "b_two", "c_key"] == [name for name, _ in names["t"].relations]
    assert [["t"], ["b_one", "b_two"], ["t"]] == [[name for name, _ in names[item].relations] for item in "abc"]


def test_words_of_graphql_and_arguments_of_its_fields_can_be_names(empty: Api) -> None:
    """A column is called otherwise where a value of an enumeration or another argument is called like it."""
    columns = [column(name, "integer") for name in ("at", "if_version", "true", "null")]
    empty.define(CreateTable("odd", tuple(columns), key=("at", "if_version")))
    empty.data("mutation { insert_odd(objects: {at: 1, if_version: 2, ntrue: 3, nnull: 4}) { affected_rows } }")
    root = empty.data('{ __type(name: "query_root") { fields { name args { name } } } }')["__type"]
    (arguments,) = [field["args"] for field in root["fields"] if field["name"] == "odd_by_pk"]
    names = {item["name"] for item in arguments}
    key = ", ".join(f"{name}: {1 if name.startswith('at_') else 2}" for name in names - {"at"})
    assert {"ntrue": 3} == empty.data(f"{{ odd_by_pk({key}) {{ ntrue }} }}")["odd_by_pk"]
    assert {"nnull": 4} == empty.data(f"mutation {{ delete_odd_by_pk({key}) {{ nnull }} }}")["delete_odd_by_pk"]
