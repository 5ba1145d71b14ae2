"""The errors of SynthDB, one stable code each.

The tree::

    SynthDBError
    ├── StartupError                    the host cannot start; lists every problem of every plugin
    ├── ConfigurationError              a setting or a manifest is wrong
    ├── JobStopped                      a background task must stop where it is
    └── RequestError                    an operation was refused; carries an HTTP status and a code
        ├── BadRequest (400)            the caller's words cannot be read or do not fit the data
        ├── Unauthenticated (401), Forbidden (403), NotFound (404), NotAllowed (405),
        │   NotAcceptable (406), Conflict (409), HistoryGone (410), PreconditionFailed (412), TooLarge (413),
        │   UnsupportedMediaType (415), RangeNotSatisfiable (416)
        └── Unavailable (503), Timeout (504), StorageFull (507)

A class's ``code`` is a promise: it never changes its meaning. The first sentence of each docstring is
the code's published meaning.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from synthdb_host.versions import OpenConflict

__all__ = [
    "AddressTooLong",
    "AmbiguousEmbed",
    "BadRequest",
    "CheckViolation",
    "ConfigurationError",
    "Conflict",
    "DuplicateName",
    "Forbidden",
    "ForeignKeyViolation",
    "FullTableWrite",
    "HistoryGone",
    "InternalError",
    "InvalidBody",
    "InvalidFilter",
    "InvalidName",
    "InvalidParameter",
    "InvalidPreference",
    "InvalidSelect",
    "InvalidSql",
    "InvalidValue",
    "JobStopped",
    "LossyValue",
    "MaxAffectedExceeded",
    "MergeConflict",
    "MissingPlugin",
    "NotAcceptable",
    "NotAllowed",
    "NotFound",
    "NotNullViolation",
    "NotSingular",
    "PreconditionFailed",
    "ProtectedBranch",
    "RangeNotSatisfiable",
    "ReadOnly",
    "RequestError",
    "SchemaLocked",
    "StartupError",
    "StorageFull",
    "SynthDBError",
    "Timeout",
    "TooComplex",
    "TooLarge",
    "TooManyColumns",
    "TypeConflict",
    "Unauthenticated",
    "Unavailable",
    "UniqueViolation",
    "UnknownColumn",
    "UnknownDatabase",
    "UnknownJob",
    "UnknownOperator",
    "UnknownRef",
    "UnknownRelation",
    "UnknownTable",
    "UnknownTask",
    "UnsupportedCapability",
    "UnsupportedMediaType",
    "UntrustedOrigin",
]


class SynthDBError(Exception):
    """Anything SynthDB raises on purpose."""


class StartupError(SynthDBError):
    """The host cannot start; ``problems`` lists everything that was found wrong, not just the first."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"SynthDB cannot start, {len(self.problems)} problem(s):\n{lines}")


class ConfigurationError(SynthDBError):
    """A setting, a configuration file or a plugin manifest is wrong."""


class JobStopped(SynthDBError):
    """A background task must stop where it is: its job was cancelled or taken over, or this process is ending."""


class RequestError(SynthDBError):
    """An operation was refused.

    Args:
        detail: what was wrong, naming the thing.
        hint: what to do about it.
        where: the place in the input, such as ``query parameter 'age'`` or ``line 3, column 'price'``.
        data: machine-readable facts about this error, shown beside the code.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        where: str | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.where = where
        self.data = dict(data or {})


class BadRequest(RequestError):
    """The request cannot be understood."""


class InvalidBody(BadRequest):
    """The request body is not valid in its media type, or is not of the shape that the operation takes."""

    code = "invalid_body"
    title = "Invalid body"


class InvalidParameter(BadRequest):
    """A query parameter, path part or header has a value that cannot be used."""

    code = "invalid_parameter"
    title = "Invalid parameter"


class InvalidPreference(BadRequest):
    """A preference in the Prefer header is unknown or contradictory and handling=strict was asked for."""

    code = "invalid_preference"
    title = "Invalid preference"


class InvalidSelect(BadRequest):
    """The list of selected columns cannot be read."""

    code = "invalid_select"
    title = "Invalid select"


class InvalidFilter(BadRequest):
    """A filter cannot be read, or does not fit the type of its column."""

    code = "invalid_filter"
    title = "Invalid filter"


class UnknownOperator(BadRequest):
    """A filter uses an operator that does not exist or that this storage does not offer for this type."""

    code = "unknown_operator"
    title = "Unknown operator"


class InvalidName(BadRequest):
    """A table or column name is empty, too long, starts with an underscore or holds a control character."""

    code = "invalid_name"
    title = "Invalid name"


class InvalidValue(BadRequest):
    """A value does not fit the type of its column."""

    code = "invalid_value"
    title = "Invalid value"


class LossyValue(BadRequest):
    """A value would lose digits or text if it were stored in this column."""

    code = "lossy_value"
    title = "Value would lose information"


class NotNullViolation(BadRequest):
    """A column that must have a value was given none."""

    code = "not_null_violation"
    title = "Missing value"


class CheckViolation(BadRequest):
    """A row does not satisfy a check of its table."""

    code = "check_violation"
    title = "Check failed"


class InvalidSql(BadRequest):
    """A SQL statement cannot be run as given; only single read-only statements over logical tables can."""

    code = "invalid_sql"
    title = "Invalid SQL"


class FullTableWrite(BadRequest):
    """An update or delete has no filter and did not say that every row is meant."""

    code = "full_table_write"
    title = "Unfiltered write refused"


class MaxAffectedExceeded(BadRequest):
    """A write would touch more rows than its max-affected preference allows."""

    code = "max_affected_exceeded"
    title = "Too many rows affected"


class TooComplex(BadRequest):
    """A request is nested too deeply or has too many parts."""

    code = "too_complex"
    title = "Request too complex"


class TooManyColumns(BadRequest):
    """A write would add more columns than a request or a table may have; store such data in a json column."""

    code = "too_many_columns"
    title = "Too many columns"


class UnsupportedCapability(BadRequest):
    """The storage of this database does not offer what the operation needs."""

    code = "unsupported_capability"
    title = "Unsupported capability"


class AmbiguousEmbed(RequestError):
    """Several foreign keys lead to the embedded table; the candidates are listed."""

    status = 300
    code = "ambiguous_embed"
    title = "Ambiguous embedding"


class Unauthenticated(RequestError):
    """The request carries no valid credential."""

    status = 401
    code = "unauthenticated"
    title = "Authentication required"


class Forbidden(RequestError):
    """The caller may not do this."""

    status = 403
    code = "forbidden"
    title = "Forbidden"


class UntrustedOrigin(Forbidden):
    """Open local access is only for programs on this machine and pages of this server."""

    code = "untrusted_origin"
    title = "Untrusted origin"


class MissingPlugin(Forbidden):
    """The database records that it needs a plugin that is not active here."""

    code = "missing_plugin"
    title = "Missing plugin"


class ReadOnly(Forbidden):
    """The ref or the statement is read-only."""

    code = "read_only"
    title = "Read-only"


class ProtectedBranch(Forbidden):
    """The branch is protected: it changes only by a merge."""

    code = "protected_branch"
    title = "Protected branch"


class SchemaLocked(Forbidden):
    """The table's mode forbids this schema change."""

    code = "schema_locked"
    title = "Schema locked"


class NotFound(RequestError):
    """There is nothing at this address."""

    status = 404
    code = "not_found"
    title = "Not found"


class UnknownDatabase(NotFound):
    """There is no database of this name."""

    code = "unknown_database"
    title = "Unknown database"


class UnknownTable(NotFound):
    """There is no table of this name."""

    code = "unknown_table"
    title = "Unknown table"


class UnknownTask(NotFound):
    """No active plugin contributes a background task of this name."""

    code = "unknown_task"
    title = "Unknown task"


class UnknownJob(NotFound):
    """There is no background job of this id, or it ended so long ago that it was removed."""

    code = "unknown_job"
    title = "Unknown job"


class UnknownRef(NotFound):
    """There is no branch, tag or commit of this name."""

    code = "unknown_ref"
    title = "Unknown ref"


class UnknownColumn(BadRequest):
    """There is no column of this name in the table."""

    code = "unknown_column"
    title = "Unknown column"


class UnknownRelation(BadRequest):
    """No foreign key connects the two tables."""

    code = "unknown_relation"
    title = "Unknown relation"


class NotAllowed(RequestError):
    """The address does not offer this method."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class NotAcceptable(RequestError):
    """None of the accepted media types can be produced."""

    status = 406
    code = "not_acceptable"
    title = "Not acceptable"


class NotSingular(NotAcceptable):
    """A single object was asked for, but the result has no row or several."""

    code = "not_singular"
    title = "Not a single row"


class Conflict(RequestError):
    """The operation contradicts the present state of the data."""

    status = 409
    code = "conflict"
    title = "Conflict"


class UniqueViolation(Conflict):
    """A row with the same unique key exists."""

    code = "unique_violation"
    title = "Duplicate key"


class ForeignKeyViolation(Conflict):
    """A row refers to a row that does not exist, or is still referred to."""

    code = "foreign_key_violation"
    title = "Broken reference"


class DuplicateName(Conflict):
    """A table, column, constraint or database of this name exists."""

    code = "duplicate_name"
    title = "Name taken"


class TypeConflict(Conflict):
    """A change of type cannot be made without losing data."""

    code = "type_conflict"
    title = "Type conflict"


class MergeConflict(Conflict):
    """Two states disagree on rows, cells or schema, and nobody has decided yet; ``conflicts`` lists where."""

    code = "merge_conflict"
    title = "Unresolved conflicts"

    @property
    def conflicts(self) -> "Sequence[OpenConflict]":
        """What the states disagree on."""
        found: Sequence[OpenConflict] = self.data.get("conflicts", ())  # type: ignore[assignment] # its makers see to it
        return found


class HistoryGone(RequestError):
    """The state asked for is older than what the database keeps."""

    status = 410
    code = "history_gone"
    title = "No longer kept"


class PreconditionFailed(RequestError):
    """The row is no longer in the state that the caller named."""

    status = 412
    code = "precondition_failed"
    title = "Precondition failed"


class TooLarge(RequestError):
    """The body, the address or a value is larger than the limit."""

    status = 413
    code = "too_large"
    title = "Too large"


class AddressTooLong(TooLarge):
    """The address with its query is longer than the limit."""

    status = 414
    title = "Address too long"


class UnsupportedMediaType(RequestError):
    """The body's media type cannot be read."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class RangeNotSatisfiable(RequestError):
    """The first row asked for lies behind the end of the result."""

    status = 416
    code = "range_not_satisfiable"
    title = "Range not satisfiable"


class InternalError(RequestError):
    """The server failed in a way it did not expect; the log has the cause under the request id."""

    status = 500
    code = "internal_error"
    title = "Internal error"


class Unavailable(RequestError):
    """The server cannot do this right now; trying again later may help."""

    status = 503
    code = "unavailable"
    title = "Unavailable"


class Timeout(RequestError):
    """The operation took longer than its time limit and was stopped."""

    status = 504
    code = "timeout"
    title = "Time limit exceeded"


class StorageFull(RequestError):
    """There is no room left to write; nothing was changed."""

    status = 507
    code = "storage_full"
    title = "Storage full"
