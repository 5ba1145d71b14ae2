"""``synthdb auth``."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from synthdb_auth.keys import PATTERN, make_key
from synthdb_host.cli import run
from synthdb_host.testing.choosing import choose

Run = Callable[..., Any]


@pytest.fixture
def auth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``synthdb auth`` in an empty folder; gives what it prints, read as JSON where it is."""
    monkeypatch.chdir(tmp_path)
    for name, value in choose(["auth"]).items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str, code: int = 0, text: str = "") -> Any:
        monkeypatch.setattr("sys.stdin", StringIO(text))
        capsys.readouterr()
        found = run(["auth", *arguments])
        printed = capsys.readouterr()
        assert code == found, printed
        assert "Traceback" not in printed.err
        return json.loads(printed.out) if "--json" in arguments and not code else printed.out + printed.err

    return call


def test_the_first_administrator_is_made_once(auth: Run) -> None:
    """The key is told the first time; then it is said that there is one."""
    made = auth("setup", "--json")
    assert PATTERN.fullmatch(made["key"])
    assert {"account": "admin", "is_new": False, "key": None} == auth("setup", "--json")
    assert "already" in auth("setup")
    assert auth("explain", "admin", "anything", "shop/films", "--json")["allowed"]
    assert auth("explain", "admin", "metrics", "/", "--json")["allowed"]


def test_accounts_are_made_listed_and_disabled(auth: Run) -> None:
    """All with --json, and a second time without harm."""
    made = auth("users", "create", "ada", "--password-stdin", "--json", text="correct horse battery\n")
    assert ("ada", "user", True) == (made["name"], made["kind"], made["has_password"])
    assert not auth("users", "create", "ada", "--if-not-exists", "--json")["is_new"]
    assert "duplicate_name" in auth("users", "create", "ada", code=1)
    assert "service" == auth("users", "create", "ci", "--service", "--json")["kind"]
    assert "is disabled." in auth("users", "disable", "ci")
    assert "already" in auth("users", "disable", "ci")
    assert [("ada", "active"), ("ci", "disabled")] == [(u["name"], u["state"]) for u in auth("users", "list", "--json")]
    assert "another password" in auth("users", "password", "ada", "--password-stdin", text="staple battery 7\n")
    assert "invalid_value" in auth("users", "password", "ada", "--password-stdin", code=1, text="short\n")
    assert "not_found" in auth("users", "enable", "nobody", code=1)


def test_keys_are_made_rotated_and_revoked(auth: Run) -> None:
    """The key itself is printed once, and never listed."""
    auth("users", "create", "ci", "--service")
    made = auth("keys", "create", "ci", "--scope", "select:shop", "--days", "1", "--json")
    assert ["select:shop"] == made["scopes"]
    assert made["key"].startswith("sdb_svc_")
    rotated = auth("keys", "rotate", made["id"], "--json")
    assert ["expired", "active"] == [one["state"] for one in auth("keys", "list", "--json")]
    assert "is revoked." in auth("keys", "revoke", rotated["id"])
    assert "already" in auth("keys", "revoke", rotated["id"])
    listed = auth("keys", "list", "--account", "ci")
    assert "revoked" in listed
    assert not any(one["key"] in listed for one in (made, rotated))
    assert "'selct'" in auth("keys", "create", "ci", "--scope", "selct:shop", code=1)
    assert "invalid_parameter" in auth("keys", "create", "ci", "--scope", "select", code=1)


def test_a_key_is_verified_offline(auth: Run) -> None:
    """Its checksum tells whether it was typed right."""
    key = make_key("pat", b"").text
    assert "kind pat" in auth("keys", "verify", text=f"{key}\n")
    assert "no key" in auth("keys", "verify", code=1, text=key[:-1])


def test_grants_are_made_explained_and_taken_back(auth: Run) -> None:
    """Explain names the rule that decides."""
    auth("users", "create", "ada")
    auth("teams", "create", "press")
    auth("teams", "add", "press", "ada")
    made = auth("share", "shop/films", "press", "--json")
    found = auth("explain", "ada", "select", "shop/films", "--json")
    assert (True, f"{made['id']} allows select on shop/films to team press") == (found["allowed"], found["rule"])
    denied = auth("grants", "create", "ada", "shop", "--deny", "select", "--reason", "on leave", "--json")
    found = auth("explain", "ada", "select", "shop/films", "--json")
    assert (False, "on leave") == (found["allowed"], found["reason"])
    assert denied["id"] in found["rule"]
    assert "is taken back" in auth("grants", "revoke", denied["id"])
    assert auth("explain", "ada", "select", "shop/films", "--json")["allowed"]
    auth("users", "disable", "ada")
    assert "disabled" in auth("explain", "ada", "select", "shop/films")
    assert [made["id"]] == [one["id"] for one in auth("grants", "list", "--to", "team:press", "--json")]
    assert "team:press" in auth("grants", "list")
    assert [["ada"]] == [one["members"] for one in auth("teams", "list", "--json")]
    assert "no longer" in auth("teams", "remove", "press", "ada")


def test_roles_are_made_and_given(auth: Run) -> None:
    """A role stands for its actions."""
    auth("users", "create", "ada")
    assert ["insert", "select"] == auth("roles", "create", "clerk", "--allow", "select,insert", "--json")["actions"]
    auth("grants", "create", "ada", "shop", "--role", "clerk")
    assert auth("explain", "ada", "insert", "shop/films", "--json")["allowed"]
    assert not auth("explain", "ada", "delete", "shop/films", "--json")["allowed"]
    assert "conflict" in auth("roles", "delete", "clerk", code=1)
    assert {"admin", "editor", "writer", "reader", "clerk"} == {one["name"] for one in auth("roles", "list", "--json")}
    assert "Say one of" in auth("grants", "create", "ada", "shop", code=2)


def test_the_log_is_listed_exported_and_verified(auth: Run, tmp_path: Path) -> None:
    """As lines of JSON, and with an exit code for scripts."""
    auth("setup")
    assert {"is_whole": True, "entries": 3, "problem": None} == auth("audit", "verify", "--json")
    exported = [json.loads(line) for line in auth("audit", "export").splitlines()]
    assert [1, 2, 3] == [one["number"] for one in exported]
    assert ["key.create"] == [one["action"] for one in auth("audit", "list", "--action", "key.*", "--json")]
    (tmp_path / "synthdb-data" / "auth.checkpoint").unlink()
    assert "checkpoint" in auth("audit", "verify", code=1)
    assert [] == auth("visible", "admin", "--json")
