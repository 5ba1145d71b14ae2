"""ORDER BY: NULLs where PostgreSQL has them, ties by identity, in a form that an index can serve."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from synthdb.engine.binds import text_of
from synthdb.engine.expressions import Expression, Scope, expression_of
from synthdb_host.errors import InvalidSelect
from synthdb_host.operations import And, ColumnRef, Comparison, Filter, Order

__all__ = ["Term", "identity_terms", "order_terms"]

Term = sa.ColumnElement[Any]
_JSON_ORDER = ("null", "text", "integer", "real", "true", "false", "array", "object")


def order_terms(
    scope: Scope,
    orders: Iterable[Order],
    where: Filter | None,
    joined: Callable[[str], Scope],
    *,
    named: Mapping[ColumnRef, Expression] = MappingProxyType({}),
    ties: bool = True,
) -> list[Term]:
    """Turn the orders of a select into SQL; ``joined`` gives the scope of a to-one embed by its name.

    ``named`` are outputs that an order may name like columns, before the table's own.

    Ties are broken by an integer identity, in the direction of the last order, which an index on that column
    yields for free; without ``ties`` they stay.

    Raises:
        UnknownColumn: there is no such column.
        InvalidSelect: a path or a cast cannot be applied.
    """
    known = _never_null(where)
    terms: list[Term] = []
    direction, unique = False, False
    for order in orders:
        place = scope if order.embed is None else joined(order.embed)
        output = named.get(order.column) if order.embed is None else None
        found = output or expression_of(place, order.column, InvalidSelect, raw=True)
        plain = order.embed is None and not order.column.path and not order.column.cast
        not_null = order.embed is None and (found.not_null or (plain and order.column.name in known))
        terms += [_term(sql, order, not_null=not_null) for sql in _sortable(found)]
        direction = order.descending
        unique = unique or (plain and order.column.name == scope.stored.table.identity)
    return terms if unique or not ties else terms + identity_terms(scope, descending=direction, tie=bool(terms))


def identity_terms(scope: Scope, *, descending: bool = False, tie: bool = False) -> list[Term]:
    """Sort by identity; as a tie-break (``tie``) only where that is free."""
    identity = scope.stored.identity
    if tie and identity.codec.type.name != "integer":
        return []
    column = scope.raw(identity)
    return [column.desc() if descending else column.asc()]


def _term(sql: Term, order: Order, *, not_null: bool) -> Term:
    term = sql.desc() if order.descending else sql.asc()
    if not_null:
        return term
    first = order.descending if order.nulls is None else order.nulls == "first"
    # SQLite takes NULL for the smallest value, so half of the cases need no clause.
    if first is not order.descending:
        return term
    return term.nulls_first() if first else term.nulls_last()


def _sortable(found: Expression) -> list[Term]:
    """Give the terms that sort an expression; JSON sorts by kind first, like PostgreSQL's jsonb."""
    if found.type.name != "json":
        return [found.sql]
    root = text_of("$")
    kind = sa.func.json_type(found.sql)
    ranks: dict[str, Term] = {name: sa.literal_column(str(rank)) for rank, name in enumerate(_JSON_ORDER)}
    ranks["real"] = ranks["integer"]
    ranks["false"] = ranks["true"]
    rank = sa.case(*[(kind == text_of(name), place) for name, place in ranks.items()])
    return [rank, sa.func.json_extract(found.sql, root)]


def _never_null(where: Filter | None) -> frozenset[str]:
    """Name the columns of which the condition selects no NULL."""
    if isinstance(where, And):
        return frozenset().union(*[_never_null(item) for item in where.items])
    if not isinstance(where, Comparison) or not isinstance(where.column, ColumnRef):
        return frozenset()
    column = where.column
    nullable = where.operator == "isdistinct" or (where.operator == "is" and where.value != "not_null")
    if nullable or where.quantifier or column.path or column.cast:
        return frozenset()
    return frozenset({column.name})
