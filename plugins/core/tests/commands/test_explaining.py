"""``synthdb sql --explain``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run


def test_a_statement_is_explained_line_by_line(command: "Run", people: Path) -> None:
    """Nothing is run; steps inside a step are indented; JSON has the plan, too."""
    command("import", people.name)
    statement = "SELECT name, (SELECT count(*) FROM people o WHERE o.born < p.born) AS n FROM people p ORDER BY born"

    code, out, _ = command("sql", statement, "--explain")

    assert (0, [
        "Gives name (text) and n.",
        "Reads name (text) and born (integer) of people.",
        "Reads the whole table people (2 rows).",
        "For each row, runs a subquery:",
        "  Reads the whole table people (2 rows).",
        "Sorts the rows in memory.",
    ]) == (code, out.splitlines())  # fmt: skip
    steps = json.loads(command("sql", statement, "--explain", "--json")[1])
    assert "USE TEMP B-TREE FOR ORDER BY" == steps[-1]["plan"]
