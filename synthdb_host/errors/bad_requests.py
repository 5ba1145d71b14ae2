"""What the caller's words say cannot be understood, or does not fit the schema and its values (400)."""

from synthdb_host.errors.base import RequestError

__all__ = [
    "BadRequest",
    "CheckViolation",
    "EgressRefused",
    "FullTableWrite",
    "IdempotencyKeyReused",
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
    "LossyValue",
    "MalformedRequest",
    "MaxAffectedExceeded",
    "NotNullViolation",
    "TooComplex",
    "TooManyColumns",
    "UnknownColumn",
    "UnknownOperator",
    "UnknownRelation",
    "UnsupportedCapability",
]


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
    settings plugins.core.egress.networks and allow_http.
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
