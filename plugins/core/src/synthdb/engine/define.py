"""Schema changes: each kind of change and the function that makes it."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from synthdb.engine import columns, constraints, tables
from synthdb.engine.session import Session
from synthdb_host import operations
from synthdb_host.contracts import Result

__all__ = ["define"]


def define(session: Session, operation: operations.Define) -> Result:
    """Make all changes of a define operation, in order.

    Raises:
        PreconditionFailed: the catalog has another version than expected.
    """
    operation.check_version(session.catalog.logical.version)
    for change in operation.changes:
        _CHANGES[type(change)](session, change)
    return session.result(Result(), 0)


def _require_plugin(session: Session, change: operations.RequirePlugin) -> None:
    required = set(session.catalog.requires)
    required = required | {change.id} if change.required else required - {change.id}
    if required == session.catalog.requires:
        return
    session.driver.execute("UPDATE _meta SET requires = ?", (msgspec.json.encode(sorted(required)).decode(),))
    session.refresh_schema(changed=True)


_CHANGES: Final[dict[type, Callable[[Session, Any], None]]] = {
    operations.AddCheck: constraints.add_check,
    operations.AddColumn: columns.add_column,
    operations.AddForeignKey: constraints.add_foreign_key,
    operations.AddIndex: constraints.add_index,
    operations.AddUniqueKey: constraints.add_unique_key,
    operations.AlterColumn: columns.alter_column,
    operations.CopyColumn: columns.copy_column,
    operations.CopyTable: tables.copy_table,
    operations.CreateTable: tables.create_table,
    operations.DropColumn: columns.drop_column,
    operations.DropConstraint: constraints.drop_constraint,
    operations.DropTable: tables.drop_table,
    operations.RenameColumn: columns.rename_column,
    operations.RenameTable: tables.rename_table,
    operations.RequirePlugin: _require_plugin,
    operations.RestoreColumn: columns.restore_column,
    operations.RestoreTable: tables.restore_table,
    operations.SetMode: tables.set_mode,
    operations.RequirePreconditions: tables.require_preconditions,
}
