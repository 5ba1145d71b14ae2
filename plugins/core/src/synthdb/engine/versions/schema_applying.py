"""Making the schema of a branch what a merge says it shall be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec.structs

from synthdb.catalog.backfills import NONE, read_backfills
from synthdb.catalog.records import ColumnRecord, ConstraintRecord, TableRecord, value_from
from synthdb.catalog.store import Records
from synthdb.engine.backfilling import fill
from synthdb.engine.columns import retype_columns
from synthdb.engine.indexes import PhysicalIndex, build_index, drop_index, is_planned
from synthdb.engine.naming import quote
from synthdb.engine.session import Session
from synthdb.engine.versions.schema_merging import MergedColumn, MergedSchema, MergedTable
from synthdb.engine.versions.schema_roots import join, renumbered
from synthdb.storage.codecs import codec_of
from synthdb.storage.layout import MAIN
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import TypeConflict

__all__ = ["Retyping", "apply_schema", "build_unique_keys", "is_kept", "retype"]


def apply_schema(session: Session, merged: MergedSchema) -> tuple[str, ...]:
    """Write down the merged schema, but for types; gives what was changed, in words.

    Unique keys of main are kept by indexes; those are built by :func:`build_unique_keys`, when all rows are there.
    """
    ours = session.records()
    joined = [pair for table in merged.tables for column in table.columns if (pair := _joined(ours, column))]
    for theirs, own in joined:
        join(session.driver, theirs, own)
    done = [line for table in merged.tables for line in _apply_table(session, ours, table, merged.ids)]
    session.refresh_schema(changed=bool(joined))
    return tuple(done)


def is_kept(ours: Records, merged: MergedSchema) -> bool:
    """Say whether a merged schema is just what ours is, without anything to decide."""
    return not merged.conflicts and all(
        not table.is_new
        and renumbered(table.record, merged.ids) == ours.tables[table.id]
        and all(_is_own(ours, table.id, column) for column in table.columns)
        for table in merged.tables
    )


def _is_own(ours: Records, table: int, column: MergedColumn) -> bool:
    known = None if column.ours is None else ours.columns[table].get(column.ours)
    return known == column.record and _joined(ours, column) is None


def _joined(ours: Records, column: MergedColumn) -> tuple[int, int] | None:
    """Give two columns that were different ones until now."""
    if column.theirs is None or column.ours is None:
        return None
    roots = {ours.roots.get(item, item) for item in (column.theirs, column.ours)}
    return (column.theirs, column.ours) if len(roots) > 1 else None


def _apply_table(session: Session, ours: Records, table: MergedTable, ids: Mapping[int, int]) -> list[str]:
    own = ours.tables.get(table.id)
    columns = ours.columns.get(table.id, {})
    physical = ours.physical[table.id]
    done = [line for column in table.columns for line in _apply_column(session, table, column, columns, physical)]
    record = renumbered(table.record, ids)
    if own == record:
        return done
    if own is not None and session.branch == MAIN:
        for constraint in own.constraints:
            if constraint not in record.constraints:
                drop_index(session.driver, constraint.physical)
    session.versions.put_table(table.id, record)
    return [*_described(own, record), *done]


def _described(own: TableRecord | None, record: TableRecord) -> list[str]:
    if own is None:
        return [f"table {record.name} is new"]
    lines = [
        f"table {own.name}: {name} {getattr(own, name)} becomes {getattr(record, name)}"
        for name in ("name", "mode", "preconditions", "comment", "dropped")
        if getattr(own, name) != getattr(record, name)
    ]
    before, after = ({constraint.name for constraint in item.constraints} for item in (own, record))
    lines += [f"table {own.name}: {name} is new" for name in sorted(after - before)]
    return lines + [f"table {own.name}: {name} is gone" for name in sorted(before - after)]


def _apply_column(
    session: Session, table: MergedTable, column: MergedColumn, columns: Mapping[int, ColumnRecord], physical: str
) -> list[str]:
    if column.ours is None:
        session.versions.put_column(column.theirs or 0, column.record)
        if not table.is_new:
            _fill_default(session, table.id, physical, column.record)
            return [f"table {table.record.name}: column {column.record.name} is new"]
        return []
    own = columns[column.ours]
    if own == column.record:
        return []
    # The values move to the new type when the rest of the schema is in place.
    session.versions.put_column(column.ours, msgspec.structs.replace(column.record, type=own.type))
    return [
        f"table {table.record.name}: {name} of {own.name} {getattr(own, name)} becomes {getattr(column.record, name)}"
        for name in ("name", "type", "not_null", "default", "comment", "dropped")
        if getattr(own, name) != getattr(column.record, name)
    ]


def _fill_default(session: Session, table_id: int, physical: str, record: ColumnRecord) -> None:
    """Give the default of a new column to rows that were made where the column was not known."""
    default = value_from(record.default)
    if default is None:
        return
    stored = codec_of(ColumnType.parse(record.type)).encode(default)
    name = quote(record.physical)
    value = read_backfills(session.driver).get(table_id, NONE).value(record.physical)
    for part, rows in _shown_parts(session, physical):
        session.driver.execute(f"UPDATE {quote(part)} SET {name} = ? WHERE {value} IS NULL AND {rows}", (stored,))


def _shown_parts(session: Session, table: str) -> Iterator[tuple[str, str]]:
    """Give the physical tables with the rows that the branch shows, and the condition that chooses those rows."""
    physical, history, *overlays = session.parts(table)
    for branch, bound, _ in session.catalog.place.layers:
        until = "" if bound is None else f" AND _tx <= {bound}"
        if branch == MAIN:
            yield physical, f"1{until}"
        else:
            yield from ((overlay, f"branch = {branch}{until}") for overlay in overlays)
        if bound is not None:
            yield history, f"branch = {branch} AND _from <= {bound} AND _to > {bound}"


@dataclass(frozen=True, slots=True)
class Retyping:
    """A column that shall have another type, by names."""

    table: str
    column: str
    target: ColumnType


def retype(session: Session, merged: MergedSchema) -> list[Retyping]:
    """Give columns their merged types; gives those that have values which do not fit.

    Types become wider before rows are merged, so that the values of theirs fit; where one becomes narrower, the
    values that do not fit may be about to go, so that it can be tried again afterwards.
    """
    return [item for item in _wanted(session, merged) if not _is_retyped(session, item)]


def _wanted(session: Session, merged: MergedSchema) -> list[Retyping]:
    live = {
        column.id: (table, column) for table in session.catalog.tables.values() for column in table.columns.values()
    }
    found = []
    for column in (column for table in merged.tables for column in table.columns):
        known = live.get(column.ours or column.theirs or 0)
        if known is not None and str(known[1].column.type) != column.record.type:
            found.append(Retyping(known[0].name, known[1].name, ColumnType.parse(column.record.type)))
    return found


def _is_retyped(session: Session, item: Retyping) -> bool:
    session.driver.execute("SAVEPOINT retyping")
    try:
        retype_columns(session, session.table(item.table), {item.column: item.target})
    except TypeConflict:
        session.driver.execute("ROLLBACK TO retyping")
        session.versions.written = False
        return False
    finally:
        session.driver.execute("RELEASE retyping")
    return True


def build_unique_keys(session: Session) -> None:
    """Give main the unique indexes that keys which came from a branch do not have yet.

    Raises:
        UniqueViolation: rows of main have equal keys.
    """
    if session.branch != MAIN:
        return
    records, changed = session.records(), False
    for table in session.catalog.tables.values():
        record = records.tables[table.id]
        constraints = tuple(_with_index(session, records, table.id, item) for item in record.constraints)
        if constraints != record.constraints:
            session.versions.put_table(table.id, msgspec.structs.replace(record, constraints=constraints))
            changed = True
    if changed:
        session.refresh_schema()


def _with_index(session: Session, records: Records, table_id: int, constraint: ConstraintRecord) -> ConstraintRecord:
    if constraint.kind == "check":
        return constraint
    unique = constraint.kind == "unique"
    if constraint.physical is not None and _is_built(session, constraint.physical, unique=unique):
        return constraint
    physical = records.physical[table_id]
    columns = [records.columns[table_id][column].physical for column in constraint.columns]
    if unique:
        fill(session, table_id, columns)
    index = PhysicalIndex(physical, columns, unique, session.parts(physical)[2:])
    return msgspec.structs.replace(constraint, physical=build_index(session.driver, index))


def _is_built(session: Session, name: str, *, unique: bool) -> bool:
    row = session.driver.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", (name,)).fetchone()
    if row is None:
        return not unique and is_planned(session.driver, name)
    return not unique or str(row[0]).startswith("CREATE UNIQUE")
