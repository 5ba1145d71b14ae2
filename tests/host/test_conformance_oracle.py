"""Two storages that share no code answer every question alike: random selects, one set of rows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthdb_memory.database import open_memory

from plugins.core.tests.servers import schema_url
from synthdb.engine.postgresql import open_postgresql
from synthdb.engine.sqlite import open_sqlite
from synthdb_host.contracts import Database, Placement, TableRestriction
from synthdb_host.operations import (
    Aggregate,
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
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.session import Session, column, columns

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_INTEGERS: Final = (0, 1, -1, 7, 2**53 + 1, 2**63 - 1, -(2**63))
_REALS: Final = (0.0, 0.1, -2.5, 1e300, 5.0, 3.141592653589793)
_TEXTS: Final = ("", "a", "A", "ab%c", "_", "\\", "é", "Ünï", "line\nbreak", "10", "9")
_DECIMALS: Final = tuple(Decimal(text) for text in ("0.00", "0.10", "-19.99", "9999999999.99", "5.00"))
_DATES: Final = (date(1, 1, 1), date(2013, 1, 1), date(2024, 2, 29), date(9999, 12, 31))
_TIMES: Final = (datetime(2013, 1, 1, 5, tzinfo=UTC), datetime(2013, 1, 1, 5, 0, 0, 1, tzinfo=UTC))
_VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "i": _INTEGERS,
    "r": _REALS,
    "t": _TEXTS,
    "d": _DECIMALS,
    "b": (True, False),
    "day": _DATES,
    "at": _TIMES,
}
_TYPES: Final = {
    "i": "integer",
    "r": "real",
    "t": "text",
    "d": "decimal(12,2)",
    "b": "boolean",
    "day": "date",
    "at": "timestamp",
}
_ROWS: Final = tuple(
    {name: (None if (row + place) % 5 == 0 else values[(row * (place + 1)) % len(values)])
     for place, (name, values) in enumerate(_VALUES.items())}
    for row in range(23)
)  # fmt: skip
_NOTES: Final = tuple(
    {"item_id": None if number % 7 == 0 else number % 12 + 1, "n": number % 4} for number in range(40)
)

_NAMES = st.sampled_from(sorted(_VALUES))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    """Compare a column with a value of its type, or with NULL."""
    name = draw(_NAMES)
    value = st.sampled_from((*_VALUES[name], None))
    operator = draw(
        st.sampled_from(("eq", "neq", "gt", "gte", "lt", "lte", "isdistinct", "in", "is", "pattern", "any"))
    )
    reference = ColumnRef(name)
    if operator == "in":
        return Comparison(reference, "in", draw(st.lists(value, max_size=3)))
    if operator == "is":
        return Comparison(reference, "is", draw(st.sampled_from((None, "not_null"))))
    if operator == "pattern":
        parts = st.sampled_from(("%", "_", "a", "A", "é", "1", "\\\\", "\\%"))
        pattern = "".join(draw(st.lists(parts, max_size=4)))
        return Comparison(ColumnRef("t"), draw(st.sampled_from(("like", "ilike"))), pattern)
    if operator == "any":
        quantifier: Literal["any", "all"] = draw(st.sampled_from(("any", "all")))
        return Comparison(reference, "eq", draw(st.lists(value, max_size=3)), quantifier)
    return Comparison(reference, operator, draw(value))


def filters(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    """Nest conditions."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: And(tuple(items))),
            st.lists(inner, max_size=3).map(lambda items: Or(tuple(items))),
            inner.map(Not),
        ),
        max_leaves=6,
    )


_FILTERS = filters(comparisons())
_ORDERS = st.builds(Order, _NAMES.map(ColumnRef), st.booleans(), st.sampled_from((None, "first", "last")))
_BY_IDENTITY: Final = Order(ColumnRef("id"))
_PAGES = st.tuples(st.none() | st.integers(0, 8), st.integers(0, 8))
_AGGREGATES = st.sampled_from(
    [Aggregate("count"), *(Aggregate("count", ColumnRef(name)) for name in _VALUES)]
    + [
        Aggregate(function, ColumnRef(name))
        for function in ("min", "max")
        for name in ("i", "r", "t", "d", "day", "at")
    ]
    + [Aggregate("sum", ColumnRef("i")), Aggregate("sum", ColumnRef("d"))]
)


def _fill(session: Session) -> Session:
    session.create("items", *(column(name, kind) for name, kind in _TYPES.items()))
    session.insert("items", *_ROWS)
    session.insert("notes", *_NOTES)
    return session


def _engine(storage: str, folder: Path) -> Database:
    if storage == "postgresql":
        return open_postgresql(Placement("b", schema_url(folder), create=True), EmbeddedScheduler())
    return open_sqlite(Placement("b", f"sqlite:///{folder}/b.db", create=True), EmbeddedScheduler())


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Session]]:
    """The same rows in memory and in each storage of the engine."""
    memory = open_memory(Placement("a", "memory://a"), EmbeddedScheduler())
    engine = _engine(request.param, tmp_path_factory.mktemp("oracle"))
    yield _fill(Session(memory)), _fill(Session(engine))
    memory.close()
    engine.close()


def _agree(both: tuple[Session, Session], select: Select) -> None:
    expected, found = (session.execute(select) for session in both)
    assert expected.python() == found.python()
    assert expected.json() == found.json()
    assert expected.total == found.total


@settings(deadline=None, max_examples=150)
@given(where=_FILTERS, order=st.lists(_ORDERS, max_size=2), page=_PAGES)
def test_filtered_sorted_pages_agree(
    both: tuple[Session, Session], where: Filter, order: list[Order], page: tuple[int | None, int]
) -> None:
    """Every condition, order and page gives the same rows in the same order."""
    limit, offset = page
    _agree(both, Select("items", (), (), where, None, (*order, _BY_IDENTITY), limit, offset, "exact"))


@settings(deadline=None, max_examples=80)
@given(
    where=st.none() | _FILTERS,
    keys=st.lists(_NAMES, unique=True, max_size=2),
    functions=st.lists(_AGGREGATES, min_size=1, max_size=3),
)
def test_groups_and_aggregates_agree(
    both: tuple[Session, Session], where: Filter | None, keys: list[str], functions: list[Aggregate]
) -> None:
    """Every grouping gives the same groups with the same exact values."""
    outputs = tuple(Output(function, f"a{number}") for number, function in enumerate(functions))
    order = tuple(Order(ColumnRef(name)) for name in keys)
    _agree(both, Select("items", columns(*keys) + outputs, where=where, order=order, count="exact"))


@settings(deadline=None, max_examples=80)
@given(
    outer=st.none() | filters(st.just(EmbedExists("item"))),
    inner=st.none() | _FILTERS,
    is_inner=st.booleans(),
    order=_ORDERS,
    page=_PAGES,
)
def test_embeds_agree(
    both: tuple[Session, Session],
    outer: Filter | None,
    inner: Filter | None,
    is_inner: bool,  # noqa: FBT001 - drawn by hypothesis
    order: Order,
    page: tuple[int | None, int],
) -> None:
    """To-one and to-many embeds with conditions, orders and pages of their own give the same trees."""
    limit, offset = page
    item = Embed("item", ("item_id",), ("id",), many=False, select=Select("items", where=inner), inner=is_inner)
    by_item = Order(order.column, order.descending, order.nulls, embed="item")
    _agree(both, Select("notes", (), (item,), outer, order=(by_item, _BY_IDENTITY), limit=limit, offset=offset))
    notes = Select(
        "notes", columns("n"), order=(Order(ColumnRef("n"), order.descending), _BY_IDENTITY), limit=limit, offset=offset
    )
    many = Embed("notes", ("id",), ("item_id",), many=True, select=notes, inner=is_inner)
    _agree(both, Select("items", columns("id"), (many,), inner, order=(order, _BY_IDENTITY), count="exact"))


@settings(deadline=None, max_examples=150)
@given(policy=_FILTERS, where=st.none() | _FILTERS, hidden=st.sets(_NAMES, max_size=2))
def test_restrictions_agree(
    both: tuple[Session, Session], policy: Filter, where: Filter | None, hidden: set[str]
) -> None:
    """What a policy leaves visible is the same everywhere."""
    limit = TableRestriction(rows=policy, hidden=frozenset(hidden - _used(where)))
    restricted = tuple(session.restricted(items=limit) for session in both)
    _agree((restricted[0], restricted[1]), Select("items", where=where, order=(_BY_IDENTITY,), count="exact"))


def _used(condition: Filter | None) -> set[str]:
    match condition:
        case Comparison(column=ColumnRef(name=name)):
            return {name}
        case And(items) | Or(items):
            return {name for item in items for name in _used(item)}
        case Not(item):
            return _used(item)
        case _:
            return set()
