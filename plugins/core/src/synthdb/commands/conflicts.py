"""``synthdb conflicts`` and ``synthdb resolve``."""

import json
from decimal import Decimal

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import database_options, json_option
from synthdb.commands.rowkeys import key_from
from synthdb.commands.showing import echo_raw, show_conflicts
from synthdb.library.combining import Choice
from synthdb.library.connection import Connection
from synthdb.library.refs import ref_of
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import Ref
from synthdb_host.session import Session
from synthdb_host.versions import Conflicts, Resolve

__all__ = ["conflicts", "resolve"]

_into = click.option("--into", metavar="NAME", default="main", show_default=True, help="Branch merged into.")


@click.command()
@click.argument("source", required=False)
@_into
@json_option
@database_options
@click.pass_obj
def conflicts(session: Session, /, source: str | None, into: str, *, as_json: bool, db: str | None) -> None:
    """List the conflicts of merges into a branch, or of merging SOURCE into it, with the decisions made."""
    with opened(session, db) as connection:
        result = connection.execute(Conflicts(source, Ref(into)))
        if as_json:
            echo_raw(result.json())
        else:
            show_conflicts(result.python(), "There are none.")


@click.command()
@click.argument("source")
@click.option("--ours", "choice", flag_value="ours", help="Keep what the branch merged into has.")
@click.option("--theirs", "choice", flag_value="theirs", help="Take what SOURCE has.")
@click.option("--value", metavar="VALUE", help="Set a cell to this: JSON, or else text.")
@click.option("--open", "choice", flag_value="open", help="Take a decision back.")
@_into
@click.option("--table", metavar="NAME", help="Only conflicts of this table.")
@click.option("--key", metavar="KEY", help="Only those of this row.")
@click.option("--column", metavar="NAME", help="Only those of this column.")
@database_options
@click.pass_obj
def resolve(session: Session, /, source: str, into: str, db: str | None, **given: str | None) -> None:
    """Decide conflicts of merging SOURCE: all of them, or those of a table, a row or a cell.

    Decisions are remembered until what they are about changes; then merge again.
    """
    choice = _choice(given)
    table, column = given["table"], given["column"]
    with opened(session, db) as connection:
        key = _key(connection.branch(into), table, given["key"])
        value = _value(given["value"])
        operation = Resolve(ref_of(source), choice, table, key, column, value, Ref(into))
        number = connection.execute(operation).affected or 0
        left = sum(row["resolution"] is None for row in connection.branch(into).conflicts(source))
    click.echo(f"{number} decided, {left} open." if choice != "open" else f"{number} taken back, {left} open.")


def _choice(given: dict[str, str | None]) -> Choice:
    if (given["choice"] is None) == (given["value"] is None):
        raise click.UsageError("Give one of --ours, --theirs, --value VALUE and --open.")
    return "value" if given["value"] is not None else given["choice"]  # type: ignore[return-value] # one of the flags


def _key(connection: Connection, table: str | None, text: str | None) -> tuple[object, ...] | None:
    if text is None:
        return None
    if table is None:
        raise InvalidParameter("A key is of one table.", hint="Give --table, too.")
    return key_from(connection, table, text)


def _value(text: str | None) -> object:
    """Read a value: JSON where it is JSON, else the text itself."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text
