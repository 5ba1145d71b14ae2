"""Temporary views that show logical tables to SQL, and the guard that lets nothing else be read.

A logical table ``films`` becomes a view ``films`` over a view with a random name, and only that one may read
the physical table. The random name is what makes it hold: SQLite tells its authorizer the name of the
innermost view *or common table expression* that reads, and anybody can name an expression ``films``.

SQLite does not say who counts a table's rows without reading a column. Therefore no name may be qualified
with a database (see ``sql``), and each physical name in the statement that is not a logical one is covered by
a view that cannot be read.
"""

import math
import re
import secrets
import sqlite3
from collections.abc import Collection
from typing import Final

from synthdb.catalog.model import StoredCatalog, StoredColumn, StoredTable
from synthdb.engine.conditions import Condition, compile_condition
from synthdb.engine.functions import FUNCTION_NAMES
from synthdb.engine.shapes import values_of
from synthdb.engine.sql_functions import ALLOWED_FUNCTIONS
from synthdb.engine.sql_tokens import fill, tokens_of
from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.operations import Filter

__all__ = ["NUMBER_DIGITS", "SqlViews", "shown_as"]

NUMBER_DIGITS: Final = 15
"""Decimals of up to so many digits are numbers in SQL, longer ones text."""

_JSON_TABLES: Final = frozenset({"json_each", "json_tree"})
_LAYER: Final = re.compile(r'"(?:[^"]|"")*"|\b(_[rx])\b')
_UNRESTRICTED: Final = TableRestriction()


class SqlViews:
    """The views of one statement, on one connection.

    ``shown`` are the columns of the tables it mentions. ``reads`` is, once it is compiled, what it reads, in lower
    case: logical tables with a column, and physical ones without.

    Args:
        words: every name that the statement mentions, in lower case.
        fenced: rows that a policy hides must not meet the statement's own functions, which could tell of them
            by failing; this keeps the planner from mixing the two.
        marked: let plans tell the layers of one table's rows from another's.
    """

    def __init__(
        self, connection: sqlite3.Connection, words: Collection[str], *, fenced: bool, marked: bool = False
    ) -> None:
        self.nonce = f"_{secrets.token_hex(12)}"
        self._connection = connection
        self._words = words
        self._fenced = fenced
        self._marked = marked
        self._readable: dict[str, frozenset[str]] = {}
        self._names: set[str] = set()
        self._modules: frozenset[str] = frozenset()
        self.shown: dict[str, list[StoredColumn]] = {}
        self.reads: set[tuple[str, str]] = set()
        self.denied: str | None = None

    def create(self, catalog: StoredCatalog, restrictions: Restrictions) -> None:
        """Make the views for the tables mentioned."""
        self._modules = frozenset(row[0].lower() for row in self._connection.execute("PRAGMA module_list"))
        logical = {name.lower(): stored for name, stored in catalog.tables.items()}
        for word in sorted(self._words):
            if word in logical:
                stored = logical[word]
                self._show(catalog, stored, restrictions.tables.get(stored.name, _UNRESTRICTED))
        for name in self._physical_names():
            if name.lower() not in logical:
                self._execute(f"CREATE TEMP VIEW {_quote(name)} AS SELECT 1 FROM {_quote(self.absent)}")
        for name in _JSON_TABLES:
            # Their first use in a connection defines them, which the guard would take for a change of schema.
            self._execute(f"SELECT 1 FROM {name}('[]')")

    @property
    def absent(self) -> str:
        """The name of a table that does not exist."""
        return f"{self.nonce}_absent"

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement).close()

    def _physical_names(self) -> list[str]:
        """List the physical tables that the statement mentions."""
        rows = self._connection.execute("SELECT name FROM main.sqlite_master WHERE type IN ('table', 'view')")
        return [row[0] for row in rows if row[0].lower() in self._words and not row[0].lower().startswith("sqlite_")]

    def _show(self, catalog: StoredCatalog, stored: StoredTable, restriction: TableRestriction) -> None:
        hidden = f"{self.nonce}_{stored.id}"
        shown = self.shown[stored.name] = [
            column for name, column in stored.columns.items() if name not in restriction.hidden
        ]
        columns = ", ".join(f"{shown_as(column)} AS {_quote(column.name)}" for column in shown) or "NULL AS nothing"
        rows = stored.rows(schema="main.")
        body = f"SELECT {columns} FROM {_marked(rows, stored.id) if self._marked else rows}"
        if restriction.rows is not None:
            body += " WHERE " + _inlined(compile_condition(catalog, stored, restriction.rows), restriction.rows)
            body += " LIMIT -1 OFFSET 0" if self._fenced else ""
        self._execute(f"CREATE TEMP VIEW {_quote(hidden)} AS {body}")
        self._execute(f"CREATE TEMP VIEW {_quote(stored.name)} AS SELECT * FROM temp.{_quote(hidden)}")
        self._readable[hidden] = frozenset(name.lower() for name in stored.parts)
        self._names |= {hidden.lower(), stored.name.lower()}

    # -- the guard ---------------------------------------------------------------------------------------

    def authorize(
        self, action: int, first: str | None, second: str | None, database: str | None, source: str | None
    ) -> int:
        """Answer SQLite's question whether a part of a statement may be compiled."""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            name = (second or "").lower()
            if name in ALLOWED_FUNCTIONS or name in FUNCTION_NAMES:
                return sqlite3.SQLITE_OK
            self.denied = self.denied or f"The function {name!r} cannot be used here."
        elif action == sqlite3.SQLITE_READ:
            if self._may_read((first or "").lower(), second or "", database, source):
                # A physical table may be called like a logical one; of the first only the name matters.
                self.reads.add(((first or "").lower(), (second or "").lower() if database == "temp" else ""))
                return sqlite3.SQLITE_OK
            self.denied = self.denied or f"There is no table {first!r}."
        else:
            self.denied = self.denied or "Only a single SELECT, WITH or VALUES statement can be run."
        return sqlite3.SQLITE_DENY

    def _may_read(self, table: str, column: str, database: str | None, source: str | None) -> bool:
        if source is not None and table in self._readable.get(source, ()):
            return True
        if database == "temp":
            return table in self._names
        if table in _JSON_TABLES:
            return True
        if column:
            return False
        known = any(table in tables for tables in self._readable.values())
        return known or table in self._names or self._is_made_up(table)

    def _is_made_up(self, table: str) -> bool:
        """Say whether it must be the name of a common table expression."""
        return not (table.startswith(("sqlite_", "pragma_")) or table in self._modules)


def shown_as(column: StoredColumn) -> str:
    """Write a physical column as SQL users see it: a real is a real, a decimal a number or text."""
    name, column_type = _quote(column.physical), column.codec.type
    if column_type.name == "real" and column.affinity != "REAL":
        return f"CAST({name} AS REAL)"
    if column_type.name != "decimal":
        return name
    if (column_type.precision or 0) <= NUMBER_DIGITS and column.codec.declared == "INTEGER":
        return f"({name} / 1e{column_type.scale or 0})"
    return f"synthdb_cast({name}, '{column_type}', 'text')"


def _marked(rows: str, number: int) -> str:
    """Put a table's number behind the names that ``catalog.layering`` gives to the layers of its rows."""
    return _LAYER.sub(lambda match: f"{match[1]}{number}" if match[1] else match[0], rows)


def _inlined(condition: Condition, rows: Filter) -> str:
    """Write the values of a condition into it, because a view has no parameters."""
    values = condition.parameters(values_of(rows))
    return fill(condition.sql, tokens_of(condition.sql), [_constant(value) for value in values])


def _constant(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float) and math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    return repr(value)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
