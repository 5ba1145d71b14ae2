"""Completion of values that were read at another state than the one that the schema describes.

There a column may have no value although the schema says that it has one, or have values of another type. Both are
errors of the field, and null spreads as the specification says.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from graphql import GraphQLError, is_non_null_type

from synthdb.graphql.bindings import AggregatedColumn, ColumnField, binding
from synthdb.graphql.layouts import Cell, Connected, Edges, Layout, Rows, Within
from synthdb.graphql.plans.collecting import Selected
from synthdb.graphql.scalars import scalar_of
from synthdb_host.encoding import ResultColumn
from synthdb_host.errors import InvalidSelect

__all__ = ["check_types", "completed"]

_Path = tuple[str | int, ...]


def check_types(layout: Layout, columns: Sequence[ResultColumn]) -> None:
    """Check that values are of the types of the schema.

    Raises:
        InvalidSelect: a column had another type then.
    """
    known = {column.name: column for column in columns}
    for member, found in _members(layout, known):
        if isinstance(member, Rows | Connected):
            check_types(member.layout, found.nested or ())
            continue
        bound = binding(member.field.definition) if member.field.definition is not None else None
        if not isinstance(bound, ColumnField | AggregatedColumn):
            continue
        if bound.column.type.name != found.type.name and scalar_of(bound.column.type) is not scalar_of(found.type):
            raise InvalidSelect(
                f"Column {bound.column.name!r} was of type {found.type} then; in the schema it is {bound.column.type}.",
                hint="Ask at the address of that state, whose schema is its own.",
            )


def _members(layout: Layout, known: dict[str, ResultColumn]) -> Iterator[tuple[Cell | Connected | Rows, ResultColumn]]:
    for _, member in layout.members:
        if isinstance(member, Within | Edges):
            yield from _members(member.layout, known)
        elif isinstance(member, Cell | Connected | Rows) and member.column in known:
            yield member, known[member.column]


def completed(rows: Rows | Connected, objects: Sequence[Any], path: _Path, errors: list[GraphQLError]) -> None:
    """Put null where it spreads to; errors are added.

    Raises:
        GraphQLError: null spreads to the field itself.
    """
    if isinstance(rows, Connected):
        _complete(rows.layout, objects[0], path, errors)
        return
    if rows.how == "many":
        _complete_all(rows.layout, objects, path, errors)
        return
    for item in objects:
        _complete(rows.layout, item, path, errors)


def _complete_all(layout: Layout, objects: Sequence[Any], path: _Path, errors: list[GraphQLError]) -> None:
    for number, item in enumerate(objects):
        _complete(layout, item, (*path, number), errors)


def _complete(layout: Layout, item: Any, path: _Path, errors: list[GraphQLError]) -> None:  # noqa: ANN401 - a generated class
    for place, (key, member) in enumerate(layout.members):
        own = (*path, key)
        value = getattr(item, f"f{place}")
        match member:
            case Cell(field=field):
                if value is None:
                    _require_nullable(field, own)
            case Within(inner):
                _complete(inner, value, own, errors)
            case Edges(inner):
                _complete_all(inner, value, own, errors)
            case Connected():
                completed(member, (value,), own, errors)
            case Rows(how="one"):
                try:
                    completed(member, () if value is None else (value,), own, errors)
                except GraphQLError as error:
                    errors.append(error)
                    setattr(item, f"f{place}", None)
            case Rows(how=how):
                completed(member, value if how == "many" else (value,), own, errors)


def _require_nullable(field: Selected, path: _Path) -> None:
    if field.definition is not None and is_non_null_type(field.definition.type):
        name = f"{field.parent.name}.{field.name}"
        raise GraphQLError(f"Cannot return null for non-nullable field {name}.", list(field.nodes), path=list(path))
