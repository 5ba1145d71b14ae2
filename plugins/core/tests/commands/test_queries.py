"""``synthdb queries``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run

SQL = "SELECT name FROM people WHERE born > :year AND name LIKE :pattern ORDER BY 1"


@pytest.fixture
def saved(command: "Run", people: Path) -> "Run":
    """The command line, with a database of people and a saved query."""
    command("import", people.name)
    done = command(
        "queries", "save", "later", SQL, "--param", "year:integer", "--param", "pattern:text=%", "--description", "who"
    )
    assert (0, "Query 'later' is saved; it reads people.\n", "") == done
    return command


def test_a_query_is_listed_and_shown(saved: "Run") -> None:
    """For people and for programs."""
    assert [
        "name   parameters                      reads   description",
        "-----  ------------------------------  ------  -----------",
        "later  year integer, pattern text = %  people  who",
    ] == saved("queries", "list")[1].splitlines()
    assert [
        "description: who", "parameters: year integer", "parameters: pattern text = %", "reads: people: name, born",
        "gives: name text", SQL,
    ] == saved("queries", "show", "later")[1].splitlines()  # fmt: skip
    (listed,) = json.loads(saved("queries", "list", "--json")[1])
    assert listed == json.loads(saved("queries", "show", "later", "--json")[1])
    assert [{"name": "name", "type": "text"}] == listed["gives"]


def test_a_query_is_run(saved: "Run") -> None:
    """Values are read as their parameter's type."""
    assert "name\nAda\nGrace\n" == saved("queries", "run", "later", "year=1800", "--csv")[1]
    assert '[{"name":"Ada"}]\n' == saved("queries", "run", "later", "year=1800", "pattern=A%", "--json")[1]
    code, out, err = saved("queries", "run", "later", "year=x")
    assert (1, "", True) == (code, out, "parameter 'year'" in err)


def test_a_query_is_saved_and_run_on_a_branch(saved: "Run") -> None:
    """The main branch does not know it."""
    saved("branch", "create", "dev")

    assert 0 == saved("queries", "save", "all", "SELECT * FROM people", "--branch", "dev")[0]

    assert "Grace" in saved("queries", "run", "all", "--branch", "dev")[1]
    assert (1, True) == (saved("queries", "run", "all")[0], "[not_found]" in saved("queries", "run", "all")[2])


def test_a_query_is_removed_and_restored(saved: "Run") -> None:
    """Nothing is lost by a slip."""
    assert "Query 'later' is removed.\n" == saved("queries", "delete", "later")[1]
    assert "There are none.\n" == saved("queries", "list")[1]
    assert "Query 'later' is back.\n" == saved("queries", "restore", "later")[1]
    assert "later" in saved("queries", "list")[1]


@pytest.mark.parametrize("line", ("save q SELECT --param year", "save q SELECT --param :text", "run later year"))
def test_a_word_of_another_form_is_refused(saved: "Run", line: str) -> None:
    """The message shows the form."""
    code, _, err = saved("queries", *line.split())

    assert (1, True) == (code, "is not of the form" in err)
