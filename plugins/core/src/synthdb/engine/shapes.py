"""Shapes: what is the same about two reads that differ only in their values.

A plan is compiled once per shape and kept; a read then costs only its values. A shape is a hashable tree of
names and operators; the values stand beside it in pre-order. Whatever changes a statement's text is part of
the shape (``is null``, the number of items of a quantified comparison); whatever can be bound is a value (an
``in`` list of any length is one).

The order of a select's values: its where, its having, limit, offset, the position after which it begins, then those of
each embed.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from synthdb_host.contracts import TableRestriction
from synthdb_host.errors import InvalidFilter, TooComplex
from synthdb_host.operations import (
    Aggregate,
    And,
    ColumnRef,
    Comparison,
    Embed,
    EmbedCount,
    EmbedExists,
    Filter,
    Not,
    Or,
    Order,
    Select,
)

__all__ = [
    "SelectLayout",
    "layout_of",
    "restrictions_shape",
    "select_shape",
    "shape_of",
    "size_of",
    "tables_of",
    "values_of",
]

_MAX_DEPTH: Final = 60
_MAX_QUANTIFIED: Final = 100


def shape_of(condition: Filter | None) -> Hashable:
    """Give the shape of a condition: equal for conditions that differ only in values.

    Raises:
        TooComplex: it is nested too deeply, or a quantified comparison has too many items.
    """
    return _condition(condition, [], 0)


def values_of(condition: Filter | None) -> tuple[object, ...]:
    """Give the values of a condition in pre-order."""
    values: list[object] = []
    _condition(condition, values, 0)
    return tuple(values)


def select_shape(select: Select) -> tuple[Hashable, tuple[object, ...]]:
    """Give the shape and the values of a whole select."""
    values: list[object] = []
    return _select(select, values, 0), tuple(values)


def restrictions_shape(tables: Mapping[str, TableRestriction], select: Select) -> tuple[Hashable, tuple[object, ...]]:
    """Give the shape and the values of the restrictions on the tables that a select reads."""
    values: list[object] = []
    shape = []
    for name in tables_of(select):
        restriction = tables.get(name)
        if restriction is not None:
            shape.append((name, _condition(restriction.rows, values, 0), restriction.hidden))
    return tuple(shape), tuple(values)


def tables_of(select: Select) -> tuple[str, ...]:
    """Name the tables that a select reads, each once, outermost first."""
    if not select.embeds:
        return (select.table,)
    found = {select.table: None}
    for embed in select.embeds:
        found |= dict.fromkeys(tables_of(embed.select))
    return tuple(found)


def size_of(condition: Filter | None) -> int:
    """Count the values of a condition."""
    return len(values_of(condition))


@dataclass(frozen=True, slots=True)
class SelectLayout:
    """Where the values of a select lie: the index of the first value of each part, and of what follows."""

    where: int
    having: int
    limit: int
    offset: int
    after: int
    embeds: tuple["SelectLayout", ...]
    end: int


def layout_of(select: Select, start: int = 0) -> SelectLayout:
    """Say where each part's values lie if the select's first value has the index ``start``."""
    having = start + size_of(select.where)
    limit = having + size_of(select.having)
    offset = limit + (select.limit is not None)
    after = offset + (select.offset != 0)
    end = after + (0 if select.after is None else len(select.after.row))
    embeds = []
    for embed in select.embeds:
        embeds.append(layout_of(embed.select, end))
        end = embeds[-1].end
    return SelectLayout(start, having, limit, offset, after, tuple(embeds), end)


def _condition(item: Filter | None, values: list[object], depth: int) -> Hashable:
    kind = type(item)
    if kind is Comparison:
        return _comparison(item, values)  # type: ignore[arg-type]  # narrowed by the line above, faster than isinstance
    if item is None:
        return None
    if depth > _MAX_DEPTH:
        raise TooComplex(f"The condition is nested more than {_MAX_DEPTH} levels deep.")
    if isinstance(item, And | Or):
        return (kind, *[_condition(part, values, depth + 1) for part in item.items])
    if isinstance(item, Not):
        return (kind, _condition(item.item, values, depth + 1))
    if isinstance(item, EmbedExists):
        return (kind, item.embed)
    if isinstance(item, EmbedCount):
        values.append(item.value)
        return (kind, item.embed, item.operator)
    raise InvalidFilter(f"{item!r} is not a condition.")


def _comparison(item: Comparison, values: list[object]) -> Hashable:
    column, operator = item.column, item.operator
    name = column.name if type(column) is ColumnRef and not column.path and column.cast is None else _source(column)
    if operator == "is":
        return (name, operator, repr(item.value))
    values.append(item.value)
    if item.quantifier is None:
        return (name, operator)
    return (name, operator, item.quantifier, _items(item))


def _items(item: Comparison) -> int:
    if not isinstance(item.value, list | tuple | set | frozenset):
        raise InvalidFilter(f"{item.operator}({item.quantifier}) takes a list of values.")
    if len(item.value) > _MAX_QUANTIFIED:
        raise TooComplex(f"{item.operator}({item.quantifier}) takes at most {_MAX_QUANTIFIED} values.")
    return len(item.value)


def _source(source: ColumnRef | Aggregate | None) -> Hashable:
    if type(source) is ColumnRef:
        path = tuple([(type(step), step) for step in source.path])
        return (source.name, path, source.as_text, source.cast)
    if isinstance(source, Aggregate):
        return (Aggregate, source.function, _source(source.column), source.cast, source.distinct)
    return None


def _select(select: Select, values: list[object], depth: int) -> Hashable:
    if depth > _MAX_DEPTH:
        raise TooComplex(f"The select is nested more than {_MAX_DEPTH} levels deep.")
    where = _condition(select.where, values, 0) if select.where is not None else None
    having = _condition(select.having, values, 0) if select.having is not None else None
    limited, skips = select.limit is not None, select.offset != 0
    if limited:
        values.append(select.limit)
    if skips:
        values.append(select.offset)
    after = None
    if select.after is not None:
        values += select.after.row
        after = tuple([value is None for value in select.after.row])
    return (
        select.table,
        tuple([_output(output.source, output.name) for output in select.outputs]) if select.outputs else (),
        where,
        having,
        tuple([_order(order) for order in select.order]) if select.order else (),
        limited,
        skips,
        select.count,
        select.bare,
        select.versions,
        select.positioned,
        after,
        tuple([_embed(embed, values, depth) for embed in select.embeds]) if select.embeds else (),
    )  # fmt: skip


def _output(source: ColumnRef | Aggregate, name: str) -> Hashable:
    if type(source) is ColumnRef and not source.path and source.cast is None:
        return name if name == source.name else (source.name, name)
    return (_source(source), name)


def _order(order: Order) -> Hashable:
    return (_source(order.column), order.descending, order.nulls, order.embed)


def _embed(embed: Embed, values: list[object], depth: int) -> Hashable:
    shape = _select(embed.select, values, depth + 1)
    flags = (embed.many, embed.inner, embed.spread, embed.hidden)
    return (embed.name, embed.local, embed.remote, flags, shape)
