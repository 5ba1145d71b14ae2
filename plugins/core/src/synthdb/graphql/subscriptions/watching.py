"""What a subscription asks for: a branch to follow, and what to write of each change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import get_argument_values
from graphql.execution.values import VariableValues

from synthdb.graphql.bindings import binding
from synthdb.graphql.plans.collecting import Collector, Selected
from synthdb.graphql.plans.compiling import Operation
from synthdb.graphql.plans.conditions import Conditions, object_of
from synthdb.graphql.refusals import Refused
from synthdb.graphql.subscriptions.events import Writer
from synthdb_host.catalog import Table
from synthdb_host.errors import InvalidDocument, InvalidFilter, InvalidParameter
from synthdb_host.filters import Filter
from synthdb_host.operations import HEAD, Ref
from synthdb_host.versions import Follow

__all__ = ["Watched", "watched"]


@dataclass(frozen=True, slots=True)
class Watched:
    """A table that is followed; ``snapshot``: the rows that are there are wanted first."""

    table: Table
    where: Filter | None
    follow: Follow
    snapshot: bool
    writer: Writer


def watched(operation: Operation, variables: VariableValues, ref: Ref | None, key: object) -> Watched:
    """Read a valid subscription.

    Raises:
        Refused, RequestError, GraphQLError: an argument says what cannot be done.
    """
    field = _only_field(operation, variables)
    assert field.definition is not None  # noqa: S101 - seen to be there
    given: Mapping[str, Any] = get_argument_values(field.definition, field.nodes[0], variables)
    table: Table = binding(field.definition).table
    conditions = Conditions()
    where = conditions.where(object_of(field.definition.args["where"].type), given.get("where"))
    if conditions.embeds:
        raise InvalidFilter("Who follows a table has conditions on its own columns.", where="where")
    since = given.get("since")
    follow = Follow({table.name: where}, _branch(ref or HEAD, given.get("at")), since)
    return Watched(table, where, follow, bool(given.get("snapshot")), Writer(field, key))


def _only_field(operation: Operation, variables: VariableValues) -> Selected:
    root = operation.schema.subscription_type
    assert root is not None  # noqa: S101 - else the document would not be valid
    fields = Collector(operation.schema, operation.fragments, variables).fields(root, [operation.node.selection_set])
    if len(fields) != 1 or fields[0].definition is None:
        raise Refused(InvalidDocument("A subscription has one field, which is not skipped."))
    return fields[0]


def _branch(ref: Ref, at: Mapping[str, Any] | None) -> str:
    if at is not None:
        return str(at["branch"])
    if ref.at is not None:
        raise InvalidParameter("What is followed is a branch, not a moment.", where="at")
    return ref.branch
