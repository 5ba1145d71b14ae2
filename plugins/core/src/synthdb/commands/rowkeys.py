"""Keys of rows on the command line."""

from synthdb.library.connection import Connection
from synthdb.library.keys import typed_key

__all__ = ["key_from"]


def key_from(connection: Connection, table: str, text: str) -> tuple[object, ...]:
    """Read a key: the text of its column, or of several with commas between them.

    Raises:
        InvalidValue: it does not fit the key of the table.
        UnknownTable: there is none of this name.
    """
    described = connection.catalog().table(table)
    return typed_key(described, text.split(",") if len(described.key) > 1 else (text,))
