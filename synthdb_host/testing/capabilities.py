"""Conformance: what is declared works, what is not declared is refused."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, get_args

import pytest

from synthdb_host.contracts import Capability
from synthdb_host.errors import RequestError, UniqueViolation, UnsupportedCapability
from synthdb_host.operations import (
    Insert,
    Ref,
    Select,
    Sql,
)
from synthdb_host.records import Records
from synthdb_host.stepping import run
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, columns, where
from synthdb_host.versions import Branching, Changes, CreateBranch, Log, Merge

__all__ = ["CapabilityTests"]


class CapabilityTests:
    """What is declared works, what is not declared is refused."""

    branches: ClassVar[bool]

    def test_capabilities_are_known_ones(self, session: Session) -> None:
        """A storage declares only what the contract knows."""
        assert session.database.capabilities <= set(get_args(Capability))

    def test_a_storage_with_branches_is_tested_on_branches(self, session: Session) -> None:
        """The suite's ``branches`` says what the storage declares."""
        assert self.branches == ("branches" in session.database.capabilities)

    def test_operators_beyond_the_declared_are_refused_by_name(self, session: Session) -> None:
        """Full text search and ranges need a storage that has them."""
        session.insert("people", {"name": "Ada"})
        for operator in ("fts", "sl", "adj"):
            with pytest.raises(RequestError) as caught:
                session.rows("people", where=where("name", operator, "x"))
            assert caught.value.code in ("unknown_operator", "invalid_filter")

    @needs("sql")
    def test_sql_reads_logical_tables(self, session: Session) -> None:
        """With parameters, and with at most as many rows as asked for."""
        session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25}, {"name": "Cleo", "age": 50})
        statement = "SELECT name FROM people WHERE age > ? ORDER BY name"
        assert [{"name": "Ada"}, {"name": "Cleo"}] == session.execute(Sql(statement, (30,))).python()
        assert [{"name": "Ada"}] == session.execute(Sql(statement, (30,), limit=1)).python()

    @needs("sql")
    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM people",
            "INSERT INTO people (name) VALUES ('x')",
            "DROP TABLE people",
            "SELEC 1",
            "",
            "SELECT 1; SELECT 2",
        ],
    )
    def test_sql_cannot_write(self, session: Session, statement: str) -> None:
        """One statement, and only reading."""
        session.insert("people", {"name": "Ada"})
        session.execute(Sql("SELECT 1"))
        with session.refused("invalid_sql", "read_only"):
            session.execute(Sql(statement))

    @needs("transactions")
    def test_a_transaction_commits_all_its_writes_at_once(self, session: Session) -> None:
        """It sees its own writes; others see them when it has committed."""
        session.insert("people", {"name": "Ada"})
        transaction = session.begin()
        session.within(transaction, Insert.of("people", [{"name": "Bob"}]))
        seen = session.within(transaction, Select("people", columns("name")))
        assert [{"name": "Ada"}, {"name": "Bob"}] == seen.python()
        assert ["Ada"] == session.values("people", "name")
        run(transaction.commit())
        assert ["Ada", "Bob"] == session.values("people", "name")

    @needs("transactions")
    def test_a_transaction_can_be_rolled_back(self, session: Session) -> None:
        """Tables and columns that it made go with it."""
        session.insert("people", {"name": "Ada"})
        before = session.everything()
        transaction = session.begin()
        for operation in (Insert.of("people", [{"age": 5}]), Insert.of("things", [{"value": 1}])):
            session.within(transaction, operation)
        run(transaction.rollback())
        assert before == session.everything()

    @needs("transactions")
    def test_an_error_in_a_transaction_undoes_that_operation_only(self, session: Session) -> None:
        """The transaction goes on."""
        session.insert("people", {"name": "Ada"})
        transaction = session.begin()
        session.within(transaction, Insert.of("people", [{"name": "Bob"}]))
        failing = Insert.of("people", [{"name": "Cleo", "age": 1}, {"id": 1, "name": "again"}])
        with pytest.raises(UniqueViolation):
            session.within(transaction, failing)
        run(transaction.commit())
        assert [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}] == [
            {"id": row["id"], "name": row["name"]} for row in session.rows("people")
        ]

    def test_what_is_not_declared_is_refused(self, session: Session) -> None:
        """Interactive transactions and SQL are refused before anything happens."""
        missing = set(get_args(Capability)) - session.database.capabilities
        attempts: dict[Capability, Callable[[], Any]] = {
            "transactions": session.begin,
            "sql": lambda: session.execute(Sql("SELECT 1")),
            "dry_run": lambda: session.trying().insert("people", {"name": "Ada"}),
            "define": lambda: session.create("people"),
            "as_of": lambda: session.execute(Log()),
            "branches": lambda: session.execute(Branching((CreateBranch("dev"),))),
            "merge": lambda: session.execute(Merge(Ref("dev"))),
            "changes": lambda: session.execute(Changes()),
            "follow": lambda: session.database.watch(lambda: None),
            "records": lambda: session.execute(Records("k")),
            "streams": lambda: run(session.database.stream(Select("people"), session.restrictions, session.context)),
        }
        for capability in sorted(missing & set(attempts)):
            with pytest.raises(UnsupportedCapability):
                attempts[capability]()
        assert {} == session.catalog().tables

    @pytest.mark.parametrize("ref", [Ref("nowhere"), Ref("main", "nowhere")], ids=["branch", "moment"])
    def test_a_ref_that_does_not_exist_is_refused(self, session: Session, ref: Ref) -> None:
        """For reading, for writing and for the catalog."""
        session.insert("people", {"name": "Ada"})
        with session.refused("unknown_ref"):
            session.rows("people", ref=ref)
        with session.refused("unknown_ref", "read_only"):
            session.insert("people", {"name": "Bob"}, ref=ref)
        with session.refused("unknown_ref"):
            run(session.database.catalog(ref))

    def test_an_operation_whose_time_is_over_is_stopped(self, session: Session) -> None:
        """A deadline that has passed is an error, and a write leaves nothing behind."""
        session.insert("people", {"name": "Ada"})
        late = replace(session, context=replace(session.context, deadline=time.monotonic() - 1))
        with session.refused("timeout"):
            late.rows("people")
        with session.refused("timeout"):
            late.insert("people", {"name": "Bob"})
