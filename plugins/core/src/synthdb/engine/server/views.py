"""Temporary views that show logical tables to SQL on PostgreSQL.

They belong to the role of the database and live in a transaction that is rolled back; another role, which has no rights
at all, is granted nothing but to read them while it lasts.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from synthdb.catalog.model import StoredCatalog, StoredColumn, StoredTable
from synthdb.engine.conditions import compile_condition
from synthdb.engine.naming import quote
from synthdb.engine.shapes import values_of
from synthdb.engine.sql_views import shown_as
from synthdb.storage.postgresql.rewriting import rewrite
from synthdb_host.contracts import Restrictions, TableRestriction

__all__ = ["ServerViews"]

_PLACE: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)""")
_UNRESTRICTED: Final = TableRestriction()


@dataclass(frozen=True, slots=True)
class ServerViews:
    """The views of a statement: ``shown`` are the columns of the tables it mentions, by the names of the views."""

    shown: Mapping[str, list[StoredColumn]]
    tables: Mapping[str, StoredTable]
    statements: tuple[str, ...]

    @classmethod
    def of(
        cls, catalog: StoredCatalog, words: Collection[str], restrictions: Restrictions, schema: str
    ) -> "ServerViews":
        """Make the definitions of the views for those tables that are among the words, in lower case."""
        shown: dict[str, list[StoredColumn]] = {}
        tables: dict[str, StoredTable] = {}
        statements: list[str] = []
        for stored in catalog.tables.values():
            if stored.name.lower() not in words:
                continue
            restriction = restrictions.tables.get(stored.name, _UNRESTRICTED)
            columns = [column for name, column in stored.columns.items() if name not in restriction.hidden]
            body = _body(catalog, stored, columns, restriction, schema)
            # PostgreSQL takes a name without quotes for one in small letters.
            for name in {stored.name, stored.name.lower()}:
                shown[name], tables[name] = columns, stored
                statements.append(f"CREATE TEMP VIEW {quote(name)} WITH (security_barrier) AS {body}")
        return cls(shown, tables, tuple(statements))


def _body(
    catalog: StoredCatalog, stored: StoredTable, columns: list[StoredColumn], restriction: TableRestriction, schema: str
) -> str:
    listed = ", ".join(f"{shown_as(column)} AS {quote(column.name)}" for column in columns) or "NULL AS nothing"
    body, values = f"SELECT {listed} FROM {stored.rows(schema=f'{quote(schema)}.')}", ()
    if restriction.rows is not None:
        condition = compile_condition(catalog, stored, restriction.rows)
        body, values = f"{body} WHERE {condition.sql}", condition.parameters(values_of(restriction.rows))
    rewritten = rewrite(body)
    constants = [_constant(value) for value in rewritten.bound(values)]
    # A view has no parameters.
    return _PLACE.sub(lambda match: constants[int(match[1]) - 1] if match[1] else match[0], rewritten.sql)


def _constant(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case list():
            return _text("{" + ", ".join([_item(item) for item in value]) + "}")
        case bytes():
            return f"CAST('\\x{value.hex()}' AS bytea)"
        case float():
            return f"CAST('{value}' AS double precision)"
        case int():
            return str(int(value))
    return _text(str(value))


def _item(value: object) -> str:
    """Write an item of an array."""
    if value is None:
        return "NULL"
    text = f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
