"""The catalog: types are read from text, tables and columns are found, relations lead both ways."""

import pytest

from synthdb_host.catalog import TYPE_NAMES, Catalog, Column, ColumnType, ForeignKey, Relation, Table
from synthdb_host.errors import AmbiguousEmbed, InvalidValue, UnknownColumn, UnknownRelation, UnknownTable

INTEGER = ColumnType("integer")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((name, name) for name in TYPE_NAMES if name != "decimal"),
        ("decimal", "decimal(18,6)"),
        ("decimal(10,2)", "decimal(10,2)"),
        ("decimal(10)", "decimal(10,0)"),
        (" NUMERIC ( 10 , 2 ) ", "decimal(10,2)"),
        ("BIGINT", "integer"),
        ("varchar(20)", "text"),
        ("timestamptz", "timestamp"),
        ("jsonb", "json"),
        ("bool", "boolean"),
        ("bytea", "bytes"),
        ("decimal(100,100)", "decimal(100,100)"),
    ],
)
def test_a_type_is_read_from_its_name(text: str, expected: str) -> None:
    """The types' own names and common SQL synonyms; printing and reading again gives the same type."""
    found = ColumnType.parse(text)
    assert expected == str(found)
    assert found == ColumnType.parse(str(found))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "money",
        "integer;",
        "decimal(2,3)",
        "decimal(0)",
        "decimal(101)",
        f"decimal({'9' * 5000})",
        "decimal(-1)",
        "text text",
        "ınteger",
    ],
)
def test_what_names_no_type_is_refused(text: str) -> None:
    """With the list of types, or what is wrong with the digits."""
    with pytest.raises(InvalidValue):
        ColumnType.parse(text)


def _table(name: str, *columns: str, keys: tuple[ForeignKey, ...] = ()) -> Table:
    described = tuple(Column(column, INTEGER) for column in ("id", *columns))
    return Table(name, described, "id", ("id",), foreign_keys=keys)


def _to(name: str, column: str, table: str) -> ForeignKey:
    return ForeignKey(name, (column,), table, ("id",))


def _catalog(*tables: Table) -> Catalog:
    return Catalog("1", {table.name: table for table in tables})


FLIGHTS = _catalog(
    _table("airports"),
    _table("planes"),
    _table(
        "flights",
        "origin",
        "dest",
        "plane",
        keys=(
            _to("takeoff", "origin", "airports"),
            _to("landing", "dest", "airports"),
            _to("by", "plane", "planes"),
        ),
    ),
)


def test_a_table_is_found_by_its_name() -> None:
    """An unknown name is refused, with the one that was probably meant."""
    assert "flights" == FLIGHTS.table("flights").name
    with pytest.raises(UnknownTable) as caught:
        FLIGHTS.table("flight")
    assert ("Did you mean 'flights'?", {"table": "flight"}) == (caught.value.hint, caught.value.data)
    with pytest.raises(UnknownTable) as caught:
        FLIGHTS.table("zzz")
    assert caught.value.hint is None


def test_a_column_is_found_by_its_name() -> None:
    """An unknown name is refused, with the names there are."""
    table = FLIGHTS.table("flights")
    assert "dest" == table.column("dest").name
    with pytest.raises(UnknownColumn) as caught:
        table.column("price")
    assert {"table": "flights", "column": "price"} == caught.value.data
    assert "origin" in (caught.value.hint or "")


def test_a_foreign_key_leads_both_ways() -> None:
    """To one from the table that refers, to many from the one referred to."""
    assert Relation("by", "planes", ("plane",), ("id",), many=False) == FLIGHTS.relation("flights", "planes")
    assert Relation("by", "flights", ("id",), ("plane",), many=True) == FLIGHTS.relation("planes", "flights")


@pytest.mark.parametrize("target", ["planes", "by", "plane"])
def test_a_relation_is_called_by_table_key_or_column(target: str) -> None:
    """Each of the names that people use for it."""
    assert "planes" == FLIGHTS.relation("flights", target).table


def test_several_relations_are_ambiguous_until_one_is_named() -> None:
    """The candidates are listed, and a hint by key or column chooses."""
    with pytest.raises(AmbiguousEmbed) as caught:
        FLIGHTS.relation("flights", "airports")
    assert {"candidates": ["airports!takeoff", "airports!landing"]} == caught.value.data
    assert ("origin",) == FLIGHTS.relation("flights", "airports", "takeoff").local
    assert ("dest",) == FLIGHTS.relation("flights", "airports", "dest").local
    assert ("dest",) == FLIGHTS.relation("airports", "flights", "landing").remote


def test_without_a_foreign_key_there_is_no_relation() -> None:
    """The tables that are related are listed."""
    with pytest.raises(UnknownRelation) as caught:
        FLIGHTS.relation("planes", "airports")
    assert "Related: flights." == caught.value.hint
    with pytest.raises(UnknownRelation) as caught:
        FLIGHTS.relation("flights", "planes", "nonsense")
    with pytest.raises(UnknownTable, match="no table 'nowhere'"):
        FLIGHTS.relation("nowhere", "planes")


def test_a_table_may_refer_to_itself() -> None:
    """The key's column leads up to the row referred to, the table's name down to those that refer."""
    staff = _catalog(_table("staff", "boss", keys=(_to("reports", "boss", "staff"),)))
    assert not staff.relation("staff", "boss").many
    assert staff.relation("staff", "staff").many


def test_two_references_to_the_own_table_are_ambiguous() -> None:
    """A hint chooses the key; its column alone leads up."""
    keys = (_to("reports", "boss", "staff"), _to("trains", "mentor", "staff"))
    staff = _catalog(_table("staff", "boss", "mentor", keys=keys))
    with pytest.raises(AmbiguousEmbed):
        staff.relation("staff", "staff")
    assert ("mentor",) == staff.relation("staff", "staff", "trains").remote
    assert ("mentor",) == staff.relation("staff", "mentor").local


def test_two_tables_may_refer_to_each_other() -> None:
    """Each way is a relation of its own, told apart by the keys."""
    teams = _table("teams", "lead", keys=(_to("leads", "lead", "people"),))
    people = _table("people", "team", keys=(_to("member", "team", "teams"),))
    catalog = _catalog(teams, people)
    assert ("team",) == catalog.relation("people", "teams", "member").local
    assert ("id",) == catalog.relation("people", "teams", "leads").local


def test_a_key_of_several_columns_relates_them_pairwise() -> None:
    """In the order of the key."""
    key = ForeignKey("place", ("x", "y"), "cells", ("a", "b"))
    catalog = _catalog(_table("cells", "a", "b"), _table("marks", "x", "y", keys=(key,)))
    assert (("x", "y"), ("a", "b")) == (
        catalog.relation("marks", "cells").local,
        catalog.relation("marks", "cells").remote,
    )


def test_a_key_to_a_table_out_of_sight_stays_one_sided() -> None:
    """A caller who may not see the other table still has a catalog without errors."""
    catalog = _catalog(_table("flights", "plane", keys=(_to("by", "plane", "planes"),)))
    assert [] == list(catalog.relations.get("airports", ()))
    assert "flights" == catalog.relation("planes", "flights").table
