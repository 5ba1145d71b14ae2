"""Columns as typed SQL expressions: the column itself, a path into its JSON, a cast."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.sql import quoted_name

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.binds import Binds, text_of
from synthdb.storage.codecs import Codec, codec_of
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import BadRequest, InvalidValue
from synthdb_host.operations import ColumnRef

__all__ = ["Expression", "Scope", "cast_to", "expression_of", "source_of"]

_PLAIN_KEY: Final = re.compile(r'[^"\\\x00-\x1f\x7f]+')
_JSON: Final = ColumnType("json")
_TEXT: Final = ColumnType("text")


@dataclass(frozen=True, slots=True)
class Expression:
    """A SQL expression whose values have the storage form of ``codec``. ``label`` is how messages call it."""

    sql: sa.ColumnElement[Any]
    codec: Codec
    label: str
    not_null: bool = False

    @property
    def type(self) -> ColumnType:
        """The logical type of its values."""
        return self.codec.type


@dataclass(frozen=True, slots=True)
class Scope:
    """One occurrence of a table in a statement.

    Its columns come from ``source``; those in ``hidden`` are not to be seen.
    ``embeds`` gives for the name of an embed of the same select the condition that it has a row, or how many.
    """

    stored: StoredTable
    source: sa.FromClause
    hidden: frozenset[str] = frozenset()
    embeds: Mapping[str, Callable[..., sa.ColumnElement[Any]]] = field(default_factory=dict)

    def column(self, name: str) -> StoredColumn:
        """Find a column that may be seen.

        Raises:
            UnknownColumn: there is none of this name.
        """
        found = self.stored.columns.get(name)
        if found is not None and name not in self.hidden:
            return found
        table = self.stored.table
        visible = tuple(column for column in table.columns if column.name not in self.hidden)
        return self.stored.columns[replace(table, columns=visible).column(name).name]

    def visible(self) -> list[StoredColumn]:
        """List the columns that may be seen, in order."""
        return [column for name, column in self.stored.columns.items() if name not in self.hidden]

    def raw(self, column: StoredColumn) -> sa.ColumnElement[Any]:
        """Give the column as it is stored, which an index can serve."""
        return self.source.c[column.physical]

    def value(self, column: StoredColumn) -> sa.ColumnElement[Any]:
        """Give the column in its codec's form; a real column that began as integer is cast."""
        sql = self.raw(column)
        return sa.cast(sql, sa.REAL) if column.codec.type.name == "real" and column.affinity != "REAL" else sql


def source_of(stored: StoredTable, binds: Binds, alias: str | None = None) -> sa.FromClause:
    """Give the rows of a logical table, as something to select from; called like the physical table or ``alias``."""
    columns: list[sa.ColumnClause[Any]] = [
        sa.column(quoted_name(column.physical, quote=True)) for column in stored.columns.values()
    ]
    if not stored.is_plain:
        called = alias or stored.physical
        return sa.text(binds.rows(stored, called)).columns(*columns).subquery(quoted_name(called, quote=True))
    table = sa.table(quoted_name(stored.physical, quote=True), *columns)
    return table if alias is None else table.alias(quoted_name(alias, quote=True))


def expression_of(scope: Scope, ref: ColumnRef, error: type[BadRequest], *, raw: bool = False) -> Expression:
    """Turn a reference into SQL; with ``raw`` a plain column stays as it is stored, to compare or sort by.

    Raises:
        UnknownColumn: there is no such column.
        BadRequest: (as ``error``) the path or the cast cannot be applied.
    """
    column = scope.column(ref.name)
    sql = scope.raw(column) if raw and not ref.cast else scope.value(column)
    not_null = column.column.not_null or column.name == scope.stored.table.identity
    found = Expression(sql, column.codec, ref.name, not_null)
    if ref.path:
        found = _at_path(found, ref, error)
    return cast_to(found, ref.cast, error) if ref.cast else found


def _at_path(found: Expression, ref: ColumnRef, error: type[BadRequest]) -> Expression:
    if found.type.name != "json":
        raise error(f"Column {ref.name!r} is of type {found.type}; only json columns have paths into them.")
    label = ref.name + "".join(f"->{step}" for step in ref.path)
    path = _sqlite_path(ref.path)
    if path is None:
        steps = text_of(msgspec.json.encode(ref.path).decode())
        name = sa.func.synthdb_json_text if ref.as_text else sa.func.synthdb_json_at
        return Expression(name(found.sql, steps), codec_of(_TEXT if ref.as_text else _JSON), label)
    place = text_of(path)
    as_json = found.sql.op("->")(place)
    if not ref.as_text:
        return Expression(as_json, codec_of(_JSON), label)
    kind = sa.func.json_type(found.sql, place)
    # SQLite's own ->> would give 1 for true and round numbers; JSON's text of anything but a string is exact.
    text = sa.case(
        (kind == text_of("text"), found.sql.op("->>")(place)),
        (kind == text_of("null"), sa.null()),
        else_=as_json,
    )
    return Expression(text, codec_of(_TEXT), label)


def _sqlite_path(path: tuple[str | int, ...]) -> str | None:
    """Write a path as SQLite reads it; None if a key is one that SQLite's paths cannot name."""
    steps = ["$"]
    for step in path:
        if isinstance(step, int):
            steps.append(f"[{step}]" if step >= 0 else f"[#{step}]")
        elif _PLAIN_KEY.fullmatch(step):
            steps.append(f'."{step}"')
        else:
            return None
    return "".join(steps)


def cast_to(found: Expression, cast: str, error: type[BadRequest]) -> Expression:
    """Cast an expression; a value that has no counterpart in the type becomes NULL.

    Raises:
        BadRequest: (as ``error``) there is no such type.
    """
    try:
        target = ColumnType.parse(cast)
    except InvalidValue as problem:
        raise error(f"Column {found.label!r}: {problem.detail}", hint=problem.hint) from problem
    if target == found.type:
        return found
    source, codec = found.type.name, codec_of(target)
    if source == "integer" and target.name in ("text", "real"):
        sql: sa.ColumnElement[Any] = sa.cast(found.sql, sa.TEXT if target.name == "text" else sa.REAL)
    elif target.name == "text" and source in ("date", "timestamp", "uuid", "json"):
        sql = found.sql
    else:
        sql = sa.func.synthdb_cast(found.sql, text_of(str(found.type)), text_of(str(target)))
    return Expression(sql, codec, f"{found.label}::{cast}", found.not_null and target.name in ("text", "real"))
