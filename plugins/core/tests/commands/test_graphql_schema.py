"""``synthdb graphql sdl`` and ``synthdb graphql diff``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run


def test_the_schema_is_printed_in_its_language(command: "Run", people: Path) -> None:
    """That of each state."""
    command("import", people.name)
    command("tag", "create", "v1")
    command("column", "add", "people", "email:text")

    code, shown, _ = command("graphql", "sdl")

    assert (0, True) == (code, "type people implements Node {" in shown and "  email: String" in shown)
    assert "email" not in command("graphql", "sdl", "--ref", "v1")[1]


def test_two_states_are_compared_by_what_changes_for_clients(command: "Run", people: Path) -> None:
    """What breaks them comes first, and can fail a build."""
    command("import", people.name)
    command("tag", "create", "v1")
    assert (0, "The schemas are the same.\n") == command("graphql", "diff", "v1", "main")[:2]
    command("column", "add", "people", "email:text")
    assert 0 == command("graphql", "diff", "v1", "main", "--check")[0]
    command("column", "drop", "people", "born")

    code, shown, _ = command("graphql", "diff", "v1", "main", "--json", "--check")

    changes = [(item["effect"], item["kind"], item["text"]) for item in json.loads(shown)]
    assert 1 == code
    assert ("breaking", "FIELD_REMOVED", "Field people.born was removed.") in changes
    assert ("safe", "FIELD_ADDED", "Field people.email was added.") in changes
    assert sorted(changes, key=lambda item: ("breaking", "dangerous", "safe").index(item[0])) == changes
