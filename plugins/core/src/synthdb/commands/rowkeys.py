"""Keys of rows on the command line."""

from synthdb.library.connection import Connection
from synthdb_host.errors import InvalidParameter
from synthdb_host.values import adapt

__all__ = ["key_from"]


def key_from(connection: Connection, table: str, text: str) -> tuple[object, ...]:
    """Read a key: the text of its column, or of several with commas between them.

    Raises:
        InvalidParameter: it has another number of parts.
        InvalidValue: a part is not of its column's type.
        UnknownTable: there is none of this name.
    """
    described = connection.catalog().table(table)
    parts = text.split(",") if len(described.key) > 1 else [text]
    if len(parts) != len(described.key):
        raise InvalidParameter(f"The key of {table!r} is {','.join(described.key)}, which {text!r} does not fit.")
    pairs = zip(described.key, parts, strict=True)
    return tuple(adapt(described.column(name).type, part) for name, part in pairs)
