"""``synthdb queries``."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, json_option, state_of
from synthdb.commands.showing import echo_json, echo_table
from synthdb.commands.sql import write_rows
from synthdb.queries.saved import SavedQuery
from synthdb.queries.store import QueryStore
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import Literal, Ref
from synthdb_host.session import Session

__all__ = ["command"]


@click.group("queries")
def command() -> None:
    """List, run and keep saved queries."""


@command.command("list")
@json_option
@branch_option
@at_option
@database_options
@click.pass_obj
def list_(session: Session, /, branch: str, at: str | None, *, as_json: bool, db: str | None) -> None:
    """List the saved queries, their parameters, and what they read."""
    with opened(session, db, state_of(at, branch)) as connection:
        queries = QueryStore(connection).all()
    if as_json:
        echo_json([query.as_dict() for query in queries])
        return
    rows = [
        {
            "name": query.name, "parameters": ", ".join(_parameters(query)), "reads": ", ".join(query.reads),
            "missing": ", ".join(query.missing), "description": query.description,
        }
        for query in queries
    ]  # fmt: skip
    echo_table(("name", "parameters", "reads", "missing", "description"), rows, "There are none.")


@command.command()
@click.argument("name")
@json_option
@branch_option
@at_option
@database_options
@click.pass_obj
def show(session: Session, /, name: str, branch: str, at: str | None, *, as_json: bool, db: str | None) -> None:
    """Show the query NAME: its statement, parameters, and what it reads and gives."""
    with opened(session, db, state_of(at, branch)) as connection:
        query = QueryStore(connection).get(name)
    if as_json:
        echo_json(query.as_dict())
        return
    for title, lines in (
        ("description", [query.description] if query.description else []),
        ("parameters", _parameters(query)),
        (
            "reads",
            [f"{table}: {', '.join(columns) or 'only the number of rows'}" for table, columns in query.reads.items()],
        ),
        ("gives", [f"{column} {kind or 'by its rows'}" for column, kind in query.gives.items()]),
        ("missing", query.missing),
    ):
        for line in lines:
            click.echo(f"{title}: {line}")
    click.echo(query.sql)


@command.command()
@click.argument("name")
@click.argument("statement")
@click.option(
    "--param", "parameters", metavar="NAME:TYPE[=DEFAULT]", multiple=True,
    help="Parameter, :NAME in the statement; NAME:TYPE= may be left out, too. Can be repeated.",
)  # fmt: skip
@click.option("--description", metavar="TEXT", help="What it is for.")
@branch_option
@database_options
@click.pass_obj
def save(
    session: Session, /, name: str, statement: str, parameters: tuple[str, ...], description: str | None, branch: str,
    db: str | None,
) -> None:  # fmt: skip
    """Keep the SQL STATEMENT as the query NAME, in place of one of this name. With - it is read from the input."""
    text = sys.stdin.read().strip() if statement == "-" else statement
    with opened(session, db, Ref(branch)) as connection:
        query = QueryStore(connection).save(name, text, description, dict(_parameter(item) for item in parameters))
    click.echo(f"Query {name!r} is saved; it reads {', '.join(query.reads) or 'no table'}.")


@command.command()
@click.argument("name")
@click.argument("values", metavar="[NAME=VALUE]...", nargs=-1)
@click.option("--json", "form", flag_value="json", help="Write the rows as JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write the rows as CSV.")
@click.option("--limit", type=click.IntRange(min=0), help="At most so many rows.")
@branch_option
@at_option
@database_options
@click.pass_obj
def run(
    session: Session, /, name: str, values: tuple[str, ...], form: str | None, limit: int | None, db: str | None,
    **state: Any,  # noqa: ANN401 - click gives what the options say
) -> None:  # fmt: skip
    """Run the query NAME with values for its parameters."""
    given = dict(_value(item) for item in values)
    with opened(session, db, state_of(**state)) as connection:
        write_rows(QueryStore(connection).run(name, given, limit), form)


@command.command()
@click.argument("name")
@branch_option
@database_options
@click.pass_obj
def delete(session: Session, /, name: str, branch: str, db: str | None) -> None:
    """Remove the query NAME; restore brings it back."""
    with opened(session, db, Ref(branch)) as connection:
        QueryStore(connection).delete(name)
    click.echo(f"Query {name!r} is removed.")


@command.command()
@click.argument("name")
@branch_option
@database_options
@click.pass_obj
def restore(session: Session, /, name: str, branch: str, db: str | None) -> None:
    """Bring the query NAME back as it was when it was removed."""
    with opened(session, db, Ref(branch)) as connection:
        QueryStore(connection).restore(name)
    click.echo(f"Query {name!r} is back.")


def _parameters(query: SavedQuery) -> Iterator[str]:
    for item in query.parameters.values():
        described = item.as_dict()
        default = "" if described["default"] is None else f" = {described['default']}"
        yield f"{item.name} {item.type}{default}{'' if item.required or default else ' or nothing'}"


def _parameter(text: str) -> tuple[str, dict[str, Any]]:
    name, colon, rest = text.partition(":")
    kind, equals, default = rest.partition("=")
    if not (name and colon and kind):
        raise InvalidParameter(f"{text!r} is not of the form NAME:TYPE or NAME:TYPE=DEFAULT.")
    return name, {"type": kind, "required": not equals, "default": Literal(default) if default else None}


def _value(text: str) -> tuple[str, Literal]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise InvalidParameter(f"{text!r} is not of the form NAME=VALUE.")
    return name, Literal(value)
