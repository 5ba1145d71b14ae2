"""The present state of the data stands against it (409, 412, 428)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthdb_host.errors.base import RequestError

if TYPE_CHECKING:
    from synthdb_host.merge_reports import OpenConflict

__all__ = [
    "CatalogChanged",
    "Conflict",
    "DatabaseArchived",
    "DuplicateName",
    "ForeignKeyViolation",
    "IdempotencyInProgress",
    "LimitReached",
    "MergeConflict",
    "PreconditionFailed",
    "PreconditionRequired",
    "TypeConflict",
    "UniqueViolation",
]


class Conflict(RequestError):
    """The operation contradicts the present state of the data.

    Read the present state, and decide anew.
    """

    status = 409
    code = "conflict"
    title = "Conflict"


class UniqueViolation(Conflict):
    """A row with the same unique key exists.

    Use another value, or update the row that has it: an upsert does so.
    """

    code = "unique_violation"
    title = "Duplicate key"


class ForeignKeyViolation(Conflict):
    """A row refers to a row that does not exist, or is still referred to.

    Write the row referred to first; delete those that refer to a row before it.
    """

    code = "foreign_key_violation"
    title = "Broken reference"


class DuplicateName(Conflict):
    """A table, column, constraint, database, tenant or placement of this name exists.

    Choose another name.
    """

    code = "duplicate_name"
    title = "Name taken"


class DatabaseArchived(Conflict):
    """The database is archived: its data is kept, and nobody reads or writes it.

    Let the operator restore it: synthdb databases restore NAME.
    """

    code = "database_archived"
    title = "Database archived"


class LimitReached(Conflict):
    """The tenant has as many databases as it may have.

    Delete one, or let the operator raise the limit of the tenant.
    """

    code = "limit_reached"
    title = "Limit reached"


class TypeConflict(Conflict):
    """A change of type cannot be made without losing data.

    Change the values that do not fit first, or add a column of the new type.
    """

    code = "type_conflict"
    title = "Type conflict"


class CatalogChanged(Conflict):
    """The schema was changed between the reading of the request and the reading of the rows.

    Send it again.
    """

    code = "catalog_changed"
    title = "Schema changed"


class IdempotencyInProgress(Conflict):
    """A request with this idempotency key is being answered.

    Send it again after the seconds in the header Retry-After: it gets the same answer.
    """

    code = "idempotency_in_progress"
    title = "Request in progress"


class MergeConflict(Conflict):
    """Two states disagree on rows, cells or schema, and nobody has decided yet; ``conflicts`` lists where.

    Decide each conflict for one side or with a value, then do the same again.
    """

    code = "merge_conflict"
    title = "Unresolved conflicts"

    @property
    def conflicts(self) -> "Sequence[OpenConflict]":
        """What the states disagree on."""
        found: Sequence[OpenConflict] = self.data.get("conflicts", ())  # type: ignore[assignment] # its makers see to it
        return found


class PreconditionFailed(RequestError):
    """The row is no longer in the state that the caller named.

    Read the row again, and repeat the change on what it is now.
    """

    status = 412
    code = "precondition_failed"
    title = "Precondition failed"


class PreconditionRequired(RequestError):
    """The table wants every write to name the version of the row that it changes, and this one names none.

    Read the row, and send its ETag as If-Match; a row that shall be new is put with If-None-Match: *.
    """

    status = 428
    code = "precondition_required"
    title = "Precondition required"
