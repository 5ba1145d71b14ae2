"""``synthdb graphql``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from synthdb.queries.documents import digest_of

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run

NAMES = "query Names { people { name } }\n"
BORN = "query Born { people { born } }\n"


@pytest.fixture
def registered(command: "Run", people: Path) -> "Run":
    """The command line, with a database of people and one registered document."""
    command("import", people.name)
    (people.parent / "names.graphql").write_text(NAMES, "utf-8")
    assert (0, f"{digest_of(NAMES)} Names\n", "") == command("graphql", "documents", "register", "names.graphql")
    return command


def test_documents_are_listed_and_removed(registered: "Run") -> None:
    """By the beginning of their hash, if no other has the same."""
    digest = digest_of(NAMES)
    assert f"{digest[:16]}  Names" in registered("graphql", "documents", "list")[1]
    listed = json.loads(registered("graphql", "documents", "list", "--json")[1])
    assert [{"digest": digest, "operations": "Names", "text": NAMES}] == listed

    code, out, err = registered("graphql", "documents", "remove", "0")
    assert (1, "", True) == (code, out, "No registered documents have a hash that begins with '0'." in err)
    assert (0, f"{digest} is removed.\n", "") == registered("graphql", "documents", "remove", digest[:6])
    assert "There are none." in registered("graphql", "documents", "list")[1]


def test_what_is_exported_can_be_registered(registered: "Run", tmp_path: Path) -> None:
    """On another branch, or in another database."""
    registered("graphql", "documents", "export", "--out", "manifest.json")
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert {digest_of(NAMES): NAMES} == manifest

    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"an md5": BORN}), "utf-8")
    registered("branch", "create", "dev")
    registered("graphql", "documents", "register", "manifest.json", "--branch", "dev")
    assert 1 == registered("graphql", "documents", "list")[1].count("Names\n")
    there = json.loads(registered("graphql", "documents", "list", "--branch", "dev", "--json")[1])
    assert {NAMES, BORN} == {one["text"] for one in there}
    assert {digest_of(BORN): BORN, digest_of(NAMES): NAMES} == json.loads(
        registered("graphql", "documents", "export", "--branch", "dev")[1]
    )


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.graphql", "{", "Syntax Error"),
        ("a.graphql", "fragment A on people { name }", "no operation"),
        ("a.json", "{", "is not JSON"),
        ("a.json", "[1]", "A manifest is a JSON object"),
        ("a.json", json.dumps({"0" * 64: NAMES}), "is not the SHA-256"),
    ],
)
def test_what_is_no_document_is_not_registered(
    registered: "Run", tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    """None of the files is."""
    (tmp_path / name).write_text(text, "utf-8")
    code, out, err = registered("graphql", "documents", "register", "names.graphql", name)
    assert (1, "", True) == (code, out, complaint in err)
    assert 1 == registered("graphql", "documents", "list")[1].count("Names\n")
