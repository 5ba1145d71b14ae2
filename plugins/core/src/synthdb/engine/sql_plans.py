"""Explaining a SQL statement: what it gives and reads, and how, without running it."""

import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from synthdb.catalog.model import StoredCatalog, StoredTable
from synthdb.engine.binds import Value
from synthdb.engine.sql_sentences import Node, Places, Sentence, sentences_of
from synthdb.engine.sql_tokens import tokens_of
from synthdb.engine.sql_types import column_types
from synthdb.engine.sql_views import SqlViews
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Restrictions, Result
from synthdb_host.encoding import ResultColumn, RowEncoder

__all__ = ["STEPS", "explain", "gives_and_reads", "places_of", "step"]

_COLUMNS: Final = {
    "level": "integer", "sentence": "text", "table": "text", "columns": "json", "index": "text", "rows": "integer",
    "plan": "text",
}  # fmt: skip
STEPS: Final = RowEncoder([ResultColumn.of_python(name, ColumnType(kind)) for name, kind in _COLUMNS.items()])
"""What an explanation is written with."""
_LAYERS: Final = ", whose rows are put together from several branches or versions"
_REPEATED: Final = re.compile(r"(.*):([0-9]+)", re.DOTALL)

_Columns = Mapping[str, str | None]


def places_of(
    connection: sqlite3.Connection, catalog: StoredCatalog, words: Collection[str], restrictions: Restrictions
) -> Places:
    """Find out what the physical names of the tables that a statement mentions stand for; call it unguarded."""
    mentioned = [stored for name, stored in catalog.tables.items() if name.lower() in words]
    tables: dict[str, StoredTable] = {}
    indexes: dict[str, tuple[str, ...]] = {}
    beside: set[str] = set()
    for stored in mentioned:
        tables[stored.physical.lower()] = tables[f"_r{stored.id}"] = stored
        logical = {column.physical: name for name, column in stored.columns.items()}
        for part in stored.parts:
            names = [row[1] for row in connection.execute(f"PRAGMA main.index_list({_quote(part)})").fetchall()]
            if part != stored.physical:
                beside |= {name.lower() for name in names}
                continue
            for name in names:
                columns = connection.execute(f"PRAGMA main.index_info({_quote(name)})").fetchall()
                indexes[name.lower()] = tuple(logical.get(row[2], row[2]) for row in columns)
    hidden = {
        stored.name: restrictions.tables[stored.name].hidden
        for stored in mentioned
        if stored.name in restrictions.tables
    }
    return Places(tables, indexes, frozenset(beside), hidden)


def explain(
    connection: sqlite3.Connection, views: SqlViews, places: Places, statement: str, parameters: Sequence[Value]
) -> Result:
    """Explain a statement on a connection that is prepared and guarded for it.

    Raises:
        sqlite3.Error: the statement does not fit the tables, or may not be run.
    """
    given = parameters or [None] * _parameter_count(statement)
    names = _names(connection, statement, given)
    plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", given).fetchall()
    nodes = [Node(row[0], row[1], str(row[3]).replace(views.nonce, "")) for row in plan]

    def count(table: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {_quote(table)}").fetchone()[0])

    kinds = column_types(statement, views.shown, len(names))
    gives = {name: None if kind is None else str(kind) for name, kind in zip(names, kinds, strict=True)}
    reads = [(name, _stored(places, name).is_layered, columns) for name, columns in _reads(views, places).items()]
    rows = gives_and_reads(gives, reads)
    # The plan itself would tell of columns and conditions that a policy hides.
    shown = [replace(item, plan="") if places.hidden else item for item in sentences_of(nodes, places, count)]
    rows += [step(sentence) for sentence in shown]
    return Result(STEPS, rows)


def gives_and_reads(gives: _Columns, reads: Iterable[tuple[str, bool, _Columns]]) -> list[tuple[Any, ...]]:
    """Say what columns a statement gives, and which it reads of each table, which may be read in layers."""
    rows = [step(Sentence(0, f"Gives {_listed(gives)}.", ""), gives)]
    for name, is_layered, columns in reads:
        layers = _LAYERS if is_layered else ""
        rows.append(step(Sentence(0, f"{_reading(name, columns)}{layers}.", "", name), columns))
    return rows


def _parameter_count(statement: str) -> int:
    """Count the values that a statement wants: ``?`` is one more than the highest so far, ``?7`` the seventh."""
    highest = 0
    for token in tokens_of(statement):
        if token.kind == "parameter":
            highest = max(highest, int(token.text[1:])) if token.text[1:] else highest + 1
    return highest


def _names(connection: sqlite3.Connection, statement: str, parameters: Sequence[Value]) -> list[str]:
    """Name the columns that a statement gives, as running it would."""
    cursor = connection.execute(f"SELECT * FROM ({statement}) LIMIT 0", parameters)
    names = [str(column[0]) for column in cursor.description]
    # As a subquery, SQLite numbers the repetition of a name from 1; as a result, it is numbered from 2.
    repeated = ((name, _REPEATED.fullmatch(name)) for name in names)
    return [f"{m[1]}_{int(m[2]) + 1}" if m and m[1] in names else name for name, m in repeated]


def _reads(views: SqlViews, places: Places) -> dict[str, _Columns]:
    """Give the columns that are read of each table that is used; none where its rows are only counted."""
    used = {table for table, column in views.reads if not column}
    found: dict[str, _Columns] = {}
    for name, shown in sorted(views.shown.items()):
        if _stored(places, name).physical.lower() in used:
            read = {column for table, column in views.reads if table == name.lower()}
            found[name] = {column.name: str(column.column.type) for column in shown if column.name.lower() in read}
    return found


def _stored(places: Places, name: str) -> StoredTable:
    return next(stored for stored in places.tables.values() if stored.name == name)


def _reading(table: str, columns: _Columns) -> str:
    return f"Reads {_listed(columns)} of {table}" if columns else f"Counts rows of {table}"


def _listed(columns: _Columns) -> str:
    names = [name if kind is None else f"{name} ({kind})" for name, kind in columns.items()]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def step(sentence: Sentence, columns: _Columns | None = None) -> tuple[Any, ...]:
    """Write a sentence as a row of an explanation."""
    named = None if columns is None else dict(columns)
    return (
        sentence.level, sentence.text, sentence.table, named, sentence.index, sentence.rows, sentence.plan or None,
    )  # fmt: skip


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
