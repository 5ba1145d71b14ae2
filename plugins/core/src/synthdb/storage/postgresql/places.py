"""Where a database lies on a server: what its URL says, without what must not be shown."""

import re
from dataclasses import dataclass
from typing import Final

import sqlalchemy

from synthdb_host.errors import Misconfigured

__all__ = ["ServerPlace"]

_SCHEMA: Final = "synthdb"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")
_HINT: Final = "Give postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=SCHEMA."


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """A schema of a database of a server. ``conninfo`` is for libpq and may hold a password."""

    conninfo: str
    schema: str
    shown: str

    @classmethod
    def of(cls, url: str) -> "ServerPlace":
        """Read a URL.

        Raises:
            Misconfigured: it is none; the message does not show it, because it may hold a password.
        """
        try:
            parsed = sqlalchemy.make_url(url)
        except (sqlalchemy.exc.ArgumentError, ValueError) as error:
            raise Misconfigured("The URL of the database cannot be read.", hint=_HINT) from error
        query = dict(parsed.query)
        schema = query.pop("schema", _SCHEMA)
        if not isinstance(schema, str) or not _NAME.fullmatch(schema) or schema.startswith("pg_"):
            raise Misconfigured(
                "The schema of the database cannot be called so.",
                hint="It has letters, digits, _, - and ., 63 at most, a letter first, and does not begin with pg_.",
            )
        plain = parsed.set(drivername="postgresql", query=query)
        shown = f"{parsed.database or parsed.username or ''} on {parsed.host or query.get('host', 'this machine')}"
        return cls(plain.render_as_string(hide_password=False), schema, f"schema {schema!r} of {shown}")

    def __repr__(self) -> str:
        return f"<{self.shown}>"
