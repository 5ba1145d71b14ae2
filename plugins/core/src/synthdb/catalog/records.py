"""What the versioned catalog rows hold, and how conditions are written down.

Everything refers to tables and columns by id, so that a rename changes one row and nothing else.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from synthdb_host.catalog import ColumnType, OnDelete, TableMode
from synthdb_host.errors import InvalidFilter
from synthdb_host.inference import infer
from synthdb_host.operations import And, ColumnRef, Comparison, Filter, Not, Or
from synthdb_host.operations import Literal as Text
from synthdb_host.values import format_text, parse_text

__all__ = [
    "ColumnRecord",
    "ConstraintRecord",
    "TableRecord",
    "compared_columns",
    "condition_from",
    "condition_to",
    "value_from",
    "value_to",
]


class ConstraintRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """An index, unique key, foreign key or check. ``physical`` is the index that serves it, if any."""

    kind: Literal["index", "unique", "foreign", "check"]
    name: str
    columns: tuple[int, ...] = ()
    physical: str | None = None
    table: int | None = None
    references: tuple[int, ...] = ()
    on_delete: OnDelete = "no_action"
    condition: Any = None


class TableRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table as of some commit. One that is ``gone`` was dropped for good; it is still there for other branches."""

    name: str
    identity: int
    key: tuple[int, ...]
    generated: Literal["integer", "uuid7"] = "integer"
    mode: TableMode = "flexible"
    constraints: tuple[ConstraintRecord, ...] = ()
    comment: str | None = None
    dropped: bool = False
    gone: bool = False
    preconditions: bool = False


class ColumnRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column as of some commit; ``default`` is a typed value, see :func:`value_to`. For ``gone`` see above."""

    name: str
    type: str
    physical: str
    affinity: str
    not_null: bool = False
    default: tuple[str, str] | None = None
    has_default: bool = False
    inferred: bool = False
    comment: str | None = None
    dropped: bool = False
    gone: bool = False


def value_to(value: object) -> tuple[str, str] | None:
    """Write a value as its type and text form; None stays None."""
    if value is None:
        return None
    # Text stays text, even if it is written as a date is.
    column_type = ColumnType("text") if isinstance(value, str) else infer(value)
    return str(column_type), format_text(column_type, value)


def value_from(written: tuple[str, str] | list[str] | None) -> Any:  # noqa: ANN401 - any column value
    """Read what :func:`value_to` wrote."""
    return None if written is None else parse_text(ColumnType.parse(written[0]), written[1])


def condition_to(condition: Filter, column_id: Callable[[str], int]) -> Any:  # noqa: ANN401 - JSON
    """Write a check as JSON.

    Raises:
        InvalidFilter: it holds something that a check may not: an aggregate or an embed.
    """
    if isinstance(condition, And | Or):
        kind = "and" if isinstance(condition, And) else "or"
        return [kind, *(condition_to(item, column_id) for item in condition.items)]
    if isinstance(condition, Not):
        return ["not", condition_to(condition.item, column_id)]
    if not isinstance(condition, Comparison) or not isinstance(condition.column, ColumnRef):
        raise InvalidFilter("A check can only compare columns of its own row.")
    column = condition.column
    return [
        "compare", column_id(column.name), list(column.path), column.as_text, column.cast, condition.operator,
        _operand_to(condition.value), condition.quantifier,
    ]  # fmt: skip


def condition_from(written: Any, column_name: Callable[[int], str]) -> Filter:  # noqa: ANN401 - JSON
    """Read what :func:`condition_to` wrote."""
    kind, *rest = written
    if kind in ("and", "or"):
        items = tuple(condition_from(item, column_name) for item in rest)
        return And(items) if kind == "and" else Or(items)
    if kind == "not":
        return Not(condition_from(rest[0], column_name))
    column, path, as_text, cast, operator, operand, quantifier = rest
    reference = ColumnRef(column_name(column), tuple(path), as_text, cast)
    return Comparison(reference, operator, _operand_from(operand), quantifier)


def compared_columns(condition: object) -> Iterator[str]:
    """Give the names of the columns that a check compares."""
    if isinstance(condition, And | Or):
        for item in condition.items:
            yield from compared_columns(item)
    elif isinstance(condition, Not):
        yield from compared_columns(condition.item)
    elif isinstance(condition, Comparison) and isinstance(condition.column, ColumnRef):
        yield condition.column.name


def _operand_to(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list | tuple | set | frozenset):
        return {"items": [_operand_to(item) for item in value]}
    if isinstance(value, Text):
        return {"text": str(value)}
    return {"value": value_to(value)}


def _operand_from(written: dict[str, Any]) -> object:
    if "items" in written:
        return tuple(_operand_from(item) for item in written["items"])
    return Text(written["text"]) if "text" in written else value_from(written["value"])
