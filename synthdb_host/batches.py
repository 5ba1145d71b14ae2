"""Batches: parts that run one after the other, and values that one takes from another's result."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidReference, RequestError
from synthdb_host.operations import (
    And,
    Batch,
    Comparison,
    Delete,
    Filter,
    Insert,
    Not,
    Operation,
    Or,
    Reference,
    Select,
    Update,
)

__all__ = ["map_filter", "map_values", "resolved", "run_parts"]

_Map = Callable[[Any], Any]


def run_parts(batch: Batch, run: Callable[[Operation], Result]) -> tuple[Result, ...]:
    """Run the parts of a batch, each with the values that it takes from those before.

    Raises:
        InvalidReference: there is no such value.
        RequestError: what a part raised; its data says which.
    """
    results: list[Result] = []
    for number, part in enumerate(batch.operations):
        try:
            results.append(run(resolved(part, results) if batch.references else part))
        except RequestError as error:
            error.data.setdefault("operation", number)
            raise
    return tuple(results)


def resolved(operation: Operation, results: Sequence[Result]) -> Operation:
    """Put what earlier parts gave in the place of references.

    Raises:
        InvalidReference: there is no such part, or it does not give one row with this column.
    """
    return map_values(operation, lambda value: _value(value, results) if isinstance(value, Reference) else value)


def _value(reference: Reference, results: Sequence[Result]) -> object:
    where = f"${reference.part}.{reference.name}"
    if reference.part >= len(results):
        raise InvalidReference(f"There is no operation {reference.part} before this one.", where=where)
    rows = results[reference.part].python()
    if reference.every and all(reference.name in row for row in rows):
        return tuple([row[reference.name] for row in rows])
    if len(rows) != 1 or reference.name not in rows[0]:
        found = f"{len(rows)} rows" if len(rows) != 1 else "no such column"
        raise InvalidReference(
            f"Operation {reference.part} gives {found}.", hint="It must give one row with this column.", where=where
        )
    return rows[0][reference.name]


def map_values(operation: Operation, change: _Map) -> Operation:
    """Give an operation in which each value of a row, an update or a condition is changed."""
    match operation:
        case Insert():
            rows = [tuple([change(cell) for cell in row]) for row in operation.rows]
            conflict, returning = operation.on_conflict, _select(operation.returning, change)
            if conflict is not None and conflict.where is not None:
                conflict = replace(conflict, where=map_filter(conflict.where, change))
            return replace(operation, rows=rows, on_conflict=conflict, returning=returning)
        case Update():
            values = {name: change(value) for name, value in operation.values.items()}
            where, returning = map_filter(operation.where, change), _select(operation.returning, change)
            return replace(operation, values=values, where=where, returning=returning)
        case Delete():
            where, returning = map_filter(operation.where, change), _select(operation.returning, change)
            return replace(operation, where=where, returning=returning)
        case Select():
            return _select(operation, change) or operation
    return operation


def _select(select: Select | None, change: _Map) -> Select | None:
    if select is None:
        return None
    embeds = tuple(replace(embed, select=_select(embed.select, change) or embed.select) for embed in select.embeds)
    where, having = map_filter(select.where, change), map_filter(select.having, change)
    return replace(select, where=where, having=having, embeds=embeds)


def map_filter(condition: Filter | None, change: _Map) -> Filter | None:
    """Give a condition in which each value is changed."""
    match condition:
        case And(items) | Or(items):
            found = [map_filter(item, change) for item in items]
            return replace(condition, items=tuple(item for item in found if item is not None))
        case Not(item):
            return Not(map_filter(item, change) or item)
        case Comparison(value=tuple() as values):
            return replace(condition, value=tuple(_flat(change(value) for value in values)))
        case Comparison():
            return replace(condition, value=change(condition.value))
    return condition


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    """Put what a reference to several rows stands for among the other values."""
    for value in values:
        yield from value if isinstance(value, tuple) else (value,)
