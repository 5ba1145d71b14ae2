"""Conformance: selecting, sorting, paging, counting, aggregating and embedding."""

from decimal import Decimal
from typing import Any, Final

import pytest

from synthdb_host.errors import BadRequest, InvalidSelect
from synthdb_host.operations import (
    Aggregate,
    AggregateFunction,
    Batch,
    ColumnRef,
    Comparison,
    EmbedCount,
    EmbedExists,
    Insert,
    Not,
    Order,
    Output,
    Ref,
    Select,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, aggregate, by, column, columns, embed, where

__all__ = ["AggregateTests", "EmbedTests", "PagingTests"]

_SALES: Final = (
    {"region": "north", "units": 3, "price": 1.5},
    {"region": "south", "units": 5, "price": 2.5},
    {"region": "north", "units": None, "price": 0.5},
    {"region": None, "units": 2, "price": None},
)

_ORDERS: Final[tuple[tuple[Order, list[int]], ...]] = (
    (Order(ColumnRef("units")), [4, 1, 2, 3]),
    (Order(ColumnRef("units"), descending=True), [3, 2, 1, 4]),
    (Order(ColumnRef("units"), nulls="first"), [3, 4, 1, 2]),
    (Order(ColumnRef("units"), descending=True, nulls="last"), [2, 1, 4, 3]),
    (Order(ColumnRef("id"), descending=True), [4, 3, 2, 1]),
)


class PagingTests:
    """Order, limit, offset and count."""

    def test_without_outputs_every_column_is_selected(self, session: Session) -> None:
        """An empty projection is all columns, the identity with them."""
        session.insert("sales", _SALES[0])
        assert [{"id": 1, "region": "north", "units": 3, "price": 1.5}] == session.rows("sales")

    def test_outputs_have_the_names_and_the_order_asked_for(self, session: Session) -> None:
        """A column may be given another name, and appear twice."""
        session.insert("sales", _SALES[0])
        outputs = (
            Output(ColumnRef("units"), "n"),
            Output(ColumnRef("id"), "key"),
            Output(ColumnRef("units"), "again"),
        )
        assert b'[{"n":3,"key":1,"again":3}]' == session.execute(Select("sales", outputs)).json()

    def test_what_does_not_exist_is_refused(self, session: Session) -> None:
        """Unknown tables, columns and refs are named by their codes."""
        session.insert("sales", _SALES[0])
        with session.refused("unknown_table"):
            session.rows("nowhere")
        with session.refused("unknown_column"):
            session.rows("sales", "nowhere")
        with session.refused("unknown_column"):
            session.rows("sales", order=by("nowhere"))
        with session.refused("unknown_ref"):
            session.rows("sales", ref=Ref("nowhere"))

    @pytest.mark.parametrize(("order", "expected"), _ORDERS)
    def test_rows_are_sorted_with_nulls_where_they_belong(
        self, session: Session, order: Order, expected: list[int]
    ) -> None:
        """NULLs are last when ascending and first when descending, unless asked for otherwise."""
        session.insert("sales", *_SALES)
        assert expected == session.values("sales", "id", order=(order,))

    def test_later_order_items_break_ties(self, session: Session) -> None:
        """Each order item sorts what the ones before it left equal."""
        session.insert("sales", *_SALES)
        order = (Order(ColumnRef("region")), Order(ColumnRef("price"), descending=True))
        assert [1, 3, 2, 4] == session.values("sales", "id", order=order)

    def test_text_is_sorted_by_code_point(self, session: Session) -> None:
        """Capital letters come before small ones, accents after."""
        session.insert("words", *({"word": word} for word in ("b", "é", "B", "a", "Z")))
        assert ["B", "Z", "a", "b", "é"] == session.values("words", "word", order=by("word"))

    def test_rows_without_an_order_come_by_identity(self, session: Session) -> None:
        """Whatever order they were written in."""
        session.insert("sales", {"id": 7, "units": 1}, {"id": 3, "units": 1}, {"id": 5, "units": 1})
        session.update("sales", {"units": 2}, where("id", "eq", 5))
        assert [3, 5, 7] == session.values("sales", "id")

    @pytest.mark.parametrize(
        ("limit", "offset", "expected"),
        [(2, 0, [1, 2]), (2, 1, [2, 3]), (10, 3, [4]), (0, 0, []), (None, 2, [3, 4]), (5, 9, [])],
    )
    def test_a_page_is_a_slice_of_the_whole(
        self, session: Session, limit: int | None, offset: int, expected: list[int]
    ) -> None:
        """Limit and offset cut after sorting; beyond the end there is nothing."""
        session.insert("sales", *_SALES)
        assert expected == session.values("sales", "id", order=by("id"), limit=limit, offset=offset)

    def test_a_count_is_of_all_rows_that_match(self, session: Session) -> None:
        """Limit and offset do not change it; without being asked for there is none."""
        session.insert("sales", *_SALES)
        select = Select("sales", where=where("units", "gt", 2), limit=1, count="exact")
        result = session.execute(select)
        assert (2, 1) == (result.total, len(result.rows))
        assert session.execute(Select("sales")).total is None
        assert 0 == session.execute(Select("sales", where=where("id", "eq", 0), count="exact")).total


class AggregateTests:
    """Functions over rows, grouping, having."""

    def test_aggregates_leave_nulls_out(self, session: Session) -> None:
        """Only ``count`` over rows sees every row."""
        session.insert("sales", *_SALES)
        outputs = (
            aggregate("count"),
            aggregate("count", "units", "n"),
            aggregate("sum", "units"),
            aggregate("avg", "price"),
            aggregate("min", "units"),
            aggregate("max", "region"),
        )
        (row,) = session.execute(Select("sales", outputs)).python()
        assert {"count": 4, "n": 3, "sum": 10, "avg": 1.5, "min": 2, "max": "south"} == row

    def test_different_values_are_counted(self, session: Session) -> None:
        """NULL is none; nothing but a count is taken of them."""
        session.insert("sales", *_SALES)

        def different(function: AggregateFunction, name: str | None) -> Select:
            column = None if name is None else ColumnRef(name)
            return Select("sales", (Output(Aggregate(function, column, distinct=True), "n"),))

        assert [{"n": 2}] == session.execute(different("count", "region")).python()
        with pytest.raises(InvalidSelect):
            session.execute(different("count", None))
        with pytest.raises(InvalidSelect):
            session.execute(different("sum", "units"))

    def test_aggregates_over_no_rows_are_null_and_counts_zero(self, session: Session) -> None:
        """There is one row of answers even where there is no row of data."""
        session.insert("sales", *_SALES)
        outputs = (aggregate("count"), aggregate("sum", "units"), aggregate("max", "region"))
        select = Select("sales", outputs, where=where("id", "eq", 0))
        assert [{"count": 0, "sum": None, "max": None}] == session.execute(select).python()

    def test_other_outputs_group_the_aggregates(self, session: Session) -> None:
        """There is one row per value, and NULL is a value of its own."""
        session.insert("sales", *_SALES)
        select = Select("sales", (*columns("region"), aggregate("sum", "price")), order=by("region"))
        expected = [("north", 2.0), ("south", 2.5), (None, None)]
        assert expected == [tuple(row.values()) for row in session.execute(select).python()]

    def test_grouping_no_rows_gives_no_groups(self, session: Session) -> None:
        """Without rows there are no values to group by."""
        session.insert("sales", *_SALES)
        select = Select("sales", (*columns("region"), aggregate("count")), where=where("id", "eq", 0))
        assert [] == session.execute(select).python()

    def test_groups_are_sorted_by_an_aggregate(self, session: Session) -> None:
        """By the name it has in the result."""
        session.insert("sales", *_SALES)
        outputs = (*columns("region"), aggregate("sum", "price", "total"))
        select = Select("sales", outputs, order=by("total", descending=True, nulls="last"), limit=2)
        assert ["south", "north"] == [row["region"] for row in session.execute(select).python()]

    def test_groups_are_counted_sorted_and_cut(self, session: Session) -> None:
        """Order, limit and count are about groups, not rows."""
        session.insert("sales", *_SALES)
        select = Select(
            "sales",
            (*columns("region"), aggregate("count", alias="rows")),
            order=by("region", descending=True, nulls="last"),
            limit=2,
            count="exact",
        )
        result = session.execute(select)
        assert [{"region": "south", "rows": 1}, {"region": "north", "rows": 2}] == result.python()
        assert 3 == result.total

    def test_having_selects_groups(self, session: Session) -> None:
        """``where`` is about rows, before grouping; ``having`` about groups, after it."""
        session.insert("sales", *_SALES)
        having = Comparison(Aggregate("count"), "gt", 1)
        select = Select("sales", (*columns("region"), aggregate("sum", "units")), having=having)
        assert [{"region": "north", "sum": 3}] == session.execute(select).python()

    def test_sums_are_exact_beyond_64_bits(self, session: Session) -> None:
        """A sum never overflows silently and is never rounded."""
        session.insert("big", {"n": 2**63 - 1}, {"n": 2**63 - 1}, {"n": 1})
        result = session.execute(Select("big", (aggregate("sum", "n"),)))
        assert 2**64 - 1 == result.python()[0]["sum"]
        assert b'[{"sum":18446744073709551615}]' == result.json()

    @needs("define")
    def test_decimals_are_summed_exactly(self, session: Session) -> None:
        """Ten times 0.10 is 1.00."""
        session.create("prices", column("price", "decimal(18,2)"), column("wide", "decimal(40,20)"))
        session.insert("prices", *({"price": "0.10", "wide": "0.1"} for _ in range(10)))
        outputs = (aggregate("sum", "price"), aggregate("max", "wide"), aggregate("sum", "wide", "all"))
        (row,) = session.execute(Select("prices", outputs)).python()
        assert [Decimal("1.00"), Decimal("0.1"), Decimal(1)] == list(row.values())

    def test_an_aggregate_can_be_cast(self, session: Session) -> None:
        """The cast applies to the result."""
        session.insert("sales", *_SALES)
        output = Output(Aggregate("sum", ColumnRef("units"), cast="text"), "sum")
        assert [{"sum": "10"}] == session.execute(Select("sales", (output,))).python()


def _library(session: Session) -> None:
    session.insert(
        "authors",
        {"name": "Ada", "born": 1815},
        {"name": "Bram", "born": 1847},
        {"name": "Cleo", "born": None},
    )
    session.insert(
        "books",
        {"title": "Notes", "author_id": 1, "editor_id": 2},
        {"title": "Dracula", "author_id": 2, "editor_id": None},
        {"title": "Jewel", "author_id": 2, "editor_id": 1},
        {"title": "Anonymous", "author_id": None, "editor_id": 1},
    )


def _author(*names: str, **options: Any) -> Any:
    return embed("author", "author_id", "id", Select("authors", columns(*names)), many=False, **options)


def _books(select: Select, **options: Any) -> Any:
    return embed("books", "id", "author_id", select, many=True, **options)


_TITLES: Final = Select("books", columns("title"), order=by("title"))


class EmbedTests:
    """Related rows inside rows."""

    def test_a_to_one_embed_is_an_object_or_null(self, session: Session) -> None:
        """A row without a reference keeps its place."""
        _library(session)
        found = session.rows("books", "title", embeds=(_author("name"),), order=by("id"))
        assert [{"name": "Ada"}, {"name": "Bram"}, {"name": "Bram"}, None] == [row["author"] for row in found]

    def test_a_to_many_embed_is_a_list(self, session: Session) -> None:
        """It is sorted by its own order; no related rows give an empty list."""
        _library(session)
        result = session.execute(Select("authors", columns("name"), (_books(_TITLES),), order=by("id")))
        expected = (
            b'[{"name":"Ada","books":[{"title":"Notes"}]},'
            b'{"name":"Bram","books":[{"title":"Dracula"},{"title":"Jewel"}]},'
            b'{"name":"Cleo","books":[]}]'
        )
        assert expected == result.json()

    def test_embeds_nest(self, session: Session) -> None:
        """An embed's select may embed again, back to the table it came from."""
        _library(session)
        inner = Select("books", columns("title"), (_author("name"),), order=by("title"))
        (bram,) = session.rows("authors", "name", embeds=(_books(inner),), where=where("name", "eq", "Bram"))
        assert [("Dracula", "Bram"), ("Jewel", "Bram")] == [
            (book["title"], book["author"]["name"]) for book in bram["books"]
        ]

    def test_a_table_may_be_embedded_twice(self, session: Session) -> None:
        """Two relations to one table are two embeds."""
        _library(session)
        editor = embed("editor", "editor_id", "id", Select("authors", columns("name")), many=False)
        (row,) = session.rows("books", embeds=(_author("name"), editor), where=where("title", "eq", "Notes"))
        assert ({"name": "Ada"}, {"name": "Bram"}) == (row["author"], row["editor"])

    def test_an_embed_has_its_own_filter_and_page(self, session: Session) -> None:
        """Where, limit and offset of the embed's select apply to each outer row's relatives."""
        _library(session)
        select = Select("books", columns("title"), where=where("id", "gt", 1), order=by("title"), limit=1, offset=1)
        found = session.rows("authors", embeds=(_books(select),), order=by("id"))
        assert [[], [{"title": "Jewel"}], []] == [row["books"] for row in found]

    def test_an_inner_embed_leaves_out_rows_without_relatives(self, session: Session) -> None:
        """What the embed's filter leaves out counts as no relative, and the count agrees."""
        _library(session)
        select = Select("books", columns("title"), where=where("title", "like", "D%"))
        outer = Select("authors", columns("name"), (_books(select, inner=True),), count="exact")
        result = session.execute(outer)
        assert [{"name": "Bram", "books": [{"title": "Dracula"}]}] == result.python()
        assert 1 == result.total

    def test_an_embed_without_a_match_still_shows_its_outer_row(self, session: Session) -> None:
        """A filter inside a plain embed narrows the embed only."""
        _library(session)
        author = embed("author", "author_id", "id", Select("authors", where=where("name", "eq", "Ada")), many=False)
        found = session.rows("books", "title", embeds=(author,), order=by("id"))
        assert [True, False, False, False] == [row["author"] is not None for row in found]

    def test_a_spread_embed_puts_its_columns_into_the_outer_row(self, session: Session) -> None:
        """Without a relative they are NULL."""
        _library(session)
        found = session.rows("books", "title", embeds=(_author("name", "born", spread=True),), order=by("id"))
        assert {"title": "Notes", "name": "Ada", "born": 1815} == found[0]
        assert {"title": "Anonymous", "name": None, "born": None} == found[3]

    def test_a_hidden_embed_only_joins(self, session: Session) -> None:
        """It can be filtered and sorted by, and yields nothing."""
        _library(session)
        order = (Order(ColumnRef("name"), descending=True, embed="author"), Order(ColumnRef("title")))
        found = session.rows("books", "title", embeds=(_author("name", hidden=True, inner=True),), order=order)
        assert [{"title": "Dracula"}, {"title": "Jewel"}, {"title": "Notes"}] == found

    def test_rows_are_sorted_by_a_column_of_a_to_one_embed(self, session: Session) -> None:
        """A row without a relative sorts like NULL."""
        _library(session)
        order = (Order(ColumnRef("born"), embed="author", nulls="first"), Order(ColumnRef("id")))
        assert [4, 1, 2, 3] == session.values("books", "id", embeds=(_author("name"),), order=order)

    def test_a_condition_can_ask_whether_an_embed_has_rows(self, session: Session) -> None:
        """EmbedExists and its negation divide the rows into two."""
        _library(session)
        embeds = (_books(Select("books", where=where("title", "neq", "Notes")), hidden=True),)
        assert ["Bram"] == session.values("authors", "name", EmbedExists("books"), embeds=embeds)
        assert ["Ada", "Cleo"] == session.values("authors", "name", Not(EmbedExists("books")), embeds=embeds)

    @pytest.mark.parametrize(
        ("operator", "number", "names"),
        [("eq", 0, ["Cleo"]), ("gt", 0, ["Ada", "Bram"]), ("gte", 2, ["Bram"]), ("neq", 1, ["Bram", "Cleo"]),
         ("lt", 2, ["Ada", "Cleo"]), ("lte", -1, [])],
    )  # fmt: skip
    def test_a_condition_can_ask_how_many_rows_an_embed_has(
        self, session: Session, operator: str, number: int, names: list[str]
    ) -> None:
        """None is a number, too."""
        _library(session)
        embeds = (_books(Select("books"), hidden=True),)
        assert names == session.values("authors", "name", EmbedCount("books", operator, number), embeds=embeds)

    @pytest.mark.parametrize(("operator", "number"), [("like", 1), ("eq", "1"), ("eq", None), ("eq", True)])
    def test_rows_of_an_embed_are_counted_by_numbers_only(
        self, session: Session, operator: str, number: object
    ) -> None:
        """Whatever else is asked is refused."""
        _library(session)
        embeds = (_books(Select("books"), hidden=True),)
        with pytest.raises(BadRequest):
            session.values("authors", "name", EmbedCount("books", operator, number), embeds=embeds)

    def test_an_embed_can_aggregate(self, session: Session) -> None:
        """Aggregates in an embed are over each outer row's relatives."""
        _library(session)
        embeds = (_books(Select("books", (aggregate("count"),))),)
        found = session.rows("authors", "name", embeds=embeds, order=by("id"))
        assert [1, 2, 0] == [row["books"][0]["count"] for row in found]

    def test_an_embed_of_what_does_not_exist_is_refused(self, session: Session) -> None:
        """Its table, its columns and what its order names are checked."""
        _library(session)
        with session.refused("unknown_table"):
            session.rows("books", embeds=(embed("x", "author_id", "id", Select("nowhere"), many=False),))
        with session.refused("unknown_column"):
            session.rows("books", embeds=(_author("nowhere"),))
        with session.refused("unknown_relation"):
            session.rows("books", order=(Order(ColumnRef("name"), embed="nowhere"),))

    def test_a_batch_reads_what_it_wrote(self, session: Session) -> None:
        """Embeds in a batch see the batch's own rows."""
        _library(session)
        batch = Batch(
            (
                Insert.of("books", [{"title": "Late", "author_id": 3}]),
                Select("authors", columns("name"), (_books(_TITLES),), where=where("id", "eq", 3)),
            )
        )
        assert [{"name": "Cleo", "books": [{"title": "Late"}]}] == session.execute(batch).parts[1].python()
