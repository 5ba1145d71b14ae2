"""Everything that the page on the first SynthDB names is really there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

import synthdb
from synthdb.library.branching import BranchSet
from synthdb.library.queries import QuerySet
from synthdb.plugin import plugin as core
from synthdb_host.cli import synthdb as program
from synthdb_host.testing.hosting import ApiClient, build_host

PAGE: Final = Path(__file__).parents[3] / "docs" / "parity.md"
OWNERS: Final = {
    "synthdb": synthdb,
    "db": synthdb.Connection,
    "db.branches": BranchSet,
    "db.queries": QuerySet,
}
PYTHON, COMMAND, ADDRESS = 1, 2, 3


def rows() -> list[list[str]]:
    """Give the cells of all tables of the page."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if not line.startswith("| before ")]


def named(column: int) -> list[str]:
    """Give the names in one column, each once."""
    return sorted({name for row in rows() for name in re.findall(r"`([^`]+)`", row[column])})


def test_every_function_of_the_first_has_a_row_that_says_where_it_is() -> None:
    """No row is empty, and none is there twice."""
    first = [row[0] for row in rows()]

    assert sorted(set(first)) == sorted(first)
    assert len(first) > 60
    assert [] == [row[0] for row in rows() if len(row) != 5 or not any(row[PYTHON : ADDRESS + 1])]


@pytest.mark.parametrize("name", named(PYTHON))
def test_a_python_name_is_there(name: str) -> None:
    """An attribute of the package, of a connection, or of what a connection has."""
    owner, _, attribute = name.rpartition(".")

    assert hasattr(OWNERS[owner], attribute)


@pytest.mark.parametrize("line", named(COMMAND))
def test_a_command_is_there(line: str) -> None:
    """With the options that are named."""
    _, *words = shlex.split(line)
    context = click.Context(program)
    command: click.Command = program
    for word in [word for word in words if not word.startswith("-")]:
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        # Making the context is what imports a command.
        context = found.make_context(word, [], context, resilient_parsing=True)
        command = context.command
    options = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("-")} <= options


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ApiClient]:
    """A client of a server with core alone."""
    with ApiClient(build_host(tmp_path, {"core": core()})) as found:
        yield found


@pytest.mark.parametrize("name", named(ADDRESS))
def test_an_address_is_there(client: ApiClient, name: str) -> None:
    """The server answers this method there, whatever the database and the table are called."""
    method, _, path = name.partition(" ")

    answer = client.request("OPTIONS", re.sub(r"{[^}]*}", "x", path))

    assert answer.status_code in (200, 204)
    assert method in answer.headers["Allow"].replace(",", " ").split()
