"""A read that is one statement asks the file in that statement whether it is still as it was when it was compiled."""

from typing import Any

import pytest

from synthdb_host.catalog import Column, ColumnType
from synthdb_host.errors import UnknownColumn, UnknownTable
from synthdb_host.operations import (
    HEAD,
    AddColumn,
    ColumnRef,
    Comparison,
    Define,
    DropTable,
    Order,
    RenameColumn,
    Select,
)
from synthdb_host.versions import Branching, CreateBranch, DropBranch, Ref

ONE = Comparison(ColumnRef("id"), "eq", 1)
PLACES = pytest.mark.parametrize("place", ["main", "dev"])


def page(ref: Ref, order: str = "id") -> Select:
    """Ask for a page, which is one statement."""
    return Select("films", order=(Order(ColumnRef(order)),), limit=10, ref=ref)


@PLACES
@pytest.mark.parametrize("asked", ["one", "page"])
def test_a_read_sees_each_change_of_the_schema_that_another_process_made(
    ask: Any, other: Any, place: str, asked: str
) -> None:
    """Whether rows are found or not, before the change and after it."""
    ask.insert("films", {"name": "Alien"})
    ref = HEAD if place == "main" else ask.branch("dev")
    read = Select("films", where=ONE, ref=ref) if asked == "one" else page(ref)
    assert [{"id": 1, "name": "Alien"}] == ask(read).python() == ask(read).python()

    other(Define((RenameColumn("films", "name", "title"),), ref=ref))
    assert [{"id": 1, "title": "Alien"}] == ask(read).python()
    other(Define((AddColumn("films", Column("year", ColumnType("integer"))),), ref=ref))
    assert [{"id": 1, "title": "Alien", "year": None}] == ask(read).python()
    other.delete("films", 1, ref=ref)
    assert [] == ask(read).python()
    other.insert("films", {"id": 1, "title": "Alien", "year": 1979}, ref=ref)
    assert [{"id": 1, "title": "Alien", "year": 1979}] == ask(read).python()
    other(Define((DropTable("films"),), ref=ref))
    with pytest.raises(UnknownTable):
        ask(read)


@PLACES
def test_what_was_wrong_on_the_old_schema_is_right_on_the_new_one(ask: Any, other: Any, place: str) -> None:
    """An error of a read on a catalog that has changed is not the caller's."""
    ask.insert("films", {"name": "Alien"})
    ref = HEAD if place == "main" else ask.branch("dev")
    ask(page(ref))
    with pytest.raises(UnknownColumn):
        ask(page(ref, order="year"))

    other(Define((AddColumn("films", Column("year", ColumnType("integer"))),), ref=ref))
    assert [{"id": 1, "name": "Alien", "year": None}] == ask(page(ref, order="year")).python()


def test_the_first_write_to_a_branch_is_seen_by_a_read_that_took_main_for_it(ask: Any, other: Any) -> None:
    """The layout version rises with it."""
    ask.insert("films", {"name": "Alien"})
    dev = ask.branch("dev")
    assert ask(page(HEAD)).python() == ask(page(dev)).python() == [{"id": 1, "name": "Alien"}]

    other.update("films", 1, dev, name="Aliens")
    assert [{"id": 1, "name": "Aliens"}] == ask(page(dev)).python()
    other.insert("films", {"name": "Brazil"})
    assert [{"id": 1, "name": "Aliens"}] == ask(page(dev)).python()


def test_the_name_of_a_branch_means_what_another_process_made_of_it(ask: Any, other: Any) -> None:
    """A branch that was dropped and made again is another one."""
    ask.insert("films", {"name": "Alien"})
    dev = ask.branch("dev")
    ask.update("films", 1, dev, name="Aliens")
    assert [{"id": 1, "name": "Aliens"}] == ask(page(dev)).python()

    other(Branching((DropBranch("dev"), CreateBranch("dev", HEAD))))
    assert [{"id": 1, "name": "Alien"}] == ask(page(dev)).python()
