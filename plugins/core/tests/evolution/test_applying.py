"""Suggested changes are made on a branch, exactly, and resumed after an interruption."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import synthdb
from synthdb.evolution import applying
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter, TypeConflict
from synthdb_host.operations import Insert, Operation

HUGE = 12345678901234567890123


@pytest.fixture
def db() -> Iterator[synthdb.Connection]:
    """A table of 30 rows with a key, a column that must have values, and documents."""
    with synthdb.connect(":memory:") as connection:
        connection.create_table(
            "items",
            {"sku": "text", "name": synthdb.column("text", not_null=True), "n": "text", "doc": "json"},
            key="sku",
        )
        connection.insert("items", [
            {"sku": f"s{n}", "name": "x" * n, "n": str(n), "doc": {"size": n, "when": f"2020-01-{n % 28 + 1:02}"}}
            for n in range(30)
        ])  # fmt: skip
        yield connection


def test_changes_are_made_on_a_branch_first(db: synthdb.Connection) -> None:
    """The state that was looked at stays as it is until the branch is merged."""
    applied = db.apply_suggestions(["type:items.n", "key:items.doc.size"])

    assert "evolve-type-items.n-" == applied.branch[:-6]
    assert [("size", 30, 0)] == [(item.column, item.copied, item.left) for item in applied.moved]
    assert "text" == str(db.describe("items").column("n").type)
    row = {"id": 4, "sku": "s3", "name": "xxx", "n": 3, "doc": {"size": 3, "when": "2020-01-04"}, "size": 3}
    assert row == db.branch(applied.branch).get("items", "s3")

    db.merge(applied.branch)

    assert row == db.get("items", "s3")
    assert {"type:items.n", "key:items.doc.size"}.isdisjoint(item.id for item in db.suggestions())


def test_a_branch_is_named_or_named_after_one_suggestion(db: synthdb.Connection) -> None:
    """Names hold what branches may be called."""
    assert "evolve-key-items.doc.when" == db.apply_suggestions("key:items.doc.when").branch
    assert "mine" == db.apply_suggestions(["key:items.doc.when"], "mine").branch
    assert {"main", "mine", "evolve-key-items.doc.when"} == {item["name"] for item in db.branches.list()}


def test_suggestions_are_applied_on_a_branch_of_a_branch(db: synthdb.Connection) -> None:
    """The new branch starts from the state that was looked at."""
    db.branches.create("dev")
    dev = db.branch("dev")
    dev.insert("items", {"sku": "new", "name": "n", "n": "99"})

    applied = dev.apply_suggestions("type:items.n")

    assert "dev" == db.branches.get(applied.branch)["parent"]
    assert 99 == db.branch(applied.branch).get("items", "new")["n"]  # type: ignore[index]  # it is there


def test_what_is_not_suggested_is_not_made(db: synthdb.Connection) -> None:
    """Not even the branch."""
    for ids in (["type:items.name"], ["unused:nowhere.x"], ["nonsense"], []):
        with pytest.raises(InvalidParameter):
            db.apply_suggestions(ids)

    assert ["main"] == [item["name"] for item in db.branches.list()]


def test_values_are_copied_exactly_and_others_stay(db: synthdb.Connection) -> None:
    """No digit is lost, nothing is read as another kind, and the documents keep their keys."""
    documents: dict[str, Any] = {"s1": {"size": HUGE}, "s2": {"size": "7"}, "s3": {"size": None}}
    for sku, document in documents.items():
        db.update("items", {"doc": document}, {"sku": sku})

    applied = db.apply_suggestions("key:items.doc.size")

    branch = db.branch(applied.branch)
    assert [("size", 28, 1)] == [(item.column, item.copied, item.left) for item in applied.moved]
    sizes = {row["sku"]: row["size"] for row in branch.query("items", columns=["sku", "size"])}
    assert (Decimal(HUGE), None, None, Decimal(4)) == (sizes["s1"], sizes["s2"], sizes["s3"], sizes["s4"])
    assert {"size": "7"} == branch.get("items", "s2")["doc"]  # type: ignore[index]  # it is there


class Dying:
    """A branch on which the process dies, as it were, before it writes rows for the third time."""

    def __init__(self, branch: synthdb.Connection) -> None:
        self._branch = branch
        self._written = 0
        self.ref = branch.ref
        self.catalog = branch.catalog
        self.transaction = branch.transaction

    def execute(self, operation: Operation) -> Result:
        """Run an operation, or stop."""
        self._written += isinstance(operation, Insert)
        if self._written == 3:
            raise KeyboardInterrupt
        return self._branch.execute(operation)


def test_an_interrupted_copy_goes_on_where_it_stopped(db: synthdb.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed is not written again, and the end is the same."""
    monkeypatch.setattr(applying, "_ROWS", 7)
    (suggestion,) = [item for item in db.suggestions() if item.id == "key:items.doc.size"]
    db.branches.create("work")
    with pytest.raises(KeyboardInterrupt):
        applying.apply_suggestions(Dying(db.branch("work")), [suggestion])
    assert 14 == db.branch("work").count("items", synthdb.col("size").is_not_null())

    applied = db.apply_suggestions("key:items.doc.size", "work")

    assert [16] == [item.copied for item in applied.moved]
    assert list(range(30)) == [row["size"] for row in db.branch("work").query("items", columns=["size"], order="id")]
    assert {1} == {len(db.branch("work").history("items", f"s{n}")) - 1 for n in range(30)}


def test_rows_that_came_meanwhile_are_refused_not_changed(db: synthdb.Connection) -> None:
    """A branch that already is may hold what does not fit any more."""
    db.branches.create("work")
    db.branch("work").insert("items", {"sku": "new", "name": "n", "n": "not a number"})

    with pytest.raises(TypeConflict):
        db.apply_suggestions("type:items.n", "work")

    assert "text" == str(db.branch("work").describe("items").column("n").type)
