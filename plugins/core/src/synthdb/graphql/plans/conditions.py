"""Conditions and orders of a query as those of the host."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type

from synthdb.graphql.bindings import (
    ColumnField,
    Comparing,
    HavingKeys,
    Joining,
    RelatedAggregate,
    RelationField,
    binding,
)
from synthdb.graphql.plans.slots import Open, Slot
from synthdb_host.errors import InvalidFilter, InvalidParameter
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
    and_all,
)

__all__ = ["Conditions", "Given", "compared", "object_of", "settled"]

_NOT_NULL: Final = "not_null"
_MOST_KEYS: Final = 50

Given = Mapping[str, Any]


class Conditions:
    """Reads the conditions and orders of one level; ``embeds`` are what they need to be joined."""

    def __init__(self) -> None:
        self.embeds: list[Embed] = []

    def where(self, type_: GraphQLInputObjectType, given: Given | None) -> Filter | None:
        """Read a condition; None and one that says nothing are the same.

        Raises:
            InvalidFilter: a value is null where that means nothing.
            Open: it depends on a variable, more than by a value.
        """
        if given is None:
            return None
        return and_all(*[item for item in self._items(type_, settled(given)) if item is not None])

    def _items(self, type_: GraphQLInputObjectType, given: Given) -> Iterator[Filter | None]:
        for name, value in given.items():
            if value is None:
                continue
            field = type_.fields[name]
            match binding(field):
                case Joining(word):
                    yield self._joined(word, object_of(field.type), value)
                case ColumnField(column):
                    yield compared(ColumnRef(column.name), object_of(field.type), settled(value))
                case RelationField(relation):
                    yield self._related(relation, object_of(field.type), value)
                case RelatedAggregate(relation):
                    yield from self._aggregated(relation, object_of(field.type), settled(value))

    def _joined(self, word: str, type_: GraphQLInputObjectType, value: Any) -> Filter | None:  # noqa: ANN401 - as given
        if word == "not":
            return Not(self.where(type_, value) or And(()))
        items = tuple([self.where(type_, item) or And(()) for item in settled(value)])
        return And(items) if word == "and" else Or(items)

    def _related(self, relation: Any, type_: GraphQLInputObjectType, given: Given) -> Filter:  # noqa: ANN401 - a relation
        inner = Conditions()
        where = inner.where(type_, given)
        return EmbedExists(self._hidden(relation, Select(relation.table, (), tuple(inner.embeds), where, bare=True)))

    def _aggregated(self, relation: Any, type_: GraphQLInputObjectType, given: Given) -> Iterator[Filter]:  # noqa: ANN401 - a relation
        """Read conditions on the number of related rows, or of those of them for which another condition holds."""
        count = settled(given.get("count"))
        if count is None:
            return
        types, inner = object_of(type_.fields["count"].type).fields, Conditions()
        where = inner.where(object_of(types["filter"].type), count.get("filter"))
        name = self._hidden(relation, Select(relation.table, (), tuple(inner.embeds), where, bare=True))
        predicate = object_of(types["predicate"].type)
        for word, value in settled(count["predicate"]).items():
            yield _counted(name, binding(predicate.fields[word]), word, value)

    def _hidden(self, relation: Any, select: Select) -> str:  # noqa: ANN401 - a relation
        name = f"?{len(self.embeds)}"
        self.embeds.append(Embed(name, relation.local, relation.remote, relation.many, select, hidden=True))
        return name

    def order(self, type_: GraphQLInputObjectType, given: Sequence[Given | None] | None) -> tuple[Order, ...]:
        """Read an order.

        Raises:
            InvalidParameter: it leads further than to a row that is directly related.
            Open: it depends on a variable.
        """
        return tuple([order for item in settled(given or ()) for order in self._orders(type_, settled(item))])

    def _orders(self, type_: GraphQLInputObjectType, given: Given) -> Iterator[Order]:
        for name, value in given.items():
            if value is None:
                continue
            field = type_.fields[name]
            match binding(field):
                case ColumnField(column):
                    sorting = settled(value)
                    yield Order(ColumnRef(column.name), sorting.descending, sorting.nulls)
                case RelationField(relation):
                    yield from self._related_order(relation, object_of(field.type), settled(value))

    def _related_order(self, relation: Any, type_: GraphQLInputObjectType, given: Given) -> Iterator[Order]:  # noqa: ANN401 - a relation
        inner = Conditions()
        orders = list(inner._orders(type_, given))
        if inner.embeds:
            raise InvalidParameter(
                "Rows are sorted by their own columns and by those of rows directly related to them."
            )
        name = self._hidden(relation, Select(relation.table, bare=True))
        for order in orders:
            yield Order(order.column, order.descending, order.nulls, name)


def settled(value: Any) -> Any:  # noqa: ANN401 - as given
    """Give a value that is known.

    Raises:
        Open: it is not, before the plan runs.
    """
    if isinstance(value, Slot):
        raise Open
    return value


def object_of(type_: GraphQLInputType) -> GraphQLInputObjectType:
    """Give the input object type in a type of lists and non-null values."""
    found = get_named_type(type_)
    assert isinstance(found, GraphQLInputObjectType)  # noqa: S101 - what else is asked for
    return found


def compared(source: ColumnRef | Aggregate, type_: GraphQLInputObjectType, given: Given) -> Filter:
    """Read conditions on one value, all of which must hold.

    Raises:
        InvalidFilter: an operand is null.
        Open: a variable decides on more than a value.
    """
    found = [_comparison(source, binding(type_.fields[name]), name, value) for name, value in given.items()]
    return found[0] if len(found) == 1 else And(tuple(found))


def _comparison(source: ColumnRef | Aggregate, comparing: Comparing | HavingKeys, name: str, value: Any) -> Filter:  # noqa: ANN401 - as given
    if value is None:
        raise InvalidFilter(f"{name} is null.", hint="Ask with _is_null, or leave the condition out.")
    if isinstance(comparing, HavingKeys):
        assert isinstance(source, ColumnRef)  # noqa: S101 - no aggregate is json
        return _having_keys(source, comparing, name, settled(value))
    if comparing.operator == "is":
        return Comparison(source, "is", None if settled(value) else _NOT_NULL)
    if isinstance(value, list) and any(isinstance(item, Slot) for item in value):
        raise Open
    condition = Comparison(source, comparing.operator, value)
    return Not(condition) if comparing.negated else condition


def _counted(embed: str, comparing: Comparing, name: str, value: Any) -> Filter:  # noqa: ANN401 - as given
    if value is None:
        raise InvalidFilter(f"{name} is null.", hint="Ask with _is_null, or leave the condition out.")
    if comparing.operator == "is":
        # There is always a number.
        return Or(()) if settled(value) else And(())
    if comparing.operator != "in":
        return EmbedCount(embed, comparing.operator, value)
    among = Or(tuple([EmbedCount(embed, "eq", settled(item)) for item in settled(value)]))
    return Not(among) if comparing.negated else among


def _having_keys(source: ColumnRef, having: HavingKeys, name: str, value: Any) -> Filter:  # noqa: ANN401 - as given
    keys = [settled(key) for key in (value if isinstance(value, list) else [value])]
    if len(keys) > _MOST_KEYS:
        raise InvalidFilter(f"{name} takes at most {_MOST_KEYS} keys.")
    found = tuple([_has_key(source, key) for key in keys])
    return Or(found) if having.how == "any" else And(found)


def _has_key(source: ColumnRef, key: str) -> Filter:
    return Or((Comparison(replace(source, path=(key,)), "is", _NOT_NULL), Comparison(source, "cs", [key])))
