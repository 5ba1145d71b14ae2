"""What was asked for is not there, no longer, or more than once (300, 404, 410)."""

from synthdb_host.errors.base import RequestError

__all__ = [
    "AmbiguousEmbed",
    "CursorExpired",
    "HistoryGone",
    "NotFound",
    "UnknownDatabase",
    "UnknownDocument",
    "UnknownJob",
    "UnknownPlacement",
    "UnknownRef",
    "UnknownTable",
    "UnknownTask",
    "UnknownTenant",
]


class AmbiguousEmbed(RequestError):
    """Several foreign keys lead to the embedded table; the candidates are listed.

    Add one of the candidates to the name of the embedded table: table!foreign_key.
    """

    status = 300
    code = "ambiguous_embed"
    title = "Ambiguous embedding"


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


class UnknownTenant(NotFound):
    """There is no tenant of this name.

    Check the name; synthdb tenants list shows all of them.
    """

    code = "unknown_tenant"
    title = "Unknown tenant"


class UnknownPlacement(NotFound):
    """There is no placement of this name.

    Check the name; synthdb placements list shows all of them.
    """

    code = "unknown_placement"
    title = "Unknown placement"


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
