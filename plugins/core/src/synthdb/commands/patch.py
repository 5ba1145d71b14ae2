"""A difference between two states as SQL statements for a plain SQLite file, such as an export makes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from synthdb.commands.literals import default_of, literal, matches
from synthdb.commands.patch_schema import Alteration, alterations, definitions
from synthdb.importing.sqlite_tables import quoted
from synthdb_host.catalog import Catalog, Table

__all__ = ["Difference", "sql_patch"]

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What leads from one state to another: lines of the schema's diff and of the rows', as JSON has them.

    ``after`` are the tables of the other state, and ``read`` gives all rows of one of them.
    """

    base: str
    target: str
    schema: Iterable[Mapping[str, Any]]
    rows: Iterable[Mapping[str, Any]]
    after: Catalog
    read: Callable[[str], Iterable[_Row]]


def sql_patch(difference: Difference) -> Iterator[str]:
    """Write statements, one a line, that make the other state of a copy of the first, tables and columns included."""
    after, changes = difference.after, alterations(difference.schema)
    known = {item.name: item for item in changes if not item.dropped}
    yield f"-- {difference.base} -> {difference.target}"
    yield "BEGIN;"
    yield from definitions(changes, after)
    for item in known.values():
        yield from _whole(item, after.tables[item.name], difference)
    for row in difference.rows:
        table = after.tables.get(row["table"])
        change = None if table is None else known.get(table.name)
        if table is not None and not (change and change.created):
            yield _statement(table, change, row)
    yield "COMMIT;"


def _whole(item: Alteration, table: Table, difference: Difference) -> Iterator[str]:
    """Write what the diff of rows leaves out because no row was written: of tables and columns that are new or retyped.

    They may have been there before, and their values with them.
    """
    if item.created:
        yield from (_insertion(table, row) for row in difference.read(table.name))
    elif item.new or item.retyped:
        for row in difference.read(table.name):
            values = {name: row[name] for name in item.retyped}
            values |= {name: row[name] for name in item.new if _cell(table, name, row) != default_of(table, name)}
            if values:
                yield _update(table, row, values)


def _cell(table: Table, column: str, row: Mapping[str, Any]) -> str:
    return literal(table.column(column).type.name, row[column])


def _insertion(table: Table, row: _Row) -> str:
    cells = ", ".join(_cell(table, column, row) for column in row)
    return f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, row))}) VALUES ({cells});"  # noqa: S608 - quoted


def _statement(table: Table, change: Alteration | None, row: Mapping[str, Any]) -> str:
    old, new = row["old"], row["new"]
    if old is None:
        return _insertion(table, new)
    if change is not None:
        old = {change.renamed.get(column, column): value for column, value in old.items()}
    if new is None:
        return f"DELETE FROM {quoted(table.name)} WHERE {_where(table, old)};"  # noqa: S608 - quoted
    values = {column: value for column, value in new.items() if column not in old or old[column] != value}
    return _update(table, old, values)


def _update(table: Table, row: _Row, values: _Row) -> str:
    sets = ", ".join(f"{quoted(name)} = {_cell(table, name, values)}" for name in values)
    return f"UPDATE {quoted(table.name)} SET {sets} WHERE {_where(table, row)};"  # noqa: S608 - quoted


def _where(table: Table, row: _Row) -> str:
    return " AND ".join(matches(table.column(name).type.name, name, row.get(name)) for name in table.key)
