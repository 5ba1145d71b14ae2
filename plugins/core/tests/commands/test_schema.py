"""Tables and columns are changed by hand, each change a commit."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run


@pytest.fixture
def run(command: "Run", people: Path) -> "Run":
    """The command line, with a database of people and a branch of it."""
    command("import", people.name)
    command("branch", "create", "dev")
    return command


def tables(run: "Run", *more: str) -> dict[str, Any]:
    """Give the columns of each table."""
    listed = json.loads(run("tables", "--json", *more)[1])
    return {item["name"]: item["columns"] for item in listed if not item["name"].startswith("synthdb_")}


def test_a_table_is_made_copied_renamed_dropped_and_restored(run: "Run") -> None:
    """Each step is said with its commit."""
    code, out, _ = run("table", "create", "items", "sku:text", "price:decimal(8,2)", "--key", "sku", "--mode", "strict")
    assert (0, True) == (code, out.startswith("Done on main (commit "))
    run("table", "copy", "people", "folk")
    run("table", "copy", "people", "nobody", "--empty")
    run("table", "rename", "items", "goods")
    run("table", "drop", "people", "-m", "no longer needed")

    assert {"folk", "goods", "nobody"} == set(tables(run))
    assert {"id": "integer", "sku": "text", "price": "decimal(8,2)"} == tables(run)["goods"]
    assert "2\n0\n" == run("sql", "SELECT count(*) FROM folk UNION ALL SELECT count(*) FROM nobody", "--csv")[1][9:]
    assert "no longer needed" in run("log")[1]
    run("table", "restore", "people")
    run("table", "mode", "people", "locked")
    assert (1, True) == (run("column", "add", "people", "x:text")[0], "[schema_locked]" in run(
        "column", "add", "people", "x:text")[2])  # fmt: skip


def test_columns_are_changed_on_a_branch(run: "Run") -> None:
    """The main branch keeps its own."""
    for line in (
        "add people note:text", "rename people name called", "alter people born --type text",
        "copy people called alias", "drop people note", "alter people called --not-null",
    ):  # fmt: skip
        assert 0 == run("column", *line.split(), "--branch", "dev")[0]

    assert {"id": "integer", "called": "text", "born": "text", "alias": "text"} == tables(run, "--branch", "dev")[
        "people"
    ]
    assert {"id": "integer", "name": "text", "born": "integer"} == tables(run)["people"]
    run("column", "restore", "people", "note", "--branch", "dev")
    assert "note" in tables(run, "--branch", "dev")["people"]


@pytest.mark.parametrize(
    ("line", "code"),
    (
        ("table create t a", "invalid_parameter"),
        ("table create t a:txt", "invalid_value"),
        ("table create people", "duplicate_name"),
        ("table drop nowhere", "unknown_table"),
        ("column drop people nothing", "unknown_column"),
        ("column restore people nothing", "unknown_column"),
        ("insert people id=x", "invalid_value"),
    ),
)
def test_what_cannot_be_changed_is_said(run: "Run", line: str, code: str) -> None:
    """Nothing is changed."""
    before = tables(run)

    found, out, err = run(*line.split())

    assert (1, "", True) == (found, out, f"[{code}]" in err)
    assert before == tables(run)


def test_a_row_is_inserted_or_set(run: "Run") -> None:
    """Tables and columns come with it."""
    assert (0, "people 3 is written on dev (commit 5).\n", "") == run(
        "insert", "people", "name=Edsger", "born=1930", "nation=NL", "--branch", "dev"
    )
    run("insert", "people", "id=3", "name=EWD", "--upsert", "--branch", "dev")

    assert "3,EWD,1930,NL\n" == run("sql", "SELECT * FROM people WHERE id = 3", "--csv", "--branch", "dev")[1].split(
        "\n", 1)[1]  # fmt: skip
    assert "nation" not in tables(run)["people"]
    assert 0 == run("insert", "pets", "name=Rex")[0]
