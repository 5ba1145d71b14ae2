"""The audit log, and what happens to who changes it."""

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from synthdb_host.errors import Forbidden
from synthdb_host.operations import Insert, Select


def write(folder: Path, *statements: str) -> None:
    """Change the control database behind the plugin's back."""
    with sqlite3.connect(folder / "control.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.fixture
def busy(place: Any) -> Any:
    """A server on which something was done."""
    for name in ("ada", "grace", "edith"):
        place.user(name, "select:shop")
    assert place.auth.audit.verify().problem is None
    return place


def test_every_change_is_written_down_with_who_did_it(place: Any) -> None:
    """Together with the change: both are there, or neither is."""
    account, key = place.user("ada", "select:shop")
    place.request("POST", "/x/auth/keys", key, json={})
    found = [(one.entry.action, one.entry.actor) for one in place.auth.audit.list()][::-1]
    assert [
        ("account.create", "local"), ("grant.allow", "local"), ("key.create", "local"), ("key.create", "ada"),
    ] == found  # fmt: skip
    with suppress(RuntimeError), place.auth.store.change("local") as change:
        change.note("never", "x")
        raise RuntimeError
    assert 4 == place.auth.audit.verify().entries
    assert ["key.create"] * 2 == [one.entry.action for one in place.auth.audit.list(action="key.*")]
    assert 1 == len(place.auth.audit.list(actor="ada"))
    assert account.name == place.auth.audit.list(action="account.create")[0].entry.subject


def test_what_was_refused_is_written_down_once_with_its_number(place: Any) -> None:
    """Many times the same in a moment is one entry."""
    _, key = place.user("ada")
    caller = place.caller(key)
    for operation in (Select("films"), Select("films"), Insert.of("staff", [{"name": "x"}])):
        with pytest.raises(Exception, match="nobody allows it"):
            place.run(operation, context=caller)
    place.auth.notes.flush()
    found = {one.entry.subject: one.facts() for one in place.auth.audit.list() if one.entry.outcome == "refused"}
    assert {"shop/films": 2, "shop/staff": 1} == {key: one["details"]["times"] for key, one in found.items()}
    assert "ada" == found["shop/films"]["details"]["by"]


def test_whoever_tries_all_names_does_not_fill_the_log(place: Any) -> None:
    """Some are written down, the others are counted, and none is long."""
    _, key = place.user("ada")
    caller = place.caller(key)
    for number in range(300):
        with suppress(Forbidden):
            place.run(Select(f"t{number}" + "x" * 1_000), context=caller)
    place.auth.notes.flush()
    found = [one.facts() for one in place.auth.audit.list(limit=1_000) if one.entry.outcome == "refused"]
    assert len(found) < 250
    assert 300 == sum(one["details"]["times"] for one in found)
    assert all(len(one["subject"]) < 210 for one in found)


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE auth_audit SET subject = 'eve' WHERE number = 4"],
        ["UPDATE auth_audit SET outcome = 'refused' WHERE number = 9"],
        ["UPDATE auth_audit SET at = at + 1 WHERE number = 2"],
        ["UPDATE auth_audit SET details = '{}' WHERE number = 1"],
        ["DELETE FROM auth_audit WHERE number = 1"],
        ["DELETE FROM auth_audit WHERE number = 5"],
        ["DELETE FROM auth_audit WHERE number = 9"],
        ["DELETE FROM auth_audit WHERE number > 6", "UPDATE auth_chain SET number = 6"],
        [
            "DELETE FROM auth_audit WHERE number > 6",
            "UPDATE auth_chain SET number = 6, digest = (SELECT digest FROM auth_audit WHERE number = 6)",
        ],
        ["DELETE FROM auth_audit", "UPDATE auth_chain SET number = 0, digest = x''"],
        [
            "UPDATE auth_audit SET number = -1 WHERE number = 3", "UPDATE auth_audit SET number = 3 WHERE number = 4",
            "UPDATE auth_audit SET number = 4 WHERE number = -1",
        ],
        ["INSERT INTO auth_audit SELECT 10, at, '', '', '', '', '', '', digest FROM auth_audit LIMIT 1"],
        ["UPDATE auth_audit SET action = action || 's', subject = substr(subject, 2) WHERE number = 2"],
    ],
    ids=str,
)  # fmt: skip
def test_a_log_that_was_changed_does_not_pass(busy: Any, synthdb_data: Path, statements: list[str]) -> None:
    """Edited, shortened at any end, reordered, lengthened: it is noticed without the key."""
    assert 9 == busy.auth.audit.verify().entries
    write(synthdb_data, *statements)
    assert busy.auth.audit.verify().problem


def test_an_older_copy_does_not_pass(busy: Any, synthdb_data: Path) -> None:
    """It is whole in itself, but more was seen."""
    shutil.copy(synthdb_data / "control.db", synthdb_data / "old.db")
    busy.user("later")
    (synthdb_data / "old.db").replace(synthdb_data / "control.db")
    assert "old copy" in str(busy.auth.audit.verify().problem)


@pytest.mark.parametrize("text", ["", "9 ab cd", "0  ", "x"])
def test_a_checkpoint_that_was_forged_or_removed_does_not_pass(busy: Any, synthdb_data: Path, text: str) -> None:
    """It has a seal, too."""
    path = synthdb_data / "auth.checkpoint"
    (path.write_text(text) if text else path.unlink())
    assert "checkpoint" in str(busy.auth.audit.verify().problem)


def test_the_log_goes_on_behind_a_change_and_tells_of_it(busy: Any, synthdb_data: Path) -> None:
    """Later entries do not make it whole again."""
    write(synthdb_data, "UPDATE auth_audit SET actor = 'eve' WHERE number = 4")
    busy.user("later")
    assert "entry 4" in str(busy.auth.audit.verify().problem)


def test_control_signs_cannot_forge_lines(place: Any) -> None:
    """What callers send is quoted where it is printed."""
    place.request("POST", "/x/auth/login", json={"name": "x\n99 admin\x1b[2J", "password": "y"})
    (entry,) = place.auth.audit.list(action="login")
    assert "x\n99 admin\x1b[2J" == entry.entry.subject
    assert place.auth.audit.verify().problem is None
