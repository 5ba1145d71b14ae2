"""Which rows break constraints after two states were combined, as lists instead of the first error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb.catalog.records import TableRecord
from synthdb.catalog.store import Records
from synthdb.engine.naming import quote
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.verification import condition_sql, unique_keys
from synthdb.engine.versions.images import Row
from synthdb_host.catalog import CheckConstraint, ForeignKey
from synthdb_host.operations import Filter

__all__ = ["Known", "Violation", "broken_references", "broken_rows", "missing_values", "unique_violations"]


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks a constraint, by the constraint's name; ``columns`` are those of a unique key."""

    id: Any
    detail: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """The constraints that a table had before, on columns that were not dropped: only written rows can break these."""

    names: frozenset[str]
    required: frozenset[int]

    @classmethod
    def of(cls, records: Records, table_id: int) -> "Known":
        """Read them from the schema of before."""
        record: TableRecord | None = records.tables.get(table_id)
        columns = records.columns.get(table_id, {})
        return cls(
            frozenset(item.name for item in record.constraints) if record and not record.dropped else frozenset(),
            frozenset(number for number, column in columns.items() if column.not_null and not column.dropped),
        )


def missing_values(table: StoredTable, rows: Mapping[Any, Row]) -> Iterator[Violation]:
    """Find rows, not yet written, that lack a value which their table requires."""
    for place, column in enumerate(table.columns.values()):
        if column.column.not_null:
            yield from (Violation(row_id, column.name) for row_id, row in rows.items() if row[place] is None)


def unique_violations(
    session: Session, table: StoredTable, rows: Mapping[Any, Row], leaving: Sequence[Any]
) -> Iterator[Violation]:
    """Find rows, not yet written, whose unique keys other rows will have; ``leaving`` are to be deleted."""
    names = list(table.columns)
    gone = {*rows, *leaving}
    for name, columns in _unique(table):
        places = [names.index(column) for column in columns]
        groups: dict[Row, list[Any]] = {}
        for row_id, row in rows.items():
            groups.setdefault(tuple(row[place] for place in places), []).append(row_id)
        for values, ids in groups.items():
            if None not in values and (len(ids) > 1 or _held(session, table, columns, values) - gone):
                yield from (Violation(row_id, name, columns) for row_id in ids)


def _unique(table: StoredTable) -> list[tuple[str, tuple[str, ...]]]:
    """Give every unique key but the identity with its name."""
    names = {key.columns: key.name for key in table.table.unique_keys}
    return [(names.get(columns, "key"), columns) for columns in unique_keys(table)]


def _held(session: Session, table: StoredTable, columns: Sequence[str], values: Row) -> set[Any]:
    test = " AND ".join(f"{quote(table.columns[name].physical)} = ?" for name in columns)
    return set(_ids(session, table, test, values))


def broken_rows(session: Session, table: StoredTable, written: Sequence[Any], known: Known) -> Iterator[Violation]:
    """Find rows that break a constraint: of those written, and for a constraint that is new, of all."""
    ids = RowIds.of(list(written))
    for column in table.columns.values():
        if column.column.not_null:
            among = ids if column.id in known.required else None
            null = f"{quote(column.physical)} IS NULL"
            yield from _failing(session, table, among, null, (), column.name)
    for name, columns in _unique(table):
        if name not in known.names and name != "key":
            yield from _twins(session, table, name, columns, frozenset(written))
    for key in table.table.foreign_keys:
        among = ids if key.name in known.names else None
        yield from _failing(session, table, among, _missing(session, table, key), (), key.name)
    for check in table.table.checks:
        among = ids if check.name in known.names else None
        sql, values = _check(session, table, check)
        yield from _failing(session, table, among, f"NOT ({sql})", values, check.name)


def _check(session: Session, table: StoredTable, check: CheckConstraint) -> tuple[str, tuple[Any, ...]]:
    condition: Filter = check.condition  # type: ignore[assignment]  # the catalog names it object
    return condition_sql(session, table, condition)


def _missing(session: Session, table: StoredTable, key: ForeignKey) -> str:
    target = session.table(key.table)
    mine = [f"{quote(table.physical)}.{quote(table.columns[name].physical)}" for name in key.columns]
    theirs = [f"_p.{quote(target.columns[name].physical)}" for name in key.references]
    present = " AND ".join(f"{name} IS NOT NULL" for name in mine)
    same = " AND ".join(f"{there} = {here}" for here, there in zip(mine, theirs, strict=True))
    return f"{present} AND NOT EXISTS (SELECT 1 FROM {target.rows('_p')} WHERE {same})"


def _failing(
    session: Session, table: StoredTable, among: RowIds | None, test: str, values: Sequence[Any], detail: str
) -> Iterator[Violation]:
    if among is not None and not len(among):
        return
    where, parameters = test, tuple(values)
    if among is not None:
        where = f"{quote(table.physical)}.{quote(table.identity.physical)} {among.test} AND {test}"
        parameters = (*among.parameters, *values)
    yield from (Violation(row_id, detail) for row_id in _ids(session, table, where, parameters))


def _twins(
    session: Session, table: StoredTable, name: str, columns: tuple[str, ...], written: frozenset[Any]
) -> Iterator[Violation]:
    """Find rows that share their values of a new unique key: those that were written, or else all."""
    names = [quote(table.columns[column].physical) for column in columns]
    present = " AND ".join(f"{column} IS NOT NULL" for column in names)
    shared = (
        f"SELECT {', '.join(names)} FROM {table.rows()} WHERE {present} GROUP BY {', '.join(names)} HAVING count(*) > 1"
    )
    for values in session.driver.execute(shared).fetchall():
        ids = sorted(_held(session, table, columns, values))
        yield from (Violation(row_id, name) for row_id in [row for row in ids if row in written] or ids)


def broken_references(
    session: Session, table: StoredTable, before: Mapping[Any, Row], columns: Sequence[str]
) -> Iterator[Violation]:
    """Find rows, deleted or changed by now, that others still refer to; ``before`` is what ``columns`` of them were."""
    for incoming in session.catalog.incoming.get(table.name, ()):
        child, key = session.table(incoming.table), incoming.key
        places = [columns.index(name) for name in key.references]
        refers = " AND ".join(f"_c.{quote(child.columns[name].physical)} = ?" for name in key.columns)
        exists = " AND ".join(f"{quote(table.columns[name].physical)} = ?" for name in key.references)
        statement = (
            f"SELECT 1 FROM {child.rows('_c')} WHERE {refers} "
            f"AND NOT EXISTS (SELECT 1 FROM {table.rows()} WHERE {exists}) LIMIT 1"
        )
        for row_id, row in before.items():
            values = tuple(row[place] for place in places)
            if None not in values and session.driver.execute(statement, (*values, *values)).fetchone():
                yield Violation(row_id, key.name)


def _ids(session: Session, table: StoredTable, where: str, parameters: Sequence[Any]) -> list[Any]:
    statement = f"SELECT {quote(table.identity.physical)} FROM {table.rows()} WHERE {where}"
    return [row_id for (row_id,) in session.driver.execute(statement, parameters)]
