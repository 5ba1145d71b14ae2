"""The server cannot do it, now or at all (500 to 507)."""

from synthdb_host.errors.base import RequestError

__all__ = [
    "EgressFailed", "FellBehind", "InternalError", "Misconfigured", "Moving", "StorageFull", "Timeout", "Unavailable",
]  # fmt: skip


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


class Misconfigured(Unavailable):
    """A database cannot be used where it is said to lie: the address, role, rights, version or format do not fit.

    Let the operator do what the hint says; trying again does not help. A server does not start with such a database.
    """

    code = "misconfigured"
    title = "Misconfigured"


class EgressFailed(Unavailable):
    """Another server, which this one called, did not answer.

    Look whether it is there, answers in time and has a valid certificate; then try again.
    """

    status = 502
    code = "egress_failed"
    title = "No answer from another server"


class Moving(Unavailable):
    """The database is being moved to another place, or lies elsewhere than where it was looked for.

    Try again after the seconds in the Retry-After header; a file that was moved away is not used any more.
    """

    code = "moving"
    title = "Database is moving"


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
