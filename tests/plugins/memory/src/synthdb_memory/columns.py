"""What a column reference means: its type, and how to take its value from a row."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from synthdb_host.catalog import ColumnType, Table
from synthdb_host.errors import InvalidValue, UnknownOperator
from synthdb_host.operations import ColumnRef
from synthdb_host.values import adapt, convert, format_text, parse_text

__all__ = ["JSON", "TEXT", "Getter", "cast_value", "resolve"]

JSON = ColumnType("json")
TEXT = ColumnType("text")

Getter = Callable[[Mapping[str, Any]], Any]


def resolve(table: Table, reference: ColumnRef) -> tuple[ColumnType, Getter]:
    """Give the type of a reference and a function that takes its value from a row.

    Raises:
        UnknownColumn: the table has no such column.
        UnknownOperator: a path leads into a column that is not json.
    """
    name = reference.name
    column_type = table.column(name).type
    getter: Getter = lambda row: row[name]  # noqa: E731 - a function is built step by step here
    if reference.path:
        if column_type != JSON:
            raise UnknownOperator(f"Column {name!r} is {column_type}; only json has paths.")
        getter = _at_path(getter, reference.path, as_text=reference.as_text)
        column_type = TEXT if reference.as_text else JSON
    if reference.cast is None:
        return column_type, getter
    target = ColumnType.parse(reference.cast)
    return target, _cast(getter, column_type, target)


def _at_path(getter: Getter, path: tuple[str | int, ...], *, as_text: bool) -> Getter:
    def value(row: Mapping[str, Any]) -> Any:
        found = getter(row)
        for step in path:
            found = _step(found, step)
        if not as_text or found is None:
            return found
        return found if isinstance(found, str) else format_text(JSON, found)

    return value


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
        return value[step]
    return None


def _cast(getter: Getter, source: ColumnType, target: ColumnType) -> Getter:
    return lambda row: cast_value(getter(row), source, target)


def cast_value(value: Any, source: ColumnType, target: ColumnType) -> Any:
    """Cast a value as the caller asked; unlike a conversion, a cast may round to an integer.

    Raises:
        InvalidValue: the value has no counterpart in the other type.
    """
    if value is None or source == target:
        return value
    if source == JSON and target != TEXT:
        return adapt(target, value)
    if target in {TEXT, JSON}:
        return convert(value, source, target)
    if isinstance(value, str):
        return parse_text(target, value)
    if target.name == "integer" and isinstance(value, float | Decimal):
        return adapt(target, round(value))
    if isinstance(value, bool):
        if target.name != "integer":
            raise InvalidValue(f"A boolean cannot be cast to {target}.")
        return int(value)
    return adapt(target, value)
