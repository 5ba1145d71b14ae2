"""Adding and removing indexes, unique keys, foreign keys and checks."""

from dataclasses import replace
from typing import get_args

import msgspec.structs

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.catalog.records import ConstraintRecord, condition_to
from synthdb.engine.backfilling import fill
from synthdb.engine.columns import table_record
from synthdb.engine.indexes import PhysicalIndex, build_index, drop_index, index_like
from synthdb.engine.naming import checked_name, ensure_free
from synthdb.engine.session import Session
from synthdb.engine.verification import require_unique, verify_check, verify_foreign_key
from synthdb.storage.layout import MAIN
from synthdb_host.catalog import ForeignKey, OnDelete
from synthdb_host.errors import Conflict, InvalidValue, NotFound, UnknownRelation
from synthdb_host.operations import AddCheck, AddForeignKey, AddIndex, AddUniqueKey, DropConstraint, Filter

__all__ = ["add_check", "add_foreign_key", "add_index", "add_unique_key", "drop_constraint", "require_references"]


def add_index(session: Session, change: AddIndex) -> None:
    """Add an index."""
    table = session.table(change.table)
    columns = _ids(table, change.index.columns)
    _add(session, table, ConstraintRecord("index", change.index.name, columns, _build(session, table, columns)))


def add_unique_key(session: Session, change: AddUniqueKey) -> None:
    """Add a unique key.

    Raises:
        UniqueViolation: rows that exist have equal keys.
    """
    table = session.table(change.table)
    columns = _ids(table, change.key.columns)
    fill(session, table.id, {column.physical for column in table.columns.values() if column.id in columns})
    table = session.table(change.table)
    physical = _build(session, table, columns, unique=True)
    _add(session, table, ConstraintRecord("unique", change.key.name, columns, physical))


def add_foreign_key(session: Session, change: AddForeignKey) -> None:
    """Add a foreign key, and an index for it.

    Raises:
        ForeignKeyViolation: a row that exists refers to nothing.
        UnknownRelation: the columns referred to are not unique, or of other types.
    """
    table, key = session.table(change.table), change.key
    target = session.table(key.table)
    references = key.references or target.table.key
    if key.on_delete not in get_args(OnDelete):
        raise InvalidValue(f"A foreign key cannot {key.on_delete!r}.", hint=", ".join(get_args(OnDelete)) + ".")
    require_references(session, table, replace(key, references=references))
    columns = _ids(table, key.columns)
    _add(session, table, ConstraintRecord(
        "foreign", key.name, columns, _build(session, table, columns), target.id,
        _ids(target, references), key.on_delete,
    ))  # fmt: skip


def require_references(session: Session, table: StoredTable, key: ForeignKey) -> None:
    """Check that a foreign key compares what can be compared and that every row refers to one that exists.

    Raises:
        ForeignKeyViolation, UnknownRelation: as :func:`add_foreign_key` does.
    """
    target = session.table(key.table)
    if len(key.references) != len(key.columns):
        raise InvalidValue(f"Foreign key {key.name!r} has {len(key.columns)} columns for {len(key.references)}.")
    _require_unique(target, key.references)
    for column, reference in zip(key.columns, key.references, strict=True):
        if not _is_comparable(table.column(column), target.column(reference)):
            raise UnknownRelation(f"{column!r} and {key.table}.{reference!r} are of different types.")
    verify_foreign_key(session, table, key, None)


def _is_comparable(a: StoredColumn, b: StoredColumn) -> bool:
    """Say whether equal values of two columns are stored alike; decimals are scaled, so theirs depend on the type."""
    if "decimal" in (a.column.type.name, b.column.type.name):
        return a.column.type == b.column.type
    return a.affinity == b.affinity


def _require_unique(target: StoredTable, references: tuple[str, ...]) -> None:
    for name in references:
        target.column(name)
    unique = [(target.table.identity,), target.table.key, *(key.columns for key in target.table.unique_keys)]
    if not any(sorted(columns) == sorted(references) for columns in unique):
        raise UnknownRelation(
            f"{', '.join(references)} of {target.name!r} is not unique, so nothing can refer to it.",
            hint="Add a unique key first.",
        )


def add_check(session: Session, change: AddCheck) -> None:
    """Add a check.

    Raises:
        CheckViolation: a row that exists does not satisfy it.
    """
    table = session.table(change.table)
    condition: Filter = change.check.condition  # type: ignore[assignment]  # the catalog names it object
    written = condition_to(condition, lambda name: table.column(name).id)
    verify_check(session, table, change.check, None)
    _add(session, table, ConstraintRecord("check", change.check.name, condition=written))


def drop_constraint(session: Session, change: DropConstraint) -> None:
    """Remove an index, unique key, foreign key or check.

    Raises:
        NotFound: there is none of this name.
        Conflict: a foreign key needs the unique key, or it is the table's own key.
    """
    table = session.table(change.table)
    session.require_unlocked(table)
    record = table_record(session, table)
    found = next((item for item in record.constraints if item.name == change.name), None)
    if found is None:
        raise NotFound(f"Table {table.name!r} has no constraint {change.name!r}.")
    if found.kind == "unique":
        _refuse_needed(session, table, found, record.key)
    if session.branch == MAIN:
        drop_index(session.driver, found.physical)
    constraints = tuple(item for item in record.constraints if item is not found)
    session.versions.put_table(table.id, msgspec.structs.replace(record, constraints=constraints))
    session.refresh_schema()


def _refuse_needed(session: Session, table: StoredTable, found: ConstraintRecord, key: tuple[int, ...]) -> None:
    if found.columns == key:
        raise Conflict(f"{found.name!r} is the key of {table.name!r}.")
    names = sorted(name for name, column in table.columns.items() if column.id in found.columns)
    for incoming in session.catalog.incoming.get(table.name, ()):
        if sorted(incoming.key.references) == names:
            raise Conflict(f"{incoming.table!r} refers to {found.name!r}.", hint="Drop its foreign key first.")


def _ids(table: StoredTable, columns: tuple[str, ...]) -> tuple[int, ...]:
    if not columns:
        raise InvalidValue("A key or index needs at least one column.")
    return tuple(table.column(name).id for name in columns)


def _build(session: Session, table: StoredTable, columns: tuple[int, ...], *, unique: bool = False) -> str:
    if unique and session.branch != MAIN:
        # Main's rows, in the same physical table, need not be unique.
        require_unique(session, table, [column.name for column in table.columns.values() if column.id in columns])
        unique = False
    physical = {column.id: column.physical for column in table.columns.values()}
    index = PhysicalIndex(table.physical, [physical[key] for key in columns], unique, session.parts(table.physical)[2:])
    known = None if session.branch == MAIN else index_like(session.driver, index)
    return known or build_index(session.driver, index)


def _add(session: Session, table: StoredTable, constraint: ConstraintRecord) -> None:
    session.require_unlocked(table)
    record = table_record(session, table)
    checked_name(constraint.name, "constraint")
    ensure_free(constraint.name, [item.name for item in record.constraints], "constraint")
    changed = msgspec.structs.replace(record, constraints=(*record.constraints, constraint))
    session.versions.put_table(table.id, changed)
    session.refresh_schema()
