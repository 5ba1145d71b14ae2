"""What an operation may come to read, estimated before anything is read.

The estimate is a number of rows. A list counts as many as its ``limit`` (``first`` or ``last`` of a connection) allows,
times the rows of what it belongs to; one without a limit counts as a number that is a setting. A single object counts
as one row for each row that it belongs to, a column as nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from synthdb.graphql.limits import Limits
from synthdb.graphql.refusals import over

__all__ = ["Cost", "cost_of"]

_SIZES: Final = ("limit", "first", "last")


@dataclass(frozen=True, slots=True)
class _Size:
    """How many rows a list is asked for: a number, or what a variable says."""

    number: int | None = None
    variable: str | None = None

    def rows(self, variables: Mapping[str, object], limits: Limits) -> int:
        """Give the rows to count."""
        given = variables.get(self.variable, self.number) if self.variable else self.number
        if not isinstance(given, int) or given < 0:
            return limits.assumed_rows
        return min(given, limits.rows)


@dataclass(frozen=True, slots=True)
class _Part:
    """An object or a list of objects, and those within it; without a size it is one object."""

    size: _Size | None
    parts: tuple["_Part", ...]

    def rows(self, parents: int, variables: Mapping[str, object], limits: Limits) -> int:
        """Give the rows of this part and of all within it."""
        own = parents if self.size is None else parents * self.size.rows(variables, limits)
        return own + sum([part.rows(own, variables, limits) for part in self.parts])


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an operation, as far as it is known without the values of its variables."""

    parts: tuple[_Part, ...]

    def estimate(self, variables: Mapping[str, object], limits: Limits) -> int:
        """Give the number of rows.

        Raises:
            TooComplex: it is more than is allowed.
        """
        rows = sum([part.rows(1, variables, limits) for part in self.parts])
        if rows > limits.cost:
            error = over("max_cost", f"rows ({rows:,} by its limits)", limits.cost)
            error.data["cost"] = rows
            raise error
        return rows


def cost_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Cost:
    """Find what a valid operation costs."""
    root = schema.get_root_type(operation.operation)
    found = _Costing(schema, fragments, _defaults(operation))
    return Cost(tuple(found.parts(root, operation.selection_set, None)))


def _defaults(operation: OperationDefinitionNode) -> dict[str, int]:
    """Give the default values of variables that are integers."""
    return {
        one.variable.name.value: int(one.default_value.value)
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, IntValueNode)
    }


class _Costing:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        defaults: Mapping[str, int],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._defaults = defaults

    def parts(
        self, parent: GraphQLNamedType | None, selections: SelectionSetNode | None, size: _Size | None
    ) -> Iterator[_Part]:
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                yield from self._field(parent, selection, size)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                inner = self._schema.get_type(fragment.type_condition.name.value)
                yield from self.parts(inner, fragment.selection_set, size)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else parent
                yield from self.parts(inner, selection.selection_set, size)

    def _field(self, parent: GraphQLNamedType | None, node: FieldNode, size: _Size | None) -> Iterator[_Part]:
        fields: Mapping[str, GraphQLField] = getattr(parent, "fields", {})
        field = fields.get(node.name.value)
        if field is None or node.selection_set is None:
            return
        own = self._size(node)
        if own is None and not any(name in field.args for name in _SIZES):
            # The edges of a connection and the nodes of an aggregate are as many as those were asked for.
            own = size
        inner = tuple(self.parts(get_named_type(field.type), node.selection_set, own))
        yield _Part((own or _Size()) if _is_list(field.type) else None, inner)

    def _size(self, node: FieldNode) -> _Size | None:
        for argument in node.arguments or ():
            if argument.name.value in _SIZES:
                return self._given(argument.value)
        return None

    def _given(self, value: ValueNode) -> _Size | None:
        if isinstance(value, VariableNode):
            name = value.name.value
            return _Size(self._defaults.get(name), name)
        return _Size(int(value.value)) if isinstance(value, IntValueNode) else None


def _is_list(kind: GraphQLOutputType) -> bool:
    found: Any = get_nullable_type(kind)
    return is_list_type(found)
