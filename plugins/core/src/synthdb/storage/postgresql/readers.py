"""The role as which SQL of users runs: it has no rights but those that a transaction grants it."""

from typing import Any, Final

import psycopg

from synthdb_host.errors import Unavailable

__all__ = ["reading_role"]

_LONGEST: Final = 63
_SUFFIX: Final = "_sql"
_FIND: Final = (
    "SELECT current_user, pg_has_role(current_user, r.oid, 'USAGE'), r.rolsuper OR r.rolcreaterole OR r.rolcreatedb "
    "OR r.rolreplication OR r.rolbypassrls FROM (SELECT current_user) u LEFT JOIN pg_roles r "
    "ON r.rolname = left(current_user::text, $1::int) || $2::text"
)


def reading_role(connection: psycopg.Connection[Any], schema: str) -> str:
    """Give the role beside that of the database, making it if it is not there, and let it look into the schema.

    Raises:
        Unavailable: it is not there and may not be made, or may do more than read.
    """
    name, is_usable, is_strong = _found(connection)
    if is_strong:
        raise Unavailable(
            f"The role {name!r} may do more than read, so that no SQL of users runs as it.",
            hint=f'ALTER ROLE "{name}" NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS.',
        )
    try:
        if is_usable is None:
            connection.execute(f'CREATE ROLE "{name}" NOLOGIN')
        if not is_usable:
            connection.execute(f'GRANT "{name}" TO CURRENT_USER')
        connection.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO "{name}"')
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return reading_role(connection, schema)  # another process was sooner
    except psycopg.Error as error:
        raise Unavailable(
            f"SQL of users runs as a role {name!r} without rights, which is not there and may not be made.",
            hint=f'As an administrator: CREATE ROLE "{name}" NOLOGIN; GRANT "{name}" TO the role of the database.',
        ) from error
    return name


def _found(connection: psycopg.Connection[Any]) -> tuple[str, bool | None, bool | None]:
    row = connection.execute(_FIND, (_LONGEST - len(_SUFFIX), _SUFFIX)).fetchone()
    user, is_usable, is_strong = row or ("", None, None)
    return str(user)[: _LONGEST - len(_SUFFIX)] + _SUFFIX, is_usable, is_strong
