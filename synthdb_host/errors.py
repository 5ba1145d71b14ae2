"""The errors of SynthDB, one stable code each.

The tree::

    SynthDBError
    ├── StartupError                    the host cannot start; lists every problem of every plugin
    ├── ConfigurationError              a setting or a manifest is wrong
    ├── JobStopped                      a background task must stop where it is
    ├── Postponed                       a background task wants to go on later
    └── RequestError                    an operation was refused; carries an HTTP status and a code
        ├── BadRequest (400)            the caller's words cannot be read or do not fit the data
        ├── Unauthenticated (401), Forbidden (403), NotFound (404), NotAllowed (405),
        │   NotAcceptable (406), RequestTimeout (408), Conflict (409), HistoryGone (410),
        │   PreconditionFailed (412), TooLarge (413), UnsupportedMediaType (415), RangeNotSatisfiable (416),
        │   UpgradeRequired (426), PreconditionRequired (428), HeadersTooLarge (431)
        └── Unavailable (503, EgressFailed 502), Timeout (504), StorageFull (507)

A class's ``code`` is a promise: it never changes its meaning. The first paragraph of each docstring is the
code's published meaning, the second says what to do.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from synthdb_host.versions import OpenConflict

__all__ = [
    "AddressTooLong",
    "AmbiguousEmbed",
    "BadRequest",
    "CatalogChanged",
    "CheckViolation",
    "ConfigurationError",
    "Conflict",
    "CursorExpired",
    "DuplicateName",
    "EgressFailed",
    "EgressRefused",
    "FellBehind",
    "Forbidden",
    "ForeignKeyViolation",
    "FullTableWrite",
    "HeadersTooLarge",
    "HistoryGone",
    "IdempotencyInProgress",
    "IdempotencyKeyReused",
    "InternalError",
    "IntrospectionDisabled",
    "InvalidBody",
    "InvalidCursor",
    "InvalidDocument",
    "InvalidFilter",
    "InvalidName",
    "InvalidParameter",
    "InvalidPreference",
    "InvalidReference",
    "InvalidSelect",
    "InvalidSql",
    "InvalidValue",
    "JobStopped",
    "LossyValue",
    "MalformedRequest",
    "MaxAffectedExceeded",
    "MergeConflict",
    "MissingPlugin",
    "NotAcceptable",
    "NotAllowed",
    "NotFound",
    "NotNullViolation",
    "NotSingular",
    "Postponed",
    "PreconditionFailed",
    "PreconditionRequired",
    "ProtectedBranch",
    "RangeNotSatisfiable",
    "ReadOnly",
    "RequestError",
    "RequestTimeout",
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
    "UnknownDocument",
    "UnknownJob",
    "UnknownOperator",
    "UnknownRef",
    "UnknownRelation",
    "UnknownTable",
    "UnknownTask",
    "UnsupportedCapability",
    "UnsupportedMediaType",
    "UntrustedDocument",
    "UntrustedOrigin",
    "UpgradeRequired",
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


class Postponed(SynthDBError):
    """A background task wants to go on after so many seconds; its job waits, and no attempt is lost."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


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
    """The request cannot be understood.

    Compare the request with the documentation of its address; the problem's detail names the part that is wrong.
    """


class InvalidBody(BadRequest):
    """The request body is not valid in its media type, or is not of the shape that the operation takes.

    Send a body in the media type that Content-Type names; the problem says at which place it fails.
    """

    code = "invalid_body"
    title = "Invalid body"


class InvalidParameter(BadRequest):
    """A query parameter, path part or header has a value that cannot be used.

    Correct the part that the problem names, and send the request again.
    """

    code = "invalid_parameter"
    title = "Invalid parameter"


class MalformedRequest(BadRequest):
    """The bytes are no HTTP request, or one that could be read in two ways.

    Send it with a common HTTP client; a proxy in between must pass on a request as it understands it.
    """

    code = "malformed_request"
    title = "Malformed request"


class IdempotencyKeyReused(BadRequest):
    """The idempotency key was sent before, with another request.

    Make a new key for each write, and send the same request with it until there is an answer.
    """

    status = 422
    code = "idempotency_key_reused"
    title = "Idempotency key reused"


class EgressRefused(BadRequest):
    """Nothing is sent to this URL: it is not https to a public host.

    Give the https URL of a host that is reached from the internet. The operator can allow networks and http with the
    settings egress.networks and egress.allow_http.
    """

    code = "egress_refused"
    title = "Address refused"


class InvalidCursor(BadRequest):
    """A cursor was not given by this server, or belongs to a request with other filters, columns or order.

    Follow the Link of a page as it is, or begin again without the cursor.
    """

    code = "invalid_cursor"
    title = "Invalid cursor"


class InvalidPreference(BadRequest):
    """A preference in the Prefer header is unknown or contradictory and handling=strict was asked for.

    Leave out the preferences that the problem lists, or send handling=lenient.
    """

    code = "invalid_preference"
    title = "Invalid preference"


class InvalidReference(BadRequest):
    """A reference in a batch names no earlier operation, or one that does not give one row with such a column.

    Refer to an operation that writes or reads one row, by its number counted from 0 and a column of its result.
    """

    code = "invalid_reference"
    title = "Invalid reference"


class InvalidDocument(BadRequest):
    """A GraphQL document cannot be read, does not fit the schema, or has no such operation.

    Compare the document with the schema at the place that the error names; variables count as part of it.
    """

    code = "invalid_document"
    title = "Invalid document"


class InvalidSelect(BadRequest):
    """The list of selected columns cannot be read.

    Look at the character that the problem names. Names with special characters stand in double quotes.
    """

    code = "invalid_select"
    title = "Invalid select"


class InvalidFilter(BadRequest):
    """A filter cannot be read, or does not fit the type of its column.

    Write the condition as operator.value, with a value of the column's type.
    """

    code = "invalid_filter"
    title = "Invalid filter"


class UnknownOperator(BadRequest):
    """A filter uses an operator that does not exist or that this storage does not offer for this type.

    Use one of the operators that the documentation lists; the hint may name the one that was meant.
    """

    code = "unknown_operator"
    title = "Unknown operator"


class InvalidName(BadRequest):
    """A table or column name is empty, too long, starts with an underscore or holds a control character.

    Choose a name of 1 to 128 characters without control characters and without an underscore at its beginning.
    """

    code = "invalid_name"
    title = "Invalid name"


class InvalidValue(BadRequest):
    """A value does not fit the type of its column.

    Send a value of the column's type, or change the type.
    """

    code = "invalid_value"
    title = "Invalid value"


class LossyValue(BadRequest):
    """A value would lose digits or text if it were stored in this column.

    Round or shorten the value yourself, or give the column a type that holds it exactly.
    """

    code = "lossy_value"
    title = "Value would lose information"


class NotNullViolation(BadRequest):
    """A column that must have a value was given none.

    Give the column a value, or give it a default.
    """

    code = "not_null_violation"
    title = "Missing value"


class CheckViolation(BadRequest):
    """A row does not satisfy a check of its table.

    Send values that satisfy the check that the problem names.
    """

    code = "check_violation"
    title = "Check failed"


class InvalidSql(BadRequest):
    """A SQL statement cannot be run as given; only single read-only statements over logical tables can.

    Send one statement that only reads, over the tables and columns as they are called here.
    """

    code = "invalid_sql"
    title = "Invalid SQL"


class FullTableWrite(BadRequest):
    """An update or delete has no filter and did not say that every row is meant.

    Add a filter, or say that every row is meant: over HTTP with Prefer: full-table=allow.
    """

    code = "full_table_write"
    title = "Unfiltered write refused"


class MaxAffectedExceeded(BadRequest):
    """A write would touch more rows than its max-affected preference allows.

    Narrow the filter, or allow more rows.
    """

    code = "max_affected_exceeded"
    title = "Too many rows affected"


class TooComplex(BadRequest):
    """A request is nested too deeply or has too many parts.

    Ask for less at a time: fewer conditions, fewer levels, fewer values.
    """

    code = "too_complex"
    title = "Request too complex"


class TooManyColumns(BadRequest):
    """A write would add more columns than a request or a table may have; store such data in a json column.

    Send rows with fewer different keys, or store them in a json column.
    """

    code = "too_many_columns"
    title = "Too many columns"


class UnsupportedCapability(BadRequest):
    """The storage of this database does not offer what the operation needs.

    Do without it, or move the database to a storage that offers it.
    """

    code = "unsupported_capability"
    title = "Unsupported capability"


class AmbiguousEmbed(RequestError):
    """Several foreign keys lead to the embedded table; the candidates are listed.

    Add one of the candidates to the name of the embedded table: table!foreign_key.
    """

    status = 300
    code = "ambiguous_embed"
    title = "Ambiguous embedding"


class Unauthenticated(RequestError):
    """The request carries no valid credential.

    Send a valid credential, such as the header Authorization: Bearer TOKEN.
    """

    status = 401
    code = "unauthenticated"
    title = "Authentication required"


class Forbidden(RequestError):
    """The caller may not do this.

    Ask whoever runs the server for the permission that the problem names.
    """

    status = 403
    code = "forbidden"
    title = "Forbidden"


class UntrustedOrigin(Forbidden):
    """Open local access is only for programs on this machine and pages of this server.

    Call the server as http://127.0.0.1 or localhost without a proxy, or let its operator set a token.
    """

    code = "untrusted_origin"
    title = "Untrusted origin"


class IntrospectionDisabled(Forbidden):
    """The caller may not ask for the GraphQL schema.

    Ask for fields that you know; whoever runs the server can give you the schema, or the permission introspect.
    """

    code = "introspection_disabled"
    title = "Introspection disabled"


class UntrustedDocument(Forbidden):
    """Only GraphQL documents that are registered in the database may be run here.

    Send the documentId of a registered document, or let its text be registered.
    """

    code = "untrusted_document"
    title = "Untrusted document"


class MissingPlugin(Forbidden):
    """The database records that it needs a plugin that is not active here.

    Install and enable the plugins that the problem names; without them their rules would not apply.
    """

    code = "missing_plugin"
    title = "Missing plugin"


class ReadOnly(Forbidden):
    """The ref or the statement is read-only.

    Write to a branch as it is now, and only with what may write.
    """

    code = "read_only"
    title = "Read-only"


class ProtectedBranch(Forbidden):
    """The branch is protected: it changes only by a merge.

    Write to another branch and merge it, or take the protection away.
    """

    code = "protected_branch"
    title = "Protected branch"


class SchemaLocked(Forbidden):
    """The table's mode forbids this schema change.

    Change the table's mode first, or leave its columns as they are.
    """

    code = "schema_locked"
    title = "Schema locked"


class NotFound(RequestError):
    """There is nothing at this address.

    Check the address and its spelling; what it named may have been deleted.
    """

    status = 404
    code = "not_found"
    title = "Not found"


class UnknownDatabase(NotFound):
    """There is no database of this name.

    Check the name; the page at / lists the databases that you may see.
    """

    code = "unknown_database"
    title = "Unknown database"


class UnknownDocument(NotFound):
    """There is no GraphQL document with this hash.

    Send the text beside the hash once, or let the document be registered.
    """

    code = "unknown_document"
    title = "Unknown document"


class UnknownTable(NotFound):
    """There is no table of this name.

    Check the name; at some refs a table does not exist yet, or no longer.
    """

    code = "unknown_table"
    title = "Unknown table"


class UnknownTask(NotFound):
    """No active plugin contributes a background task of this name.

    Check the name, and that the plugin is active.
    """

    code = "unknown_task"
    title = "Unknown task"


class UnknownJob(NotFound):
    """There is no background job of this id, or it ended so long ago that it was removed.

    List the jobs that are kept.
    """

    code = "unknown_job"
    title = "Unknown job"


class UnknownRef(NotFound):
    """There is no branch, tag or commit of this name.

    Check the name; a branch may have been removed, or have expired.
    """

    code = "unknown_ref"
    title = "Unknown ref"


class UnknownColumn(BadRequest):
    """There is no column of this name in the table.

    Check the name; the hint lists the columns. A name with special characters stands in double quotes.
    """

    code = "unknown_column"
    title = "Unknown column"


class UnknownRelation(BadRequest):
    """No foreign key connects the two tables.

    Embed a table that a foreign key connects, or add the foreign key.
    """

    code = "unknown_relation"
    title = "Unknown relation"


class NotAllowed(RequestError):
    """The address does not offer this method.

    Use one of the methods in the answer's Allow header.
    """

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class NotAcceptable(RequestError):
    """None of the accepted media types can be produced.

    Accept one of the media types that the hint lists.
    """

    status = 406
    code = "not_acceptable"
    title = "Not acceptable"


class NotSingular(NotAcceptable):
    """A single object was asked for, but the result has no row or several.

    Narrow the filter to one row, or ask for a list.
    """

    code = "not_singular"
    title = "Not a single row"


class RequestTimeout(RequestError):
    """The request did not arrive completely in its time; nothing of it took effect.

    Send it again, in parts if it is long, or let the operator give it more time.
    """

    status = 408
    code = "request_timeout"
    title = "Request timeout"


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
    """A table, column, constraint or database of this name exists.

    Choose another name.
    """

    code = "duplicate_name"
    title = "Name taken"


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


class HistoryGone(RequestError):
    """The state asked for is older than what the database keeps.

    Ask for a newer state. What is to be kept needs a tag or a branch, or a longer retention.
    """

    status = 410
    code = "history_gone"
    title = "No longer kept"


class CursorExpired(HistoryGone):
    """A cursor is too old, or the state that its pages are of is no longer kept.

    Begin again without it.
    """

    code = "cursor_expired"
    title = "Cursor expired"


class PreconditionFailed(RequestError):
    """The row is no longer in the state that the caller named.

    Read the row again, and repeat the change on what it is now.
    """

    status = 412
    code = "precondition_failed"
    title = "Precondition failed"


class TooLarge(RequestError):
    """The body, the address or a value is larger than the limit.

    Send less at a time.
    """

    status = 413
    code = "too_large"
    title = "Too large"


class AddressTooLong(TooLarge):
    """The address with its query is longer than the limit.

    Send less at a time.
    """

    status = 414
    title = "Address too long"


class UnsupportedMediaType(RequestError):
    """The body's media type cannot be read.

    Send one of the media types that the hint lists, and name it in Content-Type.
    """

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class RangeNotSatisfiable(RequestError):
    """The first row asked for lies behind the end of the result.

    Begin before the end; Content-Range or a count says where that is.
    """

    status = 416
    code = "range_not_satisfiable"
    title = "Range not satisfiable"


class UpgradeRequired(RequestError):
    """The WebSocket handshake is of a version that the server does not speak.

    Use the version in the answer's Sec-WebSocket-Version header.
    """

    status = 426
    code = "upgrade_required"
    title = "Upgrade required"


class PreconditionRequired(RequestError):
    """The table wants every write to name the version of the row that it changes, and this one names none.

    Read the row, and send its ETag as If-Match; a row that shall be new is put with If-None-Match: *.
    """

    status = 428
    code = "precondition_required"
    title = "Precondition required"


class HeadersTooLarge(RequestError):
    """The request has too many headers, or one that is too long.

    Send fewer and shorter headers.
    """

    status = 431
    code = "headers_too_large"
    title = "Headers too large"


class InternalError(RequestError):
    """The server failed in a way it did not expect; the log has the cause under the request id.

    Give the request id to whoever runs the server: the log has the cause.
    """

    status = 500
    code = "internal_error"
    title = "Internal error"


class Unavailable(RequestError):
    """The server cannot do this right now; trying again later may help.

    Try again after the seconds in the Retry-After header.
    """

    status = 503
    code = "unavailable"
    title = "Unavailable"


class EgressFailed(Unavailable):
    """Another server, which this one called, did not answer.

    Look whether it is there, answers in time and has a valid certificate; then try again.
    """

    status = 502
    code = "egress_failed"
    title = "No answer from another server"


class FellBehind(Unavailable):
    """A follower took changes more slowly than they were made, so that the newest ones are no longer kept for him.

    Connect again with the id of the last change that was dealt with; follow fewer tables, or with a condition.
    """

    code = "fell_behind"
    title = "Fell behind"


class Timeout(RequestError):
    """The operation took longer than its time limit and was stopped.

    Ask for less, add an index, or let the operator raise the limit.
    """

    status = 504
    code = "timeout"
    title = "Time limit exceeded"


class StorageFull(RequestError):
    """There is no room left to write; nothing was changed.

    Free space, or let the operator raise the limit of the database.
    """

    status = 507
    code = "storage_full"
    title = "Storage full"
