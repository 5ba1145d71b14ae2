"""Conformance: inserting, updating, deleting, conflicts, batches and dry runs."""

import pytest

from synthdb_host.catalog import UniqueKey
from synthdb_host.operations import (
    MISSING,
    AddUniqueKey,
    Batch,
    Define,
    Delete,
    Insert,
    OnConflict,
    RenameColumn,
    Select,
    Update,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, by, column, columns, embed, where

__all__ = ["BatchTests", "WritingTests"]


def _people(session: Session) -> None:
    session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25}, {"name": "Cleo", "age": None})


class WritingTests:
    """Rows in, changed and out."""

    def test_an_insert_says_what_it_wrote(self, session: Session) -> None:
        """A single row is answered with its key, several with their number."""
        single = session.insert("people", {"name": "Ada"})
        assert (1, 1, ((1,),)) == (single.affected, single.inserted, single.keys)
        several = session.insert("people", {"name": "Bob"}, {"name": "Cleo"})
        assert (2, 2, ()) == (several.affected, several.inserted, several.keys)
        assert (None, ()) == (several.encoder, several.rows)

    def test_identities_ascend_and_are_never_given_twice(self, session: Session) -> None:
        """Not even after the last row was deleted."""
        _people(session)
        session.delete("people", where("id", "eq", 3))
        session.insert("people", {"name": "Dan"})
        assert [1, 2, 4] == session.values("people", "id")

    def test_returning_shows_exactly_the_rows_written(self, session: Session) -> None:
        """With the outputs, the embeds and the order asked for, whatever filter the select has."""
        session.insert("cities", {"name": "London"})
        _people(session)
        city = embed("city", "city_id", "id", Select("cities", columns("name")), many=False)
        shape = Select(
            "people",
            columns("name"),
            (city,),
            where("id", "eq", 1),
            order=by("name", descending=True),
            limit=1,
        )
        rows: list[dict[str, object]] = [{"name": "Dan", "city_id": 1}, {"name": "Eve", "city_id": None}]
        result = session.insert("people", *rows, returning=shape)
        assert [{"name": "Eve", "city": None}, {"name": "Dan", "city": {"name": "London"}}] == result.python()
        assert (2, 2) == (result.affected, result.inserted)

    @needs("define")
    def test_a_column_left_out_takes_its_default_and_null_is_kept(self, session: Session) -> None:
        """Missing and NULL are two things."""
        session.create("people", column("name", "text", default="nobody"), column("age", "integer", default=0))
        session.execute(Insert("people", ("name", "age"), [("Ada", MISSING), (None, 5), (MISSING, None)]))
        assert [("Ada", 0), (None, 5), ("nobody", None)] == [
            (row["name"], row["age"]) for row in session.rows("people")
        ]

    @needs("define")
    def test_a_column_that_must_have_a_value_refuses_null(self, session: Session) -> None:
        """On insert, when left out without a default, and on update."""
        session.create("people", column("name", "text", not_null=True), column("age", "integer"))
        session.insert("people", {"name": "Ada", "age": 36})
        with session.refused("not_null_violation"):
            session.insert("people", {"name": None})
        with session.refused("not_null_violation"):
            session.insert("people", {"age": 5})
        with session.refused("not_null_violation"):
            session.update("people", {"name": None}, every_row=True)

    def test_an_update_changes_the_rows_selected(self, session: Session) -> None:
        """And says how many it matched, changed or not."""
        _people(session)
        result = session.update("people", {"age": 36}, where("age", "gte", 25))
        assert (2, None) == (result.affected, result.encoder)
        assert [36, 36, None] == session.values("people", "age")
        assert 0 == session.update("people", {"age": 1}, where("id", "eq", 99)).affected

    def test_an_update_returns_new_values_and_a_delete_old_ones(self, session: Session) -> None:
        """The rows returned are those affected."""
        _people(session)
        shape = Select("people", columns("id", "age"))
        updated = session.update("people", {"age": 40}, where("name", "eq", "Bob"), returning=shape)
        assert [{"id": 2, "age": 40}] == updated.python()
        deleted = session.delete("people", where("name", "eq", "Bob"), returning=shape)
        assert [{"id": 2, "age": 40}] == deleted.python()
        assert [1, 3] == session.values("people", "id")

    def test_a_delete_removes_the_rows_selected(self, session: Session) -> None:
        """Rows for which the condition is unknown stay."""
        _people(session)
        assert 1 == session.delete("people", where("age", "lt", 30)).affected
        assert ["Ada", "Cleo"] == session.values("people", "name")

    def test_a_write_to_every_row_must_be_meant(self, session: Session) -> None:
        """Without a filter an update or delete is refused, unless every row is asked for."""
        _people(session)
        with session.refused("full_table_write"):
            session.update("people", {"age": 1})
        with session.refused("full_table_write"):
            session.delete("people")
        assert 3 == session.update("people", {"age": 1}, every_row=True).affected
        assert 3 == session.delete("people", every_row=True).affected

    def test_a_write_keeps_to_the_number_of_rows_it_may_affect(self, session: Session) -> None:
        """One row more and nothing is changed."""
        _people(session)
        with session.refused("max_affected_exceeded"):
            session.update("people", {"age": 1}, where("id", "lte", 2), max_affected=1)
        with session.refused("max_affected_exceeded"):
            session.delete("people", every_row=True, max_affected=2)
        assert 2 == session.delete("people", where("id", "lte", 2), max_affected=2).affected

    def test_writes_to_what_does_not_exist_are_refused(self, session: Session) -> None:
        """Only an insert makes a table."""
        with session.refused("unknown_table"):
            session.update("nowhere", {"a": 1}, every_row=True)
        with session.refused("unknown_table"):
            session.delete("nowhere", every_row=True)
        _people(session)
        with session.refused("unknown_column"):
            session.delete("people", where("nowhere", "eq", 1))
        with session.refused("invalid_filter"):
            session.update("people", {"age": 1}, where("age", "eq", "old"))

    @needs("define")
    def test_a_duplicate_key_is_refused_and_nothing_of_the_write_stays(self, session: Session) -> None:
        """Identity, declared key and unique keys alike, whichever row of the write it is."""
        key = UniqueKey("by_email", ("email",))
        session.create("people", column("email", "text"), unique_keys=(key,))
        session.insert("people", {"email": "a@x"}, {"email": None}, {"email": None})
        with session.refused("unique_violation"):
            session.insert("people", {"email": "b@x"}, {"email": "a@x"})
        with session.refused("unique_violation"):
            session.insert("people", {"email": "c@x"}, {"email": "c@x"})
        with session.refused("unique_violation"):
            session.insert("people", {"id": 1, "email": "d@x"})
        with session.refused("unique_violation"):
            session.update("people", {"email": "a@x"}, where("id", "eq", 2))

    @needs("define")
    def test_an_upsert_merges_what_exists_and_inserts_the_rest(self, session: Session) -> None:
        """Columns that the write does not give stay as they are."""
        session.create(
            "people",
            column("email", "text"),
            column("name", "text"),
            column("age", "integer"),
            key=("email",),
        )
        session.insert("people", {"email": "a@x", "name": "Ada", "age": 36})
        result = session.insert(
            "people",
            {"email": "a@x", "age": 37},
            {"email": "b@x", "age": 25},
            on_conflict=OnConflict(),
            returning=Select("people", columns("email", "name", "age"), order=by("email")),
        )
        expected = [{"email": "a@x", "name": "Ada", "age": 37}, {"email": "b@x", "name": None, "age": 25}]
        assert expected == result.python()
        assert (2, 1) == (result.affected, result.inserted)

    @needs("define")
    def test_an_upsert_can_ignore_what_exists(self, session: Session) -> None:
        """The rows that exist are neither changed nor returned."""
        session.create("people", column("email", "text"), column("age", "integer"), key=("email",))
        session.insert("people", {"email": "a@x", "age": 36})
        result = session.insert(
            "people",
            {"email": "a@x", "age": 1},
            {"email": "b@x", "age": 2},
            on_conflict=OnConflict(resolution="ignore"),
            returning=Select("people", columns("email")),
        )
        assert ([{"email": "b@x"}], 1, 1) == (result.python(), result.affected, result.inserted)
        assert [36, 2] == session.values("people", "age", order=by("email"))

    @needs("define")
    def test_an_upsert_finds_rows_by_a_unique_key_of_several_columns(self, session: Session) -> None:
        """And may set only some of the columns given."""
        key = UniqueKey("place", ("x", "y"))
        session.create("map", *(column(name, "integer") for name in ("x", "y", "a", "b")), unique_keys=(key,))
        session.insert("map", {"x": 1, "y": 2, "a": 3, "b": 4})
        conflict = OnConflict(("x", "y"), update=("a",))
        session.insert(
            "map", {"x": 1, "y": 2, "a": 30, "b": 40}, {"x": 2, "y": 2, "a": 5, "b": 6}, on_conflict=conflict
        )
        assert [(1, 30, 4), (2, 5, 6)] == [(row["x"], row["a"], row["b"]) for row in session.rows("map")]

    def test_an_upsert_merges_only_rows_that_a_condition_admits(self, session: Session) -> None:
        """Others are as if ignored; what is unknown of a row does not hold, and new rows are written all the same."""
        _people(session)
        conflict = OnConflict(where=where("age", "gt", 30))
        rows = [{"id": number, "age": 50} for number in (1, 2, 3, 4)]
        result = session.insert("people", *rows, on_conflict=conflict, returning=Select("people", columns("id")))
        assert (2, 1, [1, 4]) == (result.affected, result.inserted, sorted(row["id"] for row in result.python()))
        assert [50, 25, None, 50] == session.values("people", "age")
        with session.refused("unknown_column"):
            session.insert("people", {"id": 1}, on_conflict=OnConflict(where=where("nothing", "eq", 1)))

    def test_an_upsert_by_identity_needs_no_schema(self, session: Session) -> None:
        """The identity is the key where none was declared."""
        _people(session)
        session.insert("people", {"id": 2, "age": 26}, {"id": 9, "age": 1}, on_conflict=OnConflict())
        assert [("Ada", 36), ("Bob", 26), ("Cleo", None), (None, 1)] == [
            (row["name"], row["age"]) for row in session.rows("people")
        ]

    def test_an_upsert_needs_a_unique_key(self, session: Session) -> None:
        """Columns that are not unique cannot tell which row is meant."""
        _people(session)
        with session.refused("invalid_parameter"):
            session.insert("people", {"name": "Ada"}, on_conflict=OnConflict(("name",)))
        with session.refused("unknown_column"):
            session.insert("people", {"name": "Ada"}, on_conflict=OnConflict(("nowhere",)))

    def test_many_rows_are_one_write(self, session: Session) -> None:
        """A thousand rows arrive together, in order."""
        result = session.insert("numbers", *({"n": number} for number in range(1000)))
        assert (1000, 1000) == (result.affected, result.inserted)
        assert list(range(1000)) == session.values("numbers", "n")


class BatchTests:
    """All or none, and dry runs."""

    def test_a_batch_gives_the_result_of_each_operation(self, session: Session) -> None:
        """Each sees what the ones before it wrote."""
        batch = Batch(
            (
                Insert.of("people", [{"name": "Ada", "age": 36}]),
                Update("people", {"age": 37}, where("name", "eq", "Ada")),
                Select("people", columns("name", "age")),
                Delete("people", every_row=True),
            )
        )
        inserted, updated, selected, deleted = session.execute(batch).parts
        assert (1, 1, 1) == (inserted.affected, updated.affected, deleted.affected)
        assert [{"name": "Ada", "age": 37}] == selected.python()
        assert [] == session.rows("people")

    def test_a_batch_is_all_or_nothing(self, session: Session) -> None:
        """An error in the last operation undoes the first, its tables and columns included."""
        _people(session)
        batch = Batch(
            (
                Insert.of("things", [{"value": 1}]),
                Update("people", {"age": 1, "city": "Paris"}, every_row=True),
                Delete("people", where("id", "eq", 1)),
                Insert.of("people", [{"id": 2, "name": "again"}]),
            )
        )
        with session.refused("unique_violation"):
            session.execute(batch)

    @needs("define")
    def test_a_batch_may_change_schema_and_rows(self, session: Session) -> None:
        """Schema and rows change together, or neither."""
        _people(session)
        rename = Define((RenameColumn("people", "age", "years"),))
        with session.refused("unknown_column"):
            session.execute(Batch((rename, Delete("people", where("age", "eq", 1)))))
        session.execute(Batch((rename, Update("people", {"years": 1}, where("years", "is", None)))))
        assert [36, 25, 1] == session.values("people", "years")

    @needs("define")
    def test_a_failed_define_changes_nothing(self, session: Session) -> None:
        """All changes of a define operation, or none."""
        _people(session)
        session.insert("people", {"name": "Ada", "age": 1})
        with session.refused("unique_violation"):
            session.define(RenameColumn("people", "age", "years"), AddUniqueKey("people", UniqueKey("k", ("name",))))

    @needs("dry_run")
    def test_a_dry_run_answers_and_changes_nothing(self, session: Session) -> None:
        """The answer is that of the real thing; rows, tables, columns and version stay."""
        _people(session)
        trying = session.trying()
        trying.delete("people", where("id", "eq", 1))
        before = session.everything()
        shape = Select("people", columns("name", "city"))
        result = trying.insert("people", {"name": "Dan", "city": "Paris"}, returning=shape)
        assert [{"name": "Dan", "city": "Paris"}] == result.python()
        assert 3 == trying.update("people", {"age": "x"}, every_row=True).affected
        assert 3 == trying.delete("people", every_row=True).affected
        trying.insert("things", {"value": 1})
        assert before == session.everything()

    @needs("dry_run")
    def test_a_dry_run_fails_like_the_real_thing(self, session: Session) -> None:
        """What would be refused is refused."""
        trying = session.trying()
        trying.insert("people", {"id": 1})
        _people(session)
        with session.refused("unique_violation"):
            trying.insert("people", {"id": 1})

    @pytest.mark.parametrize("rows", [[], [{"name": "Ada"}]])
    def test_an_insert_of_given_rows_affects_as_many(self, session: Session, rows: list[dict[str, object]]) -> None:
        """None are none."""
        _people(session)
        result = session.insert("people", *rows)
        assert (len(rows), len(rows)) == (result.affected, result.inserted)
