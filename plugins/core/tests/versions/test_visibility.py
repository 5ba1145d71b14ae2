"""Callers with limits learn nothing about tables that are not for them, of the past or of other branches."""

from typing import Any

import pytest

from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.errors import Forbidden
from synthdb_host.operations import Define, DropTable, Or
from synthdb_host.versions import Changes, CherryPick, Diff, History, Log, Merge, Ref

LIMITED = Restrictions({"secret": TableRestriction(Or(()))})
FREE_OF_LIMITS = Restrictions({})


def shown(ask: Any, operation: Any, restrictions: Restrictions) -> set[str]:
    """Name the tables in an answer."""
    return {row["table"] for row in ask(operation, restrictions).python()}


def test_a_limited_table_is_in_no_feed_log_or_diff(ask: Any) -> None:
    """Not even its name; others are."""
    ask.insert("open", {"size": 1})
    ask.insert("secret", {"size": 2})

    assert {"open"} == shown(ask, Changes(), LIMITED)
    assert set() == shown(ask, Diff(Ref("main", "1"), Ref("main")), LIMITED)
    assert [[], ["open"]] == [list(row["tables"]) for row in ask(Log(), LIMITED).python()]
    with pytest.raises(Forbidden):
        ask(History("secret", (1,)), LIMITED)


@pytest.mark.parametrize("branch", ["main", None])
def test_a_table_that_was_dropped_is_shown_to_nobody_with_limits(ask: Any, branch: str | None) -> None:
    """There is none of its name now whose limits could be asked for."""
    ask.insert("open", {"size": 1})
    ask.insert("secret", {"size": 2})
    ask(Define((DropTable("secret"),)))

    assert {"open"} == shown(ask, Changes(branch=branch), FREE_OF_LIMITS)
    assert {"open"} == {name for row in ask(Log(), FREE_OF_LIMITS).python() for name in row["tables"]}
    assert {"open", "secret"} == {row["table"] for row in ask(Changes(branch=branch)).python()}


def test_tables_of_other_branches_are_not_in_a_feed_of_all_for_callers_with_limits(ask: Any) -> None:
    """Their limits are those of main's tables."""
    ask.insert("open", {"size": 1})
    ask.insert("secret", {"size": 2}, ref=ask.branch("dev"))

    assert {"open"} == shown(ask, Changes(branch=None), FREE_OF_LIMITS)


def test_states_with_limited_tables_are_not_combined(ask: Any) -> None:
    """A merge would write what the caller may not see."""
    ask.insert("secret", {"size": 2})
    dev = ask.branch("dev")
    commit = ask.update("secret", 1, dev, size=3).commit

    for operation in (Merge(dev), CherryPick(commit)):
        with pytest.raises(Forbidden):
            ask(operation, LIMITED)


def test_the_log_says_which_tables_a_change_of_schema_is_of(ask: Any) -> None:
    """Without rows, too."""
    ask.insert("open", {"size": 1})
    ask.insert("other", {"size": 1})
    ask(Define((DropTable("open"),)))

    assert [("define", ["open"]), ("write", ["open"])] == [
        (row["kind"], list(row["tables"])) for row in ask(Log(table="open")).python()
    ]
