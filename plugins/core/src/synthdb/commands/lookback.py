"""``synthdb log`` and ``synthdb history``."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import at_option, branch_option, database_options, json_option, state_of
from synthdb.commands.rowkeys import key_from
from synthdb.commands.showing import echo_raw, echo_table, show
from synthdb_host.encoding import to_text
from synthdb_host.operations import Ref
from synthdb_host.session import Session
from synthdb_host.versions import History, Log

__all__ = ["history", "log"]

_COMMIT = ("id", "at", "branch", "author", "kind", "merged", "message", "tables")
_NEVER = "There never was such a row."
_VERSION = ("commit", "at", "branch", "author", "message", "change")


@click.command()
@branch_option
@at_option
@click.option("--table", metavar="NAME", help="Only commits that changed this table.")
@click.option("--author", metavar="NAME", help="Only commits of this author.")
@click.option("--kind", metavar="KIND", help="Only commits of this kind, such as merge.")
@click.option("--message", metavar="TEXT", help="Only commits whose message holds this.")
@click.option("--since", metavar="WHEN", help="First commit, or time.")
@click.option("--until", metavar="WHEN", help="Last commit, or time.")
@click.option("--before", metavar="COMMIT", help="Go on behind this commit, the last of the page before.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@json_option
@database_options
@click.pass_obj
def log(
    session: Session, /, branch: str, at: str | None, *, as_json: bool, db: str | None, **filters: str | int | None
) -> None:
    """List the commits of a branch, newest first."""
    with opened(session, db) as connection:
        operation = Log(state_of(at, branch), **filters)  # type: ignore[arg-type] # the options are its fields
        show(connection.execute(operation), _COMMIT, as_json=as_json, empty="There are no such commits.")


@click.command()
@click.argument("table")
@click.argument("key")
@click.option("--column", metavar="NAME", help="Only changes of this cell: who made it what it is, and when.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@branch_option
@json_option
@database_options
@click.pass_obj
def history(
    session: Session, /, table: str, key: str, column: str | None, limit: int, branch: str, *, as_json: bool,
    db: str | None,
) -> None:  # fmt: skip
    """List every version of the row KEY of TABLE, newest first.

    The values of a KEY of several columns have commas between them, or are a JSON array.
    """
    with opened(session, db, Ref(branch)) as connection:
        values = key_from(connection, table, key)
        result = connection.execute(History(table, values, column, connection.ref, limit))
    if as_json:
        echo_raw(result.json())
    elif column is not None:
        echo_table((*_VERSION, "value"), result.python(), _NEVER)
    else:
        echo_table((*_VERSION, "what"), list(_told(result.python())), _NEVER)


def _told(versions: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Say of each version what it changed of the one before it."""
    for version, before in zip_longest(versions, versions[1:]):
        if version["change"] == "delete":
            yield version
            continue
        row, old = version["row"], (before or {}).get("row") or {}
        cells = [name for name, value in row.items() if value != old.get(name)]
        yield version | {"what": ", ".join(f"{name}={to_text(row[name])}" for name in cells)}
