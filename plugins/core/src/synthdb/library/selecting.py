"""Turning the arguments of ``query`` and its relatives into operations."""

from collections.abc import Mapping, Sequence

from synthdb.library.expressions import Aggregation, ColumnExpression, Condition, col
from synthdb_host.catalog import Catalog
from synthdb_host.errors import InvalidFilter, InvalidSelect
from synthdb_host.operations import (
    And,
    ColumnRef,
    Comparison,
    Embed,
    EmbedExists,
    Filter,
    Not,
    Or,
    Order,
    Output,
    Select,
)

__all__ = [
    "ColumnList",
    "Columns",
    "EmbedSpec",
    "Orders",
    "Where",
    "embeds_of",
    "filter_of",
    "orders_of",
    "outputs_of",
]

Where = Mapping[str, object] | Condition | Filter | None
"""Equalities by column (None: no value; a list, tuple or set: one of these), or a condition."""

_Item = str | ColumnExpression | Aggregation

ColumnList = _Item | Sequence[_Item]
"""A column name, expression or aggregate, or several."""

Columns = ColumnList | None
"""A column name, expression or aggregate, or several; None: every column."""

Orders = str | Order | Sequence[str | Order] | None
"""Column names, each with a minus before it to sort from the greatest, or ``col(...).desc()``."""

EmbedSpec = str | Sequence[str] | Mapping[str, Columns] | None
"""Related tables to nest in each row, by table or foreign key name; a mapping says which columns of them."""


def filter_of(where: Where) -> Filter | None:
    """Give the filter tree of a ``where`` argument.

    Raises:
        InvalidFilter: it is neither a mapping nor a condition.
    """
    if where is None:
        return None
    if isinstance(where, Condition):
        return where.filter
    if isinstance(where, Mapping):
        items = tuple(_equality(name, value) for name, value in where.items())
        return items[0] if len(items) == 1 else (And(items) if items else None)
    if isinstance(where, Comparison | And | Or | Not | EmbedExists):
        return where
    raise InvalidFilter(
        f"A condition cannot be made from a {type(where).__name__}.",
        hint='Give a dictionary of equalities, or an expression such as col("age") > 30.',
    )


def _equality(name: str, value: object) -> Filter:
    if value is None:
        return Comparison(ColumnRef(name), "is", None)
    if isinstance(value, list | tuple | set | frozenset):
        return Comparison(ColumnRef(name), "in", tuple(value))
    return Comparison(ColumnRef(name), "eq", value)


def outputs_of(columns: Columns) -> tuple[Output, ...]:
    """Give the projection of a ``columns`` argument.

    Raises:
        InvalidSelect: an item is neither a name nor an expression.
    """
    items = (columns,) if isinstance(columns, _Item) else columns or ()
    return tuple(_output(item) for item in items)


def _output(item: _Item) -> Output:
    if isinstance(item, str):
        return col(item).output()
    if isinstance(item, ColumnExpression | Aggregation):
        return item.output()
    raise InvalidSelect(f"A column cannot be selected by a {type(item).__name__}.", hint="Give its name, or col(...).")


def orders_of(order: Orders) -> tuple[Order, ...]:
    """Give the sort order of an ``order`` argument.

    Raises:
        InvalidSelect: an item is neither a name nor an order.
    """
    items = (order,) if isinstance(order, str | Order) else order or ()
    return tuple(_order(item) for item in items)


def _order(item: str | Order) -> Order:
    if isinstance(item, Order):
        return item
    if isinstance(item, str):
        return col(item[1:]).desc() if item.startswith("-") else col(item).asc()
    raise InvalidSelect(
        f"Rows cannot be sorted by a {type(item).__name__}.", hint='Give "name", "-name" or col(...).desc().'
    )


def embeds_of(catalog: Catalog, table: str, embed: EmbedSpec) -> tuple[Embed, ...]:
    """Give the embeds of an ``embed`` argument, each over the one relation that it names.

    Raises:
        UnknownRelation: no foreign key connects the tables.
        AmbiguousEmbed: several do.
    """
    if embed is None:
        return ()
    names = (embed,) if isinstance(embed, str) else embed
    wanted = names if isinstance(names, Mapping) else dict.fromkeys(names)
    return tuple(_embed(catalog, table, name, columns) for name, columns in wanted.items())


def _embed(catalog: Catalog, table: str, name: str, columns: Columns) -> Embed:
    relation = catalog.relation(table, name)
    inner = Select(relation.table, outputs_of(columns))
    return Embed(name, relation.local, relation.remote, relation.many, inner)
