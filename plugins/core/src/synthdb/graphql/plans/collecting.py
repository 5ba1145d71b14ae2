"""The fields of an operation: fragments put in, what is skipped left out, same response names merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionNode,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
)
from graphql.execution.values import VariableValues

__all__ = ["TYPENAME", "Collector", "Selected"]

TYPENAME: Final = "__typename"


@dataclass(frozen=True, slots=True)
class Selected:
    """A field that is asked for: under ``key``, by all of ``nodes``, with its own fields.

    ``definition`` is None for a meta field, ``__typename`` and what introspects.
    """

    key: str
    name: str
    parent: GraphQLObjectType
    definition: GraphQLField | None
    nodes: tuple[FieldNode, ...]
    fields: tuple["Selected", ...] = ()


class Collector:
    """Collects the fields of an operation, as the specification says (CollectFields)."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: VariableValues
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables

    def fields(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> tuple[Selected, ...]:
        """Give the fields of an object that these selection sets ask for, in the order of the response."""
        grouped: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            self._visit(parent, selection_set, grouped, visited)
        return tuple([self._selected(parent, key, tuple(nodes)) for key, nodes in grouped.items()])

    def fields_of(self, nodes: Iterable[FieldNode], parent: GraphQLObjectType) -> tuple[Selected, ...]:
        """Give the fields of an object that these nodes, which give it, ask for."""
        return self.fields(parent, [node.selection_set for node in nodes if node.selection_set is not None])

    def _selected(self, parent: GraphQLObjectType, key: str, nodes: tuple[FieldNode, ...]) -> Selected:
        name = nodes[0].name.value
        definition = parent.fields.get(name)
        if definition is None:
            return Selected(key, name, parent, None, nodes)
        own = get_named_type(definition.type)
        fields: tuple[Selected, ...] = ()
        if isinstance(own, GraphQLObjectType):
            fields = self.fields_of(nodes, own)
        return Selected(key, name, parent, definition, nodes, fields)

    def _visit(
        self,
        parent: GraphQLObjectType,
        selection_set: SelectionSetNode,
        grouped: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for selection in selection_set.selections:
            if not self._is_included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                grouped.setdefault(key, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                if self._applies(selection.type_condition, parent):
                    self._visit(parent, selection.selection_set, grouped, visited)
            else:
                name = selection.name.value  # type: ignore[attr-defined] # the only other kind of selection
                if name not in visited:
                    visited.add(name)
                    fragment = self._fragments[name]
                    if self._applies(fragment.type_condition, parent):
                        self._visit(parent, fragment.selection_set, grouped, visited)

    def _applies(self, condition: NamedTypeNode | None, parent: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == parent.name:
            return True
        named = self._schema.get_type(condition.name.value)
        return isinstance(named, GraphQLInterfaceType) and self._schema.is_sub_type(named, parent)

    def _is_included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value == GraphQLSkipDirective.name and self._holds(GraphQLSkipDirective, directive):
                return False
            if directive.name.value == GraphQLIncludeDirective.name and not self._holds(
                GraphQLIncludeDirective, directive
            ):
                return False
        return True

    def _holds(self, definition: object, node: DirectiveNode) -> bool:
        return bool(get_argument_values(definition, node, self._variables)["if"])  # type: ignore[arg-type] # a directive
