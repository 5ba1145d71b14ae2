"""ORDER BY: NULLs where PostgreSQL has them, ties by identity, in a form that an index can serve."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from synthdb.engine.binds import text_of
from synthdb.engine.expressions import Expression, Scope, expression_of
from synthdb_host.errors import InvalidSelect, TooComplex
from synthdb_host.operations import And, ColumnRef, Comparison, Filter, Order

__all__ = ["Clause", "Term", "order_terms"]

Clause = sa.ColumnElement[Any]
_MOST_TERMS = 60
"""SQLite before 3.41 may crash where rows of a join are sorted by 64."""

_JSON_ORDER = ("null", "text", "integer", "real", "true", "false", "array", "object")


@dataclass(frozen=True, slots=True)
class Term:
    """What rows are sorted by: an expression, its direction, where its NULLs are, and the type of what is sorted."""

    sql: Clause
    descending: bool = False
    nulls_first: bool = False
    not_null: bool = False
    kind: str = ""

    @property
    def clause(self) -> Clause:
        """The term as SQL."""
        # Always said, because SQLite takes NULL for the smallest value and PostgreSQL for the largest.
        if self.not_null:
            return self.directed
        return self.directed.nulls_first() if self.nulls_first else self.directed.nulls_last()

    @property
    def directed(self) -> Clause:
        """The term as SQL where there are no NULLs."""
        return self.sql.desc() if self.descending else self.sql.asc()


def order_terms(
    scope: Scope,
    orders: Iterable[Order],
    where: Filter | None,
    joined: Callable[[str], Scope],
    *,
    named: Mapping[ColumnRef, Expression] = MappingProxyType({}),
    ties: bool = True,
    total: bool = False,
) -> list[Term]:
    """Turn the orders of a select into terms; ``joined`` gives the scope of a to-one embed by its name.

    ``named`` are outputs that an order may name like columns, before the table's own.

    Ties are broken by an integer identity, in the direction of the last order, which an index on that column
    yields for free; without ``ties`` they stay, with ``total`` none does, whatever the identity is.

    Raises:
        UnknownColumn: there is no such column.
        InvalidSelect: a path or a cast cannot be applied.
        TooComplex: there are more terms than SQLite can sort by.
    """
    known = _never_null(where)
    terms: list[Term] = []
    direction, unique = False, False
    seen: set[tuple[str | None, ColumnRef]] = set()
    for order in orders:
        direction = order.descending
        if (order.embed, order.column) in seen:
            # Rows that are alike in it are told apart by something else.
            continue
        seen.add((order.embed, order.column))
        place = scope if order.embed is None else joined(order.embed)
        output = named.get(order.column) if order.embed is None else None
        found = output or expression_of(place, order.column, InvalidSelect, raw=True)
        plain = order.embed is None and not order.column.path and not order.column.cast
        not_null = order.embed is None and (found.not_null or (plain and order.column.name in known))
        terms += [_term(sql, order, str(found.type), not_null=not_null) for sql in _sortable(found)]
        unique = unique or (plain and order.column.name == scope.stored.table.identity)
    if len(terms) > _MOST_TERMS:
        raise TooComplex(f"Rows are sorted by at most {_MOST_TERMS} terms.", hint="Sort by fewer columns.")
    if unique or not ties:
        return terms
    identity = scope.stored.identity
    if terms and not total and identity.codec.type.name != "integer":
        return terms
    return [*terms, Term(scope.raw(identity), direction, not_null=True, kind=str(identity.codec.type))]


def _term(sql: Clause, order: Order, kind: str, *, not_null: bool) -> Term:
    first = order.descending if order.nulls is None else order.nulls == "first"
    return Term(sql, order.descending, first, not_null, kind)


def _sortable(found: Expression) -> list[Clause]:
    """Give the terms that sort an expression; JSON sorts by kind first, like PostgreSQL's jsonb."""
    if found.type.name != "json":
        return [found.sql]
    root = text_of("$")
    kind = sa.func.json_type(found.sql)
    ranks: dict[str, Clause] = {name: sa.literal_column(str(rank)) for rank, name in enumerate(_JSON_ORDER)}
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
