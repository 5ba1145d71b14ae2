"""Aggregates, groups and their conditions, exact at any size."""

from decimal import Decimal
from typing import Any

import pytest

from synthdb_host.errors import InvalidSelect, UnknownColumn
from synthdb_host.operations import Aggregate, AggregateFunction, ColumnRef, Comparison, Order, Output, Select

from .conftest import Shelf

HUGE = 2**63 - 1


@pytest.fixture
def sales(shelf: Shelf) -> Shelf:
    """Give sales of shops, with sums beyond 64 bits."""
    shelf.put(
        "sales",
        "id integer, shop text, amount integer, price decimal(10,2), wide decimal(40,3), weight real, "
        "data json, top decimal(18,18)",
        [
            (1, "a", 1, "0.10", "0.001", 0.5, {"n": 1}, "0.999999999999999999"),
            (2, "a", 2, "0.20", "99999999999999999999.001", 0.25, {"n": 2}, "0.999999999999999999"),
            (3, "b", HUGE, "9.99", None, None, {}, "0.999999999999999999"),
            (4, None, HUGE, None, "-1", 1.0, None, "-0.5"),
        ]
        + [(n, "c", -5, "0.01", "0", 0.0, None, "0.999999999999999999") for n in range(5, 25)],
    )
    return shelf


def of(function: AggregateFunction, column: str | ColumnRef | None = None, cast: str | None = None) -> Aggregate:
    """Build an aggregate."""
    return Aggregate(function, ColumnRef(column) if isinstance(column, str) else column, cast)


def value(shelf: Shelf, aggregate: Aggregate, limit: int = 100) -> Any:
    """Read one aggregate over the rows up to an id."""
    where = Comparison(ColumnRef("id"), "lte", limit)
    [row] = shelf.read(Select("sales", (Output(aggregate, "v"),), where=where))
    return row["v"]


@pytest.mark.parametrize(
    ("aggregate", "limit", "expected"),
    [
        (of("count"), 100, 24),
        (of("count", "shop"), 4, 3),
        (of("sum", "amount"), 2, 3),
        (of("sum", "amount"), 4, 2 * HUGE + 3),
        (of("sum", "amount"), 0, None),
        (of("avg", "amount"), 2, 1.5),
        (of("sum", "price"), 3, Decimal("10.29")),
        (of("avg", "price"), 2, Decimal("0.15000000")),
        (of("avg", "price"), 3, Decimal("3.43000000")),
        (of("avg", "price"), 0, None),
        (of("sum", "wide"), 2, Decimal("99999999999999999999.002")),
        (of("avg", "wide"), 2, Decimal("49999999999999999999.501000000")),
        (of("sum", "top"), 100, Decimal("22.499999999999999977")),
        (of("sum", "weight"), 4, 1.75),
        (of("min", "price"), 3, Decimal("0.10")),
        (of("max", "wide"), 4, Decimal("99999999999999999999.001")),
        (of("max", "shop"), 4, "b"),
        (of("sum", ColumnRef("data", ("n",), as_text=True, cast="integer")), 4, 3),
        (of("sum", "price", "text"), 3, "10.29"),
        (of("avg", "price", "real"), 2, 0.15),
        (of("count", None, "text"), 4, "4"),
    ],
)  # fmt: skip
def test_an_aggregate_is_exact(sales: Shelf, aggregate: Aggregate, limit: int, expected: object) -> None:
    """Sums of integers and decimals never overflow or round, whatever their size."""
    found = value(sales, aggregate, limit)
    assert (found, type(found)) == (expected, type(expected))


def test_huge_sums_are_exact_in_json(sales: Shelf) -> None:
    """A sum beyond 64 bits is written in full."""
    select = Select("sales", (Output(of("sum", "amount"), "s"),), where=Comparison(ColumnRef("id"), "lte", 4))
    assert sales.run(select).json() == b'[{"s":%d}]' % (2 * HUGE + 3)
    assert sales.run(select).json() == b'[{"s":%d}]' % (2 * HUGE + 3)


def test_outputs_beside_aggregates_are_the_groups(sales: Shelf) -> None:
    """Groups come sorted by what they are made by, NULL being a group of its own."""
    select = Select("sales", (Output(ColumnRef("shop"), "shop"), Output(of("count"), "n")), count="exact", limit=3)
    result = sales.run(select)
    assert result.python() == [{"shop": None, "n": 1}, {"shop": "a", "n": 2}, {"shop": "b", "n": 1}]
    assert result.total == 4


def test_groups_sort_as_asked(sales: Shelf) -> None:
    """The order is by group columns, NULLs last when ascending."""
    shop = ColumnRef("shop")
    select = Select("sales", (Output(shop, "s"), Output(of("max", "id"), "m")), order=(Order(shop),))
    assert [row["s"] for row in sales.read(select)] == ["a", "b", "c", None]


@pytest.mark.parametrize(
    ("having", "expected"),
    [
        (Comparison(of("count"), "gt", 1), ["a", "c"]),
        (Comparison(of("sum", "price"), "eq", "0.3"), ["a"]),
        (Comparison(of("avg", "price"), "lt", "0.1500000000000001"), ["a", "c"]),
        (Comparison(of("avg", "price"), "lt", "0.15"), ["c"]),
        (Comparison(of("sum", "amount"), "gte", HUGE), [None, "b"]),
        (Comparison(of("sum", "wide"), "gt", "99999999999999999999.0019"), ["a"]),
        (Comparison(of("max", "shop"), "like", "a%"), ["a"]),
        (Comparison(of("sum", "price"), "is", None), [None]),
    ],
)
def test_having_compares_aggregates_exactly(sales: Shelf, having: Comparison, expected: list[str | None]) -> None:
    """Groups are kept by the exact value of their aggregates."""
    select = Select("sales", (Output(ColumnRef("shop"), "s"), Output(of("count"), "n")), having=having)
    assert [row["s"] for row in sales.read(select)] == expected


def test_having_counts_its_groups(sales: Shelf) -> None:
    """A count with having is the number of groups kept, also where there is one group in all."""
    all_rows = Select(
        "sales", (Output(of("count"), "n"),), having=Comparison(of("count"), "gt", 99), limit=0, count="exact"
    )
    assert sales.run(all_rows).total == 0


@pytest.mark.parametrize(
    ("select", "error"),
    [
        (Select("sales", (Output(of("sum", "shop"), "v"),)), InvalidSelect),
        (Select("sales", (Output(of("sum"), "v"),)), InvalidSelect),
        (Select("sales", (Output(of("min", "data"), "v"),)), InvalidSelect),
        (Select("sales", (Output(of("max", "nope"), "v"),)), UnknownColumn),
        (Select("sales", (Output(of("count"), "v"),), order=(Order(ColumnRef("shop")),)), InvalidSelect),
        (Select("sales", (Output(of("sum", "price", "money"), "v"),)), InvalidSelect),
    ],
)
def test_an_aggregate_that_does_not_fit_is_refused(sales: Shelf, select: Select, error: type[Exception]) -> None:
    """Each mistake has its documented error."""
    with pytest.raises(error):
        sales.run(select)
