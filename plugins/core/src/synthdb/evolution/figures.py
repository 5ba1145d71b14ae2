"""Counting what is in the columns of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from synthdb.importing.bookkeeping import Target
from synthdb_host.catalog import Table
from synthdb_host.operations import Sql

__all__ = ["ColumnFigures", "TableFigures", "count_columns"]

_COLUMNS_AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """How many rows have a value, how many different ones there are, and how long they are on average as text."""

    values: int
    distinct: int
    length: float


@dataclass(frozen=True, slots=True)
class TableFigures:
    """How many rows a table has, and the figures of its columns by name."""

    rows: int
    columns: Mapping[str, ColumnFigures]


def count_columns(target: Target, table: Table) -> TableFigures:
    """Count the rows of a table, and what is in its columns."""
    names = [column.name for column in table.columns]
    rows, found = 0, {}
    for start in range(0, len(names), _COLUMNS_AT_A_TIME):
        part = names[start : start + _COLUMNS_AT_A_TIME]
        counted = ", ".join(f"count({q}), count(DISTINCT {q}), avg(length({q}))" for q in map(_quoted, part))
        statement = f"SELECT count(*), {counted} FROM {_quoted(table.name)}"  # noqa: S608 - of quoted names
        (row,) = target.execute(Sql(statement, ref=target.ref)).rows
        rows = int(row[0])
        for position, name in enumerate(part):
            values, distinct, length = row[1 + 3 * position : 4 + 3 * position]
            found[name] = ColumnFigures(int(values), int(distinct), float(length or 0))
    return TableFigures(rows, found)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
