"""``synthdb sdk``."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run


def test_a_client_is_written_to_a_folder(command: "Run", people: Path, tmp_path: Path) -> None:
    """Once; and again only what has changed."""
    command("import", people.name)

    code, shown, err = command("sdk", "generate", "--lang", "python")

    assert (0, True) == (code, "people_client/tables.py\n" in shown)
    assert "files written.\n" in err
    assert "class PeopleRow(" in (tmp_path / "people_client" / "tables.py").read_text(encoding="utf-8")
    assert (0, "") == command("sdk", "generate", "--lang", "python")[:2]
    command("column", "add", "people", "email:text")
    assert "people_client/tables.py\n" == command("sdk", "generate", "--lang", "python")[1]


def test_a_check_writes_nothing_and_fails_where_something_changed(command: "Run", people: Path, tmp_path: Path) -> None:
    """So that a build notices a client that is out of date."""
    command("import", people.name)
    generate = ("sdk", "generate", "--lang", "python", "--out", "c")

    assert 0 == command(*generate, "--dry-run")[0]
    assert 1 == command(*generate, "--check")[0]
    assert not (tmp_path / "c").exists()
    command(*generate)
    assert (0, "") == command(*generate, "--check")[:2]
    (tmp_path / "c" / "tables.py").write_text("")
    assert (1, "c/tables.py\n") == command(*generate, "--check")[:2]


def test_a_client_is_one_of_a_state(command: "Run", people: Path, tmp_path: Path) -> None:
    """The tables are those of a branch, tag, commit or moment."""
    command("import", people.name)
    command("branch", "create", "dev")
    command("column", "add", "people", "email:text", "--branch", "dev")

    command("sdk", "generate", "--lang", "python", "--ref", "dev", "--out", "dev")
    command("sdk", "generate", "--lang", "python", "--out", "main")

    assert "email" in (tmp_path / "dev" / "tables.py").read_text(encoding="utf-8")
    assert "email" not in (tmp_path / "main" / "tables.py").read_text(encoding="utf-8")
    code, _, err = command("sdk", "generate", "--lang", "python", "--ref", "nowhere")
    assert (1, True) == (code, "[unknown_ref]" in err)


def test_it_can_be_left_out(command: "Run", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file or the environment; all else works on, and a misspelt name is an error."""
    (tmp_path / "synthdb.toml").write_text('disabled_apis = ["core.sdk"]\n')
    code, _, err = command("sdk", "generate")
    assert (2, True) == (code, "No such command" in err)
    assert "sdk" not in command("--help")[1].split()
    assert 0 == command("plugins", "check")[0]

    monkeypatch.setenv("SYNTHDB_DISABLED_APIS", "core.rest")
    assert "sdk" in command("--help")[1].split()

    monkeypatch.setenv("SYNTHDB_DISABLED_APIS", "core.skd")
    code, shown, err = command("plugins", "check")
    assert (1, True) == (code, "there is no API 'core.skd'" in shown + err)
