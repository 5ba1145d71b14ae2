"""Small corrections by hand, each a commit."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import synthdb

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run

EVERYONE = "SELECT id, name, born FROM people ORDER BY id"


@pytest.fixture
def edit(command: "Run", people: Path) -> "Run":
    """The command line, with a database of people and a branch of it."""
    command("import", people.name)
    command("branch", "create", "dev")
    return command


def test_a_row_is_set_by_its_key(edit: "Run") -> None:
    """Values are read as their column's type, and an empty one is no value."""
    code, out, _ = edit("set", "people", "1", "name=Ada = L", "born=", "-m", "why")

    assert (0, True) == (code, out.startswith("people 1 is set on main (commit "))
    assert "1,Ada = L,\n2,Grace,1906\n" == edit("sql", EVERYONE, "--csv")[1].partition("\n")[2]
    assert "people 1 is set on main as it was.\n" == edit("set", "people", "1", "born=")[1]


def test_a_row_is_set_and_deleted_on_a_branch(edit: "Run") -> None:
    """The main branch stays as it is."""
    assert 0 == edit("set", "people", "1", "born=1816", "--branch", "dev")[0]
    assert 0 == edit("delete", "people", "2", "--branch", "dev", "-m", "gone")[0]

    assert "1,Ada,1816\n" == edit("sql", EVERYONE, "--csv", "--branch", "dev")[1].partition("\n")[2]
    assert "1,Ada,1815\n2,Grace,1906\n" == edit("sql", EVERYONE, "--csv")[1].partition("\n")[2]


@pytest.mark.parametrize(
    ("line", "code"),
    (
        ("set people 9 born=1", "not_found"),
        ("set people 1 born", "invalid_parameter"),
        ("set people x born=1", "invalid_value"),
        ("set pets 1 born=1", "unknown_table"),
        ("delete people 9", "not_found"),
        ("delete people 1 --branch nope", "unknown_ref"),
    ),
)
def test_what_cannot_be_set_is_said(edit: "Run", line: str, code: str) -> None:
    """Nothing is changed."""
    before = edit("sql", EVERYONE)[1]

    found, out, err = edit(*line.split())

    assert (1, "", True) == (found, out, f"[{code}]" in err)
    assert before == edit("sql", EVERYONE)[1]


def test_an_import_into_a_branch_needs_the_database(edit: "Run", people: Path) -> None:
    """A new database has no branches, and none is made."""
    assert 0 == edit("import", "people.csv", "--db", "people", "--table", "folk", "--branch", "dev", "-m", "more")[0]
    assert "folk" in edit("tables", "--branch", "dev")[1]
    assert "folk" not in edit("tables")[1]

    code, _, err = edit("import", "people.csv", "--db", "other", "--branch", "dev")

    assert (1, True) == (code, "[unknown_database]" in err)
    assert "other" not in edit("databases", "list")[1]


def test_an_export_is_of_a_branch_or_of_the_past(edit: "Run") -> None:
    """As the reads are."""
    edit("set", "people", "1", "born=1816", "--branch", "dev")

    assert "id,name,born\n1,Ada,1816\n2,Grace,1906\n" == edit("export", "people", "--branch", "dev")[1]
    assert "id,name,born\n1,Ada,1815\n2,Grace,1906\n" == edit("export", "people")[1]
    assert "id,name,born\n1,Ada,1815\n2,Grace,1906\n" == edit("export", "people", "--branch", "dev", "--at", "4")[1]


def test_a_key_of_two_columns_has_a_comma_or_is_json(edit: "Run", tmp_path: Path) -> None:
    """JSON where a value has a comma itself."""
    with synthdb.connect(tmp_path / "synthdb-data" / "databases" / "people.db") as db:
        db.create_table("pairs", {"a": "text", "b": "integer", "n": "integer"}, key=("a", "b"))
        db.insert("pairs", [{"a": "x", "b": 1}, {"a": "x,y", "b": 2}])

    assert 0 == edit("set", "pairs", "x,1", "n=7")[0]
    assert 0 == edit("set", "pairs", '["x,y", 2]', "n=8")[0]
    assert "7\n8\n" == edit("sql", "SELECT n FROM pairs ORDER BY a", "--csv")[1].partition("\n")[2]
    for key in ("x", "x,y,2", "[x", '["x", "y"]'):
        assert 1 == edit("delete", "pairs", key)[0]
