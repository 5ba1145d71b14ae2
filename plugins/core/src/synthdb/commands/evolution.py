"""``synthdb evolution``."""

from dataclasses import asdict
from typing import Any, Literal

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, json_option, state_of
from synthdb.commands.showing import echo_json, echo_table
from synthdb.library.connection import Connection
from synthdb.library.evolving import Applied
from synthdb_host.operations import Ref
from synthdb_host.session import Session
from synthdb_host.versions import Diff

__all__ = ["command"]


@click.group("evolution")
def command() -> None:
    """Suggest changes of the schema, and make them on a branch."""


@command.command()
@click.option("--table", "tables", metavar="NAME", multiple=True, help="Only this table. Can be repeated.")
@json_option
@branch_option
@at_option
@database_options
@click.pass_obj
def suggest(
    session: Session, /, tables: tuple[str, ...], branch: str, at: str | None, *, as_json: bool, db: str | None
) -> None:
    """Look at the rows, and suggest how the schema could fit them better; nothing is changed.

    Columns without values or with one only, columns whose values fit a narrower type exactly, columns that could do
    with an index, and keys of JSON objects that could be columns.
    """
    with opened(session, db, state_of(at, branch)) as connection:
        found = connection.suggestions(tables)
    if as_json:
        echo_json([suggestion.as_dict() for suggestion in found])
        return
    for suggestion in found:
        click.echo(suggestion.id)
        click.echo(f"  {suggestion.reason}")
        for line in suggestion.in_words():
            click.echo(f"  -> {line}")
    if not found:
        click.echo("There is nothing to suggest.")


@command.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--branch", metavar="NAME", help="Branch to make them on. Default: one named after the suggestions.")
@click.option("--base", metavar="NAME", default="main", show_default=True, help="Branch that was looked at.")
@json_option
@database_options
@click.pass_obj
def apply(
    session: Session, /, ids: tuple[str, ...], branch: str | None, base: str, *, as_json: bool, db: str | None
) -> None:
    """Make suggested changes on a new branch, and show what differs. The merge is yours.

    The same command goes on where it was interrupted.
    """
    with opened(session, db, Ref(base)) as connection:
        applied = connection.apply_suggestions(ids, branch)
        schema = _diff(connection, base, applied.branch, "schema")
        rows = _diff(connection, base, applied.branch, "summary")
    if as_json:
        moved = [asdict(item) for item in applied.moved]
        echo_json({"branch": applied.branch, "moved": moved, "schema": schema, "rows": rows})
        return
    _show(applied)
    echo_table(("table", "column", "change", "property", "old", "new"), schema, "The schema is the same.")
    echo_table(("table", "inserted", "updated", "deleted"), rows, "The rows are the same.")
    into = "" if base == "main" else f" --into {base}"
    click.echo(f"Merge it with: synthdb merge {applied.branch}{into}")


def _diff(connection: Connection, base: str, branch: str, detail: Literal["schema", "summary"]) -> list[dict[str, Any]]:
    return connection.execute(Diff(Ref(base), Ref(branch), (), three_dot=True, detail=detail)).python()


def _show(applied: Applied) -> None:
    click.echo(f"On the branch {applied.branch}:")
    for item in applied.moved:
        left = f"; {item.left} of another kind stay where they are" if item.left else ""
        click.echo(f"{item.copied} values copied to the column {item.column}{left}.")
