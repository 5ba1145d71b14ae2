"""Keys of rows on the command line."""

import json

from synthdb.library.connection import Connection
from synthdb.library.keys import typed_key
from synthdb_host.errors import InvalidParameter

__all__ = ["key_from"]


def key_from(connection: Connection, table: str, text: str) -> tuple[object, ...]:
    """Read a key: the text of its column, or of several with commas between them or as a JSON array.

    Raises:
        InvalidParameter: it begins like a JSON array and is none.
        InvalidValue: it does not fit the key of the table.
        UnknownTable: there is none of this name.
    """
    described = connection.catalog().table(table)
    return typed_key(described, _parts(text) if len(described.key) > 1 else (text,))


def _parts(text: str) -> list[object]:
    if not text.startswith("["):
        return [*text.split(",")]
    try:
        return [*json.loads(text)]
    except ValueError as error:
        raise InvalidParameter(f"{text!r} is not a JSON array: {error}.") from error
