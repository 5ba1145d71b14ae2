"""The logical types of a SQL statement's result.

SQLite knows which result columns are plainly columns of a table, but its Python driver does not say. It does
say how a view's columns are declared; so the statement becomes a view over empty tables in memory, each of
whose columns is declared as itself.
"""

import itertools
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any

import msgspec

from synthdb.catalog.model import StoredColumn
from synthdb.engine.binds import Value
from synthdb.engine.sql_tokens import fill, tokens_of
from synthdb.storage.codecs import Codec
from synthdb_host.catalog import ColumnType
from synthdb_host.encoding import Converter, ResultColumn

__all__ = ["Row", "Tables", "column_types", "distinct", "result_columns", "tolerant"]

Row = Sequence[Any]
Tables = Mapping[str, Sequence[StoredColumn]]

_COMBINING = frozenset({"union", "intersect", "except"})


def result_columns(statement: str, tables: Tables, names: Sequence[str], rows: Sequence[Row]) -> list[ResultColumn]:
    """Describe the columns of a result over ``tables``, given with the columns that may be seen.

    What is not plainly a table's column is typed by its values.
    """
    codecs = _codecs(statement, tables, len(names))
    columns = []
    for position, name in enumerate(distinct(names)):
        codec = codecs[position]
        if codec is None:
            columns.append(ResultColumn(name, _type_of_values(row[position] for row in rows)))
        else:
            columns.append(ResultColumn(name, codec.type, *tolerant(codec)))
    return columns


def column_types(statement: str, tables: Tables, size: int) -> list[ColumnType | None]:
    """Give the types that the columns of a result have whatever its rows are; None where they depend on those."""
    if any(token.kind == "name" and token.value.lower() in _COMBINING for token in tokens_of(statement)):
        return [None] * size
    return [None if codec is None else codec.type for codec in _codecs(statement, tables, size)]


def distinct(names: Sequence[str]) -> list[str]:
    """Number the names that occur more than once."""
    found: list[str] = []
    for name in names:
        unique, number = name, 1
        while unique in found:
            number += 1
            unique = f"{name}_{number}"
        found.append(unique)
    return found


def _codecs(statement: str, tables: Tables, size: int) -> list[Codec | None]:
    """Give the codec of each result column, None where it is not plainly a table's column."""
    known = [column for columns in tables.values() for column in columns]
    places = iter(range(len(known)))
    statement = fill(statement, tokens_of(statement), itertools.repeat("NULL"))
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            for name, columns in tables.items():
                declared = ", ".join(f"{_quote(column.name)} T_{next(places)}" for column in columns)
                connection.execute(f"CREATE TABLE {_quote(name)} ({declared})")
            connection.execute(f"CREATE VIEW result AS {statement}")
            types = [str(row[2]) for row in connection.execute("PRAGMA table_info(result)")]
        except sqlite3.Error:
            # It ran on the real tables, so only the types are at stake: values speak for themselves.
            return [None] * size
    if len(types) != size:
        return [None] * size
    return [known[int(name[2:])].codec if name.startswith("T_") else None for name in types]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _type_of_values(values: Iterable[Value]) -> ColumnType:
    kinds = {int: "integer", float: "real", bytes: "bytes"}
    first = next((value for value in values if value is not None), "")
    return ColumnType(kinds.get(type(first), "text"))


def tolerant(codec: Codec) -> tuple[Converter | None, Converter | None]:
    """Give converters that leave alone what is not of the type: a compound select may mix columns."""
    name = codec.type.name
    if name == "decimal":
        unit = Decimal(1).scaleb(-(codec.type.scale or 0))

        def number(value: Value) -> Decimal:
            return Decimal(str(value)).quantize(unit)

        return _trying(lambda value: msgspec.Raw(format(number(value), "f").encode())), _trying(number)
    if name == "json":
        return _trying(_raw_json), _trying(msgspec.json.decode)
    if name == "boolean":
        return _truth, _truth
    return None, None if codec.to_python is None else _trying(codec.to_python)


def _raw_json(text: str) -> msgspec.Raw:
    msgspec.json.decode(text)
    return msgspec.Raw(text.encode())


def _truth(value: Value) -> Value:
    return bool(value) if value in (0, 1) else value


def _trying(convert: Converter) -> Converter:
    def attempt(value: Value) -> Value:
        try:
            return convert(value)
        except (ValueError, TypeError, ArithmeticError, AttributeError, msgspec.MsgspecError):
            return value

    return attempt
