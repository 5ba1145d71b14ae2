"""Declaring unique keys, indexes and relations once the rows are in, which is faster and needs no order."""

from synthdb.importing.bookkeeping import Target
from synthdb.importing.names import constraint_name
from synthdb.importing.planning import TablePlan
from synthdb.importing.report import TableReport
from synthdb_host.catalog import ForeignKey, Table, UniqueKey
from synthdb_host.errors import ForeignKeyViolation, RequestError
from synthdb_host.operations import AddForeignKey, AddIndex, AddUniqueKey, Change, Define

__all__ = ["declare_keys", "declare_relations", "list_relations", "relate"]


def declare_keys(target: Target, plan: TablePlan, report: TableReport) -> None:
    """Declare the unique keys and indexes of a source's table; the report notes what its rows do not keep."""
    table = target.catalog().table(plan.table)
    taken = {key.name for key in table.unique_keys} | {index.name for index in table.indexes}
    for key in plan.unique_keys:
        if key.name not in taken:
            _try(target, AddUniqueKey(table.name, key), f"unique key ({', '.join(key.columns)})", report)
    for index in plan.indexes:
        if index.name not in taken:
            _try(target, AddIndex(table.name, index), f"index {index.name!r}", report)


def declare_relations(target: Target, plan: TablePlan, report: TableReport) -> None:
    """Declare the foreign keys of a source's table; what its rows do not keep is noted in the report."""
    taken = {key.name for key in target.catalog().table(plan.table).foreign_keys}
    for key in plan.foreign_keys:
        if key.name not in taken:
            _try(target, AddForeignKey(plan.table, key), f"reference {_shown(key)}", report)


def list_relations(target: Target, report: TableReport) -> None:
    """Say in the report which relations its table has now."""
    report.relations = [_shown(key) for key in target.catalog().table(report.table).foreign_keys]


def _try(target: Target, change: Change, what: str, report: TableReport) -> None:
    try:
        target.execute(Define((change,), target.ref))
    except RequestError as error:
        report.notes.append(f"{what} is not carried over: {error.detail}")


def relate(target: Target, name: str, key: ForeignKey) -> None:
    """Declare a relation that was asked for, and the unique key it needs.

    Raises:
        ForeignKeyViolation: the rows do not keep it.
        UniqueViolation: what it refers to is not unique.
        UnknownTable, UnknownColumn: there is no such thing.
    """
    catalog = target.catalog()
    if any(known.columns == key.columns and known.table == key.table for known in catalog.table(name).foreign_keys):
        return
    changes: list[Change] = [AddForeignKey(name, key)]
    other = catalog.table(key.table)
    if not _is_unique(other, key.references):
        label = constraint_name(other.name, key.references, "key")
        changes.insert(0, AddUniqueKey(other.name, UniqueKey(label, key.references)))
    try:
        target.execute(Define(tuple(changes), target.ref))
    except ForeignKeyViolation as error:
        raise ForeignKeyViolation(
            error.detail,
            hint=f"All rows are imported. Add what is missing to {key.table!r} and give the same command again, "
            "or leave this relation out.",
            data=error.data,
        ) from error


def _is_unique(table: Table, columns: tuple[str, ...]) -> bool:
    wanted = set(columns)
    keys = [(table.identity,), table.key, *(key.columns for key in table.unique_keys)]
    return any(set(key) == wanted for key in keys)


def _shown(key: ForeignKey) -> str:
    return f"({', '.join(key.columns)}) -> {key.table}({', '.join(key.references)})"
