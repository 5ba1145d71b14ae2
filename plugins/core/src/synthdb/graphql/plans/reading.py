"""Fields of queries as selects, and how their rows become the response."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from synthdb.graphql.bindings import ColumnField, RelationField, RootField, binding
from synthdb.graphql.layouts import Cell, Constant, Layout, Member, Rows
from synthdb.graphql.plans.collecting import TYPENAME, Selected
from synthdb.graphql.plans.conditions import Conditions, object_of
from synthdb.graphql.plans.slots import Slot
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import ColumnRef, Comparison, Embed, Output, Ref, Select, and_all

__all__ = ["Arguments", "Reader", "Reading"]

Arguments = Callable[[Selected], Mapping[str, Any]]
"""Gives the values of a field's arguments."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a root field reads, and the object that each row becomes."""

    select: Select
    layout: Layout
    many: bool


class Reader:
    """Turns fields into selects.

    Args:
        arguments: gives the values of arguments, in which there may be slots.
        ref: the state that is read.
        most: how many rows a list may have.
    """

    def __init__(self, arguments: Arguments, ref: Ref, most: int) -> None:
        self._arguments = arguments
        self._ref = ref
        self._most = most

    def root(self, field: Selected, root: RootField) -> Reading:
        """Read a field of the query root.

        Raises:
            RequestError: an argument cannot be read.
            Open: a variable decides on more than a value.
        """
        given = self._arguments(field)
        select, layout = self._rows(field, root.table.name)
        if root.kind == "list":
            return Reading(replace(self._listed(field, select, given), ref=self._ref), layout, many=True)
        definition = field.definition
        assert definition is not None  # noqa: S101 - a root field is bound by its definition
        key = [
            Comparison(ColumnRef(binding(argument).column.name), "eq", given[name])
            for name, argument in definition.args.items()
            if isinstance(binding(argument), ColumnField)
        ]
        return Reading(replace(select, where=and_all(*key), limit=1, ref=self._ref), layout, many=False)

    def _rows(self, field: Selected, table: str) -> tuple[Select, Layout]:
        """Give what reads the fields of a row, and what puts them together."""
        outputs: dict[str, Output] = {}
        embeds: list[Embed] = []
        members = [(item.key, self._member(item, outputs, embeds)) for item in field.fields]
        select = Select(table, tuple(outputs.values()), tuple(embeds), bare=not outputs)
        return select, Layout(tuple(members))

    def _member(self, item: Selected, outputs: dict[str, Output], embeds: list[Embed]) -> Member:
        if item.name == TYPENAME:
            return Constant(item.parent.name)
        assert item.definition is not None  # noqa: S101 - rows have no other meta field
        match binding(item.definition):
            case ColumnField(column):
                outputs.setdefault(column.name, Output(ColumnRef(column.name), column.name))
                return Cell(column.name)
            case RelationField(relation):
                select, layout = self._rows(item, relation.table)
                if relation.many:
                    select = self._listed(item, select, self._arguments(item))
                # No column is called so.
                name = f"\n{item.key}"
                embeds.append(Embed(name, relation.local, relation.remote, relation.many, select))
                return Rows(name, layout, relation.many)
        raise NotImplementedError(item.name)

    def _listed(self, field: Selected, select: Select, given: Mapping[str, Any]) -> Select:
        definition = field.definition
        assert definition is not None  # noqa: S101 - a list is bound by its definition
        conditions = Conditions()
        where = conditions.where(object_of(definition.args["where"].type), given.get("where"))
        order = conditions.order(object_of(definition.args["order_by"].type), given.get("order_by"))
        return replace(
            select,
            where=where,
            order=order,
            embeds=(*select.embeds, *conditions.embeds),
            limit=self._limit(given.get("limit")),
            offset=_offset(given.get("offset")),
        )

    def _limit(self, given: Any) -> Any:  # noqa: ANN401 - a slot may stand for it
        if given is None:
            return self._most
        if isinstance(given, Slot):
            return replace(given, most=self._most)
        return min(_positive("limit", given), self._most)


def _offset(given: Any) -> Any:  # noqa: ANN401 - a slot may stand for it
    if given is None or isinstance(given, Slot):
        return given or 0
    return _positive("offset", given)


def _positive(name: str, given: int) -> int:
    if given < 0:
        raise InvalidParameter(f"{name} is {given}, not a whole number of at least 0.")
    return given
