"""What the parts of a generated schema stand for; each has such a record among its extensions, as ``synthdb``."""

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar

from synthdb_host.catalog import Column, Relation, Table

__all__ = [
    "AggregatePart",
    "Aggregated",
    "AggregatedColumn",
    "ColumnField",
    "Comparing",
    "ConnectionPart",
    "Counting",
    "GlobalId",
    "HavingKeys",
    "Joining",
    "MutationField",
    "MutationKind",
    "NestedField",
    "NodeField",
    "RelatedAggregate",
    "RelatedConnection",
    "RelationField",
    "ResponseField",
    "RootField",
    "Sorting",
    "TableType",
    "binding",
    "bound",
]  # fmt: skip

_KEY: Final = "synthdb"


@dataclass(frozen=True, slots=True)
class TableType:
    """An object type, condition or order of a table's rows."""

    table: Table


@dataclass(frozen=True, slots=True)
class ColumnField:
    """A field, argument, input field or enum value that stands for a column."""

    column: Column


@dataclass(frozen=True, slots=True)
class RelationField:
    """A field that leads to related rows, or a condition or order on them."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class RootField:
    """A field of the query root; ``key`` finds the row by its declared key."""

    kind: Literal["list", "key", "aggregate", "connection"]
    table: Table


@dataclass(frozen=True, slots=True)
class NodeField:
    """The field of the query root that finds a row of any table by its global id."""


MutationKind = Literal["insert", "insert_one", "update", "update_key", "update_many", "delete", "delete_key"]


@dataclass(frozen=True, slots=True)
class MutationField:
    """A field of the mutation root; of those that end with ``one`` or ``key`` the value is a row."""

    kind: MutationKind
    table: Table


@dataclass(frozen=True, slots=True)
class NestedField:
    """An input field of rows that are written together with the one that they are related to."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class ResponseField:
    """What a mutation of several rows tells of them."""

    part: Literal["affected_rows", "returning"]


@dataclass(frozen=True, slots=True)
class RelatedAggregate:
    """A field of aggregates over related rows."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class RelatedConnection:
    """A field of a connection to related rows, which are those of ``table``."""

    relation: Relation
    table: Table


@dataclass(frozen=True, slots=True)
class ConnectionPart:
    """A part of a connection, of one of its edges, or of what it says of its page."""

    part: Literal["edges", "cursor", "node", "pageInfo", "hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]


@dataclass(frozen=True, slots=True)
class GlobalId:
    """A field that says which row of which table it is."""

    table: Table


@dataclass(frozen=True, slots=True)
class AggregatePart:
    """A part of an aggregate: one over all rows, the rows themselves, groups of them; in a group what it is made by."""

    part: Literal["aggregate", "nodes", "groups", "key"]


@dataclass(frozen=True, slots=True)
class Counting:
    """A number of rows, or a condition or order on it."""


@dataclass(frozen=True, slots=True)
class Aggregated:
    """An aggregate function, over columns that stand below it."""

    function: Literal["sum", "avg", "min", "max"]


@dataclass(frozen=True, slots=True)
class AggregatedColumn:
    """An aggregate function of a column."""

    function: Literal["sum", "avg", "min", "max"]
    column: Column


@dataclass(frozen=True, slots=True)
class Comparing:
    """An operator of a condition on one column."""

    operator: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class HavingKeys:
    """A condition that a JSON object has keys, or an array texts: one, any of several, or all of them."""

    how: Literal["one", "any", "all"]


@dataclass(frozen=True, slots=True)
class Joining:
    """``_and``, ``_or`` or ``_not``."""

    word: Literal["and", "or", "not"]


@dataclass(frozen=True, slots=True)
class Sorting:
    """A direction to sort in."""

    descending: bool
    nulls: Literal["first", "last"] | None


class _Extended(Protocol):
    extensions: dict[str, Any]


B = TypeVar("B")


def bound(record: object) -> dict[str, Any]:
    """Give the extensions of what stands for something."""
    return {_KEY: record}


def binding(part: _Extended) -> Any:  # noqa: ANN401 - the caller knows what kinds there can be
    """Give what a part of a schema stands for; None: it was not generated."""
    return part.extensions.get(_KEY)
