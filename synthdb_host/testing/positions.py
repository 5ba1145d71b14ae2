"""Conformance: pages that begin where another one ended."""

from dataclasses import replace
from typing import Any, Final

import pytest

from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import TableRestriction
from synthdb_host.operations import (
    Aggregate,
    AlterColumn,
    ColumnRef,
    CreateTable,
    Order,
    Output,
    Position,
    Select,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, by, column, columns, embed, where
from synthdb_host.versions import Log

__all__ = ["PositionTests"]

_ROWS: Final = tuple(
    {"id": number, "kind": kind, "size": size, "note": None if number % 3 else f"n{number % 2}"}
    for number, (kind, size) in enumerate(
        [("a", 1), ("b", None), ("a", 2.5), (None, 1), ("b", 2.5), ("a", None), (None, None), ("a", 1), ("c", -1)], 1
    )
)


def _order(*terms: str) -> tuple[Order, ...]:
    """Read terms such as ``-size`` (descending), with ``<`` or ``>`` behind them for NULLs first or last."""
    return tuple(
        Order(ColumnRef(term.strip("-<>")), term[0] == "-", {"<": "first", ">": "last"}.get(term[-1]))  # type: ignore[arg-type] # one of them
        for term in terms
    )


_ORDERS: Final = (
    (), ("kind",), ("-kind",), ("kind<",), ("-kind>",), ("size", "-kind"), ("-size", "kind"), ("size<", "kind>"),
    ("-note", "size", "-id"), ("id",), ("-id",), ("kind", "size", "note"), ("note>", "-size>", "kind<"),
)  # fmt: skip


def _walk(session: Session, select: Select, size: int) -> list[Any]:
    """Read all pages, each after the one before."""
    found: list[Any] = []
    page = replace(select, limit=size, positioned=True)
    while True:
        result = session.execute(page)
        found += result.python()
        if result.position is None:
            return found
        page = replace(page, after=replace(result.position, commit=None))


class PositionTests:
    """Rows after a position."""

    @pytest.mark.parametrize("size", [1, 2, 4])
    @pytest.mark.parametrize("terms", _ORDERS, ids=",".join)
    def test_pages_after_each_other_are_the_whole(self, session: Session, terms: tuple[str, ...], size: int) -> None:
        """Whatever they are sorted by, wherever the NULLs are, and whether what sorts them is shown or not."""
        session.insert("things", *_ROWS)
        select = Select("things", columns("kind", "id"), order=_order(*terms), positioned=True)
        whole = session.execute(select).python()
        assert len(_ROWS) == len(whole)
        assert whole == _walk(session, select, size)

    def test_rows_of_a_table_with_another_key_have_one_order(self, session: Session) -> None:
        """Ties are broken, by an identity of any type."""
        session.define(CreateTable("words", (column("word", "text", not_null=True), column("n", "integer")), ("word",)))
        session.insert("words", *({"word": word, "n": len(word) % 2} for word in ("z", "aa", "b", "yy", "c", "xxx")))
        select = Select("words", columns("word"), order=by("n", descending=True))
        assert {"z", "aa", "b", "yy", "c", "xxx"} == {row["word"] for row in _walk(session, select, 2)}
        assert 6 == len(_walk(session, select, 2))

    def test_only_a_full_page_has_a_position(self, session: Session) -> None:
        """And only if it is asked for."""
        session.insert("things", *_ROWS)
        page = Select("things", limit=4, positioned=True)
        assert session.execute(page).position is not None
        for other in (replace(page, limit=10), replace(page, positioned=False), replace(page, limit=None)):
            assert session.execute(other).position is None
        assert session.execute(replace(page, offset=9)).position is None

    def test_a_position_holds_when_rows_come_and_go(self, session: Session) -> None:
        """Those before it, and the one that it is of."""
        session.insert("things", *_ROWS)
        session.place.stay()
        page = Select("things", columns("id"), order=by("size"), limit=3, positioned=True)
        first = session.execute(page)
        assert [9, 1, 4] == [row["id"] for row in first.python()]
        session.delete("things", where("id", "in", [9, 4]))
        session.insert("things", {"id": 20, "size": -5}, {"id": 21, "size": 2})
        assert first.position is not None
        live = replace(first.position, commit=None)
        assert [8, 21, 3] == [row["id"] for row in session.execute(replace(page, after=live)).python()]

    @needs("as_of")
    def test_a_position_with_a_commit_goes_on_with_the_state_of_then(self, session: Session) -> None:
        """Whatever was written since, to this table or to another."""
        session.execute(Log(session.ref))
        session.insert("things", *_ROWS)
        session.insert("others", {"thing": 5, "name": "e"}, {"thing": 9, "name": "i"})
        related = embed("others", "id", "thing", Select("others", columns("name")), many=True)
        page = Select("things", (), (related,), order=by("size", descending=True), limit=3, positioned=True)
        whole = session.execute(replace(page, limit=None)).python()
        found = (result := session.execute(page)).python()
        session.place.stay()
        for changed in range(1, 4):
            session.update("things", {"size": 50 + changed}, where("id", "eq", changed))
            session.insert("things", {"id": 30 + changed, "size": 1})
            session.delete("others", where("thing", "eq", 9))
            assert result.position is not None
            result = session.execute(replace(page, after=result.position))
            found += result.python()
        assert whole == found

    @needs("as_of")
    def test_a_state_that_never_was_is_unknown(self, session: Session) -> None:
        """A storage without a past refuses all of them."""
        session.insert("things", *_ROWS)
        with session.refused("unknown_ref", "unsupported_capability"):
            session.execute(Select("things", limit=3, positioned=True, after=Position("99999")))
        session.execute(Select("things", limit=3, positioned=True, after=Position("1")))

    def test_all_rows_are_counted_after_a_position_too(self, session: Session) -> None:
        """The total is that of the whole walk."""
        session.insert("things", *_ROWS)
        page = Select("things", limit=4, count="exact", positioned=True)
        position = session.execute(page).position
        assert position is not None
        after = replace(position, commit=None)
        assert 9 == session.execute(replace(page, after=after)).total
        assert 9 == session.execute(replace(page, after=after, limit=8)).total

    def test_rows_sorted_by_a_related_row_have_positions(self, session: Session) -> None:
        """Those without one have NULL there."""
        session.insert("owners", *({"id": n, "name": name} for n, name in enumerate(("Cy", "Al", None), 1)))
        session.insert("pets", *({"id": n, "owner": owner} for n, owner in enumerate((1, 2, None, 3, 2, 1, 9), 1)))
        owner = embed("of", "owner", "id", Select("owners", columns("name")), many=False)
        select = Select("pets", columns("id"), (owner,), order=(Order(ColumnRef("name"), embed="of"),), positioned=True)
        whole = session.execute(select).python()
        assert [2, 5, 1, 6, 3, 4, 7] == [row["id"] for row in whole]
        assert whole == _walk(session, select, 2)

    def test_groups_and_hidden_identities_have_none(self, session: Session) -> None:
        """The next page is found by its offset; the state that it is of is known all the same."""
        session.insert("things", *_ROWS)
        count = Output(Aggregate("count"), "n")
        grouped = session.execute(Select("things", (*columns("kind"), count), limit=2, positioned=True))
        hidden = session.restricted(things=TableRestriction(hidden=frozenset({"id"})))
        plain = hidden.execute(Select("things", columns("kind"), limit=2, positioned=True))
        assert [(), ()] == [result.position.row for result in (grouped, plain) if result.position is not None]

    @needs("define")
    def test_a_position_of_another_type_has_expired(self, session: Session) -> None:
        """What rows are sorted by is no longer what it was."""
        session.insert("things", *_ROWS)
        page = Select("things", order=by("size"), limit=2, positioned=True)
        position = session.execute(page).position
        assert position is not None
        session.define(AlterColumn("things", "size", type=ColumnType("text")))
        with session.refused("cursor_expired"):
            session.execute(replace(page, after=replace(position, commit=None)))
