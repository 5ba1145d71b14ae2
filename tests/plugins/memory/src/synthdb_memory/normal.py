"""A state by ids instead of names: what two branches call differently can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from synthdb_host.catalog import Column, ForeignKey, Index, Table, UniqueKey
from synthdb_memory.state import Dropped, Ids, Row, State, Stored

__all__ = ["Cells", "Plain", "PlainColumn", "PlainTable", "normal", "restated"]

Cells = dict[int, Any]
"""The values of one row by column number."""


@dataclass(slots=True)
class PlainColumn:
    """A column: all ids it is known by, and its properties by name."""

    ids: Ids
    properties: dict[str, Any]

    @property
    def number(self) -> int:
        """The id by which cells name it."""
        return min(self.ids)

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.properties["name"])

    @property
    def is_live(self) -> bool:
        """Whether it was not dropped."""
        return self.properties["dropped"] is False


@dataclass(slots=True)
class PlainTable:
    """A table with everything in it: rows by identity, constraints by name with columns by number."""

    uid: int
    properties: dict[str, Any]
    columns: list[PlainColumn]
    identity: int
    key: tuple[int, ...]
    generated: Any
    constraints: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    rows: dict[Any, Cells] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.properties["name"])

    @property
    def is_live(self) -> bool:
        """Whether it was not dropped."""
        return self.properties["dropped"] is False

    @property
    def live(self) -> list[PlainColumn]:
        """The columns that were not dropped."""
        return [column for column in self.columns if column.is_live]


Plain = dict[int, PlainTable]
"""All tables by their uid, the dropped ones too."""


def normal(state: State) -> Plain:
    """Describe a state by ids."""
    everything = {**state.dropped, **state.tables}
    return {
        stored.uid: _table(stored, everything, dropped=dropped)
        for dropped, some in ((True, state.dropped), (False, state.tables))
        for stored in some.values()
    }


def _table(stored: Stored, everything: Mapping[str, Stored], *, dropped: bool) -> PlainTable:
    schema = stored.schema
    columns = [_column(column, stored.ids[column.name], dropped=False) for column in schema.columns]
    columns += [_column(item.column, item.ids, dropped=True) for item in stored.dropped.values()]
    numbers = {name: min(stored.ids[name]) for name in schema.by_name}
    return PlainTable(
        stored.uid,
        {
            "name": schema.name,
            "mode": schema.mode,
            "preconditions": schema.preconditions,
            "comment": schema.comment,
            "dropped": dropped,
        },
        columns,
        numbers[schema.identity],
        tuple(numbers[name] for name in schema.key),
        schema.generated,
        _constraints(schema, numbers, everything),
        {row[schema.identity]: _cells(stored, number, row, numbers) for number, row in stored.rows.items()},
    )


def _column(column: Column, ids: Ids, *, dropped: bool) -> PlainColumn:
    properties = {
        "name": column.name,
        "type": column.type,
        "not_null": column.not_null,
        "default": column.default,
        "has_default": column.has_default,
        "inferred": column.inferred,
        "comment": column.comment,
        "dropped": dropped,
    }
    return PlainColumn(ids, properties)


def _cells(stored: Stored, number: int, row: Row, numbers: Mapping[str, int]) -> Cells:
    cells = {numbers[name]: value for name, value in row.items()}
    return cells | {min(i.ids): i.values.get(number) for i in stored.dropped.values()}


def _constraints(
    schema: Table, numbers: Mapping[str, int], everything: Mapping[str, Stored]
) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for kind, some in (("unique", schema.unique_keys), ("index", schema.indexes)):
        found |= {item.name: (kind, tuple(numbers[name] for name in item.columns)) for item in some}
    for key in schema.foreign_keys:
        target = everything[key.table]
        references = tuple(min(target.ids[name]) for name in key.references)
        own = tuple(numbers[name] for name in key.columns)
        found[key.name] = ("foreign", own, target.uid, references, key.on_delete)
    return found


# -- back ------------------------------------------------------------------------------------------------


def restated(tables: Plain, before: State) -> State:
    """Build a state from its description."""
    state = replace(before, tables={}, dropped={})
    for table in tables.values():
        room = state.tables if table.is_live else state.dropped
        room[table.name] = _stored(table, tables)
    return state


def _stored(table: PlainTable, tables: Plain) -> Stored:
    names = {column.number: column.name for column in table.columns}
    numbered = dict(enumerate(table.rows.values(), start=1))
    live = [(column.number, column.name) for column in table.live]
    return Stored(
        _schema(table, tables, names),
        {number: {name: cells[column] for column, name in live} for number, cells in numbered.items()},
        next_row=len(numbered) + 1,
        dropped={
            column.name: Dropped(
                _described(column), {number: cells[column.number] for number, cells in numbered.items()}, column.ids
            )
            for column in table.columns
            if not column.is_live
        },
        uid=table.uid,
        ids={column.name: column.ids for column in table.live},
    )


def _schema(table: PlainTable, tables: Plain, names: Mapping[int, str]) -> Table:
    def named(numbers: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(names[number] for number in numbers)

    some = table.constraints.items()
    return Table(
        table.name,
        tuple(_described(column) for column in table.live),
        names[table.identity],
        named(table.key),
        table.generated,
        table.properties["mode"],
        tuple(UniqueKey(name, named(item[1])) for name, item in some if item[0] == "unique"),
        tuple(_reference(name, item, named, tables) for name, item in some if item[0] == "foreign"),
        tuple(Index(name, named(item[1])) for name, item in some if item[0] == "index"),
        comment=table.properties["comment"],
        preconditions=table.properties["preconditions"],
    )


def _reference(name: str, item: tuple[Any, ...], named: Any, tables: Plain) -> ForeignKey:
    _, own, uid, references, on_delete = item
    names = {column.number: column.name for column in tables[uid].columns}
    return ForeignKey(name, named(own), tables[uid].name, tuple(names[number] for number in references), on_delete)


def _described(column: PlainColumn) -> Column:
    return Column(**{name: value for name, value in column.properties.items() if name != "dropped"})
