"""Schemas in which a column has the same number everywhere.

Two branches may add a column of the same name, each its own. A merge takes them for one: the two are given the same
root, and from then on whatever compares schemas or rows goes by roots.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec.structs

from synthdb.catalog.records import ColumnRecord, ConstraintRecord, TableRecord
from synthdb.catalog.store import Records

__all__ = ["Rooted", "compared_numbers", "join", "renumbered", "rooted"]


_ROOT: Final = "SELECT coalesce(root, id) FROM _column WHERE id = ?"


@dataclass(slots=True)
class Rooted:
    """The schema of a place; columns, also those that constraints name, go by root. ``ids`` are their own here."""

    tables: dict[int, TableRecord] = field(default_factory=dict)
    columns: dict[int, dict[int, ColumnRecord]] = field(default_factory=dict)
    ids: dict[int, int] = field(default_factory=dict)


def rooted(records: Records) -> Rooted:
    """Give a schema by roots."""
    found = Rooted()
    for table_id, columns in records.columns.items():
        own = found.columns[table_id] = {}
        # Where a column was dropped and another one is the same now, the live one counts.
        for column_id, record in sorted(columns.items(), key=lambda item: not item[1].dropped):
            root = records.roots.get(column_id, column_id)
            own[root] = record
            found.ids[root] = column_id
        found.columns[table_id] = dict(sorted(own.items(), key=lambda item: found.ids[item[0]]))
    found.tables = {table_id: renumbered(record, records.roots) for table_id, record in records.tables.items()}
    return found


def renumbered(record: TableRecord, numbers: Mapping[int, int]) -> TableRecord:
    """Give a table whose constraints name columns by other numbers."""

    def constraint(item: ConstraintRecord) -> ConstraintRecord:
        columns = tuple(numbers.get(column, column) for column in item.columns)
        references = tuple(numbers.get(column, column) for column in item.references)
        condition = _condition(item.condition, numbers)
        return msgspec.structs.replace(item, columns=columns, references=references, condition=condition)

    return msgspec.structs.replace(record, constraints=tuple(map(constraint, record.constraints)))


def _condition(written: Any, numbers: Mapping[int, int]) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(written, list | tuple) or not written:
        return written
    if written[0] == "compare":
        return [written[0], numbers.get(written[1], written[1]), *written[2:]]
    return [written[0], *(_condition(item, numbers) for item in written[1:])]


def compared_numbers(written: Any) -> Iterator[int]:  # noqa: ANN401 - JSON
    """Give the numbers of the columns that a written condition compares."""
    if isinstance(written, list | tuple) and written:
        if written[0] == "compare":
            yield written[1]
        else:
            for item in written[1:]:
                yield from compared_numbers(item)


def join(driver: sqlite3.Connection, column: int, other: int) -> None:
    """Take two columns for one from now on."""
    roots = {key: row[0] for key in (column, other) for row in driver.execute(_ROOT, (key,))}
    driver.execute("UPDATE _column SET root = ?1 WHERE root = ?2 OR id = ?2", (roots[other], roots[column]))
