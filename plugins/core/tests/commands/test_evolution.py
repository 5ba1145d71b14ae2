"""``synthdb evolution``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run


@pytest.fixture
def films(command: "Run", tmp_path: Path) -> "Run":
    """The command line, with a database of films."""
    rows = [{"year": f"{1950 + n}", "note": None, "doc": {"stars": n % 5}} for n in range(20)]
    (tmp_path / "films.ndjson").write_text("\n".join(map(json.dumps, rows)))
    command("import", "films.ndjson", "--types", "year=text")
    return command


def test_suggestions_are_listed(films: "Run") -> None:
    """With their reasons, and the changes that would make them."""
    code, out, _ = films("evolution", "suggest")

    assert (0, [
        "unused:films.note",
        "  None of the 20 rows has a value.",
        "  -> films.note is dropped; it can be restored",
        "type:films.year",
        "  Each of the 20 values of type text is exactly a value of type integer.",
        "  -> films.year becomes integer",
        "key:films.doc.stars",
        "  100% of 20 rows have the key 'stars', and 100% of its values are integer.",
        "  -> a new column films.stars integer with the values of doc.stars",
    ]) == (code, out.splitlines())  # fmt: skip
    listed = json.loads(films("evolution", "suggest", "--table", "films", "--json")[1])
    assert out.splitlines()[::3] == [item["id"] for item in listed]


def test_suggestions_are_applied_on_a_branch_and_shown(films: "Run") -> None:
    """The merge is left to the user, and works."""
    code, out, _ = films("evolution", "apply", "unused:films.note", "key:films.doc.stars", "--branch", "tidy")

    assert 0 == code
    assert ["On the branch tidy:", "20 values copied to the column stars."] == out.splitlines()[:2]
    assert "Merge it with: synthdb merge tidy" == out.splitlines()[-1]
    assert "note" in films("tables")[1]
    assert 0 == films("merge", "tidy")[0]
    assert "note" not in films("tables")[1]
    assert "20\n" == films("sql", "SELECT count(stars) AS n FROM films", "--csv")[1].partition("\n")[2]
    assert "type:films.year\n" in films("evolution", "suggest")[1]


def test_what_was_done_is_json(films: "Run") -> None:
    """For programs."""
    done = json.loads(films("evolution", "apply", "type:films.year", "--json")[1])

    assert ("evolve-type-films.year", []) == (done["branch"], done["moved"])
    assert ["year"] == [row["column"] for row in done["schema"]]


def test_nothing_to_suggest_is_said(films: "Run") -> None:
    """And what is not suggested is not applied."""
    films("sql", "SELECT 1")
    for suggestion in ("unused:films.note", "type:films.year", "key:films.doc.stars"):
        films("evolution", "apply", suggestion, "--branch", "all")
    films("merge", "all")

    assert "There is nothing to suggest.\n" == films("evolution", "suggest")[1]
    code, _, err = films("evolution", "apply", "type:films.year")
    assert (1, True) == (code, "[invalid_parameter]" in err)
