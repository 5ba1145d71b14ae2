"""Connections as selects: rows before or after others, and one row more than the page to see whether it is the last."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from synthdb.graphql.bindings import ConnectionPart, binding
from synthdb.graphql.layouts import Constant, Edges, Fact, Layout, Member, Page, Token, Within
from synthdb.graphql.plans.collecting import TYPENAME, Selected
from synthdb.graphql.plans.conditions import settled
from synthdb.graphql.tokens import read_token, read_values
from synthdb_host.catalog import Column, Table
from synthdb_host.errors import InvalidCursor, InvalidParameter
from synthdb_host.operations import And, ColumnRef, Comparison, Filter, Or, Order, and_all

__all__ = ["Walk", "page_layout", "walk_over"]

_Given = Mapping[str, Any]
_UNSORTED: Final = frozenset({"json", "bytes"})


@dataclass(frozen=True, slots=True)
class _Term:
    """A column that rows are sorted by, and where NULL comes; None: there is none."""

    column: Column
    descending: bool
    nulls_first: bool | None

    @property
    def order(self) -> Order:
        by = ColumnRef(self.column.name)
        if self.nulls_first in (None, self.descending):
            return Order(by, self.descending)
        return Order(by, self.descending, "first" if self.nulls_first else "last")

    @property
    def reversed(self) -> "_Term":
        return _Term(self.column, not self.descending, None if self.nulls_first is None else not self.nulls_first)

    def same(self, value: object) -> Filter:
        return self._compare("is" if value is None else "eq", value)

    def beyond(self, value: object) -> Filter | None:
        """Choose the rows that come after all that have this value; None: there are none."""
        if value is None:
            return self._compare("is", "not_null") if self.nulls_first else None
        further = self._compare("lt" if self.descending else "gt", value)
        return Or((further, self._compare("is", None))) if self.nulls_first is False else further

    def from_there(self, value: object) -> Filter | None:
        """Choose the rows that have this value or come after them, where one range holds them."""
        if value is None or self.nulls_first is False:
            return None
        return self._compare("lte" if self.descending else "gte", value)

    def _compare(self, operator: str, value: object) -> Filter:
        return Comparison(ColumnRef(self.column.name), operator, value)


@dataclass(frozen=True, slots=True)
class Walk:
    """A page of the rows of a table in an order.

    ``order`` is the one to read them in, and ``where`` chooses those between the cursors. ``about`` is what cursors are
    about, and ``columns`` are those whose values they hold.
    """

    page: Page
    order: tuple[Order, ...]
    where: Filter | None
    about: str
    columns: tuple[str, ...]


def walk_over(table: Table, order: Sequence[Order], given: _Given, most: int) -> Walk:
    """Find what a connection reads.

    Raises:
        InvalidParameter: first, last or the order cannot be.
        InvalidCursor: a cursor is of other rows, or of another order.
        Open: a variable decides on it.
    """
    terms = tuple(_terms(table, order))
    about = _about(table.name, terms)
    first, last = _size("first", given), _size("last", given)
    if first is not None and last is not None:
        raise InvalidParameter("A page is asked for by first or by last, not by both.")
    after, before = settled(given.get("after")), settled(given.get("before"))
    other_way = tuple([term.reversed for term in terms])
    if last is not None:
        page = Page(min(last, most), before is not None, backward=True)
    elif first is not None:
        page = Page(min(first, most), after is not None)
    else:
        page = Page(most, after is not None, ahead=before is not None)
    where = and_all(*[item for item in (_between(terms, after, about), _between(other_way, before, about)) if item])
    order = tuple([term.order for term in (terms if last is None else other_way)])
    return Walk(page, order, where, about, tuple([term.column.name for term in terms]))


def _size(name: str, given: _Given) -> int | None:
    number: int | None = settled(given.get(name))
    if number is not None and number < 0:
        raise InvalidParameter(f"{name} is {number}, not a whole number of at least 0.")
    return number


def _terms(table: Table, order: Sequence[Order]) -> Iterator[_Term]:
    """Give what rows are sorted by, up to what no two have in common."""
    seen: set[str] = set()
    descending = False
    for item in order:
        if item.embed is not None:
            raise InvalidParameter("The rows of a connection are sorted by columns of their own.", where="order_by")
        descending = item.descending
        column = table.column(item.column.name)
        if column.type.name in _UNSORTED:
            raise InvalidParameter(f"The rows of a connection cannot be sorted by {column.type}.", where="order_by")
        if column.name not in seen:
            seen.add(column.name)
            nulls_first = descending if item.nulls is None else item.nulls == "first"
            yield _Term(column, descending, None if _has_values(table, column) else nulls_first)
    for name in (table.identity,) if table.identity in table.by_name else table.key:
        if name not in seen:
            yield _Term(table.column(name), descending, None)


def _has_values(table: Table, column: Column) -> bool:
    return column.not_null or column.name == table.identity


def _about(table: str, terms: tuple[_Term, ...]) -> str:
    facts = [(term.column.name, term.descending, term.nulls_first) for term in terms]
    return hashlib.blake2b(repr((table, facts)).encode(), digest_size=6).hexdigest()


def _between(terms: Sequence[_Term], cursor: str | None, about: str) -> Filter | None:
    """Choose the rows behind a cursor."""
    if cursor is None:
        return None
    head, texts = read_token(cursor)
    if head != about:
        raise InvalidCursor("This cursor belongs to rows in another order.", hint="Begin again without it.")
    values = read_values([term.column for term in terms], texts)
    spans: list[Filter] = []
    for place, term in enumerate(terms):
        beyond = term.beyond(values[place])
        if beyond is not None:
            same = [one.same(value) for one, value in zip(terms[:place], values[:place], strict=True)]
            spans.append(And((*same, beyond)) if same else beyond)
    if len(spans) == 1:
        return spans[0]
    # Without the range no index would serve several spans.
    return and_all(terms[0].from_there(values[0]), Or(tuple(spans)))


# -- what becomes of the rows ----------------------------------------------------------------------------


_Nodes = Callable[[Selected, str], Layout]
"""Reads the fields of rows, whose embeds have names that begin with a path."""


def page_layout(field: Selected, walk: Walk, nodes: _Nodes) -> Layout:
    """Give what puts a connection together; ``nodes`` makes the objects of its rows."""
    members = [(item.key, _member(item, walk, nodes)) for item in field.fields]
    return Layout(tuple(members), field)


def _member(item: Selected, walk: Walk, nodes: _Nodes) -> Member:
    if item.name == TYPENAME:
        return Constant(item.parent.name)
    assert item.definition is not None  # noqa: S101 - connections have no other meta field
    part: ConnectionPart = binding(item.definition)
    if part.part == "edges":
        edges = [(inner.key, _edge_member(inner, walk, nodes, item.key)) for inner in item.fields]
        return Edges(Layout(tuple(edges), item))
    return Within(Layout(tuple([(inner.key, _fact(inner, walk)) for inner in item.fields]), item))


def _edge_member(item: Selected, walk: Walk, nodes: _Nodes, path: str) -> Member:
    if item.name == TYPENAME:
        return Constant(item.parent.name)
    if item.name == "cursor":
        return Token(walk.about, walk.columns)
    return Within(nodes(item, f"\n{path}\n{item.key}"))


def _fact(item: Selected, walk: Walk) -> Member:
    if item.name == TYPENAME:
        return Constant(item.parent.name)
    assert item.definition is not None  # noqa: S101 - pages have no other meta field
    part: ConnectionPart = binding(item.definition)
    return Fact(part.part, Token(walk.about, walk.columns))
