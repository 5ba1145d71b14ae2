"""``synthdb tenants``, ``placements`` and ``databases``: what operators see of them and do about them."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from synthdb_host.cli import run

pytestmark = pytest.mark.usefixtures("clean")

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process; gives its exit code and what it has printed."""

    def called(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        return (code, *capsys.readouterr())

    return called


def listed(call: Call, *arguments: str) -> Any:
    """Give what a command prints as JSON."""
    return json.loads(call(*arguments, "--json")[1])


def test_a_tenant_from_its_beginning_to_its_end(call: Call) -> None:
    """Each step says what it did, and what it would do."""
    done = [
        call("tenants", *step.split())[0:2]
        for step in (
            "create acme --host app.test --max-databases 3 --quota rows=1000 --dry-run",
            "create acme --host app.test --max-databases 3 --quota rows=1000",
            "archive acme --dry-run",
            "archive acme",
            "archive acme",
            "restore acme",
        )
    ]
    facts = {"name": "acme", "state": "active", "hosts": ["app.test"], "max_databases": 3, "quotas": {"rows": 1000.0}}

    assert [
        (0, "Tenant 'acme' would be made.\n"),
        (0, "Tenant 'acme' is made.\n"),
        (0, "Tenant 'acme' would be archived.\n"),
        (0, "Tenant 'acme' is archived.\n"),
        (0, "Tenant 'acme' is archived already.\n"),
        (0, "Tenant 'acme' is active.\n"),
    ] == done
    assert [facts] == listed(call, "tenants", "list")
    assert {**facts, "databases": []} == listed(call, "tenants", "show", "acme")
    assert (0, "Tenant 'acme' is removed.\n") == call("tenants", "delete", "acme", "--yes")[:2]
    assert (0, "There is no tenant 'acme'.\n") == call("tenants", "delete", "acme", "--yes", "--if-exists")[:2]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ("tenants create a --quota many", 2, "not of the form NAME=NUMBER"),
        ("tenants create A", 1, "[invalid_name]"),
        ("tenants show a", 1, "[unknown_tenant]"),
        ("tenants delete a --yes", 1, "[unknown_tenant]"),
        ("placements show p", 1, "[unknown_placement]"),
        ("databases create x --url a.db --tier gold", 2, "has a URL of its own, or is put into a placement"),
        ("databases create x --placement p", 1, "[unknown_placement]"),
        ("databases create nobody/x", 1, "[unknown_tenant]"),
        ("databases show x", 1, "[unknown_database]"),
        ("databases archive x", 1, "[unknown_database]"),
        ("databases delete x", 1, "[unknown_database]"),
    ],
)
def test_what_is_wrong_is_said_with_its_code(call: Call, arguments: str, code: int, text: str) -> None:
    """And nothing was done."""
    found = call(*arguments.split())

    assert (code, "", True) == (found[0], found[1], text in found[2])


def test_passwords_of_placements_are_never_printed(call: Call) -> None:
    """Wherever a URL is shown."""
    call("placements", "create", "pg", "--url", "postgresql://u:hush@h/d?sslpassword=hush")
    call("placements", "create", "pg", "--url", "postgresql://u:hush@h/d")
    call("databases", "create", "x", "--url", "postgresql://u:hush@h/d")
    texts = [
        "".join(map(str, call(*command.split())))
        for command in (
            "placements list",
            "placements show pg --json",
            "placements create pg --url postgresql://u:hush@h/d",
            "databases create y --placement pg --dry-run",
            "databases create y --placement pg",
        )
    ]

    assert [] == [text for text in texts if "hush" in text]


def test_a_database_is_made_in_a_placement_and_removed_with_its_files(
    call: Call, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removal asks first, and without an answer removes nothing."""
    call("placements", "create", "disk", "--url", "disk")
    call("tenants", "create", "acme")
    made = call("databases", "create", "acme/main", "--quota", "bytes=5")
    facts = listed(call, "databases", "show", "acme/main")
    file = tmp_path / "disk" / "acme" / "main.db"
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    unanswered = call("databases", "delete", "acme/main")
    there = file.is_file()
    removed = call("databases", "delete", "acme/main", "--yes")

    assert (0, "Database 'acme/main' is ready at /rest/v1/main/ once it is served.\n") == made[:2]
    assert {
        "name": "acme/main",
        "url": f"sqlite:///{file}",
        "state": "active",
        "tenant": "acme",
        "placement": "disk",
        "quotas": {"bytes": 5.0},
    } == facts
    assert (130, True) == (unanswered[0], there)
    assert (0, []) == (removed[0], list(file.parent.iterdir()))
    assert [] == listed(call, "databases", "list")


def test_a_database_whose_removal_was_interrupted_is_removed_again(call: Call, tmp_path: Any) -> None:
    """It is archived first, and forgotten last."""
    call("databases", "create", "main", "--url", "here.db")
    call("databases", "archive", "main")
    (tmp_path / "here.db").unlink()
    removed = call("databases", "delete", "main", "--yes")

    assert (0, "Database 'main' is removed with all its data.\n") == removed[:2]
    assert [] == listed(call, "databases", "list")


def test_a_database_that_is_only_forgotten_keeps_its_data(call: Call, tmp_path: Any) -> None:
    """It can be taken in again."""
    call("databases", "create", "main", "--url", "here.db")
    call("databases", "delete", "main", "--yes", "--keep-data")
    again = call("databases", "create", "other", "--url", "here.db")

    assert (0, True) == (again[0], (tmp_path / "here.db").is_file())
