"""A difference between two states as SQL statements."""

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from synthdb.library.changesets import Changeset, RowChange, TableChanges
from synthdb.library.exact import encode_exact
from synthdb_host.catalog import Catalog

__all__ = ["sql_patch"]

_DECLARED: Mapping[str, str] = {"bytes": "BLOB", "real": "REAL", "json": "JSON"}


def sql_patch(changeset: Changeset, catalog: Catalog) -> Iterator[str]:
    """Write statements, one a line, that make the changes; what is missing of them in the catalog is made first."""
    yield f"-- {changeset.base} -> {changeset.target}"
    yield "BEGIN;"
    for table in changeset.tables:
        yield from _definitions(table, catalog)
        for row in table.rows:
            yield _statement(table, row)
    yield "COMMIT;"


def _definitions(table: TableChanges, catalog: Catalog) -> Iterator[str]:
    known = catalog.tables.get(table.table)
    columns = {name: f"{_name(name)} {_DECLARED.get(kind, kind.upper())}" for name, kind in table.columns.items()}
    if known is None:
        yield _creation(table, columns.values())
        return
    for name, column in columns.items():
        if name not in known.by_name:
            yield f"ALTER TABLE {_name(table.table)} ADD COLUMN {column};"


def _creation(table: TableChanges, columns: Iterable[str]) -> str:
    key = ", ".join(map(_name, table.key))
    return f"CREATE TABLE {_name(table.table)} ({', '.join([*columns, f'PRIMARY KEY ({key})'])});"


def _statement(table: TableChanges, row: RowChange) -> str:
    name = _name(table.table)
    if row.old is None:
        values = row.new or {}
        cells = ", ".join(_literal(table, column, value) for column, value in values.items())
        return f"INSERT INTO {name} ({', '.join(map(_name, values))}) VALUES ({cells});"  # noqa: S608 - quoted
    where = " AND ".join(_equal(table, column, row.old.get(column)) for column in table.key)
    if row.new is None:
        return f"DELETE FROM {name} WHERE {where};"  # noqa: S608 - quoted
    sets = ", ".join(f"{_name(c)} = {_literal(table, c, value)}" for c, value in row.changed().items())
    return f"UPDATE {name} SET {sets} WHERE {where};"  # noqa: S608 - quoted


def _equal(table: TableChanges, column: str, value: object) -> str:
    return f"{_name(column)} IS NULL" if value is None else f"{_name(column)} = {_literal(table, column, value)}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(table: TableChanges, column: str, value: object) -> str:
    kind = table.columns.get(column, "text")
    if value is None:
        return "NULL"
    if kind == "json":
        return _quoted(encode_exact(value).decode())
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if kind == "bytes":
        return f"X'{b64decode(str(value)).hex()}'"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
