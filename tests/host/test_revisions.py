"""The newest revisions of a folder, without Alembic."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from synthdb_host.revisions import ENVIRONMENT, heads

FIRST = 'revision = "a"\ndown_revision = None\n'
SECOND = 'revision: str = "b"\ndown_revision: str | None = "a"\n'


def folder(path: Path, texts: Sequence[str]) -> Path:
    """Write revision files."""
    for number, text in enumerate(texts):
        (path / f"{number}.py").write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([], set(), id="none"),
        pytest.param([FIRST], {"a"}, id="one"),
        pytest.param([SECOND, FIRST], {"b"}, id="one-after-another"),
        pytest.param([FIRST, SECOND, 'revision = "c"\ndown_revision = "a"\n'], {"b", "c"}, id="two-branches"),
        pytest.param([FIRST, "import math\n" + SECOND + "\n\ndef upgrade():\n    revision = 7\n"], {"b"}, id="code"),
    ],
)
def test_what_no_other_revision_follows_is_a_head(tmp_path: Path, texts: list[str], expected: set[str]) -> None:
    """As Alembic has it; nothing is imported."""
    found = heads(folder(tmp_path, texts))

    assert frozenset(expected) == found
    assert frozenset(ScriptDirectory(tmp_path, version_locations=[str(tmp_path)]).get_heads()) == found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('revision = "c"\ndown_revision = ("a", "b")\n', id="a-merge"),
        pytest.param('revision = "c"\n', id="no-predecessor"),
        pytest.param('down_revision = "b"\n', id="no-name"),
        pytest.param('revision = "c" + "d"\ndown_revision = "b"\n', id="a-computed-name"),
        pytest.param('revision, down_revision = "c", "b"\n', id="two-at-once"),
        pytest.param("revision = \n", id="not-python"),
        pytest.param('revision = "\x00"\ndown_revision = None\n', id="a-nul"),
    ],
)
def test_what_only_alembic_understands_is_left_to_it(tmp_path: Path, text: str) -> None:
    """No guess: Alembic is asked."""
    assert heads(folder(tmp_path, [FIRST, SECOND, text])) is None


def test_the_hosts_own_revisions_are_understood() -> None:
    """Else every start of every host would import Alembic."""
    assert heads(ENVIRONMENT / "versions")
