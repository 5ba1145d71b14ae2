"""What must be right of a server before a database can be in it, and what is wrong if it is not."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from synthdb.storage.layout import FORMAT
from synthdb.storage.postgresql.places import ServerPlace
from synthdb_host.errors import Misconfigured, Unavailable

__all__ = ["require_rights", "require_same_time", "unreachable"]

_MOST_SECONDS_APART: Final = 60.0
_REFUSED: Final = re.compile(
    r"FATAL:(?!.*(?:starting up|shutting down|recovery|too many|remaining connection))", re.DOTALL
)
"""The server has answered that it will not let somebody in, and not only now."""

_RIGHTS: Final = """
    SELECT n.oid IS NOT NULL, has_database_privilege(current_database(), 'CREATE'),
        n.oid IS NULL OR (has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE')),
        to_regclass(format('%I._meta', $1::text)) IS NOT NULL,
        EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid)
    FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1::text
"""


def unreachable(place: ServerPlace, error: psycopg.Error) -> Unavailable:
    """Give the error for a server that does not answer, or does not let the role in."""
    if _REFUSED.search(str(error)):
        return Misconfigured(
            f"The server of {place.shown} does not let the role in, or has no such database.",
            hint="Look at the role, the password and the database in the URL, and at pg_hba.conf of the server.",
        )
    return Unavailable(
        f"The server of {place.shown} cannot be reached.",
        hint="Look whether it runs, and at the host and port in the URL.",
        data={"retry_after": 1},
    )


def require_rights(connection: psycopg.Connection[Any], place: ServerPlace, *, create: bool) -> None:
    """Raise Misconfigured if the role may not use the schema, or it is gone, of others, or of a newer format."""
    found = connection.execute(_RIGHTS, (place.schema,)).fetchone()
    is_there, may_create, may_use, is_ours, is_used = found or (False, False, False, False, False)
    if not is_there and not create:
        raise Misconfigured(f"There is no {place.shown}.", hint="Restore it, or correct the URL.")
    if not may_use or (not is_there and not may_create):
        raise Misconfigured(
            f"The role may not make what it needs in {place.shown}.",
            hint="Let it own the schema, or give it CREATE on the database.",
        )
    if is_used and not is_ours:
        raise Misconfigured(f"The {place.shown} has tables that are not SynthDB's.", hint="Name another schema.")
    if is_ours:
        row = connection.execute(f'SELECT format FROM "{place.schema}"._meta').fetchone()
        if row is not None and row[0] > FORMAT:
            raise Misconfigured(
                f"The {place.shown} has format {row[0]}, this version reads up to {FORMAT}.",
                hint="Upgrade synthdb-core.",
            )


def require_same_time(connection: psycopg.Connection[Any]) -> None:
    """Raise Misconfigured if this machine's clock and the server's are far apart: commits would have wrong times."""
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    apart = abs(datetime.now(UTC).timestamp() - float(row[0] if row else 0))
    if apart > _MOST_SECONDS_APART:
        raise Misconfigured(
            f"The clocks of this machine and of the server are {apart:.0f} seconds apart.",
            hint="Let both be set by a time service (NTP).",
        )
