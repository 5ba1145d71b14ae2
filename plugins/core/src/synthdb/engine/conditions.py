"""Conditions: the filter tree as SQL, type-checked against the catalog.

Unknown is unknown, as in SQL. A value is bound in the storage form of its column, so that an index can serve
the comparison, and compares exactly (see ``comparands``). Operators that a type does not have are refused
before anything runs.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from synthdb.catalog.model import StoredCatalog, StoredTable
from synthdb.engine.binds import Binds, Encoder, Statement
from synthdb.engine.comparands import comparand, glob_pattern, items, json_value, like_pattern
from synthdb.engine.exact import EXACT_FORM
from synthdb.engine.expressions import Expression, Scope, expression_of, source_of
from synthdb.engine.patterns import check_pattern
from synthdb_host.errors import InvalidFilter, UnknownOperator, UnknownRelation
from synthdb_host.operations import (
    ALL_OPERATORS,
    Aggregate,
    And,
    ColumnRef,
    Comparison,
    EmbedCount,
    EmbedExists,
    Filter,
    Literal,
    Not,
    Or,
)  # fmt: skip

__all__ = ["AggregateResolver", "Clause", "Condition", "compile_condition", "condition_of"]

Clause = sa.ColumnElement[Any]
AggregateResolver = Callable[[Aggregate], Expression]

_COMPARING: Final[dict[str, Callable[[Any, Any], Clause]]] = {
    "eq": lambda left, right: left == right,
    "neq": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "isdistinct": lambda left, right: left.is_distinct_from(right),
}
_TEXTUAL: Final = {
    "like": glob_pattern,
    "ilike": like_pattern,
    "match": check_pattern,
    "imatch": check_pattern,
}
_CONTAINING: Final = {
    "cs": "synthdb_json_contains",
    "cd": "synthdb_json_contained",
    "ov": "synthdb_json_overlaps",
}
_MOST_ROWS: Final = 2**63 - 1
_ORDERING: Final = frozenset({"eq", "neq", "gt", "gte", "lt", "lte"})
_ZERO: Final = "0"
_WIDEST: Final = 100
# Written out, because SQLAlchemy folds its own true() and false() away together with the conditions beside them.
_TRUE: Final = sa.literal_column("(1 = 1)", sa.Boolean())
_FALSE: Final = sa.literal_column("(1 = 0)", sa.Boolean())
_SEARCHING = frozenset({"fts", "plfts", "phfts", "wfts"})
_CHECKS: Final = {
    "None": None, "True": 1, "False": 0, "'unknown'": None, "'null'": None, "'true'": 1, "'false'": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition: ``sql`` is for WHERE, over the physical table by its own name."""

    statement: Statement

    @property
    def sql(self) -> str:
        """The SQL expression."""
        return self.statement.sql

    def parameters(self, values: Sequence[object]) -> tuple[Any, ...]:
        """Encode the condition's values (see ``shapes.values_of``) in bind order.

        Raises:
            InvalidFilter: a value does not fit its column.
        """
        return self.statement.parameters(values)


def compile_condition(
    _catalog: StoredCatalog, table: StoredTable, condition: Filter, *, hidden: frozenset[str] = frozenset()
) -> Condition:
    """Compile a condition on one table; it serves every condition of the same shape.

    Raises:
        UnknownColumn: it names a column that does not exist or is ``hidden``.
        UnknownOperator: an operator does not exist, or not for the column's type.
        InvalidFilter: it does not fit a column's type otherwise.
    """
    binds = Binds()
    scope = Scope(table, source_of(table, binds), hidden)
    return Condition(binds.compile(condition_of(scope, condition, binds, 0)))


def condition_of(
    scope: Scope, condition: Filter, binds: Binds, start: int, aggregate: AggregateResolver | None = None
) -> Clause:
    """Turn a condition into SQL; its first value has the index ``start``.

    ``aggregate`` resolves aggregates, where they may be compared.
    """
    return _Translation(scope, binds, itertools.count(start), aggregate).clause(condition)


def _number_of_rows(value: object) -> int:
    if type(value) is not int or abs(value) > _MOST_ROWS:
        raise InvalidFilter(f"The rows of an embed are not {value!r}, which is no number of rows.")
    return value


@dataclass(frozen=True, slots=True)
class _Translation:
    scope: Scope
    binds: Binds
    indexes: Iterator[int]
    aggregate: AggregateResolver | None

    def clause(self, item: Filter) -> Clause:
        if isinstance(item, Comparison):
            return self.comparison(item)
        if isinstance(item, And | Or):
            parts = [self.clause(part) for part in item.items]
            return _all(parts) if isinstance(item, And) else _any(parts)
        if isinstance(item, Not):
            return sa.not_(self.clause(item.item))
        return self.embed(item)

    def embed(self, item: EmbedExists | EmbedCount) -> Clause:
        find = self.scope.embeds.get(item.embed)
        if find is None:
            raise UnknownRelation(f"There is no embed {item.embed!r} beside this condition.")
        if isinstance(item, EmbedExists):
            return find()
        if item.operator not in _ORDERING:
            raise UnknownOperator(f"The rows of an embed are not counted by {item.operator!r}.")
        number = self.binds.bind(next(self.indexes), _number_of_rows, "count")
        return _COMPARING[item.operator](find(counted=True), number)

    def source(self, column: ColumnRef | Aggregate) -> Expression:
        if isinstance(column, ColumnRef):
            return expression_of(self.scope, column, InvalidFilter, raw=True)
        if self.aggregate is None:
            raise InvalidFilter("An aggregate can only be compared in 'having'.")
        return self.aggregate(column)

    def comparison(self, item: Comparison) -> Clause:
        found = self.source(item.column)
        operator = item.operator
        if operator == "is":
            return _is(found, item.value)
        _check_operator(operator, found)
        index = next(self.indexes)
        if item.quantifier:
            return self.quantified(found, item, index)
        if operator == "in":
            return self.among(found, index)
        return self.operation(found, operator, index, None)

    def operation(self, found: Expression, operator: str, index: int, position: int | None) -> Clause:
        """Compare with the value, or with the item at ``position`` of the value."""
        left, name = found.sql, found.type.name

        def bound(encode: Encoder) -> sa.BindParameter[Any]:
            chosen = encode if position is None else _at(position, encode)
            return self.binds.bind(index, chosen, found.label)

        if operator in _CONTAINING:
            return _holds(getattr(sa.func, _CONTAINING[operator])(left, bound(json_value(found.codec))))
        if operator in _TEXTUAL:
            return _textual(left, operator, bound(_TEXTUAL[operator]))
        right = bound(comparand(found.codec, operator))
        if found.codec.declared == EXACT_FORM:
            return _COMPARING[operator](sa.func.synthdb_exact_compare(left, right), sa.literal_column(_ZERO))
        if name != "json":
            return _COMPARING[operator](left, right)
        if operator == "isdistinct":
            return _holds(sa.func.synthdb_json_distinct(left, right))
        return _COMPARING[operator](sa.func.synthdb_json_compare(left, right), sa.literal_column(_ZERO))

    def among(self, found: Expression, index: int) -> Clause:
        listed = self.binds.bind(index, items(found.codec), found.label)
        name = found.type.name
        if name == "json":
            return _holds(sa.func.synthdb_json_in(found.sql, listed))
        value: Clause = sa.column("value")
        if name == "bytes":
            value = sa.func.synthdb_unhex(value)
        elif name == "real":
            value = sa.func.synthdb_real(value)
        return found.sql.in_(sa.select(value).select_from(sa.func.json_each(listed)))

    def quantified(self, found: Expression, item: Comparison, index: int) -> Clause:
        size = len(item.value)  # type: ignore[arg-type]  # its shape was taken before
        each = [self.operation(found, item.operator, index, position) for position in range(size)]
        return _any(each) if item.quantifier == "any" else _all(each)


def _all(parts: Sequence[Clause]) -> Clause:
    return sa.and_(_TRUE, *parts) if len(parts) <= _WIDEST else _halved(parts, "AND", _all)


def _any(parts: Sequence[Clause]) -> Clause:
    return sa.or_(_FALSE, *parts) if len(parts) <= _WIDEST else _halved(parts, "OR", _any)


def _halved(parts: Sequence[Clause], operator: str, join: Callable[[Sequence[Clause]], Clause]) -> Clause:
    """Join many clauses as a balanced tree: SQLite nests a list of them, down to a depth of 1,000 at most.

    The operator is written as one that SQLAlchemy does not know, because those that it knows it makes flat again.
    """
    half = len(parts) // 2
    left, right = sa.Grouping(join(parts[:half])), sa.Grouping(join(parts[half:]))
    return left.op(operator, is_comparison=True)(right)


def _at(position: int, encode: Encoder) -> Encoder:
    return lambda values: encode(tuple(values)[position])


def _holds(function: Clause) -> Clause:
    return function != sa.literal_column(_ZERO)


def _textual(left: Clause, operator: str, pattern: sa.BindParameter[Any]) -> Clause:
    if operator == "like":
        return left.op("GLOB", is_comparison=True)(pattern)
    if operator == "ilike":
        return left.like(pattern, escape="\\")
    function = sa.func.synthdb_match if operator == "match" else sa.func.synthdb_imatch
    return _holds(function(left, pattern))


def _is(found: Expression, value: object) -> Clause:
    written = repr(str(value)) if isinstance(value, Literal) else repr(value)
    if written == "'not_null'":
        return found.sql.is_not(sa.null())
    if written not in _CHECKS:
        raise InvalidFilter(
            f"Column {found.label!r} cannot be compared with 'is' to {written[:60]}.",
            hint="'is' takes null, not_null, true, false or unknown.",
        )
    expected = _CHECKS[written]
    if written not in ("None", "'null'") and found.type.name != "boolean":
        raise InvalidFilter(f"Column {found.label!r} is of type {found.type}, not boolean, so it is never {written}.")
    if expected is None:
        return found.sql.is_(sa.null())
    # Not is_(): SQLAlchemy negates that as "IS" again where the right side is no constant of its own.
    return found.sql.op("IS", is_comparison=True, return_type=sa.Boolean())(sa.literal_column(str(expected)))


def _check_operator(operator: str, found: Expression) -> None:
    if operator not in ALL_OPERATORS:
        raise UnknownOperator(
            f"There is no operator {operator!r}.", hint="Operators: " + ", ".join(ALL_OPERATORS) + "."
        )
    name = found.type.name
    if found.codec.declared == EXACT_FORM and operator not in _ORDERING:
        raise _unfit(operator, found, "Compare it with eq, neq, gt, gte, lt or lte.")
    if operator in _TEXTUAL and name != "text":
        raise _unfit(operator, found, f"Cast it: {found.label}::text.")
    if operator in _CONTAINING and name != "json":
        raise _unfit(operator, found, "It compares json columns.")
    if operator in _SEARCHING:
        raise _unfit(operator, found, "Use like, ilike or match.")
    if operator not in _COMPARING and operator not in _TEXTUAL and operator not in _CONTAINING and operator != "in":
        raise _unfit(operator, found, "There are no range types; compare two columns with gt, gte, lt and lte.")


def _unfit(operator: str, found: Expression, hint: str) -> UnknownOperator:
    return UnknownOperator(
        f"The operator {operator!r} cannot be used on column {found.label!r} of type {found.type}.", hint=hint
    )
