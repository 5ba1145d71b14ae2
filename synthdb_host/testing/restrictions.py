"""Conformance: restrictions hold on every way to the data."""

from dataclasses import replace
from typing import Final

import pytest

from synthdb_host.contracts import TableRestriction
from synthdb_host.errors import Forbidden, InvalidSql, RequestError, UnsupportedCapability
from synthdb_host.operations import (
    Aggregate,
    Batch,
    Comparison,
    Delete,
    EmbedExists,
    Insert,
    OnConflict,
    Or,
    Select,
    Sql,
    Update,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, aggregate, by, columns, embed, where

__all__ = ["RestrictionTests"]


_NORTH: Final = TableRestriction(rows=where("region", "eq", "north"), check=where("region", "eq", "north"))


def _regions(session: Session) -> None:
    session.insert(
        "sales",
        {"region": "north", "units": 3, "secret": 1},
        {"region": "south", "units": 5, "secret": 2},
        {"region": None, "units": 7, "secret": 3},
    )


class RestrictionTests:
    """What a caller may not see or write stays out of reach on every way."""

    def test_rows_out_of_reach_are_not_read(self, session: Session) -> None:
        """Not by select, filter, count, aggregate or page."""
        _regions(session)
        caller = session.restricted(sales=_NORTH)
        assert [1] == caller.values("sales", "id")
        assert [] == caller.values("sales", "id", where("id", "eq", 2))
        assert [1] == caller.values("sales", "id", Or((where("id", "eq", 2), where("id", "eq", 1))))
        assert 1 == caller.execute(Select("sales", count="exact", limit=0)).total
        outputs = (aggregate("count"), aggregate("sum", "units"))
        assert [{"count": 1, "sum": 3}] == caller.execute(Select("sales", outputs)).python()

    def test_rows_out_of_reach_are_not_embedded(self, session: Session) -> None:
        """Neither shown nor counted, and they make no outer row appear."""
        _regions(session)
        session.insert("visits", {"sale_id": 1}, {"sale_id": 2}, {"sale_id": 3})
        caller = session.restricted(sales=_NORTH)
        sale = embed("sale", "sale_id", "id", Select("sales", columns("units")), many=False)
        found = caller.rows("visits", embeds=(sale,), order=by("id"))
        assert [{"units": 3}, None, None] == [row["sale"] for row in found]
        assert [1] == caller.values("visits", "id", embeds=(replace(sale, inner=True),))
        assert [1] == caller.values("visits", "id", EmbedExists("sale"), embeds=(sale,))

    def test_rows_out_of_reach_are_not_updated_or_deleted(self, session: Session) -> None:
        """Not even when every row is meant."""
        _regions(session)
        caller = session.restricted(sales=_NORTH)
        assert 1 == caller.update("sales", {"units": 0}, every_row=True).affected
        assert 0 == caller.delete("sales", where("id", "eq", 2)).affected
        assert 1 == caller.delete("sales", every_row=True).affected
        assert [5, 7] == session.values("sales", "units")

    def test_a_row_that_the_check_forbids_is_not_written(self, session: Session) -> None:
        """Not by insert, update or merge; unknown is forbidden too."""
        _regions(session)
        caller = session.restricted(sales=_NORTH)
        caller.insert("sales", {"region": "north", "units": 9})
        with session.refused("forbidden"):
            caller.insert("sales", {"region": "north"}, {"region": "south"})
        with session.refused("forbidden"):
            caller.insert("sales", {"units": 1})
        with session.refused("forbidden"):
            caller.update("sales", {"region": "south"}, where("id", "eq", 1))
        with session.refused("forbidden"):
            caller.insert("sales", {"id": 1, "region": "south"}, on_conflict=OnConflict())

    def test_a_merge_does_not_reach_a_hidden_row(self, session: Session) -> None:
        """An upsert cannot take over a row that its caller does not see."""
        _regions(session)
        caller = session.restricted(sales=_NORTH)
        with session.refused("forbidden", "unique_violation"):
            caller.insert("sales", {"id": 2, "region": "north", "units": 0}, on_conflict=OnConflict())

    def test_a_hidden_column_does_not_exist(self, session: Session) -> None:
        """Neither among all columns nor by name, in outputs, filters, orders and aggregates."""
        _regions(session)
        caller = session.restricted(sales=TableRestriction(hidden=frozenset({"secret"})))
        assert {"id", "region", "units"} == set(caller.rows("sales")[0])
        with session.refused("unknown_column"):
            caller.rows("sales", "secret")
        with session.refused("unknown_column"):
            caller.rows("sales", where=where("secret", "eq", 1))
        with session.refused("unknown_column"):
            caller.rows("sales", order=by("secret"))
        with session.refused("unknown_column"):
            caller.execute(Select("sales", (aggregate("sum", "secret"),)))
        with session.refused("unknown_column"):
            having = Comparison(Aggregate("max", where("secret", "eq", 1).column), "gt", 1)  # type: ignore[arg-type]  # always a column
            caller.execute(Select("sales", (aggregate("count"),), having=having))

    def test_a_hidden_column_is_not_written_or_returned(self, session: Session) -> None:
        """A write cannot name it, not even to make it anew, and cannot find rows by it."""
        _regions(session)
        caller = session.restricted(sales=TableRestriction(hidden=frozenset({"secret"})))
        returned = caller.insert("sales", {"units": 1}, returning=Select("sales")).python()
        assert {"id", "region", "units"} == set(returned[0])
        with session.refused("unknown_column", "forbidden"):
            caller.insert("sales", {"secret": 5})
        with session.refused("unknown_column", "forbidden"):
            caller.update("sales", {"secret": 5}, every_row=True)
        with session.refused("unknown_column"):
            caller.delete("sales", where("secret", "eq", 1))
        with session.refused("unknown_column"):
            caller.insert("sales", {"id": 1}, on_conflict=OnConflict(where=where("secret", "eq", 1)))
        with session.refused("unknown_column"):
            caller.insert("sales", {"units": 1}, returning=Select("sales", columns("secret")))

    def test_a_policy_may_use_a_column_that_it_hides(self, session: Session) -> None:
        """What decides about a row need not be shown."""
        _regions(session)
        limit = TableRestriction(rows=where("secret", "lte", 2), hidden=frozenset({"secret"}))
        assert ["north", "south"] == session.restricted(sales=limit).values("sales", "region")

    def test_restrictions_hold_inside_a_batch(self, session: Session) -> None:
        """Every part of it is restricted."""
        _regions(session)
        caller = session.restricted(sales=_NORTH)
        parts = (
            Select("sales"),
            Update("sales", {"units": 0}, every_row=True),
            Delete("sales", every_row=True),
        )
        selected, updated, deleted = caller.execute(Batch(parts)).parts
        assert (1, 1, 1) == (len(selected.rows), updated.affected, deleted.affected)
        with session.refused("forbidden"):
            caller.execute(Batch((Insert.of("sales", [{"region": "south"}]),)))

    @needs("sql")
    def test_sql_does_not_go_around_restrictions(self, session: Session) -> None:
        """A restricted table is restricted in SQL, or refused."""
        _regions(session)
        caller = session.restricted(sales=replace(_NORTH, hidden=frozenset({"secret"})))
        session.execute(Sql("SELECT 1"))
        try:
            found = caller.execute(Sql("SELECT units FROM sales")).python()
        except (Forbidden, InvalidSql, UnsupportedCapability):
            found = [{"units": 3}]
        assert [{"units": 3}] == found
        with pytest.raises(RequestError):
            caller.execute(Sql("SELECT secret FROM sales"))
