"""Finding the database that a command works on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from synthdb.library.connection import Connection
from synthdb_host.errors import InvalidParameter
from synthdb_host.manager import Host
from synthdb_host.operations import HEAD, Ref
from synthdb_host.session import Session

__all__ = ["database_name", "only", "opened"]

_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 63


@contextmanager
def opened(session: Session, database: str | None, ref: Ref = HEAD) -> Iterator[Connection]:
    """Open a database of the data folder at a ref; without a name, the only one there is.

    Raises:
        InvalidParameter: no name was given and there is not exactly one database.
        UnknownDatabase: there is none of this name.
    """
    with session.started() as host:
        yield Connection(host, database or only(host), ref)


def only(host: Host) -> str:
    """Give the only database there is.

    Raises:
        InvalidParameter: there is not exactly one.
    """
    names = host.databases.names()
    if len(names) != 1:
        there = ", ".join(names) if names else "none yet; synthdb import makes one"
        raise InvalidParameter("Say which database with --db NAME.", hint=f"The databases are: {there}.")
    return names[0]


def database_name(stem: str) -> str:
    """Make a database name from a file's stem."""
    name = _UNFIT.sub("_", stem).strip("_-")
    return (name if name[:1].isalpha() else f"db_{name}".rstrip("_"))[:_LONGEST]
